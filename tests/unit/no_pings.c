/* For tests of a round: stand-ins for pings, of which no account makes any. */
#include <stdlib.h>

#include "ping/session.h"
#include "probe/pings.h"

struct pings *pings_start(struct probe_context *context, const struct config_domain *domain,
                          struct domain_result *result, void (*done)(void *arg), void *arg)
{
    (void)context, (void)domain, (void)result, (void)done, (void)arg;
    return NULL;
}

void pings_expire(struct pings *pings)
{
    (void)pings;
    abort();
}

void pings_cancel(struct pings *pings)
{
    if (pings != NULL)
        abort();
}

struct ping_session *ping_session_new(struct loop *loop, struct login_guard *guard, struct config *config,
                                      const struct config_ping *account)
{
    (void)loop, (void)guard, (void)config, (void)account;
    abort();
}

void ping_session_retire(struct ping_session *session)
{
    (void)session;
    abort();
}

bool ping_session_adopt(struct ping_session *session, struct config *config, const struct config_ping *account)
{
    (void)session, (void)config, (void)account;
    abort();
}

const char *ping_session_account(const struct ping_session *session)
{
    (void)session;
    abort();
}
