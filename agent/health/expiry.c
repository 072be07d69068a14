#include "health/expiry.h"

void expiry_init(struct expiry *expiry)
{
    *expiry = (struct expiry){.not_after_s = TIME_ABSENT, .level = STATE_OK};
}

/* Of the certificates in the endpoint's chain. */
static int64_t soonest(const struct endpoint_result *endpoint, int64_t now_s)
{
    int64_t found = TIME_ABSENT;
    for (int i = 0; endpoint->certificate != NULL && i < CERT_POSITION_COUNT; i++) {
        int64_t end = endpoint->certificate->not_after[i];
        if (end != TIME_ABSENT && end > now_s && (found == TIME_ABSENT || end < found))
            found = end;
    }
    return found;
}

void expiry_note(struct expiry *expiry, const struct domain_result *result, const struct expiry_limits *limits)
{
    const int64_t now_s = result->finished_ms / 1000;
    struct expiry seen;
    expiry_init(&seen);
    for (size_t i = 0; i < result->endpoint_count; i++) {
        int64_t end = soonest(&result->endpoints[i], now_s);
        if (end != TIME_ABSENT && (seen.not_after_s == TIME_ABSENT || end < seen.not_after_s))
            seen = (struct expiry){end, STATE_OK, result->endpoints[i].index};
    }
    if (seen.not_after_s == TIME_ABSENT)
        return;
    if (seen.not_after_s - now_s < limits->warning_s)
        seen.level = seen.not_after_s - now_s < limits->critical_s ? STATE_CRITICAL : STATE_WARNING;
    *expiry = seen;
}
