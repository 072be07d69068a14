/* From what a round of a node read to the verdicts of its checks: the rows of xmpps2snode against what is expected and
 * what the other nodes of the cluster have; the three sources about the XCP Router's pending restart, side by side.
 * Pure functions over plain values. */
#ifndef HEALTH_IMP_JUDGE_H
#define HEALTH_IMP_JUDGE_H

#include "health/imp.h"
#include "health/severity.h"

enum s2s_kind { S2S_PRESENT = 1, S2S_MISSING = 2, S2S_UNEXPECTED = 3 }; /* fhS2sNodeState in the MIB */
#define S2S_KIND_COUNT 3
const char *s2s_kind_name(enum s2s_kind kind); /* "present", "missing", "unexpected" */

/* A component of Expressway-E that is in the table, or should be. */
struct s2s_node {
    uint32_t index;        /* of this cp_id at this node for as long as it is remembered, 1 … */
    enum s2s_kind kind;
    bool in_table;
    char *cp_id;           /* owned */
    char *pkid;            /* owned; NULL: not known */
    int64_t first_seen_ms; /* in the table, without a break since; TIME_ABSENT where it is not in it */
};

#define S2S_REMEMBERED_MAX 512 /* cp_ids of a node; those in the table or expected stay, others go, oldest first */

/* What is remembered of a node from round to round, and across restarts in state_dir. */
struct imp_memory {
    struct s2s_node *nodes;  /* owned; in ascending order of index. Whatever is neither in the table nor expected any
                              * more is dropped */
    size_t node_count;
    uint32_t last_index;     /* given to a cp_id so far */
    int64_t rows_seen_ms;    /* when the present rows were last seen; TIME_ABSENT: the table was never read */
    int64_t rows_changed_ms; /* when rows other than those before were first seen; TIME_ABSENT: no change was seen */
    int64_t rows_former_ms;  /* when the rows before that change were last seen; TIME_ABSENT likewise */
};

struct imp_memory *imp_memory_new(void); /* nothing seen */
void imp_memory_free(struct imp_memory *memory); /* NULL is legal */

/* Another node, whose latest result is known. */
struct imp_peer {
    const char *name;     /* as configured */
    const char *host;     /* of its AXL address; may be NULL */
    const char *cluster;  /* NULL: none */
    const struct imp_result *latest; /* NULL: none yet */
};

/* What is judged: one node's round. Everything is borrowed. */
struct imp_scene {
    const char *name, *host;
    const struct imp_expect *expect;
    const struct severity *severity; /* may be NULL */
    const struct imp_memory *before;
    const struct imp_peer *peers;    /* all other configured nodes */
    size_t peer_count;
};

/* What follows, beside the checks of the result. */
struct imp_verdict {
    struct imp_memory *memory;             /* owned by the caller */
    enum tri pending[XCP_SOURCE_COUNT];    /* UNKNOWN: the source is not there, failed, or cannot tell */
    /* Those attributed to this node: of its own sources those that name it or no configured node, and of the peers'
     * those that name it. Owned by the caller (a copy), each once. */
    struct xcp_notification *notifications;
    size_t notification_count;
};

/* Completes result->check (then applies `severity` to all four) and fills *verdict.
 *
 * s2snode, first that holds: s2snode_no_table; (federation off) s2snode_present; s2snode_empty; s2snode_missing;
 * s2snode_unexpected; s2snode_differs (another node of the cluster read other cp_ids; only where that node's latest
 * table could be read); ok. Where nothing was read: not_reached. Its detail names the cp_ids concerned.
 *
 * xcp_restart: pending where any source says so; else ok where any source says not; else xcp_source_failed where a
 * configured source failed; else xcp_restart_unknown where the router's start or the change is not known, else
 * not_configured. The detail labels every source: "page: pending; derived: unknown (…)".
 *
 * derived: the rows changed, and the router started before the former rows were last seen: pending; after the present
 * rows were first seen: not pending; between the two, with 2 s for the inexact UpTime on either side: unknown. Unknown
 * as well: no change was seen, or no start time is known, or a later change cannot be ruled out, since the table was
 * not read in this round. */
void imp_judge(struct imp_result *result, const struct imp_scene *scene, struct imp_verdict *verdict);
void imp_verdict_fini(struct imp_verdict *verdict); /* frees what it owns */

/* The node's state, and in *worst the check that decides it: as combine_domain(). xcp_restart_unknown is neutral too,
 * unless the configuration gives it another state than unknown. All checks neutral: STATE_UNKNOWN. */
enum state combine_imp(const struct imp_result *result, enum imp_check *worst);

#endif
