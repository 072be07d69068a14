/* Clocks. Durations and deadlines use the monotonic clock, everything shown to people the wall clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_us(void); /* microseconds since an arbitrary point; never goes back */
int64_t clock_wall_ms(void); /* milliseconds since 1970-01-01T00:00Z */

/* "2026-11-22T12:00:00Z" into out (at least 21 bytes), from seconds since 1970; out is returned. */
#define CLOCK_RFC3339_SIZE 32
char *clock_rfc3339(int64_t seconds, char out[CLOCK_RFC3339_SIZE]);

#endif
