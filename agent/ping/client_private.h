/* What client.c, which moves bytes, and client_login.c, which knows what they mean, share. Nobody else's business. */
#ifndef PING_CLIENT_PRIVATE_H
#define PING_CLIENT_PRIVATE_H

#include "ping/client.h"
#include "ping/sasl.h"
#include "stream/channel.h"

enum client_step {
    STEP_DIAL,
    STEP_OPEN,     /* the stream before TLS: its features are to come */
    STEP_STARTTLS, /* asked for */
    STEP_TLS,      /* the handshake */
    STEP_SECURE,   /* the stream inside TLS: its features are to come */
    STEP_SASL,
    STEP_AGAIN,    /* the stream after the login: its features are to come */
    STEP_BIND,
    STEP_SESSION,
    STEP_READY,
    STEP_OVER
};

#define CLIENT_ID_BYTES 16

/* Of a session: what expat remembers of names may take 15 times what it reads, so that there is an end to it. */
#define SESSION_CAP (4 * 1024 * 1024)
#define SESSION_WORN (SESSION_CAP / 2)

struct sasl_job;

struct client {
    struct client_options options;
    const struct client_events *events;
    void *arg;
    enum client_step step;
    struct place_to_try places[PLACES_MAX];
    size_t place_count, place;
    struct channel channel;
    struct loop_watch *watch;
    struct loop_timer *timer; /* the deadline, or before it that of connecting to one place */
    int64_t deadline_us;
    struct xmpp_stream *stream;
    unsigned streams;         /* how many there were */
    bool header_seen;
    struct sasl *sasl;        /* owned, but for while `job` has it */
    struct sasl_job *job;     /* a step of SASL on a worker; NULL: none */
    bool sasl_done;
    bool wants_session;
    char id[2 * CLIENT_ID_BYTES + 1]; /* of the request under way in STEP_BIND and STEP_SESSION */
    enum login_outcome login;
    int64_t heard_us, renewed_us;
    size_t heard;             /* bytes, of all streams */
    unsigned asked;           /* pings since renewed_us */
    enum reason reason;       /* STEP_OVER: why */
    char *detail;             /* owned; likewise */
    bool open;                /* a stream is, so that a goodbye has a meaning */
    unsigned calling;         /* events are being told: it must not be freed yet */
    bool freed;
};

/* client.c */
void client_stream_open(struct client *client, enum client_step step, size_t cap);
void client_tls_begin(struct client *client);
/* The session ends, for this reason. The first counts. */
void client_fail(struct client *client, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void client_settle(struct client *client); /* at the end of each turn; the client may be gone after it */

/* client_login.c */
void client_certificate_judge(struct client *client); /* the handshake is complete */
void client_element(struct client *client, enum xmpp_event seen);
void client_job_abandon(struct client *client);

#endif
