#include "health/history.h"

#include <string.h>

void history_add(struct history *history, const struct transition *transition)
{
    if (history->count == HISTORY_MAX)
        memmove(history->list, history->list + 1, --history->count * sizeof *history->list);
    history->list[history->count++] = *transition;
}

const char *transition_subject(const struct transition *transition)
{
    return transition->check < CHECK_COUNT ? check_name((enum check)transition->check) : "domain";
}
