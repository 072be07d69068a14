#include "stream/dane.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* What records, and a chain that fits them, could otherwise make a peer cost. */
#define CHAIN_MAX 16  /* certificates of a chain that are compared with a record */
#define ANCHORS_MAX 4 /* chains that are verified up to the anchor that a record names */

/* RFC 7218 2: the acronyms of usage, selector and matching type. */
enum { PKIX_TA, PKIX_EE, DANE_TA, DANE_EE, USAGE_COUNT };
enum { CERT, SPKI, SELECTOR_COUNT };
enum { FULL, SHA2_256, SHA2_512, MATCHING_COUNT };

static bool is_usable(const struct dns_tlsa *tlsa)
{
    static const size_t DIGEST_LENGTH[MATCHING_COUNT] = {[SHA2_256] = 32, [SHA2_512] = 64};
    return tlsa->usage < USAGE_COUNT && tlsa->selector < SELECTOR_COUNT && tlsa->matching < MATCHING_COUNT &&
           (tlsa->matching == FULL || tlsa->length == DIGEST_LENGTH[tlsa->matching]);
}

/* Whether the record is of this certificate. */
static bool matches(const struct dns_tlsa *tlsa, X509 *certificate)
{
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    int length = tlsa->selector == CERT ? i2d_X509(certificate, &der)
                                        : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (length < 0)
        return false;
    const unsigned char *data = der;
    unsigned size = (unsigned)length;
    if (tlsa->matching != FULL) {
        const EVP_MD *type = tlsa->matching == SHA2_256 ? EVP_sha256() : EVP_sha512();
        data = EVP_Digest(der, (size_t)length, digest, &size, type, NULL) == 1 ? digest : NULL;
    }
    bool same = data != NULL && size == tlsa->length && memcmp(data, tlsa->data, size) == 0;
    OPENSSL_free(der);
    return same;
}

/* The first certificate above the server's own of which the record is, or NULL. Borrowed. */
static X509 *find_authority(const struct dns_tlsa *tlsa, STACK_OF(X509) *chain)
{
    for (int i = 1; i < sk_X509_num(chain) && i < CHAIN_MAX; i++) {
        if (matches(tlsa, sk_X509_value(chain, i)))
            return sk_X509_value(chain, i);
    }
    return NULL;
}

/* The certificate that a record has in full, without which a server may send its chain (RFC 7671 5.2.2), or the one
 * that the key in it signed, which stands in for it. To be freed. */
static X509 *anchor_in_record(const struct dns_tlsa *tlsa, STACK_OF(X509) *sent)
{
    const unsigned char *at = tlsa->data;
    if (tlsa->matching != FULL)
        return NULL;
    if (tlsa->selector == CERT)
        return d2i_X509(NULL, &at, (long)tlsa->length);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)tlsa->length);
    X509 *top = sk_X509_value(sent, sk_X509_num(sent) - 1);
    bool signed_by_it = key != NULL && X509_verify(top, key) == 1 && X509_up_ref(top) == 1;
    EVP_PKEY_free(key);
    return signed_by_it ? top : NULL;
}

/* Whether the server's chain leads to this anchor, wherever that stands in the hierarchy (RFC 7671 5.2). */
static bool leads_to(X509 *anchor, const struct dane_peer *peer)
{
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good = trusted != NULL && context != NULL && X509_STORE_add_cert(trusted, anchor) == 1 &&
                X509_STORE_set_flags(trusted, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
                X509_STORE_CTX_init(context, trusted, sk_X509_value(peer->sent, 0), peer->sent) == 1 &&
                X509_STORE_CTX_set_default(context, "ssl_server") == 1;
    if (good) {
        X509_STORE_CTX_set_time(context, 0, (time_t)peer->now_s);
        X509_STORE_CTX_set_depth(context, CHAIN_MAX);
        good = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    return good;
}

static bool anchor_holds(const struct dns_tlsa *tlsa, const struct dane_peer *peer, unsigned *anchors)
{
    X509 *found = find_authority(tlsa, peer->sent);
    if (found == NULL)
        found = find_authority(tlsa, peer->built);
    if (found != NULL)
        X509_up_ref(found);
    else if (*anchors < ANCHORS_MAX)
        found = anchor_in_record(tlsa, peer->sent);
    /* The server's own certificate is nobody's authority, in whatever guise it comes. */
    bool holds = found != NULL && *anchors < ANCHORS_MAX && X509_cmp(found, sk_X509_value(peer->sent, 0)) != 0 &&
                 leads_to(found, peer);
    *anchors += found != NULL;
    X509_free(found);
    return holds;
}

static bool record_holds(const struct dns_tlsa *tlsa, const struct dane_peer *peer, unsigned *anchors)
{
    X509 *leaf = sk_X509_value(peer->sent, 0);
    switch (tlsa->usage) {
    case PKIX_TA: return peer->passed && peer->named && find_authority(tlsa, peer->built) != NULL;
    case PKIX_EE: return peer->passed && peer->named && matches(tlsa, leaf);
    case DANE_TA: return peer->named && anchor_holds(tlsa, peer, anchors);
    default: return matches(tlsa, leaf);
    }
}

enum tri dane_judge(const struct dns_tlsa *records, size_t count, const struct dane_peer *peer)
{
    enum tri verdict = TRI_UNKNOWN;
    unsigned anchors = 0;
    for (size_t i = 0; i < count && verdict != TRI_YES; i++) {
        if (is_usable(&records[i]))
            verdict = record_holds(&records[i], peer, &anchors) ? TRI_YES : TRI_NO;
    }
    return verdict;
}
