/* The pages about a hand-made state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
    const char *critical = find(page, "<th scope=row><a href=\"/domain/expired.example\">expired.example</a>");
    const char *warning = find(page, "<a href=\"/domain/hostile.example\">");
    const char *unknown = find(page, "<a href=\"/domain/new.example\">");
    const char *ok = find(page, "<a href=\"/domain/healthy.example\">");
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
    assert_null(strstr(page, "<table"));
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

static void test_warnings(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    char *page = page_of(status);
    assert_null(strstr(page, "class=\"banner"));
    assert_null(strstr(page, "agent.max_endpoints"));
    free(page);
    status->agent.config_ok = status->agent.state_saved = TRI_NO;
    status->domains[3]->latest->endpoints_skipped = 5;
    page = page_of(status);
    find(page, "<p class=\"banner critical\"><b>The last reload failed.</b>");
    find(page, "<code>agent.state_dir</code> cannot be written");
    find(find(page, ">hostile.example</a>"), "5 more endpoints not checked");
    assert_int_equal(count_of(page, "agent.max_endpoints"), 1);
    free(page);
    sample_status_free(status);
}

static char *domain_page_of(const struct status *status, const char *name, bool there)
{
    struct buf out;
    buf_init(&out, PAGE_MAX);
    assert_int_equal(web_domain_page(status, name, &out), there);
    assert_false(buf_failed(&out));
    assert_int_equal(strncmp(out.data, "<!DOCTYPE html>\n", 16), 0);
    find(out.data, "</html>\n");
    assert_null(strstr(out.data, "<script"));
    assert_valid_utf8(out.data);
    return out.data;
}

static void test_domain(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    sample_add_history(status->domains[1]);
    char *page = domain_page_of(status, "expired.example", true);
    find(page, "<title>expired.example: critical");
    find(page, "<h1>expired.example</h1>");
    find(page, "since <time datetime=\"2026-11-22T11:58:29Z\"");
    assert_null(strstr(page, "healthy"));

    /* findings, the deciding one opened */
    find(page, "<details open><summary>certificate: <code>cert_expired</code></summary>");
    find(page, reason_info(REASON_CERT_EXPIRED)->cause);
    find(page, "<details><summary>starttls: <code>starttls_policy_mismatch</code></summary>");

    /* checks */
    const char *checks = find(page, "<h2>Checks</h2>");
    const char *srv = find(page, "<h2>SRV records</h2>"), *endpoints = find(page, "<h2>Endpoints</h2>");
    const char *transitions = find(page, "<h2>Latest transitions</h2>");
    assert_int_equal(count_of(checks, "<tr>") - count_of(srv, "<tr>"), 1 + CHECK_COUNT);
    assert_true(find(checks, "expired on 2026-11-20 &amp; not renewed") < srv);
    assert_true(find(checks, "<td class=when data-label=\"Took\">2.5 ms</td>") < srv);
    assert_true(find(checks, "<td class=when data-label=\"Last change\"><time") < srv);

    /* records */
    assert_true(find(srv, "<td class=when data-label=\"TTL (s)\">3600</td>") < endpoints);
    assert_true(find(srv, "<td class=when data-label=\"Port\">5269</td>") < endpoints);

    /* the endpoint */
    static const char *const PARTS[] = {
        "<details class=endpoint open><summary>",
        "<b>expired.example:5269</b> (192.0.2.7) starttls · certificate: <code",
        "<th scope=row>auth</th>", "connect 1.0 ms</span> · ", "<dd>optional</dd>", "<dd>TLSv1.3</dd>",
        "<dd>TLS_AES_256_GCM_SHA384</dd>", "dialback yes</span> · ", "external no</span>",
        "<code>CN=expired.example</code>", "<code>CN=Example CA,O=Example\\, Inc.</code>", "<code>0A1B2C</code>",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "<span class=\"part critical\">time no</span>", "<th scope=row>leaf</th>",
        "data-label=\"Expires\">2026-11-20, ",
    };
    const char *from = endpoints;
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        from = find(from, PARTS[i]);
    assert_true(from < transitions);
    assert_null(strstr(endpoints, "<th scope=row>srv</th>"));
    assert_null(strstr(endpoints, "intermediate"));

    /* newest first */
    const char *newest = find(transitions, "2026-11-22T11:01:01Z, ");
    assert_true(newest < find(transitions, "2026-11-22T11:01:00Z, "));
    assert_true(find(transitions, "2026-11-22T11:01:00Z, ") < find(transitions, "2026-11-22T11:00:00Z, "));
    find(newest, "<td data-label=\"What\">domain</td>");
    free(page);
    sample_status_free(status);
}

/* The last transition led to another state than the one that is shown: it says nothing of "since when". */
static void test_unconfirmed(void **state)
{
    (void)state;
    static const char SINCE[] = "data-label=\"since\"><time";
    struct status *status = sample_status_new();
    char *page = page_of(status);
    size_t known = count_of(page, SINCE);
    free(page);
    status->domains[1]->unconfirmed = true;
    page = page_of(status);
    assert_int_equal(count_of(page, SINCE), known - 1);
    free(page);
    page = domain_page_of(status, "expired.example", true);
    find(page, "</span>, not confirmed yet</p>");
    assert_null(strstr(page, "since <time"));
    free(page);
    sample_status_free(status);
}

/* Not when the deciding check last ran, which may do so seldom. */
static void test_last_round(void **state)
{
    (void)state;
    static const char LAST_RUN[] = "data-label=\"last run\"><time datetime=\"2026-";
    struct status *status = sample_status_new();
    struct domain_status *domain = status->domains[1];
    char *before = page_of(status);
    domain->check[domain->worst].last_run_ms -= INT64_C(1800000);
    char *after = page_of(status);
    const char *one = find(find(before, domain->name), LAST_RUN), *other = find(find(after, domain->name), LAST_RUN);
    assert_memory_equal(one, other, strlen(LAST_RUN) + strlen("11-25T00:00:00Z"));
    free(before);
    free(after);
    sample_status_free(status);
}

static void test_domain_others(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    char *page = domain_page_of(status, "Healthy.EXAMPLE", true);
    find(page, "<h1>healthy.example</h1>");
    assert_null(strstr(page, "What to do"));
    find(page, "None since the history was begun.");
    free(page);

    page = domain_page_of(status, "new.example", true);
    find(page, "not looked up yet");
    find(page, "None was found.");
    free(page);

    status->agent.config_ok = TRI_NO;
    status->domains[3]->latest->endpoints_skipped = 1;
    page = domain_page_of(status, "hostile.example", true);
    find(page, "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp; \xef\xbf\xbd[2J \xef\xbf\xbd");
    find(page, "1 more endpoint not checked");
    find(page, "The last reload failed.");
    assert_int_equal(count_of(page, "<details class=endpoint>"), 2);
    assert_true(strlen(page) < 65536);
    free(page);

    page = domain_page_of(status, "<script>", false);
    find(page, "<h1>No such domain</h1>");
    find(page, "<code>&lt;script&gt;</code>");
    free(page);
    free(domain_page_of(status, "", false));
    sample_status_free(status);
}

static void test_landing_of_nodes(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    sample_add_nodes(status);
    char *page = page_of(status);
    assert_valid_utf8(page);
    assert_int_equal(count_of(page, "<table"), 2);
    assert_int_equal(count_of(page, "<tr>"), 2 + SAMPLE_NODES + SAMPLE_DOMAINS);
    assert_int_equal(count_of(page, "</tr>"), 2 + SAMPLE_NODES + SAMPLE_DOMAINS);
    find(page, "<title>3 critical");

    /* worst first, above the domains */
    static const char *const ORDER[] = {
        "<h2>Cisco IM and Presence nodes</h2>", "<th scope=col>Node<", "<a href=\"/imp/cups.empty.example\">",
        "<p class=\"cause critical\"><b>Cause:</b> the login of expressway-c is wrong (401), so Expressway-C cannot",
        "correct its password &amp; wait</p>",
        "<summary>axl: <code>axl_account_rejected</code></summary>", "<b>Also critical in s2snode: s2snode_empty</b>",
        "<a href=\"/imp/cups.pending.example\">cups.pending.example</a>",
        "restart the XCP Router on cups.pending.example",
        "<a href=\"/imp/cups.new.example\">", "<a href=\"/imp/cups.healthy.example\">",
        "</table>", "<h2>Domains</h2>", "<a href=\"/domain/expired.example\">",
    };
    const char *from = page;
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++)
        from = find(from, ORDER[i]);
    free(page);

    /* a name that no host can have cannot leave its link */
    free(status->imp[3]->name);
    status->imp[3]->name = mem_strdup("a b/\"?\xc3\xbc");
    page = page_of(status);
    find(page, "<a href=\"/imp/a%20b%2F%22%3F%C3%BC\">a b/&quot;?\xc3\xbc</a>");
    free(page);

    /* nodes alone have no title, and are something to show */
    size_t domains = status->domain_count;
    status->domain_count = 0;
    page = page_of(status);
    assert_null(strstr(page, "<h2>"));
    assert_null(strstr(page, "No domain is configured"));
    free(page);
    status->domain_count = domains;
    sample_status_free(status);
}

static char *node_page_of(const struct status *status, const char *name, bool there)
{
    struct buf out;
    buf_init(&out, PAGE_MAX);
    assert_int_equal(web_imp_page(status, name, &out), there);
    assert_false(buf_failed(&out));
    find(out.data, "</html>\n");
    assert_null(strstr(out.data, "<script"));
    assert_valid_utf8(out.data);
    return out.data;
}

static void check_order(const char *page, const char *const parts[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        page = find(page, parts[i]);
}

/* Names are told apart by their case; but who writes one in another way is led to the node. */
static void test_node_of_other_case(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    sample_add_nodes(status);
    char *page, *former = status->imp[0]->name, shouted[] = "CUPS.PENDING.EXAMPLE";
    status->imp[0]->name = shouted;
    page = node_page_of(status, "cups.pending.example", true);
    find(page, "<title>cups.pending.example: critical");
    free(page);
    page = node_page_of(status, shouted, true);
    find(page, "<title>CUPS.PENDING.EXAMPLE: ok");
    free(page);
    status->imp[0]->name = former;
    sample_status_free(status);
}

static void test_node(void **state)
{
    (void)state;
    static const char *const PENDING[] = {
        "<title>cups.pending.example: critical", "since <time",
        "<p class=\"cause critical\"><b>Cause:</b> restart the XCP Router on cups.pending.example</p>",
        "<details open><summary>xcp_restart: <code>xcp_restart_pending</code></summary>",
        "page: pending; query: unknown",
        "<details><summary>s2snode: <code>s2snode_missing</code></summary>",
        "<h2>Checks</h2>", "<th scope=row>xcp_router</th>",
        "<h2>AXL and its accounts</h2>", "<dd><code>12.5.1.11900-117</code></dd>", "<dd>200</dd>",
        "<h2>Table <code>xmpps2snode</code></h2>", "<th scope=row><code>cm-2_s2scp-1.a-example</code></th>",
        "data-label=\"Kind\">present</td>", "<code>a-example</code>", "<code>cm-2</code>", "cm-3_s2scp-1.b-example",
        "data-label=\"Kind\">missing</td>", "&lt;script&gt;alert(1)", "data-label=\"Kind\">unexpected</td>",
        "<h2>XCP Router</h2>", "<code>Started</code>",
        "<th scope=row>page</th><td class=when data-label=\"Restart pending\">yes</td>", "<th scope=row>query</th>",
        "no column named &lt;description&gt;", "<th scope=row>derived</th>",
        "<h2>Notifications</h2>", "Cisco XCP Router : (cups.pending.example) requires a restart",
        "Jan 5, 2015 3:10:43 PM",
        "<h2>Latest transitions</h2>", "<td data-label=\"What\">node</td>", "<td data-label=\"What\">xcp_restart</td>",
    };
    static const char *const EMPTY[] = {
        "No login before <time>2026-11-22T12:30:00Z</time>", "since one was rejected",
        "<th scope=row>expressway-c</th><td class=when data-label=\"Login good\">no</td>", "rejected with 401",
        "<p>It is empty.</p>", "<p>No source of them was read.</p>", "None since the history was begun.",
    };
    static const char *const NEW[] = {
        "<h1>cups.new.example</h1>", "<summary>axl: <code>not_run</code>", "It was not asked yet",
        "It could not be read yet", "It was not looked at yet", "No source of them was read",
    };
    struct status *status = sample_status_new();
    sample_add_nodes(status);
    char *page = node_page_of(status, "Cups.Pending.Example", true);
    check_order(page, PENDING, sizeof PENDING / sizeof PENDING[0]);
    assert_null(strstr(page, "No login before"));
    assert_null(strstr(page, "healthy"));
    free(page);
    page = node_page_of(status, "cups.empty.example", true);
    check_order(page, EMPTY, sizeof EMPTY / sizeof EMPTY[0]);
    free(page);
    page = node_page_of(status, "cups.new.example", true);
    check_order(page, NEW, sizeof NEW / sizeof NEW[0]);
    free(page);

    page = node_page_of(status, "cups.healthy.example", true);
    assert_null(strstr(page, "What to do"));
    assert_null(strstr(page, "<p class=\"cause"));
    find(page, "<p>None.</p>");
    assert_null(strstr(page, "latest round. What it last held"));
    free(page);
    status->imp[0]->latest->rows_read = false;
    page = node_page_of(status, "cups.healthy.example", true);
    find(page, "latest round. What it last held");
    free(page);

    page = node_page_of(status, "<script>", false);
    find(page, "<h1>No such node</h1>");
    find(page, "<code>&lt;script&gt;</code> is not among the nodes");
    free(page);
    sample_status_free(status);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),          cmocka_unit_test(test_page_hostile), cmocka_unit_test(test_page_empty),
        cmocka_unit_test(test_page_many),     cmocka_unit_test(test_warnings),     cmocka_unit_test(test_domain),
        cmocka_unit_test(test_unconfirmed),   cmocka_unit_test(test_domain_others), cmocka_unit_test(test_prose),
        cmocka_unit_test(test_last_round),
        cmocka_unit_test(test_landing_of_nodes), cmocka_unit_test(test_node),
        cmocka_unit_test(test_node_of_other_case),
    };
    return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
