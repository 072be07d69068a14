/* Between the files of fetch: the connections and the loop (fetch_client.c), the request as libcurl is told it
 * (fetch_request.c), what came of it (fetch_verdict.c), cookies (fetch_jar.c), and the order of things (fetch.c). */
#ifndef FETCH_FETCH_PRIVATE_H
#define FETCH_FETCH_PRIVATE_H

#include <curl/curl.h>

#include "fetch/fetch.h"
#include "fetch/fetch_body.h"
#include "fetch/trust.h"

enum fetch_stage {
    FETCH_STAGE_NEW,       /* its timer starts it */
    FETCH_STAGE_LOOKUP,
    FETCH_STAGE_RUNNING,   /* libcurl has it */
    FETCH_STAGE_UNPACKING, /* libcurl is done with it, and its timer undoes what is left of the gzip */
    FETCH_STAGE_ENDED      /* its timer tells the reply */
};

struct fetch {
    struct fetch_client *client;
    struct fetch *next, **link; /* in the client's list */
    enum fetch_stage stage;
    bool cancelled; /* from within libcurl; nobody waits for it any more, and its timer frees it */
    void (*done)(void *arg, const struct fetch_reply *reply);
    void *arg;
    struct loop_timer *timer;
    int64_t started_us, timeout_us;
    char *host;
    uint16_t port;
    struct resolver *resolver;
    struct resolver_query *query;
    const struct network *deny_networks;
    size_t deny_network_count;
    char *ca_file;
    char *fingerprint; /* NULL: ca_file decides */
    int tls_min_version;
    struct trust *trust;
    char *request_body; /* may hold a password */
    size_t request_body_length;
    struct fetch_jar *jar;
    struct fetch_body *body;
    CURL *easy; /* holds the credentials, and is freed as soon as the transfer ends */
    struct curl_slist *headers, *route, *addresses;
    char curl_error[CURL_ERROR_SIZE];
    CURLcode code; /* how it went for libcurl, while it is unpacked */
    bool connected;  /* TCP, of a connection that was not kept */
    bool denied;     /* an address that was connected to, or about to be */
    int local_error; /* errno of a socket that could not be had */
    struct fetch_reply reply;
    char *content_type, *location, *detail; /* owned; what `reply` shows */
};

/* fetch.c */
bool fetch_is_denied(const struct fetch *fetch, int family, const unsigned char *bytes);
/* libcurl is done with it. */
void fetch_over(struct fetch *fetch, CURLcode code);

/* fetch_client.c */
void fetch_set_up(void); /* libcurl, once; from whichever thread */
struct loop *fetch_client_loop(struct fetch_client *client);
struct trust_roots *fetch_client_roots(struct fetch_client *client);
struct fetch **fetch_client_list(struct fetch_client *client);
bool fetch_client_inside(const struct fetch_client *client); /* a callback of libcurl is being run, or `take` */
void fetch_client_step(struct fetch_client *client, bool inside);
bool fetch_client_add(struct fetch *fetch);                  /* false: libcurl would not have it */
void fetch_client_remove(struct fetch *fetch);
curl_socket_t fetch_client_open(struct fetch *fetch, struct curl_sockaddr *address);
int fetch_client_close(void *client, curl_socket_t fd);      /* CURLOPT_CLOSESOCKETFUNCTION */

/* fetch_request.c */
bool fetch_request_fill(struct fetch *fetch, const struct fetch_request *request); /* false: detail says why */
/* Binds the request to these addresses. */
bool fetch_request_route(struct fetch *fetch, const struct dns_address *address, size_t count);

/* fetch_verdict.c. Outcome and detail of the reply; the first verdict stays. */
void fetch_verdict_set(struct fetch *fetch, enum fetch_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fetch_verdict_dns(struct fetch *fetch, enum dns_status status);
void fetch_verdict_timeout(struct fetch *fetch);
void fetch_verdict_curl(struct fetch *fetch, CURLcode code);
void fetch_verdict_facts(struct fetch *fetch); /* status, type, location: from the handle, before it is freed */

/* fetch_jar.c */
void fetch_jar_hold(struct fetch_jar *jar);
void fetch_jar_drop(struct fetch_jar *jar); /* by the last of holders and owner it is freed; NULL is legal */
CURLSH *fetch_jar_share(struct fetch_jar *jar);
void fetch_jar_trim(struct fetch_jar *jar); /* after each request */

#endif
