/* Stand-ins for ping/session.h: pings end when the test says so. */
#ifndef TESTS_UNIT_FAKE_SESSION_H
#define TESTS_UNIT_FAKE_SESSION_H

#include "ping/session.h"

extern size_t fake_sessions; /* that are not freed */
extern size_t fake_pings;    /* under way */
extern bool fake_refuses;    /* sessions go on with no other configuration */

/* The ping that was begun first, of those under way through this account, ends. */
void fake_ping_end(const char *account, enum reason reason, int64_t duration_us);

#endif
