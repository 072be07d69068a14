/* What AXL answers, and what the node's result says of it: every failure has its reason, rows are taken by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/soap_scene.h"

#define NO_TABLE "The specified table (xmpps2snode) is not in the database."
#define NO_TABLES "The specified table (xmpps2snodes) is not in the database."
#define HTML(TEXT) "<!DOCTYPE html><html><head><style>b{a:1}</style></head><body><h1>" TEXT "</h1></body></html>"

/* One answer to the first request, with which the conversation ends. */
static const struct failure {
    const char *name;
    struct fake_answer answer;
    enum reason reason;
    const char *detail; /* part of it; NULL: there is none */
    enum login_outcome login;
} FAILURES[] = {
    {"dns", {.outcome = FETCH_DNS, .detail = "no address", .unsent = true}, REASON_AXL_DNS, "no address",
     LOGIN_NOT_SENT},
    {"denied", {.outcome = FETCH_DENIED, .detail = "deny_networks", .unsent = true}, REASON_AXL_CONNECT,
     "deny_networks", LOGIN_NOT_SENT},
    {"connect", {.outcome = FETCH_CONNECT, .unsent = true}, REASON_AXL_CONNECT, NULL, LOGIN_NOT_SENT},
    {"timeout, not sent", {.outcome = FETCH_TIMEOUT, .unsent = true}, REASON_AXL_TIMEOUT, NULL, LOGIN_NOT_SENT},
    {"timeout, sent", {.outcome = FETCH_TIMEOUT, .detail = "slow"}, REASON_AXL_TIMEOUT, "slow", LOGIN_UNCLEAR},
    {"timeout in a good reply", {.outcome = FETCH_TIMEOUT, .status = 200, .body = "<Envelope><Body>"},
     REASON_AXL_TIMEOUT, NULL, LOGIN_ACCEPTED},
    {"tls", {.outcome = FETCH_TLS, .detail = "self-signed", .unsent = true}, REASON_AXL_TLS, "self-signed",
     LOGIN_NOT_SENT},
    {"broken", {.outcome = FETCH_BROKEN, .detail = "cut off"}, REASON_AXL_BAD_RESPONSE, "cut off", LOGIN_UNCLEAR},
    {"too large", {.outcome = FETCH_TOO_LARGE, .status = 200}, REASON_AXL_TOO_LARGE, NULL, LOGIN_NO_VERDICT},
    {"local", {.outcome = FETCH_LOCAL, .unsent = true}, REASON_LOCAL_ERROR, NULL, LOGIN_NOT_SENT},

    {"401", {.status = 401, .body = HTML("Cisco VTG Realm")}, REASON_AXL_UNAUTHORIZED, "HTTP 401", LOGIN_REJECTED},
    {"401 that breaks off", {.outcome = FETCH_BROKEN, .status = 401}, REASON_AXL_UNAUTHORIZED, "HTTP 401",
     LOGIN_REJECTED},
    {"401 with a fault", {.status = 401, .body = SCENE_FAULT("1", "no")}, REASON_AXL_UNAUTHORIZED, "HTTP 401: 1: no",
     LOGIN_REJECTED},
    {"403", {.status = 403, .body = HTML("Access  is\ndenied")}, REASON_AXL_FORBIDDEN, "HTTP 403: Access is denied",
     LOGIN_ACCEPTED},
    {"404", {.status = 404}, REASON_AXL_NOT_FOUND, "HTTP 404", LOGIN_NO_VERDICT},
    {"302", {.status = 302, .location = "https://other/\n"}, REASON_AXL_REDIRECT, "HTTP 302, to https://other/",
     LOGIN_NO_VERDICT},
    {"307 without a place", {.status = 307}, REASON_AXL_REDIRECT, "HTTP 307", LOGIN_NO_VERDICT},
    {"503", {.status = 503, .body = HTML("busy")}, REASON_AXL_THROTTLED, "HTTP 503: busy", LOGIN_NO_VERDICT},
    {"500", {.status = 500, .body = HTML("oops")}, REASON_AXL_HTTP_ERROR, "HTTP 500: oops", LOGIN_NO_VERDICT},
    {"400", {.status = 400}, REASON_AXL_HTTP_ERROR, "HTTP 400", LOGIN_NO_VERDICT},
    {"500 with rows", {.status = 500, .body = SCENE_ROWS(SCENE_ROW)}, REASON_AXL_HTTP_ERROR, "HTTP 500",
     LOGIN_NO_VERDICT},

    {"fault", {.status = 500, .body = SCENE_FAULT("-217", "Column (x) not found")}, REASON_AXL_SOAP_FAULT,
     "-217: Column (x) not found", LOGIN_ACCEPTED},
    {"fault with 200", {.body = SCENE_FAULT("-201", "A syntax error")}, REASON_AXL_SOAP_FAULT, "-201: A syntax error",
     LOGIN_ACCEPTED},
    {"fault with 400", {.status = 400, .body = SCENE_FAULT("5", "x")}, REASON_AXL_SOAP_FAULT, "5: x", LOGIN_NO_VERDICT},
    {"fault with nothing in it", {.status = 500, .body = SCENE_ENVELOPE("<soapenv:Fault/>")}, REASON_AXL_SOAP_FAULT,
     NULL, LOGIN_ACCEPTED},
    {"query too large", {.status = 500, .body = SCENE_FAULT("-1", "Query request too large. Total rows matched: 1")},
     REASON_AXL_TOO_LARGE, "Query request too large", LOGIN_ACCEPTED},
    {"memory", {.status = 500, .body = SCENE_FAULT("-1", "Maximum AXL Memory Allocation Consumed. Retry")},
     REASON_AXL_THROTTLED, "Maximum AXL Memory", LOGIN_ACCEPTED},

    {"a web page", {.body = HTML("Welcome")}, REASON_AXL_BAD_RESPONSE, "an HTML page: Welcome", LOGIN_NO_VERDICT},
    {"nothing", {.body = NULL}, REASON_AXL_BAD_RESPONSE, "nothing", LOGIN_NO_VERDICT},
    {"truncated", {.body = "<Envelope><Body><executeSQLQueryResponse><return>" SCENE_ROW "</return>"},
     REASON_AXL_BAD_RESPONSE, "ends too soon", LOGIN_ACCEPTED},
    {"another payload", {.body = SCENE_VERSION}, REASON_AXL_BAD_RESPONSE, "getCCMVersionResponse", LOGIN_ACCEPTED},
    {"renamed column", {.body = SCENE_ROWS("<row><pkid>1</pkid><cpid>x</cpid></row><row><z/></row>")},
     REASON_AXL_BAD_RESPONSE, "rows without a cp_id; their columns: pkid, cpid", LOGIN_ACCEPTED},
    {"nil cp_id", {.body = SCENE_ROWS("<row><cp_id xsi:nil='true'/></row>")}, REASON_AXL_BAD_RESPONSE, "cp_id",
     LOGIN_ACCEPTED},
    {"empty row", {.body = SCENE_ROWS("<row/>")}, REASON_AXL_BAD_RESPONSE, "columns: none", LOGIN_ACCEPTED},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FAILURES / sizeof *FAILURES; i++) {
        const struct failure *each = &FAILURES[i];
        struct soap_scene scene;
        soap_scene_init(&scene);
        scene.node.query = "select * from x";
        soap_scene_axl(&scene, &each->answer, 1);
        const struct check_result *check = &scene.result->check[IMP_AXL];
        if (check->reason != each->reason || scene.login != each->login ||
            (check->detail == NULL) != (each->detail == NULL))
            fail_msg("%s: %s, login %d: %s", each->name, reason_info(check->reason)->code, scene.login, check->detail);
        if (each->detail != NULL && strstr(check->detail, each->detail) == NULL)
            fail_msg("%s: %s", each->name, check->detail);
        assert_true(check->duration_us >= 0);
        assert_int_equal(scene.result->check[IMP_S2SNODE].reason, REASON_NOT_REACHED);
        assert_false(scene.result->rows_read);
        assert_int_equal(scene.result->row_count, 0);
        assert_true(scene.result->reading[XCP_SOURCE_QUERY].configured);
        assert_false(scene.result->reading[XCP_SOURCE_QUERY].read);
        assert_non_null(strstr(scene.result->reading[XCP_SOURCE_QUERY].fault, reason_info(each->reason)->code));
        assert_int_equal(scene.result->http_status, each->answer.outcome == FETCH_ANSWERED && each->answer.status == 0 ?
                                                        200 : each->answer.status);
        soap_scene_fini(&scene);
    }
}

static void test_request(void **state)
{
    (void)state;
    struct soap_scene scene;
    soap_scene_init(&scene);
    const struct fake_answer answers[] = {{.body = SCENE_ROWS(SCENE_ROW)}, {.body = SCENE_VERSION}};
    size_t secrets = soap_scene_secrets();
    soap_scene_axl(&scene, answers, 2);
    const struct fake_request *request = fake_fetch_request(0);
    assert_string_equal(request->url, "https://cups.example.net:8443/axl/");
    assert_string_equal(request->action, "\"CUCM:DB ver=12.5 executeSQLQuery\"");
    assert_string_equal(request->content_type, "text/xml; charset=utf-8");
    assert_string_equal(request->body,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv="
                        "\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><ns:executeSQLQuery "
                        "xmlns:ns=\"http://www.cisco.com/AXL/API/12.5\" sequence=\"1\"><sql>select * from xmpps2snode"
                        "</sql></ns:executeSQLQuery></soapenv:Body></soapenv:Envelope>");
    assert_string_equal(request->username, "fedhealth");
    assert_string_equal(request->password, "s3cret&<\xc3\xbc>");
    assert_int_equal(request->cap, 8 << 20);
    assert_int_equal(request->timeout_ms, 10000);
    assert_string_equal(fake_fetch_request(1)->action, "\"CUCM:DB ver=12.5 getCCMVersion\"");
    assert_non_null(strstr(fake_fetch_request(1)->body,
                           "<ns:getCCMVersion xmlns:ns=\"http://www.cisco.com/AXL/API/12.5\"></ns:getCCMVersion>"));
    assert_int_equal(soap_scene_secrets() - secrets, 2);
    soap_scene_fini(&scene);
}

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *rows;
        size_t count;
        const char *cp_id, *pkid; /* of the first */
    } ROWS[] = {
        {"", 0, NULL, NULL},
        {SCENE_ROW, 1, "cm-2_s2scp-1.eft-xwye-a-coluc-com", "0a1b"},
        {"<row><PKID>1</PKID><CP_ID> a </CP_ID></row><row><cp_id>b</cp_id></row>", 2, "a", "1"},
        {"<row><cp_id>a</cp_id><cp_id>b</cp_id><other/></row>", 1, "a", NULL},
        {"<row><cp_id xsi:nil='1'/><Cp_Id>b</Cp_Id><pkid xsi:nil='1'/></row><row><x/></row>", 1, "b", NULL},
        {"<row><cp_id><![CDATA[a<b]]></cp_id><pkid/></row>", 1, "a<b", ""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        char *body = mem_printf(SCENE_ROWS("%s"), ROWS[i].rows);
        const struct fake_answer answers[] = {{.body = body}, {.status = 500}};
        soap_scene_axl(&scene, answers, 2);
        struct imp_result *result = scene.result;
        assert_int_equal(result->check[IMP_AXL].reason, REASON_OK);
        assert_int_equal(result->check[IMP_S2SNODE].reason, REASON_NOT_RUN);
        assert_true(result->rows_read && result->rows_read_ms != TIME_ABSENT);
        assert_int_equal(result->rows_total, ROWS[i].count);
        if (ROWS[i].count > 0) {
            assert_string_equal(result->rows[0].cp_id, ROWS[i].cp_id);
            assert_int_equal(result->rows[0].pkid == NULL, ROWS[i].pkid == NULL);
            if (ROWS[i].pkid != NULL)
                assert_string_equal(result->rows[0].pkid, ROWS[i].pkid);
        }
        assert_null(result->version);
        assert_string_equal(result->axl_version, "12.5");
        free(body);
        soap_scene_fini(&scene);
    }
}

static void test_tables(void **state)
{
    (void)state;
    static const struct fake_answer GONE = {.status = 500, .body = SCENE_FAULT("-206", NO_TABLE)};
    static const struct fake_answer BY_WORDS = {.body = SCENE_FAULT("", NO_TABLE)};
    static const struct fake_answer OTHER_BY_WORDS = {.body = SCENE_FAULT("", NO_TABLES)};
    static const struct fake_answer FAULT = {.status = 500, .body = SCENE_FAULT("-272", "No SELECT permission")};
    static const struct fake_answer GOOD = {.body = SCENE_ROWS(SCENE_ROW)}, VERSION_FAULT = {.status = 500};
    const struct {
        enum axl_table table;
        struct fake_answer answers[3];
        size_t count;
        enum reason axl, s2snode;
    } CASES[] = {
        {AXL_TABLE_AUTO, {GOOD, VERSION_FAULT}, 2, REASON_OK, REASON_NOT_RUN},
        {AXL_TABLE_AUTO, {GONE, GOOD, VERSION_FAULT}, 3, REASON_OK, REASON_NOT_RUN},
        {AXL_TABLE_AUTO, {BY_WORDS, GOOD, VERSION_FAULT}, 3, REASON_OK, REASON_NOT_RUN},
        {AXL_TABLE_AUTO, {GONE, OTHER_BY_WORDS, VERSION_FAULT}, 3, REASON_OK, REASON_S2SNODE_NO_TABLE},
        {AXL_TABLE_AUTO, {OTHER_BY_WORDS, GOOD, VERSION_FAULT}, 3, REASON_OK, REASON_NOT_RUN}, /* contains the name */
        {AXL_TABLE_AUTO, {GONE, FAULT}, 2, REASON_AXL_SOAP_FAULT, REASON_NOT_REACHED},
        {AXL_TABLE_AUTO, {FAULT}, 1, REASON_AXL_SOAP_FAULT, REASON_NOT_REACHED},
        {AXL_TABLE_XMPPS2SNODE, {GONE, VERSION_FAULT}, 2, REASON_OK, REASON_S2SNODE_NO_TABLE},
        {AXL_TABLE_XMPPS2SNODES, {BY_WORDS}, 1, REASON_AXL_SOAP_FAULT, REASON_NOT_REACHED}, /* another table */
        {AXL_TABLE_XMPPS2SNODES, {OTHER_BY_WORDS, VERSION_FAULT}, 2, REASON_OK, REASON_S2SNODE_NO_TABLE},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        scene.node.axl_table = CASES[i].table;
        soap_scene_axl(&scene, CASES[i].answers, CASES[i].count);
        assert_int_equal(scene.result->check[IMP_AXL].reason, CASES[i].axl);
        assert_int_equal(scene.result->check[IMP_S2SNODE].reason, CASES[i].s2snode);
        assert_int_equal(strstr(fake_fetch_request(0)->body, "xmpps2snodes<") != NULL,
                         CASES[i].table == AXL_TABLE_XMPPS2SNODES);
        soap_scene_fini(&scene);
    }
}

static void test_table_is_remembered(void **state)
{
    (void)state;
    struct soap_scene scene;
    soap_scene_init(&scene);
    const struct fake_answer first[] = {
        {.status = 500, .body = SCENE_FAULT("-206", NO_TABLE)}, {.body = SCENE_ROWS("")}, {.status = 500}};
    const struct fake_answer later[] = {{.body = SCENE_ROWS(SCENE_ROW)}};
    const struct fake_answer back[] = {
        {.status = 500, .body = SCENE_FAULT("-206", NO_TABLES)}, {.body = SCENE_ROWS(SCENE_ROW)}};
    soap_scene_axl(&scene, first, 3);
    soap_scene_axl(&scene, later, 1);
    assert_non_null(strstr(fake_fetch_request(0)->body, "select * from xmpps2snodes<"));
    soap_scene_axl(&scene, back, 2);
    assert_non_null(strstr(fake_fetch_request(1)->body, "select * from xmpps2snode<"));
    soap_scene_axl(&scene, later, 1);
    assert_non_null(strstr(fake_fetch_request(0)->body, "select * from xmpps2snode<"));
    soap_scene_fini(&scene);
}

static void test_many_rows(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, 1 << 24);
    buf_puts(&body, "<Envelope><Body><executeSQLQueryResponse><return>");
    for (int i = 0; i < 100000; i++)
        buf_printf(&body, "<row><cp_id>cm-%d</cp_id></row>", i);
    buf_puts(&body, "</return></executeSQLQueryResponse></Body></Envelope>");
    struct soap_scene scene;
    soap_scene_init(&scene);
    const struct fake_answer answers[] = {{.body = body.data}, {.status = 500}};
    soap_scene_axl(&scene, answers, 2);
    assert_int_equal(scene.result->rows_total, 100000);
    assert_int_equal(scene.result->row_count, S2S_ROWS_MAX);
    assert_string_equal(scene.result->rows[S2S_ROWS_MAX - 1].cp_id, "cm-255");
    soap_scene_fini(&scene);
    buf_fini(&body);
}

static void test_over_the_cap(void **state)
{
    (void)state;
    size_t size = 9 << 20;
    char *body = mem_alloc(size + 1);
    memset(body, ' ', size);
    memcpy(body, "<Envelope><Body>", 16);
    struct soap_scene scene;
    soap_scene_init(&scene);
    soap_scene_axl(&scene, &(struct fake_answer){.body = body}, 1);
    assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_AXL_TOO_LARGE);
    soap_scene_fini(&scene);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures),  cmocka_unit_test(test_request),
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_tables),
        cmocka_unit_test(test_table_is_remembered),
        cmocka_unit_test(test_many_rows), cmocka_unit_test(test_over_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
