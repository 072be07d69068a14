#include "ping/client_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "login/secret.h"
#include "login/withhold.h"

/* RFC 6120 4.7: `from` only where nobody else can read it. */
#define STREAM_OPEN \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
    "to='%s'%s%s%s version='1.0' xml:lang='en'>"
#define STREAM_CLOSE "</stream:stream>"
#define PING "<iq type='get' to='%s' id='%s'><ping xmlns='urn:xmpp:ping'/></iq>"

#define READ_SIZE 4096
#define OUT_CAP (1024 * 1024) /* pings of thousands of domains may wait for the login */
/* A session that is kept may be sent this much by tls.c's own bound, in this time or for so many pings. */
#define RENEW_US (INT64_C(60) * 1000000)
#define RENEW_PINGS 256

void client_fail(struct client *client, enum reason reason, const char *format, ...)
{
    if (client->step == STEP_OVER)
        return;
    va_list args;
    va_start(args, format);
    char *detail = mem_vprintf(format, args);
    va_end(args);
    client->reason = reason;
    client->detail = text_clean(detail, 2 * PEER_TEXT_MAX);
    free(detail);
    if (client->step < STEP_READY) { /* later on the password is not known here */
        struct withhold *secrets = withhold_new(client->options.account->localpart, client->options.password);
        withhold_words(secrets, &client->detail);
        withhold_free(secrets);
    }
    if (client->open) {
        channel_say(&client->channel, STREAM_CLOSE);
        channel_end(&client->channel);
    }
    client->open = false;
    client->step = STEP_OVER;
}

/* ---- connecting ---- */

static void ready(void *arg, int events);

static void hang_up(struct client *client)
{
    loop_watch_free(client->watch);
    client->watch = NULL;
    channel_fini(&client->channel);
    channel_init(&client->channel, OUT_CAP);
}

/* Lets the timer expire then, but not after the deadline. */
static void arm(struct client *client, int64_t delay_us)
{
    int64_t left_us = client->deadline_us - clock_mono_us();
    loop_timer_arm(client->timer, delay_us < left_us ? delay_us : left_us);
}

/* Dials the place at hand, or else those after it. */
static void dial(struct client *client)
{
    for (; client->place < client->place_count; client->place++) {
        const struct place_to_try *place = &client->places[client->place];
        bool last = client->place + 1 == client->place_count;
        int error = channel_dial(&client->channel, place->address, place->port);
        if (error == 0) {
            client->watch = loop_watch_new(client->options.loop, client->channel.fd, ready, client);
            loop_watch_events(client->watch, LOOP_WRITE);
            arm(client, last ? client->options.timeout_us : client->options.timeout_us / 3);
            return;
        }
        hang_up(client);
        char shown[TEXT_HOST_PORT_SIZE];
        if (last)
            client_fail(client, channel_reason(error) == REASON_LOCAL_ERROR ? REASON_LOCAL_ERROR
                                                                            : REASON_PING_UNREACHABLE,
                        "connecting to %s: %s", text_host_port(shown, place->address, place->port), strerror(error));
    }
}

/* Connecting to this place failed. */
static void next_place(struct client *client, const char *why)
{
    const struct place_to_try *place = &client->places[client->place];
    char shown[TEXT_HOST_PORT_SIZE];
    hang_up(client);
    if (client->place + 1 < client->place_count) {
        client->place++;
        dial(client);
    } else {
        client_fail(client, REASON_PING_UNREACHABLE, "connecting to %s: %s",
                    text_host_port(shown, place->address, place->port), why);
    }
}

static void connected(struct client *client)
{
    int error = channel_dial_error(&client->channel);
    if (error != 0) {
        next_place(client, strerror(error));
        return;
    }
    arm(client, client->options.timeout_us);
    client_stream_open(client, STEP_OPEN, XMPP_CAP_BEFORE_TLS);
}

/* ---- the stream ---- */

void client_stream_open(struct client *client, enum client_step step, size_t cap)
{
    const struct config_ping *account = client->options.account;
    bool secure = client->channel.tls != NULL;
    client->step = step;
    client->open = true;
    client->header_seen = false;
    client->streams++;
    xmpp_stream_free(client->stream);
    client->stream = xmpp_stream_new(XMPP_CLIENT, cap);
    buf_printf(&client->channel.out, STREAM_OPEN, account->domain_unicode, secure ? " from='" : "",
               secure ? account->account : "", secure ? "'" : "");
    channel_flush(&client->channel);
}

static void fail_by_tls(struct client *client)
{
    struct check_result fault = {.detail = NULL};
    tls_session_fault(client->channel.tls, &fault);
    client->open = false; /* no goodbye can be sent */
    client_fail(client, REASON_PING_UNREACHABLE, "TLS with the server: %s%s%s", reason_info(fault.reason)->code,
                fault.detail != NULL ? ": " : "", fault.detail != NULL ? fault.detail : "");
    free(fault.detail);
}

static void tls_step(struct client *client)
{
    switch (channel_handshake(&client->channel)) {
    case TLS_DONE: client_certificate_judge(client); break;
    case TLS_CLOSED:
    case TLS_FAILED: fail_by_tls(client); break;
    case TLS_WANT_READ:
    case TLS_WANT_WRITE: break;
    }
}

void client_tls_begin(struct client *client)
{
    client->step = STEP_TLS;
    client->open = false;
    client->streams++; /* what came behind <proceed/> is thrown away (RFC 6120 5.4.3.3) */
    xmpp_stream_free(client->stream);
    client->stream = NULL;
    if (channel_start_tls(&client->channel, client->options.tls, client->options.account->domain, NULL))
        tls_step(client);
    else
        client_fail(client, REASON_LOCAL_ERROR, "the TLS session cannot be set up");
}

static const char *doing(enum client_step step)
{
    switch (step) {
    case STEP_DIAL: return "while connecting";
    case STEP_OPEN: return "before it offered TLS";
    case STEP_STARTTLS: return "when asked for TLS";
    case STEP_TLS: return "in the TLS handshake";
    case STEP_SECURE: return "before it offered a login";
    case STEP_SASL: return "in the login";
    case STEP_AGAIN: return "after the login";
    case STEP_BIND: return "when asked for a resource";
    case STEP_SESSION: return "when asked for a session";
    case STEP_READY:
    case STEP_OVER: break;
    }
    return "in the session";
}

static void fail_by_error(struct client *client)
{
    const char *condition = xmpp_stream_error(client->stream);
    const char *text = xmpp_stream_error_text(client->stream);
    client_fail(client, REASON_PING_UNREACHABLE, "the server ended the stream %s: %s%s%s", doing(client->step),
                *condition != '\0' ? condition : "an error without a condition", *text != '\0' ? ": " : "", text);
}

static void header_seen(struct client *client)
{
    const struct xmpp_header *header = xmpp_stream_header(client->stream);
    client->header_seen = true;
    if (!header->version_1 && header->defect == NULL)
        client_fail(client, REASON_PING_UNREACHABLE, "the server is older than XMPP 1.0 and has no TLS");
}

static void event(struct client *client, enum xmpp_event seen)
{
    switch (seen) {
    case XMPP_MORE: break;
    case XMPP_HEADER: header_seen(client); break;
    case XMPP_ERROR: fail_by_error(client); break;
    case XMPP_END:
        client_fail(client, REASON_PING_UNREACHABLE, "the server closed its stream %s", doing(client->step));
        break;
    case XMPP_INVALID:
        client_fail(client, REASON_PING_UNREACHABLE, "what the server sent %s is not acceptable: %s",
                    doing(client->step), xmpp_stream_fault_text(client->stream));
        break;
    default: client_element(client, seen);
    }
}

/* Gives bytes to the reader, until one of them led to another stream or to TLS: what came behind it is thrown away. */
static void feed(struct client *client, const char *bytes, size_t length)
{
    unsigned streams = client->streams;
    while (client->streams == streams && client->step != STEP_OVER && !client->freed) {
        size_t used = 0;
        enum xmpp_event seen = xmpp_stream_read(client->stream, bytes, length, &used);
        event(client, seen);
        if (seen == XMPP_MORE)
            return;
        bytes += used;
        length -= used;
    }
}

static void read_all(struct client *client)
{
    char bytes[READ_SIZE];
    const struct tls_session *tls = client->channel.tls;
    while (client->step != STEP_OVER && client->channel.tls == tls && !client->freed) {
        size_t got = 0;
        switch (channel_read(&client->channel, bytes, sizeof bytes, &got)) {
        case CHANNEL_BYTES:
            client->heard_us = clock_mono_us();
            client->heard += got;
            feed(client, bytes, got);
            break;
        case CHANNEL_WAIT: return;
        case CHANNEL_CLOSED:
            client_fail(client, REASON_PING_UNREACHABLE, "the server closed the connection %s", doing(client->step));
            return;
        case CHANNEL_BROKEN: fail_by_tls(client); return;
        }
    }
}

/* ---- turns ---- */

static void discard(struct client *client)
{
    client_job_abandon(client);
    loop_watch_free(client->watch);
    loop_timer_free(client->timer);
    channel_fini(&client->channel);
    xmpp_stream_free(client->stream);
    sasl_free(client->sasl);
    free(client->detail);
    free(client);
}

void client_settle(struct client *client)
{
    if (client->freed && client->calling == 0) {
        discard(client);
    } else if (client->step == STEP_OVER) {
        const struct client_end end = {client->reason, client->detail, client->login};
        loop_watch_free(client->watch);
        client->watch = NULL;
        client->events->over(client->arg, &end); /* which frees it */
    } else if (client->watch != NULL) {
        loop_watch_events(client->watch, client->step == STEP_DIAL ? LOOP_WRITE : channel_events(&client->channel));
    }
}

static void ready(void *arg, int events)
{
    struct client *client = arg;
    (void)events;
    client->calling++;
    if (client->step == STEP_DIAL) {
        connected(client);
    } else if (client->step == STEP_TLS) {
        tls_step(client);
    } else {
        channel_flush(&client->channel);
        read_all(client);
    }
    client->calling--;
    client_settle(client);
}

static void timed_out(void *arg)
{
    struct client *client = arg;
    if (client->step == STEP_READY)
        return;
    if (client->step == STEP_DIAL)
        next_place(client, "no answer in time");
    else if (client->step != STEP_OVER)
        client_fail(client, REASON_PING_UNREACHABLE, "the server said nothing more %s", doing(client->step));
    client_settle(client);
}

struct client *client_start(const struct client_options *options, const struct place_to_try *places, size_t count,
                            const struct client_events *events, void *arg)
{
    struct client *client = mem_alloc(sizeof *client);
    *client = (struct client){.options = *options, .events = events, .arg = arg, .place_count = count,
                              .login = LOGIN_NOT_SENT};
    memcpy(client->places, places, count * sizeof *places);
    channel_init(&client->channel, OUT_CAP);
    client->deadline_us = clock_mono_us() + options->timeout_us;
    client->timer = loop_timer_new(options->loop, timed_out, client);
    dial(client);
    if (client->step == STEP_OVER)
        loop_timer_arm(client->timer, 0); /* `over` must not be called before this returns */
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    if (client->open) {
        channel_say(&client->channel, STREAM_CLOSE);
        channel_end(&client->channel);
    }
    client->open = false;
    client->freed = true;
    if (client->calling == 0)
        discard(client);
}

enum login_outcome client_login(const struct client *client)
{
    return client->login;
}

bool client_ping(struct client *client, const char *domain, const char *id)
{
    int64_t now_us = clock_mono_us();
    if (client->asked++ >= RENEW_PINGS || now_us - client->renewed_us >= RENEW_US) {
        tls_session_renew(client->channel.tls);
        client->renewed_us = now_us;
        client->asked = 0;
    }
    buf_printf(&client->channel.out, PING, domain, id);
    if (buf_failed(&client->channel.out))
        return false;
    channel_flush(&client->channel);
    loop_watch_events(client->watch, channel_events(&client->channel));
    return true;
}

void client_take_account(struct client *client, const struct config_ping *account)
{
    client->options.account = account;
}

bool client_is_worn(const struct client *client)
{
    return client->heard > SESSION_WORN;
}

int64_t client_heard_us(const struct client *client)
{
    return client->heard_us;
}
