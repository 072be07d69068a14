/* Every certificate fault, on certificates made here, verified by OpenSSL as the agent does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stream/certificate.h"

#define DAY INT64_C(86400)

/* What a certificate of the matrix is like; zero values are the good case. */
struct recipe {
    const char *san;     /* OpenSSL's notation; NULL: none */
    const char *cn;      /* NULL: "xmpp.example" */
    int64_t from_days;   /* 0: ten days ago */
    int64_t until_days;  /* 0: in a year */
    const char *usage;   /* extendedKeyUsage */
    const char *key_usage, *netscape_type;
    int rsa_bits;        /* 0: P-256 */
    bool sha1;
    bool self_signed;
    bool by_intermediate;
};

static EVP_PKEY *root_key, *middle_key;
static X509 *root, *middle;

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *blank(const char *cn, EVP_PKEY *key, int64_t from_days, int64_t until_days)
{
    static long serial = 0x1234;
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_time_adj_ex(X509_getm_notBefore(certificate), (int)from_days, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(certificate), (int)until_days, 0, NULL);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
                               -1, 0);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static void finish(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key, const EVP_MD *digest)
{
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    assert_true(X509_sign(certificate, issuer_key, digest) > 0);
}

static X509 *authority(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int64_t until_days)
{
    X509 *certificate = blank(cn, key, -100, until_days);
    extend(certificate, issuer != NULL ? issuer : certificate, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate, issuer != NULL ? issuer : certificate, NID_key_usage, "critical,keyCertSign");
    finish(certificate, issuer != NULL ? issuer : certificate, issuer_key, EVP_sha256());
    return certificate;
}

static int make_authorities(void **state)
{
    (void)state;
    root_key = EVP_EC_gen("P-256");
    middle_key = EVP_EC_gen("P-256");
    root = authority("Root", root_key, NULL, root_key, 3650);
    middle = authority("Intermediate", middle_key, root, root_key, 200);
    return 0;
}

static int free_authorities(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(middle);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(middle_key);
    return 0;
}

static X509 *leaf_by(const struct recipe *recipe)
{
    EVP_PKEY *key = recipe->rsa_bits ? EVP_RSA_gen((unsigned)recipe->rsa_bits) : EVP_EC_gen("P-256");
    X509 *leaf = blank(recipe->cn != NULL ? recipe->cn : "xmpp.example", key,
                       recipe->from_days ? recipe->from_days : -10, recipe->until_days ? recipe->until_days : 365);
    X509 *issuer = recipe->self_signed ? leaf : recipe->by_intermediate ? middle : root;
    EVP_PKEY *issuer_key = recipe->self_signed ? key : recipe->by_intermediate ? middle_key : root_key;
    if (recipe->san != NULL)
        extend(leaf, issuer, NID_subject_alt_name, recipe->san);
    if (recipe->usage != NULL)
        extend(leaf, issuer, NID_ext_key_usage, recipe->usage);
    if (recipe->key_usage != NULL)
        extend(leaf, issuer, NID_key_usage, recipe->key_usage);
    if (recipe->netscape_type != NULL)
        extend(leaf, issuer, NID_netscape_cert_type, recipe->netscape_type);
    finish(leaf, issuer, issuer_key, recipe->sha1 ? EVP_sha1() : EVP_sha256());
    EVP_PKEY_free(key);
    return leaf;
}

static int note(int good, X509_STORE_CTX *store)
{
    struct certificate_errors *errors = X509_STORE_CTX_get_app_data(store);
    if (!good && errors->count < CERT_MAX_ERRORS) {
        errors->list[errors->count].code = X509_STORE_CTX_get_error(store);
        errors->list[errors->count++].depth = X509_STORE_CTX_get_error_depth(store);
    }
    return 1;
}

/* Verifies what was sent with or without the root in the store, and judges it. */
static struct certificate *judge_by(const struct severity *severity, STACK_OF(X509) *sent, bool trust_root,
                                    const char *domain, const char *unicode, struct check_result *verdict)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    struct certificate_errors errors = {0};
    if (trust_root)
        X509_STORE_add_cert(store, root);
    X509_STORE_CTX_init(context, store, sk_X509_value(sent, 0), sent);
    X509_STORE_CTX_set_default(context, "ssl_server");
    X509_STORE_CTX_set_app_data(context, &errors);
    X509_STORE_CTX_set_verify_cb(context, note);
    X509_verify_cert(context);
    const struct certificate_policy policy = {
        .domain = domain, .domain_unicode = unicode, .now_s = (int64_t)time(NULL),
        .expiry_warning_s = 14 * DAY, .expiry_critical_s = 3 * DAY, .severity = severity,
    };
    struct certificate *facts = certificate_judge(sent, X509_STORE_CTX_get0_chain(context), &errors, &policy, verdict);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return facts;
}

static struct certificate *judge(STACK_OF(X509) *sent, bool trust_root, const char *domain, const char *unicode,
                                 struct check_result *verdict)
{
    return judge_by(NULL, sent, trust_root, domain, unicode, verdict);
}

/* OpenSSL reads these texts as Latin-1 and writes them as UTF-8. */
#define XMPP_ADDR "otherName:1.3.6.1.5.5.7.8.5;UTF8:"
#define SRV_NAME "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server."

enum sent { WHOLE, LEAF_ONLY };

struct row {
    const char *what;
    struct recipe recipe;
    enum sent sent;
    bool untrusted; /* the root is not in the store */
    const char *domain, *unicode; /* NULL: xmpp.example */
    enum reason reason;
    enum state state;
    const char *tests; /* name, time, trust, usage, strength: + yes, - no */
};

static const struct row ROWS[] = {
    {"dNSName", {.san = "DNS:xmpp.example"}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK, "+++++"},
    {"upper case", {.san = "DNS:XMPP.Example"}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK, "+++++"},
    {"one of many", {.san = "DNS:a.example,DNS:xmpp.example"}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK, "+++++"},
    {"wildcard", {.san = "DNS:*.xmpp.example"}, WHOLE, false, "a.xmpp.example", NULL, REASON_OK, STATE_OK, "+++++"},
    {"no wildcard before a top-level domain", {.san = "DNS:*.example"}, WHOLE, false, NULL, NULL,
     REASON_CERT_NAME_MISMATCH, STATE_CRITICAL, "-++++"},
    {"wildcard is one label", {.san = "DNS:*.xmpp.example"}, WHOLE, false, "b.a.xmpp.example", NULL,
     REASON_CERT_NAME_MISMATCH, STATE_CRITICAL, "-++++"},
    {"wildcard is not none", {.san = "DNS:*.xmpp.example"}, WHOLE, false, NULL, NULL, REASON_CERT_NAME_MISMATCH,
     STATE_CRITICAL, "-++++"},
    {"wildcard only left-most", {.san = "DNS:xmpp.*"}, WHOLE, false, NULL, NULL, REASON_CERT_NAME_MISMATCH,
     STATE_CRITICAL, "-++++"},
    {"no partial wildcard", {.san = "DNS:x*.example"}, WHOLE, false, NULL, NULL, REASON_CERT_NAME_MISMATCH,
     STATE_CRITICAL, "-++++"},
    {"xmppAddr", {.san = XMPP_ADDR "xmpp.example"}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK, "+++++"},
    {"xmppAddr knows no wildcard", {.san = XMPP_ADDR "*.example"}, WHOLE, false, NULL, NULL, REASON_CERT_NAME_MISMATCH,
     STATE_CRITICAL, "-++++"},
    {"xmppAddr as U-label", {.san = XMPP_ADDR "b\xfc" "cher.example"}, WHOLE, false, "xn--bcher-kva.example",
     "b\xc3\xbc" "cher.example", REASON_OK, STATE_OK, "+++++"},
    {"SRVName", {.san = SRV_NAME "xmpp.example"}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK, "+++++"},
    {"SRVName of another service", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-client.xmpp.example"}, WHOLE, false,
     NULL, NULL, REASON_CERT_NAME_MISMATCH, STATE_CRITICAL, "-++++"},
    {"dNSName as A-label", {.san = "DNS:xn--bcher-kva.example"}, WHOLE, false, "xn--bcher-kva.example",
     "b\xc3\xbc" "cher.example", REASON_OK, STATE_OK, "+++++"},
    {"another name", {.san = "DNS:other.example"}, WHOLE, false, NULL, NULL, REASON_CERT_NAME_MISMATCH, STATE_CRITICAL,
     "-++++"},
    {"CN beside another name", {.san = "DNS:other.example", .cn = "xmpp.example"}, WHOLE, false, NULL, NULL,
     REASON_CERT_NAME_MISMATCH, STATE_CRITICAL, "-++++"},
    {"CN beside a name of the wrong type", {.san = "otherName:1.3.6.1.5.5.7.8.5;IA5:xmpp.example"}, WHOLE, false, NULL,
     NULL, REASON_CERT_NAME_MISMATCH, STATE_CRITICAL, "-++++"},
    {"CN only", {.san = NULL}, WHOLE, false, NULL, NULL, REASON_CERT_CN_ONLY, STATE_WARNING, "+++++"},
    {"CN only beside an address", {.san = "IP:192.0.2.1"}, WHOLE, false, NULL, NULL, REASON_CERT_CN_ONLY, STATE_WARNING,
     "+++++"},
    {"another CN", {.cn = "other.example"}, WHOLE, false, NULL, NULL, REASON_CERT_NAME_MISMATCH, STATE_CRITICAL,
     "-++++"},
    {"expired", {.san = "DNS:xmpp.example", .until_days = -1}, WHOLE, false, NULL, NULL, REASON_CERT_EXPIRED,
     STATE_CRITICAL, "+-+++"},
    {"expired and another name", {.san = "DNS:other.example", .until_days = -1}, WHOLE, false, NULL, NULL,
     REASON_CERT_NAME_MISMATCH, STATE_CRITICAL, "--+++"},
    {"not yet valid", {.san = "DNS:xmpp.example", .from_days = 2}, WHOLE, false, NULL, NULL, REASON_CERT_NOT_YET_VALID,
     STATE_CRITICAL, "+-+++"},
    {"expires in ten days", {.san = "DNS:xmpp.example", .until_days = 10}, WHOLE, false, NULL, NULL,
     REASON_CERT_EXPIRES_SOON, STATE_WARNING, "+++++"},
    {"expires in two days", {.san = "DNS:xmpp.example", .until_days = 2}, WHOLE, false, NULL, NULL,
     REASON_CERT_EXPIRES_SOON, STATE_CRITICAL, "+++++"},
    {"self-signed", {.san = "DNS:xmpp.example", .self_signed = true}, WHOLE, false, NULL, NULL, REASON_CERT_SELF_SIGNED,
     STATE_CRITICAL, "++-++"},
    {"self-signed and expired", {.san = "DNS:xmpp.example", .self_signed = true, .until_days = -1}, WHOLE, false, NULL,
     NULL, REASON_CERT_EXPIRED, STATE_CRITICAL, "+--++"},
    {"whole chain", {.san = "DNS:xmpp.example", .by_intermediate = true}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK,
     "+++++"},
    {"intermediate not sent", {.san = "DNS:xmpp.example", .by_intermediate = true}, LEAF_ONLY, false, NULL, NULL,
     REASON_CERT_CHAIN_INCOMPLETE, STATE_CRITICAL, "++-++"},
    {"untrusted root", {.san = "DNS:xmpp.example", .by_intermediate = true}, WHOLE, true, NULL, NULL,
     REASON_CERT_UNTRUSTED, STATE_CRITICAL, "++-++"},
    {"client usage only", {.san = "DNS:xmpp.example", .usage = "clientAuth"}, WHOLE, false, NULL, NULL,
     REASON_CERT_WRONG_USAGE, STATE_CRITICAL, "+++-+"},
    {"key usage that signs nothing of TLS", {.san = "DNS:xmpp.example", .key_usage = "critical,nonRepudiation"}, WHOLE,
     false, NULL, NULL, REASON_CERT_WRONG_USAGE, STATE_CRITICAL, "+++-+"},
    {"Netscape's type for clients", {.san = "DNS:xmpp.example", .netscape_type = "client"}, WHOLE, false, NULL, NULL,
     REASON_CERT_WRONG_USAGE, STATE_CRITICAL, "+++-+"},
    {"both usages", {.san = "DNS:xmpp.example", .usage = "clientAuth,serverAuth"}, WHOLE, false, NULL, NULL, REASON_OK,
     STATE_OK, "+++++"},
    {"RSA 1024", {.san = "DNS:xmpp.example", .rsa_bits = 1024}, WHOLE, false, NULL, NULL, REASON_CERT_WEAK_KEY,
     STATE_CRITICAL, "++++-"},
    {"RSA 2048", {.san = "DNS:xmpp.example", .rsa_bits = 2048}, WHOLE, false, NULL, NULL, REASON_OK, STATE_OK, "+++++"},
    {"SHA-1", {.san = "DNS:xmpp.example", .sha1 = true}, WHOLE, false, NULL, NULL, REASON_CERT_WEAK_SIGNATURE,
     STATE_CRITICAL, "++++-"},
};

static void judges_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const struct row *row = &ROWS[i];
        const char *domain = row->domain != NULL ? row->domain : "xmpp.example";
        STACK_OF(X509) *sent = sk_X509_new_null();
        sk_X509_push(sent, leaf_by(&row->recipe));
        if (row->sent == WHOLE && row->recipe.by_intermediate) {
            X509_up_ref(middle);
            sk_X509_push(sent, middle);
        }
        struct check_result verdict = {0};
        struct certificate *facts = judge(sent, !row->untrusted, domain,
                                          row->unicode != NULL ? row->unicode : domain, &verdict);
        char tests[CERT_TEST_COUNT + 1] = "";
        for (int test = 0; test < CERT_TEST_COUNT; test++)
            tests[test] = facts->test[test] == TRI_YES ? '+' : facts->test[test] == TRI_NO ? '-' : '?';
        if (verdict.reason != row->reason || verdict.state != row->state || strcmp(tests, row->tests) != 0)
            fail_msg("%s: %s (%s) %s", row->what, reason_info(verdict.reason)->code,
                     verdict.detail != NULL ? verdict.detail : "", tests);
        free(verdict.detail);
        certificate_free(facts);
        sk_X509_pop_free(sent, X509_free);
    }
}

static void tells_the_facts_of_each_position(void **state)
{
    (void)state;
    const struct recipe recipe = {.san = "DNS:xmpp.example", .cn = "Zo\xc3\xab, \"O\"", .by_intermediate = true};
    STACK_OF(X509) *sent = sk_X509_new_null();
    sk_X509_push(sent, leaf_by(&recipe));
    X509_up_ref(middle);
    sk_X509_push(sent, middle);
    struct check_result verdict = {0};
    struct certificate *facts = judge(sent, true, "xmpp.example", "xmpp.example", &verdict);
    int64_t now = (int64_t)time(NULL);
    assert_in_range(facts->not_after[CERT_LEAF], now + 364 * DAY, now + 366 * DAY);
    assert_in_range(facts->not_after[CERT_INTERMEDIATE], now + 199 * DAY, now + 201 * DAY);
    assert_in_range(facts->not_after[CERT_ROOT], now + 3649 * DAY, now + 3651 * DAY);
    assert_in_range(facts->not_before[CERT_LEAF], now - 11 * DAY, now - 9 * DAY);
    assert_string_equal(facts->subject, "CN=Zo\xc3\xab\\, \\\"O\\\"");
    assert_string_equal(facts->issuer, "CN=Intermediate");
    assert_int_equal(strlen(facts->fingerprint_sha256), 64);
    assert_true(facts->serial[0] != '\0' && facts->serial[0] != '0' + 10);
    free(verdict.detail);
    certificate_free(facts);
    sk_X509_pop_free(sent, X509_free);
}

static void an_expired_intermediate_counts(void **state)
{
    (void)state;
    X509 *kept = middle;
    middle = authority("Intermediate", middle_key, root, root_key, -5);
    const struct recipe recipe = {.san = "DNS:xmpp.example", .by_intermediate = true};
    STACK_OF(X509) *sent = sk_X509_new_null();
    sk_X509_push(sent, leaf_by(&recipe));
    sk_X509_push(sent, middle);
    struct check_result verdict = {0};
    struct certificate *facts = judge(sent, true, "xmpp.example", "xmpp.example", &verdict);
    assert_int_equal(verdict.reason, REASON_CERT_EXPIRED);
    assert_non_null(strstr(verdict.detail, "further up the chain"));
    assert_int_equal(facts->test[CERT_TEST_TIME], TRI_NO);
    free(verdict.detail);
    certificate_free(facts);
    sk_X509_pop_free(sent, X509_free);
    middle = kept;
}

/* Rules for a certificate with three faults, or one; the verdict's own state is not theirs to change here. */
static const struct {
    const char *what;
    struct recipe recipe;
    enum reason ok[4]; /* made ok by the rules, up to REASON_NOT_RUN (0) */
    enum reason reason;
    enum state state;
} OVERRIDDEN[] = {
    {"no rule", {.san = "DNS:other.example", .until_days = -1, .rsa_bits = 1024}, {0}, REASON_CERT_NAME_MISMATCH,
     STATE_CRITICAL},
    {"the first one made ok", {.san = "DNS:other.example", .until_days = -1, .rsa_bits = 1024},
     {REASON_CERT_NAME_MISMATCH}, REASON_CERT_EXPIRED, STATE_CRITICAL},
    {"a later one made ok", {.san = "DNS:other.example", .until_days = -1, .rsa_bits = 1024}, {REASON_CERT_EXPIRED},
     REASON_CERT_NAME_MISMATCH, STATE_CRITICAL},
    {"the first two made ok", {.san = "DNS:other.example", .until_days = -1, .rsa_bits = 1024}, {REASON_CERT_EXPIRED,
     REASON_CERT_NAME_MISMATCH}, REASON_CERT_WEAK_KEY, STATE_CRITICAL},
    {"all three made ok", {.san = "DNS:other.example", .until_days = -1, .rsa_bits = 1024}, {REASON_CERT_WEAK_KEY,
     REASON_CERT_EXPIRED, REASON_CERT_NAME_MISMATCH}, REASON_CERT_NAME_MISMATCH, STATE_CRITICAL},
    {"expired does not expire soon", {.san = "DNS:xmpp.example", .until_days = -1}, {REASON_CERT_EXPIRED},
     REASON_CERT_EXPIRED, STATE_CRITICAL},
    {"expires soon behind a CN", {.until_days = 2}, {REASON_CERT_CN_ONLY}, REASON_CERT_EXPIRES_SOON, STATE_CRITICAL},
    {"expires soon made ok", {.san = "DNS:xmpp.example", .until_days = 10}, {REASON_CERT_EXPIRES_SOON},
     REASON_CERT_EXPIRES_SOON, STATE_WARNING},
    {"a rule for nothing that holds", {.san = "DNS:xmpp.example"}, {REASON_CERT_EXPIRED}, REASON_OK, STATE_OK},
};

static void a_fault_made_ok_hides_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof OVERRIDDEN / sizeof *OVERRIDDEN; i++) {
        struct severity_rule rules[4];
        struct severity severity = {.rules = rules};
        while (OVERRIDDEN[i].ok[severity.count] != REASON_NOT_RUN) {
            rules[severity.count] = (struct severity_rule){OVERRIDDEN[i].ok[severity.count], STATE_OK};
            severity.count++;
        }
        STACK_OF(X509) *sent = sk_X509_new_null();
        sk_X509_push(sent, leaf_by(&OVERRIDDEN[i].recipe));
        struct check_result verdict = {0};
        certificate_free(judge_by(&severity, sent, true, "xmpp.example", "xmpp.example", &verdict));
        if (verdict.reason != OVERRIDDEN[i].reason || verdict.state != OVERRIDDEN[i].state)
            fail_msg("%s: %s (%s)", OVERRIDDEN[i].what, reason_info(verdict.reason)->code, verdict.detail);
        free(verdict.detail);
        sk_X509_pop_free(sent, X509_free);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_each_fault),
        cmocka_unit_test(tells_the_facts_of_each_position),
        cmocka_unit_test(an_expired_intermediate_counts),
        cmocka_unit_test(a_fault_made_ok_hides_no_other),
    };
    return cmocka_run_group_tests(tests, make_authorities, free_authorities);
}
