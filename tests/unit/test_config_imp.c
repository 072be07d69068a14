/* Cisco IM and Presence nodes in the configuration: what is read, what follows from other keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "tests/unit/config_scene.h"

#define FINGERPRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ACCOUNT "username: fedhealth, password_file: ca.pem"

/* As in the contract. */
static const char WHOLE[] =
    "agent: {domain: m.example, interval: 2m}\n"
    "tls: {ca_file: ca.pem}\n"
    "severity: {s2snode_empty: warning}\n"
    "imp_nodes:\n"
    "  - name: cups.ciscotac.net\n"
    "    cluster: eft\n"
    "    domains: [Coluc.COM, bücher.example]\n"
    "    expect_federation: true\n"
    "    expect_s2s_nodes: [\"cm-2_s2scp-1.eft-xwye-a-coluc-com\"]\n"
    "    interval: 30s\n"
    "    severity: {axl_timeout: warning}\n"
    "    axl:\n"
    "      url: HTTPS://CUPS.ciscotac.net:8443/axl\n"
    "      version: \"14.0\"\n"
    "      username: fedhealth\n"
    "      password_file: ca.pem\n"
    "      fingerprint_sha256: \"01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:0123456789abcdef0123456789abcdef\"\n"
    "      table: xmpps2snodes\n"
    "      verify_accounts:\n"
    "        - {name: expressway-c, username: expc, password_file: ca.pem}\n"
    "        - {name: other, username: \"ü b\", password_file: ca.pem, interval: 1h}\n"
    "    control_center: {url: \"https://[2001:DB8::1]:8443/controlcenterservice2/services/ControlCenterServices\"}\n"
    "    notifications:\n"
    "      page: {url: \"https://192.0.2.1/cupadmin/x?a=b\", username: admin, password_file: ca.pem, ca_file: ca.pem}\n"
    "      query: \"SELECT x from y\"\n"
    "  - {name: b, axl: {url: \"https://b.example\", " ACCOUNT "}}\n";

static void test_whole(void **state)
{
    (void)state;
    struct config *config = scene_load_good(WHOLE);
    assert_int_equal(config->imp_node_count, 2);
    const struct config_imp_node *node = config_find_imp(config, "cups.ciscotac.net");
    assert_ptr_equal(node, &config->imp_nodes[0]);
    assert_int_equal(node->interval_ms, 30000);
    assert_string_equal(node->expect.cluster, "eft");
    assert_int_equal(node->expect.domain_count, 2);
    assert_string_equal(node->expect.domains[0], "coluc.com");
    assert_string_equal(node->expect.domains[1], "xn--bcher-kva.example");
    assert_true(node->expect.federation);
    assert_int_equal(node->expect.s2s_node_count, 1);
    assert_int_equal(severity_of(&node->severity, REASON_AXL_TIMEOUT, STATE_CRITICAL), STATE_WARNING);
    assert_int_equal(severity_of(&node->severity, REASON_S2SNODE_EMPTY, STATE_CRITICAL), STATE_WARNING);
    assert_string_equal(node->axl.url, "https://cups.ciscotac.net:8443/axl/");
    assert_string_equal(node->axl.host, "cups.ciscotac.net");
    assert_int_equal(node->axl.port, 8443);
    assert_string_equal(node->axl_version, "14.0");
    assert_string_equal(node->axl.fingerprint_sha256, FINGERPRINT);
    assert_null(node->axl.ca_file);
    assert_int_equal(node->axl_table, AXL_TABLE_XMPPS2SNODES);
    assert_int_equal(node->account_count, 2);
    assert_string_equal(node->accounts[0].username, "expc");
    assert_int_equal(node->accounts[0].interval_ms, 24 * 3600 * 1000);
    assert_string_equal(node->accounts[1].username, "ü b");
    assert_int_equal(node->accounts[1].interval_ms, 3600 * 1000);
    assert_string_equal(node->query, "SELECT x from y");
    config_free(config);
}

/* What control_center and page leave out is as in axl. */
static void test_taken_over(void **state)
{
    (void)state;
    struct config *config = scene_load_good(WHOLE);
    const struct config_imp_node *node = &config->imp_nodes[0];
    assert_string_equal(node->control_center.host, "2001:db8::1");
    assert_string_equal(node->control_center.url,
                        "https://[2001:db8::1]:8443/controlcenterservice2/services/ControlCenterServices");
    assert_string_equal(node->control_center.username, "fedhealth");
    assert_string_equal(node->control_center.password_file, node->axl.password_file);
    assert_string_equal(node->control_center.fingerprint_sha256, FINGERPRINT);
    assert_null(node->control_center.ca_file);
    assert_string_equal(node->page.url, "https://192.0.2.1:443/cupadmin/x?a=b");
    assert_string_equal(node->page.username, "admin");
    assert_null(node->page.fingerprint_sha256);
    assert_non_null(node->page.ca_file);
    config_free(config);
}

static void test_defaults(void **state)
{
    (void)state;
    struct config *config = scene_load_good(WHOLE);
    const struct config_imp_node *node = &config->imp_nodes[1];
    assert_int_equal(node->interval_ms, 120000);
    assert_string_equal(node->axl.url, "https://b.example:443/");
    assert_int_equal(node->axl.port, 443);
    assert_string_equal(node->axl_version, "12.5");
    assert_int_equal(node->axl_table, AXL_TABLE_AUTO);
    assert_string_equal(node->axl.ca_file, config->tls_ca_file);
    assert_true(node->expect.federation);
    assert_null(node->expect.cluster);
    assert_null(node->control_center.url);
    assert_null(node->control_center.username);
    assert_null(node->page.url);
    assert_null(node->query);
    assert_null(config_find_imp(config, "B"));
    config_free(config);
}

/* A node's name is mostly that of its host, and may be as long. */
static void test_long_names(void **state)
{
    (void)state;
    char name[255], text[512];
    for (size_t length = 253; length <= 254; length++) {
        memset(name, 'a', length);
        name[length] = '\0';
        snprintf(text, sizeof text, AGENT "imp_nodes: [{name: %s, axl: {url: 'https://a/axl/', " ACCOUNT "}}]\n", name);
        struct config *config = scene_load(text);
        assert_int_equal(config != NULL, length == 253);
        config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests_name("config_imp", tests, scene_setup, scene_teardown);
}
