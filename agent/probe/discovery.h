/* What discover.c finds out, and endpoints.c, views.c and srv_verdict.c make something of. Nobody else's business. */
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
    bool authentic;               /* DNSSEC vouches for the addresses */
    struct found *found;          /* owned */
    size_t found_count;
};

/* A target, a port and a transport; all addresses of the target make endpoints of it. */
struct place {
    struct discovery *discovery;
    const struct target *target; /* NULL: not looked up, since there are too many before it */
    const char *name;
    uint16_t port;
    enum transport transport;
    /* Its TLSA records (RFC 7673), asked for only where DNSSEC vouches for the SRV records. */
    bool tlsa_asked;
    struct resolver_query *tlsa_query; /* NULL once it has ended */
    enum dns_status tlsa_status;
    bool tlsa_authentic;
    bool tlsa_whole;          /* all there are were kept */
    struct dns_tlsa *tlsa;    /* owned */
    size_t tlsa_count;
};

/* What one resolver said of one service. */
struct asked {
    struct discovery *discovery;
    enum service service;
    struct srv_lookup *lookup;    /* of the result */
    struct resolver_query *query; /* NULL once it has ended */
    enum dns_status status;
    bool authentic;
    struct dns_srv *srv;          /* owned; kept for the comparison of several resolvers */
    size_t srv_count;
};

enum source { SOURCE_SRV, SOURCE_STATIC, SOURCE_FALLBACK };

struct discovery {
    struct resolver *const *resolvers;
    const struct config *config;
    const struct config_domain *domain;
    struct domain_result *result;
    struct discover_events events;
    void *arg;
    int64_t started_us;
    struct asked *asked;   /* owned; as result->lookups: those of the first resolver, which are followed, come first */
    size_t pending;        /* queries under way that the endpoints depend on */
    size_t comparing;      /* queries under way to the other resolvers */
    bool followed;         /* the places are known */
    bool found;            /* the endpoints are known */
    bool ended;
    enum source source;    /* where they come from */
    struct place *places;  /* owned; in the order in which they would be tried */
    size_t place_count;
    struct target *targets; /* owned; distinct, in the order of the places */
    size_t target_count;
};

/* Whether the service has records, and none of them has a target (RFC 2782: a lone "."). */
bool service_is_disabled(const struct domain_result *result, enum service service);

/* endpoints.c: whether an address of this family and place in the network is to be an endpoint. */
enum exclusion endpoints_exclude(const struct config *config, const struct dns_address *address);
/* endpoints.c: makes the result's endpoints. Where every address is excluded, they are endpoints all the same, whose
 * verdict is local_error: what could not be observed is unknown. */
void endpoints_make(const struct discovery *discovery);
/* views.c: whether another resolver has different records of a service than the first, where both have answered. TTL
 * and order are no difference. */
bool views_differ(const struct discovery *discovery);
/* views.c: appends who says what where they differ: "public: nothing (NXDOMAIN); internal: a:5269"; or what the others
 * say where the first did not answer; and which of the others did not. */
void views_tell(const struct discovery *discovery, struct buf *out);
/* srv_verdict.c: the check `srv`, except for its duration. */
void srv_verdict_judge(const struct discovery *discovery);

#endif
