/* Which TLSA records an endpoint's certificate may be judged by: where DNSSEC vouches for all that led to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/discover.h"
#include "tests/unit/dns_zone.h"
#include "tests/unit/resolver_scene.h"

#define A_V4 "; a A 192.0.2.1"
#define S_A "S SRV 0 0 5269 a"
#define X_A "X SRV 0 0 5270 a"

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
static const struct config CONFIG = {
    .resolvers = scene, .resolver_count = 1, .address_families = FAMILIES_BOTH, .max_endpoints = 16};

/* TLSA records of the endpoints, by which a certificate may be judged: "a:5269=3/1/1:aa …". */
static void tell_tlsa(struct buf *out, const struct discovery *discovery, const struct domain_result *result)
{
    for (size_t i = 0; i < result->endpoint_count; i++) {
        size_t count;
        const struct dns_tlsa *tlsa = discover_tlsa(discovery, &result->endpoints[i], &count);
        assert_true((tlsa == NULL) == (count == 0));
        for (size_t at = 0; at < count; at++)
            buf_printf(out, "%s%s:%u=%u/%u/%u:%02x", out->length > 0 ? " " : "", result->endpoints[i].target,
                       result->endpoints[i].port, tlsa[at].usage, tlsa[at].selector, tlsa[at].matching,
                       tlsa[at].data[0]);
    }
}

#define SECURE "; S AD; a AD"
#define T_A "; _5269._tcp.a TLSA 030101aa"
#define T_SECURE T_A "; _5269._tcp.a AD"

static const struct {
    const char *zone, *tlsa;
    const char *detail; /* of srv */
    unsigned asked;     /* questions: 2 for the records, 2 for each target's addresses, 1 for each place's TLSA */
    const char *targets;
} DANE[] = {
    {S_A A_V4 SECURE T_SECURE, "a:5269=3/1/1:aa", "a:5269", 5, NULL},
    {S_A A_V4 SECURE T_SECURE "; _5269._tcp.a TLSA 020001bb", "a:5269=2/0/1:bb a:5269=3/1/1:aa", "a:5269", 5, NULL},
    /* each port has its own, each service its own word on what is secure */
    {S_A ";" X_A A_V4 SECURE T_SECURE "; X AD; _5270._tcp.a TLSA 030101cc; _5270._tcp.a AD",
     "a:5269=3/1/1:aa a:5270=3/1/1:cc", "a:5269, a:5270 (direct TLS)", 6, NULL},
    {S_A ";" X_A A_V4 SECURE T_SECURE "; _5270._tcp.a TLSA 030101cc; _5270._tcp.a AD", "a:5269=3/1/1:aa",
     "a:5269, a:5270 (direct TLS)", 5, NULL},
    {S_A A_V4 SECURE, "", "a:5269", 5, NULL},
    {S_A A_V4 SECURE "; _5269._tcp.a AD; _5269._tcp.a NODATA", "", "a:5269", 5, NULL},
    /* where anything is not secure there is nothing; where the records are not, it is not even asked for */
    {S_A A_V4 "; a AD" T_SECURE, "", "a:5269", 4, NULL},
    {S_A A_V4 "; S AD" T_SECURE, "", "a:5269", 5, NULL},
    {S_A A_V4 SECURE T_A, "", "a:5269", 5, NULL},
    {"S AD; q.test A 192.0.2.1; q.test AD; _5269._tcp.q.test TLSA 030101aa; _5269._tcp.q.test AD", "",
     "using q.test:5269", 4, NULL},
    {S_A A_V4 SECURE T_SECURE, "", NULL, 4, "a:5269"},
    /* a failure is told, and judges nobody */
    {S_A A_V4 SECURE "; _5269._tcp.a SERVFAIL", "", "a:5269; no TLSA records could be had for a:5269", 5, NULL},
    {S_A A_V4 SECURE "; _5269._tcp.a MALFORMED", "", "a:5269; no TLSA records could be had for a:5269", 5, NULL},
    {S_A A_V4 SECURE "; _5269._tcp.a TLSA 030101; _5269._tcp.a AD", "",
     "a:5269; no TLSA records could be had for a:5269", 5, NULL},
    {S_A A_V4 "; S AD; _5269._tcp.a SERVFAIL", "", "a:5269", 5, NULL},
};

static void test_dane(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DANE / sizeof DANE[0]; i++) {
        struct host_port target = {"a", 5269};
        const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test", .targets = &target,
                                             .target_count = DANE[i].targets != NULL};
        struct buf told;
        buf_init(&told, 1024);
        struct dns_server *server = dns_zone_server_new(loop, &DANE[i].zone);
        struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
        struct domain_result *result = domain_result_new();
        struct discovery *discovery = discover_start(&resolver, &CONFIG, &domain, result, EVENTS, NULL);
        loop_run(loop);
        tell_tlsa(&told, discovery, result);
        const char *detail = result->check[CHECK_SRV].detail;
        if (strcmp(told.data, DANE[i].tlsa) != 0 || (DANE[i].detail != NULL && strcmp(detail, DANE[i].detail) != 0))
            fail_msg("%s\n  is   \"%s\" (%s)\n  not  \"%s\" (%s)", DANE[i].zone, told.data, detail, DANE[i].tlsa,
                     DANE[i].detail);
        if (dns_server_asked(server) != DANE[i].asked)
            fail_msg("%s: %u questions", DANE[i].zone, dns_server_asked(server));
        discover_free(discovery);
        domain_result_free(result);
        resolver_free(resolver);
        dns_server_free(server);
        buf_fini(&told);
    }
}

/* Too many to keep: those that were kept are not taken for all. */
static void test_many_tlsa(void **state)
{
    (void)state;
    const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test"};
    struct buf zone;
    buf_init(&zone, 4096);
    buf_puts(&zone, S_A A_V4 SECURE "; _5269._tcp.a AD");
    for (int i = 0; i <= DNS_MAX_TLSA; i++)
        buf_printf(&zone, "; _5269._tcp.a TLSA 030101%02x", i);
    const char *text = zone.data;
    size_t count;
    struct dns_server *server = dns_zone_server_new(loop, &text);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct domain_result *result = domain_result_new();
    struct discovery *discovery = discover_start(&resolver, &CONFIG, &domain, result, EVENTS, NULL);
    loop_run(loop);
    assert_null(discover_tlsa(discovery, &result->endpoints[0], &count));
    assert_int_equal(count, 0);
    assert_string_equal(result->check[CHECK_SRV].detail, "a:5269; no TLSA records could be had for a:5269 (too many)");
    discover_free(discovery);
    domain_result_free(result);
    resolver_free(resolver);
    dns_server_free(server);
    buf_fini(&zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dane),
        cmocka_unit_test(test_many_tlsa),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
