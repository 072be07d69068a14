#include "health/imp_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *s2s_kind_name(enum s2s_kind kind)
{
    switch (kind) {
    case S2S_PRESENT: return "present";
    case S2S_MISSING: return "missing";
    case S2S_UNEXPECTED: return "unexpected";
    }
    return "unknown";
}

struct imp_memory *imp_memory_new(void)
{
    struct imp_memory *memory = mem_alloc(sizeof *memory);
    memory->rows_seen_ms = memory->rows_changed_ms = memory->rows_former_ms = TIME_ABSENT;
    return memory;
}

void imp_memory_free(struct imp_memory *memory)
{
    if (memory == NULL)
        return;
    for (size_t i = 0; i < memory->node_count; i++) {
        free(memory->nodes[i].cp_id);
        free(memory->nodes[i].pkid);
    }
    free(memory->nodes);
    free(memory);
}

static const struct s2s_row *find_row(const struct imp_result *result, const char *cp_id)
{
    for (size_t i = 0; i < result->row_count; i++) {
        if (strcmp(result->rows[i].cp_id, cp_id) == 0)
            return &result->rows[i];
    }
    return NULL;
}

bool s2s_rows_have(const struct imp_result *result, const char *cp_id)
{
    return find_row(result, cp_id) != NULL;
}

static bool remembers(const struct imp_memory *memory, const char *cp_id)
{
    for (size_t i = 0; i < memory->node_count; i++) {
        if (strcmp(memory->nodes[i].cp_id, cp_id) == 0)
            return true;
    }
    return false;
}

/* Whether the configuration names it; where federation is meant to be off, it names none. */
static bool is_listed(const struct imp_expect *expect, const char *cp_id)
{
    for (size_t i = 0; expect->federation && i < expect->s2s_node_count; i++) {
        if (strcmp(expect->s2s_nodes[i], cp_id) == 0)
            return true;
    }
    return false;
}

static enum s2s_kind kind_of(const struct imp_expect *expect, const char *cp_id, bool in_table)
{
    bool any_will_do = expect->federation && expect->s2s_node_count == 0;
    if (!in_table)
        return S2S_MISSING;
    return any_will_do || is_listed(expect, cp_id) ? S2S_PRESENT : S2S_UNEXPECTED;
}

/* Appends a copy; the memory's nodes have room for it. */
static struct s2s_node *add_node(struct imp_memory *memory, uint32_t index, const char *cp_id, const char *pkid)
{
    struct s2s_node *node = &memory->nodes[memory->node_count++];
    *node = (struct s2s_node){.index = index, .cp_id = mem_strdup(cp_id), .pkid = mem_strdup(pkid),
                              .first_seen_ms = TIME_ABSENT};
    return node;
}

static struct imp_memory *copy(const struct imp_memory *from)
{
    struct imp_memory *memory = imp_memory_new();
    *memory = *from;
    memory->node_count = 0;
    memory->nodes = mem_array(from->node_count, sizeof *memory->nodes);
    for (size_t i = 0; i < from->node_count; i++) {
        const struct s2s_node *old = &from->nodes[i];
        struct s2s_node *node = add_node(memory, old->index, old->cp_id, old->pkid);
        node->kind = old->kind;
        node->in_table = old->in_table;
        node->first_seen_ms = old->first_seen_ms;
    }
    return memory;
}

/* Takes over those of before that are in the table or expected. True when one came into the table or left it. */
static bool keep_nodes(struct imp_memory *memory, const struct imp_memory *before, const struct imp_result *result,
                       const struct imp_expect *expect, int64_t now_ms)
{
    bool changed = false;
    for (size_t i = 0; i < before->node_count; i++) {
        const struct s2s_node *old = &before->nodes[i];
        const struct s2s_row *row = find_row(result, old->cp_id);
        changed = changed || old->in_table != (row != NULL);
        if (row == NULL && !is_listed(expect, old->cp_id))
            continue;
        struct s2s_node *node = add_node(memory, old->index, old->cp_id, row != NULL ? row->pkid : NULL);
        node->in_table = row != NULL;
        if (row != NULL)
            node->first_seen_ms = old->in_table ? old->first_seen_ms : now_ms;
    }
    return changed;
}

/* Adds those that were not remembered. True when one of them is in the table. */
static bool add_new_nodes(struct imp_memory *memory, const struct imp_result *result, const struct imp_expect *expect,
                          int64_t now_ms)
{
    bool changed = false;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct s2s_row *row = &result->rows[i];
        if (remembers(memory, row->cp_id))
            continue;
        struct s2s_node *node = add_node(memory, ++memory->last_index, row->cp_id, row->pkid);
        node->in_table = true;
        node->first_seen_ms = now_ms;
        changed = true;
    }
    for (size_t i = 0; expect->federation && i < expect->s2s_node_count; i++) {
        if (!remembers(memory, expect->s2s_nodes[i]))
            add_node(memory, ++memory->last_index, expect->s2s_nodes[i], NULL);
    }
    return changed;
}

struct imp_memory *imp_memory_next(const struct imp_memory *before, const struct imp_result *result,
                                   const struct imp_expect *expect)
{
    if (!result->rows_read)
        return copy(before);
    const int64_t now_ms = result->rows_read_ms != TIME_ABSENT ? result->rows_read_ms : result->finished_ms;
    struct imp_memory *memory = imp_memory_new();
    memory->last_index = before->last_index;
    memory->nodes =
        mem_array(before->node_count + result->row_count + expect->s2s_node_count, sizeof *memory->nodes);
    bool changed = keep_nodes(memory, before, result, expect, now_ms);
    changed = add_new_nodes(memory, result, expect, now_ms) || changed;
    for (size_t i = 0; i < memory->node_count; i++)
        memory->nodes[i].kind = kind_of(expect, memory->nodes[i].cp_id, memory->nodes[i].in_table);
    memory->rows_seen_ms = now_ms;
    if (changed && before->rows_seen_ms != TIME_ABSENT) {
        memory->rows_changed_ms = now_ms;
        memory->rows_former_ms = before->rows_seen_ms;
    } else {
        memory->rows_changed_ms = before->rows_changed_ms;
        memory->rows_former_ms = before->rows_former_ms;
    }
    return memory;
}
