/* What a NOC is told of unasked: plain values, made by comparing what was known of a domain or node before a round with
 * what is known after it. No I/O: who sends them, and how many, is decided elsewhere. */
#ifndef HEALTH_NOTIFICATION_H
#define HEALTH_NOTIFICATION_H

#include "health/subject.h"

/* The numbers are those of the notifications in FEDHEALTH-MIB. */
enum notification_kind {
    NOTIFICATION_DOMAIN_STATE = 1,
    NOTIFICATION_NODE_STATE = 2,
    NOTIFICATION_CERTIFICATE_EXPIRING = 3,
    NOTIFICATION_CREDENTIALS_REJECTED = 4,
    NOTIFICATION_S2S_CHANGED = 5,
    NOTIFICATION_RESTART_PENDING = 6,
};

struct notification {
    enum notification_kind kind;
    uint32_t index;             /* of the domain or node */
    const char *name;           /* borrowed */
    enum state state, previous; /* of the domain or node; of the first two kinds confirmed ones */
    enum reason reason;
    char *detail;               /* owned; for people; NULL: none */
    bool gone;                  /* it is not configured any more: nothing will follow */
    bool first;                 /* nothing was confirmed before it: nobody can have been told of `previous` */
    bool doubtful;              /* an ok from before the agent's start, of which nobody may have been told */

    /* Of an expiring certificate, the endpoint that showed it. */
    uint32_t endpoint;          /* its index */
    const char *target, *address; /* borrowed */
    int64_t not_after_s;        /* of the certificate that expires, in seconds since 1970 */
};

#define NOTIFICATIONS_MAX 4 /* of one round of one domain or node */

/* What a round of a domain gives rise to, in the order of the kinds; how many. To be freed, like all others, with
 * notification_fini().
 *  - The state: whenever the confirmed one is another than before (first seen: unknown before), but a first ok. Where
 *    one that is not ok is found again, `state` and `previous` are the same: whoever was told of it already need not
 *    be told again. An ok is found again only in the first round after a start, within a day of its coming.
 *  - A certificate that expires: when the first to expire comes into a limit, or is another one inside of it. */
size_t notifications_of_domain(const struct domain_status *before, const struct domain_status *after,
                               struct notification list[NOTIFICATIONS_MAX]);
/* What a round of a node gives rise to. `cause` is what imp_cause() says; NULL: nothing.
 *  - The state, as for a domain.
 *  - A login that was rejected in this round.
 *  - Rows of the table that came or went, other than those first seen.
 *  - A restart that is pending, once that is the check's confirmed reason. */
size_t notifications_of_node(const struct imp_status *before, const struct imp_status *after, const char *cause,
                             struct notification list[NOTIFICATIONS_MAX]);

/* The state as it stands, `previous` being the same. False: it is not known yet, or not confirmed. */
bool notification_standing(const struct subject *subject, struct notification *notification);
/* The domain or node is not configured any more. */
void notification_gone(const struct subject *subject, struct notification *notification);

void notification_fini(struct notification *notification);

#endif
