/* The probe of a domain: discovery, then a conversation with what was discovered, then the combined verdicts. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "health/combine.h"
#include "probe/discover.h"
#include "probe/probe.h"
#include "probe/resolver.h"
#include "probe/s2s.h"
#include "probe/tls.h"

struct probe_context {
    struct loop *loop;
    const struct config *config;
    struct resolver *resolver;
    struct tls_context *tls;
};

struct probe {
    struct probe_context *context;
    const struct config_domain *domain;
    struct domain_result *result;
    struct discovery *discovery; /* at most one of these two is under way */
    struct s2s *s2s;
    probe_done done;
    void *arg;
};

struct probe_context *probe_context_new(struct loop *loop, const struct config *config, struct err *err)
{
    struct probe_context *context = mem_alloc(sizeof *context);
    context->loop = loop;
    context->config = config;
    const struct tls_options options = {
        .ca_file = config->tls_ca_file,
        .min_version = config->tls_min_version,
        .expiry_warning_s = config->tls_expiry_warning_s,
        .expiry_critical_s = config->tls_expiry_critical_s,
        .client_certificate = config->tls_client_certificate,
        .client_key = config->tls_client_key,
    };
    context->tls = tls_context_new(&options, err);
    /* Two lookups follow each other; together they stay within the timeout. */
    if (context->tls != NULL)
        context->resolver = resolver_new(loop, config->resolver.address, config->timeout_ms / 2, err);
    if (context->resolver == NULL) {
        probe_context_free(context);
        return NULL;
    }
    return context;
}

void probe_context_free(struct probe_context *context)
{
    if (context == NULL)
        return;
    resolver_free(context->resolver);
    tls_context_free(context->tls);
    free(context);
}

static void finish(struct probe *probe)
{
    struct domain_result *result = probe->result;
    combine_endpoints(result);
    for (int check = 0; check < CHECK_COUNT; check++) {
        if (!check_is_built((enum check)check))
            check_result_set(&result->check[check], REASON_NOT_CONFIGURED, NULL);
    }
    result->finished_ms = clock_wall_ms();
    probe_done done = probe->done;
    void *arg = probe->arg;
    free(probe);
    done(arg, result);
}

static void conversation_done(void *arg)
{
    struct probe *probe = arg;
    probe->s2s = NULL;
    finish(probe);
}

static void discovery_done(void *arg)
{
    struct probe *probe = arg;
    probe->discovery = NULL;
    if (probe->result->endpoint_count == 0) {
        finish(probe);
        return;
    }
    const struct s2s_options options = {
        .loop = probe->context->loop,
        .tls = probe->context->tls,
        .from = probe->context->config->domain,
        .timeout_us = probe->context->config->timeout_ms * 1000,
        .domain = probe->domain,
    };
    probe->s2s = s2s_start(&options, &probe->result->endpoints[0], conversation_done, probe);
}

static struct probe *domain_start(struct probe_context *context, const struct config_domain *domain, probe_done done,
                                  void *arg)
{
    struct probe *probe = mem_alloc(sizeof *probe);
    probe->context = context;
    probe->domain = domain;
    probe->result = domain_result_new();
    probe->done = done;
    probe->arg = arg;
    probe->discovery = discover_start(context->resolver, context->config->resolver.name, domain, probe->result,
                                      discovery_done, probe);
    return probe;
}

static void domain_cancel(struct probe *probe)
{
    discover_cancel(probe->discovery);
    s2s_cancel(probe->s2s);
    domain_result_free(probe->result);
    free(probe);
}

const struct probe_ops probe_domain = {.start = domain_start, .cancel = domain_cancel};
