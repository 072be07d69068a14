#include "probe/verdict.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/severity.h"
#include "probe/expect.h"

void verdict_begin(struct verdict *verdict, struct endpoint_result *endpoint, const struct config_domain *domain)
{
    *verdict = (struct verdict){.endpoint = endpoint, .domain = domain, .phase_start_us = clock_mono_us()};
}

/* Ends the present phase and returns how long it took. */
static int64_t phase_end(struct verdict *verdict, enum phase phase)
{
    int64_t now_us = clock_mono_us();
    int64_t took_us = now_us - verdict->phase_start_us;
    verdict->endpoint->phase_us[phase] = took_us;
    verdict->phase_start_us = now_us;
    return took_us;
}

static struct check_result *reach(struct verdict *verdict, enum check check)
{
    verdict->endpoint->reached[check] = true;
    return &verdict->endpoint->check[check];
}

/* The check that the step decides, with the time that it took. */
static struct check_result *reach_by(struct verdict *verdict, enum step step)
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
        [STEP_DIALBACK] = {CHECK_DIALBACK, PHASE_DIALBACK},
    };
    const int64_t *asked_us = &verdict->endpoint->phase_us[PHASE_STARTTLS];
    struct check_result *check = reach(verdict, STEPS[step].check);
    check->duration_us = phase_end(verdict, STEPS[step].phase);
    if (step == STEP_TLS && *asked_us != DURATION_ABSENT)
        check->duration_us += *asked_us;
    return check;
}

void verdict_fail(struct verdict *verdict, enum step step, enum reason reason, const char *detail)
{
    if (step == STEP_DIALBACK) {
        dialback_end(verdict->dialback, reason, detail);
        verdict_dialback(verdict);
        return;
    }
    char *clean = detail != NULL && detail[0] != '\0' ? text_clean(detail, PEER_TEXT_MAX) : NULL;
    check_result_set(reach_by(verdict, step), reason, clean != NULL ? "%s" : NULL, clean);
    free(clean);
}

enum reason verdict_of_end(enum step step)
{
    return step == STEP_STARTTLS ? REASON_STARTTLS_CLOSED
           : step == STEP_FEATURES ? REASON_AUTH_FEATURES_MISSING
           : step == STEP_DIALBACK ? REASON_DIALBACK_CLOSED
                                   : REASON_STREAM_CLOSED;
}

enum reason verdict_of_silence(enum step step)
{
    static const enum reason REASONS[] = {
        [STEP_CONNECT] = REASON_CONNECT_TIMEOUT, [STEP_STREAM] = REASON_STREAM_TIMEOUT,
        [STEP_STARTTLS] = REASON_TLS_TIMEOUT,    [STEP_TLS] = REASON_TLS_TIMEOUT,
        [STEP_FEATURES] = REASON_AUTH_FEATURES_MISSING,
        [STEP_DIALBACK] = REASON_DIALBACK_TIMEOUT,
    };
    return REASONS[step];
}

void verdict_fail_unexpected(struct verdict *verdict, enum step step)
{
    verdict_fail(verdict, step,
                 step == STEP_FEATURES ? REASON_AUTH_FEATURES_MISSING : REASON_STREAM_HEADER_INVALID,
                 step == STEP_STARTTLS ? "another element came instead of <proceed/>"
                                       : "another element came instead of features");
}

void verdict_fail_invalid(struct verdict *verdict, enum step step, const struct xmpp_stream *stream)
{
    static const enum reason REASONS[] = {
        [XMPP_FAULT_NOT_XMPP] = REASON_STREAM_NOT_XMPP,
        [XMPP_FAULT_NAMESPACE] = REASON_STREAM_BAD_NAMESPACE,
        [XMPP_FAULT_HEADER] = REASON_STREAM_HEADER_INVALID,
        [XMPP_FAULT_TOO_LARGE] = REASON_STREAM_TOO_LARGE,
    };
    verdict_fail(verdict, step,
                 step == STEP_DIALBACK ? REASON_DIALBACK_BAD_REPLY : REASONS[xmpp_stream_fault(stream)],
                 xmpp_stream_fault_text(stream));
}

void verdict_fail_error(struct verdict *verdict, enum step step, const struct xmpp_stream *stream)
{
    const char *condition = xmpp_stream_error(stream), *text = xmpp_stream_error_text(stream);
    if (step == STEP_DIALBACK) {
        dialback_refuse(verdict->dialback, condition, text);
        verdict_dialback(verdict);
        return;
    }
    enum reason reason = reason_from_stream_error(condition);
    const char *unlisted = reason == REASON_STREAM_ERROR_OTHER ? condition : ""; /* only the detail can tell it */
    char *detail = mem_printf("%s%s%s", unlisted, *unlisted != '\0' && *text != '\0' ? ": " : "", text);
    verdict_fail(verdict, step, reason, detail);
    free(detail);
}

/* The reason would be one of the handshake's, long after it. */
static void fail_dialback_by_tls(struct verdict *verdict, const struct tls_session *tls)
{
    struct check_result fault = {0};
    tls_session_fault(tls, &fault);
    char *detail = mem_printf("%s, %s", reason_info(fault.reason)->code, fault.detail);
    verdict_fail(verdict, STEP_DIALBACK,
                 tls_session_flooded(tls) ? REASON_DIALBACK_BAD_REPLY : REASON_DIALBACK_CLOSED, detail);
    free(detail);
    free(fault.detail);
}

void verdict_fail_tls(struct verdict *verdict, enum step step, const struct tls_session *tls, bool header_seen)
{
    if (step == STEP_DIALBACK) {
        fail_dialback_by_tls(verdict, tls);
        return;
    }
    bool late = step != STEP_TLS && !header_seen && !tls_session_flooded(tls);
    tls_session_fault(tls, late ? reach(verdict, CHECK_STARTTLS) : reach_by(verdict, step));
}

void verdict_connected(struct verdict *verdict)
{
    check_result_set(reach_by(verdict, STEP_CONNECT), REASON_OK, "%s port %u", verdict->endpoint->address,
                     verdict->endpoint->port);
}

static void judge_auth(struct verdict *verdict, struct check_result *check, const struct xmpp_features *features,
                       bool declared)
{
    bool dialback = features->dialback || declared, external = features->external;
    verdict->endpoint->dialback = dialback ? TRI_YES : TRI_NO;
    verdict->endpoint->external = external ? TRI_YES : TRI_NO;
    if (dialback || external)
        check_result_set(check, REASON_OK, "%s%s%s", dialback ? "dialback" : "", dialback && external ? ", " : "",
                         external ? "EXTERNAL" : "");
    else
        check_result_set(check, REASON_AUTH_NOT_OFFERED, NULL);
}

bool verdict_offer(struct verdict *verdict, const struct xmpp_features *features, bool declared)
{
    check_result_set(reach_by(verdict, STEP_STREAM), REASON_OK, NULL);
    verdict->endpoint->offer = features->starttls;
    if (features->starttls != OFFER_NONE)
        return true;
    struct check_result *starttls = reach(verdict, CHECK_STARTTLS);
    if (verdict->domain->expect_starttls != EXPECT_STARTTLS_NONE) {
        check_result_set(starttls, REASON_STARTTLS_NOT_OFFERED, NULL);
        return false;
    }
    check_result_set(starttls, REASON_NOT_APPLICABLE, "no TLS, as expected");
    check_result_set(reach(verdict, CHECK_CERTIFICATE), REASON_NOT_APPLICABLE, "no TLS, as expected");
    judge_auth(verdict, reach(verdict, CHECK_AUTH), features, declared);
    return false;
}

void verdict_proceed(struct verdict *verdict)
{
    phase_end(verdict, PHASE_STARTTLS);
}

/* A version that is too old hides the security mode only where it is a fault. */
static void judge_tls(const struct verdict *verdict, const struct tls_session *tls, struct check_result *check)
{
    const struct endpoint_result *endpoint = verdict->endpoint;
    enum expect_starttls expect = verdict->domain->expect_starttls;
    tls_session_judge_version(tls, check);
    bool passed = check->reason == REASON_OK;
    if (!passed && severity_of(&verdict->domain->severity, check->reason, check->state) != STATE_OK)
        return;
    if (endpoint->transport == TRANSPORT_STARTTLS && expect_starttls_differs(expect, endpoint->offer))
        check_result_set(check, REASON_STARTTLS_POLICY_MISMATCH, "%s, but expected is %s, %s, %s",
                         starttls_offer_name(endpoint->offer), expect_starttls_name(expect), endpoint->tls_version,
                         endpoint->tls_cipher);
    else if (passed)
        check_result_set(check, REASON_OK, "%s%s%s, %s",
                         endpoint->transport == TRANSPORT_STARTTLS ? starttls_offer_name(endpoint->offer) : "",
                         endpoint->transport == TRANSPORT_STARTTLS ? ", " : "", endpoint->tls_version,
                         endpoint->tls_cipher);
}

static void judge_certificate(struct verdict *verdict, const struct tls_session *tls)
{
    struct endpoint_result *endpoint = verdict->endpoint;
    const struct config_domain *domain = verdict->domain;
    int64_t start_us = clock_mono_us();
    struct check_result *check = &endpoint->check[CHECK_CERTIFICATE];
    const struct tls_peer peer = {
        .domain = domain->name, .domain_unicode = domain->name_unicode, .host = endpoint->target,
        .severity = &domain->severity, .tlsa = verdict->tlsa, .tlsa_count = verdict->tlsa_count,
    };
    endpoint->certificate = tls_session_judge_certificate(tls, &peer, check);
    endpoint->reached[CHECK_CERTIFICATE] = endpoint->certificate != NULL;
    check->duration_us = clock_mono_us() - start_us;
}

void verdict_tls(struct verdict *verdict, const struct tls_session *tls)
{
    struct endpoint_result *endpoint = verdict->endpoint;
    struct check_result *check = reach_by(verdict, STEP_TLS);
    endpoint->tls_version = mem_strdup(tls_session_version(tls));
    endpoint->tls_cipher = mem_strdup(tls_session_cipher(tls));
    judge_tls(verdict, tls, check);
    judge_certificate(verdict, tls);
    verdict->phase_start_us = clock_mono_us();
}

void verdict_features(struct verdict *verdict, enum step step, const struct xmpp_features *features, bool declared)
{
    struct check_result *check = reach_by(verdict, step);
    if (step == STEP_STREAM) { /* direct TLS: the one stream there is, so that `auth` takes no time of its own */
        check_result_set(check, REASON_OK, NULL);
        check = reach(verdict, CHECK_AUTH);
    }
    judge_auth(verdict, check, features, declared);
}

bool verdict_may_dial_back(struct verdict *verdict)
{
    const struct endpoint_result *endpoint = verdict->endpoint;
    if (endpoint->dialback == TRI_NO && endpoint->external == TRI_YES)
        check_result_set(reach(verdict, CHECK_DIALBACK), REASON_NOT_APPLICABLE, "only EXTERNAL is offered");
    return endpoint->dialback == TRI_YES;
}

void verdict_dialback(struct verdict *verdict)
{
    struct endpoint_result *endpoint = verdict->endpoint;
    struct check_result *check = reach_by(verdict, STEP_DIALBACK), result = dialback_take_result(verdict->dialback);
    result.duration_us = check->duration_us;
    free(check->detail);
    *check = result;
    endpoint->dialback_algorithm = dialback_accepted(verdict->dialback);
    endpoint->asks_back_off = dialback_asks_back_off(verdict->dialback);
}
