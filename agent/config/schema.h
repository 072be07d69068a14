/* The schema: every configuration key is one row of KEYS (keys.c). The reader below, the defaults, the release of
 * what was read and the reference in docs/configuration.md all follow from the table: to add a key, add a row (and a
 * line of the reference, which a test compares with the row). */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "config/document.h"
#include "config/fault.h"
#include "config/value.h"

enum key_shape {
    KEY_VALUE, /* one value */
    KEY_LIST,  /* a list of values */
    KEY_MAP,   /* a map; the rows below it write into the same struct as it does */
    KEY_MAPS,  /* a list of maps; the rows below it write into an element */
    KEY_PAIRS  /* a map whose keys are values too: a list of structs that begin with the one and hold the other */
};

struct key {
    const char *path;      /* "agent.interval", "domains[].expect.starttls" */
    enum key_shape shape;
    struct value_rule rule; /* KEY_VALUE, KEY_LIST, KEY_PAIRS */
    const char *fallback;  /* the default, written like a value (of a list: its only element); NULL: none */
    const char *otherwise; /* the default in words, where it is no fixed value; NULL: none */
    bool required;         /* of a map: the keys required in it are required even when the map is absent */
    const char *bare;      /* KEY_MAPS: an element that is a plain value stands for a map with this key alone */
    size_t offset;         /* where the value, or the pointer to a list's elements, belongs */
    size_t count;          /* lists: where the number of elements belongs. One more element, all zero, follows them */
    size_t size;           /* KEY_MAPS, KEY_PAIRS: bytes of an element */
    struct value_rule left; /* KEY_PAIRS: what stands before the colon. Each at most once */
    size_t right;          /* KEY_PAIRS: where in an element the value behind the colon belongs */
    bool distinct;         /* KEY_LIST: no value may be given twice */
    const char *help;      /* one line */
};

extern const struct key KEYS[];
extern const size_t KEY_COUNT;

/* Reads a document into *base (all zero before) with the defaults of what is absent. `file` is the file's name, for
 * relative paths. Without a root, only the defaults are written and nothing is required. `lines` has room for
 * KEY_COUNT, all zero: a key that is given has its line written there (one in a list of maps: the last such line). */
void schema_read(const struct node *root, const char *file, unsigned file_number, void *base, unsigned *lines,
                 struct faults *faults);
/* Frees everything that schema_read() wrote into *base, but not base itself. */
void schema_release(void *base);

#endif
