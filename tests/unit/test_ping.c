/* What pings of a domain through several accounts make of its check, and the reasons of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "health/ping.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* RFC 6120 8.3.3. What only the own server says is critical, what the far side may have said a warning. */
static const struct {
    const char *name;
    enum state state;
} STANZA_ERRORS[] = {
    {"bad-request", STATE_WARNING},
    {"conflict", STATE_WARNING},
    {"feature-not-implemented", STATE_WARNING},
    {"forbidden", STATE_CRITICAL},
    {"gone", STATE_WARNING},
    {"internal-server-error", STATE_WARNING},
    {"item-not-found", STATE_WARNING},
    {"jid-malformed", STATE_CRITICAL},
    {"not-acceptable", STATE_WARNING},
    {"not-allowed", STATE_CRITICAL},
    {"not-authorized", STATE_CRITICAL},
    {"policy-violation", STATE_CRITICAL},
    {"recipient-unavailable", STATE_WARNING},
    {"redirect", STATE_WARNING},
    {"registration-required", STATE_WARNING},
    {"remote-server-not-found", STATE_CRITICAL},
    {"remote-server-timeout", STATE_CRITICAL},
    {"resource-constraint", STATE_WARNING},
    {"service-unavailable", STATE_WARNING},
    {"subscription-required", STATE_WARNING},
    {"undefined-condition", STATE_WARNING},
    {"unexpected-request", STATE_WARNING},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(STANZA_ERRORS); i++) {
        char code[64];
        snprintf(code, sizeof code, "ping_error_%s", STANZA_ERRORS[i].name);
        for (char *at = code; *at != '\0'; at++)
            *at = *at == '-' ? '_' : *at;
        const struct reason_info *info = reason_info(reason_from_ping_error(STANZA_ERRORS[i].name));
        assert_string_equal(info->code, code);
        assert_string_equal(info->stage, "ping");
        assert_int_equal(info->state, STANZA_ERRORS[i].state);
    }
    static const char *const NO_CONDITIONS[] = {"", "bad", "bad_request", "bad-requests", "other", "timeout"};
    for (size_t i = 0; i < COUNT(NO_CONDITIONS); i++)
        assert_int_equal(reason_from_ping_error(NO_CONDITIONS[i]), REASON_PING_ERROR_OTHER);
    assert_true(ping_is_bounce(REASON_PING_ERROR_OTHER));
    assert_false(ping_is_bounce(REASON_PING_TIMEOUT));
}

#define OK REASON_OK
#define NOT_FOUND REASON_PING_ERROR_REMOTE_SERVER_NOT_FOUND
#define NOT_IMPLEMENTED REASON_PING_ERROR_FEATURE_NOT_IMPLEMENTED
#define UNREACHABLE REASON_PING_UNREACHABLE

/* Each ping has its position as its detail, unless it is ok, and its duration. Rules make NOT_IMPLEMENTED ok. */
static const struct {
    const char *why;
    size_t count;
    enum reason reasons[3];
    int64_t durations_us[3];
    enum reason reason;
    enum state state;
    const char *detail;
    int64_t duration_us;
} COMBINED[] = {
    {"no account", 0, {OK}, {0}, REASON_NOT_CONFIGURED, STATE_UNKNOWN, NULL, DURATION_ABSENT},
    {"one", 1, {OK}, {5}, OK, STATE_OK, NULL, 5},
    {"the slowest", 3, {OK, OK, OK}, {5, 7, 6}, OK, STATE_OK, NULL, 7},
    {"the worst", 3, {OK, NOT_FOUND, UNREACHABLE}, {5, 3, -1}, NOT_FOUND, STATE_CRITICAL, "a1: 1", 3},
    {"unknown is worse than ok", 2, {OK, UNREACHABLE}, {5, -1}, UNREACHABLE, STATE_UNKNOWN, "a1: 1", DURATION_ABSENT},
    {"of equal ones the first", 2, {UNREACHABLE, UNREACHABLE}, {-1, -1}, UNREACHABLE, STATE_UNKNOWN, "a0: 0",
     DURATION_ABSENT},
    {"by the rules", 2, {NOT_IMPLEMENTED, UNREACHABLE}, {5, -1}, UNREACHABLE, STATE_UNKNOWN, "a1: 1", DURATION_ABSENT},
    {"made ok by them", 1, {NOT_IMPLEMENTED}, {5}, NOT_IMPLEMENTED, STATE_OK, "a0: 0", 5},
};

static void test_combine(void **state)
{
    (void)state;
    struct severity_rule rules[] = {{NOT_IMPLEMENTED, STATE_OK}};
    const struct severity severity = {.rules = rules, .count = COUNT(rules)};
    for (size_t i = 0; i < COUNT(COMBINED); i++) {
        struct domain_result *result = domain_result_new();
        domain_result_add_pings(result, COMBINED[i].count);
        for (size_t at = 0; at < COMBINED[i].count; at++) {
            result->pings[at].account = mem_printf("a%zu", at);
            check_result_set(&result->pings[at].check, COMBINED[i].reasons[at],
                             COMBINED[i].reasons[at] == OK ? NULL : "%zu", at);
            result->pings[at].check.duration_us = COMBINED[i].durations_us[at];
        }
        ping_combine(result, &severity);
        const struct check_result *check = &result->check[CHECK_PING];
        bool same = text_same(check->detail, COMBINED[i].detail);
        if (check->reason != COMBINED[i].reason || check->state != COMBINED[i].state || !same ||
            check->duration_us != COMBINED[i].duration_us)
            fail_msg("%s: %s, %s", COMBINED[i].why, reason_info(check->reason)->code,
                     check->detail != NULL ? check->detail : "no detail");
        domain_result_free(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_combine),
    };
    return cmocka_run_group_tests_name("ping", tests, NULL, NULL);
}
