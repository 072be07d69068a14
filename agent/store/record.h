/* All that is known of one domain or node at one moment: what exporters see, and behind it what tells a transition from
 * a passing failure. A record never changes once others can see it; a finished round makes the next one. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "health/status.h"
#include "store/registry.h"
#include "store/roster.h"
#include "store/tracker.h"

/* What is checked. Each kind has names and indexes of its own. */
enum kind { KIND_DOMAIN, KIND_IMP, KIND_COUNT };

struct record {
    atomic_uint references;
    enum kind kind;
    union {
        struct domain_status domain;
        struct imp_status imp;
    } status;
    struct tracker whole;
    struct tracker check[CHECK_COUNT]; /* a node has fewer */
    struct roster *roster; /* owned reference; NULL: a node, or no endpoint was seen yet */
    struct record *lender; /* owned reference to the record that owns what this one's status shows: the latest result
                            * and a node's verdict; NULL: it owns them itself */
};

/* What the status of either kind has, wherever it stands in it. */
struct record_parts {
    uint32_t *index;
    char **name;
    enum state *state;
    int64_t *since_ms;
    bool *unconfirmed;
    enum state *confirmed;
    struct check_status *check;
    int check_count;
    struct history *history;
};
struct record_parts record_parts(struct record *record);
const char *record_check_name(enum kind kind, int check);
/* What the transition is of: a check's name, or the word for the whole. */
const char *record_transition_subject(enum kind kind, const struct transition *transition);

/* As configured. */
struct intervals {
    int64_t round_ms;
    int64_t dialback_ms; /* of a domain: least time between two rounds that verify keys; 0: none does */
    bool pings;          /* of a domain: an account pings it */
};

/* What a round means beside the new record. */
struct round_outcome {
    bool unconfirmed; /* the round should be repeated soon */
    bool is_news;     /* a state was confirmed, an endpoint came, or a node's table was seen: to be saved */
};

/* Every check not_run, of a domain dialback and ping not_configured; nothing is remembered of a node but which index it
 * gave last. */
struct record *record_new(enum kind kind, const struct registered *registered);
struct record *record_hold(struct record *record);
void record_release(struct record *record); /* NULL is legal */

/* Only while nobody else sees the record. */
void record_show_confirmed(struct record *record); /* in the status, what its trackers have */
void record_set_interval(struct record *record, const struct intervals *intervals);
/* The same at other intervals. */
struct record *record_at_interval(struct record *before, const struct intervals *intervals);

/* The record after a round, whose result it owns. The intervals are the configured ones. */

/* *last_endpoint is as in roster_apply(). */
struct record *record_after_domain(const struct record *before, struct domain_result *result, unsigned confirm,
                                   const struct intervals *intervals, const struct expiry_limits *limits,
                                   atomic_uint *last_endpoint, struct round_outcome *outcome);
/* Judges the result first; the scene's `before` is that of this record. */
struct record *record_after_imp(const struct record *before, struct imp_result *result, const struct imp_scene *scene,
                                unsigned confirm, const struct intervals *intervals,
                                struct round_outcome *outcome);

#endif
