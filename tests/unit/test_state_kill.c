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
};

static struct told all[STEPS_MAX]; /* by step */
static int last_step = -1;

/* The steady domains, and behind them the one of this step. */
static const struct config *config_of(int step)
{
    static struct config_domain domains[STEADY + 1];
    static char names[STEADY + 1][32];
    static struct config config = {.confirm = 1, .domains = domains, .domain_count = STEADY + 1};
    for (int i = 0; i <= STEADY; i++) {
        if (i < STEADY)
            snprintf(names[i], sizeof names[i], "steady%d.example", i);
        else
            snprintf(names[i], sizeof names[i], "step%d.example", step);
        domains[i] = (struct config_domain){.name = names[i], .interval_ms = 60000};
    }
    return &config;
}

static struct told take_step(struct store *store, int step)
{
    char address[32];
    snprintf(address, sizeof address, "step%d", step);
    enum reason reason = step % 2 ? REASON_AUTH_NOT_OFFERED : REASON_OK;
    store_put(store, 0, scene_endpoint(scene_round(CHECK_AUTH, reason, step + 1), "x", address));
    for (size_t i = 1; i < STEADY; i++)
        store_put(store, i, scene_round(CHECK_AUTH, reason, step + 1));
    store_reserve(store, config_of(step));
    store_reload(store, config_of(step));
    struct snapshot *snapshot = store_snapshot(store);
    const struct status *status = snapshot_status(snapshot);
    const struct told told = {step, status->domains[STEADY]->index, status->domains[0]->latest->endpoints[0].index};
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

/* The state as a starting agent finds it. What comes after the last step that was told may be there, and may not. */
static void check_state(void)
{
    struct err err = {0};
    FILE *in = fopen("state/state.jsonl", "r");
    assert_non_null(in);
    struct registry *registry = registry_new();
    if (!state_file_read(in, registry, &err))
        fail_msg("%s", err.text);
    fclose(in);
    int found = -1;
    for (struct registered *at = NULL; registry_next(registry, &at);) {
        int step;
        if (sscanf(at->name, "step%d.", &step) == 1 && step <= last_step) {
            assert_int_equal(step, ++found); /* none is missing */
            assert_int_equal(at->index, all[step].domain_index);
        }
        if (strcmp(at->name, "steady0.example") != 0)
            continue;
        const struct history *history = &at->restored->status.history;
        assert_true(history->count > 0 && history->list[history->count - 1].at_ms >= last_step + 1);
        assert_true(at->last_endpoint >= all[last_step].endpoint_index);
        assert_true(remembers(at->restored->roster, last_step));
    }
    assert_int_equal(found, last_step);
    registry_free(registry);
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
