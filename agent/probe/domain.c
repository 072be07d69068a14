/* The probe of a domain: discovery, then the conversations with all its endpoints, then the combined verdicts. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/combine.h"
#include "health/ping.h"
#include "health/severity.h"
#include "login/login_guard.h"
#include "login/secret.h"
#include "probe/context.h"
#include "probe/dialback.h"
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
    bool verifies;          /* keys, if it gets that far */
};

/* What a round does about dialback. */
struct verification {
    bool due;                      /* at every endpoint; otherwise only at those of which nothing is known */
    bool aside;                    /* what is found is not remembered */
    struct dialback_moment moment;
    bool prepared;                 /* what follows is known */
    char *secret;                  /* owned; NULL: there is none */
    char *fault;                   /* owned; why it cannot be read; NULL: it can */
    struct dialback_options options;
};

struct probe {
    struct probe_context *context; /* a reference */
    const struct config_domain *domain;
    struct domain_result *result;
    struct discovery *discovery;
    struct conversation *conversations; /* owned */
    size_t conversation_count;
    size_t pending; /* the discovery, conversations and pings that have not ended */
    struct pings *pings; /* NULL once they have ended, or where no account lists the domain */
    bool expired;   /* nothing new is begun */
    struct verification dialback;
    probe_done done;
    void *arg;
};

/* A round. */

static void probe_free(struct probe *probe)
{
    discover_free(probe->discovery);
    probe_context_free(probe->context);
    if (probe->dialback.secret != NULL)
        secret_cleanse(probe->dialback.secret, LOGIN_PASSWORD_SIZE);
    free(probe->dialback.secret);
    free(probe->dialback.fault);
    free(probe->conversations);
    free(probe);
}

/* The conversation got to where keys are verified. */
static bool is_authenticable(const struct endpoint_result *endpoint)
{
    return endpoint->reached[CHECK_AUTH] && endpoint->check[CHECK_AUTH].reason == REASON_OK;
}

/* Where nothing was verified: what is known from earlier rounds, or why it could not be. */
static void complete_dialback(struct probe *probe)
{
    struct domain_result *result = probe->result;
    bool *reachable = mem_array(result->endpoint_count, sizeof *reachable);
    for (size_t i = 0; i < result->endpoint_count; i++)
        reachable[i] = is_authenticable(&result->endpoints[i]);
    for (size_t i = 0; i < probe->conversation_count; i++) {
        const struct conversation *conversation = &probe->conversations[i];
        struct endpoint_result *endpoint = conversation->endpoint;
        bool *reached = &reachable[endpoint - result->endpoints];
        if (conversation->verifies && *reached && probe->dialback.fault != NULL) {
            endpoint->reached[CHECK_DIALBACK] = true;
            check_result_set(&endpoint->check[CHECK_DIALBACK], REASON_LOCAL_ERROR, "%s", probe->dialback.fault);
        }
        *reached &= !conversation->verifies;
    }
    dialback_memory_recall(probe_context_dialback(probe->context), probe->domain, result, reachable);
    free(reachable);
}

static void finish(struct probe *probe)
{
    struct domain_result *result = probe->result;
    bool dialback = config_dialback_runs(probe->domain);
    if (dialback)
        complete_dialback(probe);
    severity_apply(&probe->domain->severity, result);
    combine_endpoints(result);
    if (!dialback)
        check_result_set(&result->check[CHECK_DIALBACK], REASON_NOT_CONFIGURED, NULL);
    else if (!probe->dialback.aside)
        dialback_memory_note(probe_context_dialback(probe->context), probe->domain, result, probe->dialback.due,
                             &probe->dialback.moment);
    ping_combine(result, &probe->domain->severity);
    result->finished_ms = clock_wall_ms();
    probe_done done = probe->done;
    void *arg = probe->arg;
    probe_free(probe);
    done(arg, result);
}

static void one_less(struct probe *probe)
{
    if (--probe->pending == 0)
        finish(probe);
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
        case REASON_TLS_TIMEOUT:
        case REASON_DIALBACK_TIMEOUT: return true;
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
    one_less(probe);
}

static void conversation_done(void *arg)
{
    struct conversation *conversation = arg;
    conversation_over(conversation,
                      timed_out(conversation, conversation->probe->context->config->timeout_ms * 1000));
}

/* Whom the agent poses as. */
static const char *posed_as(const struct probe *probe)
{
    const char *from = probe->domain->dialback.from;
    return from != NULL ? from : probe->context->config->domain;
}

/* Another number after each change of the secret's file, and for each name that the agent poses as. */
static uint64_t stamp_of(const struct probe *probe)
{
    const char *file = probe->domain->dialback.secret_file, *from = posed_as(probe);
    struct stat status = {.st_size = 0};
    if (file != NULL && stat(file, &status) != 0)
        status = (struct stat){.st_size = 0};
    const int64_t parts[] = {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, (int64_t)status.st_size,
                             (int64_t)status.st_ino, (int64_t)text_hash(from, strlen(from))};
    return text_hash((const char *)parts, sizeof parts);
}

static void begin_dialback(struct probe *probe)
{
    struct verification *dialback = &probe->dialback;
    if (!config_dialback_runs(probe->domain))
        return;
    const struct dialback_memory *memory = probe_context_dialback(probe->context);
    dialback->moment =
        (struct dialback_moment){clock_mono_us(), stamp_of(probe), probe->context->config->confirm};
    dialback->due = dialback_memory_is_due(memory, probe->domain, &dialback->moment);
}

/* Once the first conversation needs it. The secret may turn out not to be readable. */
static void prepare_dialback(struct probe *probe)
{
    struct verification *dialback = &probe->dialback;
    const struct config_dialback *config = &probe->domain->dialback;
    dialback->prepared = true;
    if (config->secret_file != NULL) {
        struct err err = {0};
        dialback->secret = mem_alloc(LOGIN_PASSWORD_SIZE);
        if (!login_password_read(config->secret_file, dialback->secret, &err))
            dialback->fault = mem_strdup(err.text);
    }
    dialback->options = (struct dialback_options){
        .from = posed_as(probe),
        .secret = dialback->secret,
        .algorithm = config->algorithm,
        .remembered = dialback_memory_algorithm(probe_context_dialback(probe->context), probe->domain),
    };
}

/* What the conversation verifies; NULL: nothing. */
static const struct dialback_options *dialback_for(struct conversation *conversation)
{
    struct probe *probe = conversation->probe;
    struct verification *dialback = &probe->dialback;
    const struct dialback_memory *memory = probe_context_dialback(probe->context);
    conversation->verifies =
        config_dialback_runs(probe->domain) &&
        (dialback->due || !dialback_memory_knows(memory, probe->domain, conversation->endpoint));
    if (conversation->verifies && !dialback->prepared)
        prepare_dialback(probe);
    return conversation->verifies && dialback->fault == NULL ? &dialback->options : NULL;
}

static void conversation_go(void *arg)
{
    struct conversation *conversation = arg;
    struct probe *probe = conversation->probe;
    struct s2s_options options = {
        .loop = probe->context->loop,
        .tls = probe->context->tls,
        .from = probe->context->config->domain,
        .timeout_us = probe->context->config->timeout_ms * 1000,
        .domain = probe->domain,
        .dialback = dialback_for(conversation),
    };
    options.tlsa = discover_tlsa(probe->discovery, conversation->endpoint, &options.tlsa_count);
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
static void endpoints_found(void *arg)
{
    struct probe *probe = arg;
    struct domain_result *result = probe->result;
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
}

static void discovery_done(void *arg)
{
    one_less(arg);
}

static void pings_done(void *arg)
{
    struct probe *probe = arg;
    probe->pings = NULL;
    one_less(probe);
}

static struct probe *domain_start(struct probe_context *context, const struct config_domain *domain, probe_done done,
                                  void *arg)
{
    struct probe *probe = mem_alloc(sizeof *probe);
    *probe = (struct probe){
        .context = context, .domain = domain, .result = domain_result_new(), .pending = 1, .done = done, .arg = arg};
    const struct discover_events events = {.found = endpoints_found, .done = discovery_done};
    context->references++;
    begin_dialback(probe);
    probe->discovery = discover_start(context->resolvers, context->config, domain, probe->result, events, probe);
    probe->pings = pings_start(context, domain, probe->result, pings_done, probe);
    probe->pending += probe->pings != NULL;
    return probe;
}

void probe_domain_set_aside(struct probe *probe)
{
    probe->dialback.aside = true;
}

void probe_domain_expire(struct probe *probe)
{
    probe->expired = true;
    probe->pending++; /* until the last of them is seen to */
    if (probe->pings != NULL)
        pings_expire(probe->pings);
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
    one_less(probe);
}

static void domain_cancel(struct probe *probe)
{
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
