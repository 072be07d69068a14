/* For tests: HTTPS servers on threads of their own that reply what they are told to, and certificates for them. */
#ifndef TESTS_HTTPS_SCRIPT_H
#define TESTS_HTTPS_SCRIPT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A key and its certificate, which is in a file too. */
struct https_identity {
    EVP_PKEY *key;
    X509 *certificate;
    char fingerprint[65]; /* SHA-256 */
    char file[64];        /* PEM */
};

/* `names` in OpenSSL's notation, "DNS:a.test,IP:127.0.0.1"; issuer NULL: self-signed, and may issue others. */
struct https_identity *https_identity_new(const char *names, int from_days, int until_days,
                                          const struct https_identity *issuer);
void https_identity_free(struct https_identity *identity);

enum https_end {
    HTTPS_KEEP,  /* the next request is read, and the script is played again */
    HTTPS_CLOSE, /* as TLS wants it */
    HTTPS_CUT,   /* TCP ends, TLS does not */
    HTTPS_RESET,
    HTTPS_HOLD   /* silence, until the client closes */
};

/* What a connection's requests are replied to with. */
struct https_script {
    enum { HTTPS_AT_REPLY, HTTPS_AT_TCP, HTTPS_AT_TLS } at; /* AT_TCP, AT_TLS: said without TLS, without a request */
    const char *text;   /* said once */
    size_t length;      /* of text; 0: up to its NUL */
    const char *again;  /* said after it, `times` times; NULL: not */
    size_t times;       /* 0: until the client closes */
    int pace_ms;        /* between them */
    bool key_updates;   /* without end, after `text` (RFC 8446 4.6.3) */
    enum https_end end;
    unsigned requests;  /* HTTPS_KEEP: of a connection, after which it is closed without a reply; 0: any number */
};

struct https_server;
/* `script` and `identity` are borrowed. Versions are as OpenSSL numbers them; 0: any. */
struct https_server *https_server_new(const struct https_identity *identity, const struct https_script *script,
                                      int max_version);
void https_server_free(struct https_server *server);
uint16_t https_server_port(const struct https_server *server);
/* For connections to come. */
void https_server_change(struct https_server *server, const struct https_identity *identity,
                         const struct https_script *script);
unsigned https_server_connections(struct https_server *server);
unsigned https_server_open(struct https_server *server);     /* connections that have not ended */
unsigned https_server_requests(struct https_server *server);
void https_server_received(struct https_server *server, struct buf *out); /* all requests, one after the other */

#endif
