/* When each domain is due: plain arithmetic over times that the caller gives, so that a test can be the clock.
 * All times are microseconds on one monotonic clock. */
#ifndef SCHEDULE_PLAN_H
#define SCHEDULE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

struct plan *plan_new(size_t count); /* of items that are numbered 0 to count - 1 */
void plan_free(struct plan *plan);   /* NULL is legal */

/* Each item is put in once, before anything else, by one of these two. Due first at first_us, then every interval_us,
 * which is above 0: */
void plan_add(struct plan *plan, size_t item, int64_t interval_us, int64_t first_us);
/* With the times of an item of a former plan, which may be under way there and then is here. With another interval it
 * is due no later than before and, unless it is backing off, no later than an interval from now; all such items are
 * spread over it anew: */
void plan_take_over(struct plan *plan, size_t item, int64_t interval_us, const struct plan *former, size_t former_item,
                    int64_t now_us);

/* How long after the start the first round of one of `count` new items is best made: START_SPREAD_US for each, but all
 * within within_us. Every range of items is spread over the whole time, so that items may have different ones. */
#define START_SPREAD_US INT64_C(10000)
int64_t plan_spread_us(size_t item, size_t count, int64_t within_us);

/* Takes the item that is due for longest. It stays under way until plan_finish(). False when none is due. */
bool plan_start(struct plan *plan, int64_t now_us, size_t *item);
/* Of an item under way: when it should have started. */
int64_t plan_due_us(const struct plan *plan, size_t item);

/* Of an item under way: whether its peer asked to be left alone. Each time that it does, the interval doubles, up to
 * BACK_OFF_MAX of the item's own ones and to BACK_OFF_US (but an own interval beyond that stays); when it does not, the
 * interval is the item's own again. Returns the interval now in force. */
#define BACK_OFF_MAX 16
#define BACK_OFF_US (INT64_C(24) * 3600 * 1000000)
int64_t plan_back_off(struct plan *plan, size_t item, bool asked);
/* The next round is due at the next multiple of the interval, counted from the first, that is still to come, and as
 * many intervals later as the back-off wants; without one, sooner with retry_us above 0. So a slow round shifts none of
 * those that follow. */
void plan_finish(struct plan *plan, size_t item, int64_t now_us, int64_t retry_us);

/* Time until plan_start() can succeed again: 0 now, -1 not before a plan_finish(). */
int64_t plan_wait_us(const struct plan *plan, int64_t now_us);
size_t plan_running(const struct plan *plan);

#endif
