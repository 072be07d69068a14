#define LOG_SUBSYSTEM "store"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "health/imp_cause.h"
#include "store/folder.h"
#include "store/keeper.h"
#include "store/record.h"
#include "store/registry.h"
#include "store/roll.h"
#include "store/state_file.h"

#define STATE_FILE "state.jsonl"

struct snapshot {
    atomic_uint references;
    struct record **records[KIND_COUNT]; /* in ascending order of index, as those of `status` are */
    struct status status;
};

struct store {
    struct registry *registries[KIND_COUNT];
    char *state_dir;       /* NULL: nothing is to be kept */
    struct folder *folder; /* NULL: nothing is kept */
    struct keeper *keeper; /* likewise */
    pthread_mutex_t lock;  /* of everything below, which the loop's thread alone changes */
    struct config *config; /* owned reference; the one in force */
    struct roll *rolls[KIND_COUNT];
    struct snapshot *latest; /* NULL once it is outdated */
    uint64_t generation;     /* of the latest snapshot made */

    struct store_watcher watcher; /* of the thread that puts; all NULL: none */
    struct record **lapsed;       /* owned; for store_tell_lapsed() */
    size_t lapsed_count;
};

static void new_registries(struct store *store)
{
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        registry_free(store->registries[kind]);
        store->registries[kind] = registry_new();
    }
}

/* Reads the state file. What is wrong with it is told, and the file set aside; where that cannot be done nothing is
 * kept, so that it is not overwritten. */
static void restore(struct store *store)
{
    struct err why = {0}, err = {0};
    FILE *in = folder_read(store->folder, &why);
    bool good = in != NULL ? state_file_read(in, store->registries, &why) : why.text[0] == '\0';
    if (in != NULL)
        fclose(in);
    if (good)
        return;
    new_registries(store);
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
    const struct state_names names[KIND_COUNT] = {
        [KIND_DOMAIN] = {store->registries[KIND_DOMAIN], snapshot->records[KIND_DOMAIN], snapshot->status.domain_count},
        [KIND_IMP] = {store->registries[KIND_IMP], snapshot->records[KIND_IMP], snapshot->status.imp_count},
    };
    bool written = state_file_write(out, names, err);
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

static struct store *begin(struct config *config, const char *state_dir)
{
    struct store *store = mem_alloc(sizeof *store);
    store->config = config_hold(config);
    store->generation = (uint64_t)clock_wall_ms() * 1000;
    store->state_dir = mem_strdup(state_dir);
    pthread_mutex_init(&store->lock, NULL);
    new_registries(store);
    return store;
}

/* What was restored and has no place in the roll. */
static void keep_lapsed(struct store *store, enum kind kind)
{
    for (struct registered *at = NULL; registry_next(store->registries[kind], &at);) {
        struct record *record = at->restored;
        if (record == NULL || record->whole.confirmed == STATE_NONE || record->whole.confirmed == STATE_OK)
            continue;
        store->lapsed = mem_resize(store->lapsed, store->lapsed_count + 1, sizeof(struct record *));
        store->lapsed[store->lapsed_count++] = registry_restored(at);
    }
}

static void free_lapsed(struct store *store)
{
    for (size_t i = 0; i < store->lapsed_count; i++)
        record_release(store->lapsed[i]);
    free(store->lapsed);
    store->lapsed = NULL;
    store->lapsed_count = 0;
}

/* Puts what was restored into force. */
static void settle(struct store *store)
{
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        store->rolls[kind] = roll_new(kind, store->config, store->registries[kind], NULL);
        keep_lapsed(store, kind);
        registry_forget_restored(store->registries[kind]);
    }
}

struct store *store_new(struct config *config, const char *state_dir)
{
    struct store *store = begin(config, state_dir);
    open_state(store);
    settle(store);
    start_keeper(store);
    return store;
}

struct store *store_new_beside(struct config *config, const char *state_dir)
{
    struct store *store = begin(config, NULL);
    struct err err = {0};
    FILE *in = state_dir != NULL ? folder_peek(state_dir, STATE_FILE) : NULL;
    if (in != NULL && !state_file_read(in, store->registries, &err))
        new_registries(store);
    if (in != NULL)
        fclose(in);
    settle(store);
    return store;
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    keeper_free(store->keeper);
    free_lapsed(store);
    folder_close(store->folder);
    snapshot_free(store->latest);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        roll_free(store->rolls[kind]);
        registry_free(store->registries[kind]);
    }
    config_free(store->config);
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
    bool any = false;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++)
        any |= roll_reserve(kind, config, store->registries[kind]);
    if (any)
        changed(store);
    if (store->keeper != NULL)
        keeper_flush(store->keeper);
}

void store_reload(struct store *store, struct config *config)
{
    struct roll *rolls[KIND_COUNT], *former[KIND_COUNT];
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        former[kind] = store->rolls[kind];
        rolls[kind] = roll_new(kind, config, store->registries[kind], former[kind]);
    }

    pthread_mutex_lock(&store->lock);
    struct config *former_config = store->config;
    struct snapshot *outdated = store->latest;
    store->config = config_hold(config);
    memcpy(store->rolls, rolls, sizeof rolls);
    store->latest = NULL;
    pthread_mutex_unlock(&store->lock);

    for (enum kind kind = 0; kind < KIND_COUNT; kind++)
        roll_free(former[kind]);
    config_free(former_config);
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

void store_watch(struct store *store, const struct store_watcher *watcher)
{
    store->watcher = *watcher;
}

void store_tell_lapsed(struct store *store, void (*tell)(void *arg, const struct subject *subject), void *arg)
{
    for (size_t i = 0; i < store->lapsed_count; i++) {
        const struct record *record = store->lapsed[i];
        const struct subject subject = record->kind == KIND_DOMAIN ? subject_of_domain(&record->status.domain)
                                                                   : subject_of_node(&record->status.imp, NULL);
        tell(arg, &subject);
    }
    free_lapsed(store);
}

static void tell_watcher(const struct store_watcher *watcher, const struct record *before, const struct record *after)
{
    if (after->kind == KIND_DOMAIN && watcher->domain != NULL)
        watcher->domain(watcher->arg, &before->status.domain, &after->status.domain);
    if (after->kind == KIND_IMP && watcher->imp != NULL)
        watcher->imp(watcher->arg, &before->status.imp, &after->status.imp);
}

/* Puts the record into force that follows the entry's. Returns what store_put() does. */
static bool replace(struct store *store, struct entry *entry, struct record *after, const struct round_outcome *outcome)
{
    pthread_mutex_lock(&store->lock);
    struct record *former = entry->record;
    struct snapshot *outdated = store->latest;
    entry->record = after;
    store->latest = NULL;
    pthread_mutex_unlock(&store->lock);
    tell_watcher(&store->watcher, former, after);
    record_release(former);
    snapshot_free(outdated);
    if (outcome->is_news)
        changed(store);
    return outcome->unconfirmed;
}

bool store_put(struct store *store, size_t domain, struct domain_result *result)
{
    struct entry *entry = &store->rolls[KIND_DOMAIN]->entries[domain];
    const struct expiry_limits limits = {store->config->tls_expiry_warning_s, store->config->tls_expiry_critical_s};
    struct round_outcome outcome;
    struct record *after = record_after_domain(entry->record, result, store->config->confirm, &entry->intervals,
                                               &limits, &entry->registered->last_part, &outcome);
    return replace(store, entry, after, &outcome);
}

/* All nodes but this one; to be freed by the caller. */
static struct imp_peer *peers_new(const struct store *store, size_t node)
{
    const struct roll *roll = store->rolls[KIND_IMP];
    struct imp_peer *peers = mem_array(roll->count, sizeof *peers);
    for (size_t i = 0, count = 0; i < roll->count; i++) {
        const struct config_imp_node *config = &store->config->imp_nodes[i];
        if (i != node)
            peers[count++] = (struct imp_peer){config->name, config->axl.host, config->expect.cluster,
                                               roll->entries[i].record->status.imp.latest};
    }
    return peers;
}

bool store_put_imp(struct store *store, size_t node, struct imp_result *result)
{
    const struct config_imp_node *config = &store->config->imp_nodes[node];
    const struct roll *roll = store->rolls[KIND_IMP];
    struct entry *entry = &roll->entries[node];
    struct imp_peer *peers = peers_new(store, node);
    const struct imp_scene scene = {
        .name = config->name, .host = config->axl.host, .expect = &config->expect, .severity = &config->severity,
        .before = entry->record->status.imp.verdict.memory, .peers = peers, .peer_count = roll->count - 1,
    };
    struct round_outcome outcome;
    struct record *after = record_after_imp(entry->record, result, &scene, store->config->confirm, &entry->intervals,
                                            &outcome);
    free(peers);
    atomic_store(&entry->registered->last_part, after->status.imp.verdict.memory->last_index);
    return replace(store, entry, after, &outcome);
}

static struct record **hold_all(const struct roll *roll)
{
    struct record **records = mem_array(roll->count, sizeof *records);
    for (size_t i = 0; i < roll->count; i++)
        records[i] = record_hold(roll->order[i]->record);
    return records;
}

static void release_all(struct record **records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        record_release(records[i]);
    free(records);
}

static void show_domains(struct status *status, struct record *const *records, size_t count)
{
    status->domain_count = count;
    status->domains = mem_array(count, sizeof *status->domains);
    for (size_t i = 0; i < count; i++)
        status->domains[i] = &records[i]->status.domain;
}

static void show_imp(struct status *status, struct record *const *records, size_t count)
{
    status->imp_count = count;
    status->imp = mem_array(count, sizeof *status->imp);
    for (size_t i = 0; i < count; i++)
        status->imp[i] = &records[i]->status.imp;
}

/* After everything else is shown. */
static void find_causes(struct status *status, const struct config *config, const struct roll *roll)
{
    status->imp_causes = mem_array(roll->count, sizeof *status->imp_causes);
    for (size_t i = 0; i < roll->count; i++) {
        const struct config_imp_node *node = &config->imp_nodes[roll->order[i] - roll->entries];
        status->imp_causes[i] = imp_cause(status->imp[i], &node->expect, status);
    }
}

static struct snapshot *snapshot_new(struct store *store)
{
    struct snapshot *snapshot = mem_alloc(sizeof *snapshot);
    struct status *status = &snapshot->status;
    atomic_init(&snapshot->references, 1);
    status->generation = ++store->generation;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++)
        snapshot->records[kind] = hold_all(store->rolls[kind]);
    show_domains(status, snapshot->records[KIND_DOMAIN], store->rolls[KIND_DOMAIN]->count);
    show_imp(status, snapshot->records[KIND_IMP], store->rolls[KIND_IMP]->count);
    find_causes(status, store->config, store->rolls[KIND_IMP]);
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
    struct status *status = &snapshot->status;
    for (size_t i = 0; i < status->imp_count; i++)
        free(status->imp_causes[i]);
    release_all(snapshot->records[KIND_DOMAIN], status->domain_count);
    release_all(snapshot->records[KIND_IMP], status->imp_count);
    free(status->domains);
    free(status->imp);
    free(status->imp_causes);
    free(snapshot);
}
