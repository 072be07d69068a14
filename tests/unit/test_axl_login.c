/* A conversation with AXL as a whole: sessions, logins, an operator's own query, the node's version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/soap_scene.h"

#define SESSION "JSESSIONIDSSO=1"
#define GOOD {.body = SCENE_ROWS(SCENE_ROW)}
#define UNAUTHORIZED {.status = 401, .body = "<html>"}

#define DAY_US (INT64_C(24) * 3600 * 1000000)

static int64_t now_us = 5;

int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void)
{
    return now_us;
}

static void test_session(void **state)
{
    (void)state;
    static const struct fake_answer first[] = {
        {.body = SCENE_ROWS(SCENE_ROW), .cookie = SESSION}, {.body = SCENE_VERSION}};
    static const struct fake_answer second[] = {GOOD};
    static const struct fake_answer idle[] = {{.status = 404}, {.body = SCENE_ROWS(""), .cookie = "JSESSIONIDSSO=2"}};
    static const struct fake_answer off[] = {{.status = 404}, {.status = 404}};
    struct soap_scene scene;
    soap_scene_init(&scene);
    soap_scene_axl(&scene, first, 2);
    assert_null(fake_fetch_request(0)->cookie);
    assert_string_equal(fake_fetch_request(1)->cookie, SESSION);
    assert_string_equal(scene.result->version, "12.5.1.11900-117");
    soap_scene_axl(&scene, second, 1);
    assert_string_equal(fake_fetch_request(0)->cookie, SESSION);
    assert_non_null(fake_fetch_request(0)->password); /* goes with every request */
    assert_string_equal(scene.result->version, "12.5.1.11900-117"); /* not asked again */
    soap_scene_axl(&scene, idle, 2);
    assert_string_equal(fake_fetch_request(0)->cookie, SESSION);
    assert_null(fake_fetch_request(1)->cookie);
    assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_OK);
    soap_scene_axl(&scene, off, 2);
    assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_AXL_NOT_FOUND);
    soap_scene_axl(&scene, off, 1); /* no cookie is left to drop */
    soap_scene_fini(&scene);
}

/* Until one was answered as to somebody who is logged in, no request may reach the server twice. */
static void test_requests_before_the_login_are_sent_once(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {.status = 599, .body = "12.x, 14.0 and 15.0"}, {.body = SCENE_ROWS("")}, {.body = SCENE_VERSION}};
    struct soap_scene scene;
    soap_scene_init(&scene);
    soap_scene_axl(&scene, answers, 3);
    assert_true(fake_fetch_request(0)->once);
    assert_true(fake_fetch_request(1)->once);
    assert_false(fake_fetch_request(2)->once);
    soap_scene_fini(&scene);
}

static void test_session_ends_with_the_credential(void **state)
{
    (void)state;
    static const struct fake_answer first[] = {{.body = SCENE_ROWS(""), .cookie = SESSION}, {.body = SCENE_VERSION}};
    static const struct fake_answer later[] = {{.body = SCENE_ROWS(""), .cookie = SESSION}};
    struct soap_scene scene;
    soap_scene_init(&scene);
    soap_scene_axl(&scene, first, 2);
    scene.password = "another";
    soap_scene_axl(&scene, later, 1);
    assert_null(fake_fetch_request(0)->cookie);
    soap_scene_axl(&scene, later, 1);
    assert_string_equal(fake_fetch_request(0)->cookie, SESSION);
    scene.username = "someone";
    soap_scene_axl(&scene, later, 1);
    assert_null(fake_fetch_request(0)->cookie);
    soap_scene_fini(&scene);
}

static void test_login_of_several(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answers[3];
        size_t count;
        enum login_outcome login;
        enum reason reason;
    } CASES[] = {
        {{GOOD, {.body = "x"}, {.body = SCENE_VERSION}}, 3, LOGIN_ACCEPTED, REASON_OK},
        {{GOOD, {.outcome = FETCH_TIMEOUT}, {.outcome = FETCH_CONNECT, .unsent = true}}, 3, LOGIN_ACCEPTED, REASON_OK},
        {{GOOD, UNAUTHORIZED}, 2, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED},
        {{GOOD, {.body = SCENE_ROWS("")}, UNAUTHORIZED}, 3, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED},
        {{UNAUTHORIZED}, 1, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED},
        {{{.status = 599, .body = "15.0"}, {.outcome = FETCH_TIMEOUT}}, 2, LOGIN_UNCLEAR, REASON_AXL_TIMEOUT},
        {{{.status = 599, .body = "15.0"}, UNAUTHORIZED}, 2, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        scene.node.query = "select 1";
        soap_scene_axl(&scene, CASES[i].answers, CASES[i].count);
        assert_int_equal(scene.login, CASES[i].login);
        assert_int_equal(scene.result->check[IMP_AXL].reason, CASES[i].reason);
        soap_scene_fini(&scene);
    }
}

static void test_login_only(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answer;
        enum login_outcome login;
        enum reason reason;
    } CASES[] = {
        {{.body = SCENE_VERSION, .cookie = SESSION}, LOGIN_ACCEPTED, REASON_OK},
        {{.status = 500, .body = SCENE_FAULT("-1", "no such operation")}, LOGIN_ACCEPTED, REASON_OK},
        {{.status = 403}, LOGIN_ACCEPTED, REASON_AXL_FORBIDDEN},
        {UNAUTHORIZED, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED},
        {{.status = 404}, LOGIN_NO_VERDICT, REASON_AXL_NOT_FOUND},
        {{.status = 599}, LOGIN_NO_VERDICT, REASON_AXL_VERSION_UNSUPPORTED},
        {{.body = "<html>"}, LOGIN_NO_VERDICT, REASON_AXL_BAD_RESPONSE},
        {{.outcome = FETCH_TIMEOUT}, LOGIN_UNCLEAR, REASON_AXL_TIMEOUT},
        {{.outcome = FETCH_DNS, .unsent = true}, LOGIN_NOT_SENT, REASON_AXL_DNS},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        const struct fake_answer first[] = {{.body = SCENE_ROWS(""), .cookie = SESSION}, {.body = SCENE_VERSION}};
        soap_scene_axl(&scene, first, 2);
        scene.login_only = true;
        scene.node.query = "select 1";
        soap_scene_axl(&scene, &CASES[i].answer, 1);
        assert_null(fake_fetch_request(0)->cookie);
        assert_non_null(strstr(fake_fetch_request(0)->action, "getCCMVersion"));
        assert_int_equal(scene.login, CASES[i].login);
        assert_int_equal(scene.result->check[IMP_AXL].reason, CASES[i].reason);
        assert_int_equal(scene.result->check[IMP_S2SNODE].reason, REASON_NOT_RUN);
        assert_false(scene.result->reading[XCP_SOURCE_QUERY].configured);
        soap_scene_fini(&scene);
    }
}

static void test_query(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answer;
        const char *fault; /* part of it; NULL: it was read */
        size_t count;
        const char *first; /* severity|description|origin|created|count of the first */
    } CASES[] = {
        {{.body = SCENE_ROWS("")}, NULL, 0, NULL},
        {{.body = SCENE_ROWS("<row><severity>Warning</severity><count>5</count><description>restart</description>"
                             "<origin>XCP</origin><created>Jan 5</created></row>"
                             "<row><description>b</description></row>")},
         NULL, 2, "Warning|restart|XCP|Jan 5|5"},
        {{.body = SCENE_ROWS("<row><MSG>m</MSG><Source>s</Source><TIMESTAMP>t</TIMESTAMP></row>")}, NULL, 1,
         "|m|s|t|-1"},
        {{.body = SCENE_ROWS("<row><text>t</text><message>m</message><date>d</date><time>e</time></row>")}, NULL, 1,
         "|m||d|-1"},
        {{.body = SCENE_ROWS("<row><description xsi:nil='true'/><severity/></row>")}, NULL, 1, "||||-1"},
        {{.body = SCENE_ROWS("<row><severity>x</severity><what>y</what></row>")}, "description", 0, NULL},
        {{.body = SCENE_ROWS("<row><severity>x</severity><what>y</what></row>")}, "severity, what", 0, NULL},
        {{.status = 500, .body = SCENE_FAULT("-201", "A syntax error")}, "fault -201: A syntax error", 0, NULL},
        {{.outcome = FETCH_TIMEOUT, .detail = "slow"}, "axl_timeout: slow", 0, NULL},
        {{.status = 599, .body = "14.0"}, "axl_version_unsupported: HTTP 599: 14.0", 0, NULL},
        {{.body = "<Envelope><Body><executeSQLQueryResponse><return><row><description>x</description></row>"},
         "axl_bad_response: it ends too soon", 0, NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        scene.node.query = "select a\nfrom b where c < 'd' & e > \x01\r";
        const struct fake_answer answers[] = {GOOD, CASES[i].answer, {.body = SCENE_VERSION}};
        soap_scene_axl(&scene, answers, 3);
        const struct imp_result *result = scene.result;
        const struct xcp_reading *reading = &result->reading[XCP_SOURCE_QUERY];
        assert_non_null(strstr(fake_fetch_request(1)->body,
                               "<sql>select a\nfrom b where c &lt; 'd' &amp; e &gt; \xef\xbf\xbd&#13;</sql>"));
        assert_int_equal(result->check[IMP_AXL].reason, REASON_OK);
        assert_int_equal(result->row_count, 1);
        assert_true(reading->configured);
        assert_int_equal(reading->read, CASES[i].fault == NULL);
        if (CASES[i].fault != NULL && strstr(reading->fault, CASES[i].fault) == NULL)
            fail_msg("%s, not %s", reading->fault, CASES[i].fault);
        assert_int_equal(result->notification_count, CASES[i].count);
        if (CASES[i].count > 0) {
            const struct xcp_notification *first = &result->notifications[0];
            char *text = mem_printf("%s|%s|%s|%s|%lld", first->severity != NULL ? first->severity : "",
                                    first->description, first->origin != NULL ? first->origin : "",
                                    first->created != NULL ? first->created : "", (long long)first->count);
            assert_string_equal(text, CASES[i].first);
            assert_int_equal(first->source, XCP_SOURCE_QUERY);
            free(text);
        }
        soap_scene_fini(&scene);
    }
}

static void test_node_version(void **state)
{
    (void)state;
    static const struct fake_answer ANSWERS[] = {
        {.body = SCENE_ENVELOPE("<getCCMVersionResponse><return/></getCCMVersionResponse>")},
        {.status = 500, .body = SCENE_FAULT("-1", "not here")},
        {.status = 404},
        {.outcome = FETCH_BROKEN},
        {.body = SCENE_ROWS("<row><version>1</version></row>")},
    };
    for (size_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        const struct fake_answer answers[] = {GOOD, ANSWERS[i]};
        soap_scene_axl(&scene, answers, 2);
        assert_null(scene.result->version);
        assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_OK);
        assert_int_equal(scene.login, LOGIN_ACCEPTED);
        soap_scene_axl(&scene, answers, 1); /* not asked again */
        soap_scene_fini(&scene);
    }
}

static void test_node_version_is_asked_once_a_day(void **state)
{
    (void)state;
    static const struct fake_answer first[] = {GOOD, {.body = SCENE_VERSION}}, same[] = {GOOD};
    static const struct fake_answer gone[] = {GOOD, {.status = 500}};
    struct soap_scene scene;
    soap_scene_init(&scene);
    soap_scene_axl(&scene, first, 2);
    now_us += DAY_US - 1;
    soap_scene_axl(&scene, same, 1);
    assert_string_equal(scene.result->version, "12.5.1.11900-117");
    now_us++;
    soap_scene_axl(&scene, gone, 2);
    assert_null(scene.result->version);
    soap_scene_axl(&scene, same, 1);
    assert_null(scene.result->version);
    soap_scene_fini(&scene);
}

static void never(void *arg, const struct axl_outcome *outcome)
{
    (void)arg;
    (void)outcome;
    fail();
}

static void test_cancel(void **state)
{
    (void)state;
    struct soap_scene scene;
    soap_scene_init(&scene);
    scene.result = imp_result_new();
    struct axl_options options = {.config = &scene.config, .node = &scene.node, .username = scene.username,
                                  .password = scene.password, .session = scene.session};
    fake_fetch_script(NULL, 0);
    axl_cancel(axl_start(&options, scene.result, never, NULL));
    options.login_only = true;
    axl_cancel(axl_start(&options, scene.result, never, NULL));
    assert_int_equal(fake_fetch_count(), 2);
    assert_int_equal(fake_fetch_under_way(), 0);
    fake_fetch_run();
    axl_cancel(NULL);
    soap_scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session), cmocka_unit_test(test_session_ends_with_the_credential),
        cmocka_unit_test(test_requests_before_the_login_are_sent_once), cmocka_unit_test(test_login_of_several),
        cmocka_unit_test(test_login_only), cmocka_unit_test(test_query),
        cmocka_unit_test(test_node_version), cmocka_unit_test(test_node_version_is_asked_once_a_day),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
