#include "fetch/trust.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"

#define SHA256_SIZE 32
#define SHA256_DIGITS (2 * SHA256_SIZE)
/* Finite-field Diffie-Hellman in a larger group, which the server chooses, would hold up the loop. */
#define DH_BITS_MAX 4096
/* Handshake messages of one connection, tickets and key updates included. OpenSSL would deal with those by itself for
 * as long as they come, and not return. */
#define MESSAGES_MAX 256

/* Files are forgotten from the one on that was read first. */
#define ROOTS_MAX 32

/* A PEM file as it was when it was read. */
struct root_file {
    char *path;
    struct stat state;
    X509_STORE *store;
};

struct trust_roots {
    struct root_file files[ROOTS_MAX];
    size_t next; /* whose place is taken */
};

struct trust {
    X509_STORE *store; /* NULL: nobody is trusted, or the fingerprint decides */
    char *file_id;     /* which file, and in which state; NULL likewise */
    unsigned holders; /* whoever made it, and each SSL_CTX that it hangs in */
    bool pinned;
    unsigned char fingerprint[SHA256_SIZE];
    int min_version;
    unsigned messages; /* received */
    char shown[SHA256_DIGITS + 1]; /* the fingerprint of the server's certificate; "": none was seen */
    char fault[256];
};

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
    if (trust == NULL || --trust->holders > 0)
        return;
    X509_STORE_free(trust->store);
    free(trust->file_id);
    free(trust);
}

static void root_file_fini(struct root_file *file)
{
    free(file->path);
    X509_STORE_free(file->store);
    *file = (struct root_file){0};
}

struct trust_roots *trust_roots_new(void)
{
    return mem_alloc(sizeof(struct trust_roots));
}

void trust_roots_free(struct trust_roots *roots)
{
    if (roots == NULL)
        return;
    for (size_t i = 0; i < ROOTS_MAX; i++)
        root_file_fini(&roots->files[i]);
    free(roots);
}

static bool is_same(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino && left->st_size == right->st_size &&
           left->st_mtim.tv_sec == right->st_mtim.tv_sec && left->st_mtim.tv_nsec == right->st_mtim.tv_nsec;
}

/* The place of that path, or the one to be taken by it. */
static struct root_file *find_place(struct trust_roots *roots, const char *path)
{
    for (size_t i = 0; i < ROOTS_MAX; i++) {
        if (roots->files[i].path != NULL && strcmp(roots->files[i].path, path) == 0)
            return &roots->files[i];
    }
    return &roots->files[roots->next++ % ROOTS_MAX];
}

static X509_STORE *read_roots(const char *path, struct err *err)
{
    X509_STORE *store = X509_STORE_new();
    ERR_clear_error();
    if (store != NULL && X509_STORE_load_file(store, path) == 1) {
        X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
        return store;
    }
    unsigned long code = ERR_peek_error();
    err_set(err, "%s: %s", path,
            ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : "it holds no certificate that can be read");
    ERR_clear_error();
    X509_STORE_free(store);
    return NULL;
}

bool trust_load(struct trust *trust, struct trust_roots *roots, const char *ca_file, struct err *err)
{
    struct stat state;
    if (trust->pinned)
        return true;
    if (stat(ca_file, &state) != 0)
        return err_set(err, "%s: %s", ca_file, strerror(errno));
    if (!S_ISREG(state.st_mode)) /* one that is none might never end */
        return err_set(err, "%s: it is no regular file", ca_file);
    struct root_file *file = find_place(roots, ca_file);
    if (file->path == NULL || strcmp(file->path, ca_file) != 0 || !is_same(&file->state, &state)) {
        root_file_fini(file);
        X509_STORE *store = read_roots(ca_file, err);
        if (store == NULL)
            return false;
        *file = (struct root_file){.path = mem_strdup(ca_file), .state = state, .store = store};
    }
    X509_STORE_up_ref(file->store);
    trust->store = file->store;
    trust->file_id = mem_printf("%ju %ju %jd %jd.%09ld %s", (uintmax_t)state.st_dev, (uintmax_t)state.st_ino,
                                (intmax_t)state.st_size, (intmax_t)state.st_mtim.tv_sec, state.st_mtim.tv_nsec,
                                ca_file);
    return true;
}

const char *trust_fault(const struct trust *trust)
{
    return trust->fault;
}

const char *trust_shown(const struct trust *trust)
{
    return trust->shown;
}

/* The SHA-256 of the server's own certificate. */
static bool hash_leaf(X509_STORE_CTX *store, unsigned char hash[SHA256_SIZE])
{
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    return leaf != NULL && X509_digest(leaf, EVP_sha256(), hash, NULL) == 1;
}

/* Takes the place of OpenSSL's verification of the chain. */
static int judge_fingerprint(X509_STORE_CTX *store, void *arg)
{
    struct trust *trust = arg;
    unsigned char shown[SHA256_SIZE];
    if (!hash_leaf(store, shown)) {
        snprintf(trust->fault, sizeof trust->fault, "the certificate's fingerprint cannot be computed");
    } else if (memcmp(shown, trust->fingerprint, sizeof shown) != 0) {
        char wanted[SHA256_DIGITS + 1];
        text_hex(trust->shown, shown, sizeof shown);
        text_hex(wanted, trust->fingerprint, sizeof trust->fingerprint);
        snprintf(trust->fault, sizeof trust->fault, "the certificate's SHA-256 fingerprint is %s, not %s",
                 trust->shown, wanted);
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

static void note_fingerprint(struct trust *trust, X509_STORE_CTX *store)
{
    unsigned char shown[SHA256_SIZE];
    if (hash_leaf(store, shown))
        text_hex(trust->shown, shown, sizeof shown);
}

/* Notes whose certificate it is and OpenSSL's first complaint about the chain, and lets that stand. */
static int note_complaint(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct trust *trust = trust_of(SSL_get_SSL_CTX(ssl));
    note_fingerprint(trust, store);
    if (good)
        return good;
    if (trust->fault[0] == '\0')
        snprintf(trust->fault, sizeof trust->fault, "%s%s" TRUST_SHOWN,
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
                 X509_STORE_CTX_get_error_depth(store) > 0 ? " (of an issuer)" : "", trust->shown);
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
    else if (trust->store == NULL)
        return false;
    else
        SSL_CTX_set1_cert_store(context, trust->store);
    return true;
}

const char *trust_tag(char out[TRUST_TAG_SIZE], const struct trust *trust, const char *host, uint16_t port)
{
    char fingerprint[SHA256_DIGITS + 1];
    unsigned char hash[EVP_MAX_MD_SIZE];
    text_hex(fingerprint, trust->fingerprint, SHA256_SIZE);
    /* No host and no number holds a blank, and the file's name comes last. */
    char *text = mem_printf("%s %u %d %s", host, port, trust->min_version,
                            trust->file_id != NULL ? trust->file_id : fingerprint);
    int hashed = EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL);
    assert(hashed == 1);
    (void)hashed;
    text_hex(out, hash, (TRUST_TAG_SIZE - 1) / 2);
    free(text);
    return out;
}
