#include "health/imp.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define HOST_MAX 253 /* RFC 1035 2.3.4, without the final dot */

const char *imp_check_name(enum imp_check check)
{
    switch (check) {
    case IMP_AXL: return "axl";
    case IMP_S2SNODE: return "s2snode";
    case IMP_XCP_RESTART: return "xcp_restart";
    case IMP_XCP_ROUTER: return "xcp_router";
    case IMP_CHECK_COUNT: break;
    }
    return "unknown";
}

const char *xcp_source_name(enum xcp_source source)
{
    switch (source) {
    case XCP_SOURCE_PAGE: return "page";
    case XCP_SOURCE_QUERY: return "query";
    case XCP_SOURCE_DERIVED: return "derived";
    case XCP_SOURCE_COUNT: break;
    }
    return "unknown";
}

const char *xcp_severity_name(enum xcp_severity severity)
{
    switch (severity) {
    case XCP_EMERGENCY: return "emergency";
    case XCP_ALERT: return "alert";
    case XCP_CRITICAL: return "critical";
    case XCP_ERROR: return "error";
    case XCP_WARNING: return "warning";
    case XCP_NOTICE: return "notice";
    case XCP_INFORMATION: return "information";
    case XCP_DEBUG: return "debug";
    case XCP_OTHER:
    case XCP_SEVERITY_COUNT: break;
    }
    return "other";
}

enum xcp_severity xcp_severity_from_text(const char *text)
{
    if (text == NULL)
        return XCP_OTHER;
    if (strcasecmp(text, "informational") == 0) /* as RFC 5424 6.2.1 words it */
        return XCP_INFORMATION;
    for (int severity = 0; severity < XCP_OTHER; severity++) {
        if (strcasecmp(text, xcp_severity_name((enum xcp_severity)severity)) == 0)
            return (enum xcp_severity)severity;
    }
    return XCP_OTHER;
}

static char *clean_copy(const char *text, size_t max)
{
    return text != NULL ? text_clean(text, max) : NULL;
}

static int64_t read_count(const char *text)
{
    if (text == NULL)
        return -1;
    char *end = NULL;
    text += strspn(text, " \t\r\n");
    errno = 0;
    long long count = strtoll(text, &end, 10);
    bool whole = errno == 0 && isdigit((unsigned char)*text) && end[strspn(end, " \t\r\n")] == '\0';
    return whole ? count : -1;
}

void xcp_notification_init(struct xcp_notification *notification, enum xcp_source source, const char *severity,
                           const char *description, const char *origin, const char *created, const char *count)
{
    *notification = (struct xcp_notification){
        .source = source,
        .severity = clean_copy(severity, PEER_TEXT_MAX),
        .description = text_clean(description != NULL ? description : "", XCP_TEXT_MAX),
        .origin = clean_copy(origin, PEER_TEXT_MAX),
        .created = clean_copy(created, PEER_TEXT_MAX),
        .count = read_count(count),
    };
}

void xcp_notification_fini(struct xcp_notification *notification)
{
    free(notification->severity);
    free(notification->description);
    free(notification->origin);
    free(notification->created);
    *notification = (struct xcp_notification){.count = -1};
}

/* Only the sentence that names the router counts: behind each notification, whatever it is about, stands "You can
 * restart this service here." */
bool xcp_notification_is_restart(const struct xcp_notification *notification)
{
    static const char *const DUTIES[] = {"requir", "need", "must", "should", "pending"};
    const char *router = strcasestr(notification->description, "xcp router");
    if (router == NULL)
        return false;
    const char *end = strstr(router, ". ");
    char *sentence = mem_strndup(router, end != NULL ? (size_t)(end - router) : strlen(router));
    bool due = false;
    for (size_t i = 0; i < sizeof DUTIES / sizeof *DUTIES; i++)
        due = due || strcasestr(sentence, DUTIES[i]) != NULL;
    due = due && strcasestr(sentence, "restart") != NULL;
    free(sentence);
    return due;
}

char *xcp_notification_node(const struct xcp_notification *notification)
{
    static const char HOST_BYTES[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
    const char *text = notification->description;
    for (const char *open = strchr(text, '('); open != NULL; open = strchr(open + 1, '(')) {
        size_t length = strspn(open + 1, HOST_BYTES);
        bool apart = open == text || open[-1] == ' ' || open[-1] == ':'; /* not the plural of "service(s)" */
        if (apart && length > 0 && length <= HOST_MAX && open[1 + length] == ')')
            return mem_strndup(open + 1, length);
    }
    return NULL;
}

struct imp_result *imp_result_new(void)
{
    struct imp_result *result = mem_alloc(sizeof *result);
    result->start_delay_us = DURATION_ABSENT;
    for (int i = 0; i < IMP_CHECK_COUNT; i++)
        result->check[i] = (struct check_result){
            .reason = REASON_NOT_RUN, .state = STATE_UNKNOWN, .duration_us = DURATION_ABSENT};
    result->login_hold_until_ms = TIME_ABSENT;
    result->rows_read_ms = TIME_ABSENT;
    result->router_start_ms = TIME_ABSENT;
    return result;
}

void imp_result_free(struct imp_result *result)
{
    if (result == NULL)
        return;
    for (int i = 0; i < IMP_CHECK_COUNT; i++)
        free(result->check[i].detail);
    free(result->version);
    free(result->axl_version);
    free(result->rejected_login);
    for (size_t i = 0; i < result->account_count; i++) {
        free(result->accounts[i].name);
        free(result->accounts[i].detail);
    }
    free(result->accounts);
    for (size_t i = 0; i < result->row_count; i++) {
        free(result->rows[i].cp_id);
        free(result->rows[i].pkid);
    }
    free(result->rows);
    for (int i = 0; i < XCP_SOURCE_DERIVED; i++)
        free(result->reading[i].fault);
    for (size_t i = 0; i < result->notification_count; i++)
        xcp_notification_fini(&result->notifications[i]);
    free(result->notifications);
    free(result->router_status);
    free(result);
}

void imp_result_note_rejection(struct imp_result *result, const char *login)
{
    if (result->rejected_login == NULL)
        result->rejected_login = mem_strdup(login);
}

void imp_result_add_row(struct imp_result *result, const char *cp_id, const char *pkid)
{
    result->rows_total++;
    if (result->row_count == S2S_ROWS_MAX)
        return;
    result->rows = mem_resize(result->rows, result->row_count + 1, sizeof *result->rows);
    result->rows[result->row_count++] =
        (struct s2s_row){.cp_id = text_clean(cp_id, PEER_TEXT_MAX), .pkid = clean_copy(pkid, PEER_TEXT_MAX)};
}

void imp_result_add_notification(struct imp_result *result, struct xcp_notification *notification)
{
    size_t of_source = 0;
    for (size_t i = 0; i < result->notification_count; i++)
        of_source += result->notifications[i].source == notification->source;
    if (of_source == XCP_NOTIFICATIONS_MAX) {
        xcp_notification_fini(notification);
        return;
    }
    result->notifications =
        mem_resize(result->notifications, result->notification_count + 1, sizeof *result->notifications);
    result->notifications[result->notification_count++] = *notification;
    *notification = (struct xcp_notification){.count = -1};
}
