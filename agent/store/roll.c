#include "store/roll.h"

#include <stdlib.h>

#include "base/mem.h"

/* What the configuration says of one domain or node. */
struct configured {
    const char *name;
    struct intervals intervals;
};

static size_t configured_count(enum kind kind, const struct config *config)
{
    return kind == KIND_DOMAIN ? config->domain_count : config->imp_node_count;
}

static struct configured configured(enum kind kind, const struct config *config, size_t at)
{
    if (kind == KIND_IMP)
        return (struct configured){config->imp_nodes[at].name, {config->imp_nodes[at].interval_ms, 0, false}};
    const struct config_domain *domain = &config->domains[at];
    int64_t dialback_ms = config_dialback_runs(domain) ? domain->dialback.interval_ms : 0;
    return (struct configured){domain->name, {domain->interval_ms, dialback_ms, domain->ping_count > 0}};
}

static int by_index(const void *a, const void *b)
{
    uint32_t left = (*(struct entry *const *)a)->registered->index;
    uint32_t right = (*(struct entry *const *)b)->registered->index;
    return (left > right) - (left < right);
}

static struct entry *find(const struct roll *roll, struct registered *registered)
{
    struct entry wanted = {.registered = registered}, *key = &wanted;
    struct entry **found = bsearch(&key, roll->order, roll->count, sizeof *roll->order, by_index);
    return found != NULL ? *found : NULL;
}

static struct record *first_record(enum kind kind, struct registered *registered, const struct intervals *intervals)
{
    struct record *record = registry_restored(registered);
    if (record == NULL)
        record = record_new(kind, registered);
    record_set_interval(record, intervals);
    return record;
}

static struct record *carried_over(struct entry *former, const struct intervals *intervals)
{
    if (former->intervals.round_ms == intervals->round_ms && former->intervals.dialback_ms == intervals->dialback_ms &&
        former->intervals.pings == intervals->pings)
        return record_hold(former->record);
    return record_at_interval(former->record, intervals);
}

struct roll *roll_new(enum kind kind, const struct config *config, struct registry *registry,
                      const struct roll *former)
{
    struct roll *roll = mem_alloc(sizeof *roll);
    roll->count = configured_count(kind, config);
    roll->entries = mem_array(roll->count, sizeof *roll->entries);
    roll->order = mem_array(roll->count, sizeof *roll->order);
    for (size_t i = 0; i < roll->count; i++) {
        struct configured each = configured(kind, config, i);
        struct entry *entry = roll->order[i] = &roll->entries[i];
        entry->registered = registry_enter(registry, each.name, NULL);
        entry->intervals = each.intervals;
        struct entry *before = former != NULL ? find(former, entry->registered) : NULL;
        entry->record = before != NULL ? carried_over(before, &each.intervals)
                                       : first_record(kind, entry->registered, &each.intervals);
    }
    qsort(roll->order, roll->count, sizeof *roll->order, by_index);
    return roll;
}

void roll_free(struct roll *roll)
{
    if (roll == NULL)
        return;
    for (size_t i = 0; i < roll->count; i++)
        record_release(roll->entries[i].record);
    free(roll->entries);
    free(roll->order);
    free(roll);
}

bool roll_reserve(enum kind kind, const struct config *config, struct registry *registry)
{
    bool any = false, added;
    for (size_t i = 0; i < configured_count(kind, config); i++) {
        registry_enter(registry, configured(kind, config, i).name, &added);
        any |= added;
    }
    return any;
}
