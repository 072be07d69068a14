/* The event loop: watches, timers, signals, and freeing them from within their own callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_can_be_armed_and_freed_by_its_callback),
        cmocka_unit_test(a_watch_fires_while_there_is_something_to_read),
        cmocka_unit_test(a_watch_outlives_a_descriptor_error),
        cmocka_unit_test(a_signal_is_an_event),
        cmocka_unit_test(a_stall_shows_as_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
