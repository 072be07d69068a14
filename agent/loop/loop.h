/* The event loop: watches on descriptors, timers, signals. One thread runs it and calls everything below, except
 * loop_lag_us() and loop_call(). A callback may free the very watch, timer or signal that called it. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;

struct loop *loop_new(void);
/* Every timer, watch and signal must have been freed before. NULL is legal, here and in all frees below. */
void loop_free(struct loop *loop);
void loop_run(struct loop *loop);      /* until loop_stop() */
void loop_stop(struct loop *loop);
/* Worst delay of a timer in the last minute, in microseconds. Safe from every thread. */
int64_t loop_lag_us(struct loop *loop);

/* One-shot; the callback may arm it again. A timer that is armed again forgets its former time. It expires once a turn
 * of the loop at most: in between the watches have theirs. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*expired)(void *arg), void *arg);
void loop_timer_arm(struct loop_timer *timer, int64_t delay_us);
void loop_timer_free(struct loop_timer *timer);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
/* Level-triggered. Close the descriptor only after loop_watch_free(). A descriptor error shows as both events. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg);
void loop_watch_events(struct loop_watch *watch, int events); /* 0: none */
void loop_watch_free(struct loop_watch *watch);

/* Calls `run` on another thread, which takes no signals, and after it `done` on the loop's. Cannot be taken back:
 * loop_free() must not be called before `done` was; loop_run() goes on for it even after loop_stop(), and until then
 * everything else goes on too. */
void loop_work(struct loop *loop, void (*run)(void *arg), void (*done)(void *arg), void *arg);

/* Calls the function on the loop's thread, soon and in the order asked for; at the latest in loop_free(). Safe from
 * every thread until then. */
void loop_call(struct loop *loop, void (*function)(void *arg), void *arg);

struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*caught)(void *arg, int number), void *arg);
void loop_signal_free(struct loop_signal *signal);

#endif
