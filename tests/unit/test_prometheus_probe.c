/* What a single probe exposes, and the list of targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exporters/prometheus/prometheus.h"
#include "sample_status.h"

#define BODY_MAX (8 << 20)

static char *encode(const struct status *status, enum prometheus_format format, bool endpoints)
{
    const struct prometheus_probe probe = {.success = true, .duration_us = 1250000};
    struct prometheus_encoder *encoder = prometheus_encoder_new_probe(status, format, endpoints, &probe);
    struct buf whole;
    buf_init(&whole, BODY_MAX);
    while (prometheus_encoder_next(encoder, &whole))
        ;
    assert_false(buf_failed(&whole));
    prometheus_encoder_free(encoder);
    return whole.data;
}

static void assert_has(const char *text, const char *part, bool wanted)
{
    if ((strstr(text, part) != NULL) != wanted)
        fail_msg("\"%s\" is %sin: %s", part, wanted ? "not " : "", text);
}

static void test_families(void **state)
{
    (void)state;
    static const struct {
        const char *part;
        bool there;
    } ROWS[] = {
        {"\n# TYPE probe_success gauge\n", true},
        {"\nprobe_success 1\n", true},
        {"\nprobe_duration_seconds 1.25\n", true},
        {"fedhealth_domain_state{domain=\"healthy.example\",fedhealth_domain_state=\"ok\"} 1\n", true},
        {"\nfedhealth_check_reason_info{domain=\"healthy.example\",check=\"srv\"", true},
        {"\nfedhealth_check_last_run_timestamp_seconds{", true},
        {"\nfedhealth_check_runs_total", false},
        {"\nfedhealth_check_failures_total", false},
        {"\nfedhealth_build_info", false},
        {"\nfedhealth_domains", false},
        {"\nprocess_", false},
    };
    struct status *status = sample_status_new();
    size_t count = status->domain_count;
    status->domain_count = 1;
    for (int endpoints = 0; endpoints < 2; endpoints++) {
        char *text = encode(status, PROMETHEUS_TEXT, endpoints);
        for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
            assert_has(text, ROWS[i].part, ROWS[i].there);
        assert_has(text, "fedhealth_endpoint_", endpoints);
        free(text);
    }
    char *text = encode(status, PROMETHEUS_OPENMETRICS, true);
    assert_has(text, "\n# TYPE probe_duration_seconds gauge\n# UNIT probe_duration_seconds seconds\n", true);
    assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
    free(text);
    status->domain_count = count;
    sample_status_free(status);
}

/* What one round does not tell is absent, not zero. */
static void test_no_interval(void **state)
{
    (void)state;
    struct status *status = sample_status_new();
    struct check_status *check = &status->domains[0]->check[CHECK_SRV];
    char *text = encode(status, PROMETHEUS_TEXT, true);
    static const char SERIES[] = "\nfedhealth_check_interval_seconds{domain=\"healthy.example\",check=\"srv\"}";
    assert_has(text, SERIES, true);
    free(text);
    check->interval_ms = DURATION_ABSENT;
    text = encode(status, PROMETHEUS_TEXT, true);
    assert_has(text, SERIES, false);
    free(text);
    sample_status_free(status);
}

static void test_discovery(void **state)
{
    (void)state;
    char etag[17], other[17];
    struct buf out;
    buf_init(&out, 4096);
    struct status *status = sample_status_new();
    prometheus_discovery(status, &out);
    assert_string_equal(out.data, "[{\"targets\":[\"healthy.example\",\n\"expired.example\",\n\"new.example\",\n"
                                  "\"hostile.example\"],\"labels\":{}}]\n");
    prometheus_discovery_etag(&out, etag, sizeof etag);
    buf_clear(&out);
    const struct status none = {.domain_count = 0};
    prometheus_discovery(&none, &out);
    assert_string_equal(out.data, "[]\n");
    prometheus_discovery_etag(&out, other, sizeof other);
    assert_string_not_equal(etag, other);
    buf_fini(&out);
    sample_status_free(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_no_interval),
        cmocka_unit_test(test_discovery),
    };
    return cmocka_run_group_tests_name("prometheus probe", tests, NULL, NULL);
}
