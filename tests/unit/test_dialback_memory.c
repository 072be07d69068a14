/* What dialback remembers: rounds of one domain, one after the other on a clock that is made up, and in each whether
 * keys were verified, at which endpoints, and whether the round's result is that of an earlier one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "health/combine.h"
#include "probe/dialback_memory.h"

#define HOSTS "abc"

/* ---- configurations, of which only the domains count ---- */

static const struct config_domain *configured; /* NULL: none */

const struct config_domain *config_find(const struct config *config, const char *name)
{
    (void)config;
    return configured != NULL && strcmp(configured->name, name) == 0 ? configured : NULL;
}

static struct config_domain domain_of(const char *secret_file, enum dialback_algorithm algorithm, const char *from)
{
    return (struct config_domain){.name = (char *)"a.example",
                                  .dialback = {.enabled = ENABLED_AUTO,
                                               .interval_ms = 1800000,
                                               .secret_file = (char *)secret_file,
                                               .algorithm = algorithm,
                                               .from = (char *)from}};
}

/* ---- rounds ---- */

static struct domain_result *result_with(const char *hosts)
{
    struct domain_result *result = domain_result_new();
    result->endpoint_count = strlen(hosts);
    result->endpoints = mem_array(result->endpoint_count, sizeof *result->endpoints);
    for (size_t i = 0; i < result->endpoint_count; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        endpoint_result_init(endpoint);
        endpoint->target = mem_printf("%c.example", hosts[i]);
        endpoint->address = mem_strdup("192.0.2.1");
        endpoint->port = 5269;
    }
    return result;
}

static enum reason reason_of(char outcome)
{
    switch (outcome) {
    case 'v': return REASON_OK;
    case 'n': return REASON_DIALBACK_KEY_REJECTED;
    case 's': return REASON_DIALBACK_TIMEOUT;
    default: return REASON_LOCAL_ERROR;
    }
}

/* What a conversation that verified keys found: v(alid), n(ot), s(ilence), l(ocal error). */
static void verify(struct endpoint_result *endpoint, char outcome)
{
    endpoint->reached[CHECK_DIALBACK] = true;
    check_result_set(&endpoint->check[CHECK_DIALBACK], reason_of(outcome), "found at %s", endpoint->target);
    endpoint->check[CHECK_DIALBACK].duration_us = 7;
    endpoint->phase_us[PHASE_DIALBACK] = 7;
    endpoint->dialback_algorithm = outcome == 'v' ? DIALBACK_SHA1_NESTED : DIALBACK_AUTO;
}

/* One round. `outcomes` has a letter for each of HOSTS: what verifying at it finds now, or "-": it is not reached. In
 * `asked` the letters of those at which keys were verified. The result is the caller's. */
static struct domain_result *play(struct dialback_memory *memory, const struct config_domain *domain,
                                  const char *outcomes, const struct dialback_moment *moment, char *asked)
{
    bool reachable[sizeof HOSTS] = {false};
    char hosts[sizeof HOSTS] = "";
    strncpy(hosts, HOSTS, strlen(outcomes));
    struct domain_result *result = result_with(hosts);
    bool due = dialback_memory_is_due(memory, domain, moment);
    for (size_t i = 0; i < result->endpoint_count; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        if (outcomes[i] == '-')
            continue;
        bool verifies = due || !dialback_memory_knows(memory, domain, endpoint);
        reachable[i] = !verifies;
        if (verifies) {
            verify(endpoint, outcomes[i]);
            *asked++ = hosts[i];
        }
    }
    *asked = '\0';
    dialback_memory_recall(memory, domain, result, reachable);
    combine_endpoints(result);
    dialback_memory_note(memory, domain, result, due, moment);
    return result;
}

struct row {
    int64_t at_s;
    const char *outcomes;
    const char *asked;
    bool carried;
    enum reason reason;
    enum state state;
    uint64_t stamp;
};

#define OK_ REASON_OK, STATE_OK
#define BAD(state) REASON_DIALBACK_KEY_REJECTED, STATE_##state
#define GONE REASON_NOT_REACHED, STATE_UNKNOWN

static void run(const struct row *rows, size_t count, unsigned confirm)
{
    struct dialback_memory *memory = dialback_memory_new();
    const struct config_domain domain = domain_of("secret", DIALBACK_AUTO, NULL);
    for (size_t i = 0; i < count; i++) {
        char asked[sizeof HOSTS];
        const struct dialback_moment moment = {rows[i].at_s * 1000000, rows[i].stamp, confirm};
        struct domain_result *result = play(memory, &domain, rows[i].outcomes, &moment, asked);
        const struct check_result *check = &result->check[CHECK_DIALBACK];
        if (strcmp(asked, rows[i].asked) != 0 || result->carried[CHECK_DIALBACK] != rows[i].carried ||
            check->reason != rows[i].reason || check->state != rows[i].state)
            fail_msg("row %zu: asked \"%s\", %scarried over, %s %s", i, asked,
                     result->carried[CHECK_DIALBACK] ? "" : "not ", reason_info(check->reason)->code,
                     state_name(check->state));
        domain_result_free(result);
    }
    dialback_memory_free(memory);
}

#define RUN(confirm, ...) \
    do { \
        static const struct row ROWS[] = {__VA_ARGS__}; \
        run(ROWS, sizeof ROWS / sizeof ROWS[0], confirm); \
    } while (0)

static void keys_are_verified_at_their_own_interval(void **state)
{
    (void)state;
    RUN(1, {0, "v", "a", false, OK_, 1}, {300, "n", "", true, OK_, 1}, {1500, "n", "", true, OK_, 1},
        {1798, "n", "", true, OK_, 1}, {1799, "n", "a", false, BAD(CRITICAL), 1},
        {2100, "v", "", true, BAD(CRITICAL), 1}, {3599, "v", "a", false, OK_, 1}, {9000, "v", "a", false, OK_, 1},
        {9300, "v", "", true, OK_, 1});
}

static void they_are_until_the_result_is_confirmed(void **state)
{
    (void)state;
    RUN(3, {0, "v", "a", false, OK_, 1}, {30, "v", "a", false, OK_, 1}, {60, "n", "a", false, BAD(CRITICAL), 1},
        {90, "v", "a", false, OK_, 1}, {120, "v", "a", false, OK_, 1}, {150, "v", "a", false, OK_, 1},
        {180, "n", "", true, OK_, 1}, {1949, "n", "a", false, BAD(CRITICAL), 1},
        {1980, "n", "a", false, BAD(CRITICAL), 1}, {2010, "n", "a", false, BAD(CRITICAL), 1},
        {2040, "v", "", true, BAD(CRITICAL), 1});
}

static void an_endpoint_that_is_new_is_asked_alone(void **state)
{
    (void)state;
    RUN(1, {0, "v", "a", false, OK_, 1}, {300, "nv", "b", false, OK_, 1}, {600, "nn", "", true, OK_, 1},
        {1800, "vv", "ab", false, OK_, 1});
    /* another result through it: it is confirmed at all of them */
    RUN(2, {0, "v", "a", false, OK_, 1}, {30, "v", "a", false, OK_, 1}, {300, "vn", "b", false, BAD(WARNING), 1},
        {330, "vn", "ab", false, BAD(WARNING), 1}, {360, "vv", "", true, BAD(WARNING), 1});
}

static void an_endpoint_that_was_away_is_asked_again(void **state)
{
    (void)state;
    RUN(1, {0, "vn", "ab", false, BAD(WARNING), 1}, {300, "v-", "", false, OK_, 1}, {600, "v-", "", true, OK_, 1},
        {900, "vn", "b", false, BAD(WARNING), 1}, {1200, "--", "", false, GONE, 1}, {1500, "--", "", false, GONE, 1},
        {1520, "v", "a", false, OK_, 1}, {1530, "v", "", true, OK_, 1});
}

static void an_endpoint_that_gave_no_verdict_is_asked_again(void **state)
{
    (void)state;
    RUN(1, {0, "vs", "ab", false, REASON_DIALBACK_TIMEOUT, STATE_WARNING, 1},
        {300, "vs", "b", false, REASON_DIALBACK_TIMEOUT, STATE_WARNING, 1}, {600, "vv", "b", false, OK_, 1},
        {900, "vs", "", true, OK_, 1});
}

static void another_secret_is_tried_at_once(void **state)
{
    (void)state;
    RUN(1, {0, "n", "a", false, BAD(CRITICAL), 1}, {60, "v", "", true, BAD(CRITICAL), 1},
        {120, "v", "a", false, OK_, 2}, {180, "v", "", true, OK_, 2}, {240, "l", "a", false, REASON_LOCAL_ERROR,
        STATE_UNKNOWN, 0}, {300, "l", "a", false, REASON_LOCAL_ERROR, STATE_UNKNOWN, 0},
        {360, "v", "a", false, OK_, 2});
}

static void what_is_recalled_is_what_was_found(void **state)
{
    (void)state;
    char asked[sizeof HOSTS];
    const struct dialback_moment moment = {5, 1, 1};
    const struct config_domain domain = domain_of("secret", DIALBACK_AUTO, NULL);
    struct dialback_memory *memory = dialback_memory_new();
    assert_int_equal(dialback_memory_algorithm(memory, &domain), DIALBACK_AUTO);
    domain_result_free(play(memory, &domain, "vn", &moment, asked));
    assert_int_equal(dialback_memory_algorithm(memory, &domain), DIALBACK_SHA1_NESTED);
    struct domain_result *result = play(memory, &domain, "vn", &moment, asked);
    const struct endpoint_result *first = &result->endpoints[0], *second = &result->endpoints[1];
    assert_true(first->reached[CHECK_DIALBACK] && second->reached[CHECK_DIALBACK]);
    assert_string_equal(first->check[CHECK_DIALBACK].detail, "found at a.example");
    assert_int_equal(first->check[CHECK_DIALBACK].duration_us, 7);
    assert_int_equal(first->phase_us[PHASE_DIALBACK], 7);
    assert_int_equal(first->dialback_algorithm, DIALBACK_SHA1_NESTED);
    assert_int_equal(second->check[CHECK_DIALBACK].reason, REASON_DIALBACK_KEY_REJECTED);
    assert_int_equal(second->dialback_algorithm, DIALBACK_AUTO);
    domain_result_free(result);
    /* Another port, address or transport is another endpoint. */
    result = result_with("a");
    assert_true(dialback_memory_knows(memory, &domain, &result->endpoints[0]));
    result->endpoints[0].port++;
    assert_false(dialback_memory_knows(memory, &domain, &result->endpoints[0]));
    result->endpoints[0].port--;
    result->endpoints[0].transport = TRANSPORT_DIRECT;
    assert_false(dialback_memory_knows(memory, &domain, &result->endpoints[0]));
    result->endpoints[0].transport = TRANSPORT_STARTTLS;
    result->endpoints[0].address[0] = '2';
    assert_false(dialback_memory_knows(memory, &domain, &result->endpoints[0]));
    domain_result_free(result);
    dialback_memory_free(memory);
}

/* What a reload keeps. */
static void it_holds_for_one_configuration(void **state)
{
    (void)state;
    const struct config_domain first = domain_of("secret", DIALBACK_AUTO, NULL);
    struct config_domain off = first, later = first, other_name = first;
    off.dialback.enabled = ENABLED_FALSE;
    later.dialback.interval_ms = 3600000;
    later.interval_ms = 5;
    other_name.name = (char *)"b.example";
    const struct config_domain others[] = {domain_of("other", DIALBACK_AUTO, NULL),
                                           domain_of("secret", DIALBACK_SHA1_NESTED, NULL),
                                           domain_of("secret", DIALBACK_AUTO, "m.example"), off};
    const struct {
        const struct config_domain *configured;
        bool kept;
    } ROWS[] = {{&first, true},      {&later, true},      {&others[0], false}, {&others[1], false},
                {&others[2], false}, {&others[3], false}, {&other_name, false}, {NULL, false}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char asked[sizeof HOSTS];
        const struct dialback_moment moment = {0, 1, 1};
        struct dialback_memory *memory = dialback_memory_new();
        domain_result_free(play(memory, &first, "v", &moment, asked));
        configured = ROWS[i].configured;
        dialback_memory_reload(memory, NULL);
        assert_int_equal(dialback_memory_is_due(memory, &first, &moment), !ROWS[i].kept);
        assert_int_equal(dialback_memory_algorithm(memory, &first),
                         ROWS[i].kept ? DIALBACK_SHA1_NESTED : DIALBACK_AUTO);
        dialback_memory_free(memory);
    }
    /* Without a reload: a round of the former configuration that ends behind it, and the next one of the present. */
    char asked[sizeof HOSTS];
    const struct dialback_moment moment = {0, 1, 1};
    struct dialback_memory *memory = dialback_memory_new();
    domain_result_free(play(memory, &first, "v", &moment, asked));
    domain_result_free(play(memory, &others[0], "n", &moment, asked));
    assert_string_equal(asked, "a");
    assert_int_equal(dialback_memory_algorithm(memory, &others[0]), DIALBACK_AUTO);
    assert_true(dialback_memory_is_due(memory, &first, &moment));
    dialback_memory_free(memory);
    dialback_memory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_verified_at_their_own_interval),
        cmocka_unit_test(they_are_until_the_result_is_confirmed),
        cmocka_unit_test(an_endpoint_that_is_new_is_asked_alone),
        cmocka_unit_test(an_endpoint_that_was_away_is_asked_again),
        cmocka_unit_test(an_endpoint_that_gave_no_verdict_is_asked_again),
        cmocka_unit_test(another_secret_is_tried_at_once),
        cmocka_unit_test(what_is_recalled_is_what_was_found),
        cmocka_unit_test(it_holds_for_one_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
