/* A loop that has only timers, and a clock that moves only from one of them to the next: hours pass in no time, and the
 * same way each time. It stands in for loop/loop.h; a test that links it must be linked with
 * -Wl,--wrap=clock_mono_us and without libloop.a. */
#ifndef TESTS_FAKE_LOOP_H
#define TESTS_FAKE_LOOP_H

#include <stddef.h>
#include <stdint.h>

int64_t fake_now_us(void);
void fake_run_until(int64_t time_us); /* lets all timers up to then expire */
void fake_stall_us(int64_t time_us);  /* time goes by, and no timer expires */
size_t fake_timers(void);             /* that exist */

#endif
