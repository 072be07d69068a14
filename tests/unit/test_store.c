/* Counters, transitions and snapshots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store.h"

static struct config_domain domains[] = {{.name = "one.example", .interval_ms = 60000},
                                         {.name = "two.example", .interval_ms = 90000}};

static struct store *store_for(unsigned confirm)
{
    const struct config config = {.confirm = confirm, .domains = domains, .domain_count = 2};
    return store_new(&config);
}

/* A round in which `check` ended so and all others were ok. */
static struct domain_result *round_with(enum check check, enum reason reason, int64_t at_ms)
{
    struct domain_result *result = domain_result_new();
    for (int i = 0; i < CHECK_DIALBACK; i++)
        check_result_set(&result->check[i], REASON_OK, NULL);
    check_result_set(&result->check[CHECK_DIALBACK], REASON_NOT_CONFIGURED, NULL);
    check_result_set(&result->check[CHECK_PING], REASON_NOT_CONFIGURED, NULL);
    check_result_set(&result->check[check], reason, "at %d", (int)at_ms);
    result->finished_ms = at_ms;
    return result;
}

static struct domain_result *good_round(int64_t at_ms)
{
    return round_with(CHECK_SRV, REASON_OK, at_ms);
}

static void is_complete_before_the_first_round(void **state)
{
    (void)state;
    struct store *store = store_for(2);
    struct snapshot *snapshot = store_snapshot(store);
    const struct status *status = snapshot_status(snapshot);
    assert_int_equal(status->domain_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct domain_status *domain = status->domains[i];
        assert_int_equal(domain->index, i + 1);
        assert_int_equal(domain->state, STATE_UNKNOWN);
        assert_null(domain->latest);
        for (int check = 0; check < CHECK_COUNT; check++) {
            assert_int_equal(domain->check[check].result.state, STATE_UNKNOWN);
            assert_int_equal(domain->check[check].result.reason,
                             check < CHECK_DIALBACK ? REASON_NOT_RUN : REASON_NOT_CONFIGURED);
            assert_int_equal(domain->check[check].runs_total, 0);
            assert_true(domain->check[check].last_run_ms == TIME_ABSENT);
            assert_int_equal(domain->check[check].interval_ms, domains[i].interval_ms);
        }
    }
    snapshot_free(snapshot);
    store_free(store);
}

static void counts_rounds_and_failures(void **state)
{
    (void)state;
    struct store *store = store_for(1);
    store_put(store, 0, good_round(1000));
    store_put(store, 0, round_with(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000));
    store_put(store, 0, round_with(CHECK_STREAM, REASON_NOT_REACHED, 3000));
    struct snapshot *snapshot = store_snapshot(store);
    const struct domain_status *domain = snapshot_status(snapshot)->domains[0];
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
    assert_int_equal(snapshot_status(snapshot)->domains[1]->check[CHECK_STREAM].runs_total, 0);
    snapshot_free(snapshot);
    store_free(store);
}

static int64_t change_of(struct store *store, enum check check)
{
    struct snapshot *snapshot = store_snapshot(store);
    int64_t changed_ms = snapshot_status(snapshot)->domains[0]->check[check].last_change_ms;
    snapshot_free(snapshot);
    return changed_ms;
}

static void records_a_transition_once_it_is_confirmed(void **state)
{
    (void)state;
    struct store *store = store_for(2);
    assert_false(store_put(store, 0, good_round(1000))); /* the first ok is no transition */
    assert_true(change_of(store, CHECK_STREAM) == TIME_ABSENT);
    assert_true(store_put(store, 0, round_with(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000)));
    assert_true(change_of(store, CHECK_STREAM) == TIME_ABSENT);
    assert_false(store_put(store, 0, good_round(3000))); /* a single failure passes */
    assert_true(store_put(store, 0, round_with(CHECK_STREAM, REASON_STREAM_TIMEOUT, 4000)));
    assert_false(store_put(store, 0, round_with(CHECK_STREAM, REASON_STREAM_CLOSED, 5000)));
    assert_int_equal(change_of(store, CHECK_STREAM), 5000);
    assert_true(store_put(store, 0, good_round(6000)));
    assert_false(store_put(store, 0, good_round(7000)));
    assert_int_equal(change_of(store, CHECK_STREAM), 7000);
    assert_true(change_of(store, CHECK_SRV) == TIME_ABSENT);
    store_free(store);
}

static void records_a_failure_from_the_start(void **state)
{
    (void)state;
    struct store *store = store_for(2);
    assert_true(store_put(store, 0, round_with(CHECK_STREAM, REASON_STREAM_TIMEOUT, 1000)));
    assert_false(store_put(store, 0, round_with(CHECK_STREAM, REASON_STREAM_TIMEOUT, 2000)));
    assert_int_equal(change_of(store, CHECK_STREAM), 2000);
    store_free(store);
}

static void a_snapshot_never_changes(void **state)
{
    (void)state;
    struct store *store = store_for(1);
    struct snapshot *empty = store_snapshot(store);
    struct snapshot *same = store_snapshot(store);
    assert_ptr_equal(snapshot_status(empty), snapshot_status(same));
    store_put(store, 0, round_with(CHECK_CONNECT, REASON_CONNECT_REFUSED, 1000));
    struct snapshot *critical = store_snapshot(store);
    store_put(store, 0, good_round(2000));
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
        struct store *store = store_for(1);
        struct domain_result *result = round_with(CHECK_CERTIFICATE, REASON_CERT_EXPIRED, 1000);
        result->endpoints = mem_array(1, sizeof *result->endpoints);
        result->endpoint_count = 1;
        endpoint_result_init(&result->endpoints[0]);
        result->endpoints[0].dialback = offered ? TRI_YES : TRI_NO;
        store_put(store, 0, result);
        struct snapshot *snapshot = store_snapshot(store);
        const struct domain_status *domain = snapshot_status(snapshot)->domains[0];
        assert_int_equal(domain->check[CHECK_CERTIFICATE].result.state, STATE_CRITICAL);
        assert_int_equal(domain->state, offered ? STATE_WARNING : STATE_CRITICAL);
        assert_int_equal(domain->worst, CHECK_CERTIFICATE);
        snapshot_free(snapshot);
        store_free(store);
    }
}

#define ROUNDS 2000

static void *write_rounds(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        store_put(arg, (size_t)i % 2, round_with(CHECK_AUTH, i % 3 ? REASON_OK : REASON_AUTH_NOT_OFFERED, i));
    return NULL;
}

static void readers_need_no_care(void **state)
{
    (void)state;
    struct store *store = store_for(2);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_rounds, store), 0);
    uint64_t runs = 0;
    while (runs < ROUNDS) {
        struct snapshot *snapshot = store_snapshot(store);
        const struct status *status = snapshot_status(snapshot);
        uint64_t seen = status->domains[0]->check[CHECK_AUTH].runs_total + status->domains[1]->check[CHECK_AUTH].runs_total;
        assert_true(seen >= runs);
        runs = seen;
        snapshot_free(snapshot);
    }
    pthread_join(writer, NULL);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_complete_before_the_first_round),
        cmocka_unit_test(counts_rounds_and_failures),
        cmocka_unit_test(records_a_transition_once_it_is_confirmed),
        cmocka_unit_test(records_a_failure_from_the_start),
        cmocka_unit_test(a_snapshot_never_changes),
        cmocka_unit_test(a_certificate_fault_is_a_warning_where_dialback_is_offered),
        cmocka_unit_test(readers_need_no_care),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
