/* What servers send back of a password is not shown: not in details, faults, rows, notifications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/withhold.h"

#define USERNAME "fedhealth"
#define PASSWORD "Hu&<sh> \"7f\"/3a+9c"

/* As a detail. */
static const struct {
    const char *password, *text, *shown;
} DETAILS[] = {
    {PASSWORD, "HTTP 401", "HTTP 401"},
    {PASSWORD, "HTTP 401: bad: " PASSWORD "!", "HTTP 401: bad: (withheld)!"},
    {PASSWORD, PASSWORD PASSWORD " " PASSWORD, "(withheld)(withheld) (withheld)"},
    {PASSWORD, "hU&<SH> \"7F\"/3A+9C", "(withheld)"},
    {PASSWORD, "j_password=Hu%26%3Csh%3E%20%227f%22%2F3a%2B9c&x", "j_password=(withheld)&x"},
    {PASSWORD, "j_password=Hu%26%3csh%3e+%227f%22/3a%2b9c&x", "j_password=(withheld)&x"},
    {PASSWORD, "a Hu&amp;&lt;sh&gt; &quot;7f&quot;/3a+9c b", "a (withheld) b"},
    {PASSWORD, "a Hu&#38;&#x3c;sh&#62;&nbsp;&#34;7f\"&#x2F;3a+9c b", "a (withheld) b"},
    {PASSWORD, "{\"p\":\"Hu&\\u003csh> \\\"7f\\\"\\/3a+9c\"}", "{\"p\":\"(withheld)\"}"},
    {PASSWORD, "a Hu&<sh>\"7f\" / 3a+9c b", "a (withheld) b"},
    {PASSWORD, "cut: Hu&<sh>", "cut: (withheld)"},
    {PASSWORD, "cut: Hu&", "cut: Hu&"},
    {PASSWORD, "Hu&<sh> \"7...: more", "(withheld)...: more"},
    {PASSWORD, "%", "%"},
    {PASSWORD, "Hu%2", "Hu%2"},
    {PASSWORD, "&#", "&#"},
    {PASSWORD, "\\u00", "\\u00"},
    {"12345678", "Authorization: Basic ZmVkaGVhbHRoOjEyMzQ1Njc4 was sent", "Authorization: Basic (withheld) was sent"},
    {"1234567", "Basic ZmVkaGVhbHRoOjEyMzQ1Njc=", "Basic (withheld)="},
    {"123456", "Basic%20ZmVkaGVhbHRoOjEyMzQ1Ng%3D%3D", "Basic%20(withheld)%3D%3D"},
    {"Hush-1", "{\"p\":\"SHVzaC0x\"}", "{\"p\":\"(withheld)\"}"},
    {"12345678", "Basic ZmVkaG", "Basic (withheld)"},
    {"12345678", "ZmVkaGVhb is the start", "(withheld) is the start"},
    {"100%25 sure", "100%25 sure", "(withheld)"},
    {"100%25 sure", "100%2525%20sure", "(withheld)"},
    {"  around  ", "it was \"around\" it", "it was \"(withheld)\" it"},
    {"gr\xc3\xbc\xc3\x9f dich", "p=gr\xc3\xbc\xc3\x9f dich p=gr%C3%BC%c3%9f%20dich", "p=(withheld) p=(withheld)"},
    {"tab\there-it-is", "tab\xef\xbf\xbdhere-it-is", "(withheld)"},
    {"a", "HTTP 401: Unauthorized", "(withheld)"},
    {"a", "HTTP 401", "HTTP 401"},
    {"s3cret", "the password s3cret is wrong", "(withheld)"},
    {"s3cret", "s3cr is the start", "s3cr is the start"},
    {"s3cret", "it ends with s3cr", "it ends with s3cr"},
    {"s3<ret", "s3&lt;ret", "(withheld)"},
};

static void test_details(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DETAILS / sizeof *DETAILS; i++) {
        struct imp_result *result = imp_result_new();
        check_result_set(&result->check[IMP_XCP_ROUTER], REASON_XCP_SOURCE_FAILED, "%s", DETAILS[i].text);
        result->reading[XCP_SOURCE_PAGE].fault = mem_strdup(DETAILS[i].text);
        withhold_result(result, USERNAME, DETAILS[i].password);
        if (strcmp(result->check[IMP_XCP_ROUTER].detail, DETAILS[i].shown) != 0)
            fail_msg("%s: %s", DETAILS[i].text, result->check[IMP_XCP_ROUTER].detail);
        assert_string_equal(result->reading[XCP_SOURCE_PAGE].fault, DETAILS[i].shown);
        imp_result_free(result);
    }
}

/* One that has the text wherever a server's may stand. */
static struct imp_result *full_of(const char *text)
{
    struct imp_result *result = imp_result_new();
    for (size_t i = 0; i < IMP_CHECK_COUNT; i++)
        check_result_set(&result->check[i], REASON_LOCAL_ERROR, "%s", text);
    for (size_t i = 0; i < XCP_SOURCE_DERIVED; i++)
        result->reading[i].fault = mem_strdup(text);
    result->account_count = 1;
    result->accounts = mem_array(1, sizeof *result->accounts);
    result->accounts[0] = (struct imp_account){.name = mem_strdup("expc"), .detail = mem_strdup(text)};
    result->version = mem_strdup(text);
    result->router_status = mem_strdup(text);
    imp_result_add_row(result, text, text);
    imp_result_add_row(result, "other", NULL);
    struct xcp_notification notification;
    xcp_notification_init(&notification, XCP_SOURCE_QUERY, text, text, text, text, "1");
    imp_result_add_notification(result, &notification);
    return result;
}

static void assert_full_of(const struct imp_result *result, const char *words, const char *value)
{
    for (size_t i = 0; i < IMP_CHECK_COUNT; i++)
        assert_string_equal(result->check[i].detail, words);
    for (size_t i = 0; i < XCP_SOURCE_DERIVED; i++)
        assert_string_equal(result->reading[i].fault, words);
    assert_string_equal(result->accounts[0].detail, words);
    assert_string_equal(result->version, value);
    assert_string_equal(result->router_status, value);
    assert_string_equal(result->rows[0].cp_id, value);
    assert_string_equal(result->rows[0].pkid, value);
    assert_string_equal(result->rows[1].cp_id, "other");
    assert_null(result->rows[1].pkid);
    assert_string_equal(result->notifications[0].severity, value);
    assert_string_equal(result->notifications[0].description, value);
    assert_string_equal(result->notifications[0].origin, value);
    assert_string_equal(result->notifications[0].created, value);
}

static void test_every_text(void **state)
{
    (void)state;
    struct imp_result *result = full_of("what was sent: long-enough");
    withhold_result(result, USERNAME, "long-enough");
    assert_full_of(result, "what was sent: (withheld)", "what was sent: (withheld)");
    imp_result_free(result);
    result = full_of("what was sent: y");
    withhold_result(result, USERNAME, "y"); /* a row with this letter is still a row */
    assert_full_of(result, "(withheld)", "what was sent: y");
    imp_result_free(result);
}

static void test_nothing_observed(void **state)
{
    (void)state;
    struct imp_result *result = imp_result_new();
    withhold_result(result, USERNAME, PASSWORD);
    assert_null(result->check[IMP_AXL].detail);
    assert_null(result->version);
    imp_result_free(result);
}

/* Withholding makes no text longer than its bound. */
static void test_no_longer(void **state)
{
    (void)state;
    char text[PEER_TEXT_MAX + 1] = "";
    for (size_t i = 0; i + 8 <= PEER_TEXT_MAX; i += 8)
        memcpy(text + i, "12345678", 8);
    struct imp_result *result = full_of(text);
    withhold_result(result, USERNAME, "12345678");
    assert_true(strlen(result->rows[0].cp_id) <= PEER_TEXT_MAX);
    assert_null(strstr(result->rows[0].cp_id, "1"));
    imp_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_details), cmocka_unit_test(test_every_text), cmocka_unit_test(test_nothing_observed),
        cmocka_unit_test(test_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
