/* Reasons whose state an operator has changed, and the transitions that a domain remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "health/history.h"
#include "health/severity.h"

static struct severity_rule all_rules[] = {
    {REASON_SRV_MISSING, STATE_OK},
    {REASON_CERT_EXPIRED, STATE_WARNING},
};
static struct severity_rule own_rules[] = {
    {REASON_CERT_EXPIRED, STATE_UNKNOWN},
    {REASON_CONNECT_TIMEOUT, STATE_OK},
};
static const struct severity all = {.rules = all_rules, .count = 2};
static const struct severity own = {.rules = own_rules, .count = 2, .behind = &all};

static void the_nearest_rule_decides(void **state)
{
    (void)state;
    static const struct severity none = {.behind = &all};
    assert_int_equal(severity_of(NULL, REASON_SRV_MISSING, STATE_WARNING), STATE_WARNING);
    assert_int_equal(severity_of(&all, REASON_SRV_MISSING, STATE_WARNING), STATE_OK);
    assert_int_equal(severity_of(&all, REASON_CONNECT_TIMEOUT, STATE_CRITICAL), STATE_CRITICAL);
    assert_int_equal(severity_of(&own, REASON_SRV_MISSING, STATE_WARNING), STATE_OK);
    assert_int_equal(severity_of(&own, REASON_CERT_EXPIRED, STATE_CRITICAL), STATE_UNKNOWN);
    assert_int_equal(severity_of(&own, REASON_CONNECT_TIMEOUT, STATE_CRITICAL), STATE_OK);
    assert_int_equal(severity_of(&own, REASON_CERT_CN_ONLY, STATE_WARNING), STATE_WARNING);
    assert_int_equal(severity_of(&none, REASON_CERT_EXPIRED, STATE_CRITICAL), STATE_WARNING);
}

static void the_reasons_of_every_stage_are_not_free(void **state)
{
    (void)state;
    static const enum reason fixed[] = {REASON_OK,             REASON_NOT_RUN,        REASON_NOT_REACHED,
                                        REASON_NOT_CONFIGURED, REASON_NOT_APPLICABLE, REASON_LOCAL_ERROR};
    size_t count = 0;
    for (enum reason reason = 0; reason < REASON_COUNT; reason++)
        count += !severity_is_free(reason);
    assert_int_equal(count, sizeof fixed / sizeof *fixed);
    for (size_t i = 0; i < count; i++)
        assert_false(severity_is_free(fixed[i]));
}

static void assert_check(const struct check_result *check, enum reason reason, enum state expected)
{
    assert_int_equal(check->reason, reason);
    assert_int_equal(check->state, expected);
}

/* What was not reached is left alone, and so is the domain's own summary of its endpoints. */
static void rules_change_what_was_reached(void **state)
{
    (void)state;
    struct domain_result *result = domain_result_new();
    result->endpoints = mem_array(2, sizeof *result->endpoints);
    result->endpoint_count = 2;
    check_result_set(&result->check[CHECK_SRV], REASON_SRV_MISSING, "a detail");
    check_result_set(&result->check[CHECK_CONNECT], REASON_CONNECT_TIMEOUT, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        endpoint_result_init(endpoint);
        endpoint->reached[CHECK_CONNECT] = true;
        check_result_set(&endpoint->check[CHECK_CONNECT], i == 0 ? REASON_OK : REASON_CONNECT_TIMEOUT, NULL);
        endpoint->reached[CHECK_CERTIFICATE] = i == 0;
        check_result_set(&endpoint->check[CHECK_CERTIFICATE], REASON_CERT_EXPIRED, NULL);
    }
    severity_apply(&own, result);
    assert_check(&result->check[CHECK_SRV], REASON_SRV_MISSING, STATE_OK);
    assert_string_equal(result->check[CHECK_SRV].detail, "a detail");
    assert_check(&result->check[CHECK_CONNECT], REASON_CONNECT_TIMEOUT, STATE_CRITICAL);
    assert_check(&result->endpoints[0].check[CHECK_CONNECT], REASON_OK, STATE_OK);
    assert_check(&result->endpoints[0].check[CHECK_CERTIFICATE], REASON_CERT_EXPIRED, STATE_UNKNOWN);
    assert_check(&result->endpoints[1].check[CHECK_CONNECT], REASON_CONNECT_TIMEOUT, STATE_OK);
    assert_check(&result->endpoints[1].check[CHECK_CERTIFICATE], REASON_CERT_EXPIRED, STATE_CRITICAL);
    assert_check(&result->endpoints[1].check[CHECK_STREAM], REASON_NOT_RUN, STATE_UNKNOWN);
    domain_result_free(result);
}

static void the_oldest_transition_goes(void **state)
{
    (void)state;
    struct history history = {0};
    for (int i = 0; i < HISTORY_MAX + 3; i++) {
        history_add(&history, &(struct transition){.at_ms = i, .check = CHECK_SRV, .to = STATE_OK});
        assert_int_equal(history.count, i < HISTORY_MAX ? i + 1 : HISTORY_MAX);
        assert_int_equal(history.list[history.count - 1].at_ms, i);
    }
    for (int i = 0; i < HISTORY_MAX; i++)
        assert_int_equal(history.list[i].at_ms, i + 3);
}

static void a_transition_fits_every_reason(void **state)
{
    (void)state;
    struct transition transition = {.reason = REASON_COUNT - 1, .check = CHECK_CERTIFICATE};
    assert_int_equal(transition.reason, REASON_COUNT - 1);
    assert_string_equal(transition_subject(&transition), "certificate");
    transition.check = CHECK_SRV;
    assert_string_equal(transition_subject(&transition), "srv");
    transition.check = CHECK_COUNT;
    assert_string_equal(transition_subject(&transition), "domain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_rule_decides),
        cmocka_unit_test(the_reasons_of_every_stage_are_not_free),
        cmocka_unit_test(rules_change_what_was_reached),
        cmocka_unit_test(the_oldest_transition_goes),
        cmocka_unit_test(a_transition_fits_every_reason),
    };
    return cmocka_run_group_tests_name("severity", tests, NULL, NULL);
}
