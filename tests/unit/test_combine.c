/* How endpoints make a check, and checks a domain: the contract's rules, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "health/combine.h"
#include "health/severity.h"

static struct domain_result *endpoints(size_t count)
{
    struct domain_result *result = domain_result_new();
    result->endpoints = mem_array(count, sizeof *result->endpoints);
    result->endpoint_count = count;
    for (size_t i = 0; i < count; i++) {
        endpoint_result_init(&result->endpoints[i]);
        result->endpoints[i].target = mem_printf("host%zu.example", i);
        result->endpoints[i].address = mem_strdup("192.0.2.1");
        result->endpoints[i].port = 5269;
    }
    return result;
}

static void ended(struct domain_result *result, size_t endpoint, enum check check, enum reason reason)
{
    result->endpoints[endpoint].reached[check] = true;
    check_result_set(&result->endpoints[endpoint].check[check], reason, "endpoint %zu", endpoint);
}

static void a_check_is_its_worst_endpoint(void **state)
{
    (void)state;
    static const struct {
        enum reason first, second; /* REASON_COUNT: not reached */
        enum reason reason;
        enum state combined;
    } ROWS[] = {
        {REASON_OK, REASON_OK, REASON_OK, STATE_OK},
        {REASON_OK, REASON_CERT_CN_ONLY, REASON_CERT_CN_ONLY, STATE_WARNING},
        {REASON_OK, REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, STATE_WARNING}, /* not at all of them */
        {REASON_CERT_CN_ONLY, REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, STATE_WARNING},
        {REASON_CERT_UNTRUSTED, REASON_CERT_EXPIRED, REASON_CERT_UNTRUSTED, STATE_CRITICAL},
        {REASON_COUNT, REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, STATE_WARNING},
        {REASON_COUNT, REASON_CERT_CN_ONLY, REASON_CERT_CN_ONLY, STATE_WARNING},
        {REASON_COUNT, REASON_OK, REASON_OK, STATE_OK},
        {REASON_COUNT, REASON_COUNT, REASON_NOT_REACHED, STATE_UNKNOWN},
        {REASON_NOT_APPLICABLE, REASON_OK, REASON_OK, STATE_OK},
        {REASON_NOT_APPLICABLE, REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, STATE_WARNING},
        {REASON_NOT_APPLICABLE, REASON_NOT_APPLICABLE, REASON_NOT_APPLICABLE, STATE_UNKNOWN},
        {REASON_LOCAL_ERROR, REASON_OK, REASON_LOCAL_ERROR, STATE_UNKNOWN},
        {REASON_LOCAL_ERROR, REASON_CERT_CN_ONLY, REASON_CERT_CN_ONLY, STATE_WARNING},
        {REASON_LOCAL_ERROR, REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, STATE_WARNING},
    };
    for (size_t i = 0; i < 2 * (sizeof ROWS / sizeof ROWS[0]); i++) {
        const size_t row = i / 2, first = i % 2, second = 1 - first; /* in either order */
        struct domain_result *result = endpoints(2);
        if (ROWS[row].first != REASON_COUNT)
            ended(result, first, CHECK_CERTIFICATE, ROWS[row].first);
        if (ROWS[row].second != REASON_COUNT)
            ended(result, second, CHECK_CERTIFICATE, ROWS[row].second);
        combine_endpoints(result);
        if (ROWS[row].first != REASON_CERT_UNTRUSTED) /* of two that are as bad, the first is told */
            assert_int_equal(result->check[CHECK_CERTIFICATE].reason, ROWS[row].reason);
        assert_int_equal(result->check[CHECK_CERTIFICATE].state, ROWS[row].combined);
        domain_result_free(result);
    }
}

/* How far each of two endpoints came, and what the domain's checks and the domain are for it. */
static void two_endpoints_make_a_domain(void **state)
{
    (void)state;
    static const struct {
        struct {
            enum reason connect, certificate, auth; /* REASON_COUNT: not reached; then neither are those behind it */
            enum tri dialback;
        } endpoint[2];
        enum state connect, certificate, auth, domain;
        enum check worst;
    } ROWS[] = {
#define FINE {REASON_OK, REASON_OK, REASON_OK, TRI_YES}
#define DOWN {REASON_CONNECT_REFUSED, REASON_COUNT, REASON_COUNT, TRI_UNKNOWN}
#define DENIED {REASON_CONNECT_DENIED, REASON_COUNT, REASON_COUNT, TRI_UNKNOWN}
#define UNSEEN {REASON_LOCAL_ERROR, REASON_COUNT, REASON_COUNT, TRI_UNKNOWN}
#define EXPIRED(DIALBACK) {REASON_OK, REASON_CERT_EXPIRED, REASON_OK, DIALBACK}
#define MUTE {REASON_OK, REASON_OK, REASON_AUTH_NOT_OFFERED, TRI_NO}
#define STATES(A, B, C, D) STATE_##A, STATE_##B, STATE_##C, STATE_##D
        {{FINE, FINE}, STATES(OK, OK, OK, OK), CHECK_SRV},
        /* one is down: the stages behind are judged by the other, where critical is still not critical at all */
        {{DOWN, FINE}, STATES(WARNING, OK, OK, WARNING), CHECK_CONNECT},
        {{DENIED, FINE}, STATES(WARNING, OK, OK, WARNING), CHECK_CONNECT},
        {{UNSEEN, FINE}, STATES(UNKNOWN, OK, OK, UNKNOWN), CHECK_CONNECT},
        {{DOWN, EXPIRED(TRI_NO)}, STATES(WARNING, WARNING, OK, WARNING), CHECK_CONNECT},
        {{DOWN, MUTE}, STATES(WARNING, OK, WARNING, WARNING), CHECK_CONNECT},
        {{UNSEEN, EXPIRED(TRI_NO)}, STATES(UNKNOWN, WARNING, OK, WARNING), CHECK_CERTIFICATE},
        {{DOWN, DOWN}, STATES(CRITICAL, UNKNOWN, UNKNOWN, CRITICAL), CHECK_CONNECT},
        {{DOWN, DENIED}, STATES(CRITICAL, UNKNOWN, UNKNOWN, CRITICAL), CHECK_CONNECT},
        {{DOWN, UNSEEN}, STATES(WARNING, UNKNOWN, UNKNOWN, WARNING), CHECK_CONNECT},
        {{UNSEEN, UNSEEN}, STATES(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN), CHECK_CONNECT},
        {{FINE, EXPIRED(TRI_NO)}, STATES(OK, WARNING, OK, WARNING), CHECK_CERTIFICATE},
        {{FINE, MUTE}, STATES(OK, OK, WARNING, WARNING), CHECK_AUTH},
        {{MUTE, MUTE}, STATES(OK, OK, CRITICAL, CRITICAL), CHECK_AUTH},
        /* a certificate fault alone, at all of them: such a peer federates by dialback, if one of them offers it */
        {{EXPIRED(TRI_NO), EXPIRED(TRI_NO)}, STATES(OK, CRITICAL, OK, CRITICAL), CHECK_CERTIFICATE},
        {{EXPIRED(TRI_YES), EXPIRED(TRI_NO)}, STATES(OK, CRITICAL, OK, WARNING), CHECK_CERTIFICATE},
        {{EXPIRED(TRI_YES), EXPIRED(TRI_YES)}, STATES(OK, CRITICAL, OK, WARNING), CHECK_CERTIFICATE},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct domain_result *result = endpoints(2);
        for (size_t j = 0; j < 2; j++) {
            ended(result, j, CHECK_CONNECT, ROWS[i].endpoint[j].connect);
            result->endpoints[j].dialback = ROWS[i].endpoint[j].dialback;
            if (ROWS[i].endpoint[j].certificate == REASON_COUNT)
                continue;
            ended(result, j, CHECK_STREAM, REASON_OK);
            ended(result, j, CHECK_STARTTLS, REASON_OK);
            ended(result, j, CHECK_CERTIFICATE, ROWS[i].endpoint[j].certificate);
            ended(result, j, CHECK_AUTH, ROWS[i].endpoint[j].auth);
        }
        combine_endpoints(result);
        check_result_set(&result->check[CHECK_SRV], REASON_OK, NULL);
        check_result_set(&result->check[CHECK_DIALBACK], REASON_NOT_CONFIGURED, NULL);
        check_result_set(&result->check[CHECK_PING], REASON_NOT_CONFIGURED, NULL);
        enum check worst = CHECK_COUNT;
        assert_int_equal(result->check[CHECK_CONNECT].state, ROWS[i].connect);
        assert_int_equal(result->check[CHECK_CERTIFICATE].state, ROWS[i].certificate);
        assert_int_equal(result->check[CHECK_AUTH].state, ROWS[i].auth);
        assert_int_equal(combine_domain(result, &worst), ROWS[i].domain);
        assert_int_equal(worst, ROWS[i].worst);
        domain_result_free(result);
    }
}

/* All is well, and what does not count is not what decides: SRV that is not judged for one. */
static void neutral_check_does_not_decide(void **state)
{
    (void)state;
    struct domain_result *result = endpoints(1);
    enum check worst = CHECK_COUNT;
    for (int check = CHECK_CONNECT; check <= CHECK_AUTH; check++)
        ended(result, 0, (enum check)check, REASON_OK);
    combine_endpoints(result);
    check_result_set(&result->check[CHECK_SRV], REASON_NOT_APPLICABLE, NULL);
    check_result_set(&result->check[CHECK_DIALBACK], REASON_NOT_CONFIGURED, NULL);
    check_result_set(&result->check[CHECK_PING], REASON_NOT_CONFIGURED, NULL);
    assert_int_equal(combine_domain(result, &worst), STATE_OK);
    assert_int_equal(worst, CHECK_CONNECT);
    domain_result_free(result);
}

/* An operator's states count as if they were the reasons' own. */
static void severity_counts(void **state)
{
    (void)state;
    static const struct {
        enum reason first, second;
        struct severity_rule rule, behind;
        enum state combined;
    } ROWS[] = {
        {REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, {REASON_CERT_EXPIRED, STATE_OK}, {REASON_OK, STATE_OK}, STATE_OK},
        {REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, {REASON_OK, STATE_OK}, {REASON_CERT_EXPIRED, STATE_WARNING},
         STATE_WARNING},
        {REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, {REASON_CERT_EXPIRED, STATE_UNKNOWN},
         {REASON_CERT_EXPIRED, STATE_OK}, STATE_UNKNOWN}, /* the domain's own rule before that for all */
        {REASON_CERT_CN_ONLY, REASON_CERT_CN_ONLY, {REASON_CERT_CN_ONLY, STATE_CRITICAL}, {REASON_OK, STATE_OK},
         STATE_CRITICAL},
        {REASON_CERT_CN_ONLY, REASON_OK, {REASON_CERT_CN_ONLY, STATE_CRITICAL}, {REASON_OK, STATE_OK}, STATE_WARNING},
        {REASON_CERT_EXPIRED, REASON_CERT_CN_ONLY, {REASON_CERT_EXPIRED, STATE_OK}, {REASON_OK, STATE_OK},
         STATE_WARNING},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct severity_rule rule = ROWS[i].rule, behind = ROWS[i].behind;
        const struct severity all = {&behind, 1, NULL}, own = {&rule, 1, &all};
        struct domain_result *result = endpoints(2);
        ended(result, 0, CHECK_CERTIFICATE, ROWS[i].first);
        ended(result, 1, CHECK_CERTIFICATE, ROWS[i].second);
        check_result_set(&result->check[CHECK_SRV], ROWS[i].first, NULL);
        severity_apply(&own, result);
        combine_endpoints(result);
        assert_int_equal(result->check[CHECK_CERTIFICATE].state, ROWS[i].combined);
        if (ROWS[i].first == ROWS[i].second)
            assert_int_equal(result->check[CHECK_SRV].state, ROWS[i].combined);
        assert_int_equal(result->endpoints[0].check[CHECK_STREAM].state, STATE_UNKNOWN);
        domain_result_free(result);
    }
}

static void a_fault_names_its_endpoint(void **state)
{
    (void)state;
    struct domain_result *result = endpoints(2);
    ended(result, 0, CHECK_CONNECT, REASON_OK);
    ended(result, 1, CHECK_CONNECT, REASON_CONNECT_REFUSED);
    result->endpoints[0].check[CHECK_CONNECT].duration_us = 5;
    result->endpoints[1].check[CHECK_CONNECT].duration_us = 7;
    combine_endpoints(result);
    assert_string_equal(result->check[CHECK_CONNECT].detail, "host1.example:5269 (192.0.2.1): endpoint 1");
    assert_int_equal(result->check[CHECK_CONNECT].duration_us, 7);
    free(result->endpoints[1].target);
    result->endpoints[1].target = mem_strdup("2001:db8::1");
    result->endpoints[1].transport = TRANSPORT_DIRECT;
    combine_endpoints(result);
    assert_string_equal(result->check[CHECK_CONNECT].detail,
                        "[2001:db8::1]:5269 (192.0.2.1, direct TLS): endpoint 1");
    domain_result_free(result);
}

static void without_endpoints_nothing_was_reached(void **state)
{
    (void)state;
    struct domain_result *result = endpoints(0);
    combine_endpoints(result);
    for (int check = CHECK_CONNECT; check <= CHECK_AUTH; check++)
        assert_int_equal(result->check[check].reason, REASON_NOT_REACHED);
    assert_int_equal(result->check[CHECK_SRV].reason, REASON_NOT_RUN);
    domain_result_free(result);
}

static void a_domain_is_its_worst_check(void **state)
{
    (void)state;
    static const struct {
        enum reason srv, certificate, auth;
        enum tri dialback;
        enum state domain;
        enum check worst;
    } ROWS[] = {
        {REASON_OK, REASON_OK, REASON_OK, TRI_YES, STATE_OK, CHECK_SRV},
        {REASON_SRV_MISSING, REASON_OK, REASON_OK, TRI_YES, STATE_WARNING, CHECK_SRV},
        {REASON_SRV_MISSING, REASON_OK, REASON_AUTH_NOT_OFFERED, TRI_NO, STATE_CRITICAL, CHECK_AUTH},
        {REASON_OK, REASON_NOT_REACHED, REASON_OK, TRI_YES, STATE_UNKNOWN, CHECK_CERTIFICATE},
        {REASON_SRV_MISSING, REASON_NOT_REACHED, REASON_OK, TRI_YES, STATE_WARNING, CHECK_SRV},
        {REASON_OK, REASON_NOT_APPLICABLE, REASON_OK, TRI_YES, STATE_OK, CHECK_SRV},
        {REASON_OK, REASON_CERT_EXPIRED, REASON_OK, TRI_NO, STATE_CRITICAL, CHECK_CERTIFICATE},
        {REASON_OK, REASON_CERT_EXPIRED, REASON_OK, TRI_YES, STATE_WARNING, CHECK_CERTIFICATE},
        {REASON_DNS_TIMEOUT, REASON_CERT_EXPIRED, REASON_OK, TRI_YES, STATE_CRITICAL, CHECK_SRV},
        {REASON_SRV_MISSING, REASON_CERT_EXPIRED, REASON_OK, TRI_YES, STATE_WARNING, CHECK_CERTIFICATE},
        {REASON_SRV_MISSING, REASON_CERT_CN_ONLY, REASON_OK, TRI_YES, STATE_WARNING, CHECK_SRV},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct domain_result *result = endpoints(1);
        result->endpoints[0].dialback = ROWS[i].dialback;
        for (int check = 0; check < CHECK_COUNT; check++)
            check_result_set(&result->check[check], check < CHECK_DIALBACK ? REASON_OK : REASON_NOT_CONFIGURED, NULL);
        check_result_set(&result->check[CHECK_SRV], ROWS[i].srv, NULL);
        check_result_set(&result->check[CHECK_CERTIFICATE], ROWS[i].certificate, NULL);
        check_result_set(&result->check[CHECK_AUTH], ROWS[i].auth, NULL);
        enum check worst = CHECK_COUNT;
        assert_int_equal(combine_domain(result, &worst), ROWS[i].domain);
        assert_int_equal(worst, ROWS[i].worst);
        domain_result_free(result);
    }
}

static void an_endpoint_is_its_worst_stage(void **state)
{
    (void)state;
    struct domain_result *result = endpoints(1);
    const struct endpoint_result *endpoint = &result->endpoints[0];
    ended(result, 0, CHECK_CONNECT, REASON_OK);
    ended(result, 0, CHECK_STREAM, REASON_OK);
    ended(result, 0, CHECK_STARTTLS, REASON_NOT_APPLICABLE);
    assert_int_equal(endpoint_worst(endpoint)->reason, REASON_OK);
    ended(result, 0, CHECK_AUTH, REASON_AUTH_NOT_OFFERED);
    assert_int_equal(endpoint_worst(endpoint)->reason, REASON_AUTH_NOT_OFFERED);
    domain_result_free(result);
}

static void a_peer_may_ask_for_rest(void **state)
{
    (void)state;
    static const struct {
        enum check check;
        enum reason reason;
        bool said, asks; /* said: during dialback, whose reason need not tell */
    } ROWS[] = {
        {CHECK_STREAM, REASON_OK, false, false},
        {CHECK_STREAM, REASON_STREAM_ERROR_POLICY_VIOLATION, false, true},
        {CHECK_AUTH, REASON_STREAM_ERROR_RESOURCE_CONSTRAINT, false, true},
        {CHECK_STREAM, REASON_STREAM_ERROR_HOST_UNKNOWN, false, false},
        {CHECK_DIALBACK, REASON_DIALBACK_CLOSED, false, false},
        {CHECK_DIALBACK, REASON_DIALBACK_CLOSED, true, true},
        {CHECK_DIALBACK, REASON_DIALBACK_ERROR_POLICY_VIOLATION, false, false}, /* of an earlier round */
        {CHECK_DIALBACK, REASON_DIALBACK_ERROR_POLICY_VIOLATION, true, true},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct domain_result *result = endpoints(2);
        ended(result, 1, ROWS[i].check, ROWS[i].reason);
        result->endpoints[1].asks_back_off = ROWS[i].said;
        assert_int_equal(domain_result_asks_back_off(result), ROWS[i].asks);
        domain_result_free(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_its_worst_endpoint),
        cmocka_unit_test(two_endpoints_make_a_domain),
        cmocka_unit_test(neutral_check_does_not_decide),
        cmocka_unit_test(severity_counts),
        cmocka_unit_test(a_fault_names_its_endpoint),
        cmocka_unit_test(without_endpoints_nothing_was_reached),
        cmocka_unit_test(a_domain_is_its_worst_check),
        cmocka_unit_test(an_endpoint_is_its_worst_stage),
        cmocka_unit_test(a_peer_may_ask_for_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
