/* What SNMP's receivers are told: every finished round is looked at, on the loop's thread. */
#include "agent.h"
#include "exporters/snmp/snmp.h"

static void put_all(struct snmp_notices *notices, struct notification *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snmp_notices_put(notices, &list[i]);
        notification_fini(&list[i]);
    }
}

static void domain_finished(void *arg, const struct domain_status *before, const struct domain_status *after)
{
    struct agent *agent = arg;
    struct notification list[NOTIFICATIONS_MAX];
    put_all(agent->notices, list, notifications_of_domain(before, after, list));
}

/* The position of what has this index, or the count. */
static size_t find(const struct status *status, enum subject_kind kind, uint32_t index)
{
    size_t at = 0;
    while (at < subject_count(status, kind) && subject_at(status, kind, at).index != index)
        at++;
    return at;
}

static void node_finished(void *arg, const struct imp_status *before, const struct imp_status *after)
{
    struct agent *agent = arg;
    struct notification list[NOTIFICATIONS_MAX];
    struct snapshot *snapshot = store_snapshot(agent->store);
    const struct status *status = snapshot_status(snapshot);
    const struct subject subject = subject_at(status, SUBJECT_NODE, find(status, SUBJECT_NODE, after->index));
    put_all(agent->notices, list, notifications_of_node(before, after, subject.cause, list));
    snapshot_free(snapshot);
}

void notify_start(struct agent *agent)
{
    agent->notices = snmp_notices_new();
    store_watch(agent->store, &(struct store_watcher){domain_finished, node_finished, agent});
}

static void tell_one_gone(void *arg, const struct subject *subject)
{
    struct agent *agent = arg;
    struct notification notification;
    notification_gone(subject, &notification);
    put_all(agent->notices, &notification, 1);
}

void notify_lapsed(struct agent *agent)
{
    store_tell_lapsed(agent->store, tell_one_gone, agent);
}

/* Both lie in ascending order of index. */
static void tell_gone(struct agent *agent, enum subject_kind kind, const struct status *before,
                      const struct status *now)
{
    size_t at = 0;
    for (size_t i = 0; i < subject_count(before, kind); i++) {
        const struct subject subject = subject_at(before, kind, i);
        while (at < subject_count(now, kind) && subject_at(now, kind, at).index < subject.index)
            at++;
        if (at < subject_count(now, kind) && subject_at(now, kind, at).index == subject.index)
            continue;
        tell_one_gone(agent, &subject);
    }
}

void notify_reloaded(struct agent *agent, const struct snapshot *before)
{
    struct snapshot *now = store_snapshot(agent->store);
    tell_gone(agent, SUBJECT_DOMAIN, snapshot_status(before), snapshot_status(now));
    tell_gone(agent, SUBJECT_NODE, snapshot_status(before), snapshot_status(now));
    snapshot_free(now);
}
