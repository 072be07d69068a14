/* The whole state at one moment, as exporters see it. Immutable once published: the store replaces a domain's
 * status as a whole. Times are wall clock in milliseconds since 1970, or TIME_ABSENT. */
#ifndef HEALTH_STATUS_H
#define HEALTH_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "health/expiry.h"
#include "health/history.h"
#include "health/imp_judge.h"
#include "health/result.h"

struct check_status {
    struct check_result result;    /* the latest; its detail is owned by domain_status.latest */
    int64_t interval_ms;           /* or DURATION_ABSENT: not checked at intervals */
    uint64_t runs_total;
    uint64_t failures_total;       /* rounds that ended critical */
    int64_t last_run_ms;
    int64_t last_success_ms;       /* last round that ended ok or warning */
    int64_t last_change_ms;        /* last confirmed transition */
    enum state confirmed;          /* by repeated results; STATE_NONE: none yet */
};

struct domain_status {
    uint32_t index;                /* stable; 1 … */
    char *name;                    /* owned; lower-case A-label */
    enum state state;
    enum check worst;              /* the check that decides `state` */
    int64_t since_ms;              /* last confirmed transition of the domain's state */
    bool unconfirmed;              /* `state` is another one than that transition led to, and too new for one itself */
    enum state confirmed;          /* as in struct check_status; may be of a former run of the agent */
    struct check_status check[CHECK_COUNT];
    struct history history;
    struct expiry expiry;          /* of its certificates, as last seen when the check's state was a confirmed one */
    struct domain_result *latest;  /* owned; NULL before the first round */
};

/* A Cisco IM and Presence node. */
struct imp_status {
    uint32_t index;                /* stable; 1 … */
    char *name;                    /* owned; as configured */
    enum state state;
    enum imp_check worst;          /* the check that decides `state` */
    int64_t since_ms;              /* as in struct domain_status, like `unconfirmed` */
    bool unconfirmed;
    enum state confirmed;
    struct check_status check[IMP_CHECK_COUNT]; /* details: of `latest` */
    struct history history;        /* `check` of a transition is an enum imp_check, IMP_CHECK_COUNT: the node */
    struct imp_result *latest;     /* owned; NULL before the first round */
    struct imp_verdict verdict;    /* owned; its memory is never NULL */
};

/* Of SNMP notifications, since the agent's start. */
struct notification_counts {
    bool known;             /* false: SNMP is off */
    uint64_t sent;
    uint64_t suppressed;    /* held back or overtaken */
    uint32_t last_sequence; /* the number last given, to either; 0: none yet */
};

/* Facts about the agent itself, gathered when the snapshot is taken. */
struct agent_status {
    const char *version, *revision;
    int64_t config_loaded_ms;
    enum tri config_ok;            /* NO: a reload failed, and the configuration before it is still in force */
    enum tri state_saved;          /* whether state_dir holds the present state; UNKNOWN where none is kept */
    unsigned checks_running;
    int64_t loop_lag_us;           /* worst in the last minute */
    enum tri agentx_connected;     /* UNKNOWN where AgentX is not used */
    struct notification_counts notifications;
};

struct status {
    struct agent_status agent;
    /* Of `domains` and `imp`: grows with each change. It begins with the time of the agent's start, in microseconds
     * since 1970, so that it is no former state's after a restart either. 0: not known. */
    uint64_t generation;
    size_t domain_count;
    struct domain_status **domains; /* in ascending order of index */
    size_t imp_count;
    struct imp_status **imp;        /* likewise */
    char **imp_causes;              /* of each of `imp`, what imp_cause() says; NULL: nothing */
};

#endif
