/* What a login needs out of files, read on a worker: the account's password, and whom to trust. */
#ifndef PING_PREPARATION_H
#define PING_PREPARATION_H

#include "base/err.h"
#include "config/config.h"
#include "login/login_guard.h"
#include "loop/loop.h"
#include "stream/tls.h"

struct preparation {
    char password[LOGIN_PASSWORD_SIZE];
    struct tls_context *tls; /* owned by the callee of `done`; NULL: `err` says why */
    struct err err;
};

struct preparing;
/* `account` is one of the configuration, of which a reference is kept. `done` is called once, never before this
 * returns; the preparation is valid in it only, and cleansed after it. */
struct preparing *preparation_start(struct loop *loop, struct config *config, const struct config_ping *account,
                                    void (*done)(void *arg, const struct preparation *preparation), void *arg);
void preparation_cancel(struct preparing *preparing); /* NULL is legal; not after `done` */

#endif
