#include "health/severity.h"

#include <string.h>

enum state severity_of(const struct severity *severity, enum reason reason, enum state own)
{
    for (; severity != NULL; severity = severity->behind) {
        for (size_t i = 0; i < severity->count; i++) {
            if (severity->rules[i].reason == reason)
                return severity->rules[i].state;
        }
    }
    return own;
}

_Bool severity_is_free(enum reason reason)
{
    return strcmp(reason_info(reason)->stage, "any") != 0;
}

static void apply(const struct severity *severity, struct check_result *check)
{
    check->state = severity_of(severity, check->reason, check->state);
}

void severity_apply(const struct severity *severity, struct domain_result *result)
{
    apply(severity, &result->check[CHECK_SRV]);
    for (size_t i = 0; i < result->endpoint_count; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        for (int check = CHECK_CONNECT; check < CHECK_COUNT; check++) {
            if (endpoint->reached[check])
                apply(severity, &endpoint->check[check]);
        }
    }
}
