/* The client's side of a login by SASL (RFC 4422): SCRAM-SHA-256, SCRAM-SHA-1 (RFC 7677, 5802), PLAIN (RFC 4616). The
 * ONLY user of libgsasl. No I/O; a step of SCRAM takes as long as the server's number of iterations wants, so that it
 * belongs on another thread. No channel binding: the mechanisms with -PLUS are not spoken. */
#ifndef PING_SASL_H
#define PING_SASL_H

#include <stdbool.h>
#include <stddef.h>

/* More iterations than this of the password's hash are refused: about a second's work. */
#define SASL_ITERATIONS_MAX 1000000

/* The strongest mechanism that is spoken here, of those in `offered`, with spaces between them; NULL: none. */
const char *sasl_choose(const char *offered);

struct sasl;
/* `mechanism` is one that sasl_choose() returned. Both texts are copied. NULL: libgsasl cannot be set up. */
struct sasl *sasl_new(const char *mechanism, const char *username, const char *password);
void sasl_free(struct sasl *sasl); /* cleanses what it holds of the password; NULL is legal */

enum sasl_progress {
    SASL_MORE,  /* the server's word is needed next */
    SASL_DONE,  /* all is said; with SCRAM the server has shown that it knows the password (its signature is right) */
    SASL_FAILED /* sasl_fault() says why. Final */
};

/* What to send: the initial response (`challenge` NULL), or the answer to a challenge, or to what came with success;
 * both in base64. *response is "" where there is nothing to say, and NULL after a failure; the caller's to free with
 * secret_free(). */
enum sasl_progress sasl_step(struct sasl *sasl, const char *challenge, char **response);
const char *sasl_fault(const struct sasl *sasl); /* never has the server's words */
/* Whether something was made that the password could be judged by. */
bool sasl_has_shown(const struct sasl *sasl);

#endif
