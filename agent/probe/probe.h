/* A probe runs the checks of one domain or node once and hands back what it found. Everything happens on the loop's
 * thread, nothing blocks, and one deadline each bounds the DNS part and the conversation. */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "base/err.h"
#include "config/config.h"
#include "health/result.h"
#include "loop/loop.h"

/* What probes share: the resolvers, the TLS context and the configuration they came from. */
struct probe_context;
/* Takes a reference to `config`. NULL and `err` when a certificate file or a resolver cannot be used. `former` is the
 * context that this one replaces, or NULL: what it knows of slow targets is shared, and its conversations count towards
 * the limits. max_conversations is agent.max_concurrent, or what the limit of open files allows. */
struct probe_context *probe_context_new(struct loop *loop, struct config *config, unsigned max_conversations,
                                        struct probe_context *former, struct err *err);
/* How many conversations may be under way at once. */
unsigned probe_context_max_conversations(const struct probe_context *context);
/* Drops the caller's reference; every probe under way holds one too. NULL is legal. */
void probe_context_free(struct probe_context *context);

struct probe;
/* Called once, never before start() returns; the result is the callee's to free. Its start_delay_us is how long a
 * conversation had to wait for its turn. */
typedef void (*probe_done)(void *arg, struct domain_result *result);

struct probe_ops {
    /* `domain` is borrowed from the context's configuration, or from one that outlives the probe. */
    struct probe *(*start)(struct probe_context *context, const struct config_domain *domain, probe_done done,
                           void *arg);
    void (*cancel)(struct probe *probe); /* frees it; `done` is not called */
};

/* Ends a probe that probe_domain.start() began, since whoever asked can wait no longer. `done` is called before this
 * returns: what had not come by now has timed out, and an endpoint that was still to be talked to is unknown. */
void probe_domain_expire(struct probe *probe);

/* For a probe that was just begun and whose result is for who asked alone: rounds to come do not count it as one of
 * theirs, and verify dialback keys when they would have done. */
void probe_domain_set_aside(struct probe *probe);

extern const struct probe_ops probe_domain; /* server-to-server federation of a domain */

struct imp_probe;
/* Called once, never before start() returns; the result is the callee's to free, and still to be judged by
 * imp_judge(). */
typedef void (*imp_done)(void *arg, struct imp_result *result);

struct probe_imp_ops {
    /* `node` is borrowed from the context's configuration, or from one that outlives the probe. */
    struct imp_probe *(*start)(struct probe_context *context, const struct config_imp_node *node, imp_done done,
                               void *arg);
    void (*cancel)(struct imp_probe *probe); /* frees it; `done` is not called */
};

extern const struct probe_imp_ops probe_imp; /* a Cisco IM and Presence node */

#endif
