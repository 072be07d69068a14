#include "tests/unit/schedule_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* ---- a probe that talks as long as its domain's name says ---- */

unsigned probe_context_max_conversations(const struct probe_context *context)
{
    return context->max_conversations;
}

struct probe {
    struct probe_context *context;
    const struct config_domain *domain;
    probe_done done;
    void *arg;
    struct gate_pass *pass;
    struct loop_timer *timer;
};

unsigned started, cancelled;
const char *asking;
bool again;
unsigned allowed;

bool is_slow(const struct config_domain *domain)
{
    return strncmp(domain->name, "slow", 4) == 0;
}

static void talk(void *arg)
{
    struct probe *probe = arg;
    loop_timer_arm(probe->timer, is_slow(probe->domain) ? SLOW_US : FAST_US);
}

static struct domain_result *result_of(const struct probe *probe)
{
    struct domain_result *result = domain_result_new();
    int64_t waited_us = gate_waited_us(probe->pass);
    result->start_delay_us = waited_us > 0 ? waited_us : DURATION_ABSENT;
    result->endpoints_skipped = (unsigned)probe->context->number;
    result->endpoints = mem_alloc(sizeof *result->endpoints);
    result->endpoint_count = 1;
    endpoint_result_init(&result->endpoints[0]);
    if (asking != NULL && strcmp(asking, probe->domain->name) == 0) {
        result->endpoints[0].reached[CHECK_STREAM] = true;
        result->endpoints[0].check[CHECK_STREAM].reason = REASON_STREAM_ERROR_POLICY_VIOLATION;
    }
    return result;
}

static void probe_free(struct probe *probe, bool timed_out)
{
    gate_leave(probe->pass, timed_out);
    loop_timer_free(probe->timer);
    free(probe);
}

static void talked(void *arg)
{
    struct probe *probe = arg;
    struct domain_result *result = result_of(probe);
    probe_done done = probe->done;
    void *done_arg = probe->arg;
    probe_free(probe, is_slow(probe->domain));
    done(done_arg, result);
}

static struct probe *fake_start(struct probe_context *context, const struct config_domain *domain, probe_done done,
                                void *arg)
{
    unsigned number = (unsigned)strtoul(domain->name + sizeof "fast-" - 1, NULL, 10);
    char address[64];
    snprintf(address, sizeof address, "10.%d.%u.%u", is_slow(domain), number >> 8, number & 255);
    struct probe *probe = mem_alloc(sizeof *probe);
    *probe = (struct probe){.context = context, .domain = domain, .done = done, .arg = arg};
    probe->timer = loop_timer_new(NULL, talked, probe);
    probe->pass = gate_enter(context->gate, address, 5269, talk, probe);
    started++;
    return probe;
}

static void fake_cancel(struct probe *probe)
{
    cancelled++;
    probe_free(probe, false);
}

static const struct probe_ops fake_probe = {.start = fake_start, .cancel = fake_cancel};

/* ---- and one of a node ---- */

struct imp_probe {
    int context;
    imp_done done;
    void *arg;
    struct loop_timer *timer;
};

static void read_all(void *arg)
{
    struct imp_probe *probe = arg;
    struct imp_result *result = mem_alloc(sizeof *result);
    result->start_delay_us = DURATION_ABSENT;
    result->http_status = probe->context;
    imp_done done = probe->done;
    void *done_arg = probe->arg;
    loop_timer_free(probe->timer);
    free(probe);
    done(done_arg, result);
}

static struct imp_probe *fake_imp_start(struct probe_context *context, const struct config_imp_node *node,
                                        imp_done done, void *arg)
{
    assert_non_null(node->name);
    struct imp_probe *probe = mem_alloc(sizeof *probe);
    *probe = (struct imp_probe){.context = context->number, .done = done, .arg = arg};
    probe->timer = loop_timer_new(NULL, read_all, probe);
    loop_timer_arm(probe->timer, NODE_US);
    started++;
    return probe;
}

static void fake_imp_cancel(struct imp_probe *probe)
{
    cancelled++;
    loop_timer_free(probe->timer);
    free(probe);
}

static const struct probe_imp_ops fake_imp = {.start = fake_imp_start, .cancel = fake_imp_cancel};

/* ---- what came out ---- */

static bool receive(void *arg, size_t domain, struct domain_result *result)
{
    struct scene *scene = arg;
    assert_in_range(domain, 0, scene->config->domain_count - 1);
    struct heard *heard = &scene->heard[domain];
    heard->rounds++;
    heard->at_us = fake_now_us();
    heard->delay_us = result->start_delay_us;
    if (heard->worst_delay_us < heard->delay_us)
        heard->worst_delay_us = heard->delay_us;
    heard->interval_ms = result->interval_ms;
    heard->context = (int)result->endpoints_skipped;
    domain_result_free(result);
    return again;
}

static bool receive_imp(void *arg, size_t node, struct imp_result *result)
{
    struct scene *scene = arg;
    assert_in_range(node, 0, scene->config->imp_node_count - 1);
    struct heard *heard = &scene->nodes[node];
    heard->rounds++;
    heard->at_us = fake_now_us();
    heard->delay_us = result->start_delay_us;
    heard->context = (int)result->http_status;
    free(result);
    return again;
}

struct scene *scene_new(const char *text)
{
    struct scene *scene = mem_alloc(sizeof *scene);
    started = cancelled = 0;
    asking = NULL;
    again = false;
    scene->config = scene_load_good(text);
    scene->gate = gate_new(NULL, scene->config->max_concurrent, scene->config->max_concurrent_per_address);
    unsigned max = allowed != 0 ? allowed : scene->config->max_concurrent;
    scene->contexts[0] = (struct probe_context){scene->gate, 1, max};
    scene->schedule = schedule_new(NULL, scene->config, &scene->contexts[0],
                                   (struct schedule_probes){&fake_probe, &fake_imp},
                                   (struct schedule_results){receive, receive_imp}, scene);
    return scene;
}

struct config *scene_reload(struct scene *scene, const char *text)
{
    struct config *held = scene->config;
    struct probe_context *context = &scene->contexts[++scene->reloads];
    scene->config = scene_load_good(text);
    *context = (struct probe_context){scene->gate, scene->reloads + 1, scene->config->max_concurrent};
    schedule_reload(scene->schedule, scene->config, context);
    memset(scene->heard, 0, sizeof scene->heard);
    memset(scene->nodes, 0, sizeof scene->nodes);
    return held;
}

void scene_free(struct scene *scene)
{
    schedule_free(scene->schedule);
    gate_free(scene->gate);
    config_free(scene->config);
    assert_int_equal(fake_timers(), 0);
    free(scene);
}

void pass_us(int64_t time_us)
{
    fake_run_until(fake_now_us() + time_us);
}
