/* Several resolvers: whether they agree, and who says what. The first is followed, the others are compared with it. */
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

#define VIEWS_MAX 3
#define LABEL_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LABEL_60 LABEL_50 "ffffffffff"

struct row {
    const char *zone; /* of the domain q.test, as dns_zone.h has it, at the first resolver */
    enum reason reason;
    enum state state;
    const char *detail;         /* of srv */
    const char *second, *third; /* what further resolvers have; NULL: there are none */
    /* Of the configuration. */
    const char *expect;  /* one target, port 5269, or NULL */
    bool is_static;      /* there is a static target, 192.0.2.9:1 */
    enum reason made_ok; /* by its severity; REASON_OK: none */
    const char *domain;  /* NULL: q.test */
};

#define IS(reason, state) REASON_##reason, STATE_##state
#define DIFFER IS(DNS_VIEWS_DIFFER, WARNING)
#define ASKED(what) "asked resolver scene for " what

#define A_V4 "; a A 192.0.2.1"
#define S_A "S SRV 0 0 5269 a"
#define X_A "X SRV 0 0 5270 a"
#define NOTHING "q.test A 192.0.2.1" /* no records, and an address to fall back to */

static const struct row VIEWS[] = {
    {S_A A_V4, IS(OK, OK), "a:5269", .second = S_A, .third = S_A "; X NODATA"},
    /* order, time to live, repetition and what the names lead to are no difference */
    {S_A "; S SRV 1 0 1 a" A_V4, IS(OK, OK), "a:5269, a:1", .second = "S SRV 1 0 1 a; a A 192.0.2.2;" S_A ";" S_A},
    {NOTHING, IS(SRV_MISSING, WARNING), "using q.test:5269", .second = "S NODATA", .third = ""},
    /* the records were put into one of the two zones only */
    {NOTHING, DIFFER, "scene: nothing (NXDOMAIN); second: a:5269", .second = S_A},
    {"S NODATA;" NOTHING, DIFFER, "scene: nothing (no records); second: a:5269", .second = S_A},
    {S_A A_V4, DIFFER, "scene: a:5269; second: nothing (NXDOMAIN)", .second = ""},
    /* a target, a port, a priority, a weight, one more, one less */
    {S_A A_V4, DIFFER, "scene: a:5269; second: b:5269", .second = "S SRV 0 0 5269 b"},
    {S_A A_V4, DIFFER, "scene: a:5269; second: a:5270", .second = "S SRV 0 0 5270 a"},
    {S_A A_V4, DIFFER, "scene: a:5269 (priority 0, weight 0); second: a:5269 (priority 1, weight 0)",
     .second = "S SRV 1 0 5269 a"},
    {S_A A_V4, DIFFER, "scene: a:5269 (priority 0, weight 0); second: a:5269 (priority 0, weight 7)",
     .second = "S SRV 0 7 5269 a"},
    {S_A A_V4, DIFFER, "scene: none of these; second: b:1", .second = S_A "; S SRV 1 0 1 b"},
    {S_A "; S SRV 1 0 1 a" A_V4, DIFFER, "scene: a:1; second: none of these", .second = S_A},
    /* direct TLS */
    {S_A A_V4, DIFFER, "scene: nothing for direct TLS (NXDOMAIN); second: a:5270 (direct TLS)",
     .second = S_A ";" X_A},
    {S_A A_V4, DIFFER, "scene: a:5269; second: a:5269 (direct TLS)", .second = "X SRV 0 0 5269 a"},
    /* a lone dot is something that is said */
    {NOTHING, DIFFER, "scene: nothing (NXDOMAIN); second: a lone dot", .second = "S SRV 0 0 0 ."},
    {S_A A_V4, DIFFER, "scene: nothing for direct TLS (NXDOMAIN); second: a lone dot (direct TLS)",
     .second = S_A "; X SRV 0 0 0 ."},
    /* three */
    {S_A A_V4, DIFFER, "scene: a:5269; second: b:1; third: nothing (NXDOMAIN)", .second = "S SRV 0 0 1 b",
     .third = ""},
    {S_A A_V4, DIFFER, "scene: a:5269; second: a:5269; third: nothing (NXDOMAIN)", .second = S_A, .third = ""},
    /* an alias is followed, as for the first */
    {"S SRV 0 0 5269 a" A_V4, IS(OK, OK), "a:5269", .second = "S CNAME r; r SRV 0 0 5269 a"},

    /* no answer is no view */
    {S_A A_V4, IS(OK, OK), "a:5269; second: no answer; third: SERVFAIL", .second = "S SILENT; X SILENT",
     .third = "S SERVFAIL; X SERVFAIL"},
    {S_A A_V4, IS(OK, OK), "a:5269; second: REFUSED for direct TLS", .second = S_A "; X REFUSED"},
    {S_A A_V4, IS(OK, OK), "a:5269; second: an answer that cannot be read, REFUSED for direct TLS",
     .second = "S MALFORMED; X REFUSED"},
    {S_A A_V4, DIFFER, "scene: a:5269; second: no answer; third: b:1", .second = "S SILENT; X SILENT",
     .third = "S SRV 0 0 1 b"},
    {S_A A_V4, DIFFER, "scene: a:5269; second: b:1, SERVFAIL for direct TLS", .second = "S SRV 0 0 1 b; X SERVFAIL"},
    /* the first one's failure, or what is critical in its answer, is the reason all the same */
    {"S SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), ASKED("_xmpp-server._tcp.q.test; second: a:5269"), .second = S_A},
    {"S SILENT; X SILENT", IS(DNS_TIMEOUT, CRITICAL),
     ASKED("_xmpp-server._tcp.q.test; second: a:5269; third: nothing (NXDOMAIN)"), .second = S_A, .third = ""},
    {"S REFUSED; X REFUSED", IS(DNS_REFUSED, CRITICAL), ASKED("_xmpp-server._tcp.q.test; second: REFUSED"),
     .second = "S REFUSED; X REFUSED"},
    {"", IS(DNS_NXDOMAIN, CRITICAL), ASKED("_xmpp-server._tcp.q.test; scene: nothing (NXDOMAIN); second: a:5269"),
     .second = S_A},
    {S_A, IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of a; scene: a:5269; second: b:5269"),
     .second = "S SRV 0 0 5269 b"},
    {"S SRV 0 0 0 .", IS(SRV_SERVICE_DISABLED, CRITICAL), "scene: a lone dot; second: a:5269", .second = S_A},
    {S_A "; X SERVFAIL" A_V4, IS(DNS_SERVFAIL, WARNING),
     ASKED("_xmpps-server._tcp.q.test; second: a:5270 (direct TLS)"), .second = S_A ";" X_A},
    /* before the other warnings, which it explains; made ok it hides none of them */
    {"S SRV 0 0 0 a; S SRV 9 0 5269 a" A_V4, DIFFER, "scene: a:0; second: none of these",
     .second = "S SRV 9 0 5269 a"},
    {S_A A_V4, DIFFER, "scene: a:5269; second: b:5269", .second = "S SRV 0 0 5269 b", .expect = "b"},
    {S_A A_V4, IS(SRV_UNEXPECTED, WARNING), "missing b:5269, unexpected a:5269; scene: a:5269; second: b:5269",
     .second = "S SRV 0 0 5269 b", .expect = "b", .made_ok = REASON_DNS_VIEWS_DIFFER},
    {NOTHING, IS(SRV_MISSING, WARNING), "using q.test:5269; scene: nothing (NXDOMAIN); second: a:5269", .second = S_A,
     .made_ok = REASON_DNS_VIEWS_DIFFER},
    {S_A A_V4, DIFFER, "scene: a:5269; second: b:5269", .second = "S SRV 0 0 5269 b",
     .made_ok = REASON_DNS_VIEWS_DIFFER},
    {"S SRV 0 0 0 a; S SRV 9 0 5269 a" A_V4, IS(SRV_UNEXPECTED, WARNING), "unexpected a:0",
     .second = "S SRV 0 0 0 a; S SRV 9 0 5269 a", .expect = "a"},
    /* a static route: judged where records are expected */
    {S_A, IS(NOT_APPLICABLE, UNKNOWN),
     "192.0.2.9:1 are configured; SRV records are not followed; scene: a:5269; second: b:1", .second = "S SRV 0 0 1 b",
     .is_static = true},
    {S_A, DIFFER, "scene: a:5269; second: b:1", .second = "S SRV 0 0 1 b", .expect = "a", .is_static = true},
    /* a name too long for the longer service is no failure of anyone's */
    {S_A A_V4, IS(OK, OK), "a:5269", .second = S_A, .domain = LABEL_50 "gg." LABEL_60 "." LABEL_60 "." LABEL_60},
};


static struct config_resolver names[VIEWS_MAX] = {{.name = "scene"}, {.name = "second"}, {.name = "third"}};

static void found(void *arg)
{
    (void)arg;
}

static void done(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void run(const struct row *row, size_t count, struct resolver *const *resolvers, struct domain_result *result)
{
    static const struct discover_events events = {found, done};
    struct host_port target = {"192.0.2.9", 1}, expected = {(char *)row->expect, 5269};
    struct severity_rule made_ok = {row->made_ok, STATE_OK};
    const char *name = row->domain != NULL ? row->domain : "q.test";
    const struct config config = {
        .resolvers = names, .resolver_count = count, .address_families = FAMILIES_BOTH, .max_endpoints = 16};
    const struct config_domain domain = {
        .name = (char *)name, .targets = &target, .target_count = row->is_static,
        .expect_srv = &expected, .expect_srv_count = row->expect != NULL,
        .severity = {&made_ok, row->made_ok != REASON_OK, NULL},
    };
    struct discovery *discovery = discover_start(resolvers, &config, &domain, result, events, NULL);
    loop_run(loop);
    discover_free(discovery);
}

static void test_views(void **state)
{
    (void)state;
    const char *zone[VIEWS_MAX] = {"", "", ""};
    struct dns_server *servers[VIEWS_MAX];
    for (size_t i = 0; i < VIEWS_MAX; i++)
        servers[i] = dns_zone_server_new(loop, &zone[i]);
    for (const struct row *row = VIEWS; row < VIEWS + sizeof VIEWS / sizeof *VIEWS; row++) {
        const char *views[VIEWS_MAX] = {row->zone, row->second, row->third};
        struct resolver *resolvers[VIEWS_MAX] = {NULL};
        size_t count = 0;
        for (; count < VIEWS_MAX && views[count] != NULL; count++) {
            zone[count] = views[count];
            resolvers[count] = scene_resolver(dns_server_address(servers[count]),
                                              strstr(zone[count], "SILENT") != NULL ? SHORT_MS : PATIENT_MS);
        }
        struct domain_result *result = domain_result_new();
        run(row, count, resolvers, result);
        const struct check_result *srv = &result->check[CHECK_SRV];
        if (srv->reason != row->reason || srv->state != row->state || strcmp(srv->detail, row->detail) != 0)
            fail_msg("%s | %s | %s\n  is   %s %s (%s)\n  not  %s %s (%s)", row->zone, row->second, row->third,
                     state_name(srv->state), reason_info(srv->reason)->code, srv->detail, state_name(row->state),
                     reason_info(row->reason)->code, row->detail);
        assert_int_equal(result->lookup_count, count * SERVICE_COUNT);
        domain_result_free(result);
        for (size_t i = 0; i < count; i++)
            resolver_free(resolvers[i]);
    }
    for (size_t i = 0; i < VIEWS_MAX; i++)
        dns_server_free(servers[i]);
}

/* However much they differ in, each has its say. */
static void test_bounds(void **state)
{
    (void)state;
    struct buf zones[2];
    const char *texts[2];
    struct dns_server *servers[2];
    struct resolver *resolvers[2];
    for (size_t i = 0; i < 2; i++) {
        buf_init(&zones[i], 65536);
        buf_puts(&zones[i], "q.test A 192.0.2.1");
        for (int port = 1; port <= 70; port++)
            buf_printf(&zones[i], "; S SRV 0 0 %d " LABEL_50 "%zu", port, i);
        texts[i] = zones[i].data;
        servers[i] = dns_zone_server_new(loop, &texts[i]);
        resolvers[i] = scene_resolver(dns_server_address(servers[i]), PATIENT_MS);
    }
    struct domain_result *result = domain_result_new();
    const struct row row = {.zone = ""};
    run(&row, 2, resolvers, result);
    const char *detail = result->check[CHECK_SRV].detail;
    assert_int_equal(result->check[CHECK_SRV].reason, REASON_SRV_TARGET_NO_ADDRESS);
    assert_int_equal(result->lookups[2].records, 70);
    assert_non_null(strstr(detail, "; scene: " LABEL_50 "0:1, "));
    assert_non_null(strstr(detail, " and more; second: " LABEL_50 "1:1, "));
    assert_true(strlen(detail) < 1024);
    domain_result_free(result);
    for (size_t i = 0; i < 2; i++) {
        resolver_free(resolvers[i]);
        dns_server_free(servers[i]);
        buf_fini(&zones[i]);
    }
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void note_found(void *arg)
{
    bool *noted = arg;
    assert_false(noted[0] || noted[1]);
    noted[0] = true;
}

static void note_end(void *arg)
{
    bool *noted = arg;
    assert_true(noted[0] && !noted[1]);
    noted[1] = true;
}

static const struct discover_events NOTED = {note_found, note_end};

/* What the first resolver says is followed while another one is silent, which ends with its own time, or sooner. */
static void test_silent_view(void **state)
{
    (void)state;
    const struct config config = {
        .resolvers = names, .resolver_count = 2, .address_families = FAMILIES_BOTH, .max_endpoints = 16};
    const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test"};
    const char *zones[] = {S_A A_V4, "S SILENT;" X_A};
    for (int expire = 0; expire < 2; expire++) {
        struct dns_server *servers[] = {dns_zone_server_new(loop, &zones[0]), dns_zone_server_new(loop, &zones[1])};
        struct resolver *resolvers[] = {scene_resolver(dns_server_address(servers[0]), PATIENT_MS),
                                        scene_resolver(dns_server_address(servers[1]), PATIENT_MS)};
        struct domain_result *result = domain_result_new();
        bool noted[2] = {false, false};
        struct discovery *discovery = discover_start(resolvers, &config, &domain, result, NOTED, noted);
        struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
        while (!noted[0] || !result->lookups[3].answered) {
            loop_timer_arm(timer, 0);
            loop_run(loop);
        }
        loop_timer_free(timer);
        assert_false(noted[1]);
        assert_int_equal(result->endpoint_count, 1);
        assert_true(result->check[CHECK_SRV].duration_us >= 0);
        assert_int_equal(result->check[CHECK_SRV].reason, REASON_NOT_RUN);
        if (expire) {
            discover_expire(discovery);
            discover_expire(discovery);
            assert_int_equal(result->check[CHECK_SRV].reason, REASON_DNS_VIEWS_DIFFER);
            assert_string_equal(result->check[CHECK_SRV].detail, "scene: nothing for direct TLS (NXDOMAIN); second: "
                                                                 "a:5270 (direct TLS), no answer");
        }
        discover_free(discovery);
        assert_int_equal(noted[1], expire);
        assert_int_equal(result->endpoint_count, 1);
        assert_int_equal(result->lookup_count, 4);
        assert_string_equal(result->lookups[2].resolver, "second");
        assert_int_equal(result->lookups[2].service, SERVICE_XMPP_SERVER);
        assert_false(result->lookups[2].answered);
        assert_int_equal(result->lookups[3].records, 1);
        assert_int_equal(result->record_count, 1);
        domain_result_free(result);
        for (size_t i = 0; i < 2; i++) {
            resolver_free(resolvers[i]);
            dns_server_free(servers[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_silent_view),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
