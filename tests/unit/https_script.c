#include "tests/unit/https_script.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define PEERS_MAX 64
#define RECEIVED_MAX (4 * 1024 * 1024)

/* One connection. */
struct peer {
    struct https_server *server;
    pthread_t thread;
    int fd;
    bool started, ended;
    SSL *ssl;
    const struct https_script *script;
    const struct https_identity *identity;
};

struct https_server {
    int fd, max_version;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    const struct https_identity *identity;
    const struct https_script *script;
    struct peer peers[PEERS_MAX];
    unsigned connections, ended, requests;
    struct buf received;
};

static void must(bool held, const char *what)
{
    if (!held) {
        perror(what);
        abort();
    }
}

/* Certificates. */

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static void identity_save(struct https_identity *identity)
{
    snprintf(identity->file, sizeof identity->file, "/tmp/https-script-XXXXXX");
    int fd = mkstemp(identity->file);
    must(fd >= 0, identity->file);
    FILE *file = fdopen(fd, "w");
    must(file != NULL && PEM_write_X509(file, identity->certificate) == 1 && fclose(file) == 0, identity->file);
}

struct https_identity *https_identity_new(const char *names, int from_days, int until_days,
                                          const struct https_identity *issuer)
{
    static long serial = 100;
    struct https_identity *identity = mem_alloc(sizeof *identity);
    X509 *certificate = identity->certificate = X509_new();
    identity->key = EVP_EC_gen("P-256");
    char name[32];
    snprintf(name, sizeof name, "Test %ld", serial);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_time_adj_ex(X509_getm_notBefore(certificate), from_days, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(certificate), until_days, 0, NULL);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, (unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer != NULL ? issuer->certificate : certificate));
    X509_set_pubkey(certificate, identity->key);
    extend(certificate, NID_subject_alt_name, names);
    if (issuer == NULL)
        extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(certificate, issuer != NULL ? issuer->key : identity->key, EVP_sha256()) > 0, "X509_sign");
    unsigned char hash[32];
    must(X509_digest(certificate, EVP_sha256(), hash, NULL) == 1, "X509_digest");
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(identity->fingerprint + 2 * i, 3, "%02x", hash[i]);
    identity_save(identity);
    return identity;
}

void https_identity_free(struct https_identity *identity)
{
    if (identity == NULL)
        return;
    unlink(identity->file);
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    free(identity);
}

/* A connection's thread. */

static bool say(struct peer *peer, const char *bytes, size_t length)
{
    if (length == 0)
        return true;
    if (peer->ssl != NULL)
        return SSL_write(peer->ssl, bytes, (int)length) == (int)length;
    return send(peer->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool play(struct peer *peer)
{
    const struct https_script *script = peer->script;
    const struct timespec pace = {.tv_sec = script->pace_ms / 1000, .tv_nsec = script->pace_ms % 1000 * 1000000L};
    const char *text = script->text != NULL ? script->text : "";
    if (!say(peer, text, script->length != 0 ? script->length : strlen(text)))
        return false;
    while (script->key_updates) {
        if (SSL_key_update(peer->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(peer->ssl) != 1)
            return false;
    }
    if (script->again == NULL)
        return true;
    size_t length = strlen(script->again);
    for (size_t i = 0; script->times == 0 || i < script->times; i++) {
        if (script->pace_ms > 0)
            nanosleep(&pace, NULL);
        if (!say(peer, script->again, length))
            return false;
    }
    return true;
}

/* A head, and a body of the length that it tells. */
static bool request_read(struct peer *peer)
{
    struct buf request;
    buf_init(&request, RECEIVED_MAX);
    size_t wanted = SIZE_MAX;
    char bytes[4096];
    while (request.length < wanted) {
        int got = SSL_read(peer->ssl, bytes, sizeof bytes);
        if (got <= 0)
            break;
        buf_add(&request, bytes, (size_t)got);
        const char *end = strstr(request.data, "\r\n\r\n"), *length = strstr(request.data, "Content-Length: ");
        if (end != NULL)
            wanted = (size_t)(end + 4 - request.data) + (length != NULL ? strtoul(length + 16, NULL, 10) : 0);
    }
    bool whole = request.length >= wanted;
    pthread_mutex_lock(&peer->server->lock);
    if (whole) {
        peer->server->requests++;
        buf_add(&peer->server->received, request.data, request.length);
    }
    pthread_mutex_unlock(&peer->server->lock);
    buf_fini(&request);
    return whole;
}

static SSL_CTX *context_of(const struct peer *peer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    must(context != NULL, "SSL_CTX_new");
    if (peer->server->max_version != 0) {
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, peer->server->max_version);
        must(SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0") == 1, "ciphers");
    }
    must(SSL_CTX_use_certificate(context, peer->identity->certificate) == 1 &&
         SSL_CTX_use_PrivateKey(context, peer->identity->key) == 1, "certificate");
    return context;
}

static void converse(struct peer *peer)
{
    if (peer->script->at == HTTPS_AT_TCP) {
        play(peer);
        return;
    }
    SSL_CTX *context = context_of(peer);
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl, peer->fd);
    peer->ssl = ssl;
    bool more = SSL_accept(ssl) == 1;
    if (more && peer->script->at == HTTPS_AT_TLS)
        more = play(peer);
    else {
        for (unsigned count = 1; more && request_read(peer); count++) {
            if (peer->script->requests != 0 && count > peer->script->requests)
                break;
            more = play(peer) && peer->script->end == HTTPS_KEEP;
        }
    }
}

static void part(struct peer *peer)
{
    char byte;
    switch (peer->script->end) {
    case HTTPS_KEEP:
    case HTTPS_CLOSE:
        if (peer->ssl != NULL)
            SSL_shutdown(peer->ssl);
        shutdown(peer->fd, SHUT_WR);
        break;
    case HTTPS_CUT: shutdown(peer->fd, SHUT_WR); break;
    case HTTPS_RESET:
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        return;
    case HTTPS_HOLD: break;
    }
    while (recv(peer->fd, &byte, 1, 0) > 0)
        ;
}

static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    converse(peer);
    part(peer);
    SSL_free(peer->ssl);
    pthread_mutex_lock(&peer->server->lock);
    close(peer->fd);
    peer->ended = true;
    peer->server->ended++;
    pthread_mutex_unlock(&peer->server->lock);
    return NULL;
}

static void *server_run(void *arg)
{
    struct https_server *server = arg;
    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) {
        pthread_mutex_lock(&server->lock);
        must(server->connections < PEERS_MAX, "connections");
        struct peer *peer = &server->peers[server->connections++];
        *peer = (struct peer){.server = server, .fd = fd, .started = true, .script = server->script,
                              .identity = server->identity};
        must(pthread_create(&peer->thread, NULL, peer_run, peer) == 0, "pthread_create");
        pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

struct https_server *https_server_new(const struct https_identity *identity, const struct https_script *script,
                                      int max_version)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct https_server *server = mem_alloc(sizeof *server);
    server->max_version = max_version;
    server->identity = identity;
    server->script = script;
    buf_init(&server->received, RECEIVED_MAX);
    pthread_mutex_init(&server->lock, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(server->fd, (struct sockaddr *)&address, size) == 0 && listen(server->fd, 64) == 0 &&
         getsockname(server->fd, (struct sockaddr *)&address, &size) == 0, "a port");
    server->port = ntohs(address.sin_port);
    sigset_t pipe, former; /* OpenSSL writes to what the client has closed */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &former);
    must(pthread_create(&server->thread, NULL, server_run, server) == 0, "pthread_create");
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return server;
}

void https_server_free(struct https_server *server)
{
    if (server == NULL)
        return;
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (unsigned i = 0; i < server->connections; i++) {
        struct peer *peer = &server->peers[i];
        pthread_mutex_lock(&server->lock);
        if (!peer->ended)
            shutdown(peer->fd, SHUT_RDWR);
        pthread_mutex_unlock(&server->lock);
        pthread_join(peer->thread, NULL);
    }
    close(server->fd);
    pthread_mutex_destroy(&server->lock);
    buf_fini(&server->received);
    free(server);
}

uint16_t https_server_port(const struct https_server *server)
{
    return server->port;
}

void https_server_change(struct https_server *server, const struct https_identity *identity,
                         const struct https_script *script)
{
    pthread_mutex_lock(&server->lock);
    server->identity = identity;
    server->script = script;
    pthread_mutex_unlock(&server->lock);
}

static unsigned look(struct https_server *server, const unsigned *number)
{
    pthread_mutex_lock(&server->lock);
    unsigned value = *number;
    pthread_mutex_unlock(&server->lock);
    return value;
}

unsigned https_server_connections(struct https_server *server)
{
    return look(server, &server->connections);
}

unsigned https_server_open(struct https_server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned open = server->connections - server->ended;
    pthread_mutex_unlock(&server->lock);
    return open;
}

unsigned https_server_requests(struct https_server *server)
{
    return look(server, &server->requests);
}

void https_server_received(struct https_server *server, struct buf *out)
{
    pthread_mutex_lock(&server->lock);
    buf_add(out, server->received.data, server->received.length);
    pthread_mutex_unlock(&server->lock);
}
