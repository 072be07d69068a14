/* Dialback keys. Those of hmac-sha256 are XEP-0185's own and Prosody's; the others what Python's hashlib makes of the
 * same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "stream/dialback_key.h"

#define X_100 X_10 X_10 X_10 X_10 X_10 X_10 X_10 X_10 X_10 X_10
#define X_10 "xxxxxxxxxx"
#define X_1023 X_100 X_100 X_100 X_100 X_100 X_100 X_100 X_100 X_100 X_100 X_10 X_10 "xxx"

#define SECRET "s3cr3tf0rd14lb4ck"
#define ID "D60000229F"

static const struct {
    enum dialback_algorithm algorithm;
    const char *secret, *receiving, *originating, *id;
    const char *key;
} KEYS[] = {
    {DIALBACK_HMAC_SHA256, SECRET, "xmpp.example.com", "example.org", ID,
     "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"},
    {DIALBACK_HMAC_SHA256, SECRET, "montague.example", "capulet.example", ID,
     "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3"},
    {DIALBACK_HMAC_SHA256, SECRET, "b\xc3\xbc" "cher.example", "example.org", ID,
     "0900fc21cd31f1a249eb2a29f46aa612fdf8473149a0bb1cf3a14623bae71444"},
    {DIALBACK_HMAC_SHA256, "", "", "", "", "75f2dc593279ad357127750a75674aa80a90ea04306265dc35ec89f3ca40fbd4"},
    {DIALBACK_HMAC_SHA256, X_1023, "a.example", "b.example", "~ &<\"",
     "ad7b8ef867554ecbcf563c8d5b268d4ad27ce273836966b3bf7e393ae4fdeb34"},
    {DIALBACK_SHA1_NESTED, SECRET, "xmpp.example.com", "example.org", ID, "ee075af965bb0e0db2197afbf203265d774602ea"},
    {DIALBACK_SHA1_NESTED, SECRET, "xmpp.example.com", "other.example", ID,
     "ee075af965bb0e0db2197afbf203265d774602ea"}, /* the originating domain is not in it */
    {DIALBACK_SHA1_NESTED, SECRET, "b\xc3\xbc" "cher.example", "example.org", ID,
     "857b97d019d9f3b8a182ffe57b2417ca1b9002f9"},
    {DIALBACK_SHA1_NESTED, "", "", "", "", "3e6c06b1a28a035e21aa0a736ef80afadc43122c"},
    {DIALBACK_SHA1_NESTED, X_1023, "a.example", "b.example", "~ &<\"", "07fd321fd00da2decef4b5c224d2210708421526"},
    {DIALBACK_HMAC_SHA1, SECRET, "xmpp.example.com", "example.org", ID, "0a3eae489e1e10d044440367fe0f45ad6a1fd253"},
    {DIALBACK_HMAC_SHA1, SECRET, "montague.example", "capulet.example", ID,
     "5915c58f8c3f120876a21e5c9c2ef06aec93b25d"},
    {DIALBACK_HMAC_SHA1, X_1023, "a.example", "b.example", "~ &<\"", "aeea90049b8e41ac1ad8ef6c7dd91ea951562171"},
    {DIALBACK_SHA1_CONCAT, SECRET, "xmpp.example.com", "example.org", ID, "5b1f149a22bc358a1c32677e6ba3e1aa3661d967"},
    {DIALBACK_SHA1_CONCAT, SECRET, "other.example", "b.example", ID, "5b1f149a22bc358a1c32677e6ba3e1aa3661d967"},
    {DIALBACK_SHA1_CONCAT, X_1023, "a.example", "b.example", "~ &<\"", "f7e773c1d3658480f13fad2af14e3e4ff003473d"},
};

static void a_key_is_the_vector(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        char key[DIALBACK_KEY_SIZE];
        memset(key, 'x', sizeof key);
        dialback_key(key, KEYS[i].algorithm, KEYS[i].secret, KEYS[i].receiving, KEYS[i].originating, KEYS[i].id);
        assert_string_equal(key, KEYS[i].key);
    }
}

static void hmac_sha1_proper_is_known_too(void **state)
{
    (void)state;
    static const char *const PLAIN[] = {
        "28a52fbc3c6c262b86e33d67fc4041878e0552c2", "58cd2951a88fdea02b7590a306539f4c1be90388"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(dialback_key_is_plain_hmac_sha1(PLAIN[i], SECRET, "xmpp.example.com", "example.org", ID));
        assert_false(dialback_key_is_plain_hmac_sha1(PLAIN[i], SECRET, "example.org", "xmpp.example.com", ID));
    }
    assert_false(dialback_key_is_plain_hmac_sha1("0a3eae489e1e10d044440367fe0f45ad6a1fd253", SECRET,
                                                 "xmpp.example.com", "example.org", ID));
}

static void keys_are_compared_whole(void **state)
{
    (void)state;
    assert_true(dialback_key_equal("", ""));
    assert_true(dialback_key_equal(KEYS[0].key, KEYS[0].key));
    assert_false(dialback_key_equal(KEYS[0].key, KEYS[1].key));
    assert_false(dialback_key_equal("abc", "abcd"));
    assert_false(dialback_key_equal("abcd", "abc"));
    assert_false(dialback_key_equal("abcd", "abce"));
    assert_false(dialback_key_equal("abcd", ""));
    assert_false(dialback_key_equal("abcd", "ABCD"));
}

static void an_algorithm_has_a_name(void **state)
{
    (void)state;
    for (enum dialback_algorithm at = DIALBACK_AUTO; at < DIALBACK_ALGORITHM_COUNT; at++) {
        enum dialback_algorithm parsed = DIALBACK_ALGORITHM_COUNT;
        assert_true(dialback_algorithm_parse(dialback_algorithm_name(at), &parsed));
        assert_int_equal(parsed, at);
    }
    enum dialback_algorithm parsed = DIALBACK_SHA1_CONCAT;
    assert_false(dialback_algorithm_parse("unknown", &parsed));
    assert_false(dialback_algorithm_parse("SHA1-concat", &parsed));
    assert_int_equal(parsed, DIALBACK_SHA1_CONCAT);
    assert_string_equal(dialback_algorithm_name(DIALBACK_ALGORITHM_COUNT), "unknown");
    assert_false(dialback_algorithm_is_experimental(DIALBACK_SHA1_NESTED));
    assert_true(dialback_algorithm_is_experimental(DIALBACK_HMAC_SHA1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_the_vector),
        cmocka_unit_test(hmac_sha1_proper_is_known_too),
        cmocka_unit_test(keys_are_compared_whole),
        cmocka_unit_test(an_algorithm_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
