/* Dialback keys (XEP-0220): what a server sends as proof that a stream comes from it, and what it is asked to confirm.
 * They follow from a secret that the servers of one domain share, the two domains and the id of the stream.
 *
 * hmac-sha256   XEP-0185: HMAC-SHA-256 of "receiving originating id", keyed with the 64 lower-case hexadecimal digits
 *               of SHA-256(secret). Prosody; ejabberd.
 * sha1-nested   H(H(H(secret) receiving) id), where H is the 40 lower-case hexadecimal digits of SHA-1; nothing stands
 *               between the parts, and the originating domain is none of them. jabberd 1.4, jabberd2.
 * hmac-sha1     jabberd14 from 1.6 on, by its source (lib/hmac.cc, dialback.cc): of "receiving originating id", keyed
 *               with the 20 bytes of SHA-1(secret), but with inner and outer pads of 20 bytes, not the 64 of RFC 2104,
 *               so that it is another value than HMAC-SHA-1 proper. Experimental.
 * sha1-concat   SHA-1(id secret), nothing between them; neither domain is in it. Openfire. Experimental.
 *
 * All are written as lower-case hexadecimal digits, 64 or 40. */
#ifndef STREAM_DIALBACK_KEY_H
#define STREAM_DIALBACK_KEY_H

#include <stdbool.h>

#include "health/dialback.h"

#define DIALBACK_KEY_SIZE 65 /* the longest key, and its NUL */

/* The key by an algorithm that is not DIALBACK_AUTO. `receiving` is who verifies, `originating` whose secret it is;
 * both as they stand in the stream, that is as U-labels. What was computed on the way is cleansed; `key` is the
 * caller's. */
void dialback_key(char key[DIALBACK_KEY_SIZE], enum dialback_algorithm algorithm, const char *secret,
                  const char *receiving, const char *originating, const char *stream_id);
/* Whether the key is HMAC-SHA-1 proper (RFC 2104) of what hmac-sha1 is made of, keyed with SHA-1(secret) in bytes or in
 * hexadecimal digits. No server is known to make it; it is for those of unknown make. */
bool dialback_key_is_plain_hmac_sha1(const char *key, const char *secret, const char *receiving,
                                     const char *originating, const char *stream_id);
/* Whether the two are alike, without telling by the time it takes where they differ. */
bool dialback_key_equal(const char *a, const char *b);

#endif
