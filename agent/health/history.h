/* The latest confirmed transitions of a domain or node, oldest first. A plain value: copied with the status that holds
 * it. */
#ifndef HEALTH_HISTORY_H
#define HEALTH_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "health/check.h"
#include "health/reason.h"

#define HISTORY_MAX 32

struct transition {
    int64_t at_ms;   /* wall clock, milliseconds since 1970 */
    uint16_t reason; /* enum reason: of the check, or of the worst check of the domain or node */
    uint8_t check;   /* enum check, CHECK_COUNT: the domain as a whole; of a node enum imp_check, IMP_CHECK_COUNT */
    uint8_t from;    /* enum state; STATE_UNKNOWN where no state was confirmed before */
    uint8_t to;      /* enum state */
};

struct history {
    size_t count;
    struct transition list[HISTORY_MAX];
};

/* Appends; the oldest goes when there are too many. */
void history_add(struct history *history, const struct transition *transition);
/* "srv", …, or "domain" for the whole. */
const char *transition_subject(const struct transition *transition);
/* The same of a node's: "axl", …, or "node" for the whole. */
const char *imp_transition_subject(const struct transition *transition);

#endif
