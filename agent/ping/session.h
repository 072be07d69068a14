/* The session of one account with its server, kept from ping to ping. It is begun when a ping is wanted, after a loss
 * or failure not before a pause that doubles from half a minute to a quarter of an hour. Every login passes the guard.
 * */
#ifndef PING_SESSION_H
#define PING_SESSION_H

#include "config/config.h"
#include "health/result.h"
#include "login/login_guard.h"
#include "loop/loop.h"

struct ping_session;
struct ping;

/* Takes a reference to `config`; `account` is one of its. The guard is borrowed. */
struct ping_session *ping_session_new(struct loop *loop, struct login_guard *guard, struct config *config,
                                      const struct config_ping *account);
/* Says goodbye and frees it, once its last ping has ended. */
void ping_session_retire(struct ping_session *session);
/* Goes on with another configuration, for which it is to be asked again before each ping: a login under way still keeps
 * to the former one. False where the account has another server, password file or trust there: then nothing happens. */
bool ping_session_adopt(struct ping_session *session, struct config *config, const struct config_ping *account);
const char *ping_session_account(const struct ping_session *session);

/* Pings `domain`, after a login where that is needed, and writes the outcome into `check` (both borrowed): its duration
 * is the round trip. An answer is waited for agent.timeout. `done` is called once, never before this returns. */
struct ping *ping_start(struct ping_session *session, const struct config_domain *domain, struct check_result *check,
                        void (*done)(void *arg), void *arg);
/* Ends it now, as its timeout would. `done` is called before this returns. */
void ping_expire(struct ping *ping);
void ping_cancel(struct ping *ping); /* NULL is legal; not after `done` */

#endif
