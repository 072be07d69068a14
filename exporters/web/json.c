#include "exporters/web/web.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "health/fact.h"

/* A piece ends with the domain or node that makes it this long. */
#define PIECE_BYTES 8192
#define AGENT_MAX 65536
#define INDENT 2

/* Endpoint facts that stand together in an object of their own. */
static const struct {
    const char *key, *object;
} GROUPS[] = {
    {"version", "tls"},         {"cipher", "tls"},         {"subject", "certificate"},
    {"issuer", "certificate"},  {"serial", "certificate"}, {"fingerprint_sha256", "certificate"},
};

/* A text that only serves as the label of an info family: JSON has the same as a state. */
#define LABEL_ONLY "status"

/* Labels whose values are numbers. */
static const char *const NUMERIC_LABELS[] = {"port", "priority", "weight"};

/* One place in each scope. All of them walk the domains, or the nodes, in the same order, so each is at the one in hand
 * or has passed it. */
struct cursors {
    struct fact_row row[SCOPE_COUNT];
    bool has_row[SCOPE_COUNT];
};

static json_t *domain_json(struct cursors *cursors, size_t at);
static json_t *node_json(struct cursors *cursors, size_t at);

/* The lists of the whole, one behind the other. */
static const struct {
    const char *key;
    enum subject_kind kind;
    json_t *(*make)(struct cursors *cursors, size_t at);
} LISTS[] = {
    {"domains", SUBJECT_DOMAIN, domain_json},
    {"imp_nodes", SUBJECT_NODE, node_json},
};
#define LIST_COUNT (sizeof LISTS / sizeof LISTS[0])

struct web_json {
    const struct status *status;
    struct cursors cursors;
    struct buf agent; /* the text of that object, which is also part of the entity tag */
    enum { STAGE_HEAD, STAGE_LISTS, STAGE_FOOT, STAGE_END } stage;
    size_t list, next; /* domain or node of the list */
};

static json_t *checked(json_t *json)
{
    if (json == NULL)
        abort(); /* jansson fails only without memory: what is given to it here is valid UTF-8 */
    return json;
}

static void put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, checked(value)) != 0)
        abort();
}

static json_t *text_json(const char *text)
{
    struct buf clean;
    const char *bytes;
    size_t length;
    buf_init(&clean, 3 * strlen(text)); /* U+FFFD has three bytes */
    while ((length = utf8_next(&text, &bytes)) != 0)
        buf_add(&clean, bytes, length);
    json_t *json = checked(json_stringn(clean.data, clean.length));
    buf_fini(&clean);
    return json;
}

static json_t *number_json(double number)
{
    if (number > -0x1p53 && number < 0x1p53 && (double)(json_int_t)number == number)
        return json_integer((json_int_t)number);
    return json_real(number);
}

static json_t *time_json(double seconds)
{
    char text[CLOCK_RFC3339_SIZE];
    return text_json(clock_rfc3339((int64_t)seconds, text));
}

static json_t *value_json(const struct fact *fact, const struct fact_value *value)
{
    switch (fact->type) {
    case FACT_CHOICE:
    case FACT_TEXT: return text_json(value->text);
    case FACT_STATE: return text_json(state_name((enum state)value->number));
    case FACT_TIMESTAMP: return time_json(value->number);
    case FACT_COUNTER: return json_integer((json_int_t)value->count);
    case FACT_GAUGE:
    case FACT_DURATION:
    case FACT_INFO: break;
    }
    return number_json(value->number);
}

/* The object under the key, made if it is not there. */
static json_t *object_in(json_t *parent, const char *key)
{
    json_t *object = json_object_get(parent, key);
    if (object == NULL) {
        object = checked(json_object());
        put(parent, key, object);
    }
    return object;
}

static json_t *group_of(json_t *object, const struct fact *fact)
{
    for (size_t i = 0; fact->scope == SCOPE_ENDPOINT && i < sizeof GROUPS / sizeof GROUPS[0]; i++) {
        if (strcmp(GROUPS[i].key, fact->key) == 0)
            return object_in(object, GROUPS[i].object);
    }
    return object;
}

/* The observed facts of the row. */
static void put_facts(json_t *object, const struct fact_row *row)
{
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const struct fact *fact = &FACTS[i];
        struct fact_value value;
        if (fact->scope != row->scope || fact->key == NULL || strcmp(fact->key, LABEL_ONLY) == 0)
            continue;
        fact_read(fact, row, &value);
        if (value.present)
            put(group_of(object, fact), fact->key, value_json(fact, &value));
    }
}

static json_t *label_json(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof NUMERIC_LABELS / sizeof NUMERIC_LABELS[0]; i++) {
        if (strcmp(NUMERIC_LABELS[i], name) == 0)
            return json_integer(strtol(value, NULL, 10));
    }
    return text_json(value);
}

/* The row's labels but for the first, the domain or node in which the row stands. */
static void put_labels(json_t *object, const struct fact_row *row)
{
    char scratch[FACT_TEXT_SIZE];
    for (size_t i = 1; i < scope_label_count(row->scope); i++) {
        const char *name = scope_label_name(row->scope, i);
        put(object, name, label_json(name, scope_label_value(row, i, scratch)));
    }
}

/* The scope's row in hand when it is one of this domain or node; NULL when there is none (any more). */
static const struct fact_row *row_of(const struct cursors *cursors, enum fact_scope scope, size_t target)
{
    return cursors->has_row[scope] && cursors->row[scope].target_at == target ? &cursors->row[scope] : NULL;
}

static void step(struct cursors *cursors, enum fact_scope scope)
{
    cursors->has_row[scope] = fact_row_next(&cursors->row[scope]);
}

static void put_explanation(json_t *object, const struct check_result *check)
{
    if (check->state == STATE_OK)
        return;
    const struct reason_info *info = reason_info(check->reason);
    put(object, "meaning", text_json(info->meaning));
    put(object, "cause", text_json(info->cause));
    put(object, "remedy", text_json(info->remedy));
}

/* The target's rows of the scope as an object, each under its last label. With `item`, only those of that item. */
static void put_named(json_t *parent, const char *key, struct cursors *cursors, enum fact_scope scope, size_t target,
                      const size_t *item)
{
    const struct fact_row *row;
    size_t last_label = scope_label_count(scope) - 1;
    char scratch[FACT_TEXT_SIZE];
    while ((row = row_of(cursors, scope, target)) != NULL && (item == NULL || row->item == *item)) {
        json_t *facts = checked(json_object());
        put_facts(facts, row);
        if (scope == SCOPE_CHECK || scope == SCOPE_IMP_CHECK)
            put_explanation(facts, &row->subject.checks[row->item].result);
        if (json_object_size(facts) > 0)
            put(object_in(parent, key), scope_label_value(row, last_label, scratch), json_incref(facts));
        json_decref(facts);
        step(cursors, scope);
    }
}

/* What belongs to the endpoint at which the scope of endpoints is. */
static void put_endpoint(json_t *object, struct cursors *cursors, size_t domain)
{
    size_t item = cursors->row[SCOPE_ENDPOINT].item;
    put_named(object, "checks", cursors, SCOPE_STAGE, domain, &item);
    put_named(object, "phases", cursors, SCOPE_PHASE, domain, &item);
    put_named(object, "auth", cursors, SCOPE_MECHANISM, domain, &item);
    const struct fact_row *position = row_of(cursors, SCOPE_POSITION, domain);
    if (position == NULL || position->item != item)
        return;
    json_t *certificate = object_in(object, "certificate");
    put_named(certificate, "chain", cursors, SCOPE_POSITION, domain, &item);
    put_named(certificate, "tests", cursors, SCOPE_TEST, domain, &item);
}

/* The target's rows of the scope as an array, labels first. */
static void put_list(json_t *parent, const char *key, struct cursors *cursors, enum fact_scope scope, size_t target)
{
    json_t *list = checked(json_array());
    put(parent, key, list);
    for (const struct fact_row *row; (row = row_of(cursors, scope, target)) != NULL; step(cursors, scope)) {
        json_t *object = checked(json_object());
        json_array_append_new(list, object);
        put_labels(object, row);
        put_facts(object, row);
        if (scope == SCOPE_ENDPOINT)
            put_endpoint(object, cursors, target);
    }
}

static json_t *domain_json(struct cursors *cursors, size_t at)
{
    json_t *object = checked(json_object());
    put_facts(object, &cursors->row[SCOPE_DOMAIN]); /* each domain has one row there */
    step(cursors, SCOPE_DOMAIN);
    put_named(object, "checks", cursors, SCOPE_CHECK, at, NULL);
    put_named(object, "services", cursors, SCOPE_SERVICE, at, NULL);
    put_list(object, "lookups", cursors, SCOPE_LOOKUP, at);
    put_list(object, "records", cursors, SCOPE_SRV, at);
    put_list(object, "endpoints", cursors, SCOPE_ENDPOINT, at);
    put_list(object, "transitions", cursors, SCOPE_TRANSITION, at);
    return object;
}

static json_t *node_json(struct cursors *cursors, size_t at)
{
    json_t *object = checked(json_object());
    put_facts(object, &cursors->row[SCOPE_IMP]); /* likewise */
    step(cursors, SCOPE_IMP);
    put_named(object, "checks", cursors, SCOPE_IMP_CHECK, at, NULL);
    put_list(object, "accounts", cursors, SCOPE_ACCOUNT, at);
    put_list(object, "s2s_nodes", cursors, SCOPE_S2S_NODE, at);
    put_named(object, "xcp_sources", cursors, SCOPE_SOURCE, at, NULL);
    put_list(object, "notifications", cursors, SCOPE_NOTIFICATION, at);
    put_list(object, "transitions", cursors, SCOPE_IMP_TRANSITION, at);
    return object;
}

/* Where a value stands in the whole text: each of its lines is indented by that much. */
struct dump {
    struct buf *out;
    size_t indent;
};

static int dump_part(const char *text, size_t length, void *arg)
{
    const struct dump *dump = arg;
    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        size_t line = end != NULL ? (size_t)(end - text) + 1 : length;
        buf_add(dump->out, text, line);
        if (end != NULL)
            buf_add(dump->out, "    ", dump->indent);
        text += line;
        length -= line;
    }
    return 0;
}

/* Lets go of the value. */
static void dump(json_t *json, size_t indent, struct buf *out)
{
    struct dump dump = {out, indent};
    if (json_dump_callback(json, dump_part, &dump, JSON_INDENT(INDENT) | JSON_REAL_PRECISION(15)) != 0)
        abort();
    json_decref(json);
}

struct web_json *web_json_new(const struct status *status)
{
    struct web_json *json = mem_alloc(sizeof *json);
    json->status = status;
    for (enum fact_scope scope = 0; scope < SCOPE_COUNT; scope++)
        json->cursors.has_row[scope] = fact_row_first(&json->cursors.row[scope], scope, status);
    buf_init(&json->agent, AGENT_MAX);
    json_t *agent = checked(json_object());
    put_facts(agent, &json->cursors.row[SCOPE_AGENT]);
    dump(agent, INDENT, &json->agent);
    return json;
}

void web_json_free(struct web_json *json)
{
    if (json == NULL)
        return;
    buf_fini(&json->agent);
    free(json);
}

void web_json_etag(const struct web_json *json, char etag[WEB_ETAG_SIZE])
{
    etag[0] = '\0';
    if (json->status->generation != 0)
        snprintf(etag, WEB_ETAG_SIZE, "%" PRIx64 "-%" PRIx64, json->status->generation,
                 text_hash(json->agent.data, json->agent.length));
}

/* An element of the list in hand, or its end. */
static void add_next(struct web_json *json, struct buf *out)
{
    if (json->next == 0)
        buf_printf(out, ",\n  \"%s\": [", LISTS[json->list].key);
    if (json->next < subject_count(json->status, LISTS[json->list].kind)) {
        buf_puts(out, json->next > 0 ? ",\n    " : "\n    ");
        dump(LISTS[json->list].make(&json->cursors, json->next++), 2 * INDENT, out);
        return;
    }
    buf_puts(out, json->next > 0 ? "\n  ]" : "]");
    json->list++;
    json->next = 0;
}

/* The head, a part of a list or the foot; false after that. */
static bool advance(struct web_json *json, struct buf *out)
{
    switch (json->stage) {
    case STAGE_HEAD:
        buf_printf(out, "{\n  \"agent\": %s", json->agent.data);
        json->stage = STAGE_LISTS;
        return true;
    case STAGE_LISTS:
        if (json->list < LIST_COUNT)
            add_next(json, out);
        else
            json->stage = STAGE_FOOT;
        return true;
    case STAGE_FOOT:
        buf_puts(out, "\n}\n");
        json->stage = STAGE_END;
        return true;
    case STAGE_END: break;
    }
    return false;
}

bool web_json_next(struct web_json *json, struct buf *out)
{
    size_t begin = out->length;
    while (out->length - begin < PIECE_BYTES && !buf_failed(out)) {
        if (!advance(json, out))
            return out->length > begin;
    }
    return true;
}
