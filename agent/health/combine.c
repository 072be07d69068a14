#include "health/combine.h"

#include "base/text.h"

bool combine_is_neutral(enum reason reason)
{
    return reason == REASON_NOT_CONFIGURED || reason == REASON_NOT_APPLICABLE || reason == REASON_XCP_RESTART_UNKNOWN;
}

/* Neutral results count as least bad, so that one endpoint's not_applicable hides no other's ok. */
static bool result_worse(const struct check_result *a, const struct check_result *b)
{
    if (combine_is_neutral(a->reason) || combine_is_neutral(b->reason))
        return !combine_is_neutral(a->reason);
    return state_worse(a->state, b->state);
}

const struct check_result *endpoint_worst(const struct endpoint_result *endpoint)
{
    const struct check_result *worst = &endpoint->check[CHECK_CONNECT];
    for (int i = CHECK_CONNECT + 1; i < CHECK_COUNT; i++) {
        if (endpoint->reached[i] && result_worse(&endpoint->check[i], worst))
            worst = &endpoint->check[i];
    }
    return worst;
}

/* At which endpoint, and what was seen there. */
static void set_at(struct check_result *combined, const struct endpoint_result *endpoint, enum check check)
{
    const struct check_result *from = &endpoint->check[check];
    char place[TEXT_HOST_PORT_SIZE];
    check_result_set(combined, from->reason, "%s (%s%s)%s%s", text_host_port(place, endpoint->target, endpoint->port),
                     endpoint->address, endpoint->transport == TRANSPORT_DIRECT ? ", direct TLS" : "",
                     from->detail ? ": " : "", from->detail ? from->detail : "");
}

static void combine_check(struct domain_result *result, enum check check)
{
    struct check_result *combined = &result->check[check];
    const struct endpoint_result *worst = NULL;
    size_t critical = 0;
    for (size_t i = 0; i < result->endpoint_count; i++) {
        const struct endpoint_result *endpoint = &result->endpoints[i];
        if (!endpoint->reached[check])
            continue;
        critical += endpoint->check[check].state == STATE_CRITICAL;
        if (worst == NULL || result_worse(&endpoint->check[check], &worst->check[check]))
            worst = endpoint;
    }
    if (worst == NULL) {
        check_result_set(combined, REASON_NOT_REACHED, NULL);
        return;
    }
    const struct check_result *from = &worst->check[check];
    if (from->state == STATE_OK)
        check_result_set(combined, from->reason, from->detail ? "%s" : NULL, from->detail);
    else
        set_at(combined, worst, check);
    combined->duration_us = from->duration_us;
    combined->state = from->state;
    if (from->state == STATE_CRITICAL && critical < result->endpoint_count)
        combined->state = STATE_WARNING;
}

void combine_endpoints(struct domain_result *result)
{
    for (int check = CHECK_CONNECT; check <= CHECK_DIALBACK; check++)
        combine_check(result, (enum check)check);
}

static bool offers_dialback(const struct domain_result *result)
{
    for (size_t i = 0; i < result->endpoint_count; i++) {
        if (result->endpoints[i].dialback == TRI_YES)
            return true;
    }
    return false;
}

enum state combine_domain(const struct domain_result *result, enum check *worst)
{
    enum state state = STATE_OK;
    bool any = false;
    *worst = CHECK_SRV;
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_result *check = &result->check[i];
        enum state counted = check->state;
        if (combine_is_neutral(check->reason))
            continue;
        if (i == CHECK_CERTIFICATE && counted == STATE_CRITICAL && offers_dialback(result))
            counted = STATE_WARNING;
        if (!any || state_worse(counted, state) ||
            (counted == state && state_worse(check->state, result->check[*worst].state))) {
            state = counted;
            *worst = (enum check)i;
        }
        any = true;
    }
    return state;
}
