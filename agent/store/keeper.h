/* The thread that saves: a moment after something changed, so that changes gather, and never so often that saving takes
 * more than a tenth of the time. It knows nothing of what is saved. */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

#include <stdbool.h>

#include "base/err.h"
#include "health/state.h"

struct keeper;

/* Saves what is there at the moment of the call; called by one thread at a time. */
typedef bool (*keeper_save)(void *arg, struct err *err);

/* Counts as changed. NULL and `err` when no thread can be started. */
struct keeper *keeper_new(keeper_save save, void *arg, struct err *err);
void keeper_free(struct keeper *keeper); /* ends the thread, saves what is not saved yet; NULL is legal */

void keeper_changed(struct keeper *keeper); /* never waits for the disk */
/* Returns once everything that changed before the call is saved, or could not be. Safe from every thread. */
void keeper_flush(struct keeper *keeper);
/* Whether the latest saving succeeded; UNKNOWN before the first. */
enum tri keeper_saved(struct keeper *keeper);

#endif
