/* What the resolver makes of what servers say, over UDP and TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dns/resolver.h"
#include "tests/unit/resolver_scene.h"

static const struct {
    const char *what;
    struct says says;
    const char *story;
    int64_t timeout_ms;
} CONVERSATIONS[] = {
    {"an answer", {ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"no data", {NODATA, NULL}, "nodata", PATIENT_MS},
    {"nxdomain", {DNS_RCODE("3"), NULL}, "nxdomain", PATIENT_MS},
    {"servfail", {DNS_RCODE("2"), NULL}, "servfail", PATIENT_MS},
    {"refused", {DNS_RCODE("5"), NULL}, "refused", PATIENT_MS},
    {"formerr", {DNS_RCODE("1"), NULL}, "malformed", PATIENT_MS},
    {"notimp", {DNS_RCODE("4"), NULL}, "malformed", PATIENT_MS},
    {"unreadable", {ONE "^ 0021", NULL}, "malformed", PATIENT_MS},
    {"an echo", {"? 0100 0001 0000 0000 0000 Q", NULL}, "malformed", PATIENT_MS},
    {"silence", {NULL, NULL}, "timeout", SHORT_MS},
    {"another id only", {"! 8180 0001 0000 0000 0000 Q", NULL}, "timeout", SHORT_MS},
    {"another id, then the right one", {"! 8183 0001 0000 0000 0000 Q|" ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"another question, then the right one",
     {"? 8183 0001 0000 0000 0000 'x . 0021 0001|" ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"too little, then enough", {"? 81|" ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"truncated", {TRUNCATED, ONE SRV_A}, SRV_STORY, PATIENT_MS},
    {"truncated in a record", {"? 8380 0001 0009 0000 0000 Q ^ 00", ONE SRV_A}, SRV_STORY, PATIENT_MS},
    {"truncated, servfail over TCP", {TRUNCATED, DNS_RCODE("2")}, "servfail", PATIENT_MS},
    {"truncated, silence over TCP", {TRUNCATED, NULL}, "timeout", SHORT_MS},
    {"truncated, closed over TCP", {TRUNCATED, "close"}, "timeout", PATIENT_MS},
    {"truncated, another id over TCP first",
     {TRUNCATED, "! 8183 0001 0000 0000 0000 Q|" ONE SRV_A}, SRV_STORY, PATIENT_MS},
    {"truncated over TCP too", {TRUNCATED, TRUNCATED}, "answer ttl=60 records=1: b:3/1/2", PATIENT_MS},
};

static void test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CONVERSATIONS / sizeof *CONVERSATIONS; i++) {
        struct says says = CONVERSATIONS[i].says;
        struct dns_server *server = scene_server(&says);
        struct resolver *resolver = scene_resolver(dns_server_address(server), CONVERSATIONS[i].timeout_ms);
        scene_expect(resolver, false, "_xmpp-server._tcp.q.test", CONVERSATIONS[i].what, CONVERSATIONS[i].story);
        resolver_free(resolver);
        dns_server_free(server);
    }
}

/* A port where nobody listens. */
static char *closed_address(void)
{
    struct dns_server *server = scene_server(NULL);
    char *address = mem_strdup(dns_server_address(server));
    dns_server_free(server);
    return address;
}

static void test_closed_port(void **state)
{
    (void)state;
    char *address = closed_address();
    struct resolver *resolver = scene_resolver(address, PATIENT_MS);
    scene_expect(resolver, false, "q.test", "a closed port", "timeout");
    scene_expect(resolver, true, "q.test", "a closed port again", "timeout");
    resolver_free(resolver);
    free(address);
}

static const struct {
    const char *what;
    struct says first, second;
    const char *story;
    int64_t timeout_ms;
} FAILOVERS[] = {
    {"the first answers", {ONE SRV_A, NULL}, {NODATA, NULL}, SRV_STORY, PATIENT_MS},
    {"the first knows of no such name", {DNS_RCODE("3"), NULL}, {ONE SRV_A, NULL}, "nxdomain", PATIENT_MS},
    {"the first refuses", {DNS_RCODE("5"), NULL}, {ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"the first fails", {DNS_RCODE("2"), NULL}, {DNS_RCODE("3"), NULL}, "nxdomain", PATIENT_MS},
    {"the first talks nonsense", {ONE, NULL}, {ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"the first is silent", {NULL, NULL}, {ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"both fail", {DNS_RCODE("5"), NULL}, {DNS_RCODE("2"), NULL}, "servfail", PATIENT_MS},
    {"one fails, one is silent", {DNS_RCODE("2"), NULL}, {NULL, NULL}, "servfail", SHORT_MS},
    {"both are silent", {NULL, NULL}, {NULL, NULL}, "timeout", SHORT_MS},
    {"the second truncates", {DNS_RCODE("2"), NULL}, {TRUNCATED, ONE SRV_A}, SRV_STORY, PATIENT_MS},
    {"the first fails over TCP", {TRUNCATED, DNS_RCODE("2")}, {ONE SRV_A, NULL}, SRV_STORY, PATIENT_MS},
    {"the first truncates and closes", {TRUNCATED, "close"}, {NULL, ONE SRV_A}, SRV_STORY, PATIENT_MS},
};

static void test_failover(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FAILOVERS / sizeof *FAILOVERS; i++) {
        struct says first = FAILOVERS[i].first, second = FAILOVERS[i].second;
        struct dns_server *servers[] = {scene_server(&first), scene_server(&second)};
        char *both = mem_printf("%s,%s", dns_server_address(servers[0]), dns_server_address(servers[1]));
        struct resolver *resolver = scene_resolver(both, FAILOVERS[i].timeout_ms);
        scene_expect(resolver, false, "q.test", FAILOVERS[i].what, FAILOVERS[i].story);
        resolver_free(resolver);
        free(both);
        dns_server_free(servers[0]);
        dns_server_free(servers[1]);
    }
}

static void test_failover_from_closed_port(void **state)
{
    (void)state;
    struct says says = {ONE SRV_A, NULL};
    struct dns_server *server = scene_server(&says);
    char *closed = closed_address(), *both = mem_printf("%s,%s", closed, dns_server_address(server));
    struct resolver *resolver = scene_resolver(both, PATIENT_MS);
    scene_expect(resolver, false, "q.test", "the first is closed", SRV_STORY);
    resolver_free(resolver);
    free(closed);
    free(both);
    dns_server_free(server);
}

static const struct {
    const char *what;
    struct both both;
    const char *story;
    int64_t timeout_ms;
} ADDRESSES[] = {
    {"both", {.a = DNS_OK "0002 0000 0000 Q " A_2 A_1, .aaaa = ONE AAAA_1},
     "answer ttl=40 records=3: 192.0.2.2 192.0.2.1 2001:db8::1", PATIENT_MS},
    {"IPv6 first", {.a = ONE A_1, .aaaa = ONE AAAA_1, .late = true}, "answer ttl=40 records=2: 192.0.2.1 2001:db8::1",
     PATIENT_MS},
    {"IPv4 alone", {.a = ONE A_1, .aaaa = NODATA}, A_STORY, PATIENT_MS},
    {"IPv6 alone", {.a = NODATA, .aaaa = ONE AAAA_1}, "answer ttl=40 records=1: 2001:db8::1", PATIENT_MS},
    {"alias", {.a = DNS_OK "0002 0000 0000 Q " DNS_CNAME(5) "[ 'b . ] 'b . 0001 0001 ==7 [ c0000201 ]", .aaaa = NODATA},
     "answer alias ttl=7 records=1: 192.0.2.1", PATIENT_MS},
    {"alias for IPv6", {.a = NODATA, .aaaa = ONE DNS_CNAME(5) "[ 'b . ]"}, "nodata alias", PATIENT_MS},
    {"one fails", {.a = DNS_RCODE("2"), .aaaa = ONE AAAA_1}, "answer ttl=40 records=1: 2001:db8::1", PATIENT_MS},
    {"one is silent", {.a = ONE A_1, .aaaa = NULL}, A_STORY, SHORT_MS},
    {"neither", {.a = NODATA, .aaaa = NODATA}, "nodata", PATIENT_MS},
    {"no such name", {.a = DNS_RCODE("3"), .aaaa = DNS_RCODE("3")}, "nxdomain", PATIENT_MS},
    {"no data before no name", {.a = DNS_RCODE("3"), .aaaa = NODATA}, "nodata", PATIENT_MS},
    {"failure before no data", {.a = NODATA, .aaaa = DNS_RCODE("2")}, "servfail", PATIENT_MS},
    {"refusal before no name", {.a = DNS_RCODE("5"), .aaaa = DNS_RCODE("3")}, "refused", PATIENT_MS},
    {"silence before no data", {.a = NULL, .aaaa = NODATA}, "timeout", SHORT_MS},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++) {
        struct both both = ADDRESSES[i].both;
        struct dns_server *server = scene_server_of_both(&both);
        struct resolver *resolver = scene_resolver(dns_server_address(server), ADDRESSES[i].timeout_ms);
        scene_expect(resolver, true, "q.test", ADDRESSES[i].what, ADDRESSES[i].story);
        resolver_free(resolver);
        dns_server_free(server);
    }
}

static void say_the_last(const struct dns_asked *asked)
{
    const struct both *both = asked->arg;
    dns_say(asked, asked->type == ns_t_a ? both->a : both->aaaa);
    scene_allow_descriptors(false);
}

/* What a lookup comes to whose next step needs a socket: over TCP, or to the second server, which would answer. */
static const struct {
    const char *what;
    struct both both;
    const char *story;
    int64_t timeout_ms;
} EXHAUSTIONS[] = {
    {"none for TCP", {.a = TRUNCATED, .aaaa = TRUNCATED}, "local error", PATIENT_MS},
    {"none for the second server", {.a = DNS_RCODE("2"), .aaaa = DNS_RCODE("2")}, "local error", PATIENT_MS},
    {"one has an answer", {.a = ONE A_1, .aaaa = TRUNCATED}, A_STORY, PATIENT_MS},
    {"one has no data", {.a = TRUNCATED, .aaaa = NODATA}, "local error", PATIENT_MS},
    {"one is silent", {.a = NULL, .aaaa = TRUNCATED}, "local error", SHORT_MS},
};

static void test_exhaustion_on_the_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof EXHAUSTIONS / sizeof *EXHAUSTIONS; i++) {
        struct both both = EXHAUSTIONS[i].both;
        struct dns_server *first = dns_server_new(loop, say_the_last, &both);
        struct dns_server *second = scene_server(&(struct says){ONE A_1, NULL});
        char *two = mem_printf("%s,%s", dns_server_address(first), dns_server_address(second));
        struct resolver *resolver = scene_resolver(two, EXHAUSTIONS[i].timeout_ms);
        scene_expect(resolver, true, "q.test", EXHAUSTIONS[i].what, EXHAUSTIONS[i].story);
        scene_allow_descriptors(true);
        resolver_free(resolver);
        free(two);
        dns_server_free(first);
        dns_server_free(second);
    }
}

static void hang_up_the_last(const struct dns_asked *asked)
{
    dns_say(asked, asked->tcp ? "close" : TRUNCATED);
    scene_allow_descriptors(!asked->tcp);
}

/* c-ares notices long after it was told to send. */
static void test_exhaustion_after_hanging_up(void **state)
{
    (void)state;
    struct dns_server *server = dns_server_new(loop, hang_up_the_last, NULL);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    scene_expect(resolver, false, "q.test", "none for another connection", "local error");
    scene_allow_descriptors(true);
    resolver_free(resolver);
    dns_server_free(server);
}

static void test_exhaustion(void **state)
{
    (void)state;
    struct dns_server *server = scene_server(&(struct says){ONE A_1, NULL});
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    scene_allow_descriptors(false);
    scene_expect(resolver, false, "q.test", "no descriptor", "local error");
    scene_expect(resolver, true, "q.test", "no descriptor again", "local error");
    scene_allow_descriptors(true);
    scene_expect(resolver, true, "q.test", "descriptors are back", A_STORY);
    resolver_free(resolver);
    dns_server_free(server);
}

/* 40 of each, as it is asked for. */
static void say_forty(const struct dns_asked *asked)
{
    struct buf text;
    buf_init(&text, 65536);
    buf_puts(&text, asked->tcp ? DNS_OK "=40 0000 0000 Q" : "? 8380 0001 0000 0000 0000 Q");
    for (int i = 0; asked->tcp && i < 40; i++)
        buf_printf(&text, asked->type == ns_t_a ? DNS_A(60) "[ c00002%02x ]"
                                                : DNS_AAAA(60) "[ 20010db80000000000000000000000%02x ]", i);
    dns_say(asked, text.data);
    buf_fini(&text);
}

static void forty_answered(void *arg, const struct dns_answer *answer)
{
    *(bool *)arg = true;
    assert_int_equal(answer->status, DNS_ANSWER);
    assert_int_equal(answer->records, 80);
    assert_int_equal(answer->count, DNS_MAX_RECORDS);
    assert_int_equal(answer->address[39].family, AF_INET);
    assert_int_equal(answer->address[40].family, AF_INET6);
    loop_stop(loop);
}

static void test_many_addresses(void **state)
{
    (void)state;
    bool done = false;
    struct dns_server *server = dns_server_new(loop, say_forty, NULL);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    resolver_addresses(resolver, "q.test", forty_answered, &done);
    loop_run(loop);
    assert_true(done);
    resolver_free(resolver);
    dns_server_free(server);
}

static void test_names_not_asked_for(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", ".", "a..test", ".test",
        "_xmpp-server._tcp.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test",
    };
    struct says says = {ONE SRV_A, NULL};
    struct dns_server *server = scene_server(&says);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scene_expect(resolver, false, names[i], names[i], "bad name");
        scene_expect(resolver, true, names[i], names[i], "bad name");
    }
    assert_int_equal(dns_server_asked(server), 0);
    resolver_free(resolver);
    dns_server_free(server);
}

static void test_addresses_of_servers(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+53", "127.0.0.1:53x", "127.1:53",
        "::1:53", "[::1]", "[::1:53", "::1]:53", "[127.0.0.1]:53", "localhost:53", ":53", "127.0.0.1:53,",
        ",127.0.0.1:53", "127.0.0.1:53,x", "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]:53",
    };
    static const char *const good[] = {"127.0.0.1:53", "[::1]:53", "127.0.0.1:65535,[2001:db8::1]:1", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        if (resolver_new(loop, bad[i], false, 1000, &err) != NULL || err.text[0] == '\0')
            fail_msg("\"%s\" was taken", bad[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        resolver_free(scene_resolver(good[i], 1000));
    resolver_free(NULL);
    resolver_cancel(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_closed_port),
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_failover_from_closed_port),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_exhaustion),
        cmocka_unit_test(test_exhaustion_on_the_way),
        cmocka_unit_test(test_exhaustion_after_hanging_up),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_names_not_asked_for),
        cmocka_unit_test(test_addresses_of_servers),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
