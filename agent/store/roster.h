/* Which index each endpoint (target, port, address, transport) of a domain has. A roster never changes; it is shared by
 * reference count, and replaced when an endpoint comes that it does not name. */
#ifndef STORE_ROSTER_H
#define STORE_ROSTER_H

#include <stdatomic.h>

#include "health/result.h"

/* So many endpoints are remembered, those that the latest rounds saw before others: a look-up that fails once changes
 * no index, and a peer that brings new addresses for ever costs no more. Not less than agent.max_endpoints may be. */
#define ROSTER_MAX 64

struct roster_entry {
    char *target, *address; /* owned */
    uint32_t index;
    uint16_t port;
    uint8_t transport; /* enum transport */
};

struct roster {
    atomic_uint references;
    size_t count;
    struct roster_entry list[]; /* those of the round that last brought a new one first, then the former ones */
};

/* Room for `count` entries, all empty; the caller fills them before anyone else sees the roster. */
struct roster *roster_new(size_t count);
struct roster *roster_hold(struct roster *roster); /* NULL stays NULL */
void roster_release(struct roster *roster);        /* NULL is legal */

/* Fills one entry. */
void roster_enter(struct roster_entry *entry, const char *target, uint16_t port, const char *address,
                  enum transport transport, uint32_t index);

/* Gives every endpoint of the result its index, a new one the next after *last, and sorts them by it. Returns a
 * reference to the roster that holds then: `roster` itself (which may be NULL) where it named them all. */
struct roster *roster_apply(struct roster *roster, struct domain_result *result, atomic_uint *last);

#endif
