/* A probe runs the checks of one domain once and hands back what it found. Everything happens on the loop's thread,
 * nothing blocks, and one deadline each bounds the DNS part and the conversation. */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "base/err.h"
#include "config/config.h"
#include "health/result.h"
#include "loop/loop.h"

/* What probes share: the resolver, the TLS context and the configuration they came from. */
struct probe_context;
/* `config` is borrowed and must outlive the context. NULL and `err` when a certificate file or a resolver cannot be
 * used. */
struct probe_context *probe_context_new(struct loop *loop, const struct config *config, struct err *err);
void probe_context_free(struct probe_context *context); /* after every probe has ended or been cancelled */

struct probe;
/* Called once, never before start() returns; the result is the callee's to free. */
typedef void (*probe_done)(void *arg, struct domain_result *result);

struct probe_ops {
    struct probe *(*start)(struct probe_context *context, const struct config_domain *domain, probe_done done,
                           void *arg);
    void (*cancel)(struct probe *probe); /* frees it; `done` is not called */
};

extern const struct probe_ops probe_domain; /* server-to-server federation of a domain */

#endif
