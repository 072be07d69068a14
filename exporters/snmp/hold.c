#include "exporters/snmp/hold.h"

#include <stddef.h>

void hold_init(struct hold *hold, void *(*take)(void *arg, const struct status **status),
               void (*give_back)(void *held), void *arg)
{
    *hold = (struct hold){.take = take, .give_back = give_back, .arg = arg};
}

void hold_fini(struct hold *hold)
{
    if (hold->held != NULL)
        hold->give_back(hold->held);
    hold->held = NULL;
}

bool hold_tend(struct hold *hold, int64_t now_us)
{
    if (now_us - hold->asked_us >= HOLD_IDLE_US || now_us - hold->taken_us >= HOLD_MAX_US)
        hold_fini(hold);
    return hold->held != NULL;
}

const struct status *hold_status(struct hold *hold, int64_t now_us)
{
    if (!hold_tend(hold, now_us)) {
        hold->held = hold->take(hold->arg, &hold->status);
        hold->taken_us = now_us;
    }
    hold->asked_us = now_us;
    return hold->status;
}
