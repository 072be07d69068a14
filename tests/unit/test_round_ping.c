/* The pings of a round: through which accounts, that the round waits for them, and how long sessions live. Sessions are
 * stand-ins; the domain has no servers, so that nothing else takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/context.h"
#include "tests/unit/dns_zone.h"
#include "tests/unit/fake_session.h"
#include "tests/unit/resolver_scene.h"

#define A "a@own.example"
#define B "b@own.example"
#define PINGS(account) "{account: '" account "', password_file: /dev/null, domains: [q.test]}"
#define PINGS_OTHER "{account: c@own.example, password_file: /dev/null, domains: [other.test]}"

struct scene {
    const char *zone;
    struct dns_server *server;
    struct config *config;
    struct probe_context *context;
    struct domain_result *result; /* once the round has ended */
};

static struct config *read_config(const struct scene *scene, const char *pings)
{
    struct buf faults;
    buf_init(&faults, 4096);
    char *text = mem_printf("agent: {domain: m.test, timeout: 40s, state_dir: /nowhere}\n"
                            "dns: {resolvers: [{name: x, address: '%s'}]}\n"
                            "domains: [{name: q.test, severity: {ping_unreachable: ok}}, other.test]\n"
                            "ping: [%s]\n",
                            dns_server_address(scene->server), pings);
    struct config *config = config_read(text, strlen(text), "c.yaml", &faults);
    if (config == NULL)
        fail_msg("%s", faults.data);
    free(text);
    buf_fini(&faults);
    return config;
}

/* Another configuration comes into force. */
static void load(struct scene *scene, const char *pings)
{
    struct err err = {0};
    struct config *config = read_config(scene, pings);
    struct probe_context *context = probe_context_new(loop, config, 9, scene->context, &err);
    if (context == NULL)
        fail_msg("%s", err.text);
    probe_context_free(scene->context);
    config_free(scene->config);
    scene->config = config;
    scene->context = context;
}

static void scene_begin(struct scene *scene, const char *pings)
{
    *scene = (struct scene){.zone = "a A 192.0.2.1"};
    fake_refuses = false;
    scene->server = dns_zone_server_new(loop, &scene->zone);
    load(scene, pings);
}

static void scene_end(struct scene *scene)
{
    domain_result_free(scene->result);
    probe_context_free(scene->context);
    config_free(scene->config);
    dns_server_free(scene->server);
    assert_int_equal(fake_pings, 0);
    assert_int_equal(fake_sessions, 0);
}

static void round_done(void *arg, struct domain_result *result)
{
    struct scene *scene = arg;
    assert_null(scene->result);
    scene->result = result;
    loop_stop(loop);
}

static struct probe *start(struct scene *scene)
{
    domain_result_free(scene->result);
    scene->result = NULL;
    return probe_domain.start(scene->context, config_find(scene->config, "q.test"), round_done, scene);
}

static const struct check_result *wait_for_end(struct scene *scene)
{
    while (scene->result == NULL)
        loop_run(loop);
    assert_int_equal(scene->result->check[CHECK_SRV].reason, REASON_DNS_NXDOMAIN);
    return &scene->result->check[CHECK_PING];
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* Lets all the rest of the round come to its end, most likely. */
static void wait_a_little(void)
{
    struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
    loop_timer_arm(timer, 100000);
    loop_run(loop);
    loop_timer_free(timer);
}

static void test_nobody_pings(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, PINGS_OTHER);
    start(&scene);
    assert_int_equal(wait_for_end(&scene)->reason, REASON_NOT_CONFIGURED);
    assert_int_equal(scene.result->ping_count, 0);
    scene_end(&scene);
}

static void test_round_waits_for_all(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, PINGS(A) ", " PINGS_OTHER ", " PINGS(B));
    start(&scene);
    assert_int_equal(fake_pings, 2);
    fake_ping_end(B, REASON_PING_ERROR_REMOTE_SERVER_TIMEOUT, 7);
    wait_a_little();
    assert_null(scene.result);
    fake_ping_end(A, REASON_OK, 9);
    const struct check_result *check = wait_for_end(&scene);
    assert_int_equal(check->reason, REASON_PING_ERROR_REMOTE_SERVER_TIMEOUT);
    assert_int_equal(check->duration_us, 7);
    assert_string_equal(check->detail, B);
    assert_int_equal(scene.result->ping_count, 2);
    assert_string_equal(scene.result->pings[1].account, B);
    assert_string_equal(scene.result->pings[1].server, "own.example");
    /* pings that end before all else; the domain's rules hold */
    start(&scene);
    fake_ping_end(A, REASON_PING_UNREACHABLE, DURATION_ABSENT);
    fake_ping_end(B, REASON_OK, 3);
    assert_int_equal(wait_for_end(&scene)->state, STATE_OK);
    assert_int_equal(fake_sessions, 2);
    scene_end(&scene);
}

static void test_expire_and_cancel(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        struct scene scene;
        scene_begin(&scene, PINGS(A) ", " PINGS(B));
        struct probe *probe = start(&scene);
        fake_ping_end(A, REASON_OK, 3);
        if (waits)
            wait_a_little();
        probe_domain_expire(probe);
        assert_non_null(scene.result);
        assert_int_equal(scene.result->check[CHECK_PING].reason, REASON_PING_TIMEOUT);
        probe = start(&scene);
        if (waits)
            wait_a_little();
        probe_domain.cancel(probe);
        scene_end(&scene);
    }
}

static void test_sessions_outlive_configurations(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, PINGS(A) ", " PINGS(B));
    struct ping_session *session = probe_context_ping_session(scene.context, &scene.config->pings[0]);
    probe_context_ping_session(scene.context, &scene.config->pings[1]);
    load(&scene, PINGS(B) ", " PINGS(A));
    assert_ptr_equal(probe_context_ping_session(scene.context, &scene.config->pings[1]), session);
    assert_int_equal(fake_sessions, 2);
    load(&scene, PINGS(A)); /* B is gone */
    assert_int_equal(fake_sessions, 1);
    start(&scene);
    fake_refuses = true; /* A has changed, while it pings */
    load(&scene, PINGS(A));
    fake_refuses = false;
    assert_int_equal(fake_sessions, 1);
    probe_context_ping_session(scene.context, &scene.config->pings[0]);
    assert_int_equal(fake_sessions, 2);
    fake_ping_end(A, REASON_OK, 3);
    assert_int_equal(fake_sessions, 1);
    wait_for_end(&scene);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_pings),
        cmocka_unit_test(test_round_waits_for_all),
        cmocka_unit_test(test_expire_and_cancel),
        cmocka_unit_test(test_sessions_outlive_configurations),
    };
    return cmocka_run_group_tests_name("round_ping", tests, scene_setup, scene_teardown);
}
