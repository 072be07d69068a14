/* What the probes of domains and of nodes share, as the files of this room see it. */
#ifndef PROBE_CONTEXT_H
#define PROBE_CONTEXT_H

#include "cisco/axl.h"
#include "cisco/notifications.h"
#include "dns/resolver.h"
#include "fetch/fetch.h"
#include "login/login_guard.h"
#include "ping/session.h"
#include "probe/dialback_memory.h"
#include "probe/gate.h"
#include "probe/probe.h"
#include "stream/tls.h"

struct shared; /* what goes on from one context to the next */

struct probe_context {
    unsigned references;
    struct loop *loop;
    struct config *config; /* a reference */
    struct resolver **resolvers; /* as many as the configuration has, in its order */
    struct resolver *resolver;   /* the first of them */
    struct tls_context *tls;
    struct shared *shared;
    unsigned max_conversations;
};

struct gate *probe_context_gate(const struct probe_context *context);
struct fetch_client *probe_context_fetch_client(const struct probe_context *context);
struct login_guard *probe_context_login_guard(const struct probe_context *context);
struct dialback_memory *probe_context_dialback(const struct probe_context *context);

/* What is remembered of a node's servers between rounds, for as long as its addresses and accounts stay the same. */
struct imp_sessions {
    struct axl_session *axl;
    struct notifications_session *page;
};
/* Owned by what contexts share. Not while a round of the node is under way: its sessions may be replaced. */
struct imp_sessions *probe_context_sessions(struct probe_context *context, const struct config_imp_node *node);

/* The session of this account of the context's configuration; made where there is none yet. Owned by what contexts
 * share, until an account is gone or changed. */
struct ping_session *probe_context_ping_session(struct probe_context *context, const struct config_ping *account);

#endif
