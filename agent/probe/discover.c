#include "probe/discover.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "probe/discovery.h"

#define XMPP_SERVER_PORT 5269 /* RFC 6120 14.7 */
/* So many targets are looked up at least, however few endpoints are wanted: the first ones may have no address. */
#define TARGETS_LEAST 16

bool service_is_disabled(const struct domain_result *result, enum service service)
{
    bool any = false;
    for (size_t i = 0; i < result->record_count; i++) {
        if (result->records[i].service == service && result->records[i].target[0] != '\0')
            return false;
        any |= result->records[i].service == service;
    }
    return any;
}

static size_t asked_count(const struct discovery *discovery)
{
    return discovery->config->resolver_count * SERVICE_COUNT;
}

/* Addresses. */

static void target_add(struct target *target, const struct dns_address *address)
{
    target->found = mem_resize(target->found, target->found_count + 1, sizeof *target->found);
    target->found[target->found_count++] = (struct found){
        .address = *address, .excluded = endpoints_exclude(target->discovery->config, address)};
}

/* Without asking anyone. False when the target is a name. Names in DNS that look like addresses are still names. */
static bool target_is_numeric(struct target *target)
{
    struct dns_address address = {.family = strchr(target->name, ':') != NULL ? AF_INET6 : AF_INET};
    if (target->discovery->source != SOURCE_STATIC || inet_pton(address.family, target->name, address.bytes) != 1)
        return false;
    target->status = DNS_ANSWER;
    target_add(target, &address);
    return true;
}

static void proceed(struct discovery *discovery);

static void take_addresses(struct target *target, const struct dns_answer *answer)
{
    target->query = NULL;
    target->status = answer->status;
    target->alias = answer->alias;
    target->authentic = answer->authentic;
    for (size_t i = 0; i < answer->count; i++)
        target_add(target, &answer->address[i]);
    target->discovery->pending--;
}

static void addresses_done(void *arg, const struct dns_answer *answer)
{
    struct target *target = arg;
    take_addresses(target, answer);
    proceed(target->discovery);
}

/* The place's target, which may be that of another place already; NULL when there are too many. */
static const struct target *target_of(struct discovery *discovery, const char *name, size_t most)
{
    for (size_t i = 0; i < discovery->target_count; i++) {
        if (strcmp(discovery->targets[i].name, name) == 0)
            return &discovery->targets[i];
    }
    if (discovery->target_count == most)
        return NULL;
    struct target *target = &discovery->targets[discovery->target_count++];
    *target = (struct target){.discovery = discovery, .name = name};
    if (!target_is_numeric(target)) {
        target->query = resolver_addresses(discovery->resolvers[0], name, addresses_done, target);
        discovery->pending++;
    }
    return target;
}

static void look_up_targets(struct discovery *discovery)
{
    size_t most = discovery->config->max_endpoints > TARGETS_LEAST ? discovery->config->max_endpoints : TARGETS_LEAST;
    most = discovery->place_count < most ? discovery->place_count : most;
    discovery->targets = mem_array(most, sizeof *discovery->targets);
    for (size_t i = 0; i < discovery->place_count; i++)
        discovery->places[i].target = target_of(discovery, discovery->places[i].name, most);
}

/* TLSA. */

static void take_tlsa(struct place *place, const struct dns_answer *answer)
{
    place->tlsa_query = NULL;
    place->tlsa_status = answer->status == DNS_BAD_NAME ? DNS_NXDOMAIN : answer->status; /* no room for it */
    place->tlsa_authentic = answer->authentic;
    place->tlsa_whole = answer->count == answer->records;
    place->tlsa = dns_tlsa_copy(answer->tlsa, answer->count);
    place->tlsa_count = answer->count;
    place->discovery->pending--;
}

static void tlsa_done(void *arg, const struct dns_answer *answer)
{
    struct place *place = arg;
    take_tlsa(place, answer);
    proceed(place->discovery);
}

/* Together with the addresses, whose own authenticity is not known yet, so that it takes no further wait. */
static void look_up_tlsa(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->place_count && i < discovery->config->max_endpoints; i++) {
        struct place *place = &discovery->places[i];
        enum service service = place->transport == TRANSPORT_STARTTLS ? SERVICE_XMPP_SERVER : SERVICE_XMPPS_SERVER;
        if (discovery->source != SOURCE_SRV || !discovery->asked[service].authentic || place->target == NULL)
            continue;
        char *name = mem_printf("_%u._tcp.%s", place->port, place->name);
        place->tlsa_asked = true;
        place->tlsa_query = resolver_tlsa(discovery->resolvers[0], name, tlsa_done, place);
        discovery->pending++;
        free(name);
    }
}

const struct dns_tlsa *discover_tlsa(const struct discovery *discovery, const struct endpoint_result *endpoint,
                                     size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < discovery->place_count; i++) {
        const struct place *place = &discovery->places[i];
        if (place->port != endpoint->port || place->transport != endpoint->transport ||
            strcmp(place->name, endpoint->target) != 0)
            continue;
        if (!place->tlsa_authentic || !place->tlsa_whole || !place->target->authentic)
            return NULL;
        *count = place->tlsa_count;
        return place->tlsa;
    }
    return NULL;
}

/* Places. */

static void place_add(struct discovery *discovery, const char *name, uint16_t port, enum transport transport)
{
    for (size_t i = 0; i < discovery->place_count; i++) {
        const struct place *place = &discovery->places[i];
        if (place->port == port && place->transport == transport && strcmp(place->name, name) == 0)
            return;
    }
    discovery->places = mem_resize(discovery->places, discovery->place_count + 1, sizeof *discovery->places);
    discovery->places[discovery->place_count++] =
        (struct place){.discovery = discovery, .name = name, .port = port, .transport = transport};
}

/* The order in which they would be tried (RFC 2782), both services as one set (XEP-0368 3). */
static int record_compare(const void *left, const void *right)
{
    const struct srv_record *a = *(const struct srv_record *const *)left, *b = *(const struct srv_record *const *)right;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return a < b ? -1 : 1; /* as they were kept: _xmpp-server first */
}

static void places_of_records(struct discovery *discovery)
{
    const struct domain_result *result = discovery->result;
    const struct srv_record **sorted = mem_array(result->record_count, sizeof *sorted);
    for (size_t i = 0; i < result->record_count; i++)
        sorted[i] = &result->records[i];
    if (result->record_count > 0)
        qsort(sorted, result->record_count, sizeof *sorted, record_compare);
    for (size_t i = 0; i < result->record_count; i++) {
        if (sorted[i]->port != 0 && sorted[i]->target[0] != '\0')
            place_add(discovery, sorted[i]->target, sorted[i]->port,
                      sorted[i]->service == SERVICE_XMPP_SERVER ? TRANSPORT_STARTTLS : TRANSPORT_DIRECT);
    }
    free(sorted);
}

/* RFC 6120 3.2.2: only without records of either service. That direct TLS is disabled, or that nobody told of it,
 * leaves it open; a failure to learn of the records that matter does not. */
static bool may_fall_back(const struct discovery *discovery)
{
    enum dns_status starttls = discovery->asked[SERVICE_XMPP_SERVER].status;
    enum dns_status direct = discovery->asked[SERVICE_XMPPS_SERVER].status;
    return (starttls == DNS_NODATA || starttls == DNS_NXDOMAIN) &&
           (direct != DNS_ANSWER || service_is_disabled(discovery->result, SERVICE_XMPPS_SERVER));
}

/* Goes from records, or from the configuration, to places and the look-ups of their targets. */
static void follow(struct discovery *discovery)
{
    const struct config_domain *domain = discovery->domain;
    discovery->followed = true;
    if (domain->target_count > 0) {
        discovery->source = SOURCE_STATIC;
        for (size_t i = 0; i < domain->target_count; i++)
            place_add(discovery, domain->targets[i].host, domain->targets[i].port, TRANSPORT_STARTTLS);
    } else if (may_fall_back(discovery)) {
        discovery->source = SOURCE_FALLBACK;
        place_add(discovery, domain->name, XMPP_SERVER_PORT, TRANSPORT_STARTTLS);
    } else {
        places_of_records(discovery);
    }
    look_up_targets(discovery);
    look_up_tlsa(discovery);
}

/* What the check takes is what conversations had to wait for; its verdict waits for the other resolvers, too. */
static void find(struct discovery *discovery)
{
    discovery->found = true;
    endpoints_make(discovery);
    discovery->result->check[CHECK_SRV].duration_us = clock_mono_us() - discovery->started_us;
    discovery->events.found(discovery->arg);
}

/* After each answer. Nothing of the discovery is touched behind the last call, in which it may be freed. */
static void proceed(struct discovery *discovery)
{
    if (discovery->pending == 0 && !discovery->followed)
        follow(discovery);
    if (discovery->pending == 0 && !discovery->found)
        find(discovery);
    if (!discovery->found || discovery->comparing > 0)
        return;
    discovery->ended = true;
    srv_verdict_judge(discovery);
    discovery->events.done(discovery->arg);
}

/* Records. */

static void keep_records(struct domain_result *result, enum service service, const struct dns_answer *answer)
{
    result->records = mem_resize(result->records, result->record_count + answer->count, sizeof *result->records);
    /* Those of _xmpp-server stand first, whichever answer came first. */
    size_t at = service == SERVICE_XMPP_SERVER ? 0 : result->record_count;
    memmove(result->records + at + answer->count, result->records + at,
            (result->record_count - at) * sizeof *result->records);
    for (size_t i = 0; i < answer->count; i++) {
        result->records[at + i] = (struct srv_record){
            .service = service,
            .target = mem_strdup(answer->srv[i].target),
            .port = answer->srv[i].port,
            .priority = answer->srv[i].priority,
            .weight = answer->srv[i].weight,
        };
    }
    result->record_count += answer->count;
}

static bool is_followed(const struct asked *asked)
{
    return asked < asked->discovery->asked + SERVICE_COUNT;
}

static void take_records(struct asked *asked, const struct dns_answer *answer)
{
    struct discovery *discovery = asked->discovery;
    struct srv_lookup *lookup = asked->lookup;
    asked->query = NULL;
    asked->status = answer->status;
    asked->authentic = answer->authentic;
    /* A name that DNS cannot carry has no records; _xmpps-server is a byte longer than _xmpp-server. */
    if (asked->service == SERVICE_XMPPS_SERVER && answer->status == DNS_BAD_NAME)
        asked->status = DNS_NXDOMAIN;
    lookup->answered = !dns_status_failed(answer->status);
    lookup->records = answer->records;
    lookup->ttl_s = answer->ttl_s;
    lookup->duration_us = answer->duration_us;
    if (answer->count > 0 && is_followed(asked))
        keep_records(discovery->result, asked->service, answer);
    if (answer->count > 0 && discovery->config->resolver_count > 1) {
        asked->srv = mem_array(answer->count, sizeof *asked->srv);
        memcpy(asked->srv, answer->srv, answer->count * sizeof *asked->srv);
        asked->srv_count = answer->count;
    }
    --*(is_followed(asked) ? &discovery->pending : &discovery->comparing);
}

static void srv_done(void *arg, const struct dns_answer *answer)
{
    struct asked *asked = arg;
    take_records(asked, answer);
    proceed(asked->discovery);
}

static void look_up_records(struct discovery *discovery, size_t at)
{
    struct asked *asked = &discovery->asked[at];
    enum service service = (enum service)(at % SERVICE_COUNT);
    char *name = mem_printf("_%s._tcp.%s", service_name(service), discovery->domain->name);
    *asked = (struct asked){
        .discovery = discovery, .service = service, .lookup = &discovery->result->lookups[at]};
    asked->query = resolver_srv(discovery->resolvers[at / SERVICE_COUNT], name, srv_done, asked);
    ++*(is_followed(asked) ? &discovery->pending : &discovery->comparing);
    free(name);
}

struct discovery *discover_start(struct resolver *const *resolvers, const struct config *config,
                                 const struct config_domain *domain, struct domain_result *result,
                                 struct discover_events events, void *arg)
{
    struct discovery *discovery = mem_alloc(sizeof *discovery);
    *discovery = (struct discovery){
        .resolvers = resolvers,
        .config = config,
        .domain = domain,
        .result = result,
        .events = events,
        .arg = arg,
        .started_us = clock_mono_us(),
    };
    discovery->asked = mem_array(asked_count(discovery), sizeof *discovery->asked);
    for (size_t i = 0; i < config->resolver_count; i++)
        domain_result_add_lookups(result, config->resolvers[i].name);
    for (size_t at = 0; at < asked_count(discovery); at++)
        look_up_records(discovery, at);
    if (domain->target_count > 0)
        follow(discovery); /* nothing depends on the records */
    return discovery;
}

void discover_expire(struct discovery *discovery)
{
    const struct dns_answer late = {
        .status = DNS_TIMEOUT, .duration_us = clock_mono_us() - discovery->started_us, .ttl_s = -1};
    if (discovery->ended)
        return;
    for (size_t at = 0; at < asked_count(discovery); at++) {
        struct asked *asked = &discovery->asked[at];
        resolver_cancel(asked->query);
        if (asked->query != NULL)
            take_records(asked, &late);
    }
    if (!discovery->followed)
        follow(discovery);
    for (size_t i = 0; i < discovery->target_count; i++) {
        struct target *target = &discovery->targets[i];
        resolver_cancel(target->query);
        if (target->query != NULL)
            take_addresses(target, &late);
    }
    for (size_t i = 0; i < discovery->place_count; i++) {
        struct place *place = &discovery->places[i];
        resolver_cancel(place->tlsa_query);
        if (place->tlsa_query != NULL)
            take_tlsa(place, &late);
    }
    proceed(discovery);
}

void discover_free(struct discovery *discovery)
{
    if (discovery == NULL)
        return;
    for (size_t at = 0; at < asked_count(discovery); at++) {
        resolver_cancel(discovery->asked[at].query);
        free(discovery->asked[at].srv);
    }
    for (size_t i = 0; i < discovery->target_count; i++) {
        resolver_cancel(discovery->targets[i].query);
        free(discovery->targets[i].found);
    }
    for (size_t i = 0; i < discovery->place_count; i++) {
        resolver_cancel(discovery->places[i].tlsa_query);
        free(discovery->places[i].tlsa);
    }
    free(discovery->asked);
    free(discovery->targets);
    free(discovery->places);
    free(discovery);
}
