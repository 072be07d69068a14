#include "stream/dialback_key.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define SHA1_SIZE 20
#define SHA256_SIZE 32
#define SHA1_HEX_SIZE (2 * SHA1_SIZE + 1)
#define SHA256_HEX_SIZE (2 * SHA256_SIZE + 1)

/* Bytes that are hashed one behind the other. */
struct part {
    const void *bytes;
    size_t size;
};

/* Digests fail only for lack of memory. */
static void must(bool good)
{
    if (good)
        return;
    fputs("fedhealth: out of memory\n", stderr);
    abort();
}

static struct part text_part(const char *text)
{
    return (struct part){text, strlen(text)};
}

static void digest(unsigned char *out, const EVP_MD *md, struct part first, struct part second)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1);
    must(EVP_DigestUpdate(context, first.bytes, first.size) == 1);
    must(EVP_DigestUpdate(context, second.bytes, second.size) == 1);
    must(EVP_DigestFinal_ex(context, out, NULL) == 1);
    EVP_MD_CTX_free(context); /* cleanses what it held */
}

/* The 40 digits of SHA-1. `hex` may be one of the parts. */
static void sha1_hex(char hex[SHA1_HEX_SIZE], struct part first, struct part second)
{
    unsigned char hash[SHA1_SIZE];
    digest(hash, EVP_sha1(), first, second);
    text_hex(hex, hash, sizeof hash);
    OPENSSL_cleanse(hash, sizeof hash);
}

static void hmac_sha256(char *key, const char *secret, struct part text)
{
    unsigned char hash[SHA256_SIZE];
    char hmac_key[SHA256_HEX_SIZE];
    size_t size = 0;
    digest(hash, EVP_sha256(), text_part(secret), text_part(""));
    text_hex(hmac_key, hash, sizeof hash);
    must(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, hmac_key, SHA256_HEX_SIZE - 1, text.bytes, text.size, hash,
                   sizeof hash, &size) != NULL);
    assert(size == sizeof hash);
    text_hex(key, hash, sizeof hash);
    OPENSSL_cleanse(hash, sizeof hash);
    OPENSSL_cleanse(hmac_key, sizeof hmac_key);
}

static void sha1_nested(char *key, const char *secret, const char *receiving, const char *stream_id)
{
    char hex[SHA1_HEX_SIZE];
    const struct part so_far = {hex, SHA1_HEX_SIZE - 1};
    sha1_hex(hex, text_part(secret), text_part(""));
    sha1_hex(hex, so_far, text_part(receiving));
    sha1_hex(hex, so_far, text_part(stream_id));
    memcpy(key, hex, sizeof hex);
    OPENSSL_cleanse(hex, sizeof hex);
}

/* With pads as short as the key, see the header. */
static void hmac_sha1(char *key, const char *secret, struct part text)
{
    unsigned char hmac_key[SHA1_SIZE], inner_pad[SHA1_SIZE], outer_pad[SHA1_SIZE], inner[SHA1_SIZE];
    digest(hmac_key, EVP_sha1(), text_part(secret), text_part(""));
    for (int i = 0; i < SHA1_SIZE; i++) {
        inner_pad[i] = hmac_key[i] ^ 0x36;
        outer_pad[i] = hmac_key[i] ^ 0x5c;
    }
    digest(inner, EVP_sha1(), (struct part){inner_pad, sizeof inner_pad}, text);
    sha1_hex(key, (struct part){outer_pad, sizeof outer_pad}, (struct part){inner, sizeof inner});
    OPENSSL_cleanse(hmac_key, sizeof hmac_key);
    OPENSSL_cleanse(inner_pad, sizeof inner_pad);
    OPENSSL_cleanse(outer_pad, sizeof outer_pad);
    OPENSSL_cleanse(inner, sizeof inner);
}

void dialback_key(char key[DIALBACK_KEY_SIZE], enum dialback_algorithm algorithm, const char *secret,
                  const char *receiving, const char *originating, const char *stream_id)
{
    char *text = mem_printf("%s %s %s", receiving, originating, stream_id);
    switch (algorithm) {
    case DIALBACK_HMAC_SHA256: hmac_sha256(key, secret, text_part(text)); break;
    case DIALBACK_SHA1_NESTED: sha1_nested(key, secret, receiving, stream_id); break;
    case DIALBACK_HMAC_SHA1: hmac_sha1(key, secret, text_part(text)); break;
    case DIALBACK_SHA1_CONCAT: sha1_hex(key, text_part(stream_id), text_part(secret)); break;
    case DIALBACK_AUTO:
    case DIALBACK_ALGORITHM_COUNT: assert(!"an algorithm of its own"); abort();
    }
    free(text);
}

static bool is_hmac(const char *key, struct part hmac_key, struct part text)
{
    unsigned char hash[SHA1_SIZE];
    char hex[SHA1_HEX_SIZE];
    size_t size = 0;
    must(EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, hmac_key.bytes, hmac_key.size, text.bytes, text.size, hash,
                   sizeof hash, &size) != NULL);
    bool same = dialback_key_equal(key, text_hex(hex, hash, size));
    OPENSSL_cleanse(hash, sizeof hash);
    OPENSSL_cleanse(hex, sizeof hex);
    return same;
}

bool dialback_key_is_plain_hmac_sha1(const char *key, const char *secret, const char *receiving,
                                     const char *originating, const char *stream_id)
{
    unsigned char hash[SHA1_SIZE];
    char hex[SHA1_HEX_SIZE];
    char *text = mem_printf("%s %s %s", receiving, originating, stream_id);
    digest(hash, EVP_sha1(), text_part(secret), text_part(""));
    text_hex(hex, hash, sizeof hash);
    bool same = is_hmac(key, (struct part){hash, sizeof hash}, text_part(text)) ||
                is_hmac(key, text_part(hex), text_part(text));
    OPENSSL_cleanse(hash, sizeof hash);
    OPENSSL_cleanse(hex, sizeof hex);
    free(text);
    return same;
}

bool dialback_key_equal(const char *a, const char *b)
{
    size_t size = strlen(a);
    return size == strlen(b) && CRYPTO_memcmp(a, b, size) == 0;
}
