/* The domains or the nodes of the configuration in force, each with its latest record. Not safe from several threads by
 * itself. */
#ifndef STORE_ROLL_H
#define STORE_ROLL_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "store/record.h"
#include "store/registry.h"

struct entry {
    struct registered *registered;
    struct record *record; /* owned reference */
    struct intervals intervals;
};

struct roll {
    size_t count;
    struct entry *entries; /* owned; in the order of the configuration */
    struct entry **order;  /* owned; the same, in ascending order of index */
};

/* What is in `former` (NULL: nothing) stays as it is, but for its intervals; what comes begins with what the state file
 * knew of it, or anew. New names get their indexes. */
struct roll *roll_new(enum kind kind, const struct config *config, struct registry *registry,
                      const struct roll *former);
void roll_free(struct roll *roll); /* NULL is legal */

/* Gives the names of a configuration that is about to come their indexes. Whether any is new. Safe from every
 * thread. */
bool roll_reserve(enum kind kind, const struct config *config, struct registry *registry);

#endif
