#include "schedule/plan.h"

#include <stdlib.h>

#include "base/mem.h"

struct item {
    int64_t interval_us;
    int64_t grid_us; /* a time at which a regular round was or is due */
    int64_t due_us;
};

struct plan {
    struct item *items;
    size_t *heap; /* item numbers, the one due first on top; those under way are not in it */
    size_t waiting, running, max_running;
};

struct plan *plan_new(size_t count, size_t max_running)
{
    struct plan *plan = mem_alloc(sizeof *plan);
    plan->items = mem_array(count, sizeof *plan->items);
    plan->heap = mem_array(count, sizeof *plan->heap);
    plan->max_running = max_running;
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->items);
    free(plan->heap);
    free(plan);
}

/* Due earlier; the lower number first where both are due at once. */
static bool before(const struct plan *plan, size_t a, size_t b)
{
    int64_t due_a = plan->items[a].due_us, due_b = plan->items[b].due_us;
    return due_a != due_b ? due_a < due_b : a < b;
}

static void push(struct plan *plan, size_t item)
{
    size_t at = plan->waiting++;
    for (; at > 0 && before(plan, item, plan->heap[(at - 1) / 2]); at = (at - 1) / 2)
        plan->heap[at] = plan->heap[(at - 1) / 2];
    plan->heap[at] = item;
}

static size_t pop(struct plan *plan)
{
    size_t top = plan->heap[0], last = plan->heap[--plan->waiting], at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= plan->waiting)
            break;
        if (child + 1 < plan->waiting && before(plan, plan->heap[child + 1], plan->heap[child]))
            child++;
        if (!before(plan, plan->heap[child], last))
            break;
        plan->heap[at] = plan->heap[child];
        at = child;
    }
    plan->heap[at] = last;
    return top;
}

void plan_add(struct plan *plan, size_t item, int64_t interval_us, int64_t first_us)
{
    plan->items[item] = (struct item){.interval_us = interval_us, .grid_us = first_us, .due_us = first_us};
    push(plan, item);
}

int64_t plan_spread_us(size_t item, size_t count, int64_t interval_us)
{
    int64_t wanted_us = (int64_t)count * START_SPREAD_US;
    int64_t spread_us = wanted_us < interval_us ? wanted_us : interval_us;
    return spread_us / (int64_t)count * (int64_t)item;
}

bool plan_start(struct plan *plan, int64_t now_us, size_t *item)
{
    if (plan_wait_us(plan, now_us) != 0)
        return false;
    *item = pop(plan);
    plan->running++;
    return true;
}

void plan_finish(struct plan *plan, size_t item, int64_t now_us, int64_t retry_us)
{
    struct item *finished = &plan->items[item];
    if (finished->grid_us <= now_us)
        finished->grid_us += ((now_us - finished->grid_us) / finished->interval_us + 1) * finished->interval_us;
    finished->due_us = finished->grid_us;
    if (retry_us > 0 && now_us + retry_us < finished->due_us)
        finished->due_us = now_us + retry_us;
    plan->running--;
    push(plan, item);
}

int64_t plan_wait_us(const struct plan *plan, int64_t now_us)
{
    if (plan->waiting == 0 || plan->running >= plan->max_running)
        return -1;
    int64_t due_us = plan->items[plan->heap[0]].due_us;
    return due_us > now_us ? due_us - now_us : 0;
}

size_t plan_running(const struct plan *plan)
{
    return plan->running;
}
