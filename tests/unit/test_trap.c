/* Notifications, as the AgentX master gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentx_script.h"
#include "exporters/snmp/snmp.h"
#include "snmp_apart.h"

#define ROOT FH_ENTERPRISE_OID

/* A domain that is critical, and one that is ok. */
static struct domain_result latest;
static struct domain_status domains[] = {
    {.index = 3, .name = "bad.example", .state = STATE_CRITICAL, .confirmed = STATE_CRITICAL, .worst = CHECK_CONNECT,
     .check[CHECK_CONNECT].result = {.reason = REASON_CONNECT_REFUSED, .detail = "Connection refused"},
     .latest = &latest},
    {.index = 5, .name = "good.example", .state = STATE_OK, .confirmed = STATE_OK, .latest = &latest},
};
static struct domain_status *domain_list[] = {&domains[0], &domains[1]};
static const struct status status = {.agent = {.version = "1.2.3"}, .domain_count = 2, .domains = domain_list};
static const struct status nothing = {.agent = {.version = "1.2.3"}};

static void *take(void *arg, const struct status **present)
{
    *present = arg;
    return arg;
}

static void give_back(void *held)
{
    (void)held;
}

static struct snmp_agent *agent_behind(const char *socket_path, struct snmp_notices *notices,
                                       const struct status *present)
{
    const struct snmp_options options = {.agentx = true, .agentx_socket = socket_path, .take = take,
                                         .give_back = give_back, .arg = (void *)present, .notices = notices};
    struct err err;
    struct snmp_agent *agent = snmp_agent_new(&options, &err);
    EXPECT(agent != NULL);
    return agent;
}

static struct snmp_notices *notices_new(void)
{
    struct snmp_notices *notices = snmp_notices_new();
    snmp_notices_switch(notices, true, true);
    return notices;
}

/* What came, behind the time that stands first. */
static void expect_notice(int connection, const char *expected)
{
    char text[4096];
    agentx_await_notify(connection, text, sizeof text);
    const char *rest = strchr(text, '\n');
    EXPECT(strncmp(text, "1.3.6.1.2.1.1.3.0=", 18) == 0 && rest != NULL);
    if (strcmp(rest + 1, expected) != 0) {
        printf("got:\n%s\nnot:\n%s", rest + 1, expected);
        exit(1);
    }
}

#define KIND(number) "1.3.6.1.6.3.1.1.4.1.0=" ROOT ".0." number "\n"
#define PREVIOUS(state) ROOT ".1.9.1.0=" state "\n"
#define SEQUENCE(number) ROOT ".1.9.2.0=" number "\n"
#define CELL(column, value) ROOT ".1." column "=" value "\n"
#define OF_NODE CELL("5.1.2.7", "x.example") CELL("5.1.3.7", "3") PREVIOUS("1")

/* Every kind, with every varbind in the module's order. */
static const struct kind_case {
    enum notification_kind kind;
    enum reason reason;
    const char *expected;
} KINDS[] = {
    {NOTIFICATION_DOMAIN_STATE, REASON_CONNECT_REFUSED,
     KIND("1") CELL("2.1.2.7", "x.example") CELL("2.1.3.7", "3") PREVIOUS("1") CELL("2.1.4.7", "connect_refused")
         CELL("2.1.5.7", "words") SEQUENCE("1")},
    {NOTIFICATION_NODE_STATE, REASON_AXL_TIMEOUT,
     KIND("2") OF_NODE CELL("5.1.4.7", "axl_timeout") CELL("5.1.5.7", "words") SEQUENCE("2")},
    {NOTIFICATION_CERTIFICATE_EXPIRING, REASON_CERT_EXPIRES_SOON,
     KIND("3") CELL("2.1.2.7", "x.example") CELL("2.1.3.7", "3") PREVIOUS("1") CELL("2.1.4.7", "cert_expires_soon")
         CELL("2.1.5.7", "words") SEQUENCE("3") CELL("4.1.2.7.2", "xmpp.example") CELL("4.1.7.7.2", "192.0.2.1")
             CELL("4.1.15.7.2", "\x07\xea\x0b\x16\x0c\x22\x38")},
    {NOTIFICATION_CREDENTIALS_REJECTED, REASON_AXL_UNAUTHORIZED,
     KIND("4") OF_NODE CELL("5.1.4.7", "axl_unauthorized") CELL("5.1.5.7", "words") SEQUENCE("4")},
    {NOTIFICATION_S2S_CHANGED, REASON_S2SNODE_EMPTY,
     KIND("5") OF_NODE CELL("5.1.4.7", "s2snode_empty") CELL("5.1.5.7", "words") SEQUENCE("5")},
    {NOTIFICATION_RESTART_PENDING, REASON_XCP_RESTART_PENDING,
     KIND("6") OF_NODE CELL("5.1.4.7", "xcp_restart_pending") CELL("5.1.5.7", "words") SEQUENCE("6")},
};
#define KIND_COUNT (sizeof KINDS / sizeof KINDS[0])

static void put(struct snmp_notices *notices, const struct kind_case *each)
{
    const struct notification notification = {
        .kind = each->kind, .index = 7, .name = "x.example", .state = STATE_CRITICAL, .previous = STATE_OK,
        .reason = each->reason, .detail = "words", .endpoint = 2, .target = "xmpp.example", .address = "192.0.2.1",
        .not_after_s = 1795350896, /* 2026-11-22T12:34:56Z */
    };
    snmp_notices_put(notices, &notification);
}

/* Half of them wait for a master, and come with the first that connects. */
static void every_kind(void)
{
    char path[64];
    int listener = agentx_listen(4, path);
    struct snmp_notices *notices = notices_new();
    for (size_t i = 0; i < KIND_COUNT / 2; i++)
        put(notices, &KINDS[i]);
    struct snmp_agent *agent = agent_behind(path, notices, &nothing);
    int connection = agentx_accept(listener);
    for (size_t i = 0; i < KIND_COUNT / 2; i++)
        expect_notice(connection, KINDS[i].expected);
    for (size_t i = KIND_COUNT / 2; i < KIND_COUNT; i++) {
        put(notices, &KINDS[i]);
        expect_notice(connection, KINDS[i].expected);
    }
    close(connection);
    snmp_agent_free(agent);
    snmp_notices_free(notices);
    close(listener);
    unlink(path);
}

static void test_every_kind(void **state)
{
    (void)state;
    snmp_apart(every_kind);
}

#define STANDING(sequence)                                                                                             \
    KIND("1") CELL("2.1.2.3", "bad.example") CELL("2.1.3.3", "3") PREVIOUS("3") CELL("2.1.4.3", "connect_refused")     \
        CELL("2.1.5.3", "Connection refused") SEQUENCE(sequence)

/* Each master is told what is not ok: the first, one that comes later, and that of an SNMP started anew. */
static void every_master(void)
{
    char path[64];
    int listener = agentx_listen(4, path);
    struct snmp_notices *notices = notices_new();
    struct snmp_agent *agent = agent_behind(path, notices, &status);
    int connection = agentx_accept(listener);
    expect_notice(connection, STANDING("1"));
    close(connection);
    connection = agentx_accept(listener);
    expect_notice(connection, STANDING("2"));
    close(connection);
    snmp_agent_free(agent);
    put(notices, &KINDS[1]); /* meanwhile */
    agent = agent_behind(path, notices, &status);
    connection = agentx_accept(listener);
    expect_notice(connection, KIND("2") OF_NODE CELL("5.1.4.7", "axl_timeout") CELL("5.1.5.7", "words") SEQUENCE("3"));
    expect_notice(connection, STANDING("4"));
    close(connection);
    snmp_agent_free(agent);
    snmp_notices_free(notices);
    close(listener);
    unlink(path);
}

static void test_every_master(void **state)
{
    (void)state;
    snmp_apart(every_master);
}

/* The longest texts there can be fit into one datagram, with the lines of RFC 3416 around them. */
static void longest(void)
{
    char path[64], text[4096];
    int listener = agentx_listen(4, path);
    struct snmp_notices *notices = notices_new();
    struct snmp_agent *agent = agent_behind(path, notices, &nothing);
    int connection = agentx_accept(listener);
    char *long_text = calloc(1, 65536);
    memset(long_text, 'x', 65535);
    const struct notification notification = {
        .kind = NOTIFICATION_CERTIFICATE_EXPIRING, .index = UINT32_MAX / 2, .name = long_text, .state = STATE_CRITICAL,
        .previous = STATE_OK, .reason = REASON_CERT_EXPIRES_SOON, .detail = long_text, .endpoint = UINT32_MAX / 2,
        .target = long_text, .address = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff",
    };
    snmp_notices_put(notices, &notification);
    agentx_await_notify(connection, text, sizeof text);
    size_t texts = 0;
    for (const char *at = text; (at = strstr(at, "xxx...\n")) != NULL; at++)
        texts++;
    EXPECT(texts == 3);
    EXPECT(strlen(text) < 1472); /* names in dotted numbers are longer than they are on the wire */
    free(long_text);
    close(connection);
    snmp_agent_free(agent);
    snmp_notices_free(notices);
    close(listener);
    unlink(path);
}

static void test_longest(void **state)
{
    (void)state;
    snmp_apart(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_every_master),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests_name("trap", tests, NULL, NULL);
}
