#include "ping/places.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "dns/resolver.h"

#define SERVICE "_xmpp-client._tcp."
#define PORT 5222
#define TARGETS_MAX 8

struct target {
    char name[DNS_NAME_SIZE];
    uint16_t port;
};

struct places {
    const struct config *config;
    const struct config_ping *account;
    places_done done;
    void *arg;
    struct resolver *resolver; /* of this search alone: it may outlive the round that it began in */
    struct resolver_query *query;
    struct loop_timer *turn;   /* ends a search that needs no query */
    struct target targets[TARGETS_MAX];
    size_t target_count, target;
    struct place_to_try list[PLACES_MAX];
    size_t count;
    char *fault;               /* owned; why there is no place */
};

static void places_free(struct places *places)
{
    resolver_cancel(places->query);
    resolver_free(places->resolver);
    loop_timer_free(places->turn);
    free(places->fault);
    free(places);
}

static void finish(void *arg)
{
    struct places *places = arg;
    places->done(places->arg, places->list, places->count, places->count > 0 ? NULL : places->fault);
    places_free(places);
}

/* The latest is the one that is told. */
static void __attribute__((format(printf, 2, 3))) note_fault(struct places *places, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    free(places->fault);
    places->fault = mem_vprintf(format, args);
    va_end(args);
}

static const char *status_text(enum dns_status status)
{
    switch (status) {
    case DNS_ANSWER:
    case DNS_NODATA: return "it has none";
    case DNS_NXDOMAIN: return "there is no such name";
    case DNS_TIMEOUT: return "no DNS server answered in time";
    case DNS_SERVFAIL: return "the DNS server failed";
    case DNS_REFUSED: return "the DNS server refused to answer";
    case DNS_MALFORMED: return "the DNS answer cannot be read";
    case DNS_BAD_NAME: return "it is no name that can be looked up";
    case DNS_LOCAL_ERROR: break;
    }
    return "this machine has no socket for DNS";
}

static void add_place(struct places *places, int family, const unsigned char *bytes, uint16_t port)
{
    const struct config *config = places->config;
    struct place_to_try *place = &places->list[places->count];
    if (places->count == PLACES_MAX || inet_ntop(family, bytes, place->address, sizeof place->address) == NULL)
        return;
    place->port = port;
    if (network_led_into(config->deny_networks, config->deny_network_count, family, bytes) != NULL)
        note_fault(places, "%s lies in one of agent.deny_networks", place->address);
    else if ((config->address_families == FAMILIES_IPV4 && family != AF_INET) ||
             (config->address_families == FAMILIES_IPV6 && family != AF_INET6))
        note_fault(places, "agent.address_families leaves %s out", place->address);
    else
        places->count++;
}

static void add_target(struct places *places, const char *name, uint16_t port)
{
    struct target *target = &places->targets[places->target_count];
    if (places->target_count == TARGETS_MAX || strlen(name) >= sizeof target->name)
        return;
    strcpy(target->name, name);
    target->port = port;
    places->target_count++;
}

static void next_target(struct places *places);

static void addresses_came(void *arg, const struct dns_answer *answer)
{
    struct places *places = arg;
    const struct target *target = &places->targets[places->target++];
    places->query = NULL;
    if (answer->status != DNS_ANSWER)
        note_fault(places, "no address of %s could be found: %s", target->name, status_text(answer->status));
    for (size_t i = 0; i < answer->count; i++)
        add_place(places, answer->address[i].family, answer->address[i].bytes, target->port);
    next_target(places);
}

/* A target that is an address itself needs no question. */
static bool take_address(struct places *places, const struct target *target)
{
    static const int FAMILIES[] = {AF_INET, AF_INET6};
    unsigned char bytes[sizeof(struct in6_addr)];
    for (size_t i = 0; i < sizeof FAMILIES / sizeof FAMILIES[0]; i++) {
        if (inet_pton(FAMILIES[i], target->name, bytes) == 1) {
            add_place(places, FAMILIES[i], bytes, target->port);
            return true;
        }
    }
    return false;
}

static void next_target(struct places *places)
{
    while (places->target < places->target_count && take_address(places, &places->targets[places->target]))
        places->target++;
    if (places->target < places->target_count && places->count < PLACES_MAX)
        places->query =
            resolver_addresses(places->resolver, places->targets[places->target].name, addresses_came, places);
    else
        loop_timer_arm(places->turn, 0);
}

static void records_came(void *arg, const struct dns_answer *answer)
{
    struct places *places = arg;
    bool disabled = answer->count > 0;
    places->query = NULL;
    for (size_t i = 0; i < answer->count; i++) {
        disabled &= answer->srv[i].target[0] == '\0'; /* RFC 2782: a lone "." */
        if (answer->srv[i].target[0] != '\0' && answer->srv[i].port != 0)
            add_target(places, answer->srv[i].target, answer->srv[i].port);
    }
    if (disabled)
        note_fault(places, "SRV " SERVICE "%s says that there is no service for clients", places->account->domain);
    else if (places->target_count == 0)
        add_target(places, places->account->domain, PORT);
    next_target(places);
}

struct places *places_start(struct loop *loop, const struct config *config, const struct config_ping *account,
                            places_done done, void *arg, struct err *err)
{
    /* Records, then addresses; the last of several targets may be without an answer, but then others are there. */
    struct resolver *resolver = resolver_new(loop, config->resolvers[0].address, false, config->timeout_ms / 2, err);
    if (resolver == NULL)
        return NULL;
    struct places *places = mem_alloc(sizeof *places);
    *places = (struct places){
        .config = config, .account = account, .done = done, .arg = arg, .resolver = resolver};
    places->turn = loop_timer_new(loop, finish, places);
    if (account->server.host != NULL) {
        add_target(places, account->server.host, account->server.port);
        next_target(places);
    } else {
        char *name = mem_printf(SERVICE "%s", account->domain);
        places->query = resolver_srv(resolver, name, records_came, places);
        free(name);
    }
    return places;
}

void places_cancel(struct places *places)
{
    if (places != NULL)
        places_free(places);
}
