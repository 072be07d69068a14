#include "health/ping.h"

#include <string.h>

#include "base/mem.h"

#define PREFIX "ping_error_"

bool ping_is_bounce(enum reason reason)
{
    return strncmp(reason_info(reason)->code, PREFIX, strlen(PREFIX)) == 0;
}

void domain_result_add_pings(struct domain_result *result, size_t count)
{
    result->pings = mem_array(count, sizeof *result->pings);
    result->ping_count = count;
    for (size_t i = 0; i < count; i++)
        result->pings[i].check = (struct check_result){
            .reason = REASON_NOT_RUN, .state = STATE_UNKNOWN, .duration_us = DURATION_ABSENT};
}

static bool is_before(const struct check_result *left, const struct check_result *right)
{
    if (left->state != right->state)
        return state_worse(left->state, right->state);
    return left->duration_us > right->duration_us;
}

void ping_combine(struct domain_result *result, const struct severity *severity)
{
    struct check_result *combined = &result->check[CHECK_PING];
    const struct ping_result *worst = NULL;
    for (size_t i = 0; i < result->ping_count; i++) {
        struct ping_result *ping = &result->pings[i];
        ping->check.state = severity_of(severity, ping->check.reason, ping->check.state);
        if (worst == NULL || is_before(&ping->check, &worst->check))
            worst = ping;
    }
    if (worst == NULL) {
        check_result_set(combined, REASON_NOT_CONFIGURED, NULL);
        return;
    }
    const struct check_result *from = &worst->check;
    if (from->state == STATE_OK && from->detail == NULL)
        check_result_set(combined, from->reason, NULL);
    else
        check_result_set(combined, from->reason, "%s%s%s", worst->account, from->detail != NULL ? ": " : "",
                         from->detail != NULL ? from->detail : "");
    combined->state = from->state;
    combined->duration_us = from->duration_us;
}
