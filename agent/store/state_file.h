/* The state file, in JSON Lines:
 *   {"format":"fedhealth-state","version":V}
 *   a line for every domain that was ever configured, in ascending order of index, then likewise for every node
 *   (state_line.h)
 *   {"names":N,"crc32":"HEX"}     of everything before this line
 * It is written and read a line at a time. V is 1 where no node was ever configured, else 2: a fedhealth that knows no
 * nodes goes on with the first, and sets the second aside as one of another version. */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "store/record.h"
#include "store/registry.h"

/* Of one kind: `records`, in ascending order of index, are those of the names that are configured now. */
struct state_names {
    struct registry *registry;
    struct record *const *records;
    size_t count;
};
bool state_file_write(FILE *out, const struct state_names names[KIND_COUNT], struct err *err);

/* Fills empty registries. False and `err` for everything but a whole file that is ours; what is in the registries is
 * then not to be used. */
bool state_file_read(FILE *in, struct registry *const registries[KIND_COUNT], struct err *err);

#endif
