/* The state file: damaged in every way, foreign, of another version, or with words that this version does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/state_file.h"
#include "tests/unit/slow.h"
#include "tests/unit/store_scene.h"

#define HEADER "{\"format\":\"fedhealth-state\",\"version\":1}\n"
#define LINE(more) "{\"name\":\"a\",\"index\":1,\"last_endpoint\":0" more "}\n"
#define NODE(more) "{\"imp\":\"a\",\"index\":1,\"last_cp_id\":9" more "}\n"
#define NAME_16 "abcdefghijklmnop"
#define NAME_64 NAME_16 NAME_16 NAME_16 NAME_16
#define NAME_256 NAME_64 NAME_64 NAME_64 NAME_64

static struct registry *registries[KIND_COUNT];

static void forget_what_was_read(void)
{
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        registry_free(registries[kind]);
        registries[kind] = NULL;
    }
}

/* Whether the bytes can be read; `registries` are what was read. */
static bool read_bytes(const char *bytes, size_t length, struct err *err)
{
    forget_what_was_read();
    for (enum kind kind = 0; kind < KIND_COUNT; kind++)
        registries[kind] = registry_new();
    FILE *in = fmemopen((void *)(uintptr_t)bytes, length, "r");
    assert_non_null(in);
    bool good = state_file_read(in, registries, err);
    fclose(in);
    return good;
}

/* The lines between header and last line, both right. */
static char *sealed(const char *header, const char *lines)
{
    size_t count = 0;
    for (const char *at = lines; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    char *text = mem_printf("%s%s", header, lines);
    uLong crc = crc32(crc32(0, NULL, 0), (const Bytef *)text, (uInt)strlen(text));
    char *whole = mem_printf("%s{\"names\":%zu,\"crc32\":\"%08lx\"}\n", text, count, crc);
    free(text);
    return whole;
}

static bool read_lines(const char *lines, struct err *err)
{
    char *whole = sealed(HEADER, lines);
    bool good = read_bytes(whole, strlen(whole), err);
    free(whole);
    return good;
}

/* Every kind of thing that is kept, in the folder "state"; its state file is returned. */
static char *rich_state(size_t *length)
{
    store_free(scene_store("z/z", 1, "state"));
    struct store *store = scene_store("abc/abc", 1, "state");
    store_put(store, 0,
              scene_endpoint(scene_endpoint(scene_good_round(1), "x", "192.0.2.1"), "y\\\"\n", "2001:db8::1"));
    store_put(store, 0, scene_round(CHECK_CERTIFICATE, REASON_CERT_EXPIRED, 1700000000000));
    store_put(store, 1, scene_round(CHECK_STREAM, REASON_NOT_REACHED, 3));
    store_put_imp(store, 0, scene_imp_round("xy\"", 1));
    store_put_imp(store, 0, scene_imp_round("y\\", 1700000000000));
    store_put_imp(store, 1, scene_imp_round(NULL, 3));
    store_free(store);
    return scene_read("state/state.jsonl", length);
}

static int remove_state(void **state)
{
    (void)state;
    scene_let_go();
    scene_remove("state");
    forget_what_was_read();
    return 0;
}

static void what_is_written_reads_as_it_was(void **state)
{
    (void)state;
    struct err err;
    size_t length, again_length = 0;
    char *text = rich_state(&length), *again = NULL;
    assert_true(read_bytes(text, length, &err));
    struct record *records[KIND_COUNT][8];
    struct state_names names[KIND_COUNT];
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        names[kind] = (struct state_names){registries[kind], records[kind], 0};
        for (struct registered *at = NULL; registry_next(registries[kind], &at);) {
            if (at->restored != NULL)
                records[kind][names[kind].count++] = at->restored;
        }
    }
    assert_int_equal(names[KIND_DOMAIN].count, 3);
    assert_int_equal(names[KIND_IMP].count, 3);
    FILE *out = open_memstream(&again, &again_length);
    assert_true(state_file_write(out, names, &err));
    fclose(out);
    assert_string_equal(again, text);
    free(again);
    free(text);
}

static void a_file_cut_off_anywhere_is_damaged(void **state)
{
    (void)state;
    struct err err;
    size_t length;
    char *text = rich_state(&length);
    for (size_t cut = 1; cut < length; cut += slow_part(13))
        assert_false(read_bytes(text, cut, &err));
    assert_true(read_bytes(text, length, &err));
    free(text);
}

static void a_flipped_bit_anywhere_is_damage(void **state)
{
    (void)state;
    struct err err;
    size_t length;
    char *text = rich_state(&length);
    for (size_t at = 0; at < length; at += slow_part(31)) {
        for (int bit = 0; bit < 8; bit++) {
            text[at] = (char)(text[at] ^ 1 << bit);
            assert_false(read_bytes(text, length, &err));
            text[at] = (char)(text[at] ^ 1 << bit);
        }
    }
    free(text);
}

static void bytes_put_in_or_taken_out_are_damage(void **state)
{
    (void)state;
    struct err err;
    size_t length;
    char *text = rich_state(&length), *more = mem_alloc(length + 2);
    for (size_t at = 0; at <= length; at += slow_part(31)) {
        memcpy(more, text, at);
        memcpy(more + at + 1, text + at, length - at);
        for (const char *byte = "\n x{\xff"; *byte != '\0'; byte++) {
            more[at] = *byte;
            assert_false(read_bytes(more, length + 1, &err));
        }
        more[at] = '\0';
        assert_false(read_bytes(more, length + 1, &err));
        if (at == length)
            continue;
        memcpy(more + at, text + at + 1, length - at - 1);
        assert_false(read_bytes(more, length - 1, &err));
    }
    free(more);
    free(text);
}

static void every_fault_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *told;
    } faults[] = {
#define FAULT(lines, told) {lines, told},
#include "tests/unit/state_faults.def"
#undef FAULT
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct err err;
        if (read_lines(faults[i].lines, &err))
            fail_msg("accepted: %s", faults[i].lines);
        if (strstr(err.text, faults[i].told) == NULL)
            fail_msg("%s is told as: %s", faults[i].lines, err.text);
    }
}

static void foreign_files_are_known_by_their_head(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *told;
    } files[] = {
        {"\n", "not a state file"},
        {"{}\n", "not a state file"},
        {"#!/bin/sh\n", "not a state file"},
        {"{\"format\":\"fedhealth-state\",\"version\":3}\n", "another version"},
        {"{\"format\":\"fedhealth-state\",\"version\":1,\"more\":0}\n", "another version"},
        {HEADER, "cut off"},
        {HEADER "{\"names\":0,\"crc32\":\"00000000\"}\n", "checksum"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct err err;
        assert_false(read_bytes(files[i].bytes, strlen(files[i].bytes), &err));
        assert_non_null(strstr(err.text, files[i].told));
    }
}

/* `unit` repeated into a line that is right but for its length or depth. */
static void refuse_repeated(const char *before, const char *unit, size_t times)
{
    struct buf lines;
    struct err err;
    buf_init(&lines, 64u << 20);
    buf_puts(&lines, before);
    for (size_t i = 0; i < times; i++)
        buf_puts(&lines, unit);
    buf_putc(&lines, '\n');
    assert_false(buf_failed(&lines));
    assert_false(read_lines(lines.data, &err));
    buf_fini(&lines);
}

static void huge_lines_and_deep_ones_are_refused(void **state)
{
    (void)state;
    refuse_repeated("{\"name\":\"", "x", 20u << 20);
    refuse_repeated("", "[", 100000);
    refuse_repeated("{\"name\":\"a\",\"index\":1,\"last_endpoint\":0,\"more\":", "{\"a\":", 40000);
    refuse_repeated("", " ", 1u << 20);
}

static void words_of_later_versions_are_passed_over(void **state)
{
    (void)state;
    struct err err;
    assert_true(read_lines(
        LINE(",\"later\":[],\"state\":\"ok\","
             "\"checks\":{\"later\":7,\"srv\":{\"state\":\"warning\",\"since\":5,\"later\":1}},"
             "\"transitions\":[[1,\"srv\",\"ok\",\"critical\",\"later\"],[2,\"later\",\"ok\",\"critical\",\"ok\"],"
             "[3,\"domain\",\"ok\",\"critical\",\"srv_missing\"]]"), &err));
    struct registered *at = NULL;
    assert_true(registry_next(registries[KIND_DOMAIN], &at));
    const struct record *record = at->restored;
    assert_int_equal(record->whole.confirmed, STATE_OK);
    assert_int_equal(record->check[CHECK_SRV].confirmed, STATE_WARNING);
    assert_int_equal(record->check[CHECK_SRV].since_ms, 5);
    assert_int_equal(record->check[CHECK_CONNECT].confirmed, STATE_NONE);
    assert_int_equal(record->status.domain.history.count, 1);
    assert_int_equal(record->status.domain.history.list[0].at_ms, 3);
    assert_int_equal(record->status.domain.history.list[0].check, CHECK_COUNT);
    assert_int_equal(record->status.domain.history.list[0].reason, REASON_SRV_MISSING);
    assert_false(registry_next(registries[KIND_DOMAIN], &at));
}

static void words_of_later_versions_are_passed_over_for_nodes_too(void **state)
{
    (void)state;
    struct err err;
    assert_true(read_lines(
        NODE(",\"later\":[],\"state\":\"ok\",\"rows_seen\":7,"
             "\"checks\":{\"later\":7,\"srv\":7,\"s2snode\":{\"state\":\"warning\",\"since\":5}},"
             "\"transitions\":[[1,\"axl\",\"ok\",\"critical\",\"later\"],[2,\"srv\",\"ok\",\"critical\",\"ok\"],"
             "[3,\"axl\",\"ok\",\"critical\",\"axl_timeout\"]],"
             "\"cp_ids\":[[4,\"x\",null,\"present\",6],[7,\"y\",\"p\",\"missing\",null]]"), &err));
    struct registered *at = NULL;
    assert_false(registry_next(registries[KIND_DOMAIN], &at));
    assert_true(registry_next(registries[KIND_IMP], &at));
    const struct record *record = at->restored;
    const struct imp_status *imp = &record->status.imp;
    assert_int_equal(record->whole.confirmed, STATE_OK);
    assert_int_equal(record->check[IMP_S2SNODE].confirmed, STATE_WARNING);
    assert_int_equal(record->check[IMP_AXL].confirmed, STATE_NONE);
    assert_int_equal(imp->history.count, 1);
    assert_int_equal(imp->history.list[0].check, IMP_AXL);
    const struct imp_memory *memory = imp->verdict.memory;
    assert_int_equal(memory->last_index, 9);
    assert_int_equal(memory->rows_seen_ms, 7);
    assert_true(memory->rows_changed_ms == TIME_ABSENT);
    assert_int_equal(memory->node_count, 2);
    assert_int_equal(memory->nodes[0].index, 4);
    assert_true(memory->nodes[0].in_table);
    assert_null(memory->nodes[0].pkid);
    assert_int_equal(memory->nodes[0].first_seen_ms, 6);
    assert_false(memory->nodes[1].in_table);
    assert_string_equal(memory->nodes[1].pkid, "p");
    assert_true(memory->nodes[1].first_seen_ms == TIME_ABSENT);
}

/* A fedhealth that knows no nodes must be able to go on with what it can read, and know what it cannot. */
static void the_version_tells_whether_there_are_nodes(void **state)
{
    (void)state;
    static const struct { const char *letters, *version; } cases[] = {
        {"ab", "\"version\":1}"}, {"ab/a", "\"version\":2}"}, {"ab", "\"version\":2}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length;
        store_free(scene_store(cases[i].letters, 1, "state"));
        char *text = scene_read("state/state.jsonl", &length);
        *strchr(text, '\n') = '\0';
        assert_non_null(strstr(text, cases[i].version));
        free(text);
    }
}

/* Endpoints with the longest names that DNS can show, and a transition for every place. */
static void the_longest_line_can_be_read(void **state)
{
    (void)state;
    struct err err;
    char target[1101], address[16];
    struct store *store = scene_store("a", 1, "state");
    memset(target, '\\', sizeof target - 1);
    target[sizeof target - 1] = '\0';
    for (int i = 0; i < 2 * HISTORY_MAX; i++) {
        enum reason reason = i % 2 ? REASON_TLS_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE : REASON_OK;
        store_put(store, 0, scene_round(CHECK_STARTTLS, reason, 1700000000000));
    }
    struct domain_result *result = scene_good_round(1700000000000);
    for (int i = 0; i < ROSTER_MAX; i++) {
        snprintf(address, sizeof address, "192.0.2.%d", i);
        scene_endpoint(result, target, address);
    }
    store_put(store, 0, result);
    store_free(store);
    size_t length;
    char *text = scene_read("state/state.jsonl", &length);
    assert_true(read_bytes(text, length, &err));
    struct registered *at = NULL;
    assert_true(registry_next(registries[KIND_DOMAIN], &at));
    assert_int_equal(at->restored->roster->count, ROSTER_MAX);
    free(text);
}

/* As many cp_ids as are remembered, of the longest and most escaped text there can be, in the table and gone. */
static void the_longest_line_of_a_node_can_be_read(void **state)
{
    (void)state;
    struct err err;
    char cp_id[PEER_TEXT_MAX + 1], **expected = mem_array(S2S_REMEMBERED_MAX, sizeof *expected);
    struct config *config = scene_config("/a", 1);
    struct store *store = store_new(config, "state");
    struct imp_result *result = scene_imp_round("", 1700000000000);
    memset(cp_id, '"', PEER_TEXT_MAX);
    cp_id[PEER_TEXT_MAX] = '\0';
    for (int i = 0; i < S2S_REMEMBERED_MAX; i++) {
        memcpy(cp_id, (const char[]){(char)('A' + i / 26), (char)('a' + i % 26)}, 2);
        expected[i] = mem_strdup(cp_id);
        if (i < S2S_ROWS_MAX)
            imp_result_add_row(result, cp_id, cp_id);
    }
    config->imp_nodes[0].expect.s2s_nodes = expected;
    config->imp_nodes[0].expect.s2s_node_count = S2S_REMEMBERED_MAX;
    store_put_imp(store, 0, result);
    store_free(store);
    size_t length;
    char *text = scene_read("state/state.jsonl", &length);
    assert_true(length > 256 * 1024);
    assert_true(read_bytes(text, length, &err));
    struct registered *at = NULL;
    assert_true(registry_next(registries[KIND_IMP], &at));
    assert_int_equal(at->restored->status.imp.verdict.memory->node_count, S2S_REMEMBERED_MAX);
    for (int i = 0; i < S2S_REMEMBERED_MAX; i++)
        free(expected[i]);
    free(expected);
    free(text);
}

static void endpoints_that_are_no_text_are_forgotten(void **state)
{
    (void)state;
    struct store *store = scene_store("a", 1, "state");
    store_put(store, 0, scene_endpoint(scene_endpoint(scene_good_round(1), "\xff", "192.0.2.1"), "x", "192.0.2.1"));
    store_free(store);
    store = scene_store("a", 1, "state");
    store_put(store, 0, scene_endpoint(scene_endpoint(scene_good_round(2), "\xff", "192.0.2.1"), "x", "192.0.2.1"));
    assert_string_equal(scene_endpoints(store, 'a'), "2:x/192.0.2.1 3:\xff/192.0.2.1");
    store_free(store);
}

/* Whatever lies in the file's place: it is put beside, and the store starts empty and can save. */
static void what_cannot_be_used_is_set_aside(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        assert_int_equal(mkdir("state", 0750), 0);
        switch (kind) {
        case 0: scene_write("state/state.jsonl", "", 0); break;
        case 1: scene_write("state/state.jsonl", "precious", 8); break;
        case 2: assert_int_equal(mkdir("state/state.jsonl", 0700), 0); break;
        case 3: assert_int_equal(mkfifo("state/state.jsonl", 0600), 0); break;
        case 4: assert_int_equal(symlink("elsewhere", "state/state.jsonl"), 0); break;
        }
        struct store *store = scene_store("a", 1, "state");
        assert_int_equal(store_saved(store), TRI_YES);
        assert_int_equal(scene_count("state", "state.jsonl.damaged-2"), 1);
        store_free(store);
        store_free(scene_store("ba", 1, "state"));
        assert_int_equal(scene_count("state", "state.jsonl"), 2);
        remove_state(NULL);
    }
}

static void nothing_set_aside_is_overwritten(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_true(mkdir("state", 0750) == 0 || i > 0);
        scene_write("state/state.jsonl", "precious", 8);
        store_free(scene_store("a", 1, "state"));
    }
    assert_int_equal(scene_count("state", "state.jsonl.damaged-"), 5);
}

static void what_was_left_unfinished_is_dropped(void **state)
{
    (void)state;
    store_free(scene_store("a", 1, "state"));
    scene_write("state/state.jsonl.new", HEADER, 10);
    struct store *store = scene_store("ba", 1, "state");
    assert_int_equal(scene_status(store, 'a')->index, 1);
    assert_int_equal(scene_count("state", ""), 3); /* with . and .. */
    store_free(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_state)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_reads_as_it_was),
        TEST(a_file_cut_off_anywhere_is_damaged),
        TEST(a_flipped_bit_anywhere_is_damage),
        TEST(bytes_put_in_or_taken_out_are_damage),
        TEST(every_fault_is_told),
        TEST(foreign_files_are_known_by_their_head),
        TEST(huge_lines_and_deep_ones_are_refused),
        TEST(words_of_later_versions_are_passed_over),
        TEST(words_of_later_versions_are_passed_over_for_nodes_too),
        TEST(the_version_tells_whether_there_are_nodes),
        TEST(the_longest_line_can_be_read),
        TEST(the_longest_line_of_a_node_can_be_read),
        TEST(endpoints_that_are_no_text_are_forgotten),
        TEST(what_cannot_be_used_is_set_aside),
        TEST(nothing_set_aside_is_overwritten),
        TEST(what_was_left_unfinished_is_dropped),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
