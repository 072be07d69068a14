/* Whom fetch.c trusts: what is hung into the SSL_CTX that libcurl makes for each connection. With tls.c, certificate.c
 * and secret.c the ONLY user of OpenSSL. */
#ifndef PROBE_TRUST_H
#define PROBE_TRUST_H

#include <stdbool.h>
#include <stdint.h>

/* What one server must show, and what it has shown. Shared with the connections that were made under it. */
struct trust;

/* With a fingerprint (64 lower-case hexadecimal digits) the server's own certificate must have it as its SHA-256, and
 * neither issuer, name nor dates matter. NULL: whoever the trusted roots of the SSL_CTX vouch for.
 * `min_version` is as OpenSSL numbers it; below TLS 1.2 (0x0303) what old servers need is allowed too: security level
 * 0, and no secure renegotiation (RFC 5746). */
struct trust *trust_new(const char *fingerprint_sha256, int min_version);
void trust_free(struct trust *trust); /* what a connection needs of it stays; NULL is legal */

/* Hangs it into an SSL_CTX, which must not have been used. No session is ever resumed, so that every connection shows
 * its certificate, and none renegotiates. False: out of memory; no connection may be made then. */
bool trust_hang(struct trust *trust, void *ssl_ctx);
/* Why a server's certificate or what else it said in TLS was refused: "certificate has expired"; "" where it was not. */
const char *trust_fault(const struct trust *trust);

/* Whatever decides whether a connection may be used for a request. */
struct trust_scope {
    const char *host;
    uint16_t port;
    const char *ca_file;     /* its time, size and inode count too: a file that was replaced is another trust */
    const char *fingerprint_sha256; /* NULL: ca_file decides */
    int min_version;
};

#define TRUST_TAG_SIZE 41
/* 40 hexadecimal digits; those of two scopes are alike only if the scopes are. Returns out. */
const char *trust_tag(char out[TRUST_TAG_SIZE], const struct trust_scope *scope);

#endif
