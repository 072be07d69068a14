/* How many files and sockets this process may have open. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stdbool.h>

/* Raises the soft limit, within the hard one, to `wanted` descriptors for some purpose and `beside` for everything
 * else. Returns how many there are for the purpose: `wanted`, or fewer: what `beside` leaves, but at least half of
 * all. */
unsigned descriptors_raise(unsigned wanted, unsigned beside);

/* Whether a call failed with this errno because this machine has no descriptor, or no memory for a socket, left. */
bool descriptors_lacking(int error);
/* To be told of each attempt to have a socket: its errno, or 0. The first that fails for want of one is logged, and
 * not those that follow, until sockets could be had for a while; then that is logged. For the loop's thread. */
void descriptors_note(int error);

#endif
