/* The rows of xmpps2snode: what is remembered of them, and the verdict; severity; and the node as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "imp_scene.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static char cluster[] = "eft";

/* A table, the other node's, and what follows. */
static const struct {
    bool federation;
    const char *expected; /* NULL: any */
    const char *rows;     /* NULL: not read */
    const char *other;    /* of another node of the cluster; NULL: not read */
    enum reason probe;    /* what the probe says of the check; not_run: nothing */
    enum reason reason;
    const char *detail;   /* NULL: none */
} TABLES[] = {
    {true, NULL, "a", NULL, REASON_NOT_RUN, REASON_OK, "a"},
    {true, NULL, "cm-2_s2scp-1.eft-xwye-a-coluc-com", NULL, REASON_NOT_RUN, REASON_OK,
     "cm-2_s2scp-1.eft-xwye-a-coluc-com (component s2scp-1 of cm-2 on eft-xwye-a-coluc-com)"},
    {true, "a b", "b a", "a b", REASON_NOT_RUN, REASON_OK, "b, a"},
    {true, NULL, NULL, "a", REASON_NOT_RUN, REASON_NOT_REACHED, NULL},
    {true, NULL, NULL, "a", REASON_S2SNODE_NO_TABLE, REASON_S2SNODE_NO_TABLE, NULL},
    {false, NULL, NULL, NULL, REASON_S2SNODE_NO_TABLE, REASON_S2SNODE_NO_TABLE, NULL},
    {true, NULL, "", "a", REASON_NOT_RUN, REASON_S2SNODE_EMPTY, "the table is empty"},
    {true, "a", "", NULL, REASON_NOT_RUN, REASON_S2SNODE_EMPTY, "the table is empty, and lacks a"},
    {true, "a b", "a c", "a", REASON_NOT_RUN, REASON_S2SNODE_MISSING, "the table lacks b"},
    {true, "a b c d e", "x", NULL, REASON_NOT_RUN, REASON_S2SNODE_MISSING, "the table lacks a, b, c and 2 more"},
    {true, "a", "a b", "a", REASON_NOT_RUN, REASON_S2SNODE_UNEXPECTED, "not expected: b"},
    {true, "a", "a b b", NULL, REASON_NOT_RUN, REASON_S2SNODE_UNEXPECTED, "not expected: b"},
    {true, "A", "a", NULL, REASON_NOT_RUN, REASON_S2SNODE_MISSING, "the table lacks A"},
    {true, NULL, "a b", "a c c d", REASON_NOT_RUN, REASON_S2SNODE_DIFFERS, "other also has c, d, and lacks b"},
    {true, NULL, "a b", "b", REASON_NOT_RUN, REASON_S2SNODE_DIFFERS, "other lacks a"},
    {true, NULL, "a", "", REASON_NOT_RUN, REASON_S2SNODE_DIFFERS, "other lacks a"},
    {true, NULL, "a", "a b", REASON_NOT_RUN, REASON_S2SNODE_DIFFERS, "other also has b"},
    {true, NULL, "a a b", "b a", REASON_NOT_RUN, REASON_OK, "a, b"},
    {false, NULL, "", "", REASON_NOT_RUN, REASON_OK, "the table is empty, as expected"},
    {false, "a", "", NULL, REASON_NOT_RUN, REASON_OK, "the table is empty, as expected"},
    {false, NULL, "a b", "a", REASON_NOT_RUN, REASON_S2SNODE_PRESENT, "a, b"},
    {false, "a", "a", NULL, REASON_NOT_RUN, REASON_S2SNODE_PRESENT, "a"},
    {false, NULL, "", "a", REASON_NOT_RUN, REASON_S2SNODE_DIFFERS, "other also has a"},
};

static void the_first_rule_that_holds_is_the_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(TABLES); i++) {
        struct imp_expect expect;
        imp_scene_expect(&expect, TABLES[i].federation, TABLES[i].expected);
        expect.cluster = cluster;
        struct imp_result *result = imp_scene_round(TABLES[i].rows, 1000);
        struct imp_result *latest = imp_scene_round(TABLES[i].other, 1000);
        check_result_set(&result->check[IMP_S2SNODE], TABLES[i].probe, NULL);
        struct imp_memory *before = imp_memory_new();
        const struct imp_peer peers[] = {{"new", NULL, "eft", NULL}, {"other", NULL, "eft", latest}};
        const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before, .peers = peers,
                                        .peer_count = COUNT(peers)};
        struct imp_verdict verdict;
        imp_judge(result, &scene, &verdict);
        const struct check_result *check = &result->check[IMP_S2SNODE];
        if (check->reason != TABLES[i].reason)
            fail_msg("row %zu: %s", i, reason_info(check->reason)->code);
        assert_int_equal(check->state, reason_info(check->reason)->state);
        if (TABLES[i].detail == NULL)
            assert_null(check->detail);
        else
            assert_string_equal(check->detail, TABLES[i].detail);
        imp_verdict_fini(&verdict);
        imp_memory_free(before);
        imp_result_free(result);
        imp_result_free(latest);
        imp_scene_expect_fini(&expect);
    }
}

static void only_nodes_of_one_cluster_are_compared(void **state)
{
    (void)state;
    static const struct {
        char *own;
        const char *other;
        enum reason reason;
    } ROWS[] = {
        {cluster, "eft", REASON_S2SNODE_DIFFERS}, {cluster, "EFT", REASON_OK}, {cluster, NULL, REASON_OK},
        {NULL, "eft", REASON_OK},                 {NULL, NULL, REASON_OK},
    };
    struct imp_memory *before = imp_memory_new();
    struct imp_result *latest = imp_scene_round("b", 1000);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const struct imp_expect expect = {.federation = true, .cluster = ROWS[i].own};
        const struct imp_peer peer = {"other", NULL, ROWS[i].other, latest};
        const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before, .peers = &peer,
                                        .peer_count = 1};
        struct imp_result *result = imp_scene_round("a", 1000);
        struct imp_verdict verdict;
        imp_judge(result, &scene, &verdict);
        assert_int_equal(result->check[IMP_S2SNODE].reason, ROWS[i].reason);
        imp_verdict_fini(&verdict);
        imp_result_free(result);
    }
    imp_result_free(latest);
    imp_memory_free(before);
}

static void a_few_of_the_nodes_that_differ_are_named(void **state)
{
    (void)state;
    struct imp_memory *before = imp_memory_new();
    struct imp_result *latest = imp_scene_round("b", 1000), *result = imp_scene_round("a", 1000);
    const struct imp_expect expect = {.federation = true, .cluster = cluster};
    const struct imp_peer peers[] = {
        {"p", NULL, "eft", latest}, {"q", NULL, "eft", latest}, {"r", NULL, "eft", latest},
        {"s", NULL, "eft", latest}, {"t", NULL, "eft", latest},
    };
    const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before, .peers = peers,
                                    .peer_count = COUNT(peers)};
    struct imp_verdict verdict;
    imp_judge(result, &scene, &verdict);
    assert_string_equal(result->check[IMP_S2SNODE].detail,
                        "p also has b, and lacks a; q also has b, and lacks a; r also has b, and lacks a; "
                        "2 more nodes differ");
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_result_free(latest);
    imp_memory_free(before);
}

/* Of each node "index:cp_id kind first_seen", and behind them "seen former changed last_index"; -1: absent. */
static char *describe(const struct imp_memory *memory)
{
    struct buf buf;
    buf_init(&buf, 65536);
    for (size_t i = 0; i < memory->node_count; i++) {
        const struct s2s_node *node = &memory->nodes[i];
        buf_printf(&buf, "%u:%s %s%s %d, ", (unsigned)node->index, node->cp_id, s2s_kind_name(node->kind),
                   node->in_table ? "" : "!", node->first_seen_ms == TIME_ABSENT ? -1 : (int)node->first_seen_ms);
    }
    buf_printf(&buf, "%d %d %d #%u", memory->rows_seen_ms == TIME_ABSENT ? -1 : (int)memory->rows_seen_ms,
               memory->rows_former_ms == TIME_ABSENT ? -1 : (int)memory->rows_former_ms,
               memory->rows_changed_ms == TIME_ABSENT ? -1 : (int)memory->rows_changed_ms,
               (unsigned)memory->last_index);
    char *text = buf_steal(&buf);
    buf_fini(&buf);
    return text;
}

/* One round after the other, each with the memory of the one before. */
static const struct {
    bool anew; /* nothing is remembered before it */
    const char *expected, *rows;
    int at;
    const char *memory;
} ROUNDS[] = {
    {true, NULL, NULL, 1, "-1 -1 -1 #0"},
    {false, NULL, "a", 2, "1:a present 2, 2 -1 -1 #1"}, /* first sight is no change */
    {false, NULL, "a", 3, "1:a present 2, 3 -1 -1 #1"},
    {false, NULL, "b a", 4, "1:a present 2, 2:b present 4, 4 3 4 #2"},
    {false, NULL, "a b b", 5, "1:a present 2, 2:b present 4, 5 3 4 #2"}, /* order and doubles are none either */
    {false, NULL, NULL, 6, "1:a present 2, 2:b present 4, 5 3 4 #2"},
    {false, NULL, "b", 7, "2:b present 4, 7 5 7 #2"},
    {false, NULL, "b a", 8, "2:b present 4, 3:a present 8, 8 7 8 #3"}, /* no index is given again */
    {false, NULL, "", 9, "9 8 9 #3"},
    {false, NULL, "", 10, "10 8 9 #3"},
    {false, NULL, "c", 11, "4:c present 11, 11 10 11 #4"},
    /* what is expected keeps its index while it is away */
    {true, "b", "a", 1, "1:a unexpected 1, 2:b missing! -1, 1 -1 -1 #2"},
    {false, "a b", "a", 2, "1:a present 1, 2:b missing! -1, 2 -1 -1 #2"},
    {false, "a b", "b", 3, "1:a missing! -1, 2:b present 3, 3 2 3 #2"},
    {false, "a b", "b a", 4, "1:a present 4, 2:b present 3, 4 3 4 #2"},
    {false, "a b", "", 5, "1:a missing! -1, 2:b missing! -1, 5 4 5 #2"},
    {false, "a", NULL, 6, "1:a missing! -1, 2:b missing! -1, 5 4 5 #2"},
    {false, "a", "", 7, "1:a missing! -1, 7 4 5 #2"},
    {false, "a b", "b", 8, "1:a missing! -1, 3:b present 8, 8 7 8 #3"},
    {false, "c c", "b b", 9, "3:b unexpected 8, 4:c missing! -1, 9 7 8 #4"},
};

static void rows_are_remembered_from_round_to_round(void **state)
{
    (void)state;
    struct imp_memory *memory = NULL;
    for (size_t i = 0; i < COUNT(ROUNDS); i++) {
        if (ROUNDS[i].anew) {
            imp_memory_free(memory);
            memory = imp_memory_new();
        }
        struct imp_expect expect;
        imp_scene_expect(&expect, true, ROUNDS[i].expected);
        struct imp_result *result = imp_scene_round(ROUNDS[i].rows, ROUNDS[i].at);
        const struct imp_scene scene = {.name = "own", .expect = &expect, .before = memory};
        struct imp_verdict verdict;
        imp_judge(result, &scene, &verdict);
        imp_memory_free(memory);
        memory = verdict.memory;
        verdict.memory = NULL;
        imp_verdict_fini(&verdict);
        char *text = describe(memory);
        if (strcmp(text, ROUNDS[i].memory) != 0)
            fail_msg("round %zu: %s, not %s", i, text, ROUNDS[i].memory);
        free(text);
        imp_result_free(result);
        imp_scene_expect_fini(&expect);
    }
    imp_memory_free(memory);
    imp_memory_free(NULL);
}

static void rows_are_unexpected_where_none_should_be(void **state)
{
    (void)state;
    struct imp_expect expect;
    imp_scene_expect(&expect, false, "a c");
    struct imp_memory *before = imp_memory_new();
    struct imp_result *result = imp_scene_round("a b", 1);
    const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before};
    struct imp_verdict verdict;
    imp_judge(result, &scene, &verdict);
    char *text = describe(verdict.memory);
    assert_string_equal(text, "1:a unexpected 1, 2:b unexpected 1, 1 -1 -1 #2");
    free(text);
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_memory_free(before);
    imp_scene_expect_fini(&expect);
}

static void rows_count_from_when_they_were_read(void **state)
{
    (void)state;
    const struct imp_expect expect = {.federation = true};
    struct imp_memory *before = imp_memory_new();
    struct imp_result *result = imp_scene_round("", 9000);
    imp_result_add_row(result, "a", "055c13d9-943d-459d-a3c6-af1d1176936d");
    result->rows_read_ms = 4000;
    const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before};
    struct imp_verdict verdict;
    imp_judge(result, &scene, &verdict);
    assert_int_equal(verdict.memory->rows_seen_ms, 4000);
    assert_int_equal(verdict.memory->nodes[0].first_seen_ms, 4000);
    assert_string_equal(verdict.memory->nodes[0].pkid, "055c13d9-943d-459d-a3c6-af1d1176936d");
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_memory_free(before);
}

static void rows_beyond_those_kept_are_told_of(void **state)
{
    (void)state;
    const struct imp_expect expect = {.federation = true};
    struct imp_memory *before = imp_memory_new();
    struct imp_result *result = imp_scene_round("", 1);
    for (int i = 0; i < 100000; i++) {
        char cp_id[32];
        snprintf(cp_id, sizeof cp_id, "row-%d", i);
        imp_result_add_row(result, cp_id, NULL);
    }
    const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before};
    struct imp_verdict verdict;
    imp_judge(result, &scene, &verdict);
    assert_string_equal(result->check[IMP_S2SNODE].detail,
                        "row-0, row-1, row-2 and 253 more (of 100000 rows only the first 256 were looked at)");
    assert_int_equal(verdict.memory->node_count, S2S_ROWS_MAX);
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_memory_free(before);
}

static void severity_changes_every_check(void **state)
{
    (void)state;
    struct severity_rule rules[] = {{REASON_AXL_THROTTLED, STATE_OK},
                                    {REASON_S2SNODE_EMPTY, STATE_WARNING},
                                    {REASON_XCP_RESTART_UNKNOWN, STATE_WARNING},
                                    {REASON_XCP_SOURCE_FAILED, STATE_CRITICAL}};
    const struct severity all = {rules, COUNT(rules), NULL}, own = {NULL, 0, &all};
    const struct imp_expect expect = {.federation = true};
    struct imp_memory *before = imp_memory_new();
    struct imp_result *result = imp_scene_round("", 1);
    check_result_set(&result->check[IMP_AXL], REASON_AXL_THROTTLED, NULL);
    check_result_set(&result->check[IMP_XCP_ROUTER], REASON_XCP_SOURCE_FAILED, NULL);
    const struct imp_scene scene = {.name = "own", .expect = &expect, .before = before, .severity = &own};
    struct imp_verdict verdict;
    imp_judge(result, &scene, &verdict);
    assert_int_equal(result->check[IMP_AXL].state, STATE_OK);
    assert_int_equal(result->check[IMP_S2SNODE].state, STATE_WARNING);
    assert_int_equal(result->check[IMP_XCP_RESTART].reason, REASON_XCP_RESTART_UNKNOWN);
    assert_int_equal(result->check[IMP_XCP_RESTART].state, STATE_WARNING);
    assert_int_equal(result->check[IMP_XCP_ROUTER].state, STATE_CRITICAL);
    imp_verdict_fini(&verdict);
    imp_result_free(result);
    imp_memory_free(before);
}

static void a_node_is_its_worst_check(void **state)
{
    (void)state;
    static const struct {
        enum reason check[IMP_CHECK_COUNT];
        enum state node;
        enum imp_check worst;
    } ROWS[] = {
        {{REASON_OK, REASON_OK, REASON_OK, REASON_OK}, STATE_OK, IMP_AXL},
        {{REASON_OK, REASON_S2SNODE_DIFFERS, REASON_OK, REASON_OK}, STATE_WARNING, IMP_S2SNODE},
        {{REASON_AXL_THROTTLED, REASON_S2SNODE_DIFFERS, REASON_OK, REASON_OK}, STATE_WARNING, IMP_AXL},
        {{REASON_AXL_THROTTLED, REASON_NOT_REACHED, REASON_XCP_RESTART_PENDING, REASON_OK}, STATE_CRITICAL,
         IMP_XCP_RESTART},
        {{REASON_OK, REASON_OK, REASON_OK, REASON_XCP_ROUTER_STOPPED}, STATE_CRITICAL, IMP_XCP_ROUTER},
        {{REASON_OK, REASON_OK, REASON_XCP_RESTART_UNKNOWN, REASON_OK}, STATE_OK, IMP_AXL},
        {{REASON_OK, REASON_OK, REASON_XCP_SOURCE_FAILED, REASON_OK}, STATE_UNKNOWN, IMP_XCP_RESTART},
        {{REASON_OK, REASON_OK, REASON_NOT_CONFIGURED, REASON_NOT_CONFIGURED}, STATE_OK, IMP_AXL},
        {{REASON_NOT_CONFIGURED, REASON_OK, REASON_XCP_RESTART_UNKNOWN, REASON_NOT_APPLICABLE}, STATE_OK,
         IMP_S2SNODE},
        {{REASON_NOT_CONFIGURED, REASON_NOT_CONFIGURED, REASON_XCP_RESTART_UNKNOWN, REASON_NOT_CONFIGURED},
         STATE_UNKNOWN, IMP_AXL},
        {{REASON_NOT_RUN, REASON_NOT_RUN, REASON_NOT_RUN, REASON_NOT_RUN}, STATE_UNKNOWN, IMP_AXL},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct imp_result *result = imp_result_new();
        for (int check = 0; check < IMP_CHECK_COUNT; check++)
            check_result_set(&result->check[check], ROWS[i].check[check], NULL);
        enum imp_check worst = IMP_CHECK_COUNT;
        assert_int_equal(combine_imp(result, &worst), ROWS[i].node);
        assert_int_equal(worst, ROWS[i].worst);
        imp_result_free(result);
    }
}

static void an_unknown_restart_counts_where_the_configuration_says_so(void **state)
{
    (void)state;
    struct imp_result *result = imp_result_new();
    for (int check = 0; check < IMP_CHECK_COUNT; check++)
        check_result_set(&result->check[check], REASON_OK, NULL);
    check_result_set(&result->check[IMP_XCP_RESTART], REASON_XCP_RESTART_UNKNOWN, NULL);
    result->check[IMP_XCP_RESTART].state = STATE_WARNING;
    enum imp_check worst = IMP_CHECK_COUNT;
    assert_int_equal(combine_imp(result, &worst), STATE_WARNING);
    assert_int_equal(worst, IMP_XCP_RESTART);
    imp_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_holds_is_the_verdict),
        cmocka_unit_test(only_nodes_of_one_cluster_are_compared),
        cmocka_unit_test(a_few_of_the_nodes_that_differ_are_named),
        cmocka_unit_test(rows_are_remembered_from_round_to_round),
        cmocka_unit_test(rows_are_unexpected_where_none_should_be),
        cmocka_unit_test(rows_count_from_when_they_were_read),
        cmocka_unit_test(rows_beyond_those_kept_are_told_of),
        cmocka_unit_test(severity_changes_every_check),
        cmocka_unit_test(a_node_is_its_worst_check),
        cmocka_unit_test(an_unknown_restart_counts_where_the_configuration_says_so),
    };
    return cmocka_run_group_tests_name("imp_judge", tests, NULL, NULL);
}
