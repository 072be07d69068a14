/* What is read of a reply, and what is shown of a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cisco/soap.h"
#include "tests/unit/fake_fetch.h"

static void test_page_text(void **state)
{
    (void)state;
    static const struct {
        const char *page, *text;
        size_t max;
    } CASES[] = {
        {"", "", 100},
        {"plain", "plain", 100},
        {" \n<p>a<b>b</b>\t c</p> ", "a b c", 100},
        {"<html><head><STYLE>a</STYLE><script src='x'>b</script></head><!-- <p>c</p> -->d</html>", "d", 100},
        {"a<script>b", "a b", 100},
        {"a<!-- b", "a", 100},
        {"a<b", "a", 100},
        {"a\x01\xff", "a\xef\xbf\xbd\xef\xbf\xbd", 100},
        {"abc\xc3\xbc", "abc", 4},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = soap_page_text(CASES[i].page, CASES[i].max);
        assert_string_equal(text, CASES[i].text);
        free(text);
    }
}

static const struct soap_shape SHAPE = {.payload = {"r"}, .container = "return", .row = "row"};

struct seen {
    size_t rows, page;
    enum soap_verdict verdict;
    enum fetch_outcome outcome;
};

static void row_seen(void *arg, const struct soap_row *row)
{
    (void)row;
    ((struct seen *)arg)->rows++;
}

static void reply_seen(void *arg, const struct soap_reply *reply)
{
    struct seen *seen = arg;
    seen->page = strlen(reply->page);
    seen->verdict = reply->verdict;
    seen->outcome = reply->fetch->outcome;
}

static struct seen fetched(const char *body)
{
    static const struct config config = {.timeout_ms = 1000};
    static const struct config_access access = {.url = "https://a/", .host = "a", .port = 443};
    struct seen seen = {0};
    const struct fake_answer answer = {.body = body};
    fake_fetch_script(&answer, 1);
    soap_start(&(struct soap_request){.config = &config, .access = &access, .action = "x", .content = "<x/>",
                                      .shape = &SHAPE, .cap = 1 << 20, .row = row_seen}, reply_seen, &seen);
    fake_fetch_run();
    fake_fetch_reset();
    return seen;
}

/* What cannot become a good reply is read no further than it is shown. */
static void test_stops(void **state)
{
    (void)state;
    struct seen seen = fetched("<Envelope><Body><r><return><row/><row/></return></r></Body></Envelope>");
    assert_int_equal(seen.rows, 2);
    assert_int_equal(seen.verdict, SOAP_GOOD);
    assert_int_equal(seen.outcome, FETCH_ANSWERED);
    char *page = mem_alloc(100001);
    memset(page, 'x', 100000);
    memcpy(page, "<html>", 6);
    seen = fetched(page);
    assert_int_equal(seen.verdict, SOAP_NOT_XML);
    assert_int_equal(seen.outcome, FETCH_STOPPED);
    assert_int_equal(seen.page, 16384);
    page[10000] = '\0';
    seen = fetched(page);
    assert_int_equal(seen.outcome, FETCH_ANSWERED);
    assert_int_equal(seen.page, 10000);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_text),
        cmocka_unit_test(test_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
