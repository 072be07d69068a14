/* What is remembered of a node's table xmpps2snode, as part of its line of the state file. */
#ifndef STORE_STATE_MEMORY_H
#define STORE_STATE_MEMORY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "health/imp_judge.h"

/* The list of cp_ids: [INDEX, CP_ID, PKID or null, KIND, FIRST_SEEN or null] each; the times go into the line. */
json_t *state_memory_write(json_t *line, const struct imp_memory *memory);
/* Fills a memory that has nothing but its last_index. False and `err` for what cannot have been written. */
bool state_memory_read(json_t *line, json_t *cp_ids, struct imp_memory *memory, struct err *err);

#endif
