#include "login/secret.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_SIZE 8

/* HMAC with SHA-256 fails only for lack of memory. */
static void must(bool good)
{
    if (good)
        return;
    fputs("fedhealth: out of memory\n", stderr);
    abort();
}

static void add(EVP_MAC_CTX *context, const char *part)
{
    unsigned char length[LENGTH_SIZE];
    size_t size = strlen(part);
    for (int i = 0; i < LENGTH_SIZE; i++)
        length[i] = (unsigned char)((uint64_t)size >> (8 * (LENGTH_SIZE - 1 - i)));
    must(EVP_MAC_update(context, length, sizeof length) == 1);
    must(EVP_MAC_update(context, (const unsigned char *)part, size) == 1);
}

void secret_hash(unsigned char hash[SECRET_HASH_SIZE], const unsigned char *key, size_t key_size,
                 const char *const *parts, size_t part_count)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    size_t size = 0;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(hmac != NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    must(context != NULL && EVP_MAC_init(context, key, key_size, params) == 1);
    for (size_t i = 0; i < part_count; i++)
        add(context, parts[i]);
    must(EVP_MAC_final(context, hash, &size, SECRET_HASH_SIZE) == 1);
    assert(size == SECRET_HASH_SIZE);
    EVP_MAC_CTX_free(context); /* cleanses what it held */
    EVP_MAC_free(hmac);
}

bool secret_stretch(enum secret_digest digest, const char *password, const unsigned char *salt, size_t salt_size,
                    unsigned iterations, unsigned char *out, size_t out_size)
{
    return salt_size <= INT32_MAX && iterations <= INT32_MAX && out_size <= INT32_MAX &&
           PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)salt_size, (int)iterations,
                             digest == SECRET_SHA1 ? EVP_sha1() : EVP_sha256(), (int)out_size, out) == 1;
}

bool secret_random(unsigned char *bytes, size_t size)
{
    return size <= INT32_MAX && RAND_bytes(bytes, (int)size) == 1;
}

void secret_cleanse(void *bytes, size_t size)
{
    if (bytes != NULL)
        OPENSSL_cleanse(bytes, size);
}

void secret_thread_end(void)
{
    OPENSSL_thread_stop();
}

void secret_free(char *text)
{
    if (text != NULL)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}
