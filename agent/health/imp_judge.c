#include "health/imp_judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "health/combine.h"
#include "health/cp_id.h"
#include "health/imp_memory.h"
#include "health/imp_restart.h"

#define NAMED_MAX 3      /* cp_ids, or nodes, that a detail names */
#define DETAIL_MAX 8192

/* cp_ids that a detail is to name. */
struct id_list {
    const char *first[NAMED_MAX]; /* borrowed */
    size_t count;
};

static void list_id(struct id_list *list, const char *cp_id)
{
    if (list->count < NAMED_MAX)
        list->first[list->count] = cp_id;
    list->count++;
}

static struct id_list list_kind(const struct imp_memory *memory, enum s2s_kind kind)
{
    struct id_list list = {.count = 0};
    for (size_t i = 0; i < memory->node_count; i++) {
        if (memory->nodes[i].kind == kind)
            list_id(&list, memory->nodes[i].cp_id);
    }
    return list;
}

static void tell_ids(struct buf *detail, const struct id_list *list)
{
    for (size_t i = 0; i < list->count && i < NAMED_MAX; i++) {
        struct cp_id parts;
        buf_printf(detail, "%s%s", i > 0 ? ", " : "", list->first[i]);
        if (cp_id_parse(&parts, list->first[i]))
            buf_printf(detail, " (component %s of %s on %s)", parts.component, parts.manager, parts.host);
    }
    if (list->count > NAMED_MAX)
        buf_printf(detail, " and %zu more", list->count - NAMED_MAX);
}

static struct id_list in_table_but_not_at(const struct imp_memory *memory, const struct imp_result *other)
{
    struct id_list list = {.count = 0};
    for (size_t i = 0; i < memory->node_count; i++) {
        if (memory->nodes[i].in_table && !s2s_rows_have(other, memory->nodes[i].cp_id))
            list_id(&list, memory->nodes[i].cp_id);
    }
    return list;
}

/* Whether a former row has the same cp_id. */
static bool is_double(const struct imp_result *result, size_t row)
{
    for (size_t i = 0; i < row; i++) {
        if (strcmp(result->rows[i].cp_id, result->rows[row].cp_id) == 0)
            return true;
    }
    return false;
}

static struct id_list only_at(const struct imp_result *other, const struct imp_result *result)
{
    struct id_list list = {.count = 0};
    for (size_t i = 0; i < other->row_count; i++) {
        if (!s2s_rows_have(result, other->rows[i].cp_id) && !is_double(other, i))
            list_id(&list, other->rows[i].cp_id);
    }
    return list;
}

static bool in_same_cluster(const struct imp_scene *scene, const struct imp_peer *peer)
{
    return scene->expect->cluster != NULL && peer->cluster != NULL &&
           strcmp(scene->expect->cluster, peer->cluster) == 0;
}

static void tell_difference(struct buf *detail, const char *name, const struct id_list *also,
                            const struct id_list *lacks)
{
    buf_printf(detail, "%s%s ", detail->length > 0 ? "; " : "", name);
    if (also->count > 0) {
        buf_puts(detail, "also has ");
        tell_ids(detail, also);
    }
    if (lacks->count > 0) {
        buf_puts(detail, also->count > 0 ? ", and lacks " : "lacks ");
        tell_ids(detail, lacks);
    }
}

/* Whether another node of the cluster has read other cp_ids; `detail` then says which one has what. */
static bool differs(struct buf *detail, const struct imp_result *result, const struct imp_scene *scene,
                    const struct imp_memory *memory)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->peer_count; i++) {
        const struct imp_peer *peer = &scene->peers[i];
        if (!in_same_cluster(scene, peer) || peer->latest == NULL || !peer->latest->rows_read)
            continue;
        struct id_list also = only_at(peer->latest, result), lacks = in_table_but_not_at(memory, peer->latest);
        if (also.count + lacks.count > 0 && count++ < NAMED_MAX)
            tell_difference(detail, peer->name, &also, &lacks);
    }
    if (count > NAMED_MAX)
        buf_printf(detail, "; %zu more nodes differ", count - NAMED_MAX);
    return count > 0;
}

/* The first rule of the header that holds, and what the detail says of it. */
static enum reason judge_rows(struct buf *detail, const struct imp_result *result, const struct imp_scene *scene,
                              const struct imp_memory *memory)
{
    const struct id_list present = list_kind(memory, S2S_PRESENT), missing = list_kind(memory, S2S_MISSING),
                         unexpected = list_kind(memory, S2S_UNEXPECTED);
    const bool empty = result->row_count == 0;
    if (!scene->expect->federation && !empty) {
        tell_ids(detail, &unexpected);
        return REASON_S2SNODE_PRESENT;
    }
    if (scene->expect->federation && empty) {
        buf_printf(detail, "the table is empty%s", missing.count > 0 ? ", and lacks " : "");
        tell_ids(detail, &missing);
        return REASON_S2SNODE_EMPTY;
    }
    if (missing.count > 0) {
        buf_puts(detail, "the table lacks ");
        tell_ids(detail, &missing);
        return REASON_S2SNODE_MISSING;
    }
    if (unexpected.count > 0) {
        buf_puts(detail, "not expected: ");
        tell_ids(detail, &unexpected);
        return REASON_S2SNODE_UNEXPECTED;
    }
    if (differs(detail, result, scene, memory))
        return REASON_S2SNODE_DIFFERS;
    if (empty)
        buf_puts(detail, "the table is empty, as expected");
    tell_ids(detail, &present);
    return REASON_OK;
}

static void judge_s2snode(struct imp_result *result, const struct imp_scene *scene, const struct imp_memory *memory)
{
    struct check_result *check = &result->check[IMP_S2SNODE];
    if (check->reason != REASON_NOT_RUN)
        return;
    if (!result->rows_read) {
        check_result_set(check, REASON_NOT_REACHED, NULL);
        return;
    }
    struct buf detail;
    buf_init(&detail, DETAIL_MAX);
    enum reason reason = judge_rows(&detail, result, scene, memory);
    if (result->rows_total > result->row_count)
        buf_printf(&detail, " (of %zu rows only the first %zu were looked at)", result->rows_total, result->row_count);
    check_result_set(check, reason, "%s", detail.data);
    buf_fini(&detail);
}

void imp_judge(struct imp_result *result, const struct imp_scene *scene, struct imp_verdict *verdict)
{
    *verdict = (struct imp_verdict){.memory = imp_memory_next(scene->before, result, scene->expect)};
    judge_s2snode(result, scene, verdict->memory);
    imp_restart_judge(result, scene, verdict);
    for (int i = 0; i < IMP_CHECK_COUNT; i++) {
        struct check_result *check = &result->check[i];
        check->state = severity_of(scene->severity, check->reason, check->state);
    }
}

void imp_verdict_fini(struct imp_verdict *verdict)
{
    imp_memory_free(verdict->memory);
    for (size_t i = 0; i < verdict->notification_count; i++)
        xcp_notification_fini(&verdict->notifications[i]);
    free(verdict->notifications);
    *verdict = (struct imp_verdict){.memory = NULL};
}

/* An operator who gives xcp_restart_unknown another state wants it to count. */
static bool counts(const struct check_result *check)
{
    return !combine_is_neutral(check->reason) || check->state != STATE_UNKNOWN;
}

enum state combine_imp(const struct imp_result *result, enum imp_check *worst)
{
    enum state state = STATE_UNKNOWN;
    bool any = false;
    *worst = IMP_AXL;
    for (int i = 0; i < IMP_CHECK_COUNT; i++) {
        const struct check_result *check = &result->check[i];
        if (!counts(check) || (any && !state_worse(check->state, state)))
            continue;
        state = check->state;
        *worst = (enum imp_check)i;
        any = true;
    }
    return state;
}
