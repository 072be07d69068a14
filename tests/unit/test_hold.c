/* How long a walk sees one and the same state, by a clock that the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exporters/snmp/hold.h"

#define STATES 64
#define START_US INT64_C(5000000000)

static struct status states[STATES]; /* each taken once, in this order */
static size_t taken, given_back;

/* Results change all the time: every state is another one. */
static void *take(void *arg, const struct status **status)
{
    assert_ptr_equal(arg, states);
    assert_int_equal(taken, given_back); /* never two at a time */
    assert_true(taken < STATES);
    *status = &states[taken];
    return &states[taken++];
}

static void give_back(void *held)
{
    assert_ptr_equal(held, &states[given_back++]);
}

static int start(void **state)
{
    static struct hold hold;
    taken = given_back = 0;
    hold_init(&hold, take, give_back, states);
    *state = &hold;
    return 0;
}

static int end(void **state)
{
    hold_fini(*state);
    hold_fini(*state);
    assert_int_equal(given_back, taken);
    return 0;
}

static void expect_state(struct hold *hold, int64_t after_us, size_t which)
{
    assert_ptr_equal(hold_status(hold, START_US + after_us), &states[which]);
}

static void test_nothing_is_held_at_first(void **state)
{
    struct hold *hold = *state;
    assert_false(hold_tend(hold, START_US));
    assert_int_equal(taken, 0);
}

/* Requests a little less than a second apart, for a little less than ten. */
static void test_a_walk_sees_one_state(void **state)
{
    struct hold *hold = *state;
    for (int64_t at_us = 0; at_us < HOLD_MAX_US; at_us += HOLD_IDLE_US - 1)
        expect_state(hold, at_us, 0);
    assert_int_equal(taken, 1);
}

static void test_a_pause_ends_it(void **state)
{
    struct hold *hold = *state;
    expect_state(hold, 0, 0);
    expect_state(hold, HOLD_IDLE_US - 1, 0);
    assert_true(hold_tend(hold, START_US + 2 * HOLD_IDLE_US - 2));
    assert_false(hold_tend(hold, START_US + 2 * HOLD_IDLE_US - 1));
    assert_int_equal(given_back, 1); /* without another request */
    expect_state(hold, 2 * HOLD_IDLE_US, 1);
    expect_state(hold, 3 * HOLD_IDLE_US, 2);
}

/* Managers that never pause see a state that is ten seconds old at most. */
static void test_it_ends_after_ten_seconds(void **state)
{
    struct hold *hold = *state;
    for (int64_t at_us = 0; at_us < 5 * HOLD_MAX_US; at_us += HOLD_IDLE_US / 2)
        expect_state(hold, at_us, (size_t)(at_us / HOLD_MAX_US));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_held_at_first, start, end),
        cmocka_unit_test_setup_teardown(test_a_walk_sees_one_state, start, end),
        cmocka_unit_test_setup_teardown(test_a_pause_ends_it, start, end),
        cmocka_unit_test_setup_teardown(test_it_ends_after_ten_seconds, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
