#include "made_up.h"

#include "base/mem.h"

static struct endpoint_result *endpoint_new(const char *name)
{
    struct endpoint_result *endpoint = mem_alloc(sizeof *endpoint);
    endpoint_result_init(endpoint);
    endpoint->index = 1;
    endpoint->target = mem_printf("xmpp.%s", name);
    endpoint->port = 5269;
    endpoint->address = mem_strdup("192.0.2.10");
    for (int check = CHECK_CONNECT; check <= CHECK_AUTH; check++) {
        endpoint->reached[check] = true;
        check_result_set(&endpoint->check[check], REASON_OK, NULL);
    }
    for (int phase = 0; phase < PHASE_COUNT; phase++)
        endpoint->phase_us[phase] = 1234 * (phase + 1);
    endpoint->offer = OFFER_REQUIRED;
    endpoint->tls_version = mem_strdup("TLSv1.3");
    endpoint->tls_cipher = mem_strdup("TLS_AES_256_GCM_SHA384");
    endpoint->dialback = endpoint->external = TRI_YES;
    struct certificate *certificate = endpoint->certificate = certificate_new();
    certificate->subject = mem_printf("CN=%s", name);
    certificate->issuer = mem_strdup("CN=Example CA,O=Example,C=CH");
    certificate->serial = mem_strdup("0123456789ABCDEF0123456789ABCDEF01234567");
    certificate->fingerprint_sha256 = mem_strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    for (int position = 0; position < CERT_POSITION_COUNT; position++) {
        certificate->not_before[position] = MADE_UP_NOW_MS / 1000 - 86400 * (position + 1);
        certificate->not_after[position] = MADE_UP_NOW_MS / 1000 + 86400 * (position + 1);
    }
    for (int test = 0; test < CERT_TEST_COUNT; test++)
        certificate->test[test] = TRI_YES;
    return endpoint;
}

static struct domain_status *domain_new(size_t number)
{
    struct domain_status *domain = mem_alloc(sizeof *domain);
    domain->index = (uint32_t)number + 1;
    domain->name = mem_printf("domain-%zu.example", number);
    domain->state = STATE_OK;
    domain->since_ms = MADE_UP_NOW_MS;
    domain->latest = domain_result_new();
    domain->latest->endpoints = endpoint_new(domain->name);
    domain->latest->endpoint_count = 1;
    domain_result_add_lookups(domain->latest, "system");
    domain->latest->lookups[SERVICE_XMPP_SERVER].answered = true;
    domain->latest->lookups[SERVICE_XMPP_SERVER].ttl_s = 300;
    domain->latest->lookups[SERVICE_XMPP_SERVER].duration_us = 1500;
    for (int i = 0; i < CHECK_COUNT; i++) {
        domain->check[i] = (struct check_status){
            .interval_ms = 300000, .runs_total = 1000, .last_run_ms = MADE_UP_NOW_MS, .last_success_ms = MADE_UP_NOW_MS,
            .last_change_ms = MADE_UP_NOW_MS};
        check_result_set(&domain->check[i].result, REASON_OK, NULL);
        domain->check[i].result.duration_us = 1500;
    }
    return domain;
}

void made_up_status(struct status *status, size_t domains)
{
    *status = (struct status){.domain_count = domains};
    status->agent.version = status->agent.revision = "bench";
    status->domains = mem_array(domains, sizeof *status->domains);
    for (size_t i = 0; i < domains; i++)
        status->domains[i] = domain_new(i);
}
