#include "health/result.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"

const char *service_name(enum service service)
{
    switch (service) {
    case SERVICE_XMPP_SERVER: return "xmpp-server";
    case SERVICE_XMPPS_SERVER: return "xmpps-server";
    case SERVICE_COUNT: break;
    }
    return "unknown";
}

const char *transport_name(enum transport transport)
{
    switch (transport) {
    case TRANSPORT_STARTTLS: return "starttls";
    case TRANSPORT_DIRECT: return "direct";
    }
    return "unknown";
}

const char *phase_name(enum phase phase)
{
    switch (phase) {
    case PHASE_CONNECT: return "connect";
    case PHASE_STREAM: return "stream";
    case PHASE_STARTTLS: return "starttls";
    case PHASE_TLS: return "tls";
    case PHASE_FEATURES: return "features";
    case PHASE_DIALBACK: return "dialback";
    case PHASE_COUNT: break;
    }
    return "unknown";
}

const char *starttls_offer_name(enum starttls_offer offer)
{
    switch (offer) {
    case OFFER_UNKNOWN: return NULL;
    case OFFER_NONE: return "none";
    case OFFER_OPTIONAL: return "optional";
    case OFFER_REQUIRED: return "required";
    }
    return NULL;
}

const char *cert_position_name(enum cert_position position)
{
    switch (position) {
    case CERT_LEAF: return "leaf";
    case CERT_INTERMEDIATE: return "intermediate";
    case CERT_ROOT: return "root";
    case CERT_POSITION_COUNT: break;
    }
    return "unknown";
}

const char *cert_test_name(enum cert_test test)
{
    switch (test) {
    case CERT_TEST_NAME: return "name";
    case CERT_TEST_TIME: return "time";
    case CERT_TEST_TRUST: return "trust";
    case CERT_TEST_USAGE: return "usage";
    case CERT_TEST_STRENGTH: return "strength";
    case CERT_TEST_REVOCATION: return "revocation";
    case CERT_TEST_DANE: return "dane";
    case CERT_TEST_COUNT: break;
    }
    return "unknown";
}

void check_result_set(struct check_result *check, enum reason reason, const char *detail_format, ...)
{
    char *detail = NULL;
    if (detail_format != NULL) {
        va_list args;
        va_start(args, detail_format);
        detail = mem_vprintf(detail_format, args);
        va_end(args);
    }
    free(check->detail);
    check->detail = detail;
    check->reason = reason;
    check->state = reason_info(reason)->state;
}

static void checks_init(struct check_result checks[CHECK_COUNT])
{
    for (int i = 0; i < CHECK_COUNT; i++)
        checks[i] = (struct check_result){
            .reason = REASON_NOT_RUN, .state = STATE_UNKNOWN, .duration_us = DURATION_ABSENT};
}

static void checks_fini(struct check_result checks[CHECK_COUNT])
{
    for (int i = 0; i < CHECK_COUNT; i++)
        free(checks[i].detail);
}

struct certificate *certificate_new(void)
{
    struct certificate *certificate = mem_alloc(sizeof *certificate);
    for (int i = 0; i < CERT_POSITION_COUNT; i++)
        certificate->not_before[i] = certificate->not_after[i] = TIME_ABSENT;
    return certificate;
}

void certificate_free(struct certificate *certificate)
{
    if (certificate == NULL)
        return;
    free(certificate->subject);
    free(certificate->issuer);
    free(certificate->serial);
    free(certificate->fingerprint_sha256);
    free(certificate);
}

void endpoint_result_init(struct endpoint_result *endpoint)
{
    *endpoint = (struct endpoint_result){.transport = TRANSPORT_STARTTLS};
    checks_init(endpoint->check);
    for (int i = 0; i < PHASE_COUNT; i++)
        endpoint->phase_us[i] = DURATION_ABSENT;
}

static void endpoint_result_fini(struct endpoint_result *endpoint)
{
    checks_fini(endpoint->check);
    free(endpoint->target);
    free(endpoint->address);
    free(endpoint->tls_version);
    free(endpoint->tls_cipher);
    certificate_free(endpoint->certificate);
}

struct domain_result *domain_result_new(void)
{
    struct domain_result *result = mem_alloc(sizeof *result);
    result->start_delay_us = DURATION_ABSENT;
    checks_init(result->check);
    return result;
}

void domain_result_add_lookups(struct domain_result *result, const char *resolver)
{
    result->lookups = mem_resize(result->lookups, result->lookup_count + SERVICE_COUNT, sizeof *result->lookups);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        result->lookups[result->lookup_count++] = (struct srv_lookup){
            .service = (enum service)i, .ttl_s = -1, .duration_us = DURATION_ABSENT,
            .resolver = mem_strdup(resolver)};
    }
}

void domain_result_free(struct domain_result *result)
{
    if (result == NULL)
        return;
    checks_fini(result->check);
    for (size_t i = 0; i < result->lookup_count; i++)
        free(result->lookups[i].resolver);
    free(result->lookups);
    for (size_t i = 0; i < result->record_count; i++)
        free(result->records[i].target);
    free(result->records);
    for (size_t i = 0; i < result->endpoint_count; i++)
        endpoint_result_fini(&result->endpoints[i]);
    free(result->endpoints);
    for (size_t i = 0; i < result->ping_count; i++) {
        free(result->pings[i].account);
        free(result->pings[i].server);
        free(result->pings[i].check.detail);
    }
    free(result->pings);
    free(result);
}

bool domain_result_asks_back_off(const struct domain_result *result)
{
    for (size_t i = 0; i < result->endpoint_count; i++) {
        if (result->endpoints[i].asks_back_off)
            return true;
        for (int check = CHECK_STREAM; check < CHECK_COUNT; check++) {
            enum reason reason = result->endpoints[i].check[check].reason;
            if (result->endpoints[i].reached[check] &&
                (reason == REASON_STREAM_ERROR_POLICY_VIOLATION || reason == REASON_STREAM_ERROR_RESOURCE_CONSTRAINT))
                return true;
        }
    }
    return false;
}
