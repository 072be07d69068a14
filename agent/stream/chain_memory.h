/* What verification found about the chains that peers sent lately. Most peers send the same one in every round, and its
 * signatures are then not computed again.
 *
 * What is remembered is the outcome of X509_verify_cert(): it follows from the certificates sent, byte for byte, from
 * the trusted ones, from the settings of the context that the memory belongs to, and from the time. So it is found by
 * the SHA-256 of what was sent, and holds until the next moment at which any certificate that was sent, or any trusted
 * one, begins or ceases to be valid: to look at the clock is to judge every date anew. */
#ifndef STREAM_CHAIN_MEMORY_H
#define STREAM_CHAIN_MEMORY_H

#include <openssl/x509_vfy.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/certificate.h"

struct chain_memory;
/* `trusted` (borrowed) must not change, nor the settings of the contexts that are verified. */
struct chain_memory *chain_memory_new(X509_STORE *trusted);
void chain_memory_free(struct chain_memory *memory); /* NULL is legal */

/* Like X509_verify_cert(context) at now_s: returns what it does and leaves the chain it built in the context. The
 * context's callback must note each complaint in *errors, which is empty, and go on; where the outcome is remembered,
 * it is not called, and *errors is filled in. `memory` may be NULL. */
int chain_memory_verify(struct chain_memory *memory, X509_STORE_CTX *context, struct certificate_errors *errors,
                        int64_t now_s);

/* How many outcomes were not computed again. */
size_t chain_memory_hits(const struct chain_memory *memory);

#endif
