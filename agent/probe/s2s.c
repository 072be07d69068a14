#include "probe/s2s.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "probe/channel.h"
#include "probe/expect.h"
#include "probe/xmpp_stream.h"

/* RFC 6120 4.2 and XEP-0220 2.1. */
#define STREAM_OPEN \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' " \
    "xmlns:db='jabber:server:dialback' from='%s' to='%s' version='1.0' xml:lang='en'>"
#define STREAM_CLOSE "</stream:stream>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

#define READ_SIZE 8192
#define OUT_CAP 4096
/* How long, and for how many bytes, the peer may answer our closing tag (RFC 6120 4.4). */
#define LINGER_US 1000000
#define LINGER_BYTES 65536
/* How long after a header that is defective or without version='1.0' a stream error may still come. No features do
 * (RFC 6120 4.7.5). */
#define GRACE_US 500000

enum step { STEP_CONNECT, STEP_STREAM, STEP_STARTTLS, STEP_TLS, STEP_FEATURES, STEP_CLOSE, STEP_DONE };

struct s2s {
    struct s2s_options options;
    struct endpoint_result *endpoint;
    void (*done)(void *arg);
    void *arg;
    enum step step;
    struct channel channel;
    struct loop_watch *watch;
    struct loop_timer *timer; /* the deadline, or before it the end of the grace or of the linger */
    int64_t deadline_us;
    struct xmpp_stream *stream;
    bool header_seen;
    bool grace;             /* the header's grace is running */
    bool dialback_declared; /* xmlns:db in the header of the present stream */
    size_t lingered;
    int64_t phase_start_us;
};

static void s2s_free(struct s2s *s2s)
{
    loop_watch_free(s2s->watch);
    loop_timer_free(s2s->timer);
    channel_fini(&s2s->channel);
    xmpp_stream_free(s2s->stream);
    free(s2s);
}

/* Lets the timer expire then, but not after the deadline. */
static void arm(struct s2s *s2s, int64_t delay_us)
{
    int64_t left_us = s2s->deadline_us - clock_mono_us();
    loop_timer_arm(s2s->timer, delay_us < left_us ? delay_us : left_us);
}

/* Ends the present phase and returns how long it took. */
static int64_t phase_end(struct s2s *s2s, enum phase phase)
{
    int64_t now_us = clock_mono_us();
    int64_t took_us = now_us - s2s->phase_start_us;
    s2s->endpoint->phase_us[phase] = took_us;
    s2s->phase_start_us = now_us;
    return took_us;
}

static struct check_result *reach(struct s2s *s2s, enum check check)
{
    s2s->endpoint->reached[check] = true;
    return &s2s->endpoint->check[check];
}

static void stream_open(struct s2s *s2s, enum step step, size_t cap)
{
    s2s->step = step;
    s2s->header_seen = s2s->dialback_declared = false;
    xmpp_stream_free(s2s->stream);
    s2s->stream = xmpp_stream_new(cap);
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
    if (s2s->step == STEP_STREAM || s2s->step == STEP_STARTTLS || s2s->step == STEP_FEATURES) {
        channel_say(&s2s->channel, STREAM_CLOSE);
        channel_end(&s2s->channel);
    }
    s2s->step = STEP_DONE;
}

/* Which check the present step decides, and how long it has taken so far. */
static struct check_result *reach_present(struct s2s *s2s)
{
    static const struct {
        enum check check;
        enum phase phase;
    } STEPS[] = {
        [STEP_CONNECT] = {CHECK_CONNECT, PHASE_CONNECT},
        [STEP_STREAM] = {CHECK_STREAM, PHASE_STREAM},
        [STEP_STARTTLS] = {CHECK_STARTTLS, PHASE_STARTTLS},
        [STEP_TLS] = {CHECK_STARTTLS, PHASE_TLS},
        [STEP_FEATURES] = {CHECK_AUTH, PHASE_FEATURES},
    };
    struct check_result *check = reach(s2s, STEPS[s2s->step].check);
    int64_t took_us = phase_end(s2s, STEPS[s2s->step].phase);
    check->duration_us = s2s->step == STEP_TLS ? s2s->endpoint->phase_us[PHASE_STARTTLS] + took_us : took_us;
    return check;
}

static void fail(struct s2s *s2s, enum reason reason, const char *detail)
{
    char *clean = detail != NULL && detail[0] != '\0' ? text_clean(detail, PEER_TEXT_MAX) : NULL;
    check_result_set(reach_present(s2s), reason, clean != NULL ? "%s" : NULL, clean);
    free(clean);
    stop(s2s);
}

static void judge_auth(struct s2s *s2s, bool dialback, bool external)
{
    struct check_result *check = s2s->step == STEP_FEATURES ? reach_present(s2s) : reach(s2s, CHECK_AUTH);
    s2s->endpoint->dialback = dialback ? TRI_YES : TRI_NO;
    s2s->endpoint->external = external ? TRI_YES : TRI_NO;
    if (dialback || external)
        check_result_set(check, REASON_OK, "%s%s%s", dialback ? "dialback" : "", dialback && external ? ", " : "",
                         external ? "EXTERNAL" : "");
    else
        check_result_set(check, REASON_AUTH_NOT_OFFERED, NULL);
    stream_close(s2s);
}

/* The first stream's features are complete: go on with TLS, or without where that is expected. */
static void choose_tls(struct s2s *s2s, const struct xmpp_features *features)
{
    struct check_result *check = reach_present(s2s);
    check_result_set(check, REASON_OK, NULL);
    s2s->endpoint->offer = features->starttls;
    if (features->starttls != OFFER_NONE) {
        s2s->step = STEP_STARTTLS;
        channel_say(&s2s->channel, STARTTLS);
    } else if (s2s->options.domain->expect_starttls == EXPECT_STARTTLS_NONE) {
        check_result_set(reach(s2s, CHECK_STARTTLS), REASON_NOT_APPLICABLE, "no TLS, as expected");
        check_result_set(reach(s2s, CHECK_CERTIFICATE), REASON_NOT_APPLICABLE, "no TLS, as expected");
        judge_auth(s2s, features->dialback || s2s->dialback_declared, features->external);
    } else {
        check_result_set(reach(s2s, CHECK_STARTTLS), REASON_STARTTLS_NOT_OFFERED, NULL);
        stream_close(s2s);
    }
}

static void judge_certificate(struct s2s *s2s)
{
    struct endpoint_result *endpoint = s2s->endpoint;
    const struct config_domain *domain = s2s->options.domain;
    int64_t start_us = clock_mono_us();
    struct check_result *check = &endpoint->check[CHECK_CERTIFICATE];
    endpoint->certificate = tls_session_judge_certificate(s2s->channel.tls, domain->name, domain->name_unicode, check);
    endpoint->reached[CHECK_CERTIFICATE] = endpoint->certificate != NULL;
    check->duration_us = clock_mono_us() - start_us;
}

static void tls_done(struct s2s *s2s)
{
    struct endpoint_result *endpoint = s2s->endpoint;
    struct check_result *check = reach_present(s2s);
    endpoint->tls_version = mem_strdup(tls_session_version(s2s->channel.tls));
    endpoint->tls_cipher = mem_strdup(tls_session_cipher(s2s->channel.tls));
    tls_session_judge_version(s2s->channel.tls, check);
    if (check->reason == REASON_OK) {
        enum expect_starttls expect = s2s->options.domain->expect_starttls;
        bool differs = expect_starttls_differs(expect, endpoint->offer);
        check_result_set(check, differs ? REASON_STARTTLS_POLICY_MISMATCH : REASON_OK, "%s%s%s, %s, %s",
                         starttls_offer_name(endpoint->offer), differs ? ", but expected is " : "",
                         differs ? expect_starttls_name(expect) : "", endpoint->tls_version, endpoint->tls_cipher);
    }
    judge_certificate(s2s);
    s2s->phase_start_us = clock_mono_us();
    stream_open(s2s, STEP_FEATURES, XMPP_CAP_AFTER_TLS);
}

static void tls_step(struct s2s *s2s)
{
    enum tls_progress progress = channel_handshake(&s2s->channel);
    if (progress == TLS_DONE) {
        tls_done(s2s);
    } else if (progress == TLS_CLOSED || progress == TLS_FAILED) {
        tls_session_fault(s2s->channel.tls, reach_present(s2s));
        s2s->step = STEP_DONE;
    }
}

static void tls_begin(struct s2s *s2s)
{
    phase_end(s2s, PHASE_STARTTLS);
    s2s->step = STEP_TLS;
    if (channel_start_tls(&s2s->channel, s2s->options.tls, s2s->options.domain->name))
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

/* The connection ended, or the peer closed its stream, before the present step was through. */
static void closed(struct s2s *s2s, const char *detail)
{
    if (s2s->step == STEP_CLOSE)
        s2s->step = STEP_DONE;
    else if (fail_by_header(s2s))
        return;
    else if (s2s->step == STEP_STARTTLS)
        fail(s2s, REASON_STARTTLS_CLOSED, detail);
    else if (s2s->step == STEP_FEATURES)
        fail(s2s, REASON_AUTH_FEATURES_MISSING, detail);
    else
        fail(s2s, REASON_STREAM_CLOSED, detail);
}

static void invalid(struct s2s *s2s)
{
    static const enum reason REASONS[] = {
        [XMPP_FAULT_NOT_XMPP] = REASON_STREAM_NOT_XMPP,
        [XMPP_FAULT_NAMESPACE] = REASON_STREAM_BAD_NAMESPACE,
        [XMPP_FAULT_HEADER] = REASON_STREAM_HEADER_INVALID,
        [XMPP_FAULT_TOO_LARGE] = REASON_STREAM_TOO_LARGE,
    };
    fail(s2s, REASONS[xmpp_stream_fault(s2s->stream)], xmpp_stream_fault_text(s2s->stream));
}

/* An element where another was due. */
static void unexpected(struct s2s *s2s, const char *instead_of)
{
    char *detail = mem_printf("another element came instead of %s", instead_of);
    fail(s2s, s2s->step == STEP_FEATURES ? REASON_AUTH_FEATURES_MISSING : REASON_STREAM_HEADER_INVALID, detail);
    free(detail);
}

static void stream_error(struct s2s *s2s)
{
    const char *condition = xmpp_stream_error(s2s->stream), *text = xmpp_stream_error_text(s2s->stream);
    enum reason reason = reason_from_stream_error(condition);
    const char *unlisted = reason == REASON_STREAM_ERROR_OTHER ? condition : ""; /* only the detail can tell it */
    char *detail = mem_printf("%s%s%s", unlisted, *unlisted != '\0' && *text != '\0' ? ": " : "", text);
    fail(s2s, reason, detail);
    free(detail);
}

/* Acts on features, or on a header that none will follow. */
static void features_seen(struct s2s *s2s, const struct xmpp_features *features)
{
    if (s2s->step == STEP_STREAM)
        choose_tls(s2s, features);
    else
        judge_auth(s2s, features->dialback || s2s->dialback_declared, features->external);
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

/* One event of the stream reader. It may end the conversation, or move to a step with another reader. */
static void event(struct s2s *s2s, enum xmpp_event event)
{
    if (s2s->grace && event != XMPP_MORE)
        grace_end(s2s);
    switch (event) {
    case XMPP_MORE: break;
    case XMPP_HEADER: header_seen(s2s); break;
    case XMPP_FEATURES:
        if (s2s->step == STEP_STARTTLS)
            unexpected(s2s, "<proceed/>");
        else
            features_seen(s2s, xmpp_stream_features(s2s->stream));
        break;
    case XMPP_PROCEED:
        if (s2s->step == STEP_STARTTLS)
            tls_begin(s2s);
        else
            unexpected(s2s, "features");
        break;
    case XMPP_FAILURE:
        if (s2s->step == STEP_STARTTLS)
            fail(s2s, REASON_STARTTLS_FAILURE, NULL);
        else
            unexpected(s2s, "features");
        break;
    case XMPP_OTHER: unexpected(s2s, s2s->step == STEP_STARTTLS ? "<proceed/>" : "features"); break;
    case XMPP_ERROR: stream_error(s2s); break;
    case XMPP_END: closed(s2s, "the stream was closed"); break;
    case XMPP_INVALID: invalid(s2s); break;
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

/* An error before the second header is the peer's late word on the handshake, such as TLS 1.3's
 * certificate_required (RFC 8446 4.4.2.4). */
static void tls_broken(struct s2s *s2s)
{
    bool late = !s2s->header_seen && !tls_session_flooded(s2s->channel.tls);
    tls_session_fault(s2s->channel.tls, late ? reach(s2s, CHECK_STARTTLS) : reach_present(s2s));
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
        case CHANNEL_BROKEN:
            if (s2s->step == STEP_CLOSE)
                s2s->step = STEP_DONE;
            else
                tls_broken(s2s);
            return;
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
    check_result_set(reach_present(s2s), REASON_OK, "%s port %u", s2s->endpoint->address, s2s->endpoint->port);
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

/* The deadline passed, or what the step waited for before it. */
static void expired(void *arg)
{
    struct s2s *s2s = arg;
    if (s2s->grace) {
        grace_end(s2s);
        header_alone(s2s);
        settle(s2s);
        return;
    }
    switch (s2s->step) {
    case STEP_CONNECT: fail(s2s, REASON_CONNECT_TIMEOUT, NULL); break;
    case STEP_STREAM: fail(s2s, REASON_STREAM_TIMEOUT, s2s->header_seen ? "no features came" : NULL); break;
    case STEP_STARTTLS: fail(s2s, REASON_TLS_TIMEOUT, "no answer to <starttls/>"); break;
    case STEP_TLS: fail(s2s, REASON_TLS_TIMEOUT, NULL); break;
    case STEP_FEATURES:
        fail(s2s, REASON_AUTH_FEATURES_MISSING, s2s->header_seen ? "no features came" : "no stream header came");
        break;
    case STEP_CLOSE:
    case STEP_DONE: s2s->step = STEP_DONE; break;
    }
    settle(s2s);
}

struct s2s *s2s_start(const struct s2s_options *options, struct endpoint_result *endpoint, void (*done)(void *arg),
                      void *arg)
{
    struct s2s *s2s = mem_alloc(sizeof *s2s);
    *s2s = (struct s2s){.options = *options, .endpoint = endpoint, .done = done, .arg = arg};
    channel_init(&s2s->channel, OUT_CAP);
    s2s->phase_start_us = clock_mono_us();
    s2s->deadline_us = s2s->phase_start_us + options->timeout_us;
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
