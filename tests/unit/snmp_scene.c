#include "snmp_scene.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "health/result.h"

#define NOON_MS INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */

static struct domain_status healthy = {
    .index = 1, .name = (char *)"healthy.example", .state = STATE_OK, .worst = CHECK_SRV, .since_ms = NOON_MS + 500};
static struct domain_status expired = {
    .index = 7, .name = (char *)"expired.example", .state = STATE_CRITICAL, .worst = CHECK_CERTIFICATE,
    .since_ms = TIME_ABSENT};
/* The endpoints of the second: all is known of one, next to nothing of the other. */
static struct certificate certificate = {.subject = (char *)"CN=expired.example", .issuer = (char *)"CN=Example CA"};
static struct endpoint_result endpoints[2];
static struct domain_result latest = {
    .start_delay_us = 2500, .endpoints_skipped = 4, .endpoints = endpoints, .endpoint_count = 2};
static struct domain_status *domains[] = {&healthy, &expired};
struct status status = {.agent = {.version = "1.2.3"}, .domain_count = 2, .domains = domains};

static void fill_endpoints(void)
{
    endpoint_result_init(&endpoints[0]);
    endpoint_result_init(&endpoints[1]);
    for (size_t i = 0; i < 2; i++) {
        endpoints[i].target = (char *)"xmpp.expired.example";
        endpoints[i].port = 5269;
        endpoints[i].reached[CHECK_CONNECT] = true;
    }
    endpoints[0].index = 2;
    endpoints[0].address = (char *)"2001:db8::7";
    endpoints[0].check[CHECK_CONNECT] = (struct check_result){REASON_OK, STATE_OK, 1000, NULL};
    endpoints[0].reached[CHECK_CERTIFICATE] = true;
    endpoints[0].check[CHECK_CERTIFICATE] =
        (struct check_result){REASON_CERT_EXPIRED, STATE_CRITICAL, 1500000, (char *)"expired 3 days ago"};
    endpoints[0].offer = OFFER_REQUIRED;
    endpoints[0].tls_version = (char *)"TLSv1.3";
    endpoints[0].tls_cipher = (char *)"TLS_AES_256_GCM_SHA384";
    endpoints[0].dialback = endpoints[0].external = TRI_YES;
    endpoints[0].certificate = &certificate;
    certificate.not_after[CERT_LEAF] = NOON_MS / 1000;
    endpoints[1].index = 5;
    endpoints[1].port = 5270;
    endpoints[1].address = (char *)"192.0.2.7";
    endpoints[1].transport = TRANSPORT_DIRECT;
    endpoints[1].check[CHECK_CONNECT] =
        (struct check_result){REASON_CONNECT_REFUSED, STATE_CRITICAL, DURATION_ABSENT, NULL};
    expired.latest = &latest;
}

void fill_status(void)
{
    static char detail[] = "expired 3 days ago";
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        struct check_result good = {REASON_OK, STATE_OK, (int64_t)i * 1000 + 400, NULL};
        struct check_result none = {REASON_NOT_RUN, STATE_UNKNOWN, DURATION_ABSENT, NULL};
        struct check_status check = {.result = i < CHECK_DIALBACK ? good : none, .interval_ms = 300000,
                                     .last_run_ms = TIME_ABSENT, .last_success_ms = TIME_ABSENT,
                                     .last_change_ms = TIME_ABSENT};
        healthy.check[i] = expired.check[i] = check;
    }
    struct check_status *check = &expired.check[CHECK_CERTIFICATE];
    check->result = (struct check_result){REASON_CERT_EXPIRED, STATE_CRITICAL, 1500000, detail};
    check->runs_total = UINT64_C(5000000000);
    check->failures_total = 3;
    check->last_run_ms = NOON_MS;
    check->last_success_ms = NOON_MS - 1000;
    check->last_change_ms = NOON_MS + 999;
    fill_endpoints();
}

#define ROW8(column, index, type, a, b, c, d, e, f, g, h)                                                              \
    {"3.1." column "." index ".1", type, a}, {"3.1." column "." index ".2", type, b},                                  \
    {"3.1." column "." index ".3", type, c}, {"3.1." column "." index ".4", type, d},                                  \
    {"3.1." column "." index ".5", type, e}, {"3.1." column "." index ".6", type, f},                                  \
    {"3.1." column "." index ".7", type, g}, {"3.1." column "." index ".8", type, h}

const struct row ROWS[] = {
    {"1.1.0", ASN_OCTET_STR, "1.2.3"},
    {"1.2.0", ASN_GAUGE, "2"},
    {"1.3.0", ASN_GAUGE, "1"},
    {"1.4.0", ASN_GAUGE, "0"},
    {"1.5.0", ASN_GAUGE, "1"},
    {"1.6.0", ASN_GAUGE, "0"},
    {"1.7.0", ASN_GAUGE, "0"},
    {"1.8.0", ASN_GAUGE, "0"},
    {"1.9.0", ASN_GAUGE, "0"},
    {"1.10.0", ASN_GAUGE, "0"},
    {"1.11.0", ASN_GAUGE, "0"},
    {"2.1.2.1", ASN_OCTET_STR, "healthy.example"},
    {"2.1.2.7", ASN_OCTET_STR, "expired.example"},
    {"2.1.3.1", ASN_INTEGER, "1"},
    {"2.1.3.7", ASN_INTEGER, "3"},
    {"2.1.4.1", ASN_OCTET_STR, "ok"},
    {"2.1.4.7", ASN_OCTET_STR, "cert_expired"},
    {"2.1.5.7", ASN_OCTET_STR, "expired 3 days ago"},
    {"2.1.6.1", ASN_OCTET_STR, "srv"},
    {"2.1.6.7", ASN_OCTET_STR, "certificate"},
    {"2.1.7.1", ASN_OCTET_STR, "07ea0b160c0000052b0000"},
    {"2.1.8.7", ASN_GAUGE, "3"},
    {"2.1.9.7", ASN_GAUGE, "4"},
    ROW8("3", "1", ASN_INTEGER, "1", "1", "1", "1", "1", "1", "4", "4"),
    ROW8("3", "7", ASN_INTEGER, "1", "1", "1", "1", "3", "1", "4", "4"),
    ROW8("4", "1", ASN_OCTET_STR, "ok", "ok", "ok", "ok", "ok", "ok", "not_run", "not_run"),
    ROW8("4", "7", ASN_OCTET_STR, "ok", "ok", "ok", "ok", "cert_expired", "ok", "not_run", "not_run"),
    {"3.1.5.7.5", ASN_OCTET_STR, "expired 3 days ago"},
    ROW8("6", "1", ASN_COUNTER64, "0", "0", "0", "0", "0", "0", "0", "0"),
    ROW8("6", "7", ASN_COUNTER64, "0", "0", "0", "0", "5000000000", "0", "0", "0"),
    ROW8("7", "1", ASN_COUNTER64, "0", "0", "0", "0", "0", "0", "0", "0"),
    ROW8("7", "7", ASN_COUNTER64, "0", "0", "0", "0", "3", "0", "0", "0"),
    {"3.1.8.7.5", ASN_OCTET_STR, "07ea0b160c0000002b0000"},
    {"3.1.9.7.5", ASN_OCTET_STR, "07ea0b160b3b3b002b0000"},
    {"3.1.10.7.5", ASN_OCTET_STR, "07ea0b160c0000092b0000"},
    {"3.1.11.1.1", ASN_GAUGE, "0"},
    {"3.1.11.1.2", ASN_GAUGE, "1"},
    {"3.1.11.1.3", ASN_GAUGE, "2"},
    {"3.1.11.1.4", ASN_GAUGE, "3"},
    {"3.1.11.1.5", ASN_GAUGE, "4"},
    {"3.1.11.1.6", ASN_GAUGE, "5"},
    {"3.1.11.7.1", ASN_GAUGE, "0"},
    {"3.1.11.7.2", ASN_GAUGE, "1"},
    {"3.1.11.7.3", ASN_GAUGE, "2"},
    {"3.1.11.7.4", ASN_GAUGE, "3"},
    {"3.1.11.7.5", ASN_GAUGE, "1500"},
    {"3.1.11.7.6", ASN_GAUGE, "5"},
    ROW8("12", "1", ASN_GAUGE, "300000", "300000", "300000", "300000", "300000", "300000", "300000", "300000"),
    ROW8("12", "7", ASN_GAUGE, "300000", "300000", "300000", "300000", "300000", "300000", "300000", "300000"),
    {"4.1.2.7.2", ASN_OCTET_STR, "xmpp.expired.example"},
    {"4.1.2.7.5", ASN_OCTET_STR, "xmpp.expired.example"},
    {"4.1.3.7.2", ASN_INTEGER, "3"},
    {"4.1.3.7.5", ASN_INTEGER, "3"},
    {"4.1.4.7.2", ASN_OCTET_STR, "cert_expired"},
    {"4.1.4.7.5", ASN_OCTET_STR, "connect_refused"},
    {"4.1.5.7.2", ASN_OCTET_STR, "expired 3 days ago"},
    {"4.1.6.7.2", ASN_GAUGE, "5269"},
    {"4.1.6.7.5", ASN_GAUGE, "5270"},
    {"4.1.7.7.2", ASN_OCTET_STR, "2001:db8::7"},
    {"4.1.7.7.5", ASN_OCTET_STR, "192.0.2.7"},
    {"4.1.8.7.2", ASN_OCTET_STR, "starttls"},
    {"4.1.8.7.5", ASN_OCTET_STR, "direct"},
    {"4.1.9.7.2", ASN_OCTET_STR, "required"},
    {"4.1.10.7.2", ASN_OCTET_STR, "TLSv1.3"},
    {"4.1.11.7.2", ASN_OCTET_STR, "TLS_AES_256_GCM_SHA384"},
    {"4.1.12.7.2", ASN_OCTET_STR, "dialback external"},
    {"4.1.13.7.2", ASN_OCTET_STR, "CN=expired.example"},
    {"4.1.14.7.2", ASN_OCTET_STR, "CN=Example CA"},
    {"4.1.15.7.2", ASN_OCTET_STR, "07ea0b160c0000002b0000"},
};
const size_t ROW_COUNT = sizeof ROWS / sizeof ROWS[0];

const struct row NOT_THERE[] = {
    {"2.1.1.1", SNMP_NOSUCHOBJECT, ""},     /* an index is not accessible */
    {"2.1.2.2", SNMP_NOSUCHINSTANCE, ""},   /* no such domain */
    {"2.1.5.1", SNMP_NOSUCHINSTANCE, ""},   /* no detail */
    {"2.1.7.7", SNMP_NOSUCHINSTANCE, ""},   /* no transition yet */
    {"3.1.2.1.1", SNMP_NOSUCHOBJECT, ""},   /* the check tables have no column 2 */
    {"3.1.3.1.9", SNMP_NOSUCHINSTANCE, ""}, /* no ninth check */
    {"3.1.8.1.1", SNMP_NOSUCHINSTANCE, ""}, /* has not run */
    {"3.1.11.1.8", SNMP_NOSUCHINSTANCE, ""}, /* was not reached */
    {"4.1.1.7.2", SNMP_NOSUCHOBJECT, ""},   /* an index is not accessible */
    {"4.1.2.7.1", SNMP_NOSUCHINSTANCE, ""}, /* no such endpoint */
    {"4.1.2.1.1", SNMP_NOSUCHINSTANCE, ""}, /* no round yet */
    {"4.1.15.7.5", SNMP_NOSUCHINSTANCE, ""}, /* no certificate was seen */
    {"5.1.2.1", SNMP_NOSUCHINSTANCE, ""},   /* no nodes */
    {"9.1.2.1.1", SNMP_NOSUCHOBJECT, ""},   /* no such table */
};
const size_t NOT_THERE_COUNT = sizeof NOT_THERE / sizeof NOT_THERE[0];
