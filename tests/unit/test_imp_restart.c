/* Whether the XCP Router waits for a restart: whose a notification is, what follows from rows and router, and how the
 * three sources stand side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "imp_scene.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define RESTART(node) "Cisco XCP Router : (" node ") requires a restart"

static const struct imp_expect EXPECT = {.federation = true};

/* Judges the round of node `ecup10`; the verdict is the caller's. */
static struct imp_verdict judge(struct imp_result *result, const struct imp_memory *before,
                                const struct imp_peer *peers, size_t peer_count)
{
    const struct imp_scene scene = {.name = "ecup10", .host = "ecup10.coluc.com", .expect = &EXPECT, .before = before,
                                    .peers = peers, .peer_count = peer_count};
    struct imp_verdict verdict;
    imp_judge(result, &scene, &verdict);
    return verdict;
}

static void a_notification_is_the_nodes_that_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *description;
        bool from_own, from_s, from_third; /* whether it is ecup10's when that node's page has it */
    } ROWS[] = {
        {RESTART("ecup10.coluc.com"), true, true, true},
        {RESTART("ECUP10.Coluc.com"), true, true, true},
        {RESTART("ecup10"), true, true, true},
        {RESTART("ecup10.other.example"), true, true, true}, /* the node's name is short */
        {RESTART("ecup10s.coluc.com"), false, false, false},
        {RESTART("ecup10s"), false, false, false},
        {RESTART("192.0.2.3"), false, false, false},
        {RESTART("third"), false, false, false},
        {RESTART("unheard.of"), true, false, false}, /* whoever's page it is */
        {"Cisco XCP Router requires a restart", true, false, false},
    };
    struct imp_memory *before = imp_memory_new();
    for (size_t i = 0; i < 3 * COUNT(ROWS); i++) {
        const size_t row = i / 3, reader = i % 3;
        struct imp_result *results[] = {imp_scene_round("a", 1), imp_scene_round("a", 1), imp_scene_round("a", 1)};
        imp_scene_notify(results[reader], XCP_SOURCE_PAGE, ROWS[row].description, NULL);
        const struct imp_peer peers[] = {
            {"ecup10s.coluc.com", NULL, NULL, results[1]},
            {"third", "192.0.2.3", NULL, results[2]},
            {"new", NULL, NULL, NULL},
        };
        struct imp_verdict verdict = judge(results[0], before, peers, COUNT(peers));
        const bool mine[] = {ROWS[row].from_own, ROWS[row].from_s, ROWS[row].from_third};
        if (verdict.notification_count != mine[reader])
            fail_msg("%s, seen by %zu", ROWS[row].description, reader);
        assert_int_equal(verdict.pending[XCP_SOURCE_PAGE], mine[reader] ? TRI_YES
                                                           : reader == 0 ? TRI_NO
                                                                         : TRI_UNKNOWN);
        imp_verdict_fini(&verdict);
        for (size_t j = 0; j < COUNT(results); j++)
            imp_result_free(results[j]);
    }
    imp_memory_free(before);
}

static void a_short_name_is_the_readers_before_another_nodes(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *own = imp_scene_round("a", 1), *other = imp_scene_round("a", 1);
    imp_scene_notify(own, XCP_SOURCE_PAGE, RESTART("ecup10"), "1");
    imp_scene_notify(other, XCP_SOURCE_PAGE, RESTART("ecup10"), "2");
    const struct imp_scene scene = {
        .name = "ecup10.coluc.com", .expect = &EXPECT, .before = before,
        .peers = &(struct imp_peer){"ecup10.other.example", NULL, NULL, other}, .peer_count = 1};
    struct imp_verdict verdict;
    imp_judge(own, &scene, &verdict);
    assert_int_equal(verdict.notification_count, 1);
    assert_string_equal(verdict.notifications[0].created, "1");
    imp_verdict_fini(&verdict);
    imp_result_free(own);
    imp_result_free(other);
    imp_memory_free(before);
}

static void two_full_names_must_be_equal(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *own = imp_scene_round("a", 1), *other = imp_scene_round("a", 1);
    imp_scene_notify(other, XCP_SOURCE_PAGE, RESTART("ecup10.other.example"), NULL);
    const struct imp_scene scene = {
        .name = "ecup10.coluc.com", .expect = &EXPECT, .before = before,
        .peers = &(struct imp_peer){"elsewhere.example", NULL, NULL, other}, .peer_count = 1};
    struct imp_verdict verdict;
    imp_judge(own, &scene, &verdict);
    assert_int_equal(verdict.notification_count, 0);
    imp_verdict_fini(&verdict);
    imp_result_free(own);
    imp_result_free(other);
    imp_memory_free(before);
}

static void each_notification_is_listed_once(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *own = imp_scene_round("a", 1), *other = imp_scene_round("a", 1);
    imp_scene_notify(own, XCP_SOURCE_PAGE, RESTART("ecup10"), "Jan 5");
    imp_scene_notify(own, XCP_SOURCE_PAGE, RESTART("ecup10"), "Jan 5");
    imp_scene_notify(own, XCP_SOURCE_QUERY, RESTART("ecup10"), "Jan 5");
    imp_scene_notify(own, XCP_SOURCE_PAGE, RESTART("ecup10"), "Jan 6");
    imp_scene_notify(own, XCP_SOURCE_PAGE, "Something else", "Jan 5");
    imp_scene_notify(own, XCP_SOURCE_PAGE, RESTART("ecup10"), NULL);
    imp_scene_notify(own, XCP_SOURCE_PAGE, RESTART("ecup10"), NULL);
    imp_scene_notify(other, XCP_SOURCE_PAGE, RESTART("ecup10"), "Jan 5");
    imp_scene_notify(other, XCP_SOURCE_PAGE, RESTART("ecup10"), "Jan 7");
    const struct imp_peer peer = {"ecup10s", "ecup10s.coluc.com", NULL, other};
    struct imp_verdict verdict = judge(own, before, &peer, 1);
    assert_int_equal(verdict.notification_count, 5);
    assert_string_equal(verdict.notifications[0].severity, "Warning");
    assert_string_equal(verdict.notifications[0].origin, "Cisco XCP Config Manager");
    assert_int_equal(verdict.notifications[0].count, 5);
    assert_string_equal(verdict.notifications[4].created, "Jan 7");
    assert_int_equal(verdict.pending[XCP_SOURCE_QUERY], TRI_YES); /* though it is listed as the page's */
    imp_verdict_fini(&verdict);
    imp_result_free(own);
    imp_result_free(other);
    imp_memory_free(before);
}

static void notifications_have_an_upper_limit(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *own = imp_scene_round("a", 1), *other[4];
    struct imp_peer peers[COUNT(other)];
    for (size_t i = 0; i < COUNT(other); i++) {
        other[i] = imp_scene_round("a", 1);
        peers[i] = (struct imp_peer){"other", NULL, NULL, other[i]};
        for (int j = 0; j < XCP_NOTIFICATIONS_MAX; j++) {
            char created[32];
            snprintf(created, sizeof created, "%zu %d", i, j);
            imp_scene_notify(other[i], XCP_SOURCE_PAGE, RESTART("ecup10"), created);
        }
    }
    struct imp_verdict verdict = judge(own, before, peers, COUNT(peers));
    assert_int_equal(verdict.notification_count, 2 * XCP_NOTIFICATIONS_MAX);
    imp_verdict_fini(&verdict);
    for (size_t i = 0; i < COUNT(other); i++)
        imp_result_free(other[i]);
    imp_result_free(own);
    imp_memory_free(before);
}

/* Times in seconds. Rows that change at most twice; what follows for a router that started at `start`. */
#define NEVER INT64_MIN
static int64_t ms(int64_t seconds)
{
    return seconds == NEVER ? TIME_ABSENT : 1000 * seconds;
}

static const struct {
    const char *rows[4]; /* read at 100, 200, 300 and 400; NULL: not read */
    int64_t start;
    enum tri pending;
} DERIVED[] = {
    /* first sight, no change, no start */
    {{NULL, NULL, NULL, "a"}, 50, TRI_UNKNOWN},
    {{"a", "a", "a", "a"}, 50, TRI_UNKNOWN},
    {{"a", "b", "b", "b"}, NEVER, TRI_UNKNOWN},
    /* one change, between 100 and 200 */
    {{"a", "b", "b", "b"}, 50, TRI_YES},
    {{"a", "b", "b", "b"}, 97, TRI_YES},
    {{"a", "b", "b", "b"}, 98, TRI_UNKNOWN},
    {{"a", "b", "b", "b"}, 150, TRI_UNKNOWN},
    {{"a", "b", "b", "b"}, 202, TRI_UNKNOWN},
    {{"a", "b", "b", "b"}, 203, TRI_NO},
    {{"a", "b", "b", "b"}, 390, TRI_NO},
    {{"", "b", "b", "b"}, 50, TRI_YES},  /* federation was switched on */
    {{"a", "", "", ""}, 50, TRI_YES},    /* and off */
    {{"a b", "b a", "a b", "b a"}, 50, TRI_UNKNOWN}, /* no change at all */
    /* the change lies in a gap between 200 and 400 */
    {{"a", "a", NULL, "b"}, 190, TRI_YES},
    {{"a", "a", NULL, "b"}, 300, TRI_UNKNOWN},
    /* the last round could not read: a restart that is due stays so, one that was made may not be the last */
    {{"a", "b", "b", NULL}, 50, TRI_YES},
    {{"a", "b", "b", NULL}, 390, TRI_UNKNOWN},
    /* two changes, between 100 and 200 and between 300 and 400 */
    {{"a", "b", "b", "c"}, 50, TRI_YES},      /* before both */
    {{"a", "b", "b", "c"}, 150, TRI_YES},     /* within the first: before the second, for certain */
    {{"a", "b", "b", "c"}, 250, TRI_YES},     /* took up the first, not the second */
    {{"a", "b", "b", "c"}, 350, TRI_UNKNOWN}, /* within the second */
    {{"a", "b", "b", "c"}, 403, TRI_NO},      /* took up both */
    {{"a", "b", "c", "c"}, 50, TRI_YES},      /* one right behind the other */
    {{"a", "b", "c", "c"}, 150, TRI_YES},
    {{"a", "b", "c", "c"}, 250, TRI_UNKNOWN},
    {{"a", "b", "a", "a"}, 50, TRI_YES}, /* back to what was: asks for a restart too */
};

static void derived_compares_the_routers_start_with_the_latest_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(DERIVED); i++) {
        struct imp_memory *memory = imp_memory_new();
        enum tri pending = TRI_UNKNOWN;
        for (size_t round = 0; round < 4; round++) {
            struct imp_result *result = imp_scene_round(DERIVED[i].rows[round], ms(100 * ((int64_t)round + 1)));
            check_result_set(&result->check[IMP_XCP_ROUTER], REASON_OK, NULL);
            result->router_start_ms = ms(DERIVED[i].start);
            struct imp_verdict verdict = judge(result, memory, NULL, 0);
            imp_memory_free(memory);
            memory = verdict.memory;
            verdict.memory = NULL;
            pending = verdict.pending[XCP_SOURCE_DERIVED];
            imp_verdict_fini(&verdict);
            imp_result_free(result);
        }
        if (pending != DERIVED[i].pending)
            fail_msg("row %zu: %d", i, (int)pending);
        imp_memory_free(memory);
    }
}

/* The clock was set back from 5,000 to 1,000 between the two rounds: nothing is certain in between. */
static void a_clock_that_was_set_back_raises_no_alarm(void **state)
{
    (void)state;
    static const struct {
        int64_t start;
        enum tri pending;
    } ROWS[] = {{900, TRI_YES}, {1100, TRI_UNKNOWN}, {4900, TRI_UNKNOWN}, {5100, TRI_NO}};
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct imp_memory *before = imp_memory_new();
        before->rows_seen_ms = ms(5000);
        struct imp_result *result = imp_scene_round("a", ms(1000));
        result->router_start_ms = ms(ROWS[i].start);
        struct imp_verdict verdict = judge(result, before, NULL, 0);
        assert_int_equal(verdict.pending[XCP_SOURCE_DERIVED], ROWS[i].pending);
        imp_verdict_fini(&verdict);
        imp_result_free(result);
        imp_memory_free(before);
    }
}

enum told { ABSENT, FAILED, QUIET, PENDING }; /* a source: not configured, not read, read without and with a restart */
enum derivation { NO_CENTER, NO_START, OLDER, NEWER, WITHIN };

/* Side by side. The rows changed between 1970-01-01T00:01:40Z and 00:03:20Z. */
static const struct {
    enum told page, query;
    enum derivation derived;
    enum reason reason;
    const char *detail; /* NULL: none */
} SOURCES[] = {
    {ABSENT, ABSENT, NO_CENTER, REASON_NOT_CONFIGURED, NULL},
    {ABSENT, ABSENT, NO_START, REASON_XCP_RESTART_UNKNOWN, "derived: unknown (the router's start time is not known)"},
    {ABSENT, ABSENT, OLDER, REASON_XCP_RESTART_PENDING,
     "derived: pending (the rows changed between 1970-01-01T00:01:40Z and 1970-01-01T00:03:20Z, the router started at "
     "1970-01-01T00:00:50Z)"},
    {ABSENT, ABSENT, NEWER, REASON_OK,
     "derived: not pending (the router started at 1970-01-01T00:04:10Z, the rows changed before "
     "1970-01-01T00:03:20Z)"},
    {ABSENT, ABSENT, WITHIN, REASON_XCP_RESTART_UNKNOWN,
     "derived: unknown (the router started at 1970-01-01T00:02:30Z, the rows changed between 1970-01-01T00:01:40Z and "
     "1970-01-01T00:03:20Z)"},
    {QUIET, ABSENT, NO_CENTER, REASON_OK, "page: not pending"},
    {QUIET, QUIET, NO_START, REASON_OK,
     "page: not pending; query: not pending; derived: unknown (the router's start time is not known)"},
    {PENDING, QUIET, NO_START, REASON_XCP_RESTART_PENDING,
     "page: pending (Cisco XCP Router : (ecup10) requires a restart); query: not pending; derived: unknown (the "
     "router's start time is not known)"},
    {QUIET, PENDING, NO_CENTER, REASON_XCP_RESTART_PENDING,
     "page: not pending; query: pending (Cisco XCP Router : (ecup10) requires a restart)"},
    {FAILED, QUIET, NO_CENTER, REASON_OK, "page: unknown (no table); query: not pending"},
    {FAILED, ABSENT, NO_CENTER, REASON_XCP_SOURCE_FAILED, "page: unknown (no table)"},
    {FAILED, ABSENT, NO_START, REASON_XCP_SOURCE_FAILED,
     "page: unknown (no table); derived: unknown (the router's start time is not known)"},
    {FAILED, FAILED, OLDER, REASON_XCP_RESTART_PENDING, NULL},
    {FAILED, FAILED, NEWER, REASON_OK, NULL},
    {QUIET, QUIET, OLDER, REASON_XCP_RESTART_PENDING, NULL},
    {PENDING, PENDING, NEWER, REASON_XCP_RESTART_PENDING, NULL},
};

static void set_source(struct imp_result *result, enum xcp_source source, enum told told)
{
    result->reading[source].configured = told != ABSENT;
    result->reading[source].read = told == QUIET || told == PENDING;
    if (told == FAILED)
        result->reading[source].fault = mem_strdup("no table");
    if (told == PENDING)
        imp_scene_notify(result, source, RESTART("ecup10"), "Jan 5");
}

static void any_source_that_says_pending_makes_it_so(void **state)
{
    (void)state;
    static const int64_t STARTS[] = {[NO_CENTER] = NEVER, [NO_START] = NEVER, [OLDER] = 50, [NEWER] = 250,
                                     [WITHIN] = 150};
    struct imp_memory *before = imp_memory_new();
    before->rows_seen_ms = ms(100);
    for (size_t i = 0; i < COUNT(SOURCES); i++) {
        struct imp_result *result = imp_scene_round("a", ms(200));
        set_source(result, XCP_SOURCE_PAGE, SOURCES[i].page);
        set_source(result, XCP_SOURCE_QUERY, SOURCES[i].query);
        if (SOURCES[i].derived != NO_CENTER)
            check_result_set(&result->check[IMP_XCP_ROUTER], REASON_OK, NULL);
        result->router_start_ms = ms(STARTS[SOURCES[i].derived]);
        struct imp_verdict verdict = judge(result, before, NULL, 0);
        const struct check_result *check = &result->check[IMP_XCP_RESTART];
        if (check->reason != SOURCES[i].reason)
            fail_msg("row %zu: %s", i, reason_info(check->reason)->code);
        if (SOURCES[i].detail != NULL)
            assert_string_equal(check->detail, SOURCES[i].detail);
        else if (SOURCES[i].reason == REASON_NOT_CONFIGURED)
            assert_null(check->detail);
        imp_verdict_fini(&verdict);
        imp_result_free(result);
    }
    imp_memory_free(before);
}

static void unchanged_rows_and_an_unread_table_are_told_of(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *result = imp_scene_round("a", ms(200));
    check_result_set(&result->check[IMP_XCP_ROUTER], REASON_OK, NULL);
    result->router_start_ms = ms(50);
    struct imp_verdict verdict = judge(result, before, NULL, 0);
    assert_string_equal(result->check[IMP_XCP_RESTART].detail,
                        "derived: unknown (the rows of the table have not changed since they were first seen)");
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    before->rows_seen_ms = before->rows_changed_ms = ms(40);
    before->rows_former_ms = ms(30);
    result = imp_scene_round(NULL, ms(200));
    check_result_set(&result->check[IMP_XCP_ROUTER], REASON_OK, NULL);
    result->router_start_ms = ms(50);
    verdict = judge(result, before, NULL, 0);
    assert_string_equal(result->check[IMP_XCP_RESTART].detail,
                        "derived: unknown (the router started at 1970-01-01T00:00:50Z, and the table could not be "
                        "read)");
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_memory_free(before);
}

static void a_long_notification_is_cut_and_says_where_it_was_seen(void **state)
{
    (void)state;
    char text[XCP_TEXT_MAX];
    int length = snprintf(text, sizeof text, "%s", RESTART("ecup10"));
    memset(text + length, 'x', sizeof text - (size_t)length);
    text[sizeof text - 1] = '\0';
    struct imp_memory *before = imp_memory_new();
    struct imp_result *own = imp_scene_round("a", 1), *other = imp_scene_round("a", 1);
    imp_scene_notify(other, XCP_SOURCE_PAGE, text, NULL);
    imp_scene_notify(other, XCP_SOURCE_QUERY, RESTART("ecup10") " in order. You can restart it here.", NULL);
    const struct imp_peer peer = {"ecup10s", NULL, NULL, other};
    struct imp_verdict verdict = judge(own, before, &peer, 1);
    char want[400];
    snprintf(want, sizeof want,
             "page: pending (seen at ecup10s: %.160s\u2026); query: pending (seen at ecup10s: " RESTART("ecup10")
             " in order)", text);
    assert_string_equal(own->check[IMP_XCP_RESTART].detail, want);
    imp_verdict_fini(&verdict);
    imp_result_free(own);
    imp_result_free(other);
    imp_memory_free(before);
}

static void what_the_probe_says_of_the_check_stays(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *result = imp_scene_round("a", 1);
    set_source(result, XCP_SOURCE_PAGE, PENDING);
    check_result_set(&result->check[IMP_XCP_RESTART], REASON_LOCAL_ERROR, "no");
    struct imp_verdict verdict = judge(result, before, NULL, 0);
    assert_int_equal(result->check[IMP_XCP_RESTART].reason, REASON_LOCAL_ERROR);
    assert_int_equal(verdict.pending[XCP_SOURCE_PAGE], TRI_YES);
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_memory_free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notification_is_the_nodes_that_it_names),
        cmocka_unit_test(a_short_name_is_the_readers_before_another_nodes),
        cmocka_unit_test(two_full_names_must_be_equal),
        cmocka_unit_test(each_notification_is_listed_once),
        cmocka_unit_test(notifications_have_an_upper_limit),
        cmocka_unit_test(derived_compares_the_routers_start_with_the_latest_change),
        cmocka_unit_test(a_clock_that_was_set_back_raises_no_alarm),
        cmocka_unit_test(any_source_that_says_pending_makes_it_so),
        cmocka_unit_test(unchanged_rows_and_an_unread_table_are_told_of),
        cmocka_unit_test(a_long_notification_is_cut_and_says_where_it_was_seen),
        cmocka_unit_test(what_the_probe_says_of_the_check_stays),
    };
    return cmocka_run_group_tests_name("imp_restart", tests, NULL, NULL);
}
