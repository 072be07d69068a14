/* docs/configuration.md: its table is the schema's, and its example is good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/file.h"
#include "config/schema.h"

static char *reference; /* docs/configuration.md */

static void add_type(struct buf *out, const struct key *key)
{
    static const char *const before[] = {
        [KEY_VALUE] = "", [KEY_LIST] = "list: ", [KEY_MAP] = "map", [KEY_MAPS] = "list of maps", [KEY_PAIRS] = "map: "};
    buf_puts(out, before[key->shape]);
    if (key->shape == KEY_MAPS && key->bare != NULL)
        buf_puts(out, " or bare values");
    if (key->left.type != NULL)
        buf_printf(out, "%s to ", key->left.type->name);
    if (key->rule.words != NULL) {
        for (const struct value_word *word = key->rule.words; word->word != NULL; word++)
            buf_printf(out, "%s`%s`", word == key->rule.words ? "" : ", ", word->word);
    } else if (key->rule.type != NULL) {
        buf_puts(out, key->rule.type->name);
    }
    if (key->rule.least != NULL)
        buf_printf(out, ", %s to %s", key->rule.least, key->rule.most);
}

static void add_default(struct buf *out, const struct key *key)
{
    if (key->fallback != NULL)
        buf_printf(out, "`%s`", key->fallback);
    else if (key->required)
        buf_puts(out, "required");
    else if (key->otherwise != NULL)
        buf_puts(out, key->otherwise);
    else if (key->shape != KEY_MAP)
        buf_puts(out, "none");
}

static void test_every_key(void **state)
{
    (void)state;
    size_t missing = 0;
    struct buf row;
    buf_init(&row, 1000);
    for (const struct key *key = KEYS; key < KEYS + KEY_COUNT; key++) {
        buf_clear(&row);
        buf_printf(&row, "| `%s` | ", key->path);
        add_type(&row, key);
        buf_puts(&row, " | ");
        add_default(&row, key);
        buf_printf(&row, " | %s |\n", key->help);
        if (strstr(reference, row.data) == NULL) {
            print_error("docs/configuration.md lacks\n%s", row.data);
            missing++;
        }
    }
    buf_fini(&row);
    assert_int_equal(missing, 0);
}

/* The example with every file of /etc replaced by itself: the machine may not have those that it names. */
static void write_example(int fd, const char *name)
{
    static const char begin[] = "```yaml\n", end[] = "```\n", folder[] = "/etc/";
    const char *at = strstr(reference, begin) + strlen(begin), *last = strstr(at, end);
    for (const char *path; (path = strstr(at, folder)) != NULL && path < last; at = path + strcspn(path, " \n,}\""))
        dprintf(fd, "%.*s%s", (int)(path - at), at, name);
    dprintf(fd, "%.*s", (int)(last - at), at);
}

static void test_example(void **state)
{
    (void)state;
    char name[] = "/tmp/test_config.XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    write_example(fd, name);
    close(fd);
    struct buf faults;
    buf_init(&faults, 1 << 20);
    struct config *config = config_load(name, &faults);
    unlink(name);
    assert_string_equal(faults.data, "");
    assert_string_equal(config->domains[1].name, "xn--bcher-kva.example");
    assert_int_equal(config->domains[2].expect_srv_count, 2);
    assert_int_equal(config->imp_node_count, 1);
    assert_int_equal(config->imp_nodes[0].account_count, 1);
    config_free(config);
    buf_fini(&faults);
}

static int setup(void **state)
{
    (void)state;
    struct err err;
    size_t length;
    const char *srcdir = getenv("srcdir");
    char *name = mem_printf("%s/docs/configuration.md", srcdir != NULL ? srcdir : ".");
    reference = file_read(name, &length, &err);
    if (reference == NULL)
        print_error("%s %s\n", name, err.text);
    free(name);
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    return reference == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    free(reference);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests_name("config_reference", tests, setup, teardown);
}
