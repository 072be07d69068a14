/* Cisco IM and Presence nodes: what one round of checks of one node found, as plain values. A probe builds a struct
 * imp_result; imp_judge.h makes verdicts of it, the store keeps it. Everything not observed stays NULL, TRI_UNKNOWN,
 * TIME_ABSENT or DURATION_ABSENT; never zero. */
#ifndef HEALTH_IMP_H
#define HEALTH_IMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/result.h"

/* The four checks of a node. fhImpCheckKind in the MIB is this number + 1. */
enum imp_check {
    IMP_AXL,         /* the Administrative XML API answers, and our login and those of verify_accounts are good */
    IMP_S2SNODE,     /* the rows of the table xmpps2snode */
    IMP_XCP_RESTART, /* whether the XCP Router waits for a restart */
    IMP_XCP_ROUTER,  /* whether the XCP Router runs */
    IMP_CHECK_COUNT
};
const char *imp_check_name(enum imp_check check); /* "axl", "s2snode", "xcp_restart", "xcp_router" */

/* What the configuration expects of a node: part of it, borrowed by who judges. */
struct imp_expect {
    bool federation;   /* XMPP federation is meant to be on: the table must have rows; false: it should have none */
    char **s2s_nodes;  /* owned by the configuration; the cp_ids that should be there; none: any will do */
    size_t s2s_node_count;
    char *cluster;     /* nodes with the same one are compared; NULL: compared with none */
    char **domains;    /* own domains (lower-case A-labels), for combining facts */
    size_t domain_count;
};

/* So many rows of the table are kept, in the order in which they came; more are counted. */
#define S2S_ROWS_MAX 256

/* One row of the table xmpps2snode. Texts are valid UTF-8 without control characters, at most PEER_TEXT_MAX bytes. */
struct s2s_row {
    char *cp_id; /* owned; "cm-2_s2scp-1.eft-xwye-a-coluc-com" */
    char *pkid;  /* owned; NULL where the reply has no such column */
};

/* Where it is seen whether the XCP Router waits for a restart. */
enum xcp_source {
    XCP_SOURCE_PAGE,    /* the Notifications page of IM and Presence Administration */
    XCP_SOURCE_QUERY,   /* an operator's own SQL */
    XCP_SOURCE_DERIVED, /* the rows of xmpps2snode changed, and the router is older than that */
    XCP_SOURCE_COUNT
};
const char *xcp_source_name(enum xcp_source source); /* "page", "query", "derived" */

/* Severities of notifications, as labels; what the page says beside these is OTHER. */
enum xcp_severity {
    XCP_EMERGENCY, XCP_ALERT, XCP_CRITICAL, XCP_ERROR, XCP_WARNING, XCP_NOTICE, XCP_INFORMATION, XCP_DEBUG, XCP_OTHER,
    XCP_SEVERITY_COUNT
};
const char *xcp_severity_name(enum xcp_severity severity);           /* "emergency", …, "information", "other" */
enum xcp_severity xcp_severity_from_text(const char *text);          /* in upper or lower case; NULL: OTHER */

#define XCP_NOTIFICATIONS_MAX 256 /* kept of one source */
#define XCP_TEXT_MAX 1024         /* bytes of a description */

/* A row of the notifications, from either of the first two sources. Texts are as in struct s2s_row, but for the
 * description's length. */
struct xcp_notification {
    enum xcp_source source;
    char *severity;    /* owned; as the source words it; NULL: no such column, like all below */
    char *description; /* owned; never NULL */
    char *origin;      /* owned; "Cisco XCP Config Manager" */
    char *created;     /* owned; a free string */
    int64_t count;     /* -1: none, or no number */
};
/* Copies the texts, cleaned and cut; each may be NULL. */
void xcp_notification_init(struct xcp_notification *notification, enum xcp_source source, const char *severity,
                           const char *description, const char *origin, const char *created, const char *count);
void xcp_notification_fini(struct xcp_notification *notification);
/* Whether it says that the XCP Router must be restarted. */
bool xcp_notification_is_restart(const struct xcp_notification *notification);
/* The node that it names, "ecup10s.coluc.com" of "Cisco XCP Router : (ecup10s.coluc.com) requires a restart …"; to be
 * freed by the caller; NULL: none. */
char *xcp_notification_node(const struct xcp_notification *notification);

/* How reading one of the first two sources went. */
struct xcp_reading {
    bool configured;
    bool read;       /* the notifications of this source are known, be there none */
    char *fault;     /* owned; why they are not; NULL otherwise */
};

/* An account of verify_accounts. */
struct imp_account {
    char *name;         /* owned; as configured: the label */
    enum tri valid;     /* NO: its login was rejected, and is held since; UNKNOWN: not tried yet, or no verdict */
    int64_t checked_ms; /* when that was found; TIME_ABSENT: never */
    char *detail;       /* owned; why it is not known, or not valid; NULL: nothing to say */
};

struct imp_result {
    int64_t finished_ms;    /* wall clock, milliseconds since 1970 */
    int64_t start_delay_us; /* how late the round started, or DURATION_ABSENT */
    /* Set by the probe: IMP_AXL whole; IMP_S2SNODE where the table could not be read (not_reached, s2snode_no_table),
     * else not_run; IMP_XCP_ROUTER whole; IMP_XCP_RESTART not_run. imp_judge() replaces what is not_run. */
    struct check_result check[IMP_CHECK_COUNT];
    long http_status;              /* of the latest answer of AXL; 0: none came */
    char *version;                 /* owned; "12.5.1.11900-117"; NULL: not known */
    char *axl_version;             /* owned; the schema version in force, "12.5"; NULL: nothing was answered */
    char *rejected_login;          /* owned; what a server rejected a login for in this round, in words; NULL: none */
    int64_t login_hold_until_ms;   /* until when no login is made with AXL's credential; TIME_ABSENT: none is held */
    struct imp_account *accounts;  /* owned; in the order of the configuration */
    size_t account_count;

    bool rows_read;                /* the table was read; rows may be none */
    int64_t rows_read_ms;          /* when its answer had come; TIME_ABSENT: not told, finished_ms is taken for it */
    struct s2s_row *rows;          /* owned */
    size_t row_count;              /* kept */
    size_t rows_total;             /* also beyond those kept */

    struct xcp_reading reading[XCP_SOURCE_DERIVED]; /* page, query */
    struct xcp_notification *notifications; /* owned; as read, whichever node they are about */
    size_t notification_count;

    enum tri router_started;       /* Control Center: NO for Stopped, Starting, Stopping */
    char *router_status;           /* owned; its word; NULL: not known */
    int64_t router_start_ms;       /* now - UpTime; TIME_ABSENT: not started, or not known */
};

struct imp_result *imp_result_new(void); /* every check not_run, nothing observed */
void imp_result_free(struct imp_result *result); /* NULL is legal */
/* Notes that a server rejected a login; the first of a round is kept. */
void imp_result_note_rejection(struct imp_result *result, const char *login);
/* Appends a row; texts are cleaned and cut. Beyond S2S_ROWS_MAX it is only counted. pkid may be NULL. */
void imp_result_add_row(struct imp_result *result, const char *cp_id, const char *pkid);
/* Appends a notification and takes its texts over. Beyond XCP_NOTIFICATIONS_MAX of one source it is freed. */
void imp_result_add_notification(struct imp_result *result, struct xcp_notification *notification);

#endif
