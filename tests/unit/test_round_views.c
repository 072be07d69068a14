/* A round with two resolvers, the second of which is silent: the conversation waits for the first only, the round for
 * both; and the conversation is given the TLSA records. Conversation and TLS are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/context.h"
#include "probe/probe.h"
#include "probe/s2s.h"
#include "tests/unit/dns_zone.h"
#include "tests/unit/resolver_scene.h"

/* ---- the stand-ins ---- */

struct s2s {
    struct endpoint_result *endpoint;
    void (*done)(void *arg);
    void *arg;
};

static struct s2s *talk;  /* the one conversation, while it is had */
static size_t tlsa_given; /* records that it was given */

struct s2s *s2s_start(const struct s2s_options *options, struct endpoint_result *endpoint, void (*done)(void *arg),
                      void *arg)
{
    assert_null(talk);
    talk = mem_alloc(sizeof *talk);
    *talk = (struct s2s){endpoint, done, arg};
    tlsa_given = options->tlsa_count;
    assert_true(tlsa_given == 0 || options->tlsa[0].data[0] == 0xaa);
    loop_stop(loop);
    return talk;
}

static void talk_end(enum reason reason)
{
    struct s2s *s2s = talk;
    talk = NULL;
    s2s->endpoint->reached[CHECK_CONNECT] = true;
    check_result_set(&s2s->endpoint->check[CHECK_CONNECT], reason, NULL);
    s2s->done(s2s->arg);
    free(s2s);
}

void s2s_expire(struct s2s *s2s)
{
    assert_ptr_equal(s2s, talk);
    talk_end(REASON_CONNECT_TIMEOUT);
}

void s2s_cancel(struct s2s *s2s)
{
    assert_ptr_equal(s2s, talk);
    free(s2s);
    talk = NULL;
}

struct tls_context *tls_context_new(const struct tls_options *options, struct err *err)
{
    (void)options;
    (void)err;
    return mem_alloc(1);
}

void tls_context_free(struct tls_context *context)
{
    free(context);
}

/* ---- a round ---- */

#define SECURE "S SRV 0 0 5269 a; S AD; a A 192.0.2.1; a AD; _5269._tcp.a TLSA 030101aa; _5269._tcp.a AD"

struct scene {
    const char *zones[2];
    struct dns_server *servers[2];
    struct config *config;
    struct probe_context *context;
    struct probe *probe;
    struct domain_result *result; /* once the round has ended */
};

static void round_done(void *arg, struct domain_result *result)
{
    struct scene *scene = arg;
    assert_null(scene->result);
    scene->result = result;
    loop_stop(loop);
}

/* A round that has come as far as its conversation. */
static void scene_begin(struct scene *scene, const char *second, int64_t timeout_ms)
{
    static const char *const NAMES[] = {"q.test"};
    static const char *const RESOLVERS[] = {"first", "second"};
    struct buf faults;
    struct err err = {0};
    buf_init(&faults, 4096);
    *scene = (struct scene){.zones = {SECURE, second}, .config = config_default(NAMES, 1, &faults)};
    assert_non_null(scene->config);
    struct config *config = scene->config;
    config->timeout_ms = timeout_ms;
    config->address_families = FAMILIES_BOTH;
    free(config->resolvers[0].name);
    free(config->resolvers[0].address);
    config->resolvers = mem_resize(config->resolvers, 3, sizeof *config->resolvers); /* ended by one that is all zero */
    config->resolver_count = 2;
    for (size_t i = 0; i < 2; i++) {
        scene->servers[i] = dns_zone_server_new(loop, &scene->zones[i]);
        config->resolvers[i] = (struct config_resolver){
            .name = mem_strdup(RESOLVERS[i]), .address = mem_strdup(dns_server_address(scene->servers[i]))};
    }
    config->resolvers[2] = (struct config_resolver){0};
    scene->context = probe_context_new(loop, config, 9, NULL, &err);
    assert_non_null(scene->context);
    scene->probe = probe_domain.start(scene->context, &config->domains[0], round_done, scene);
    while (talk == NULL)
        loop_run(loop);
    buf_fini(&faults);
}

static void scene_end(struct scene *scene)
{
    assert_null(talk);
    domain_result_free(scene->result);
    probe_context_free(scene->context);
    for (size_t i = 0; i < 2; i++)
        dns_server_free(scene->servers[i]);
    config_free(scene->config);
}

static void expect_srv(const struct scene *scene, enum reason reason, const char *detail)
{
    assert_non_null(scene->result);
    assert_int_equal(scene->result->check[CHECK_SRV].reason, reason);
    assert_string_equal(scene->result->check[CHECK_SRV].detail, detail);
}

/* The conversation ends before the silence does. */
static void test_silence(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, "S SILENT; X SILENT", 2 * SHORT_MS);
    assert_int_equal(tlsa_given, 1);
    talk_end(REASON_OK);
    assert_null(scene.result);
    while (scene.result == NULL)
        loop_run(loop);
    expect_srv(&scene, REASON_OK, "a:5269; second: no answer");
    assert_int_equal(scene.result->check[CHECK_CONNECT].reason, REASON_OK);
    scene_end(&scene);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* The conversation takes longer than the comparison. */
static void test_long_conversation(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, "S SRV 0 0 5269 b", 2 * SHORT_MS);
    struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
    loop_timer_arm(timer, 2 * SHORT_MS * 1000);
    loop_run(loop);
    loop_timer_free(timer);
    assert_null(scene.result);
    talk_end(REASON_OK);
    expect_srv(&scene, REASON_DNS_VIEWS_DIFFER, "first: a:5269; second: b:5269");
    scene_end(&scene);
}

/* Broken off, with the conversation under way or ended: at once, whatever the second resolver would say. */
static void test_break(void **state)
{
    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        for (int expire = 0; expire < 2; expire++) {
            struct scene scene;
            scene_begin(&scene, "S SILENT; X SRV 0 0 5270 a", 2 * PATIENT_MS);
            if (ended)
                talk_end(REASON_OK);
            if (expire) {
                probe_domain_expire(scene.probe);
                assert_non_null(scene.result);
                assert_int_equal(scene.result->check[CHECK_CONNECT].reason,
                                 ended ? REASON_OK : REASON_CONNECT_TIMEOUT);
                assert_int_equal(scene.result->lookup_count, 4);
                assert_false(scene.result->lookups[2].answered);
            } else {
                probe_domain.cancel(scene.probe);
                assert_null(scene.result);
            }
            scene_end(&scene);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_long_conversation),
        cmocka_unit_test(test_break),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
