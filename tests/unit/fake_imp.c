/* As much of health/imp.h as the readers of AXL and the Control Center need. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "health/imp.h"

struct imp_result *imp_result_new(void)
{
    struct imp_result *result = mem_alloc(sizeof *result);
    for (int i = 0; i < IMP_CHECK_COUNT; i++)
        result->check[i] = (struct check_result){.reason = REASON_NOT_RUN, .state = STATE_UNKNOWN};
    result->rows_read_ms = result->router_start_ms = TIME_ABSENT;
    return result;
}

void xcp_notification_fini(struct xcp_notification *notification)
{
    free(notification->severity);
    free(notification->description);
    free(notification->origin);
    free(notification->created);
}

void imp_result_free(struct imp_result *result)
{
    if (result == NULL)
        return;
    for (int i = 0; i < IMP_CHECK_COUNT; i++)
        free(result->check[i].detail);
    for (size_t i = 0; i < result->row_count; i++) {
        free(result->rows[i].cp_id);
        free(result->rows[i].pkid);
    }
    for (size_t i = 0; i < result->notification_count; i++)
        xcp_notification_fini(&result->notifications[i]);
    for (int i = 0; i < XCP_SOURCE_DERIVED; i++)
        free(result->reading[i].fault);
    free(result->rows);
    free(result->notifications);
    free(result->version);
    free(result->axl_version);
    free(result->router_status);
    free(result);
}

void imp_result_add_row(struct imp_result *result, const char *cp_id, const char *pkid)
{
    result->rows_total++;
    if (result->row_count == S2S_ROWS_MAX)
        return;
    result->rows = mem_resize(result->rows, result->row_count + 1, sizeof *result->rows);
    result->rows[result->row_count++] = (struct s2s_row){.cp_id = mem_strdup(cp_id), .pkid = mem_strdup(pkid)};
}

void xcp_notification_init(struct xcp_notification *notification, enum xcp_source source, const char *severity,
                           const char *description, const char *origin, const char *created, const char *count)
{
    *notification = (struct xcp_notification){
        .source = source,
        .severity = mem_strdup(severity),
        .description = text_clean(description != NULL ? description : "", XCP_TEXT_MAX),
        .origin = mem_strdup(origin),
        .created = mem_strdup(created),
        .count = count != NULL ? strtoll(count, NULL, 10) : -1,
    };
}

void imp_result_add_notification(struct imp_result *result, struct xcp_notification *notification)
{
    result->notifications =
        mem_resize(result->notifications, result->notification_count + 1, sizeof *result->notifications);
    result->notifications[result->notification_count++] = *notification;
}
