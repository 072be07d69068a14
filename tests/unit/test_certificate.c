/* Every certificate fault, on certificates made here, verified by OpenSSL as the agent does it. */
#include "tests/unit/certificate_scene.h"
#include "tests/unit/slow.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *what;
    struct recipe recipe;
    enum authority sent[4];       /* behind the leaf */
    enum authority trusted;       /* NOBODY: ROOT */
    bool trusted_none, trusted_leaf; /* in place of it */
    const char *domain, *unicode; /* NULL: DOMAIN */
    enum reason reason;
    bool critical;                /* although the reason's own state is less */
    const char *tests;            /* name, time, trust, usage, strength: + yes, - no */
};

#define OURS .san = "DNS:xmpp.example"
#define OTHER .san = "DNS:other.example", .by = ROOT
#define IDN .domain = "xn--bcher-kva.example", .unicode = "b\xc3\xbc" "cher.example"
#define GOOD .reason = REASON_OK, .tests = "+++++"
#define UNNAMED .reason = REASON_CERT_NAME_MISMATCH, .tests = "-++++"
#define CN_ONLY .reason = REASON_CERT_CN_ONLY, .tests = "+++++"
#define UNTRUSTED .reason = REASON_CERT_UNTRUSTED, .tests = "++-++"
#define INCOMPLETE .reason = REASON_CERT_CHAIN_INCOMPLETE, .tests = "++-++"
#define SELF_SIGNED .reason = REASON_CERT_SELF_SIGNED, .tests = "++-++"
#define UNSUITED .reason = REASON_CERT_WRONG_USAGE, .tests = "+++-+"
#define WEAK_KEY .reason = REASON_CERT_WEAK_KEY, .tests = "++++-"
#define WEAK_SIGNATURE .reason = REASON_CERT_WEAK_SIGNATURE, .tests = "++++-"
#define EXPIRED .reason = REASON_CERT_EXPIRED, .tests = "+-+++"
#define EARLY .reason = REASON_CERT_NOT_YET_VALID, .tests = "+-+++"
#define SOON .reason = REASON_CERT_EXPIRES_SOON, .tests = "+++++"

/* RFC 6120 13.7.1.2, RFC 6125 6.4: which name is the domain's. */
static const struct row NAMES[] = {
    {"dNSName", {OURS}, GOOD},
    {"in upper case", {.san = "DNS:XMPP.Example"}, GOOD},
    {"one of many", {.san = "DNS:a.example,DNS:xmpp.example"}, GOOD},
    {"wildcard", {.san = "DNS:*.xmpp.example"}, .domain = "a.xmpp.example", GOOD},
    {"no wildcard before a top-level domain", {.san = "DNS:*.example"}, UNNAMED},
    {"wildcard is one label", {.san = "DNS:*.xmpp.example"}, .domain = "b.a.xmpp.example", UNNAMED},
    {"wildcard is not none", {.san = "DNS:*.xmpp.example"}, UNNAMED},
    {"wildcard only left-most", {.san = "DNS:xmpp.*"}, UNNAMED},
    {"wildcard only left-most, of three", {.san = "DNS:a.*.example"}, .domain = "a.xmpp.example", UNNAMED},
    {"no wildcard alone", {.san = "DNS:*"}, UNNAMED},
    {"no partial wildcard", {.san = "DNS:x*.example"}, UNNAMED},
    {"no partial wildcard where a whole one could be", {.san = "DNS:x*.a.example"}, .domain = "xmpp.a.example",
     UNNAMED},
    {"no two wildcards", {.san = "DNS:*.*.example"}, .domain = "b.a.example", UNNAMED},
    {"wildcard of an A-label", {.san = "DNS:*.example.org"}, .domain = "xn--bcher-kva.example.org",
     .unicode = "b\xc3\xbc" "cher.example.org", GOOD},
    {"a parent's name", {.san = "DNS:xmpp.example"}, .domain = "a.xmpp.example", UNNAMED},
    {"with the final dot", {.san = "DNS:xmpp.example."}, UNNAMED},
    {"dNSName as A-label", {.san = "DNS:xn--bcher-kva.example"}, IDN, GOOD},
    {"no dNSName as U-label", {.san = "DNS:b\xfc" "cher.example"}, IDN, UNNAMED},
    {"no dNSName as U-label in UTF-8", {.raw_san = "b\xc3\xbc" "cher.example", .raw_kind = GEN_DNS}, IDN, UNNAMED},
    {"xmppAddr", {.san = XMPP_ADDR "xmpp.example"}, GOOD},
    {"xmppAddr in upper case", {.san = XMPP_ADDR "XMPP.example"}, GOOD},
    {"xmppAddr of a user", {.san = XMPP_ADDR "romeo@xmpp.example"}, UNNAMED},
    {"xmppAddr knows no wildcard", {.san = XMPP_ADDR "*.xmpp.example"}, .domain = "a.xmpp.example", UNNAMED},
    {"xmppAddr as U-label", {.san = XMPP_ADDR "b\xfc" "cher.example"}, IDN, GOOD},
    {"xmppAddr as A-label, as some make it", {.san = XMPP_ADDR "xn--bcher-kva.example"}, IDN, GOOD},
    {"xmppAddr as IA5String", {.san = "otherName:1.3.6.1.5.5.7.8.5;IA5:xmpp.example"}, UNNAMED},
    {"SRVName", {.san = SRV_NAME "xmpp.example"}, GOOD},
    {"SRVName in upper case", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:_XMPP-Server.XMPP.example"}, GOOD},
    {"SRVName of clients' service", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-client.xmpp.example"}, UNNAMED},
    {"SRVName with the protocol too", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server._tcp.xmpp.example"},
     UNNAMED},
    {"SRVName without a service", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:xmpp.example"}, UNNAMED},
    {"SRVName with a wildcard", {.san = SRV_NAME "*.xmpp.example"}, .domain = "a.xmpp.example", GOOD},
    {"SRVName's wildcard is not a service", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:*.xmpp.example"}, UNNAMED},
    {"SRVName as A-label", {.san = SRV_NAME "xn--bcher-kva.example"}, IDN, GOOD},
    {"SRVName as UTF8String", {.san = "otherName:1.3.6.1.5.5.7.8.7;UTF8:_xmpp-server.xmpp.example"}, UNNAMED},
    {"another name", {.san = "DNS:other.example"}, UNNAMED},
    {"an address, a URI and an e-mail address name nothing",
     {.cn = "Zoe", .san = "IP:192.0.2.1,URI:xmpp:xmpp.example,email:admin@xmpp.example"}, UNNAMED},
    {"a dNSName that is a URI", {.san = "DNS:xmpp://xmpp.example"}, UNNAMED},
    {"CN beside another dNSName", {.san = "DNS:other.example"}, UNNAMED},
    {"CN beside another xmppAddr", {.san = XMPP_ADDR "other.example"}, UNNAMED},
    {"CN beside an SRVName of another service", {.san = "otherName:1.3.6.1.5.5.7.8.7;IA5:_im.xmpp.example"}, UNNAMED},
    {"CN beside a name of a wrong type", {.san = "otherName:1.3.6.1.5.5.7.8.5;IA5:other.example"}, UNNAMED},
    {"CN only", {.san = NULL}, CN_ONLY},
    {"CN only beside an address, a URI and an e-mail address",
     {.san = "IP:192.0.2.1,URI:xmpp:a.example,email:a@a.example"}, CN_ONLY},
    {"CN only, wildcard", {.cn = "*.xmpp.example"}, .domain = "a.xmpp.example", CN_ONLY},
    {"CN only, A-label", {.cn = "xn--bcher-kva.example"}, IDN, CN_ONLY},
    {"CN only, U-label", {.cn = "b\xc3\xbc" "cher.example"}, IDN, CN_ONLY},
    {"another CN", {.cn = "other.example"}, UNNAMED},
    {"NUL in a dNSName", {.raw_san = "xmpp.example@.evil.example", .raw_kind = GEN_DNS}, UNNAMED},
    {"NUL behind a dNSName", {.raw_san = "xmpp.example@", .raw_kind = GEN_DNS}, UNNAMED},
    {"NUL in an xmppAddr", {.raw_san = "xmpp.example@.evil.example", .raw_kind = NID_XmppAddr}, UNNAMED},
    {"NUL in an SRVName", {.raw_san = "_xmpp-server.xmpp.example@x", .raw_kind = NID_SRVName}, UNNAMED},
    {"NUL in the CN", {.cn = "xmpp.example@.evil.example"}, UNNAMED},
    {"an empty dNSName", {.raw_san = "", .raw_kind = GEN_DNS}, UNNAMED},
};

/* Whether the chain leads to a trusted root, and when it does not, why. */
static const struct row CHAINS[] = {
    {"whole chain", {OURS, .by = MIDDLE}, {MIDDLE}, GOOD},
    {"with the root", {OURS, .by = MIDDLE}, {MIDDLE, ROOT}, GOOD},
    {"in another order", {OURS, .by = MIDDLE}, {ROOT, MIDDLE}, GOOD},
    {"with needless certificates", {OURS, .by = MIDDLE}, {FOREIGN_MIDDLE, MIDDLE, FOREIGN}, GOOD},
    {"twice", {OURS, .by = MIDDLE}, {MIDDLE, MIDDLE}, GOOD},
    {"intermediate not sent", {OURS, .by = MIDDLE}, INCOMPLETE},
    {"an intermediate in tls.ca_file takes no root's place", {OURS, .by = MIDDLE}, .trusted = MIDDLE, UNTRUSTED},
    {"private issuer without an intermediate", {OURS, .by = FOREIGN}, INCOMPLETE},
    {"private issuer that is sent", {OURS, .by = FOREIGN}, {FOREIGN}, UNTRUSTED},
    {"unknown root", {OURS, .by = MIDDLE}, {MIDDLE}, .trusted_none = true, UNTRUSTED},
    {"unknown root that is sent", {OURS, .by = MIDDLE}, {MIDDLE, ROOT}, .trusted_none = true, UNTRUSTED},
    {"another's intermediate", {OURS, .by = MIDDLE}, {FOREIGN_MIDDLE}, UNTRUSTED},
    {"an intermediate of that name with another key", {OURS, .by = MIDDLE}, {OTHER_MIDDLE}, UNTRUSTED},
    {"self-signed", {OURS}, SELF_SIGNED},
    {"self-signed, and more that is not needed", {OURS}, {MIDDLE, ROOT}, SELF_SIGNED},
    {"self-signed and trusted as it is", {OURS}, .trusted_leaf = true, GOOD},
    {"self-signed and expired", {OURS, .until_days = -1}, .reason = REASON_CERT_EXPIRED, .tests = "+--++"},
    {"the other root's cross-signature is not needed", {OURS, .by = MIDDLE}, {MIDDLE, ROOT_BY_FOREIGN}, GOOD},
    {"... and is where that root is trusted", {OURS, .by = MIDDLE}, {MIDDLE, ROOT_BY_FOREIGN}, .trusted = FOREIGN,
     GOOD},
    {"cross-signed for others only", {OURS, .by = MIDDLE}, {MIDDLE_BY_FOREIGN}, UNTRUSTED},
    {"cross-signed for others, behind ours", {OURS, .by = MIDDLE}, {MIDDLE, MIDDLE_BY_FOREIGN}, GOOD},
    {"cross-signed for others, before ours: OpenSSL looks no further", {OURS, .by = MIDDLE},
     {MIDDLE_BY_FOREIGN, MIDDLE}, UNTRUSTED},
    {"issued by one who is no CA", {OURS, .by = MIDDLE}, {MIDDLE_NO_CA}, .reason = REASON_CERT_UNTRUSTED,
     .tests = "++--+"},
    {"issued by a CA that may not sign certificates", {OURS, .by = MIDDLE}, {MIDDLE_NO_SIGNING},
     .reason = REASON_CERT_UNTRUSTED, .tests = "++--+"},
    {"the longest path that is allowed", {OURS, .by = MIDDLE_PATHLEN_0}, {MIDDLE_PATHLEN_0}, GOOD},
    {"a path longer than allowed", {OURS, .by = DEEPER}, {DEEPER, MIDDLE_PATHLEN_0}, UNTRUSTED},
    {"name constraints that leave the domain out", {OURS, .by = MIDDLE}, {MIDDLE_OTHERS_ONLY}, UNTRUSTED},
    {"name constraints that exclude the domain", {OURS, .by = MIDDLE}, {MIDDLE_NOT_OURS}, UNTRUSTED},
    {"name constraints that let the domain in", {OURS, .by = MIDDLE}, {MIDDLE_OURS_ONLY}, GOOD},
    {"a critical extension that nobody knows", {OURS, .by = MIDDLE}, {MIDDLE_CRITICAL}, UNTRUSTED},
};

static const struct row USES[] = {
    {"client usage only", {OURS, .by = ROOT, .usage = "clientAuth"}, UNSUITED},
    {"both usages", {OURS, .by = ROOT, .usage = "clientAuth,serverAuth"}, GOOD},
    {"any usage names no serverAuth, and OpenSSL refuses it", {OURS, .by = ROOT, .usage = "anyExtendedKeyUsage"},
     UNSUITED},
    {"e-mail only", {OURS, .by = ROOT, .usage = "emailProtection"}, UNSUITED},
    {"key usage that signs nothing of TLS", {OURS, .by = ROOT, .key_usage = "critical,nonRepudiation"}, UNSUITED},
    {"key usage of RSA key exchange", {OURS, .by = ROOT, .key_usage = "critical,keyEncipherment"}, GOOD},
    {"Netscape's type for clients", {OURS, .by = ROOT, .netscape_type = "client"}, UNSUITED},
    {"an intermediate for clients", {OURS, .by = MIDDLE}, {MIDDLE_CLIENT}, UNSUITED},
    {"an intermediate for servers", {OURS, .by = MIDDLE}, {MIDDLE_SERVER}, GOOD},
    {"an intermediate for any usage", {OURS, .by = MIDDLE}, {MIDDLE_ANY}, UNSUITED},
};

static const struct row STRENGTHS[] = {
    {"RSA 1024", {OURS, .by = ROOT, .rsa_bits = 1024}, WEAK_KEY},
    {"RSA 2048", {OURS, .by = ROOT, .rsa_bits = 2048}, GOOD},
    {"EC 160 bits", {OURS, .by = ROOT, .curve = "secp160r1"}, WEAK_KEY},
    {"EC 192 bits", {OURS, .by = ROOT, .curve = "P-192"}, WEAK_KEY},
    {"EC 224 bits", {OURS, .by = ROOT, .curve = "P-224"}, GOOD},
    {"Ed25519", {OURS, .by = ROOT, .curve = "ED25519"}, GOOD},
    {"an intermediate of RSA 1024", {OURS, .by = MIDDLE_RSA_1024}, {MIDDLE_RSA_1024}, WEAK_KEY},
    {"an intermediate of EC 192 bits", {OURS, .by = MIDDLE_P_192}, {MIDDLE_P_192}, WEAK_KEY},
    {"SHA-1", {OURS, .by = ROOT, .digest = EVP_sha1}, WEAK_SIGNATURE},
    {"MD5", {OURS, .by = ROOT_RSA, .digest = EVP_md5}, .trusted = ROOT_RSA, WEAK_SIGNATURE},
    {"SHA-512", {OURS, .by = ROOT, .digest = EVP_sha512}, GOOD},
    {"an intermediate signed with SHA-1", {OURS, .by = MIDDLE}, {MIDDLE_SHA1}, WEAK_SIGNATURE},
    {"an intermediate signed with MD5", {OURS, .by = MIDDLE}, {MIDDLE_MD5}, .trusted = ROOT_RSA, WEAK_SIGNATURE},
    {"nobody needs a root's signature", {OURS, .by = MIDDLE}, {MIDDLE}, .trusted = ROOT_SHA1, GOOD},
    {"... that is sent", {OURS, .by = MIDDLE}, {MIDDLE, ROOT_SHA1}, .trusted = ROOT_SHA1, GOOD},
    {"short key before outdated signature", {OURS, .by = ROOT, .rsa_bits = 1024, .digest = EVP_sha1}, WEAK_KEY},
};

static const struct row TIMES[] = {
    {"expired", {OURS, .by = ROOT, .until_days = -1}, EXPIRED},
    {"expired and another name", {OTHER, .until_days = -1},
     .reason = REASON_CERT_NAME_MISMATCH, .tests = "--+++"},
    {"not yet valid", {OURS, .by = ROOT, .from_days = 2}, EARLY},
    {"expires in ten days", {OURS, .by = ROOT, .until_days = 10}, SOON},
    {"expires in two days", {OURS, .by = ROOT, .until_days = 2}, .critical = true, SOON},
    {"intermediate expired", {OURS, .by = MIDDLE}, {MIDDLE_ENDED}, EXPIRED},
    {"intermediate expired, and another sent that has not", {OURS, .by = MIDDLE}, {MIDDLE_ENDED, MIDDLE}, GOOD},
    {"intermediate not yet valid", {OURS, .by = MIDDLE}, {MIDDLE_EARLY}, EARLY},
    {"intermediate expires soon", {OURS, .by = MIDDLE}, {MIDDLE_SOON}, SOON},
    {"root expired", {OURS, .by = MIDDLE_OF_ENDED}, {MIDDLE_OF_ENDED}, .trusted = ROOT_ENDED, EXPIRED},
    {"root expires soon", {OURS, .by = MIDDLE}, {MIDDLE}, .trusted = ROOT_SOON, .critical = true, SOON},
    {"expired and untrusted", {OURS, .by = FOREIGN, .until_days = -1}, {FOREIGN}, .reason = REASON_CERT_EXPIRED,
     .tests = "+--++"},
};

/* Judged by OpenSSL's own rules too, as far as it has any: hosts by X509_check_host(), the rest by a verification that
 * ends at the first fault. */
static void assert_openssl_agrees(const struct row *row, struct scene *scene, STACK_OF(X509) *sent)
{
    bool accepted = strncmp(row->tests + 1, "+++", 3) == 0;
    if (scene_accepts(scene, sent) != accepted)
        fail_msg("%s: OpenSSL %s it", row->what, accepted ? "refuses" : "accepts");
    if (row->recipe.san == NULL || strstr(row->recipe.san, "DNS:") != row->recipe.san)
        return;
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    bool named = X509_check_host(sk_X509_value(sent, 0), scene->policy.domain, 0, flags, NULL) == 1;
    if (named != (row->tests[0] == '+'))
        fail_msg("%s: OpenSSL finds %s", row->what, named ? "the name" : "no such name");
}

/* Once more and again with a memory, which must tell the same, and the second time from what it knows. */
static void assert_memory_agrees(const struct row *row, struct scene *scene, STACK_OF(X509) *sent,
                                 const struct certificate *facts, const struct check_result *verdict)
{
    scene->memory = chain_memory_new(scene->store);
    for (size_t hits = 0; hits < 3; hits++) {
        struct check_result again = {0};
        struct certificate *same = scene_judge(scene, sent, &again);
        assert_int_equal(chain_memory_hits(scene->memory), hits);
        assert_same_facts(facts, same, row->what);
        assert_int_equal(again.reason, verdict->reason);
        assert_int_equal(again.state, verdict->state);
        assert_string_equal(again.detail, verdict->detail);
        free(again.detail);
        certificate_free(same);
    }
}

static void judge_row(const struct row *row)
{
    struct scene scene;
    STACK_OF(X509) *sent = sent_make(&row->recipe, row->sent, COUNT(row->sent));
    bool no_root = row->trusted_none || row->trusted_leaf;
    scene_open(&scene, no_root ? NOBODY : row->trusted != NOBODY ? row->trusted : ROOT);
    if (row->trusted_leaf)
        X509_STORE_add_cert(scene.store, sk_X509_value(sent, 0));
    if (row->domain != NULL)
        scene.policy.domain = scene.policy.domain_unicode = row->domain;
    if (row->unicode != NULL)
        scene.policy.domain_unicode = row->unicode;

    struct check_result verdict = {0};
    struct certificate *facts = scene_judge(&scene, sent, &verdict);
    char tests[CERT_TEST_COUNT + 1], wanted[CERT_TEST_COUNT + 1];
    enum state state = row->critical ? STATE_CRITICAL : reason_info(row->reason)->state;
    tests_text(tests, facts);
    snprintf(wanted, sizeof wanted, "%s??", row->tests);
    if (verdict.reason != row->reason || verdict.state != state || strcmp(tests, wanted) != 0)
        fail_msg("%s: %s (%s) %s", row->what, reason_info(verdict.reason)->code, verdict.detail, tests);
    assert_openssl_agrees(row, &scene, sent);
    assert_memory_agrees(row, &scene, sent, facts, &verdict);
    free(verdict.detail);
    certificate_free(facts);
    scene_close(&scene);
    sent_free(sent);
}

static void judges_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(NAMES); i += slow_part(5)) {
        struct row row = NAMES[i];
        row.recipe.by = ROOT;
        judge_row(&row);
    }
}

static void judge_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i += slow_part(5))
        judge_row(&rows[i]);
}

static void judges_chains(void **state)
{
    (void)state;
    judge_rows(CHAINS, COUNT(CHAINS));
}

static void judges_usage(void **state)
{
    (void)state;
    judge_rows(USES, COUNT(USES));
}

static void judges_strength(void **state)
{
    (void)state;
    judge_rows(STRENGTHS, COUNT(STRENGTHS));
}

static void judges_times(void **state)
{
    (void)state;
    judge_rows(TIMES, COUNT(TIMES));
}

static void tells_the_facts_of_each_position(void **state)
{
    (void)state;
    const struct recipe recipe = {OURS, .cn = "Zo\xc3\xab, \"O\"", .by = MIDDLE};
    STACK_OF(X509) *sent = sent_make(&recipe, (enum authority[]){MIDDLE}, 1);
    struct scene scene;
    scene_open(&scene, ROOT);
    struct check_result verdict = {0};
    struct certificate *facts = scene_judge(&scene, sent, &verdict);
    int64_t now = scene.now_s;
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
    scene_close(&scene);
    sent_free(sent);
}

static void says_which_certificate_it_is(void **state)
{
    (void)state;
    const struct recipe recipe = {OURS, .by = MIDDLE};
    STACK_OF(X509) *sent = sent_make(&recipe, (enum authority[]){MIDDLE_ENDED}, 1);
    struct scene scene;
    scene_open(&scene, ROOT);
    struct check_result verdict = {0};
    certificate_free(scene_judge(&scene, sent, &verdict));
    assert_non_null(strstr(verdict.detail, "further up the chain"));
    free(verdict.detail);
    scene_close(&scene);
    sent_free(sent);
}

/* Rules for a certificate with three faults, or one; the verdict's own state is not theirs to change here. */
static const struct {
    const char *what;
    struct recipe recipe;
    enum reason ok[4]; /* made ok by the rules, up to REASON_NOT_RUN (0) */
    enum reason reason;
    enum state state;
} OVERRIDDEN[] = {
    {"no rule", {OTHER, .until_days = -1, .rsa_bits = 1024}, {0}, REASON_CERT_NAME_MISMATCH,
     STATE_CRITICAL},
    {"the first one made ok", {OTHER, .until_days = -1, .rsa_bits = 1024},
     {REASON_CERT_NAME_MISMATCH}, REASON_CERT_EXPIRED, STATE_CRITICAL},
    {"a later one made ok", {OTHER, .until_days = -1, .rsa_bits = 1024}, {REASON_CERT_EXPIRED},
     REASON_CERT_NAME_MISMATCH, STATE_CRITICAL},
    {"the first two made ok", {OTHER, .until_days = -1, .rsa_bits = 1024}, {REASON_CERT_EXPIRED,
     REASON_CERT_NAME_MISMATCH}, REASON_CERT_WEAK_KEY, STATE_CRITICAL},
    {"all three made ok", {OTHER, .until_days = -1, .rsa_bits = 1024}, {REASON_CERT_WEAK_KEY,
     REASON_CERT_EXPIRED, REASON_CERT_NAME_MISMATCH}, REASON_CERT_NAME_MISMATCH, STATE_CRITICAL},
    {"expired does not expire soon", {OURS, .by = ROOT, .until_days = -1}, {REASON_CERT_EXPIRED},
     REASON_CERT_EXPIRED, STATE_CRITICAL},
    {"expires soon behind a CN", {.by = ROOT, .until_days = 2}, {REASON_CERT_CN_ONLY}, REASON_CERT_EXPIRES_SOON,
     STATE_CRITICAL},
    {"expires soon made ok", {OURS, .by = ROOT, .until_days = 10}, {REASON_CERT_EXPIRES_SOON},
     REASON_CERT_EXPIRES_SOON, STATE_WARNING},
    {"a rule for nothing that holds", {OURS, .by = ROOT}, {REASON_CERT_EXPIRED}, REASON_OK, STATE_OK},
};

static void a_fault_made_ok_hides_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(OVERRIDDEN); i++) {
        struct severity_rule rules[4];
        struct severity severity = {.rules = rules};
        while (OVERRIDDEN[i].ok[severity.count] != REASON_NOT_RUN) {
            rules[severity.count] = (struct severity_rule){OVERRIDDEN[i].ok[severity.count], STATE_OK};
            severity.count++;
        }
        STACK_OF(X509) *sent = sent_make(&OVERRIDDEN[i].recipe, NULL, 0);
        struct scene scene;
        scene_open(&scene, ROOT);
        scene.policy.severity = &severity;
        struct check_result verdict = {0};
        certificate_free(scene_judge(&scene, sent, &verdict));
        if (verdict.reason != OVERRIDDEN[i].reason || verdict.state != OVERRIDDEN[i].state)
            fail_msg("%s: %s (%s)", OVERRIDDEN[i].what, reason_info(verdict.reason)->code, verdict.detail);
        free(verdict.detail);
        scene_close(&scene);
        sent_free(sent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_names),
        cmocka_unit_test(judges_chains),
        cmocka_unit_test(judges_usage),
        cmocka_unit_test(judges_strength),
        cmocka_unit_test(judges_times),
        cmocka_unit_test(tells_the_facts_of_each_position),
        cmocka_unit_test(says_which_certificate_it_is),
        cmocka_unit_test(a_fault_made_ok_hides_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, authorities_free);
}
