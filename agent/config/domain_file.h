/* Files of domain names, one a line, for thousands of them. */
#ifndef CONFIG_DOMAIN_FILE_H
#define CONFIG_DOMAIN_FILE_H

#include "config/fault.h"

typedef void (*domain_found)(void *arg, const char *name, struct place at);

/* Calls `found` for every name, as it is written, in every file that matches the pattern. A line may end in CR LF; a
 * byte order mark, empty lines, and what follows a '#' at the start of a line or after white space are skipped. `at`
 * and `key` say where the pattern stands: a file that cannot be read is a fault there. A pattern with wildcards that
 * matches no file is worth a warning in the log. */
void domain_file_read(const char *pattern, struct place at, const char *key, struct faults *faults,
                      domain_found found, void *arg);

#endif
