/* Names of XMPP domains: what is accepted in which form, and what is refused with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/domain_name.h"

#define LABEL_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
#define BYTES_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg"

static const struct {
    const char *text, *ascii, *unicode;
} GOOD[] = {
    {"example.org", "example.org", "example.org"},
    {"EXAMPLE.Org", "example.org", "example.org"},
    {"example.org.", "example.org", "example.org"},
    {"localhost", "localhost", "localhost"},
    {"a-b.c", "a-b.c", "a-b.c"},
    {"r3---sn.example", "r3---sn.example", "r3---sn.example"},
    {"3com.example", "3com.example", "3com.example"},
    {LABEL_63, LABEL_63, LABEL_63},
    {BYTES_253, BYTES_253, BYTES_253},
    {BYTES_253 ".", BYTES_253, BYTES_253},
    {"bücher.example", "xn--bcher-kva.example", "bücher.example"},
    {"BÜCHER.example", "xn--bcher-kva.example", "bücher.example"},
    {"bu\u0308cher.example", "xn--bcher-kva.example", "bücher.example"}, /* not in NFC */
    {"xn--bcher-kva.example", "xn--bcher-kva.example", "bücher.example"},
    {"XN--BCHER-KVA.EXAMPLE", "xn--bcher-kva.example", "bücher.example"},
    {"bücher.example.", "xn--bcher-kva.example", "bücher.example"},
    {"straße.de", "xn--strae-oqa.de", "straße.de"}, /* transitional processing would give strasse.de */
    {"ｅｘａｍｐｌｅ。org", "example.org", "example.org"},
    {"\u0915\u094d\u200d\u0937.example", "xn--11b2ezcw70k.example", "\u0915\u094d\u200d\u0937.example"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct err err = {0};
        char *ascii = domain_name_to_ascii(GOOD[i].text, &err);
        if (ascii == NULL)
            fail_msg("%s %s", GOOD[i].text, err.text);
        assert_string_equal(ascii, GOOD[i].ascii);
        char *unicode = domain_name_to_unicode(ascii);
        assert_string_equal(unicode, GOOD[i].unicode);
        char *again = domain_name_to_ascii(unicode, &err);
        assert_string_equal(again, GOOD[i].ascii);
        free(ascii);
        free(unicode);
        free(again);
    }
}

static const struct {
    const char *text, *why;
} BAD[] = {
    {"", "is empty"},
    {".", "has an empty label"},
    {"a..b", "has an empty label"},
    {".a", "has an empty label"},
    {"a..", "has an empty label"},
    {"ü..b", "has an empty label"},
    {"-a.b", "has a label that begins or ends with a hyphen"},
    {"a-.b", "has a label that begins or ends with a hyphen"},
    {LABEL_63 "a.b", "has a label longer than 63 bytes: " LABEL_63 "a.b"},
    {"a" BYTES_253, "is longer than 253 bytes"},
    {"a_b.c", "has the character '_', which a domain name must not have"},
    {"ü_b.c", "has the character '_', which a domain name must not have"},
    {"a＿b.c", "has the character '_', which a domain name must not have"}, /* full width */
    {"a b", "has the character 0x20, which a domain name must not have"},
    {"a\tb", "has the character 0x09, which a domain name must not have"},
    {"user@example.org", "has the character '@', which a domain name must not have"},
    {"example.org:5269", "has the character ':', which a domain name must not have"},
    {"example.org/x", "has the character '/', which a domain name must not have"},
    {"*.example.org", "has the character '*', which a domain name must not have"},
    {"192.0.2.1", "is an IP address: a domain's name is needed"},
    {"１９２.0.2.1", "is an IP address: a domain's name is needed"},
    {"2001:db8::1", "is an IP address: a domain's name is needed"},
    {"[2001:db8::1]", "is an IP address: a domain's name is needed"},
    {"::", "is an IP address: a domain's name is needed"},
};

static const char *const NOT_IDNA[] = {
    "😀.example",              /* disallowed by IDNA2008, whatever browsers do */
    "xn--e28h.example",        /* the same as an A-label */
    "\u2603.net",
    "xn--a.example",           /* no valid Punycode */
    "xn--zzzzzz9999.example",
    "xn--bücher.example",
    "g\u200dh.example",     /* a joiner where none may be */
    "\u0661.example",          /* fails the Bidi rule */
    "\xff.example",
    "a\xc3.example",
    "\xed\xa0\x80.example",    /* a surrogate */
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct err err = {0};
        if (domain_name_to_ascii(BAD[i].text, &err) != NULL)
            fail_msg("%s is accepted", BAD[i].text);
        assert_string_equal(err.text, BAD[i].why);
    }
    for (size_t i = 0; i < sizeof NOT_IDNA / sizeof NOT_IDNA[0]; i++) {
        static const char why[] = "is not a valid internationalised domain name: ";
        struct err err = {0};
        if (domain_name_to_ascii(NOT_IDNA[i], &err) != NULL)
            fail_msg("%s is accepted", NOT_IDNA[i]);
        assert_memory_equal(err.text, why, sizeof why - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests_name("domain_name", tests, NULL, NULL);
}
