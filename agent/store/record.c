#define LOG_SUBSYSTEM "store"
#include "store/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "health/combine.h"

enum tracked {
    TRACKED_SAME,   /* the confirmed state again */
    TRACKED_OPEN,   /* another one, not confirmed yet */
    TRACKED_FIRST,  /* the first that is known, and no transition */
    TRACKED_CHANGE, /* a transition */
};

struct record *record_new(const char *name, uint32_t index)
{
    struct record *record = mem_alloc(sizeof *record);
    atomic_init(&record->references, 1);
    struct domain_status *status = &record->status;
    status->index = index;
    status->name = mem_strdup(name);
    status->state = STATE_UNKNOWN;
    status->since_ms = record->domain.since_ms = TIME_ABSENT;
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct check_status *check = &status->check[i];
        check_result_set(&check->result, check_is_built((enum check)i) ? REASON_NOT_RUN : REASON_NOT_CONFIGURED, NULL);
        check->result.duration_us = DURATION_ABSENT;
        check->last_run_ms = check->last_success_ms = check->last_change_ms = TIME_ABSENT;
        record->check[i].since_ms = TIME_ABSENT;
    }
    return record;
}

struct record *record_hold(struct record *record)
{
    atomic_fetch_add(&record->references, 1);
    return record;
}

void record_release(struct record *record)
{
    if (record == NULL || atomic_fetch_sub(&record->references, 1) != 1)
        return;
    if (record->lender != NULL)
        record_release(record->lender);
    else
        domain_result_free(record->status.latest);
    roster_release(record->roster);
    free(record->status.name);
    free(record);
}

/* Everything but the latest result. */
static struct record *copy(const struct record *before)
{
    struct record *record = mem_alloc(sizeof *record);
    atomic_init(&record->references, 1);
    record->status = before->status;
    record->status.name = mem_strdup(before->status.name);
    record->status.latest = NULL;
    record->domain = before->domain;
    memcpy(record->check, before->check, sizeof record->check);
    record->roster = roster_hold(before->roster);
    return record;
}

void record_set_interval(struct record *record, int64_t interval_ms)
{
    for (int i = 0; i < CHECK_COUNT; i++)
        record->status.check[i].interval_ms = interval_ms;
}

struct record *record_at_interval(struct record *before, int64_t interval_ms)
{
    struct record *record = copy(before);
    record->status.latest = before->status.latest;
    record->lender = record_hold(before->lender != NULL ? before->lender : before);
    record_set_interval(record, interval_ms);
    return record;
}

/* Notes one result. The first ok is no transition, and neither is it to learn that what was not known is unknown. */
static enum tracked track(struct tracker *tracker, enum state state, unsigned confirm, int64_t now_ms)
{
    tracker->seen = tracker->candidate == state ? tracker->seen + 1 : 1;
    tracker->candidate = (uint8_t)state;
    if (tracker->confirmed == state)
        return TRACKED_SAME;
    bool first = tracker->confirmed == STATE_NONE;
    if (tracker->seen < confirm && !(first && state == STATE_OK))
        return TRACKED_OPEN;
    tracker->confirmed = (uint8_t)state;
    if (first && (state == STATE_OK || state == STATE_UNKNOWN))
        return TRACKED_FIRST;
    tracker->since_ms = now_ms;
    return TRACKED_CHANGE;
}

/* Tracks the state of a check, or of the domain as a whole (CHECK_COUNT). A transition goes into the history. */
static enum tracked follow(struct record *record, struct tracker *tracker, enum check check, enum state state,
                           enum reason reason, unsigned confirm, struct round_outcome *outcome)
{
    int64_t now_ms = record->status.latest->finished_ms;
    enum state from = tracker->confirmed != STATE_NONE ? (enum state)tracker->confirmed : STATE_UNKNOWN;
    enum tracked tracked = track(tracker, state, confirm, now_ms);
    outcome->unconfirmed |= tracked == TRACKED_OPEN;
    outcome->is_news |= tracked == TRACKED_FIRST || tracked == TRACKED_CHANGE;
    if (tracked == TRACKED_CHANGE) {
        const struct transition transition = {
            .at_ms = now_ms,
            .reason = (uint16_t)reason,
            .check = (uint8_t)check,
            .from = (uint8_t)from,
            .to = (uint8_t)state,
        };
        history_add(&record->status.history, &transition);
    }
    return tracked;
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

static void take_check(struct record *record, enum check which, unsigned confirm, struct round_outcome *outcome)
{
    struct check_status *check = &record->status.check[which];
    struct tracker *tracker = &record->check[which];
    check->result = record->status.latest->check[which];
    if (check->result.reason == REASON_NOT_CONFIGURED) {
        *tracker = (struct tracker){.since_ms = TIME_ABSENT};
    } else {
        advance(check, record->status.latest->finished_ms);
        follow(record, tracker, which, check->result.state, check->result.reason, confirm, outcome);
    }
    check->last_change_ms = tracker->since_ms;
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

static void log_skipped(const struct domain_status *domain, const struct domain_result *before)
{
    if (domain->latest->endpoints_skipped > 0 && (before == NULL || before->endpoints_skipped == 0))
        log_warn("%s has more endpoints than agent.max_endpoints: %u are not checked", domain->name,
                 domain->latest->endpoints_skipped);
}

struct record *record_after(const struct record *before, struct domain_result *result, unsigned confirm,
                            int64_t interval_ms, atomic_uint *last_endpoint, struct round_outcome *outcome)
{
    struct record *record = copy(before);
    struct domain_status *status = &record->status;
    *outcome = (struct round_outcome){false, false};
    status->latest = result;
    record_set_interval(record, result->interval_ms > 0 ? result->interval_ms : interval_ms);

    struct roster *former = record->roster;
    record->roster = roster_apply(former, result, last_endpoint);
    outcome->is_news = record->roster != former;
    roster_release(former);

    for (int i = 0; i < CHECK_COUNT; i++)
        take_check(record, (enum check)i, confirm, outcome);
    status->state = combine_domain(result, &status->worst);
    enum tracked tracked = follow(record, &record->domain, CHECK_COUNT, status->state,
                                  result->check[status->worst].reason, confirm, outcome);
    status->since_ms = record->domain.since_ms;
    status->unconfirmed = tracked == TRACKED_OPEN;
    log_round(status, tracked == TRACKED_CHANGE);
    log_skipped(status, before->status.latest);
    return record;
}
