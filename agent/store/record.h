/* All that is known of one domain at one moment: what exporters see, and behind it what tells a transition from a
 * passing failure. A record never changes once others can see it; a finished round makes the next one. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "health/status.h"
#include "store/roster.h"

#define STATE_NONE 0 /* beside the values of enum state */

/* A state as confirmed by repeated results, and what may follow it. */
struct tracker {
    int64_t since_ms;  /* the transition to it, or TIME_ABSENT */
    uint8_t confirmed; /* enum state, or STATE_NONE */
    uint8_t candidate; /* the state of the latest result, or STATE_NONE before the first one of this run */
    unsigned seen;     /* equal results of the candidate in a row */
};

struct record {
    atomic_uint references;
    struct domain_status status;
    struct tracker domain;
    struct tracker check[CHECK_COUNT];
    struct roster *roster; /* owned reference; NULL: no endpoint was seen yet */
    struct record *lender; /* owned reference to the record whose status.latest this one shows; NULL: it owns its own */
};

/* What a round means beside the new record. */
struct round_outcome {
    bool unconfirmed; /* the round should be repeated soon */
    bool is_news;     /* a state was confirmed, or an endpoint came: to be saved */
};

/* Every check not_run, or not_configured where this version has none. */
struct record *record_new(const char *name, uint32_t index);
struct record *record_hold(struct record *record);
void record_release(struct record *record); /* NULL is legal */

/* Only while nobody else sees the record. */
void record_set_interval(struct record *record, int64_t interval_ms);
/* The same at another interval. */
struct record *record_at_interval(struct record *before, int64_t interval_ms);

/* The record after this round, whose result it owns. `interval_ms` is the configured one; *last_endpoint as in
 * roster_apply(). */
struct record *record_after(const struct record *before, struct domain_result *result, unsigned confirm,
                            int64_t interval_ms, atomic_uint *last_endpoint, struct round_outcome *outcome);

#endif
