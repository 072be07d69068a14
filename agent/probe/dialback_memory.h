/* What is known of dialback from one round to the next. Peers log every key that is verified, so that this is done at
 * an interval of its own, longer than that of the rounds; in between the verdict on each endpoint's keys stands. An
 * endpoint that gave none (silence, an end, an error) is asked again in each round. No I/O, no clock: pure over what
 * the caller gives. */
#ifndef PROBE_DIALBACK_MEMORY_H
#define PROBE_DIALBACK_MEMORY_H

#include "config/config.h"
#include "health/result.h"

/* Of all domains, by name; bounded by those that are configured. */
struct dialback_memory;
struct dialback_memory *dialback_memory_new(void);
void dialback_memory_free(struct dialback_memory *memory); /* NULL is legal */
/* Forgets every domain of which this configuration does not make the check, or not with the same secret_file, algorithm
 * and from. */
void dialback_memory_reload(struct dialback_memory *memory, const struct config *config);

/* When a round is begun. */
struct dialback_moment {
    int64_t now_us;  /* monotonic */
    uint64_t stamp;  /* another one after each change of the secret's file, or of `from` where agent.domain is it */
    unsigned confirm; /* agent.confirm */
};

/* Whether keys are to be verified at every endpoint in this round: the interval is over, the result was not yet the
 * same `confirm` times in a row, or the secret's file has changed. */
bool dialback_memory_is_due(const struct dialback_memory *memory, const struct config_domain *domain,
                            const struct dialback_moment *moment);
/* Whether there is a result of this endpoint, so that it need not be asked in a round in which dialback is not due. */
bool dialback_memory_knows(const struct dialback_memory *memory, const struct config_domain *domain,
                           const struct endpoint_result *endpoint);
/* The algorithm that the domain's servers accepted last, or DIALBACK_AUTO. */
enum dialback_algorithm dialback_memory_algorithm(const struct dialback_memory *memory,
                                                  const struct config_domain *domain);

/* Where an endpoint could have been asked in this round, but was not (`reachable`, one each), puts in what is known of
 * it. Sets result->carried[CHECK_DIALBACK]: whether that is all that is known, and nothing else was found. */
void dialback_memory_recall(const struct dialback_memory *memory, const struct config_domain *domain,
                            struct domain_result *result, const bool *reachable);
/* Takes note of a round that has ended, with its checks combined: `due` is what dialback_memory_is_due() said. */
void dialback_memory_note(struct dialback_memory *memory, const struct config_domain *domain,
                          const struct domain_result *result, bool due, const struct dialback_moment *moment);

#endif
