#include "health/state.h"

const char *state_name(enum state state)
{
    switch (state) {
    case STATE_OK: return "ok";
    case STATE_WARNING: return "warning";
    case STATE_CRITICAL: return "critical";
    case STATE_UNKNOWN: return "unknown";
    }
    return "unknown";
}

static int badness(enum state state)
{
    switch (state) {
    case STATE_OK: return 0;
    case STATE_UNKNOWN: return 1;
    case STATE_WARNING: return 2;
    case STATE_CRITICAL: return 3;
    }
    return 1;
}

bool state_worse(enum state a, enum state b)
{
    return badness(a) > badness(b);
}
