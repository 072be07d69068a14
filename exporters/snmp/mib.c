#include "exporters/snmp/mib.h"

#include <assert.h>
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
    case SCOPE_ENDPOINT: return 4;
    case SCOPE_IMP: return 5;
    case SCOPE_S2S_NODE: return 6;
    case SCOPE_NOTIFICATION: return 7;
    case SCOPE_IMP_CHECK: return 8;
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

/* What follows the object's name in the name of an instance. */
static size_t row_index(const struct fact_row *row, oid index[2])
{
    index[0] = row->subject.index; /* RFC 2578 7: 0 for a scalar's only instance */
    switch (row->scope) {
    case SCOPE_CHECK:
    case SCOPE_IMP_CHECK:
    case SCOPE_NOTIFICATION: index[1] = row->item + 1; return 2;
    case SCOPE_ENDPOINT: index[1] = row->subject.domain->latest->endpoints[row->item].index; return 2;
    case SCOPE_S2S_NODE: index[1] = row->subject.node->verdict.memory->nodes[row->item].index; return 2;
    default: return 1;
    }
}

/* Whether the row comes behind this index, or is at it when `inclusive`. */
static bool is_behind(const struct fact_row *row, const oid *index, size_t length, bool inclusive)
{
    oid own[2];
    int order = snmp_oid_compare(own, row_index(row, own), index, length);
    return order > 0 || (inclusive && order == 0);
}

/* The position of the first domain or node whose number is not below this one. */
static size_t find_target(const struct status *status, enum subject_kind kind, oid number)
{
    size_t low = 0, high = subject_count(status, kind);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (subject_at(status, kind, middle).index >= number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The first of the target's items whose row is_behind() the index. */
static size_t find_item(enum fact_scope scope, const struct status *status, size_t target_at, const oid *index,
                        size_t length, bool inclusive)
{
    struct fact_row row = fact_row_of(scope, status, target_at);
    size_t low = 0, high = fact_item_count(&row);
    while (low < high) {
        row.item = low + (high - low) / 2;
        if (is_behind(&row, index, length, inclusive))
            high = row.item;
        else
            low = row.item + 1;
    }
    return low;
}

/* Moves to the object's first row behind this index, or at it when `inclusive`. False: there is none. */
static bool find_row(struct fact_row *row, const struct object *object, const struct status *status, const oid *index,
                     size_t length, bool inclusive)
{
    enum fact_scope scope = object->fact->scope;
    if (scope == SCOPE_AGENT || length == 0)
        return fact_row_first(row, scope, status) && (length == 0 || is_behind(row, index, length, inclusive));
    size_t target_at = find_target(status, scope_kind(scope), index[0]);
    if (target_at == subject_count(status, scope_kind(scope)))
        return false;
    return fact_row_seek(row, scope, status, target_at,
                         find_item(scope, status, target_at, index, length, inclusive));
}

static bool read_cell(const struct object *object, const struct fact_row *row, struct mib_cell *cell)
{
    fact_read(object->fact, row, &cell->value);
    if (!cell->value.present)
        return false;
    cell->fact = object->fact;
    cell->name = object->name;
    cell->name.length += row_index(row, cell->name.ids + cell->name.length);
    return true;
}

enum mib_answer mib_get(const struct mib *mib, const struct status *status, const oid *ids, size_t length,
                        struct mib_cell *cell)
{
    for (const struct object *object = mib->object; object < mib->object + mib->object_count; object++) {
        const struct mib_name *name = &object->name;
        if (length < name->length || snmp_oid_compare(ids, name->length, name->ids, name->length) != 0)
            continue;
        struct fact_row row;
        bool found = find_row(&row, object, status, ids + name->length, length - name->length, true) &&
                     read_cell(object, &row, cell) &&
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
        size_t after = order == 0 && length > name->length ? length - name->length : 0; /* 0: all rows come behind it */
        struct fact_row row;
        bool has_row = find_row(&row, object, status, ids + length - after, after, inclusive);
        for (; has_row; has_row = fact_row_next(&row)) {
            if (read_cell(object, &row, cell))
                return true;
        }
    }
    return false;
}

const struct fact *mib_instance(const struct mib *mib, const char *object, oid index, struct mib_name *name)
{
    const struct object *found = mib->object;
    const struct object *end = mib->object + mib->object_count;
    while (found < end && strcmp(found->fact->object, object) != 0)
        found++;
    assert(found < end);
    *name = found->name;
    append(name, index);
    return found->fact;
}
