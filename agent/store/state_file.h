/* The state file, in JSON Lines:
 *   {"format":"fedhealth-state","version":1}
 *   a line for every name that was ever configured, in ascending order of index (state_line.h)
 *   {"names":N,"crc32":"HEX"}     of everything before this line
 * It is written and read a line at a time. */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "store/record.h"
#include "store/registry.h"

/* `records`, in ascending order of index, are those of the names that are configured now. */
bool state_file_write(FILE *out, struct registry *registry, struct record *const *records, size_t count,
                      struct err *err);

/* Fills an empty registry. False and `err` for everything but a whole file that is ours; what is in the registry is
 * then not to be used. */
bool state_file_read(FILE *in, struct registry *registry, struct err *err);

#endif
