/* What discover.c finds out, and endpoints.c and srv_verdict.c make something of. Nobody else's business. */
#ifndef PROBE_DISCOVERY_H
#define PROBE_DISCOVERY_H

#include "probe/discover.h"

/* Why an address is not an endpoint. */
enum exclusion {
    EXCLUDED_NOT,
    EXCLUDED_BY_FAMILY, /* agent.address_families names the other one */
    EXCLUDED_NO_ROUTE   /* agent.address_families is auto */
};

struct found {
    struct dns_address address;
    enum exclusion excluded;
};

/* A name whose addresses are wanted, or a numeric address itself. */
struct target {
    struct discovery *discovery;
    const char *name;             /* of a record or of the configuration */
    struct resolver_query *query; /* NULL once it has ended, or where none was needed */
    enum dns_status status;       /* DNS_ANSWER: there are addresses */
    bool alias;
    struct found *found;          /* owned */
    size_t found_count;
};

/* A target, a port and a transport; all addresses of the target make endpoints of it. */
struct place {
    const struct target *target; /* NULL: not looked up, since there are too many before it */
    const char *name;
    uint16_t port;
    enum transport transport;
};

/* What one service's lookup said. */
struct asked {
    struct discovery *discovery;
    enum service service;
    struct resolver_query *query; /* NULL once it has ended */
    enum dns_status status;
};

enum source { SOURCE_SRV, SOURCE_STATIC, SOURCE_FALLBACK };

struct discovery {
    struct resolver *resolver;
    const struct config *config;
    const struct config_domain *domain;
    struct domain_result *result;
    void (*done)(void *arg);
    void *arg;
    int64_t started_us;
    struct asked asked[SERVICE_COUNT];
    size_t pending;        /* queries under way */
    bool followed;         /* the places are known */
    enum source source;    /* where they come from */
    struct place *places;  /* owned; in the order in which they would be tried */
    size_t place_count;
    struct target *targets; /* owned; distinct, in the order of the places */
    size_t target_count;
};

/* Whether the lookup failed, as against one that was answered, be it with nothing. */
bool dns_status_failed(enum dns_status status);
/* Whether the service has records, and none of them has a target (RFC 2782: a lone "."). */
bool service_is_disabled(const struct domain_result *result, enum service service);

/* endpoints.c: whether an address of this family and place in the network is to be an endpoint. */
enum exclusion endpoints_exclude(const struct config *config, const struct dns_address *address);
/* endpoints.c: makes the result's endpoints. Where every address is excluded, they are endpoints all the same, whose
 * verdict is local_error: what could not be observed is unknown. */
void endpoints_make(const struct discovery *discovery);
/* srv_verdict.c: the check `srv`, except for its duration. */
void srv_verdict_judge(const struct discovery *discovery);

#endif
