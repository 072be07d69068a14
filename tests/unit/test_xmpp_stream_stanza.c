/* The stream reader: answers of dialback, and what a client's stream has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "stream/xmpp_stream.h"
#include "stream_scene.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#define DB_OPEN ROOT(DB "id='i' version='1.0'")
#define DB_OPENED "header id=i 1.0 db\n"
#define CLIENT_OPEN "<stream:stream xmlns='jabber:client' " STREAM_NS "id='i' version='1.0'>"
#define STANZA_ERROR(CONDITION) "<" CONDITION " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
#define STANZA_TEXT(TEXT) "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>" TEXT "</text>"
#define SASL_NS "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define BIND_NS "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
#define SESSION_NS "xmlns='urn:ietf:params:xml:ns:xmpp-session'"
#define IQ_ATTRIBUTES "from='a.test' to='u@a.test/r' id='1'"

static const struct conversation SERVER[] = {
    /* Prosody 0.12.3, ejabberd and XEP-0220 2.1.2 */
    {"prosody", DB_OPEN "<db:verify type='invalid' id='v1' from='a.test' to='mon.test'>0a1b</db:verify>",
     DB_OPENED "verify from=a.test to=mon.test id=v1 type=invalid\n"},
    {"ejabberd", DB_OPEN "<db:verify type='valid' to='mon.test' from='a.test' id='v1'/>",
     DB_OPENED "verify from=a.test to=mon.test id=v1 type=valid\n"},
    {"error",
     DB_OPEN "<db:verify from='a.test' to='mon.test' id='v1' type='error'><error type='cancel'>"
     STANZA_ERROR("item-not-found") STANZA_TEXT(" Not here ") "</error></db:verify>",
     DB_OPENED "verify from=a.test to=mon.test id=v1 type=error condition=item-not-found text=Not here\n"},
    {"error in the namespace of dialback",
     DB_OPEN "<db:verify type='error'><db:error>" STANZA_ERROR("forbidden") "</db:error></db:verify>",
     DB_OPENED "verify type=error condition=forbidden\n"},
    {"text first, two conditions",
     DB_OPEN "<db:verify><error>" STANZA_TEXT("one") STANZA_TEXT("two") STANZA_ERROR("conflict") STANZA_ERROR("gone")
     "</error></db:verify>",
     DB_OPENED "verify condition=conflict text=one\n"},
    {"condition elsewhere",
     DB_OPEN "<db:verify>" STANZA_ERROR("gone") "<error><x>" STANZA_ERROR("gone") "</x></error></db:verify>",
     DB_OPENED "verify\n"},
    {"condition of another namespace", DB_OPEN "<db:verify><error><gone/></error></db:verify>", DB_OPENED "verify\n"},
    {"condition of streams", DB_OPEN "<db:verify><error>" CONDITION("reset") "</error></db:verify>",
     DB_OPENED "verify\n"},
    {"no condition's name", DB_OPEN "<db:verify><error>" STANZA_ERROR("Gone_2") "</error></db:verify>",
     DB_OPENED "verify\n"},
    {"nothing of a former one stays",
     DB_OPEN "<db:verify from='a' to='b' id='c' type='error'><error>" STANZA_ERROR("gone") STANZA_TEXT("t")
     "</error></db:verify><db:verify/><db:verify id=''/>",
     DB_OPENED "verify from=a to=b id=c type=error condition=gone text=t\nverify\nverify id=\n"},
    {"another prefix", OPEN "<verify xmlns='jabber:server:dialback' id='v&amp;1'/>", OPENED "verify id=v&1\n"},
    {"attributes of other namespaces", DB_OPEN "<db:verify db:id='1' xmlns:x='y' x:from='z'/>", DB_OPENED "verify\n"},
    {"not dialback's", DB_OPEN "<verify/><db:result>k</db:result><a><db:verify/></a>",
     DB_OPENED "other\nother\nother\n"},
    {"an error inside is none of the stream", DB_OPEN "<db:verify>" ERROR(CONDITION("reset")) "</db:verify>",
     DB_OPENED "verify\n"},
    {"in the middle of others", DB_OPEN FEATURES("") " <db:verify id='1'/>\n<x/>" CLOSE,
     DB_OPENED "features none\nverify id=1\nother\nend\n"},
    {"behind a bad header", ROOT("") "<verify xmlns='jabber:server:dialback'/>", "header\ninvalid header\n"},
    {"a client's elements",
     OPEN "<iq/><iq xmlns='jabber:client'/><challenge " SASL_NS "/><success " SASL_NS "/><failure " SASL_NS "/>",
     OPENED "other\nother\nother\nother\nother\n"},
    {"a client's features",
     OPEN FEATURES(SASL("<mechanism>PLAIN</mechanism>") "<bind " BIND_NS "/><session " SESSION_NS "/>"),
     OPENED "features none\n"},
};

static const struct conversation CLIENT[] = {
    /* Prosody 0.12.3 */
    {"before login",
     CLIENT_OPEN FEATURES("<mechanisms " SASL_NS "><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>"
                          "<mechanism> SCRAM-SHA-256\n</mechanism></mechanisms>" STARTTLS),
     OPENED "features optional [SCRAM-SHA-1 PLAIN SCRAM-SHA-256]\n"},
    {"after login",
     CLIENT_OPEN FEATURES("<bind " BIND_NS "><required/></bind><session " SESSION_NS "><optional/></session>"),
     OPENED "features none bind\n"},
    {"a session must be asked for", CLIENT_OPEN FEATURES("<bind " BIND_NS "/><session " SESSION_NS "/>"),
     OPENED "features none bind session\n"},
    {"optional elsewhere", CLIENT_OPEN FEATURES("<session " SESSION_NS "><optional xmlns='x'/></session>"),
     OPENED "features none session\n"},
    {"features twice", CLIENT_OPEN FEATURES(SASL("<mechanism>PLAIN</mechanism>")) FEATURES(""),
     OPENED "features none [PLAIN]\nfeatures none\n"},
    {"no mechanisms", CLIENT_OPEN FEATURES(SASL("<mechanism/><mechanism>plain</mechanism><mechanism>A B</mechanism>"
                                                "<mechanism>A-NAME-OF-MORE-THAN-20</mechanism>")),
     OPENED "features none\n"},
    {"external too", CLIENT_OPEN FEATURES(SASL("<mechanism>EXTERNAL</mechanism>")),
     OPENED "features none external [EXTERNAL]\n"},
    {"starttls", CLIENT_OPEN FEATURES(STARTTLS) PROCEED, OPENED "features optional\nproceed\n"},
    {"starttls refused", CLIENT_OPEN "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", OPENED "failure\n"},

    {"scram",
     CLIENT_OPEN "<challenge " SASL_NS ">cj1hYmM=</challenge><success " SASL_NS ">\ndj14eXo= </success>",
     OPENED "challenge [cj1hYmM=]\nsuccess [dj14eXo=]\n"},
    {"nothing of the challenge stays", CLIENT_OPEN "<challenge " SASL_NS ">YQ==</challenge><success " SASL_NS "/>",
     OPENED "challenge [YQ==]\nsuccess []\n"},
    {"refused",
     CLIENT_OPEN "<challenge " SASL_NS ">YQ==</challenge><failure " SASL_NS "><not-authorized/>"
                 "<text xml:lang='en'>No</text></failure>",
     OPENED "challenge [YQ==]\nrefused condition=not-authorized text=No\nfor [not-authorized]\n"},
    {"refused without a condition", CLIENT_OPEN "<failure " SASL_NS "/>", OPENED "refused\nfor []\n"},
    {"refused twice",
     CLIENT_OPEN "<failure " SASL_NS "><not-authorized/><aborted/></failure><failure " SASL_NS "><aborted/></failure>",
     OPENED "refused condition=not-authorized\nfor [not-authorized]\nrefused condition=aborted\nfor [aborted]\n"},

    {"bound",
     CLIENT_OPEN "<iq id='b' type='result'><bind " BIND_NS "><jid>u@a.test/r&#252;</jid></bind></iq>",
     OPENED "iq id=b type=result bound=u@a.test/r\xc3\xbc\n"},
    {"pong", CLIENT_OPEN "<iq " IQ_ATTRIBUTES " type='result'/>",
     OPENED "iq from=a.test to=u@a.test/r id=1 type=result\n"},
    {"bounced",
     CLIENT_OPEN "<iq " IQ_ATTRIBUTES " type='error'><ping xmlns='urn:xmpp:ping'/><error type='cancel'>"
     STANZA_ERROR("remote-server-not-found") STANZA_TEXT("No route") "</error></iq>",
     OPENED "iq from=a.test to=u@a.test/r id=1 type=error condition=remote-server-not-found text=No route ping\n"},
    {"pinged", CLIENT_OPEN "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq><iq type='get'/>",
     OPENED "iq type=get ping\niq type=get\n"},
    {"other stanzas", CLIENT_OPEN "<message/><presence/><iq xmlns='jabber:server'/><db:verify " DB "/>",
     OPENED "other\nother\nother\nother\n"},
    {"stream error", CLIENT_OPEN ERROR(CONDITION("conflict")) CLOSE, OPENED "error conflict []\nend\n"},
    {"a server's stream", OPEN, "invalid namespace\n"},
};

static void test_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(SERVER); i++)
        expect_conversation(XMPP_SERVER, &SERVER[i]);
}

static void test_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CLIENT); i++)
        expect_conversation(XMPP_CLIENT, &CLIENT[i]);
}

static void expect_cut(const char *before, size_t kept, const char *after, const char *story)
{
    char *most = repeated("", "x", kept, "");
    char *told = mem_printf(story, most);
    expect_story(XMPP_SERVER, mem_printf("%s%sy%s", before, most, after), told);
    expect_story(XMPP_SERVER, mem_printf("%s%s%s", before, most, after), told);
    free(told);
    free(most);
}

static void test_cut(void **state)
{
    (void)state;
    expect_cut(OPEN "<d:verify xmlns:d='jabber:server:dialback' id='", XMPP_JID_MAX, "'/>", OPENED "verify id=%s\n");
    expect_cut(DB_OPEN "<db:verify><error><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>", PEER_TEXT_MAX,
               "</text></error></db:verify>", DB_OPENED "verify text=%s\n");
}

/* 3,070 bytes and a character of two: it may not be cut in half. */
static void test_cut_between_characters(void **state)
{
    (void)state;
    char *story = repeated(OPENED "verify from=", "x", XMPP_JID_MAX - 1, "\n");
    expect_story(XMPP_SERVER,
                 repeated(OPEN "<d:verify xmlns:d='jabber:server:dialback' from='", "x", XMPP_JID_MAX - 1,
                          "\xc3\xbcy'/>"),
                 story);
    free(story);
}

/* What is of use only whole is refused where it is too long. */
static void test_whole(void **state)
{
    (void)state;
    char *story = repeated(OPENED "challenge [", "A", XMPP_SASL_MAX, "]\n");
    expect_story(XMPP_CLIENT,
                 repeated(CLIENT_OPEN "<challenge " SASL_NS ">", "A", XMPP_SASL_MAX, "</challenge>"), story);
    expect_story(XMPP_CLIENT, repeated(CLIENT_OPEN "<success " SASL_NS ">", "A", XMPP_SASL_MAX + 1, "</success>"),
                 OPENED "invalid too-large\n");
    expect_story(XMPP_CLIENT,
                 repeated(CLIENT_OPEN "<iq><bind " BIND_NS "><jid>", "j", XMPP_JID_MAX + 1, "</jid></bind></iq>"),
                 OPENED "invalid too-large\n");
    free(story);
}

static void test_many_mechanisms(void **state)
{
    (void)state;
    char *story = repeated(OPENED "features none [A-NAME-OF-19-BYTES-", " A-NAME-OF-19-BYTES-", 24, "]\n");
    expect_story(XMPP_CLIENT,
                 repeated(CLIENT_OPEN "<stream:features><mechanisms " SASL_NS ">",
                          "<mechanism>A-NAME-OF-19-BYTES-</mechanism>", 1000, "</mechanisms></stream:features>"),
                 story);
    free(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_many_mechanisms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
