/* How endpoints make a check, and checks a domain: the contract's rules, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "health/combine.h"

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
        {REASON_CERT_UNTRUSTED, REASON_CERT_EXPIRED, REASON_CERT_UNTRUSTED, STATE_CRITICAL},
        {REASON_COUNT, REASON_CERT_EXPIRED, REASON_CERT_EXPIRED, STATE_WARNING},
        {REASON_COUNT, REASON_OK, REASON_OK, STATE_OK},
        {REASON_COUNT, REASON_COUNT, REASON_NOT_REACHED, STATE_UNKNOWN},
        {REASON_NOT_APPLICABLE, REASON_OK, REASON_OK, STATE_OK},
        {REASON_NOT_APPLICABLE, REASON_NOT_APPLICABLE, REASON_NOT_APPLICABLE, STATE_UNKNOWN},
        {REASON_LOCAL_ERROR, REASON_OK, REASON_LOCAL_ERROR, STATE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct domain_result *result = endpoints(2);
        if (ROWS[i].first != REASON_COUNT)
            ended(result, 0, CHECK_CERTIFICATE, ROWS[i].first);
        if (ROWS[i].second != REASON_COUNT)
            ended(result, 1, CHECK_CERTIFICATE, ROWS[i].second);
        combine_endpoints(result);
        assert_int_equal(result->check[CHECK_CERTIFICATE].reason, ROWS[i].reason);
        assert_int_equal(result->check[CHECK_CERTIFICATE].state, ROWS[i].combined);
        domain_result_free(result);
    }
}

static void a_fault_names_its_endpoint(void **state)
{
    (void)state;
    struct domain_result *result = endpoints(2);
    ended(result, 0, CHECK_CONNECT, REASON_OK);
    ended(result, 1, CHECK_CONNECT, REASON_CONNECT_REFUSED);
    combine_endpoints(result);
    assert_string_equal(result->check[CHECK_CONNECT].detail, "host1.example:5269 (192.0.2.1): endpoint 1");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_its_worst_endpoint),
        cmocka_unit_test(a_fault_names_its_endpoint),
        cmocka_unit_test(without_endpoints_nothing_was_reached),
        cmocka_unit_test(a_domain_is_its_worst_check),
        cmocka_unit_test(an_endpoint_is_its_worst_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
