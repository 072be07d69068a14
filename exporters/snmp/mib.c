#include "exporters/snmp/mib.h"

#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-includes.h>

#include "base/mem.h"

/* A scalar, or a column of a table. */
struct object {
    const struct fact *fact;
    struct mib_name name;
};

struct mib {
    struct mib_name root, objects;
    struct object *object; /* in the order of their names */
    size_t object_count;
};

static void append(struct mib_name *name, oid id)
{
    name->ids[name->length++] = id;
}

static void parse(struct mib_name *name, const char *dotted)
{
    for (char *end; *dotted != '\0'; dotted = *end == '.' ? end + 1 : end)
        append(name, strtoul(dotted, &end, 10));
}

/* The place of a scope's scalars or table below `objects`; 0: the scope is not in the MIB. */
static oid arc_of(enum fact_scope scope)
{
    switch (scope) {
    case SCOPE_AGENT: return 1;
    case SCOPE_DOMAIN: return 2;
    case SCOPE_CHECK: return 3;
    default: return 0;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct mib_name *one = &((const struct object *)a)->name, *other = &((const struct object *)b)->name;
    return snmp_oid_compare(one->ids, one->length, other->ids, other->length);
}

struct mib *mib_new(void)
{
    struct mib *mib = mem_alloc(sizeof *mib);
    parse(&mib->root, FH_ENTERPRISE_OID);
    mib->objects = mib->root;
    append(&mib->objects, 1);

    mib->object = mem_array(FACT_COUNT, sizeof *mib->object);
    for (const struct fact *fact = FACTS; fact < FACTS + FACT_COUNT; fact++) {
        oid arc = arc_of(fact->scope);
        if (arc == 0 || fact->column == 0)
            continue;
        struct object *object = &mib->object[mib->object_count++];
        *object = (struct object){.fact = fact, .name = mib->objects};
        append(&object->name, arc);
        if (fact->scope != SCOPE_AGENT)
            append(&object->name, 1); /* the table's entry */
        append(&object->name, fact->column);
    }
    qsort(mib->object, mib->object_count, sizeof *mib->object, by_name);
    return mib;
}

void mib_free(struct mib *mib)
{
    if (mib != NULL)
        free(mib->object);
    free(mib);
}

const struct mib_name *mib_objects(const struct mib *mib)
{
    return &mib->objects;
}

const struct mib_name *mib_root(const struct mib *mib)
{
    return &mib->root;
}

static size_t row_count(enum fact_scope scope, const struct status *status)
{
    switch (scope) {
    case SCOPE_AGENT: return 1;
    case SCOPE_DOMAIN: return status->domain_count;
    case SCOPE_CHECK: return status->domain_count * CHECK_COUNT;
    default: return 0;
    }
}

static struct fact_row row_at(enum fact_scope scope, const struct status *status, size_t at)
{
    struct fact_row row = {.status = status, .scope = scope};
    if (scope == SCOPE_AGENT)
        return row;
    row.domain_at = scope == SCOPE_CHECK ? at / CHECK_COUNT : at;
    row.item = scope == SCOPE_CHECK ? at % CHECK_COUNT : 0;
    row.domain = status->domains[row.domain_at];
    return row;
}

/* What follows the object's name in the name of an instance. */
static size_t row_index(const struct fact_row *row, oid index[2])
{
    index[0] = row->scope == SCOPE_AGENT ? 0 : row->domain->index;
    index[1] = row->item + 1;
    return row->scope == SCOPE_CHECK ? 2 : 1;
}

/* The first row whose index comes after this one, or is equal to it when `inclusive`. */
static size_t first_row(const struct object *object, const struct status *status, const oid *index, size_t length,
                        bool inclusive)
{
    size_t low = 0, high = row_count(object->fact->scope, status);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct fact_row row = row_at(object->fact->scope, status, middle);
        oid own[2];
        int order = snmp_oid_compare(own, row_index(&row, own), index, length);
        if (order > 0 || (inclusive && order == 0))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool read_cell(const struct object *object, const struct status *status, size_t at, struct mib_cell *cell)
{
    struct fact_row row = row_at(object->fact->scope, status, at);
    fact_read(object->fact, &row, &cell->value);
    if (!cell->value.present)
        return false;
    cell->fact = object->fact;
    cell->name = object->name;
    cell->name.length += row_index(&row, cell->name.ids + cell->name.length);
    return true;
}

enum mib_answer mib_get(const struct mib *mib, const struct status *status, const oid *ids, size_t length,
                        struct mib_cell *cell)
{
    for (const struct object *object = mib->object; object < mib->object + mib->object_count; object++) {
        const struct mib_name *name = &object->name;
        if (length < name->length || snmp_oid_compare(ids, name->length, name->ids, name->length) != 0)
            continue;
        size_t at = first_row(object, status, ids + name->length, length - name->length, true);
        bool found = at < row_count(object->fact->scope, status) && read_cell(object, status, at, cell) &&
                     snmp_oid_compare(cell->name.ids, cell->name.length, ids, length) == 0;
        return found ? MIB_FOUND : MIB_NO_INSTANCE;
    }
    return MIB_NO_OBJECT;
}

bool mib_next(const struct mib *mib, const struct status *status, const oid *ids, size_t length, bool inclusive,
              struct mib_cell *cell)
{
    for (const struct object *object = mib->object; object < mib->object + mib->object_count; object++) {
        const struct mib_name *name = &object->name;
        size_t common = length < name->length ? length : name->length;
        int order = snmp_oid_compare(ids, common, name->ids, common);
        if (order > 0)
            continue;
        size_t at = 0;
        if (order == 0 && length > name->length)
            at = first_row(object, status, ids + name->length, length - name->length, inclusive);
        for (; at < row_count(object->fact->scope, status); at++) {
            if (read_cell(object, status, at, cell))
                return true;
        }
    }
    return false;
}
