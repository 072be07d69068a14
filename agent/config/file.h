/* Whole small files of text. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FILE_MAX_BYTES (16u * 1024 * 1024)

/* The contents, without a UTF-8 byte order mark and followed by a NUL that is not counted; to be freed by the caller.
 * NULL and `err` (without the file's name) when it cannot be read or is larger than FILE_MAX_BYTES. */
char *file_read(const char *name, size_t *length, struct err *err);
/* Whether it is there, is no folder, and may be read. */
bool file_readable(const char *name, struct err *err);
/* `name` itself when it is absolute, else taken from the folder that holds the file `beside` (NULL: the working
 * directory); to be freed by the caller. */
char *file_beside(const char *beside, const char *name);

#endif
