/* Starts each domain's probe when it is due and hands on what it found. */
#ifndef SCHEDULE_SCHEDULE_H
#define SCHEDULE_SCHEDULE_H

#include <stdbool.h>

#include "config/config.h"
#include "loop/loop.h"
#include "probe/probe.h"

struct schedule;

/* Receives the result (to free) of the domain at this position in the configuration. Returns true when the round
 * should be repeated after agent.retry_interval, to confirm it. */
typedef bool (*schedule_result)(void *arg, size_t domain, struct domain_result *result);

/* `config` and `context` are borrowed and must outlive the schedule. At most max_running rounds are under way at once. */
struct schedule *schedule_new(struct loop *loop, const struct config *config, struct probe_context *context,
                              unsigned max_running, schedule_result result, void *arg);
void schedule_free(struct schedule *schedule);          /* cancels what is under way; NULL is legal */
unsigned schedule_running(struct schedule *schedule);   /* probes under way; safe from every thread */

#endif
