/* The two exposition formats of a hand-made state, their lines, and which of them an Accept header gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "exporters/prometheus/prometheus.h"
#include "exporters/prometheus/writer.h"
#include "sample_status.h"

#define BODY_MAX (8 << 20)
#define LINES_MAX 4096

/* The whole exposition, pulled in pieces; each must be small. */
static char *encode(const struct status *status, enum prometheus_format format)
{
    struct prometheus_encoder *encoder = prometheus_encoder_new(status, format, true);
    struct buf whole, piece;
    buf_init(&whole, BODY_MAX);
    buf_init(&piece, 65536);
    while (prometheus_encoder_next(encoder, &piece)) {
        assert_true(piece.length > 0 && !buf_failed(&piece));
        buf_add(&whole, piece.data, piece.length);
        buf_clear(&piece);
    }
    assert_int_equal(piece.length, 0);
    assert_false(prometheus_encoder_next(encoder, &piece));
    assert_false(buf_failed(&whole));
    buf_fini(&piece);
    prometheus_encoder_free(encoder);
    return whole.data;
}

static char *encode_sample(enum prometheus_format format)
{
    struct status *status = sample_status_new();
    char *text = encode(status, format);
    sample_status_free(status);
    return text;
}

/* Whole lines. */
static bool has_line(const char *text, const char *line)
{
    char *wanted = mem_printf("\n%s\n", line);
    bool found = strncmp(text, wanted + 1, strlen(wanted) - 1) == 0 || strstr(text, wanted) != NULL;
    free(wanted);
    return found;
}

static void assert_line(const char *text, const char *line)
{
    if (!has_line(text, line))
        fail_msg("no line: %s", line);
}

static void assert_lacks(const char *text, const char *part)
{
    const char *found = strstr(text, part);
    if (found != NULL)
        fail_msg("\"%s\" found: %.200s", part, found);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The sample lines, sorted; the text is cut up. */
static size_t samples(char *text, char *lines[LINES_MAX])
{
    size_t count = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (line[0] == '#')
            continue;
        assert_true(count < LINES_MAX);
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, by_text);
    return count;
}

static size_t name_length(const char *line)
{
    return (size_t)(strrchr(line, ' ') - line);
}

static void test_text(void **state)
{
    (void)state;
    char *text = encode_sample(PROMETHEUS_TEXT);
    assert_line(text, "# TYPE fedhealth_build_info gauge");
    assert_line(text, "# HELP fedhealth_build_info Version and source revision of the running agent.");
    assert_line(text, "fedhealth_build_info{version=\"1.2.3\",revision=\"abcdef\"} 1");
    assert_line(text, "# TYPE fedhealth_check_runs_total counter");
    assert_line(text, "fedhealth_check_runs_total{domain=\"expired.example\",check=\"certificate\"} 7");
    assert_line(text, "# TYPE fedhealth_domain_state gauge");
    assert_line(text, "fedhealth_domain_state{domain=\"expired.example\",fedhealth_domain_state=\"ok\"} 0");
    assert_line(text, "fedhealth_domain_state{domain=\"expired.example\",fedhealth_domain_state=\"critical\"} 1");
    assert_line(text, "fedhealth_domain_state{domain=\"new.example\",fedhealth_domain_state=\"unknown\"} 1");
    assert_line(text, "fedhealth_check_reason_info{domain=\"expired.example\",check=\"certificate\","
                      "status=\"critical\",reason=\"cert_expired\"} 1");
    assert_line(text, "fedhealth_check_reason_info{domain=\"new.example\",check=\"srv\",status=\"unknown\","
                      "reason=\"not_run\"} 1");
    assert_lacks(text, "# UNIT");
    assert_lacks(text, "# EOF");
    free(text);
}

static void test_openmetrics(void **state)
{
    (void)state;
    char *text = encode_sample(PROMETHEUS_OPENMETRICS);
    assert_line(text, "# TYPE fedhealth_build info");
    assert_line(text, "fedhealth_build_info{version=\"1.2.3\",revision=\"abcdef\"} 1");
    assert_line(text, "# TYPE fedhealth_check_runs counter");
    assert_line(text, "fedhealth_check_runs_total{domain=\"expired.example\",check=\"certificate\"} 7");
    assert_line(text, "# TYPE fedhealth_domain_state stateset");
    assert_line(text, "fedhealth_domain_state{domain=\"healthy.example\",fedhealth_domain_state=\"ok\"} 1");
    assert_line(text, "# TYPE fedhealth_check_duration_seconds gauge");
    assert_line(text, "# UNIT fedhealth_check_duration_seconds seconds");
    assert_line(text, "# TYPE process_cpu_seconds counter");
    assert_line(text, "# UNIT process_cpu_seconds seconds");
    assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
    assert_lacks(text, "\n\n");
    free(text);
}

/* What is not known has no sample, and a family without samples is not mentioned. */
static void test_absent(void **state)
{
    (void)state;
    char *text = encode_sample(PROMETHEUS_TEXT);
    assert_lacks(text, "fedhealth_snmp_agentx_connected");
    assert_lacks(text, "fedhealth_check_success{domain=\"new.example\"");
    assert_lacks(text, "fedhealth_check_last_run_timestamp_seconds{domain=\"new.example\"");
    assert_line(text, "fedhealth_check_runs_total{domain=\"new.example\",check=\"ping\"} 0");
    assert_line(text, "fedhealth_check_interval_seconds{domain=\"new.example\",check=\"ping\"} 300");
    assert_lacks(text, "service=\"xmpps-server\"} 0");
    const char *endpoint = "domain=\"expired.example\",endpoint=\"expired.example:5269\",address=\"192.0.2.7\","
                           "transport=\"starttls\"";
    char *unknown = mem_printf("fedhealth_certificate_valid{%s,test=\"trust\"}", endpoint);
    char *known = mem_printf("fedhealth_certificate_valid{%s,test=\"time\"} 0", endpoint);
    assert_lacks(text, unknown);
    assert_line(text, known);
    free(unknown);
    free(known);
    free(text);

    struct status empty = {.agent = {.version = "1", .revision = "2", .config_loaded_ms = TIME_ABSENT}};
    text = encode(&empty, PROMETHEUS_OPENMETRICS);
    assert_line(text, "fedhealth_domains 0");
    assert_lacks(text, "fedhealth_check_");
    assert_lacks(text, "fedhealth_config_last_reload");
    free(text);
}

static void test_same_samples(void **state)
{
    (void)state;
    char *text = encode_sample(PROMETHEUS_TEXT), *openmetrics = encode_sample(PROMETHEUS_OPENMETRICS);
    char *a[LINES_MAX], *b[LINES_MAX];
    size_t count = samples(text, a);
    assert_true(count > 200);
    assert_int_equal(samples(openmetrics, b), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(name_length(a[i]), name_length(b[i]));
        size_t compared = strncmp(a[i], "process_", 8) == 0 ? name_length(a[i]) : strlen(a[i]) + 1;
        assert_memory_equal(a[i], b[i], compared);
        if (i > 0 && name_length(a[i]) == name_length(a[i - 1]) && memcmp(a[i], a[i - 1], name_length(a[i])) == 0)
            fail_msg("twice: %s", a[i]);
    }
    free(text);
    free(openmetrics);
}

static void test_hostile(void **state)
{
    (void)state;
    char *text = encode_sample(PROMETHEUS_OPENMETRICS);
    /* The record that comes twice is shown once, and what cannot be shown is replaced. */
    assert_line(text, "fedhealth_srv_record_info{domain=\"hostile.example\",service=\"xmpp-server\","
                      "target=\"\\\"q\\\" \\\\n\\nnext\r</td><script>alert(1)</script>&amp; \x1b[2J \xef\xbf\xbd "
                      "\xef\xbf\xbd\xef\xbf\xbd\",port=\"5269\",priority=\"0\",weight=\"0\"} 1");
    const char *bytes, *at = text;
    for (size_t length; (length = utf8_next(&at, &bytes)) != 0;)
        assert_ptr_equal(at, bytes + length); /* nothing was replaced: valid UTF-8 */
    size_t longest = 0;
    for (at = text; (at = strstr(at, "issuer=\"x")) != NULL; at++) {
        size_t length = strcspn(at + strlen("issuer=\""), "\"");
        longest = length > longest ? length : longest;
    }
    assert_int_equal(longest, 255);
    free(text);
}

static char *encode_nodes(struct status *status)
{
    sample_add_nodes(status);
    char *text = encode(status, PROMETHEUS_OPENMETRICS);
    sample_status_free(status);
    return text;
}

static void test_nodes(void **state)
{
    (void)state;
    static const char *const LINES[] = {
        "fedhealth_imp_nodes 4",
        "# TYPE fedhealth_imp_state stateset",
        "fedhealth_imp_state{node=\"cups.empty.example\",fedhealth_imp_state=\"critical\"} 1",
        "fedhealth_imp_state{node=\"cups.new.example\",fedhealth_imp_state=\"unknown\"} 1",
        "fedhealth_imp_check_success{node=\"cups.healthy.example\",check=\"xcp_router\"} 1",
        "fedhealth_imp_check_success{node=\"cups.empty.example\",check=\"axl\"} 0",
        "fedhealth_imp_check_reason_info{node=\"cups.healthy.example\",check=\"axl\",status=\"ok\",reason=\"ok\"} 1",
        "fedhealth_imp_check_runs_total{node=\"cups.pending.example\",check=\"s2snode\"} 3",
        "fedhealth_imp_check_failures_total{node=\"cups.pending.example\",check=\"xcp_restart\"} 1",
        "fedhealth_imp_check_duration_seconds{node=\"cups.healthy.example\",check=\"axl\"} 0.02",
        "fedhealth_imp_check_last_run_timestamp_seconds{node=\"cups.healthy.example\",check=\"axl\"} 1795348739.5",
        "fedhealth_imp_check_last_success_timestamp_seconds{node=\"cups.empty.example\",check=\"axl\"} 1795348439.5",
        "fedhealth_imp_check_last_change_timestamp_seconds{node=\"cups.empty.example\",check=\"axl\"} 1795348739.5",
        "fedhealth_imp_version_info{node=\"cups.healthy.example\",version=\"12.5.1.11900-117\"} 1",
        "fedhealth_imp_axl_http_status_code{node=\"cups.healthy.example\"} 200",
        "# UNIT fedhealth_imp_axl_login_hold_until_timestamp_seconds seconds",
        "fedhealth_imp_axl_login_hold_until_timestamp_seconds{node=\"cups.empty.example\"} 1795350600",
        "fedhealth_imp_axl_account_valid{node=\"cups.healthy.example\",account=\"expressway-c\"} 1",
        "fedhealth_imp_axl_account_valid{node=\"cups.empty.example\",account=\"expressway-c\"} 0",
        "fedhealth_imp_s2s_nodes{node=\"cups.empty.example\",kind=\"present\"} 0",
        "fedhealth_imp_s2s_nodes{node=\"cups.pending.example\",kind=\"missing\"} 1",
        "fedhealth_imp_s2s_nodes{node=\"cups.pending.example\",kind=\"unexpected\"} 1",
        "fedhealth_imp_s2s_node_info{node=\"cups.healthy.example\",cp_id=\"cm-2_s2scp-1.eft-xwye-a-coluc-com\"} 1",
        "fedhealth_imp_s2s_nodes_last_change_timestamp_seconds{node=\"cups.pending.example\"} 1795341600",
        "fedhealth_imp_xcp_restart_pending{node=\"cups.healthy.example\",source=\"page\"} 0",
        "fedhealth_imp_xcp_restart_pending{node=\"cups.empty.example\",source=\"page\"} 1",
        "fedhealth_imp_xcp_restart_pending{node=\"cups.pending.example\",source=\"page\"} 1",
        "fedhealth_imp_xcp_restart_pending{node=\"cups.pending.example\",source=\"derived\"} 1",
        "fedhealth_imp_xcp_notifications{node=\"cups.healthy.example\",severity=\"emergency\"} 0",
        "fedhealth_imp_xcp_notifications{node=\"cups.pending.example\",severity=\"warning\"} 1",
        "fedhealth_imp_xcp_notifications{node=\"cups.pending.example\",severity=\"other\"} 1",
        "fedhealth_imp_xcp_router_start_timestamp_seconds{node=\"cups.healthy.example\"} 1792756800",
    };
    char *text = encode_nodes(sample_status_new());
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++)
        assert_line(text, LINES[i]);
    free(text);
}

/* From the first scrape on; and what is not known has no sample. */
static void test_nodes_absent(void **state)
{
    (void)state;
    static const char *const CHECKS[] = {"axl", "s2snode", "xcp_restart", "xcp_router"};
    static const char *const ABSENT[] = {
        "_imp_check_success{node=\"cups.new.", "_imp_check_last_run_timestamp_seconds{node=\"cups.new.",
        "_imp_check_duration_seconds{node=\"cups.new.", "_imp_version_info{node=\"cups.new.",
        "_imp_axl_http_status_code{node=\"cups.new.", "_login_hold_until_timestamp_seconds{node=\"cups.healthy.",
        "account=\"other\"", "_imp_s2s_nodes{node=\"cups.new.",
        "_s2s_nodes_last_change_timestamp_seconds{node=\"cups.h",
        "_imp_s2s_node_info{node=\"cups.pending.example\",cp_id=\"cm-3_s2scp-1", /* it is missing */
        "_restart_pending{node=\"cups.healthy.example\",source=\"derived\"", "source=\"query\"",
        "_xcp_notifications{node=\"cups.empty.", "_router_start_timestamp_seconds{node=\"cups.new.",
    };
    char *text = encode_nodes(sample_status_new());
    for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
        char *row = mem_printf("{node=\"cups.new.example\",check=\"%s\"", CHECKS[i]);
        char *lines[] = {
            mem_printf("fedhealth_imp_check_runs_total%s} 0", row),
            mem_printf("fedhealth_imp_check_failures_total%s} 0", row),
            mem_printf("fedhealth_imp_check_interval_seconds%s} 300", row),
            mem_printf("fedhealth_imp_check_reason_info%s,status=\"unknown\",reason=\"not_run\"} 1", row),
        };
        for (size_t j = 0; j < sizeof lines / sizeof lines[0]; j++) {
            assert_line(text, lines[j]);
            free(lines[j]);
        }
        free(row);
    }
    for (size_t i = 0; i < sizeof ABSENT / sizeof ABSENT[0]; i++)
        assert_lacks(text, ABSENT[i]);
    free(text);
}

static void check_label(const char *value, const char *expected)
{
    struct buf labels;
    buf_init(&labels, 4096);
    writer_label(&labels, "a", value);
    assert_string_equal(labels.data, expected);
    buf_fini(&labels);
}

static void test_labels(void **state)
{
    (void)state;
    check_label("", "a=\"\"");
    check_label("a\\b\"c\nd", "a=\"a\\\\b\\\"c\\nd\"");
    check_label("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", "a=\"\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\"");
    check_label("\xc0\xaf", "a=\"\xef\xbf\xbd\xef\xbf\xbd\"");                 /* overlong */
    check_label("\xed\xa0\x80", "a=\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* surrogate */
    check_label("\xf4\x90\x80\x80!", "a=\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!\"");
    check_label("\xe2\x82", "a=\"\xef\xbf\xbd\xef\xbf\xbd\"");

    char text[400], expected[400];
    memset(text, 'x', sizeof text);
    memcpy(text + 255, "\xc3\xbc", 3); /* the character would end at byte 257 */
    snprintf(expected, sizeof expected, "a=\"%.255s\"", text);
    check_label(text, expected);
    memset(text, '"', 300); /* escaping does not count */
    text[300] = '\0';
    struct buf labels;
    buf_init(&labels, 4096);
    writer_label(&labels, "a", text);
    assert_int_equal(labels.length, strlen("a=\"\"") + 2 * 256);
    buf_fini(&labels);
}

static void check_number(double number, const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    writer_sample(&out, "m", "", number);
    char *line = mem_printf("m %s\n", expected);
    assert_string_equal(out.data, line);
    free(line);
    buf_fini(&out);
}

static void test_numbers(void **state)
{
    (void)state;
    check_number(0, "0");
    check_number(1, "1");
    check_number(-3, "-3");
    check_number(1795348800, "1795348800");
    check_number(9007199254740991.0, "9007199254740991");
    check_number(0.1, "0.1");
    check_number(1795348709.5, "1795348709.5");
    check_number(0.000001, "1e-06");
    check_number(0.1 + 0.2, "0.30000000000000004");
    check_number(18446744073709551615.0, "1.8446744073709552e+19");
}

static void test_head(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    const struct family family = {"a_seconds_total", FAMILY_COUNTER, "seconds", "A \"b\" \\ c\nd."};
    writer_family(&out, PROMETHEUS_TEXT, &family);
    assert_string_equal(out.data, "# HELP a_seconds_total A \"b\" \\\\ c\\nd.\n# TYPE a_seconds_total counter\n");
    buf_clear(&out);
    writer_family(&out, PROMETHEUS_OPENMETRICS, &family);
    assert_string_equal(out.data, "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n"
                                  "# HELP a_seconds A \\\"b\\\" \\\\ c\\nd.\n");
    buf_clear(&out);
    writer_family(&out, PROMETHEUS_OPENMETRICS, &(struct family){"a_milliseconds", FAMILY_GAUGE, "seconds", "A."});
    assert_string_equal(out.data, "# TYPE a_milliseconds gauge\n# HELP a_milliseconds A.\n");
    buf_fini(&out);
}

static void test_process(void **state)
{
    (void)state;
    static const char *const NAMES[] = {
        "process_cpu_seconds_total",    "process_open_fds",                 "process_max_fds",
        "process_virtual_memory_bytes", "process_virtual_memory_max_bytes", "process_resident_memory_bytes",
        "process_heap_bytes",           "process_start_time_seconds",       "process_threads"};
    struct status empty = {.agent = {.config_loaded_ms = TIME_ABSENT}};
    char *text = encode(&empty, PROMETHEUS_TEXT);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char *start = mem_printf("\n%s ", NAMES[i]);
        const char *found = strstr(text, start);
        if (found == NULL)
            fail_msg("no %s", NAMES[i]);
        double number = strtod(found + strlen(start), NULL);
        if (strcmp(NAMES[i], "process_threads") == 0)
            assert_true(number == 1);
        else if (strcmp(NAMES[i], "process_cpu_seconds_total") != 0 && strcmp(NAMES[i], "process_heap_bytes") != 0)
            assert_true(number > 0); /* the CPU time may still be 0, and so may the heap under AddressSanitizer */
        if (strcmp(NAMES[i], "process_start_time_seconds") == 0)
            assert_true(number > 1.7e9 && number < 1e11);
        free(start);
    }
    free(text);
}

static void test_negotiate(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum prometheus_format format;
    } CASES[] = {
        {NULL, PROMETHEUS_TEXT},
        {"", PROMETHEUS_TEXT},
        {"*/*", PROMETHEUS_TEXT},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PROMETHEUS_TEXT},
        {"application/openmetrics-text", PROMETHEUS_OPENMETRICS},
        {"Application/OpenMetrics-Text; Version=0.0.1", PROMETHEUS_OPENMETRICS},
        {"application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", PROMETHEUS_OPENMETRICS},
        {"application/openmetrics-text;version=2.0.0", PROMETHEUS_TEXT},
        {"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4", PROMETHEUS_TEXT},
        {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.75", PROMETHEUS_TEXT},
        {"text/plain;q=0.5, application/openmetrics-text;q=0.51", PROMETHEUS_OPENMETRICS},
        {"application/openmetrics-text;q=0, */*", PROMETHEUS_TEXT},
        {"text/plain;q=0, */*", PROMETHEUS_OPENMETRICS},
        {"text/*;q=0.1, */*;q=0.2", PROMETHEUS_OPENMETRICS},
        {"text/*;q=0.3, */*;q=0.2", PROMETHEUS_TEXT},
        {"application/*", PROMETHEUS_OPENMETRICS},
        {"application/openmetrics-text;q=1.001", PROMETHEUS_TEXT},
        {"application/openmetrics-text;q=nan", PROMETHEUS_TEXT},
        {"application/openmetrics-text;q=", PROMETHEUS_TEXT},
        {"application/openmetrics-text;q=0.0001", PROMETHEUS_TEXT},
        {"application/openmetrics-text ; q=1.000 ,text/plain ; q=0.999", PROMETHEUS_OPENMETRICS},
        {",,;;=, ,application/openmetrics-text;;x=\"a,b;q=0\",", PROMETHEUS_OPENMETRICS},
        {"application/openmetrics-text;x=\"unfinished", PROMETHEUS_TEXT},
        {"text/plain;version=0.0.3, application/openmetrics-text;q=0.1", PROMETHEUS_OPENMETRICS},
        /* Prometheus 2.42 and 3 */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         PROMETHEUS_OPENMETRICS},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
         "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         PROMETHEUS_OPENMETRICS},
        {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,"
         "application/openmetrics-text;version=1.0.0;q=0.4,*/*;q=0.2",
         PROMETHEUS_TEXT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        if (prometheus_negotiate(CASES[i].accept) != CASES[i].format)
            fail_msg("Accept: %s", CASES[i].accept ? CASES[i].accept : "(none)");
    }
    assert_string_equal(prometheus_content_type(PROMETHEUS_TEXT), "text/plain; version=0.0.4; charset=utf-8");
    assert_string_equal(prometheus_content_type(PROMETHEUS_OPENMETRICS),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),         cmocka_unit_test(test_openmetrics), cmocka_unit_test(test_absent),
        cmocka_unit_test(test_same_samples), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_nodes), cmocka_unit_test(test_nodes_absent),     cmocka_unit_test(test_labels),
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_head),        cmocka_unit_test(test_process),
        cmocka_unit_test(test_negotiate),
    };
    return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
