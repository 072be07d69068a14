/* Where an account's server answers clients (RFC 6120 3.2): the configured place, else what SRV _xmpp-client._tcp of
 * the account's domain says, else that domain's own addresses, port 5222. */
#ifndef PING_PLACES_H
#define PING_PLACES_H

#include <netinet/in.h>
#include <stdint.h>

#include "config/config.h"
#include "loop/loop.h"

#define PLACES_MAX 16 /* more are left out */

struct place_to_try {
    char address[INET6_ADDRSTRLEN]; /* numeric */
    uint16_t port;
};

struct places;
/* `config` and `account`, which is one of its, are borrowed. `done` is called once, never before this returns, with the
 * places in the order in which they are to be tried, or with none and why there are none; both are valid inside the
 * callback only. agent.deny_networks and agent.address_families hold. Ends within agent.timeout. NULL and `err` where
 * no resolver can be had. */
typedef void (*places_done)(void *arg, const struct place_to_try *places, size_t count, const char *fault);
struct places *places_start(struct loop *loop, const struct config *config, const struct config_ping *account,
                            places_done done, void *arg, struct err *err);
void places_cancel(struct places *places); /* NULL is legal; not after `done` */

#endif
