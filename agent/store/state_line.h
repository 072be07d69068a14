/* One name of the state file as a line of JSON, and back. */
#ifndef STORE_STATE_LINE_H
#define STORE_STATE_LINE_H

#include <stddef.h>

#include "base/err.h"
#include "store/record.h"
#include "store/registry.h"

/* The line without its end, to be freed by the caller. `record` is NULL for a name that is not configured now: of it
 * only the index lives on, and the counter of its endpoints or cp_ids. */
char *state_line_write(enum kind kind, const struct registered *registered, struct record *record);

/* Enters the line's name into the registry of its kind, with what was kept of it as `restored`. False and `err` for
 * whatever state_line_write() cannot have written; but keys, checks and reasons that it does not know are passed over.
 */
bool state_line_read(const char *line, size_t length, struct registry *const registries[KIND_COUNT], struct err *err);

#endif
