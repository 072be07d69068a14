#include "store/registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "store/record.h"

struct node {
    struct registered public; /* first, so that an entry is its node */
    struct node *next;
    UT_hash_handle hh;
};

struct registry {
    pthread_mutex_t lock; /* of everything below */
    struct node *table;
    struct node *first, *last;
};

struct registry *registry_new(void)
{
    struct registry *registry = mem_alloc(sizeof *registry);
    pthread_mutex_init(&registry->lock, NULL);
    return registry;
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    HASH_CLEAR(hh, registry->table);
    for (struct node *node = registry->first, *next; node != NULL; node = next) {
        next = node->next;
        record_release(node->public.restored);
        free(node->public.name);
        free(node);
    }
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

static struct node *find(struct registry *registry, const char *name)
{
    struct node *node;
    HASH_FIND_STR(registry->table, name, node);
    return node;
}

static struct node *append(struct registry *registry, const char *name, uint32_t index)
{
    struct node *node = mem_alloc(sizeof *node);
    node->public.name = mem_strdup(name);
    node->public.index = index;
    HASH_ADD_KEYPTR(hh, registry->table, node->public.name, strlen(node->public.name), node);
    if (registry->last != NULL)
        registry->last->next = node;
    else
        registry->first = node;
    registry->last = node;
    return node;
}

static uint32_t last_index(const struct registry *registry)
{
    return registry->last != NULL ? registry->last->public.index : 0;
}

struct registered *registry_enter(struct registry *registry, const char *name, bool *added)
{
    pthread_mutex_lock(&registry->lock);
    struct node *node = find(registry, name);
    if (added != NULL)
        *added = node == NULL;
    if (node == NULL)
        node = append(registry, name, last_index(registry) + 1);
    pthread_mutex_unlock(&registry->lock);
    return &node->public;
}

struct registered *registry_restore(struct registry *registry, const char *name, uint32_t index)
{
    struct node *node = NULL;
    pthread_mutex_lock(&registry->lock);
    if (index > last_index(registry) && index <= INDEX_MAX / 2 && find(registry, name) == NULL)
        node = append(registry, name, index);
    pthread_mutex_unlock(&registry->lock);
    return node != NULL ? &node->public : NULL;
}

struct record *registry_restored(struct registered *registered)
{
    struct record *record = registered->restored;
    registered->restored = NULL;
    return record;
}

void registry_forget_restored(struct registry *registry)
{
    for (struct registered *at = NULL; registry_next(registry, &at);)
        record_release(registry_restored(at));
}

bool registry_next(struct registry *registry, struct registered **at)
{
    pthread_mutex_lock(&registry->lock);
    struct node *next = *at == NULL ? registry->first : ((struct node *)(void *)*at)->next;
    pthread_mutex_unlock(&registry->lock);
    *at = next != NULL ? &next->public : NULL;
    return next != NULL;
}
