#include "loop/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"

/* libuv closes handles in a later turn, so every object lives until its close callback has run. */

/* The worst delay is kept for the present and for the former half minute. */
#define LAG_WINDOW_US INT64_C(30000000)
/* Turns in which all handles are closed; a signal that was just caught keeps its handle for one more. */
#define CLOSE_TURNS 10
/* A timer of the loop's own, so that the lag is measured also while nothing else happens. */
#define HEARTBEAT_MS 250

struct loop {
    uv_loop_t uv; /* first, so that a handle's loop is a struct loop */
    uv_prepare_t turning;
    uint64_t turn; /* counted from 1 */
    uv_timer_t heartbeat;
    int64_t heartbeat_due_us;
    int64_t window_start_us;
    atomic_llong lag_us, former_lag_us;
    unsigned working; /* loop_work() under way */
    bool stopping;    /* loop_stop() was called, and no loop_run() has ended since */
    uv_async_t wake; /* there are calls */
    pthread_mutex_t lock; /* of the two below */
    struct loop_call *calls, **calls_end;
};

struct loop_timer {
    uv_timer_t uv; /* first, so that closed() frees the whole */
    uint64_t turn; /* in which it expired last */
    void (*expired)(void *arg);
    void *arg;
};

struct loop_watch {
    uv_poll_t uv;
    int events; /* wanted */
    void (*ready)(void *arg, int events);
    void *arg;
};

struct loop_call {
    struct loop_call *next;
    void (*call)(void *arg);
    void *arg;
};

struct loop_work {
    uv_work_t uv;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

struct loop_signal {
    uv_signal_t uv;
    void (*caught)(void *arg, int number);
    void *arg;
};

static void closed(uv_handle_t *handle)
{
    free(handle);
}

/* Setting up a handle fails only for lack of descriptors or memory at start, or for a bug. */
static void must(int status)
{
    if (status != 0)
        abort();
}

/* Monotonic, in whole milliseconds: from when this turn of the loop began, or a timer was last armed. */
static int64_t turn_us(struct loop *loop)
{
    return (int64_t)uv_now(&loop->uv) * 1000;
}

static void lag_note(struct loop *loop, int64_t late_us)
{
    int64_t now_us = turn_us(loop);
    if (now_us - loop->window_start_us >= LAG_WINDOW_US) {
        atomic_store(&loop->former_lag_us, atomic_load(&loop->lag_us));
        atomic_store(&loop->lag_us, 0);
        loop->window_start_us = now_us;
    }
    if (late_us > atomic_load(&loop->lag_us))
        atomic_store(&loop->lag_us, late_us);
}

static void heartbeat(uv_timer_t *uv)
{
    struct loop *loop = (struct loop *)uv->loop;
    if (loop->heartbeat_due_us != 0)
        lag_note(loop, (int64_t)(uv_hrtime() / 1000) - loop->heartbeat_due_us);
    loop->heartbeat_due_us = turn_us(loop) + (HEARTBEAT_MS + 1) * 1000; /* libuv counts whole milliseconds */
    must(uv_timer_start(uv, heartbeat, HEARTBEAT_MS, 0));
}

/* Between the timers of a turn and its watches. */
static void turn_count(uv_prepare_t *uv)
{
    struct loop *loop = (struct loop *)uv->loop;
    loop->turn++;
}

/* A call may ask for another, which then waits for the next turn. */
static void calls_run(uv_async_t *uv)
{
    struct loop *loop = (struct loop *)uv->loop;
    pthread_mutex_lock(&loop->lock);
    struct loop_call *call = loop->calls;
    loop->calls = NULL;
    loop->calls_end = &loop->calls;
    pthread_mutex_unlock(&loop->lock);
    while (call != NULL) {
        struct loop_call *next = call->next;
        call->call(call->arg);
        free(call);
        call = next;
    }
}

void loop_call(struct loop *loop, void (*function)(void *arg), void *arg)
{
    struct loop_call *call = mem_alloc(sizeof *call);
    call->call = function;
    call->arg = arg;
    pthread_mutex_lock(&loop->lock);
    *loop->calls_end = call;
    loop->calls_end = &call->next;
    pthread_mutex_unlock(&loop->lock);
    must(uv_async_send(&loop->wake));
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_alloc(sizeof *loop);
    must(uv_loop_init(&loop->uv));
    must(uv_timer_init(&loop->uv, &loop->heartbeat));
    must(uv_timer_start(&loop->heartbeat, heartbeat, 0, 0));
    must(uv_async_init(&loop->uv, &loop->wake, calls_run));
    must(uv_prepare_init(&loop->uv, &loop->turning));
    must(uv_prepare_start(&loop->turning, turn_count));
    loop->turn = 1;
    loop->calls_end = &loop->calls;
    pthread_mutex_init(&loop->lock, NULL);
    /* These alone keep no loop running. */
    uv_unref((uv_handle_t *)&loop->turning);
    uv_unref((uv_handle_t *)&loop->heartbeat);
    uv_unref((uv_handle_t *)&loop->wake);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    calls_run(&loop->wake);
    uv_close((uv_handle_t *)&loop->turning, NULL);
    uv_close((uv_handle_t *)&loop->heartbeat, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    int status = UV_EBUSY;
    for (int turn = 0; status == UV_EBUSY && turn < CLOSE_TURNS; turn++) {
        uv_run(&loop->uv, UV_RUN_NOWAIT); /* lets the close callbacks run */
        status = uv_loop_close(&loop->uv);
    }
    must(status); /* else something was not freed */
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void loop_run(struct loop *loop)
{
    do
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    while (loop->working > 0); /* begun behind the stop, in the same turn */
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    if (loop->working == 0)
        uv_stop(&loop->uv);
}

int64_t loop_lag_us(struct loop *loop)
{
    int64_t now = atomic_load(&loop->lag_us), former = atomic_load(&loop->former_lag_us);
    return now > former ? now : former;
}

/* libuv 1.44 runs timers until none is due, so that one that is armed for at once, again and again, would keep all
 * watches from their turn: a second time in one turn is too early. */
static void timer_fired(uv_timer_t *uv)
{
    struct loop_timer *timer = (struct loop_timer *)uv;
    struct loop *loop = (struct loop *)uv->loop;
    if (timer->turn == loop->turn) {
        must(uv_timer_start(uv, timer_fired, 1, 0));
        return;
    }
    timer->turn = loop->turn;
    timer->expired(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*expired)(void *arg), void *arg)
{
    struct loop_timer *timer = mem_alloc(sizeof *timer);
    must(uv_timer_init(&loop->uv, &timer->uv));
    timer->expired = expired;
    timer->arg = arg;
    return timer;
}

void loop_timer_arm(struct loop_timer *timer, int64_t delay_us)
{
    uint64_t delay_ms = delay_us <= 0 ? 0 : (uint64_t)(delay_us + 999) / 1000;
    uv_update_time(timer->uv.loop); /* libuv counts from when the turn began, which may be long ago */
    must(uv_timer_start(&timer->uv, timer_fired, delay_ms, 0));
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer != NULL)
        uv_close((uv_handle_t *)&timer->uv, closed);
}

static void watch_ready(uv_poll_t *uv, int status, int events);

static void watch_set(struct loop_watch *watch, int events)
{
    watch->events = events;
    int wanted = (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0);
    must(wanted ? uv_poll_start(&watch->uv, wanted, watch_ready) : uv_poll_stop(&watch->uv));
}

static void watch_ready(uv_poll_t *uv, int status, int events)
{
    struct loop_watch *watch = (struct loop_watch *)uv;
    int seen = status < 0 ? LOOP_READ | LOOP_WRITE
                          : (events & UV_READABLE ? LOOP_READ : 0) | (events & UV_WRITABLE ? LOOP_WRITE : 0);
    watch->ready(watch->arg, seen);
    /* libuv stops a watch at an error; the handle still exists, even if the callback has freed the watch. */
    if (status < 0 && !uv_is_closing((uv_handle_t *)uv))
        watch_set(watch, watch->events);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg)
{
    struct loop_watch *watch = mem_alloc(sizeof *watch);
    must(uv_poll_init(&loop->uv, &watch->uv, fd));
    watch->ready = ready;
    watch->arg = arg;
    return watch;
}

void loop_watch_events(struct loop_watch *watch, int events)
{
    if (events != watch->events) /* else libuv would take the descriptor out of epoll and put it in again */
        watch_set(watch, events);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch != NULL)
        uv_close((uv_handle_t *)&watch->uv, closed);
}

static void work_run(uv_work_t *uv)
{
    struct loop_work *work = (struct loop_work *)uv;
    work->work(work->arg);
}

static void work_done(uv_work_t *uv, int status)
{
    (void)status; /* nothing cancels it */
    struct loop_work *work = (struct loop_work *)uv;
    struct loop *loop = (struct loop *)uv->loop;
    loop->working--;
    work->done(work->arg);
    free(work);
    if (loop->stopping)
        loop_stop(loop);
}

void loop_work(struct loop *loop, void (*run)(void *arg), void (*done)(void *arg), void *arg)
{
    struct loop_work *work = mem_alloc(sizeof *work);
    work->work = run;
    work->done = done;
    work->arg = arg;
    loop->working++;
    sigset_t all, former; /* libuv makes its threads now, and signals are not for them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    must(uv_queue_work(&loop->uv, &work->uv, work_run, work_done));
    pthread_sigmask(SIG_SETMASK, &former, NULL);
}

static void signal_caught(uv_signal_t *uv, int number)
{
    struct loop_signal *signal = (struct loop_signal *)uv;
    signal->caught(signal->arg, number);
}

struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*caught)(void *arg, int number), void *arg)
{
    struct loop_signal *signal = mem_alloc(sizeof *signal);
    must(uv_signal_init(&loop->uv, &signal->uv));
    must(uv_signal_start(&signal->uv, signal_caught, number));
    signal->caught = caught;
    signal->arg = arg;
    return signal;
}

void loop_signal_free(struct loop_signal *signal)
{
    if (signal != NULL)
        uv_close((uv_handle_t *)&signal->uv, closed);
}
