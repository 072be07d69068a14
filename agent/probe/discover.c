#include "probe/discover.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/expect.h"

#define XMPP_SERVER_PORT 5269 /* RFC 6120 14.7 */
#define SRV_PREFIX "_xmpp-server._tcp."
#define ADDRESS_OF "the address of "

struct discovery {
    struct resolver *resolver;
    const char *resolver_name; /* of the configuration */
    struct resolver_query *query;
    const struct config_domain *domain;
    struct domain_result *result;
    char *target; /* whose addresses are being looked up */
    uint16_t port;
    bool fallback;           /* no SRV: the target is the domain itself (RFC 6120 3.2.2) */
    enum dns_status srv;     /* how the SRV lookup ended */
    void (*done)(void *arg);
    void *arg;
};

static void discover_free(struct discovery *discovery)
{
    free(discovery->target);
    free(discovery);
}

static void finish(struct discovery *discovery)
{
    void (*done)(void *arg) = discovery->done;
    void *arg = discovery->arg;
    discover_free(discovery);
    done(arg);
}

/* Ends with what the resolver said, or did not say, to a question. */
static void conclude_asked(struct discovery *discovery, enum reason reason, const char *prefix, const char *name)
{
    if (reason == REASON_DOMAIN_INVALID || reason == REASON_LOCAL_ERROR) { /* then nobody was asked */
        check_result_set(&discovery->result->check[CHECK_SRV], reason, "%s%s: %s", prefix, name,
                         reason == REASON_LOCAL_ERROR ? "no socket could be opened" : "not a name that DNS can carry");
        finish(discovery);
        return;
    }
    check_result_set(&discovery->result->check[CHECK_SRV], reason, "asked resolver %s for %s%s",
                     discovery->resolver_name, prefix, name);
    finish(discovery);
}

/* Ends with what the records themselves say. */
static void conclude(struct discovery *discovery, enum reason reason)
{
    check_result_set(&discovery->result->check[CHECK_SRV], reason, NULL);
    finish(discovery);
}

/* A lookup that failed, as against one that was answered with nothing. */
static bool lookup_failed(const struct discovery *discovery, enum dns_status status, enum reason *reason)
{
    bool own_name = discovery->target == NULL || discovery->fallback;
    switch (status) {
    case DNS_TIMEOUT: *reason = REASON_DNS_TIMEOUT; return true;
    case DNS_SERVFAIL: *reason = REASON_DNS_SERVFAIL; return true;
    case DNS_REFUSED: *reason = REASON_DNS_REFUSED; return true;
    case DNS_MALFORMED: *reason = REASON_DNS_MALFORMED; return true;
    case DNS_BAD_NAME: *reason = own_name ? REASON_DOMAIN_INVALID : REASON_DNS_MALFORMED; return true;
    case DNS_LOCAL_ERROR: *reason = REASON_LOCAL_ERROR; return true;
    case DNS_ANSWER:
    case DNS_NODATA:
    case DNS_NXDOMAIN: return false;
    }
    return false;
}

/* Whether the kernel has a route there: nothing is sent by connecting a datagram socket. */
static bool has_route(const struct dns_address *address)
{
    struct sockaddr_storage to = {.ss_family = (sa_family_t)address->family};
    if (address->family == AF_INET)
        memcpy(&((struct sockaddr_in *)&to)->sin_addr, address->bytes, 4);
    else
        memcpy(&((struct sockaddr_in6 *)&to)->sin6_addr, address->bytes, 16);
    int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool connected = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    close(fd);
    return connected;
}

/* The first address with a route, or the first. */
static const struct dns_address *choose_address(const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (has_route(&answer->address[i]))
            return &answer->address[i];
    }
    return &answer->address[0];
}

static void add_endpoint(struct discovery *discovery, const struct dns_answer *answer)
{
    const struct dns_address *address = choose_address(answer);
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(address->family, address->bytes, text, sizeof text);
    struct domain_result *result = discovery->result;
    result->endpoints = mem_array(1, sizeof *result->endpoints);
    result->endpoint_count = 1;
    endpoint_result_init(&result->endpoints[0]);
    result->endpoints[0].target = mem_strdup(discovery->target);
    result->endpoints[0].port = discovery->port;
    result->endpoints[0].address = mem_strdup(text);
}

static const struct srv_record *port_zero_record(const struct domain_result *result)
{
    for (size_t i = 0; i < result->record_count; i++) {
        if (result->records[i].port == 0 && result->records[i].target[0] != '\0')
            return &result->records[i];
    }
    return NULL;
}

/* An address was found; what remains are the warnings. */
static void judge_found(struct discovery *discovery, bool alias)
{
    struct check_result *check = &discovery->result->check[CHECK_SRV];
    struct buf different;
    buf_init(&different, 4096);
    if (discovery->domain->expect_srv_count > 0)
        expect_srv_compare(discovery->domain, discovery->result, &different);
    const struct srv_record *zero = port_zero_record(discovery->result);
    if (discovery->fallback)
        check_result_set(check, REASON_SRV_MISSING, "using %s:%u", discovery->target, discovery->port);
    else if (different.length > 0)
        check_result_set(check, REASON_SRV_UNEXPECTED, "%s%s", different.data,
                         buf_failed(&different) ? " and more" : "");
    else if (zero != NULL) {
        check_result_set(check, REASON_SRV_PORT_ZERO, "%s:0, beside others that can be used", zero->target);
        check->state = STATE_WARNING;
    } else if (alias)
        check_result_set(check, REASON_SRV_TARGET_ALIAS, "%s", discovery->target);
    else
        check_result_set(check, REASON_OK, "%s:%u", discovery->target, discovery->port);
    buf_fini(&different);
}

static void addresses_done(void *arg, const struct dns_answer *answer)
{
    struct discovery *discovery = arg;
    discovery->query = NULL;
    discovery->result->check[CHECK_SRV].duration_us += answer->duration_us;
    enum reason reason;
    if (lookup_failed(discovery, answer->status, &reason)) {
        conclude_asked(discovery, reason, ADDRESS_OF, discovery->target);
    } else if (answer->status == DNS_ANSWER) {
        add_endpoint(discovery, answer);
        judge_found(discovery, answer->alias);
        finish(discovery);
    } else if (!discovery->fallback) {
        conclude_asked(discovery, REASON_SRV_TARGET_NO_ADDRESS, ADDRESS_OF, discovery->target);
    } else if (answer->status == DNS_NODATA || discovery->srv == DNS_NODATA) {
        conclude_asked(discovery, REASON_DNS_NO_ADDRESS, SRV_PREFIX, discovery->domain->name);
    } else {
        conclude_asked(discovery, REASON_DNS_NXDOMAIN, SRV_PREFIX, discovery->domain->name);
    }
}

static void look_up_addresses(struct discovery *discovery, const char *target, uint16_t port)
{
    discovery->target = mem_strdup(target);
    discovery->port = port;
    discovery->query = resolver_addresses(discovery->resolver, target, addresses_done, discovery);
}

static void keep_records(struct domain_result *result, const struct dns_answer *answer)
{
    result->records = mem_array(answer->count, sizeof *result->records);
    for (size_t i = 0; i < answer->count; i++) {
        result->records[i] = (struct srv_record){
            .service = SERVICE_XMPP_SERVER,
            .target = mem_strdup(answer->srv[i].target),
            .port = answer->srv[i].port,
            .priority = answer->srv[i].priority,
            .weight = answer->srv[i].weight,
        };
    }
    result->record_count = answer->count;
}

/* The first record that can be connected to, or NULL. */
static const struct dns_srv *first_usable(const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->srv[i].port != 0 && answer->srv[i].target[0] != '\0')
            return &answer->srv[i];
    }
    return NULL;
}

static void srv_done(void *arg, const struct dns_answer *answer)
{
    struct discovery *discovery = arg;
    struct domain_result *result = discovery->result;
    struct srv_lookup *lookup = &result->lookup[SERVICE_XMPP_SERVER];
    discovery->query = NULL;
    discovery->srv = answer->status;
    enum reason reason;
    bool failed = lookup_failed(discovery, answer->status, &reason);
    lookup->answered = !failed;
    lookup->records = answer->records;
    lookup->ttl_s = answer->ttl_s;
    lookup->duration_us = answer->duration_us;
    result->check[CHECK_SRV].duration_us = answer->duration_us;
    if (failed) {
        conclude_asked(discovery, reason, SRV_PREFIX, discovery->domain->name);
        return;
    }
    if (answer->status != DNS_ANSWER) {
        discovery->fallback = true;
        look_up_addresses(discovery, discovery->domain->name, XMPP_SERVER_PORT);
        return;
    }
    keep_records(result, answer);
    const struct dns_srv *chosen = first_usable(answer);
    if (chosen != NULL)
        look_up_addresses(discovery, chosen->target, chosen->port);
    else if (answer->count == 1 && answer->srv[0].target[0] == '\0')
        conclude(discovery, REASON_SRV_SERVICE_DISABLED);
    else
        conclude(discovery, REASON_SRV_PORT_ZERO);
}

struct discovery *discover_start(struct resolver *resolver, const char *resolver_name,
                                 const struct config_domain *domain, struct domain_result *result,
                                 void (*done)(void *arg), void *arg)
{
    struct discovery *discovery = mem_alloc(sizeof *discovery);
    *discovery = (struct discovery){
        .resolver = resolver,
        .resolver_name = resolver_name,
        .domain = domain,
        .result = result,
        .done = done,
        .arg = arg,
    };
    struct srv_lookup *lookup = &result->lookup[SERVICE_XMPP_SERVER];
    lookup->made = true;
    lookup->resolver = mem_strdup(resolver_name);
    char *name = mem_printf(SRV_PREFIX "%s", domain->name);
    discovery->query = resolver_srv(resolver, name, srv_done, discovery);
    free(name);
    return discovery;
}

void discover_cancel(struct discovery *discovery)
{
    if (discovery == NULL)
        return;
    resolver_cancel(discovery->query);
    discover_free(discovery);
}
