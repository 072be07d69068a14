/* What tells a transition from a passing failure: a state counts as another one only once enough results in a row say
 * so. Plain values over times that the caller gives. */
#ifndef STORE_TRACKER_H
#define STORE_TRACKER_H

#include <stdint.h>

#include "health/state.h"

/* A state as confirmed by repeated results, and what may follow it. */
struct tracker {
    int64_t since_ms;  /* the transition to it, or TIME_ABSENT */
    uint8_t confirmed; /* enum state, or STATE_NONE */
    uint8_t candidate; /* the state of the latest result, or STATE_NONE before the first one of this run */
    unsigned seen;     /* equal results of the candidate in a row */
};

enum tracked {
    TRACKED_SAME,   /* the confirmed state again */
    TRACKED_OPEN,   /* another one, not confirmed yet */
    TRACKED_FIRST,  /* the first that is known, and no transition */
    TRACKED_CHANGE, /* a transition */
};

/* Nothing was seen. */
void tracker_init(struct tracker *tracker);
/* Notes one result. The first ok is no transition, and neither is it to learn that what was not known is unknown. */
enum tracked tracker_note(struct tracker *tracker, enum state state, unsigned confirm, int64_t now_ms);

#endif
