#include "schedule/schedule.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "schedule/plan.h"

/* After a stall thousands may be due at once: others get their turn of the loop in between. */
#define STARTED_A_TURN 64

/* One configured domain's place in the schedule: its address stays, its position changes with the configuration. */
struct slot {
    struct schedule *schedule;
    size_t domain;
    struct probe *probe; /* NULL while none is under way */
    int64_t late_us;     /* of the round under way */
};

struct schedule {
    const struct config *config;
    const struct probe_ops *probe;
    struct probe_context *context;
    schedule_result result;
    void *arg;
    struct plan *plan;
    struct loop_timer *timer;
    struct slot **slots; /* owned, one a domain, in the order of the configuration */
    atomic_uint running;
};

/* Follows every change of the plan. */
static void plan_changed(struct schedule *schedule, int64_t now_us)
{
    atomic_store(&schedule->running, (unsigned)plan_running(schedule->plan));
    int64_t wait_us = plan_wait_us(schedule->plan, now_us);
    if (wait_us >= 0)
        loop_timer_arm(schedule->timer, wait_us);
}

static void finished(void *arg, struct domain_result *result)
{
    struct slot *slot = arg;
    struct schedule *schedule = slot->schedule;
    slot->probe = NULL;
    result->start_delay_us = slot->late_us + (result->start_delay_us > 0 ? result->start_delay_us : 0);
    result->interval_ms =
        plan_back_off(schedule->plan, slot->domain, domain_result_asks_back_off(result)) / 1000;
    bool again = schedule->result(schedule->arg, slot->domain, result);
    int64_t now_us = clock_mono_us();
    plan_finish(schedule->plan, slot->domain, now_us, again ? schedule->config->retry_interval_ms * 1000 : 0);
    plan_changed(schedule, now_us);
}

static void run_due(void *arg)
{
    struct schedule *schedule = arg;
    int64_t now_us = clock_mono_us();
    size_t domain;
    for (int left = STARTED_A_TURN; left > 0 && plan_start(schedule->plan, now_us, &domain); left--) {
        struct slot *slot = schedule->slots[domain];
        slot->late_us = now_us - plan_due_us(schedule->plan, domain);
        slot->probe = schedule->probe->start(schedule->context, &schedule->config->domains[domain], finished, slot);
    }
    plan_changed(schedule, now_us);
}

static void slot_free(struct slot *slot)
{
    if (slot->probe != NULL)
        slot->schedule->probe->cancel(slot->probe);
    free(slot);
}

/* Gives every domain of the configuration that has no slot a new one. The more there are of them in their interval, the
 * longer they may take to begin: half of the conversations that are allowed should do even if no peer answered. */
static void add_new(struct schedule *schedule, size_t count, int64_t now_us)
{
    const struct config *config = schedule->config;
    int64_t silent_us =
        config->timeout_ms * 1000 * 2 * (int64_t)count / probe_context_max_conversations(schedule->context);
    for (size_t i = 0, added = 0; i < config->domain_count; i++) {
        if (schedule->slots[i] != NULL)
            continue;
        int64_t interval_us = config->domains[i].interval_ms * 1000;
        int64_t within_us = interval_us > silent_us ? interval_us : silent_us;
        schedule->slots[i] = mem_alloc(sizeof *schedule->slots[i]);
        *schedule->slots[i] = (struct slot){.schedule = schedule, .domain = i};
        plan_add(schedule->plan, i, interval_us, now_us + plan_spread_us(added++, count, within_us));
    }
}

struct schedule *schedule_new(struct loop *loop, const struct config *config, const struct probe_ops *probe,
                              struct probe_context *context, schedule_result result, void *arg)
{
    struct schedule *schedule = mem_alloc(sizeof *schedule);
    *schedule = (struct schedule){
        .config = config, .probe = probe, .context = context, .result = result, .arg = arg,
        .plan = plan_new(config->domain_count),
        .slots = mem_array(config->domain_count, sizeof *schedule->slots),
        .timer = loop_timer_new(loop, run_due, schedule),
    };
    int64_t now_us = clock_mono_us();
    add_new(schedule, config->domain_count, now_us);
    plan_changed(schedule, now_us);
    return schedule;
}

void schedule_reload(struct schedule *schedule, const struct config *config, struct probe_context *context)
{
    const struct config *former = schedule->config;
    struct plan *former_plan = schedule->plan;
    struct slot **former_slots = schedule->slots;
    int64_t now_us = clock_mono_us();
    schedule->config = config;
    schedule->context = context;
    schedule->plan = plan_new(config->domain_count);
    schedule->slots = mem_array(config->domain_count, sizeof *schedule->slots);
    size_t kept = 0;
    for (size_t i = 0; i < former->domain_count; i++) {
        const struct config_domain *domain = config_find(config, former->domains[i].name);
        if (domain == NULL) {
            slot_free(former_slots[i]);
            continue;
        }
        size_t position = (size_t)(domain - config->domains);
        schedule->slots[position] = former_slots[i];
        schedule->slots[position]->domain = position;
        plan_take_over(schedule->plan, position, domain->interval_ms * 1000, former_plan, i, now_us);
        kept++;
    }
    plan_free(former_plan);
    free(former_slots);
    add_new(schedule, config->domain_count - kept, now_us);
    plan_changed(schedule, now_us);
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    for (size_t i = 0; i < schedule->config->domain_count; i++)
        slot_free(schedule->slots[i]);
    loop_timer_free(schedule->timer);
    plan_free(schedule->plan);
    free(schedule->slots);
    free(schedule);
}

unsigned schedule_running(struct schedule *schedule)
{
    return atomic_load(&schedule->running);
}
