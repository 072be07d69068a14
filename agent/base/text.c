#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */

/* C0, DEL and C1. */
static bool is_control(const char *bytes, size_t size)
{
    unsigned char first = (unsigned char)bytes[0];
    return (size == 1 && (first < 0x20 || first == 0x7f)) ||
           (size == 2 && first == 0xc2 && (unsigned char)bytes[1] < 0xa0);
}

char *text_clean(const char *text, size_t max)
{
    size_t length = strlen(text), limit = 3 * length < max ? 3 * length : max;
    char *clean = mem_alloc(limit + 1);
    size_t used = 0, size;
    for (const char *bytes; (size = utf8_next(&text, &bytes)) != 0;) {
        if (is_control(bytes, size)) {
            bytes = REPLACEMENT;
            size = sizeof REPLACEMENT - 1;
        }
        if (used + size > limit)
            break;
        memcpy(clean + used, bytes, size);
        used += size;
    }
    return clean;
}

void text_lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
    }
}

char *text_hex(char *out, const unsigned char *bytes, size_t size)
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = DIGITS[bytes[i] >> 4];
        out[2 * i + 1] = DIGITS[bytes[i] & 15];
    }
    out[2 * size] = '\0';
    return out;
}

char *text_host_port(char out[TEXT_HOST_PORT_SIZE], const char *host, uint16_t port)
{
    struct in6_addr address;
    bool brackets = inet_pton(AF_INET6, host, &address) == 1;
    snprintf(out, TEXT_HOST_PORT_SIZE, brackets ? "[%s]:%u" : "%s:%u", host, port);
    return out;
}

bool text_same(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

uint64_t text_hash(const char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(const char *from, const char *to)
{
    size_t row[TEXT_WORD_MAX], length = strlen(to);
    if (length >= TEXT_WORD_MAX || strlen(from) >= TEXT_WORD_MAX)
        return TEXT_WORD_MAX;
    for (size_t i = 0; i <= length; i++)
        row[i] = i;
    for (; *from != '\0'; from++) {
        size_t diagonal = row[0]++;
        for (size_t i = 1; i <= length; i++) {
            size_t replaced = diagonal + (*from != to[i - 1]);
            diagonal = row[i];
            row[i] = least(replaced, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[length];
}
