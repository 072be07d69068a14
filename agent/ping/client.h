/* One session with an XMPP server as its client: TCP, STARTTLS, which is required, a certificate that is trusted, SASL,
 * resource binding (RFC 6120 4 to 7), and then answers to what is asked. No presence is sent. One state machine; when
 * to log in is for session.c to say. */
#ifndef PING_CLIENT_H
#define PING_CLIENT_H

#include "config/config.h"
#include "health/reason.h"
#include "login/login_guard.h"
#include "loop/loop.h"
#include "ping/places.h"
#include "stream/tls.h"
#include "stream/xmpp_stream.h"

struct client;

struct client_options {
    struct loop *loop;
    struct tls_context *tls;
    const struct config_ping *account;
    const char *password;
    int64_t timeout_us; /* from TCP until the resource is bound */
};

/* Why it ended, or could not begin. */
struct client_end {
    enum reason reason;
    const char *detail;       /* cleaned, and without the password */
    enum login_outcome login; /* what is known of the login */
};

struct client_events {
    void (*ready)(void *arg); /* the login was accepted, and the resource is bound */
    void (*answered)(void *arg, const struct xmpp_stanza *stanza); /* an iq of type result or error; see client_ask() */
    void (*over)(void *arg, const struct client_end *end); /* once, and nothing after it */
};

/* Everything in the options, and the events, is borrowed, the password until `ready` or `over`; the places (at least
 * one) are copied, and tried in their order until one lets itself be connected to. No event comes before this returns.
 * It is to be freed after `over` as well. */
struct client *client_start(const struct client_options *options, const struct place_to_try *places, size_t count,
                            const struct client_events *events, void *arg);
/* Ends the session, with a goodbye where one is possible. Legal in every event. NULL is legal. */
void client_free(struct client *client);
/* What is known of the login at present. */
enum login_outcome client_login(const struct client *client);

/* After `ready`: pings this domain (XEP-0199) under this id. Several may be under way. False: the server does not take
 * what is sent to it. */
bool client_ping(struct client *client, const char *domain, const char *id);
/* The same account out of another configuration, once that is logged in. */
void client_take_account(struct client *client, const struct config_ping *account);
/* Whether it has read so much that another session should take its place before there is an end to it. */
bool client_is_worn(const struct client *client);
/* When bytes came last; monotonic clock. */
int64_t client_heard_us(const struct client *client);

#endif
