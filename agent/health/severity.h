/* Reasons whose state an operator has changed: `severity` in the configuration. */
#ifndef HEALTH_SEVERITY_H
#define HEALTH_SEVERITY_H

#include <stddef.h>

#include "health/reason.h"
#include "health/result.h"

struct severity_rule {
    enum reason reason;
    enum state state;
};

/* The rules of one domain or node, each reason at most once, and behind them those that hold for all. */
struct severity {
    struct severity_rule *rules;
    size_t count;
    const struct severity *behind; /* NULL: none */
};

/* The state that the rules give the reason, or `own` where none names it. `severity` may be NULL. */
enum state severity_of(const struct severity *severity, enum reason reason, enum state own);
/* Whether the configuration may change this reason's state: all but those of the stage "any". */
_Bool severity_is_free(enum reason reason);

/* Gives the check `srv` and every check that an endpoint reached the state that the rules name. To be called before
 * the endpoints are combined. */
void severity_apply(const struct severity *severity, struct domain_result *result);

#endif
