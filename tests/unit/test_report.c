/* What `fedhealth check` prints of a hand-made state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "sample_status.h"

static char *printed(void (*report)(FILE *, const struct status *), const struct status *status)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    report(out, status);
    fclose(out);
    return text;
}

static void check_has(const struct status *status, const char *part)
{
    char *text = printed(report_text, status);
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
    free(text);
}

/* The state of the sample with `count` endpoints at its first domain, the last of which refuses the connection if
 * `refused` is set; the domain is then `state`. */
static struct status *with_endpoints(size_t count, bool refused, enum state state)
{
    struct status *status = sample_status_new();
    struct domain_status *domain = status->domains[0];
    struct domain_result *latest = domain->latest;
    size_t former = latest->endpoint_count;
    latest->endpoints = mem_resize(latest->endpoints, count, sizeof *latest->endpoints);
    latest->endpoint_count = count;
    for (size_t i = former; i < count; i++) {
        struct endpoint_result *endpoint = &latest->endpoints[i];
        bool bad = refused && i + 1 == count;
        endpoint_result_init(endpoint);
        endpoint->target = mem_strdup("xmpp2.healthy.example");
        endpoint->port = 5270;
        endpoint->address = mem_strdup("192.0.2.9");
        endpoint->transport = TRANSPORT_DIRECT;
        endpoint->reached[CHECK_CONNECT] = true;
        check_result_set(&endpoint->check[CHECK_CONNECT], bad ? REASON_CONNECT_REFUSED : REASON_OK, NULL);
    }
    if (refused) {
        domain->state = state;
        domain->worst = CHECK_CONNECT;
        check_result_set(&domain->check[CHECK_CONNECT].result, REASON_CONNECT_REFUSED, NULL);
        domain->check[CHECK_CONNECT].result.state = state;
    }
    return status;
}

static void test_endpoints_alike(void **state)
{
    (void)state;
    struct status *status = with_endpoints(1, false, STATE_OK);
    char *text = printed(report_text, status);
    assert_null(strstr(text, " 1 checked")); /* one endpoint is nothing to tell of */
    free(text);
    sample_status_free(status);

    status = with_endpoints(3, false, STATE_OK);
    check_has(status, "\n  endpoints    3 checked, all ok\n");
    status->domains[0]->latest->endpoints_skipped = 2;
    check_has(status, "\n  endpoints    3 checked, 2 more not: the domain has more than agent.max_endpoints, all ok\n");
    sample_status_free(status);
}

/* One of two is down, which is a warning for the domain: neither is what the domain is. */
static void test_endpoints_differ(void **state)
{
    (void)state;
    struct status *status = with_endpoints(2, true, STATE_WARNING);
    check_has(status, "\n  endpoints    2 checked\n"
                      "    xmpp1.healthy.example:5269 (2001:db8::1) starttls: ok\n"
                      "    xmpp2.healthy.example:5270 (192.0.2.9) direct: critical connect_refused\n");
    sample_status_free(status);

    /* what is like the domain is not said again */
    status = with_endpoints(2, true, STATE_CRITICAL);
    check_has(status, "\n  endpoints    2 checked\n    xmpp1.healthy.example:5269 (2001:db8::1) starttls: ok\n\nexp");
    sample_status_free(status);
}

static void test_nagios(void **state)
{
    (void)state;
    struct status *status = with_endpoints(3, true, STATE_WARNING);
    char *text = printed(report_nagios, status);
    static const char BEGIN[] = "FEDHEALTH CRITICAL - 0 of 4 ok; expired.example: cert_expired at certificate";
    assert_int_equal(strncmp(text, BEGIN, strlen(BEGIN)), 0);
    assert_ptr_equal(strchr(text, '|'), strrchr(text, '|'));
    free(text);
    sample_status_free(status);
}

/* The sample with its nodes. */
static struct status *with_nodes(void)
{
    struct status *status = sample_status_new();
    sample_add_nodes(status);
    return status;
}

static void test_nodes(void **state)
{
    (void)state;
    struct status *status = with_nodes();
    check_has(status, "\n\ncups.healthy.example: ok\n  axl          ok          20.0 ms\n  s2snode      ok ");
    check_has(status, "\ncups.empty.example: critical\n"
                      "  cause: the login of expressway-c is wrong (401), so Expressway-C cannot write:\n"
                      "         correct its password & wait\n"
                      "  axl          critical    20.0 ms  axl_account_rejected: expressway-c: 401\n    meaning  ");
    check_has(status, "\n\ncups.pending.example: critical\n  cause: restart the XCP Router on cups.pending.example\n");
    check_has(status, "\n  xcp_restart  critical    21.0 ms  xcp_restart_pending: page: pending; query: unknown\n");
    check_has(status, "\n\ncups.new.example: unknown\n");
    sample_status_free(status);
}

static void test_nodes_nagios(void **state)
{
    (void)state;
    struct status *status = with_nodes();
    size_t domains = status->domain_count;
    status->domain_count = 0;
    char *text = printed(report_nagios, status);
    status->domain_count = domains;
    static const char BEGIN[] =
        "FEDHEALTH CRITICAL - 1 of 4 ok; cups.empty.example: axl_account_rejected at axl, the login of expressway-c is "
        "wrong (401), so Expressway-C cannot write: correct its password & wait; cups.pending.example: "
        "xcp_restart_pending at xcp_restart, restart the XCP Router on cups.pending.example; cups.new.example: not_run "
        "at axl | 'cups.healthy.example_axl'=0.020000s;;;0 'cups.healthy.example_s2snode'=0.020500s;;;0 ";
    assert_int_equal(strncmp(text, BEGIN, strlen(BEGIN)), 0);
    assert_ptr_equal(strchr(text, '|'), strrchr(text, '|'));
    free(text);

    /* the node's state counts */
    for (size_t i = 0; i < status->domain_count; i++)
        status->domains[i]->state = STATE_OK;
    assert_int_equal(report_worst(status), STATE_CRITICAL);
    sample_status_free(status);
}

static void test_json(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    char *text = printed(report_json, status);
    assert_int_equal(strncmp(text, "{\n  \"agent\": {\n    \"version\"", 28), 0);
    static const char END[] = "\n    }\n  ],\n  \"imp_nodes\": []\n}\n";
    assert_string_equal(text + strlen(text) - strlen(END), END);
    free(text);
    sample_status_free(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints_alike),
        cmocka_unit_test(test_endpoints_differ),
        cmocka_unit_test(test_nagios),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_nodes_nagios),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
