/* Where the domains come from: the list, files of names, both, or nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "tests/unit/config_scene.h"

static void test_domain_files(void **state)
{
    (void)state;
    static const char one[] = "\xef\xbb\xbf# after a byte order mark\r\na.example\r\n\r\n# whole line\r\n"
                              "  B.example\t# after a name\r\n"
                              "   #indented\n\xc3\xbc.example";
    assert_int_equal(mkdir("lists", 0700), 0);
    scene_write("lists/1.txt", one, sizeof one - 1);
    scene_write("lists/2.txt", "", 0);
    scene_write("lists/3.txt", "c.example\n", 10);
    scene_write("lists/other", "d.example\n", 10);
    struct config *config = scene_load_good(
        "agent: {domain: m.example, interval: 1m}\n"
        "domains: [{name: z.example, interval: 1h}]\n"
        "domain_files: ['lists/[0-9].txt', 'lists/*.none', 'nowhere/*.txt', lists/other]\n");
    static const char *const names[] = {
        "z.example", "a.example", "b.example", "xn--tda.example", "c.example", "d.example"};
    assert_int_equal(config->domain_count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(config->domains[i].name, names[i]);
        assert_ptr_equal(config_find(config, names[i]), &config->domains[i]);
        assert_int_equal(config->domains[i].interval_ms, i == 0 ? 3600000 : 60000);
    }
    assert_string_equal(config->domains[3].name_unicode, "ü.example");
    config_free(config);

    /* Relative to the configuration file, not to the working directory. */
    char *elsewhere = mem_printf("%s/lists/c.yaml", scene_folder());
    static const char text[] = "agent: {domain: m.example, state_dir: state}\n"
                               "domain_files: ['3.*']\ntls: {ca_file: ../ca.pem}\n";
    scene_write(elsewhere, text, sizeof text - 1);
    assert_int_equal(chdir("/"), 0);
    config = config_load(elsewhere, &faults);
    assert_int_equal(chdir(scene_folder()), 0);
    assert_string_equal(faults.data, "");
    assert_string_equal(config->domains[0].name, "c.example");
    char *state_dir = mem_printf("%s/lists/state", scene_folder());
    assert_string_equal(config->state_dir, state_dir);
    free(state_dir);
    config_free(config);
    free(elsewhere);
}

static void test_domain_file_faults(void **state)
{
    (void)state;
    static const char bad[] = "a.example\na b\nx_y # comment\nnul\0.example\nb\xff.example\nA.EXAMPLE\n#\n"
                              "m.example\nz.example";
    scene_write("bad.txt", bad, sizeof bad - 1);
    assert_null(scene_load("agent: {domain: m.example}\n"
                           "domains: [z.example]\n"
                           "domain_files: [bad.txt, none.txt, '.', '']\n"
                           "zzz: 1\n"));
    assert_string_equal(faults.data,
        "c.yaml:1: agent.domain: must not be one of the checked domains (bad.txt:8): a server refuses a stream from a "
        "domain of its own\n"
        "c.yaml:3: domain_files[3]: must not be empty\n"
        "c.yaml:3: domain_files[1]: none.txt cannot be read: No such file or directory\n"
        "c.yaml:3: domain_files[2]: . cannot be read: Is a directory\n"
        "c.yaml:4: zzz: is not a known key\n"
        "bad.txt:2: a b: is more than one name: there must be one a line\n"
        "bad.txt:3: x_y: has the character '_', which a domain name must not have\n"
        "bad.txt:4: nul: has a NUL character\n"
        "bad.txt:5: b\uFFFD.example: is not a valid internationalised domain name: string encoding error\n"
        "bad.txt:6: a.example: is the same domain as bad.txt:1\n"
        "bad.txt:9: z.example: is the same domain as c.yaml:2\n");
}

/* As many as an operator may have, from both sources, each found again. */
static void test_ten_thousand(void **state)
{
    (void)state;
    struct buf listed, filed;
    buf_init(&listed, 1 << 20);
    buf_init(&filed, 1 << 20);
    buf_puts(&listed, AGENT "domain_files: [many.txt]\ndomains:\n");
    for (int i = 0; i < 10000; i++) {
        buf_printf(&listed, i % 2 ? "- d%d.example\n" : "- {name: d%d.bücher.example, expect: {starttls: none}}\n", i);
        buf_printf(&filed, "f%d.example\n", i);
    }
    scene_write("many.txt", filed.data, filed.length);
    struct config *config = scene_load_good(listed.data);
    assert_int_equal(config->domain_count, 20000);
    for (size_t i = 0; i < config->domain_count; i++) {
        assert_ptr_equal(config_find(config, config->domains[i].name_unicode), &config->domains[i]);
        assert_ptr_equal(config->domains[i].severity.behind, &config->severity);
    }
    config_free(config);
    buf_fini(&listed);
    buf_fini(&filed);
}

/* What the log says while the text is loaded, which must be good. */
static char *log_of(const char *text)
{
    FILE *caught = tmpfile();
    int kept = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
    struct config *config = scene_load(text);
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_non_null(config);
    config_free(config);

    char *said = mem_alloc(4096);
    rewind(caught);
    assert_true(fread(said, 1, 4095, caught) < 4095);
    fclose(caught);
    return said;
}

/* Not refused, so that a file can be switched from one mode to the other, but not passed over in silence either. */
static void test_keys_of_another_mode(void **state)
{
    (void)state;
    char *said = log_of(AGENT DOMAINS "snmp: {mode: agentx, community: public}\n");
    assert_non_null(strstr(said, ":3: snmp.community has a meaning only where snmp.mode is master"));
    free(said);
    said = log_of(AGENT DOMAINS "snmp: {mode: master, community: public}\n");
    assert_string_equal(said, "");
    free(said);
}

static void test_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool allowed;
    } ROWS[] = {
        {"b.example", true},       {"x.b.example", false},    {"xb.example", false},
        {"x.c.example", true},     {"y.x.c.example", true},   {"c.example", false},
        {"xc.example", false},     {".c.example", false},     {"x.xn--bcher-kva.example", true},
        {"x.c.example.org", false}, {"a.example", false},     {"", false},
    };
    struct config *config =
        scene_load_good(AGENT DOMAINS "probe: {allow: [B.example., '*.c.EXAMPLE', '*.bücher.example']}\n");
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (config_allows(config, ROWS[i].name) != ROWS[i].allowed)
            fail_msg("%s", ROWS[i].name);
    }
    config_free(config);
    config = scene_load_good(AGENT DOMAINS "probe: {allow: []}\n");
    assert_false(config_allows(config, "a.example"));
    config_free(config);
}

/* What a domain does not say is as for all. */
static void test_dialback(void **state)
{
    (void)state;
    static const struct {
        const char *all, *one;
        enum config_enabled enabled;
        int64_t interval_ms;
        bool secret, runs;
        enum dialback_algorithm algorithm;
        const char *from;
    } ROWS[] = {
        {"", "", ENABLED_AUTO, 1800000, false, false, DIALBACK_AUTO, NULL},
        {"dialback: {}\n", "{}", ENABLED_AUTO, 1800000, false, false, DIALBACK_AUTO, NULL},
        {"", "{secret_file: ca.pem}", ENABLED_AUTO, 1800000, true, true, DIALBACK_AUTO, NULL},
        {"dialback: {enabled: true, interval: 1h}\n", "", ENABLED_TRUE, 3600000, false, true, DIALBACK_AUTO, NULL},
        {"dialback: {enabled: true, interval: 1h}\n", "{enabled: false, interval: 1s}", ENABLED_FALSE, 1000, false,
         false, DIALBACK_AUTO, NULL},
        {"dialback: {enabled: true}\n", "{enabled: auto}", ENABLED_AUTO, 1800000, false, false, DIALBACK_AUTO, NULL},
        {"dialback: {enabled: false}\n", "{secret_file: ca.pem, algorithm: sha1-nested, from: Bücher.example}",
         ENABLED_FALSE, 1800000, true, false, DIALBACK_SHA1_NESTED, "bücher.example"},
        {"dialback: {enabled: false}\n", "{enabled: auto, secret_file: ca.pem, from: xn--bcher-kva.example}",
         ENABLED_AUTO, 1800000, true, true, DIALBACK_AUTO, "bücher.example"},
        {"", "{enabled: true, from: coluc.example}", ENABLED_TRUE, 1800000, false, true, DIALBACK_AUTO,
         "coluc.example"},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char *text = mem_printf(AGENT "%sdomains: [{name: a.example%s%s}]\n", ROWS[i].all,
                                *ROWS[i].one ? ", dialback: " : "", ROWS[i].one);
        struct config *config = scene_load_good(text);
        const struct config_domain *domain = &config->domains[0];
        assert_int_equal(domain->dialback.enabled, ROWS[i].enabled);
        assert_int_equal(domain->dialback.interval_ms, ROWS[i].interval_ms);
        assert_int_equal(domain->dialback.secret_file != NULL, ROWS[i].secret);
        assert_int_equal(domain->dialback.algorithm, ROWS[i].algorithm);
        assert_int_equal(config_dialback_runs(domain), ROWS[i].runs);
        if (ROWS[i].from == NULL)
            assert_null(domain->dialback.from);
        else
            assert_string_equal(domain->dialback.from, ROWS[i].from);
        config_free(config);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_domain_files),
        cmocka_unit_test(test_keys_of_another_mode),
        cmocka_unit_test(test_domain_file_faults),
        cmocka_unit_test(test_ten_thousand),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_dialback),
    };
    return cmocka_run_group_tests_name("config_domains", tests, scene_setup, scene_teardown);
}
