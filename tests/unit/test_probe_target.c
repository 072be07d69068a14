/* What /probe may be asked for, in which spelling, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "probe_target.h"
#include "tests/unit/config_scene.h"

#define BUCHER "xn--bcher-kva.example"

static const struct {
    const char *text, *domain; /* domain NULL: refused */
    const char *host;          /* NULL: no place */
    unsigned port;
} SPELLINGS[] = {
    {"a.example", "a.example", NULL, 0},
    {"A.Example.", "a.example", NULL, 0},
    {"bücher.example", BUCHER, NULL, 0},
    {"xmpp:bücher.example", BUCHER, NULL, 0},
    {"XMPP:" BUCHER, BUCHER, NULL, 0},
    {"localhost", "localhost", NULL, 0},
    {"xmpp", "xmpp", NULL, 0},
    {"xmpp://Host.example:5269/a.example", "a.example", "host.example", 5269},
    {"xmpp://bücher.example:1/bücher.example", BUCHER, BUCHER, 1},
    {"xmpp://192.0.2.1:65535/a.example", "a.example", "192.0.2.1", 65535},
    {"xmpp://[2001:DB8:0::1]:5269/a.example", "a.example", "2001:db8::1", 5269},
    {"", NULL, NULL, 0},
    {"xmpp:", NULL, NULL, 0},
    {"xmpp:/a.example", NULL, NULL, 0},
    {"xmpp://", NULL, NULL, 0},
    {"xmpp://a.example", NULL, NULL, 0},
    {"xmpp://a.example/", NULL, NULL, 0},
    {"xmpp:///a.example", NULL, NULL, 0},
    {"xmpp://a.example/a.example", NULL, NULL, 0},
    {"xmpp://a.example:5269/", NULL, NULL, 0},
    {"xmpp://a.example:5269/a.example/", NULL, NULL, 0},
    {"xmpp://a.example:5269/a.example?message", NULL, NULL, 0},
    {"xmpp://a.example:0/a.example", NULL, NULL, 0},
    {"xmpp://a.example:65536/a.example", NULL, NULL, 0},
    {"xmpp://user@a.example:5269/a.example", NULL, NULL, 0},
    {"xmpp://2001:db8::1:5269/a.example", NULL, NULL, 0},
    {"xmpp://0.0.0.0:5269/a.example", NULL, NULL, 0},
    {"xmpp://0177.1:5269/a.example", NULL, NULL, 0},
    {"xmpp:juliet@a.example", NULL, NULL, 0},
    {"xmpp:a.example/balcony", NULL, NULL, 0},
    {"xmpp:a.example;x", NULL, NULL, 0},
    {"xmpp:xmpp:a.example", NULL, NULL, 0},
    {"https://a.example", NULL, NULL, 0},
    {"a.example:5269", NULL, NULL, 0},
    {"192.0.2.1", NULL, NULL, 0},
    {"[2001:db8::1]", NULL, NULL, 0},
    {"a b", NULL, NULL, 0},
    {"a\nb", NULL, NULL, 0},
    {"*.example", NULL, NULL, 0},
    {"\xff\xfe", NULL, NULL, 0},
};

static void test_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(SPELLINGS); i++) {
        struct probe_target target;
        struct err err = {0};
        bool good = probe_target_parse(&target, SPELLINGS[i].text, &err);
        if (good != (SPELLINGS[i].domain != NULL))
            fail_msg("%s: %s", SPELLINGS[i].text, good ? target.domain : err.text);
        if (!good) {
            assert_true(err.text[0] != '\0');
            assert_null(target.domain);
            assert_null(target.place.host);
            continue;
        }
        assert_string_equal(target.domain, SPELLINGS[i].domain);
        assert_int_equal(target.place.port, SPELLINGS[i].port);
        assert_int_equal(target.place.host == NULL, SPELLINGS[i].host == NULL);
        if (target.place.host != NULL)
            assert_string_equal(target.place.host, SPELLINGS[i].host);
        probe_target_fini(&target);
    }
}

static void test_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool allowed;
    } ROWS[] = {
        {"a.example", true},
        {"static.example", true},
        {"x.allowed.example", true},
        {"allowed.example", false},
        {"b.example", false},
        {"x.b.example", false},
        {"me.allowed.example", false}, /* agent.domain */
        {"xmpp://a.example:1/a.example", true},
        {"xmpp://x.allowed.example:1/a.example", true},
        {"xmpp://a.example:1/x.allowed.example", true},
        {"xmpp://a.example:1/b.example", false},
        {"xmpp://b.example:1/a.example", false},
        {"xmpp://host.example:5270/static.example", true},
        {"xmpp://host.example:5269/static.example", false},
        {"xmpp://host.example:5270/a.example", false},
        {"xmpp://192.0.2.1:5269/static.example", true},
        {"xmpp://192.0.2.1:22/static.example", false},
        {"xmpp://192.0.2.1:5269/a.example", false},
        {"xmpp://[2001:db8::1]:5269/static.example", true},
        {"xmpp://[2001:db8::2]:5269/static.example", false},
        {"xmpp://192.0.2.3:5269/a.example", false}, /* "*.3" must not stand for addresses */
        {"xmpp://srv.example:5299/a.example", true},
        {"xmpp://192.0.2.9:5299/a.example", true},
        {"xmpp://srv.example:22/a.example", false},
        {"xmpp://192.0.2.9:22/a.example", false},
    };
    struct config *config = scene_load_good(
        "agent: {domain: me.allowed.example}\n"
        "domains:\n- a.example\n- name: static.example\n"
        "  targets: ['host.example:5270', '192.0.2.1:5269', '[2001:db8::1]:5269']\n"
        "probe: {allow: ['*.allowed.example', '*.3']}\n");
    struct endpoint_result seen = {.target = "SRV.example", .address = "192.0.2.9", .port = 5299};
    struct domain_result latest = {.endpoints = &seen, .endpoint_count = 1};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct probe_target target;
        struct err err = {0};
        assert_true(probe_target_parse(&target, ROWS[i].text, &err));
        bool of_a = strcmp(target.domain, "a.example") == 0;
        if (probe_target_allowed(&target, config, of_a ? &latest : NULL, &err) != ROWS[i].allowed)
            fail_msg("%s: %s", ROWS[i].text, err.text);
        probe_target_fini(&target);
    }
    config_free(config);
}

static void test_budget(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t us; /* -1: refused */
    } ROWS[] = {
        {NULL, 20000000},       {"10", 9500000},    {"2", 1500000},        {"1.5", 1000000},
        {"1.25", 750000},       {"1", 500000},      {"0.5", 250000},       {"0.000002", 1},
        {"60", 20000000},       {"20.5", 20000000}, {"999999", 20000000},  {"1.0000001", 500000},
        {"1.6000000000000001", 1100000},            {"3.", 2500000},
        {"", -1},               {"0", -1},          {"0.0", -1},           {"-1", -1},
        {"+1", -1},             {".5", -1},         {"1e3", -1},           {"inf", -1},
        {"1 ", -1},             {" 1", -1},         {"1,5", -1},           {"1.5.5", -1},
        {"10000000", -1},       {"99999999999999999999", -1},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        int64_t us = -1;
        bool good = probe_target_budget(ROWS[i].header, 20000000, &us);
        if (good != (ROWS[i].us >= 0) || (good && us != ROWS[i].us))
            fail_msg("\"%s\": %lld", ROWS[i].header, (long long)us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_budget),
    };
    return cmocka_run_group_tests_name("probe target", tests, scene_setup, scene_teardown);
}
