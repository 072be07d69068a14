#include "store/state_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAME_MAX_BYTES 255
#define TIME_MAX_MS INT64_C(253402300799999) /* the end of the year 9999 */

static json_t *checked(json_t *json)
{
    if (json == NULL)
        abort(); /* jansson fails only without memory: what is given to it here is valid */
    return json;
}

static void put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, checked(value)) != 0)
        abort();
}

static void put_tracker(json_t *object, const struct tracker *tracker)
{
    if (tracker->confirmed == STATE_NONE)
        return;
    put(object, "state", json_string(state_name((enum state)tracker->confirmed)));
    if (tracker->since_ms != TIME_ABSENT)
        put(object, "since", json_integer(tracker->since_ms));
}

static json_t *checks_json(const struct record *record)
{
    json_t *checks = checked(json_object());
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (record->check[i].confirmed == STATE_NONE)
            continue;
        json_t *check = checked(json_object());
        put_tracker(check, &record->check[i]);
        put(checks, check_name((enum check)i), check);
    }
    return checks;
}

static json_t *transitions_json(const struct history *history)
{
    json_t *list = checked(json_array());
    for (size_t i = 0; i < history->count; i++) {
        const struct transition *transition = &history->list[i];
        json_array_append_new(list, checked(json_pack(
            "[I,s,s,s,s]", (json_int_t)transition->at_ms, transition_subject(transition),
            state_name((enum state)transition->from), state_name((enum state)transition->to),
            reason_info((enum reason)transition->reason)->code)));
    }
    return list;
}

/* A target that is no UTF-8, and so cannot be written, is not remembered. */
static json_t *endpoints_json(const struct roster *roster)
{
    json_t *list = checked(json_array());
    for (size_t i = 0; roster != NULL && i < roster->count; i++) {
        const struct roster_entry *entry = &roster->list[i];
        json_t *endpoint = json_pack("[I,s,i,s,s]", (json_int_t)entry->index, entry->target, (int)entry->port,
                                     entry->address, transport_name((enum transport)entry->transport));
        if (endpoint != NULL)
            json_array_append_new(list, endpoint);
    }
    return list;
}

char *state_line_write(const struct registered *registered, const struct record *record)
{
    json_t *line = checked(json_pack("{s:s,s:I,s:I}", "name", registered->name, "index", (json_int_t)registered->index,
                                     "last_endpoint", (json_int_t)atomic_load(&registered->last_endpoint)));
    if (record != NULL) {
        put_tracker(line, &record->domain);
        put(line, "checks", checks_json(record));
        put(line, "transitions", transitions_json(&record->status.history));
        put(line, "endpoints", endpoints_json(record->roster));
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

/* CHECK_COUNT where no check has this name. */
static enum check check_of(const char *word)
{
    enum check check = 0;
    while (check < CHECK_COUNT && strcmp(check_name(check), word) != 0)
        check++;
    return check;
}

static bool is_time(json_int_t time_ms)
{
    return time_ms >= 0 && time_ms <= TIME_MAX_MS;
}

static bool read_tracker(json_t *object, struct tracker *tracker)
{
    const char *state = NULL;
    json_int_t since_ms = -1;
    if (json_unpack(object, "{s?s,s?I}", "state", &state, "since", &since_ms) != 0)
        return false;
    if (json_object_get(object, "since") != NULL) {
        if (!is_time(since_ms))
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
        enum check check = check_of(name);
        if (check < CHECK_COUNT && !read_tracker(object, &record->check[check]))
            return false;
    }
    return true;
}

static bool read_transition(json_t *array, struct history *history)
{
    json_int_t at_ms;
    const char *subject, *from, *to, *code;
    struct transition transition = {0};
    if (json_unpack(array, "[I,s,s,s,s!]", &at_ms, &subject, &from, &to, &code) != 0 || !is_time(at_ms) ||
        !read_state(from, &transition.from) || !read_state(to, &transition.to))
        return false;
    enum check check = check_of(subject);
    enum reason reason = reason_from_code(code);
    transition.at_ms = at_ms;
    transition.check = (uint8_t)check;
    transition.reason = (uint16_t)reason;
    if (reason < REASON_COUNT && (check < CHECK_COUNT || strcmp(subject, transition_subject(&transition)) == 0))
        history_add(history, &transition);
    return true;
}

static bool read_transitions(json_t *list, struct history *history)
{
    size_t i;
    json_t *array;
    if (!json_is_array(list))
        return false;
    json_array_foreach(list, i, array) {
        if (!read_transition(array, history))
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

static bool read_line(json_t *line, struct registry *registry, struct err *err)
{
    const char *name;
    json_int_t index, last_endpoint;
    json_t *checks = NULL, *transitions = NULL, *endpoints = NULL;
    json_error_t error;
    if (json_unpack_ex(line, &error, 0, "{s:s,s:I,s:I,s?o,s?o,s?o}", "name", &name, "index", &index, "last_endpoint",
                       &last_endpoint, "checks", &checks, "transitions", &transitions, "endpoints", &endpoints) != 0)
        return err_set(err, "%s", error.text);
    if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES)
        return err_set(err, "a name has no or too many bytes");
    if (index < 1 || index > INDEX_MAX || last_endpoint < 0 || last_endpoint > INDEX_MAX)
        return err_set(err, "a number is out of range");
    struct registered *registered = registry_restore(registry, name, (uint32_t)index);
    if (registered == NULL)
        return err_set(err, "a name or an index comes twice, or out of order");
    atomic_store(&registered->last_endpoint, (unsigned)last_endpoint);
    if (checks == NULL)
        return true;
    struct record *record = registered->restored = record_new(name, (uint32_t)index);
    if (!read_tracker(line, &record->domain))
        return err_set(err, "a state or its time is wrong");
    if (!read_checks(checks, record))
        return err_set(err, "a check is wrong");
    if (transitions != NULL && !read_transitions(transitions, &record->status.history))
        return err_set(err, "a transition is wrong");
    if (endpoints != NULL && !read_endpoints(endpoints, record))
        return err_set(err, "an endpoint is wrong");
    return true;
}

bool state_line_read(const char *line, size_t length, struct registry *registry, struct err *err)
{
    json_error_t error;
    json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        return err_set(err, "%s", error.text);
    bool good = read_line(json, registry, err);
    json_decref(json);
    return good;
}
