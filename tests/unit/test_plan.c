/* The schedule's arithmetic, with the test as the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "schedule/plan.h"

#define S INT64_C(1000000)

static void starts_in_order_of_due_times(void **state)
{
    (void)state;
    struct plan *plan = plan_new(3);
    plan_add(plan, 0, 60 * S, 30 * S);
    plan_add(plan, 1, 60 * S, 10 * S);
    plan_add(plan, 2, 60 * S, 20 * S);
    size_t item = 99;
    assert_int_equal(plan_wait_us(plan, 0), 10 * S);
    assert_false(plan_start(plan, 10 * S - 1, &item));
    assert_true(plan_start(plan, 10 * S, &item));
    assert_int_equal(item, 1);
    assert_false(plan_start(plan, 10 * S, &item));
    assert_true(plan_start(plan, 30 * S, &item));
    assert_int_equal(item, 2);
    assert_true(plan_start(plan, 30 * S, &item));
    assert_int_equal(item, 0);
    assert_int_equal(plan_running(plan), 3);
    assert_int_equal(plan_wait_us(plan, 30 * S), -1);
    plan_free(plan);
}

static void keeps_to_the_interval_however_long_a_round_takes(void **state)
{
    (void)state;
    struct plan *plan = plan_new(1);
    size_t item;
    plan_add(plan, 0, 60 * S, 5 * S);
    assert_true(plan_start(plan, 7 * S, &item));
    plan_finish(plan, 0, 17 * S, 0);
    assert_int_equal(plan_wait_us(plan, 17 * S), 48 * S); /* due at 65 s */
    assert_true(plan_start(plan, 65 * S, &item));
    plan_finish(plan, 0, 190 * S, 0); /* rounds at 125 and 185 s were missed: none is made up for */
    assert_int_equal(plan_wait_us(plan, 190 * S), 55 * S);
    plan_free(plan);
}

static void repeats_soon_to_confirm(void **state)
{
    (void)state;
    struct plan *plan = plan_new(1);
    size_t item;
    plan_add(plan, 0, 60 * S, 0);
    assert_true(plan_start(plan, 0, &item));
    plan_finish(plan, 0, 1 * S, 10 * S);
    assert_int_equal(plan_wait_us(plan, 1 * S), 10 * S);
    assert_true(plan_start(plan, 11 * S, &item));
    plan_finish(plan, 0, 12 * S, 0);
    assert_int_equal(plan_wait_us(plan, 12 * S), 48 * S); /* back on the grid */
    assert_true(plan_start(plan, 60 * S, &item));
    plan_finish(plan, 0, 61 * S, 300 * S); /* a retry never comes later than the regular round */
    assert_int_equal(plan_wait_us(plan, 61 * S), 59 * S);
    plan_free(plan);
}

static void tells_when_a_round_should_have_started(void **state)
{
    (void)state;
    struct plan *plan = plan_new(1);
    size_t item;
    plan_add(plan, 0, 60 * S, 5 * S);
    assert_true(plan_start(plan, 7 * S, &item));
    assert_int_equal(plan_due_us(plan, 0), 5 * S);
    plan_finish(plan, 0, 8 * S, 10 * S);
    assert_true(plan_start(plan, 21 * S, &item));
    assert_int_equal(plan_due_us(plan, 0), 18 * S);
    plan_free(plan);
}

/* ---- back-off ---- */

/* Lets the item's next round start when it is due and take a second; returns when that was. */
static int64_t round_us(struct plan *plan, int64_t now_us, bool asked, int64_t retry_us)
{
    size_t item;
    int64_t due_us = now_us + plan_wait_us(plan, now_us);
    assert_true(plan_start(plan, due_us, &item));
    plan_back_off(plan, item, asked);
    plan_finish(plan, item, due_us + S, retry_us);
    return due_us;
}

static void backs_off_while_the_peer_asks_for_it(void **state)
{
    (void)state;
    struct plan *plan = plan_new(1);
    size_t item;
    plan_add(plan, 0, 60 * S, 0);
    static const int64_t intervals[] = {2, 4, 8, 16, 16, 16};
    int64_t due_us = 0;
    for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
        assert_true(plan_start(plan, due_us, &item));
        assert_int_equal(plan_back_off(plan, 0, true), intervals[i] * 60 * S);
        plan_finish(plan, 0, due_us + S, 10 * S); /* no retry */
        int64_t next_us = due_us + S + plan_wait_us(plan, due_us + S);
        assert_int_equal(next_us - due_us, intervals[i] * 60 * S);
        due_us = next_us;
    }
    assert_true(plan_start(plan, due_us, &item));
    assert_int_equal(plan_back_off(plan, 0, false), 60 * S);
    plan_finish(plan, 0, due_us + S, 0);
    assert_int_equal(plan_wait_us(plan, due_us + S), 59 * S);
    assert_int_equal(round_us(plan, due_us + S, true, 0), due_us + 60 * S);
    assert_int_equal(round_us(plan, due_us + 60 * S, false, 10 * S), due_us + 180 * S); /* from the beginning */
    assert_int_equal(round_us(plan, due_us + 181 * S, false, 0), due_us + 191 * S);
    plan_free(plan);
}

static void backs_off_a_day_at_most(void **state)
{
    (void)state;
    const int64_t hour = 3600 * S;
    static const struct { int64_t interval_h, asked_h[4]; } cases[] = {
        {1, {2, 4, 8, 16}}, {2, {4, 8, 16, 24}}, {5, {10, 20, 20, 20}}, {20, {20, 20, 20, 20}}, {48, {48, 48, 48, 48}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan *plan = plan_new(1);
        plan_add(plan, 0, cases[i].interval_h * hour, 0);
        int64_t due_us = 0;
        for (int asked = 0; asked < 4; asked++) {
            assert_int_equal(round_us(plan, due_us, true, S), due_us);
            int64_t next_us = due_us + S + plan_wait_us(plan, due_us + S);
            assert_int_equal(next_us - due_us, cases[i].asked_h[asked] * hour);
            due_us = next_us;
        }
        plan_free(plan);
    }
}

/* ---- reload ---- */

/* A plan of one item that has taken over the item of this one, which is freed. */
static struct plan *reload(struct plan *former, int64_t interval_us, int64_t now_us)
{
    struct plan *plan = plan_new(1);
    plan_take_over(plan, 0, interval_us, former, 0, now_us);
    plan_free(former);
    return plan;
}

static void a_reload_changes_nothing_for_an_item_that_stays(void **state)
{
    (void)state;
    size_t item;
    struct plan *plan = plan_new(1);
    plan_add(plan, 0, 60 * S, 5 * S);
    plan = reload(plan, 60 * S, 1 * S);
    assert_int_equal(plan_wait_us(plan, 1 * S), 4 * S);
    assert_true(plan_start(plan, 5 * S, &item));
    plan = reload(plan, 60 * S, 6 * S); /* under way */
    assert_int_equal(plan_running(plan), 1);
    assert_int_equal(plan_wait_us(plan, 6 * S), -1);
    plan_finish(plan, 0, 7 * S, 10 * S);
    assert_int_equal(plan_running(plan), 0);
    plan = reload(plan, 60 * S, 8 * S); /* to be repeated */
    assert_int_equal(round_us(plan, 8 * S, true, 0), 17 * S);
    plan = reload(plan, 60 * S, 20 * S); /* backing off */
    assert_int_equal(round_us(plan, 20 * S, true, 0), 125 * S);
    assert_int_equal(round_us(plan, 126 * S, false, 0), 365 * S);
    plan_free(plan);
}

static void another_interval_delays_nothing(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    struct plan *former = plan_new(COUNT), *plan = plan_new(COUNT), *later = plan_new(COUNT);
    size_t item;
    for (size_t i = 0; i < COUNT; i++)
        plan_add(former, i, 300 * S, 300 * S);
    for (size_t i = 0; i < COUNT; i++)
        plan_take_over(plan, i, 10 * S, former, i, 100 * S); /* now within 10 s */
    for (size_t i = 0; i < COUNT; i++)
        plan_take_over(later, i, 600 * S, plan, i, 101 * S); /* still within 9 s */
    for (size_t i = 0; i < COUNT; i++)
        assert_true(plan_start(later, 110 * S, &item));
    for (size_t i = 0; i < COUNT; i++)
        plan_finish(later, i, 111 * S, 0);
    assert_false(plan_start(later, 111 * S, &item));
    for (size_t i = 0; i < COUNT; i++)
        assert_true(plan_start(later, 701 * S, &item)); /* and then once within 600 s of the reload */
    plan_free(former);
    plan_free(plan);
    plan_free(later);
}

static void another_interval_does_not_end_a_back_off(void **state)
{
    (void)state;
    struct plan *plan = plan_new(1);
    plan_add(plan, 0, 60 * S, 0);
    assert_int_equal(round_us(plan, 0, true, 0), 0);
    assert_int_equal(round_us(plan, S, true, 0), 120 * S); /* due at 360 s */
    plan = reload(plan, 30 * S, 121 * S);
    assert_in_range(plan_wait_us(plan, 121 * S), 3 * 30 * S, 4 * 30 * S);
    plan = reload(plan, 600 * S, 122 * S);
    assert_in_range(plan_wait_us(plan, 122 * S), 0, 4 * 30 * S); /* not later than before */
    plan_free(plan);
}

/* A round that was due before the new grid begins: whether the peer asks again or not, what it waited for is over. */
static void another_interval_prolongs_no_back_off(void **state)
{
    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        struct plan *plan = plan_new(1);
        plan_add(plan, 0, 60 * S, 0);
        assert_int_equal(round_us(plan, 0, true, 0), 0);
        assert_int_equal(round_us(plan, S, true, 0), 120 * S); /* due at 360 s */
        plan = reload(plan, 3600 * S, 121 * S);
        assert_int_equal(round_us(plan, 121 * S, asks, 0), 360 * S);
        assert_in_range(plan_wait_us(plan, 361 * S), asks * 7 * 3600 * S, (asks * 7 + 1) * 3600 * S);
        plan_free(plan);
    }
}

static void another_interval_counts_also_for_a_round_under_way(void **state)
{
    (void)state;
    size_t item;
    struct plan *plan = plan_new(1);
    plan_add(plan, 0, 300 * S, 0);
    assert_true(plan_start(plan, 0, &item));
    plan = reload(plan, 20 * S, S);
    plan_finish(plan, 0, 2 * S, 0);
    assert_in_range(plan_wait_us(plan, 2 * S), 0, 20 * S);
    plan_free(plan);
}

/* ---- many ---- */

/* Rounds that start in each tenth of a second. */
struct windows {
    unsigned *rounds;
    size_t count;
    int64_t from_us;
};
#define WINDOW_US (S / 10)

static void run_windows(struct plan *plan, struct windows *windows)
{
    for (size_t i = 0; i < windows->count; i++) {
        int64_t now_us = windows->from_us + (int64_t)(i + 1) * WINDOW_US - 1;
        for (size_t item; plan_start(plan, now_us, &item); windows->rounds[i]++)
            plan_finish(plan, item, now_us, 0);
    }
}

/* The most in any window, divided by the mean. */
static double crowding(const struct windows *windows)
{
    unsigned most = 0, sum = 0;
    for (size_t i = 0; i < windows->count; i++) {
        sum += windows->rounds[i];
        most = windows->rounds[i] > most ? windows->rounds[i] : most;
    }
    return most / ((double)sum / (double)windows->count);
}

enum { MANY = 10000, HALF_HOUR = 18000 /* windows */ };
static const int64_t intervals_us[] = {10 * S, 60 * S, 300 * S};

static void ten_thousand_never_fire_together(void **state)
{
    (void)state;
    static unsigned rounds[HALF_HOUR];
    /* The intervals one after the other in the configuration, in turn, and in clumps. */
    for (size_t pattern = 0; pattern < 3; pattern++) {
        memset(rounds, 0, sizeof rounds);
        struct windows windows = {rounds, HALF_HOUR, 0};
        struct plan *plan = plan_new(MANY);
        for (size_t i = 0; i < MANY; i++) {
            size_t which = pattern == 0 ? i * 3 / MANY : pattern == 1 ? i % 3 : i / 89 % 3;
            plan_add(plan, i, intervals_us[which], plan_spread_us(i, MANY, intervals_us[which]));
        }
        run_windows(plan, &windows);
        assert_true(crowding(&windows) < 1.5);
        plan_free(plan);
    }
}

/* With all at five minutes the first rounds take less than the interval: no window has more than that many. */
static void the_first_rounds_are_spread(void **state)
{
    (void)state;
    static unsigned rounds[3000];
    struct windows windows = {rounds, 3000, 0};
    struct plan *plan = plan_new(MANY);
    for (size_t i = 0; i < MANY; i++)
        plan_add(plan, i, 300 * S, plan_spread_us(i, MANY, 300 * S));
    run_windows(plan, &windows);
    unsigned sum = 0;
    for (size_t i = 0; i < windows.count; i++) {
        sum += rounds[i];
        assert_in_range(rounds[i], 0, 1.5 * WINDOW_US / START_SPREAD_US);
    }
    assert_int_equal(sum, MANY);
    plan_free(plan);
    assert_int_equal(plan_spread_us(0, 1, 300 * S), 0); /* a single one starts at once, a few nearly */
    for (size_t i = 0; i < 8; i++)
        assert_in_range(plan_spread_us(i, 8, 300 * S), 0, 8 * START_SPREAD_US - 1);
}

/* Rounds a window, when `count` items are spread over this time. */
static double rate(size_t count, int64_t over_us)
{
    return (double)count * WINDOW_US / (double)over_us;
}

/* Half of them stay, with an interval that changes, half are new: for that half hour no window has more rounds than the
 * three crowds that are under way then, each evenly spread, have together. */
static void a_reload_keeps_them_spread(void **state)
{
    (void)state;
    enum { HALF = MANY / 2, BEFORE = 4000 };
    const int64_t first_us = HALF * START_SPREAD_US; /* to start half of them takes */
    static unsigned rounds[HALF_HOUR];
    for (size_t change = 0; change < 9; change++) {
        int64_t from_us = intervals_us[change / 3], to_us = intervals_us[change % 3];
        struct windows before = {rounds, BEFORE, 0}, after = {rounds, HALF_HOUR, BEFORE * WINDOW_US};
        struct plan *former = plan_new(HALF), *plan = plan_new(MANY);
        for (size_t i = 0; i < HALF; i++)
            plan_add(former, i, from_us, plan_spread_us(i, HALF, from_us));
        run_windows(former, &before);
        memset(rounds, 0, sizeof rounds);
        for (size_t i = 0; i < HALF; i++)
            plan_take_over(plan, i, to_us, former, HALF - 1 - i, after.from_us);
        for (size_t i = 0; i < HALF; i++)
            plan_add(plan, HALF + i, to_us, after.from_us + plan_spread_us(i, HALF, to_us));
        run_windows(plan, &after);
        double former_rate = rate(HALF, from_us < first_us ? from_us : first_us);
        double new_rate = rate(HALF, to_us < first_us ? to_us : first_us);
        double most = former_rate + new_rate + rate(HALF, to_us);
        for (size_t i = 0; i < HALF_HOUR; i++)
            assert_true(rounds[i] < 1.2 * most);
        for (size_t i = HALF_HOUR / 2; i < HALF_HOUR && to_us < first_us; i++)
            assert_true(rounds[i] < 2 * rate(MANY, to_us)); /* and later it is even */
        plan_free(former);
        plan_free(plan);
    }
}

/* A day of 500 domains with random intervals and durations: each starts when it is due, as often as it should. */
static void runs_a_day(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    struct plan *plan = plan_new(COUNT);
    int64_t interval[COUNT], ends[COUNT];
    unsigned rounds[COUNT] = {0};
    srand(1);
    for (size_t i = 0; i < COUNT; i++) {
        interval[i] = (60 + rand() % 600) * S;
        ends[i] = -1;
        plan_add(plan, i, interval[i], plan_spread_us(i, COUNT, interval[i]));
    }
    const int64_t day = 86400 * S;
    for (int64_t now = 0; now < day; now += S) {
        for (size_t i = 0; i < COUNT; i++) {
            if (ends[i] == now) {
                plan_finish(plan, i, now, 0);
                ends[i] = -1;
            }
        }
        for (size_t item; plan_start(plan, now, &item);) {
            assert_int_equal(ends[item], -1);
            ends[item] = now + (1 + rand() % 30) * S;
            rounds[item]++;
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(rounds[i] >= (unsigned)(day / interval[i]));
        assert_true(rounds[i] <= (unsigned)(day / interval[i]) + 1);
    }
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_in_order_of_due_times),
        cmocka_unit_test(keeps_to_the_interval_however_long_a_round_takes),
        cmocka_unit_test(repeats_soon_to_confirm),
        cmocka_unit_test(tells_when_a_round_should_have_started),
        cmocka_unit_test(backs_off_while_the_peer_asks_for_it),
        cmocka_unit_test(backs_off_a_day_at_most),
        cmocka_unit_test(a_reload_changes_nothing_for_an_item_that_stays),
        cmocka_unit_test(another_interval_delays_nothing),
        cmocka_unit_test(another_interval_does_not_end_a_back_off),
        cmocka_unit_test(another_interval_prolongs_no_back_off),
        cmocka_unit_test(another_interval_counts_also_for_a_round_under_way),
        cmocka_unit_test(ten_thousand_never_fire_together),
        cmocka_unit_test(the_first_rounds_are_spread),
        cmocka_unit_test(a_reload_keeps_them_spread),
        cmocka_unit_test(runs_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
