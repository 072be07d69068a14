/* The space of OIDs by itself, and the module's text against the table of facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "exporters/snmp/cell.h"
#include "exporters/snmp/mib.h"

#define MODULE "mib/FEDHEALTH-MIB.txt.in"
#define MODULE_MAX ((size_t)1 << 20)

/* Finding */

static struct domain_status *domain_new(uint32_t index)
{
    struct domain_status *domain = mem_alloc(sizeof *domain);
    domain->index = index;
    domain->name = mem_printf("d%u.example", index);
    domain->state = STATE_OK;
    domain->since_ms = TIME_ABSENT;
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        struct check_status *check = &domain->check[i];
        check->result = (struct check_result){REASON_OK, STATE_OK, DURATION_ABSENT, NULL};
        check->last_run_ms = check->last_success_ms = check->last_change_ms = TIME_ABSENT;
    }
    return domain;
}

static struct status *status_new(size_t count, uint32_t step)
{
    struct status *status = mem_alloc(sizeof *status);
    status->agent.version = "1.2.3";
    status->domain_count = count;
    status->domains = mem_array(count + 1, sizeof *status->domains);
    for (size_t i = 0; i < count; i++)
        status->domains[i] = domain_new((uint32_t)(i + 1) * step);
    return status;
}

/* Gives the domain endpoints with the indexes step, 2 step, …; index, target, state, reason, port, address and
 * transport are all that is known of them. */
static void add_endpoints(struct domain_status *domain, size_t count, uint32_t step)
{
    domain->latest = domain_result_new();
    domain->latest->endpoints = mem_array(count + 1, sizeof *domain->latest->endpoints);
    domain->latest->endpoint_count = count;
    for (size_t i = 0; i < count; i++) {
        struct endpoint_result *endpoint = &domain->latest->endpoints[i];
        endpoint_result_init(endpoint);
        endpoint->index = (uint32_t)(i + 1) * step;
        endpoint->target = mem_strdup("xmpp.example");
        endpoint->address = mem_strdup("192.0.2.1");
    }
}

static void status_free(struct status *status)
{
    for (size_t i = 0; i < status->domain_count; i++) {
        domain_result_free(status->domains[i]->latest);
        free(status->domains[i]->name);
        free(status->domains[i]);
    }
    free(status->domains);
    free(status);
}

/* The number of instances; every name must come behind the one before, and be found by itself. */
static size_t walk(const struct mib *mib, const struct status *status)
{
    struct mib_name at = *mib_root(mib);
    struct mib_cell cell;
    size_t count = 0;
    while (mib_next(mib, status, at.ids, at.length, false, &cell)) {
        assert_true(snmp_oid_compare(at.ids, at.length, cell.name.ids, cell.name.length) < 0);
        at = cell.name;
        assert_int_equal(mib_get(mib, status, at.ids, at.length, &cell), MIB_FOUND);
        count++;
    }
    return count;
}

static void test_walk_finds_all(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 7, 1000};
    struct mib *mib = mib_new();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct status *status = status_new(counts[i], 3);
        /* 11 scalars; of a domain name, state, reason and check; of a check state, reason, runs, failures, interval. */
        assert_int_equal(walk(mib, status), 11 + counts[i] * (4 + CHECK_COUNT * 5));
        status_free(status);
    }
    mib_free(mib);
}

static void test_walk_finds_every_endpoint(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 3, 0, 0, 1, 16, 0};
    struct mib *mib = mib_new();
    struct status *status = status_new(7, 2);
    size_t bare = walk(mib, status), endpoints = 0, rounds = 0;
    for (size_t i = 0; i < 7; i++) {
        if (i == 3)
            continue; /* without a round */
        add_endpoints(status->domains[i], counts[i], (uint32_t)i + 1);
        endpoints += counts[i];
        rounds++;
    }
    /* Of an endpoint target, state, reason, port, address, transport; of a round the endpoints skipped. */
    assert_int_equal(walk(mib, status), bare + endpoints * 6 + rounds);
    status_free(status);
    mib_free(mib);
}

/* A name below the root's `objects`, as numbers. */
struct below {
    size_t length;
    oid ids[8];
};
#define BELOW(...) {sizeof((oid[]){__VA_ARGS__}) / sizeof(oid), {__VA_ARGS__}}

static struct mib_name name_of(const struct mib *mib, const struct below *below)
{
    struct mib_name name = *mib_objects(mib);
    memcpy(name.ids + name.length, below->ids, below->length * sizeof(oid));
    name.length += below->length;
    return name;
}

/* Four domains, the second and the fourth with two endpoints each, the first without a round. */
static struct status *table_new(void)
{
    struct status *status = status_new(4, 3);
    add_endpoints(status->domains[1], 2, 10);
    add_endpoints(status->domains[2], 0, 1);
    add_endpoints(status->domains[3], 2, 10);
    return status;
}

static void test_get(void **state)
{
    (void)state;
    static const struct {
        struct below name;
        enum mib_answer answer;
    } cases[] = {
        {BELOW(1, 1, 0), MIB_FOUND},
        {BELOW(1, 1), MIB_NO_INSTANCE},
        {BELOW(1, 1, 1), MIB_NO_INSTANCE},
        {BELOW(1, 1, 0, 0), MIB_NO_INSTANCE},
        {BELOW(1, 99, 0), MIB_NO_OBJECT},
        {BELOW(2, 1, 2, 3), MIB_FOUND},
        {BELOW(2, 1, 2, 6), MIB_FOUND},
        {BELOW(2, 1, 2, 4), MIB_NO_INSTANCE},
        {BELOW(2, 1, 2, 0), MIB_NO_INSTANCE},
        {BELOW(2, 1, 2, 7), MIB_NO_INSTANCE},
        {BELOW(2, 1, 2, 13), MIB_NO_INSTANCE},
        {BELOW(2, 1, 2), MIB_NO_INSTANCE},
        {BELOW(2, 1, 2, 3, 0), MIB_NO_INSTANCE},
        {BELOW(2, 1, 1, 3), MIB_NO_OBJECT}, /* an index is not accessible */
        {BELOW(2, 1, 5, 3), MIB_NO_INSTANCE}, /* no detail */
        {BELOW(2, 1), MIB_NO_OBJECT},
        {BELOW(2, 2, 2, 3), MIB_NO_OBJECT},
        {BELOW(3, 1, 3, 3, 1), MIB_FOUND},
        {BELOW(3, 1, 3, 6, 8), MIB_FOUND},
        {BELOW(3, 1, 3, 3, 0), MIB_NO_INSTANCE},
        {BELOW(3, 1, 3, 3, 9), MIB_NO_INSTANCE},
        {BELOW(3, 1, 3, 3), MIB_NO_INSTANCE},
        {BELOW(3, 1, 2, 3, 1), MIB_NO_OBJECT}, /* the check tables have no column 2 */
        {BELOW(4, 1, 2, 6, 10), MIB_FOUND},
        {BELOW(4, 1, 2, 6, 20), MIB_FOUND},
        {BELOW(4, 1, 2, 6, 15), MIB_NO_INSTANCE},
        {BELOW(4, 1, 2, 6, 30), MIB_NO_INSTANCE},
        {BELOW(4, 1, 2, 6), MIB_NO_INSTANCE},
        {BELOW(4, 1, 2, 6, 10, 0), MIB_NO_INSTANCE},
        {BELOW(4, 1, 2, 3, 1), MIB_NO_INSTANCE}, /* no round, so no endpoints */
        {BELOW(4, 1, 2, 9, 0), MIB_NO_INSTANCE}, /* a round, but no endpoints */
        {BELOW(4, 1, 5, 6, 10), MIB_NO_INSTANCE},
        {BELOW(4, 1, 1, 6, 10), MIB_NO_OBJECT},
        {BELOW(9, 1, 2, 1), MIB_NO_OBJECT},
        {BELOW(0), MIB_NO_OBJECT},
    };
    struct mib *mib = mib_new();
    struct status *status = table_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mib_name name = name_of(mib, &cases[i].name);
        struct mib_cell cell;
        if (mib_get(mib, status, name.ids, name.length, &cell) != cases[i].answer)
            fail_msg("case %zu", i);
    }
    status_free(status);
    mib_free(mib);
}

static void test_next(void **state)
{
    (void)state;
    static const struct {
        struct below name;
        bool inclusive;
        struct below next; /* length 0: the end */
    } cases[] = {
        {BELOW(0), false, BELOW(1, 1, 0)},
        {BELOW(1, 1), false, BELOW(1, 1, 0)},
        {BELOW(1, 1, 0), true, BELOW(1, 1, 0)},
        {BELOW(1, 1, 0), false, BELOW(1, 2, 0)},
        {BELOW(1, 1, 0, 0), true, BELOW(1, 2, 0)},
        {BELOW(1, 11, 0), false, BELOW(2, 1, 2, 3)},
        {BELOW(2), false, BELOW(2, 1, 2, 3)},
        {BELOW(2, 1, 2, 3), false, BELOW(2, 1, 2, 6)},
        {BELOW(2, 1, 2, 3), true, BELOW(2, 1, 2, 3)},
        {BELOW(2, 1, 2, 4), true, BELOW(2, 1, 2, 6)},
        {BELOW(2, 1, 2, 4294967295), false, BELOW(2, 1, 3, 3)},
        {BELOW(2, 1, 4, 12), false, BELOW(2, 1, 6, 3)}, /* over a column without any value */
        {BELOW(2, 1, 8), false, BELOW(2, 1, 9, 6)}, /* no start delay is known, and no round of the first */
        {BELOW(2, 1, 10), false, BELOW(3, 1, 3, 3, 1)},
        {BELOW(3, 1, 3, 3), false, BELOW(3, 1, 3, 3, 1)},
        {BELOW(3, 1, 3, 3, 8), false, BELOW(3, 1, 3, 6, 1)},
        {BELOW(3, 1, 3, 3, 8, 5), false, BELOW(3, 1, 3, 6, 1)},
        {BELOW(3, 1, 12, 6, 7), false, BELOW(3, 1, 12, 6, 8)},
        {BELOW(3, 1, 12, 12, 8), false, BELOW(4, 1, 2, 6, 10)},
        {BELOW(4, 1, 2, 6), false, BELOW(4, 1, 2, 6, 10)},
        {BELOW(4, 1, 2, 3, 7), true, BELOW(4, 1, 2, 6, 10)},
        {BELOW(4, 1, 2, 6, 10), false, BELOW(4, 1, 2, 6, 20)},
        {BELOW(4, 1, 2, 6, 10), true, BELOW(4, 1, 2, 6, 10)},
        {BELOW(4, 1, 2, 6, 10, 5), false, BELOW(4, 1, 2, 6, 20)},
        {BELOW(4, 1, 2, 6, 11), true, BELOW(4, 1, 2, 6, 20)},
        {BELOW(4, 1, 2, 6, 20), false, BELOW(4, 1, 2, 12, 10)}, /* over the domain without endpoints */
        {BELOW(4, 1, 2, 9), false, BELOW(4, 1, 2, 12, 10)},
        {BELOW(4, 1, 2, 12, 4294967295), false, BELOW(4, 1, 3, 6, 10)},
        {BELOW(4, 1, 4, 12, 20), false, BELOW(4, 1, 6, 6, 10)},
        {BELOW(4, 1, 8, 12, 20), false, {0, {0}}}, /* over columns without any value */
        {BELOW(4, 1, 8, 12, 20), true, BELOW(4, 1, 8, 12, 20)},
        {BELOW(9), false, {0, {0}}},
    };
    struct mib *mib = mib_new();
    struct status *status = table_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mib_name name = name_of(mib, &cases[i].name), next = name_of(mib, &cases[i].next);
        struct mib_cell cell;
        bool found = mib_next(mib, status, name.ids, name.length, cases[i].inclusive, &cell);
        if (found != (cases[i].next.length != 0) ||
            (found && snmp_oid_compare(cell.name.ids, cell.name.length, next.ids, next.length) != 0))
            fail_msg("case %zu", i);
    }
    status_free(status);
    mib_free(mib);
}

/* Values */

static void test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[301] = "";
    netsnmp_variable_list varbind;
    for (size_t head = 0; head < 4; head++) { /* so that the cut falls on each byte of a character */
        memset(text, 'x', head);
        for (size_t at = head; at + 3 < sizeof text; at += 3)
            memcpy(text + at, "\xe2\x82\xac", 4);
        struct fact_value value = {.present = true, .text = text};
        memset(&varbind, 0, sizeof varbind);
        cell_write(fact_by_key(SCOPE_DOMAIN, "detail"), &value, &varbind);
        assert_int_equal(varbind.type, ASN_OCTET_STR);
        assert_in_range(varbind.val_len, CELL_TEXT_MAX - 2, CELL_TEXT_MAX);
        size_t kept = varbind.val_len - 3;
        assert_memory_equal(varbind.val.string, text, kept);
        assert_memory_equal(varbind.val.string + kept, "...", 3);
        assert_int_equal((kept - head) % 3, 0);
        snmp_reset_var_buffers(&varbind);
    }
    memset(text, 'y', CELL_TEXT_MAX);
    text[CELL_TEXT_MAX] = '\0';
    struct fact_value value = {.present = true, .text = text};
    memset(&varbind, 0, sizeof varbind);
    cell_write(fact_by_key(SCOPE_DOMAIN, "detail"), &value, &varbind);
    assert_int_equal(varbind.val_len, CELL_TEXT_MAX);
    assert_memory_equal(varbind.val.string, text, CELL_TEXT_MAX);
    snmp_reset_var_buffers(&varbind);
}

static void test_numbers_are_bounded(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        long ms;
    } cases[] = {{-1, 0}, {0, 0}, {0.0004, 0}, {0.0006, 1}, {1.5, 1500}, {4294967.295, 4294967295}, {1e12, 4294967295}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fact_value value = {.present = true, .number = cases[i].seconds};
        netsnmp_variable_list varbind;
        memset(&varbind, 0, sizeof varbind);
        cell_write(fact_by_key(SCOPE_CHECK, "duration_seconds"), &value, &varbind);
        assert_int_equal(varbind.type, ASN_GAUGE);
        assert_int_equal(*varbind.val.integer, cases[i].ms);
        snmp_reset_var_buffers(&varbind);
    }
}

/* The module */

static char *module_text(void)
{
    const char *srcdir = getenv("srcdir");
    char *path = mem_printf("%s/" MODULE, srcdir != NULL ? srcdir : ".");
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s is missing", path);
    free(path);
    struct buf text;
    buf_init(&text, MODULE_MAX);
    char piece[4096];
    for (size_t count; (count = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_add(&text, piece, count);
    fclose(file);
    assert_false(buf_failed(&text));
    char *module = buf_steal(&text);
    buf_fini(&text);
    return module;
}

static const char *syntax_of(const struct fact *fact)
{
    switch (fact->type) {
    case FACT_TEXT:
        return fact->key != NULL && strcmp(fact->key, "reason") == 0 ? "FhReason" : "SnmpAdminString";
    case FACT_STATE: return "FhState";
    case FACT_CHOICE: return "FhS2sNodeKind";
    case FACT_COUNTER: return "Counter64";
    case FACT_TIMESTAMP: return "DateAndTime";
    case FACT_GAUGE: return strcmp(fact->object, "fhEndpointPort") == 0 ? "Unsigned32" : "Gauge32";
    case FACT_DURATION: return "Gauge32";
    case FACT_INFO: break;
    }
    return "nothing";
}

static const char *parent_of(enum fact_scope scope)
{
    switch (scope) {
    case SCOPE_AGENT: return "fhAgent";
    case SCOPE_DOMAIN: return "fhDomainEntry";
    case SCOPE_CHECK: return "fhCheckEntry";
    case SCOPE_ENDPOINT: return "fhEndpointEntry";
    case SCOPE_IMP: return "fhImpEntry";
    case SCOPE_S2S_NODE: return "fhS2sNodeEntry";
    case SCOPE_NOTIFICATION: return "fhXcpNotificationEntry";
    case SCOPE_IMP_CHECK: return "fhImpCheckEntry";
    default: return "nothing";
    }
}

/* That the object's definition, up to its number, has this in it. */
static void expect_in(const char *definition, const char *what, const char *object)
{
    const char *end = strstr(definition, "::="), *found = strstr(definition, what);
    if (end == NULL || found == NULL || found > end)
        fail_msg("%s: no \"%s\"", object, what);
}

static void test_module_defines_every_fact(void **state)
{
    (void)state;
    char *module = module_text();
    size_t objects = 0, accessible = 0;
    for (const struct fact *fact = FACTS; fact < FACTS + FACT_COUNT; fact++) {
        if (fact->column == 0)
            continue;
        objects++;
        char *head = mem_printf("\n%s OBJECT-TYPE\n    SYNTAX       %s", fact->object, syntax_of(fact));
        char *number = mem_printf("::= { %s %u }", parent_of(fact->scope), fact->column);
        const char *definition = strstr(module, head);
        if (definition == NULL)
            fail_msg("%s is not in the module, or not as %s", fact->object, syntax_of(fact));
        expect_in(definition, "MAX-ACCESS   read-only", fact->object);
        expect_in(definition, number, fact->object);
        if (fact->type == FACT_DURATION)
            expect_in(definition, "UNITS        \"milliseconds\"", fact->object);
        free(head);
        free(number);
    }
    for (const char *at = module; (at = strstr(at, "MAX-ACCESS   read-only")) != NULL; at++)
        accessible++;
    assert_int_equal(accessible, objects);
    free(module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_finds_all),
        cmocka_unit_test(test_walk_finds_every_endpoint),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_numbers_are_bounded),
        cmocka_unit_test(test_module_defines_every_fact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
