/* The probe of a domain: discovery, then the conversations with all its endpoints, then the combined verdicts. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "health/combine.h"
#include "health/ping.h"
#include "health/severity.h"
#include "probe/context.h"
#include "probe/discover.h"
#include "probe/pings.h"
#include "probe/s2s.h"

#define TIMER_GRAIN_US 1000 /* so much sooner may a timer of the loop expire */

/* What is had with one endpoint. */
struct conversation {
    struct probe *probe;
    struct endpoint_result *endpoint;
    struct gate_pass *pass; /* NULL before and after */
    struct s2s *s2s;        /* NULL while it waits for its turn */
    int64_t started_us;
};

struct probe {
    struct probe_context *context; /* a reference */
    const struct config_domain *domain;
    struct domain_result *result;
    struct discovery *discovery; /* NULL once it has ended */
    struct conversation *conversations; /* owned */
    size_t conversation_count;
    size_t pending; /* conversations that have not ended */
    struct pings *pings; /* NULL once they have ended, or where no account lists the domain */
    bool expired;   /* nothing new is begun */
    probe_done done;
    void *arg;
};

/* A round. */

static void probe_free(struct probe *probe)
{
    probe_context_free(probe->context);
    free(probe->conversations);
    free(probe);
}

/* Unless pings are still under way. */
static void finish(struct probe *probe)
{
    struct domain_result *result = probe->result;
    if (probe->pings != NULL)
        return;
    severity_apply(&probe->domain->severity, result);
    combine_endpoints(result);
    for (int check = 0; check < CHECK_COUNT; check++) {
        if (!check_is_built((enum check)check))
            check_result_set(&result->check[check], REASON_NOT_CONFIGURED, NULL);
    }
    ping_combine(result, &probe->domain->severity);
    result->finished_ms = clock_wall_ms();
    probe_done done = probe->done;
    void *arg = probe->arg;
    probe_free(probe);
    done(arg, result);
}

/* Whether the endpoint hung, so that the deadline had to end the conversation. */
static bool timed_out(const struct conversation *conversation, int64_t timeout_us)
{
    for (int check = CHECK_CONNECT; check < CHECK_COUNT; check++) {
        if (!conversation->endpoint->reached[check])
            continue;
        switch (conversation->endpoint->check[check].reason) {
        case REASON_CONNECT_TIMEOUT:
        case REASON_STREAM_TIMEOUT:
        case REASON_TLS_TIMEOUT: return true;
        case REASON_AUTH_FEATURES_MISSING:
            return clock_mono_us() - conversation->started_us >= timeout_us - TIMER_GRAIN_US;
        default: break;
        }
    }
    return false;
}

static void conversation_over(struct conversation *conversation, bool hung)
{
    struct probe *probe = conversation->probe;
    conversation->s2s = NULL;
    gate_leave(conversation->pass, hung);
    conversation->pass = NULL;
    if (--probe->pending == 0)
        finish(probe);
}

static void conversation_done(void *arg)
{
    struct conversation *conversation = arg;
    conversation_over(conversation,
                      timed_out(conversation, conversation->probe->context->config->timeout_ms * 1000));
}

static void conversation_go(void *arg)
{
    struct conversation *conversation = arg;
    struct probe *probe = conversation->probe;
    const struct s2s_options options = {
        .loop = probe->context->loop,
        .tls = probe->context->tls,
        .from = probe->context->config->domain,
        .timeout_us = probe->context->config->timeout_ms * 1000,
        .domain = probe->domain,
    };
    int64_t waited_us = gate_waited_us(conversation->pass);
    if (waited_us > probe->result->start_delay_us)
        probe->result->start_delay_us = waited_us;
    conversation->started_us = clock_mono_us();
    conversation->s2s = s2s_start(&options, conversation->endpoint, conversation_done, conversation);
}

static void miss_turn(struct endpoint_result *endpoint)
{
    endpoint->reached[CHECK_CONNECT] = true;
    check_result_set(&endpoint->check[CHECK_CONNECT], REASON_LOCAL_ERROR, "no time was left to talk to it");
}

/* Asks for a turn for every endpoint that has no verdict yet. */
static void discovery_done(void *arg)
{
    struct probe *probe = arg;
    struct domain_result *result = probe->result;
    probe->discovery = NULL;
    probe->conversations = mem_array(result->endpoint_count, sizeof *probe->conversations);
    for (size_t i = 0; i < result->endpoint_count; i++) {
        struct endpoint_result *endpoint = &result->endpoints[i];
        if (endpoint->reached[CHECK_CONNECT])
            continue;
        if (probe->expired) {
            miss_turn(endpoint);
            continue;
        }
        struct conversation *conversation = &probe->conversations[probe->conversation_count++];
        *conversation = (struct conversation){.probe = probe, .endpoint = endpoint};
        conversation->pass = gate_enter(probe_context_gate(probe->context), endpoint->address, endpoint->port,
                                        conversation_go, conversation);
    }
    probe->pending += probe->conversation_count;
    if (probe->pending == 0)
        finish(probe);
}

static void pings_done(void *arg)
{
    struct probe *probe = arg;
    probe->pings = NULL;
    if (probe->discovery == NULL && probe->pending == 0)
        finish(probe);
}

static struct probe *domain_start(struct probe_context *context, const struct config_domain *domain, probe_done done,
                                  void *arg)
{
    struct probe *probe = mem_alloc(sizeof *probe);
    *probe = (struct probe){
        .context = context, .domain = domain, .result = domain_result_new(), .done = done, .arg = arg};
    context->references++;
    probe->discovery =
        discover_start(context->resolver, context->config, domain, probe->result, discovery_done, probe);
    probe->pings = pings_start(context, domain, probe->result, pings_done, probe);
    return probe;
}

void probe_domain_expire(struct probe *probe)
{
    probe->expired = true;
    probe->pending++; /* until the last of them is seen to */
    if (probe->pings != NULL)
        pings_expire(probe->pings);
    if (probe->discovery != NULL)
        discover_expire(probe->discovery);
    for (size_t i = 0; i < probe->conversation_count; i++) {
        struct conversation *conversation = &probe->conversations[i];
        if (conversation->s2s != NULL) {
            s2s_expire(conversation->s2s);
        } else if (conversation->pass != NULL) {
            miss_turn(conversation->endpoint);
            conversation_over(conversation, false);
        }
    }
    if (--probe->pending == 0)
        finish(probe);
}

static void domain_cancel(struct probe *probe)
{
    discover_cancel(probe->discovery);
    pings_cancel(probe->pings);
    for (size_t i = 0; i < probe->conversation_count; i++) {
        struct conversation *conversation = &probe->conversations[i];
        s2s_cancel(conversation->s2s);
        if (conversation->pass != NULL)
            gate_leave(conversation->pass, false);
    }
    domain_result_free(probe->result);
    probe_free(probe);
}

const struct probe_ops probe_domain = {.start = domain_start, .cancel = domain_cancel};
