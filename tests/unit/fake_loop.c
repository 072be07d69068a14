#include "tests/unit/fake_loop.h"

#include <stdbool.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"

#define LONG_US 1000000

struct loop_timer {
    void (*expired)(void *arg);
    void *arg;
    bool armed;
    int64_t due_us;
    struct loop_timer *prev, *next;
};

static int64_t now_us = 1000;
static struct loop_timer *armed; /* the one due first in front */
static size_t timers;

int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void)
{
    return now_us;
}

int64_t fake_now_us(void)
{
    return now_us;
}

void fake_stall_us(int64_t time_us)
{
    now_us += time_us;
}

size_t fake_timers(void)
{
    return timers;
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*expired)(void *arg), void *arg)
{
    (void)loop;
    struct loop_timer *timer = mem_alloc(sizeof *timer);
    timer->expired = expired;
    timer->arg = arg;
    timers++;
    return timer;
}

static void disarm(struct loop_timer *timer)
{
    if (timer->armed)
        DL_DELETE(armed, timer);
    timer->armed = false;
}

void loop_timer_arm(struct loop_timer *timer, int64_t delay_us)
{
    disarm(timer);
    timer->armed = true;
    timer->due_us = now_us + (delay_us > 0 ? delay_us : 0);
    struct loop_timer *after = NULL;
    if (delay_us >= LONG_US) { /* looked for from the end that is nearer */
        for (after = armed != NULL ? armed->prev : NULL; after != NULL && after->due_us > timer->due_us;)
            after = after == armed ? NULL : after->prev;
    } else {
        for (struct loop_timer *at = armed; at != NULL && at->due_us <= timer->due_us; at = at->next)
            after = at;
    }
    DL_APPEND_ELEM(armed, after, timer);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    disarm(timer);
    free(timer);
    timers--;
}

static void expire(struct loop_timer *timer)
{
    if (timer->due_us > now_us)
        now_us = timer->due_us;
    disarm(timer);
    timer->expired(timer->arg);
}

void fake_run_until(int64_t time_us)
{
    while (armed != NULL && armed->due_us <= time_us)
        expire(armed);
    if (now_us < time_us)
        now_us = time_us;
}
