/* What `/probe` is asked for. */
#ifndef AGENT_PROBE_TARGET_H
#define AGENT_PROBE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "health/result.h"

struct probe_target {
    char *domain;          /* owned; lower-case A-label */
    struct host_port place; /* owned; the server to talk to; host NULL: those that the domain names */
};

/* "D", "xmpp:D" or "xmpp://host:port/D"; D with U-labels or A-labels, host a name, an IPv4 address, or an IPv6 address
 * in brackets. A URI has nothing beside these: no node, no resource, no query (RFC 5122 2.2). False, `err` and nothing
 * to release where it is none of them. */
bool probe_target_parse(struct probe_target *target, const char *text, struct err *err);
void probe_target_fini(struct probe_target *target);

/* Whether the configuration lets it be probed; else `err` says why not. The domain must be configured or in
 * probe.allow. So must be the host of a place, at whatever port, where it is neither one of the domain's own targets
 * nor an endpoint of `latest`, what the schedule found of the domain, or NULL. So whoever asks gets to no host but
 * those that the configuration or the domain's DNS names. */
bool probe_target_allowed(const struct probe_target *target, const struct config *config,
                          const struct domain_result *latest, struct err *err);

/* How long a probe may take, from the value of X-Prometheus-Scrape-Timeout-Seconds (NULL: none): half a second less, so
 * that the answer arrives in time, or half of one that is shorter than a second; and at most `most_us`. False where the
 * value is no number of seconds above zero, or one above a million. */
bool probe_target_budget(const char *header, int64_t most_us, int64_t *budget_us);

#endif
