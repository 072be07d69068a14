/* What is watched, a domain or a Cisco IM and Presence node, as far as the two are alike: so that who shows states,
 * checks and transitions need not know which it is. */
#ifndef HEALTH_SUBJECT_H
#define HEALTH_SUBJECT_H

#include "health/status.h"

enum subject_kind { SUBJECT_DOMAIN, SUBJECT_NODE };
#define SUBJECT_KIND_COUNT 2

/* A view into a status: everything is borrowed. */
struct subject {
    uint32_t index;
    const char *name;
    enum state state;
    size_t worst;                    /* the check that decides `state` */
    int64_t since_ms;                /* as in struct domain_status, like `unconfirmed` */
    bool unconfirmed;
    enum state confirmed;
    const struct check_status *checks;
    size_t check_count;
    const struct history *history;
    const char *cause;               /* what its facts say together, for people; NULL: nothing. Only of nodes */
    const struct domain_status *domain; /* one of these two is NULL */
    const struct imp_status *node;
};

/* `cause` may be NULL. */
struct subject subject_of_domain(const struct domain_status *domain);
struct subject subject_of_node(const struct imp_status *node, const char *cause);

size_t subject_count(const struct status *status, enum subject_kind kind);
/* They lie in ascending order of index. */
struct subject subject_at(const struct status *status, enum subject_kind kind, size_t at);
/* The domain of this name, a lower-case A-label; NULL: there is none. */
const struct domain_status *subject_find_domain(const struct status *status, const char *name);
/* How many are in this state. */
size_t subject_count_in(const struct status *status, enum subject_kind kind, enum state state);

const char *subject_check_name(const struct subject *subject, size_t check);
/* Its worst check's latest result. */
const struct check_result *subject_worst(const struct subject *subject);
/* What a transition of it is about: a check's name, or "domain" or "node" for the whole. */
const char *subject_transition(const struct subject *subject, const struct transition *transition);

#endif
