#include "config/document.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"

#define DEPTH_MAX 32

struct reader {
    yaml_parser_t parser;
    const char *text;
    size_t length;
    unsigned file;
    struct faults *faults;
};

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

/* libyaml gives no line for a byte that it cannot read. */
static unsigned line_at(const struct reader *reader, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < reader->length; i++)
        line += reader->text[i] == '\n';
    return line;
}

static void tell_syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    struct place at = {reader->file, line_of(parser->problem_mark)};
    if (parser->error == YAML_READER_ERROR) {
        at.line = line_at(reader, parser->problem_offset);
        faults_add(reader->faults, at, "", "syntax error: %s (the file must be UTF-8 text)", parser->problem);
    } else if (parser->context != NULL) {
        faults_add(reader->faults, at, "", "syntax error: %s (%s, line %u)", parser->problem, parser->context,
                   line_of(parser->context_mark));
    } else {
        faults_add(reader->faults, at, "", "syntax error: %s", parser->problem);
    }
}

static bool next(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    tell_syntax_error(reader);
    return false;
}

static void refuse_properties(struct node *node, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        node->refused = "anchors (&name) are not supported";
    else if (tag != NULL)
        node->refused = "tags (!name) are not supported";
}

static void read_scalar(const yaml_event_t *event, struct node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    node->text = mem_strdup(text);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    refuse_properties(node, event->data.scalar.anchor, event->data.scalar.tag);
    if (strlen(text) != event->data.scalar.length)
        node->refused = "has a NUL character";
}

static bool read_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct node *node);

static bool read_next(struct reader *reader, unsigned depth, struct node *node)
{
    yaml_event_t event;
    if (!next(reader, &event))
        return false;
    bool ok = read_node(reader, &event, depth, node);
    yaml_event_delete(&event);
    return ok;
}

static void node_fini(struct node *node)
{
    for (size_t i = 0; i < node->count; i++)
        node_fini(&node->items[i]);
    free(node->items);
    free(node->key);
    free(node->text);
}

/* A value takes its key's line, and whatever is wrong with the key. */
static void take_key(struct node *value, const struct node *key)
{
    bool word = key->text != NULL && *key->text != '\0';
    value->line = key->line;
    value->key = mem_strdup(word ? key->text : "?");
    if (key->refused != NULL)
        value->refused = key->refused;
    else if (!word)
        value->refused = "a key must be a plain word";
}

/* The array's room doubles whenever the count reaches a power of two. */
static struct node *append(struct node *parent)
{
    if ((parent->count & (parent->count - 1)) == 0)
        parent->items = mem_resize(parent->items, parent->count ? 2 * parent->count : 1, sizeof *parent->items);
    struct node *item = &parent->items[parent->count++];
    *item = (struct node){0};
    return item;
}

/* An element of a list, or a key and its value of a map; `event` is the first of it. */
static bool read_item(struct reader *reader, const yaml_event_t *event, unsigned depth, struct node *parent)
{
    struct node *item = append(parent);
    if (parent->kind == NODE_LIST)
        return read_node(reader, event, depth, item);
    struct node key = {0};
    bool ok = read_node(reader, event, depth, &key) && read_next(reader, depth, item);
    if (ok)
        take_key(item, &key);
    node_fini(&key);
    return ok;
}

/* What stands between the start event and the end event of a list or map. */
static bool read_items(struct reader *reader, unsigned depth, struct node *parent)
{
    for (;;) {
        yaml_event_t event;
        if (!next(reader, &event))
            return false;
        bool end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        bool ok = end || read_item(reader, &event, depth + 1, parent);
        yaml_event_delete(&event);
        if (end || !ok)
            return ok;
    }
}

static bool read_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct node *node)
{
    node->kind = NODE_SCALAR;
    node->line = line_of(event->start_mark);
    if (depth > DEPTH_MAX) {
        struct place at = {reader->file, node->line};
        faults_add(reader->faults, at, "", "is nested more than %d deep", DEPTH_MAX);
        return false;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        read_scalar(event, node);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        node->kind = NODE_LIST;
        refuse_properties(node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        return read_items(reader, depth, node);
    case YAML_MAPPING_START_EVENT:
        node->kind = NODE_MAP;
        refuse_properties(node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return read_items(reader, depth, node);
    default: /* YAML_ALIAS_EVENT, the only one left where a node is expected */
        node->refused = "aliases (*name) are not supported";
        return true;
    }
}

/* Stream start, at most one document, stream end. */
static bool read_stream(struct reader *reader, struct node *root)
{
    unsigned documents = 0;
    for (bool ok = true; ok; ) {
        yaml_event_t event;
        if (!next(reader, &event))
            return false;
        yaml_event_type_t type = event.type;
        struct place at = {reader->file, line_of(event.start_mark)};
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (documents++ == 0) {
            ok = read_next(reader, 0, root);
        } else {
            faults_add(reader->faults, at, "", "a second document begins here: there must be only one");
            ok = false;
        }
    }
    return false;
}

struct node *document_read(const char *text, size_t length, unsigned file, struct faults *faults)
{
    struct reader reader = {.text = text, .length = length, .file = file, .faults = faults};
    struct node *root = mem_alloc(sizeof *root);
    root->kind = NODE_MAP;
    if (!yaml_parser_initialize(&reader.parser))
        abort();
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    bool ok = read_stream(&reader, root);
    root->line = 1;
    yaml_parser_delete(&reader.parser);
    if (ok)
        return root;
    document_free(root);
    return NULL;
}

void document_free(struct node *root)
{
    if (root != NULL)
        node_fini(root);
    free(root);
}

bool node_is_null(const struct node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != NODE_SCALAR || node->quoted || node->text == NULL)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(node->text, words[i]) == 0)
            return true;
    }
    return false;
}

const struct node *node_child(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->items[i].key, key) == 0)
            return &map->items[i];
    }
    return NULL;
}
