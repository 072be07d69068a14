/* What the SNMP agent's tests serve, and what a manager must see of it: two domains, whose indexes leave a gap; the
 * first has had no round yet, the second has two endpoints, whose indexes leave gaps too. */
#ifndef TESTS_SNMP_SCENE_H
#define TESTS_SNMP_SCENE_H

#include <stddef.h>

#include "health/status.h"

extern struct status status;
void fill_status(void); /* before it is served */

struct row {
    const char *name; /* below the root's `objects` */
    unsigned char type;
    const char *value; /* numbers in decimal, DateAndTime in hexadecimal */
};

/* Every instance there is, in order. */
extern const struct row ROWS[];
extern const size_t ROW_COUNT;
/* What a GET must not find, and the exception that it gets instead. */
extern const struct row NOT_THERE[];
extern const size_t NOT_THERE_COUNT;

#endif
