/* What a round of a Cisco node read: names, bounds, and what a notification says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "health/history.h"
#include "health/imp_judge.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define SEED_TEXT                                                                                                     \
    "Cisco XCP Router : (ecup10s.coluc.com) requires a restart in order for recent configuration changes to take "    \
    "effect. You can restart this service here. Once the service is restarted, this notification will be deleted "    \
    "automatically."

static void names_are_the_contracts(void **state)
{
    (void)state;
    static const char *const CHECKS[] = {"axl", "s2snode", "xcp_restart", "xcp_router", "unknown"};
    static const char *const SOURCES[] = {"page", "query", "derived", "unknown"};
    static const char *const KINDS[] = {"unknown", "present", "missing", "unexpected"};
    for (size_t i = 0; i < COUNT(CHECKS); i++)
        assert_string_equal(imp_check_name((enum imp_check)i), CHECKS[i]);
    for (size_t i = 0; i < COUNT(SOURCES); i++)
        assert_string_equal(xcp_source_name((enum xcp_source)i), SOURCES[i]);
    for (size_t i = 0; i < COUNT(KINDS); i++)
        assert_string_equal(s2s_kind_name((enum s2s_kind)i), KINDS[i]);
    struct transition transition = {.check = IMP_XCP_ROUTER};
    assert_string_equal(imp_transition_subject(&transition), "xcp_router");
    transition.check = IMP_CHECK_COUNT;
    assert_string_equal(imp_transition_subject(&transition), "node");
}

static void severities_are_read_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum xcp_severity severity;
    } ROWS[] = {
        {"Warning", XCP_WARNING}, {"warning", XCP_WARNING},       {"CRITICAL", XCP_CRITICAL},
        {"Error", XCP_ERROR},     {"Information", XCP_INFORMATION}, {"Informational", XCP_INFORMATION},
        {"Debug", XCP_DEBUG},     {"Emergency", XCP_EMERGENCY},   {"Alert", XCP_ALERT},
        {"Notice", XCP_NOTICE},   {"other", XCP_OTHER},           {"Warnings", XCP_OTHER},
        {"", XCP_OTHER},          {NULL, XCP_OTHER},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++)
        assert_int_equal(xcp_severity_from_text(ROWS[i].text), ROWS[i].severity);
    for (int i = 0; i < XCP_SEVERITY_COUNT; i++)
        assert_int_equal(xcp_severity_from_text(xcp_severity_name((enum xcp_severity)i)), i);
}

static void notifications_say_which_node_and_whether_it_must_be_restarted(void **state)
{
    (void)state;
    static const struct {
        const char *description, *node;
        bool restart;
    } ROWS[] = {
        {SEED_TEXT, "ecup10s.coluc.com", true},
        {"cisco xcp router:(ECUP10) Requires A Restart", "ECUP10", true},
        {"Cisco XCP Router must be restarted", NULL, true},
        {"XCP Router restart pending on node (2001:db8::1)", "2001:db8::1", true},
        {"Cisco XCP Router service(s) : (a.example) need to be restarted", "a.example", true},
        /* what stands behind every notification is no demand */
        {"Cisco XCP Router : (a.example) is not running. You can restart this service here. It needs a license.",
         "a.example", false},
        {"Cisco XCP Router : (a.example) was restarted", "a.example", false},
        {"Cisco XCP Text Conference Manager : (a.example) requires a restart", "a.example", false},
        {"Cisco XCP Web Connection Manager requires a restart after the Cisco XCP Router", NULL, false},
        {"Cisco XCP Router requires attention", NULL, false},
        {"Router (not a host) and () and (unclosed", NULL, false},
        {"(first.example) (second.example)", "first.example", false},
        {"", NULL, false},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct xcp_notification notification;
        xcp_notification_init(&notification, XCP_SOURCE_PAGE, NULL, ROWS[i].description, NULL, NULL, NULL);
        char *node = xcp_notification_node(&notification);
        if (ROWS[i].node == NULL ? node != NULL : node == NULL || strcmp(node, ROWS[i].node) != 0)
            fail_msg("%s: %s", ROWS[i].description, node != NULL ? node : "nobody");
        if (xcp_notification_is_restart(&notification) != ROWS[i].restart)
            fail_msg("%s: %s", ROWS[i].description, ROWS[i].restart ? "not a restart" : "a restart");
        free(node);
        xcp_notification_fini(&notification);
    }
}

static void a_name_that_is_too_long_is_nobodys(void **state)
{
    (void)state;
    char text[300] = "(";
    for (size_t length = 252; length <= 255; length++) {
        memset(text + 1, 'a', length);
        strcpy(text + 1 + length, ")");
        struct xcp_notification notification;
        xcp_notification_init(&notification, XCP_SOURCE_PAGE, NULL, text, NULL, NULL, NULL);
        char *node = xcp_notification_node(&notification);
        assert_true((node != NULL) == (length <= 253));
        free(node);
        xcp_notification_fini(&notification);
    }
}

static void a_count_is_a_number_or_not_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t count;
    } ROWS[] = {
        {"5", 5},    {" 5 \n", 5}, {"0", 0},   {NULL, -1},      {"", -1},
        {"five", -1}, {"5x", -1},  {"-5", -1}, {"+5", -1},      {"99999999999999999999", -1},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct xcp_notification notification;
        xcp_notification_init(&notification, XCP_SOURCE_QUERY, NULL, NULL, NULL, NULL, ROWS[i].text);
        assert_int_equal(notification.count, ROWS[i].count);
        assert_string_equal(notification.description, "");
        assert_null(notification.severity);
        assert_null(notification.origin);
        assert_null(notification.created);
        xcp_notification_fini(&notification);
    }
}

static void texts_are_cleaned_and_cut(void **state)
{
    (void)state;
    char text[2 * XCP_TEXT_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct xcp_notification notification;
    xcp_notification_init(&notification, XCP_SOURCE_PAGE, text, text, "a\nb", text, NULL);
    assert_int_equal(strlen(notification.description), XCP_TEXT_MAX);
    assert_int_equal(strlen(notification.severity), PEER_TEXT_MAX);
    assert_int_equal(strlen(notification.created), PEER_TEXT_MAX);
    assert_string_equal(notification.origin, "a\xef\xbf\xbd" "b");
    xcp_notification_fini(&notification);
    struct imp_result *result = imp_result_new();
    imp_result_add_row(result, text, "p\x01");
    imp_result_add_row(result, "b", NULL);
    assert_int_equal(strlen(result->rows[0].cp_id), PEER_TEXT_MAX);
    assert_string_equal(result->rows[0].pkid, "p\xef\xbf\xbd");
    assert_null(result->rows[1].pkid);
    imp_result_free(result);
}

static void a_new_result_has_observed_nothing(void **state)
{
    (void)state;
    struct imp_result *result = imp_result_new();
    for (int i = 0; i < IMP_CHECK_COUNT; i++) {
        assert_int_equal(result->check[i].reason, REASON_NOT_RUN);
        assert_int_equal(result->check[i].state, STATE_UNKNOWN);
        assert_int_equal(result->check[i].duration_us, DURATION_ABSENT);
    }
    assert_int_equal(result->start_delay_us, DURATION_ABSENT);
    assert_int_equal(result->login_hold_until_ms, TIME_ABSENT);
    assert_int_equal(result->rows_read_ms, TIME_ABSENT);
    assert_int_equal(result->router_start_ms, TIME_ABSENT);
    assert_int_equal(result->router_started, TRI_UNKNOWN);
    imp_result_free(result);
    imp_result_free(NULL);
}

static void what_is_too_much_is_counted_or_freed(void **state)
{
    (void)state;
    struct imp_result *result = imp_result_new();
    for (int i = 0; i < S2S_ROWS_MAX + 10; i++) {
        char cp_id[32];
        snprintf(cp_id, sizeof cp_id, "row-%d", i);
        imp_result_add_row(result, cp_id, NULL);
    }
    assert_int_equal(result->row_count, S2S_ROWS_MAX);
    assert_int_equal(result->rows_total, S2S_ROWS_MAX + 10);
    assert_string_equal(result->rows[S2S_ROWS_MAX - 1].cp_id, "row-255");
    for (int i = 0; i < XCP_NOTIFICATIONS_MAX + 10; i++) { /* of each source */
        for (int source = 0; source < XCP_SOURCE_DERIVED; source++) {
            struct xcp_notification notification;
            xcp_notification_init(&notification, (enum xcp_source)source, "Warning", "text", NULL, NULL, NULL);
            imp_result_add_notification(result, &notification);
            assert_null(notification.description);
        }
    }
    assert_int_equal(result->notification_count, 2 * XCP_NOTIFICATIONS_MAX);
    imp_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_contracts),
        cmocka_unit_test(severities_are_read_in_any_case),
        cmocka_unit_test(notifications_say_which_node_and_whether_it_must_be_restarted),
        cmocka_unit_test(a_name_that_is_too_long_is_nobodys),
        cmocka_unit_test(a_count_is_a_number_or_not_known),
        cmocka_unit_test(texts_are_cleaned_and_cut),
        cmocka_unit_test(a_new_result_has_observed_nothing),
        cmocka_unit_test(what_is_too_much_is_counted_or_freed),
    };
    return cmocka_run_group_tests_name("imp", tests, NULL, NULL);
}
