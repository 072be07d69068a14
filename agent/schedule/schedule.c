#include "schedule/schedule.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "schedule/plan.h"

/* One configured domain's place in the schedule. */
struct slot {
    struct schedule *schedule;
    struct probe *probe; /* NULL while none is under way */
};

struct schedule {
    const struct config *config;
    struct probe_context *context;
    schedule_result result;
    void *arg;
    struct plan *plan;
    struct loop_timer *timer;
    struct slot *slots;
    atomic_uint running;
};

static void run_due(void *arg);

static void finished(void *arg, struct domain_result *result)
{
    struct slot *slot = arg;
    struct schedule *schedule = slot->schedule;
    size_t domain = (size_t)(slot - schedule->slots);
    slot->probe = NULL;
    bool again = schedule->result(schedule->arg, domain, result);
    plan_finish(schedule->plan, domain, clock_mono_us(), again ? schedule->config->retry_interval_ms * 1000 : 0);
    run_due(schedule);
}

static void run_due(void *arg)
{
    struct schedule *schedule = arg;
    int64_t now_us = clock_mono_us();
    for (size_t domain; plan_start(schedule->plan, now_us, &domain);) {
        struct slot *slot = &schedule->slots[domain];
        slot->probe = probe_domain.start(schedule->context, &schedule->config->domains[domain], finished, slot);
    }
    atomic_store(&schedule->running, (unsigned)plan_running(schedule->plan));
    int64_t wait_us = plan_wait_us(schedule->plan, now_us);
    if (wait_us >= 0)
        loop_timer_arm(schedule->timer, wait_us);
}

struct schedule *schedule_new(struct loop *loop, const struct config *config, struct probe_context *context,
                              unsigned max_running, schedule_result result, void *arg)
{
    struct schedule *schedule = mem_alloc(sizeof *schedule);
    *schedule = (struct schedule){
        .config = config, .context = context, .result = result, .arg = arg,
        .plan = plan_new(config->domain_count, max_running),
        .slots = mem_array(config->domain_count, sizeof *schedule->slots),
    };
    int64_t now_us = clock_mono_us();
    for (size_t i = 0; i < config->domain_count; i++) {
        int64_t interval_us = config->domains[i].interval_ms * 1000;
        schedule->slots[i].schedule = schedule;
        plan_add(schedule->plan, i, interval_us, now_us + plan_spread_us(i, config->domain_count, interval_us));
    }
    schedule->timer = loop_timer_new(loop, run_due, schedule);
    loop_timer_arm(schedule->timer, 0);
    return schedule;
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    for (size_t i = 0; i < schedule->config->domain_count; i++) {
        if (schedule->slots[i].probe != NULL)
            probe_domain.cancel(schedule->slots[i].probe);
    }
    loop_timer_free(schedule->timer);
    plan_free(schedule->plan);
    free(schedule->slots);
    free(schedule);
}

unsigned schedule_running(struct schedule *schedule)
{
    return atomic_load(&schedule->running);
}
