/* The latest results, counters and transitions of every domain. The loop's thread writes; any thread takes
 * snapshots, which never change and are shared by reference count: taking one costs a reference a domain, and
 * nothing when no result came in between. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "config/config.h"
#include "health/status.h"

struct store;
struct snapshot;

/* One domain_status a configured domain, every check not_run (dialback and ping: not_configured). */
struct store *store_new(const struct config *config);
void store_free(struct store *store); /* snapshots taken from it stay valid */

/* Takes ownership of the result of a finished round of the domain at this position in the configuration.
 * Returns true while the outcome is not yet confirmed, so that the round should be repeated soon. */
bool store_put(struct store *store, size_t domain, struct domain_result *result);

/* Safe from every thread. Release with snapshot_free(). */
struct snapshot *store_snapshot(struct store *store);
const struct status *snapshot_status(const struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

#endif
