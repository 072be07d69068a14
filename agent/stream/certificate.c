#include "stream/certificate.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "stream/certificate_name.h"
#include "stream/dane.h"
#include "stream/staple.h"

/* Keys and digests under 112 bits of security are weak (NIST SP 800-57: RSA below 2048, SHA-1). */
#define LEAST_SECURITY_BITS 112

/* Which verification errors mean that the chain does not lead to a trusted root; time and usage are judged apart. */
static bool is_trust_error(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_INVALID_PURPOSE: return false;
    default: return true;
    }
}

/* The first kept error with this code, or -1: its depth. */
static int error_depth(const struct certificate_errors *errors, int code)
{
    for (size_t i = 0; i < errors->count; i++) {
        if (errors->list[i].code == code)
            return errors->list[i].depth;
    }
    return -1;
}

static int first_trust_error(const struct certificate_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        if (is_trust_error(errors->list[i].code))
            return errors->list[i].code;
    }
    return X509_V_OK;
}

int64_t certificate_seconds(const ASN1_TIME *time)
{
    struct tm parts;
    return time != NULL && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : TIME_ABSENT;
}

static char *name_text(const X509_NAME *name)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    if (out == NULL || X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        BIO_free(out);
        return NULL;
    }
    BIO_write(out, "", 1); /* the NUL */
    BIO_get_mem_data(out, &bytes);
    char *text = text_clean(bytes, PEER_TEXT_MAX);
    BIO_free(out);
    return text;
}

static char *serial_text(X509 *leaf)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL;
    char *text = hex != NULL ? text_clean(hex, PEER_TEXT_MAX) : NULL;
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

static char *fingerprint_text(X509 *leaf)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (X509_digest(leaf, EVP_sha256(), digest, &length) != 1)
        return NULL;
    return text_hex(mem_alloc(2 * (size_t)length + 1), digest, length);
}

static bool is_self_signed(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
}

/* Position times, from the built chain; of several intermediates the one that expires first. */
static void read_times(struct certificate *facts, STACK_OF(X509) *chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *one = sk_X509_value(chain, i);
        enum cert_position position = i == 0 ? CERT_LEAF : is_self_signed(one) ? CERT_ROOT : CERT_INTERMEDIATE;
        int64_t not_after = certificate_seconds(X509_get0_notAfter(one));
        if (facts->not_after[position] != TIME_ABSENT && facts->not_after[position] <= not_after)
            continue;
        facts->not_after[position] = not_after;
        facts->not_before[position] = certificate_seconds(X509_get0_notBefore(one));
    }
}

struct weakness {
    int key_depth, signature_depth; /* -1: none */
};

static struct weakness find_weakness(STACK_OF(X509) *chain)
{
    struct weakness weak = {-1, -1};
    for (int i = sk_X509_num(chain) - 1; i >= 0; i--) {
        X509 *one = sk_X509_value(chain, i);
        EVP_PKEY *key = X509_get0_pubkey(one);
        if (key != NULL && EVP_PKEY_get_security_bits(key) < LEAST_SECURITY_BITS)
            weak.key_depth = i;
        int bits = 0;
        if (!is_self_signed(one) && X509_get_signature_info(one, NULL, NULL, &bits, NULL) == 1 &&
            bits < LEAST_SECURITY_BITS)
            weak.signature_depth = i;
    }
    return weak;
}

static const char *depth_name(int depth)
{
    return depth == 0 ? "the server's certificate" : "a certificate further up the chain";
}

static enum tri tri_of(bool yes)
{
    return yes ? TRI_YES : TRI_NO;
}

/* What was found, for the one verdict. */
struct findings {
    const struct certificate_policy *policy;
    const struct certificate *facts;
    STACK_OF(X509) *sent, *chain;
    struct certificate_names names;
    int expired, early, unsuited; /* depth in the chain, -1: none */
    int trust_error;              /* X509_V_OK: none */
    struct weakness weak;
    struct staple staple;
    enum tri tlsa; /* unknown: no usable record */
};

/* Soonest end of validity in the chain, without what has expired, which is a fault of its own. TIME_ABSENT only where
 * there is such a fault, or no date can be read, of which verification complained. */
static int64_t soonest_expiry(const struct findings *found)
{
    int64_t soonest = TIME_ABSENT;
    for (int i = 0; i < CERT_POSITION_COUNT; i++) {
        int64_t end = found->facts->not_after[i];
        if (end == TIME_ABSENT || (found->expired >= 0 && end <= found->policy->now_s))
            continue;
        if (soonest == TIME_ABSENT || end < soonest)
            soonest = end;
    }
    return soonest;
}

/* Whether the chain ends so soon. */
static bool ends_within(const struct findings *found, int64_t within_s)
{
    int64_t soonest = soonest_expiry(found);
    return soonest != TIME_ABSENT && soonest - found->policy->now_s < within_s;
}

static bool is_named(const struct findings *found)
{
    return found->names.matched || found->names.by_common_name;
}

static enum reason trust_reason(const struct findings *found)
{
    if (found->trust_error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        return REASON_CERT_SELF_SIGNED;
    if (sk_X509_num(found->sent) == 1 && (found->trust_error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                                          found->trust_error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE))
        return REASON_CERT_CHAIN_INCOMPLETE;
    return REASON_CERT_UNTRUSTED;
}

/* In the contract's order, REASON_OK without any. One that is made ok does not hide another. */
static enum reason first_fault(const struct findings *found)
{
    const struct {
        bool holds;
        enum reason reason;
    } FAULTS[] = {
        {!is_named(found), REASON_CERT_NAME_MISMATCH},
        {found->expired >= 0, REASON_CERT_EXPIRED},
        {found->early >= 0, REASON_CERT_NOT_YET_VALID},
        {found->trust_error != X509_V_OK, trust_reason(found)},
        {found->staple.status == STAPLE_REVOKED, REASON_CERT_REVOKED},
        {found->unsuited >= 0, REASON_CERT_WRONG_USAGE},
        {found->weak.key_depth >= 0, REASON_CERT_WEAK_KEY},
        {found->weak.signature_depth >= 0, REASON_CERT_WEAK_SIGNATURE},
        {found->names.by_common_name, REASON_CERT_CN_ONLY},
        {ends_within(found, found->policy->expiry_warning_s), REASON_CERT_EXPIRES_SOON},
        {found->tlsa == TRI_NO, REASON_CERT_UNTRUSTED},
    };
    enum reason first = REASON_OK;
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        enum reason reason = FAULTS[i].reason;
        if (!FAULTS[i].holds)
            continue;
        if (severity_of(found->policy->severity, reason, reason_info(reason)->state) != STATE_OK)
            return reason;
        if (first == REASON_OK)
            first = reason;
    }
    return first;
}

static void tell_trust(const struct findings *found, enum reason reason, struct check_result *verdict)
{
    if (found->trust_error == X509_V_OK) {
        check_result_set(verdict, reason, "trusted, but not by the domain's TLSA records");
        verdict->state = STATE_WARNING;
        return;
    }
    X509 *last = sk_X509_value(found->sent, sk_X509_num(found->sent) - 1);
    char *issuer = name_text(X509_get_issuer_name(last));
    check_result_set(verdict, reason, "%s; last certificate sent was issued by %s",
                     X509_verify_cert_error_string(found->trust_error),
                     issuer != NULL ? issuer : "an unreadable name");
    free(issuer);
}

static void tell_expiry(const struct findings *found, enum reason reason, struct check_result *verdict)
{
    char when[CLOCK_RFC3339_SIZE];
    check_result_set(verdict, reason, "expires at %s", clock_rfc3339(soonest_expiry(found), when));
    if (reason == REASON_CERT_EXPIRES_SOON && ends_within(found, found->policy->expiry_critical_s))
        verdict->state = STATE_CRITICAL;
}

static const char *time_text(const ASN1_TIME *time, char when[CLOCK_RFC3339_SIZE])
{
    return clock_rfc3339(certificate_seconds(time), when);
}

static void tell(const struct findings *found, enum reason reason, struct check_result *verdict)
{
    char when[CLOCK_RFC3339_SIZE];
    const struct buf *names = &found->names.seen;
    switch (reason) {
    case REASON_CERT_NAME_MISMATCH:
        check_result_set(verdict, reason, "is for %s%s", names->length ? names->data : "no name at all",
                         buf_failed(names) ? " and more" : "");
        break;
    case REASON_CERT_EXPIRED:
        check_result_set(verdict, reason, "%s expired at %s", depth_name(found->expired),
                         time_text(X509_get0_notAfter(sk_X509_value(found->chain, found->expired)), when));
        break;
    case REASON_CERT_NOT_YET_VALID:
        check_result_set(verdict, reason, "%s is valid from %s", depth_name(found->early),
                         time_text(X509_get0_notBefore(sk_X509_value(found->chain, found->early)), when));
        break;
    case REASON_CERT_REVOKED:
        check_result_set(verdict, reason, "revoked at %s%s%s, says the OCSP response that came with it",
                         clock_rfc3339(found->staple.revoked_s, when), *found->staple.why != '\0' ? ", " : "",
                         found->staple.why);
        break;
    case REASON_CERT_WRONG_USAGE:
        check_result_set(verdict, reason, "%s is not for servers", depth_name(found->unsuited));
        break;
    case REASON_CERT_WEAK_KEY:
        check_result_set(verdict, reason, "%s has a weak key", depth_name(found->weak.key_depth));
        break;
    case REASON_CERT_WEAK_SIGNATURE:
        check_result_set(verdict, reason, "%s has a weak signature", depth_name(found->weak.signature_depth));
        break;
    case REASON_CERT_CN_ONLY: check_result_set(verdict, reason, "named only by %s", names->data); break;
    case REASON_CERT_EXPIRES_SOON:
    case REASON_OK: tell_expiry(found, reason, verdict); break;
    default: tell_trust(found, reason, verdict);
    }
}

/* Adds a sentence to the detail, which every verdict has. */
static void tell_more(struct check_result *verdict, const char *more, const char *why)
{
    char *detail = mem_printf("%s; %s%s", verdict->detail, more, why);
    free(verdict->detail);
    verdict->detail = detail;
}

/* What OCSP and TLSA say, where the reason is not about it. */
static void tell_aside(const struct findings *found, struct check_result *verdict)
{
    const struct staple *staple = &found->staple;
    if (staple->status == STAPLE_GOOD)
        tell_more(verdict, "OCSP: not revoked", "");
    else if (staple->status == STAPLE_REVOKED && verdict->reason != REASON_CERT_REVOKED)
        tell_more(verdict, "OCSP: revoked", "");
    else if (staple->status == STAPLE_USELESS)
        tell_more(verdict, "the OCSP response that came with it does not count: ", staple->why);
    else if (staple->status == STAPLE_ABSENT && staple_is_due(sk_X509_value(found->sent, 0)))
        tell_more(verdict, "it wants an OCSP response to come with it, and none came", "");
    if (found->tlsa == TRI_YES)
        tell_more(verdict, "TLSA records match", "");
    else if (found->tlsa == TRI_NO && (verdict->reason != REASON_CERT_UNTRUSTED || found->trust_error != X509_V_OK))
        tell_more(verdict, "TLSA records do not match", "");
}

static enum tri judge_tlsa(const struct findings *found, const struct certificate_shown *shown)
{
    const struct certificate_policy *policy = found->policy;
    bool named = is_named(found);
    if (!named && policy->host != NULL && policy->tlsa_count > 0) {
        struct certificate_names names;
        certificate_names_read(&names, sk_X509_value(found->sent, 0), policy->host, policy->host);
        named = names.matched || names.by_common_name;
        certificate_names_fini(&names);
    }
    const struct dane_peer peer = {
        .sent = shown->sent,
        .built = shown->built,
        .passed = shown->errors->count == 0,
        .named = named,
        .now_s = policy->now_s,
    };
    return dane_judge(policy->tlsa, policy->tlsa_count, &peer);
}

static void read_tests(struct certificate *facts, const struct findings *found)
{
    enum staple_status staple = found->staple.status;
    facts->test[CERT_TEST_NAME] = tri_of(is_named(found));
    facts->test[CERT_TEST_TIME] = tri_of(found->expired < 0 && found->early < 0);
    facts->test[CERT_TEST_TRUST] = tri_of(found->trust_error == X509_V_OK);
    facts->test[CERT_TEST_USAGE] = tri_of(found->unsuited < 0);
    facts->test[CERT_TEST_STRENGTH] = tri_of(found->weak.key_depth < 0 && found->weak.signature_depth < 0);
    facts->test[CERT_TEST_REVOCATION] = staple == STAPLE_GOOD      ? TRI_YES
                                        : staple == STAPLE_REVOKED ? TRI_NO
                                                                   : TRI_UNKNOWN;
    facts->test[CERT_TEST_DANE] = found->tlsa;
}

struct certificate *certificate_judge(const struct certificate_shown *shown, const struct certificate_policy *policy,
                                      struct check_result *verdict)
{
    X509 *leaf = sk_X509_value(shown->sent, 0);
    STACK_OF(X509) *chain = sk_X509_num(shown->built) > 0 ? shown->built : shown->sent;
    struct certificate *facts = certificate_new();
    facts->subject = name_text(X509_get_subject_name(leaf));
    facts->issuer = name_text(X509_get_issuer_name(leaf));
    facts->serial = serial_text(leaf);
    facts->fingerprint_sha256 = fingerprint_text(leaf);
    read_times(facts, chain);

    struct findings found = {
        .policy = policy,
        .facts = facts,
        .sent = shown->sent,
        .chain = chain,
        .expired = error_depth(shown->errors, X509_V_ERR_CERT_HAS_EXPIRED),
        .early = error_depth(shown->errors, X509_V_ERR_CERT_NOT_YET_VALID),
        .unsuited = error_depth(shown->errors, X509_V_ERR_INVALID_PURPOSE),
        .trust_error = first_trust_error(shown->errors),
        .weak = find_weakness(chain),
        .staple = staple_judge(shown->staple, shown->staple_length, leaf,
                               sk_X509_value(chain, is_self_signed(leaf) ? 0 : 1), policy->now_s),
    };
    certificate_names_read(&found.names, leaf, policy->domain, policy->domain_unicode);
    found.tlsa = judge_tlsa(&found, shown);
    read_tests(facts, &found);
    tell(&found, first_fault(&found), verdict);
    tell_aside(&found, verdict);
    certificate_names_fini(&found.names);
    return facts;
}
