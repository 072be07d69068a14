/* What needs cryptography beside TLS and certificates: keyed hashes, random bytes, and memory that held a secret. */
#ifndef LOGIN_SECRET_H
#define LOGIN_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_HASH_SIZE 32

/* HMAC-SHA-256 (RFC 2104) of the parts, each with its length before it, so that no two lists of parts are alike. */
void secret_hash(unsigned char hash[SECRET_HASH_SIZE], const unsigned char *key, size_t key_size,
                 const char *const *parts, size_t part_count);
/* PBKDF2 (RFC 8018 5.2) with HMAC of that digest. Takes about a microsecond for each of the iterations. */
enum secret_digest { SECRET_SHA1, SECRET_SHA256 };
bool secret_stretch(enum secret_digest digest, const char *password, const unsigned char *salt, size_t salt_size,
                    unsigned iterations, unsigned char *out, size_t out_size);
bool secret_random(unsigned char *bytes, size_t size); /* false: the system has none */
void secret_cleanse(void *bytes, size_t size);          /* zeroes, and no compiler leaves it out; NULL is legal */
/* Behind the last use of the above on a thread that is not ours to end, such as loop_work()'s: frees what OpenSSL keeps
 * for this thread. It may be used again after that. */
void secret_thread_end(void);
void secret_free(char *text);                           /* cleanses and frees a NUL-ended text; NULL is legal */

#endif
