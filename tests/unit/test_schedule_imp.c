/* Nodes beside domains in one schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/schedule_scene.h"

#define NODE(name, more) \
    "  - {name: " name ", " more "axl: {url: 'https://n.example/axl/', username: u, password_file: ca.pem}}\n"

static void nodes_run_beside_domains(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [fast-0.example, fast-1.example]\nimp_nodes:\n"
                                    NODE("fast-0.example", "") NODE("b", "interval: 20s, "));
    pass_us(FAST_US / 2);
    assert_int_equal(schedule_running(scene->schedule), 4);
    pass_us(FAST_US);
    assert_int_equal(schedule_running(scene->schedule), 2);
    pass_us(119 * S);
    assert_int_equal(schedule_running(scene->schedule), 0);
    assert_int_equal(scene->heard[0].rounds, 2);
    assert_int_equal(scene->heard[1].rounds, 2);
    assert_int_equal(scene->nodes[0].rounds, 2);
    assert_int_equal(scene->nodes[1].rounds, 6);
    assert_int_equal(scene->nodes[1].delay_us, 0);
    assert_int_equal(cancelled, 0);
    scene_free(scene);
}

static void a_node_without_domains_is_repeated_to_be_confirmed(void **state)
{
    (void)state;
    struct scene *scene = scene_new("agent: {domain: m.example, interval: 5m, retry_interval: 7s}\nimp_nodes:\n"
                                    NODE("a", ""));
    again = true;
    pass_us(NODE_US + S / 2);
    again = false;
    int64_t first_us = scene->nodes[0].at_us;
    pass_us(10 * S);
    assert_int_equal(scene->nodes[0].rounds, 2);
    assert_int_equal(scene->nodes[0].at_us, first_us + 7 * S + NODE_US);
    pass_us(280 * S);
    assert_int_equal(scene->nodes[0].rounds, 2);
    scene_free(scene);
}

static void a_loop_that_stalls_makes_nodes_late(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "imp_nodes:\n" NODE("a", ""));
    fake_stall_us(5 * S);
    pass_us(NODE_US + S);
    assert_in_range(scene->nodes[0].delay_us, 5 * S - S / 100, 5 * S);
    scene_free(scene);
}

/* A node keeps its place by its name, in whatever order, and whatever domain comes or has its name. */
static void a_reload_keeps_cancels_and_adds_nodes(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [fast-0.example]\nimp_nodes:\n"
                                    NODE("fast-2.example", "") NODE("b", "") NODE("c", ""));
    pass_us(S);
    assert_int_equal(schedule_running(scene->schedule), 3);
    struct config *held = scene_reload(scene, EVERY("1m")
                                       "domains: [fast-2.example, fast-1.example, fast-0.example]\nimp_nodes:\n"
                                       NODE("C", "") NODE("c", "") NODE("fast-2.example", ""));
    assert_int_equal(cancelled, 1);
    assert_int_equal(schedule_running(scene->schedule), 2);
    pass_us(NODE_US + S);
    config_free(held);
    assert_int_equal(scene->nodes[0].rounds, 1); /* new: at once */
    assert_int_equal(scene->nodes[0].context, 2);
    assert_int_equal(scene->nodes[1].rounds, 1); /* ended as it began, in its new place */
    assert_int_equal(scene->nodes[1].context, 1);
    assert_int_equal(scene->nodes[2].context, 1);
    assert_int_equal(scene->heard[2].rounds, 0); /* not due */
    pass_us(60 * S);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(scene->nodes[i].rounds, 2);
        assert_int_equal(scene->nodes[i].context, 2);
    }
    config_free(scene_reload(scene, EVERY("1m") "domains: [fast-0.example]\n"));
    pass_us(60 * S);
    assert_int_equal(scene->heard[0].rounds, 1);
    scene_free(scene);
}

static void an_end_cancels_nodes(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [slow-0.example]\nimp_nodes:\n" NODE("a", ""));
    pass_us(S);
    scene_free(scene);
    assert_int_equal(cancelled, 2);
}

static void nothing_starts_after_a_stop(void **state)
{
    (void)state;
    struct scene *scene = scene_new(EVERY("1m") "domains: [slow-0.example]\nimp_nodes:\n" NODE("a", ""));
    pass_us(S);
    schedule_stop(scene->schedule);
    assert_int_equal(cancelled, 2);
    assert_int_equal(schedule_running(scene->schedule), 0);
    pass_us(300 * S);
    assert_int_equal(started, 2);
    scene_free(scene);
    assert_int_equal(cancelled, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_run_beside_domains),
        cmocka_unit_test(a_node_without_domains_is_repeated_to_be_confirmed),
        cmocka_unit_test(a_loop_that_stalls_makes_nodes_late),
        cmocka_unit_test(a_reload_keeps_cancels_and_adds_nodes),
        cmocka_unit_test(an_end_cancels_nodes),
        cmocka_unit_test(nothing_starts_after_a_stop),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
