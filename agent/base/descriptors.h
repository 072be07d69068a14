/* How many files and sockets this process may have open. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

/* Raises the soft limit, within the hard one, to `wanted` descriptors for some purpose and `beside` for everything
 * else. Returns how many there are for the purpose: `wanted`, or fewer: what `beside` leaves, but at least half of
 * all. */
unsigned descriptors_raise(unsigned wanted, unsigned beside);

#endif
