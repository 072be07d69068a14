/* The status page and the JSON of a hand-made state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "exporters/web/html.h"
#include "exporters/web/web.h"
#include "sample_status.h"

#define PAGE_MAX (64 << 20)

static char *page_of(const struct status *status)
{
    struct web_landing *page = web_landing_new(status, "/metrics");
    struct buf whole, piece;
    buf_init(&whole, PAGE_MAX);
    buf_init(&piece, 65536);
    while (web_landing_next(page, &piece)) {
        assert_true(piece.length > 0 && !buf_failed(&piece));
        buf_add(&whole, piece.data, piece.length);
        buf_clear(&piece);
    }
    assert_int_equal(piece.length, 0);
    assert_false(buf_failed(&whole));
    buf_fini(&piece);
    web_landing_free(page);
    return whole.data;
}

static const char *find(const char *text, const char *part)
{
    const char *found = strstr(text, part);
    if (found == NULL)
        fail_msg("\"%s\" is not there", part);
    return found;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0, length = strlen(part);
    for (; *text != '\0'; text++)
        count += strncmp(text, part, length) == 0;
    return count;
}

static void assert_valid_utf8(const char *text)
{
    const char *bytes;
    for (size_t length; (length = utf8_next(&text, &bytes)) != 0;)
        assert_ptr_equal(text, bytes + length);
}

static void test_page(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    char *page = page_of(status);
    assert_int_equal(strncmp(page, "<!DOCTYPE html>\n<html lang=en>", 30), 0);
    find(page, "</html>\n");
    find(page, "fedhealth 1.2.3 (abcdef)");
    find(page, "<a href=\"/metrics\">");
    find(page, "<a href=\"/-/healthy\">");
    find(page, "<a href=\"/-/ready\">");
    find(page, "<title>1 critical");
    assert_null(strstr(page, "<script"));

    /* worst first */
    const char *critical = find(page, "<th scope=row>expired.example");
    const char *warning = find(page, "<th scope=row>hostile.example");
    const char *unknown = find(page, "<th scope=row>new.example"), *ok = find(page, "<th scope=row>healthy.example");
    assert_true(critical < warning && warning < unknown && unknown < ok);
    assert_int_equal(count_of(page, "<tr>"), 1 + SAMPLE_DOMAINS);
    assert_int_equal(count_of(page, "</tr>"), 1 + SAMPLE_DOMAINS);

    /* what the critical one says: state, deciding check, reason and its three texts, the other finding */
    const struct reason_info *info = reason_info(REASON_CERT_EXPIRED);
    struct buf remedy;
    buf_init(&remedy, 4096);
    html_prose(&remedy, info->remedy);
    assert_true(find(page, "<summary>certificate: <code>cert_expired</code></summary>") < warning);
    assert_true(find(page, info->meaning) < warning);
    assert_true(find(page, remedy.data) < warning);
    assert_true(find(page, "expired on 2026-11-20 &amp; not renewed") < warning);
    assert_true(find(page, "Also warning in starttls: starttls_policy_mismatch") < warning);
    assert_true(find(page, "<time datetime=\"2026-11-22T11:58:29Z\"") < warning);
    assert_null(strstr(ok, "<details>"));
    buf_fini(&remedy);
    free(page);
    sample_status_free(status);
}

static void test_page_hostile(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    char *page = page_of(status);
    find(page, "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp; \xef\xbf\xbd[2J \xef\xbf\xbd");
    assert_valid_utf8(page);
    free(page);

    /* a long detail is cut, visibly */
    status->domains[3]->worst = CHECK_STREAM;
    page = page_of(status);
    assert_true(strlen(page) < 32768);
    find(page, "\xc3\xbc…</code>");
    assert_valid_utf8(page);
    free(page);
    sample_status_free(status);
}

static void test_page_empty(void **state)
{
    (void)state;
    struct status empty = {.agent = {.version = "1", .revision = "2"}};
    char *page = page_of(&empty);
    find(page, "No domain is configured.");
    assert_null(strstr(page, "<table>"));
    find(page, "</html>\n");
    free(page);
}

static void test_page_many(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    struct status *sample = sample_status_new();
    struct status many = {.agent = sample->agent, .domain_count = MANY};
    many.domains = mem_array(MANY, sizeof *many.domains);
    for (size_t i = 0; i < MANY; i++)
        many.domains[i] = sample->domains[1];
    char *page = page_of(&many);
    assert_int_equal(count_of(page, "<th scope=row>"), MANY);
    free(page);
    free(many.domains);
    sample_status_free(sample);
}

static void test_prose(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    html_prose(&out, "Run `a < b` & \"see\" `c");
    assert_string_equal(out.data, "Run <code>a &lt; b</code> &amp; &quot;see&quot; <code>c</code>");
    buf_clear(&out);
    html_text(&out, "it's `so` x", 10);
    assert_string_equal(out.data, "it&#39;s `so` …");
    buf_fini(&out);
}

static json_t *parse_sample(void)
{
    struct status *status = sample_status_new();
    char *text = web_json_status(status);
    sample_status_free(status);
    assert_int_equal(text[strlen(text) - 1], '\n');
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("line %d: %s", error.line, error.text);
    free(text);
    return root;
}

/* The value at a path of keys and array positions, "domains.0.state"; fails where there is none. */
static const json_t *at(const json_t *json, const char *path)
{
    char *copy = mem_strdup(path), *rest = NULL;
    for (char *key = strtok_r(copy, ".", &rest); key != NULL; key = strtok_r(NULL, ".", &rest)) {
        json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10)) : json_object_get(json, key);
        if (json == NULL)
            fail_msg("no %s in %s", key, path);
    }
    free(copy);
    return json;
}

static void check_text(const json_t *root, const char *path, const char *expected)
{
    assert_true(json_is_string(at(root, path)));
    assert_string_equal(json_string_value(at(root, path)), expected);
}

static void check_number(const json_t *root, const char *path, double expected)
{
    assert_true(json_is_number(at(root, path)));
    assert_true(json_number_value(at(root, path)) == expected);
}

static void test_json(void **state)
{
    (void)state;
    json_t *root = parse_sample();
    check_text(root, "agent.version", "1.2.3");
    check_number(root, "agent.domains_critical", 1);
    check_number(root, "agent.loop_lag_seconds", 0.00125);
    assert_int_equal(json_array_size(at(root, "domains")), SAMPLE_DOMAINS);

    check_text(root, "domains.1.name", "expired.example");
    check_text(root, "domains.1.state", "critical");
    check_text(root, "domains.1.check", "certificate");
    check_text(root, "domains.1.checks.certificate.reason", "cert_expired");
    check_text(root, "domains.1.checks.certificate.last_run", "2026-11-22T11:58:29Z");
    check_text(root, "domains.1.checks.certificate.remedy", reason_info(REASON_CERT_EXPIRED)->remedy);
    check_number(root, "domains.1.checks.certificate.success", 0);
    check_number(root, "domains.1.checks.certificate.runs", 7);
    check_number(root, "domains.1.checks.srv.duration_seconds", 0.0015);
    assert_null(json_object_get(at(root, "domains.1.checks.srv"), "meaning"));

    check_text(root, "domains.0.lookups.0.resolver", "system");
    check_number(root, "domains.0.lookups.0.records", 2);
    assert_null(json_object_get(at(root, "domains.0.lookups.1"), "records"));
    check_number(root, "domains.0.services.xmpp-server.ttl_seconds", 3600);
    check_text(root, "domains.0.records.1.target", "xmpp2.healthy.example");
    check_number(root, "domains.0.records.1.port", 15269);

    check_text(root, "domains.1.endpoints.0.endpoint", "expired.example:5269");
    check_text(root, "domains.1.endpoints.0.address", "192.0.2.7");
    check_text(root, "domains.1.endpoints.0.tls.version", "TLSv1.3");
    check_number(root, "domains.1.endpoints.0.phases.connect.duration_seconds", 0.001);
    check_number(root, "domains.1.endpoints.0.auth.dialback.offered", 1);
    check_text(root, "domains.1.endpoints.0.certificate.subject", "CN=expired.example");
    check_text(root, "domains.1.endpoints.0.certificate.chain.leaf.not_after", "2026-11-20T12:00:00Z");
    assert_null(json_object_get(at(root, "domains.1.endpoints.0.certificate.chain"), "intermediate"));
    check_number(root, "domains.1.endpoints.0.certificate.tests.time.valid", 0);
    assert_null(json_object_get(at(root, "domains.1.endpoints.0.certificate.tests"), "trust"));

    /* each domain has its own rows, also after one that has none */
    check_text(root, "domains.2.checks.srv.reason", "not_run");
    assert_int_equal(json_array_size(at(root, "domains.2.endpoints")), 0);
    assert_null(json_object_get(at(root, "domains.2"), "since"));
    assert_int_equal(json_array_size(at(root, "domains.3.endpoints")), 2);
    assert_null(json_object_get(at(root, "domains.3.endpoints.0"), "certificate"));
    check_text(root, "domains.3.endpoints.1.certificate.serial", "0A1B2C");
    check_number(root, "domains.3.endpoints.1.phases.features.duration_seconds", 0.005);
    json_decref(root);
}

static void test_json_hostile(void **state)
{
    (void)state;
    json_t *root = parse_sample();
    check_text(root, "domains.3.endpoints.1.certificate.subject",
               "\"q\" \\n\nnext\r</td><script>alert(1)</script>&amp; \x1b[2J \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd");
    const char *detail = json_string_value(at(root, "domains.3.checks.stream.detail"));
    assert_true(strlen(detail) > SAMPLE_LONG_SIZE - 2);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),      cmocka_unit_test(test_page_hostile), cmocka_unit_test(test_page_empty),
        cmocka_unit_test(test_page_many), cmocka_unit_test(test_prose),        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_hostile),
    };
    return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
