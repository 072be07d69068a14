#include "stream/tls.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "stream/certificate.h"
#include "stream/chain_memory.h"

/* A received alert N is queued by OpenSSL as reason 1000 + N. */
#define ALERT_REASON SSL_AD_REASON_OFFSET
#define ALERT_CERTIFICATE_REQUIRED 116 /* RFC 8446 6.2 */
/* OpenSSL goes on reading for as long as there are messages that it deals with by itself, such as tickets or
 * KeyUpdate. A peer may send these faster than they can be read, so this many reads (two a record) end a turn, and this
 * many bytes, of a handshake and all that may follow, end the session. */
#define READS_PER_TURN 8
#define RECEIVED_MAX (512 * 1024)
/* A KeyUpdate of 26 bytes costs as much time as thousands of others, so it counts as so many. */
#define KEY_UPDATE_COST (8 * 1024)
/* Finite-field Diffie-Hellman in a larger group, which the peer chooses, would hold up the loop. */
#define DH_BITS_MAX 4096
/* Longest record that is sent. OpenSSL has a buffer of that size, and behind a ticket of TLS 1.3 keeps it until it
 * sends something. */
#define SENT_RECORD_MAX 4096

struct tls_context {
    SSL_CTX *ssl;
    struct chain_memory *chains; /* NULL: none are remembered */
    int min_version;
    int64_t expiry_warning_s, expiry_critical_s;
};

struct tls_session {
    SSL *ssl;
    const struct tls_context *context;
    struct certificate_errors errors; /* what verification complained about */
    bool certificate_asked;           /* the peer wants a certificate and we have none */
    enum tls_progress end;            /* TLS_CLOSED or TLS_FAILED once it ended so */
    unsigned long error;              /* OpenSSL's first error, 0: none */
    int system_error;                 /* errno of a failed read or write */
    unsigned reads;                   /* of the socket in this turn */
    size_t received;                  /* bytes from the socket */
};

/* Says why OpenSSL refused a file; the first error of several is the cause. */
static bool refused(struct err *err, const char *key, const char *file)
{
    unsigned long code = ERR_peek_error();
    const char *why = ERR_GET_LIB(code) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
    if (ERR_GET_REASON(code) == ERR_R_INTERRUPTED_OR_CANCELLED) /* by no_passphrase() */
        why = "is encrypted; a key without a passphrase is needed";
    ERR_clear_error();
    err->key = key;
    return err_set(err, "%s: %s", file, why != NULL ? why : "cannot be used");
}

/* OpenSSL would ask for it at the terminal. */
static int no_passphrase(char *into, int size, int writing, void *arg)
{
    (void)into, (void)size, (void)writing, (void)arg;
    return -1;
}

static struct tls_session *session_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

/* Notes every complaint and goes on, so that all faults of a chain are seen and its facts kept. */
static int note_complaint(int good, X509_STORE_CTX *store)
{
    if (good)
        return 1;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct certificate_errors *errors = &session_of(ssl)->errors;
    int code = X509_STORE_CTX_get_error(store), depth = X509_STORE_CTX_get_error_depth(store);
    for (size_t i = 0; i < errors->count; i++) {
        if (errors->list[i].code == code && errors->list[i].depth == depth)
            return 1;
    }
    if (errors->count < CERT_MAX_ERRORS) {
        errors->list[errors->count].code = code;
        errors->list[errors->count++].depth = depth;
    }
    return 1;
}

/* In place of X509_verify_cert(). */
static int verify(X509_STORE_CTX *store, void *context)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    return chain_memory_verify(((struct tls_context *)context)->chains, store, &session_of(ssl)->errors,
                               (int64_t)time(NULL));
}

/* Called when the peer asks for a certificate and none is configured: none is sent. */
static int note_certificate_asked(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    (void)certificate;
    (void)key;
    session_of(ssl)->certificate_asked = true;
    return 0;
}

/* Takes the place of OpenSSL's security level. */
static int accept_security(const SSL *ssl, const SSL_CTX *context, int operation, int bits, int nid, void *other,
                           void *arg)
{
    (void)ssl, (void)context, (void)bits, (void)nid, (void)arg;
    return operation != SSL_SECOP_TMP_DH || EVP_PKEY_get_bits(other) <= DH_BITS_MAX;
}

/* Called for every message, sent or received. */
static void count_key_updates(int sent, int version, int type, const void *message, size_t length, SSL *ssl, void *arg)
{
    (void)version, (void)arg;
    if (!sent && type == SSL3_RT_HANDSHAKE && length > 0 && *(const unsigned char *)message == SSL3_MT_KEY_UPDATE)
        session_of(ssl)->received += KEY_UPDATE_COST;
}

static bool load_client_certificate(SSL_CTX *ssl, const struct tls_options *options, struct err *err)
{
    if (options->client_certificate == NULL) {
        SSL_CTX_set_client_cert_cb(ssl, note_certificate_asked);
        return true;
    }
    if (SSL_CTX_use_certificate_chain_file(ssl, options->client_certificate) != 1)
        return refused(err, "tls.client_certificate", options->client_certificate);
    if (SSL_CTX_use_PrivateKey_file(ssl, options->client_key, SSL_FILETYPE_PEM) != 1)
        return refused(err, "tls.client_key", options->client_key);
    if (SSL_CTX_check_private_key(ssl) != 1)
        return refused(err, "tls.client_key", options->client_key);
    return true;
}

struct tls_context *tls_context_new(const struct tls_options *options, struct err *err)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    if (ssl == NULL) {
        err_set(err, "OpenSSL cannot be set up: %s", ERR_reason_error_string(ERR_get_error()));
        return NULL;
    }
    /* Old peers are to be diagnosed, not refused: security level 0 from TLS 1.0 up, without anonymous ciphers. */
    SSL_CTX_set_min_proto_version(ssl, TLS1_VERSION);
    SSL_CTX_set_cipher_list(ssl, "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_security_level(ssl, 0);
    SSL_CTX_set_security_callback(ssl, accept_security);
    SSL_CTX_set_msg_callback(ssl, count_key_updates);
    SSL_CTX_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_send_fragment(ssl, SENT_RECORD_MAX);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, note_complaint);
    SSL_CTX_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
    SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
    bool good = options->ca_file == NULL || SSL_CTX_load_verify_file(ssl, options->ca_file) == 1
                    ? load_client_certificate(ssl, options, err)
                    : refused(err, "tls.ca_file", options->ca_file);
    if (!good) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    struct tls_context *context = mem_alloc(sizeof *context);
    context->ssl = ssl;
    context->min_version = options->min_version;
    context->expiry_warning_s = options->expiry_warning_s;
    context->expiry_critical_s = options->expiry_critical_s;
    if (options->remember_chains)
        context->chains = chain_memory_new(SSL_CTX_get_cert_store(ssl));
    SSL_CTX_set_cert_verify_callback(ssl, verify, context);
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    chain_memory_free(context->chains);
    SSL_CTX_free(context->ssl);
    free(context);
}

bool tls_session_flooded(const struct tls_session *session)
{
    return session->received > RECEIVED_MAX;
}

/* Called before and after each operation on the socket. Refuses reads beyond READS_PER_TURN as if nothing were there,
 * and those beyond RECEIVED_MAX as if the connection were broken. */
static long limit_reads(BIO *socket, int operation, const char *bytes, size_t size, int argi, long argl, int outcome,
                        size_t *processed)
{
    (void)bytes, (void)size, (void)argi, (void)argl;
    struct tls_session *session = (void *)BIO_get_callback_arg(socket);
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && outcome > 0)
        session->received += *processed;
    if (operation != BIO_CB_READ)
        return outcome;
    BIO_clear_retry_flags(socket);
    if (tls_session_flooded(session))
        return -1;
    if (session->reads++ < READS_PER_TURN)
        return outcome;
    BIO_set_retry_read(socket);
    return -1;
}

struct tls_session *tls_session_new(struct tls_context *context, int fd, const char *domain)
{
    struct tls_session *session = mem_alloc(sizeof *session);
    session->context = context;
    session->ssl = SSL_new(context->ssl);
    if (session->ssl == NULL || SSL_set_app_data(session->ssl, session) != 1 || SSL_set_fd(session->ssl, fd) != 1 ||
        SSL_set_tlsext_host_name(session->ssl, domain) != 1) {
        /* out of memory, or a name longer than SNI can carry, which no domain is */
        tls_session_free(session);
        return NULL;
    }
    BIO_set_callback_arg(SSL_get_rbio(session->ssl), (char *)session);
    BIO_set_callback_ex(SSL_get_rbio(session->ssl), limit_reads);
    SSL_set_connect_state(session->ssl);
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (session == NULL)
        return;
    SSL_free(session->ssl);
    free(session);
}

bool tls_session_offer(struct tls_session *session, const char *protocol)
{
    unsigned char list[1 + UINT8_MAX];
    size_t length = strlen(protocol);
    assert(length > 0 && length <= UINT8_MAX);
    list[0] = (unsigned char)length;
    memcpy(list + 1, protocol, length);
    return SSL_set_alpn_protos(session->ssl, list, 1 + (unsigned)length) == 0;
}

/* Turns the outcome of an SSL_* call into progress, and keeps the first of its errors. */
static enum tls_progress progress_of(struct tls_session *session, int outcome)
{
    int system_error = errno;
    switch (SSL_get_error(session->ssl, outcome)) {
    case SSL_ERROR_NONE: return TLS_DONE;
    case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: session->end = TLS_CLOSED; break;
    case SSL_ERROR_SYSCALL:
        session->end = TLS_CLOSED;
        session->system_error = system_error;
        break;
    default:
        session->error = ERR_peek_error();
        session->end = ERR_GET_REASON(session->error) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? TLS_CLOSED : TLS_FAILED;
    }
    if (tls_session_flooded(session))
        session->end = TLS_FAILED;
    ERR_clear_error();
    return session->end;
}

/* Before each SSL_* call. */
static void turn_begin(struct tls_session *session)
{
    ERR_clear_error();
    errno = 0;
    session->reads = 0;
}

enum tls_progress tls_session_handshake(struct tls_session *session)
{
    turn_begin(session);
    return progress_of(session, SSL_do_handshake(session->ssl));
}

enum tls_progress tls_session_read(struct tls_session *session, void *bytes, size_t size, size_t *got)
{
    turn_begin(session);
    return progress_of(session, SSL_read_ex(session->ssl, bytes, size, got));
}

enum tls_progress tls_session_write(struct tls_session *session, const void *bytes, size_t length, size_t *written)
{
    turn_begin(session);
    return progress_of(session, SSL_write_ex(session->ssl, bytes, length, written));
}

void tls_session_close_notify(struct tls_session *session)
{
    ERR_clear_error();
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}

/* Where none is configured: before TLS 1.3 a server that insists on a certificate sends one of several alerts. */
static bool insists_on_certificate(const struct tls_session *session, unsigned alert)
{
    return session->certificate_asked &&
           (alert == ALERT_CERTIFICATE_REQUIRED || alert == SSL_AD_HANDSHAKE_FAILURE ||
            alert == SSL3_AD_NO_CERTIFICATE || alert == SSL_AD_BAD_CERTIFICATE || alert == SSL_AD_CERTIFICATE_UNKNOWN);
}

void tls_session_fault(const struct tls_session *session, struct check_result *result)
{
    if (tls_session_flooded(session)) {
        check_result_set(result, REASON_STREAM_TOO_LARGE,
                         "more than %d bytes inside TLS, each change of keys counted as %d", RECEIVED_MAX,
                         KEY_UPDATE_COST);
        return;
    }
    if (session->end == TLS_CLOSED && (SSL_get_shutdown(session->ssl) & SSL_RECEIVED_SHUTDOWN) != 0) {
        check_result_set(result, reason_from_tls_alert(SSL_AD_CLOSE_NOTIFY), "alert %d received", SSL_AD_CLOSE_NOTIFY);
        return;
    }
    if (session->end == TLS_CLOSED) {
        check_result_set(result, REASON_TLS_CLOSED, "%s",
                         session->system_error != 0 ? strerror(session->system_error) : "connection ended");
        return;
    }
    int code = ERR_GET_REASON(session->error);
    const char *why = ERR_reason_error_string(session->error);
    if (ERR_GET_LIB(session->error) == ERR_LIB_SSL && code >= ALERT_REASON && code <= ALERT_REASON + 255) {
        unsigned alert = (unsigned)(code - ALERT_REASON);
        enum reason reason = insists_on_certificate(session, alert) ? REASON_TLS_CLIENT_CERTIFICATE_REQUIRED
                                                                    : reason_from_tls_alert(alert);
        check_result_set(result, reason, "alert %u received", alert);
        return;
    }
    switch (ERR_GET_LIB(session->error) == ERR_LIB_SSL ? code : 0) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        check_result_set(result, REASON_TLS_NOT_TLS, "%s", why);
        break;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_WRONG_SSL_VERSION:
        check_result_set(result, REASON_TLS_VERSION_TOO_OLD, "%s", why);
        break;
    default: check_result_set(result, REASON_TLS_ERROR, "%s", why != NULL ? why : "unknown OpenSSL error");
    }
}

void tls_session_renew(struct tls_session *session)
{
    session->received = 0;
}

const char *tls_session_version(const struct tls_session *session)
{
    return SSL_get_version(session->ssl);
}

const char *tls_session_cipher(const struct tls_session *session)
{
    return SSL_CIPHER_get_name(SSL_get_current_cipher(session->ssl));
}

void tls_session_judge_version(const struct tls_session *session, struct check_result *result)
{
    if (SSL_version(session->ssl) >= session->context->min_version)
        check_result_set(result, REASON_OK, NULL);
    else
        check_result_set(result, REASON_TLS_VERSION_TOO_OLD, "the server chose %s", SSL_get_version(session->ssl));
}

struct certificate *tls_session_judge_certificate(const struct tls_session *session, const struct tls_peer *peer,
                                                  struct check_result *verdict)
{
    const struct certificate_policy policy = {
        .domain = peer->domain,
        .domain_unicode = peer->domain_unicode,
        .severity = peer->severity,
        .host = peer->host,
        .tlsa = peer->tlsa,
        .tlsa_count = peer->tlsa_count,
        .now_s = (int64_t)time(NULL),
        .expiry_warning_s = session->context->expiry_warning_s,
        .expiry_critical_s = session->context->expiry_critical_s,
    };
    struct certificate_shown shown = {
        .sent = SSL_get_peer_cert_chain(session->ssl),
        .built = SSL_get0_verified_chain(session->ssl),
        .errors = &session->errors,
    };
    if (sk_X509_num(shown.sent) < 1)
        return NULL;
    long length = SSL_get_tlsext_status_ocsp_resp(session->ssl, &shown.staple);
    shown.staple_length = length > 0 ? (size_t)length : 0;
    struct certificate *facts = certificate_judge(&shown, &policy, verdict);
    ERR_clear_error();
    return facts;
}
