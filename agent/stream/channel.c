#include "stream/channel.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "loop/loop.h"

void channel_init(struct channel *channel, size_t out_cap)
{
    *channel = (struct channel){.fd = -1};
    buf_init(&channel->out, out_cap);
}

void channel_fini(struct channel *channel)
{
    tls_session_free(channel->tls);
    if (channel->fd >= 0)
        close(channel->fd);
    buf_fini(&channel->out);
}

int channel_dial(struct channel *channel, const char *address, uint16_t port)
{
    struct addrinfo *to = NULL;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, &to) != 0)
        return EINVAL;
    int error = 0, on = 1;
    channel->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    descriptors_note(channel->fd < 0 ? errno : 0);
    if (channel->fd >= 0) /* else the second stream's header waits 40 ms for the peer's delayed acknowledgement */
        setsockopt(channel->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (channel->fd < 0 || (connect(channel->fd, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS))
        error = errno;
    freeaddrinfo(to);
    return error;
}

int channel_dial_error(const struct channel *channel)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

enum reason channel_reason(int error)
{
    switch (error) {
    case ECONNREFUSED: return REASON_CONNECT_REFUSED;
    case ETIMEDOUT: return REASON_CONNECT_TIMEOUT;
    case ECONNRESET: return REASON_CONNECT_RESET;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: /* of descriptors, memory or ports, none are left */
    case EAFNOSUPPORT:  /* this machine has no such family */
    case EPERM:
    case EACCES: return REASON_LOCAL_ERROR; /* its own firewall */
    default: return REASON_CONNECT_UNREACHABLE;
    }
}

bool channel_start_tls(struct channel *channel, struct tls_context *context, const char *domain, const char *alpn)
{
    channel->tls = tls_session_new(context, channel->fd, domain);
    return channel->tls != NULL && (alpn == NULL || tls_session_offer(channel->tls, alpn));
}

enum tls_progress channel_handshake(struct channel *channel)
{
    enum tls_progress progress = tls_session_handshake(channel->tls);
    channel->wants_write = progress == TLS_WANT_WRITE;
    return progress;
}

void channel_flush(struct channel *channel)
{
    struct buf *out = &channel->out;
    channel->wants_write = false;
    while (channel->out_sent < out->length) {
        const char *bytes = out->data + channel->out_sent;
        size_t length = out->length - channel->out_sent, written = 0;
        if (channel->tls != NULL) {
            enum tls_progress progress = tls_session_write(channel->tls, bytes, length, &written);
            channel->wants_write = progress == TLS_WANT_WRITE;
        } else {
            ssize_t sent = send(channel->fd, bytes, length, MSG_NOSIGNAL);
            written = sent > 0 ? (size_t)sent : 0;
            channel->wants_write = sent < 0 && (errno == EAGAIN || errno == EINTR);
        }
        if (written == 0)
            return;
        channel->out_sent += written;
    }
    buf_clear(out);
    channel->out_sent = 0;
}

void channel_say(struct channel *channel, const char *text)
{
    buf_puts(&channel->out, text);
    channel_flush(channel);
}

void channel_end(struct channel *channel)
{
    if (channel->tls != NULL)
        tls_session_close_notify(channel->tls);
    else
        shutdown(channel->fd, SHUT_WR);
}

static enum channel_read read_tls(struct channel *channel, void *bytes, size_t size, size_t *got)
{
    enum tls_progress progress = tls_session_read(channel->tls, bytes, size, got);
    channel->wants_write |= progress == TLS_WANT_WRITE;
    switch (progress) {
    case TLS_DONE: return CHANNEL_BYTES;
    case TLS_WANT_READ:
    case TLS_WANT_WRITE: return CHANNEL_WAIT;
    case TLS_CLOSED: return CHANNEL_CLOSED;
    case TLS_FAILED: break;
    }
    return CHANNEL_BROKEN;
}

static enum channel_read read_plain(struct channel *channel, void *bytes, size_t size, size_t *got)
{
    ssize_t length = recv(channel->fd, bytes, size, 0);
    *got = length > 0 ? (size_t)length : 0;
    if (length > 0)
        return CHANNEL_BYTES;
    return length < 0 && (errno == EAGAIN || errno == EINTR) ? CHANNEL_WAIT : CHANNEL_CLOSED;
}

enum channel_read channel_read(struct channel *channel, void *bytes, size_t size, size_t *got)
{
    enum channel_read outcome = (channel->tls != NULL ? read_tls : read_plain)(channel, bytes, size, got);
    /* A server whose answer goes out in two pieces holds the second back until the first is acknowledged, which the
     * kernel would put off by 40 ms. The option does not last, so it is set before each wait. */
    int on = 1;
    if (outcome == CHANNEL_WAIT)
        setsockopt(channel->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    return outcome;
}

int channel_events(const struct channel *channel)
{
    return LOOP_READ | (channel->wants_write ? LOOP_WRITE : 0);
}
