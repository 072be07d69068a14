/* Starts each domain's and each node's probe when it is due and hands on what it found. */
#ifndef SCHEDULE_SCHEDULE_H
#define SCHEDULE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "loop/loop.h"
#include "probe/probe.h"

struct schedule;

/* Who does the rounds. */
struct schedule_probes {
    const struct probe_ops *domain;
    const struct probe_imp_ops *imp;
};

/* Who receives the results (to free), of the domain or the node at this position in the configuration. start_delay_us
 * is filled in, and a domain's interval_ms. Returns true when the round should be repeated after agent.retry_interval,
 * to confirm it. Must neither reload nor free the schedule. */
struct schedule_results {
    bool (*domain)(void *arg, size_t domain, struct domain_result *result);
    bool (*imp)(void *arg, size_t node, struct imp_result *result);
};

/* `config` and `context` are borrowed: they must stay until the schedule has others, or is freed; what `probes` and
 * `results` hold for good. First rounds are spread out, and each domain and node keeps its place in its interval. A
 * domain whose peer asked to be left alone (domain_result_asks_back_off()) is visited less and less often, at last
 * every 16 intervals, until it no longer asks; the result's interval_ms tells. */
struct schedule *schedule_new(struct loop *loop, const struct config *config, struct probe_context *context,
                              struct schedule_probes probes, struct schedule_results results, void *arg);
/* Goes on with another configuration. Domains and nodes that stay keep their times, and their rounds under way end as
 * they began, with the former context; the rounds of those that are gone are cancelled; new ones are spread out as at
 * the start. From now on results are of positions in the new configuration. */
void schedule_reload(struct schedule *schedule, const struct config *config, struct probe_context *context);
/* Cancels what is under way, and starts nothing more. Until it is freed it can still be asked how many rounds are. */
void schedule_stop(struct schedule *schedule);
void schedule_free(struct schedule *schedule);          /* cancels what is under way; NULL is legal */
unsigned schedule_running(struct schedule *schedule);   /* rounds under way; safe from every thread */

#endif
