/* Nodes in the store: counters, transitions, judging beside the other nodes, causes, snapshots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/store_scene.h"

static void is_complete_before_the_first_round(void **state)
{
    (void)state;
    struct store *store = scene_store("b/aB", 2, NULL);
    struct snapshot *snapshot = store_snapshot(store);
    const struct status *status = snapshot_status(snapshot);
    assert_int_equal(status->domain_count, 1);
    assert_int_equal(status->domains[0]->index, 1);
    assert_int_equal(status->imp_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct imp_status *imp = status->imp[i];
        assert_int_equal(imp->index, i + 1);
        assert_string_equal(imp->name, i == 0 ? "a.example" : "b.example");
        assert_int_equal(imp->state, STATE_UNKNOWN);
        assert_true(imp->since_ms == TIME_ABSENT);
        assert_int_equal(imp->history.count, 0);
        assert_null(imp->latest);
        assert_int_equal(imp->verdict.memory->node_count, 0);
        assert_true(imp->verdict.memory->rows_seen_ms == TIME_ABSENT);
        for (int source = 0; source < XCP_SOURCE_COUNT; source++)
            assert_int_equal(imp->verdict.pending[source], TRI_UNKNOWN);
        assert_int_equal(imp->verdict.notification_count, 0);
        assert_null(status->imp_causes[i]);
        for (int check = 0; check < IMP_CHECK_COUNT; check++) {
            assert_int_equal(imp->check[check].result.state, STATE_UNKNOWN);
            assert_int_equal(imp->check[check].result.reason, REASON_NOT_RUN);
            assert_int_equal(imp->check[check].runs_total, 0);
            assert_true(imp->check[check].last_run_ms == TIME_ABSENT);
            assert_int_equal(imp->check[check].interval_ms, i == 0 ? 60000 : 90000);
        }
    }
    snapshot_free(snapshot);
    store_free(store);
}

static void counts_rounds_and_failures(void **state)
{
    (void)state;
    struct store *store = scene_store("/ab", 1, NULL);
    store_put_imp(store, 0, scene_imp_round("x", 1000));
    store_put_imp(store, 0, scene_imp_round("", 2000)); /* federation without rows */
    store_put_imp(store, 0, scene_imp_round(NULL, 3000));
    const struct imp_status *imp = scene_imp(store, 'a');
    const struct check_status *s2snode = &imp->check[IMP_S2SNODE];
    assert_int_equal(s2snode->runs_total, 3);
    assert_int_equal(s2snode->failures_total, 1);
    assert_int_equal(s2snode->last_run_ms, 3000);
    assert_int_equal(s2snode->last_success_ms, 1000);
    assert_string_equal(s2snode->result.detail, "not read at 3000");
    assert_int_equal(imp->check[IMP_AXL].last_success_ms, 3000);
    assert_int_equal(imp->check[IMP_XCP_ROUTER].runs_total, 0); /* not_configured */
    assert_int_equal(scene_imp(store, 'b')->check[IMP_AXL].runs_total, 0);
    store_free(store);
}

static void records_a_transition_once_it_is_confirmed(void **state)
{
    (void)state;
    struct store *store = scene_store("/a", 2, NULL);
    assert_false(store_put_imp(store, 0, scene_imp_round("x", 1000))); /* the first ok is no transition */
    assert_true(store_put_imp(store, 0, scene_imp_round("", 2000)));
    assert_true(scene_imp(store, 'a')->unconfirmed);
    assert_int_equal(scene_imp(store, 'a')->state, STATE_CRITICAL);
    assert_false(store_put_imp(store, 0, scene_imp_round("x", 3000))); /* a single failure passes */
    assert_true(store_put_imp(store, 0, scene_imp_round("", 4000)));
    assert_string_equal(scene_imp_history(store, 'a'), "");
    assert_false(store_put_imp(store, 0, scene_imp_round("", 5000)));
    assert_string_equal(scene_imp_history(store, 'a'),
                        "5000 s2snode ok>critical s2snode_empty, 5000 node ok>critical s2snode_empty");
    const struct imp_status *imp = scene_imp(store, 'a');
    assert_false(imp->unconfirmed);
    assert_int_equal(imp->worst, IMP_S2SNODE);
    assert_int_equal(imp->since_ms, 5000);
    assert_int_equal(imp->check[IMP_S2SNODE].last_change_ms, 5000);
    assert_true(imp->check[IMP_AXL].last_change_ms == TIME_ABSENT);
    store_free(store);
}

static void the_table_is_remembered_from_round_to_round(void **state)
{
    (void)state;
    struct store *store = scene_store("/ab", 1, NULL);
    store_put_imp(store, 0, scene_imp_round("xy", 1));
    assert_string_equal(scene_memory(store, 'a'), "1:x present@1, 2:y present@1 seen 1 changed -1 former -1");
    store_put_imp(store, 0, scene_imp_round("xy", 2));
    store_put_imp(store, 0, scene_imp_round(NULL, 3));
    assert_string_equal(scene_memory(store, 'a'), "1:x present@1, 2:y present@1 seen 2 changed -1 former -1");
    store_put_imp(store, 0, scene_imp_round("zy", 4));
    assert_string_equal(scene_memory(store, 'a'), "2:y present@1, 3:z present@4 seen 4 changed 4 former 2");
    store_put_imp(store, 1, scene_imp_round("z", 5));
    assert_string_equal(scene_memory(store, 'b'), "1:z present@5 seen 5 changed -1 former -1");
    assert_string_equal(scene_imp(store, 'a')->verdict.memory->nodes[1].pkid, "pkid-z");
    store_free(store);
}

static enum reason reason_of(struct store *store, char letter, enum imp_check check)
{
    return scene_imp(store, letter)->check[check].result.reason;
}

static void nodes_of_a_cluster_are_compared(void **state)
{
    (void)state;
    static char cluster[] = "eft", other[] = "other";
    struct config *config = scene_config("/abc", 1);
    for (size_t i = 0; i < 3; i++)
        config->imp_nodes[i].expect.cluster = i < 2 ? cluster : other;
    struct store *store = store_new(config, NULL);
    store_put_imp(store, 0, scene_imp_round("xy", 1));
    assert_int_equal(reason_of(store, 'a', IMP_S2SNODE), REASON_OK);
    store_put_imp(store, 2, scene_imp_round("z", 1));
    assert_int_equal(reason_of(store, 'c', IMP_S2SNODE), REASON_OK);
    store_put_imp(store, 1, scene_imp_round("x", 2));
    assert_int_equal(reason_of(store, 'b', IMP_S2SNODE), REASON_S2SNODE_DIFFERS);
    store_put_imp(store, 0, scene_imp_round("xy", 3));
    assert_int_equal(reason_of(store, 'a', IMP_S2SNODE), REASON_S2SNODE_DIFFERS);
    store_put_imp(store, 0, scene_imp_round("x", 4));
    assert_int_equal(reason_of(store, 'a', IMP_S2SNODE), REASON_OK);
    store_free(store);
}

/* A round whose page has one notification, which names a host. */
static struct imp_result *round_with_page(const char *host, int64_t at_ms)
{
    struct imp_result *result = scene_imp_round("x", at_ms);
    struct xcp_notification notification;
    char *text = mem_printf("Cisco XCP Router : (%s) requires a restart in order for recent configuration changes to "
                            "take effect.", host);
    xcp_notification_init(&notification, XCP_SOURCE_PAGE, "Warning", text, "Cisco XCP Config Manager", "now", "5");
    free(text);
    result->reading[XCP_SOURCE_PAGE] = (struct xcp_reading){.configured = true, .read = true};
    imp_result_add_notification(result, &notification);
    return result;
}

static void a_notification_belongs_to_the_node_that_it_names(void **state)
{
    (void)state;
    static char host_a[] = "one.example", host_b[] = "two.example";
    struct config *config = scene_config("/ab", 1);
    config->imp_nodes[0].axl.host = host_a;
    config->imp_nodes[1].axl.host = host_b;
    struct store *store = store_new(config, NULL);
    store_put_imp(store, 0, round_with_page("two.example", 1));
    assert_int_equal(scene_imp(store, 'a')->verdict.notification_count, 0);
    assert_int_not_equal(reason_of(store, 'a', IMP_XCP_RESTART), REASON_XCP_RESTART_PENDING);
    store_put_imp(store, 1, scene_imp_round("x", 2));
    assert_int_equal(reason_of(store, 'b', IMP_XCP_RESTART), REASON_XCP_RESTART_PENDING);
    assert_int_equal(scene_imp(store, 'b')->verdict.notification_count, 1);
    assert_int_equal(scene_imp(store, 'b')->verdict.pending[XCP_SOURCE_PAGE], TRI_YES);
    store_put_imp(store, 0, round_with_page("one.example", 3));
    assert_int_equal(reason_of(store, 'a', IMP_XCP_RESTART), REASON_XCP_RESTART_PENDING);
    store_put_imp(store, 1, scene_imp_round("x", 4));
    assert_int_not_equal(reason_of(store, 'b', IMP_XCP_RESTART), REASON_XCP_RESTART_PENDING);
    store_free(store);
}

static void a_node_may_have_states_of_its_own(void **state)
{
    (void)state;
    static struct severity_rule rule = {REASON_S2SNODE_EMPTY, STATE_WARNING};
    struct config *config = scene_config("/ab", 1);
    config->imp_nodes[1].severity = (struct severity){.rules = &rule, .count = 1};
    struct store *store = store_new(config, NULL);
    store_put_imp(store, 0, scene_imp_round("", 1));
    store_put_imp(store, 1, scene_imp_round("", 1));
    assert_int_equal(scene_imp(store, 'a')->state, STATE_CRITICAL);
    assert_int_equal(scene_imp(store, 'b')->state, STATE_WARNING);
    store_free(store);
}

/* Nodes whose order by index is another one than that of the configuration, so that a mix-up shows. */
static void snapshots_tell_causes(void **state)
{
    (void)state;
    static char domain[] = "a.example", *domains[] = {domain};
    struct store *store = scene_store("a/abc", 1, NULL);
    struct config *config = scene_config("a/cba", 1);
    config->imp_nodes[2].expect.domains = domains; /* of a */
    config->imp_nodes[2].expect.domain_count = 1;
    config->imp_nodes[0].expect.federation = false; /* of c */
    store_reload(store, config);
    store_put_imp(store, 2, scene_imp_round("x", 1));
    store_put_imp(store, 1, scene_imp_round("", 1));
    store_put_imp(store, 0, scene_imp_round("", 1));
    assert_null(scene_cause(store, 'a'));
    assert_null(scene_cause(store, 'c'));
    assert_non_null(scene_cause(store, 'b'));
    assert_non_null(strstr(scene_cause(store, 'b'), "401"));
    store_put(store, 0, scene_round(CHECK_SRV, REASON_DNS_NXDOMAIN, 2));
    assert_non_null(scene_cause(store, 'a'));
    assert_non_null(strstr(scene_cause(store, 'a'), "a.example"));
    assert_null(scene_cause(store, 'c'));
    store_put(store, 0, scene_good_round(3));
    assert_null(scene_cause(store, 'a'));
    store_free(store);
}

static void a_snapshot_never_changes(void **state)
{
    (void)state;
    struct store *store = scene_store("/ab", 1, NULL);
    struct snapshot *empty = store_snapshot(store);
    store_put_imp(store, 1, scene_imp_round("", 1000));
    struct snapshot *critical = store_snapshot(store);
    assert_true(snapshot_status(critical)->generation > snapshot_status(empty)->generation);
    store_reload(store, scene_config("/B", 1));
    struct snapshot *reloaded = store_snapshot(store);
    store_put_imp(store, 0, scene_imp_round("x", 2000));
    store_reload(store, scene_config("", 1));
    store_free(store);
    assert_int_equal(snapshot_status(empty)->imp[1]->state, STATE_UNKNOWN);
    assert_int_equal(snapshot_status(critical)->imp_count, 2);
    assert_int_equal(snapshot_status(critical)->imp[1]->state, STATE_CRITICAL);
    assert_int_equal(snapshot_status(critical)->imp[1]->check[IMP_AXL].interval_ms, 60000);
    assert_non_null(snapshot_status(critical)->imp_causes[1]);
    assert_int_equal(snapshot_status(reloaded)->imp_count, 1);
    assert_int_equal(snapshot_status(reloaded)->imp[0]->index, 2);
    assert_int_equal(snapshot_status(reloaded)->imp[0]->check[IMP_AXL].interval_ms, 90000);
    assert_int_equal(snapshot_status(reloaded)->imp[0]->latest->finished_ms, 1000);
    assert_int_equal(snapshot_status(reloaded)->imp[0]->verdict.memory->rows_seen_ms, 1000);
    snapshot_free(empty);
    snapshot_free(critical);
    snapshot_free(reloaded);
}

#define ROUNDS 1000

static void *write_rounds(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        store_put_imp(arg, (size_t)i % 2, scene_imp_round(i % 3 ? "xy" : "z", i + 1));
        store_put(arg, 0, scene_good_round(i + 1));
        if (i % 100 == 0)
            store_reload(arg, scene_config(i % 200 ? "a/ab" : "a/aB", 2));
    }
    return NULL;
}

static void readers_need_no_care(void **state)
{
    (void)state;
    struct store *store = scene_store("a/ab", 2, NULL);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_rounds, store), 0);
    uint64_t runs = 0;
    while (runs < ROUNDS) {
        struct snapshot *snapshot = store_snapshot(store);
        const struct status *status = snapshot_status(snapshot);
        uint64_t seen = 0;
        for (size_t i = 0; i < 2; i++) {
            seen += status->imp[i]->check[IMP_AXL].runs_total;
            assert_true(status->imp[i]->verdict.memory->node_count <= 3);
            assert_true(status->imp_causes[i] == NULL || strlen(status->imp_causes[i]) > 0);
        }
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
        cmocka_unit_test(the_table_is_remembered_from_round_to_round),
        cmocka_unit_test(nodes_of_a_cluster_are_compared),
        cmocka_unit_test(a_notification_belongs_to_the_node_that_it_names),
        cmocka_unit_test(a_node_may_have_states_of_its_own),
        cmocka_unit_test(snapshots_tell_causes),
        cmocka_unit_test(a_snapshot_never_changes),
        cmocka_unit_test(readers_need_no_care),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
