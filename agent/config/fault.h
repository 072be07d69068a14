/* The faults found in a configuration: gathered while reading goes on, told all at once in the order of the lines. */
#ifndef CONFIG_FAULT_H
#define CONFIG_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define FAULTS_MAX 1000 /* kept; more are only counted */

/* A line of a file. Both 0 where there is no such thing. */
struct place {
    unsigned file; /* as faults_file() numbered it */
    unsigned line; /* from 1; 0: the file as a whole */
};

struct fault {
    struct place at;
    size_t order;
    char *key, *what; /* owned */
};

struct faults {
    char **files; /* owned; their names; files[0] is NULL: no file */
    unsigned file_count;
    struct fault *list; /* owned */
    size_t count, found;
};

void faults_init(struct faults *faults);
void faults_fini(struct faults *faults);
/* The number of a file, in the order in which files are told. */
unsigned faults_file(struct faults *faults, const char *name);
/* `key` may be "": a fault of the line as such. What the message quotes must have gone through text_shown(). */
void faults_add(struct faults *faults, struct place at, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Whether a fault of this key was added. */
bool faults_about(const struct faults *faults, const char *key);
/* "FILE:LINE", or "FILE" where the place has no line; to be freed by the caller. */
char *faults_place(const struct faults *faults, struct place at);
/* A line each, sorted by file, then line. False when there is none. */
bool faults_print(struct faults *faults, struct buf *out);

#define TEXT_SHOWN_SIZE 96
/* Text of a file, fit for a message: without control characters and broken UTF-8, cut with "..." when long. Returns
 * out. */
const char *text_shown(const char *text, char out[TEXT_SHOWN_SIZE]);

#endif
