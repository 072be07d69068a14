/* Text from peers, made fit for people, logs, labels and JSON; and how like two texts are. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A copy that is valid UTF-8 without control characters, each of which, like each stray byte, becomes U+FFFD. At
 * most `max` bytes long, cut between characters. To be freed by the caller. */
char *text_clean(const char *text, size_t max);

/* Makes ASCII letters lower case, whatever the locale; other bytes stay. */
void text_lower(char *text);

/* Bytes as lower-case hexadecimal digits, two each, into `out`, which has room for them and a NUL; `out` is
 * returned. */
char *text_hex(char *out, const unsigned char *bytes, size_t size);

/* "host:port", or "[v6]:port" where the host is a numeric IPv6 address; `out` is returned. */
#define TEXT_HOST_PORT_SIZE 1088 /* holds every name that DNS can carry, however its bytes are escaped */
char *text_host_port(char out[TEXT_HOST_PORT_SIZE], const char *host, uint16_t port);

/* Whether both are the same text, or both are NULL. */
bool text_same(const char *left, const char *right);

/* A number for these bytes (FNV-1a): another for nearly all others, but one who wants two alike can find them. */
uint64_t text_hash(const char *bytes, size_t size);

/* How many bytes must be inserted, removed or replaced to get from one word to the other (Levenshtein). Words of
 * TEXT_WORD_MAX bytes and more are as unlike as can be: TEXT_WORD_MAX. */
#define TEXT_WORD_MAX 64
size_t text_distance(const char *from, const char *to);

#endif
