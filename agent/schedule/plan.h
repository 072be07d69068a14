/* When each domain is due: plain arithmetic over times that the caller gives, so that a test can be the clock.
 * All times are microseconds on one monotonic clock. */
#ifndef SCHEDULE_PLAN_H
#define SCHEDULE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

/* Items are numbered 0 to count - 1. At most max_running are under way at once. */
struct plan *plan_new(size_t count, size_t max_running);
void plan_free(struct plan *plan);

/* Each item once, before anything else: due first at first_us, then every interval_us (above 0). */
void plan_add(struct plan *plan, size_t item, int64_t interval_us, int64_t first_us);
/* When the first round of this item is best made: all are spread over START_SPREAD_US each, but within the interval. */
#define START_SPREAD_US INT64_C(10000)
int64_t plan_spread_us(size_t item, size_t count, int64_t interval_us);

/* Takes the longest due item that may start now. It stays under way until plan_finish(). */
bool plan_start(struct plan *plan, int64_t now_us, size_t *item);
/* The next round is due at the next multiple of the interval, counted from the first, that is still to come; sooner
 * with retry_us above 0. So a slow round shifts none of those that follow. */
void plan_finish(struct plan *plan, size_t item, int64_t now_us, int64_t retry_us);
/* Time until plan_start() can succeed again: 0 now, -1 not before a plan_finish(). */
int64_t plan_wait_us(const struct plan *plan, int64_t now_us);
size_t plan_running(const struct plan *plan);

#endif
