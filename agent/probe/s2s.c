#include "probe/s2s.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "probe/verdict.h"
#include "stream/channel.h"
#include "stream/xmpp_stream.h"

/* RFC 6120 4.2 and XEP-0220 2.4.1. */
#define STREAM_OPEN \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' " \
    "xmlns:db='jabber:server:dialback' from='%s' to='%s' version='1.0' xml:lang='en'>"
#define STREAM_CLOSE "</stream:stream>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define ALPN "xmpp-server" /* XEP-0368 */

#define READ_SIZE 4096 /* expat keeps a copy of what it was given last */
#define OUT_CAP 8192
/* How long, and for how many bytes, the peer may answer our closing tag (RFC 6120 4.4). */
#define LINGER_US 1000000
#define LINGER_BYTES 65536
/* How long after a header that is defective or without version='1.0' a stream error may still come. No features do
 * (RFC 6120 4.7.5). */
#define GRACE_US 500000

struct s2s {
    struct s2s_options options;
    struct verdict verdict;
    void (*done)(void *arg);
    void *arg;
    enum step step;
    struct channel channel;
    struct loop_watch *watch;
    struct loop_timer *timer; /* the deadline, or before it the end of the grace or of the linger */
    int64_t deadline_us;
    struct xmpp_stream *stream;
    struct dialback *dialback; /* NULL before STEP_DIALBACK */
    bool header_seen;
    bool grace;             /* the header's grace is running */
    bool dialback_declared; /* xmlns:db in the header of the present stream */
    size_t lingered;
};

static void s2s_free(struct s2s *s2s)
{
    loop_watch_free(s2s->watch);
    loop_timer_free(s2s->timer);
    channel_fini(&s2s->channel);
    xmpp_stream_free(s2s->stream);
    dialback_free(s2s->dialback);
    free(s2s);
}

static bool is_direct(const struct s2s *s2s)
{
    return s2s->verdict.endpoint->transport == TRANSPORT_DIRECT;
}

/* Lets the timer expire then, but not after the deadline. */
static void arm(struct s2s *s2s, int64_t delay_us)
{
    int64_t left_us = s2s->deadline_us - clock_mono_us();
    loop_timer_arm(s2s->timer, delay_us < left_us ? delay_us : left_us);
}

static void stream_open(struct s2s *s2s, enum step step, size_t cap)
{
    s2s->step = step;
    s2s->header_seen = s2s->dialback_declared = false;
    xmpp_stream_free(s2s->stream);
    s2s->stream = xmpp_stream_new(XMPP_SERVER, cap);
    buf_printf(&s2s->channel.out, STREAM_OPEN, s2s->options.from, s2s->options.domain->name_unicode);
    channel_flush(&s2s->channel);
}

/* Says goodbye and waits a little for the peer's. */
static void stream_close(struct s2s *s2s)
{
    s2s->step = STEP_CLOSE;
    channel_say(&s2s->channel, STREAM_CLOSE);
    channel_end(&s2s->channel);
    arm(s2s, LINGER_US);
}

/* Ends the conversation without waiting. An open stream is closed as well as it can be. */
static void stop(struct s2s *s2s)
{
    if (s2s->step != STEP_CONNECT && s2s->step != STEP_TLS && s2s->step < STEP_CLOSE) {
        channel_say(&s2s->channel, STREAM_CLOSE);
        channel_end(&s2s->channel);
    }
    s2s->step = STEP_DONE;
}

static void fail(struct s2s *s2s, enum reason reason, const char *detail)
{
    verdict_fail(&s2s->verdict, s2s->step, reason, detail);
    stop(s2s);
}

static void tls_step(struct s2s *s2s)
{
    const struct tls_session *tls = s2s->channel.tls;
    enum tls_progress progress = channel_handshake(&s2s->channel);
    if (progress == TLS_DONE) {
        verdict_tls(&s2s->verdict, tls);
        stream_open(s2s, is_direct(s2s) ? STEP_STREAM : STEP_FEATURES, XMPP_CAP_AFTER_TLS);
    } else if (progress == TLS_CLOSED || progress == TLS_FAILED) {
        verdict_fail_tls(&s2s->verdict, STEP_TLS, tls, false);
        s2s->step = STEP_DONE;
    }
}

static void tls_begin(struct s2s *s2s)
{
    s2s->step = STEP_TLS;
    s2s->header_seen = false;
    xmpp_stream_free(s2s->stream); /* needed no more, and a handshake takes memory */
    s2s->stream = NULL;
    if (channel_start_tls(&s2s->channel, s2s->options.tls, s2s->options.domain->name, is_direct(s2s) ? ALPN : NULL))
        tls_step(s2s);
    else
        fail(s2s, REASON_LOCAL_ERROR, "the TLS session cannot be set up");
}

/* What is wrong with the stream's header explains whatever did not come after it. False when nothing is. */
static bool fail_by_header(struct s2s *s2s)
{
    const char *defect = s2s->header_seen ? xmpp_stream_header(s2s->stream)->defect : NULL;
    if (defect == NULL)
        return false;
    fail(s2s, REASON_STREAM_HEADER_INVALID, defect);
    return true;
}

/* The connection ended, or the peer closed its stream. */
static void closed(struct s2s *s2s, const char *detail)
{
    if (s2s->step == STEP_CLOSE)
        s2s->step = STEP_DONE;
    else if (!fail_by_header(s2s))
        fail(s2s, verdict_of_end(s2s->step), detail);
}

/* Asks what is to be asked next, or says goodbye when all is known. */
static void dialback_go(struct s2s *s2s)
{
    if (dialback_is_over(s2s->dialback)) {
        verdict_dialback(&s2s->verdict);
        stream_close(s2s);
        return;
    }
    dialback_ask(s2s->dialback, &s2s->channel.out);
    channel_flush(&s2s->channel);
}

/* What the features decide is judged. */
static void features_done(struct s2s *s2s)
{
    const struct dialback_options *options = s2s->options.dialback;
    if (options == NULL || !verdict_may_dial_back(&s2s->verdict)) {
        stream_close(s2s);
        return;
    }
    s2s->step = STEP_DIALBACK;
    s2s->dialback = s2s->verdict.dialback = dialback_new(options, s2s->options.domain->name_unicode);
    dialback_go(s2s);
}

/* Acts on features, or on a header that none will follow. */
static void features_seen(struct s2s *s2s, const struct xmpp_features *features)
{
    if (s2s->channel.tls != NULL) {
        verdict_features(&s2s->verdict, s2s->step, features, s2s->dialback_declared);
        features_done(s2s);
    } else if (verdict_offer(&s2s->verdict, features, s2s->dialback_declared)) {
        s2s->step = STEP_STARTTLS;
        channel_say(&s2s->channel, STARTTLS);
    } else {
        features_done(s2s);
    }
}

static void header_seen(struct s2s *s2s)
{
    const struct xmpp_header *header = xmpp_stream_header(s2s->stream);
    s2s->header_seen = true;
    s2s->dialback_declared = header->dialback;
    if (header->version_1 && header->defect == NULL)
        return;
    s2s->grace = true;
    arm(s2s, GRACE_US);
}

static void grace_end(struct s2s *s2s)
{
    s2s->grace = false;
    arm(s2s, s2s->options.timeout_us);
}

/* Nothing came behind a header that is defective or without version='1.0'. */
static void header_alone(struct s2s *s2s)
{
    static const struct xmpp_features NONE = {.starttls = OFFER_NONE};
    if (!fail_by_header(s2s))
        features_seen(s2s, &NONE);
}

/* A complete element. It may end the conversation, or move to a step with another reader. */
static void element(struct s2s *s2s, enum xmpp_event seen)
{
    bool asked = s2s->step == STEP_STARTTLS;
    if (s2s->step == STEP_DIALBACK) { /* other elements may come in between, up to the reader's cap */
        if (seen == XMPP_VERIFY) {
            dialback_answer(s2s->dialback, xmpp_stream_stanza(s2s->stream));
            dialback_go(s2s);
        }
    } else if (seen == XMPP_FEATURES && !asked) {
        features_seen(s2s, xmpp_stream_features(s2s->stream));
    } else if (seen == XMPP_PROCEED && asked) {
        verdict_proceed(&s2s->verdict);
        tls_begin(s2s);
    } else if (seen == XMPP_FAILURE && asked) {
        fail(s2s, REASON_STARTTLS_FAILURE, NULL);
    } else {
        verdict_fail_unexpected(&s2s->verdict, s2s->step);
        stop(s2s);
    }
}

static void event(struct s2s *s2s, enum xmpp_event seen)
{
    if (s2s->grace && seen != XMPP_MORE)
        grace_end(s2s);
    switch (seen) {
    case XMPP_MORE: break;
    case XMPP_HEADER: header_seen(s2s); break;
    case XMPP_FEATURES:
    case XMPP_PROCEED:
    case XMPP_FAILURE:
    case XMPP_VERIFY:
    case XMPP_IQ:
    case XMPP_CHALLENGE:
    case XMPP_SUCCESS:
    case XMPP_SASL_FAILURE:
    case XMPP_OTHER: element(s2s, seen); break;
    case XMPP_ERROR:
        verdict_fail_error(&s2s->verdict, s2s->step, s2s->stream);
        stop(s2s);
        break;
    case XMPP_END: closed(s2s, "the stream was closed"); break;
    case XMPP_INVALID:
        verdict_fail_invalid(&s2s->verdict, s2s->step, s2s->stream);
        stop(s2s);
        break;
    }
}

static bool is_blank(const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != '\0')
        at++;
    return at == length;
}

/* Gives bytes to the reader, until one of them moved the conversation on: what came behind <proceed/> is thrown away
 * (RFC 6120 5.4.3.3). */
static void feed(struct s2s *s2s, const char *bytes, size_t length)
{
    if (s2s->step == STEP_CLOSE) {
        s2s->lingered += length;
        if (s2s->lingered > LINGER_BYTES)
            s2s->step = STEP_DONE;
        return;
    }
    const struct tls_session *tls = s2s->channel.tls;
    while (s2s->channel.tls == tls && s2s->step < STEP_CLOSE) {
        size_t used = 0;
        enum xmpp_event seen = xmpp_stream_read(s2s->stream, bytes, length, &used);
        event(s2s, seen);
        if (seen == XMPP_MORE) {
            if (s2s->grace && !is_blank(bytes, length))
                grace_end(s2s); /* an element has begun */
            return;
        }
        bytes += used;
        length -= used;
    }
}

static void tls_broken(struct s2s *s2s)
{
    if (s2s->step != STEP_CLOSE)
        verdict_fail_tls(&s2s->verdict, s2s->step, s2s->channel.tls, s2s->header_seen);
    s2s->step = STEP_DONE;
}

static void read_all(struct s2s *s2s)
{
    char bytes[READ_SIZE];
    const struct tls_session *tls = s2s->channel.tls;
    while (s2s->step != STEP_DONE && s2s->channel.tls == tls) {
        size_t got = 0;
        switch (channel_read(&s2s->channel, bytes, sizeof bytes, &got)) {
        case CHANNEL_BYTES: feed(s2s, bytes, got); break;
        case CHANNEL_WAIT: return;
        case CHANNEL_CLOSED: closed(s2s, "the connection was closed"); return;
        case CHANNEL_BROKEN: tls_broken(s2s); return;
        }
    }
}

static void connected(struct s2s *s2s)
{
    int error = channel_dial_error(&s2s->channel);
    if (error != 0) {
        fail(s2s, channel_reason(error), strerror(error));
        return;
    }
    verdict_connected(&s2s->verdict);
    if (is_direct(s2s))
        tls_begin(s2s);
    else
        stream_open(s2s, STEP_STREAM, XMPP_CAP_BEFORE_TLS);
}

/* After each turn: hands over when the conversation is over, else waits for what it needs next. */
static void settle(struct s2s *s2s)
{
    if (s2s->step != STEP_DONE) {
        loop_watch_events(s2s->watch, channel_events(&s2s->channel));
        return;
    }
    void (*done)(void *arg) = s2s->done;
    void *arg = s2s->arg;
    s2s_free(s2s);
    done(arg);
}

static void ready(void *arg, int events)
{
    struct s2s *s2s = arg;
    (void)events;
    if (s2s->step == STEP_CONNECT) {
        connected(s2s);
    } else if (s2s->step == STEP_TLS) {
        tls_step(s2s);
    } else {
        channel_flush(&s2s->channel);
        read_all(s2s);
    }
    settle(s2s);
}

static void timed_out(struct s2s *s2s)
{
    const char *missing = NULL;
    if (s2s->step == STEP_STARTTLS)
        missing = "no answer to <starttls/>";
    else if (s2s->step == STEP_STREAM || s2s->step == STEP_FEATURES)
        missing = s2s->header_seen ? "no features came" : "no stream header came";
    if (s2s->step < STEP_CLOSE)
        fail(s2s, verdict_of_silence(s2s->step), missing);
    s2s->step = STEP_DONE;
}

/* The deadline passed, or what the step waited for before it. */
static void expired(void *arg)
{
    struct s2s *s2s = arg;
    if (s2s->grace) {
        grace_end(s2s);
        header_alone(s2s);
    } else {
        timed_out(s2s);
    }
    settle(s2s);
}

void s2s_expire(struct s2s *s2s)
{
    if (s2s->grace) {
        grace_end(s2s);
        header_alone(s2s);
    }
    timed_out(s2s);
    settle(s2s);
}

struct s2s *s2s_start(const struct s2s_options *options, struct endpoint_result *endpoint, void (*done)(void *arg),
                      void *arg)
{
    struct s2s *s2s = mem_alloc(sizeof *s2s);
    *s2s = (struct s2s){.options = *options, .done = done, .arg = arg};
    verdict_begin(&s2s->verdict, endpoint, options->domain);
    s2s->verdict.tlsa = options->tlsa;
    s2s->verdict.tlsa_count = options->tlsa_count;
    channel_init(&s2s->channel, OUT_CAP);
    s2s->deadline_us = clock_mono_us() + options->timeout_us;
    s2s->timer = loop_timer_new(options->loop, expired, s2s);
    int error = channel_dial(&s2s->channel, endpoint->address, endpoint->port);
    if (error != 0) {
        fail(s2s, channel_reason(error), strerror(error));
        loop_timer_arm(s2s->timer, 0); /* `done` must not be called before this returns */
        return s2s;
    }
    s2s->watch = loop_watch_new(options->loop, s2s->channel.fd, ready, s2s);
    loop_watch_events(s2s->watch, LOOP_WRITE);
    arm(s2s, options->timeout_us);
    return s2s;
}

void s2s_cancel(struct s2s *s2s)
{
    if (s2s != NULL)
        s2s_free(s2s);
}
