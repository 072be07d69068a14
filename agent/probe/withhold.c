#include "probe/withhold.h"

void withhold_result(struct imp_result *result, const char *username, const char *password)
{
    struct withhold *secrets = withhold_new(username, password);
    for (size_t i = 0; i < IMP_CHECK_COUNT; i++)
        withhold_words(secrets, &result->check[i].detail);
    for (size_t i = 0; i < XCP_SOURCE_DERIVED; i++)
        withhold_words(secrets, &result->reading[i].fault);
    for (size_t i = 0; i < result->account_count; i++)
        withhold_words(secrets, &result->accounts[i].detail);
    withhold_value(secrets, &result->version);
    withhold_value(secrets, &result->router_status);
    for (size_t i = 0; i < result->row_count; i++) {
        withhold_value(secrets, &result->rows[i].cp_id);
        withhold_value(secrets, &result->rows[i].pkid);
    }
    for (size_t i = 0; i < result->notification_count; i++) {
        struct xcp_notification *notification = &result->notifications[i];
        withhold_value(secrets, &notification->severity);
        withhold_value(secrets, &notification->description);
        withhold_value(secrets, &notification->origin);
        withhold_value(secrets, &notification->created);
    }
    withhold_free(secrets);
}
