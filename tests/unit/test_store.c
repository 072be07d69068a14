/* Counters, transitions, endpoints' indexes and snapshots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/store_scene.h"

static void is_complete_before_the_first_round(void **state)
{
    (void)state;
    struct store *store = scene_store("aB", 2, NULL);
    struct snapshot *snapshot = store_snapshot(store);
    const struct status *status = snapshot_status(snapshot);
    assert_int_equal(status->domain_count, 2);
    assert_int_equal(store_saved(store), TRI_UNKNOWN);
    for (size_t i = 0; i < 2; i++) {
        const struct domain_status *domain = status->domains[i];
        assert_int_equal(domain->index, i + 1);
        assert_int_equal(domain->state, STATE_UNKNOWN);
        assert_int_equal(domain->history.count, 0);
        assert_null(domain->latest);
        for (int check = 0; check < CHECK_COUNT; check++) {
            assert_int_equal(domain->check[check].result.state, STATE_UNKNOWN);
            assert_int_equal(domain->check[check].result.reason,
                             check < CHECK_DIALBACK ? REASON_NOT_RUN : REASON_NOT_CONFIGURED);
            assert_int_equal(domain->check[check].runs_total, 0);
            assert_true(domain->check[check].last_run_ms == TIME_ABSENT);
            assert_int_equal(domain->check[check].interval_ms, i == 0 ? 60000 : 90000);
        }
    }
    snapshot_free(snapshot);
    store_free(store);
}

static void counts_rounds_and_failures(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 1, NULL);
    store_put(store, 0, scene_good_round(1000));
    store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000));
    store_put(store, 0, scene_round(CHECK_STREAM, REASON_NOT_REACHED, 3000));
    const struct domain_status *domain = scene_status(store, 'a');
    const struct check_status *stream = &domain->check[CHECK_STREAM];
    assert_int_equal(stream->runs_total, 3);
    assert_int_equal(stream->failures_total, 1);
    assert_int_equal(stream->last_run_ms, 3000);
    assert_int_equal(stream->last_success_ms, 1000);
    assert_int_equal(stream->result.state, STATE_UNKNOWN);
    assert_string_equal(stream->result.detail, "at 3000");
    assert_int_equal(domain->check[CHECK_CONNECT].last_success_ms, 3000);
    assert_int_equal(domain->check[CHECK_DIALBACK].runs_total, 0);
    assert_true(domain->check[CHECK_PING].last_run_ms == TIME_ABSENT);
    assert_int_equal(scene_status(store, 'b')->check[CHECK_STREAM].runs_total, 0);
    store_free(store);
}

static int64_t change_of(struct store *store, enum check check)
{
    return scene_status(store, 'a')->check[check].last_change_ms;
}

static void records_a_transition_once_it_is_confirmed(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 2, NULL);
    assert_false(store_put(store, 0, scene_good_round(1000))); /* the first ok is no transition */
    assert_true(change_of(store, CHECK_STREAM) == TIME_ABSENT);
    assert_true(store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000)));
    assert_true(change_of(store, CHECK_STREAM) == TIME_ABSENT);
    assert_false(store_put(store, 0, scene_good_round(3000))); /* a single failure passes */
    assert_true(store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 4000)));
    assert_string_equal(scene_history(store, 'a'), "");
    assert_false(store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_CLOSED, 5000)));
    assert_int_equal(change_of(store, CHECK_STREAM), 5000);
    assert_int_equal(scene_status(store, 'a')->since_ms, 5000);
    assert_true(store_put(store, 0, scene_good_round(6000)));
    assert_false(store_put(store, 0, scene_good_round(7000)));
    assert_int_equal(change_of(store, CHECK_STREAM), 7000);
    assert_true(change_of(store, CHECK_SRV) == TIME_ABSENT);
    assert_string_equal(scene_history(store, 'a'),
                        "5000 stream ok>critical stream_closed, 5000 domain ok>critical stream_closed, "
                        "7000 stream critical>ok ok, 7000 domain critical>ok ok");
    store_free(store);
}

static void records_a_failure_from_the_start(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 2, NULL);
    assert_true(store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 1000)));
    assert_false(store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000)));
    assert_int_equal(change_of(store, CHECK_STREAM), 2000);
    assert_string_equal(scene_history(store, 'a'),
                        "2000 stream unknown>critical stream_timeout, 2000 domain unknown>critical stream_timeout");
    store_free(store);
}

static void equal_results_must_follow_each_other(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 3, NULL);
    store_put(store, 0, scene_good_round(1000));
    for (int i = 0; i < 4; i++) {
        assert_true(store_put(store, 0, scene_round(CHECK_AUTH, REASON_AUTH_NOT_OFFERED, 2000)));
        assert_true(store_put(store, 0, scene_round(CHECK_AUTH, REASON_AUTH_NOT_OFFERED, 3000)));
        assert_true(store_put(store, 0, scene_round(CHECK_AUTH, REASON_NOT_REACHED, 4000)));
    }
    assert_string_equal(scene_history(store, 'a'), "");
    assert_true(store_put(store, 0, scene_round(CHECK_AUTH, REASON_NOT_REACHED, 5000)));
    assert_false(store_put(store, 0, scene_round(CHECK_AUTH, REASON_NOT_REACHED, 6000)));
    assert_string_equal(scene_history(store, 'a'),
                        "6000 auth ok>unknown not_reached, 6000 domain ok>unknown not_reached");
    store_free(store);
}

static void to_learn_that_nothing_is_known_is_no_transition(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 2, NULL);
    assert_true(store_put(store, 0, scene_round(CHECK_AUTH, REASON_NOT_REACHED, 1000)));
    assert_false(store_put(store, 0, scene_round(CHECK_AUTH, REASON_NOT_REACHED, 2000)));
    assert_string_equal(scene_history(store, 'a'), "");
    store_put(store, 0, scene_good_round(3000));
    assert_false(store_put(store, 0, scene_good_round(4000)));
    assert_string_equal(scene_history(store, 'a'), "4000 auth unknown>ok ok, 4000 domain unknown>ok ok");
    store_free(store);
}

static void what_is_not_configured_has_no_transitions(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 1, NULL);
    store_put(store, 0, scene_good_round(1000));
    store_put(store, 0, scene_round(CHECK_AUTH, REASON_AUTH_NOT_OFFERED, 2000));
    assert_int_equal(change_of(store, CHECK_AUTH), 2000);
    assert_false(store_put(store, 0, scene_round(CHECK_AUTH, REASON_NOT_CONFIGURED, 3000)));
    assert_true(change_of(store, CHECK_AUTH) == TIME_ABSENT);
    assert_false(store_put(store, 0, scene_good_round(4000))); /* configured anew: its first ok */
    assert_true(change_of(store, CHECK_AUTH) == TIME_ABSENT);
    assert_string_equal(scene_history(store, 'a'), "2000 auth ok>critical auth_not_offered, "
                        "2000 domain ok>critical auth_not_offered, 3000 domain critical>ok ok");
    store_free(store);
}

static void history_keeps_the_latest(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 1, NULL);
    for (int i = 0; i < 100; i++)
        store_put(store, 0, scene_round(CHECK_AUTH, i % 2 ? REASON_AUTH_NOT_OFFERED : REASON_OK, 1000 + i));
    const struct history *history = &scene_status(store, 'a')->history;
    assert_int_equal(history->count, HISTORY_MAX);
    for (size_t i = 0; i < HISTORY_MAX; i++)
        assert_int_equal(history->list[i].at_ms, 1000 + 100 - HISTORY_MAX / 2 + (int)i / 2);
    store_free(store);
}

static void a_result_may_name_its_interval(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 1, NULL);
    struct domain_result *result = scene_good_round(1000);
    result->interval_ms = 960000;
    store_put(store, 0, result);
    assert_int_equal(scene_status(store, 'a')->check[CHECK_AUTH].interval_ms, 960000);
    store_put(store, 0, scene_good_round(2000));
    assert_int_equal(scene_status(store, 'a')->check[CHECK_AUTH].interval_ms, 60000);
    store_free(store);
}

static struct config *dialback_config(const char *letters, enum config_enabled enabled, int64_t interval_ms)
{
    struct config *config = scene_config(letters, 2);
    config->domains[0].dialback = (struct config_dialback){.enabled = enabled, .interval_ms = interval_ms};
    return config;
}

/* `carried`: no keys were verified in this round. */
static bool put_dialback(struct store *store, enum reason reason, int64_t at_ms, bool carried)
{
    struct domain_result *result = scene_round(CHECK_DIALBACK, reason, at_ms);
    result->carried[CHECK_DIALBACK] = carried;
    return store_put(store, 0, result);
}

static void what_is_carried_over_counts_as_nothing(void **state)
{
    (void)state;
    struct store *store = store_new(dialback_config("a", ENABLED_TRUE, 1800000), NULL);
    const struct check_status *dialback = &scene_status(store, 'a')->check[CHECK_DIALBACK];
    assert_int_equal(dialback->result.reason, REASON_NOT_RUN);
    assert_int_equal(dialback->interval_ms, 1800000);
    put_dialback(store, REASON_OK, 1000, false);
    for (int i = 0; i < 3; i++)
        assert_false(put_dialback(store, REASON_OK, 2000 + i, true));
    assert_true(put_dialback(store, REASON_DIALBACK_KEY_REJECTED, 3000, false));
    /* Not the second of two; and that it is still critical is no failure of its own. */
    put_dialback(store, REASON_DIALBACK_KEY_REJECTED, 4000, true);
    dialback = &scene_status(store, 'a')->check[CHECK_DIALBACK];
    assert_int_equal(dialback->runs_total, 2);
    assert_int_equal(dialback->failures_total, 1);
    assert_int_equal(dialback->last_run_ms, 3000);
    assert_int_equal(dialback->last_success_ms, 1000);
    assert_int_equal(dialback->confirmed, STATE_OK);
    assert_true(dialback->last_change_ms == TIME_ABSENT);
    assert_int_equal(dialback->result.state, STATE_CRITICAL);
    assert_string_equal(dialback->result.detail, "at 4000");
    assert_int_equal(scene_status(store, 'a')->check[CHECK_AUTH].runs_total, 6);
    assert_false(put_dialback(store, REASON_DIALBACK_KEY_REJECTED, 5000, false));
    dialback = &scene_status(store, 'a')->check[CHECK_DIALBACK];
    assert_int_equal(dialback->confirmed, STATE_CRITICAL);
    assert_int_equal(dialback->last_change_ms, 5000);
    assert_int_equal(dialback->failures_total, 2);
    store_free(store);
}

static void dialback_has_an_interval_of_its_own(void **state)
{
    (void)state;
    struct store *store = store_new(dialback_config("a", ENABLED_TRUE, 30000), NULL);
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].interval_ms, 60000); /* no rounds in between */
    store_reload(store, dialback_config("a", ENABLED_TRUE, 90000));
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].interval_ms, 90000);
    assert_int_equal(scene_status(store, 'a')->check[CHECK_AUTH].interval_ms, 60000);
    struct domain_result *result = scene_round(CHECK_DIALBACK, REASON_OK, 1000);
    result->interval_ms = 240000; /* after a back-off */
    store_put(store, 0, result);
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].interval_ms, 240000);
    store_reload(store, dialback_config("a", ENABLED_FALSE, 90000));
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].interval_ms, 60000);
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].result.reason, REASON_OK); /* until a round */
    store_put(store, 0, scene_good_round(2000));
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].result.reason, REASON_NOT_CONFIGURED);
    store_reload(store, dialback_config("a", ENABLED_TRUE, 90000));
    assert_int_equal(scene_status(store, 'a')->check[CHECK_DIALBACK].result.reason, REASON_NOT_RUN);
    store_free(store);
}

static void endpoints_keep_their_indexes(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 1, NULL);
    store_put(store, 0, scene_endpoint(scene_endpoint(scene_good_round(1), "x", "192.0.2.1"), "x", "192.0.2.2"));
    assert_string_equal(scene_endpoints(store, 'a'), "1:x/192.0.2.1 2:x/192.0.2.2");
    store_put(store, 0, scene_endpoint(scene_endpoint(scene_endpoint(scene_good_round(2), "y", "192.0.2.1"),
                                                      "x", "192.0.2.2"), "x", "192.0.2.1"));
    assert_string_equal(scene_endpoints(store, 'a'), "1:x/192.0.2.1 2:x/192.0.2.2 3:y/192.0.2.1");
    store_put(store, 0, scene_good_round(3)); /* a look-up that failed */
    store_put(store, 0, scene_endpoint(scene_endpoint(scene_good_round(4), "z", "192.0.2.1"), "y", "192.0.2.1"));
    assert_string_equal(scene_endpoints(store, 'a'), "3:y/192.0.2.1 4:z/192.0.2.1");
    store_put(store, 0, scene_endpoint(scene_good_round(5), "x", "192.0.2.2"));
    assert_string_equal(scene_endpoints(store, 'a'), "2:x/192.0.2.2");
    store_put(store, 1, scene_endpoint(scene_good_round(6), "x", "192.0.2.2"));
    assert_string_equal(scene_endpoints(store, 'b'), "1:x/192.0.2.2");
    struct domain_result *other = scene_good_round(7);
    scene_endpoint(scene_endpoint(other, "x", "192.0.2.2"), "x", "192.0.2.2");
    other->endpoints[0].port = 5270;
    other->endpoints[1].transport = TRANSPORT_DIRECT;
    store_put(store, 1, other);
    assert_string_equal(scene_endpoints(store, 'b'), "2:x/192.0.2.2 3:x/192.0.2.2");
    store_free(store);
}

static void a_peer_cannot_fill_the_memory_with_endpoints(void **state)
{
    (void)state;
    char address[32];
    struct store *store = scene_store("a", 1, NULL);
    for (int i = 0; i < 1000; i++) {
        snprintf(address, sizeof address, "2001:db8::%x", (unsigned)i);
        store_put(store, 0, scene_endpoint(scene_endpoint(scene_good_round(i), "x", address), "always", "192.0.2.1"));
    }
    assert_string_equal(scene_endpoints(store, 'a'), "2:always/192.0.2.1 1001:x/2001:db8::3e7");
    store_put(store, 0, scene_endpoint(scene_good_round(1), "x", "2001:db8::3a9")); /* the oldest of 64 */
    assert_string_equal(scene_endpoints(store, 'a'), "939:x/2001:db8::3a9");
    store_put(store, 0, scene_endpoint(scene_good_round(2), "x", "2001:db8::3a8")); /* forgotten */
    assert_string_equal(scene_endpoints(store, 'a'), "1002:x/2001:db8::3a8");
    store_free(store);
}

static void a_snapshot_never_changes(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 1, NULL);
    struct snapshot *empty = store_snapshot(store);
    struct snapshot *same = store_snapshot(store);
    assert_ptr_equal(snapshot_status(empty), snapshot_status(same));
    assert_true(snapshot_status(empty)->generation > 0);
    store_put(store, 0, scene_round(CHECK_CONNECT, REASON_CONNECT_REFUSED, 1000));
    struct snapshot *critical = store_snapshot(store);
    assert_true(snapshot_status(critical)->generation > snapshot_status(empty)->generation);
    store_put(store, 0, scene_good_round(2000));
    store_free(store);
    assert_int_equal(snapshot_status(empty)->domains[0]->state, STATE_UNKNOWN);
    assert_int_equal(snapshot_status(critical)->domains[0]->state, STATE_CRITICAL);
    assert_int_equal(snapshot_status(critical)->domains[0]->worst, CHECK_CONNECT);
    assert_string_equal(snapshot_status(critical)->domains[0]->check[CHECK_CONNECT].result.detail, "at 1000");
    snapshot_free(empty);
    snapshot_free(same);
    snapshot_free(critical);
}

static void a_certificate_fault_is_a_warning_where_dialback_is_offered(void **state)
{
    (void)state;
    for (int offered = 0; offered < 2; offered++) {
        struct store *store = scene_store("a", 1, NULL);
        struct domain_result *result = scene_endpoint(scene_round(CHECK_CERTIFICATE, REASON_CERT_EXPIRED, 1000), "x",
                                                      "192.0.2.1");
        result->endpoints[0].dialback = offered ? TRI_YES : TRI_NO;
        store_put(store, 0, result);
        const struct domain_status *domain = scene_status(store, 'a');
        assert_int_equal(domain->check[CHECK_CERTIFICATE].result.state, STATE_CRITICAL);
        assert_int_equal(domain->state, offered ? STATE_WARNING : STATE_CRITICAL);
        assert_int_equal(domain->worst, CHECK_CERTIFICATE);
        store_free(store);
    }
}

#define ROUNDS 2000

static void *write_rounds(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        store_put(arg, (size_t)i % 2, scene_round(CHECK_AUTH, i % 3 ? REASON_OK : REASON_AUTH_NOT_OFFERED, i));
    return NULL;
}

static void readers_need_no_care(void **state)
{
    (void)state;
    struct store *store = scene_store("ab", 2, NULL);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_rounds, store), 0);
    uint64_t runs = 0;
    while (runs < ROUNDS) {
        struct snapshot *snapshot = store_snapshot(store);
        const struct status *status = snapshot_status(snapshot);
        uint64_t seen = 0;
        for (size_t i = 0; i < 2; i++)
            seen += status->domains[i]->check[CHECK_AUTH].runs_total;
        assert_true(seen >= runs);
        runs = seen;
        snapshot_free(snapshot);
    }
    pthread_join(writer, NULL);
    store_free(store);
}

/* What the watcher is told of domains and nodes, a line each. */
static char told[256];

static void tell(const char *name, enum state before, enum state now, enum state confirmed)
{
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s %d %d %d\n", name, (int)before, (int)now, (int)confirmed);
}

static void domain_told(void *arg, const struct domain_status *before, const struct domain_status *after)
{
    assert_ptr_equal(after, scene_status(arg, 'a')); /* it is in force already */
    tell(after->name, before->confirmed, after->state, after->confirmed);
}

static void node_told(void *arg, const struct imp_status *before, const struct imp_status *after)
{
    assert_ptr_equal(after, scene_imp(arg, 'a'));
    tell("node", before->confirmed, after->state, after->confirmed);
}

static void tells_its_watcher_of_each_round(void **state)
{
    (void)state;
    struct store *store = scene_store("a/a", 2, NULL);
    told[0] = '\0';
    store_put(store, 0, scene_good_round(1000));
    store_watch(store, &(struct store_watcher){domain_told, node_told, store});
    store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000));
    store_put(store, 0, scene_round(CHECK_STREAM, REASON_STREAM_TIMEOUT, 3000));
    store_put_imp(store, 0, scene_imp_round("x", 4000));
    assert_string_equal(told, "a.example 1 3 1\na.example 1 3 3\nnode 0 1 1\n");
    assert_int_equal(scene_status(store, 'a')->check[CHECK_STREAM].confirmed, STATE_CRITICAL);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_complete_before_the_first_round),
        cmocka_unit_test(counts_rounds_and_failures),
        cmocka_unit_test(records_a_transition_once_it_is_confirmed),
        cmocka_unit_test(records_a_failure_from_the_start),
        cmocka_unit_test(tells_its_watcher_of_each_round),
        cmocka_unit_test(equal_results_must_follow_each_other),
        cmocka_unit_test(to_learn_that_nothing_is_known_is_no_transition),
        cmocka_unit_test(what_is_not_configured_has_no_transitions),
        cmocka_unit_test(history_keeps_the_latest),
        cmocka_unit_test(a_result_may_name_its_interval),
        cmocka_unit_test(what_is_carried_over_counts_as_nothing),
        cmocka_unit_test(dialback_has_an_interval_of_its_own),
        cmocka_unit_test(endpoints_keep_their_indexes),
        cmocka_unit_test(a_peer_cannot_fill_the_memory_with_endpoints),
        cmocka_unit_test(a_snapshot_never_changes),
        cmocka_unit_test(a_certificate_fault_is_a_warning_where_dialback_is_offered),
        cmocka_unit_test(readers_need_no_care),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
