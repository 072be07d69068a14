#include "store/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/registry.h"

struct roster *roster_new(size_t count)
{
    struct roster *roster = mem_alloc(sizeof *roster + count * sizeof *roster->list);
    atomic_init(&roster->references, 1);
    roster->count = count;
    return roster;
}

struct roster *roster_hold(struct roster *roster)
{
    if (roster != NULL)
        atomic_fetch_add(&roster->references, 1);
    return roster;
}

void roster_release(struct roster *roster)
{
    if (roster == NULL || atomic_fetch_sub(&roster->references, 1) != 1)
        return;
    for (size_t i = 0; i < roster->count; i++) {
        free(roster->list[i].target);
        free(roster->list[i].address);
    }
    free(roster);
}

void roster_enter(struct roster_entry *entry, const char *target, uint16_t port, const char *address,
                  enum transport transport, uint32_t index)
{
    entry->target = mem_strdup(target);
    entry->address = mem_strdup(address);
    entry->port = port;
    entry->transport = (uint8_t)transport;
    entry->index = index;
}

static bool is_same(const struct roster_entry *entry, const struct endpoint_result *endpoint)
{
    return entry->port == endpoint->port && entry->transport == endpoint->transport &&
           strcmp(entry->address, endpoint->address) == 0 && strcmp(entry->target, endpoint->target) == 0;
}

static uint32_t index_of(const struct roster *roster, const struct endpoint_result *endpoint)
{
    for (size_t i = 0; roster != NULL && i < roster->count; i++) {
        if (is_same(&roster->list[i], endpoint))
            return roster->list[i].index;
    }
    return 0;
}

static bool is_given(const struct roster *roster, uint32_t index)
{
    for (size_t i = 0; roster != NULL && i < roster->count; i++) {
        if (roster->list[i].index == index)
            return true;
    }
    return false;
}

/* After INDEX_MAX, centuries from here, it begins anew. */
static uint32_t next_index(const struct roster *roster, atomic_uint *last)
{
    uint32_t index = atomic_load(last);
    do
        index = index < INDEX_MAX ? index + 1 : 1;
    while (is_given(roster, index));
    atomic_store(last, index);
    return index;
}

static bool is_in(const struct domain_result *result, uint32_t index)
{
    for (size_t i = 0; i < result->endpoint_count; i++) {
        if (result->endpoints[i].index == index)
            return true;
    }
    return false;
}

/* Those of the result, and as many of the former ones as there is room for. */
static struct roster *replaced(const struct roster *former, const struct domain_result *result)
{
    size_t count = result->endpoint_count < ROSTER_MAX ? result->endpoint_count : ROSTER_MAX;
    struct roster *roster = roster_new(ROSTER_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct endpoint_result *endpoint = &result->endpoints[i];
        roster_enter(&roster->list[i], endpoint->target, endpoint->port, endpoint->address, endpoint->transport,
                     endpoint->index);
    }
    for (size_t i = 0; former != NULL && i < former->count && count < ROSTER_MAX; i++) {
        const struct roster_entry *entry = &former->list[i];
        if (!is_in(result, entry->index))
            roster_enter(&roster->list[count++], entry->target, entry->port, entry->address,
                         (enum transport)entry->transport, entry->index);
    }
    roster->count = count;
    return mem_resize(roster, 1, sizeof *roster + count * sizeof *roster->list);
}

static int by_index(const void *a, const void *b)
{
    const struct endpoint_result *left = a, *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

struct roster *roster_apply(struct roster *roster, struct domain_result *result, atomic_uint *last)
{
    bool all_known = true;
    for (size_t i = 0; i < result->endpoint_count; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        endpoint->index = index_of(roster, endpoint);
        if (endpoint->index == 0) {
            all_known = false;
            endpoint->index = next_index(roster, last);
        }
    }
    if (result->endpoint_count > 1)
        qsort(result->endpoints, result->endpoint_count, sizeof *result->endpoints, by_index);
    return all_known ? roster_hold(roster) : replaced(roster, result);
}
