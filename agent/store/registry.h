/* The indexes of all names that were ever configured, of domains or of nodes: a registry for each, since they may have
 * the same names. A name keeps its index for ever, so names only come: ascending indexes, each entry in place until the
 * registry is freed. Safe from every thread unless said otherwise. */
#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The most an index, of a name or of a part of it, may be: the half of Unsigned32 that every manager can hold. */
#define INDEX_MAX UINT32_C(2147483647)

struct record;
struct registry;

struct registered {
    char *name;              /* as configured; of a domain the lower-case A-label */
    uint32_t index;
    atomic_uint last_part;   /* the index last given to an endpoint of this domain or a cp_id of this node; 0: none */
    struct record *restored; /* from the state file, until registry_restored() takes it; NULL: none */
};

struct registry *registry_new(void);
void registry_free(struct registry *registry);

/* The name's entry, made with the next index if there is none; *added (may be NULL) tells. */
struct registered *registry_enter(struct registry *registry, const char *name, bool *added);
/* An entry as the state file has it. NULL when the name is there already, or the index does not come after all that
 * are there, or leaves too few for names to come. */
struct registered *registry_restore(struct registry *registry, const char *name, uint32_t index);

/* What the state file knew of this name, handed over to the caller (NULL: nothing), and for all others forgotten. Both
 * only before a second thread knows the registry. */
struct record *registry_restored(struct registered *registered);
void registry_forget_restored(struct registry *registry);

/* Walks the entries in ascending order of index: *at is NULL for the first; false at the end. */
bool registry_next(struct registry *registry, struct registered **at);

#endif
