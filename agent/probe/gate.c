#include "probe/gate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/mem.h"

#define MARKS_MAX 65536
/* So that a crowd that was waiting does not hold up the loop. */
#define ADMITTED_A_TURN 64

/* FAST: the target answered the last time, or was never asked. SLOW: it timed out. */
enum pace { FAST, SLOW, PACE_COUNT };

struct gate_pass {
    struct target *target;
    void (*go)(void *arg);
    void *arg;
    int64_t entered_us, started_us; /* started_us: -1 while waiting */
    enum pace pace;                 /* of the slot that it holds: the target's when it started */
    struct gate_pass *prev, *next;  /* others that wait for the target */
};

struct target_key {
    struct address *address;
    uint64_t port; /* wide enough that no padding is hashed */
};

struct target {
    UT_hash_handle hh;
    struct target_key key;
    enum pace pace;
    unsigned passes; /* waiting and under way */
    struct gate_pass *waiting;
    struct target *prev, *next;             /* in its line, while a pass waits */
    struct target *older_mark, *newer_mark; /* among the SLOW ones */
};

/* The targets of one pace at one address that are waited for: they take turns. */
struct line {
    struct address *address;
    struct target *targets;
    bool ready;              /* in its gate's list: one of them may start as far as the address goes */
    uint64_t since;          /* the order in which lines became ready */
    struct line *prev, *next;
};

struct address {
    UT_hash_handle hh;
    struct gate *gate;
    unsigned running, targets;
    struct line lines[PACE_COUNT];
    char text[];
};

struct gate {
    struct loop_timer *timer;
    bool armed;
    unsigned max, max_per_address;
    unsigned running, running_slow;
    struct address *addresses; /* hash tables; both hold what is waited for, talked to or marked */
    struct target *targets;
    struct line *ready[PACE_COUNT]; /* the one that is ready for longest first */
    uint64_t readied;
    struct target *marks; /* the SLOW targets, the oldest mark first */
    unsigned mark_count;
};

/* ---- addresses, targets, and whose turn it is ---- */

static struct target *target_get(struct gate *gate, const char *text, uint16_t port)
{
    struct address *address = NULL;
    HASH_FIND_STR(gate->addresses, text, address);
    if (address == NULL) {
        address = mem_alloc(sizeof *address + strlen(text) + 1);
        memcpy(address->text, text, strlen(text));
        address->gate = gate;
        address->lines[FAST].address = address->lines[SLOW].address = address;
        HASH_ADD_STR(gate->addresses, text, address);
    }
    const struct target_key key = {address, port};
    struct target *target = NULL;
    HASH_FIND(hh, gate->targets, &key, sizeof key, target);
    if (target == NULL) {
        target = mem_alloc(sizeof *target);
        target->key = key;
        address->targets++;
        HASH_ADD(hh, gate->targets, key, sizeof key, target);
    }
    return target;
}

/* Frees the target, and its address, when there is nothing to remember of it. */
static void target_release(struct target *target)
{
    struct address *address = target->key.address;
    struct gate *gate = address->gate;
    if (target->passes > 0 || target->pace == SLOW)
        return;
    HASH_DEL(gate->targets, target);
    free(target);
    if (--address->targets > 0)
        return;
    HASH_DEL(gate->addresses, address);
    free(address);
}

/* To be called after each change of what decides: who waits, how many talk to the address, the limit. */
static void address_changed(struct address *address)
{
    struct gate *gate = address->gate;
    for (int pace = 0; pace < PACE_COUNT; pace++) {
        struct line *line = &address->lines[pace];
        bool ready = line->targets != NULL && address->running < gate->max_per_address;
        if (ready && !line->ready) {
            line->since = gate->readied++;
            DL_APPEND(gate->ready[pace], line);
        } else if (!ready && line->ready) {
            DL_DELETE(gate->ready[pace], line);
        }
        line->ready = ready;
    }
}

static void target_wait(struct target *target, struct gate_pass *pass)
{
    if (target->waiting == NULL)
        DL_APPEND(target->key.address->lines[target->pace].targets, target);
    DL_APPEND(target->waiting, pass);
}

static void target_wait_no_more(struct target *target, struct gate_pass *pass)
{
    DL_DELETE(target->waiting, pass);
    if (target->waiting == NULL)
        DL_DELETE(target->key.address->lines[target->pace].targets, target);
}

static void target_set_pace(struct target *target, enum pace pace)
{
    struct address *address = target->key.address;
    struct gate *gate = address->gate;
    if (target->pace == SLOW) {
        DL_DELETE2(gate->marks, target, older_mark, newer_mark);
        gate->mark_count--;
    }
    if (pace == SLOW) {
        DL_APPEND2(gate->marks, target, older_mark, newer_mark);
        gate->mark_count++;
    }
    if (target->waiting != NULL && pace != target->pace) {
        DL_DELETE(address->lines[target->pace].targets, target);
        DL_APPEND(address->lines[pace].targets, target);
    }
    target->pace = pace;
    address_changed(address);
    if (gate->mark_count > MARKS_MAX) {
        struct target *oldest = gate->marks;
        target_set_pace(oldest, FAST);
        target_release(oldest);
    }
}

/* ---- letting in ---- */

/* The line that may start a conversation now; NULL when none may. */
static struct line *next_line(const struct gate *gate)
{
    unsigned max_slow = gate->max > 1 ? gate->max / 2 : 1;
    struct line *fast = gate->ready[FAST];
    struct line *slow = gate->running_slow < max_slow ? gate->ready[SLOW] : NULL;
    if (gate->running >= gate->max)
        return NULL;
    if (fast == NULL || slow == NULL)
        return fast != NULL ? fast : slow;
    return fast->since < slow->since ? fast : slow;
}

static struct gate_pass *take_next(struct line *line)
{
    struct address *address = line->address;
    struct gate *gate = address->gate;
    struct target *target = line->targets;
    struct gate_pass *pass = target->waiting;
    /* Who waits further goes behind the others: the target in its line, the line in its gate's list. */
    DL_DELETE(line->targets, target);
    DL_DELETE(target->waiting, pass);
    if (target->waiting != NULL)
        DL_APPEND(line->targets, target);
    DL_DELETE(gate->ready[target->pace], line);
    line->ready = false;
    pass->started_us = clock_mono_us();
    pass->pace = target->pace;
    gate->running++;
    gate->running_slow += pass->pace == SLOW;
    address->running++;
    address_changed(address);
    return pass;
}

static void wake(struct gate *gate)
{
    if (gate->armed || next_line(gate) == NULL)
        return;
    gate->armed = true;
    loop_timer_arm(gate->timer, 0);
}

static void let_in(void *arg)
{
    struct gate *gate = arg;
    struct line *line;
    for (int left = ADMITTED_A_TURN; left > 0 && (line = next_line(gate)) != NULL; left--) {
        struct gate_pass *pass = take_next(line);
        pass->go(pass->arg);
    }
    gate->armed = false;
    wake(gate);
}

struct gate_pass *gate_enter(struct gate *gate, const char *address, uint16_t port, void (*go)(void *arg), void *arg)
{
    struct target *target = target_get(gate, address, port);
    struct gate_pass *pass = mem_alloc(sizeof *pass);
    *pass = (struct gate_pass){
        .target = target, .go = go, .arg = arg, .entered_us = clock_mono_us(), .started_us = -1};
    target->passes++;
    target_wait(target, pass);
    address_changed(target->key.address);
    wake(gate);
    return pass;
}

int64_t gate_waited_us(const struct gate_pass *pass)
{
    return (pass->started_us < 0 ? clock_mono_us() : pass->started_us) - pass->entered_us;
}

void gate_leave(struct gate_pass *pass, bool timed_out)
{
    struct target *target = pass->target;
    struct address *address = target->key.address;
    struct gate *gate = address->gate;
    if (pass->started_us < 0) {
        target_wait_no_more(target, pass);
    } else {
        gate->running--;
        gate->running_slow -= pass->pace == SLOW;
        address->running--;
        target_set_pace(target, timed_out ? SLOW : FAST);
    }
    free(pass);
    target->passes--;
    address_changed(address);
    target_release(target);
    wake(gate);
}

/* ---- the gate ---- */

struct gate *gate_new(struct loop *loop, unsigned max, unsigned max_per_address)
{
    struct gate *gate = mem_alloc(sizeof *gate);
    gate->max = max;
    gate->max_per_address = max_per_address;
    gate->timer = loop_timer_new(loop, let_in, gate);
    return gate;
}

void gate_free(struct gate *gate)
{
    if (gate == NULL)
        return;
    while (gate->marks != NULL) {
        struct target *target = gate->marks;
        target_set_pace(target, FAST);
        target_release(target);
    }
    assert(gate->targets == NULL && gate->addresses == NULL);
    loop_timer_free(gate->timer);
    free(gate);
}

void gate_set_limits(struct gate *gate, unsigned max, unsigned max_per_address)
{
    struct address *address, *next;
    gate->max = max;
    gate->max_per_address = max_per_address;
    HASH_ITER(hh, gate->addresses, address, next)
        address_changed(address);
    wake(gate);
}
