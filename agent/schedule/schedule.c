#include "schedule/schedule.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "schedule/plan.h"

/* After a stall thousands may be due at once: others get their turn of the loop in between. */
#define STARTED_A_TURN 64

/* The place of one configured domain or node in the schedule: its address stays, its item changes with the
 * configuration. */
struct slot {
    struct schedule *schedule;
    size_t item;
    struct probe *probe;   /* NULL while none is under way */
    struct imp_probe *imp; /* likewise; a slot has only one of the two */
    int64_t late_us;       /* of the round under way */
};

/* Items of the plan are the domains, in the order of the configuration, and behind them the nodes. */
struct schedule {
    const struct config *config;
    struct probe_context *context;
    struct schedule_probes probes;
    struct schedule_results results;
    void *arg;
    struct plan *plan;
    struct loop_timer *timer;
    struct slot **slots; /* owned, one an item */
    bool stopped;
    atomic_uint running;
};

static size_t item_count(const struct config *config)
{
    return config->domain_count + config->imp_node_count;
}

static int64_t interval_us(const struct config *config, size_t item)
{
    if (item < config->domain_count)
        return config->domains[item].interval_ms * 1000;
    return config->imp_nodes[item - config->domain_count].interval_ms * 1000;
}

/* Whether another configuration has the item's domain or node too, and as which item. */
static bool find_again(const struct config *config, size_t item, const struct config *other, size_t *found)
{
    if (item < config->domain_count) {
        const struct config_domain *domain = config_find(other, config->domains[item].name);
        if (domain != NULL)
            *found = (size_t)(domain - other->domains);
        return domain != NULL;
    }
    const struct config_imp_node *node = config_find_imp(other, config->imp_nodes[item - config->domain_count].name);
    if (node != NULL)
        *found = other->domain_count + (size_t)(node - other->imp_nodes);
    return node != NULL;
}

/* Follows every change of the plan. */
static void plan_changed(struct schedule *schedule, int64_t now_us)
{
    atomic_store(&schedule->running, (unsigned)plan_running(schedule->plan));
    int64_t wait_us = plan_wait_us(schedule->plan, now_us);
    if (wait_us >= 0)
        loop_timer_arm(schedule->timer, wait_us);
}

/* How late a round started that itself says so too. */
static int64_t delay_us(const struct slot *slot, int64_t own_us)
{
    return slot->late_us + (own_us > 0 ? own_us : 0);
}

static void end_round(struct slot *slot, bool again)
{
    struct schedule *schedule = slot->schedule;
    int64_t now_us = clock_mono_us();
    plan_finish(schedule->plan, slot->item, now_us, again ? schedule->config->retry_interval_ms * 1000 : 0);
    plan_changed(schedule, now_us);
}

static void domain_finished(void *arg, struct domain_result *result)
{
    struct slot *slot = arg;
    struct schedule *schedule = slot->schedule;
    slot->probe = NULL;
    result->start_delay_us = delay_us(slot, result->start_delay_us);
    result->interval_ms = plan_back_off(schedule->plan, slot->item, domain_result_asks_back_off(result)) / 1000;
    end_round(slot, schedule->results.domain(schedule->arg, slot->item, result));
}

static void imp_finished(void *arg, struct imp_result *result)
{
    struct slot *slot = arg;
    struct schedule *schedule = slot->schedule;
    slot->imp = NULL;
    result->start_delay_us = delay_us(slot, result->start_delay_us);
    end_round(slot, schedule->results.imp(schedule->arg, slot->item - schedule->config->domain_count, result));
}

static void start_round(struct slot *slot)
{
    const struct schedule *schedule = slot->schedule;
    const struct config *config = schedule->config;
    if (slot->item < config->domain_count)
        slot->probe = schedule->probes.domain->start(schedule->context, &config->domains[slot->item], domain_finished,
                                                     slot);
    else
        slot->imp = schedule->probes.imp->start(schedule->context,
                                                &config->imp_nodes[slot->item - config->domain_count], imp_finished,
                                                slot);
}

static void run_due(void *arg)
{
    struct schedule *schedule = arg;
    int64_t now_us = clock_mono_us();
    size_t item;
    if (schedule->stopped)
        return;
    for (int left = STARTED_A_TURN; left > 0 && plan_start(schedule->plan, now_us, &item); left--) {
        struct slot *slot = schedule->slots[item];
        slot->late_us = now_us - plan_due_us(schedule->plan, item);
        start_round(slot);
    }
    plan_changed(schedule, now_us);
}

static void cancel_round(struct slot *slot)
{
    if (slot->probe != NULL)
        slot->schedule->probes.domain->cancel(slot->probe);
    if (slot->imp != NULL)
        slot->schedule->probes.imp->cancel(slot->imp);
    slot->probe = NULL;
    slot->imp = NULL;
}

static void slot_free(struct slot *slot)
{
    cancel_round(slot);
    free(slot);
}

/* Gives every item of the configuration that has no slot a new one. The more there are of them in their interval, the
 * longer they may take to begin: half of the conversations that are allowed should do even if no peer answered. */
static void add_new(struct schedule *schedule, size_t count, int64_t now_us)
{
    const struct config *config = schedule->config;
    int64_t silent_us =
        config->timeout_ms * 1000 * 2 * (int64_t)count / probe_context_max_conversations(schedule->context);
    for (size_t i = 0, added = 0; i < item_count(config); i++) {
        if (schedule->slots[i] != NULL)
            continue;
        int64_t every_us = interval_us(config, i);
        int64_t within_us = every_us > silent_us ? every_us : silent_us;
        schedule->slots[i] = mem_alloc(sizeof *schedule->slots[i]);
        *schedule->slots[i] = (struct slot){.schedule = schedule, .item = i};
        plan_add(schedule->plan, i, every_us, now_us + plan_spread_us(added++, count, within_us));
    }
}

struct schedule *schedule_new(struct loop *loop, const struct config *config, struct probe_context *context,
                              struct schedule_probes probes, struct schedule_results results, void *arg)
{
    struct schedule *schedule = mem_alloc(sizeof *schedule);
    *schedule = (struct schedule){
        .config = config, .context = context, .probes = probes, .results = results, .arg = arg,
        .plan = plan_new(item_count(config)),
        .slots = mem_array(item_count(config), sizeof *schedule->slots),
        .timer = loop_timer_new(loop, run_due, schedule),
    };
    int64_t now_us = clock_mono_us();
    add_new(schedule, item_count(config), now_us);
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
    schedule->plan = plan_new(item_count(config));
    schedule->slots = mem_array(item_count(config), sizeof *schedule->slots);
    size_t kept = 0;
    for (size_t i = 0, item; i < item_count(former); i++) {
        if (!find_again(former, i, config, &item)) {
            slot_free(former_slots[i]);
            continue;
        }
        schedule->slots[item] = former_slots[i];
        schedule->slots[item]->item = item;
        plan_take_over(schedule->plan, item, interval_us(config, item), former_plan, i, now_us);
        kept++;
    }
    plan_free(former_plan);
    free(former_slots);
    add_new(schedule, item_count(config) - kept, now_us);
    plan_changed(schedule, now_us);
}

void schedule_stop(struct schedule *schedule)
{
    schedule->stopped = true;
    for (size_t i = 0; i < item_count(schedule->config); i++)
        cancel_round(schedule->slots[i]);
    atomic_store(&schedule->running, 0);
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    for (size_t i = 0; i < item_count(schedule->config); i++)
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
