/* What several resolvers say of the domain's SRV records: whether they agree, and who says what. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "probe/discovery.h"

#define VIEW_CAP 320 /* bytes of one resolver's records in a detail */

static const struct asked *asked_of(const struct discovery *discovery, size_t resolver, int service)
{
    return &discovery->asked[resolver * SERVICE_COUNT + (size_t)service];
}

static bool has_answered(const struct asked *asked)
{
    return !dns_status_failed(asked->status);
}

static bool is_same_place(const struct dns_srv *a, const struct dns_srv *b)
{
    return a->port == b->port && strcmp(a->target, b->target) == 0;
}

static bool is_same(const struct dns_srv *a, const struct dns_srv *b)
{
    return a->priority == b->priority && a->weight == b->weight && is_same_place(a, b);
}

static bool has(const struct asked *asked, const struct dns_srv *srv, bool (*same)(const struct dns_srv *a,
                                                                                   const struct dns_srv *b))
{
    for (size_t i = 0; i < asked->srv_count; i++) {
        if (same(&asked->srv[i], srv))
            return true;
    }
    return false;
}

/* Records come once each, so that equally many with none missing are the same. */
static bool answers_differ(const struct asked *a, const struct asked *b)
{
    bool differ = a->lookup->records != b->lookup->records || a->srv_count != b->srv_count;
    for (size_t i = 0; !differ && i < a->srv_count; i++)
        differ = !has(b, &a->srv[i], is_same);
    return differ;
}

static bool service_differs(const struct discovery *discovery, int service)
{
    const struct asked *first = asked_of(discovery, 0, service);
    for (size_t i = 1; i < discovery->config->resolver_count && has_answered(first); i++) {
        const struct asked *other = asked_of(discovery, i, service);
        if (has_answered(other) && answers_differ(first, other))
            return true;
    }
    return false;
}

bool views_differ(const struct discovery *discovery)
{
    return service_differs(discovery, SERVICE_XMPP_SERVER) || service_differs(discovery, SERVICE_XMPPS_SERVER);
}

/* ---- who says what ---- */

/* Whether the resolvers have something different to say of the service, or the first has nothing. */
static bool is_of_interest(const struct discovery *discovery, int service)
{
    return service_differs(discovery, service) || !has_answered(asked_of(discovery, 0, service));
}

static bool is_common(const struct discovery *discovery, int service, const struct dns_srv *srv)
{
    for (size_t i = 0; i < discovery->config->resolver_count; i++) {
        const struct asked *asked = asked_of(discovery, i, service);
        if (has_answered(asked) && !has(asked, srv, is_same))
            return false;
    }
    return true;
}

/* Whether a resolver has the same target and port with another priority or weight. */
static bool is_ranked_otherwise(const struct discovery *discovery, int service, const struct dns_srv *srv)
{
    for (size_t i = 0; i < discovery->config->resolver_count; i++) {
        const struct asked *asked = asked_of(discovery, i, service);
        if (has(asked, srv, is_same_place) && !has(asked, srv, is_same))
            return true;
    }
    return false;
}

static const char *separator(const struct buf *view)
{
    return view->length > 0 ? ", " : "";
}

/* Whole or not at all. */
static void add_record(const struct discovery *discovery, int service, const struct dns_srv *srv, struct buf *view)
{
    char place[TEXT_HOST_PORT_SIZE], rank[sizeof " (priority 65535, weight 65535)"] = "";
    if (is_ranked_otherwise(discovery, service, srv))
        snprintf(rank, sizeof rank, " (priority %u, weight %u)", srv->priority, srv->weight);
    buf_printf(view, "%s%s%s%s", separator(view),
               srv->target[0] != '\0' ? text_host_port(place, srv->target, srv->port) : "a lone dot", rank,
               service == SERVICE_XMPPS_SERVER ? " (direct TLS)" : "");
}

static void add_records(const struct discovery *discovery, const struct asked *asked, struct buf *view)
{
    bool alone = !has_answered(asked_of(discovery, 0, asked->service)); /* there is nothing to compare with */
    for (size_t i = 0; i < asked->srv_count; i++) {
        if (alone || !is_common(discovery, asked->service, &asked->srv[i]))
            add_record(discovery, asked->service, &asked->srv[i], view);
    }
    if (asked->lookup->records > asked->srv_count)
        buf_printf(view, "%s%u records in all", separator(view), asked->lookup->records);
}

static const char *failure_of(enum dns_status status)
{
    switch (status) {
    case DNS_SERVFAIL: return "SERVFAIL";
    case DNS_REFUSED: return "REFUSED";
    case DNS_MALFORMED: return "an answer that cannot be read";
    case DNS_LOCAL_ERROR: return "could not be asked";
    default: return "no answer";
    }
}

/* What a resolver has to say of the services of interest, and what it did not answer. */
static void tell_view(const struct discovery *discovery, size_t resolver, struct buf *view)
{
    const struct asked *empty = NULL; /* the first service of which it has nothing */
    bool any = false;
    for (int service = 0; service < SERVICE_COUNT; service++) {
        const struct asked *asked = asked_of(discovery, resolver, service);
        if (!has_answered(asked) || !is_of_interest(discovery, service))
            continue;
        any |= asked->srv_count > 0;
        empty = empty == NULL && asked->srv_count == 0 ? asked : empty;
        add_records(discovery, asked, view);
    }
    if (view->length == 0 && any)
        buf_puts(view, "none of these");
    else if (view->length == 0 && empty != NULL)
        buf_printf(view, "nothing%s (%s)", empty->service == SERVICE_XMPPS_SERVER ? " for direct TLS" : "",
                   empty->status == DNS_NXDOMAIN ? "NXDOMAIN" : "no records");
    enum dns_status starttls = asked_of(discovery, resolver, SERVICE_XMPP_SERVER)->status;
    enum dns_status direct = asked_of(discovery, resolver, SERVICE_XMPPS_SERVER)->status;
    if (dns_status_failed(starttls))
        buf_printf(view, "%s%s", separator(view), failure_of(starttls));
    if (dns_status_failed(direct) && direct != starttls)
        buf_printf(view, "%s%s for direct TLS", separator(view), failure_of(direct));
}

/* The first one's failure is told as the reason. A name that DNS cannot carry was asked of nobody. */
static bool is_told(const struct discovery *discovery, size_t resolver)
{
    enum dns_status status = asked_of(discovery, resolver, SERVICE_XMPP_SERVER)->status;
    return status != DNS_BAD_NAME && (resolver > 0 || (views_differ(discovery) && !dns_status_failed(status)));
}

void views_tell(const struct discovery *discovery, struct buf *out)
{
    for (size_t i = 0; i < discovery->config->resolver_count && discovery->config->resolver_count > 1; i++) {
        struct buf view;
        buf_init(&view, VIEW_CAP);
        if (is_told(discovery, i))
            tell_view(discovery, i, &view);
        if (view.length > 0)
            buf_printf(out, "%s%s: %s%s", out->length > 0 ? "; " : "", discovery->config->resolvers[i].name, view.data,
                       buf_failed(&view) ? " and more" : "");
        buf_fini(&view);
    }
}
