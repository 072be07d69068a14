/* A made-up state for benches: so many healthy domains with one endpoint each. It goes with the process. */
#ifndef TESTS_MADE_UP_H
#define TESTS_MADE_UP_H

#include "health/status.h"

#define MADE_UP_NOW_MS INT64_C(1795348800000) /* 2026-11-22T12:00:00Z, when all of it happened */

void made_up_status(struct status *status, size_t domains);

#endif
