/* kill -9 in the midst of state writes, a hundred times: each time the file is whole, and holds whatever was said to be
 * saved before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/state_file.h"
#include "tests/unit/store_scene.h"

#define KILLS 100
#define STEADY 24 /* domains that are always there, with a full history */
#define STEPS_MAX 5000

/* What the writer tells after each step, once it is saved. */
struct told {
    int step;
    uint32_t domain_index;   /* of the domain that came with this step */
    uint32_t endpoint_index; /* of the endpoint that came with it */
    uint32_t node_index;     /* of the node that came with it */
    uint32_t cp_id_index;    /* of the only cp_id in the steady node's table since */
};

static struct told all[STEPS_MAX]; /* by step */
static int last_step = -1;

/* The steady domains and behind them the one of this step; likewise a steady node and one of this step. */
static struct config *config_of(int step)
{
    struct config *config = scene_config_new(STEADY + 1, 2, 1);
    for (int i = 0; i < STEADY; i++)
        config->domains[i].name = mem_printf("steady%d.example", i);
    config->domains[STEADY].name = mem_printf("step%d.example", step);
    config->imp_nodes[0].name = mem_strdup("steady");
    config->imp_nodes[1].name = mem_printf("step%d", step);
    return config;
}

static struct told take_step(struct store *store, int step)
{
    char address[32];
    snprintf(address, sizeof address, "step%d", step);
    enum reason reason = step % 2 ? REASON_AUTH_NOT_OFFERED : REASON_OK;
    store_put(store, 0, scene_endpoint(scene_round(CHECK_AUTH, reason, step + 1), "x", address));
    for (size_t i = 1; i < STEADY; i++)
        store_put(store, i, scene_round(CHECK_AUTH, reason, step + 1));
    store_put_imp(store, 0, scene_imp_round((const char[]){(char)('a' + step % 26), '\0'}, step + 1));
    struct config *config = config_of(step);
    store_reserve(store, config);
    store_reload(store, config);
    struct snapshot *snapshot = store_snapshot(store);
    const struct status *status = snapshot_status(snapshot);
    const struct told told = {
        .step = step,
        .domain_index = status->domains[STEADY]->index,
        .endpoint_index = status->domains[0]->latest->endpoints[0].index,
        .node_index = status->imp[1]->index,
        .cp_id_index = status->imp[0]->verdict.memory->nodes[0].index,
    };
    snapshot_free(snapshot);
    return told;
}

static void write_until_killed(int step, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct store *store = store_new(config_of(step), "state");
    for (;; step++) {
        struct told told = take_step(store, step);
        if (store_saved(store) != TRI_YES || write(out, &told, sizeof told) != sizeof told)
            _exit(1);
    }
}

static void note(const struct told *told)
{
    assert_int_equal(told->step, last_step + 1);
    assert_true(told->step < STEPS_MAX);
    all[told->step] = *told;
    last_step = told->step;
}

/* Starts a writer and kills it somewhere behind its next steps. */
static void write_and_kill(void)
{
    int ends[2], status;
    struct told told;
    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        close(ends[0]);
        write_until_killed(last_step + 1, ends[1]);
    }
    close(ends[1]);
    for (long steps = 1 + random() % 3; steps > 0 && read(ends[0], &told, sizeof told) == sizeof told; steps--)
        note(&told);
    usleep((useconds_t)(random() % 10000));
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &told, sizeof told) == sizeof told)
        note(&told);
    close(ends[0]);
}

/* Whether the endpoint that came with this step has the index that was told. */
static bool remembers(const struct roster *roster, int step)
{
    char address[32];
    snprintf(address, sizeof address, "step%d", step);
    for (size_t i = 0; i < roster->count; i++) {
        if (strcmp(roster->list[i].address, address) == 0)
            return roster->list[i].index == all[step].endpoint_index;
    }
    return false;
}

/* The table of the steady node as it was seen last, or by a step behind that. */
static void check_memory(const struct registered *node)
{
    const struct imp_memory *memory = node->restored->status.imp.verdict.memory;
    assert_int_equal(memory->node_count, 1);
    assert_true(memory->rows_seen_ms >= last_step + 1);
    assert_true(memory->nodes[0].index >= all[last_step].cp_id_index);
    if (memory->rows_seen_ms == last_step + 1)
        assert_int_equal(memory->nodes[0].cp_id[0], 'a' + last_step % 26);
    if (memory->rows_seen_ms > 1)
        assert_int_equal(memory->rows_former_ms, memory->rows_seen_ms - 1);
}

/* Every node's index as it was told. */
static void check_nodes(struct registry *registry)
{
    int found = -1;
    for (struct registered *at = NULL; registry_next(registry, &at);) {
        int step;
        if (sscanf(at->name, "step%d", &step) == 1 && step <= last_step) {
            assert_int_equal(step, ++found);
            assert_int_equal(at->index, all[step].node_index);
        }
        if (strcmp(at->name, "steady") == 0)
            check_memory(at);
    }
    assert_int_equal(found, last_step);
}

/* The state as a starting agent finds it. What comes after the last step that was told may be there, and may not. */
static void check_state(void)
{
    struct err err = {0};
    FILE *in = fopen("state/state.jsonl", "r");
    assert_non_null(in);
    struct registry *registries[KIND_COUNT] = {registry_new(), registry_new()};
    if (!state_file_read(in, registries, &err))
        fail_msg("%s", err.text);
    fclose(in);
    int found = -1;
    for (struct registered *at = NULL; registry_next(registries[KIND_DOMAIN], &at);) {
        int step;
        if (sscanf(at->name, "step%d.", &step) == 1 && step <= last_step) {
            assert_int_equal(step, ++found); /* none is missing */
            assert_int_equal(at->index, all[step].domain_index);
        }
        if (strcmp(at->name, "steady0.example") != 0)
            continue;
        const struct history *history = &at->restored->status.domain.history;
        assert_true(history->count > 0 && history->list[history->count - 1].at_ms >= last_step + 1);
        assert_true(at->last_part >= all[last_step].endpoint_index);
        assert_true(remembers(at->restored->roster, last_step));
    }
    assert_int_equal(found, last_step);
    check_nodes(registries[KIND_IMP]);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++)
        registry_free(registries[kind]);
}

static void nothing_that_was_saved_is_lost(void **state)
{
    (void)state;
    int unfinished = 0;
    srandom(1);
    for (int i = 0; i < KILLS; i++) {
        write_and_kill();
        check_state();
        unfinished += access("state/state.jsonl.new", F_OK) == 0;
    }
    print_message("%d of %d kills came in the midst of a write; %d steps were saved\n", unfinished, KILLS,
                  last_step + 1);
    assert_int_equal(scene_count("state", "state.jsonl.damaged"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_was_saved_is_lost),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
