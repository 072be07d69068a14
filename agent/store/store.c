#define LOG_SUBSYSTEM "store"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "health/combine.h"

/* A state as confirmed by repeated results, and what may follow it. */
struct tracker {
    bool known;               /* some state was confirmed since the start */
    enum state confirmed;
    enum state candidate;
    unsigned seen;            /* equal results of the candidate in a row */
};

/* A published domain_status: immutable, freed with its last reference. */
struct published {
    atomic_uint references;
    struct domain_status status;
};

struct entry {
    struct published *published;
    struct tracker check[CHECK_COUNT];
    struct tracker domain;
};

struct snapshot {
    atomic_uint references;
    struct published **published;
    struct status status;
};

struct store {
    unsigned confirm;
    pthread_mutex_t lock; /* of everything below */
    struct entry *entries;
    size_t count;
    struct snapshot *latest; /* NULL once a result came after it */
};

static void published_release(struct published *published)
{
    if (atomic_fetch_sub(&published->references, 1) != 1)
        return;
    domain_result_free(published->status.latest);
    free(published->status.name);
    free(published);
}

static struct published *published_first(const struct config_domain *domain, uint32_t index)
{
    struct published *published = mem_alloc(sizeof *published);
    atomic_init(&published->references, 1);
    struct domain_status *status = &published->status;
    status->index = index;
    status->name = mem_strdup(domain->name);
    status->state = STATE_UNKNOWN;
    status->since_ms = TIME_ABSENT;
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct check_status *check = &status->check[i];
        check_result_set(&check->result, check_is_built((enum check)i) ? REASON_NOT_RUN : REASON_NOT_CONFIGURED, NULL);
        check->result.duration_us = DURATION_ABSENT;
        check->interval_ms = domain->interval_ms;
        check->last_run_ms = check->last_success_ms = check->last_change_ms = TIME_ABSENT;
    }
    return published;
}

struct store *store_new(const struct config *config)
{
    struct store *store = mem_alloc(sizeof *store);
    store->confirm = config->confirm;
    store->count = config->domain_count;
    store->entries = mem_array(store->count, sizeof *store->entries);
    pthread_mutex_init(&store->lock, NULL);
    for (size_t i = 0; i < store->count; i++)
        store->entries[i].published = published_first(&config->domains[i], (uint32_t)i + 1);
    return store;
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    snapshot_free(store->latest);
    for (size_t i = 0; i < store->count; i++)
        published_release(store->entries[i].published);
    free(store->entries);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* Notes one result. Returns whether it still has to be confirmed; on a transition *changed_ms becomes now_ms. The
 * first ok after the start is no transition. */
static bool track(struct tracker *tracker, enum state state, unsigned confirm, int64_t now_ms, int64_t *changed_ms)
{
    tracker->seen = tracker->seen > 0 && tracker->candidate == state ? tracker->seen + 1 : 1;
    tracker->candidate = state;
    if (tracker->known && tracker->confirmed == state)
        return false;
    bool first_ok = !tracker->known && state == STATE_OK;
    if (tracker->seen < confirm && !first_ok)
        return true;
    if (!first_ok)
        *changed_ms = now_ms;
    tracker->known = true;
    tracker->confirmed = state;
    return false;
}

/* Counters and times of one check after a finished round, reached or not. */
static void advance(struct check_status *check, int64_t now_ms)
{
    enum state state = check->result.state;
    check->runs_total++;
    check->failures_total += state == STATE_CRITICAL;
    check->last_run_ms = now_ms;
    if (state == STATE_OK || state == STATE_WARNING)
        check->last_success_ms = now_ms;
}

/* A line for each round, and one that stands out for each confirmed change. */
static void log_round(const struct domain_status *domain, bool changed)
{
    const struct check_result *worst = &domain->check[domain->worst].result;
    enum log_level level = !changed ? LOG_LEVEL_DEBUG : domain->state == STATE_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
    log_write(level, LOG_SUBSYSTEM, "%s %s %s: %s at %s%s%s", domain->name, changed ? "is now" : "is",
              state_name(domain->state), reason_info(worst->reason)->code, check_name(domain->worst),
              worst->detail != NULL ? ": " : "", worst->detail != NULL ? worst->detail : "");
}

bool store_put(struct store *store, size_t domain, struct domain_result *result)
{
    struct entry *entry = &store->entries[domain];
    const struct domain_status *before = &entry->published->status;
    struct published *after = mem_alloc(sizeof *after);
    atomic_init(&after->references, 1);
    struct domain_status *status = &after->status;
    *status = *before;
    status->name = mem_strdup(before->name);
    status->latest = result;

    bool unconfirmed = false;
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct check_status *check = &status->check[i];
        check->result = result->check[i];
        if (check->result.reason == REASON_NOT_CONFIGURED)
            continue;
        advance(check, result->finished_ms);
        if (track(&entry->check[i], check->result.state, store->confirm, result->finished_ms, &check->last_change_ms))
            unconfirmed = true;
    }
    status->state = combine_domain(result, &status->worst);
    if (track(&entry->domain, status->state, store->confirm, result->finished_ms, &status->since_ms))
        unconfirmed = true;
    log_round(status, status->since_ms != before->since_ms);

    pthread_mutex_lock(&store->lock);
    struct published *former = entry->published;
    struct snapshot *outdated = store->latest;
    entry->published = after;
    store->latest = NULL;
    pthread_mutex_unlock(&store->lock);
    published_release(former);
    snapshot_free(outdated);
    return unconfirmed;
}

static struct snapshot *snapshot_new(const struct store *store)
{
    struct snapshot *snapshot = mem_alloc(sizeof *snapshot);
    atomic_init(&snapshot->references, 1);
    snapshot->published = mem_array(store->count, sizeof *snapshot->published);
    snapshot->status.domains = mem_array(store->count, sizeof *snapshot->status.domains);
    snapshot->status.domain_count = store->count;
    for (size_t i = 0; i < store->count; i++) {
        snapshot->published[i] = store->entries[i].published;
        atomic_fetch_add(&snapshot->published[i]->references, 1);
        snapshot->status.domains[i] = &snapshot->published[i]->status;
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
        published_release(snapshot->published[i]);
    free(snapshot->published);
    free(snapshot->status.domains);
    free(snapshot);
}
