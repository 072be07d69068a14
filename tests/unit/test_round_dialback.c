/* What rounds of a domain do about dialback: whether a conversation is to verify keys, with which secret, and what a
 * round says of it when it is over. Discovery, gate, conversations and context are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/context.h"
#include "probe/dialback.h"
#include "probe/discover.h"
#include "probe/probe.h"
#include "probe/s2s.h"

static char secret_file[] = "/tmp/test_round_dialback.XXXXXX";
static struct config config = {.domain = (char *)"monitor.test", .timeout_ms = 10000, .confirm = 2};
static struct config_domain domain = {
    .name = (char *)"q.test",
    .name_unicode = (char *)"q.test",
    .dialback = {.enabled = ENABLED_AUTO, .interval_ms = 1800000, .secret_file = secret_file},
};
static struct probe_context context = {.references = 1, .config = &config};
static struct dialback_memory *memory;
static struct domain_result *result; /* of the latest round */

/* ---- the stand-ins ---- */

static struct discover_events discovered;
static void *discovered_arg;
static struct domain_result *discovering;
static struct {
    struct endpoint_result *endpoint;
    const struct dialback_options *dialback;
    void (*done)(void *arg);
    void *arg;
} talk;

struct discovery *discover_start(struct resolver *const *resolvers, const struct config *with,
                                 const struct config_domain *of, struct domain_result *into,
                                 struct discover_events events, void *arg)
{
    (void)resolvers;
    assert_ptr_equal(with, &config);
    assert_ptr_equal(of, &domain);
    discovering = into;
    discovered = events;
    discovered_arg = arg;
    return NULL;
}

void discover_free(struct discovery *discovery)
{
    assert_null(discovery);
}

const struct dns_tlsa *discover_tlsa(const struct discovery *discovery, const struct endpoint_result *endpoint,
                                     size_t *count)
{
    (void)discovery, (void)endpoint;
    *count = 0;
    return NULL;
}

void discover_expire(struct discovery *discovery)
{
    (void)discovery;
}

struct gate_pass *gate_enter(struct gate *gate, const char *address, uint16_t port, void (*go)(void *arg), void *arg)
{
    (void)gate, (void)address, (void)port;
    go(arg);
    return NULL;
}

int64_t gate_waited_us(const struct gate_pass *pass)
{
    (void)pass;
    return 0;
}

void gate_leave(struct gate_pass *pass, bool timed_out)
{
    (void)pass;
    assert_false(timed_out);
}

struct s2s *s2s_start(const struct s2s_options *options, struct endpoint_result *endpoint, void (*done)(void *arg),
                      void *arg)
{
    talk.endpoint = endpoint;
    talk.dialback = options->dialback;
    talk.done = done;
    talk.arg = arg;
    return NULL;
}

void s2s_expire(struct s2s *s2s)
{
    (void)s2s;
}

void s2s_cancel(struct s2s *s2s)
{
    (void)s2s;
}

struct gate *probe_context_gate(const struct probe_context *of)
{
    (void)of;
    return NULL;
}

struct dialback_memory *probe_context_dialback(const struct probe_context *of)
{
    assert_ptr_equal(of, &context);
    return memory;
}

void probe_context_free(struct probe_context *of)
{
    of->references--;
}

const struct config_domain *config_find(const struct config *in, const char *name)
{
    (void)in;
    return strcmp(name, domain.name) == 0 ? &domain : NULL;
}

/* ---- rounds ---- */

static void write_secret(const char *secret)
{
    FILE *out = fopen(secret_file, "w");
    assert_non_null(out);
    assert_true(fprintf(out, "%s\n", secret) > 0);
    assert_int_equal(fclose(out), 0);
}

static void take_result(void *arg, struct domain_result *of)
{
    (void)arg;
    domain_result_free(result);
    result = of;
}

static struct probe *begin(void)
{
    return probe_domain.start(&context, &domain, take_result, NULL);
}

/* Goes on until the one endpoint is talked to. */
static void discover(void)
{
    discovering->endpoints = mem_array(1, sizeof *discovering->endpoints);
    discovering->endpoint_count = 1;
    endpoint_result_init(&discovering->endpoints[0]);
    discovering->endpoints[0].target = mem_strdup("q.test");
    discovering->endpoints[0].address = mem_strdup("192.0.2.1");
    discovering->endpoints[0].port = 5269;
    discovered.found(discovered_arg);
    discovered.done(discovered_arg);
}

/* The conversation went well, and ended at this check for this reason. */
static void end(enum check check, enum reason reason)
{
    for (int i = CHECK_CONNECT; i <= (int)check; i++) {
        talk.endpoint->reached[i] = true;
        check_result_set(&talk.endpoint->check[i], i == (int)check ? reason : REASON_OK, NULL);
    }
    talk.done(talk.arg);
}

/* A whole round; `secret` is what keys are verified with, NULL: they are not. */
static void play(bool aside, const char *secret, bool carried)
{
    struct probe *probe = begin();
    if (aside)
        probe_domain_set_aside(probe);
    discover();
    assert_int_equal(talk.dialback != NULL, secret != NULL);
    if (secret != NULL) {
        assert_string_equal(talk.dialback->secret, secret);
        assert_string_equal(talk.dialback->from, domain.dialback.from != NULL ? domain.dialback.from : config.domain);
    }
    end(secret != NULL ? CHECK_DIALBACK : CHECK_AUTH, REASON_OK);
    assert_int_equal(result->check[CHECK_DIALBACK].reason, REASON_OK);
    assert_int_equal(result->carried[CHECK_DIALBACK], carried);
}

static void rounds_verify_keys_when_it_is_time(void **state)
{
    (void)state;
    write_secret("s3cret");
    for (int i = 0; i < 2; i++) {
        play(true, "s3cret", false); /* who asks beside the rounds takes none of these away */
        play(false, "s3cret", false);
    }
    play(true, NULL, true);
    play(false, NULL, true);
    config.domain = (char *)"another.test"; /* and a reload leaves the domain's own map as it was */
    play(false, "s3cret", false);
    play(false, NULL, true);
    write_secret("another secret");
    domain.dialback.from = (char *)"coluc.test"; /* holds for no result so far either */
    play(false, "another secret", false);
}

static void what_cannot_be_verified_is_unknown(void **state)
{
    (void)state;
    static const enum check ENDS[] = {CHECK_AUTH, CHECK_STARTTLS, CHECK_AUTH};
    char detail[200];
    snprintf(detail, sizeof detail, "q.test:5269 (192.0.2.1): %s: cannot be read: No such file or directory",
             secret_file);
    assert_int_equal(unlink(secret_file), 0);
    for (size_t i = 0; i < 3; i++) {
        begin();
        discover();
        assert_null(talk.dialback);
        end(ENDS[i], ENDS[i] == CHECK_AUTH ? REASON_OK : REASON_TLS_ERROR);
        const struct check_result *check = &result->check[CHECK_DIALBACK];
        assert_int_equal(check->state, STATE_UNKNOWN);
        assert_int_equal(check->reason, ENDS[i] == CHECK_AUTH ? REASON_LOCAL_ERROR : REASON_NOT_REACHED);
        if (ENDS[i] == CHECK_AUTH)
            assert_string_equal(check->detail, detail);
        assert_false(result->carried[CHECK_DIALBACK]);
    }
    write_secret("s3cret");
    play(false, "s3cret", false);
}

static void without_a_secret_it_must_be_asked_for(void **state)
{
    (void)state;
    domain.dialback.secret_file = NULL;
    begin();
    discover();
    assert_null(talk.dialback);
    end(CHECK_AUTH, REASON_OK);
    assert_int_equal(result->check[CHECK_DIALBACK].reason, REASON_NOT_CONFIGURED);
    domain.dialback.enabled = ENABLED_TRUE;
    begin();
    discover();
    assert_non_null(talk.dialback);
    assert_null(talk.dialback->secret);
    end(CHECK_DIALBACK, REASON_DIALBACK_ACCEPTS_BOGUS);
    assert_int_equal(result->check[CHECK_DIALBACK].reason, REASON_DIALBACK_ACCEPTS_BOGUS);
    probe_domain.cancel(begin());
}

static int setup(void **state)
{
    (void)state;
    memory = dialback_memory_new();
    domain.dialback = (struct config_dialback){
        .enabled = ENABLED_AUTO, .interval_ms = 1800000, .secret_file = secret_file};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dialback_memory_free(memory);
    domain_result_free(result);
    result = NULL;
    return context.references == 1 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rounds_verify_keys_when_it_is_time, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_verified_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_secret_it_must_be_asked_for, setup, teardown),
    };
    int fd = mkstemp(secret_file);
    if (fd < 0 || close(fd) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(secret_file);
    return failed;
}
