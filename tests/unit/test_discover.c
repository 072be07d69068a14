/* What discovery makes of a zone: the table is the reference of its rules, told in discover.h and the contract. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "probe/discover.h"
#include "probe/route.h"
#include "tests/unit/dns_zone.h"
#include "tests/unit/resolver_scene.h"

#define LABEL_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LABEL_60 LABEL_50 "ffffffffff"
#define LISTED_MAX 4

struct row {
    const char *zone; /* of the domain q.test, as dns_zone.h has it */
    enum reason reason;
    enum state state;
    const char *detail;    /* of srv, or NULL: of no interest here */
    const char *endpoints; /* HOST:PORT=ADDRESS …, +tls for direct TLS, !REASON where it has a verdict already */
    /* Of the configuration, where not the usual. */
    enum address_families families;
    unsigned max_endpoints; /* 0: 16 */
    const char *deny, *targets, *expect; /* lists with blanks between */
    const char *domain; /* NULL: q.test */
    /* A family that this machine has no route for, or 0. */
    int unrouted;
};

#define A_V4 "; a A 192.0.2.1"
#define A_BOTH "; a A 192.0.2.1; a AAAA 2001:db8::1"
#define S_A "S SRV 0 0 5269 a"
#define X_A "X SRV 0 0 5270 a"

#define IS(reason, state) REASON_##reason, STATE_##state
#define ASKED(what) "asked resolver scene for " what

/* Which records are followed, and what becomes of their addresses. */
static const struct row FOLLOWING[] = {
    {.zone = S_A A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1"},
    {.zone = X_A A_V4, IS(OK, OK), "a:5270 (direct TLS)", "a:5270=192.0.2.1+tls"},
    {.zone = S_A "; X NODATA" A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1"},
    /* every target, address and transport */
    {.zone = S_A ";" X_A A_BOTH, IS(OK, OK), "a:5269, a:5270 (direct TLS)",
     "a:5269=192.0.2.1 a:5269=2001:db8::1 a:5270=192.0.2.1+tls a:5270=2001:db8::1+tls"},
    {.zone = S_A "; S SRV 0 0 5269 b; a A 192.0.2.1; a A 192.0.2.2; b A 192.0.2.1", IS(OK, OK), "a:5269, b:5269",
     "a:5269=192.0.2.1 a:5269=192.0.2.2 b:5269=192.0.2.1"},
    /* priority first, then the heavier, then _xmpp-server before _xmpps-server */
    {.zone = "S SRV 20 0 1 a; S SRV 10 5 2 a; S SRV 10 9 3 a; X SRV 10 9 4 a; X SRV 5 0 5 a; X SRV 10 7 6 a" A_V4,
     IS(OK, OK), NULL,
     "a:5=192.0.2.1+tls a:3=192.0.2.1 a:4=192.0.2.1+tls a:6=192.0.2.1+tls a:2=192.0.2.1 a:1=192.0.2.1"},
    /* the same place twice, whatever its rank; but not where the transport differs */
    {.zone = S_A ";" S_A "; S SRV 7 7 5269 a; X SRV 0 0 5269 a" A_V4, IS(OK, OK), "a:5269, a:5269 (direct TLS)",
     "a:5269=192.0.2.1 a:5269=192.0.2.1+tls"},
    {.zone = S_A "; a A 192.0.2.1; a A 192.0.2.1", IS(OK, OK), NULL, "a:5269=192.0.2.1"},
    /* a record that cannot be used beside others that can */
    {.zone = "S SRV 0 0 0 a; S SRV 9 0 5269 a" A_V4, IS(SRV_PORT_ZERO, WARNING), "a:0, beside others that can be used",
     "a:5269=192.0.2.1"},
    {.zone = S_A "; X SRV 0 0 0 a" A_V4, IS(SRV_PORT_ZERO, WARNING), NULL, "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 0 0 0 ." A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1"},
    {.zone = "S SRV 0 0 0 a; S SRV 0 0 0 b", IS(SRV_PORT_ZERO, CRITICAL), NULL, ""},
    {.zone = "X SRV 0 0 0 a; q.test A 192.0.2.1", IS(SRV_PORT_ZERO, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 5269 a; a CNAME b; b A 192.0.2.1", IS(SRV_TARGET_ALIAS, WARNING), "a", "a:5269=192.0.2.1"},
    /* a target that looks like an address is a name */
    {.zone = "S SRV 0 0 5269 ::1", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), NULL, ""},
};

/* Without records, or with one that says "not here". */
static const struct row ABSENT[] = {
    {.zone = "q.test A 192.0.2.1; q.test AAAA 2001:db8::1", IS(SRV_MISSING, WARNING), "using q.test:5269",
     "q.test:5269=192.0.2.1 q.test:5269=2001:db8::1"},
    {.zone = "S NODATA; X NODATA; q.test A 192.0.2.1", IS(SRV_MISSING, WARNING), NULL, "q.test:5269=192.0.2.1"},
    {.zone = "q.test NODATA", IS(DNS_NO_ADDRESS, CRITICAL), ASKED("_xmpp-server._tcp.q.test"), ""},
    {.zone = "S NODATA", IS(DNS_NO_ADDRESS, CRITICAL), NULL, ""},
    {.zone = "X NODATA", IS(DNS_NO_ADDRESS, CRITICAL), NULL, ""},
    {.zone = "", IS(DNS_NXDOMAIN, CRITICAL), ASKED("_xmpp-server._tcp.q.test"), ""},
    /* the longest name that _xmpp-server fits before, and _xmpps-server does not */
    {.zone = S_A A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1",
     .domain = LABEL_50 "gg." LABEL_60 "." LABEL_60 "." LABEL_60},
    {.zone = "q.test SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), ASKED("the address of q.test"), ""},
    /* a lone dot on _xmpp-server forbids the fallback; on _xmpps-server it says nothing of STARTTLS */
    {.zone = "S SRV 0 0 0 .; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 5269 .; X NODATA; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 0 .; X SRV 0 0 0 .; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 0 .; X SERVFAIL; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 0 .;" X_A A_V4, IS(OK, OK), NULL, "a:5270=192.0.2.1+tls"},
    {.zone = S_A "; X SRV 0 0 0 ." A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1"},
    {.zone = "X SRV 0 0 0 .; q.test A 192.0.2.1", IS(SRV_MISSING, WARNING), NULL, "q.test:5269=192.0.2.1"},
    {.zone = "X SRV 0 0 0 .", IS(DNS_NO_ADDRESS, CRITICAL), NULL, ""},
};

/* Look-ups that fail, and targets without addresses. */
static const struct row FAILING[] = {
    {.zone = "S SERVFAIL; q.test A 192.0.2.1", IS(DNS_SERVFAIL, CRITICAL), ASKED("_xmpp-server._tcp.q.test"), ""},
    {.zone = "S REFUSED", IS(DNS_REFUSED, CRITICAL), NULL, ""},
    {.zone = "S MALFORMED", IS(DNS_MALFORMED, CRITICAL), NULL, ""},
    {.zone = "S SILENT;" X_A A_V4, IS(DNS_TIMEOUT, CRITICAL), NULL, "a:5270=192.0.2.1+tls"},
    {.zone = "S SERVFAIL; X SILENT", IS(DNS_SERVFAIL, CRITICAL), NULL, ""},
    /* before the target without an address */
    {.zone = "S REFUSED;" X_A, IS(DNS_REFUSED, CRITICAL), NULL, ""},
    /* only direct TLS is not known of */
    {.zone = S_A "; X SERVFAIL" A_V4, IS(DNS_SERVFAIL, WARNING), ASKED("_xmpps-server._tcp.q.test"),
     "a:5269=192.0.2.1"},
    {.zone = S_A "; X SILENT" A_V4, IS(DNS_TIMEOUT, WARNING), NULL, "a:5269=192.0.2.1"},
    {.zone = "X REFUSED; q.test A 192.0.2.1", IS(DNS_REFUSED, WARNING), NULL, "q.test:5269=192.0.2.1"},
    {.zone = "X REFUSED", IS(DNS_NXDOMAIN, CRITICAL), NULL, ""},
    {.zone = S_A "; X REFUSED", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), NULL, ""},
    /* all targets */
    {.zone = S_A, IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of a"), ""},
    {.zone = S_A "; a NODATA; S SRV 0 0 1 b", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of a, b"), ""},
    {.zone = S_A "; a CNAME b", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), NULL, ""},
    {.zone = S_A "; a SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), ASKED("the address of a"), ""},
    {.zone = S_A "; S SRV 1 0 5269 b; b REFUSED", IS(DNS_REFUSED, CRITICAL), ASKED("the address of b"), ""},
    /* some targets */
    {.zone = S_A "; S SRV 1 0 1 b; S SRV 2 0 1 c" A_V4, IS(SRV_TARGET_NO_ADDRESS, WARNING),
     ASKED("the address of b, c"), "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 1 0 1 b; S SRV 2 0 1 c; c SERVFAIL" A_V4, IS(DNS_SERVFAIL, WARNING),
     ASKED("the address of c"), "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 1 0 1 b; X REFUSED" A_V4, IS(DNS_REFUSED, WARNING), ASKED("_xmpps-server._tcp.q.test"),
     "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 1 0 0 b; X SRV 1 0 5270 b; a CNAME c; c A 192.0.2.1", IS(SRV_TARGET_NO_ADDRESS, WARNING),
     NULL, "a:5269=192.0.2.1"},
};

/* expect.srv_targets: those of both services. */
static const struct row EXPECTING[] = {
    {.zone = S_A ";" X_A A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1 a:5270=192.0.2.1+tls", .expect = "a:5270 a:5269"},
    {.zone = S_A ";" X_A A_V4, IS(SRV_UNEXPECTED, WARNING), "unexpected a:5270",
     "a:5269=192.0.2.1 a:5270=192.0.2.1+tls", .expect = "a:5269"},
    {.zone = S_A "; X SRV 0 0 5269 a; S SRV 0 0 0 ." A_V4, IS(SRV_UNEXPECTED, WARNING),
     "missing b:1, unexpected a:5269", "a:5269=192.0.2.1 a:5269=192.0.2.1+tls", .expect = "b:1"},
    {.zone = "q.test A 192.0.2.1", IS(SRV_MISSING, WARNING), NULL, "q.test:5269=192.0.2.1", .expect = "a:5269"},
    {.zone = "S SRV 0 0 0 .", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, "", .expect = "a:5269"},
    {.zone = S_A "; S SRV 0 0 0 b" A_V4, IS(SRV_UNEXPECTED, WARNING), "unexpected b:0", "a:5269=192.0.2.1",
     .expect = "a:5269"},
};

/* A static route: SRV is shown, not followed, and judged only where something is expected. */
static const struct row STATIC[] = {
    {.zone = S_A A_V4, IS(NOT_APPLICABLE, UNKNOWN), "192.0.2.9:5269 are configured; SRV records are not followed",
     "192.0.2.9:5269=192.0.2.9", .targets = "192.0.2.9:5269"},
    {.zone = "S SERVFAIL; X SILENT", IS(NOT_APPLICABLE, UNKNOWN), NULL, "192.0.2.9:5269=192.0.2.9",
     .targets = "192.0.2.9:5269"},
    {.zone = "S SRV 0 0 0 .; b A 192.0.2.2; b AAAA 2001:db8::2", IS(NOT_APPLICABLE, UNKNOWN), NULL,
     "[2001:db8::9]:1=2001:db8::9 b:2=192.0.2.2 b:2=2001:db8::2", .targets = "2001:db8::9:1 b:2 2001:db8::9:1"},
    {.zone = "a CNAME b; b A 192.0.2.2", IS(NOT_APPLICABLE, UNKNOWN), NULL, "a:1=192.0.2.2", .targets = "a:1"},
    {.zone = "", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of b"), "", .targets = "b:2"},
    {.zone = "b SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), NULL, "", .targets = "b:2"},
    {.zone = "", IS(SRV_TARGET_NO_ADDRESS, WARNING), ASKED("the address of b"), "192.0.2.9:1=192.0.2.9",
     .targets = "192.0.2.9:1 b:2"},
    {.zone = S_A, IS(OK, OK), NULL, "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1", .expect = "a:5269"},
    {.zone = S_A, IS(SRV_UNEXPECTED, WARNING), NULL, "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1",
     .expect = "192.0.2.9:1"},
    {.zone = "", IS(SRV_UNEXPECTED, WARNING), "missing a:5269", "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1",
     .expect = "a:5269"},
    {.zone = "S SERVFAIL", IS(DNS_SERVFAIL, WARNING), NULL, "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1",
     .expect = "a:5269"},
};

#define NO_V6 "!local_error"
#define DENIED "!connect_denied"

/* agent.address_families, agent.deny_networks and agent.max_endpoints. */
static const struct row CHOOSING[] = {
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1", .families = FAMILIES_IPV4},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=2001:db8::1", .families = FAMILIES_IPV6},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1", .unrouted = AF_INET6},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=2001:db8::1", .unrouted = AF_INET},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1 a:5269=2001:db8::1", .unrouted = AF_INET6,
     .families = FAMILIES_BOTH},
    /* of a domain with nothing else they are told, and unknown; of a target among others they are not */
    {.zone = S_A "; a AAAA 2001:db8::1", IS(OK, OK), NULL, "a:5269=2001:db8::1" NO_V6, .unrouted = AF_INET6},
    {.zone = S_A A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1!local_error", .families = FAMILIES_IPV6},
    {.zone = S_A "; S SRV 1 0 2 b; b AAAA 2001:db8::2" A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1",
     .unrouted = AF_INET6},
    {.zone = "", IS(NOT_APPLICABLE, UNKNOWN), NULL, "[2001:db8::9]:1=2001:db8::9" NO_V6, .targets = "2001:db8::9:1",
     .unrouted = AF_INET6},

    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1" DENIED " a:5269=2001:db8::1", .deny = "192.0.2.0/24"},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1" DENIED " a:5269=2001:db8::1" DENIED,
     .deny = "2001:db8::/32 192.0.2.1"},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1" DENIED, .deny = "0.0.0.0/0 ::/0", .unrouted = AF_INET6},
    {.zone = S_A "; a AAAA 2001:db8::1", IS(OK, OK), NULL, "a:5269=2001:db8::1" DENIED, .deny = "::/0",
     .unrouted = AF_INET6},
    {.zone = S_A "; a AAAA ::ffff:192.0.2.1", IS(OK, OK), NULL, "a:5269=::ffff:192.0.2.1" DENIED,
     .deny = "192.0.2.0/24"},
    /* which is where they lead to */
    {.zone = S_A "; a A 0.0.0.0; a AAAA ::", IS(OK, OK), NULL, "a:5269=0.0.0.0" DENIED " a:5269=::" DENIED,
     .deny = "127.0.0.0/8 ::1"},
    {.zone = S_A "; a AAAA ::ffff:0.0.0.0", IS(OK, OK), NULL, "a:5269=::ffff:0.0.0.0" DENIED, .deny = "127.0.0.0/8"},
    {.zone = "", IS(NOT_APPLICABLE, UNKNOWN), NULL, "192.0.2.9:1=192.0.2.9" DENIED, .targets = "192.0.2.9:1",
     .deny = "192.0.2.9"},

    {.zone = S_A ";" X_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1 a:5269=2001:db8::1 a:5270=192.0.2.1+tls and 1",
     .max_endpoints = 3},
    {.zone = S_A ";" X_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1 and 1", .max_endpoints = 1, .unrouted = AF_INET6},
    {.zone = S_A "; S SRV 1 0 2 b; b A 192.0.2.2", IS(SRV_TARGET_NO_ADDRESS, WARNING), NULL, "b:2=192.0.2.2",
     .max_endpoints = 1},
};

static int unrouted; /* of the row at hand */

bool route_exists(const struct dns_address *address) /* instead of the one in the library */
{
    return address->family != unrouted;
}

static void found(void *arg)
{
    (void)arg;
}

static void done(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static const struct discover_events EVENTS = {found, done};
static struct config_resolver scene[] = {{.name = "scene"}};

static char *list_copy(const char *list)
{
    return mem_strdup(list != NULL ? list : "");
}

/* "HOST:PORT …"; the text is cut up. */
static size_t read_places(char *text, struct host_port places[LISTED_MAX])
{
    size_t count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(count < LISTED_MAX);
        char *colon = strrchr(word, ':');
        *colon = '\0';
        places[count++] = (struct host_port){word, (uint16_t)atoi(colon + 1)};
    }
    return count;
}

static size_t read_networks(char *text, struct network networks[LISTED_MAX])
{
    size_t count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(count < LISTED_MAX);
        assert_true(network_parse(&networks[count++], word));
    }
    return count;
}

static void tell_endpoints(struct buf *out, const struct domain_result *result)
{
    char text[TEXT_HOST_PORT_SIZE];
    for (size_t i = 0; i < result->endpoint_count; i++) {
        const struct endpoint_result *endpoint = &result->endpoints[i];
        buf_printf(out, "%s%s=%s%s", i > 0 ? " " : "", text_host_port(text, endpoint->target, endpoint->port),
                   endpoint->address, endpoint->transport == TRANSPORT_DIRECT ? "+tls" : "");
        if (endpoint->reached[CHECK_CONNECT])
            buf_printf(out, "!%s", reason_info(endpoint->check[CHECK_CONNECT].reason)->code);
    }
    if (result->endpoints_skipped > 0)
        buf_printf(out, " and %u", result->endpoints_skipped);
}

static void judge(const struct row *row, const struct domain_result *result)
{
    const struct check_result *srv = &result->check[CHECK_SRV];
    struct buf endpoints;
    buf_init(&endpoints, 65536);
    tell_endpoints(&endpoints, result);
    bool same = srv->reason == row->reason && srv->state == row->state && strcmp(endpoints.data, row->endpoints) == 0 &&
                (row->detail == NULL || strcmp(srv->detail != NULL ? srv->detail : "", row->detail) == 0);
    if (!same)
        fail_msg("%s\n  is      %s %s %s (%s)\n  not     %s %s %s (%s)", row->zone, state_name(srv->state),
                 reason_info(srv->reason)->code, endpoints.data, srv->detail, state_name(row->state),
                 reason_info(row->reason)->code, row->endpoints, row->detail);
    assert_true(srv->duration_us >= 0);
    buf_fini(&endpoints);
}

static void run(const struct row *row, struct resolver *resolver, struct domain_result *result)
{
    struct host_port targets[LISTED_MAX], expected[LISTED_MAX];
    struct network networks[LISTED_MAX];
    char *words[] = {list_copy(row->targets), list_copy(row->expect), list_copy(row->deny)};
    const struct config_domain domain = {
        .name = (char *)(row->domain != NULL ? row->domain : "q.test"),
        .targets = targets, .target_count = read_places(words[0], targets),
        .expect_srv = expected, .expect_srv_count = read_places(words[1], expected),
    };
    const struct config config = {
        .resolvers = scene, .resolver_count = 1, .address_families = row->families,
        .max_endpoints = row->max_endpoints > 0 ? row->max_endpoints : 16,
        .deny_networks = networks, .deny_network_count = read_networks(words[2], networks),
    };
    unrouted = row->unrouted;
    struct discovery *discovery = discover_start(&resolver, &config, &domain, result, EVENTS, NULL);
    assert_int_equal(result->check[CHECK_SRV].reason, REASON_NOT_RUN);
    loop_run(loop);
    discover_free(discovery);
    for (size_t i = 0; i < 3; i++)
        free(words[i]);
}

static void run_rows(const struct row *rows, size_t count)
{
    const char *zone = "";
    struct dns_server *server = dns_zone_server_new(loop, &zone);
    for (size_t i = 0; i < count; i++) {
        zone = rows[i].zone;
        int64_t timeout_ms = strstr(zone, "SILENT") != NULL ? SHORT_MS : PATIENT_MS;
        struct resolver *resolver = scene_resolver(dns_server_address(server), timeout_ms);
        struct domain_result *result = domain_result_new();
        run(&rows[i], resolver, result);
        judge(&rows[i], result);
        domain_result_free(result);
        resolver_free(resolver);
    }
    dns_server_free(server);
}

#define TABLE_TEST(NAME, ROWS)                            \
    static void NAME(void **state)                        \
    {                                                     \
        (void)state;                                      \
        run_rows(ROWS, sizeof ROWS / sizeof ROWS[0]);     \
    }
TABLE_TEST(test_following, FOLLOWING)
TABLE_TEST(test_absent, ABSENT)
TABLE_TEST(test_failing, FAILING)
TABLE_TEST(test_expecting, EXPECTING)
TABLE_TEST(test_static, STATIC)
TABLE_TEST(test_choosing, CHOOSING)

/* Both services' records and look-ups are facts, in a fixed order, and each record once. So many records of
 * _xmpp-server do not fit into UDP, so that they come last. */
static void test_records(void **state)
{
    (void)state;
    struct buf zone;
    buf_init(&zone, 4096);
    buf_puts(&zone, X_A "; X SRV 0 1 5270 a;" X_A A_V4);
    for (int port = 1; port <= 25; port++)
        buf_printf(&zone, "; S SRV 9 0 %d a", port);
    const struct row row = {.zone = zone.data, .max_endpoints = 64};
    struct dns_server *server = dns_zone_server_new(loop, &row.zone);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct domain_result *result = domain_result_new();
    run(&row, resolver, result);
    assert_int_equal(result->record_count, 27);
    assert_int_equal(result->records[0].service, SERVICE_XMPP_SERVER);
    assert_int_equal(result->records[0].priority, 9);
    assert_int_equal(result->records[24].port, 25);
    assert_int_equal(result->records[25].service, SERVICE_XMPPS_SERVER);
    assert_int_equal(result->records[25].weight, 1);
    assert_int_equal(result->records[26].weight, 0);
    assert_int_equal(result->endpoint_count, 26);
    for (int service = 0; service < SERVICE_COUNT; service++) {
        const struct srv_lookup *lookup = &result->lookups[service];
        assert_true(lookup->answered);
        assert_string_equal(lookup->resolver, "scene");
        assert_int_equal(lookup->records, service == SERVICE_XMPP_SERVER ? 25 : 2);
        assert_int_equal(lookup->ttl_s, 60);
        assert_true(lookup->duration_us >= 0);
    }
    domain_result_free(result);
    resolver_free(resolver);
    dns_server_free(server);
    buf_fini(&zone);
}

/* However much a zone has, the questions and the endpoints are bounded. */
static void test_bounds(void **state)
{
    (void)state;
    struct buf zone;
    buf_init(&zone, 1 << 20);
    for (int i = 0; i < 60; i++)
        buf_printf(&zone, "S SRV %1$d 0 1 h%1$d; X SRV %1$d 0 2 h%1$d; h%1$d A 192.0.2.1; h%1$d AAAA 2001:db8::1;", i);
    const struct row row = {.zone = zone.data};
    struct dns_server *server = dns_zone_server_new(loop, &row.zone);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct domain_result *result = domain_result_new();
    run(&row, resolver, result);
    assert_int_equal(result->record_count, 120);
    assert_int_equal(result->endpoint_count, 16);
    assert_true(result->endpoints_skipped > 0);
    /* Two for the records, and again over TCP; A and AAAA of 16 targets; all of them twice where this test was held up.
     * */
    assert_true(dns_server_asked(server) <= 2 * (2 * 2 + 2 * 16));
    domain_result_free(result);
    resolver_free(resolver);
    dns_server_free(server);
    buf_fini(&zone);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void note_end(void *arg)
{
    *(bool *)arg = true;
}

/* Broken off while the records, or the addresses, are waited for: by a cancel nothing is called any more, by the end of
 * the time at once; and nothing is left behind. */
static void check_break(const char *zone, unsigned asked, enum reason reason)
{
    const struct config config = {.resolvers = scene, .resolver_count = 1, .max_endpoints = 16};
    const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test"};
    for (int expire = 0; expire < 2; expire++) {
        struct dns_server *server = dns_zone_server_new(loop, &zone);
        struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
        struct domain_result *result = domain_result_new();
        bool ended = false;
        struct discovery *discovery = discover_start(&resolver, &config, &domain, result,
                                                     (struct discover_events){found, note_end}, &ended);
        struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
        while (dns_server_asked(server) < asked) {
            loop_timer_arm(timer, 0);
            loop_run(loop);
        }
        loop_timer_free(timer);
        if (expire)
            discover_expire(discovery);
        discover_free(discovery);
        assert_int_equal(ended, expire);
        assert_int_equal(result->check[CHECK_SRV].reason, expire ? reason : REASON_NOT_RUN);
        assert_int_equal(result->endpoint_count, 0);
        domain_result_free(result);
        resolver_free(resolver);
        dns_server_free(server);
    }
}

static void test_break(void **state)
{
    (void)state;
    check_break("S SILENT;" X_A, 2, REASON_DNS_TIMEOUT);
    check_break("X SILENT", 2, REASON_DNS_TIMEOUT);
    check_break(S_A "; a SILENT", 4, REASON_DNS_TIMEOUT);
    check_break("S AD;" S_A "; _5269._tcp.a SILENT", 5, REASON_SRV_TARGET_NO_ADDRESS);
    discover_free(NULL);
}

/* Where no question could be sent. */
static void expect_unasked(const char *name, enum reason reason)
{
    const struct config_domain domain = {.name = (char *)name, .name_unicode = (char *)name};
    const struct config config = {.resolvers = scene, .resolver_count = 1, .max_endpoints = 16};
    struct resolver *resolver = scene_resolver("127.0.0.1:53", PATIENT_MS);
    struct domain_result *result = domain_result_new();
    scene_allow_descriptors(reason != REASON_LOCAL_ERROR);
    struct discovery *discovery = discover_start(&resolver, &config, &domain, result, EVENTS, NULL);
    loop_run(loop);
    discover_free(discovery);
    scene_allow_descriptors(true);
    assert_string_equal(reason_info(result->check[CHECK_SRV].reason)->code, reason_info(reason)->code);
    assert_int_equal(result->check[CHECK_SRV].state, reason_info(reason)->state);
    assert_false(result->lookups[SERVICE_XMPP_SERVER].answered);
    assert_false(result->lookups[SERVICE_XMPPS_SERVER].answered);
    domain_result_free(result);
    resolver_free(resolver);
}

static void test_unasked(void **state)
{
    (void)state;
    /* The longest names are too long with the service's labels before them. */
    expect_unasked(LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60, REASON_DOMAIN_INVALID);
    expect_unasked("q.test", REASON_LOCAL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_following), cmocka_unit_test(test_absent),   cmocka_unit_test(test_failing),
        cmocka_unit_test(test_expecting), cmocka_unit_test(test_static),   cmocka_unit_test(test_choosing),
        cmocka_unit_test(test_records),   cmocka_unit_test(test_bounds),   cmocka_unit_test(test_break),
        cmocka_unit_test(test_unasked),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
