/* A whole round: which conversations are asked for, when it ends, what it hands back, and that it can be cancelled at
 * any moment. The gate, the conversation and TLS are stand-ins that do what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "probe/context.h"
#include "probe/gate.h"
#include "probe/probe.h"
#include "probe/s2s.h"
#include "tests/unit/dns_zone.h"
#include "tests/unit/resolver_scene.h"

#define PASSES_MAX 8

/* ---- the stand-ins ---- */

struct gate_pass {
    struct gate *gate;
    char *address;
    uint16_t port;
    void (*go)(void *arg);
    void *arg;
    int64_t waited_us;
    struct s2s *s2s; /* once it talks */
};

struct gate {
    unsigned max, max_per_address;
    struct gate_pass *passes[PASSES_MAX];
    size_t pass_count;                    /* ever given */
    size_t out;                           /* not given back */
    char timed_out[PASSES_MAX + 1];       /* 'y' or 'n', in the order of coming back */
};

struct s2s {
    struct endpoint_result *endpoint;
    void (*done)(void *arg);
    void *arg;
};

static struct gate *gate;
static size_t gates, talks, tls_contexts;
static struct gate_pass *going; /* the pass whose turn has come */

struct gate *gate_new(struct loop *on, unsigned max, unsigned max_per_address)
{
    assert_ptr_equal(on, loop);
    gate = mem_alloc(sizeof *gate);
    gates++;
    gate_set_limits(gate, max, max_per_address);
    return gate;
}

void gate_free(struct gate *old)
{
    assert_int_equal(old->out, 0);
    gates--;
    free(old);
}

void gate_set_limits(struct gate *at, unsigned max, unsigned max_per_address)
{
    at->max = max;
    at->max_per_address = max_per_address;
}

struct gate_pass *gate_enter(struct gate *at, const char *address, uint16_t port, void (*go)(void *arg), void *arg)
{
    struct gate_pass *pass = mem_alloc(sizeof *pass);
    *pass = (struct gate_pass){
        .gate = at, .address = mem_strdup(address), .port = port, .go = go, .arg = arg};
    assert_true(at->pass_count < PASSES_MAX);
    at->passes[at->pass_count++] = pass;
    at->out++;
    loop_stop(loop); /* all of a round enter at once */
    return pass;
}

int64_t gate_waited_us(const struct gate_pass *pass)
{
    return pass->waited_us;
}

void gate_leave(struct gate_pass *pass, bool timed_out)
{
    struct gate *at = pass->gate;
    for (size_t i = 0; i < at->pass_count; i++) {
        if (at->passes[i] == pass)
            at->passes[i] = NULL;
    }
    at->timed_out[strlen(at->timed_out)] = timed_out ? 'y' : 'n';
    at->out--;
    free(pass->address);
    free(pass);
}

struct s2s *s2s_start(const struct s2s_options *options, struct endpoint_result *endpoint, void (*done)(void *arg),
                      void *arg)
{
    struct s2s *s2s = mem_alloc(sizeof *s2s);
    *s2s = (struct s2s){endpoint, done, arg};
    assert_string_equal(options->from, "monitor.test");
    assert_string_equal(options->domain->name, "q.test");
    assert_non_null(going);
    assert_string_equal(endpoint->address, going->address);
    assert_int_equal(endpoint->port, going->port);
    going->s2s = s2s;
    talks++;
    return s2s;
}

void s2s_expire(struct s2s *s2s)
{
    void (*done)(void *arg) = s2s->done;
    void *arg = s2s->arg;
    s2s->endpoint->reached[CHECK_CONNECT] = true;
    check_result_set(&s2s->endpoint->check[CHECK_CONNECT], REASON_CONNECT_TIMEOUT, NULL);
    talks--;
    free(s2s);
    done(arg);
}

void s2s_cancel(struct s2s *s2s)
{
    if (s2s == NULL)
        return;
    talks--;
    free(s2s);
}

struct tls_context *tls_context_new(const struct tls_options *options, struct err *err)
{
    (void)err;
    assert_non_null(options->ca_file);
    tls_contexts++;
    return mem_alloc(1);
}

void tls_context_free(struct tls_context *context)
{
    tls_contexts -= context != NULL;
    free(context);
}

/* ---- what the tests do with them ---- */

/* loop_stop() outside the loop makes the next loop_run() return at once. */
static void wait_for_passes(size_t count)
{
    while (gate->pass_count < count)
        loop_run(loop);
    assert_int_equal(gate->pass_count, count);
}

static void go(size_t at, int64_t waited_us)
{
    going = gate->passes[at];
    assert_null(going->s2s);
    going->waited_us = waited_us;
    going->go(going->arg);
    assert_non_null(going->s2s);
}

/* The conversation ends; so far it went well, and ended at this check for this reason. */
static void end(size_t at, enum check check, enum reason reason)
{
    struct s2s *s2s = gate->passes[at]->s2s;
    for (int i = CHECK_CONNECT; i <= (int)check; i++) {
        s2s->endpoint->reached[i] = true;
        check_result_set(&s2s->endpoint->check[i], i == (int)check ? reason : REASON_OK, NULL);
    }
    void (*done)(void *arg) = s2s->done;
    void *arg = s2s->arg;
    talks--;
    free(s2s);
    done(arg);
}

struct scene {
    const char *zone;
    struct config *config;
    struct dns_server *server;
    struct probe_context *context;
    struct domain_result *result; /* once the round has ended */
};

static void round_done(void *arg, struct domain_result *result)
{
    struct scene *scene = arg;
    assert_null(scene->result);
    scene->result = result;
    loop_stop(loop);
}

static struct probe_context *context_new(struct scene *scene, unsigned max, struct probe_context *former)
{
    struct err err = {0};
    struct probe_context *context = probe_context_new(loop, scene->config, max, former, &err);
    if (context == NULL)
        fail_msg("%s", err.text);
    return context;
}

static void scene_begin(struct scene *scene, const char *zone)
{
    static const char *const NAMES[] = {"q.test"};
    struct buf faults;
    *scene = (struct scene){.zone = zone};
    buf_init(&faults, 4096);
    scene->config = config_default(NAMES, 1, &faults);
    assert_non_null(scene->config);
    free(scene->config->domain);
    scene->config->domain = mem_strdup("monitor.test");
    scene->config->timeout_ms = 2 * PATIENT_MS;
    scene->server = dns_zone_server_new(loop, &scene->zone);
    free(scene->config->resolvers[0].address);
    scene->config->resolvers[0].address = mem_strdup(dns_server_address(scene->server));
    scene->config->address_families = FAMILIES_BOTH;
    scene->context = context_new(scene, 99, NULL);
    buf_fini(&faults);
}

static void scene_end(struct scene *scene)
{
    domain_result_free(scene->result);
    probe_context_free(scene->context);
    dns_server_free(scene->server);
    config_free(scene->config);
    assert_int_equal(gates, 0);
    assert_int_equal(talks, 0);
    assert_int_equal(tls_contexts, 0);
}

static struct probe *start(struct scene *scene)
{
    return probe_domain.start(scene->context, &scene->config->domains[0], round_done, scene);
}

#define TWO_ADDRESSES "S SRV 0 0 5269 a; X SRV 1 0 5270 a; a A 192.0.2.1; a A 192.0.2.2"

static void test_all_at_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, TWO_ADDRESSES);
    assert_int_equal(gate->max, 99);
    assert_int_equal(gate->max_per_address, scene.config->max_concurrent_per_address);
    start(&scene);
    wait_for_passes(4);
    go(1, 30), go(3, 50), go(0, 40);
    end(3, CHECK_AUTH, REASON_OK);
    end(0, CHECK_AUTH, REASON_OK);
    go(2, 20);
    end(2, CHECK_CONNECT, REASON_CONNECT_REFUSED);
    assert_null(scene.result);
    end(1, CHECK_STREAM, REASON_STREAM_TIMEOUT);
    const struct domain_result *result = scene.result;
    assert_non_null(result);
    assert_string_equal(gate->timed_out, "nnny");
    assert_int_equal(result->start_delay_us, 50);
    assert_int_equal(result->endpoint_count, 4);
    assert_int_equal(result->endpoints[2].transport, TRANSPORT_DIRECT);
    assert_int_equal(result->check[CHECK_CONNECT].reason, REASON_CONNECT_REFUSED);
    assert_int_equal(result->check[CHECK_CONNECT].state, STATE_WARNING);
    assert_int_equal(result->check[CHECK_STREAM].reason, REASON_STREAM_TIMEOUT);
    assert_int_equal(result->check[CHECK_AUTH].reason, REASON_OK);
    assert_int_equal(result->check[CHECK_PING].reason, REASON_NOT_CONFIGURED);
    assert_true(result->finished_ms > 0);
    scene_end(&scene);
}

static void test_severity(void **state)
{
    (void)state;
    struct scene scene;
    struct severity_rule rules[] = {{REASON_CONNECT_REFUSED, STATE_OK}, {REASON_SRV_MISSING, STATE_CRITICAL}};
    scene_begin(&scene, "q.test A 192.0.2.1");
    scene.config->domains[0].severity = (struct severity){rules, 2, &scene.config->severity};
    start(&scene);
    wait_for_passes(1);
    go(0, 0);
    end(0, CHECK_CONNECT, REASON_CONNECT_REFUSED);
    assert_int_equal(scene.result->check[CHECK_CONNECT].state, STATE_OK);
    assert_int_equal(scene.result->check[CHECK_SRV].state, STATE_CRITICAL);
    assert_int_equal(scene.result->start_delay_us, 0);
    scene.config->domains[0].severity = (struct severity){.behind = &scene.config->severity};
    scene_end(&scene);
}

/* What is denied is not asked for; a round with nothing to talk to ends all the same. */
static void test_nobody_to_talk_to(void **state)
{
    (void)state;
    static const char *const ZONES[] = {TWO_ADDRESSES, "S SRV 0 0 5269 a", ""};
    for (size_t i = 0; i < sizeof ZONES / sizeof ZONES[0]; i++) {
        struct scene scene;
        struct network network;
        assert_true(network_parse(&network, "192.0.2.0/24"));
        scene_begin(&scene, ZONES[i]);
        scene.config->deny_networks = &network;
        scene.config->deny_network_count = 1;
        start(&scene);
        assert_null(scene.result);
        while (scene.result == NULL)
            loop_run(loop);
        assert_int_equal(gate->pass_count, 0);
        assert_int_equal(scene.result->start_delay_us, DURATION_ABSENT);
        assert_int_equal(scene.result->check[CHECK_CONNECT].reason,
                         i == 0 ? REASON_CONNECT_DENIED : REASON_NOT_REACHED);
        assert_int_equal(scene.result->check[CHECK_AUTH].reason, REASON_NOT_REACHED);
        scene.config->deny_networks = NULL;
        scene.config->deny_network_count = 0;
        scene_end(&scene);
    }
}

/* Only what hung until the deadline is held against the target. */
static void test_timed_out(void **state)
{
    (void)state;
    static const struct {
        enum check check;
        enum reason reason;
        int64_t timeout_ms; /* 0: the deadline is passed as soon as the conversation begins */
        const char *timed_out;
    } ROWS[] = {
        {CHECK_CONNECT, REASON_CONNECT_TIMEOUT, PATIENT_MS, "y"},
        {CHECK_STREAM, REASON_STREAM_TIMEOUT, PATIENT_MS, "y"},
        {CHECK_STARTTLS, REASON_TLS_TIMEOUT, PATIENT_MS, "y"},
        {CHECK_AUTH, REASON_AUTH_FEATURES_MISSING, PATIENT_MS, "n"}, /* the peer hung up */
        {CHECK_AUTH, REASON_AUTH_FEATURES_MISSING, 0, "y"},
        {CHECK_CONNECT, REASON_CONNECT_REFUSED, 0, "n"},
        {CHECK_AUTH, REASON_OK, 0, "n"},
        {CHECK_DIALBACK, REASON_DIALBACK_TIMEOUT, PATIENT_MS, "y"},
        {CHECK_DIALBACK, REASON_DIALBACK_CLOSED, 0, "n"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct scene scene;
        scene_begin(&scene, "q.test A 192.0.2.1");
        start(&scene);
        wait_for_passes(1);
        go(0, 0);
        scene.config->timeout_ms = ROWS[i].timeout_ms;
        end(0, ROWS[i].check, ROWS[i].reason);
        assert_string_equal(gate->timed_out, ROWS[i].timed_out);
        scene_end(&scene);
    }
}

/* A round until: DNS is asked (0), all wait for their turn, some talk, some have ended. */
static struct probe *begin_until(struct scene *scene, int stage)
{
    scene_begin(scene, TWO_ADDRESSES);
    struct probe *probe = start(scene);
    if (stage > 0)
        wait_for_passes(4);
    if (stage > 1)
        go(1, 0), go(2, 0);
    if (stage > 2)
        end(1, CHECK_AUTH, REASON_OK);
    return probe;
}

static void test_cancel(void **state)
{
    (void)state;
    for (int stage = 0; stage < 4; stage++) {
        struct scene scene;
        struct probe *probe = begin_until(&scene, stage);
        probe_domain.cancel(probe);
        assert_null(scene.result);
        assert_int_equal(gate->out, 0);
        scene_end(&scene);
    }
}

/* The result comes at once, and what had not been observed is no fault of the peer's. */
static void test_expire(void **state)
{
    (void)state;
    static const struct {
        enum reason srv, connect[4];
        const char *timed_out;
    } ROWS[] = {
        {REASON_DNS_TIMEOUT, {0}, ""},
        {REASON_OK, {REASON_LOCAL_ERROR, REASON_LOCAL_ERROR, REASON_LOCAL_ERROR, REASON_LOCAL_ERROR}, "nnnn"},
        {REASON_OK, {REASON_LOCAL_ERROR, REASON_CONNECT_TIMEOUT, REASON_CONNECT_TIMEOUT, REASON_LOCAL_ERROR}, "nyyn"},
        {REASON_OK, {REASON_LOCAL_ERROR, REASON_OK, REASON_CONNECT_TIMEOUT, REASON_LOCAL_ERROR}, "nnyn"},
    };
    for (int stage = 0; stage < 4; stage++) {
        struct scene scene;
        struct probe *probe = begin_until(&scene, stage);
        probe_domain_expire(probe);
        assert_non_null(scene.result);
        assert_int_equal(scene.result->check[CHECK_SRV].reason, ROWS[stage].srv);
        assert_int_equal(scene.result->endpoint_count, stage == 0 ? 0 : 4);
        for (size_t i = 0; i < scene.result->endpoint_count; i++)
            assert_int_equal(scene.result->endpoints[i].check[CHECK_CONNECT].reason, ROWS[stage].connect[i]);
        assert_string_equal(gate->timed_out, ROWS[stage].timed_out);
        assert_int_equal(gate->out, 0);
        scene_end(&scene);
    }
}

/* A round goes on with the context that it began with, after the next one took its place and its configuration. */
static void test_contexts(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, TWO_ADDRESSES);
    struct gate *shared = gate;
    start(&scene);
    struct probe_context *next = context_new(&scene, 7, scene.context);
    assert_ptr_equal(gate, shared);
    assert_int_equal(gates, 1);
    assert_int_equal(gate->max, 7);
    probe_context_free(scene.context);
    config_free(scene.config);
    scene.config = NULL;
    assert_int_equal(tls_contexts, 2); /* the round holds the former one */
    wait_for_passes(4);
    for (size_t i = 0; i < 4; i++)
        go(i, 0);
    for (size_t i = 0; i < 4; i++)
        end(i, CHECK_AUTH, REASON_OK);
    assert_non_null(scene.result);
    assert_int_equal(tls_contexts, 1);
    assert_int_equal(gates, 1);
    scene.context = next;
    scene_end(&scene);
    probe_context_free(NULL);
}

static size_t axl_sessions;

struct axl_session *axl_session_new(void)
{
    axl_sessions++;
    return mem_alloc(1);
}

void axl_session_free(struct axl_session *session)
{
    axl_sessions -= session != NULL;
    free(session);
}

/* Sessions of nodes that are no longer configured do not pile up. */
static void test_sessions(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, TWO_ADDRESSES);
    struct config_imp_node nodes[] = {{.name = "a", .axl = {.url = "u", .username = "n"}},
                                      {.name = "b", .axl = {.url = "u", .username = "n"}}};
    struct config *config = scene.context->config;
    config->imp_nodes = nodes;
    config->imp_node_count = 2;
    struct imp_sessions *first = probe_context_sessions(scene.context, &nodes[0]);
    struct axl_session *session = first->axl;
    probe_context_sessions(scene.context, &nodes[1]);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "b%d", i);
        nodes[1].name = name;
        probe_context_sessions(scene.context, &nodes[1]);
        assert_int_equal(axl_sessions, 2);
    }
    assert_ptr_equal(probe_context_sessions(scene.context, &nodes[0]), first);
    assert_ptr_equal(first->axl, session);
    nodes[0].axl.username = "another";
    assert_ptr_equal(probe_context_sessions(scene.context, &nodes[0]), first);
    assert_int_equal(axl_sessions, 2);
    config->imp_nodes = NULL;
    config->imp_node_count = 0;
    scene_end(&scene);
    assert_int_equal(axl_sessions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_at_once), cmocka_unit_test(test_severity), cmocka_unit_test(test_nobody_to_talk_to),
        cmocka_unit_test(test_timed_out),   cmocka_unit_test(test_cancel),   cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_sessions),    cmocka_unit_test(test_expire),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
