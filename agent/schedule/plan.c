#include "schedule/plan.h"

#include <stdlib.h>

#include "base/mem.h"

struct item {
    int64_t interval_us;
    int64_t grid_us; /* a time at which a regular round was or is due */
    int64_t due_us;  /* of the next round; of the present one while it is under way */
    unsigned back_off; /* intervals until the next regular round: 1, or 2, 4 … while the peer asks to be left alone */
    bool running;
};

struct plan {
    struct item *items;
    size_t *heap; /* item numbers, the one due first on top; those under way are not in it */
    size_t waiting, running;
};

struct plan *plan_new(size_t count)
{
    struct plan *plan = mem_alloc(sizeof *plan);
    plan->items = mem_array(count, sizeof *plan->items);
    plan->heap = mem_array(count, sizeof *plan->heap);
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

/* The first multiple of the interval that is still to come. What was counted from may itself be several away. */
static int64_t next_on_grid(const struct item *item, int64_t now_us)
{
    int64_t past_us = (now_us - item->grid_us) % item->interval_us;
    if (past_us < 0)
        past_us += item->interval_us;
    return now_us - past_us + item->interval_us;
}

/* Intervals until the next regular round: whole ones, so that the grid stays. */
static int64_t intervals_to_wait(const struct item *item)
{
    int64_t most = BACK_OFF_US / item->interval_us;
    if (most < 1)
        most = 1;
    return item->back_off < most ? item->back_off : most;
}

void plan_add(struct plan *plan, size_t item, int64_t interval_us, int64_t first_us)
{
    plan->items[item] =
        (struct item){.interval_us = interval_us, .grid_us = first_us, .due_us = first_us, .back_off = 1};
    push(plan, item);
}

/* Multiples of the golden ratio, modulo 1: evenly spread however many of them there are. */
static int64_t part_of(int64_t time_us, size_t item)
{
    uint64_t phase = (uint64_t)item * UINT64_C(0x9E3779B97F4A7C15);
    return (int64_t)((double)(phase >> 11) / (double)(UINT64_C(1) << 53) * (double)time_us);
}

void plan_take_over(struct plan *plan, size_t item, int64_t interval_us, const struct plan *former, size_t former_item,
                    int64_t now_us)
{
    struct item *taken = &plan->items[item];
    *taken = former->items[former_item];
    if (taken->interval_us != interval_us) {
        taken->interval_us = interval_us;
        taken->grid_us = now_us + (intervals_to_wait(taken) - 1) * interval_us + part_of(interval_us, item);
        if (taken->due_us > taken->grid_us)
            taken->due_us = taken->grid_us;
    }
    if (taken->running)
        plan->running++;
    else
        push(plan, item);
}

int64_t plan_spread_us(size_t item, size_t count, int64_t within_us)
{
    int64_t wanted_us = (int64_t)count * START_SPREAD_US;
    return part_of(wanted_us < within_us ? wanted_us : within_us, item);
}

bool plan_start(struct plan *plan, int64_t now_us, size_t *item)
{
    if (plan_wait_us(plan, now_us) != 0)
        return false;
    *item = pop(plan);
    plan->items[*item].running = true;
    plan->running++;
    return true;
}

int64_t plan_due_us(const struct plan *plan, size_t item)
{
    return plan->items[item].due_us;
}

int64_t plan_back_off(struct plan *plan, size_t item, bool asked)
{
    struct item *asking = &plan->items[item];
    asking->back_off = !asked ? 1 : asking->back_off < BACK_OFF_MAX ? 2 * asking->back_off : BACK_OFF_MAX;
    return intervals_to_wait(asking) * asking->interval_us;
}

void plan_finish(struct plan *plan, size_t item, int64_t now_us, int64_t retry_us)
{
    struct item *finished = &plan->items[item];
    finished->grid_us = next_on_grid(finished, now_us) + (intervals_to_wait(finished) - 1) * finished->interval_us;
    finished->due_us = finished->grid_us;
    if (retry_us > 0 && finished->back_off == 1 && now_us + retry_us < finished->due_us)
        finished->due_us = now_us + retry_us;
    finished->running = false;
    plan->running--;
    push(plan, item);
}

int64_t plan_wait_us(const struct plan *plan, int64_t now_us)
{
    if (plan->waiting == 0)
        return -1;
    int64_t due_us = plan->items[plan->heap[0]].due_us;
    return due_us > now_us ? due_us - now_us : 0;
}

size_t plan_running(const struct plan *plan)
{
    return plan->running;
}
