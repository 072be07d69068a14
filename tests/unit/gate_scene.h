/* What the tests of the gate share: conversations that last as long as the test wants, on a loop and a clock that are
 * made up, and allocations that are counted. Link with -Wl,--wrap= for malloc, calloc and free. */
#ifndef TESTS_GATE_SCENE_H
#define TESTS_GATE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/gate.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct talk {
    struct gate_pass *pass;
    bool talking;
    int number; /* of those let in, from 1; 0 while waiting */
};

extern long blocks; /* allocated in this test and not freed */
extern int let_in;  /* so far in this test */

/* Before and after each test: nothing may be left of it. */
int gate_setup(void **state);
int gate_teardown(void **state);

void enter_port(struct gate *gate, struct talk *talk, const char *address, uint16_t port);
void enter(struct gate *gate, struct talk *talk, const char *address); /* port 5269 */
void leave(struct talk *talk, bool timed_out);
void turn(void); /* lets the gate's timer expire, as often as it wants */
unsigned talking(const struct talk *talks, size_t count);
/* A conversation of its own that ends at once, for what is remembered of it. */
void talk_once(struct gate *gate, const char *address, bool timed_out);
const char *numbered(unsigned number); /* an address; valid until the next call */

#endif
