/* The line that a person can act on, where facts of a node and of its own domains say more together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "health/imp_cause.h"
#include "health/ping.h"
#include "imp_scene.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define NODE_OK {REASON_OK, REASON_OK, REASON_OK, REASON_OK}
#define NODE(axl, s2snode, restart, router) {REASON_##axl, REASON_##s2snode, REASON_##restart, REASON_##router}
#define DOMAIN_OK {REASON_OK, REASON_OK, REASON_OK, REASON_OK}
#define BOUNCE REASON_PING_ERROR_REMOTE_SERVER_TIMEOUT
#define FINE DOMAIN_OK, REASON_NOT_CONFIGURED
#define REJECTED "rejects the account expc (401), so Expressway-C cannot write to it"
#define EMPTY "Expressway-C has not written to cups: its table xmpps2snode is empty, though AXL works."
#define RESTART "restart the XCP Router on cups (Tools > Control Center"
#define DOMAIN "cups has its rows, and no restart is known to be due, but partners "
#define LINE_MAX (255 - 35) /* of fhImpDetail, and room for names that are longer than these */
#define BOUNCES "All checks of cups are good, but the ping to partner.example bounces"

static char own_names[][16] = {"missing.example", "coluc.com", "second.example"};

static const struct {
    bool no_federation;
    enum tri account;
    const char *rows; /* NULL: not read */
    enum reason node[IMP_CHECK_COUNT];
    enum reason domain[4]; /* srv … starttls of coluc.com */
    enum reason ping;
    enum reason second; /* srv of another own domain */
    const char *cause; /* part of it; NULL: none */
    const char *also;  /* likewise; NULL: nothing else is looked for */
} ROWS[] = {
    {false, TRI_YES, "a", NODE_OK, FINE, REASON_OK, NULL, NULL},
    /* a verify account decides, whatever else there is */
    {false, TRI_NO, "", NODE(AXL_ACCOUNT_REJECTED, S2SNODE_EMPTY, OK, OK), FINE, REASON_OK, "cups " REJECTED,
     "(Configuration > Unified Communications > IM and Presence Servers), refresh the discovery"},
    {false, TRI_NO, "a", NODE(AXL_ACCOUNT_REJECTED, OK, XCP_RESTART_PENDING, OK), FINE, REASON_OK, REJECTED, NULL},
    {false, TRI_NO, NULL, NODE(AXL_TIMEOUT, NOT_REACHED, OK, OK), FINE, REASON_OK, REJECTED, NULL},
    /* the table is empty */
    {false, TRI_UNKNOWN, "", NODE(OK, S2SNODE_EMPTY, OK, OK), FINE, REASON_OK, EMPTY,
     "if its log has Status=\"401\", correct the password there and refresh the discovery"},
    {false, TRI_YES, "", NODE(OK, S2SNODE_MISSING, XCP_RESTART_PENDING, OK), FINE, REASON_OK, EMPTY, NULL},
    {false, TRI_UNKNOWN, "", NODE(AXL_THROTTLED, S2SNODE_EMPTY, OK, OK), FINE, REASON_OK, EMPTY, NULL},
    {false, TRI_UNKNOWN, NULL, NODE(AXL_UNAUTHORIZED, NOT_REACHED, OK, OK), FINE, REASON_OK, NULL, NULL},
    {true, TRI_UNKNOWN, "", NODE_OK, FINE, REASON_OK, NULL, NULL},
    /* a restart is pending */
    {false, TRI_YES, "a", NODE(OK, OK, XCP_RESTART_PENDING, OK), FINE, REASON_OK, RESTART,
     "if packets still bounce, restart the IM and Presence cluster"},
    {false, TRI_YES, "a", NODE(OK, S2SNODE_DIFFERS, XCP_RESTART_PENDING, OK), FINE, REASON_OK, RESTART, NULL},
    {false, TRI_YES, "a", NODE(OK, S2SNODE_UNEXPECTED, XCP_RESTART_PENDING, OK), FINE, REASON_OK, RESTART, NULL},
    {false, TRI_YES, "a", NODE(OK, OK, XCP_RESTART_PENDING, OK),
     {REASON_DNS_NXDOMAIN, REASON_NOT_REACHED, REASON_NOT_REACHED, REASON_NOT_REACHED},
     REASON_NOT_CONFIGURED, REASON_OK, RESTART, NULL},
    {true, TRI_YES, "", NODE(OK, OK, XCP_RESTART_PENDING, OK), FINE, REASON_OK, RESTART, NULL},
    {false, TRI_YES, "a", NODE(OK, S2SNODE_MISSING, XCP_RESTART_PENDING, OK), FINE, REASON_OK, NULL, NULL},
    {false, TRI_YES, NULL, NODE(AXL_TIMEOUT, NOT_REACHED, XCP_RESTART_PENDING, OK), FINE, REASON_OK, NULL, NULL},
    /* an own domain */
    {false, TRI_YES, "a", NODE_OK, {REASON_DNS_NXDOMAIN, REASON_NOT_REACHED, REASON_NOT_REACHED, REASON_NOT_REACHED},
     REASON_NOT_CONFIGURED, REASON_OK,
     DOMAIN "do not get through to coluc.com: check srv is critical (dns_nxdomain): correct its SRV", NULL},
    {false, TRI_YES, "a", NODE(OK, OK, XCP_RESTART_UNKNOWN, NOT_CONFIGURED),
     {REASON_OK, REASON_CONNECT_REFUSED, REASON_NOT_REACHED, REASON_NOT_REACHED}, REASON_NOT_CONFIGURED, REASON_OK,
     "check connect is critical (connect_refused): open TCP port 5269", NULL},
    {false, TRI_YES, "a", NODE_OK,
     {REASON_SRV_MISSING, REASON_OK, REASON_STREAM_ERROR_HOST_UNKNOWN, REASON_NOT_REACHED}, REASON_NOT_CONFIGURED,
     REASON_SRV_MISSING, "check stream is critical (stream_error_host_unknown)", NULL},
    {false, TRI_YES, "a", NODE_OK, {REASON_OK, REASON_OK, REASON_OK, REASON_STARTTLS_POLICY_MISMATCH},
     REASON_NOT_CONFIGURED, REASON_OK,
     DOMAIN "may not get through to coluc.com: check starttls is warning", NULL},
    {false, TRI_YES, "a", NODE_OK, {REASON_SRV_MISSING, REASON_OK, REASON_OK, REASON_OK}, REASON_NOT_CONFIGURED,
     REASON_DNS_TIMEOUT, "second.example: check srv is critical (dns_timeout)", NULL},
    {false, TRI_YES, "a", NODE_OK, {REASON_NOT_RUN, REASON_NOT_RUN, REASON_LOCAL_ERROR, REASON_NOT_RUN},
     REASON_NOT_CONFIGURED, REASON_OK, NULL, NULL},
    {false, TRI_YES, "a", NODE(OK, OK, OK, XCP_ROUTER_STOPPED),
     {REASON_OK, REASON_CONNECT_REFUSED, REASON_NOT_REACHED, REASON_NOT_REACHED}, REASON_NOT_CONFIGURED, REASON_OK,
     NULL, NULL},
    {true, TRI_YES, "", NODE_OK, {REASON_OK, REASON_CONNECT_REFUSED, REASON_NOT_REACHED, REASON_NOT_REACHED},
     REASON_NOT_CONFIGURED, REASON_OK, NULL, NULL},
    /* ping, through an account at coluc.com */
    {false, TRI_YES, "a", NODE_OK, DOMAIN_OK, REASON_PING_ERROR_REMOTE_SERVER_NOT_FOUND, REASON_OK,
     BOUNCES " (ping_error_remote_server_not_found)",
     "restart it; if that does not help, the cluster"},
    {false, TRI_UNKNOWN, "a", NODE(OK, OK, XCP_RESTART_UNKNOWN, NOT_CONFIGURED), DOMAIN_OK, BOUNCE,
     REASON_OK, BOUNCES, NULL},
    {false, TRI_YES, "a", NODE(OK, OK, XCP_SOURCE_FAILED, OK), DOMAIN_OK, BOUNCE, REASON_OK, NULL, NULL},
    {false, TRI_YES, "a", NODE(OK, S2SNODE_DIFFERS, OK, OK), DOMAIN_OK, BOUNCE, REASON_OK, NULL, NULL},
    {false, TRI_YES, "a", NODE_OK, DOMAIN_OK, REASON_NOT_RUN, REASON_OK, NULL, NULL},
    {false, TRI_YES, "a", NODE_OK, DOMAIN_OK, REASON_PING_TIMEOUT, REASON_OK, NULL, NULL},
    {false, TRI_YES, "a", NODE_OK, DOMAIN_OK, REASON_PING_LOGIN_FAILED, REASON_OK, NULL, NULL},
    {false, TRI_YES, "a", NODE_OK, DOMAIN_OK, REASON_PING_ERROR_SERVICE_UNAVAILABLE, REASON_OK, NULL, NULL},
    {true, TRI_YES, "", NODE_OK, DOMAIN_OK, BOUNCE, REASON_OK, NULL, NULL},
};

static void set(struct check_status *check, enum reason reason)
{
    *check = (struct check_status){.result = {.reason = reason, .state = reason_info(reason)->state}};
}

static struct domain_result *pinged_through(const char *server, enum reason reason)
{
    struct domain_result *result = domain_result_new();
    domain_result_add_pings(result, 1);
    result->pings[0].account = mem_printf("probe@%s", server);
    result->pings[0].server = mem_strdup(server);
    check_result_set(&result->pings[0].check, reason, NULL);
    return result;
}

static void the_first_rule_that_holds_makes_the_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct domain_status coluc = {.name = own_names[1]}, second = {.name = own_names[2]};
        for (int check = 0; check < CHECK_COUNT; check++) {
            set(&coluc.check[check], check < 4 ? ROWS[i].domain[check] : REASON_OK);
            set(&second.check[check], check == CHECK_SRV ? ROWS[i].second : REASON_OK);
        }
        char partner_name[] = "partner.example";
        struct domain_status partner = {.name = partner_name};
        for (int check = 0; check < CHECK_COUNT; check++)
            set(&partner.check[check], check == CHECK_PING ? ROWS[i].ping : REASON_OK);
        partner.latest = pinged_through("coluc.com", ROWS[i].ping);
        struct domain_status *domains[] = {&second, &coluc, &partner};
        const struct status status = {.domain_count = COUNT(domains), .domains = domains};
        char *names[] = {own_names[0], own_names[1], own_names[2]};
        const struct imp_expect expect = {.federation = !ROWS[i].no_federation, .domains = names,
                                          .domain_count = COUNT(names)};
        char name[] = "cups";
        struct imp_status node = {.name = name, .latest = imp_scene_round(ROWS[i].rows, 1)};
        for (int check = 0; check < IMP_CHECK_COUNT; check++)
            set(&node.check[check], ROWS[i].node[check]);
        node.latest->account_count = 1;
        node.latest->accounts = mem_array(1, sizeof *node.latest->accounts);
        node.latest->accounts[0] = (struct imp_account){.name = mem_strdup("expc"), .valid = ROWS[i].account};
        char *cause = imp_cause(&node, &expect, &status);
        if (ROWS[i].cause == NULL ? cause != NULL : cause == NULL || strstr(cause, ROWS[i].cause) == NULL)
            fail_msg("row %zu: %s", i, cause != NULL ? cause : "nothing");
        if (ROWS[i].also != NULL && strstr(cause, ROWS[i].also) == NULL)
            fail_msg("row %zu: %s", i, cause);
        if (cause != NULL && strlen(cause) > LINE_MAX)
            fail_msg("row %zu: %zu bytes: %s", i, strlen(cause), cause);
        free(cause);
        imp_result_free(node.latest);
        domain_result_free(partner.latest);
    }
}

static void of_several_rejected_accounts_the_first_is_named(void **state)
{
    (void)state;
    char name[] = "cups";
    struct imp_status node = {.name = name, .latest = imp_scene_round("a", 1)};
    struct imp_account accounts[] = {{.name = mem_strdup("good"), .valid = TRI_YES},
                                     {.name = mem_strdup("one"), .valid = TRI_NO},
                                     {.name = mem_strdup("new"), .valid = TRI_UNKNOWN},
                                     {.name = mem_strdup("two"), .valid = TRI_NO}};
    node.latest->accounts = mem_array(COUNT(accounts), sizeof *accounts);
    memcpy(node.latest->accounts, accounts, sizeof accounts);
    node.latest->account_count = COUNT(accounts);
    const struct imp_expect expect = {.federation = true};
    const struct status status = {.domain_count = 0};
    char *cause = imp_cause(&node, &expect, &status);
    assert_non_null(strstr(cause, "the account one (and of 1 more) (401)"));
    free(cause);
    imp_result_free(node.latest);
}

static void only_accounts_of_own_domains_say_something_of_a_node(void **state)
{
    (void)state;
    static const char *const THROUGH[] = {"elsewhere.example", "coluc.com"};
    char name[] = "cups", partner_name[] = "partner.example";
    char *names[] = {own_names[2], own_names[1]};
    const struct imp_expect expect = {.federation = true, .domains = names, .domain_count = COUNT(names)};
    for (size_t own = 0; own < COUNT(THROUGH); own++) {
        struct imp_status node = {.name = name, .latest = imp_scene_round("a", 1)};
        for (int check = 0; check < IMP_CHECK_COUNT; check++)
            set(&node.check[check], REASON_OK);
        struct domain_status partner = {.name = partner_name, .latest = pinged_through(THROUGH[own], BOUNCE)};
        struct domain_status *domains[] = {&partner};
        const struct status status = {.domain_count = 1, .domains = domains};
        char *cause = imp_cause(&node, &expect, &status);
        assert_int_equal(cause != NULL, own);
        free(cause);
        domain_result_free(partner.latest);
        imp_result_free(node.latest);
    }
}

static void a_router_that_lets_one_ping_through_does_not_bounce(void **state)
{
    (void)state;
    char name[] = "cups", partner_name[] = "partner.example";
    char *names[] = {own_names[2], own_names[1]};
    const struct imp_expect expect = {.federation = true, .domains = names, .domain_count = COUNT(names)};
    for (size_t answered = 0; answered < 3; answered++) { /* 2: none */
        struct imp_status node = {.name = name, .latest = imp_scene_round("a", 1)};
        for (int check = 0; check < IMP_CHECK_COUNT; check++)
            set(&node.check[check], REASON_OK);
        struct domain_status partners[2];
        struct domain_status *domains[] = {&partners[0], &partners[1]};
        for (size_t i = 0; i < COUNT(partners); i++)
            partners[i] = (struct domain_status){
                .name = partner_name, .latest = pinged_through("coluc.com", i == answered ? REASON_OK : BOUNCE)};
        const struct status status = {.domain_count = COUNT(domains), .domains = domains};
        char *cause = imp_cause(&node, &expect, &status);
        assert_int_equal(cause != NULL, answered == 2);
        free(cause);
        for (size_t i = 0; i < COUNT(partners); i++)
            domain_result_free(partners[i].latest);
        imp_result_free(node.latest);
    }
}

static void before_the_first_round_there_is_nothing_to_say(void **state)
{
    (void)state;
    char name[] = "cups";
    const struct imp_status node = {.name = name};
    const struct imp_expect expect = {.federation = true};
    const struct status status = {.domain_count = 0};
    assert_null(imp_cause(&node, &expect, &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_holds_makes_the_line),
        cmocka_unit_test(of_several_rejected_accounts_the_first_is_named),
        cmocka_unit_test(only_accounts_of_own_domains_say_something_of_a_node),
        cmocka_unit_test(a_router_that_lets_one_ping_through_does_not_bounce),
        cmocka_unit_test(before_the_first_round_there_is_nothing_to_say),
    };
    return cmocka_run_group_tests_name("imp_cause", tests, NULL, NULL);
}
