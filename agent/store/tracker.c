#include "store/tracker.h"

#include <stdbool.h>

#include "health/result.h"

void tracker_init(struct tracker *tracker)
{
    *tracker = (struct tracker){.since_ms = TIME_ABSENT, .confirmed = STATE_NONE, .candidate = STATE_NONE};
}

enum tracked tracker_note(struct tracker *tracker, enum state state, unsigned confirm, int64_t now_ms)
{
    tracker->seen = tracker->candidate == state ? tracker->seen + 1 : 1;
    tracker->candidate = (uint8_t)state;
    if (tracker->confirmed == state)
        return TRACKED_SAME;
    bool first = tracker->confirmed == STATE_NONE;
    if (tracker->seen < confirm && !(first && state == STATE_OK))
        return TRACKED_OPEN;
    tracker->confirmed = (uint8_t)state;
    if (first && (state == STATE_OK || state == STATE_UNKNOWN))
        return TRACKED_FIRST;
    tracker->since_ms = now_ms;
    return TRACKED_CHANGE;
}
