/* Answers as servers send them and as nobody should, read against a question for SRV, A, AAAA or TLSA of
 * "q.test". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dns/dns_message.h"
#include "tests/unit/dns_script.h"

#define ONE DNS_OK "0001 0000 0000 Q "
#define TWO DNS_OK "0002 0000 0000 Q "
#define THREE DNS_OK "0003 0000 0000 Q "
#define GOOD DNS_SRV(60) "[ =10 =20 =5269 'a 'test . ] "
#define GOOD_STORY "answer ttl=60 records=1: a.test:5269/10/20"
#define LABEL_63 "'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg "
#define TEXT_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
#define LABEL_61 "'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg "
#define TEXT_61 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg"
#define TEN_FF "ffffffffffffffffffff"

static const struct answer_case {
    const char *what;
    int type;
    const char *bytes, *story;
} ANSWERS[] = {
    {"one", ns_t_srv, ONE GOOD, GOOD_STORY},
    {"order", ns_t_srv,
     DNS_OK "0005 0000 0000 Q " DNS_SRV(300) "[ =20 =0 =5269 'd 'test . ] " DNS_SRV(299) "[ =10 =5 =5269 'c 'test . ] "
     DNS_SRV(301) "[ =10 =5 =5269 'b 'test . ] " DNS_SRV(300) "[ =10 =65535 =5269 'e 'test . ] "
     DNS_SRV(300) "[ =10 =5 =443 'b 'test . ]",
     "answer ttl=299 records=5: e.test:5269/10/65535 b.test:443/10/5 b.test:5269/10/5 c.test:5269/10/5 "
     "d.test:5269/20/0"},
    {"identical", ns_t_srv,
     THREE GOOD DNS_SRV(50) "[ =10 =20 =5269 'A 'test . ] " DNS_SRV(60) "[ =10 =20 =5270 'a 'test . ]",
     "answer ttl=50 records=2: a.test:5269/10/20 a.test:5270/10/20"},
    {"extremes", ns_t_srv,
     TWO DNS_SRV(2147483647) "[ =65535 =65535 =0 'a . ]" DNS_SRV(2147483647) "[ =0 =0 =65535 'a . ]",
     "answer ttl=2147483647 records=2: a:65535/0/0 a:0/65535/65535"},
    {"time to live beyond its sign", ns_t_srv, ONE DNS_SRV(2147483648) "[ =1 =2 =3 'a . ]",
     "answer ttl=0 records=1: a:3/1/2"},
    {"service disabled", ns_t_srv, ONE DNS_SRV(60) "[ =0 =0 =0 . ]", "answer ttl=60 records=1: :0/0/0"},
    {"capitals", ns_t_srv, ONE "'Q 'tEST . 0021 0001 ==60 [ =1 =2 =3 'XMPP 'Test . ]",
     "answer ttl=60 records=1: xmpp.test:3/1/2"},
    {"compressed target", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 'x ^ ]", "answer ttl=60 records=1: x.q.test:3/1/2"},
    {"other sections", ns_t_srv,
     DNS_OK "0001 0001 0001 Q " GOOD "^ 0002 0001 ==9 [ 'ns ^ ] 'a 'test . 0001 0001 ==9 [ c0000201 ]", GOOD_STORY},
    {"bytes that are no text", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 07 c3bc5c202e4100 . ]",
     "answer ttl=60 records=1: \\195\\188\\\\\\032\\.a\\000:3/1/2"},
    {"longest name", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 " LABEL_63 LABEL_63 LABEL_63 LABEL_61 ". ]",
     "answer ttl=60 records=1: " TEXT_63 "." TEXT_63 "." TEXT_63 "." TEXT_61 ":3/1/2"},
    {"a name too long", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 " LABEL_63 LABEL_63 LABEL_63 LABEL_63 ". ]", "malformed"},
    {"a name too long to show", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 3c " TEN_FF TEN_FF TEN_FF TEN_FF TEN_FF TEN_FF
     "1e " TEN_FF TEN_FF TEN_FF " . ]", "malformed"},

    {"addresses", ns_t_a, THREE DNS_A(60) "[ c0000202 ]" DNS_A(70) "[ c0000201 ]" DNS_A(80) "[ c0000202 ]",
     "answer ttl=60 records=2: 192.0.2.2 192.0.2.1"},
    {"IPv6 addresses", ns_t_aaaa, ONE DNS_AAAA(60) "[ 20010db8000000000000000000000001 ]",
     "answer ttl=60 records=1: 2001:db8::1"},
    {"an address of five bytes", ns_t_a, ONE DNS_A(60) "[ c000020201 ]", "malformed"},
    {"an IPv6 address of four bytes", ns_t_aaaa, ONE DNS_AAAA(60) "[ c0000202 ]", "malformed"},
    {"an address of none", ns_t_a, ONE DNS_A(60) "[ ]", "malformed"},

    {"TLSA", ns_t_tlsa, ONE DNS_TLSA(60) "[ 030101 00ff ]", "answer ttl=60 records=1: 3/1/1:00ff"},
    {"TLSA in order", ns_t_tlsa,
     DNS_OK "0007 0000 0000 Q " DNS_TLSA(60) "[ 030101 02 ]" DNS_TLSA(50) "[ 030101 01 ]" DNS_TLSA(60) "[ 030100 ff ]"
     DNS_TLSA(60) "[ 020101 ff ]" DNS_TLSA(60) "[ 030001 ff ]" DNS_TLSA(60) "[ 030101 0000 ]"
     DNS_TLSA(60) "[ 030101 01 ]",
     "answer ttl=50 records=6: 2/1/1:ff 3/0/1:ff 3/1/0:ff 3/1/1:01 3/1/1:02 3/1/1:0000"},
    {"TLSA of no meaning", ns_t_tlsa, ONE DNS_TLSA(60) "[ ffffff 00 ]", "answer ttl=60 records=1: 255/255/255:00"},
    {"TLSA by an alias", ns_t_tlsa, TWO DNS_CNAME(5) "[ 'b . ] 'b . 0034 0001 ==60 [ 030101 aa ]",
     "answer alias ttl=60 records=1: 3/1/1:aa"},
    {"TLSA without data", ns_t_tlsa, ONE DNS_TLSA(60) "[ 030101 ]", "malformed"},
    {"TLSA of two bytes", ns_t_tlsa, ONE DNS_TLSA(60) "[ 0301 ]", "malformed"},
    {"TLSA of none", ns_t_tlsa, ONE DNS_TLSA(60) "[ ]", "malformed"},
    {"TLSA beside one without data", ns_t_tlsa, TWO DNS_TLSA(60) "[ 030101 aa ]" DNS_TLSA(60) "[ 030101 ]",
     "malformed"},
    {"TLSA longer than the message", ns_t_tlsa, ONE "^ 0034 0001 ==60 00ff 030101 aa", "malformed"},

    {"authentic", ns_t_srv, DNS_AUTHENTIC "0001 0000 0000 Q " GOOD,
     "answer authentic ttl=60 records=1: a.test:5269/10/20"},
    {"authentic nothing", ns_t_srv, "? 81a3 0001 0000 0000 0000 Q", "nxdomain authentic"},
    {"authentic but cut off", ns_t_srv, "? 83a0 0001 0001 0000 0000 Q " GOOD, GOOD_STORY},

    {"no data", ns_t_srv, DNS_OK "0000 0001 0000 Q ^ 0006 0001 ==9 [ ^ ^ ==1 ==2 ==3 ==4 ==5 ]", "nodata"},
    {"another type", ns_t_srv, ONE DNS_A(60) "[ c0000202 ]", "nodata"},
    {"another class", ns_t_srv, ONE "^ 0021 0003 ==60 [ =1 =2 =3 'a . ]", "nodata"},
    {"another owner", ns_t_srv, ONE "'b ^ 0021 0001 ==60 [ =1 =2 =3 'a . ]", "nodata"},
    {"nxdomain", ns_t_srv, DNS_RCODE("3"), "nxdomain"},
    {"nxdomain with records", ns_t_srv, "? 8183 0001 0001 0000 0000 Q " GOOD, "nxdomain"},
    {"servfail", ns_t_srv, DNS_RCODE("2"), "servfail"},
    {"refused", ns_t_srv, DNS_RCODE("5"), "refused"},
    {"formerr", ns_t_srv, DNS_RCODE("1"), "malformed"},
    {"notimp", ns_t_srv, DNS_RCODE("4"), "malformed"},
    {"a code of no meaning", ns_t_srv, DNS_RCODE("f"), "malformed"},

    {"alias", ns_t_srv, TWO DNS_CNAME(5) "[ 'Other 'test . ] 'other 'test . 0021 0001 ==60 [ =1 =2 =3 'a . ]",
     "answer alias ttl=60 records=1: a:3/1/2"},
    {"aliases in a row", ns_t_a,
     THREE DNS_CNAME(5) "[ 'b 'test . ] 'b 'test . 0005 0001 ==5 [ 'c 'test . ] 'c 'test . 0001 0001 ==7 [ c0000201 ]",
     "answer alias ttl=7 records=1: 192.0.2.1"},
    {"alias behind what it leads to", ns_t_srv,
     TWO "'b 'test . 0021 0001 ==60 [ =1 =2 =3 'a . ]" DNS_CNAME(5) "[ 'b 'test . ]",
     "answer alias ttl=60 records=1: a:3/1/2"},
    {"aliases in a row, the last one first", ns_t_a,
     THREE "'c 'test . 0001 0001 ==7 [ c0000201 ] 'b 'test . 0005 0001 ==5 [ 'c 'test . ]"
     DNS_CNAME(5) "[ 'b 'test . ]",
     "answer alias ttl=7 records=1: 192.0.2.1"},
    {"aliases in a circle", ns_t_a, TWO "'b 'test . 0005 0001 ==5 [ ^ ]" DNS_CNAME(5) "[ 'b 'test . ]", "nodata alias"},
    {"alias to nothing", ns_t_srv, ONE DNS_CNAME(5) "[ 'b 'test . ]", "nodata alias"},
    {"alias to no name", ns_t_srv, "? 8183 0001 0001 0000 0000 Q " DNS_CNAME(5) "[ 'b 'test . ]", "nxdomain alias"},
    {"alias of itself", ns_t_srv, THREE DNS_CNAME(5) "[ ^ ]" DNS_CNAME(5) "[ ^ ]" GOOD,
     "answer alias ttl=60 records=1: a.test:5269/10/20"},
    {"alias of another name", ns_t_srv, TWO "'b ^ 0005 0001 ==5 [ 'c . ] " GOOD, GOOD_STORY},
    {"alias with bytes behind it", ns_t_srv, ONE DNS_CNAME(5) "[ 'b . 00 ]", "malformed"},

    {"a question", ns_t_srv, "? 0100 0001 0000 0000 0000 Q", "malformed"},
    {"another operation", ns_t_srv, "? a180 0001 0001 0000 0000 Q " GOOD, "malformed"},
    {"nothing", ns_t_srv, "", "malformed"},
    {"a header cut off", ns_t_srv, "? 8180 0001 0001", "malformed"},
    {"fewer records than said", ns_t_srv, TWO GOOD, "malformed"},
    {"very many said", ns_t_srv, "? 8180 ffff ffff ffff ffff Q " GOOD, "malformed"},
    {"data longer than the message", ns_t_srv, ONE "^ 0021 0001 ==60 00ff =1 =2 =3 'a .", "malformed"},
    {"data shorter than the name", ns_t_srv, ONE "^ 0021 0001 ==60 0007 =1 =2 =3 'a .", "malformed"},
    {"data ends in the name", ns_t_srv, ONE "^ 0021 0001 ==60 0008 =1 =2 =3 'a", "malformed"},
    {"data longer than the name", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 'a . 00 ]", "malformed"},
    {"no target", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 ]", "malformed"},
    {"data of five bytes", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 03 ]", "malformed"},
    {"no data at all", ns_t_srv, ONE DNS_SRV(60) "[ ]", "malformed"},
    {"a name that points at itself", ns_t_srv, ONE "c018 0021 0001 ==60 [ =1 =2 =3 'a . ]", "malformed"},
    {"a target that points at itself", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 c02a ]", "malformed"},
    {"targets in a circle", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 'a c02a ]", "malformed"},
    {"a pointer beyond the end", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 ffff ]", "malformed"},
    {"half a pointer", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 c0 ]", "malformed"},
    {"a label type of no meaning", ns_t_srv, ONE DNS_SRV(60) "[ =1 =2 =3 80 00 ]", "malformed"},
};

/* Reads the answer from a piece of memory of just its size, so that a byte too far is caught by the sanitizers. */
static void expect(const struct answer_case *each, const unsigned char *question, const char *bytes, size_t length,
                   const char *story)
{
    unsigned char *exact = malloc(length > 0 ? length : 1);
    memcpy(exact, bytes, length);
    struct dns_reply reply;
    dns_reply_read(&reply, question, exact, length);
    if (story != NULL) {
        struct buf told;
        buf_init(&told, 65536);
        struct dns_answer answer = {.status = reply.status, .alias = reply.alias, .ttl_s = reply.ttl_s,
                                    .records = reply.records, .count = reply.count, .srv = reply.srv,
                                    .address = reply.address, .tlsa = reply.tlsa,
                                    .authentic = reply.authentic};
        dns_tell(&told, &answer);
        if (strcmp(told.data, story) != 0)
            fail_msg("%s:\n%s instead of\n%s", each->what, told.data, story);
        buf_fini(&told);
    }
    dns_reply_fini(&reply);
    free(exact);
}

/* Every case as it is, cut off at each byte, and with each byte changed: these need only be survived. */
static void test_answers(void **state)
{
    (void)state;
    for (const struct answer_case *each = ANSWERS; each < ANSWERS + sizeof ANSWERS / sizeof *ANSWERS; each++) {
        unsigned char question[DNS_QUESTION_SIZE];
        size_t question_length = dns_question_write(question, "q.test", each->type);
        assert_int_equal(question_length, 12 + 8 + 4);
        struct buf bytes;
        buf_init(&bytes, 65535);
        dns_assemble(&bytes, each->bytes, question, question_length);
        expect(each, question, bytes.data, bytes.length, each->story);
        for (size_t cut = 0; cut < bytes.length; cut++)
            expect(each, question, bytes.data, cut, "malformed");
        static const char changes[] = {'\x01', '\x40', '\xff'};
        for (size_t at = 0; at < bytes.length; at++) {
            for (size_t i = 0; i < sizeof changes; i++) {
                bytes.data[at] = (char)(bytes.data[at] ^ changes[i]);
                expect(each, question, bytes.data, bytes.length, NULL);
                bytes.data[at] = (char)(bytes.data[at] ^ changes[i]);
            }
        }
        buf_fini(&bytes);
    }
}

/* More records than the header says, or anything else. Not a case above: cut off in the right place it is good. */
static void test_bytes_behind(void **state)
{
    (void)state;
    unsigned char question[DNS_QUESTION_SIZE];
    size_t question_length = dns_question_write(question, "q.test", ns_t_srv);
    struct buf bytes;
    buf_init(&bytes, 512);
    dns_assemble(&bytes, ONE GOOD, question, question_length);
    size_t good = bytes.length;
    dns_assemble(&bytes, GOOD, question, question_length);
    static const struct answer_case behind = {.what = "bytes behind"};
    expect(&behind, question, bytes.data, good, GOOD_STORY);
    expect(&behind, question, bytes.data, good + 1, "malformed");
    expect(&behind, question, bytes.data, bytes.length, "malformed");
    buf_fini(&bytes);
}

static void test_many_records(void **state)
{
    (void)state;
    unsigned char question[DNS_QUESTION_SIZE];
    size_t question_length = dns_question_write(question, "q.test", ns_t_srv);
    struct buf bytes;
    buf_init(&bytes, 65535);
    dns_assemble(&bytes, DNS_OK "=200 0000 0000 Q", question, question_length);
    for (int i = 0; i < 200; i++) {
        char *record = mem_printf(DNS_SRV(60) "[ =1 =%d =5269 'a . ]", i);
        dns_assemble(&bytes, record, question, question_length);
        free(record);
    }
    struct dns_reply reply;
    dns_reply_read(&reply, question, (unsigned char *)bytes.data, bytes.length);
    assert_int_equal(reply.status, DNS_ANSWER);
    assert_int_equal(reply.records, 200);
    assert_int_equal(reply.count, DNS_MAX_RECORDS);
    assert_int_equal(reply.srv[0].weight, 199); /* the best are kept, wherever they stand */
    assert_int_equal(reply.srv[DNS_MAX_RECORDS - 1].weight, 200 - DNS_MAX_RECORDS);
    dns_reply_fini(&reply);
    buf_fini(&bytes);
}

/* Those beyond a bound are counted, so that a reader knows that they exist. */
static void test_many_tlsa(void **state)
{
    (void)state;
    unsigned char question[DNS_QUESTION_SIZE];
    size_t question_length = dns_question_write(question, "q.test", ns_t_tlsa);
    struct buf bytes;
    buf_init(&bytes, 65535);
    dns_assemble(&bytes, DNS_OK "=42 0000 0000 Q", question, question_length);
    for (int i = 0; i < 2; i++) { /* of three bytes, and the longest and one byte more */
        dns_assemble(&bytes, DNS_TLSA(60), question, question_length);
        unsigned length = 3 + DNS_TLSA_MAX_DATA + (unsigned)i;
        for (unsigned at = 0; at < length + 2; at++)
            buf_putc(&bytes, at == 0 ? (char)(length >> 8) : at == 1 ? (char)length : 0);
    }
    for (int i = 0; i < 40; i++) {
        char *record = mem_printf(DNS_TLSA(60) "[ 030101 =%d ]", i);
        dns_assemble(&bytes, record, question, question_length);
        free(record);
    }
    struct dns_reply reply;
    dns_reply_read(&reply, question, (unsigned char *)bytes.data, bytes.length);
    memset(bytes.data, 0xff, bytes.length); /* nothing of it is used any more */
    assert_int_equal(reply.status, DNS_ANSWER);
    assert_int_equal(reply.records, 42);
    assert_int_equal(reply.count, DNS_MAX_TLSA);
    assert_int_equal(reply.tlsa[0].length, DNS_TLSA_MAX_DATA);
    assert_int_equal(reply.tlsa[0].data[DNS_TLSA_MAX_DATA - 1], 0);
    assert_memory_equal(reply.tlsa[DNS_MAX_TLSA - 1].data, "\0\36", 2); /* the 31st */
    dns_reply_fini(&reply);
    buf_fini(&bytes);
}

static void test_questions(void **state)
{
    (void)state;
    static const struct {
        const char *name, *wire; /* NULL: cannot be asked for */
    } names[] = {
        {"_xmpp-server._tcp.Example.org", "'_xmpp-server '_tcp 'Example 'org ."},
        {"example.org.", "'example 'org ."},
        {"\\195\\188.test", "02 c3bc 'test ."},
        {TEXT_63 ".test", LABEL_63 "'test ."},
        {TEXT_63 "." TEXT_63 "." TEXT_63 "." TEXT_61, LABEL_63 LABEL_63 LABEL_63 LABEL_61 "."},
        {TEXT_63 "." TEXT_63 "." TEXT_63 "." TEXT_61 "a", NULL},
        {TEXT_63 "x.test", NULL},
        {"", NULL},
        {".", NULL},
        {".test", NULL},
        {"a..test", NULL},
        {"test..", NULL},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned char question[DNS_QUESTION_SIZE];
        size_t length = dns_question_write(question, names[i].name, ns_t_aaaa);
        struct buf wanted;
        buf_init(&wanted, DNS_QUESTION_SIZE);
        if (names[i].wire != NULL) {
            dns_assemble(&wanted, "0000 0120 0001 0000 0000 0000", NULL, 0);
            dns_assemble(&wanted, names[i].wire, NULL, 0);
            dns_assemble(&wanted, "001c 0001", NULL, 0);
        }
        if (length != wanted.length || memcmp(question, wanted.data, length) != 0)
            fail_msg("the question for \"%s\" has %zu bytes, or others", names[i].name, length);
        buf_fini(&wanted);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    assert_true(dns_reply_truncated((const unsigned char *)"\0\0\x83\x80\0\1\0\0\0\0\0\0", 12));
    assert_false(dns_reply_truncated((const unsigned char *)"\0\0\x81\x80\0\1\0\0\0\0\0\0", 12));
    assert_false(dns_reply_truncated((const unsigned char *)"\0\0\x83", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_many_records),
        cmocka_unit_test(test_many_tlsa),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
