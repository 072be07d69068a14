/* The latest results, counters and transitions of every domain and node. The loop's thread writes; any thread takes
 * snapshots, which never change and are shared by reference count: taking one costs a reference a domain or node, and
 * nothing when no result came in between. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "config/config.h"
#include "health/subject.h"

struct store;
struct snapshot;

/* One status a configured domain or node, every check not_run, or not_configured. Holds a reference to `config` while
 * it is in force. With state_dir (NULL: nothing is kept) indexes, confirmed states, since-times, transitions and what
 * is remembered of a node's table are taken over from there, and kept there from now on: by a thread of its own, a
 * moment after each change, by atomic rename. A since-time is shown from the first round on, and becomes that of a
 * transition if that round's state is confirmed to be another. A folder that cannot be used is told in the log, and the
 * store works without it; a file that is damaged or foreign is set aside. */
struct store *store_new(struct config *config, const char *state_dir);
/* For who looks on beside an agent: takes over what it has kept in its state_dir, if that can be read, and keeps
 * nothing. */
struct store *store_new_beside(struct config *config, const char *state_dir);
void store_free(struct store *store); /* saves what is not saved yet; snapshots taken from it stay valid */

/* Gives every name of a configuration that is about to come its index, and saves that, so that no index can ever be
 * given twice. Safe from every thread; waits for the disk. */
void store_reserve(struct store *store, const struct config *config);
/* Goes on with another configuration: domains and nodes that stay keep everything, new ones start as in store_new().
 * What is expected of a node now holds from its next round on. Snapshots taken before stay as they are. Never waits for
 * the disk: store_reserve() came before it. Another state_dir is only told of. */
void store_reload(struct store *store, struct config *config);

/* Whether state_dir could be written the last time; NO where it cannot be used, UNKNOWN where there is none. Safe from
 * every thread. */
enum tri store_saved(struct store *store);

/* Takes ownership of the result of a finished round of the domain at this position in the configuration; its endpoints
 * get their indexes and are sorted by them. Returns true while the outcome is not yet confirmed, so that the round
 * should be repeated soon. */
bool store_put(struct store *store, size_t domain, struct domain_result *result);
/* The same for the node at this position: judges what the round found (imp_judge.h), beside the latest results of all
 * other nodes. A snapshot tells in imp_causes what follows from its facts together. */
bool store_put_imp(struct store *store, size_t node, struct imp_result *result);

/* Who is told of each round that was put, on the thread that puts it, once snapshots show what it found: what there was
 * before and what there is now, both only for the time of the call. */
struct store_watcher {
    void (*domain)(void *arg, const struct domain_status *before, const struct domain_status *after);
    void (*imp)(void *arg, const struct imp_status *before, const struct imp_status *after);
    void *arg;
};
void store_watch(struct store *store, const struct store_watcher *watcher); /* copied; one at most */

/* Tells, once, of everything that was confirmed to be in a state other than ok when the state was last saved, and that
 * was not configured any more when the store was made. */
void store_tell_lapsed(struct store *store, void (*tell)(void *arg, const struct subject *subject), void *arg);

/* Safe from every thread. Release with snapshot_free(). */
struct snapshot *store_snapshot(struct store *store);
const struct status *snapshot_status(const struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

#endif
