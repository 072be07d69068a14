#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/file.h"

#define PATH_MAX_BYTES 1024
#define LIKENESS 2  /* most letters by which a misspelt key may differ */

struct reading {
    const char *file;
    unsigned file_number;
    unsigned *lines; /* where each of KEYS is given */
    struct faults *faults;
};

/* Where the reader stands: a chain along the stack, up to the root. */
struct trail {
    const struct trail *up;
    const char *key; /* NULL: an element of a list, or nothing that the file names */
    bool element;
    bool bare;       /* an element whose only key is not written */
    size_t index;
    unsigned line;
};

/* ---- telling ---- */

static void add_path(struct buf *path, const struct trail *at)
{
    char shown[TEXT_SHOWN_SIZE];
    if (at == NULL)
        return;
    add_path(path, at->up);
    if (at->key != NULL)
        buf_printf(path, "%s%s", path->length > 0 ? "." : "", text_shown(at->key, shown));
    else if (at->element)
        buf_printf(path, "[%zu]", at->index);
}

static void tell(const struct reading *reading, const struct trail *at, const char *what)
{
    struct buf path;
    buf_init(&path, PATH_MAX_BYTES);
    add_path(&path, at);
    faults_add(reading->faults, (struct place){reading->file_number, at->line}, path.data, "%s", what);
    buf_fini(&path);
}

/* ---- the table ---- */

/* The last word of a path that lies directly below `parent` (NULL: the root), else NULL. */
static const char *word_below(const char *path, const struct key *parent)
{
    if (parent != NULL) {
        size_t length = strlen(parent->path);
        if (strncmp(path, parent->path, length) != 0)
            return NULL;
        path += length;
        if (parent->shape == KEY_MAPS) {
            if (strncmp(path, "[]", 2) != 0)
                return NULL;
            path += 2;
        }
        if (*path++ != '.')
            return NULL;
    }
    return strchr(path, '.') == NULL ? path : NULL;
}

static const struct key *key_below(const struct key *parent, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char *word = word_below(KEYS[i].path, parent);
        if (word != NULL && strcmp(word, name) == 0)
            return &KEYS[i];
    }
    return NULL;
}

static const char *nearest_word(const struct key *parent, const char *name)
{
    const char *nearest = NULL;
    size_t least = LIKENESS + 1;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char *word = word_below(KEYS[i].path, parent);
        size_t differs = word == NULL ? least : text_distance(name, word);
        if (differs < least && differs < strlen(word)) {
            nearest = word;
            least = differs;
        }
    }
    return nearest;
}

static void tell_unknown(const struct reading *reading, const struct key *parent, const struct trail *at)
{
    const char *nearest = nearest_word(parent, at->key);
    char *what = nearest != NULL ? mem_printf("is not a known key; did you mean \"%s\"?", nearest)
                                 : mem_strdup("is not a known key");
    tell(reading, at, what);
    free(what);
}

/* ---- reading ---- */

static void *at_offset(void *base, size_t offset)
{
    return (char *)base + offset;
}

static void read_text(const struct reading *reading, const struct value_rule *rule, const char *text, void *into,
                      const struct trail *at)
{
    struct err err;
    char *path = rule->type->path ? file_beside(reading->file, text) : NULL;
    if (!rule->type->parse(rule, path != NULL && *text != '\0' ? path : text, into, &err))
        tell(reading, at, err.text);
    free(path);
}

/* Whether the node is what its key needs; tells when it is not. */
static bool usable(const struct reading *reading, const struct node *node, enum node_kind kind, const char *wanted,
                   const struct trail *at)
{
    static const char *const kinds[] = {
        [NODE_SCALAR] = "a single value", [NODE_LIST] = "a list", [NODE_MAP] = "a map"};
    char *what = node->refused != NULL       ? mem_strdup(node->refused)
                 : node_is_null(node)        ? mem_strdup("has no value")
                 : node->kind != kind        ? mem_printf("must be %s, not %s", wanted, kinds[node->kind])
                                             : NULL;
    if (what == NULL)
        return true;
    tell(reading, at, what);
    free(what);
    return false;
}

static void read_value(const struct reading *reading, const struct value_rule *rule, const struct node *node,
                       void *into, const struct trail *at)
{
    char *wanted = mem_printf("a single value (%s)", rule->type->name);
    if (usable(reading, node, NODE_SCALAR, wanted, at)) {
        if (rule->type->bare && node->quoted)
            tell(reading, at, "must be a number without quotes");
        else
            read_text(reading, rule, node->text, into, at);
    }
    free(wanted);
}

static void read_map(const struct reading *reading, const struct key *parent, const struct node *map, void *base,
                     const struct trail *at, bool demand);

/* One element of a list, `into` zeroed. A bare value is read as the map that it stands for. */
static void read_element(const struct reading *reading, const struct key *key, const struct node *node, void *into,
                         struct trail *at)
{
    if (key->shape == KEY_LIST) {
        read_value(reading, &key->rule, node, into, at);
    } else if (key->shape == KEY_PAIRS) {
        at->key = node->key;
        if (node->refused == NULL)
            read_text(reading, &key->left, node->key, into, at);
        read_value(reading, &key->rule, node, at_offset(into, key->right), at);
    } else if (key->bare != NULL && node->kind == NODE_SCALAR && !node_is_null(node) && node->refused == NULL) {
        struct node only = *node, map = {.kind = NODE_MAP, .line = node->line, .items = &only, .count = 1};
        only.key = (char *)key->bare; /* never written to, nor freed */
        at->bare = true;
        read_map(reading, key, &map, into, at, true);
    } else if (usable(reading, node, NODE_MAP, key->bare != NULL ? "a single value or a map" : "a map", at)) {
        read_map(reading, key, node, into, at, true);
    }
}

static size_t element_size(const struct key *key)
{
    return key->shape == KEY_LIST ? key->rule.type->size : key->size;
}

/* What no two elements may have in common; NULL: they may. */
static const struct value_type *distinct_type(const struct key *key)
{
    return key->shape == KEY_PAIRS ? key->left.type : key->distinct ? key->rule.type : NULL;
}

/* Tells when the last element is one of those before it. */
static void check_distinct(const struct reading *reading, const struct key *key, const struct node *list,
                           const char *elements, const struct trail *last)
{
    const struct value_type *type = distinct_type(key);
    size_t size = element_size(key);
    for (size_t i = 0; type != NULL && i < last->index; i++) {
        if (type->same(elements + i * size, elements + last->index * size)) {
            char *what = mem_printf("is given twice, first on line %u", list->items[i].line);
            tell(reading, last, what);
            free(what);
            return;
        }
    }
}

/* Room for the elements and the zero one after them. */
static char *new_elements(const struct key *key, size_t count, void *base)
{
    char *elements = mem_array(count + 1, element_size(key));
    memcpy(at_offset(base, key->offset), &elements, sizeof elements);
    memcpy(at_offset(base, key->count), &count, sizeof count);
    return elements;
}

static void read_elements(const struct reading *reading, const struct key *key, const struct node *list, void *base,
                          const struct trail *at)
{
    char *elements = new_elements(key, list->count, base);
    for (size_t i = 0; i < list->count; i++) {
        struct trail here = {.up = at, .element = true, .index = i, .line = list->items[i].line};
        read_element(reading, key, &list->items[i], elements + i * element_size(key), &here);
        check_distinct(reading, key, list, elements, &here);
    }
}

static void read_key(const struct reading *reading, const struct key *key, const struct node *node, void *base,
                     const struct trail *at)
{
    bool map = key->shape == KEY_MAP || key->shape == KEY_PAIRS;
    if (key->shape == KEY_VALUE)
        read_value(reading, &key->rule, node, at_offset(base, key->offset), at);
    else if (!usable(reading, node, map ? NODE_MAP : NODE_LIST, map ? "a map" : "a list", at))
        return;
    else if (key->shape == KEY_MAP)
        read_map(reading, key, node, base, at, true);
    else
        read_elements(reading, key, node, base, at);
}

static void use_default(const struct reading *reading, const struct key *key, void *base, const struct trail *at,
                        bool demand)
{
    if (key->shape == KEY_MAP)
        read_map(reading, key, NULL, base, at, demand && key->required);
    else if (key->required && demand)
        tell(reading, at, "is required");
    else if (key->fallback != NULL && key->shape == KEY_LIST)
        read_text(reading, &key->rule, key->fallback, new_elements(key, 1, base), at);
    else if (key->fallback != NULL)
        read_text(reading, &key->rule, key->fallback, at_offset(base, key->offset), at);
}

/* Each key's node in the map (NULL: an empty one), at the key's place in the table; tells of those that are unknown
 * or given twice. To be freed by the caller. */
static const struct node **sort_keys(const struct reading *reading, const struct key *parent,
                                     const struct node *map, const struct trail *at)
{
    const struct node **given = mem_array(KEY_COUNT, sizeof *given);
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const struct node *item = &map->items[i];
        struct trail here = {.up = at, .key = item->key, .line = item->line};
        const struct key *key = key_below(parent, item->key);
        if (key == NULL && item->refused != NULL) {
            tell(reading, &here, item->refused);
        } else if (key == NULL) {
            tell_unknown(reading, parent, &here);
        } else if (given[key - KEYS] != NULL) {
            char *what = mem_printf("is given twice, first on line %u", given[key - KEYS]->line);
            tell(reading, &here, what);
            free(what);
        } else {
            given[key - KEYS] = item;
        }
    }
    return given;
}

/* The keys below `parent` into base: from the map, or their defaults where it, or the whole map, has none.
 * demand: tell of required keys that are absent. */
static void read_map(const struct reading *reading, const struct key *parent, const struct node *map, void *base,
                     const struct trail *at, bool demand)
{
    const struct node **given = sort_keys(reading, parent, map, at);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char *word = word_below(KEYS[i].path, parent);
        if (word == NULL)
            continue;
        struct trail here = {.up = at, .key = word, .line = at->line};
        if (given[i] == NULL) {
            use_default(reading, &KEYS[i], base, &here, demand);
            continue;
        }
        here.line = reading->lines[i] = given[i]->line;
        if (at->bare)
            here.key = NULL;
        read_key(reading, &KEYS[i], given[i], base, &here);
    }
    free(given);
}

void schema_read(const struct node *root, const char *file, unsigned file_number, void *base, unsigned *lines,
                 struct faults *faults)
{
    struct reading reading = {.file = file, .file_number = file_number, .lines = lines, .faults = faults};
    struct trail top = {.line = root != NULL ? root->line : 0};
    if (root == NULL || usable(&reading, root, NODE_MAP, "a map of keys such as agent and domains", &top))
        read_map(&reading, NULL, root, base, &top, root != NULL);
}

/* ---- releasing ---- */

static void release_map(const struct key *parent, void *base);

static void release_value(const struct value_type *type, void *value)
{
    if (type != NULL && type->release != NULL)
        type->release(value);
}

static void release_elements(const struct key *key, void *base)
{
    char *elements;
    size_t count;
    memcpy(&elements, at_offset(base, key->offset), sizeof elements);
    memcpy(&count, at_offset(base, key->count), sizeof count);
    for (size_t i = 0; i < count; i++) {
        char *element = elements + i * element_size(key);
        if (key->shape == KEY_MAPS)
            release_map(key, element);
        release_value(key->left.type, element);
        release_value(key->rule.type, element + key->right);
    }
    free(elements);
}

static void release_map(const struct key *parent, void *base)
{
    for (const struct key *key = KEYS; key < KEYS + KEY_COUNT; key++) {
        void *value = at_offset(base, key->offset);
        if (word_below(key->path, parent) == NULL)
            continue;
        if (key->shape == KEY_MAP)
            release_map(key, base);
        else if (key->shape == KEY_VALUE)
            release_value(key->rule.type, value);
        else
            release_elements(key, base);
    }
}

void schema_release(void *base)
{
    release_map(NULL, base);
}
