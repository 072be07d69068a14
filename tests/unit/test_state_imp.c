/* What outlives a restart and a reload of nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/store_scene.h"

/* Every test has the folder "state" for itself. */
static int remove_state(void **state)
{
    (void)state;
    scene_let_go();
    scene_remove("state");
    return 0;
}

static void indexes_stay_with_their_nodes(void **state)
{
    (void)state;
    static const struct {
        const char *letters;
        uint32_t index[4]; /* in the order of the nodes' letters */
    } starts[] = {{"zy/abc", {1, 2, 3}}, {"a/cab", {3, 1, 2}}, {"/d", {4}}, {"/bead", {2, 5, 1, 4}},
                  {"abc", {0}},          {"/fc", {6, 3}}};
    for (size_t start = 0; start < sizeof starts / sizeof *starts; start++) {
        struct store *store = scene_store(starts[start].letters, 1, "state");
        assert_int_equal(store_saved(store), TRI_YES);
        const char *nodes = strchr(starts[start].letters, '/');
        for (size_t i = 0; nodes != NULL && nodes[i + 1] != '\0'; i++)
            assert_int_equal(scene_imp(store, nodes[i + 1])->index, starts[start].index[i]);
        store_free(store);
    }
    struct store *store = scene_store("acyz", 1, "state"); /* and domains have theirs */
    assert_int_equal(scene_status(store, 'z')->index, 1);
    assert_int_equal(scene_status(store, 'y')->index, 2);
    assert_int_equal(scene_status(store, 'a')->index, 3);
    assert_int_equal(scene_status(store, 'c')->index, 5);
    store_free(store);
}

static void names_are_told_apart_by_their_case(void **state)
{
    (void)state;
    static const char *const names[] = {"cups", "CUPS", "Cups"};
    for (int restart = 0; restart < 2; restart++) {
        struct config *config = scene_config_new(0, 3, 1);
        for (int i = 0; i < 3; i++)
            config->imp_nodes[i].name = mem_strdup(names[(i + restart) % 3]);
        struct store *store = store_new(config, "state");
        struct snapshot *snapshot = store_snapshot(store);
        for (int i = 0; i < 3; i++)
            assert_string_equal(snapshot_status(snapshot)->imp[i]->name, names[i]);
        snapshot_free(snapshot);
        store_free(store);
    }
}

static void snapshots_are_in_the_order_of_indexes(void **state)
{
    (void)state;
    store_free(scene_store("/abcd", 1, "state"));
    struct store *store = scene_store("/dbca", 1, "state");
    store_put_imp(store, 0, scene_imp_round("", 1)); /* the position is that in the configuration */
    struct snapshot *snapshot = store_snapshot(store);
    for (size_t i = 0; i < 4; i++) {
        const struct imp_status *imp = snapshot_status(snapshot)->imp[i];
        assert_int_equal(imp->index, i + 1);
        assert_int_equal(imp->name[0], 'a' + (int)i);
        assert_int_equal(imp->state, i == 3 ? STATE_CRITICAL : STATE_UNKNOWN);
    }
    snapshot_free(snapshot);
    store_free(store);
}

#define EMPTY_AT_3 "3 s2snode ok>critical s2snode_empty, 3 node ok>critical s2snode_empty"

/* Rows at 1, none from 2 on, as confirmed at 3. */
static void empty_once(struct store *store, size_t node)
{
    store_put_imp(store, node, scene_imp_round("xy", 1));
    store_put_imp(store, node, scene_imp_round("", 2));
    store_put_imp(store, node, scene_imp_round("", 3));
}

static void since_and_history_are_taken_over(void **state)
{
    (void)state;
    struct store *store = scene_store("a/a", 2, "state");
    empty_once(store, 0);
    store_free(store);
    store = scene_store("a/a", 2, "state");
    const struct imp_status *imp = scene_imp(store, 'a');
    assert_int_equal(imp->state, STATE_UNKNOWN);
    assert_int_equal(imp->check[IMP_S2SNODE].result.reason, REASON_NOT_RUN);
    assert_true(imp->since_ms == TIME_ABSENT);
    assert_null(imp->latest);
    assert_string_equal(scene_imp_history(store, 'a'), EMPTY_AT_3);
    assert_string_equal(scene_history(store, 'a'), "");

    assert_false(store_put_imp(store, 0, scene_imp_round("", 11))); /* as before: nothing to confirm */
    assert_int_equal(scene_imp(store, 'a')->since_ms, 3);
    assert_true(store_put_imp(store, 0, scene_imp_round("x", 12)));
    assert_false(store_put_imp(store, 0, scene_imp_round("x", 13)));
    assert_string_equal(scene_imp_history(store, 'a'),
                        EMPTY_AT_3 ", 13 s2snode critical>ok ok, 13 node critical>ok ok");
    store_free(store);
}

static void memory_is_taken_over(void **state)
{
    (void)state;
    struct store *store = scene_store("/a", 1, "state");
    store_put_imp(store, 0, scene_imp_round("xy", 1));
    store_put_imp(store, 0, scene_imp_round("xy", 2)); /* no news but that they are still there */
    store_free(store);
    store = scene_store("/a", 1, "state");
    assert_string_equal(scene_memory(store, 'a'), "1:x present@1, 2:y present@1 seen 2 changed -1 former -1");
    assert_string_equal(scene_imp(store, 'a')->verdict.memory->nodes[1].pkid, "pkid-y");
    assert_int_equal(scene_imp(store, 'a')->verdict.memory->last_index, 2);
    store_put_imp(store, 0, scene_imp_round("yz", 11));
    assert_string_equal(scene_memory(store, 'a'), "2:y present@1, 3:z present@11 seen 11 changed 11 former 2");
    store_put_imp(store, 0, scene_imp_round(NULL, 12));
    store_free(store);
    store = scene_store("/a", 1, "state");
    assert_string_equal(scene_memory(store, 'a'), "2:y present@1, 3:z present@11 seen 11 changed 11 former 2");
    store_put_imp(store, 0, scene_imp_round("yz", 21));
    assert_string_equal(scene_memory(store, 'a'), "2:y present@1, 3:z present@11 seen 21 changed 11 former 2");
    store_free(store);
}

/* One that looks on beside the agent knows what that saw, takes nothing from it and leaves nothing behind. */
static void who_looks_on_changes_nothing(void **state)
{
    (void)state;
    struct store *store = scene_store("x/ba", 1, "state");
    store_put_imp(store, 1, scene_imp_round("xy", 1));
    store_free(store);
    store = scene_store("x/ba", 1, "state");
    struct store *beside = store_new_beside(scene_config("/a", 1), "state");
    assert_string_equal(scene_memory(beside, 'a'), "1:x present@1, 2:y present@1 seen 1 changed -1 former -1");
    assert_int_equal(scene_imp(beside, 'a')->index, 2);
    store_put_imp(beside, 0, scene_imp_round("yz", 11));
    assert_string_equal(scene_memory(beside, 'a'), "2:y present@1, 3:z present@11 seen 11 changed 11 former 1");
    assert_int_equal(store_saved(beside), TRI_UNKNOWN);
    store_free(beside);
    assert_int_equal(store_saved(store), TRI_YES);
    store_free(store);
    store = scene_store("x/ba", 1, "state");
    assert_string_equal(scene_memory(store, 'a'), "1:x present@1, 2:y present@1 seen 1 changed -1 former -1");
    store_free(store);
    scene_remove("state");
    static const char *const folders[] = {"state", NULL};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        beside = store_new_beside(scene_config("/a", 1), folders[i]);
        assert_string_equal(scene_memory(beside, 'a'), " seen -1 changed -1 former -1");
        store_free(beside);
    }
    assert_int_not_equal(access("state", F_OK), 0);
}

static void what_is_missing_keeps_its_index(void **state)
{
    (void)state;
    static char x[] = "x", w[] = "w", *expected[] = {x, w};
    for (int restart = 0; restart < 2; restart++) {
        struct config *config = scene_config("/a", 1);
        config->imp_nodes[0].expect.s2s_nodes = expected;
        config->imp_nodes[0].expect.s2s_node_count = 2;
        struct store *store = store_new(config, "state");
        if (restart == 0)
            store_put_imp(store, 0, scene_imp_round("xy", 1));
        assert_string_equal(scene_memory(store, 'a'),
                            "1:x present@1, 2:y unexpected@1, 3:w missing@-1 seen 1 changed -1 former -1");
        store_free(store);
    }
}

/* No cp_id's index is another's later, in whatever way it was forgotten. */
static void a_node_that_was_away_starts_anew(void **state)
{
    (void)state;
    struct store *store = scene_store("/ab", 2, "state");
    empty_once(store, 0);
    store_free(store);
    store_free(scene_store("/b", 2, "state"));
    store = scene_store("/a", 2, "state");
    assert_int_equal(scene_imp(store, 'a')->index, 1);
    assert_string_equal(scene_imp_history(store, 'a'), "");
    assert_string_equal(scene_memory(store, 'a'), " seen -1 changed -1 former -1");
    store_put_imp(store, 0, scene_imp_round("x", 11));
    assert_string_equal(scene_memory(store, 'a'), "3:x present@11 seen 11 changed -1 former -1");
    store_reload(store, scene_config("/b", 2));
    store_reload(store, scene_config("/ba", 2));
    store_put_imp(store, 1, scene_imp_round("x", 12));
    assert_string_equal(scene_memory(store, 'a'), "4:x present@12 seen 12 changed -1 former -1");
    store_free(store);
}

static void a_reload_keeps_what_stays(void **state)
{
    (void)state;
    struct store *store = scene_store("a/abc", 2, "state");
    for (size_t i = 0; i < 3; i++)
        empty_once(store, i);
    struct config *config = scene_config("ba/eBa", 3);
    store_reserve(store, config);
    store_reload(store, config);
    struct snapshot *after = store_snapshot(store);
    const struct status *status = snapshot_status(after);
    assert_int_equal(status->imp_count, 3);
    assert_string_equal(status->imp[2]->name, "e.example");
    assert_int_equal(status->imp[2]->index, 4);
    assert_int_equal(status->imp[2]->state, STATE_UNKNOWN);
    assert_int_equal(status->imp[1]->index, 2);
    assert_int_equal(status->imp[1]->state, STATE_CRITICAL);
    assert_int_equal(status->imp[1]->since_ms, 3);
    assert_int_equal(status->imp[1]->check[IMP_AXL].runs_total, 3);
    assert_int_equal(status->imp[1]->check[IMP_AXL].interval_ms, 90000); /* at once */
    assert_non_null(status->imp_causes[1]);
    assert_string_equal(scene_imp_history(store, 'b'), EMPTY_AT_3);
    assert_string_equal(scene_memory(store, 'b'), " seen 3 changed 2 former 1");

    assert_true(store_put_imp(store, 1, scene_imp_round("x", 11))); /* now of b, and confirmed by three */
    assert_true(store_put_imp(store, 1, scene_imp_round("x", 12)));
    assert_false(store_put_imp(store, 1, scene_imp_round("x", 13)));
    assert_int_equal(scene_imp(store, 'b')->since_ms, 13);
    assert_string_equal(scene_memory(store, 'b'), "3:x present@11 seen 13 changed 11 former 3");
    store_free(store);
    snapshot_free(after);
}

static void new_expectations_hold_from_the_next_round_on(void **state)
{
    (void)state;
    static char x[] = "x", w[] = "w", *expected[] = {w, x};
    struct store *store = scene_store("/a", 1, "state");
    store_put_imp(store, 0, scene_imp_round("xy", 1));
    struct config *config = scene_config("/a", 1);
    config->imp_nodes[0].expect.s2s_nodes = expected;
    config->imp_nodes[0].expect.s2s_node_count = 2;
    store_reload(store, config);
    assert_int_equal(scene_imp(store, 'a')->state, STATE_OK);
    assert_string_equal(scene_memory(store, 'a'), "1:x present@1, 2:y present@1 seen 1 changed -1 former -1");
    store_put_imp(store, 0, scene_imp_round("xy", 2));
    assert_int_equal(scene_imp(store, 'a')->check[IMP_S2SNODE].result.reason, REASON_S2SNODE_MISSING);
    assert_string_equal(scene_memory(store, 'a'),
                        "1:x present@1, 2:y unexpected@1, 3:w missing@-1 seen 2 changed -1 former -1");
    store_free(store);
}

static void many_reloads_without_a_round_hold_on_to_nothing(void **state)
{
    (void)state;
    struct store *store = scene_store("/ab", 2, NULL);
    store_put_imp(store, 0, scene_imp_round("xy", 1));
    for (int i = 0; i < 1000; i++) {
        store_reload(store, scene_config(i % 2 ? "/a" : "/cA", 2));
        if (i % 2 != 0) {
            assert_string_equal(scene_memory(store, 'a'), "1:x present@1, 2:y present@1 seen 1 changed -1 former -1");
            assert_int_equal(scene_imp(store, 'a')->index, 1);
        } else {
            store_reload(store, scene_config("/A", 2));
        }
    }
    store_free(store); /* the sanitizers and valgrind say the rest */
}

static bool state_has(const char *text)
{
    size_t length;
    char *state = scene_read("state/state.jsonl", &length);
    bool has = strstr(state, text) != NULL;
    free(state);
    return has;
}

static void what_was_shown_is_on_disk(void **state)
{
    (void)state;
    struct store *store = scene_store("/ab", 1, "state");
    assert_true(state_has("\"imp\":\"b.example\",\"index\":2"));
    store_reserve(store, scene_config("/bxy", 1));
    assert_true(state_has("\"imp\":\"y.example\",\"index\":4"));
    assert_true(state_has("\"imp\":\"a.example\",\"index\":1"));
    assert_false(state_has("\"name\""));
    store_free(store);
}

static void the_thread_saves_when_rows_were_seen(void **state)
{
    (void)state;
    struct store *store = scene_store("/a", 1, "state");
    store_put_imp(store, 0, scene_imp_round("x", 12345));
    for (int i = 0; i < 3000 && !state_has("\"rows_seen\":12345"); i++)
        usleep(10000);
    store_put_imp(store, 0, scene_imp_round("x", 23456));
    for (int i = 0; i < 3000 && !state_has("\"rows_seen\":23456"); i++)
        usleep(10000);
    assert_true(state_has("[1,\"x\",\"pkid-x\",\"present\",12345]"));
    assert_true(state_has("\"rows_seen\":23456"));
    store_free(store);
}

/* As a fedhealth wrote it that knew no nodes. */
static void a_state_without_nodes_is_taken_over(void **state)
{
    (void)state;
    store_free(scene_store("ab", 1, "state"));
    assert_true(state_has("\"version\":1}"));
    assert_false(state_has("\"imp\""));
    struct store *store = scene_store("b/b", 1, "state");
    assert_int_equal(scene_status(store, 'b')->index, 2);
    assert_int_equal(scene_imp(store, 'b')->index, 1);
    assert_int_equal(scene_count("state", "state.jsonl.damaged"), 0);
    store_free(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_state)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(indexes_stay_with_their_nodes),
        TEST(names_are_told_apart_by_their_case),
        TEST(snapshots_are_in_the_order_of_indexes),
        TEST(since_and_history_are_taken_over),
        TEST(memory_is_taken_over),
        TEST(who_looks_on_changes_nothing),
        TEST(what_is_missing_keeps_its_index),
        TEST(a_node_that_was_away_starts_anew),
        TEST(a_reload_keeps_what_stays),
        TEST(new_expectations_hold_from_the_next_round_on),
        TEST(many_reloads_without_a_round_hold_on_to_nothing),
        TEST(what_was_shown_is_on_disk),
        TEST(the_thread_saves_when_rows_were_seen),
        TEST(a_state_without_nodes_is_taken_over),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
