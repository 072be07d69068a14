/* The readers of a certificate's names and facts. The first byte chooses: a whole certificate in DER, or the contents
 * of a subjectAltName extension, or a common name, in a certificate made for it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "stream/certificate.h"

enum form { FORM_DER, FORM_ALTERNATIVE_NAME, FORM_COMMON_NAME, FORM_COUNT };

static X509 *certificate_made(enum form form, const uint8_t *data, size_t size)
{
    static EVP_PKEY *key; /* kept: making one is what takes time */
    if (key == NULL)
        key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    X509_set_pubkey(x509, key);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
    if (form == FORM_COMMON_NAME) {
        X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_UTF8, data, (int)size, -1, 0);
        return x509;
    }
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, data, (int)size);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    return x509;
}

static void look_at(const char *text)
{
    assert(text == NULL || strlen(text) <= PEER_TEXT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum form form = data[0] % FORM_COUNT;
    const unsigned char *at = data + 1;
    X509 *x509 = form == FORM_DER ? d2i_X509(NULL, &at, (long)size - 1) : certificate_made(form, at, size - 1);
    if (x509 == NULL)
        return 0;
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, x509);
    const struct certificate_errors none = {0};
    const struct certificate_policy policy = {
        .domain = "xn--bcher-kva.lab.test", .domain_unicode = "b\xc3\xbc" "cher.lab.test",
        .now_s = 1795348800, .expiry_warning_s = 14 * 86400, .expiry_critical_s = 3 * 86400,
    };
    struct check_result verdict = {0};
    const struct certificate_shown shown = {.sent = chain, .built = chain, .errors = &none};
    struct certificate *certificate = certificate_judge(&shown, &policy, &verdict);
    look_at(certificate->subject);
    look_at(certificate->issuer);
    assert(strcmp(reason_info(verdict.reason)->stage, "certificate") == 0 || verdict.reason == REASON_OK);
    certificate_free(certificate);
    free(verdict.detail);
    sk_X509_pop_free(chain, X509_free);
    return 0;
}
