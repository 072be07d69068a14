/* What one round of checks of one domain found: plain values, no I/O. A probe builds one, the store keeps it.
 * Everything not observed stays NULL, TRI_UNKNOWN, TIME_ABSENT or DURATION_ABSENT; never zero. */
#ifndef HEALTH_RESULT_H
#define HEALTH_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/check.h"
#include "health/dialback.h"
#include "health/reason.h"

#define DURATION_ABSENT INT64_C(-1)
#define TIME_ABSENT INT64_MIN

/* The longest text a peer may put into a fact, in bytes; the longest label value in the contract. */
#define PEER_TEXT_MAX 256

struct check_result {
    enum reason reason;
    enum state state;
    int64_t duration_us; /* of this stage alone, or DURATION_ABSENT */
    char *detail;        /* owned; free text in UTF-8 for people (never a label), or NULL */
};

/* RFC 6120 3.2.1 and XEP-0368: the two SRV services. */
enum service { SERVICE_XMPP_SERVER, SERVICE_XMPPS_SERVER, SERVICE_COUNT };
const char *service_name(enum service service); /* "xmpp-server", "xmpps-server" */

struct srv_record {
    enum service service;
    char *target; /* owned; as DNS has it, lower case, without the final dot */
    uint16_t port, priority, weight;
};

/* What one resolver said of one service. */
struct srv_lookup {
    enum service service;
    bool answered;       /* an answer came, so that `records` is known (0 is an answer) */
    unsigned records;    /* records in the answer, also beyond those kept */
    int64_t ttl_s;       /* of the records, or -1 */
    int64_t duration_us; /* or DURATION_ABSENT */
    char *resolver;      /* owned; the configured name of the resolver asked */
};

enum transport { TRANSPORT_STARTTLS, TRANSPORT_DIRECT }; /* XEP-0368: direct TLS */
const char *transport_name(enum transport transport); /* "starttls", "direct" */

/* STARTTLS: from asking for it to <proceed/>. FEATURES: header and features of the second stream, inside TLS. With
 * direct TLS there is one stream only, inside TLS: its header and features are STREAM, and there is neither of those.
 * DIALBACK: all verifications of keys. */
enum phase { PHASE_CONNECT, PHASE_STREAM, PHASE_STARTTLS, PHASE_TLS, PHASE_FEATURES, PHASE_DIALBACK, PHASE_COUNT };
const char *phase_name(enum phase phase); /* "connect", … */

enum starttls_offer { OFFER_UNKNOWN, OFFER_NONE, OFFER_OPTIONAL, OFFER_REQUIRED };
const char *starttls_offer_name(enum starttls_offer offer); /* "none", "optional", "required"; NULL when unknown */

enum cert_position { CERT_LEAF, CERT_INTERMEDIATE, CERT_ROOT, CERT_POSITION_COUNT };
const char *cert_position_name(enum cert_position position); /* "leaf", … */

enum cert_test {
    CERT_TEST_NAME,
    CERT_TEST_TIME,
    CERT_TEST_TRUST,
    CERT_TEST_USAGE,
    CERT_TEST_STRENGTH,
    CERT_TEST_REVOCATION, /* by an OCSP response that came with it and counts; unknown without one */
    CERT_TEST_DANE,       /* by authentic TLSA records (RFC 7671); unknown without usable ones */
    CERT_TEST_COUNT
};
const char *cert_test_name(enum cert_test test); /* "name", … */

struct certificate {
    char *subject, *issuer;      /* owned; RFC 2253 one-line form, UTF-8, at most PEER_TEXT_MAX bytes */
    char *serial;                /* owned; hexadecimal as `openssl x509 -serial` prints it */
    char *fingerprint_sha256;    /* owned; 64 lower-case hexadecimal digits */
    int64_t not_before[CERT_POSITION_COUNT]; /* seconds since 1970, or TIME_ABSENT */
    int64_t not_after[CERT_POSITION_COUNT];
    enum tri test[CERT_TEST_COUNT];
};

/* One SRV target x one address x one transport. */
struct endpoint_result {
    uint32_t index; /* of this endpoint of the domain for as long as it is there, 1 …; 0 until the store gives it */
    char *target;   /* owned; a name, or the address of a static target */
    uint16_t port;
    char *address;  /* owned; numeric */
    enum transport transport;
    bool reached[CHECK_COUNT]; /* the conversation got as far as this check */
    struct check_result check[CHECK_COUNT]; /* connect … dialback; meaningful where reached */
    int64_t phase_us[PHASE_COUNT];
    enum starttls_offer offer;      /* unknown with direct TLS, where it has no meaning */
    char *tls_version, *tls_cipher; /* owned; "TLSv1.3", "TLS_AES_256_GCM_SHA384"; NULL without a handshake */
    enum tri dialback, external;    /* offered */
    enum dialback_algorithm dialback_algorithm; /* of the key that was accepted; DIALBACK_AUTO: none is known */
    bool asks_back_off; /* the peer wants to be left alone for a while, which its dialback's reason need not tell */
    struct certificate *certificate; /* owned; NULL when none was seen */
};

/* A ping of the domain through one account. */
struct ping_result {
    char *account; /* owned; as configured, a bare JID */
    char *server;  /* owned; the account's domain, a lower-case A-label: whose routers it went through */
    struct check_result check; /* its duration is the round trip */
};

struct domain_result {
    int64_t finished_ms; /* wall clock, milliseconds since 1970 */
    int64_t interval_ms; /* until the next regular round, longer than configured after a back-off; 0: as configured */
    int64_t start_delay_us; /* how late the round, or the latest of its conversations, started; or DURATION_ABSENT */
    unsigned endpoints_skipped; /* not checked: there are more than agent.max_endpoints */
    struct check_result check[CHECK_COUNT];
    bool carried[CHECK_COUNT]; /* it was not due in this round: its result is that of an earlier one */
    struct srv_lookup *lookups; /* owned; SERVICE_COUNT of each resolver, first of the one that is followed */
    size_t lookup_count;        /* 0 before the first round */
    struct srv_record *records; /* owned; the first resolver's */
    size_t record_count;
    struct endpoint_result *endpoints; /* owned */
    size_t endpoint_count;
    struct ping_result *pings; /* owned; one for each account that pings the domain */
    size_t ping_count;
};

struct domain_result *domain_result_new(void); /* every check not_run, nothing observed */
/* Adds a look-up of each service at this resolver, of which nothing is known yet. */
void domain_result_add_lookups(struct domain_result *result, const char *resolver);
void domain_result_free(struct domain_result *result);
void endpoint_result_init(struct endpoint_result *endpoint); /* nothing observed */
struct certificate *certificate_new(void); /* nothing observed */
void certificate_free(struct certificate *certificate);

/* Whether a peer asked to be left alone for a while: policy-violation or resource-constraint (RFC 6120 4.9.3.14, 17).
 * */
bool domain_result_asks_back_off(const struct domain_result *result);

/* Sets reason, the reason's own state, and a detail that may be NULL. A former detail is freed. */
void check_result_set(struct check_result *check, enum reason reason, const char *detail_format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
