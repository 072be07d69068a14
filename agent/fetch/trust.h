/* Whom fetch.c trusts: what is hung into the SSL_CTX that libcurl makes for each connection. */
#ifndef FETCH_TRUST_H
#define FETCH_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Trusted roots, kept by file, since reading those of a system takes a tenth of a second. */
struct trust_roots;
struct trust_roots *trust_roots_new(void);
void trust_roots_free(struct trust_roots *roots); /* what a trust has taken of them stays; NULL is legal */

/* What one server must show, and what it has shown. Shared with the connections that were made under it. */
struct trust;

/* With a fingerprint (64 lower-case hexadecimal digits) the server's own certificate must have it as its SHA-256, and
 * neither issuer, name nor dates matter. NULL: whoever the roots of trust_load() vouch for; without them, nobody.
 * `min_version` is as OpenSSL numbers it; below TLS 1.2 (0x0303) what old servers need is allowed too: security level
 * 0, and no secure renegotiation (RFC 5746). */
struct trust *trust_new(const char *fingerprint_sha256, int min_version);
void trust_free(struct trust *trust); /* what a connection needs of it stays; NULL is legal */

/* Reads a PEM file, or takes it from `roots` when it is still the same by time, size and inode. A certificate in it is
 * trusted whether it is a root or not. With a fingerprint nothing is read. */
bool trust_load(struct trust *trust, struct trust_roots *roots, const char *ca_file, struct err *err);

/* Hangs it into an SSL_CTX, which must not have been used. No session is ever resumed, so that every connection shows
 * its certificate, and none renegotiates. False: no connection may be made. */
bool trust_hang(struct trust *trust, void *ssl_ctx);
/* Why a certificate, or what else was said in TLS, was refused: "certificate has expired; …"; "" where it was not. */
const char *trust_fault(const struct trust *trust);
/* The SHA-256 of the certificate that the server showed, in hexadecimal; "" where none was looked at. */
const char *trust_shown(const struct trust *trust);
/* How a fault says so. */
#define TRUST_SHOWN "; SHA-256 fingerprint of the server's certificate: %s"

#define TRUST_TAG_SIZE 41
/* 40 hexadecimal digits that stand for host, port and trust, the state of its file included. Returns out. */
const char *trust_tag(char out[TRUST_TAG_SIZE], const struct trust *trust, const char *host, uint16_t port);

#endif
