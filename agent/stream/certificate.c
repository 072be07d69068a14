#include "stream/certificate.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

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

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : TIME_ABSENT;
}

/* Identities of a certificate (RFC 6120 13.7.1.2). */
struct names {
    struct buf seen; /* every identity, for people */
    bool any;        /* a subjectAltName of a kind that can name an XMPP domain, readable or not */
    bool matched;    /* one of them names the domain */
};

/* RFC 6125 6.4.3: "*" stands for one whole left-most label, and not right before a top-level domain. */
static bool dns_name_matches(const char *pattern, const char *domain)
{
    if (strncmp(pattern, "*.", 2) != 0)
        return strcasecmp(pattern, domain) == 0;
    const char *rest = strchr(domain, '.');
    return rest != NULL && rest != domain && strchr(rest + 1, '.') != NULL && strcasecmp(pattern + 1, rest) == 0;
}

/* The text of an ASN.1 string, or NULL where it hides a NUL byte. Borrowed. */
static const char *asn1_text(const ASN1_STRING *string)
{
    const char *text = (const char *)ASN1_STRING_get0_data(string);
    return text != NULL && strlen(text) == (size_t)ASN1_STRING_length(string) ? text : NULL;
}

static void name_add(struct names *names, const char *kind, const char *text)
{
    char *clean = text_clean(text, PEER_TEXT_MAX);
    buf_printf(&names->seen, "%s%s %s", names->seen.length ? ", " : "", kind, clean);
    free(clean);
}

/* One subjectAltName of a kind that can name the domain; `matches` decides whether its text does. */
static void name_offer(struct names *names, const char *kind, const ASN1_STRING *string,
                       bool (*matches)(const char *text, const struct certificate_policy *policy),
                       const struct certificate_policy *policy)
{
    const char *text = asn1_text(string);
    names->any = true;
    name_add(names, kind, text != NULL ? text : "with a NUL byte");
    names->matched |= text != NULL && matches(text, policy);
}

static bool dns_name_offers(const char *text, const struct certificate_policy *policy)
{
    return dns_name_matches(text, policy->domain);
}

static bool xmpp_addr_offers(const char *text, const struct certificate_policy *policy)
{
    return strcasecmp(text, policy->domain) == 0 || strcasecmp(text, policy->domain_unicode) == 0;
}

static bool srv_name_offers(const char *text, const struct certificate_policy *policy)
{
    static const char SERVICE[] = "_xmpp-server.";
    return strncasecmp(text, SERVICE, sizeof SERVICE - 1) == 0 &&
           dns_name_matches(text + sizeof SERVICE - 1, policy->domain);
}

static void names_read(struct names *names, X509 *leaf, const struct certificate_policy *policy)
{
    int found = -1; /* stays -1 where there is no such extension */
    GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, &found, NULL);
    names->any = list == NULL && found != -1;
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
        if (name->type == GEN_DNS) {
            name_offer(names, "dNSName", name->d.dNSName, dns_name_offers, policy);
            continue;
        }
        if (name->type != GEN_OTHERNAME)
            continue;
        int kind = OBJ_obj2nid(name->d.otherName->type_id);
        const ASN1_TYPE *value = name->d.otherName->value;
        names->any |= kind == NID_XmppAddr || kind == NID_SRVName;
        if (kind == NID_XmppAddr && value->type == V_ASN1_UTF8STRING)
            name_offer(names, "xmppAddr", value->value.utf8string, xmpp_addr_offers, policy);
        else if (kind == NID_SRVName && value->type == V_ASN1_IA5STRING)
            name_offer(names, "SRVName", value->value.ia5string, srv_name_offers, policy);
    }
    GENERAL_NAMES_free(list);
}

/* Only a certificate without any such subjectAltName may be named by its subject's last CN (RFC 6125 6.4.4). */
static bool common_name_matches(X509 *leaf, const struct certificate_policy *policy, struct names *names)
{
    X509_NAME *subject = X509_get_subject_name(leaf);
    int last = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
        last = at;
    if (last < 0)
        return false;
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
    bool matches = false;
    if (length >= 0 && strlen((char *)utf8) == (size_t)length) {
        name_add(names, "CN", (char *)utf8);
        matches = dns_name_matches((char *)utf8, policy->domain);
    }
    OPENSSL_free(utf8);
    return matches;
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
        int64_t not_after = seconds_of(X509_get0_notAfter(one));
        if (facts->not_after[position] != TIME_ABSENT && facts->not_after[position] <= not_after)
            continue;
        facts->not_after[position] = not_after;
        facts->not_before[position] = seconds_of(X509_get0_notBefore(one));
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
    struct names names;
    bool by_common_name;
    int expired, early, unsuited; /* depth in the chain, -1: none */
    int trust_error;              /* X509_V_OK: none */
    struct weakness weak;
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
        {!found->names.matched && !found->by_common_name, REASON_CERT_NAME_MISMATCH},
        {found->expired >= 0, REASON_CERT_EXPIRED},
        {found->early >= 0, REASON_CERT_NOT_YET_VALID},
        {found->trust_error != X509_V_OK, trust_reason(found)},
        {found->unsuited >= 0, REASON_CERT_WRONG_USAGE},
        {found->weak.key_depth >= 0, REASON_CERT_WEAK_KEY},
        {found->weak.signature_depth >= 0, REASON_CERT_WEAK_SIGNATURE},
        {found->by_common_name, REASON_CERT_CN_ONLY},
        {ends_within(found, found->policy->expiry_warning_s), REASON_CERT_EXPIRES_SOON},
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
                         clock_rfc3339(seconds_of(X509_get0_notAfter(sk_X509_value(found->chain, found->expired))),
                                       when));
        break;
    case REASON_CERT_NOT_YET_VALID:
        check_result_set(verdict, reason, "%s is valid from %s", depth_name(found->early),
                         clock_rfc3339(seconds_of(X509_get0_notBefore(sk_X509_value(found->chain, found->early))),
                                       when));
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

struct certificate *certificate_judge(STACK_OF(X509) *sent, STACK_OF(X509) *built,
                                      const struct certificate_errors *errors,
                                      const struct certificate_policy *policy, struct check_result *verdict)
{
    X509 *leaf = sk_X509_value(sent, 0);
    STACK_OF(X509) *chain = sk_X509_num(built) > 0 ? built : sent;
    struct certificate *facts = certificate_new();
    facts->subject = name_text(X509_get_subject_name(leaf));
    facts->issuer = name_text(X509_get_issuer_name(leaf));
    facts->serial = serial_text(leaf);
    facts->fingerprint_sha256 = fingerprint_text(leaf);
    read_times(facts, chain);

    struct findings found = {
        .policy = policy,
        .facts = facts,
        .sent = sent,
        .chain = chain,
        .expired = error_depth(errors, X509_V_ERR_CERT_HAS_EXPIRED),
        .early = error_depth(errors, X509_V_ERR_CERT_NOT_YET_VALID),
        .unsuited = error_depth(errors, X509_V_ERR_INVALID_PURPOSE),
        .trust_error = first_trust_error(errors),
        .weak = find_weakness(chain),
    };
    buf_init(&found.names.seen, 4 * PEER_TEXT_MAX);
    names_read(&found.names, leaf, policy);
    found.by_common_name = !found.names.any && common_name_matches(leaf, policy, &found.names);

    facts->test[CERT_TEST_NAME] = tri_of(found.names.matched || found.by_common_name);
    facts->test[CERT_TEST_TIME] = tri_of(found.expired < 0 && found.early < 0);
    facts->test[CERT_TEST_TRUST] = tri_of(found.trust_error == X509_V_OK);
    facts->test[CERT_TEST_USAGE] = tri_of(found.unsuited < 0);
    facts->test[CERT_TEST_STRENGTH] = tri_of(found.weak.key_depth < 0 && found.weak.signature_depth < 0);
    tell(&found, first_fault(&found), verdict);
    buf_fini(&found.names.seen);
    return facts;
}
