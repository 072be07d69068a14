/* Who may talk now: at most so many conversations at once, at most so many with one address, and at most half of all
 * with targets that timed out the last time, so that peers that hang cannot starve those that answer. Among those that
 * may start it is first come, first served; where many wait for one address, or one target at it, these take turns
 * with the others. No I/O. */
#ifndef PROBE_GATE_H
#define PROBE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

struct gate;
struct gate_pass;

/* Both limits above 0. */
struct gate *gate_new(struct loop *loop, unsigned max, unsigned max_per_address);
void gate_free(struct gate *gate); /* every pass must have been given back; not from a `go`; NULL is legal */
/* Takes effect as conversations end: none is broken off. */
void gate_set_limits(struct gate *gate, unsigned max, unsigned max_per_address);

/* Asks to talk to this address (numeric) and port. `go` is called once, when the conversation may start, and only from
 * a timer of the loop: never before this returns, nor from any other function here. */
struct gate_pass *gate_enter(struct gate *gate, const char *address, uint16_t port, void (*go)(void *arg), void *arg);
/* How long the pass was waited for, in microseconds; of one still waiting, so far. */
int64_t gate_waited_us(const struct gate_pass *pass);
/* Gives the pass back and frees it: after the conversation, or while still waiting (then `go` is not called any more
 * and timed_out has no meaning). timed_out is remembered of the target until it answers; of the 65,536 latest. */
void gate_leave(struct gate_pass *pass, bool timed_out);

#endif
