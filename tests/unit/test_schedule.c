/* The schedule with a probe, a loop and a clock that are made up: what a reload keeps, and who starves whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/schedule_scene.h"
#include "tests/unit/slow.h"

/* A configuration of `slow` domains that hang, with fast ones strewn among them. */
static char *crowd(const char *interval, unsigned max_concurrent, unsigned slow, unsigned fast)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_printf(&text, "agent: {domain: m.example, interval: %s, max_concurrent: %u}\ndomains:\n", interval,
               max_concurrent);
    for (unsigned i = 0, told = 0; i < slow || told < fast; i++) {
        if (i < slow)
            buf_printf(&text, "  - slow-%u.example\n", i);
        for (; told < fast && (uint64_t)told * slow <= (uint64_t)i * fast; told++)
            buf_printf(&text, "  - fast-%u.example\n", told);
    }
    char *whole = buf_steal(&text);
    buf_fini(&text);
    return whole;
}

/* ---- tests ---- */

static void starts_rounds_when_they_are_due(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [fast-0.example, {name: fast-1.example, interval: 20s}]\n");
    assert_int_equal(schedule_running(scene->schedule), 0);
    pass_us(FAST_US / 2);
    assert_int_equal(schedule_running(scene->schedule), 2);
    pass_us(FAST_US);
    assert_int_equal(schedule_running(scene->schedule), 0);
    pass_us(119 * S);
    assert_int_equal(scene->heard[0].rounds, 2);
    assert_int_equal(scene->heard[1].rounds, 6);
    assert_int_equal(scene->heard[0].interval_ms, 60000);
    assert_int_equal(scene->heard[1].interval_ms, 20000);
    assert_int_equal(scene->heard[0].worst_delay_us, 0);
    assert_int_equal(cancelled, 0);
    scene_free(scene);
}

static void repeats_what_is_to_be_confirmed(void **state)
{
    (void)state;
    struct scene *scene = scene_new("agent: {domain: m.example, interval: 5m, retry_interval: 7s}\n"
                                    "domains: [fast-0.example]\n");
    again = true;
    pass_us(S);
    again = false;
    int64_t first_us = scene->heard[0].at_us;
    pass_us(10 * S);
    assert_int_equal(scene->heard[0].rounds, 2);
    assert_int_equal(scene->heard[0].at_us, first_us + 7 * S + FAST_US);
    pass_us(280 * S);
    assert_int_equal(scene->heard[0].rounds, 2);
    scene_free(scene);
}

static void waiting_for_the_gate_makes_a_round_late(void **state)
{
    (void)state;
    struct scene *scene = scene_new("agent: {domain: m.example, max_concurrent: 1, interval: 1m}\n"
                                    "domains: [slow-0.example, fast-1.example]\n");
    pass_us(30 * S);
    assert_int_equal(scene->heard[0].delay_us, 0);
    assert_in_range(scene->heard[1].delay_us, SLOW_US - S, SLOW_US); /* started soon after the other */
    scene_free(scene);
}

static void a_loop_that_stalls_makes_rounds_late(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    char *text = crowd("1m", 4096, 0, COUNT);
    struct scene *scene = scene_new(text);
    fake_stall_us(5 * S);
    pass_us(S);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(scene->heard[i].rounds, 1);
        assert_in_range(scene->heard[i].delay_us, 5 * S - COUNT * S / 100, 5 * S);
    }
    free(text);
    scene_free(scene);
}

static void leaves_alone_who_asks_for_it(void **state)
{
    (void)state;
    static const char text[] = EVERY("1m") "domains: [fast-0.example]\n";
    struct scene *scene = scene_new(text);
    asking = "fast-0.example";
    again = true;
    pass_us(119 * S);
    assert_int_equal(scene->heard[0].rounds, 1);
    assert_int_equal(scene->heard[0].interval_ms, 120000);
    config_free(scene_reload(scene, text)); /* does not end it */
    pass_us(2 * S);
    assert_int_equal(scene->heard[0].rounds, 1);
    assert_int_equal(scene->heard[0].interval_ms, 240000);
    asking = NULL;
    again = false;
    pass_us(240 * S);
    assert_int_equal(scene->heard[0].rounds, 2);
    assert_int_equal(scene->heard[0].interval_ms, 60000);
    scene_free(scene);
}

static void a_reload_keeps_cancels_and_adds(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [slow-0.example, slow-1.example, fast-2.example]\n");
    pass_us(5 * S);
    assert_int_equal(schedule_running(scene->schedule), 2);
    struct config *held =
        scene_reload(scene, EVERY("1m") "domains: [fast-3.example, fast-2.example, slow-1.example]\n");
    assert_int_equal(cancelled, 1);
    assert_int_equal(schedule_running(scene->schedule), 1);
    pass_us(10 * S);
    config_free(held);
    assert_int_equal(scene->heard[0].rounds, 1); /* new: at once */
    assert_int_equal(scene->heard[0].context, 2);
    assert_int_equal(scene->heard[1].rounds, 0); /* not due */
    assert_int_equal(scene->heard[2].rounds, 1); /* ended as it began, in its new place */
    assert_int_equal(scene->heard[2].context, 1);
    assert_int_equal(scene->heard[2].delay_us, 0);
    pass_us(60 * S);
    assert_int_equal(scene->heard[0].rounds, 2);
    assert_int_equal(scene->heard[1].rounds, 1);
    assert_int_equal(scene->heard[2].rounds, 2);
    assert_int_equal(scene->heard[2].context, 2);
    assert_int_equal(started, 3 + 1 + 3);
    scene_free(scene);
}

static void a_reload_can_empty_and_fill_the_schedule(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: []\n");
    pass_us(S);
    config_free(scene_reload(scene, EVERY("1m") "domains: [slow-0.example]\n"));
    pass_us(S);
    assert_int_equal(schedule_running(scene->schedule), 1);
    config_free(scene_reload(scene, EVERY("1m") "domains: []\n"));
    assert_int_equal(schedule_running(scene->schedule), 0);
    assert_int_equal(cancelled, 1);
    pass_us(120 * S);
    assert_int_equal(started, 1);
    config_free(scene_reload(scene, EVERY("1m") "domains: [fast-0.example]\n"));
    pass_us(90 * S);
    assert_int_equal(scene->heard[0].rounds, 2);
    scene_free(scene);
}

static void a_reload_spreads_what_is_new(void **state)
{
    (void)state;
    char *text = crowd("1m", 4096, 0, 1000);
    struct scene *scene = scene_new(EVERY("1m") "domains: [fast-0.example]\n");
    pass_us(S);
    struct config *held = scene_reload(scene, text);
    pass_us(5 * S);
    assert_in_range(started, 450, 550); /* 10 ms each */
    pass_us(6 * S);
    assert_int_equal(started, 1000);
    config_free(held);
    free(text);
    scene_free(scene);
}

static void an_end_cancels_what_is_under_way(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [slow-0.example, slow-1.example]\n");
    pass_us(S);
    scene_free(scene);
    assert_int_equal(cancelled, 2);
}

static int64_t worst_fast_delay_us(const struct scene *scene, unsigned rounds_at_least)
{
    int64_t worst_us = 0;
    for (size_t i = 0; i < scene->config->domain_count; i++) {
        if (is_slow(&scene->config->domains[i]))
            continue;
        assert_in_range(scene->heard[i].rounds, rounds_at_least, UINT32_MAX);
        if (scene->heard[i].worst_delay_us > worst_us)
            worst_us = scene->heard[i].worst_delay_us;
    }
    return worst_us;
}

/* With the default limit from the first round on; with a small one as soon as it is known who hangs. */
static void who_hangs_makes_nobody_late(void **state)
{
    (void)state;
    static const struct { const char *interval; unsigned max_concurrent; int64_t after_us; } cases[] = {
        {"10s", 4096, 0}, {"60s", 4096, 0}, {"5m", 4096, 0}, {"10s", 512, 300 * S}, {"60s", 512, 300 * S}};
    for (size_t i = 0; i < COUNT_OF(cases); i += slow_part(2)) {
        char *text = crowd(cases[i].interval, cases[i].max_concurrent, 5000, 50);
        struct scene *scene = scene_new(text);
        again = true; /* each is to be confirmed: the most rounds there can be */
        pass_us(cases[i].after_us);
        memset(scene->heard, 0, sizeof scene->heard);
        pass_us(1200 * S);
        int64_t worst_us = worst_fast_delay_us(scene, 4);
        if (worst_us >= S)
            fail_msg("every %s, max_concurrent %u: a healthy one started %lld us late", cases[i].interval,
                     cases[i].max_concurrent, (long long)worst_us);
        free(text);
        scene_free(scene);
    }
}

/* 400 first rounds of 10 ms each, in an interval of 1 s: as long as it takes where the descriptors suffice for few. */
static void few_descriptors_make_the_start_longer(void **state)
{
    (void)state;
    char *text = crowd("1s", 4096, 0, 400);
    for (allowed = 4; allowed <= 4096; allowed *= 1024) {
        struct scene *scene = scene_new(text);
        unsigned begun = 0;
        pass_us(3 * S);
        for (size_t i = 0; i < scene->config->domain_count; i++)
            begun += scene->heard[i].rounds > 0;
        if (allowed == 4)
            assert_in_range(begun, 280, 300);
        else
            assert_int_equal(begun, 400);
        scene_free(scene);
    }
    allowed = 0;
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_rounds_when_they_are_due),
        cmocka_unit_test(repeats_what_is_to_be_confirmed),
        cmocka_unit_test(waiting_for_the_gate_makes_a_round_late),
        cmocka_unit_test(a_loop_that_stalls_makes_rounds_late),
        cmocka_unit_test(leaves_alone_who_asks_for_it),
        cmocka_unit_test(a_reload_keeps_cancels_and_adds),
        cmocka_unit_test(a_reload_can_empty_and_fill_the_schedule),
        cmocka_unit_test(a_reload_spreads_what_is_new),
        cmocka_unit_test(few_descriptors_make_the_start_longer),
        cmocka_unit_test(an_end_cancels_what_is_under_way),
        cmocka_unit_test(who_hangs_makes_nobody_late),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
