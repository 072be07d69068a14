#include "health/history.h"

#include <string.h>

#include "health/imp.h"

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

const char *imp_transition_subject(const struct transition *transition)
{
    return transition->check < IMP_CHECK_COUNT ? imp_check_name((enum imp_check)transition->check) : "node";
}
