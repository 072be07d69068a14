/* One state of affairs, held while requests keep coming, so that the requests of a walk fit together. Times are those
 * of clock_mono_us(). */
#ifndef SNMP_HOLD_H
#define SNMP_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "health/status.h"

#define HOLD_IDLE_US INT64_C(1000000) /* without a request for so long, the state is let go */
#define HOLD_MAX_US INT64_C(10000000) /* nobody is shown a state older than this */

struct hold {
    void *(*take)(void *arg, const struct status **status);
    void (*give_back)(void *held);
    void *arg;
    void *held;                  /* NULL: none */
    const struct status *status; /* of `held` */
    int64_t taken_us, asked_us;  /* when it was taken, and when it was last asked for */
};

void hold_init(struct hold *hold, void *(*take)(void *arg, const struct status **status),
               void (*give_back)(void *held), void *arg);
void hold_fini(struct hold *hold);

/* A request asks for the state: the one that is held, or else the present one, which is then held. */
const struct status *hold_status(struct hold *hold, int64_t now_us);
/* Lets the state go when its time is over. False: none is held any more. */
bool hold_tend(struct hold *hold, int64_t now_us);

#endif
