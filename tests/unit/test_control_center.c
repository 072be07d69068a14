/* What the Control Center answers about the XCP Router, and what the node's result says of it. */
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

#define REPLY(CODE, ITEMS) \
    SCENE_ENVELOPE("<n:soapGetServiceStatusResponse xmlns:n='http://schemas.cisco.com/ast/soap'>" \
                   "<n:soapGetServiceStatusReturn><n:ReturnCode>" CODE "</n:ReturnCode>" \
                   "<n:ReasonCode>-1</n:ReasonCode><n:ReasonString>because</n:ReasonString>" \
                   "<n:ServiceInfoList>" ITEMS "</n:ServiceInfoList>" \
                   "</n:soapGetServiceStatusReturn></n:soapGetServiceStatusResponse>")
#define ITEM(NAME, STATUS, REASON, START, UP) \
    "<n:item><n:ServiceName>" NAME "</n:ServiceName><n:ServiceStatus>" STATUS "</n:ServiceStatus>" \
    "<n:ReasonCode>-1</n:ReasonCode><n:ReasonCodeString>" REASON "</n:ReasonCodeString>" \
    "<n:StartTime>" START "</n:StartTime><n:UpTime>" UP "</n:UpTime></n:item>"
#define ROUTER(STATUS, REASON, START, UP) REPLY("0", ITEM("Cisco XCP Router", STATUS, REASON, START, UP))

static const struct reply {
    struct fake_answer answer;
    enum reason reason;
    const char *detail; /* part of it; NULL: there is none */
    enum tri started;
    const char *status; /* NULL: not known */
    int64_t up_s;       /* -1: the start is not known */
    enum login_outcome login;
} REPLIES[] = {
    {{.body = ROUTER("Started", " ", "Mon Nov 23 10:00:00 2026", "3600")}, REASON_OK,
     "started Mon Nov 23 10:00:00 2026", TRI_YES, "Started", 3600, LOGIN_ACCEPTED},
    {{.body = ROUTER("started", "", "", "0")}, REASON_OK, NULL, TRI_YES, "started", 0, LOGIN_ACCEPTED},
    {{.body = ROUTER("Started", "", "", "-1")}, REASON_OK, NULL, TRI_YES, "Started", -1, LOGIN_ACCEPTED},
    {{.body = ROUTER("Started", "", "", "an hour")}, REASON_OK, NULL, TRI_YES, "Started", -1, LOGIN_ACCEPTED},
    {{.body = ROUTER("Started", "", "", "99999999999999999999")}, REASON_OK, NULL, TRI_YES, "Started", -1,
     LOGIN_ACCEPTED},
    {{.body = REPLY("0", ITEM("A Cisco DB", "Stopped", "", "", "-1") ITEM("CISCO xcp ROUTER", "Started", "", "", "5"))},
     REASON_OK, NULL, TRI_YES, "Started", 5, LOGIN_ACCEPTED},
    {{.body = ROUTER("Stopped", "Commanded out of service", "", "-1")}, REASON_XCP_ROUTER_STOPPED,
     "Stopped: Commanded out of service", TRI_NO, "Stopped", -1, LOGIN_ACCEPTED},
    {{.body = ROUTER("Starting", "", "", "7")}, REASON_XCP_ROUTER_STOPPED, "Starting", TRI_NO, "Starting", -1,
     LOGIN_ACCEPTED},
    {{.body = ROUTER("Stopping", "", "", "-1")}, REASON_XCP_ROUTER_STOPPED, "Stopping", TRI_NO, "Stopping", -1,
     LOGIN_ACCEPTED},
    {{.body = ROUTER("Unknown", "x", "", "-1")}, REASON_XCP_SOURCE_FAILED, "Unknown: x", TRI_UNKNOWN, "Unknown", -1,
     LOGIN_ACCEPTED},
    {{.body = ROUTER("Frozen", "", "", "9")}, REASON_XCP_SOURCE_FAILED, "Frozen", TRI_UNKNOWN, "Frozen", -1,
     LOGIN_ACCEPTED},
    {{.body = ROUTER("", "", "", "9")}, REASON_XCP_SOURCE_FAILED, "ServiceStatus", TRI_UNKNOWN, NULL, -1,
     LOGIN_ACCEPTED},
    {{.body = REPLY("0", "")}, REASON_XCP_SOURCE_FAILED, "not in the list", TRI_UNKNOWN, NULL, -1, LOGIN_ACCEPTED},
    {{.body = REPLY("0", ITEM("Cisco XCP Router 2", "Started", "", "", "1"))}, REASON_XCP_SOURCE_FAILED,
     "not in the list", TRI_UNKNOWN, NULL, -1, LOGIN_ACCEPTED},
    {{.body = REPLY("5", ITEM("Cisco XCP Router", "Started", "", "", "1"))}, REASON_XCP_SOURCE_FAILED,
     "ReturnCode 5: because", TRI_UNKNOWN, NULL, -1, LOGIN_ACCEPTED},
    {{.status = 500, .body = SCENE_FAULT("1", "no rights")}, REASON_XCP_SOURCE_FAILED,
     "fault soapenv:Server: no rights", TRI_UNKNOWN, NULL, -1, LOGIN_ACCEPTED},
    {{.body = SCENE_FAULT("1", "no rights")}, REASON_XCP_SOURCE_FAILED, "fault", TRI_UNKNOWN, NULL, -1, LOGIN_ACCEPTED},
    {{.body = "<html>x"}, REASON_XCP_SOURCE_FAILED, "cannot be read: an HTML page", TRI_UNKNOWN, NULL, -1,
     LOGIN_NO_VERDICT},
    {{.status = 401}, REASON_XCP_SOURCE_FAILED, "401: the account was rejected", TRI_UNKNOWN, NULL, -1, LOGIN_REJECTED},
    {{.status = 403}, REASON_XCP_SOURCE_FAILED, "403: the account may not ask", TRI_UNKNOWN, NULL, -1, LOGIN_ACCEPTED},
    {{.status = 404}, REASON_XCP_SOURCE_FAILED, "404: ", TRI_UNKNOWN, NULL, -1, LOGIN_NO_VERDICT},
    {{.status = 302, .location = "https://x/"}, REASON_XCP_SOURCE_FAILED, "302: redirected to https://x/", TRI_UNKNOWN,
     NULL, -1, LOGIN_NO_VERDICT},
    {{.status = 502, .body = "x"}, REASON_XCP_SOURCE_FAILED, "HTTP 502", TRI_UNKNOWN, NULL, -1, LOGIN_NO_VERDICT},
    {{.outcome = FETCH_TLS, .detail = "expired", .unsent = true}, REASON_XCP_SOURCE_FAILED, "TLS failed: expired",
     TRI_UNKNOWN, NULL, -1, LOGIN_NOT_SENT},
    {{.outcome = FETCH_TIMEOUT}, REASON_XCP_SOURCE_FAILED, "no answer in time", TRI_UNKNOWN, NULL, -1, LOGIN_UNCLEAR},
};

static void test_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REPLIES / sizeof *REPLIES; i++) {
        const struct reply *each = &REPLIES[i];
        struct soap_scene scene;
        soap_scene_init(&scene);
        int64_t before_ms = clock_wall_ms();
        soap_scene_control_center(&scene, &each->answer);
        int64_t after_ms = clock_wall_ms();
        const struct imp_result *result = scene.result;
        const struct check_result *check = &result->check[IMP_XCP_ROUTER];
        if (check->reason != each->reason || (check->detail == NULL) != (each->detail == NULL) ||
            (each->detail != NULL && strstr(check->detail, each->detail) == NULL))
            fail_msg("%zu: %s, %s", i, reason_info(check->reason)->code, check->detail);
        assert_int_equal(scene.login, each->login);
        assert_int_equal(result->router_started, each->started);
        assert_int_equal(result->router_status == NULL, each->status == NULL);
        if (each->status != NULL)
            assert_string_equal(result->router_status, each->status);
        if (each->up_s < 0)
            assert_true(result->router_start_ms == TIME_ABSENT);
        else
            assert_true(result->router_start_ms >= before_ms - each->up_s * 1000 &&
                        result->router_start_ms <= after_ms - each->up_s * 1000);
        assert_true(check->duration_us >= 0);
        soap_scene_fini(&scene);
    }
}

static void test_request(void **state)
{
    (void)state;
    struct soap_scene scene;
    soap_scene_init(&scene);
    size_t secrets = soap_scene_secrets();
    soap_scene_control_center(&scene, &(struct fake_answer){.status = 503});
    const struct fake_request *request = fake_fetch_request(0);
    assert_string_equal(request->url, scene.node.control_center.url);
    assert_string_equal(request->action, "\"soapGetServiceStatus\"");
    assert_non_null(strstr(request->body, "<ast:soapGetServiceStatus xmlns:ast=\"http://schemas.cisco.com/ast/soap\">"
                                          "<ast:ServiceStatus>Cisco XCP Router</ast:ServiceStatus>"));
    assert_string_equal(request->password, scene.password);
    assert_null(request->cookie);
    assert_int_equal(soap_scene_secrets() - secrets, 2);
    soap_scene_fini(&scene);
}

static void never(void *arg, enum login_outcome login)
{
    (void)arg;
    (void)login;
    fail();
}

static void test_cancel(void **state)
{
    (void)state;
    struct soap_scene scene;
    soap_scene_init(&scene);
    scene.result = imp_result_new();
    fake_fetch_script(NULL, 0);
    const struct control_center_options options = {
        .config = &scene.config, .node = &scene.node, .username = "u", .password = "p"};
    assert_int_equal(control_center_cancel(control_center_start(&options, scene.result, never, NULL)), LOGIN_NOT_SENT);
    fake_fetch_reach(true);
    assert_int_equal(control_center_cancel(control_center_start(&options, scene.result, never, NULL)), LOGIN_UNCLEAR);
    fake_fetch_reach(false);
    fake_fetch_run();
    soap_scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
