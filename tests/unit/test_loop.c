/* The event loop: watches, timers, signals, and freeing them from within their own callbacks; work beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"

struct scene {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_watch *watch;
    struct loop_signal *signal;
    int fd;
    int calls, events;
};

static void timer_again(void *arg)
{
    struct scene *scene = arg;
    if (++scene->calls < 3) {
        loop_timer_arm(scene->timer, 1000);
        return;
    }
    loop_timer_free(scene->timer);
    loop_stop(scene->loop);
}

static void a_timer_can_be_armed_and_freed_by_its_callback(void **state)
{
    (void)state;
    struct scene scene = {.loop = loop_new()};
    scene.timer = loop_timer_new(scene.loop, timer_again, &scene);
    loop_timer_arm(scene.timer, 0);
    loop_run(scene.loop);
    assert_int_equal(scene.calls, 3);
    loop_free(scene.loop);
}

static void watch_reads(void *arg, int events)
{
    struct scene *scene = arg;
    char byte;
    assert_true(events & LOOP_READ);
    assert_int_equal(read(scene->fd, &byte, 1), 1);
    if (++scene->calls < 2)
        return;
    loop_watch_free(scene->watch);
    loop_stop(scene->loop);
}

static void a_watch_fires_while_there_is_something_to_read(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct scene scene = {.loop = loop_new(), .fd = pair[0]};
    scene.watch = loop_watch_new(scene.loop, pair[0], watch_reads, &scene);
    loop_watch_events(scene.watch, LOOP_READ);
    assert_int_equal(write(pair[1], "ab", 2), 2);
    loop_run(scene.loop);
    assert_int_equal(scene.calls, 2);
    close(pair[0]);
    close(pair[1]);
    loop_free(scene.loop);
}

/* Takes the descriptor's error, which libuv reports by stopping the watch, and provokes the next. */
static void watch_errors(void *arg, int events)
{
    struct scene *scene = arg;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(scene->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0)
        return;
    assert_int_equal(events, LOOP_READ | LOOP_WRITE);
    if (++scene->calls == 3)
        loop_stop(scene->loop);
    else
        assert_int_equal(send(scene->fd, "x", 1, 0), 1);
}

static void a_watch_outlives_a_descriptor_error(void **state)
{
    (void)state;
    /* A datagram to a port that is bound by nobody comes back as ECONNREFUSED. */
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof nobody;
    int reserved = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(reserved, (struct sockaddr *)&nobody, size), 0);
    assert_int_equal(getsockname(reserved, (struct sockaddr *)&nobody, &size), 0);
    close(reserved);
    assert_int_equal(connect(fd, (struct sockaddr *)&nobody, size), 0);
    struct scene scene = {.loop = loop_new(), .fd = fd};
    scene.watch = loop_watch_new(scene.loop, fd, watch_errors, &scene);
    loop_watch_events(scene.watch, LOOP_READ);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    loop_run(scene.loop);
    assert_int_equal(scene.calls, 3);
    loop_watch_free(scene.watch);
    close(fd);
    loop_free(scene.loop);
}

/* A timer that always has more to do, as where many wait. */
static void at_once_again(void *arg)
{
    struct scene *scene = arg;
    assert_true(++scene->events < 1000); /* else the watch never gets its turn */
    loop_timer_arm(scene->timer, 0);
}

static void watch_is_seen(void *arg, int events)
{
    struct scene *scene = arg;
    assert_true(events & LOOP_READ);
    loop_timer_free(scene->timer);
    loop_watch_free(scene->watch);
    loop_stop(scene->loop);
}

static void a_timer_that_is_due_at_once_lets_others_have_their_turn(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], "a", 1), 1);
    struct scene scene = {.loop = loop_new()};
    scene.watch = loop_watch_new(scene.loop, pair[0], watch_is_seen, &scene);
    loop_watch_events(scene.watch, LOOP_READ);
    scene.timer = loop_timer_new(scene.loop, at_once_again, &scene);
    loop_timer_arm(scene.timer, 0);
    loop_run(scene.loop);
    close(pair[0]);
    close(pair[1]);
    loop_free(scene.loop);
}

static void caught(void *arg, int number)
{
    struct scene *scene = arg;
    scene->events = number;
    loop_signal_free(scene->signal);
    loop_stop(scene->loop);
}

static void a_signal_is_an_event(void **state)
{
    (void)state;
    struct scene scene = {.loop = loop_new()};
    scene.signal = loop_signal_new(scene.loop, SIGUSR1, caught, &scene);
    raise(SIGUSR1);
    loop_run(scene.loop);
    assert_int_equal(scene.events, SIGUSR1);
    loop_free(scene.loop);
}

static void stalls(void *arg)
{
    struct scene *scene = arg;
    if (++scene->calls == 2) {
        loop_stop(scene->loop);
        return;
    }
    usleep(400000); /* longer than the loop's own timer needs */
    loop_timer_arm(scene->timer, 300000);
}

static void a_stall_shows_as_lag(void **state)
{
    (void)state;
    struct scene scene = {.loop = loop_new()};
    scene.timer = loop_timer_new(scene.loop, stalls, &scene);
    loop_timer_arm(scene.timer, 1000);
    loop_run(scene.loop);
    assert_true(loop_lag_us(scene.loop) > 100000);
    loop_timer_free(scene.timer);
    loop_free(scene.loop);
}

/* ---- work on another thread ---- */

struct work_scene {
    struct loop *loop;
    struct loop_timer *timer;
    pthread_t loops, worker;
    sigset_t blocked; /* in the worker */
    int gate[2];      /* the work ends when something can be read */
    int ticks, done, again;
};

static void work(void *arg)
{
    struct work_scene *scene = arg;
    char byte;
    scene->worker = pthread_self();
    pthread_sigmask(SIG_BLOCK, NULL, &scene->blocked);
    if (read(scene->gate[0], &byte, 1) != 1)
        abort();
}

static void work_is_done(void *arg)
{
    struct work_scene *scene = arg;
    assert_true(pthread_equal(pthread_self(), scene->loops));
    scene->done++;
    if (scene->again-- > 0)
        loop_work(scene->loop, work, work_is_done, scene);
}

/* Stops at the first tick, lets the work end at every second one, and goes on for long. */
static void tick(void *arg)
{
    struct work_scene *scene = arg;
    assert_true(scene->ticks < 1000); /* else the stop was forgotten */
    if (scene->ticks++ == 0)
        loop_stop(scene->loop);
    if (scene->ticks % 2 == 0)
        assert_int_equal(write(scene->gate[1], "x", 1), 1);
    loop_timer_arm(scene->timer, 1000);
}

static void work_scene_init(struct work_scene *scene)
{
    *scene = (struct work_scene){.loop = loop_new(), .loops = pthread_self()};
    assert_int_equal(pipe(scene->gate), 0);
    scene->timer = loop_timer_new(scene->loop, tick, scene);
    loop_timer_arm(scene->timer, 1000);
    loop_work(scene->loop, work, work_is_done, scene);
}

static void work_scene_fini(struct work_scene *scene)
{
    loop_timer_free(scene->timer);
    loop_free(scene->loop);
    close(scene->gate[0]);
    close(scene->gate[1]);
}

static void work_that_is_under_way_at_the_stop_is_waited_for(void **state)
{
    (void)state;
    struct work_scene scene;
    work_scene_init(&scene);
    loop_run(scene.loop);
    assert_true(scene.ticks >= 2); /* timers went on after the stop, or the work would not have ended */
    assert_int_equal(scene.done, 1);
    assert_false(pthread_equal(scene.worker, scene.loops));
    work_scene_fini(&scene);
}

static void work_that_follows_from_work_is_waited_for(void **state)
{
    (void)state;
    struct work_scene scene;
    work_scene_init(&scene);
    scene.again = 2;
    loop_run(scene.loop);
    assert_int_equal(scene.done, 3);
    work_scene_fini(&scene);
}

static void a_stop_before_the_run_counts(void **state)
{
    (void)state;
    struct work_scene scene;
    work_scene_init(&scene);
    scene.ticks = 1; /* stop here instead */
    loop_stop(scene.loop);
    loop_run(scene.loop);
    assert_int_equal(scene.done, 1);
    work_scene_fini(&scene);
}

/* Stops and begins, and lets the work end the next time. */
static void stop_and_begin(void *arg)
{
    struct work_scene *scene = arg;
    if (scene->ticks++ > 0) {
        assert_int_equal(write(scene->gate[1], "x", 1), 1);
        return;
    }
    loop_stop(scene->loop);
    loop_work(scene->loop, work, work_is_done, scene);
    loop_timer_arm(scene->timer, 1000);
}

static void work_that_begins_after_the_stop_is_waited_for(void **state)
{
    (void)state;
    struct work_scene scene = {.loop = loop_new(), .loops = pthread_self()};
    assert_int_equal(pipe(scene.gate), 0);
    scene.timer = loop_timer_new(scene.loop, stop_and_begin, &scene);
    loop_timer_arm(scene.timer, 1000);
    loop_run(scene.loop);
    assert_int_equal(scene.done, 1);
    work_scene_fini(&scene);
}

/* A signal that nobody watches any more must not end the program through a worker. */
static void workers_take_no_signals(void **state)
{
    (void)state;
    struct work_scene scene;
    sigset_t own;
    work_scene_init(&scene);
    pthread_sigmask(SIG_BLOCK, NULL, &own);
    loop_run(scene.loop);
    assert_true(sigismember(&scene.blocked, SIGTERM));
    assert_true(sigismember(&scene.blocked, SIGHUP));
    assert_false(sigismember(&own, SIGTERM));
    work_scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_can_be_armed_and_freed_by_its_callback),
        cmocka_unit_test(a_watch_fires_while_there_is_something_to_read),
        cmocka_unit_test(a_watch_outlives_a_descriptor_error),
        cmocka_unit_test(a_timer_that_is_due_at_once_lets_others_have_their_turn),
        cmocka_unit_test(a_signal_is_an_event),
        cmocka_unit_test(a_stall_shows_as_lag),
        cmocka_unit_test(work_that_is_under_way_at_the_stop_is_waited_for),
        cmocka_unit_test(work_that_follows_from_work_is_waited_for),
        cmocka_unit_test(a_stop_before_the_run_counts),
        cmocka_unit_test(work_that_begins_after_the_stop_is_waited_for),
        cmocka_unit_test(workers_take_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
