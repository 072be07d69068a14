/* The objects of FEDHEALTH-MIB as one ordered space of OIDs, read out of the table of facts. No protocol here: given
 * a status and a name, it finds the instance of that name, or the first one after it.
 *
 * Nothing is built when the state changes. The rows of a table lie in the order of their indexes in the status
 * itself, domains and nodes and what belongs to each of them alike, so that an instance is found by binary search, and
 * a walk costs the same a row however long the table is. */
#ifndef SNMP_MIB_H
#define SNMP_MIB_H

#include <stdbool.h>
#include <stddef.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/library/oid.h>
#include <net-snmp/library/asn1.h>

#include "health/fact.h"

struct mib_name {
    oid ids[MAX_OID_LEN];
    size_t length;
};

/* What was found at a name. */
struct mib_cell {
    struct mib_name name; /* of the instance */
    const struct fact *fact;
    struct fact_value value;
};

enum mib_answer {
    MIB_FOUND,
    MIB_NO_OBJECT,  /* RFC 3416 4.2.1: noSuchObject */
    MIB_NO_INSTANCE /* noSuchInstance: no such row, or the value is not known */
};

struct mib;
struct mib *mib_new(void);
void mib_free(struct mib *mib);

/* Where all objects of the module lie: { fedhealthMIB 1 }, and the module itself. */
const struct mib_name *mib_objects(const struct mib *mib);
const struct mib_name *mib_root(const struct mib *mib);

/* `cell` is filled only when found; it borrows texts from `status`. */
enum mib_answer mib_get(const struct mib *mib, const struct status *status, const oid *ids, size_t length,
                        struct mib_cell *cell);
/* The first instance with a known value after this name, or at it when `inclusive`. False: none. */
bool mib_next(const struct mib *mib, const struct status *status, const oid *ids, size_t length, bool inclusive,
              struct mib_cell *cell);

/* The column, or scalar, of this object and the name of its instance with this index (0: a scalar's). The object must
 * be one of the table of facts. */
const struct fact *mib_instance(const struct mib *mib, const char *object, oid index, struct mib_name *name);

#endif
