#include "probe/pings.h"

#include <stdlib.h>

#include "base/mem.h"
#include "health/ping.h"

/* Through one account. */
struct part {
    struct pings *pings;
    struct ping *ping; /* NULL once it has ended */
};

struct pings {
    struct part *parts; /* owned */
    size_t count, pending;
    void (*done)(void *arg);
    void *arg;
};

static void part_done(void *arg)
{
    struct part *part = arg;
    struct pings *pings = part->pings;
    part->ping = NULL;
    if (--pings->pending > 0)
        return;
    void (*done)(void *arg) = pings->done;
    void *done_arg = pings->arg;
    free(pings->parts);
    free(pings);
    done(done_arg);
}

static void start_part(struct probe_context *context, const struct config_ping *account,
                       const struct config_domain *domain, struct ping_result *result, struct part *part)
{
    result->account = mem_strdup(account->account);
    result->server = mem_strdup(account->domain);
    part->ping = ping_start(probe_context_ping_session(context, account), domain, &result->check, part_done, part);
}

struct pings *pings_start(struct probe_context *context, const struct config_domain *domain,
                          struct domain_result *result, void (*done)(void *arg), void *arg)
{
    const struct config *config = context->config;
    size_t count = 0;
    for (size_t i = 0; i < config->ping_count; i++)
        count += config_ping_lists(&config->pings[i], domain->name);
    if (count == 0)
        return NULL;
    struct pings *pings = mem_alloc(sizeof *pings);
    *pings = (struct pings){
        .parts = mem_array(count, sizeof *pings->parts), .count = count, .pending = count, .done = done, .arg = arg};
    domain_result_add_pings(result, count);
    size_t at = 0;
    for (size_t i = 0; i < config->ping_count; i++) {
        if (!config_ping_lists(&config->pings[i], domain->name))
            continue;
        pings->parts[at].pings = pings;
        start_part(context, &config->pings[i], domain, &result->pings[at], &pings->parts[at]);
        at++;
    }
    return pings;
}

void pings_expire(struct pings *pings)
{
    pings->pending++; /* until the last of them is seen to */
    for (size_t i = 0; i < pings->count; i++) {
        if (pings->parts[i].ping != NULL)
            ping_expire(pings->parts[i].ping);
    }
    struct part last = {.pings = pings};
    part_done(&last);
}

void pings_cancel(struct pings *pings)
{
    if (pings == NULL)
        return;
    for (size_t i = 0; i < pings->count; i++)
        ping_cancel(pings->parts[i].ping);
    free(pings->parts);
    free(pings);
}
