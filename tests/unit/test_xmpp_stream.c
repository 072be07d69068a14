/* The stream reader, against what servers really send and what nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "stream/xmpp_stream.h"
#include "stream_scene.h"

static const struct conversation CONVERSATIONS[] = {
    /* Prosody 0.12.3 */
    {"prosody",
     DECLARATION "<stream:stream xml:lang='en' from='a.test' id='af176374-ea5f' version='1.0' xmlns='jabber:server' "
                 "xmlns:stream='http://etherx.jabber.org/streams' to='mon.test' xmlns:db='jabber:server:dialback'>"
                 "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
                 "<dialback xmlns='urn:xmpp:features:dialback'/></stream:features>",
     "header id=af176374-ea5f 1.0 db\nfeatures required dialback\n"},
    {"prosody, unknown host",
     DECLARATION "<stream:stream xml:lang='en' id='94aa' version='1.0' xmlns='jabber:server' "
                 "xmlns:stream='http://etherx.jabber.org/streams' from='nope.test' to='mon.test'><stream:error>"
                 "<host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:"
                 "xmpp-streams'>This host does not serve nope.test</text></stream:error></stream:stream>",
     "header id=94aa 1.0\nerror host-unknown [This host does not serve nope.test]\nend\n"},
    {"prosody, error behind an empty header",
     DECLARATION "<stream:stream xml:lang='en' id='' xmlns:db='jabber:server:dialback' xmlns='jabber:server' "
                 "xmlns:stream='http://etherx.jabber.org/streams' from='' to=''><stream:error><not-well-formed "
                 "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
     "header id= db\nerror not-well-formed []\nend\n"},
    {"prosody, client port",
     DECLARATION "<stream:stream xml:lang='en' id='bfb41a2c' version='1.0' xmlns='jabber:client' "
                 "xmlns:stream='http://etherx.jabber.org/streams' from='a.test' to='mon.test'><stream:features>",
     "invalid namespace\n"},
    /* ejabberd's and jabberd2's order of attributes; a header before XMPP 1.0 as Expressway's seed shows one. */
    {"ejabberd",
     DECLARATION "<stream:stream id='2513518712382948' version='1.0' xml:lang='en' "
                 "xmlns:stream='http://etherx.jabber.org/streams' to='mon.test' from='a.test' "
                 "xmlns:db='jabber:server:dialback' xmlns='jabber:server'><stream:features>"
                 "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'></starttls><dialback "
                 "xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
                 "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='x='/></stream:features>",
     "header id=2513518712382948 1.0 db\nfeatures optional dialback\n"},
    {"jabberd2",
     "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server' "
     "xmlns:db='jabber:server:dialback' from='a.test' id='7zjx' version='1.0'><stream:features "
     "xmlns:stream='http://etherx.jabber.org/streams'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
     "</stream:features>",
     "header id=7zjx 1.0 db\nfeatures optional\n"},
    {"no version, dialback only",
     "<?xml version='1.0' encoding='UTF-8' ?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
     "xmlns='jabber:server' id='3BDF' xmlns:db='jabber:server:dialback' from='vngtp.lab'>",
     "header id=3BDF db\n"},

    {"whole", DECLARATION OPEN FEATURES(STARTTLS) PROCEED "\x16\x03<garbage", OPENED "features optional\nproceed\n"},
    {"failure", OPEN FEATURES(STARTTLS) "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" CLOSE,
     OPENED "features optional\nfailure\nend\n"},
    {"no features", OPEN FEATURES(""), OPENED "features none\n"},
    {"empty features", OPEN "<stream:features/>", OPENED "features none\n"},
    {"features twice", OPEN FEATURES(STARTTLS) FEATURES(SASL("<mechanism>EXTERNAL</mechanism>")),
     OPENED "features optional\nfeatures none external\n"},
    {"starttls elsewhere", OPEN FEATURES("<x>" STARTTLS "</x><starttls/>"), OPENED "features none\n"},
    {"required elsewhere", OPEN FEATURES("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required xmlns='x'/>"
                                         "</starttls>"),
     OPENED "features optional\n"},
    {"starttls twice",
     OPEN FEATURES("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>" STARTTLS),
     OPENED "features required\n"},
    {"prefixed features",
     OPEN "<s:features xmlns:s='http://etherx.jabber.org/streams' xmlns:t='urn:ietf:params:xml:ns:xmpp-tls'>"
          "<t:starttls><t:required/></t:starttls></s:features>",
     OPENED "features required\n"},
    {"mechanisms", OPEN FEATURES(SASL("<mechanism>PLAIN</mechanism><mechanism>\n EXTERNAL\t</mechanism>")),
     OPENED "features none external\n"},
    {"mechanism in pieces", OPEN FEATURES(SASL("<mechanism>EX<![CDATA[TERN]]>&#65;L</mechanism>")),
     OPENED "features none external\n"},
    {"other mechanisms", OPEN FEATURES(SASL("<mechanism>external</mechanism><mechanism>EXTERNAL-X</mechanism>"
                                            "<mechanism>EXTERNAL<x/></mechanism><mechanism/>")),
     OPENED "features none\n"},
    {"keepalives",
     "<stream:stream\n" NS "\nid=\"i\"\tfrom=\"a.test\" version='1.0'\n>\n \n" FEATURES("") " \n" CLOSE "\n",
     OPENED "features none\nend\n"},
    {"other elements",
     OPEN "<db:result xmlns:db='jabber:server:dialback'>k</db:result><a><b/></a><proceed/>" FEATURES(""),
     OPENED "other\nother\nother\nfeatures none\n"},
    {"closed at once", "<stream:stream " NS "id='i' from='a.test' version='1.0'/>", OPENED "end\n"},
    {"after the end", OPEN CLOSE "<and><more", OPENED "end\n"},

    {"dialback by another prefix", ROOT("xmlns:x='jabber:server:dialback' id='i'"), "header id=i db\n"},
    {"dialback not in the root", ROOT("id='i'") "<a " DB "/>", "header id=i\nother\n"},
    {"another stream prefix",
     "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:server' id='i' version='1.0'><s:features/>",
     "header id=i 1.0\nfeatures none\n"},
    {"attributes of other namespaces", ROOT("id='i' xmlns:x='u:x' x:id='no' x:from='no' x:version='2' xml:lang='de'"),
     "header id=i\n"},
    {"character references", ROOT("id='&lt;&#x69;&amp;&#105;>' from='&#xfc;.test'"),
     "header id=<i&i>\n"},
    {"version 1", ROOT("id='i' version='1'"), "header id=i 1.0\n"},
    {"version 10.27", ROOT("id='i' version='010.27'"), "header id=i 1.0\n"},
    {"version 0.9", ROOT("id='i' version='0.9'"), "header id=i\n"},

    /* A header that lacks something is a fault, but never hides the error behind it. */
    {"no id", ROOT("version='1.0'") FEATURES(""), "header 1.0\ninvalid header\n"},
    {"no id, end", ROOT("version='1.0'") CLOSE, "header 1.0\ninvalid header\n"},
    {"empty id", ROOT("id='' version='1.0'") FEATURES(""), "header id= 1.0\ninvalid header\n"},
    {"no id, error", ROOT("") ERROR(CONDITION("improper-addressing")), "header\nerror improper-addressing []\n"},
    {"bad version", ROOT("id='i' version='one'") FEATURES(""), "header id=i\ninvalid header\n"},
    {"empty version", ROOT("id='i' version=''") FEATURES(""), "header id=i\ninvalid header\n"},
    {"bad version, error", ROOT("id='i' version='1.0beta'") ERROR(CONDITION("unsupported-version")),
     "header id=i\nerror unsupported-version []\n"},

    {"error without a condition", OPEN ERROR(""), OPENED "error  []\n"},
    {"text before the condition", OPEN ERROR(CONDITION_TEXT(" bye&#x21;\n") CONDITION("reset") CONDITION("conflict")),
     OPENED "error reset [bye!]\n"},
    {"text in two languages", OPEN ERROR(CONDITION("reset") CONDITION_TEXT("one") CONDITION_TEXT("two")),
     OPENED "error reset [one]\n"},
    {"condition elsewhere", OPEN FEATURES(CONDITION("reset")) ERROR("<x>" CONDITION("reset") "</x>"),
     OPENED "features none\nerror  []\n"},
    {"application condition", OPEN ERROR("<host-gone xmlns='x'/>" CONDITION("conflict")), OPENED "error conflict []\n"},
    {"see-other-host", OPEN ERROR("<see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]</see-other-host>"),
     OPENED "error see-other-host []\n"},
    {"no condition's name", OPEN ERROR(CONDITION("Conflict_2") CONDITION("a-condition-longer-than-any-that-exists")),
     OPENED "error  []\n"},

    {"no content namespace", "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='i'>",
     "invalid namespace\n"},
    {"content namespace unset", "<stream:stream xmlns='' xmlns:stream='http://etherx.jabber.org/streams' id='i'>",
     "invalid namespace\n"},
    {"another stream namespace", "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/stream'>",
     "invalid namespace\n"},
    {"stream without a namespace", "<stream id='i'>", "invalid namespace\n"},
    {"stream prefix undeclared", "<stream:stream xmlns='jabber:server' id='i'>", "invalid namespace\n"},

    {"web server", "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html>", "invalid not-xmpp\n"},
    {"web page", "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html>", "invalid not-xmpp\n"},
    {"another root", "<html><head>", "invalid not-xmpp\n"},
    {"ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "invalid not-xmpp\n"},
    {"smtp", "220 mx.a.test ESMTP\r\n", "invalid not-xmpp\n"},
    {"tls alert", "\x15\x03\x01", "invalid not-xmpp\n"},
    {"utf-16", "\xff\xfe<?", "invalid not-xmpp\n"},
    {"features only", FEATURES(""), "invalid namespace\n"},

    {"encoding", "<?xml version='1.0' encoding='ISO-8859-1'?>" OPEN, "invalid header\n"},
    {"encoding named utf-16", "<?xml version='1.0' encoding='UTF-16'?>" OPEN, "invalid header\n"},
    {"doctype", "<!DOCTYPE stream:stream SYSTEM 'http://x/'>" OPEN, "invalid header\n"},
    {"entities", "<!DOCTYPE l [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]>" OPEN "&b;", "invalid header\n"},
    {"entity in the header", ROOT("id='&x;'"), "invalid header\n"},
    {"entity in the text", OPEN ERROR(CONDITION_TEXT("&nbsp;")), OPENED "invalid header\n"},
    {"instruction first", DECLARATION "<?xml-stylesheet href='x'?>" OPEN, "invalid header\n"},
    {"instruction later", OPEN "<?php ?>", OPENED "invalid header\n"},
    {"comment first", "<!-- a -->" OPEN, "invalid header\n"},
    {"comment later", OPEN FEATURES("<!-- a -->"), OPENED "invalid header\n"},
    {"attribute twice", ROOT("id='i' id='j'"), "invalid header\n"},
    {"not well-formed", OPEN "<a></b>", OPENED "invalid header\n"},
    {"undeclared prefix", OPEN "<x:a/>", OPENED "invalid header\n"},
    {"not UTF-8", OPEN "<a>\xc3(</a>", OPENED "invalid header\n"},
    {"NUL", OPEN "&#0;", OPENED "invalid header\n"},
};
#define CONVERSATION_COUNT (sizeof CONVERSATIONS / sizeof *CONVERSATIONS)

static void test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATION_COUNT; i++)
        expect_conversation(XMPP_SERVER, &CONVERSATIONS[i]);
}

static void test_rest_of_proceed(void **state)
{
    (void)state;
    static const char bytes[] = OPEN FEATURES(STARTTLS) PROCEED "rest";
    struct reading reading;
    reading_init(&reading, XMPP_SERVER, XMPP_CAP_BEFORE_TLS);
    reading_go(&reading, bytes, sizeof bytes - 1);
    assert_string_equal(bytes + reading.at, "rest");
    reading_fini(&reading);
}

static void test_header_stays(void **state)
{
    (void)state;
    static const char bytes[] = OPEN "<a " DB "id='j' from='b.test'/>";
    struct reading reading;
    reading_init(&reading, XMPP_SERVER, XMPP_CAP_BEFORE_TLS);
    reading_go(&reading, bytes, sizeof bytes - 1);
    buf_clear(&reading.story);
    reading_tell(&reading, XMPP_HEADER);
    assert_string_equal(reading.story.data, OPENED);
    reading_fini(&reading);
}

/* A caller may have read more from the network by the time it gives the rest. */
static void test_more_than_the_rest(void **state)
{
    (void)state;
    static const char bytes[] = OPEN FEATURES(STARTTLS) "<a/>" CLOSE;
    struct xmpp_stream *stream = xmpp_stream_new(XMPP_SERVER, XMPP_CAP_BEFORE_TLS);
    size_t used, at = 0, given = strlen(OPEN) + 5;
    static const enum xmpp_event events[] = {XMPP_HEADER, XMPP_FEATURES, XMPP_OTHER, XMPP_END, XMPP_MORE};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        assert_int_equal(xmpp_stream_read(stream, bytes + at, given - at, &used), events[i]);
        at += used;
        given = sizeof bytes - 1;
    }
    assert_int_equal(at, sizeof bytes - 1);
    xmpp_stream_free(stream);
}

/* `before`, then `piece` again and again until `total` bytes, read in reads of at most `step`. Returns how many bytes
 * were read before the refusal. */
static size_t expect_flood(const char *before, const char *piece, size_t total, size_t step, const char *story)
{
    size_t length = strlen(before), size = strlen(piece);
    char *bytes = mem_alloc(total + size);
    memcpy(bytes, before, length);
    while (length < total) {
        memcpy(bytes + length, piece, size);
        length += size;
    }
    struct reading reading;
    reading_init(&reading, XMPP_SERVER, XMPP_CAP_BEFORE_TLS);
    for (size_t end = 0; end < length && !reading.stopped;) {
        end = end + step < length ? end + step : length;
        reading_go(&reading, bytes, end);
    }
    assert_string_equal(reading.story.data, story);
    size_t read = reading.at;
    reading_fini(&reading);
    free(bytes);
    return read;
}

static void test_floods(void **state)
{
    (void)state;
    static const struct {
        const char *before, *piece, *story;
        size_t bound; /* refused by then */
    } floods[] = {
        {OPEN, "<a>", OPENED "invalid too-large\n", 1000},
        {OPEN "<stream:features>", "<f/>", OPENED "invalid too-large\n", XMPP_CAP_BEFORE_TLS},
        {OPEN, " ", OPENED "invalid too-large\n", XMPP_CAP_BEFORE_TLS},
        {OPEN ERROR("") "<a>", "text ", OPENED "error  []\ninvalid too-large\n", XMPP_CAP_BEFORE_TLS},
        {OPEN "<a b='", ">", OPENED "invalid too-large\n", 9000},
        {"<stream:stream id='", "x", "invalid too-large\n", 9000},
        {"<stream:stream ", "xmlns:a='b' ", "invalid too-large\n", 9000},
        {"<!--", "x", "invalid too-large\n", 9000},
        {"", " ", "invalid too-large\n", XMPP_CAP_BEFORE_TLS},
    };
    static const size_t steps[] = {10000000, 1400, 1};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (size_t k = 0; k < sizeof floods / sizeof *floods; k++) {
            size_t total = steps[i] == 1 ? 100000 : 10000000;
            size_t read = expect_flood(floods[k].before, floods[k].piece, total, steps[i], floods[k].story);
            assert_true(read <= floods[k].bound + steps[i]);
        }
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char *closing = repeated("", "</a>", 63, "");
    char *most = repeated(OPEN, "<a>", 63, closing);
    expect_story(XMPP_SERVER, most, OPENED "other\n");
    free(closing);
    expect_story(XMPP_SERVER, repeated(OPEN, "<a>", 64, ""), OPENED "invalid too-large\n");

    char *longest = repeated("", "x", XMPP_ID_MAX, "");
    char *story = mem_printf("header id=%s\n", longest);
    expect_story(XMPP_SERVER, mem_printf("<stream:stream " NS "id='%s'>", longest), story);
    expect_story(XMPP_SERVER, mem_printf("<stream:stream " NS "id='%sx'>", longest), "invalid too-large\n");
    expect_story(XMPP_SERVER, mem_printf("<stream:stream " NS "id='i' other='%sx'>", longest), "header id=i\n");
    free(story);
    free(longest);

    expect_story(XMPP_SERVER, repeated(OPEN "<a b='", "x", 8000, "'/>"), OPENED "other\n");
    expect_story(XMPP_SERVER, repeated(OPEN "<a b='", "x", 8200, "'/>"), OPENED "invalid too-large\n");
}

/* 255 bytes and a character of two: it may not be cut in half. */
static void test_error_text_cut(void **state)
{
    (void)state;
    char *bytes = repeated(OPEN "<stream:error><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>", "x", 255,
                           "&#xfc;y</text></stream:error>");
    char *story = repeated(OPENED "error  [", "x", 255, "]\n");
    expect_story(XMPP_SERVER, bytes, story);
    free(story);
}

static void test_fault_texts(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } faults[] = {
        {"HTTP/1.1 400 Bad Request\r\n",
         "not XML: \"HTTP/1.1 400 Bad Request..\", not well-formed (invalid token) at byte 4"},
        {ROOT("version='1.0'") "<stream:features/>", "the header has no id, at byte 99"},
        {"<?xml version='1.0' encoding='latin1'?>", "encoding latin1 at byte 0"},
        {"<a>", "the root is <a> at byte 0"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct reading reading;
        reading_init(&reading, XMPP_SERVER, XMPP_CAP_BEFORE_TLS);
        reading_go(&reading, faults[i].bytes, strlen(faults[i].bytes));
        assert_string_equal(xmpp_stream_fault_text(reading.stream), faults[i].text);
        size_t used = 1;
        assert_int_equal(xmpp_stream_read(reading.stream, "<a>", 3, &used), XMPP_INVALID);
        assert_int_equal(used, 0);
        reading_fini(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_rest_of_proceed),
        cmocka_unit_test(test_header_stays),
        cmocka_unit_test(test_more_than_the_rest),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_error_text_cut),
        cmocka_unit_test(test_fault_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
