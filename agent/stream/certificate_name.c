#include "stream/certificate_name.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "health/result.h"

struct wanted {
    const char *domain, *unicode;
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

static void name_add(struct certificate_names *names, const char *kind, const char *text)
{
    char *clean = text_clean(text, PEER_TEXT_MAX);
    buf_printf(&names->seen, "%s%s %s", names->seen.length ? ", " : "", kind, clean);
    free(clean);
}

/* One subjectAltName of a kind that can name the domain; `matches` decides whether its text does. */
static void name_offer(struct certificate_names *names, const char *kind, const ASN1_STRING *string,
                       bool (*matches)(const char *text, const struct wanted *wanted), const struct wanted *wanted)
{
    const char *text = asn1_text(string);
    names->any = true;
    name_add(names, kind, text != NULL ? text : "with a NUL byte");
    names->matched |= text != NULL && matches(text, wanted);
}

static bool dns_name_offers(const char *text, const struct wanted *wanted)
{
    return dns_name_matches(text, wanted->domain);
}

static bool xmpp_addr_offers(const char *text, const struct wanted *wanted)
{
    return strcasecmp(text, wanted->domain) == 0 || strcasecmp(text, wanted->unicode) == 0;
}

static bool srv_name_offers(const char *text, const struct wanted *wanted)
{
    static const char SERVICE[] = "_xmpp-server.";
    return strncasecmp(text, SERVICE, sizeof SERVICE - 1) == 0 &&
           dns_name_matches(text + sizeof SERVICE - 1, wanted->domain);
}

static void alternative_names_read(struct certificate_names *names, X509 *leaf, const struct wanted *wanted)
{
    int found = -1; /* stays -1 where there is no such extension */
    GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, &found, NULL);
    names->any = list == NULL && found != -1;
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
        if (name->type == GEN_DNS) {
            name_offer(names, "dNSName", name->d.dNSName, dns_name_offers, wanted);
            continue;
        }
        if (name->type != GEN_OTHERNAME)
            continue;
        int kind = OBJ_obj2nid(name->d.otherName->type_id);
        const ASN1_TYPE *value = name->d.otherName->value;
        if (kind == NID_XmppAddr && value->type == V_ASN1_UTF8STRING) {
            name_offer(names, "xmppAddr", value->value.utf8string, xmpp_addr_offers, wanted);
        } else if (kind == NID_SRVName && value->type == V_ASN1_IA5STRING) {
            name_offer(names, "SRVName", value->value.ia5string, srv_name_offers, wanted);
        } else if (kind == NID_XmppAddr || kind == NID_SRVName) {
            names->any = true;
            name_add(names, kind == NID_XmppAddr ? "xmppAddr" : "SRVName", "of a wrong type");
        }
    }
    GENERAL_NAMES_free(list);
}

/* Only a certificate without any such subjectAltName may be named by its subject's last CN (RFC 6125 6.4.4). */
static bool common_name_matches(X509 *leaf, const struct wanted *wanted, struct certificate_names *names)
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
        matches = dns_name_matches((char *)utf8, wanted->domain) || dns_name_matches((char *)utf8, wanted->unicode);
    }
    OPENSSL_free(utf8);
    return matches;
}

void certificate_names_read(struct certificate_names *names, X509 *leaf, const char *domain, const char *unicode)
{
    const struct wanted wanted = {domain, unicode};
    *names = (struct certificate_names){.matched = false};
    buf_init(&names->seen, 4 * PEER_TEXT_MAX);
    alternative_names_read(names, leaf, &wanted);
    names->by_common_name = !names->any && common_name_matches(leaf, &wanted, names);
}

void certificate_names_fini(struct certificate_names *names)
{
    buf_fini(&names->seen);
}
