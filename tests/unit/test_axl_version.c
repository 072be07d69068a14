/* Schema versions: what a page that refuses one names, which is picked, and that it is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cisco/axl_verdict.h"
#include "tests/unit/soap_scene.h"

static void test_pick(void **state)
{
    (void)state;
    static const struct {
        const char *text, *configured, *refused, *picked; /* picked NULL: none */
    } CASES[] = {
        {"12.x, 14.0 and 15.0", "12.5", "11.5", "12.5"},
        {"12.x, 14.0 and 15.0", "12.5", "12.5", "12.0"},
        {"12.x, 14.0 and 15.0", "12.0", "12.0", "15.0"},
        {"12.x, 14.0 and 15.0", "11.0", "11.0", "15.0"},
        {"12.x, 14.0 and 15.0", "14.5", "14.5", "14.0"},
        {"15.0 and 14.0, 12.X.", "99.0", "99.0", "15.0"},
        {"[9.1, 10.0, 10.5, 11.0, 11.5]", "12.5", "12.5", "11.5"},
        {"[9.1,10.0,10.5]", "10.5", "10.5", "10.0"},
        {"version 12.5 is not supported", "12.5", "12.5", NULL},
        {"supports v14.0", "12.5", "12.5", "14.0"},
        {"http://www.cisco.com/AXL/API/14.0", "12.5", "12.5", "14.0"},
        {"HTTP/1.1 599, Apache Tomcat/9.0.37, HTML 4.01, 1.2em, 13.0px, a12.0, 7.1.2, 10-12.0, 25.11.2026", "12.5",
         "12.5", NULL},
        {"123.0 12.345 12. .5 12.5b 12 x.x", "12.5", "12.5", NULL},
        {"14.0.", "12.5", "12.5", "14.0"},
        {"(14.0)", "12", "12", "14.0"},
        {"", "12.5", "12.5", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char version[AXL_VERSION_SIZE] = "";
        bool any = axl_version_pick(version, CASES[i].text, CASES[i].configured, CASES[i].refused);
        if (any != (CASES[i].picked != NULL) || strcmp(version, any ? CASES[i].picked : "") != 0)
            fail_msg("\"%s\": %s", CASES[i].text, version);
    }
}

#define PAGE \
    "<html><head><title>HTTP Status 599 - Apache Tomcat/9.0.37</title><style>h1{width:14.5}</style></head><body><p>" \
    "The AXL version is <b>not</b> supported. Supported: 12.x, 14.0 and 15.0<script>var v=20.0</script></p></body>"
#define GOOD {.body = SCENE_ROWS(SCENE_ROW)}

static void test_goes_on_and_remembers(void **state)
{
    (void)state;
    static const struct fake_answer first[] = {{.status = 599, .body = PAGE}, GOOD, {.body = SCENE_VERSION}};
    static const struct fake_answer later[] = {GOOD};
    static const struct fake_answer renewed[] = {{.status = 599, .body = "[15.0]"}, GOOD};
    struct soap_scene scene;
    soap_scene_init(&scene);
    scene.node.axl_version = "11.5";
    soap_scene_axl(&scene, first, 3);
    assert_string_equal(fake_fetch_request(1)->action, "\"CUCM:DB ver=15.0 executeSQLQuery\"");
    assert_non_null(strstr(fake_fetch_request(1)->body, "\"http://www.cisco.com/AXL/API/15.0\""));
    assert_string_equal(fake_fetch_request(2)->action, "\"CUCM:DB ver=15.0 getCCMVersion\"");
    assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_OK);
    assert_string_equal(scene.result->axl_version, "15.0");
    assert_int_equal(scene.result->http_status, 200);
    soap_scene_axl(&scene, later, 1);
    assert_string_equal(fake_fetch_request(0)->action, "\"CUCM:DB ver=15.0 executeSQLQuery\"");
    scene.node.axl_version = "14.0";
    static const struct fake_answer refused[] = {{.status = 599, .body = "[14.0]"}, GOOD};
    soap_scene_axl(&scene, refused, 2);
    assert_string_equal(fake_fetch_request(1)->action, "\"CUCM:DB ver=14.0 executeSQLQuery\"");
    soap_scene_axl(&scene, renewed, 2);
    assert_string_equal(fake_fetch_request(0)->action, "\"CUCM:DB ver=14.0 executeSQLQuery\"");
    assert_string_equal(fake_fetch_request(1)->action, "\"CUCM:DB ver=15.0 executeSQLQuery\"");
    soap_scene_fini(&scene);
}

static void test_unsupported(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answers[2];
        size_t count;
    } CASES[] = {
        {{{.status = 599, .body = "<p>Not supported: 12.5</p>"}}, 1},
        {{{.status = 599}}, 1},
        {{{.status = 599, .body = PAGE}, {.status = 599, .body = PAGE}}, 2},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct soap_scene scene;
        soap_scene_init(&scene);
        for (int round = 0; round < 2; round++) { /* nothing wrong is remembered */
            soap_scene_axl(&scene, CASES[i].answers, CASES[i].count);
            assert_non_null(strstr(fake_fetch_request(0)->action, "ver=12.5 "));
            assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_AXL_VERSION_UNSUPPORTED);
            assert_null(scene.result->axl_version);
            assert_non_null(strstr(scene.result->check[IMP_AXL].detail, "HTTP 599"));
        }
        if (i == 2)
            assert_non_null(strstr(scene.result->check[IMP_AXL].detail, "is not supported. Supported: 12.x, 14.0 and"));
        assert_int_equal(scene.login, LOGIN_NO_VERDICT);
        soap_scene_fini(&scene);
    }
}

static void test_login_only(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{.status = 599, .body = PAGE}, {.body = SCENE_VERSION}};
    struct soap_scene scene;
    soap_scene_init(&scene);
    scene.login_only = true;
    soap_scene_axl(&scene, answers, 2);
    assert_int_equal(scene.result->check[IMP_AXL].reason, REASON_OK);
    soap_scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_goes_on_and_remembers),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_login_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
