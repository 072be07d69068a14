/* The gate under load: limits hold, nobody starves, nothing stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/gate_scene.h"

#define FIVE_THOUSAND 5000

/* 5,000 targets that hang hold what they may for ever; whoever answers still goes straight in. */
static void slow_targets_starve_nobody(void **state)
{
    (void)state;
    struct gate *gate = gate_new(NULL, 100, 4);
    static struct talk slow[FIVE_THOUSAND];
    for (unsigned i = 0; i < FIVE_THOUSAND; i++)
        talk_once(gate, numbered(i), true);
    for (unsigned i = 0; i < FIVE_THOUSAND; i++)
        enter(gate, &slow[i], numbered(i));
    turn();
    assert_int_equal(talking(slow, FIVE_THOUSAND), 50);
    for (unsigned i = 0; i < 1000; i++)
        talk_once(gate, numbered(100000 + i % 50), false);
    for (unsigned i = 0; i < FIVE_THOUSAND; i++) { /* and the slow ones all get in, in their order */
        turn();
        assert_true(slow[i].talking);
        leave(&slow[i], true);
    }
    gate_free(gate);
}

static void marks_are_bounded_and_forgotten(void **state)
{
    (void)state;
    enum { MARKS = 65536, MORE = 1000 };
    struct gate *gate = gate_new(NULL, 2, 1);
    long empty = blocks;
    for (unsigned i = 0; i < MARKS; i++)
        talk_once(gate, numbered(i), true);
    long full = blocks;
    for (unsigned i = MARKS; i < MARKS + MORE; i++)
        talk_once(gate, numbered(i), true);
    assert_in_range(blocks, full - 8, full + 8); /* a hash table may have grown */
    struct talk talks[2];
    for (unsigned i = 0; i < 2; i++)
        enter(gate, &talks[i], numbered(MORE - 2 + i)); /* forgotten: not held back */
    turn();
    assert_int_equal(talking(talks, 2), 2);
    leave(&talks[0], false);
    leave(&talks[1], false);
    for (unsigned i = 0; i < 2; i++)
        enter(gate, &talks[i], numbered(MORE + i)); /* remembered: half of two */
    turn();
    assert_int_equal(talking(talks, 2), 1);
    leave(&talks[0], true);
    leave(&talks[1], true); /* waiting: no answer */
    for (unsigned i = 0; i < MARKS + MORE; i++)
        talk_once(gate, numbered(i), false);
    assert_int_equal(blocks, empty);
    gate_free(gate);
}

/* Random comings and goings: what is under way never exceeds a limit, and nobody waits who might start. */
struct crowd {
    struct talk talks[600];
    unsigned place[600];       /* which address, of ADDRESSES */
    bool held_as_slow[600];
    bool slow[32];             /* the model: what the last conversation with each address showed */
};
enum { ADDRESSES = 32, CROWD_MAX = 40, CROWD_MAX_PER_ADDRESS = 3 };

static void assert_limits_hold(struct crowd *crowd)
{
    unsigned all = 0, slow = 0, at[ADDRESSES] = {0};
    for (size_t i = 0; i < COUNT_OF(crowd->talks); i++) {
        if (crowd->talks[i].talking && crowd->talks[i].number > 0) { /* let in just now */
            crowd->held_as_slow[i] = crowd->slow[crowd->place[i]];
            crowd->talks[i].number = 0;
        }
        all += crowd->talks[i].talking;
        slow += crowd->talks[i].talking && crowd->held_as_slow[i];
        at[crowd->place[i]] += crowd->talks[i].talking;
    }
    assert_in_range(all, 0, CROWD_MAX);
    assert_in_range(slow, 0, CROWD_MAX / 2);
    for (size_t i = 0; i < COUNT_OF(crowd->talks); i++) {
        unsigned place = crowd->place[i];
        assert_in_range(at[place], 0, CROWD_MAX_PER_ADDRESS);
        if (crowd->talks[i].pass != NULL && !crowd->talks[i].talking)
            assert_true(all == CROWD_MAX || at[place] == CROWD_MAX_PER_ADDRESS ||
                        (crowd->slow[place] && slow == CROWD_MAX / 2));
    }
}

static void limits_hold_under_random_load(void **state)
{
    (void)state;
    static struct crowd crowd;
    struct gate *gate = gate_new(NULL, CROWD_MAX, CROWD_MAX_PER_ADDRESS);
    for (int step = 0; step < 30000; step++) {
        size_t i = (size_t)rand() % (step < 15000 ? COUNT_OF(crowd.talks) : 60); /* crowded, then less so */
        struct talk *talk = &crowd.talks[i];
        if (talk->pass == NULL) {
            crowd.place[i] = (unsigned)rand() % ADDRESSES;
            enter(gate, talk, numbered(crowd.place[i]));
        } else {
            bool timed_out = rand() % 3 != 0;
            if (talk->talking)
                crowd.slow[crowd.place[i]] = timed_out;
            leave(talk, timed_out);
        }
        turn();
        assert_limits_hold(&crowd);
    }
    for (size_t i = 0; i < COUNT_OF(crowd.talks); i++) {
        if (crowd.talks[i].pass != NULL)
            leave(&crowd.talks[i], false);
    }
    gate_free(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slow_targets_starve_nobody, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(marks_are_bounded_and_forgotten, gate_setup, gate_teardown),
        cmocka_unit_test_setup_teardown(limits_hold_under_random_load, gate_setup, gate_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
