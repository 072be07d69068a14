/* The reader of SOAP replies, in the dialects of several servers and in what nobody should send. Each is read whole,
 * cut in two at every byte, and byte by byte; all of them must tell the same story. */
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
#include "cisco/soap_reader.h"

#define CAP ((size_t)8 << 20)
#define DECLARATION "<?xml version='1.0' encoding='UTF-8'?>\n"
#define OPEN "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>"
#define CLOSE "</e:Body></e:Envelope>"
#define ENVELOPE(BODY) OPEN BODY CLOSE
#define RESPONSE(INSIDE) ENVELOPE("<r:queryResponse xmlns:r='urn:x'>" INSIDE "</r:queryResponse>")
#define ROWS(INSIDE) RESPONSE("<return>" INSIDE "</return>")
#define FAULT(INSIDE) ENVELOPE("<e:Fault>" INSIDE "</e:Fault>")

static const struct soap_shape SHAPE = {
    .payload = {"queryResponse", "queryReturn"}, .container = "return", .row = "row", .value = {"Code", "Words"}};

static const struct reply {
    const char *name, *bytes, *story;
} REPLIES[] = {
    {"AXL",
     DECLARATION "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>"
                 "<ns:queryResponse xmlns:ns=\"http://www.cisco.com/AXL/API/12.5\"><return><row><pkid>0a</pkid>"
                 "<cp_id>cm-2</cp_id></row><row><pkid>0b</pkid><cp_id/></row></return></ns:queryResponse>"
                 "</soapenv:Body></soapenv:Envelope>\n",
     "row pkid=0a cp_id=cm-2\nrow pkid=0b cp_id=\ngood\n"},
    {"another dialect",
     "<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'><Header><queryResponse/></Header>\n<Body>\n"
     "<queryResponse xmlns='urn:x'>\n<a:return xmlns:a='urn:a'>\n<a:row>\n<a:CP_ID> x \n</a:CP_ID>\n</a:row></a:return>"
     "</queryResponse></Body></Envelope>",
     "row CP_ID=x\ngood\n"},
    {"the other payload, deeper", ENVELOPE("<m><queryReturn/></m><queryReturn><list><return><row><a>1</a></row>"
                                           "</return></list></queryReturn>"),
     "row a=1\ngood\n"},
    {"undeclared prefixes", "<s:Envelope><s:Body><n:queryResponse/></s:Body></s:Envelope>", "good\n"},
    {"no return", RESPONSE(""), "good\n"},
    {"empty return", RESPONSE("<return/>"), "good\n"},
    {"return without rows", ROWS(" \n"), "good\n"},
    {"nil return", RESPONSE("<return xsi:nil='true'/>"), "good\n"},
    {"empty payload", ENVELOPE("<queryResponse/>"), "good\n"},
    {"empty row", ROWS("<row/><row></row>"), "row\nrow\ngood\n"},
    {"nil", ROWS("<row><a xsi:nil='true'/><b xsi:nil='1'>x</b><c xsi:nil='false'>y</c><d nil='0'/></row>"),
     "row a b c=y d=\ngood\n"},
    {"CDATA", ROWS("<row><a>1<![CDATA[<2>&]]>3</a></row>"), "row a=1<2>&3\ngood\n"},
    {"references", ROWS("<row><a>&lt;&#x41;&amp;&#66;&quot;&apos;&gt;</a></row>"), "row a=<A&B\"'>\ngood\n"},
    {"columns twice", ROWS("<row><a>1</a><A>2</A><a>3</a></row>"), "row a=1 A=2 a=3\ngood\n"},
    {"markup inside", ROWS("<row><a>1<b>2<a c='d' nil='true'>3</a></b>4</a><!-- c --><c>5</c></row>"),
     "row a=14 c=5\ngood\n"},
    {"rows elsewhere", RESPONSE("<row><a>1</a></row><x><row/></x><return><x><row/></x><row><row>2</row></row>"
                                "</return>"),
     "row row=2\ngood\n"},
    {"values", RESPONSE("<Code> 7 </Code><x><Words>a<b>c</b></Words></x><Code>8</Code><return><Code>9</Code></return>"),
     "good 7 a\n"},
    {"nil value", RESPONSE("<Code xsi:nil='true'>7</Code>"), "good\n"},
    {"Latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?>" ROWS("<row><a>\xfc</a></row>"), "row a=\xc3\xbc\ngood\n"},
    {"BOM", "\xef\xbb\xbf" RESPONSE(""), "good\n"},

    {"fault", FAULT("<faultcode>e:Server</faultcode><faultstring>no <!-- x -->table</faultstring><faultactor/>"
                    "<detail><axlError><axlcode>-206</axlcode><axlmessage>gone</axlmessage><request>q</request>"
                    "</axlError></detail>"),
     "fault e:Server|no table|-206|gone\n"},
    {"fault with a namespace", FAULT("<faultcode>c</faultcode><faultstring>s</faultstring><detail><n:axlError "
                                     "xmlns:n='http://www.cisco.com/AXL/API/12.5'><n:axlcode>5</n:axlcode>"
                                     "<n:axlmessage>m</n:axlmessage></n:axlError></detail>"),
     "fault c|s|5|m\n"},
    {"old AXL", FAULT("<faultcode>c</faultcode><faultstring>s</faultstring><detail><axl:Error xmlns:axl='x'>"
                      "<axl:code>5007</axl:code><axl:message>m</axl:message></axl:Error></detail>"),
     "fault c|s|5007|m\n"},
    {"SOAP 1.2", FAULT("<e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>x</e:Value></e:Subcode></e:Code>"
                       "<e:Reason><e:Text xml:lang='en'>why</e:Text><e:Text xml:lang='de'>warum</e:Text>"
                       "</e:Reason><e:Detail/>"),
     "fault e:Sender|why||\n"},
    {"empty fault", FAULT(""), "fault |||\n"},
    {"rows and a fault", ENVELOPE("<queryResponse/><e:Fault/>"), "fault |||\n"},
    {"fault elsewhere", RESPONSE("<Fault><faultcode>x</faultcode></Fault>"), "good\n"},

    {"nothing", "", "not-xml\n"},
    {"white space", " \r\n", "not-xml\n"},
    {"text", "Service unavailable", "not-xml\n"},
    {"a web page", "<!DOCTYPE html><html><head><title>x</title><br></head></html>", "not-xml\n"},
    {"an old web page", "<HTML><p>x", "not-xml\n"},
    {"XHTML", DECLARATION "<html xmlns='http://www.w3.org/1999/xhtml'/>", "not-xml\n"},
    {"a number", "404", "not-xml\n"},
    {"a mark of UTF-16", "\xff\xfe", "not-xml\n"},

    {"truncated at once", "<", "truncated\n"},
    {"truncated declaration", "<?xml version", "truncated\n"},
    {"truncated envelope", "<e:Envelope xmlns:e='x'", "truncated\n"},
    {"truncated rows", OPEN "<queryResponse><return><row><a>1</a></row><row><a>2</a>", "row a=1\ntruncated\n"},
    {"truncated text", OPEN "<queryResponse><return><row><a>1\xc3", "truncated\n"},
    {"truncated CDATA", OPEN "<queryResponse><return><row><a><![CDATA[1", "truncated\n"},
    {"truncated fault", OPEN "<e:Fault><faultcode>x</faultcode></e:Fault>", "truncated\n"},
    {"truncated end", OPEN "<queryResponse/></e:Body></e:Envelop", "truncated\n"},

    {"another root", "<queryResponse/>", "refused\n"},
    {"no body", "<Envelope><Header/></Envelope>", "refused\n"},
    {"empty body", ENVELOPE(""), "refused\n"},
    {"another payload", ENVELOPE("<otherResponse><return><row><a>1</a></row></return></otherResponse>"), "refused\n"},
    {"a request", ENVELOPE("<query><sql>x</sql></query>"), "refused\n"},
    {"a payload outside", "<Envelope><queryResponse/></Envelope>", "refused\n"},
    {"doctype", "<!DOCTYPE x SYSTEM 'http://x/'>" RESPONSE(""), "refused\n"},
    {"entities", "<!DOCTYPE l [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]>" ROWS("<row><a>&b;</a></row>"), "refused\n"},
    {"an entity", ROWS("<row><a>&nbsp;</a></row>"), "refused\n"},
    {"instruction", RESPONSE("<?php x ?>"), "refused\n"},
    {"not well-formed", ROWS("<row><a>1</b></row>"), "refused\n"},
    {"attribute twice", RESPONSE("<return a='1' a='2'/>"), "refused\n"},
    {"not UTF-8", ROWS("<row><a>\xc3(</a></row>"), "refused\n"},
    {"a second root", RESPONSE("") "<x/>", "refused\n"},
};
#define REPLY_COUNT (sizeof REPLIES / sizeof *REPLIES)

static void tell_row(void *arg, const struct soap_row *row)
{
    struct buf *story = arg;
    buf_puts(story, "row");
    for (size_t i = 0; i < row->count; i++) {
        buf_printf(story, " %s", row->columns[i].name);
        if (row->columns[i].text != NULL)
            buf_printf(story, "=%s", row->columns[i].text);
    }
    buf_putc(story, '\n');
}

static void tell_end(struct buf *story, struct soap_reader *reader)
{
    static const char *const VERDICTS[] = {
        [SOAP_GOOD] = "good", [SOAP_FAULT] = "fault", [SOAP_NOT_XML] = "not-xml", [SOAP_TRUNCATED] = "truncated",
        [SOAP_REFUSED] = "refused", [SOAP_TOO_LARGE] = "too-large",
    };
    enum soap_verdict verdict = soap_reader_end(reader);
    buf_puts(story, VERDICTS[verdict]);
    assert_int_equal(*soap_reader_words(reader) == '\0', verdict == SOAP_GOOD || verdict == SOAP_FAULT);
    assert_true(strlen(soap_reader_words(reader)) <= 256);
    if (verdict == SOAP_FAULT) {
        const struct soap_fault *fault = soap_reader_fault(reader);
        buf_printf(story, " %s|%s|%s|%s", fault->code, fault->text, fault->axl_code, fault->axl_message);
    }
    for (size_t i = 0; i < SOAP_VALUES_MAX && verdict == SOAP_GOOD; i++) {
        if (soap_reader_value(reader, i) != NULL)
            buf_printf(story, " %s", soap_reader_value(reader, i));
    }
    buf_putc(story, '\n');
}

/* The bytes in two pieces, the first of `cut` bytes, or each alone with a cut behind the end. */
static char *story_of(const char *bytes, size_t length, size_t cut, size_t cap)
{
    struct buf story;
    buf_init(&story, 1 << 26);
    struct soap_reader *reader = soap_reader_new(&SHAPE, cap, tell_row, &story);
    if (cut <= length) {
        soap_reader_read(reader, bytes, cut);
        soap_reader_read(reader, bytes + cut, length - cut);
    } else {
        for (size_t i = 0; i < length; i++)
            soap_reader_read(reader, bytes + i, 1);
    }
    tell_end(&story, reader);
    soap_reader_free(reader);
    char *text = buf_steal(&story);
    buf_fini(&story);
    return text;
}

static void test_replies(void **state)
{
    (void)state;
    for (const struct reply *each = REPLIES; each < REPLIES + REPLY_COUNT; each++) {
        size_t length = strlen(each->bytes);
        for (size_t cut = 0; cut <= length + 1; cut++) {
            char *story = story_of(each->bytes, length, cut, CAP);
            if (strcmp(story, each->story) != 0)
                fail_msg("%s, cut at %zu:\n%s-- instead of\n%s", each->name, cut, story, each->story);
            free(story);
        }
    }
}

static char *repeated(const char *before, const char *piece, size_t count, const char *after)
{
    struct buf buf;
    buf_init(&buf, 1 << 26);
    buf_puts(&buf, before);
    for (size_t i = 0; i < count; i++)
        buf_puts(&buf, piece);
    buf_puts(&buf, after);
    assert_false(buf_failed(&buf));
    char *text = buf_steal(&buf);
    buf_fini(&buf);
    return text;
}

#define ROW_OPEN OPEN "<queryResponse><return><row>"
#define ROW_CLOSE "</row></return></queryResponse>" CLOSE

static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *before, *piece;
        size_t count;
        const char *after, *end; /* of the story */
    } BOUNDS[] = {
        {ROW_OPEN "<a>", "x", SOAP_VALUE_MAX, "</a>" ROW_CLOSE, "x\ngood\n"},
        {ROW_OPEN "<a>", "x", SOAP_VALUE_MAX + 1, "</a>" ROW_CLOSE, "refused\n"},
        {ROW_OPEN "<a>", "<b>x</b>", SOAP_VALUE_MAX, "</a>" ROW_CLOSE, "row a=\ngood\n"},
        {OPEN "<e:Fault><faultstring>", "x", SOAP_VALUE_MAX + 1, "</faultstring></e:Fault>" CLOSE, "refused\n"},
        {ROW_OPEN, "<a/>", SOAP_COLUMNS_MAX, ROW_CLOSE, "a=\ngood\n"},
        {ROW_OPEN, "<a/>", SOAP_COLUMNS_MAX + 1, ROW_CLOSE, "refused\n"},
        {ROW_OPEN "<", "a", SOAP_NAME_MAX, "/>" ROW_CLOSE, "a=\ngood\n"},
        {ROW_OPEN "<", "a", SOAP_NAME_MAX + 1, "/>" ROW_CLOSE, "refused\n"},
        {OPEN, "<a>", 62, "", "truncated\n"},
        {OPEN, "<a>", 63, "", "refused\n"},
        {OPEN "<a b='", ">", 8000, "'/><queryResponse/>" CLOSE, "good\n"},
        {OPEN "<a b='", ">", 8200, "'/><queryResponse/>" CLOSE, "refused\n"},
        {OPEN "<queryResponse/><!--", "x", 8000, "-->" CLOSE, "good\n"},
        {OPEN "<queryResponse/><!--", "x", 20000, "-->" CLOSE, "refused\n"},
        {OPEN "<a b='", "x", 1000000, "", "refused\n"},
        {OPEN "<queryResponse/>" CLOSE, " ", 9000000, "", "too-large\n"},
        {ROW_OPEN, "</row><row>", 900000, ROW_CLOSE, "too-large\n"},
    };
    for (size_t i = 0; i < sizeof BOUNDS / sizeof *BOUNDS; i++) {
        char *bytes = repeated(BOUNDS[i].before, BOUNDS[i].piece, BOUNDS[i].count, BOUNDS[i].after);
        size_t length = strlen(bytes);
        for (size_t cut = 0; cut <= length + 1; cut += length + 1) { /* whole, and byte by byte */
            char *story = story_of(bytes, length, cut, CAP);
            size_t told = strlen(story), wanted = strlen(BOUNDS[i].end);
            if (told < wanted || strcmp(story + told - wanted, BOUNDS[i].end) != 0)
                fail_msg("bound %zu: ...%.80s", i, story + (told > 80 ? told - 80 : 0));
            free(story);
        }
        free(bytes);
    }
}

static void test_names_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } FORMS[] = {{"<n", "/>"}, {"<n a", "='x'/>"}, {"<x:n", "/>"}};
    for (size_t form = 0; form < sizeof FORMS / sizeof *FORMS; form++) {
        for (size_t extra = 0; extra <= 100; extra += 100) {
            struct buf bytes;
            buf_init(&bytes, 1 << 20);
            buf_puts(&bytes, OPEN "<queryResponse/>");
            for (size_t i = 0; i < SOAP_NAMES_MAX - 50 + extra; i++)
                buf_printf(&bytes, "%s%zu%s", FORMS[form].before, i, FORMS[form].after);
            buf_puts(&bytes, CLOSE);
            char *story = story_of(bytes.data, bytes.length, 0, CAP);
            assert_string_equal(story, extra == 0 ? "good\n" : "refused\n");
            free(story);
            buf_fini(&bytes);
        }
    }
}

static void test_many_rows(void **state)
{
    (void)state;
    char *bytes = repeated(OPEN "<queryResponse><return>", "<row><pkid>0a1b</pkid><cp_id>cm-2_s2scp-1</cp_id></row>",
                           100000, "</return></queryResponse>" CLOSE);
    char *story = story_of(bytes, strlen(bytes), 0, CAP);
    size_t rows = 0;
    for (const char *at = story; (at = strstr(at, "row pkid=0a1b cp_id=cm-2_s2scp-1\n")) != NULL; at++)
        rows++;
    assert_int_equal(rows, 100000);
    assert_non_null(strstr(story, "\ngood\n"));
    free(story);
    free(bytes);
}

static void test_refuses_at_once(void **state)
{
    (void)state;
    struct soap_reader *reader = soap_reader_new(&SHAPE, CAP, NULL, NULL);
    char page[5000];
    memset(page, ' ', sizeof page);
    memcpy(page, "<html>", 6);
    assert_false(soap_reader_read(reader, page, sizeof page));
    assert_false(soap_reader_read(reader, page, sizeof page));
    assert_int_equal(soap_reader_end(reader), SOAP_NOT_XML);
    assert_string_equal(soap_reader_words(reader), "an HTML page");
    assert_false(soap_reader_is_envelope(reader));
    soap_reader_free(reader);
    soap_reader_free(NULL);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *words;
    } WORDS[] = {
        {"", "nothing"},
        {"Go away\n\x1b[1m", "not XML: \"Go away .[1m\", syntax error"},
        {"<a\xc3\xbc/>", "the root is <a\xc3\xbc>, no SOAP envelope"},
        {OPEN, "it ends too soon, after 72 bytes"},
        {ENVELOPE("<x/>"), "x in the SOAP body instead of queryResponse"},
        {ENVELOPE(""), "nothing in the SOAP body instead of queryResponse"},
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        struct soap_reader *reader = soap_reader_new(&SHAPE, CAP, NULL, NULL);
        soap_reader_read(reader, WORDS[i].bytes, strlen(WORDS[i].bytes));
        soap_reader_end(reader);
        assert_string_equal(soap_reader_words(reader), WORDS[i].words);
        soap_reader_free(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),           cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_names_are_counted), cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_refuses_at_once),   cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
