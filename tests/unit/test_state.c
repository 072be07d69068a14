/* What outlives a restart and a reload, and what happens where it cannot be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_scene.h"

#define AUTH_FAILED(at) scene_round(CHECK_AUTH, REASON_AUTH_NOT_OFFERED, at)
#define FAILED_AT_3 "3 auth ok>critical auth_not_offered, 3 domain ok>critical auth_not_offered"

/* Every test has the folder "state" for itself. */
static int remove_state(void **state)
{
    (void)state;
    scene_let_go();
    scene_remove("state");
    return 0;
}

/* Domain a: ok at 1, critical as confirmed at 3. */
static void fail_once(struct store *store, size_t at)
{
    store_put(store, at, scene_good_round(1));
    store_put(store, at, AUTH_FAILED(2));
    store_put(store, at, AUTH_FAILED(3));
}

static void indexes_stay_with_their_domains(void **state)
{
    (void)state;
    static const struct {
        const char *letters;
        uint32_t index[4]; /* in the order of the letters */
    } starts[] = {{"abc", {1, 2, 3}},     {"cab", {3, 1, 2}}, {"d", {4}},
                  {"bead", {2, 5, 1, 4}}, {"", {0}},          {"fc", {6, 3}}};
    for (size_t start = 0; start < sizeof starts / sizeof *starts; start++) {
        struct store *store = scene_store(starts[start].letters, 1, "state");
        assert_int_equal(store_saved(store), TRI_YES);
        for (size_t i = 0; starts[start].letters[i] != '\0'; i++)
            assert_int_equal(scene_status(store, starts[start].letters[i])->index, starts[start].index[i]);
        store_free(store);
    }
}

static void snapshots_are_in_the_order_of_indexes(void **state)
{
    (void)state;
    store_free(scene_store("abcd", 1, "state"));
    struct store *store = scene_store("dbca", 1, "state");
    store_put(store, 0, AUTH_FAILED(1)); /* the position is that in the configuration */
    struct snapshot *snapshot = store_snapshot(store);
    for (size_t i = 0; i < 4; i++) {
        const struct domain_status *domain = snapshot_status(snapshot)->domains[i];
        assert_int_equal(domain->index, i + 1);
        assert_int_equal(domain->name[0], 'a' + (int)i);
        assert_int_equal(domain->state, i == 3 ? STATE_CRITICAL : STATE_UNKNOWN);
    }
    snapshot_free(snapshot);
    store_free(store);
}

static void since_and_history_are_taken_over(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 2, "state");
    fail_once(store, 0);
    store_free(store);
    store = scene_store("a", 2, "state");
    const struct domain_status *domain = scene_status(store, 'a');
    assert_int_equal(domain->state, STATE_UNKNOWN);
    assert_int_equal(domain->check[CHECK_AUTH].result.reason, REASON_NOT_RUN);
    assert_true(domain->since_ms == TIME_ABSENT);
    assert_true(domain->check[CHECK_AUTH].last_change_ms == TIME_ABSENT);
    assert_string_equal(scene_history(store, 'a'), FAILED_AT_3);

    assert_false(store_put(store, 0, AUTH_FAILED(11))); /* as before: nothing to confirm */
    domain = scene_status(store, 'a');
    assert_int_equal(domain->since_ms, 3);
    assert_int_equal(domain->check[CHECK_AUTH].last_change_ms, 3);
    assert_true(domain->check[CHECK_SRV].last_change_ms == TIME_ABSENT);
    assert_int_equal(domain->check[CHECK_AUTH].runs_total, 1);
    assert_string_equal(scene_history(store, 'a'), FAILED_AT_3);
    store_free(store);
}

static void another_state_than_before_is_a_transition(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 2, "state");
    fail_once(store, 0);
    store_free(store);
    for (int restart = 0; restart < 3; restart++) { /* never confirmed, so never forgotten */
        store = scene_store("a", 2, "state");
        assert_true(store_put(store, 0, scene_good_round(11)));
        assert_int_equal(scene_status(store, 'a')->since_ms, 3);
        assert_true(scene_status(store, 'a')->unconfirmed);
        assert_string_equal(scene_history(store, 'a'), FAILED_AT_3);
        if (restart < 2)
            store_free(store);
    }
    assert_false(store_put(store, 0, scene_good_round(12)));
    assert_int_equal(scene_status(store, 'a')->since_ms, 12);
    assert_false(scene_status(store, 'a')->unconfirmed);
    assert_int_equal(scene_status(store, 'a')->check[CHECK_AUTH].last_change_ms, 12);
    assert_string_equal(scene_history(store, 'a'), FAILED_AT_3 ", 12 auth critical>ok ok, 12 domain critical>ok ok");
    store_free(store);
}

static void a_known_ok_fails_from_ok(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 2, "state");
    store_put(store, 0, scene_good_round(1));
    store_free(store);
    store = scene_store("a", 2, "state");
    assert_true(store_put(store, 0, AUTH_FAILED(2)));
    store_put(store, 0, AUTH_FAILED(3));
    assert_string_equal(scene_history(store, 'a'), FAILED_AT_3);
    store_free(store);
}

static void endpoints_are_taken_over(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 2, "state");
    store_put(store, 0, scene_endpoint(scene_endpoint(scene_good_round(1), "x", "192.0.2.1"), "x", "2001:db8::1"));
    store_free(store);
    store_free(scene_store("b", 2, "state")); /* not configured for a while: then only the counter lives on */
    store = scene_store("ab", 2, "state");
    store_put(store, 0, scene_endpoint(scene_good_round(2), "x", "192.0.2.1"));
    assert_string_equal(scene_endpoints(store, 'a'), "3:x/192.0.2.1");
    store_free(store);
    for (int restart = 0; restart < 2; restart++) {
        store = scene_store("ab", 2, "state");
        struct domain_result *result = scene_endpoint(scene_good_round(3), "new", "192.0.2.9");
        store_put(store, 0, scene_endpoint(result, "x", "192.0.2.1"));
        assert_string_equal(scene_endpoints(store, 'a'), "3:x/192.0.2.1 4:new/192.0.2.9");
        store_free(store);
    }
}

static void note_lapsed(void *arg, const struct subject *subject)
{
    snprintf(arg, 64, "%u:%s %s", subject->index, subject->name, state_name(subject->confirmed));
}

static void a_domain_that_was_away_starts_anew(void **state)
{
    (void)state;
    char lapsed[64] = "";
    struct store *store = scene_store("ab", 2, "state");
    fail_once(store, 0);
    store_tell_lapsed(store, note_lapsed, lapsed);
    assert_string_equal(lapsed, "");
    store_free(store);
    store = scene_store("b", 2, "state");
    store_tell_lapsed(store, note_lapsed, lapsed);
    assert_string_equal(lapsed, "1:a.example critical");
    lapsed[0] = '\0';
    store_tell_lapsed(store, note_lapsed, lapsed);
    assert_string_equal(lapsed, "");
    store_free(store);
    store = scene_store("a", 2, "state");
    assert_int_equal(scene_status(store, 'a')->index, 1);
    assert_string_equal(scene_history(store, 'a'), "");
    assert_false(store_put(store, 0, scene_good_round(11)));
    store_free(store);
}

static void a_reload_keeps_what_stays(void **state)
{
    (void)state;
    struct store *store = scene_store("abc", 2, "state");
    for (size_t i = 0; i < 3; i++)
        fail_once(store, i);
    store_put(store, 1, scene_endpoint(AUTH_FAILED(4), "x", "192.0.2.1"));
    struct snapshot *before = store_snapshot(store);
    struct config *config = scene_config("eBa", 3);
    store_reserve(store, config);
    store_reload(store, config);
    struct snapshot *after = store_snapshot(store);
    const struct status *status = snapshot_status(after);
    assert_int_equal(status->domain_count, 3);
    assert_string_equal(status->domains[2]->name, "e.example");
    assert_int_equal(status->domains[2]->index, 4);
    assert_int_equal(status->domains[2]->state, STATE_UNKNOWN);
    assert_int_equal(status->domains[1]->index, 2);
    assert_int_equal(status->domains[1]->state, STATE_CRITICAL);
    assert_int_equal(status->domains[1]->since_ms, 3);
    assert_int_equal(status->domains[1]->check[CHECK_AUTH].runs_total, 4);
    assert_int_equal(status->domains[1]->check[CHECK_AUTH].interval_ms, 90000); /* at once */
    assert_string_equal(status->domains[1]->check[CHECK_AUTH].result.detail, "at 4");
    assert_string_equal(scene_history(store, 'b'), FAILED_AT_3);

    assert_true(store_put(store, 1, scene_good_round(11))); /* now of b, and confirmed by three */
    assert_true(store_put(store, 1, scene_good_round(12)));
    assert_false(store_put(store, 1, scene_good_round(13)));
    assert_int_equal(scene_status(store, 'b')->since_ms, 13);
    assert_int_equal(scene_status(store, 'b')->check[CHECK_AUTH].interval_ms, 90000);
    store_put(store, 1, scene_endpoint(scene_good_round(14), "x", "192.0.2.1"));
    assert_string_equal(scene_endpoints(store, 'b'), "1:x/192.0.2.1");
    store_free(store);

    assert_int_equal(snapshot_status(before)->domain_count, 3);
    assert_string_equal(snapshot_status(before)->domains[2]->name, "c.example");
    assert_int_equal(snapshot_status(before)->domains[1]->check[CHECK_AUTH].interval_ms, 60000);
    assert_string_equal(snapshot_status(after)->domains[1]->latest->endpoints[0].target, "x");
    snapshot_free(before);
    snapshot_free(after);
}

static void many_reloads_without_a_round_hold_on_to_nothing(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 2, NULL);
    store_put(store, 0, AUTH_FAILED(1));
    for (int i = 0; i < 1000; i++) {
        store_reload(store, scene_config(i % 2 ? "a" : "cA", 2));
        if (i % 2 == 0)
            continue;
        assert_string_equal(scene_status(store, 'a')->check[CHECK_AUTH].result.detail, "at 1");
        assert_int_equal(scene_status(store, 'a')->index, 1);
    }
    store_free(store); /* the sanitizers and valgrind say the rest */
}

static void no_index_is_given_twice(void **state)
{
    (void)state;
    static const char *const configurations[] = {"ab", "b", "cb", "ca", "d", "dabc", "e"};
    uint32_t index_of[26] = {0};
    struct store *store = scene_store("", 1, "state");
    for (int i = 0; i < 70; i++) {
        struct config *config = scene_config(configurations[i % 7], 1);
        if (i % 2)
            store_reserve(store, config);
        store_reload(store, config);
        for (size_t at = 0; at < config->domain_count; at++) {
            char letter = config->domains[at].name[0];
            uint32_t index = scene_status(store, letter)->index;
            assert_true(index_of[letter - 'a'] == 0 || index_of[letter - 'a'] == index);
            index_of[letter - 'a'] = index;
        }
        if (i % 5 == 0) {
            store_free(store);
            store = store_new(config, "state");
        }
    }
    for (int a = 0; a < 5; a++) {
        for (int b = 0; b < a; b++)
            assert_int_not_equal(index_of[a], index_of[b]);
    }
    store_free(store);
}

static char *state_text(void)
{
    size_t length;
    return scene_read("state/state.jsonl", &length);
}

static bool state_has(const char *text)
{
    char *state = state_text();
    bool has = strstr(state, text) != NULL;
    free(state);
    return has;
}

static void what_was_shown_is_on_disk(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 1, "state");
    assert_true(state_has("\"b.example\",\"index\":2"));
    struct config *config = scene_config("bxy", 1);
    store_reserve(store, config);
    assert_true(state_has("\"y.example\",\"index\":4"));
    assert_true(state_has("\"a.example\",\"index\":1"));
    struct snapshot *snapshot = store_snapshot(store);
    assert_int_equal(snapshot_status(snapshot)->domain_count, 2); /* not before the reload */
    snapshot_free(snapshot);
    store_free(store);
}

static void the_thread_saves_by_itself(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 1, "state");
    store_put(store, 0, AUTH_FAILED(12345));
    for (int i = 0; i < 3000 && !state_has("12345"); i++)
        usleep(10000);
    assert_true(state_has("[12345,\"auth\",\"unknown\",\"critical\",\"auth_not_offered\"]"));
    assert_int_equal(store_saved(store), TRI_YES);
    store_free(store);
}

#define TURNS 200

static void *reserve_again_and_again(void *arg)
{
    char names[TURNS][16];
    for (int i = 0; i < TURNS; i++) {
        snprintf(names[i], sizeof names[i], "new%d.example", i);
        struct config_domain domain = {.name = names[i]};
        store_reserve(arg, &(struct config){.domains = &domain, .domain_count = 1});
    }
    return NULL;
}

static void *read_again_and_again(void *arg)
{
    for (int i = 0; i < 50 * TURNS; i++) {
        struct snapshot *snapshot = store_snapshot(arg);
        assert_true(snapshot_status(snapshot)->domain_count > 0);
        snapshot_free(snapshot);
        store_saved(arg);
    }
    return NULL;
}

/* The loop's thread puts and reloads, beside a worker, a reader and the thread that saves. */
static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t worker, reader;
    struct store *store = scene_store("abc/ab", 1, "state");
    assert_int_equal(pthread_create(&worker, NULL, reserve_again_and_again, store), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_again_and_again, store), 0);
    for (int i = 0; i < 20 * TURNS; i++) {
        enum reason reason = i % 2 ? REASON_AUTH_NOT_OFFERED : REASON_OK;
        store_put(store, 0, scene_endpoint(scene_round(CHECK_AUTH, reason, i), "x", i % 7 ? "192.0.2.1" : "192.0.2.2"));
        store_put_imp(store, 0, scene_imp_round(i % 2 ? "xy" : "", i));
        if (i % 10 == 0)
            store_reload(store, scene_config(i % 20 ? "aBc/aB" : "acd/ca", 1));
    }
    pthread_join(worker, NULL);
    pthread_join(reader, NULL);
    store_free(store);
    assert_true(state_has("\"new199.example\""));
    assert_true(state_has("[3999,\"auth\",\"ok\",\"critical\",\"auth_not_offered\"]"));
}

static void a_second_agent_keeps_out(void **state)
{
    (void)state;
    struct store *first = scene_store("ab", 1, "state");
    struct store *second = scene_store("ba", 1, "state");
    assert_int_equal(store_saved(second), TRI_NO);
    assert_int_equal(scene_status(second, 'b')->index, 1);
    store_put(second, 0, AUTH_FAILED(1));
    store_free(second);
    assert_int_equal(store_saved(first), TRI_YES);
    store_free(first);
    struct store *third = scene_store("ba", 1, "state");
    assert_int_equal(scene_status(third, 'b')->index, 2);
    assert_string_equal(scene_history(third, 'b'), "");
    store_free(third);
}

static void a_folder_that_cannot_be_used_is_done_without(void **state)
{
    (void)state;
    scene_write("file", "x", 1);
    static const char *const folders[] = {"file", "file/below", "/proc/nothing", "missing/below", ""};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct store *store = scene_store("ab", 1, folders[i]);
        assert_int_equal(store_saved(store), TRI_NO);
        assert_int_equal(scene_status(store, 'b')->index, 2);
        store_put(store, 0, AUTH_FAILED(1));
        store_reserve(store, scene_config("c", 1));
        store_reload(store, scene_config("c", 1));
        assert_int_equal(scene_status(store, 'c')->index, 3);
        store_free(store);
    }
    assert_int_equal(unlink("file"), 0);
}

/* Where a file can be made is of no help to root, so its place is taken. */
static void a_save_that_fails_is_told_and_tried_again(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 1, "state");
    assert_int_equal(mkdir("state/state.jsonl.new", 0700), 0);
    store_reserve(store, scene_config("ab", 1));
    assert_int_equal(store_saved(store), TRI_NO);
    assert_false(state_has("b.example"));
    assert_int_equal(rmdir("state/state.jsonl.new"), 0);
    store_reserve(store, scene_config("ab", 1));
    assert_int_equal(store_saved(store), TRI_YES);
    assert_true(state_has("b.example"));
    store_free(store);
}

static void a_full_disk_leaves_the_former_state(void **state)
{
    (void)state;
    struct rlimit former, small = {.rlim_cur = 64};
    struct store *store = scene_store("abc", 1, "state");
    char *before = state_text();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &former);
    small.rlim_max = former.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    store_reserve(store, scene_config("abcd", 1));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(store_saved(store), TRI_NO);
    char *after = state_text();
    assert_string_equal(after, before);
    assert_int_equal(scene_count("state", "state.jsonl"), 1);
    free(before);
    free(after);
    store_free(store);
    assert_true(state_has("d.example")); /* saved at the end */
}

static void files_are_not_for_everyone(void **state)
{
    (void)state;
    struct stat status;
    mode_t former = umask(0);
    store_free(scene_store("a", 1, "state"));
    umask(former);
    assert_int_equal(stat("state", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0750);
    assert_int_equal(stat("state/state.jsonl", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_state)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(indexes_stay_with_their_domains),
        TEST(snapshots_are_in_the_order_of_indexes),
        TEST(since_and_history_are_taken_over),
        TEST(another_state_than_before_is_a_transition),
        TEST(a_known_ok_fails_from_ok),
        TEST(endpoints_are_taken_over),
        TEST(a_domain_that_was_away_starts_anew),
        TEST(a_reload_keeps_what_stays),
        TEST(many_reloads_without_a_round_hold_on_to_nothing),
        TEST(no_index_is_given_twice),
        TEST(what_was_shown_is_on_disk),
        TEST(the_thread_saves_by_itself),
        TEST(threads_do_not_disturb_each_other),
        TEST(a_second_agent_keeps_out),
        TEST(a_folder_that_cannot_be_used_is_done_without),
        TEST(a_save_that_fails_is_told_and_tried_again),
        TEST(a_full_disk_leaves_the_former_state),
        TEST(files_are_not_for_everyone),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
