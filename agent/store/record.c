#define LOG_SUBSYSTEM "store"
#include "store/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "health/combine.h"

struct record_parts record_parts(struct record *record)
{
    struct domain_status *domain = &record->status.domain;
    struct imp_status *imp = &record->status.imp;
    if (record->kind == KIND_DOMAIN)
        return (struct record_parts){&domain->index,       &domain->name,  &domain->state, &domain->since_ms,
                                     &domain->unconfirmed, &domain->confirmed, domain->check, CHECK_COUNT,
                                     &domain->history};
    return (struct record_parts){&imp->index,       &imp->name, &imp->state,     &imp->since_ms,
                                 &imp->unconfirmed, &imp->confirmed, imp->check, IMP_CHECK_COUNT, &imp->history};
}

const char *record_check_name(enum kind kind, int check)
{
    return kind == KIND_DOMAIN ? check_name((enum check)check) : imp_check_name((enum imp_check)check);
}

const char *record_transition_subject(enum kind kind, const struct transition *transition)
{
    return kind == KIND_DOMAIN ? transition_subject(transition) : imp_transition_subject(transition);
}

struct record *record_new(enum kind kind, const struct registered *registered)
{
    struct record *record = mem_alloc(sizeof *record);
    atomic_init(&record->references, 1);
    record->kind = kind;
    struct record_parts parts = record_parts(record);
    *parts.index = registered->index;
    *parts.name = mem_strdup(registered->name);
    *parts.state = STATE_UNKNOWN;
    *parts.since_ms = TIME_ABSENT;
    tracker_init(&record->whole);
    if (kind == KIND_DOMAIN)
        expiry_init(&record->status.domain.expiry);
    for (int i = 0; i < parts.check_count; i++) {
        struct check_status *check = &parts.check[i];
        bool always = kind != KIND_DOMAIN || i < CHECK_DIALBACK;
        check_result_set(&check->result, always ? REASON_NOT_RUN : REASON_NOT_CONFIGURED, NULL);
        check->result.duration_us = DURATION_ABSENT;
        check->last_run_ms = check->last_success_ms = check->last_change_ms = TIME_ABSENT;
        tracker_init(&record->check[i]);
    }
    if (kind == KIND_IMP) {
        record->status.imp.verdict.memory = imp_memory_new();
        record->status.imp.verdict.memory->last_index = atomic_load(&registered->last_part);
    }
    return record;
}

void record_show_confirmed(struct record *record)
{
    struct record_parts parts = record_parts(record);
    *parts.confirmed = (enum state)record->whole.confirmed;
    for (int i = 0; i < parts.check_count; i++)
        parts.check[i].confirmed = (enum state)record->check[i].confirmed;
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
    if (record->lender != NULL) {
        record_release(record->lender);
    } else if (record->kind == KIND_DOMAIN) {
        domain_result_free(record->status.domain.latest);
    } else {
        imp_result_free(record->status.imp.latest);
        imp_verdict_fini(&record->status.imp.verdict);
    }
    roster_release(record->roster);
    free(*record_parts(record).name);
    free(record);
}

/* What it shows of a round is still the former record's. */
static struct record *copy(const struct record *before)
{
    struct record *record = mem_alloc(sizeof *record);
    atomic_init(&record->references, 1);
    record->kind = before->kind;
    record->status = before->status;
    record->whole = before->whole;
    memcpy(record->check, before->check, sizeof record->check);
    record->roster = roster_hold(before->roster);
    char **name = record_parts(record).name;
    *name = mem_strdup(*name);
    return record;
}

/* From now on it will be run. */
static void expect_check(struct check_status *check)
{
    if (check->result.reason == REASON_NOT_CONFIGURED)
        check->result = (struct check_result){REASON_NOT_RUN, STATE_UNKNOWN, DURATION_ABSENT, NULL};
}

void record_set_interval(struct record *record, const struct intervals *intervals)
{
    struct record_parts parts = record_parts(record);
    for (int i = 0; i < parts.check_count; i++)
        parts.check[i].interval_ms = intervals->round_ms;
    if (record->kind == KIND_DOMAIN && intervals->dialback_ms > 0) {
        if (intervals->dialback_ms > intervals->round_ms)
            parts.check[CHECK_DIALBACK].interval_ms = intervals->dialback_ms;
        expect_check(&parts.check[CHECK_DIALBACK]);
    }
    if (record->kind == KIND_DOMAIN && intervals->pings)
        expect_check(&parts.check[CHECK_PING]);
}

struct record *record_at_interval(struct record *before, const struct intervals *intervals)
{
    struct record *record = copy(before);
    record->lender = record_hold(before->lender != NULL ? before->lender : before);
    record_set_interval(record, intervals);
    return record;
}

/* A finished round, of either kind. */
struct round {
    const struct check_result *check;
    const bool *carried; /* of each check: its result is no new one; NULL: all are */
    int worst; /* the check that decides the state of the whole */
    int64_t finished_ms;
    unsigned confirm;
};

/* Tracks the state of a check, or of the whole (check_count). A transition goes into the history. */
static enum tracked follow(struct history *history, struct tracker *tracker, int check, enum state state,
                           enum reason reason, const struct round *round, struct round_outcome *outcome)
{
    enum state from = tracker->confirmed != STATE_NONE ? (enum state)tracker->confirmed : STATE_UNKNOWN;
    enum tracked tracked = tracker_note(tracker, state, round->confirm, round->finished_ms);
    outcome->unconfirmed |= tracked == TRACKED_OPEN;
    outcome->is_news |= tracked == TRACKED_FIRST || tracked == TRACKED_CHANGE;
    if (tracked == TRACKED_CHANGE) {
        const struct transition transition = {
            .at_ms = round->finished_ms,
            .reason = (uint16_t)reason,
            .check = (uint8_t)check,
            .from = (uint8_t)from,
            .to = (uint8_t)state,
        };
        history_add(history, &transition);
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

static void take_check(struct record *record, int which, const struct round *round, struct round_outcome *outcome)
{
    struct record_parts parts = record_parts(record);
    struct check_status *check = &parts.check[which];
    struct tracker *tracker = &record->check[which];
    check->result = round->check[which];
    if (check->result.reason == REASON_NOT_CONFIGURED) {
        tracker_init(tracker);
    } else if (round->carried == NULL || !round->carried[which]) {
        advance(check, round->finished_ms);
        follow(parts.history, tracker, which, check->result.state, check->result.reason, round, outcome);
    }
    check->last_change_ms = tracker->since_ms;
}

/* A line for each round, and one that stands out for each confirmed change. */
static void log_round(struct record *record, const struct round *round, bool changed)
{
    struct record_parts parts = record_parts(record);
    const struct check_result *worst = &round->check[round->worst];
    enum log_level level = !changed ? LOG_LEVEL_DEBUG : *parts.state == STATE_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
    log_write(level, LOG_SUBSYSTEM, "%s%s %s %s: %s at %s%s%s", record->kind == KIND_IMP ? "node " : "", *parts.name,
              changed ? "is now" : "is", state_name(*parts.state), reason_info(worst->reason)->code,
              record_check_name(record->kind, round->worst), worst->detail != NULL ? ": " : "",
              worst->detail != NULL ? worst->detail : "");
}

/* The round into the record, whose state is known already. */
static void take_round(struct record *record, const struct round *round, struct round_outcome *outcome)
{
    struct record_parts parts = record_parts(record);
    for (int i = 0; i < parts.check_count; i++)
        take_check(record, i, round, outcome);
    enum tracked tracked = follow(parts.history, &record->whole, parts.check_count, *parts.state,
                                  round->check[round->worst].reason, round, outcome);
    *parts.since_ms = record->whole.since_ms;
    *parts.unconfirmed = tracked == TRACKED_OPEN;
    record_show_confirmed(record);
    log_round(record, round, tracked == TRACKED_CHANGE);
}

static void log_skipped(const struct domain_status *domain, const struct domain_result *before)
{
    if (domain->latest->endpoints_skipped > 0 && (before == NULL || before->endpoints_skipped == 0))
        log_warn("%s has more endpoints than agent.max_endpoints: %u are not checked", domain->name,
                 domain->latest->endpoints_skipped);
}

struct record *record_after_domain(const struct record *before, struct domain_result *result, unsigned confirm,
                                   const struct intervals *intervals, const struct expiry_limits *limits,
                                   atomic_uint *last_endpoint, struct round_outcome *outcome)
{
    struct record *record = copy(before);
    struct domain_status *domain = &record->status.domain;
    domain->latest = result;
    const struct intervals present = {result->interval_ms > 0 ? result->interval_ms : intervals->round_ms,
                                      intervals->dialback_ms, intervals->pings};
    record_set_interval(record, &present);

    struct roster *former = record->roster;
    record->roster = roster_apply(former, result, last_endpoint);
    *outcome = (struct round_outcome){.is_news = record->roster != former};
    roster_release(former);

    domain->state = combine_domain(result, &domain->worst);
    const struct round round = {result->check, result->carried, (int)domain->worst, result->finished_ms, confirm};
    take_round(record, &round, outcome);
    if (domain->check[CHECK_CERTIFICATE].confirmed == domain->check[CHECK_CERTIFICATE].result.state)
        expiry_note(&domain->expiry, result, limits);
    log_skipped(domain, before->status.domain.latest);
    return record;
}

struct record *record_after_imp(const struct record *before, struct imp_result *result, const struct imp_scene *scene,
                                unsigned confirm, const struct intervals *intervals, struct round_outcome *outcome)
{
    struct record *record = copy(before);
    struct imp_status *imp = &record->status.imp;
    imp->latest = result;
    imp->verdict = (struct imp_verdict){.memory = NULL};
    record_set_interval(record, intervals);
    imp_judge(result, scene, &imp->verdict);
    *outcome = (struct round_outcome){.is_news = result->rows_read};

    imp->state = combine_imp(result, &imp->worst);
    const struct round round = {result->check, NULL, (int)imp->worst, result->finished_ms, confirm};
    take_round(record, &round, outcome);
    return record;
}
