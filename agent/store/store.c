#define LOG_SUBSYSTEM "store"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/folder.h"
#include "store/keeper.h"
#include "store/record.h"
#include "store/registry.h"
#include "store/state_file.h"

#define STATE_FILE "state.jsonl"

/* A configured domain. */
struct entry {
    struct registered *registered;
    struct record *record;
    int64_t interval_ms; /* as configured */
};

struct snapshot {
    atomic_uint references;
    struct record **records; /* in ascending order of index, as status.domains is */
    struct status status;
};

struct store {
    unsigned confirm;
    struct registry *registry;
    char *state_dir;       /* NULL: nothing is to be kept */
    struct folder *folder; /* NULL: nothing is kept */
    struct keeper *keeper; /* likewise */
    pthread_mutex_t lock;  /* of everything below, which the loop's thread alone changes */
    struct entry *entries; /* in the order of the configuration */
    struct entry **order;  /* the same, in ascending order of index */
    size_t count;
    struct snapshot *latest; /* NULL once it is outdated */
    uint64_t generation;     /* of the latest snapshot made */
};

static int by_index(const void *a, const void *b)
{
    uint32_t left = (*(struct entry *const *)a)->registered->index;
    uint32_t right = (*(struct entry *const *)b)->registered->index;
    return (left > right) - (left < right);
}

static struct entry **order_new(struct entry *entries, size_t count)
{
    struct entry **order = mem_array(count, sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = &entries[i];
    qsort(order, count, sizeof *order, by_index);
    return order;
}

/* A domain that comes: with what the state file knew of it, or anew. */
static struct record *first_record(struct registered *registered, int64_t interval_ms)
{
    struct record *record = registry_restored(registered);
    if (record == NULL)
        record = record_new(registered->name, registered->index);
    record_set_interval(record, interval_ms);
    return record;
}

/* Reads the state file. What is wrong with it is told, and the file set aside; where that cannot be done nothing is
 * kept, so that it is not overwritten. */
static void restore(struct store *store)
{
    struct err why = {0}, err = {0};
    FILE *in = folder_read(store->folder, &why);
    bool good = in != NULL ? state_file_read(in, store->registry, &why) : why.text[0] == '\0';
    if (in != NULL)
        fclose(in);
    if (good)
        return;
    registry_free(store->registry);
    store->registry = registry_new();
    log_warn("%s/" STATE_FILE " cannot be used and is set aside: %s", store->state_dir, why.text);
    if (!folder_set_aside(store->folder, &err)) {
        log_warn("state is not kept: %s", err.text);
        folder_close(store->folder);
        store->folder = NULL;
    }
}

static void open_state(struct store *store)
{
    struct err err = {0};
    if (store->state_dir == NULL)
        return;
    store->folder = folder_open(store->state_dir, STATE_FILE, &err);
    if (store->folder != NULL)
        restore(store);
    else
        log_warn("state is not kept: %s", err.text);
}

static bool save_state(void *arg, struct err *err)
{
    struct store *store = arg;
    FILE *out = folder_begin(store->folder, err);
    if (out == NULL)
        return false;
    struct snapshot *snapshot = store_snapshot(store);
    bool written = state_file_write(out, store->registry, snapshot->records, snapshot->status.domain_count, err);
    snapshot_free(snapshot);
    return folder_end(store->folder, out, written, err);
}

static void start_keeper(struct store *store)
{
    struct err err = {0};
    if (store->folder == NULL)
        return;
    store->keeper = keeper_new(save_state, store, &err);
    if (store->keeper != NULL)
        keeper_flush(store->keeper);
    else
        log_warn("state is not kept: %s", err.text);
}

struct store *store_new(const struct config *config, const char *state_dir)
{
    struct store *store = mem_alloc(sizeof *store);
    store->confirm = config->confirm;
    store->generation = (uint64_t)clock_wall_ms() * 1000;
    store->registry = registry_new();
    store->state_dir = mem_strdup(state_dir);
    pthread_mutex_init(&store->lock, NULL);
    open_state(store);
    store->count = config->domain_count;
    store->entries = mem_array(store->count, sizeof *store->entries);
    for (size_t i = 0; i < store->count; i++) {
        struct entry *entry = &store->entries[i];
        entry->registered = registry_enter(store->registry, config->domains[i].name, NULL);
        entry->interval_ms = config->domains[i].interval_ms;
        entry->record = first_record(entry->registered, entry->interval_ms);
    }
    store->order = order_new(store->entries, store->count);
    registry_forget_restored(store->registry);
    start_keeper(store);
    return store;
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    keeper_free(store->keeper);
    folder_close(store->folder);
    snapshot_free(store->latest);
    for (size_t i = 0; i < store->count; i++)
        record_release(store->entries[i].record);
    free(store->order);
    free(store->entries);
    registry_free(store->registry);
    pthread_mutex_destroy(&store->lock);
    free(store->state_dir);
    free(store);
}

static void changed(struct store *store)
{
    if (store->keeper != NULL)
        keeper_changed(store->keeper);
}

void store_reserve(struct store *store, const struct config *config)
{
    bool any = false, added;
    for (size_t i = 0; i < config->domain_count; i++) {
        registry_enter(store->registry, config->domains[i].name, &added);
        any |= added;
    }
    if (any)
        changed(store);
    if (store->keeper != NULL)
        keeper_flush(store->keeper);
}

/* The domain's entry in the configuration in force, or NULL. */
static struct entry *find(const struct store *store, struct registered *registered)
{
    struct entry wanted = {.registered = registered}, *key = &wanted;
    struct entry **found = bsearch(&key, store->order, store->count, sizeof *store->order, by_index);
    return found != NULL ? *found : NULL;
}

static struct record *carried_over(struct entry *former, int64_t interval_ms)
{
    if (former->interval_ms == interval_ms)
        return record_hold(former->record);
    return record_at_interval(former->record, interval_ms);
}

void store_reload(struct store *store, const struct config *config)
{
    size_t count = config->domain_count;
    struct entry *entries = mem_array(count, sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        int64_t interval_ms = config->domains[i].interval_ms;
        struct registered *registered = registry_enter(store->registry, config->domains[i].name, NULL);
        struct entry *former = find(store, registered);
        entries[i] = (struct entry){
            .registered = registered,
            .record = former != NULL ? carried_over(former, interval_ms) : first_record(registered, interval_ms),
            .interval_ms = interval_ms,
        };
    }
    struct entry **order = order_new(entries, count);

    pthread_mutex_lock(&store->lock);
    struct entry *former_entries = store->entries, **former_order = store->order;
    size_t former_count = store->count;
    struct snapshot *outdated = store->latest;
    store->confirm = config->confirm;
    store->entries = entries;
    store->order = order;
    store->count = count;
    store->latest = NULL;
    pthread_mutex_unlock(&store->lock);

    for (size_t i = 0; i < former_count; i++)
        record_release(former_entries[i].record);
    free(former_entries);
    free(former_order);
    snapshot_free(outdated);
    changed(store);
    if (store->state_dir != NULL && config->state_dir != NULL && strcmp(store->state_dir, config->state_dir) != 0)
        log_warn("agent.state_dir is another now: that takes effect at a restart, until then %s is used",
                 store->state_dir);
}

enum tri store_saved(struct store *store)
{
    if (store->keeper != NULL)
        return keeper_saved(store->keeper);
    return store->state_dir != NULL ? TRI_NO : TRI_UNKNOWN;
}

bool store_put(struct store *store, size_t domain, struct domain_result *result)
{
    struct entry *entry = &store->entries[domain];
    struct record *former = entry->record;
    struct round_outcome outcome;
    struct record *after = record_after(former, result, store->confirm, entry->interval_ms,
                                        &entry->registered->last_endpoint, &outcome);
    pthread_mutex_lock(&store->lock);
    struct snapshot *outdated = store->latest;
    entry->record = after;
    store->latest = NULL;
    pthread_mutex_unlock(&store->lock);
    record_release(former);
    snapshot_free(outdated);
    if (outcome.is_news)
        changed(store);
    return outcome.unconfirmed;
}

static struct snapshot *snapshot_new(struct store *store)
{
    struct snapshot *snapshot = mem_alloc(sizeof *snapshot);
    atomic_init(&snapshot->references, 1);
    snapshot->records = mem_array(store->count, sizeof *snapshot->records);
    snapshot->status.domains = mem_array(store->count, sizeof *snapshot->status.domains);
    snapshot->status.domain_count = store->count;
    snapshot->status.generation = ++store->generation;
    for (size_t i = 0; i < store->count; i++) {
        snapshot->records[i] = record_hold(store->order[i]->record);
        snapshot->status.domains[i] = &snapshot->records[i]->status;
    }
    return snapshot;
}

struct snapshot *store_snapshot(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    if (store->latest == NULL)
        store->latest = snapshot_new(store);
    struct snapshot *snapshot = store->latest;
    atomic_fetch_add(&snapshot->references, 1);
    pthread_mutex_unlock(&store->lock);
    return snapshot;
}

const struct status *snapshot_status(const struct snapshot *snapshot)
{
    return &snapshot->status;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    for (size_t i = 0; i < snapshot->status.domain_count; i++)
        record_release(snapshot->records[i]);
    free(snapshot->records);
    free(snapshot->status.domains);
    free(snapshot);
}
