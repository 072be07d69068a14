/* One HTTPS request at a time to one server, on the loop: the ONLY user of libcurl. Names are resolved by our own
 * resolver, redirects are reported and never followed, trust is a CA file or a pinned certificate and never nothing, a
 * proxy of the environment is not used. */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/network.h"
#include "loop/loop.h"
#include "dns/resolver.h"

/* Connections that are kept open; shared by all requests. */
struct fetch_client;
/* Initialises libcurl when it is the first. */
struct fetch_client *fetch_client_new(struct loop *loop);
void fetch_client_free(struct fetch_client *client); /* every fetch must have ended or been cancelled; NULL is legal */

/* Cookies, kept from one request to the next, by curl's rules; in memory only. */
struct fetch_jar;
struct fetch_jar *fetch_jar_new(void);
void fetch_jar_clear(struct fetch_jar *jar);
bool fetch_jar_is_empty(struct fetch_jar *jar);
void fetch_jar_free(struct fetch_jar *jar); /* not while a request uses it; NULL is legal */

enum fetch_outcome {
    FETCH_ANSWERED,  /* a whole reply came; status tells which */
    FETCH_STOPPED,   /* `body` wanted no more */
    FETCH_DNS,       /* the name has no address, or could not be looked up */
    FETCH_DENIED,    /* every address is in agent.deny_networks */
    FETCH_CONNECT,   /* no address could be connected to */
    FETCH_TIMEOUT,
    FETCH_TLS,       /* handshake, trust, name or fingerprint */
    FETCH_BROKEN,    /* no HTTP, a reply that ends too soon, an encoding that cannot be undone */
    FETCH_TOO_LARGE, /* more than `cap` bytes, or headers without end */
    FETCH_LOCAL      /* descriptors, memory, a file of ours that cannot be read */
};

struct fetch_request {
    const char *url;       /* https:// */
    const char *host;      /* of the URL, without brackets; a name or an address */
    uint16_t port;
    struct resolver *resolver;
    const struct network *deny_networks;
    size_t deny_network_count;
    const char *ca_file;   /* PEM; ignored with a fingerprint */
    const char *fingerprint_sha256; /* 64 lower-case hexadecimal digits, or NULL */
    int tls_min_version;   /* as OpenSSL numbers it */
    /* Basic authentication, sent at once, byte for byte (RFC 7617, UTF-8); NULL: none. A name with a colon cannot be
     * told from its password (RFC 7617 2): the caller sees to it that there is none. */
    const char *username, *password;
    const char *content_type;        /* of `body`; NULL with GET */
    const char *soap_action;         /* value of that header, with its quotes; NULL: none */
    const char *body;      /* POST; NULL: GET */
    size_t body_length;
    struct fetch_jar *jar; /* NULL: no cookies */
    bool once;             /* on a connection of its own, so that it is never sent again: see `sent` below */
    size_t cap;            /* most bytes of the reply's body, after decompression */
    int64_t timeout_ms;    /* of the whole, look-up included; a look-up that takes so long is FETCH_DNS */
    /* Is given the reply's body, whatever its status, as it comes. False ends it: FETCH_STOPPED. May be NULL. */
    bool (*take)(void *arg, const char *bytes, size_t length);
};

struct fetch_reply {
    enum fetch_outcome outcome;
    long status;           /* HTTP; 0: no status line came */
    /* The request, with what stands in it, may have reached the server. A connection that was kept and turns out to
     * have ended counts: the request is sent again on a new one, and stays `sent` where that fails. */
    bool sent;
    const char *content_type; /* "" without one; valid in the callback only, like the two below */
    const char *location;  /* of a redirect, absolute; "" without one */
    const char *detail;    /* for people: what failed; "" where nothing did. Never holds credentials */
    int64_t duration_us;
};

struct fetch;
/* Everything in `request` is copied but for resolver, networks and jar. `done` is called once, never before this
 * returns, with `arg`; `take` likewise gets `arg`. */
struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          void (*done)(void *arg, const struct fetch_reply *reply), void *arg);
void fetch_cancel(struct fetch *fetch); /* NULL is legal; not after `done`, but inside any `take` */

#endif
