/* The tables of Cisco IM and Presence nodes in the space of OIDs. */
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
#include "sample_status.h"

/* A dotted name below the root's `objects`. */
static struct mib_name name_of(const struct mib *mib, const char *dotted)
{
    struct mib_name name = *mib_objects(mib);
    for (char *end; *dotted != '\0'; dotted = *end == '.' ? end + 1 : end)
        name.ids[name.length++] = strtoul(dotted, &end, 10);
    return name;
}

static char *dotted_of(const struct mib *mib, const struct mib_name *name)
{
    struct buf dotted;
    buf_init(&dotted, 1024);
    for (size_t i = mib_objects(mib)->length; i < name->length; i++)
        buf_printf(&dotted, "%s%lu", dotted.length > 0 ? "." : "", (unsigned long)name->ids[i]);
    return dotted.data;
}

/* As it travels: numbers in decimal, times by their first octets in hexadecimal. */
static char *value_of(const struct mib_cell *cell)
{
    netsnmp_variable_list varbind;
    memset(&varbind, 0, sizeof varbind);
    cell_write(cell->fact, &cell->value, &varbind);
    char *text = NULL;
    if (varbind.type == ASN_COUNTER64)
        text = mem_printf("%lu", varbind.val.counter64->low);
    else if (varbind.type != ASN_OCTET_STR)
        text = mem_printf("%ld", *varbind.val.integer);
    else if (cell->fact->type == FACT_TIMESTAMP)
        text = mem_printf("%02x%02x-%u-%u", varbind.val.string[0], varbind.val.string[1], varbind.val.string[2],
                          varbind.val.string[3]);
    else
        text = mem_printf("%.*s", (int)varbind.val_len, (const char *)varbind.val.string);
    snmp_reset_var_buffers(&varbind);
    return text;
}

static struct status *sample_new(void)
{
    struct status *status = sample_status_new();
    sample_add_nodes(status);
    return status;
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value; /* NULL: no such instance; "": no such object */
    } cases[] = {
        {"1.7.0", "4"}, {"1.8.0", "1"}, {"1.9.0", "0"}, {"1.10.0", "2"}, {"1.11.0", "1"},
        {"5.1.1.2", ""}, {"5.1.2.2", "cups.healthy.example"}, {"5.1.2.8", "cups.new.example"}, {"5.1.2.3", NULL},
        {"5.1.3.2", "1"}, {"5.1.3.4", "3"}, {"5.1.3.8", "4"},
        {"5.1.4.4", "axl_account_rejected"}, {"5.1.4.8", "not_run"},
        {"5.1.5.2", NULL},
        {"5.1.5.6", "restart the XCP Router on cups.pending.example"}, /* not the check's own detail */
        {"5.1.6.6", "xcp_restart"}, {"5.1.8.2", "2"}, {"5.1.8.6", NULL},
        {"5.1.10.2", "12.5.1.11900-117"}, {"5.1.10.8", NULL}, {"5.1.12.2", "200"}, {"5.1.12.8", NULL},
        {"5.1.13.2", NULL}, {"5.1.13.4", "07ea-11-22"},
        {"5.1.14.2", "1"}, {"5.1.14.4", "0"}, {"5.1.14.8", NULL}, {"5.1.15.8", NULL}, {"5.1.16.2", NULL},
        {"5.1.17.6", "Started"}, {"5.1.18.6", "07ea-10-23"},
        {"6.1.1.2.3", ""}, {"6.1.2.2.3", "cm-2_s2scp-1.eft-xwye-a-coluc-com"}, {"6.1.2.2.1", NULL}, {"6.1.2.4.3", NULL},
        {"6.1.3.2.3", "1"}, {"6.1.3.6.6", "2"}, {"6.1.3.6.9", "3"},
        {"6.1.4.6.3", "6e4d8a06-7a5b-4b1e-9d37-000000000002"}, {"6.1.4.6.6", NULL},
        {"6.1.5.6.3", "07ea-11-21"}, {"6.1.5.6.6", NULL},
        {"6.1.6.2.3", "cm-2"}, {"6.1.7.2.3", "s2scp-1"}, {"6.1.8.2.3", "eft-xwye-a-coluc-com"}, {"6.1.8.6.9", NULL},
        {"7.1.3.6.1", "Warning"}, {"7.1.4.6.1", "Cisco XCP Config Manager"}, {"7.1.5.6.1", "Jan 5, 2015 3:10:43 PM"},
        {"7.1.6.6.1", "5"}, {"7.1.7.6.2", "page"}, {"7.1.2.6.3", NULL}, {"7.1.2.2.1", NULL}, {"7.1.4.6.2", NULL},
        {"8.1.2.2.1", ""}, {"8.1.3.6.2", "2"}, {"8.1.3.6.3", "3"}, {"8.1.3.8.4", "4"}, {"8.1.3.8.5", NULL},
        {"8.1.4.4.2", "s2snode_empty"}, {"8.1.5.4.1", "expressway-c: 401"}, {"8.1.6.4.1", "3"}, {"8.1.7.4.1", "1"},
        {"8.1.6.8.1", "0"}, {"8.1.8.8.1", NULL}, {"8.1.11.2.4", "22"}, {"8.1.12.8.4", "300000"},
        {"9.1.2.2", ""},
    };
    struct mib *mib = mib_new();
    struct status *status = sample_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mib_name name = name_of(mib, cases[i].name);
        struct mib_cell cell;
        enum mib_answer answer = mib_get(mib, status, name.ids, name.length, &cell);
        enum mib_answer expected = cases[i].value == NULL       ? MIB_NO_INSTANCE
                                   : cases[i].value[0] == '\0' ? MIB_NO_OBJECT
                                                               : MIB_FOUND;
        if (answer != expected)
            fail_msg("%s: %d", cases[i].name, (int)answer);
        if (answer != MIB_FOUND)
            continue;
        char *value = value_of(&cell);
        if (strcmp(value, cases[i].value) != 0)
            fail_msg("%s: %s", cases[i].name, value);
        free(value);
    }
    sample_status_free(status);
    mib_free(mib);
}

static void test_next(void **state)
{
    (void)state;
    static const struct {
        const char *name, *next;
    } cases[] = {
        {"5", "5.1.2.2"}, {"5.1.2.2", "5.1.2.4"}, {"5.1.2.3", "5.1.2.4"}, {"5.1.2.8", "5.1.3.2"},
        {"5.1.12.6", "5.1.13.4"}, {"5.1.13.4", "5.1.14.2"},
        {"6", "6.1.2.2.3"}, {"6.1.2.2.3", "6.1.2.6.3"}, {"6.1.2.4", "6.1.2.6.3"}, {"6.1.2.6.7", "6.1.2.6.9"},
        {"6.1.2.6.9", "6.1.3.2.3"}, {"6.1.4.6.3", "6.1.5.2.3"},
        {"7", "7.1.2.6.1"}, {"7.1.2.6.1", "7.1.2.6.2"}, {"7.1.2.6.2", "7.1.3.6.1"}, {"7.1.3.6.1", "7.1.4.6.1"},
        {"8", "8.1.3.2.1"}, {"8.1.3.2.4", "8.1.3.4.1"}, {"8.1.3.8.4", "8.1.4.2.1"}, {"8.1.12.8.3", "8.1.12.8.4"},
        {"8.1.12.8.4", NULL},
    };
    struct mib *mib = mib_new();
    struct status *status = sample_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mib_name name = name_of(mib, cases[i].name);
        struct mib_cell cell;
        bool found = mib_next(mib, status, name.ids, name.length, false, &cell);
        if (found != (cases[i].next != NULL))
            fail_msg("%s: %d", cases[i].name, found);
        if (!found)
            continue;
        char *next = dotted_of(mib, &cell.name);
        if (strcmp(next, cases[i].next) != 0)
            fail_msg("%s: %s", cases[i].name, next);
        free(next);
    }
    sample_status_free(status);
    mib_free(mib);
}

/* Every name comes behind the one before and is found by itself, over all tables of nodes. */
static void test_walk(void **state)
{
    (void)state;
    struct mib *mib = mib_new();
    struct status *status = sample_new();
    struct mib_name at = name_of(mib, "5");
    struct mib_cell cell;
    size_t checks = 0, table = mib_objects(mib)->length;
    while (mib_next(mib, status, at.ids, at.length, false, &cell)) {
        assert_true(snmp_oid_compare(at.ids, at.length, cell.name.ids, cell.name.length) < 0);
        at = cell.name;
        assert_int_equal(mib_get(mib, status, at.ids, at.length, &cell), MIB_FOUND);
        checks += at.ids[table] == 8 && at.ids[table + 2] == 3;
    }
    assert_int_equal(checks, SAMPLE_NODES * IMP_CHECK_COUNT);
    sample_status_free(status);
    mib_free(mib);
}

/* A table that was never read shows nothing, not even what should be in it. */
static void test_not_read(void **state)
{
    (void)state;
    struct mib *mib = mib_new();
    struct status *status = sample_new();
    for (size_t i = 0; i < status->imp_count; i++)
        status->imp[i]->verdict.memory->rows_seen_ms = TIME_ABSENT;
    struct mib_name name = name_of(mib, "6");
    struct mib_cell cell;
    assert_true(mib_next(mib, status, name.ids, name.length, false, &cell));
    assert_int_equal(cell.name.ids[mib_objects(mib)->length], 7);
    sample_status_free(status);
    mib_free(mib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_not_read),
    };
    return cmocka_run_group_tests_name("mib of nodes", tests, NULL, NULL);
}
