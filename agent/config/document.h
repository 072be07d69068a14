/* A YAML document as a tree of nodes that know their lines: the ONLY user of libyaml. A configuration needs no
 * anchors, aliases, merge keys or tags; they are marked as refused where they stand, so that nothing can expand. */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/fault.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    unsigned line;       /* of its key, or of itself in a list; of the root 1 */
    char *key;           /* owned; of a map's child, else NULL */
    char *text;          /* owned; of a scalar, without NUL inside */
    bool quoted;         /* a scalar in quotes, or a block scalar */
    const char *refused; /* why its contents cannot be used; NULL: they can */
    struct node *items;  /* owned; of a list or map, in the order of the file; a key may stand there twice */
    size_t count;
};

/* The document's root, an empty map when there is none. NULL after a syntax error, which is then among the faults,
 * with `file` as their place. */
struct node *document_read(const char *text, size_t length, unsigned file, struct faults *faults);
void document_free(struct node *root);

/* Nothing, ~ or null. */
bool node_is_null(const struct node *node);
/* The value of a map's key, or NULL: `map` may be NULL, or no map. */
const struct node *node_child(const struct node *map, const char *key);

#endif
