/* A folder of our own with one file in it, which is replaced as a whole: whoever looks, after whatever happened, finds
 * the former contents or the new ones. Nothing here knows what the file says. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct folder;

/* Opens the folder and takes it for this process alone; its last component is made (mode 0750) if it is missing. NULL
 * and `err` when it is no folder, cannot be opened, or another process has it. The names are borrowed. */
struct folder *folder_open(const char *path, const char *file, struct err *err);
void folder_close(struct folder *folder); /* NULL is legal */

/* Opens the file for reading. NULL, with err->text "" when there is none, and filled when it cannot be read. */
FILE *folder_read(struct folder *folder, struct err *err);
/* The same of a folder that is not opened, and may be another process's. NULL when there is nothing to read. */
FILE *folder_peek(const char *path, const char *file);
/* Renames the file to NAME.damaged-TIME, so that nothing overwrites it. */
bool folder_set_aside(struct folder *folder, struct err *err);

/* Begins the new contents, mode 0640; what was begun before and not ended is dropped. */
FILE *folder_begin(struct folder *folder, struct err *err);
/* Closes what folder_begin() opened and, with `keep`, puts it in the place of the file: on disk when true is returned.
 * When it is not, the former contents stay. */
bool folder_end(struct folder *folder, FILE *out, bool keep, struct err *err);

#endif
