#include "exporters/prometheus/prometheus.h"

#include <stddef.h>
#include <string.h>

#include "base/accept.h"

/* What each format is called, and the versions of it that an answer satisfies. */
static const struct offer {
    const char *type, *group;
    const char *versions[3];
    const char *content_type;
} OFFERS[] = {
    [PROMETHEUS_TEXT] = {"text/plain", "text/*", {"0.0.4"}, "text/plain; version=0.0.4; charset=utf-8"},
    [PROMETHEUS_OPENMETRICS] = {"application/openmetrics-text", "application/*", {"1.0.0", "0.0.1"},
                                "application/openmetrics-text; version=1.0.0; charset=utf-8"},
};

const char *prometheus_content_type(enum prometheus_format format)
{
    return OFFERS[format].content_type;
}

/* How closely a member names the offer: 0 not at all, 1 like any other, 2 by group, 3 by type, 4 by version too. */
static int closeness(const struct accept_item *item, const struct offer *offer)
{
    if (strcmp(item->value, "*/*") == 0)
        return 1;
    if (strcmp(item->value, offer->group) == 0)
        return 2;
    if (strcmp(item->value, offer->type) != 0)
        return 0;
    if (item->version[0] == '\0')
        return 3;
    for (size_t i = 0; offer->versions[i] != NULL; i++) {
        if (strcmp(item->version, offer->versions[i]) == 0)
            return 4;
    }
    return 0;
}

/* The weight that the header gives the offer: that of the member which names it most closely (RFC 9110 12.5.1). */
static unsigned weight_of(const char *accept, const struct offer *offer)
{
    struct accept_item item;
    int closest = 0;
    unsigned weight = 0;
    while (accept_next(&accept, &item)) {
        int close = closeness(&item, offer);
        if (close > closest || (close != 0 && close == closest && item.weight > weight)) {
            closest = close;
            weight = item.weight;
        }
    }
    return weight;
}

enum prometheus_format prometheus_negotiate(const char *accept)
{
    if (accept == NULL)
        return PROMETHEUS_TEXT;
    unsigned text = weight_of(accept, &OFFERS[PROMETHEUS_TEXT]);
    unsigned openmetrics = weight_of(accept, &OFFERS[PROMETHEUS_OPENMETRICS]);
    return openmetrics > text ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT;
}
