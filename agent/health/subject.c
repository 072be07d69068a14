#include "health/subject.h"

#include <string.h>

size_t subject_count(const struct status *status, enum subject_kind kind)
{
    return kind == SUBJECT_NODE ? status->imp_count : status->domain_count;
}

struct subject subject_of_domain(const struct domain_status *domain)
{
    return (struct subject){
        .index = domain->index,
        .name = domain->name,
        .state = domain->state,
        .worst = domain->worst,
        .since_ms = domain->since_ms,
        .unconfirmed = domain->unconfirmed,
        .confirmed = domain->confirmed,
        .checks = domain->check,
        .check_count = CHECK_COUNT,
        .history = &domain->history,
        .domain = domain,
    };
}

struct subject subject_of_node(const struct imp_status *node, const char *cause)
{
    return (struct subject){
        .index = node->index,
        .name = node->name,
        .state = node->state,
        .worst = node->worst,
        .since_ms = node->since_ms,
        .unconfirmed = node->unconfirmed,
        .confirmed = node->confirmed,
        .checks = node->check,
        .check_count = IMP_CHECK_COUNT,
        .history = &node->history,
        .cause = cause,
        .node = node,
    };
}

struct subject subject_at(const struct status *status, enum subject_kind kind, size_t at)
{
    if (kind == SUBJECT_DOMAIN)
        return subject_of_domain(status->domains[at]);
    return subject_of_node(status->imp[at], status->imp_causes != NULL ? status->imp_causes[at] : NULL);
}

size_t subject_count_in(const struct status *status, enum subject_kind kind, enum state state)
{
    size_t count = 0;
    for (size_t i = 0; i < subject_count(status, kind); i++)
        count += subject_at(status, kind, i).state == state;
    return count;
}

const char *subject_check_name(const struct subject *subject, size_t check)
{
    return subject->node != NULL ? imp_check_name((enum imp_check)check) : check_name((enum check)check);
}

const struct domain_status *subject_find_domain(const struct status *status, const char *name)
{
    for (size_t i = 0; i < status->domain_count; i++) {
        if (strcmp(status->domains[i]->name, name) == 0)
            return status->domains[i];
    }
    return NULL;
}

const struct check_result *subject_worst(const struct subject *subject)
{
    return &subject->checks[subject->worst].result;
}

const char *subject_transition(const struct subject *subject, const struct transition *transition)
{
    return subject->node != NULL ? imp_transition_subject(transition) : transition_subject(transition);
}
