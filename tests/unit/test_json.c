/* The JSON of a hand-made state. */
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
#include "exporters/web/web.h"
#include "sample_status.h"
#include "tests/unit/slow.h"

#define JSON_MAX (64 << 20)

static char *json_of(const struct status *status, char etag[WEB_ETAG_SIZE])
{
    struct web_json *json = web_json_new(status);
    struct buf whole;
    buf_init(&whole, JSON_MAX);
    web_json_etag(json, etag);
    while (web_json_next(json, &whole))
        assert_false(buf_failed(&whole));
    web_json_free(json);
    return whole.data;
}

static json_t *parse(const struct status *status)
{
    char etag[WEB_ETAG_SIZE];
    char *text = json_of(status, etag);
    assert_int_equal(text[strlen(text) - 1], '\n');
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("line %d: %s", error.line, error.text);
    free(text);
    return root;
}

static json_t *parse_sample(void)
{
    struct status *status = sample_status_new();
    sample_add_nodes(status);
    sample_add_history(status->domains[1]);
    json_t *root = parse(status);
    sample_status_free(status);
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
    /* a check's state is there once; what changes without being state is not */
    assert_null(json_object_get(at(root, "domains.1.checks.srv"), "status"));
    assert_null(json_object_get(at(root, "agent"), "loop_lag_seconds"));
    assert_null(json_object_get(at(root, "agent"), "checks_running"));
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
    check_text(root, "domains.1.endpoints.0.state", "critical");
    assert_null(json_object_get(at(root, "domains.1.endpoints.0"), "status"));
    check_text(root, "domains.1.endpoints.0.checks.connect.state", "ok");
    check_text(root, "domains.1.endpoints.0.checks.certificate.reason", "cert_expired");
    check_text(root, "domains.1.endpoints.0.checks.certificate.detail", "expired on 2026-11-20");
    assert_null(json_object_get(at(root, "domains.1.endpoints.0.checks"), "srv"));
    check_number(root, "domains.1.endpoints.0.phases.connect.duration_seconds", 0.001);
    check_number(root, "domains.1.endpoints.0.auth.dialback.offered", 1);
    check_text(root, "domains.0.endpoints.0.checks.dialback.state", "ok");
    check_text(root, "domains.0.endpoints.0.dialback_algorithm", "sha1-nested");
    assert_null(json_object_get(at(root, "domains.1.endpoints.0"), "dialback_algorithm"));
    check_text(root, "domains.1.endpoints.0.certificate.subject", "CN=expired.example");
    check_text(root, "domains.1.endpoints.0.certificate.chain.leaf.not_after", "2026-11-20T12:00:00Z");
    assert_null(json_object_get(at(root, "domains.1.endpoints.0.certificate.chain"), "intermediate"));
    check_number(root, "domains.1.endpoints.0.certificate.tests.time.valid", 0);
    assert_null(json_object_get(at(root, "domains.1.endpoints.0.certificate.tests"), "trust"));

    assert_int_equal(json_array_size(at(root, "domains.0.transitions")), 0);
    assert_int_equal(json_array_size(at(root, "domains.1.transitions")), 3);
    check_text(root, "domains.1.transitions.0.subject", "certificate");
    check_text(root, "domains.1.transitions.0.time", "2026-11-22T11:00:00Z");
    check_text(root, "domains.1.transitions.0.from", "unknown");
    check_text(root, "domains.1.transitions.0.to", "ok");
    check_text(root, "domains.1.transitions.2.subject", "domain");
    check_text(root, "domains.1.transitions.2.reason", "cert_expired");

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

static void test_json_nodes(void **state)
{
    (void)state;
    json_t *root = parse_sample();
    check_number(root, "agent.imp_nodes", SAMPLE_NODES);
    check_number(root, "agent.imp_nodes_critical", 2);
    assert_int_equal(json_array_size(at(root, "imp_nodes")), SAMPLE_NODES);

    check_text(root, "imp_nodes.0.name", "cups.healthy.example");
    check_text(root, "imp_nodes.0.state", "ok");
    check_text(root, "imp_nodes.0.version", "12.5.1.11900-117");
    check_number(root, "imp_nodes.0.axl_http_status_code", 200);
    check_text(root, "imp_nodes.0.router_start", "2026-10-23T12:00:00Z");
    check_text(root, "imp_nodes.0.s2s_nodes.0.cp_id", "cm-2_s2scp-1.eft-xwye-a-coluc-com");
    check_text(root, "imp_nodes.0.s2s_nodes.0.kind", "present");
    check_text(root, "imp_nodes.0.s2s_nodes.0.manager", "cm-2");
    check_text(root, "imp_nodes.0.s2s_nodes.0.component", "s2scp-1");
    check_text(root, "imp_nodes.0.s2s_nodes.0.host", "eft-xwye-a-coluc-com");
    check_number(root, "imp_nodes.0.xcp_sources.page.pending", 0);
    check_number(root, "imp_nodes.0.xcp_sources.page.read", 1);
    assert_null(json_object_get(at(root, "imp_nodes.0.xcp_sources"), "query"));
    assert_null(json_object_get(at(root, "imp_nodes.0"), "cause"));
    assert_null(json_object_get(at(root, "imp_nodes.0"), "axl_login_hold_until"));
    assert_null(json_object_get(at(root, "imp_nodes.0.checks.axl"), "meaning"));

    check_text(root, "imp_nodes.1.checks.s2snode.reason", "s2snode_empty");
    check_text(root, "imp_nodes.1.checks.s2snode.remedy", reason_info(REASON_S2SNODE_EMPTY)->remedy);
    check_text(root, "imp_nodes.1.detail", "expressway-c: 401");
    assert_int_equal(strncmp(json_string_value(at(root, "imp_nodes.1.cause")), "the login of expressway-c", 25), 0);
    check_text(root, "imp_nodes.1.axl_login_hold_until", "2026-11-22T12:30:00Z");
    check_text(root, "imp_nodes.1.accounts.0.account", "expressway-c");
    check_number(root, "imp_nodes.1.accounts.0.valid", 0);
    check_text(root, "imp_nodes.1.accounts.0.checked", "2026-11-22T10:58:59Z");
    assert_null(json_object_get(at(root, "imp_nodes.1.accounts.1"), "valid"));
    assert_int_equal(json_array_size(at(root, "imp_nodes.1.s2s_nodes")), 0);
    check_number(root, "imp_nodes.1.s2s_rows", 0);

    check_text(root, "imp_nodes.2.s2s_nodes.1.kind", "missing");
    assert_null(json_object_get(at(root, "imp_nodes.2.s2s_nodes.1"), "first_seen"));
    assert_null(json_object_get(at(root, "imp_nodes.2.s2s_nodes.2"), "host"));
    check_text(root, "imp_nodes.2.xcp_sources.query.fault", "no column named <description>");
    check_number(root, "imp_nodes.2.xcp_sources.derived.pending", 1);
    assert_null(json_object_get(at(root, "imp_nodes.2.xcp_sources.derived"), "read"));
    check_number(root, "imp_nodes.2.notifications.0.count", 5);
    check_text(root, "imp_nodes.2.notifications.0.origin", "Cisco XCP Config Manager");
    assert_null(json_object_get(at(root, "imp_nodes.2.notifications.1"), "count"));
    check_text(root, "imp_nodes.2.transitions.0.subject", "xcp_restart");
    check_text(root, "imp_nodes.2.transitions.1.subject", "node");

    check_text(root, "imp_nodes.3.checks.xcp_router.reason", "not_run");
    assert_null(json_object_get(at(root, "imp_nodes.3"), "s2s_nodes_last_read"));
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

static void test_json_etag(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    char none[WEB_ETAG_SIZE], first[WEB_ETAG_SIZE], same[WEB_ETAG_SIZE], changed[WEB_ETAG_SIZE], agent[WEB_ETAG_SIZE];
    free(json_of(status, none));
    assert_string_equal(none, "");
    status->generation = UINT64_MAX;
    char *text = json_of(status, first);
    status->agent.loop_lag_us = 999999;
    status->agent.checks_running = 17;
    char *again = json_of(status, same);
    assert_string_equal(text, again);
    assert_string_equal(first, same);
    free(text);
    free(again);
    status->generation--;
    free(json_of(status, changed));
    status->agent.config_ok = TRI_NO;
    free(json_of(status, agent));
    assert_string_not_equal(first, changed);
    assert_string_not_equal(agent, changed);
    assert_true(strspn(agent, "0123456789abcdef-") == strlen(agent));
    sample_status_free(status);
}

/* Ten thousand domains come in pieces that are not much larger than one. */
static void test_json_pieces(void **state)
{
    (void)state;
    size_t count = 10000 / slow_part(10);
    struct status *sample = sample_status_new();
    struct status many = {.agent = sample->agent, .domain_count = count};
    many.domains = mem_array(count, sizeof *many.domains);
    for (size_t i = 0; i < count; i++)
        many.domains[i] = sample->domains[i % 3];
    struct web_json *json = web_json_new(&many);
    struct buf piece;
    buf_init(&piece, 32768);
    size_t names = 0;
    while (web_json_next(json, &piece)) {
        assert_true(piece.length > 0 && !buf_failed(&piece));
        for (const char *at = piece.data; (at = strstr(at, "\"name\": \"")) != NULL; at++)
            names++;
        buf_clear(&piece);
    }
    assert_int_equal(piece.length, 0);
    assert_int_equal(names, count);
    web_json_free(json);
    buf_fini(&piece);
    free(many.domains);
    sample_status_free(sample);

    struct status empty = {.agent = {.version = "1", .revision = "2"}};
    json_t *root = parse(&empty);
    assert_int_equal(json_array_size(at(root, "domains")), 0);
    assert_int_equal(json_array_size(at(root, "imp_nodes")), 0);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),      cmocka_unit_test(test_json_nodes), cmocka_unit_test(test_json_hostile),
        cmocka_unit_test(test_json_etag), cmocka_unit_test(test_json_pieces),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
