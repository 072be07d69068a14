#include "store/state_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/state_json.h"
#include "store/state_memory.h"

#define NAME_MAX_BYTES 255

/* What a line of either kind has under names of its own. */
static const struct {
    const char *name, *last_part, *parts;
} KEYS[KIND_COUNT] = {
    [KIND_DOMAIN] = {"name", "last_endpoint", "endpoints"},
    [KIND_IMP] = {"imp", "last_cp_id", "cp_ids"},
};

static void put_tracker(json_t *object, const struct tracker *tracker)
{
    if (tracker->confirmed == STATE_NONE)
        return;
    state_json_put(object, "state", json_string(state_name((enum state)tracker->confirmed)));
    if (tracker->since_ms != TIME_ABSENT)
        state_json_put(object, "since", json_integer(tracker->since_ms));
}

static json_t *checks_json(struct record *record)
{
    json_t *checks = state_json_checked(json_object());
    for (int i = 0; i < record_parts(record).check_count; i++) {
        if (record->check[i].confirmed == STATE_NONE)
            continue;
        json_t *check = state_json_checked(json_object());
        put_tracker(check, &record->check[i]);
        state_json_put(checks, record_check_name(record->kind, i), check);
    }
    return checks;
}

static json_t *transitions_json(struct record *record)
{
    const struct history *history = record_parts(record).history;
    json_t *list = state_json_checked(json_array());
    for (size_t i = 0; i < history->count; i++) {
        const struct transition *transition = &history->list[i];
        json_array_append_new(list, state_json_checked(json_pack(
            "[I,s,s,s,s]", (json_int_t)transition->at_ms, record_transition_subject(record->kind, transition),
            state_name((enum state)transition->from), state_name((enum state)transition->to),
            reason_info((enum reason)transition->reason)->code)));
    }
    return list;
}

/* A target that is no UTF-8, and so cannot be written, is not remembered. */
static json_t *endpoints_json(const struct roster *roster)
{
    json_t *list = state_json_checked(json_array());
    for (size_t i = 0; roster != NULL && i < roster->count; i++) {
        const struct roster_entry *entry = &roster->list[i];
        json_t *endpoint = json_pack("[I,s,i,s,s]", (json_int_t)entry->index, entry->target, (int)entry->port,
                                     entry->address, transport_name((enum transport)entry->transport));
        if (endpoint != NULL)
            json_array_append_new(list, endpoint);
    }
    return list;
}

char *state_line_write(enum kind kind, const struct registered *registered, struct record *record)
{
    json_t *line = state_json_checked(json_pack("{s:s,s:I,s:I}", KEYS[kind].name, registered->name, "index",
                                                (json_int_t)registered->index, KEYS[kind].last_part,
                                                (json_int_t)atomic_load(&registered->last_part)));
    if (record != NULL) {
        put_tracker(line, &record->whole);
        state_json_put(line, "checks", checks_json(record));
        state_json_put(line, "transitions", transitions_json(record));
        if (kind == KIND_DOMAIN)
            state_json_put(line, KEYS[kind].parts, endpoints_json(record->roster));
        else
            state_json_put(line, KEYS[kind].parts, state_memory_write(line, record->status.imp.verdict.memory));
    }
    char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (text == NULL)
        abort();
    return text;
}

static bool read_state(const char *word, uint8_t *state)
{
    for (int i = 1; i <= STATE_COUNT; i++) {
        if (strcmp(state_name((enum state)i), word) == 0) {
            *state = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* The record's check of this name; as many as there are where none has it. */
static int check_of(struct record *record, const char *word)
{
    int check = 0, count = record_parts(record).check_count;
    while (check < count && strcmp(record_check_name(record->kind, check), word) != 0)
        check++;
    return check;
}

static bool read_tracker(json_t *object, struct tracker *tracker)
{
    const char *state = NULL;
    json_int_t since_ms = -1;
    if (json_unpack(object, "{s?s,s?I}", "state", &state, "since", &since_ms) != 0)
        return false;
    if (json_object_get(object, "since") != NULL) {
        if (!state_json_is_time(since_ms))
            return false;
        tracker->since_ms = since_ms;
    }
    return state == NULL ? tracker->since_ms == TIME_ABSENT : read_state(state, &tracker->confirmed);
}

static bool read_checks(json_t *checks, struct record *record)
{
    const char *name;
    json_t *object;
    if (!json_is_object(checks))
        return false;
    json_object_foreach(checks, name, object) {
        int check = check_of(record, name);
        if (check < record_parts(record).check_count && !read_tracker(object, &record->check[check]))
            return false;
    }
    return true;
}

static bool read_transition(json_t *array, struct record *record)
{
    struct record_parts parts = record_parts(record);
    json_int_t at_ms;
    const char *subject, *from, *to, *code;
    struct transition transition = {0};
    if (json_unpack(array, "[I,s,s,s,s!]", &at_ms, &subject, &from, &to, &code) != 0 || !state_json_is_time(at_ms) ||
        !read_state(from, &transition.from) || !read_state(to, &transition.to))
        return false;
    int check = check_of(record, subject);
    enum reason reason = reason_from_code(code);
    transition.at_ms = at_ms;
    transition.check = (uint8_t)check;
    transition.reason = (uint16_t)reason;
    if (reason < REASON_COUNT && (check < parts.check_count ||
                                  strcmp(subject, record_transition_subject(record->kind, &transition)) == 0))
        history_add(parts.history, &transition);
    return true;
}

static bool read_transitions(json_t *list, struct record *record)
{
    size_t i;
    json_t *array;
    if (!json_is_array(list))
        return false;
    json_array_foreach(list, i, array) {
        if (!read_transition(array, record))
            return false;
    }
    return true;
}

/* Whether entry `at` is unlike all before it. */
static bool is_unique(const struct roster *roster, size_t at)
{
    const struct roster_entry *entry = &roster->list[at];
    for (size_t i = 0; i < at; i++) {
        const struct roster_entry *other = &roster->list[i];
        if (other->index == entry->index ||
            (other->port == entry->port && other->transport == entry->transport &&
             strcmp(other->target, entry->target) == 0 && strcmp(other->address, entry->address) == 0))
            return false;
    }
    return true;
}

static bool read_endpoint(json_t *array, struct roster *roster, size_t at)
{
    json_int_t index, port;
    const char *target, *address, *word;
    if (json_unpack(array, "[I,s,I,s,s!]", &index, &target, &port, &address, &word) != 0 || index < 1 ||
        index > INDEX_MAX || port < 0 || port > UINT16_MAX)
        return false;
    bool direct = strcmp(word, transport_name(TRANSPORT_DIRECT)) == 0;
    if (!direct && strcmp(word, transport_name(TRANSPORT_STARTTLS)) != 0)
        return false;
    roster_enter(&roster->list[at], target, (uint16_t)port, address, direct ? TRANSPORT_DIRECT : TRANSPORT_STARTTLS,
                 (uint32_t)index);
    return is_unique(roster, at);
}

static bool read_endpoints(json_t *list, struct record *record)
{
    size_t i, count = json_array_size(list);
    json_t *array;
    if (!json_is_array(list) || count > ROSTER_MAX)
        return false;
    if (count == 0)
        return true;
    record->roster = roster_new(count);
    json_array_foreach(list, i, array) {
        if (!read_endpoint(array, record->roster, i))
            return false;
    }
    return true;
}

/* What a configured name has beside its index; each part may be NULL but the checks. */
static bool read_record(json_t *line, struct record *record, json_t *checks, json_t *transitions, json_t *parts,
                        struct err *err)
{
    if (!read_tracker(line, &record->whole))
        return err_set(err, "a state or its time is wrong");
    if (!read_checks(checks, record))
        return err_set(err, "a check is wrong");
    record_show_confirmed(record);
    if (transitions != NULL && !read_transitions(transitions, record))
        return err_set(err, "a transition is wrong");
    if (parts == NULL)
        return true;
    if (record->kind == KIND_IMP)
        return state_memory_read(line, parts, record->status.imp.verdict.memory, err);
    return read_endpoints(parts, record) || err_set(err, "an endpoint is wrong");
}

static bool read_line(json_t *line, struct registry *const registries[KIND_COUNT], struct err *err)
{
    enum kind kind = json_object_get(line, KEYS[KIND_IMP].name) != NULL ? KIND_IMP : KIND_DOMAIN;
    const char *name;
    json_int_t index, last_part;
    json_t *checks = NULL, *transitions = NULL, *parts = NULL;
    json_error_t error;
    if (json_unpack_ex(line, &error, 0, "{s:s,s:I,s:I,s?o,s?o,s?o}", KEYS[kind].name, &name, "index", &index,
                       KEYS[kind].last_part, &last_part, "checks", &checks, "transitions", &transitions,
                       KEYS[kind].parts, &parts) != 0)
        return err_set(err, "%s", error.text);
    if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES)
        return err_set(err, "a name has no or too many bytes");
    if (index < 1 || index > INDEX_MAX || last_part < 0 || last_part > INDEX_MAX)
        return err_set(err, "a number is out of range");
    struct registered *registered = registry_restore(registries[kind], name, (uint32_t)index);
    if (registered == NULL)
        return err_set(err, "a name or an index comes twice, or out of order");
    atomic_store(&registered->last_part, (unsigned)last_part);
    if (checks == NULL)
        return true;
    registered->restored = record_new(kind, registered);
    return read_record(line, registered->restored, checks, transitions, parts, err);
}

bool state_line_read(const char *line, size_t length, struct registry *const registries[KIND_COUNT], struct err *err)
{
    json_error_t error;
    json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        return err_set(err, "%s", error.text);
    bool good = read_line(json, registries, err);
    json_decref(json);
    return good;
}
