/* The four states and how they combine. The numbers are those of FhState in FEDHEALTH-MIB. */
#ifndef HEALTH_STATE_H
#define HEALTH_STATE_H

#include <stdbool.h>

enum state { STATE_OK = 1, STATE_WARNING = 2, STATE_CRITICAL = 3, STATE_UNKNOWN = 4 };
#define STATE_COUNT 4
#define STATE_NONE 0 /* beside these, where no state is known yet */

const char *state_name(enum state state); /* "ok", "warning", "critical", "unknown" */
/* True when a is worse than b, in the order critical, warning, unknown, ok. */
bool state_worse(enum state a, enum state b);

/* What could be learnt of a yes-or-no fact. Never guess: what was not observed stays UNKNOWN. */
enum tri { TRI_UNKNOWN = 0, TRI_NO = 1, TRI_YES = 2 };

#endif
