#include "probe/trust.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"

#define SHA256_SIZE 32
#define SHA256_DIGITS (2 * SHA256_SIZE)
/* Finite-field Diffie-Hellman in a larger group, which the server chooses, would hold up the loop. */
#define DH_BITS_MAX 4096
/* Handshake messages of one connection, tickets and key updates included. OpenSSL would deal with those by itself for
 * as long as they come, and not return. */
#define MESSAGES_MAX 256

struct trust {
    unsigned holders; /* whoever made it, and each SSL_CTX that it hangs in */
    bool pinned;
    unsigned char fingerprint[SHA256_SIZE];
    int min_version;
    unsigned messages; /* received */
    char fault[256];
};

static void print_hex(char *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
}

struct trust *trust_new(const char *fingerprint_sha256, int min_version)
{
    struct trust *trust = mem_alloc(sizeof *trust);
    *trust = (struct trust){.holders = 1, .pinned = fingerprint_sha256 != NULL, .min_version = min_version};
    if (fingerprint_sha256 == NULL)
        return trust;
    assert(strlen(fingerprint_sha256) == SHA256_DIGITS);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        unsigned byte = 0;
        int read = sscanf(fingerprint_sha256 + 2 * i, "%2x", &byte);
        assert(read == 1);
        (void)read;
        trust->fingerprint[i] = (unsigned char)byte;
    }
    return trust;
}

void trust_free(struct trust *trust)
{
    if (trust != NULL && --trust->holders == 0)
        free(trust);
}

const char *trust_fault(const struct trust *trust)
{
    return trust->fault;
}

/* Takes the place of OpenSSL's verification of the chain. */
static int judge_fingerprint(X509_STORE_CTX *store, void *arg)
{
    struct trust *trust = arg;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    unsigned char shown[SHA256_SIZE];
    if (leaf == NULL || X509_digest(leaf, EVP_sha256(), shown, NULL) != 1) {
        snprintf(trust->fault, sizeof trust->fault, "the certificate's fingerprint cannot be computed");
    } else if (memcmp(shown, trust->fingerprint, sizeof shown) != 0) {
        char has[SHA256_DIGITS + 1], wanted[SHA256_DIGITS + 1];
        print_hex(has, shown, sizeof shown);
        print_hex(wanted, trust->fingerprint, sizeof trust->fingerprint);
        snprintf(trust->fault, sizeof trust->fault, "the certificate's SHA-256 fingerprint is %s, not %s", has, wanted);
    } else {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static int index_of_trust(void);

static struct trust *trust_of(const SSL_CTX *context)
{
    return SSL_CTX_get_ex_data(context, index_of_trust());
}

/* Notes OpenSSL's first complaint about the chain, and lets it stand. */
static int note_complaint(int good, X509_STORE_CTX *store)
{
    if (good)
        return good;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct trust *trust = trust_of(SSL_get_SSL_CTX(ssl));
    if (trust->fault[0] == '\0')
        snprintf(trust->fault, sizeof trust->fault, "%s%s",
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
                 X509_STORE_CTX_get_error_depth(store) > 0 ? " (of an issuer)" : "");
    return good;
}

static void released(void *parent, void *trust, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    trust_free(trust);
}

/* Of the trust in an SSL_CTX, which holds it. */
static int index_of_trust(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, released);
    return index;
}

static int (*usual_security)(const SSL *, const SSL_CTX *, int, int, int, void *, void *);

static int limit_dh(const SSL *ssl, const SSL_CTX *context, int operation, int bits, int nid, void *other, void *arg)
{
    if (operation == SSL_SECOP_TMP_DH && EVP_PKEY_get_bits(other) > DH_BITS_MAX)
        return 0;
    return usual_security(ssl, context, operation, bits, nid, other, arg);
}

static long refuse_reads(BIO *socket, int operation, const char *bytes, size_t size, int argi, long argl, int outcome,
                         size_t *processed)
{
    (void)bytes, (void)size, (void)argi, (void)argl, (void)processed;
    if (operation != BIO_CB_READ)
        return outcome;
    BIO_clear_retry_flags(socket);
    return -1;
}

static void count_messages(int sent, int version, int type, const void *bytes, size_t length, SSL *ssl, void *arg)
{
    (void)version, (void)bytes, (void)length;
    struct trust *trust = arg;
    if (sent || type != SSL3_RT_HANDSHAKE || ++trust->messages <= MESSAGES_MAX)
        return;
    snprintf(trust->fault, sizeof trust->fault, "more than %d handshake messages", MESSAGES_MAX);
    BIO_set_callback_ex(SSL_get_rbio(ssl), refuse_reads);
}

bool trust_hang(struct trust *trust, void *ssl_ctx)
{
    SSL_CTX *context = ssl_ctx;
    if (index_of_trust() < 0 || SSL_CTX_set_ex_data(context, index_of_trust(), trust) != 1)
        return false;
    trust->holders++;
    trust->messages = 0;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_msg_callback(context, count_messages);
    SSL_CTX_set_msg_callback_arg(context, trust);
    if (trust->min_version < TLS1_2_VERSION) {
        if (SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0") != 1)
            return false;
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
    }
    if (usual_security == NULL)
        usual_security = SSL_CTX_get_security_callback(context);
    SSL_CTX_set_security_callback(context, limit_dh);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_complaint);
    if (trust->pinned)
        SSL_CTX_set_cert_verify_callback(context, judge_fingerprint, trust);
    return true;
}

const char *trust_tag(char out[TRUST_TAG_SIZE], const struct trust_scope *scope)
{
    struct buf text;
    struct stat file = {0};
    unsigned char hash[EVP_MAX_MD_SIZE];
    buf_init(&text, 64 * 1024);
    /* No host and no fingerprint holds a blank, and the file's name comes last. */
    buf_printf(&text, "%s %u %d ", scope->host, scope->port, scope->min_version);
    if (scope->fingerprint_sha256 != NULL) {
        buf_puts(&text, scope->fingerprint_sha256);
    } else {
        (void)!stat(scope->ca_file, &file);
        buf_printf(&text, "%ju %ju %jd %jd.%09ld %s", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino,
                   (intmax_t)file.st_size, (intmax_t)file.st_mtim.tv_sec, file.st_mtim.tv_nsec, scope->ca_file);
    }
    int hashed = EVP_Digest(text.data, text.length, hash, NULL, EVP_sha256(), NULL);
    assert(!buf_failed(&text) && hashed == 1);
    (void)hashed;
    print_hex(out, hash, (TRUST_TAG_SIZE - 1) / 2);
    buf_fini(&text);
    return out;
}
