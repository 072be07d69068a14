#include "probe/dialback_memory.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/mem.h"

#define EARLY_US 1000000 /* by so much a round may come too soon, since rounds have a grid of their own */

/* The result of one endpoint. */
struct known {
    char *target, *address; /* owned */
    uint16_t port;
    enum transport transport;
    enum reason reason;
    char *detail; /* owned; NULL: none */
    int64_t duration_us, phase_us;
    enum dialback_algorithm algorithm;
};

struct entry {
    char *name;     /* owned */
    char *identity; /* owned; what the results hold for */
    int64_t last_us; /* the latest round in which dialback was due */
    uint64_t stamp;  /* of that */
    enum dialback_algorithm algorithm;
    enum state state; /* of the check, in the latest round that was not carried over */
    unsigned same;    /* so many times in a row */
    struct known *known; /* owned */
    size_t count;
    UT_hash_handle hh;
};

struct dialback_memory {
    struct entry *table;
};

static char *identity_of(const struct config_domain *domain)
{
    const struct config_dialback *dialback = &domain->dialback;
    return mem_printf("%s\n%s\n%s", dialback->secret_file != NULL ? dialback->secret_file : "",
                      dialback_algorithm_name(dialback->algorithm), dialback->from != NULL ? dialback->from : "");
}

/* NULL: nothing is known that holds for this configuration of the domain. */
static struct entry *find(const struct dialback_memory *memory, const struct config_domain *domain)
{
    struct entry *entry = NULL;
    HASH_FIND_STR(memory->table, domain->name, entry);
    if (entry == NULL)
        return NULL;
    char *identity = identity_of(domain);
    bool same = strcmp(identity, entry->identity) == 0;
    free(identity);
    return same ? entry : NULL;
}

static void forget_endpoints(struct entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        free(entry->known[i].target);
        free(entry->known[i].address);
        free(entry->known[i].detail);
    }
    free(entry->known);
    entry->known = NULL;
    entry->count = 0;
}

static void forget(struct dialback_memory *memory, struct entry *entry)
{
    HASH_DEL(memory->table, entry);
    forget_endpoints(entry);
    free(entry->name);
    free(entry->identity);
    free(entry);
}

/* The entry of this configuration of the domain, made where there is none. */
static struct entry *obtain(struct dialback_memory *memory, const struct config_domain *domain)
{
    struct entry *entry = find(memory, domain), *other = NULL;
    if (entry != NULL)
        return entry;
    HASH_FIND_STR(memory->table, domain->name, other);
    if (other != NULL)
        forget(memory, other);
    entry = mem_alloc(sizeof *entry);
    *entry = (struct entry){.name = mem_strdup(domain->name), .identity = identity_of(domain)};
    HASH_ADD_KEYPTR(hh, memory->table, entry->name, strlen(entry->name), entry);
    return entry;
}

struct dialback_memory *dialback_memory_new(void)
{
    return mem_alloc(sizeof(struct dialback_memory));
}

void dialback_memory_free(struct dialback_memory *memory)
{
    struct entry *entry, *next;
    if (memory == NULL)
        return;
    HASH_ITER(hh, memory->table, entry, next)
        forget(memory, entry);
    free(memory);
}

void dialback_memory_reload(struct dialback_memory *memory, const struct config *config)
{
    struct entry *entry, *next;
    HASH_ITER(hh, memory->table, entry, next) {
        const struct config_domain *domain = config_find(config, entry->name);
        if (domain == NULL || !config_dialback_runs(domain) || find(memory, domain) != entry)
            forget(memory, entry);
    }
}

/* ---- what a round asks ---- */

bool dialback_memory_is_due(const struct dialback_memory *memory, const struct config_domain *domain,
                            const struct dialback_moment *moment)
{
    const struct entry *entry = find(memory, domain);
    int64_t interval_us = domain->dialback.interval_ms * 1000;
    int64_t early_us = interval_us / 2 < EARLY_US ? interval_us / 2 : EARLY_US;
    return entry == NULL || entry->same < moment->confirm || entry->stamp != moment->stamp ||
           moment->now_us - entry->last_us >= interval_us - early_us;
}

static const struct known *find_endpoint(const struct entry *entry, const struct endpoint_result *endpoint)
{
    for (size_t i = 0; entry != NULL && i < entry->count; i++) {
        const struct known *known = &entry->known[i];
        if (known->port == endpoint->port && known->transport == endpoint->transport &&
            strcmp(known->address, endpoint->address) == 0 && strcmp(known->target, endpoint->target) == 0)
            return known;
    }
    return NULL;
}

bool dialback_memory_knows(const struct dialback_memory *memory, const struct config_domain *domain,
                           const struct endpoint_result *endpoint)
{
    return find_endpoint(find(memory, domain), endpoint) != NULL;
}

enum dialback_algorithm dialback_memory_algorithm(const struct dialback_memory *memory,
                                                  const struct config_domain *domain)
{
    const struct entry *entry = find(memory, domain);
    return entry != NULL ? entry->algorithm : DIALBACK_AUTO;
}

/* ---- what it found ---- */

static void recall(const struct known *known, struct endpoint_result *endpoint)
{
    struct check_result *check = &endpoint->check[CHECK_DIALBACK];
    endpoint->reached[CHECK_DIALBACK] = true;
    check_result_set(check, known->reason, known->detail != NULL ? "%s" : NULL, known->detail);
    check->duration_us = known->duration_us;
    endpoint->phase_us[PHASE_DIALBACK] = known->phase_us;
    endpoint->dialback_algorithm = known->algorithm;
}

void dialback_memory_recall(const struct dialback_memory *memory, const struct config_domain *domain,
                            struct domain_result *result, const bool *reachable)
{
    const struct entry *entry = find(memory, domain);
    size_t recalled = 0, asked = 0;
    for (size_t i = 0; i < result->endpoint_count; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        const struct known *known = reachable[i] ? find_endpoint(entry, endpoint) : NULL;
        asked += endpoint->reached[CHECK_DIALBACK];
        recalled += known != NULL;
        if (known != NULL)
            recall(known, endpoint);
    }
    result->carried[CHECK_DIALBACK] = asked == 0 && recalled > 0 && recalled == entry->count;
}

/* Silence, an end, an error and faults of this machine say nothing of a key: they are not kept, so that the endpoint is
 * asked again in the next round. */
static bool is_verdict(enum reason reason)
{
    return reason == REASON_OK || reason == REASON_NOT_APPLICABLE || reason == REASON_DIALBACK_KEY_REJECTED ||
           reason == REASON_DIALBACK_ACCEPTS_BOGUS;
}

static void take_endpoint(struct entry *entry, const struct endpoint_result *endpoint)
{
    const struct check_result *check = &endpoint->check[CHECK_DIALBACK];
    if (endpoint->dialback_algorithm != DIALBACK_AUTO)
        entry->algorithm = endpoint->dialback_algorithm;
    entry->known[entry->count++] = (struct known){
        .target = mem_strdup(endpoint->target),
        .address = mem_strdup(endpoint->address),
        .port = endpoint->port,
        .transport = endpoint->transport,
        .reason = check->reason,
        .detail = mem_strdup(check->detail),
        .duration_us = check->duration_us,
        .phase_us = endpoint->phase_us[PHASE_DIALBACK],
        .algorithm = endpoint->dialback_algorithm,
    };
}

void dialback_memory_note(struct dialback_memory *memory, const struct config_domain *domain,
                          const struct domain_result *result, bool due, const struct dialback_moment *moment)
{
    if (result->carried[CHECK_DIALBACK])
        return;
    struct entry *entry = obtain(memory, domain);
    enum state state = result->check[CHECK_DIALBACK].state;
    forget_endpoints(entry);
    entry->known = mem_array(result->endpoint_count, sizeof *entry->known);
    for (size_t i = 0; i < result->endpoint_count; i++) {
        const struct endpoint_result *endpoint = &result->endpoints[i];
        if (endpoint->reached[CHECK_DIALBACK] && is_verdict(endpoint->check[CHECK_DIALBACK].reason))
            take_endpoint(entry, endpoint);
    }
    entry->same = entry->same > 0 && entry->state == state ? entry->same + 1 : 1;
    entry->state = state;
    if (!due)
        return;
    entry->last_us = moment->now_us;
    entry->stamp = moment->stamp;
}
