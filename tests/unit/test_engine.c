/* The SNMP engine's id and boots in their file: what is taken from it, and what becomes of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "exporters/snmp/engine.h"
#include "tests/unit/folder_scene.h"

#define FILE_NAME "snmp-engine"
#define HEADER "fedhealth-snmp-engine 1\n"
#define ID "80001f88050102030405"
#define TEXT(id, boots) HEADER "id " id "\nboots " boots "\nend\n"

static const unsigned char ID_BYTES[] = {0x80, 0x00, 0x1f, 0x88, 5, 1, 2, 3, 4, 5};

static bool same_id(const struct engine *a, const struct engine *b)
{
    return a->id_size == b->id_size && memcmp(a->id, b->id, a->id_size) == 0;
}

static bool has_id(const struct engine *engine)
{
    return engine->id_size == sizeof ID_BYTES && memcmp(engine->id, ID_BYTES, sizeof ID_BYTES) == 0;
}

/* One start and its end. */
static struct engine start(const char *state_dir)
{
    struct engine engine;
    engine_open(&engine, state_dir);
    engine_close(&engine);
    return engine;
}

static void write_file(const char *text)
{
    scene_remove(FILE_NAME);
    scene_write(FILE_NAME, text, strlen(text));
}

static void expect_file(const char *text)
{
    size_t length;
    char *found = scene_read(FILE_NAME, &length);
    assert_non_null(found);
    assert_string_equal(found, text);
    free(found);
}

static void test_boots_grow(void **state)
{
    (void)state;
    struct stat status;
    scene_remove(FILE_NAME);
    struct engine first = start(".");
    assert_int_equal(first.boots, 1);
    assert_int_equal(first.id[0], 0x80);
    assert_int_equal(first.id[4], 5);
    assert_int_equal(first.id_size, 21);
    for (uint32_t boots = 2; boots < 5; boots++) {
        struct engine next = start(".");
        assert_true(same_id(&first, &next));
        assert_int_equal(next.boots, boots);
    }
    assert_int_equal(stat(FILE_NAME, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    write_file(TEXT(ID, "41"));
    struct engine other = start(".");
    assert_true(has_id(&other));
    assert_int_equal(other.boots, 42);
    expect_file(TEXT(ID, "42"));
}

static void test_boots_end(void **state)
{
    (void)state;
    write_file(TEXT(ID, "2147483645"));
    struct engine last = start(".");
    assert_true(has_id(&last));
    assert_int_equal(last.boots, ENGINE_BOOTS_MAX);
    struct engine next = start(".");
    assert_false(has_id(&next));
    assert_int_equal(next.boots, 1);
    struct engine after = start(".");
    assert_true(same_id(&next, &after));
    assert_int_equal(after.boots, 2);
}

/* A new id, which is kept from then on. */
static void test_damaged(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "x", "\n", HEADER, HEADER "id " ID "\n", HEADER "id " ID "\nboots 7\n", TEXT(ID, "7") "\n",
        TEXT(ID, ""), TEXT(ID, "0"), TEXT(ID, "-1"), TEXT(ID, "7x"), TEXT(ID, " 7"), TEXT(ID, "2147483648"),
        TEXT(ID, "99999999999999999999999"), TEXT("", "7"), TEXT("80001f88", "7"), TEXT("80001f8805010", "7"),
        TEXT("80001F88050102", "7"), TEXT("80001f88050g02", "7"), TEXT(ID ID ID ID "80", "7"),
        "fedhealth-snmp-engine 2\nid " ID "\nboots 7\nend\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(texts[i]);
        struct engine engine = start("."), next = start(".");
        if (has_id(&engine) || engine.boots != 1 || !same_id(&engine, &next) || next.boots != 2)
            fail_msg("%zu: \"%s\"", i, texts[i]);
    }
    char large[8192];
    memset(large, '1', sizeof large);
    memcpy(large, TEXT(ID, "7"), strlen(TEXT(ID, "7")));
    scene_remove(FILE_NAME);
    scene_write(FILE_NAME, large, sizeof large);
    assert_int_equal(start(".").boots, 1);
    scene_remove(FILE_NAME);
    scene_write(FILE_NAME, TEXT(ID, "7") "\0", strlen(TEXT(ID, "7")) + 1);
    assert_int_equal(start(".").boots, 1);
}

/* What cannot be kept is another id each time, with boots that are none of those of the file. */
static void expect_kept_nowhere(const char *state_dir)
{
    struct engine one = start(state_dir), two = start(state_dir);
    assert_int_equal(one.boots, 1);
    assert_int_equal(two.boots, 1);
    assert_false(same_id(&one, &two));
    assert_false(has_id(&one));
    assert_int_equal(one.lock, -1);
}

static void test_no_folder(void **state)
{
    (void)state;
    expect_kept_nowhere(NULL);
    expect_kept_nowhere("missing");
    write_file(TEXT(ID, "7"));
    expect_kept_nowhere(FILE_NAME);
}

static void test_no_file(void **state)
{
    (void)state;
    scene_remove(FILE_NAME);
    assert_int_equal(mkdir(FILE_NAME, 0755), 0);
    expect_kept_nowhere(".");
    scene_remove(FILE_NAME);
    scene_write("elsewhere", TEXT(ID, "7"), strlen(TEXT(ID, "7")));
    assert_int_equal(symlink("elsewhere", FILE_NAME), 0);
    expect_kept_nowhere(".");
    scene_remove(FILE_NAME);
    assert_int_equal(mkfifo(FILE_NAME, 0600), 0);
    expect_kept_nowhere(".");
    scene_remove(FILE_NAME);
}

/* Neither a folder in the way nor a file system without files makes an id come back with the same boots. */
static void test_cannot_be_written(void **state)
{
    (void)state;
    write_file(TEXT(ID, "7"));
    assert_int_equal(mkdir("snmp-engine.new", 0755), 0); /* stands in the way of the new file */
    expect_kept_nowhere(".");
    expect_file(TEXT(ID, "7"));
    scene_remove("snmp-engine.new");
    scene_write("snmp-engine.new", "left by one that was killed", 10);
    assert_int_equal(start(".").boots, 8);
    expect_kept_nowhere("/proc/self/fdinfo");
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    struct engine holder;
    write_file(TEXT(ID, "7"));
    engine_open(&holder, ".");
    assert_int_equal(holder.boots, 8);
    expect_kept_nowhere(".");
    engine_close(&holder);
    engine_close(&holder);
    struct engine next = start(".");
    assert_true(has_id(&next));
    assert_int_equal(next.boots, 9);
}

static int setup(void **state)
{
    (void)state;
    return scene_enter_folder();
}

static int teardown(void **state)
{
    (void)state;
    scene_leave_folder();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boots_grow),
        cmocka_unit_test(test_boots_end),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_cannot_be_written),
        cmocka_unit_test(test_one_at_a_time),
    };
    return cmocka_run_group_tests_name("engine", tests, setup, teardown);
}
