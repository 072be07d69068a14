#include "health/imp_restart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define NOTIFICATIONS_MAX ((size_t)XCP_NOTIFICATIONS_MAX * XCP_SOURCE_DERIVED) /* attributed to a node, and kept */
#define SLACK_MS 2000    /* UpTime is in whole seconds, and the answer takes a moment */
#define QUOTE_MAX 160    /* bytes of a notification, in a detail */
#define DETAIL_MAX 4096

/* How well a name that a notification gives fits a configured node. */
enum likeness { UNLIKE, SAME_LABEL, SAME_NAME };

/* The first notification of a source that says so, and whose page it stands on. */
struct evidence {
    const struct xcp_notification *notification; /* borrowed; NULL: none */
    const struct imp_peer *reader;               /* NULL: this node */
};

static bool same_first_label(const char *a, const char *b)
{
    size_t length = strcspn(a, ".");
    bool one_is_short = a[length] == '\0' || strchr(b, '.') == NULL;
    return one_is_short && strcspn(b, ".") == length && strncasecmp(a, b, length) == 0;
}

static enum likeness likeness_of(const char *named, const char *name, const char *host)
{
    if (strcasecmp(named, name) == 0 || (host != NULL && strcasecmp(named, host) == 0))
        return SAME_NAME;
    if (same_first_label(named, name) || (host != NULL && same_first_label(named, host)))
        return SAME_LABEL;
    return UNLIKE;
}

/* Whether a notification that `reader` (NULL: this node) has read, and that names `named` (NULL: nobody), is about this
 * node: it names no other one better; where it names none, it is about its reader. */
static bool is_about(const struct imp_scene *scene, const struct imp_peer *reader, const char *named)
{
    if (named == NULL)
        return reader == NULL;
    const enum likeness own = likeness_of(named, scene->name, scene->host);
    if (own == UNLIKE && reader != NULL)
        return false;
    enum likeness best = UNLIKE;
    for (size_t i = 0; i < scene->peer_count; i++) {
        enum likeness other = likeness_of(named, scene->peers[i].name, scene->peers[i].host);
        best = other > best ? other : best;
    }
    if (own < best)
        return false;
    return reader == NULL || likeness_of(named, reader->name, reader->host) < own;
}

static bool is_listed(const struct imp_verdict *verdict, const struct xcp_notification *notification)
{
    for (size_t i = 0; i < verdict->notification_count; i++) {
        const struct xcp_notification *other = &verdict->notifications[i];
        if (text_same(other->description, notification->description) &&
            text_same(other->created, notification->created) && text_same(other->severity, notification->severity))
            return true;
    }
    return false;
}

static void list_once(struct imp_verdict *verdict, const struct xcp_notification *notification)
{
    if (verdict->notification_count == NOTIFICATIONS_MAX || is_listed(verdict, notification))
        return;
    verdict->notifications =
        mem_resize(verdict->notifications, verdict->notification_count + 1, sizeof *verdict->notifications);
    verdict->notifications[verdict->notification_count++] = (struct xcp_notification){
        .source = notification->source,
        .severity = mem_strdup(notification->severity),
        .description = mem_strdup(notification->description),
        .origin = mem_strdup(notification->origin),
        .created = mem_strdup(notification->created),
        .count = notification->count,
    };
}

/* Goes through what `reader` (NULL: this node) has read. */
static void gather(const struct imp_result *read, const struct imp_scene *scene, const struct imp_peer *reader,
                   struct imp_verdict *verdict, struct evidence evidence[XCP_SOURCE_DERIVED])
{
    for (size_t i = 0; i < read->notification_count; i++) {
        const struct xcp_notification *notification = &read->notifications[i];
        char *named = xcp_notification_node(notification);
        if (is_about(scene, reader, named)) {
            struct evidence *of_source = &evidence[notification->source];
            if (of_source->notification == NULL && xcp_notification_is_restart(notification))
                *of_source = (struct evidence){notification, reader};
            list_once(verdict, notification);
        }
        free(named);
    }
}

/* Without the Control Center the router's start is never known, and nothing can be derived. */
static bool is_derivable(const struct imp_result *result)
{
    return result->check[IMP_XCP_ROUTER].reason != REASON_NOT_CONFIGURED;
}

/* Only the latest change counts: the rows before it were last seen after every earlier change, so that a router which
 * is older than an earlier change is older than they are, too; and one that started after it took up all of them. */
static enum tri derive(const struct imp_result *result, const struct imp_memory *memory)
{
    const int64_t start = result->router_start_ms;
    int64_t former = memory->rows_former_ms, changed = memory->rows_changed_ms;
    if (start == TIME_ABSENT || changed == TIME_ABSENT || former == TIME_ABSENT)
        return TRI_UNKNOWN;
    if (former > changed) { /* the clock was set back in between */
        former = memory->rows_changed_ms;
        changed = memory->rows_former_ms;
    }
    if (start < former - SLACK_MS)
        return TRI_YES;
    /* a change since the table was last read would not have been seen */
    return start > changed + SLACK_MS && result->rows_read ? TRI_NO : TRI_UNKNOWN;
}

static void add_quote(struct buf *detail, const char *text)
{
    const char *end = strstr(text, ". ");
    char *sentence = mem_strndup(text, end != NULL ? (size_t)(end - text) : strlen(text));
    char *quote = text_clean(sentence, QUOTE_MAX);
    buf_printf(detail, "%s%s", quote, strlen(quote) < strlen(sentence) ? "\u2026" : "");
    free(quote);
    free(sentence);
}

static void label(struct buf *detail, enum xcp_source source)
{
    buf_printf(detail, "%s%s: ", detail->length > 0 ? "; " : "", xcp_source_name(source));
}

static void tell_source(struct buf *detail, const struct imp_result *result, enum xcp_source source,
                        const struct evidence *evidence)
{
    const struct xcp_reading *reading = &result->reading[source];
    if (evidence->notification == NULL && !reading->configured)
        return;
    label(detail, source);
    if (evidence->notification != NULL) {
        buf_puts(detail, "pending (");
        if (evidence->reader != NULL)
            buf_printf(detail, "seen at %s: ", evidence->reader->name);
        add_quote(detail, evidence->notification->description);
        buf_puts(detail, ")");
    } else if (reading->read) {
        buf_puts(detail, "not pending");
    } else {
        buf_printf(detail, "unknown (%s)", reading->fault != NULL ? reading->fault : "it was not read");
    }
}

static const char *when(int64_t time_ms, char out[CLOCK_RFC3339_SIZE])
{
    return clock_rfc3339(time_ms / 1000, out);
}

static void tell_derived(struct buf *detail, const struct imp_result *result, const struct imp_memory *memory,
                         enum tri pending)
{
    char start[CLOCK_RFC3339_SIZE], former[CLOCK_RFC3339_SIZE], changed[CLOCK_RFC3339_SIZE];
    label(detail, XCP_SOURCE_DERIVED);
    if (result->router_start_ms == TIME_ABSENT) {
        buf_puts(detail, "unknown (the router's start time is not known)");
        return;
    }
    when(result->router_start_ms, start);
    if (memory->rows_changed_ms == TIME_ABSENT || memory->rows_former_ms == TIME_ABSENT) {
        buf_puts(detail, "unknown (the rows of the table have not changed since they were first seen)");
        return;
    }
    when(memory->rows_former_ms, former);
    when(memory->rows_changed_ms, changed);
    if (pending == TRI_YES)
        buf_printf(detail, "pending (the rows changed between %s and %s, the router started at %s)", former, changed,
                   start);
    else if (pending == TRI_NO)
        buf_printf(detail, "not pending (the router started at %s, the rows changed before %s)", start, changed);
    else if (!result->rows_read)
        buf_printf(detail, "unknown (the router started at %s, and the table could not be read)", start);
    else
        buf_printf(detail, "unknown (the router started at %s, the rows changed between %s and %s)", start, former,
                   changed);
}

/* Pending where any source says so, else not where any says not. */
static enum reason conclude(const struct imp_result *result, const enum tri pending[XCP_SOURCE_COUNT])
{
    bool any[] = {[TRI_UNKNOWN] = false, [TRI_NO] = false, [TRI_YES] = false};
    for (int source = 0; source < XCP_SOURCE_COUNT; source++)
        any[pending[source]] = true;
    if (any[TRI_YES])
        return REASON_XCP_RESTART_PENDING;
    if (any[TRI_NO])
        return REASON_OK;
    for (int source = 0; source < XCP_SOURCE_DERIVED; source++) {
        if (result->reading[source].configured && !result->reading[source].read)
            return REASON_XCP_SOURCE_FAILED;
    }
    return is_derivable(result) ? REASON_XCP_RESTART_UNKNOWN : REASON_NOT_CONFIGURED;
}

void imp_restart_judge(struct imp_result *result, const struct imp_scene *scene, struct imp_verdict *verdict)
{
    struct evidence evidence[XCP_SOURCE_DERIVED] = {{NULL, NULL}};
    gather(result, scene, NULL, verdict, evidence);
    for (size_t i = 0; i < scene->peer_count; i++) {
        if (scene->peers[i].latest != NULL)
            gather(scene->peers[i].latest, scene, &scene->peers[i], verdict, evidence);
    }
    for (int source = 0; source < XCP_SOURCE_DERIVED; source++) {
        verdict->pending[source] = evidence[source].notification != NULL ? TRI_YES
                                   : result->reading[source].read        ? TRI_NO
                                                                         : TRI_UNKNOWN;
    }
    verdict->pending[XCP_SOURCE_DERIVED] = derive(result, verdict->memory);
    if (result->check[IMP_XCP_RESTART].reason != REASON_NOT_RUN)
        return;

    struct buf detail;
    buf_init(&detail, DETAIL_MAX);
    for (int source = 0; source < XCP_SOURCE_DERIVED; source++)
        tell_source(&detail, result, (enum xcp_source)source, &evidence[source]);
    if (is_derivable(result))
        tell_derived(&detail, result, verdict->memory, verdict->pending[XCP_SOURCE_DERIVED]);
    check_result_set(&result->check[IMP_XCP_RESTART], conclude(result, verdict->pending),
                     detail.length > 0 ? "%s" : NULL, detail.data);
    buf_fini(&detail);
}
