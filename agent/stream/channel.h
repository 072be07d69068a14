/* The bytes of one conversation: a non-blocking TCP connection that becomes TLS at some point. Writing is buffered,
 * reading hands out what is there. Knows nothing of XMPP. */
#ifndef STREAM_CHANNEL_H
#define STREAM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "stream/tls.h"

struct channel {
    int fd;                  /* -1 until dialled */
    struct tls_session *tls; /* NULL before TLS */
    struct buf out;          /* what waits to be sent … */
    size_t out_sent;         /* … and how much of it was */
    bool wants_write;        /* the socket took no more, or TLS must write before it goes on */
};

enum channel_read {
    CHANNEL_BYTES,
    CHANNEL_WAIT,   /* nothing there at present */
    CHANNEL_CLOSED, /* ended or reset */
    CHANNEL_BROKEN  /* TLS only: tls_session_fault() says why */
};

void channel_init(struct channel *channel, size_t out_cap);
void channel_fini(struct channel *channel); /* closes; the loop must not watch the descriptor any more */
/* Starts connecting to a numeric address. 0, or an errno. */
int channel_dial(struct channel *channel, const char *address, uint16_t port);
/* How connecting ended, once the descriptor can be written. 0, or an errno. */
int channel_dial_error(const struct channel *channel);
/* connect_refused, connect_timeout, …; local_error where the fault is this machine's. */
enum reason channel_reason(int error);
/* Makes the session, whose handshake is then to be driven. `alpn` as in tls_session_offer(), NULL: none. False when it
 * cannot be made. */
bool channel_start_tls(struct channel *channel, struct tls_context *context, const char *domain, const char *alpn);
enum tls_progress channel_handshake(struct channel *channel);
/* channel->out is sent as far as possible. A broken connection shows at the next read. */
void channel_flush(struct channel *channel);
void channel_say(struct channel *channel, const char *text);
/* Tells the peer that nothing more will be sent: close_notify, or the end of our half of TCP. */
void channel_end(struct channel *channel);
enum channel_read channel_read(struct channel *channel, void *bytes, size_t size, size_t *got);
/* LOOP_READ, and LOOP_WRITE where something waits to be sent. */
int channel_events(const struct channel *channel);

#endif
