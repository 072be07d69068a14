/* The configuration: every key, every default, every fault with its line, and files that mean harm. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/fault.h"
#include "config/file.h"
#include "tests/unit/config_scene.h"

/* ---- what is accepted ---- */

/* Each followed by a blank. */
static void assert_networks(const struct config *config, const char *expected)
{
    char shown[NETWORK_TEXT_SIZE];
    struct buf all;
    buf_init(&all, 1000);
    for (size_t i = 0; i < config->deny_network_count; i++)
        buf_printf(&all, "%s ", network_print(&config->deny_networks[i], shown));
    assert_string_equal(all.data, expected);
    buf_fini(&all);
}

static void test_every_key(void **state)
{
    (void)state;
    struct config *config = scene_load_good(
        "agent:\n"
        "  domain: Mönitor.example.\n"
        "  interval: 1h30m\n"
        "  timeout: 1500ms\n"
        "  confirm: 3\n"
        "  retry_interval: 1.5m\n"
        "  max_concurrent: 65536\n"
        "  max_concurrent_per_address: 1\n"
        "  max_endpoints: 64\n"
        "  address_families: both\n"
        "  deny_networks: [169.254.0.0/16, '2001:DB8::/32', 192.0.2.1]\n"
        "  state_dir: /x/state\n"
        "metrics: {detail: domain}\n"
        "severity: {srv_missing: ok, 'cert_expired': unknown}\n"
        "dns:\n"
        "  resolvers:\n"
        "  - {name: internal, address: '[2001:DB8:0::53]:5353'}\n"
        "  - {name: public, address: '192.0.2.53:53', trust_ad: true}\n"
        "tls:\n"
        "  ca_file: ca.pem\n"
        "  min_version: 1.3\n"
        "  expiry_warning: 30d\n"
        "  expiry_critical: 12h\n"
        "  client_certificate: \"ca.pem\"\n"
        "  client_key: 'ca.pem'\n"
        "domains:\n"
        "  - example.org\n"
        "  - name: 'XN--BCHER-KVA.Example'\n"
        "    interval: 1s\n"
        "    targets: ['192.0.2.1:5269', '[2001:DB8:0::1]:1', Bücher.example.:9]\n"
        "  - name: c.example\n"
        "    expect:\n"
        "      starttls: none\n"
        "      srv_targets: ['A.example:5269', 'bücher.example.:1']\n"
        "  - {name: d.example, targets: [], severity: {}, expect: {starttls: optional, srv_targets: []}}\n"
        "  - {name: e.example, severity: {srv_missing: critical, tls_error: warning}, expect: {starttls: required}}\n"
        "snmp:\n"
        "  mode: master\n"
        "  listen: ['udp:192.0.2.1:161', 'udp6:[::1]:161', 'tcp6:[2001:db8::1]:1']\n"
        "  community: s3cret\n");
    assert_string_equal(config->domain, "mönitor.example");
    assert_int_equal(config->interval_ms, 5400000);
    assert_int_equal(config->timeout_ms, 1500);
    assert_int_equal(config->confirm, 3);
    assert_int_equal(config->retry_interval_ms, 90000);
    assert_int_equal(config->max_concurrent, 65536);
    assert_int_equal(config->max_concurrent_per_address, 1);
    assert_int_equal(config->max_endpoints, 64);
    assert_int_equal(config->address_families, FAMILIES_BOTH);
    assert_networks(config, "169.254.0.0/16 2001:db8::/32 192.0.2.1 ");
    assert_string_equal(config->state_dir, "/x/state");
    assert_int_equal(config->metrics_detail, METRICS_DOMAIN);
    assert_int_equal(config->resolver_count, 2);
    assert_string_equal(config->resolvers[0].name, "internal");
    assert_string_equal(config->resolvers[0].address, "[2001:db8::53]:5353");
    assert_false(config->resolvers[0].trust_ad);
    assert_string_equal(config->resolvers[1].name, "public");
    assert_true(config->resolvers[1].trust_ad);
    assert_string_equal(config->tls_ca_file, "ca.pem");
    assert_int_equal(config->tls_min_version, 0x0304);
    assert_int_equal(config->tls_expiry_warning_s, 30 * 86400);
    assert_int_equal(config->tls_expiry_critical_s, 43200);
    assert_string_equal(config->tls_client_certificate, "ca.pem");
    assert_string_equal(config->tls_client_key, "ca.pem");
    assert_int_equal(config->snmp_mode, SNMP_MODE_MASTER);
    assert_string_equal(config->snmp_listen[0], "udp:192.0.2.1:161");
    assert_string_equal(config->snmp_listen[1], "udp6:[::1]:161");
    assert_string_equal(config->snmp_listen[2], "tcp6:[2001:db8::1]:1");
    assert_null(config->snmp_listen[3]);
    assert_string_equal(config->snmp_community, "s3cret");

    const struct config_domain *domain = config->domains;
    assert_int_equal(config->domain_count, 5);
    assert_string_equal(domain[0].name, "example.org");
    assert_string_equal(domain[0].name_unicode, "example.org");
    assert_int_equal(domain[0].interval_ms, 5400000);
    assert_int_equal(domain[0].expect_starttls, EXPECT_STARTTLS_ANY);
    assert_int_equal(domain[0].expect_srv_count, 0);
    assert_string_equal(domain[1].name, "xn--bcher-kva.example");
    assert_string_equal(domain[1].name_unicode, "bücher.example");
    assert_int_equal(domain[1].interval_ms, 1000);
    assert_int_equal(domain[0].target_count, 0);
    assert_int_equal(domain[1].target_count, 3);
    assert_string_equal(domain[1].targets[0].host, "192.0.2.1");
    assert_int_equal(domain[1].targets[0].port, 5269);
    assert_string_equal(domain[1].targets[1].host, "2001:db8::1");
    assert_int_equal(domain[1].targets[1].port, 1);
    assert_string_equal(domain[1].targets[2].host, "xn--bcher-kva.example");
    assert_int_equal(domain[3].target_count, 0);
    assert_int_equal(domain[2].expect_starttls, EXPECT_STARTTLS_NONE);
    assert_int_equal(domain[2].expect_srv_count, 2);
    assert_string_equal(domain[2].expect_srv[0].host, "a.example");
    assert_int_equal(domain[2].expect_srv[0].port, 5269);
    assert_string_equal(domain[2].expect_srv[1].host, "xn--bcher-kva.example");
    assert_int_equal(domain[2].expect_srv[1].port, 1);
    assert_int_equal(domain[3].expect_starttls, EXPECT_STARTTLS_OPTIONAL);
    assert_int_equal(domain[3].expect_srv_count, 0);
    assert_int_equal(domain[4].expect_starttls, EXPECT_STARTTLS_REQUIRED);

    assert_int_equal(severity_of(&domain[0].severity, REASON_SRV_MISSING, STATE_WARNING), STATE_OK);
    assert_int_equal(severity_of(&domain[3].severity, REASON_CERT_EXPIRED, STATE_CRITICAL), STATE_UNKNOWN);
    assert_int_equal(severity_of(&domain[4].severity, REASON_SRV_MISSING, STATE_WARNING), STATE_CRITICAL);
    assert_int_equal(severity_of(&domain[4].severity, REASON_TLS_ERROR, STATE_CRITICAL), STATE_WARNING);
    assert_int_equal(severity_of(&domain[4].severity, REASON_CERT_EXPIRED, STATE_CRITICAL), STATE_UNKNOWN);
    assert_int_equal(severity_of(&domain[3].severity, REASON_TLS_ERROR, STATE_CRITICAL), STATE_CRITICAL);

    assert_ptr_equal(config_find(config, "Bücher.example"), &domain[1]);
    assert_ptr_equal(config_find(config, "xn--bcher-kva.example."), &domain[1]);
    assert_null(config_find(config, "other.example"));
    assert_null(config_find(config, "not a name"));
    config_free(config);
    config_free(NULL);

    config = scene_load_good(AGENT DOMAINS "snmp: {mode: agentx, agentx_socket: 'tcp:localhost:705'}\n");
    assert_int_equal(config->snmp_mode, SNMP_MODE_AGENTX);
    assert_string_equal(config->snmp_agentx_socket, "tcp:localhost:705");
    config_free(config);
    config = scene_load_good(AGENT DOMAINS "snmp: {mode: off}\n");
    assert_int_equal(config->snmp_mode, SNMP_MODE_OFF);
    config_free(config);
}

static void assert_defaults(const struct config *config)
{
    assert_int_equal(config->interval_ms, 300000);
    assert_int_equal(config->timeout_ms, 10000);
    assert_int_equal(config->confirm, 2);
    assert_int_equal(config->retry_interval_ms, 30000);
    assert_int_equal(config->max_concurrent, 4096);
    assert_int_equal(config->max_concurrent_per_address, 4);
    assert_int_equal(config->max_endpoints, 16);
    assert_int_equal(config->address_families, FAMILIES_AUTO);
    assert_networks(config, "");
    assert_int_equal(config->metrics_detail, METRICS_ENDPOINT);
    assert_int_equal(config->severity.count, 0);
    for (size_t i = 0; i < config->domain_count; i++) {
        assert_int_equal(config->domains[i].target_count, 0);
        assert_int_equal(config->domains[i].severity.count, 0);
        assert_ptr_equal(config->domains[i].severity.behind, &config->severity);
    }
    assert_int_equal(config->resolver_count, 1);
    assert_string_equal(config->resolvers[0].name, "system");
    assert_null(config->resolvers[0].address);
    assert_false(config->resolvers[0].trust_ad);
    assert_int_equal(config->tls_min_version, 0x0303);
    assert_int_equal(config->tls_expiry_warning_s, 14 * 86400);
    assert_int_equal(config->tls_expiry_critical_s, 3 * 86400);
    assert_null(config->tls_client_certificate);
    assert_null(config->tls_client_key);
    assert_string_equal(config->snmp_agentx_socket, "/var/agentx/master");
    assert_string_equal(config->snmp_listen[0], "udp:127.0.0.1:1161");
    assert_null(config->snmp_listen[1]);
    assert_string_equal(config->snmp_community, "public");
}

static void test_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "agent: {domain: m.example}\ndomains: [a.example]\n",
        "agent: {domain: m.example}\ndomains: [{name: a.example, expect: {}}]\ndns: {}\nsnmp: {}\n",
        "\uFEFFagent: {domain: m.example}\ndomains: [a.example]\n",
        "\xef\xbb\xbf# BOM, CR LF\r\nagent:\r\n  domain: m.example\r\ndns: {resolvers: []}\r\ndomains: [a.example]\r\n",
        "%YAML 1.1\n---\nagent: {domain: m.example}\ndomains: [\"a.example\"]\n",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct config *config = scene_load_good(texts[i]);
        assert_defaults(config);
        assert_string_equal(config->domain, "m.example");
        assert_string_equal(config->state_dir, "/var/lib/fedhealth");
        assert_int_equal(config->snmp_mode, SNMP_MODE_AGENTX);
        assert_int_equal(config->domain_count, 1);
        assert_string_equal(config->domains[0].name, "a.example");
        assert_int_equal(config->domains[0].interval_ms, 300000);
        config_free(config);
    }
}

static void test_without_file(void **state)
{
    (void)state;
    static const char *const names[] = {"Bücher.example", "a.example"};
    static const char *const bad[] = {"a.example", "a_b", "A.example", "192.0.2.1"};
    char host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof host - 1);
    const char *const own[] = {host};

    const char *ca_file = "/etc/ssl/certs/ca-certificates.crt";
    bool have_ca = access(ca_file, R_OK) == 0;
    char *no_ca = have_ca ? mem_strdup("")
                          : mem_printf("tls.ca_file: %s cannot be read: No such file or directory\n", ca_file);
    buf_clear(&faults);
    struct config *config = config_default(names, COUNT_OF(names), &faults);
    assert_string_equal(faults.data, no_ca);
    assert_true(have_ca == (config != NULL));
    if (config != NULL) {
        assert_defaults(config);
        assert_string_equal(config->tls_ca_file, ca_file);
        assert_null(config->state_dir);
        assert_int_equal(config->snmp_mode, SNMP_MODE_MASTER);
        assert_int_equal(config->domain_count, 2);
        assert_string_equal(config->domains[0].name, "xn--bcher-kva.example");
        assert_int_equal(config->domains[1].interval_ms, 300000);
        assert_non_null(config->domain);
        config_free(config);

        config = config_default(own, 1, &faults);
        if (config != NULL) { /* the machine's name is fit for a domain */
            assert_string_not_equal(config->domain, config->domains[0].name_unicode);
            assert_memory_equal(config->domain, "fedhealth.", 10);
        }
        config_free(config);

        config = config_default(NULL, 0, &faults);
        assert_int_equal(config->domain_count, 0);
        config_free(config);
    }
    buf_clear(&faults);
    assert_null(config_default(bad, COUNT_OF(bad), &faults));
    char *expected = mem_printf("%s%s", no_ca,
                                "a_b: has the character '_', which a domain name must not have\n"
                                "192.0.2.1: is an IP address: a domain's name is needed\n"
                                "a.example: is the same domain as one before\n");
    assert_string_equal(faults.data, expected);
    free(expected);
    free(no_ca);
}

/* ---- who holds it, and where it is read from ---- */

static void test_hold(void **state)
{
    (void)state;
    struct config *config = scene_load_good(AGENT DOMAINS "severity: {srv_missing: ok}\n");
    assert_ptr_equal(config_hold(config), config);
    assert_ptr_equal(config_hold(config), config);
    config_free(config);
    config_free(config);
    assert_ptr_equal(config_find(config, "a.example"), &config->domains[0]);
    config_free(config);
    config_free(NULL);
}

/* The text is no C string: nothing may be read behind its end. */
static void test_read(void **state)
{
    (void)state;
    static const char text[] = AGENT DOMAINS "tls: {ca_file: ca.pem}\nzzz";
    char *bytes = mem_alloc(sizeof text - 1);
    memcpy(bytes, text, sizeof text - 1);
    buf_clear(&faults);
    assert_null(config_read(bytes, sizeof text - 1, "lists/none.yaml", &faults));
    assert_string_equal(faults.data, "lists/none.yaml:5: syntax error: could not find expected ':' (while scanning a "
                                     "simple key, line 4)\n");
    free(bytes);

    bytes = mem_strndup(text, sizeof text - 4);
    buf_clear(&faults);
    struct config *config = config_read(bytes, strlen(bytes), "c.yaml", &faults);
    free(bytes); /* nothing in it is kept */
    assert_string_equal(faults.data, "");
    assert_string_equal(config->domains[0].name, "a.example");
    config_free(config);
}

/* ---- a fault that is found later ---- */

static void assert_told(const struct config *config, const char *key, const char *expected)
{
    buf_clear(&faults);
    config_tell(config, key, "is bad", &faults);
    assert_string_equal(faults.data, expected);
}

static void test_tell(void **state)
{
    (void)state;
    struct config *config = scene_load_good(AGENT DOMAINS "snmp:\n  mode: master\n  listen:\n  - 'udp:127.0.0.1:1'\n"
                                      "tls:\n  client_certificate: ca.pem\n  client_key:\n    ca.pem\n"
                                      "  ca_file: ca.pem\n");
    assert_told(config, "tls.client_certificate", "c.yaml:8: tls.client_certificate: is bad\n");
    assert_told(config, "tls.client_key", "c.yaml:9: tls.client_key: is bad\n");
    assert_told(config, "tls.ca_file", "c.yaml:11: tls.ca_file: is bad\n");
    assert_told(config, "agent.domain", "c.yaml:1: agent.domain: is bad\n");
    assert_told(config, "snmp.listen", "c.yaml:5: snmp.listen: is bad\n");
    assert_told(config, "snmp.community", "c.yaml: snmp.community: is bad\n");
    config_tell(config, "tls", "is worse", &faults);
    assert_string_equal(faults.data, "c.yaml: snmp.community: is bad\nc.yaml:7: tls: is worse\n");
    config_free(config);

    config = config_default(NULL, 0, &faults);
    if (config != NULL) { /* the machine has authorities */
        assert_told(config, "tls.ca_file", "tls.ca_file: is bad\n");
        config_free(config);
    }
}

/* ---- what is refused ---- */

static const struct {
    const char *text, *faults;
} REFUSED[] = {
#include "tests/unit/config_faults.def"
};

static void test_refused(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        struct config *config = scene_load(REFUSED[i].text);
        if (strcmp(faults.data, REFUSED[i].faults) != 0) {
            print_error("of\n%sthere should be\n%sbut is\n%s", REFUSED[i].text, REFUSED[i].faults, faults.data);
            wrong++;
        }
        config_free(config);
    }
    assert_int_equal(wrong, 0);
}

/* The bytes that C strings cannot carry, and what only size makes harmful. */
static void assert_refused(const char *bytes, size_t length, const char *expected)
{
    assert_null(scene_load_bytes(bytes, length));
    assert_string_equal(faults.data, expected);
}

static void test_hostile(void **state)
{
    (void)state;
    static const char nul[] = AGENT "domains:\n- a\0b\n";
    assert_refused(nul, sizeof nul - 1,
                   "c.yaml:3: syntax error: control characters are not allowed (the file must be UTF-8 text)\n");

    const size_t deep = 1000000;
    char *nested = mem_alloc(deep + 1);
    memset(nested, '[', deep);
    assert_refused(nested, deep, "c.yaml:1: is nested more than 32 deep\n");
    for (size_t i = 0; i + 4 <= deep; i += 4)
        memcpy(nested + i, "{a: ", 4);
    assert_refused(nested, deep, "c.yaml:1: is nested more than 32 deep\n");
    for (size_t i = 0; i + 2 <= deep; i += 2)
        memcpy(nested + i, "? ", 2);
    assert_refused(nested, deep, "c.yaml:1: is nested more than 32 deep\n");
    free(nested);

    char *large = mem_alloc(FILE_MAX_BYTES + 1);
    memset(large, '#', FILE_MAX_BYTES + 1);
    assert_refused(large, FILE_MAX_BYTES + 1, "c.yaml: is larger than 16 MiB\n");
    free(large);

    buf_clear(&faults);
    assert_null(config_load("none.yaml", &faults));
    assert_string_equal(faults.data, "none.yaml: cannot be read: No such file or directory\n");
}

/* "lol" laughs: refused line by line, never expanded. */
static void test_laughs(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 100000);
    buf_puts(&text, "a: &a [lol, lol]\n");
    for (char name = 'b'; name <= 'z'; name++)
        buf_printf(&text, "%c: &%c [*%c, *%c]\n", name, name, name - 1, name - 1);
    assert_null(scene_load(text.data));
    assert_non_null(strstr(faults.data, "c.yaml:26: z: anchors (&name) are not supported\n"));
    buf_fini(&text);
}

static void test_more_faults_than_told(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 100000);
    buf_puts(&text, AGENT "domains:\n");
    for (int i = 0; i < FAULTS_MAX + 5; i++)
        buf_puts(&text, "- _\n");
    assert_null(scene_load(text.data));
    assert_false(buf_failed(&faults));
    assert_non_null(strstr(faults.data, "c.yaml:1002: domains[999]: "));
    assert_null(strstr(faults.data, "domains[1000]"));
    assert_non_null(strstr(faults.data, "\n5 more faults are not shown\n"));
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_without_file),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_tell),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_laughs),
        cmocka_unit_test(test_more_faults_than_told),
    };
    return cmocka_run_group_tests_name("config", tests, scene_setup, scene_teardown);
}
