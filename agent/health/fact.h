/* The table of facts: everything fedhealth observes is declared once, in fact.c. The Prometheus families, the
 * SNMP columns, the JSON and the reference in docs/ are all read out of it, so that they cannot drift apart.
 *
 * A fact belongs to a scope (the agent, a domain or node, a check of one, …). A scope has rows: walk them with
 * fact_row_first() and fact_row_next(), read a fact of the row with fact_read(). */
#ifndef HEALTH_FACT_H
#define HEALTH_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/subject.h"

enum fact_scope {
    SCOPE_AGENT,    /* one row */
    SCOPE_DOMAIN,   /* labels: domain */
    SCOPE_CHECK,    /* domain, check */
    SCOPE_TRANSITION, /* not in Prometheus; rows are a domain's latest transitions, oldest first */
    SCOPE_LOOKUP,   /* domain, service, resolver */
    SCOPE_SERVICE,  /* domain, service */
    SCOPE_SRV,      /* domain, service, target, port, priority, weight */
    SCOPE_ENDPOINT, /* domain, endpoint, address, transport */
    SCOPE_PHASE,    /* the same + phase */
    SCOPE_MECHANISM,/* the same + mechanism: dialback, external */
    SCOPE_POSITION, /* the same + position: leaf, intermediate, root */
    SCOPE_TEST,     /* the same + test: name, time, trust, usage, strength */
    SCOPE_STAGE,    /* the same + check; not in Prometheus; rows are the checks that the endpoint reached */

    SCOPE_IMP,      /* of a Cisco IM and Presence node, like all that follow; labels: node */
    SCOPE_IMP_CHECK, /* node, check */
    SCOPE_IMP_TRANSITION, /* as SCOPE_TRANSITION */
    SCOPE_ACCOUNT,  /* node, account: those of verify_accounts */
    SCOPE_S2S_KIND, /* node, kind: present, missing, unexpected; once the table was read */
    SCOPE_S2S_NODE, /* node, cp_id: what is in the table, or should be; once it was read */
    SCOPE_S2S_ROW,  /* node, cp_id: what is in the table */
    SCOPE_SOURCE,   /* node, source: page, query, derived; those that are configured */
    SCOPE_SEVERITY, /* node, severity: of notifications, once they were read */
    SCOPE_NOTIFICATION, /* node; not in Prometheus; rows are the notifications attributed to the node */
    SCOPE_COUNT
};

enum fact_type {
    FACT_GAUGE,
    FACT_COUNTER,
    FACT_TIMESTAMP, /* seconds since 1970; a gauge to Prometheus, DateAndTime to SNMP, RFC 3339 in JSON */
    FACT_DURATION,  /* seconds; a gauge to Prometheus, milliseconds to SNMP */
    FACT_STATE,     /* an enum state; a StateSet to Prometheus, INTEGER to SNMP, a word in JSON */
    FACT_CHOICE,    /* one of a few words; not in Prometheus, INTEGER to SNMP, the word in JSON */
    FACT_TEXT,      /* no family of its own; a label of an info family, OCTET STRING in SNMP */
    FACT_INFO       /* Prometheus only: a family with the value 1 whose labels are text facts of its scope */
};

#define FACT_MAX_LABELS 8
#define FACT_TEXT_SIZE 1088 /* of the caller's scratch space: the longest text fact and its NUL */

struct fact_value {
    bool present;      /* false: not observed, so no series, no SNMP instance, no JSON key */
    double number;     /* gauge, duration (seconds), timestamp (seconds), state (1 … 4), choice (1 …) */
    uint64_t count;    /* counter */
    const char *text;  /* text, choice: borrowed from the row or from `scratch`; UTF-8, no NUL inside */
    char scratch[256];
};

struct fact_row {
    const struct status *status;
    enum fact_scope scope;
    size_t target_at;       /* position of the domain or node that it belongs to, in status->domains or status->imp */
    struct subject subject; /* that one; nothing in SCOPE_AGENT */
    size_t item;            /* check, lookup, service, record, endpoint, account, row … number */
    size_t sub;             /* phase, mechanism, position or test number */
};

struct fact {
    enum fact_scope scope;
    enum fact_type type;
    const char *metric;    /* whole sample name, "fedhealth_check_runs_total"; NULL: not in Prometheus */
    const char *unit;      /* OpenMetrics unit, the suffix of the family's name; NULL: none */
    const char *key;       /* JSON key, and the label name where a text fact is part of an info family; NULL: not in
                            * JSON, as what changes from moment to moment without being state */
    unsigned column;       /* SNMP column (scalar number in SCOPE_AGENT); 0: not in SNMP */
    const char *object;    /* SNMP object name, "fhCheckRuns" */
    const char *help;      /* one sentence with a full stop; says what 0 and 1 mean where it matters */
    void (*read)(const struct fact_row *row, struct fact_value *value); /* NULL for FACT_INFO */
    const char *parts[FACT_MAX_LABELS]; /* FACT_INFO: keys of the text facts that become labels */
};

extern const struct fact FACTS[];
extern const size_t FACT_COUNT;

/* value->present tells whether there is one. */
void fact_read(const struct fact *fact, const struct fact_row *row, struct fact_value *value);
const struct fact *fact_by_key(enum fact_scope scope, const char *key); /* NULL: none */

/* False when the scope has no (further) row. Rows come in a fixed order, all of one domain or node together. */
bool fact_row_first(struct fact_row *row, enum fact_scope scope, const struct status *status);
bool fact_row_next(struct fact_row *row);
/* Moves to the first row at or behind this place: `item` of the target at `target_at`, either of which may be behind
 * the last. Not for SCOPE_AGENT. */
bool fact_row_seek(struct fact_row *row, enum fact_scope scope, const struct status *status, size_t target_at,
                   size_t item);
/* Item 0 of the target at `target_at`, which must be there; the row need not. Not for SCOPE_AGENT. */
struct fact_row fact_row_of(enum fact_scope scope, const struct status *status, size_t target_at);
/* How many items the row's target has in the row's scope: the bound of fact_row.item. Not for SCOPE_AGENT. */
size_t fact_item_count(const struct fact_row *row);

/* Whose rows they are. Not for SCOPE_AGENT. */
enum subject_kind scope_kind(enum fact_scope scope);
/* Whether its rows are endpoints, or belong to one. */
bool scope_is_of_endpoint(enum fact_scope scope);

/* Labels that tell the rows of a scope apart. */
size_t scope_label_count(enum fact_scope scope);
const char *scope_label_name(enum fact_scope scope, size_t label);
/* The label's value for this row; points into the row's data or into scratch. */
const char *scope_label_value(const struct fact_row *row, size_t label, char scratch[FACT_TEXT_SIZE]);

#endif
