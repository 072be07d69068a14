/* IP networks: what is one, how it is written, and which addresses lie in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "base/network.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The usual form, without the bits behind the prefix; `strays`: there were some. */
static const struct {
    const char *text, *usual;
    bool strays;
} GOOD[] = {
    {"0.0.0.0/0", "0.0.0.0/0", false},
    {"10.0.0.0/8", "10.0.0.0/8", false},
    {"192.0.2.1", "192.0.2.1", false},
    {"192.0.2.1/32", "192.0.2.1", false},
    {"192.0.2.1/24", "192.0.2.0/24", true},
    {"192.0.2.128/25", "192.0.2.128/25", false},
    {"192.0.2.128/24", "192.0.2.0/24", true},
    {"255.255.255.255/31", "255.255.255.254/31", true},
    {"128.0.0.0/0", "0.0.0.0/0", true},
    {"::/0", "::/0", false},
    {"2001:DB8:0::/32", "2001:db8::/32", false},
    {"2001:db8::1/32", "2001:db8::/32", true},
    {"fe80::/10", "fe80::/10", false},
    {"febf::/10", "fe80::/10", true},
    {"::1", "::1", false},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", true},
    /* IPv4-mapped */
    {"::ffff:192.0.2.1", "192.0.2.1", false},
    {"::ffff:10.0.0.0/104", "10.0.0.0/8", false},
    {"::ffff:10.0.0.1/104", "10.0.0.0/8", true},
    {"::ffff:0:0/97", "0.0.0.0/1", false},
    {"::ffff:0:0/96", "::ffff:0.0.0.0/96", false},
    {"::ffff:0:0/80", "::/80", true},
};

static void what_is_a_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        struct network network;
        char usual[NETWORK_TEXT_SIZE];
        if (!network_parse(&network, GOOD[i].text))
            fail_msg("%s is refused", GOOD[i].text);
        if (network_trim(&network) != GOOD[i].strays)
            fail_msg("%s: bits behind the prefix", GOOD[i].text);
        assert_false(network_trim(&network));
        assert_string_equal(network_print(&network, usual), GOOD[i].usual);
    }
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "/", "/8", "10", "10/8", "10.0.0/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8",
        "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/8/8", "10.0.0.0/0x8", "10.0.0.0/4294967304", "10.0.0.256/32",
        "010.0.0.0/8",
        "::/129", "::/", ":", "2001:db8::/32x", "[::1]", "::1%lo", "a.example", "10.0.0.0/255.0.0.0",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct network network;
        if (network_parse(&network, bad[i]))
            fail_msg("%s is accepted", bad[i]);
    }
}

static const struct {
    const char *network, *address;
    bool within;
} CASES[] = {
    {"10.0.0.0/8", "10.0.0.0", true},
    {"10.0.0.0/8", "10.255.255.255", true},
    {"10.0.0.0/8", "11.0.0.0", false},
    {"10.0.0.0/8", "9.255.255.255", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.4/30", "192.0.2.7", true},
    {"192.0.2.4/30", "192.0.2.8", false},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.0", false},
    {"192.0.2.77/24", "192.0.2.1", true}, /* not trimmed */
    {"192.0.2.77/29", "192.0.2.73", true},
    {"0.0.0.0/0", "203.0.113.1", true},
    {"2001:db8::/32", "2001:db8:ffff::1", true},
    {"2001:db8::/32", "2001:db9::", false},
    {"fe80::/10", "febf::1", true},
    {"fe80::/10", "fec0::1", false},
    {"::1", "::1", true},
    {"::1", "::2", false},
    {"::/0", "2001:db8::1", true},
    /* Not of the same family, though the bytes are alike. */
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "192.0.2.1", false},
    {"10.0.0.0/8", "a00::", false},
    {"a00::/8", "10.0.0.0", false},
    /* IPv4-mapped: an address counts as either, a network as that of IPv4. */
    {"10.0.0.0/8", "::ffff:10.1.2.3", true},
    {"10.0.0.0/8", "::ffff:11.1.2.3", false},
    {"10.0.0.0/8", "::10.1.2.3", false},
    {"10.0.0.0/8", "::fffe:10.1.2.3", false},
    {"0.0.0.0/0", "::ffff:192.0.2.1", true},
    {"::ffff:10.0.0.0/104", "10.1.2.3", true},
    {"::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true},
    {"::ffff:0:0/96", "::ffff:10.1.2.3", true},
    {"::ffff:0:0/96", "10.1.2.3", false},
    {"::/0", "::ffff:10.1.2.3", true},
};

static void what_lies_in_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct network network;
        unsigned char bytes[16];
        int family = strchr(CASES[i].address, ':') != NULL ? AF_INET6 : AF_INET;
        assert_true(network_parse(&network, CASES[i].network));
        assert_int_equal(inet_pton(family, CASES[i].address, bytes), 1);
        if (network_contains(&network, family, bytes) != CASES[i].within)
            fail_msg("%s in %s", CASES[i].address, CASES[i].network);
    }
}

/* Of the networks, the one that connecting leads into, or NULL. */
static const struct {
    const char *address, *network;
} CONNECTED[] = {
    {"127.0.0.2", "127.0.0.0/8"},
    {"0.0.0.0", "127.0.0.0/8"},
    {"::ffff:0.0.0.0", "127.0.0.0/8"},
    {"::ffff:127.0.0.1", "127.0.0.0/8"},
    {"::", "::1"},
    {"::1", "::1"},
    {"0.0.0.1", NULL},
    {"::ffff:0.0.0.1", NULL},
    {"::2", NULL},
    {"192.0.2.1", NULL},
};

static void where_connecting_leads(void **state)
{
    (void)state;
    struct network networks[2];
    assert_true(network_parse(&networks[0], "127.0.0.0/8"));
    assert_true(network_parse(&networks[1], "::1"));
    for (size_t i = 0; i < COUNT_OF(CONNECTED); i++) {
        char text[NETWORK_TEXT_SIZE];
        unsigned char bytes[16];
        int family = strchr(CONNECTED[i].address, ':') != NULL ? AF_INET6 : AF_INET;
        assert_int_equal(inet_pton(family, CONNECTED[i].address, bytes), 1);
        const struct network *found = network_led_into(networks, 2, family, bytes);
        const char *name = found != NULL ? network_print(found, text) : "none";
        if (strcmp(name, CONNECTED[i].network != NULL ? CONNECTED[i].network : "none") != 0)
            fail_msg("%s leads into %s", CONNECTED[i].address, name);
    }
    assert_null(network_led_into(networks, 0, AF_INET, (const unsigned char[4]){127}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_network),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(what_lies_in_it),
        cmocka_unit_test(where_connecting_leads),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
