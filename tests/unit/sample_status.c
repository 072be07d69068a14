#include "sample_status.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NOW_MS (SAMPLE_NOW_S * 1000)
#define INTERVAL_MS INT64_C(300000)

/* 64 KiB of "ü" behind one byte, so that a cut at an even place falls into a character. */
static char *long_text(void)
{
    char *text = mem_alloc(SAMPLE_LONG_SIZE + 1);
    text[0] = 'x';
    for (size_t i = 1; i + 1 < SAMPLE_LONG_SIZE; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    return text;
}

static struct domain_status *add_domain(struct status *status, const char *name)
{
    struct domain_status *domain = mem_alloc(sizeof *domain);
    domain->index = (uint32_t)++status->domain_count;
    status->domains[status->domain_count - 1] = domain;
    domain->name = mem_strdup(name);
    domain->state = STATE_UNKNOWN;
    domain->since_ms = TIME_ABSENT;
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        struct check_status *check = &domain->check[i];
        check_result_set(&check->result, i < CHECK_DIALBACK ? REASON_NOT_RUN : REASON_NOT_CONFIGURED, NULL);
        check->result.duration_us = DURATION_ABSENT;
        check->interval_ms = INTERVAL_MS;
        check->last_run_ms = check->last_success_ms = check->last_change_ms = TIME_ABSENT;
    }
    return domain;
}

/* As after `runs` finished rounds, all but the latest of which were ok. */
static void conclude(struct domain_status *domain, enum check which, enum reason reason, unsigned runs)
{
    struct check_status *check = &domain->check[which];
    check_result_set(&check->result, reason, NULL);
    check->result.duration_us = 1500 + 250 * (int64_t)which;
    check->runs_total = runs;
    check->last_run_ms = NOW_MS - 90500;
    check->last_success_ms = check->last_run_ms;
    if (check->result.state == STATE_CRITICAL) {
        check->failures_total = 1;
        check->last_success_ms -= INTERVAL_MS;
        check->last_change_ms = check->last_run_ms;
    }
}

static struct domain_result *add_result(struct domain_status *domain, size_t records, size_t endpoints)
{
    struct domain_result *result = domain_result_new();
    domain->latest = result;
    result->finished_ms = NOW_MS - 90500;
    domain_result_add_lookups(result, "system");
    struct srv_lookup *lookup = &result->lookups[SERVICE_XMPP_SERVER];
    lookup->answered = true;
    lookup->records = (unsigned)records;
    lookup->ttl_s = 3600;
    lookup->duration_us = 12345;
    result->records = mem_array(records, sizeof *result->records);
    result->record_count = records;
    result->endpoints = mem_array(endpoints, sizeof *result->endpoints);
    result->endpoint_count = endpoints;
    for (size_t i = 0; i < endpoints; i++)
        endpoint_result_init(&result->endpoints[i]);
    return result;
}

static struct endpoint_result *fill_endpoint(struct domain_result *result, size_t at, const char *target,
                                             const char *address)
{
    struct endpoint_result *endpoint = &result->endpoints[at];
    endpoint->target = mem_strdup(target);
    endpoint->port = 5269;
    endpoint->address = mem_strdup(address);
    endpoint->transport = TRANSPORT_STARTTLS;
    for (size_t i = CHECK_CONNECT; i <= CHECK_AUTH; i++) {
        endpoint->reached[i] = true;
        check_result_set(&endpoint->check[i], REASON_OK, NULL);
    }
    for (size_t i = 0; i < PHASE_COUNT; i++)
        endpoint->phase_us[i] = 1000 * (int64_t)(i + 1);
    endpoint->offer = OFFER_REQUIRED;
    endpoint->tls_version = mem_strdup("TLSv1.3");
    endpoint->tls_cipher = mem_strdup("TLS_AES_256_GCM_SHA384");
    endpoint->dialback = TRI_YES;
    endpoint->external = TRI_NO;
    return endpoint;
}

static struct certificate *add_certificate(struct endpoint_result *endpoint, const char *subject)
{
    struct certificate *certificate = endpoint->certificate = certificate_new();
    certificate->subject = mem_strdup(subject);
    certificate->issuer = mem_strdup("CN=Example CA,O=Example\\, Inc.");
    certificate->serial = mem_strdup("0A1B2C");
    certificate->fingerprint_sha256 =
        mem_strdup("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    certificate->not_before[CERT_LEAF] = SAMPLE_NOW_S - 80 * 86400;
    certificate->not_after[CERT_LEAF] = SAMPLE_NOW_S + 10 * 86400;
    for (size_t i = 0; i < CERT_TEST_COUNT; i++)
        certificate->test[i] = TRI_YES;
    return certificate;
}

static void add_healthy(struct status *status)
{
    struct domain_status *domain = add_domain(status, "healthy.example");
    struct domain_result *result = add_result(domain, 2, 1);
    domain->state = STATE_OK;
    domain->since_ms = NOW_MS - 5 * 3600000;
    for (enum check check = CHECK_SRV; check <= CHECK_AUTH; check++)
        conclude(domain, check, REASON_OK, 2);
    result->records[0] = (struct srv_record){SERVICE_XMPP_SERVER, mem_strdup("xmpp1.healthy.example"), 5269, 10, 0};
    result->records[1] = (struct srv_record){SERVICE_XMPP_SERVER, mem_strdup("xmpp2.healthy.example"), 15269, 20, 5};
    struct endpoint_result *endpoint = fill_endpoint(result, 0, "xmpp1.healthy.example", "2001:db8::1");
    add_certificate(endpoint, "CN=healthy.example");
    endpoint->reached[CHECK_DIALBACK] = true;
    check_result_set(&endpoint->check[CHECK_DIALBACK], REASON_OK, NULL);
    endpoint->dialback_algorithm = DIALBACK_SHA1_NESTED;
}

static void add_expired(struct status *status)
{
    struct domain_status *domain = add_domain(status, "expired.example");
    struct domain_result *result = add_result(domain, 1, 1);
    domain->state = STATE_CRITICAL;
    domain->worst = CHECK_CERTIFICATE;
    domain->since_ms = NOW_MS - 90500;
    for (enum check check = CHECK_SRV; check <= CHECK_AUTH; check++)
        conclude(domain, check, REASON_OK, 7);
    conclude(domain, CHECK_STARTTLS, REASON_STARTTLS_POLICY_MISMATCH, 7);
    conclude(domain, CHECK_CERTIFICATE, REASON_CERT_EXPIRED, 7);
    domain->check[CHECK_CERTIFICATE].result.detail = mem_strdup("expired on 2026-11-20 & not renewed");
    result->records[0] = (struct srv_record){SERVICE_XMPP_SERVER, mem_strdup("expired.example"), 5269, 0, 0};
    struct endpoint_result *endpoint = fill_endpoint(result, 0, "expired.example", "192.0.2.7");
    check_result_set(&endpoint->check[CHECK_CERTIFICATE], REASON_CERT_EXPIRED, "expired on 2026-11-20");
    endpoint->offer = OFFER_OPTIONAL;
    struct certificate *certificate = add_certificate(endpoint, "CN=expired.example");
    certificate->not_after[CERT_LEAF] = SAMPLE_NOW_S - 2 * 86400;
    certificate->not_after[CERT_ROOT] = SAMPLE_NOW_S + 1000 * 86400;
    certificate->test[CERT_TEST_TIME] = TRI_NO;
    certificate->test[CERT_TEST_TRUST] = TRI_UNKNOWN;
}

static void add_hostile(struct status *status)
{
    struct domain_status *domain = add_domain(status, "hostile.example");
    struct domain_result *result = add_result(domain, 3, 2);
    domain->state = STATE_WARNING;
    domain->worst = CHECK_SRV;
    for (enum check check = CHECK_SRV; check <= CHECK_AUTH; check++)
        conclude(domain, check, REASON_OK, 1);
    conclude(domain, CHECK_SRV, REASON_SRV_MISSING, 1);
    domain->check[CHECK_SRV].result.detail = mem_strdup(SAMPLE_HOSTILE);
    domain->check[CHECK_STREAM].result.detail = long_text();
    for (size_t i = 0; i < 2; i++)
        result->records[i] = (struct srv_record){SERVICE_XMPP_SERVER, mem_strdup(SAMPLE_HOSTILE), 5269, 0, 0};
    result->records[2] = (struct srv_record){SERVICE_XMPP_SERVER, long_text(), 5269, 0, 0};
    fill_endpoint(result, 0, SAMPLE_HOSTILE, "192.0.2.8");
    struct endpoint_result *endpoint = fill_endpoint(result, 1, SAMPLE_HOSTILE, "192.0.2.8");
    struct certificate *certificate = add_certificate(endpoint, SAMPLE_HOSTILE);
    free(certificate->issuer);
    certificate->issuer = long_text();
}

struct status *sample_status_new(void)
{
    struct status *status = mem_alloc(sizeof *status);
    status->domains = mem_array(SAMPLE_DOMAINS, sizeof *status->domains);
    status->agent = (struct agent_status){.version = "1.2.3",
                                          .revision = "abcdef",
                                          .config_loaded_ms = NOW_MS - 7200000,
                                          .config_ok = TRI_YES,
                                          .checks_running = 3,
                                          .loop_lag_us = 1250,
                                          .agentx_connected = TRI_UNKNOWN};
    add_healthy(status);
    add_expired(status);
    add_domain(status, "new.example");
    add_hostile(status);
    return status;
}

void sample_status_free(struct status *status)
{
    for (size_t i = 0; i < status->domain_count; i++) {
        struct domain_status *domain = status->domains[i];
        for (size_t j = 0; j < CHECK_COUNT; j++)
            free(domain->check[j].result.detail);
        domain_result_free(domain->latest);
        free(domain->name);
        free(domain);
    }
    for (size_t i = 0; i < status->imp_count; i++) {
        imp_verdict_fini(&status->imp[i]->verdict);
        imp_result_free(status->imp[i]->latest);
        free(status->imp_causes[i]);
        free(status->imp[i]->name);
        free(status->imp[i]);
    }
    free(status->imp);
    free(status->imp_causes);
    free(status->domains);
    free(status);
}

void sample_add_history(struct domain_status *domain)
{
    int64_t begin_ms = (SAMPLE_NOW_S - 3600) * 1000;
    const struct transition list[] = {
        {begin_ms, REASON_OK, CHECK_CERTIFICATE, STATE_UNKNOWN, STATE_OK},
        {begin_ms + 60000, REASON_CERT_EXPIRED, CHECK_CERTIFICATE, STATE_OK, STATE_CRITICAL},
        {begin_ms + 61000, REASON_CERT_EXPIRED, CHECK_COUNT, STATE_OK, STATE_CRITICAL},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        history_add(&domain->history, &list[i]);
}
