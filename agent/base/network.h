/* IP networks, as "192.0.2.0/24" or "2001:db8::/32"; a plain address is a network of its own. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct network {
    int family;              /* AF_INET or AF_INET6 */
    unsigned char bytes[16]; /* network order; the first 4 for AF_INET */
    unsigned prefix;         /* bits */
};

/* False when it is none. Bits behind the prefix are taken as they are written. A network of IPv4-mapped IPv6 addresses
 * (RFC 4291 2.5.5.2) that is narrower than ::ffff:0:0/96 becomes the IPv4 network that it stands for. */
bool network_parse(struct network *network, const char *text);
/* Clears the bits behind the prefix. True when one of them was set: "192.0.2.1/24" is no network, strictly. */
bool network_trim(struct network *network);
/* Whether an address of the family lies in it, whatever stands behind the prefix. An IPv4-mapped IPv6 address counts as
 * itself and as the IPv4 address that it stands for. */
bool network_contains(const struct network *network, int family, const unsigned char *bytes);

/* The first of these networks that connecting to the address leads into, or NULL. Connecting to the unspecified
 * address, however it is written, leads to this machine itself (Linux), so that it lies in those of its loopback. */
const struct network *network_led_into(const struct network *networks, size_t count, int family,
                                       const unsigned char *bytes);

#define NETWORK_TEXT_SIZE 50
/* "192.0.2.0/24"; of a single address without the prefix. Returns out. */
const char *network_print(const struct network *network, char out[NETWORK_TEXT_SIZE]);

#endif
