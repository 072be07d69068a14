/* The readers of the Notifications page: tag soup, charsets, links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cisco/html.h"
#include "cisco/page_text.h"
#include "cisco/page_url.h"
#include "tests/unit/slow.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ORIGIN "https://cups.example.org:8443"
#define URL ORIGIN "/cupadmin/find/list.do?x=1#y"
#define HEAD "<table><tr><th>Severity<th>Count<th>Description<th>Origin<th>Created"

/* "severity|count|description|origin|created" and a line end. */
static void add_row(void *arg, const char *const text[HTML_COLUMN_COUNT])
{
    for (int i = 0; i < HTML_COLUMN_COUNT; i++)
        buf_printf(arg, "%s%s", text[i] != NULL ? text[i] : "", i + 1 < HTML_COLUMN_COUNT ? "|" : "\n");
}

static struct html_page read_bytes(const char *content_type, const char *bytes, size_t length, struct buf *rows)
{
    buf_init(rows, 1 << 24);
    struct html_page page;
    struct html_reader *reader = html_reader_new(&page, URL, content_type, bytes, length, add_row, rows);
    while (html_reader_go_on(reader))
        ;
    html_reader_free(reader);
    return page;
}

static void finds_notifications_in_tag_soup(void **state)
{
    (void)state;
    static const struct {
        const char *name, *html, *rows; /* rows NULL: no such table */
    } cases[] = {
        {"plain", HEAD "</th></tr><tr><td>Warning</td><td>5</td><td>a</td><td>b</td><td>c</td></tr></table>",
         "Warning|5|a|b|c\n"},
        {"nothing closed", HEAD "<tr><td>Warning<td>5<td><b>a<td><span><div>b<td>c<tr><td>Error<td>1<td>d<td>e<td>f",
         "Warning|5|a|b|c\nError|1|d|e|f\n"},
        {"other order, two headings", "<table><tr><td>DESCRIPTION<td>x<td> severity <tr><td>a<td>b<td>c", "c||a||\n"},
        {"links, arrows and markup in headings",
         "<table><thead><tr><th><a href=?s>Sever<b>ity</b></a>&nbsp;<img src=up.gif>"
         "<th>\xe2\x96\xb2 Description &#9660;<tbody><tr><td>a<td>b</table>", "a||b||\n"},
        {"headings in nested tables",
         "<table><tr><td><table><tr><td>Severity<td><img></table><td><table><tr><td>Description</table><tr><td>a<td>b",
         "a||b||\n"},
        {"inside layout tables",
         "<table><tr><td>x<td><table><tr><td>" HEAD "<tr><td>a<td>1<td>b</table></table>y</table>", "a|1|b||\n"},
        {"a layout table in a cell", HEAD "<tr><td><table><tr><td>!<td>Warning</table><td>1<td>a", "! Warning|1|a||\n"},
        {"a heading over two columns", "<table><tr><th colspan=2>Severity<th>Description<tr><td>!<td>Error<td>a",
         "! Error||a||\n"},
        {"a cell over two rows", HEAD "<tr><td rowspan=2>Error<td>1<td>a<tr><td>2<td>b<tr><td>c<td>3<td>d",
         "Error|1|a||\n|2|b||\nc|3|d||\n"},
        {"a heading row below another", "<table><tr><th colspan=9>Notifications<tr><th>Severity<th>Description<tr><td>a"
         "<td>b", "a||b||\n"},
        {"a row across all, in the description's place",
         "<table><tr><th>Description<th>Severity<tr><td colspan=2>No records<tr><td>a<td>b", "b||a||\n"},
        {"a row across all", HEAD "<tr><td colspan=5>No records</table>", ""},
        {"rows with too few cells", HEAD "<tr><td>a<tr><tr><td>b<td>1<tr><td>c<td>2<td>d<tr><td>e<td>3<td> &nbsp; ",
         "c|2|d||\n"},
        {"headings again", HEAD "<tr><td>a<td>1<td>b<tr><th>Severity<th>Count<th>Description", "a|1|b||\n"},
        {"several tables", HEAD "<tr><td>a<td>1<td>b</table><table><tr><td>x</table>" HEAD "<tr><td>c<td>2<td>d",
         "a|1|b||\nc|2|d||\n"},
        {"a form inside the table",
         "<table><form action=x><tr><th>Severity</th><th>Description</th></tr><tr><td>a</td><td>b</td></tr></form>",
         "a||b||\n"},
        {"entities", HEAD "<tr><td>&lt;&amp;&quot;<td>&#53;<td>&eacute;&#x20AC;&nosuch;&amp<td>&#0;<td>x&nbsp;y",
         "<&\"|5|\xc3\xa9\xe2\x82\xac&nosuch;&amp||x y\n"},
        {"white space", HEAD "<tr><td>\n a\t\r\n b <td>1<td>a<br>b<p>c</p><i>d</i>e<td><td>", "a b|1|a b c de||\n"},
        {"script, style, comment", "<script>'<table><tr><th>Severity<th>Description<tr><td>a<td>b'</script>"
         "<!-- <table><tr><th>Severity<th>Description --><style>td</style>", NULL},
        {"script in a cell", HEAD "<tr><td>a<td>1<td>b<script>if (1<2) '<td>';</script>c", "a|1|b c||\n"},
        {"one heading too few", "<table><tr><th>Severity<th>Count<tr><td>a<td>b", NULL},
        {"headings in two tables", "<table><tr><th>Severity</table><table><tr><th>Description", NULL},
        {"headings without a table", "<tr><th>Severity<th>Description<tr><td>a<td>b", NULL},
        {"JSON", "{\"a\": \"Severity\", \"b\": \"Description\"}", NULL},
        {"XML with a doctype",
         "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///x' [<!ENTITY b 'c'>]><a>&b;</a>", NULL},
        {"nothing", "", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf rows;
        struct html_page page = read_bytes(NULL, cases[i].html, strlen(cases[i].html), &rows);
        if (page.table != (cases[i].rows != NULL) || page.fault != NULL ||
            (cases[i].rows != NULL && strcmp(rows.data, cases[i].rows) != 0))
            fail_msg("%s: %s", cases[i].name, page.table ? rows.data : "no table");
        html_page_fini(&page);
        buf_fini(&rows);
    }
}

static void finds_the_login_form(void **state)
{
    (void)state;
    static const struct {
        const char *html, *action; /* NULL: there is one, but elsewhere; "": there is none */
        const char *inputs;
    } cases[] = {
        {"<form action=j_security_check><input name=j_username><input name=j_password>", ORIGIN
         "/cupadmin/find/j_security_check", ""},
        {"<FORM ACTION='/a/j_security_check;jsessionid=1?b=c#d'><INPUT TYPE=HIDDEN NAME=a VALUE='&lt;b'>", ORIGIN
         "/a/j_security_check;jsessionid=1?b=c", "a=<b;"},
        {"<form action=x><input type=hidden name=no></form><table><tr><td><form action=j_security_check></td>"
         "<td><input type=hidden name=a><input type=text name=no><input type=hidden value=no></table>"
         "<form action=/b/j_security_check><input type=hidden name=no>",
         ORIGIN "/cupadmin/find/j_security_check", "a=;"},
        {"<form action='https://evil.example.net/j_security_check'>", NULL, ""},
        {"<form action='http://cups.example.org:8443/j_security_check'>", NULL, ""},
        {"<form action='\\\\evil.example.net\\j_security_check'>", NULL, ""},
        {"<base href='//evil.example.net/'><form action=j_security_check>",
         ORIGIN "/cupadmin/find/j_security_check", ""},
        {"<base href='/b/c'><form action=j_security_check>", ORIGIN "/b/j_security_check", ""},
        {"<form action=my_j_security_check>", "", ""},
        {"<form action=/j_security_check/x><form action=?j_security_check><form>", "", ""},
        {"<!-- <form action=j_security_check> --><script>'<form action=j_security_check>'</script>", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf rows, inputs;
        struct html_page page = read_bytes("text/html", cases[i].html, strlen(cases[i].html), &rows);
        buf_init(&inputs, 1024);
        for (size_t j = 0; j < page.input_count; j++)
            buf_printf(&inputs, "%s=%s;", page.inputs[j].name, page.inputs[j].value);
        const char *action = page.form ? page.action : "";
        if ((action == NULL) != (cases[i].action == NULL) || (action != NULL && strcmp(action, cases[i].action) != 0) ||
            strcmp(inputs.data, cases[i].inputs) != 0)
            fail_msg("%s: %s %s", cases[i].html, action != NULL ? action : "elsewhere", inputs.data);
        assert_true(page.username == (i == 0) && page.password == (i == 0));
        buf_fini(&inputs);
        buf_fini(&rows);
        html_page_fini(&page);
    }
}

static void reads_what_the_page_says(void **state)
{
    (void)state;
    static const struct {
        const char *html;
        int64_t records;
        bool title;
    } cases[] = {
        {"<h1>Find and  List\n<b>Notifications</b></h1><p>5 records found", 5, true},
        {"<title>find and list notifications</title>1 <i>record</i> found", 1, true},
        {"<p>No Records", 0, false},
        {"x 0 records found", 0, false},
        {"many records found, 12345678901 records found", 345678901, false},
        {HEAD "<tr><td>a<td>1<td>7 records found. Find and List Notifications", -1, false},
        {"records found", -1, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf rows;
        struct html_page page = read_bytes(NULL, cases[i].html, strlen(cases[i].html), &rows);
        assert_int_equal(page.records, cases[i].records);
        assert_int_equal(page.title, cases[i].title);
        html_page_fini(&page);
        buf_fini(&rows);
    }
}

static void reads_every_charset(void **state)
{
    (void)state;
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *content_type, *bytes;
        size_t length;
        const char *text;
    } cases[] = {
        {NULL, BYTES("\xc3\xa9"), "\xc3\xa9"},
        {NULL, BYTES("\xef\xbb\xbf\xc3\xa9"), "\xc3\xa9"},
        {NULL, BYTES("a\0b\xff" "c\xc3"), "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd"},
        {NULL, BYTES("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"text/html; charset=ISO-8859-1", BYTES("\xe9\x80"), "\xc3\xa9\xe2\x82\xac"},
        {"text/html;CHARSET = \"Windows-1252\"", BYTES("\xe9"), "\xc3\xa9"},
        {"text/html; charset=klingon", BYTES("\xc3\xa9\xe9"), "\xc3\xa9\xef\xbf\xbd"},
        {"text/html; charset=utf-16be", BYTES("\0a\xd8\x3d\xde\x00\xd8\x00\0b\0"),
         "a\xf0\x9f\x98\x80\xef\xbf\xbd" "b"},
        {"text/html; charset=utf-8", BYTES("\xff\xfe" "a\0\xe9\0\0\0"), "a\xc3\xa9\xef\xbf\xbd"},
        {NULL, BYTES("<meta http-equiv=x content='text/html; charset=iso-8859-1'>\xe9"),
         "<meta http-equiv=x content='text/html; charset=iso-8859-1'>\xc3\xa9"},
        {NULL, BYTES("<meta charset=utf-16>\xc3\xa9"), "<meta charset=utf-16>\xc3\xa9"},
        {"text/html; charset", BYTES("\xc3\xa9"), "\xc3\xa9"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf text;
        buf_init(&text, 4096);
        page_text_decode(&text, cases[i].bytes, cases[i].length, cases[i].content_type);
        assert_string_equal(text.data, cases[i].text);
        assert_int_equal(text.length, strlen(cases[i].text));
        buf_fini(&text);
    }
    static const char wide[] = "\xff\xfe<\0t\0a\0b\0l\0e\0>\0<\0t\0h\0>\0S\0e\0v\0e\0r\0i\0t\0y\0<\0t\0h\0>\0"
                               "D\0e\0s\0c\0r\0i\0p\0t\0i\0o\0n\0<\0t\0r\0>\0<\0t\0d\0>\0\xe9\0<\0t\0d\0>\0b";
    struct buf rows;
    struct html_page page = read_bytes(NULL, wide, sizeof wide, &rows);
    assert_string_equal(rows.data, "\xc3\xa9||b||\n");
    html_page_fini(&page);
    buf_fini(&rows);
}

static void links_stay_at_the_server(void **state)
{
    (void)state;
    static const struct {
        const char *link, *url; /* NULL: elsewhere */
    } cases[] = {
        {"", ORIGIN "/cupadmin/find/list.do?x=1"},
        {"?a=b", ORIGIN "/cupadmin/find/list.do?a=b"},
        {"#c", ORIGIN "/cupadmin/find/list.do?x=1"},
        {"a", ORIGIN "/cupadmin/find/a"},
        {"./a/../b/.", ORIGIN "/cupadmin/find/b/"},
        {"../../../..", ORIGIN "/"},
        {"../a;b=c?d/../e", ORIGIN "/cupadmin/a;b=c?d/../e"},
        {" \t/a\nb c\"\xc3\xa9%41 ", ORIGIN "/ab%20c%22%C3%A9%41"},
        {"//CUPS.example.org:8443/a", ORIGIN "/a"},
        {"HTTPS://cups.example.org:8443", ORIGIN "/"},
        {"https://cups.example.org:08443?a", ORIGIN "/?a"},
        {"https://cups.example.org/a", NULL},
        {"https://user@cups.example.org:8443/", NULL},
        {"https://cups.example.org:8443@evil.example.net/", NULL},
        {"https://cups.example.org:8443\\@evil.example.net/", NULL},
        {"https://cups.example.org:8443.evil.example.net/", NULL},
        {"https://cups.example.org:70000/", NULL},
        {"https://cups.example.org:/", NULL},
        {"https:evil", NULL},
        {"https:/evil", NULL},
        {"https:///evil", NULL},
        {"///evil.example.net/", NULL},
        {"ht\ntp://cups.example.org:8443/", NULL},
        {"javascript:alert(1)", NULL},
        {"//[::1]:8443/", NULL},
        {"/\\evil.example.net", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *url = page_url_resolve(URL, cases[i].link);
        if ((url == NULL) != (cases[i].url == NULL) || (url != NULL && strcmp(url, cases[i].url) != 0))
            fail_msg("%s: %s", cases[i].link, url != NULL ? url : "elsewhere");
        free(url);
    }
    char *url = page_url_resolve("https://[2001:db8::1]", "//[2001:DB8::1]:443/a");
    assert_string_equal(url, "https://[2001:db8::1]/a");
    free(url);
    assert_true(page_url_same(ORIGIN "/a;b", ORIGIN "/a?c"));
    assert_false(page_url_same(ORIGIN "/a", ORIGIN "/ab"));
}

/* What would take for ever, or all memory, ends with a reason. */
static void has_bounds(void **state)
{
    (void)state;
    enum { EACH = -1 }; /* a row for each `again` */
    static const struct {
        const char *start, *again, *fault; /* `again` until the page is full */
        int rows;
    } cases[] = {
        {HEAD "<tr><td>a<td>1<td>b", "<table><tr><td>", "too many elements within each other", 0},
        {"<i><table><tr><td>", "<b></u></u></u></u></u></u></u></u></u></u></u>", "too many tags in disorder", 0},
        {"<a ", "b='>' ", "a tag without end", 0},
        {"<a b=\"", "<table>", "a tag without end", 0},
        {"<table><tr><th>Severity<th>Description", "<tr><td>a<td>b", NULL, EACH},
        {HEAD "<tr>", "<td>x", NULL, 1},
        {"<form action=j_security_check>", "<input type=hidden name=a value=b>", NULL, 0},
        {"<!--", "<table>", NULL, 0},
        {"<script>", "</x", NULL, 0},
        {"", "&", "a text without end", 0},
        {"<style>", "&", NULL, 0},
        {"", "<", NULL, 0},
    };
    size_t most = HTML_PAGE_MAX / slow_part(8);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf html, rows;
        size_t count = 0;
        buf_init(&html, most);
        buf_puts(&html, cases[i].start);
        for (; html.length + strlen(cases[i].again) <= most; count++)
            buf_puts(&html, cases[i].again);
        struct html_page page = read_bytes(NULL, html.data, html.length, &rows);
        if (page.fault != cases[i].fault &&
            (page.fault == NULL || cases[i].fault == NULL || strcmp(page.fault, cases[i].fault) != 0))
            fail_msg("%zu: %s", i, page.fault != NULL ? page.fault : "no fault");
        assert_int_equal(page.rows, cases[i].rows == EACH ? count : (size_t)cases[i].rows);
        assert_true(page.input_count <= HTML_INPUTS_MAX && page.inputs_left_out == page.form);
        html_page_fini(&page);
        buf_fini(&rows);
        buf_fini(&html);
    }
}

static void tells_what_is_too_large(void **state)
{
    (void)state;
    struct buf html, rows;
    buf_init(&html, HTML_PAGE_MAX + 1);
    buf_puts(&html, "<a ");
    for (int i = 0; i <= HTML_ATTRIBUTES_MAX; i++)
        buf_printf(&html, "a%d ", i);
    buf_puts(&html, ">");
    struct html_page page = read_bytes(NULL, html.data, html.length, &rows);
    assert_string_equal(page.fault, "too many attributes");
    html_page_fini(&page);
    buf_fini(&rows);
    while (html.length < HTML_PAGE_MAX + 1)
        buf_putc(&html, ' ');
    page = read_bytes(NULL, html.data, html.length, &rows);
    assert_string_equal(page.fault, "the page is too large");
    html_page_fini(&page);
    buf_fini(&rows);
    buf_fini(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_notifications_in_tag_soup),
        cmocka_unit_test(finds_the_login_form),
        cmocka_unit_test(reads_what_the_page_says),
        cmocka_unit_test(reads_every_charset),
        cmocka_unit_test(links_stay_at_the_server),
        cmocka_unit_test(has_bounds),
        cmocka_unit_test(tells_what_is_too_large),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
