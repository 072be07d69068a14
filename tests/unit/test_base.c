/* Buffers, errors, clean text, descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xml.h"

static void a_buffer_grows_up_to_its_cap(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    for (int i = 0; i < 100; i++)
        buf_puts(&buf, "0123456789");
    assert_int_equal(buf.length, 1000);
    assert_false(buf_failed(&buf));
    buf_putc(&buf, '!');
    assert_true(buf_failed(&buf));
    assert_int_equal(buf.length, 1000);
    assert_int_equal(strlen(buf.data), 1000);
    buf_clear(&buf);
    assert_false(buf_failed(&buf));
    assert_string_equal(buf.data, "");
    buf_fini(&buf);
}

static void what_does_not_fit_whole_is_not_written(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 8);
    buf_puts(&buf, "12345");
    buf_printf(&buf, "%d", 67890);
    assert_true(buf_failed(&buf));
    assert_string_equal(buf.data, "12345");
    buf_puts(&buf, "6"); /* would fit, but the flag is sticky */
    assert_string_equal(buf.data, "12345");
    buf_fini(&buf);
}

static void a_stolen_buffer_can_be_used_again(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_printf(&buf, "%s-%d", "a", 1);
    char *text = buf_steal(&buf);
    assert_string_equal(text, "a-1");
    assert_string_equal(buf.data, "");
    buf_puts(&buf, "b");
    assert_string_equal(buf.data, "b");
    free(text);
    buf_fini(&buf);
}

static void a_long_error_is_marked_as_cut(void **state)
{
    (void)state;
    struct err err;
    char *long_text = mem_alloc(2 * ERR_MAX);
    memset(long_text, 'x', 2 * ERR_MAX - 1);
    assert_false(err_set(&err, "%s", "short"));
    assert_string_equal(err.text, "short");
    err_set(&err, "%s", long_text);
    assert_int_equal(strlen(err.text), ERR_MAX - 1);
    assert_string_equal(err.text + ERR_MAX - 4, "...");
    free(long_text);
}

static void peers_texts_become_clean(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *clean;
    } ROWS[] = {
        {"plain", 256, "plain"},
        {"", 256, ""},
        {"b\xc3\xbc" "cher", 256, "b\xc3\xbc" "cher"},
        {"a\nb\tc\x7f", 256, "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd"},
        {"\x1b[31m", 256, "\xef\xbf\xbd[31m"},
        {"\xc2\x85next", 256, "\xef\xbf\xbdnext"},             /* a C1 control */
        {"\xff\xfe", 256, "\xef\xbf\xbd\xef\xbf\xbd"},         /* no UTF-8 */
        {"\xc0\xaf", 256, "\xef\xbf\xbd\xef\xbf\xbd"},         /* overlong */
        {"\xed\xa0\x80", 256, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xf0\x9f\x98\x80", 256, "\xf0\x9f\x98\x80"},
        {"\xf0\x9f", 256, "\xef\xbf\xbd\xef\xbf\xbd"},         /* cut short */
        {"abcdef", 4, "abcd"},
        {"abc\xc3\xbc", 4, "abc"},                             /* cut between characters */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char *clean = text_clean(ROWS[i].text, ROWS[i].max);
        assert_string_equal(clean, ROWS[i].clean);
        free(clean);
    }
}

static void xml_is_read_back_as_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *text, *content, *attribute; /* attribute NULL: as the content */
    } ROWS[] = {
        {"", "", NULL},
        {"a <> 'b' and c = \"d\" && e", "a &lt;&gt; 'b' and c = \"d\" &amp;&amp; e",
         "a &lt;&gt; &apos;b&apos; and c = \"d\" &amp;&amp; e"},
        {"a\tb\nc\rd", "a\tb\nc&#13;d", "a&#9;b&#10;c&#13;d"},
        {"]]>", "]]&gt;", NULL},
        {"\x01\x1f\x7f", "\xef\xbf\xbd\xef\xbf\xbd\x7f", NULL},
        {"\xc3\xbc\xff", "\xc3\xbc\xef\xbf\xbd", NULL},
        {"\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", NULL},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", NULL},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct buf out;
        char attribute[200];
        snprintf(attribute, sizeof attribute, " id='%s'",
                 ROWS[i].attribute != NULL ? ROWS[i].attribute : ROWS[i].content);
        buf_init(&out, 1000);
        xml_put_text(&out, ROWS[i].text);
        assert_string_equal(out.data, ROWS[i].content);
        buf_clear(&out);
        xml_put_attribute(&out, "id", ROWS[i].text);
        assert_string_equal(out.data, attribute);
        buf_fini(&out);
    }
}

static void only_ascii_letters_become_lower_case(void **state)
{
    (void)state;
    char text[] = "AZ[@`az-\xc3\x9c.Example";
    text_lower(text);
    assert_string_equal(text, "az[@`az-\xc3\x9c.example");
}

static void bytes_are_two_lower_case_digits_each(void **state)
{
    (void)state;
    char text[9];
    memset(text, 'x', sizeof text);
    assert_string_equal(text_hex(text, (const unsigned char *)"\x00\x9f\xa0\xff", 4), "009fa0ff");
    assert_string_equal(text_hex(text, NULL, 0), "");
}

static void random_digits_differ(void **state)
{
    (void)state;
    char id[2 * RANDOM_MAX + 1], other[2 * RANDOM_MAX + 1];
    assert_ptr_equal(random_hex(id, RANDOM_MAX), id);
    assert_int_equal(strspn(id, "0123456789abcdef"), 2 * RANDOM_MAX);
    assert_int_equal(strlen(id), 2 * RANDOM_MAX);
    assert_string_not_equal(id, random_hex(other, RANDOM_MAX));
}

static void texts_are_compared(void **state)
{
    (void)state;
    char copy[] = "text";
    assert_true(text_same("text", copy));
    assert_false(text_same("text", "test"));
    assert_false(text_same("", NULL));
    assert_false(text_same(NULL, ""));
    assert_true(text_same(NULL, NULL));
    assert_int_equal(text_hash("", 0), UINT64_C(0xcbf29ce484222325));
    assert_int_equal(text_hash("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    assert_int_not_equal(text_hash("\xff\0", 2), text_hash("\xff", 1));
}

static void likeness_counts_slips(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("domain", "domain"), 0);
    assert_int_equal(text_distance("domain", "domains"), 1);
    assert_int_equal(text_distance("domian", "domain"), 2);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    char word[TEXT_WORD_MAX + 1];
    memset(word, 'x', TEXT_WORD_MAX);
    word[TEXT_WORD_MAX] = '\0';
    assert_int_equal(text_distance(word, word), TEXT_WORD_MAX);
}

static void times_are_written_as_rfc_3339(void **state)
{
    (void)state;
    char text[CLOCK_RFC3339_SIZE];
    assert_string_equal(clock_rfc3339(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_rfc3339(1795348800, text), "2026-11-22T12:00:00Z");
    assert_string_equal(clock_rfc3339(253402300799, text), "9999-12-31T23:59:59Z");
    clock_rfc3339(INT64_MAX, text); /* no year has it: the number is given */
    assert_string_equal(text, "9223372036854775807");
}

/* What a process of its own, with these limits of open files, is given for `wanted` and 1,200 beside; the soft limit
 * that it then has in `soft`. False where this process may not have that hard limit. */
static bool raised(rlim_t soft_before, rlim_t hard, unsigned wanted, unsigned *given, rlim_t *soft)
{
    struct { bool possible; unsigned given; rlim_t soft; } told = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = soft_before, .rlim_max = hard};
        told.possible = setrlimit(RLIMIT_NOFILE, &limit) == 0;
        if (told.possible) {
            told.given = descriptors_raise(wanted, 1200);
            getrlimit(RLIMIT_NOFILE, &limit);
            told.soft = limit.rlim_cur;
        }
        _exit(write(ends[1], &told, sizeof told) != sizeof told);
    }
    assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
    *given = told.given;
    *soft = told.soft;
    return told.possible;
}

static void descriptors_are_raised_to_fit(void **state)
{
    (void)state;
    static const struct { rlim_t soft, hard; unsigned wanted, given; rlim_t soft_after; } cases[] = {
        {64, 8192, 4096, 4096, 5296},
        {8192, 8192, 4096, 4096, 8192}, /* never lowered */
        {64, 4000, 4096, 2800, 4000},   /* what 1,200 beside leave */
        {64, 1000, 4096, 500, 1000},    /* but half at least */
        {64, 64, 4096, 32, 64},
        {1024, 1048576, 65536, 65536, 66736}, /* the largest agent.max_concurrent */
        {1024, 66736, 65536, 65536, 66736},
        {1024, 66735, 65536, 65535, 66735},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned given;
        rlim_t soft;
        if (!raised(cases[i].soft, cases[i].hard, cases[i].wanted, &given, &soft)) {
            print_message("no hard limit of %llu here\n", (unsigned long long)cases[i].hard);
            continue;
        }
        assert_int_equal(given, cases[i].given);
        assert_int_equal(soft, cases[i].soft_after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_up_to_its_cap),
        cmocka_unit_test(what_does_not_fit_whole_is_not_written),
        cmocka_unit_test(a_stolen_buffer_can_be_used_again),
        cmocka_unit_test(a_long_error_is_marked_as_cut),
        cmocka_unit_test(peers_texts_become_clean),
        cmocka_unit_test(xml_is_read_back_as_it_was),
        cmocka_unit_test(only_ascii_letters_become_lower_case),
        cmocka_unit_test(bytes_are_two_lower_case_digits_each),
        cmocka_unit_test(random_digits_differ),
        cmocka_unit_test(texts_are_compared),
        cmocka_unit_test(likeness_counts_slips),
        cmocka_unit_test(times_are_written_as_rfc_3339),
        cmocka_unit_test(descriptors_are_raised_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
