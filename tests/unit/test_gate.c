/* The gate: who may talk, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/fake_loop.h"
#include "tests/unit/gate_scene.h"

static void lets_in_in_the_order_of_arrival(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 2, 4);
    struct talk talks[6];
    for (unsigned i = 0; i < COUNT_OF(talks); i++)
        enter(gate, &talks[i], numbered(i % 5)); /* the last has the first one's address */
    turn();
    assert_int_equal(talking(talks, 6), 2);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(talks[i].number, i + 1);
        leave(&talks[i], false);
        turn();
    }
    gate_free(gate);
}

static void a_crowd_gets_in_where_there_is_room(void **state)
{
    (void)state;
    enum { CROWD = 1000 };
    struct gate *gate = gate_new(NULL, CROWD, 1);
    static struct talk talks[CROWD];
    for (unsigned i = 0; i < CROWD; i++)
        enter(gate, &talks[i], numbered(i));
    turn();
    for (unsigned i = 0; i < CROWD; i++) {
        assert_true(talks[i].talking);
        leave(&talks[i], false);
    }
    gate_free(gate);
}

static void an_address_has_its_own_limit(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 10, 2);
    struct talk talks[4], other;
    for (unsigned i = 0; i < 4; i++)
        enter_port(gate, &talks[i], "2001:db8::1", (uint16_t)(5269 + i % 2));
    enter(gate, &other, "2001:db8::2");
    turn();
    assert_true(talks[0].talking && talks[1].talking && other.talking);
    assert_int_equal(talking(talks, 4), 2);
    leave(&talks[1], false);
    turn();
    assert_true(talks[2].talking);
    assert_false(talks[3].talking);
    leave(&talks[0], false);
    turn();
    assert_true(talks[3].talking);
    leave(&talks[2], false);
    leave(&talks[3], false);
    leave(&other, false);
    gate_free(gate);
}

static void many_at_one_address_take_turns_with_others(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 1, 100);
    struct talk crowd[4], crowd_elsewhere[2], other;
    for (int i = 0; i < 4; i++)
        enter_port(gate, &crowd[i], "192.0.2.1", 5269);
    for (int i = 0; i < 2; i++)
        enter_port(gate, &crowd_elsewhere[i], "192.0.2.1", 5270);
    enter(gate, &other, "192.0.2.2");
    struct talk *const expected[] = {&crowd[0], &other,    &crowd_elsewhere[0], &crowd[1],
                                     &crowd_elsewhere[1], &crowd[2], &crowd[3]};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        turn();
        assert_true(expected[i]->talking);
        assert_int_equal(expected[i]->number, i + 1);
        leave(expected[i], false);
    }
    gate_free(gate);
}

static void targets_that_timed_out_share_half(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 5, 5);
    struct talk slow[4], fast[4];
    for (unsigned i = 0; i < 4; i++)
        talk_once(gate, numbered(i), true);
    for (unsigned i = 0; i < 4; i++)
        enter(gate, &slow[i], numbered(i));
    for (unsigned i = 0; i < 4; i++)
        enter(gate, &fast[i], numbered(100 + i));
    turn();
    assert_int_equal(talking(slow, 4), 2); /* half of five */
    assert_int_equal(talking(fast, 4), 3);
    leave(&slow[0], false); /* it answered: the next time it counts with the others */
    turn();
    assert_int_equal(talking(fast, 4), 3); /* the slow one came earlier */
    assert_true(slow[2].talking);
    leave(&slow[1], true);
    leave(&slow[2], true);
    enter(gate, &slow[0], numbered(0));
    turn();
    assert_true(slow[3].talking && fast[3].talking);
    leave(&fast[0], false);
    turn();
    assert_true(slow[0].talking);
    for (int i = 1; i < 4; i++)
        leave(&fast[i], false);
    leave(&slow[0], false);
    leave(&slow[3], false);
    gate_free(gate);
}

static void one_slot_is_for_all(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 1, 1);
    talk_once(gate, "192.0.2.1", true);
    talk_once(gate, "192.0.2.1", false); /* half of one is rounded up to one */
    gate_free(gate);
}

/* Those who wait for a target change sides with it. */
static void a_target_can_turn_slow_while_others_wait_for_it(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 2, 2);
    struct talk talks[4];
    for (int i = 0; i < 4; i++)
        enter(gate, &talks[i], "192.0.2.1");
    turn();
    assert_int_equal(talking(talks, 4), 2);
    leave(&talks[0], true);
    leave(&talks[1], true);
    turn();
    assert_true(talks[2].talking);
    assert_false(talks[3].talking); /* half of two */
    leave(&talks[2], true);
    turn();
    leave(&talks[3], false);
    gate_free(gate);
}

static void another_port_is_another_target(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 2, 2);
    struct talk talks[2];
    talk_once(gate, "192.0.2.1", true);
    for (uint16_t i = 0; i < 2; i++)
        enter_port(gate, &talks[i], "192.0.2.1", 5270);
    turn();
    assert_int_equal(talking(talks, 2), 2);
    leave(&talks[0], false);
    leave(&talks[1], false);
    gate_free(gate);
}

static void who_waits_can_leave(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 1, 1);
    struct talk talks[4];
    for (unsigned i = 0; i < 4; i++)
        enter(gate, &talks[i], numbered(i % 3)); /* the last has the first one's address */
    leave(&talks[0], false); /* before anyone was let in */
    turn();
    assert_true(talks[3].talking); /* took over the turn of the address */
    leave(&talks[1], true); /* means nothing: there was no conversation */
    leave(&talks[3], false);
    turn();
    assert_true(talks[2].talking);
    assert_int_equal(let_in, 2);
    leave(&talks[2], false);
    gate_free(gate);
}

/* Somebody who is let in and at once leaves, sends away who waits, and enters again. */
struct restless {
    struct gate *gate;
    struct talk *other;
    struct gate_pass *pass;
    int times;
};

static void go_and_leave(void *arg)
{
    struct restless *restless = arg;
    struct talk *other = restless->other;
    gate_leave(restless->pass, true);
    restless->pass = NULL;
    restless->times++;
    if (other->pass != NULL)
        leave(other, false);
    if (restless->times < 3)
        restless->pass = gate_enter(restless->gate, "192.0.2.1", 5269, go_and_leave, restless);
}

static void who_is_let_in_may_do_anything(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 2, 1);
    struct talk other, last;
    struct restless restless = {.gate = gate, .other = &other};
    restless.pass = gate_enter(gate, "192.0.2.1", 5269, go_and_leave, &restless);
    enter(gate, &other, "192.0.2.1");
    enter(gate, &last, "192.0.2.2");
    turn();
    assert_int_equal(restless.times, 3);
    assert_true(last.talking);
    assert_int_equal(let_in, 1);
    leave(&last, false);
    gate_free(gate);
}

static void limits_can_change(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 2, 1);
    struct talk talks[8];
    for (unsigned i = 0; i < 8; i++)
        enter(gate, &talks[i], numbered(i % 4));
    turn();
    assert_int_equal(talking(talks, 8), 2);
    gate_set_limits(gate, 6, 1);
    turn();
    assert_int_equal(talking(talks, 8), 4);
    gate_set_limits(gate, 6, 2);
    turn();
    assert_int_equal(talking(talks, 8), 6);
    gate_set_limits(gate, 1, 1);
    for (int left = 5; left >= 1; left--) {
        for (int i = 0; i < 8; i++) {
            if (talks[i].talking) {
                leave(&talks[i], false);
                break;
            }
        }
        turn();
        assert_int_equal(talking(talks, 8), left); /* nobody follows before there is room */
    }
    for (int i = 0; i < 8; i++) {
        if (talks[i].pass != NULL)
            leave(&talks[i], false);
    }
    gate_free(gate);
}

static void tells_how_long_one_waited(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 1, 1);
    struct talk talks[2];
    enter(gate, &talks[0], "192.0.2.1");
    enter(gate, &talks[1], "192.0.2.2");
    turn();
    fake_run_until(fake_now_us() + 700);
    assert_int_equal(gate_waited_us(talks[0].pass), 0);
    assert_int_equal(gate_waited_us(talks[1].pass), 700);
    leave(&talks[0], false);
    turn();
    fake_run_until(fake_now_us() + 300);
    assert_int_equal(gate_waited_us(talks[1].pass), 700);
    leave(&talks[1], false);
    gate_free(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lets_in_in_the_order_of_arrival, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(a_crowd_gets_in_where_there_is_room, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(an_address_has_its_own_limit, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(many_at_one_address_take_turns_with_others, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(targets_that_timed_out_share_half, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(one_slot_is_for_all, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(a_target_can_turn_slow_while_others_wait_for_it, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(another_port_is_another_target, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(who_waits_can_leave, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(who_is_let_in_may_do_anything, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(limits_can_change, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(tells_how_long_one_waited, gate_setup, gate_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
