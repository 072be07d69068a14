/* What a round gives rise to: tables of what was known before it and after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "health/notification.h"
#include "imp_scene.h"

#define NOW_S INT64_C(1795348800) /* 2026-11-22T12:00:00Z */
#define DAY_S INT64_C(86400)
#define NONE STATE_NONE
#define OK STATE_OK
#define WARN STATE_WARNING
#define CRIT STATE_CRITICAL
#define UNKNOWN STATE_UNKNOWN

/* The state of a domain or node: confirmed before the round, then found by it and confirmed after it. */
static const struct state_case {
    enum state before, found, after;
    bool told;
    enum state previous;
    bool again;     /* the first round after a start, a minute after the state had changed */
} STATE_CASES[] = {
    {NONE, OK, OK, false, 0, false}, /* the first ok is no transition */
    {NONE, CRIT, NONE, false, 0, false}, /* not confirmed yet */
    {NONE, CRIT, CRIT, true, UNKNOWN, false}, /* the first that is confirmed, and not ok */
    {NONE, UNKNOWN, UNKNOWN, true, UNKNOWN, false},
    {OK, OK, OK, false, 0, false},
    {OK, OK, OK, true, OK, true},      /* nobody may have been told of it */
    {NONE, OK, OK, false, 0, true},
    {OK, CRIT, OK, false, 0, false}, /* a passing failure, so far */
    {OK, CRIT, CRIT, true, OK, false},
    {OK, WARN, WARN, true, OK, false},
    {WARN, CRIT, CRIT, true, WARN, false},
    {CRIT, CRIT, CRIT, true, CRIT, false}, /* as it stands, also after a restart: only for who has not heard it */
    {CRIT, OK, CRIT, false, 0, false},
    {CRIT, WARN, CRIT, false, 0, false},
    {CRIT, OK, OK, true, CRIT, false},
    {UNKNOWN, OK, OK, true, UNKNOWN, false},
};
#define STATE_CASE_COUNT (sizeof STATE_CASES / sizeof STATE_CASES[0])

static void expect(const struct notification *found, enum notification_kind kind, const struct state_case *each)
{
    assert_int_equal(found->kind, kind);
    assert_int_equal(found->index, 7);
    assert_string_equal(found->name, "example.org");
    assert_int_equal(found->state, each->after);
    assert_int_equal(found->previous, each->previous);
    assert_false(found->gone);
    assert_int_equal(found->first, each->before == NONE);
    assert_int_equal(found->doubtful, each->again);
}

static void test_states_of_domains(void **state)
{
    (void)state;
    for (const struct state_case *each = STATE_CASES; each < STATE_CASES + STATE_CASE_COUNT; each++) {
        struct notification list[NOTIFICATIONS_MAX];
        struct domain_result *result = domain_result_new();
        struct domain_status before = {.index = 7, .name = "example.org", .confirmed = each->before}, after = before;
        expiry_init(&before.expiry);
        after.expiry = before.expiry;
        before.latest = each->again ? NULL : result;
        result->finished_ms = NOW_S * 1000;
        after.latest = result;
        after.since_ms = (NOW_S - 60) * 1000;
        after.state = each->found;
        after.confirmed = each->after;
        after.worst = CHECK_CONNECT;
        after.check[CHECK_CONNECT].result =
            (struct check_result){.reason = REASON_CONNECT_REFUSED, .detail = "Connection refused"};
        assert_int_equal(notifications_of_domain(&before, &after, list), each->told);
        if (each->told) {
            expect(&list[0], NOTIFICATION_DOMAIN_STATE, each);
            assert_int_equal(list[0].reason, REASON_CONNECT_REFUSED);
            assert_string_equal(list[0].detail, "Connection refused");
            notification_fini(&list[0]);
        }
        domain_result_free(result);
    }
}

static void test_states_of_nodes(void **state)
{
    (void)state;
    for (const struct state_case *each = STATE_CASES; each < STATE_CASES + STATE_CASE_COUNT; each++) {
        struct notification list[NOTIFICATIONS_MAX];
        struct imp_memory *memory = imp_memory_new();
        struct imp_result *result = imp_scene_round(NULL, NOW_S * 1000);
        struct imp_status before = {.index = 7, .name = "example.org", .confirmed = each->before}, after;
        before.verdict.memory = memory;
        before.latest = each->again ? NULL : result;
        after = before;
        after.latest = result;
        after.since_ms = (NOW_S - 60) * 1000;
        after.state = each->found;
        after.confirmed = each->after;
        after.worst = IMP_AXL;
        after.check[IMP_AXL].result = (struct check_result){.reason = REASON_AXL_TIMEOUT, .detail = "silence"};
        assert_int_equal(notifications_of_node(&before, &after, "call somebody", list), each->told);
        if (each->told) {
            expect(&list[0], NOTIFICATION_NODE_STATE, each);
            assert_int_equal(list[0].reason, REASON_AXL_TIMEOUT);
            assert_string_equal(list[0].detail, "call somebody");
            notification_fini(&list[0]);
        }
        imp_result_free(result);
        imp_memory_free(memory);
    }
}

/* Rounds of one domain, one after another: days until the certificate expires (0: none was shown), whether the check's
 * state is the confirmed one, and what is told. */
static const struct expiry_case {
    int days;
    bool settled;
    enum state level; /* told; NONE: nothing */
} EXPIRY_CASES[] = {
    {30, true, NONE},  {13, false, NONE}, {12, true, WARN}, {11, true, NONE}, {0, true, NONE}, {10, true, NONE},
    {2, true, CRIT},   {1, true, NONE},   {90, true, NONE}, {13, true, WARN}, {-1, true, NONE}, {2, true, CRIT},
    {1, true, CRIT},
};
#define EXPIRY_CASE_COUNT (sizeof EXPIRY_CASES / sizeof EXPIRY_CASES[0])

/* A round that saw certificates: the endpoint with the index 5 shows the one that matters. */
static struct domain_result *expiry_round(int64_t now_s, int64_t not_after_s)
{
    struct domain_result *result = domain_result_new();
    result->finished_ms = now_s * 1000;
    result->endpoint_count = 2;
    result->endpoints = mem_array(2, sizeof *result->endpoints);
    for (uint32_t i = 0; i < 2; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        endpoint_result_init(endpoint);
        endpoint->index = 4 + i;
        endpoint->target = mem_printf("xmpp%u.example.org", i);
        endpoint->address = mem_strdup("192.0.2.1");
        endpoint->port = 5269;
        if (not_after_s != TIME_ABSENT) {
            endpoint->certificate = certificate_new();
            endpoint->certificate->not_after[CERT_LEAF] = i == 1 ? not_after_s : now_s + 99 * DAY_S;
            endpoint->certificate->not_after[CERT_ROOT] = now_s + 999 * DAY_S;
        }
    }
    return result;
}

static void test_expiry(void **state)
{
    (void)state;
    const struct expiry_limits limits = {14 * DAY_S, 3 * DAY_S};
    struct domain_status before = {.index = 7, .name = "example.org", .state = WARN, .confirmed = OK};
    expiry_init(&before.expiry);
    for (size_t i = 0; i < EXPIRY_CASE_COUNT; i++) {
        const struct expiry_case *each = &EXPIRY_CASES[i];
        /* Time goes by while the certificate stays, but for the renewals. */
        int64_t not_after_s = NOW_S + 400 * DAY_S, now_s = not_after_s - each->days * DAY_S;
        if (i >= 8)
            not_after_s += (int64_t)i * DAY_S, now_s += (int64_t)i * DAY_S;
        struct domain_status after = before;
        struct notification list[NOTIFICATIONS_MAX];
        after.latest = expiry_round(now_s, each->days == 0 ? TIME_ABSENT : not_after_s);
        if (each->settled)
            expiry_note(&after.expiry, after.latest, &limits);
        assert_int_equal(notifications_of_domain(&before, &after, list), each->level != NONE);
        if (each->level != NONE) {
            assert_int_equal(list[0].kind, NOTIFICATION_CERTIFICATE_EXPIRING);
            assert_int_equal(list[0].reason, REASON_CERT_EXPIRES_SOON);
            assert_int_equal(after.expiry.level, each->level);
            assert_int_equal(list[0].endpoint, 5);
            assert_int_equal(list[0].not_after_s, not_after_s);
            assert_string_equal(list[0].target, "xmpp1.example.org");
            assert_non_null(
                strstr(list[0].detail, "the certificate of xmpp1.example.org at 192.0.2.1:5269 expires at "));
            notification_fini(&list[0]);
        }
        domain_result_free(after.latest);
        before = after;
    }
}

/* Rows of a node's table in two rounds one after another (NULL: it could not be read), and the words on the change. */
static const struct rows_case {
    const char *before, *after, *detail;
} ROWS_CASES[] = {
    {NULL, "a b", NULL}, /* first sight */
    {"", "", NULL},
    {"a b", "b a", NULL},
    {"a b", "b b a", NULL},
    {"a b", NULL, NULL},
    {"", "a", "came: a"},
    {"a b", "", "went: a, b"},
    {"a b", "b c", "came: c; went: a"},
    {"a b c d e", "f g h i", "came: f, g, h and 1 more; went: a, b, c and 2 more"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS_CASES / sizeof ROWS_CASES[0]; i++) {
        const struct rows_case *each = &ROWS_CASES[i];
        struct imp_expect expect_any;
        struct imp_memory *nothing = imp_memory_new();
        struct imp_result *rounds[] = {imp_scene_round(each->before, NOW_S * 1000),
                                       imp_scene_round(each->after, NOW_S * 1000 + 1)};
        struct imp_status before = {.index = 7, .name = "cups.example", .state = OK, .confirmed = OK}, after = before;
        struct imp_scene scene = {.name = "cups.example", .expect = &expect_any, .before = nothing};
        struct notification list[NOTIFICATIONS_MAX];
        imp_scene_expect(&expect_any, true, NULL);
        imp_judge(rounds[0], &scene, &before.verdict);
        scene.before = before.verdict.memory;
        imp_judge(rounds[1], &scene, &after.verdict);
        after.latest = rounds[1];
        after.check[IMP_S2SNODE].result.reason = REASON_S2SNODE_EMPTY;
        assert_int_equal(notifications_of_node(&before, &after, NULL, list), each->detail != NULL);
        if (each->detail != NULL) {
            assert_int_equal(list[0].kind, NOTIFICATION_S2S_CHANGED);
            assert_int_equal(list[0].reason, REASON_S2SNODE_EMPTY);
            assert_string_equal(list[0].detail, each->detail);
            notification_fini(&list[0]);
        }
        imp_verdict_fini(&before.verdict);
        imp_verdict_fini(&after.verdict);
        imp_result_free(rounds[0]);
        imp_result_free(rounds[1]);
        imp_memory_free(nothing);
        imp_scene_expect_fini(&expect_any);
    }
}

/* The check xcp_restart before a round and after it: reason, state, confirmed state. */
#define PENDING REASON_XCP_RESTART_PENDING
static const struct restart_case {
    struct {
        enum reason reason;
        enum state state, confirmed;
    } before, after;
    bool told;
} RESTART_CASES[] = {
    {{REASON_OK, OK, OK}, {PENDING, CRIT, OK}, false},
    {{PENDING, CRIT, OK}, {PENDING, CRIT, CRIT}, true},
    {{PENDING, CRIT, CRIT}, {PENDING, CRIT, CRIT}, false},
    {{PENDING, CRIT, NONE}, {PENDING, CRIT, CRIT}, true},
    {{REASON_NOT_RUN, UNKNOWN, CRIT}, {PENDING, CRIT, CRIT}, false}, /* as before the agent's restart */
    {{REASON_XCP_SOURCE_FAILED, WARN, CRIT}, {PENDING, CRIT, CRIT}, false}, /* it could not be read once */
    {{REASON_XCP_SOURCE_FAILED, WARN, WARN}, {PENDING, WARN, WARN}, true},  /* severities of an operator */
    {{REASON_OK, OK, OK}, {PENDING, OK, OK}, true},
    {{PENDING, CRIT, CRIT}, {REASON_OK, OK, OK}, false},
};

static void test_restarts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RESTART_CASES / sizeof RESTART_CASES[0]; i++) {
        const struct restart_case *each = &RESTART_CASES[i];
        struct notification list[NOTIFICATIONS_MAX];
        struct imp_memory *memory = imp_memory_new();
        struct imp_result *result = imp_scene_round(NULL, NOW_S * 1000);
        struct imp_status before = {.index = 7, .name = "cups.example", .state = OK, .confirmed = OK}, after;
        before.verdict.memory = memory;
        after = before;
        after.latest = result;
        before.check[IMP_XCP_RESTART] =
            (struct check_status){.result = {.reason = each->before.reason, .state = each->before.state},
                                  .confirmed = each->before.confirmed};
        after.check[IMP_XCP_RESTART] = (struct check_status){
            .result = {.reason = each->after.reason, .state = each->after.state, .detail = "page: pending"},
            .confirmed = each->after.confirmed};
        assert_int_equal(notifications_of_node(&before, &after, NULL, list), each->told);
        if (each->told) {
            assert_int_equal(list[0].kind, NOTIFICATION_RESTART_PENDING);
            assert_int_equal(list[0].reason, PENDING);
            assert_string_equal(list[0].detail, "page: pending");
            notification_fini(&list[0]);
        }
        imp_result_free(result);
        imp_memory_free(memory);
    }
}

static void test_rejection(void **state)
{
    (void)state;
    struct notification list[NOTIFICATIONS_MAX];
    struct imp_memory *memory = imp_memory_new();
    struct imp_result *result = imp_scene_round(NULL, NOW_S * 1000);
    struct imp_status before = {.index = 7, .name = "cups.example", .state = UNKNOWN}, after;
    before.verdict.memory = memory;
    after = before;
    after.latest = result;
    after.state = CRIT;
    after.worst = IMP_AXL;
    after.check[IMP_AXL].result.reason = REASON_AXL_UNAUTHORIZED;
    assert_int_equal(notifications_of_node(&before, &after, NULL, list), 0);
    result->rejected_login = mem_strdup("our account at AXL");
    assert_int_equal(notifications_of_node(&before, &after, NULL, list), 1);
    assert_int_equal(list[0].kind, NOTIFICATION_CREDENTIALS_REJECTED);
    assert_int_equal(list[0].state, CRIT);
    assert_int_equal(list[0].previous, UNKNOWN);
    assert_int_equal(list[0].reason, REASON_AXL_UNAUTHORIZED);
    assert_non_null(strstr(list[0].detail, "the login of our account at AXL was rejected"));
    notification_fini(&list[0]);
    imp_result_free(result);
    imp_memory_free(memory);
}

static void test_standing_and_gone(void **state)
{
    (void)state;
    struct notification found;
    struct domain_result *result = domain_result_new();
    struct domain_status domain = {.index = 7, .name = "example.org", .state = CRIT, .confirmed = CRIT};
    struct subject subject = subject_of_domain(&domain);
    assert_false(notification_standing(&subject, &found)); /* known from before the restart, but not why */
    domain.latest = result;
    assert_true(notification_standing(&subject, &found));
    assert_int_equal(found.state, CRIT);
    assert_int_equal(found.previous, CRIT);
    notification_fini(&found);
    subject.state = OK;
    assert_false(notification_standing(&subject, &found));
    notification_gone(&subject, &found);
    assert_true(found.gone);
    assert_int_equal(found.state, UNKNOWN);
    assert_int_equal(found.previous, CRIT);
    assert_int_equal(found.reason, REASON_NOT_CONFIGURED);
    notification_fini(&found);
    domain_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_of_domains), cmocka_unit_test(test_states_of_nodes),
        cmocka_unit_test(test_expiry),            cmocka_unit_test(test_rows),
        cmocka_unit_test(test_restarts),          cmocka_unit_test(test_rejection),
        cmocka_unit_test(test_standing_and_gone),
    };
    return cmocka_run_group_tests_name("notification", tests, NULL, NULL);
}
