/* The known form of a cp_id, and everything that only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "health/cp_id.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define HOST_255 SIXTY SIXTY SIXTY SIXTY TEN "01234"

static void takes_the_known_form_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *manager, *component, *host;
    } rows[] = {
        {"cm-2_s2scp-1.eft-xwye-a-coluc-com", "cm-2", "s2scp-1", "eft-xwye-a-coluc-com"},
        {"cm-10_s2scp-007.X", "cm-10", "s2scp-007", "X"},
        {"cm-" SIXTY "_s2scp-1.a", "cm-" SIXTY, "s2scp-1", "a"},
        {"cm-1_s2scp-1." HOST_255, "cm-1", "s2scp-1", HOST_255},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cp_id parts;
        assert_true(cp_id_parse(&parts, rows[i].text));
        assert_string_equal(parts.manager, rows[i].manager);
        assert_string_equal(parts.component, rows[i].component);
        assert_string_equal(parts.host, rows[i].host);
    }
}

static void refuses_other_forms(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "cm", "cm-", "cm-2", "cm-2_", "cm-2_s2scp-1", "cm-2_s2scp-1.", "cm-_s2scp-1.a", "cm-2_s2scp-.a",
        "cm-2_s2scp-1.a.b", "cm-2_s2scp-1.a b", "cm-2_s2scp-1.-a", "cm-2_s2scp-1.a-", "cm-2_s2scp-1.a_b",
        "cm-2_c2scp-1.a", "CM-2_s2scp-1.a", " cm-2_s2scp-1.a", "cm-2a_s2scp-1.a", "cm-2-s2scp-1.a", "cm-2_s2scp-1_a",
        "cm-2_s2scp-1.\xc3\xa9", "cm-" SIXTY "1_s2scp-1.a", "cm-1_s2scp-" SIXTY ".a", "cm-1_s2scp-1." HOST_255 "5",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cp_id parts;
        memset(&parts, 'x', sizeof parts);
        if (cp_id_parse(&parts, rows[i]))
            fail_msg("%s", rows[i]);
        assert_string_equal(parts.manager, "");
        assert_string_equal(parts.component, "");
        assert_string_equal(parts.host, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_known_form_apart),
        cmocka_unit_test(refuses_other_forms),
    };
    return cmocka_run_group_tests_name("cp_id", tests, NULL, NULL);
}
