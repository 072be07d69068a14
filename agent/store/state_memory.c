#include "store/state_memory.h"

#include <string.h>

#include "base/mem.h"
#include "store/state_json.h"

#define TIME_COUNT 3
static const char *const TIME_KEYS[TIME_COUNT] = {"rows_seen", "rows_changed", "rows_former"};

static int64_t *time_of(struct imp_memory *memory, int at)
{
    int64_t *const times[TIME_COUNT] = {&memory->rows_seen_ms, &memory->rows_changed_ms, &memory->rows_former_ms};
    return times[at];
}

static json_t *time_json(int64_t time_ms)
{
    return time_ms != TIME_ABSENT ? json_integer(time_ms) : json_null();
}

/* Where there are too many to be remembered, those in the table are. One that is no UTF-8 cannot be written. */
json_t *state_memory_write(json_t *line, const struct imp_memory *memory)
{
    json_t *list = state_json_checked(json_array());
    for (size_t i = 0; i < memory->node_count; i++) {
        const struct s2s_node *node = &memory->nodes[i];
        if (memory->node_count > S2S_REMEMBERED_MAX && !node->in_table)
            continue;
        json_t *cp_id = json_pack("[I,s,s?,s]", (json_int_t)node->index, node->cp_id, node->pkid,
                                  s2s_kind_name(node->kind));
        if (cp_id == NULL)
            continue;
        json_array_append_new(cp_id, state_json_checked(time_json(node->first_seen_ms)));
        json_array_append_new(list, cp_id);
    }
    struct imp_memory times = *memory;
    for (int i = 0; i < TIME_COUNT; i++) {
        if (*time_of(&times, i) != TIME_ABSENT)
            state_json_put(line, TIME_KEYS[i], json_integer(*time_of(&times, i)));
    }
    return list;
}

static bool read_kind(const char *word, enum s2s_kind *kind)
{
    for (int i = 1; i <= S2S_KIND_COUNT; i++) {
        if (strcmp(s2s_kind_name((enum s2s_kind)i), word) == 0) {
            *kind = (enum s2s_kind)i;
            return true;
        }
    }
    return false;
}

/* Null is absent. */
static bool read_time(json_t *json, int64_t *time_ms)
{
    bool is_absent = json_is_null(json);
    *time_ms = is_absent ? TIME_ABSENT : json_integer_value(json);
    return is_absent || (json_is_integer(json) && state_json_is_time(*time_ms));
}

/* Whether the memory's latest cp_id is unlike all before it, and its index above theirs. */
static bool is_unique(const struct imp_memory *memory)
{
    size_t at = memory->node_count - 1;
    if (at > 0 && memory->nodes[at].index <= memory->nodes[at - 1].index)
        return false;
    for (size_t i = 0; i < at; i++) {
        if (strcmp(memory->nodes[i].cp_id, memory->nodes[at].cp_id) == 0)
            return false;
    }
    return true;
}

static bool read_cp_id(json_t *array, struct imp_memory *memory)
{
    json_int_t index;
    const char *cp_id, *word;
    json_t *pkid, *first_seen;
    struct s2s_node node = {.in_table = false};
    if (json_unpack(array, "[I,s,o,s,o!]", &index, &cp_id, &pkid, &word, &first_seen) != 0 || index < 1 ||
        index > memory->last_index)
        return false;
    if (!(json_is_string(pkid) || json_is_null(pkid)) || !read_kind(word, &node.kind) ||
        !read_time(first_seen, &node.first_seen_ms))
        return false;
    node.in_table = node.kind != S2S_MISSING;
    node.index = (uint32_t)index;
    node.cp_id = mem_strdup(cp_id);
    node.pkid = mem_strdup(json_string_value(pkid));
    memory->nodes[memory->node_count++] = node;
    return is_unique(memory);
}

bool state_memory_read(json_t *line, json_t *cp_ids, struct imp_memory *memory, struct err *err)
{
    size_t i;
    json_t *array;
    if (!json_is_array(cp_ids) || json_array_size(cp_ids) > S2S_REMEMBERED_MAX)
        return err_set(err, "a cp_id is wrong");
    memory->nodes = mem_array(json_array_size(cp_ids), sizeof *memory->nodes);
    json_array_foreach(cp_ids, i, array) {
        if (!read_cp_id(array, memory))
            return err_set(err, "a cp_id is wrong");
    }
    for (int at = 0; at < TIME_COUNT; at++) {
        json_t *json = json_object_get(line, TIME_KEYS[at]);
        if (json != NULL && (json_is_null(json) || !read_time(json, time_of(memory, at))))
            return err_set(err, "a time of the rows is wrong");
    }
    return true;
}
