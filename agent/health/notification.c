#include "health/notification.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define NAMED_MAX 3 /* cp_ids of a kind that a detail names */
#define DETAIL_MAX 4096
#define DAY_S 86400
#define DOUBT_MS (DAY_S * INT64_C(1000)) /* so long an ok may have waited for the manager */

static void set_detail(struct notification *notification, const char *detail)
{
    notification->detail = detail != NULL ? mem_strdup(detail) : NULL;
}

/* Of a subject whose state is a confirmed one. */
static void fill_state(struct notification *notification, const struct subject *subject, enum state previous)
{
    const struct check_result *worst = subject_worst(subject);
    *notification = (struct notification){
        .kind = subject->node != NULL ? NOTIFICATION_NODE_STATE : NOTIFICATION_DOMAIN_STATE,
        .index = subject->index,
        .name = subject->name,
        .state = subject->state,
        .previous = previous,
        .reason = worst->reason,
    };
    set_detail(notification, subject->cause != NULL ? subject->cause : worst->detail);
}

/* Whether an ok of before the agent's start came about so late that the manager may know of nothing but the fault. */
static bool is_doubtful(const struct subject *subject, enum state before, bool is_first_round, int64_t now_ms)
{
    return is_first_round && before == STATE_OK && subject->confirmed == STATE_OK &&
           subject->since_ms != TIME_ABSENT && now_ms - subject->since_ms < DOUBT_MS;
}

/* False: nobody need be told. */
static bool compare_states(struct notification *notification, const struct subject *subject, enum state before,
                           bool is_first_round, int64_t now_ms)
{
    bool was_good = before == STATE_OK || before == STATE_NONE;
    bool doubtful = is_doubtful(subject, before, is_first_round, now_ms);
    if (subject->confirmed != subject->state || (subject->confirmed == STATE_OK && was_good && !doubtful))
        return false;
    fill_state(notification, subject, before != STATE_NONE ? before : STATE_UNKNOWN);
    notification->first = before == STATE_NONE;
    notification->doubtful = doubtful;
    return true;
}

/* It is one of this round: an expiry is news in no other. */
static const struct endpoint_result *find_endpoint(const struct domain_result *result, uint32_t index)
{
    size_t at = 0;
    while (at < result->endpoint_count && result->endpoints[at].index != index)
        at++;
    assert(at < result->endpoint_count);
    return &result->endpoints[at];
}

static char *expiry_detail(const struct endpoint_result *endpoint, const struct expiry *expiry, int64_t now_s)
{
    char when[CLOCK_RFC3339_SIZE], at[TEXT_HOST_PORT_SIZE];
    clock_rfc3339(expiry->not_after_s, when);
    long long days = (expiry->not_after_s - now_s) / DAY_S;
    bool is_own = endpoint->certificate->not_after[CERT_LEAF] == expiry->not_after_s;
    return mem_printf("the certificate%s of %s at %s expires at %s, in %lld days", is_own ? "" : " of an issuer",
                      endpoint->target, text_host_port(at, endpoint->address, endpoint->port), when, days);
}

/* Only steps to the worse, and other certificates. */
static bool compare_expiries(struct notification *notification, const struct domain_status *before,
                             const struct domain_status *after)
{
    const struct expiry *former = &before->expiry, *now = &after->expiry;
    if (now->level == STATE_OK ||
        (!state_worse(now->level, former->level) && now->not_after_s == former->not_after_s))
        return false;
    const struct endpoint_result *endpoint = find_endpoint(after->latest, now->endpoint);
    *notification = (struct notification){
        .kind = NOTIFICATION_CERTIFICATE_EXPIRING,
        .index = after->index,
        .name = after->name,
        .state = after->state,
        .previous = before->state,
        .reason = REASON_CERT_EXPIRES_SOON,
        .detail = expiry_detail(endpoint, now, after->latest->finished_ms / 1000),
        .endpoint = endpoint->index,
        .target = endpoint->target,
        .address = endpoint->address,
        .not_after_s = now->not_after_s,
    };
    return true;
}

size_t notifications_of_domain(const struct domain_status *before, const struct domain_status *after,
                               struct notification list[NOTIFICATIONS_MAX])
{
    const struct subject subject = subject_of_domain(after);
    size_t count = 0;
    count += compare_states(&list[count], &subject, before->confirmed, before->latest == NULL,
                            after->latest->finished_ms);
    count += compare_expiries(&list[count], before, after);
    return count;
}

static bool is_in_table(const struct imp_memory *memory, const char *cp_id)
{
    for (size_t i = 0; i < memory->node_count; i++) {
        if (strcmp(memory->nodes[i].cp_id, cp_id) == 0)
            return memory->nodes[i].in_table;
    }
    return false;
}

/* Names what is in one table and not in the other; how many that is. */
static size_t tell_rows(struct buf *detail, const char *what, const struct imp_memory *in,
                        const struct imp_memory *not_in)
{
    size_t count = 0;
    for (size_t i = 0; i < in->node_count; i++) {
        if (!in->nodes[i].in_table || is_in_table(not_in, in->nodes[i].cp_id))
            continue;
        if (count < NAMED_MAX)
            buf_printf(detail, "%s%s", count > 0 ? ", " : what, in->nodes[i].cp_id);
        count++;
    }
    if (count > NAMED_MAX)
        buf_printf(detail, " and %zu more", count - NAMED_MAX);
    return count;
}

/* What holds of a node in this round, confirmed or not. */
static void fill_node(struct notification *notification, enum notification_kind kind, const struct imp_status *before,
                      const struct imp_status *after)
{
    *notification = (struct notification){
        .kind = kind,
        .index = after->index,
        .name = after->name,
        .state = after->state,
        .previous = before->state,
        .reason = after->check[after->worst].result.reason,
    };
}

static bool compare_rows(struct notification *notification, const struct imp_status *before,
                         const struct imp_status *after)
{
    const struct imp_memory *former = before->verdict.memory, *now = after->verdict.memory;
    if (former->rows_seen_ms == TIME_ABSENT || !after->latest->rows_read)
        return false;
    struct buf detail;
    buf_init(&detail, DETAIL_MAX);
    size_t count = tell_rows(&detail, "came: ", now, former);
    count += tell_rows(&detail, count > 0 ? "; went: " : "went: ", former, now);
    if (count > 0) {
        fill_node(notification, NOTIFICATION_S2S_CHANGED, before, after);
        notification->reason = after->check[IMP_S2SNODE].result.reason;
        set_detail(notification, detail.data);
    }
    buf_fini(&detail);
    return count > 0;
}

static bool is_settled(const struct check_status *check)
{
    return check->confirmed == check->result.state;
}

/* A passing failure to find out is no transition. */
static bool compare_restarts(struct notification *notification, const struct imp_status *before,
                             const struct imp_status *after)
{
    const struct check_status *former = &before->check[IMP_XCP_RESTART], *now = &after->check[IMP_XCP_RESTART];
    if (now->result.reason != REASON_XCP_RESTART_PENDING || !is_settled(now))
        return false;
    bool is_new = former->confirmed != now->confirmed ||
                  (is_settled(former) && former->result.reason != REASON_XCP_RESTART_PENDING);
    if (!is_new)
        return false;
    fill_node(notification, NOTIFICATION_RESTART_PENDING, before, after);
    if (before->confirmed != STATE_NONE)
        notification->previous = before->confirmed;
    notification->reason = REASON_XCP_RESTART_PENDING;
    set_detail(notification, now->result.detail);
    return true;
}

static bool find_rejection(struct notification *notification, const struct imp_status *before,
                           const struct imp_status *after)
{
    if (after->latest->rejected_login == NULL)
        return false;
    fill_node(notification, NOTIFICATION_CREDENTIALS_REJECTED, before, after);
    notification->detail = mem_printf("the login of %s was rejected; none follows until its password is another, or "
                                      "the hold ends", after->latest->rejected_login);
    return true;
}

size_t notifications_of_node(const struct imp_status *before, const struct imp_status *after, const char *cause,
                             struct notification list[NOTIFICATIONS_MAX])
{
    const struct subject subject = subject_of_node(after, cause);
    size_t count = 0;
    count += compare_states(&list[count], &subject, before->confirmed, before->latest == NULL,
                            after->latest->finished_ms);
    count += find_rejection(&list[count], before, after);
    count += compare_rows(&list[count], before, after);
    count += compare_restarts(&list[count], before, after);
    return count;
}

bool notification_standing(const struct subject *subject, struct notification *notification)
{
    bool has_run = subject->node != NULL ? subject->node->latest != NULL : subject->domain->latest != NULL;
    if (!has_run || subject->confirmed != subject->state)
        return false;
    fill_state(notification, subject, subject->state);
    return true;
}

void notification_gone(const struct subject *subject, struct notification *notification)
{
    *notification = (struct notification){
        .kind = subject->node != NULL ? NOTIFICATION_NODE_STATE : NOTIFICATION_DOMAIN_STATE,
        .index = subject->index,
        .name = subject->name,
        .state = STATE_UNKNOWN,
        .previous = subject->confirmed != STATE_NONE ? subject->confirmed : STATE_UNKNOWN,
        .reason = REASON_NOT_CONFIGURED,
        .gone = true,
        .first = subject->confirmed == STATE_NONE,
    };
    set_detail(notification, "it is not configured any more");
}

void notification_fini(struct notification *notification)
{
    free(notification->detail);
}
