/* Which addresses are talked to, and what is said of those that are not. */
#include <arpa/inet.h>

#include "base/mem.h"
#include "probe/discovery.h"
#include "probe/route.h"

static const char *family_name(int family)
{
    return family == AF_INET ? "IPv4" : "IPv6";
}

enum exclusion endpoints_exclude(const struct config *config, const struct dns_address *address)
{
    switch (config->address_families) {
    case FAMILIES_AUTO: return route_exists(address) ? EXCLUDED_NOT : EXCLUDED_NO_ROUTE;
    case FAMILIES_IPV4: return address->family == AF_INET ? EXCLUDED_NOT : EXCLUDED_BY_FAMILY;
    case FAMILIES_IPV6: return address->family == AF_INET6 ? EXCLUDED_NOT : EXCLUDED_BY_FAMILY;
    case FAMILIES_BOTH: break;
    }
    return EXCLUDED_NOT;
}

/* The verdict on an endpoint that cannot, or must not, be connected to. */
static void conclude(struct endpoint_result *endpoint, const struct config *config, const struct found *found)
{
    struct check_result *connect = &endpoint->check[CHECK_CONNECT];
    const struct network *network = network_led_into(config->deny_networks, config->deny_network_count,
                                                     found->address.family, found->address.bytes);
    endpoint->reached[CHECK_CONNECT] = network != NULL || found->excluded != EXCLUDED_NOT;
    if (network != NULL) {
        char text[INET6_ADDRSTRLEN] = "";
        inet_ntop(network->family, network->bytes, text, sizeof text);
        check_result_set(connect, REASON_CONNECT_DENIED, "in %s/%u of agent.deny_networks", text, network->prefix);
    } else if (found->excluded == EXCLUDED_NO_ROUTE) {
        check_result_set(connect, REASON_LOCAL_ERROR, "this machine has no route for %s",
                         family_name(found->address.family));
    } else if (found->excluded == EXCLUDED_BY_FAMILY) {
        check_result_set(connect, REASON_LOCAL_ERROR, "agent.address_families leaves %s out",
                         family_name(found->address.family));
    }
}

static void add(const struct discovery *discovery, const struct place *place, const struct found *found)
{
    struct domain_result *result = discovery->result;
    if (result->endpoint_count == discovery->config->max_endpoints) {
        result->endpoints_skipped++;
        return;
    }
    result->endpoints = mem_resize(result->endpoints, result->endpoint_count + 1, sizeof *result->endpoints);
    struct endpoint_result *endpoint = &result->endpoints[result->endpoint_count++];
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(found->address.family, found->address.bytes, text, sizeof text);
    endpoint_result_init(endpoint);
    endpoint->target = mem_strdup(place->name);
    endpoint->port = place->port;
    endpoint->address = mem_strdup(text);
    endpoint->transport = place->transport;
    conclude(endpoint, discovery->config, found);
}

static bool any_counts(const struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->target_count; i++) {
        const struct target *target = &discovery->targets[i];
        for (size_t j = 0; j < target->found_count; j++) {
            if (target->found[j].excluded == EXCLUDED_NOT)
                return true;
        }
    }
    return false;
}

void endpoints_make(const struct discovery *discovery)
{
    bool any = any_counts(discovery);
    for (size_t i = 0; i < discovery->place_count; i++) {
        const struct place *place = &discovery->places[i];
        discovery->result->endpoints_skipped += place->target == NULL; /* at least one */
        for (size_t j = 0; place->target != NULL && j < place->target->found_count; j++) {
            if (!any || place->target->found[j].excluded == EXCLUDED_NOT)
                add(discovery, place, &place->target->found[j]);
        }
    }
}
