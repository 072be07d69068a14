/* Many queries of one resolver at a time: none disturbs another, and each ends in time. */
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

/* Many queries: how many have been answered, and a query to cancel from the first callback. */
struct many {
    struct resolver *resolver;
    struct resolver_query *victim;
    size_t answers, wanted;
    bool free_resolver;
};

static void many_answered(void *arg, const struct dns_answer *answer)
{
    struct many *many = arg;
    assert_int_equal(answer->status, DNS_ANSWER);
    resolver_cancel(many->victim);
    many->victim = NULL;
    if (++many->answers == many->wanted) {
        if (many->free_resolver)
            resolver_free(many->resolver);
        loop_stop(loop);
    }
}

static void never(void *arg, const struct dns_answer *answer)
{
    (void)arg;
    (void)answer;
    fail_msg("a cancelled query answered");
}

/* Cancelled at once, on the way, and from another query's callback; the last callback frees the resolver. */
static void test_cancel(void **state)
{
    (void)state;
    struct both both = {.a = ONE A_1, .aaaa = ONE AAAA_1};
    struct dns_server *server = scene_server_of_both(&both);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct many many = {.resolver = resolver, .wanted = 3, .free_resolver = true};
    resolver_cancel(resolver_srv(many.resolver, "", never, NULL));
    for (size_t i = 0; i < many.wanted; i++) {
        struct resolver_query *query = resolver_addresses(many.resolver, "a.test", never, NULL);
        resolver_addresses(many.resolver, "a.test", many_answered, &many);
        resolver_cancel(query);
    }
    many.victim = resolver_srv(many.resolver, "b.test", never, NULL);
    loop_run(loop);
    assert_int_equal(many.answers, 3);
    dns_server_free(server);
}

static void test_free_while_cares_waits(void **state)
{
    (void)state;
    struct says silence = {NULL, NULL};
    struct dns_server *server = scene_server(&silence);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    resolver_cancel(resolver_srv(resolver, "a.test", never, NULL));
    resolver_cancel(resolver_addresses(resolver, "a.test", never, NULL));
    resolver_free(resolver);
    dns_server_free(server);
}

static void test_hundreds(void **state)
{
    (void)state;
    struct both both = {.a = ONE A_1, .aaaa = ONE AAAA_1};
    struct dns_server *server = scene_server_of_both(&both);
    struct many many = {.resolver = scene_resolver(dns_server_address(server), PATIENT_MS), .wanted = 500};
    for (size_t i = 0; i < many.wanted; i++) {
        char *name = mem_printf("d%zu.test", i);
        resolver_addresses(many.resolver, name, many_answered, &many);
        free(name);
    }
    loop_run(loop);
    assert_int_equal(many.answers, many.wanted);
    resolver_free(many.resolver);
    dns_server_free(server);
}

/* The first packets get lost. */
struct losses {
    unsigned lost;
    struct says says;
    unsigned char id[2]; /* of the last packet */
    bool ids_differ;
};

static void say_after_losses(const struct dns_asked *asked)
{
    struct losses *losses = asked->arg;
    if (dns_server_asked(asked->server) > 1 && memcmp(losses->id, asked->bytes, 2) != 0)
        losses->ids_differ = true;
    memcpy(losses->id, asked->bytes, 2);
    if (dns_server_asked(asked->server) > losses->lost)
        dns_say(asked, asked->tcp ? losses->says.tcp : losses->says.udp);
}

static void test_asks_again(void **state)
{
    (void)state;
    struct losses losses = {.lost = 3, .says = {ONE SRV_A, NULL}};
    struct dns_server *server = dns_server_new(loop, say_after_losses, &losses);
    struct resolver *resolver = scene_resolver(dns_server_address(server), 3000);
    scene_expect(resolver, false, "q.test", "three packets lost", SRV_STORY);
    for (int i = 0; i < 8; i++)
        scene_expect(resolver, false, "q.test", "again", SRV_STORY);
    assert_true(losses.ids_differ);
    resolver_free(resolver);
    dns_server_free(server);
}

static void late(void *arg)
{
    buf_puts(arg, "later ");
}

/* Not "later": the deadline counts from the question, also when TCP began after a part of it. */
static void test_deadline(void **state)
{
    (void)state;
    struct losses losses = {.lost = 2, .says = {TRUNCATED, NULL}};
    struct buf story;
    buf_init(&story, 1024);
    struct dns_server *server = dns_server_new(loop, say_after_losses, &losses);
    struct resolver *resolver = scene_resolver(dns_server_address(server), SHORT_MS);
    struct loop_timer *timer = loop_timer_new(loop, late, &story);
    resolver_srv(resolver, "q.test", scene_told, &story);
    loop_timer_arm(timer, SHORT_MS * 1000 + 20000);
    loop_run(loop);
    assert_memory_equal(story.data, "timeout", strlen("timeout"));
    loop_timer_free(timer);
    buf_fini(&story);
    resolver_free(resolver);
    dns_server_free(server);
}

/* An answer for IPv4 does not wait out the silence for IPv6: it overtakes a query that is silent altogether. */
static void test_grace(void **state)
{
    (void)state;
    struct both both = {.a = ONE A_1, .aaaa = NULL};
    struct buf story;
    buf_init(&story, 1024);
    struct dns_server *server = scene_server_of_both(&both);
    struct resolver *resolver = scene_resolver(dns_server_address(server), SHORT_MS);
    resolver_srv(resolver, "q.test", scene_told, &story);
    resolver_addresses(resolver, "q.test", scene_noted, &story);
    loop_run(loop);
    assert_string_equal(story.data, A_STORY "\ntimeout");
    buf_fini(&story);
    resolver_free(resolver);
    dns_server_free(server);
}

/* Queries that end over TCP while another one waits over UDP. */
#define HANG_UPS 8

struct hang_ups {
    struct dns_asked waiting;
    size_t ended;
};

static void say_and_hang_up(const struct dns_asked *asked)
{
    struct hang_ups *hang_ups = asked->arg;
    if (asked->tcp)
        dns_say(asked, "close");
    else if (strcmp(asked->name, "waits.test") != 0)
        dns_say(asked, TRUNCATED);
    else if (hang_ups->waiting.length == 0)
        hang_ups->waiting = *asked;
}

static void hang_up_ended(void *arg, const struct dns_answer *answer)
{
    struct hang_ups *hang_ups = arg;
    assert_int_equal(answer->status, DNS_TIMEOUT);
    if (++hang_ups->ended == HANG_UPS)
        dns_say(&hang_ups->waiting, ONE SRV_A);
}

/* A server that hangs up must not cost the queries over UDP their tries. */
static void test_hanging_up_disturbs_nobody(void **state)
{
    (void)state;
    struct hang_ups hang_ups = {0};
    struct buf story;
    buf_init(&story, 1024);
    struct dns_server *server = dns_server_new(loop, say_and_hang_up, &hang_ups);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    resolver_srv(resolver, "waits.test", scene_told, &story);
    for (int i = 0; i < HANG_UPS; i++)
        resolver_srv(resolver, "long.test", hang_up_ended, &hang_ups);
    loop_run(loop);
    assert_string_equal(story.data, SRV_STORY);
    assert_int_equal(hang_ups.ended, HANG_UPS);
    buf_fini(&story);
    resolver_free(resolver);
    dns_server_free(server);
}

/* What is believed of the AD bit, and whether it is asked for. */
static void say_if_asked(const struct dns_asked *asked)
{
    const struct both *both = asked->arg;
    assert_int_equal(asked->bytes[3] & 0x20, 0x20);
    dns_say(asked, asked->type == ns_t_aaaa ? both->aaaa : both->a);
}

#define SECURE_A DNS_AUTHENTIC "0001 0000 0000 Q " A_1
#define SECURE_AAAA DNS_AUTHENTIC "0001 0000 0000 Q " AAAA_1
#define SECURE_NODATA "? 81a0 0001 0000 0000 0000 Q"
#define BOTH_STORY " ttl=40 records=2: 192.0.2.1 2001:db8::1"

static void test_authentic(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct both both;
        const char *story;
    } cases[] = {
        {"both", {.a = SECURE_A, .aaaa = SECURE_AAAA}, "answer authentic" BOTH_STORY},
        {"one of two", {.a = SECURE_A, .aaaa = ONE AAAA_1}, "answer" BOTH_STORY},
        {"the other of two", {.a = ONE A_1, .aaaa = SECURE_AAAA}, "answer" BOTH_STORY},
        {"nothing of one", {.a = SECURE_A, .aaaa = SECURE_NODATA},
         "answer authentic ttl=60 records=1: 192.0.2.1"},
        {"nothing of one, insecure", {.a = SECURE_A, .aaaa = NODATA}, A_STORY},
        {"one fails", {.a = SECURE_A, .aaaa = DNS_RCODE("2")}, "answer authentic ttl=60 records=1: 192.0.2.1"},
        {"a failure with the bit", {.a = "? 81a2 0001 0000 0000 0000 Q", .aaaa = SECURE_NODATA}, "servfail"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct both both = cases[i].both;
        struct dns_server *server = dns_server_new(loop, say_if_asked, &both);
        struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
        scene_expect(resolver, true, "q.test", cases[i].what, cases[i].story);
        resolver_free(resolver);
        dns_server_free(server);
    }
}

/* Only a server on loopback is believed untold: one beside it takes that away, though it is never asked. */
static void test_trust_in_authentic(void **state)
{
    (void)state;
    static const struct {
        const char *more; /* of the resolver's addresses */
        bool trust_ad, believed;
    } cases[] = {
        {"", false, true},
        {",[::1]:53", false, true},
        {",192.0.2.53:53", false, false},
        {",[2001:db8::53]:53", false, false},
        {",[::2]:53", false, false},
        {",192.0.2.53:53", true, true},
    };
    struct both both = {.a = SECURE_A, .aaaa = SECURE_NODATA};
    struct dns_server *server = dns_server_new(loop, say_if_asked, &both);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        char *address = mem_printf("%s%s", dns_server_address(server), cases[i].more);
        struct resolver *resolver = resolver_new(loop, address, cases[i].trust_ad, PATIENT_MS, &err);
        assert_non_null(resolver);
        scene_expect(resolver, true, "q.test", address,
                     cases[i].believed ? "answer authentic ttl=60 records=1: 192.0.2.1" : A_STORY);
        resolver_free(resolver);
        free(address);
    }
    dns_server_free(server);
}

static void test_tlsa(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct says says;
        const char *story;
    } cases[] = {
        {"authentic", {DNS_AUTHENTIC "0001 0000 0000 Q " DNS_TLSA(60) "[ 030101 abcd ]", NULL},
         "answer authentic ttl=60 records=1: 3/1/1:abcd"},
        {"truncated", {"? 83a0 0001 0000 0000 0000 Q", ONE DNS_TLSA(60) "[ 030101 ab ]"},
         "answer ttl=60 records=1: 3/1/1:ab"},
        {"none", {SECURE_NODATA, NULL}, "nodata authentic"},
        {"bogus", {DNS_RCODE("2"), NULL}, "servfail"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct says says = cases[i].says;
        struct buf story;
        buf_init(&story, 1024);
        struct dns_server *server = scene_server(&says);
        struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
        resolver_tlsa(resolver, "_5269._tcp.q.test", scene_told, &story);
        loop_run(loop);
        assert_string_equal(story.data, cases[i].story);
        buf_fini(&story);
        resolver_free(resolver);
        dns_server_free(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_free_while_cares_waits),
        cmocka_unit_test(test_hundreds),
        cmocka_unit_test(test_asks_again),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_hanging_up_disturbs_nobody),
        cmocka_unit_test(test_authentic),
        cmocka_unit_test(test_trust_in_authentic),
        cmocka_unit_test(test_tlsa),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
