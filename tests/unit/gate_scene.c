#include "tests/unit/gate_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/fake_loop.h"

/* ---- allocations ---- */

long blocks;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);

void *__wrap_malloc(size_t size)
{
    blocks++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    blocks++;
    return __real_calloc(count, size);
}

void __wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

/* ---- conversations ---- */

int let_in;

static void go(void *arg)
{
    struct talk *talk = arg;
    assert_non_null(talk->pass); /* gate_enter() has returned */
    assert_false(talk->talking);
    talk->talking = true;
    talk->number = ++let_in;
}

void enter_port(struct gate *gate, struct talk *talk, const char *address, uint16_t port)
{
    *talk = (struct talk){0};
    talk->pass = gate_enter(gate, address, port, go, talk);
    assert_false(talk->talking);
}

void enter(struct gate *gate, struct talk *talk, const char *address)
{
    enter_port(gate, talk, address, 5269);
}

void leave(struct talk *talk, bool timed_out)
{
    int before = let_in;
    gate_leave(talk->pass, timed_out);
    assert_int_equal(let_in, before);
    talk->pass = NULL;
    talk->talking = false;
}

void turn(void)
{
    fake_run_until(fake_now_us());
}

const char *numbered(unsigned number)
{
    static char address[64];
    snprintf(address, sizeof address, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
    return address;
}

void talk_once(struct gate *gate, const char *address, bool timed_out)
{
    struct talk talk;
    enter(gate, &talk, address);
    turn();
    assert_true(talk.talking);
    leave(&talk, timed_out);
}

int gate_setup(void **state)
{
    (void)state;
    let_in = 0;
    blocks = 0;
    srand(1);
    return 0;
}

int gate_teardown(void **state)
{
    (void)state;
    assert_int_equal(fake_timers(), 0);
    assert_int_equal(blocks, 0);
    return 0;
}

unsigned talking(const struct talk *talks, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += talks[i].talking;
    return sum;
}
