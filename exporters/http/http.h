/* The HTTP server: the ONLY user of libmicrohttpd. It runs on threads of its own and knows nothing of what it
 * serves: main.c gives it a table of routes. A method that a route does not have gets 405 with Allow, an unknown path
 * 404. A body is produced piece by piece while it is sent, compressed with gzip where the client accepts it. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct http_request;
/* The header's or query parameter's value, or NULL. Borrowed, valid while the handler runs. */
const char *http_request_header(const struct http_request *request, const char *name);
const char *http_request_query(const struct http_request *request, const char *name);
/* What stands in the request's path behind the route's path, percent-decoded. */
const char *http_request_rest(const struct http_request *request);

#define HTTP_ETAG_SIZE 64

/* What a handler fills. Without `next` the body is what the handler has put into `body`. */
struct http_response {
    unsigned status;          /* preset to 200 */
    const char *content_type; /* preset to text/plain; charset=utf-8; static storage */
    /* Opaque tag of the body, without quotes; "" where there is none. It is the same only where all the bytes are the
     * same. A client that has them gets 304 instead (RFC 9110 8.8.3, 13.1.2). */
    char etag[HTTP_ETAG_SIZE];
    unsigned retry_after_s;   /* when a refused client may come again: the header Retry-After; 0: none */
    bool by_accept;           /* the handler chose by the Accept header; caches are told so (RFC 9110 12.5.5) */
    struct buf body;          /* initialised by whoever made the response */
    /* Appends the next piece, of some KiB, to `body` (cleared before each call); false when nothing was left. It runs
     * on the server's thread after the handler has returned, and not at all for HEAD. */
    bool (*next)(void *arg, struct buf *body);
    void (*done)(void *arg);  /* releases arg, also when the client went away; may be NULL */
    void *arg;
};

/* An answer that a handler leaves to another thread, so that its own need not wait: what it puts into the response is
 * then ignored. The client waits as long as it takes, or until the server is freed. */
struct http_deferred;
struct http_deferred *http_request_defer(const struct http_request *request);
/* Must be called once, whatever has become of the client and the server; frees it. The text is copied. Safe from every
 * thread, also while the handler still runs. */
void http_deferred_answer(struct http_deferred *deferred, unsigned status, const char *text);
/* The same with a whole response, made by http_response_init(); what it owns is taken over. */
void http_deferred_respond(struct http_deferred *deferred, struct http_response *response);
/* A response as a handler finds it. Given to http_deferred_respond(), it needs no release. */
void http_response_init(struct http_response *response);

enum http_methods { HTTP_READ, HTTP_CHANGE }; /* GET and HEAD; POST and PUT, whose body is thrown away */

struct http_route {
    const char *path; /* with a slash at its end (and more than that): everything below it */
    enum http_methods methods;
    /* Runs on the server's thread, of which each listening address has one: two handlers can run at the same time. */
    void (*handle)(void *arg, const struct http_request *request, struct http_response *response);
    void *arg;
};

struct http_server;
/* addresses: NULL-ended "HOST:PORT", "[v6]:PORT" or ":PORT" (all addresses). Port 0 takes a free one; what was taken is
 * logged. A name stands for all of its addresses at this moment. `routes` ends with a NULL path and must outlive the
 * server. NULL and `err` on failure. */
struct http_server *http_server_new(const char *const *addresses, const struct http_route *routes, struct err *err);
/* The port taken by the listener at this position, 0 beyond the last. */
unsigned http_server_port(const struct http_server *server, size_t listener);
/* Stops listening, answers what was deferred with 503, gives responses under way up to three seconds, ends the
 * threads, frees. NULL is legal. */
void http_server_free(struct http_server *server);

#endif
