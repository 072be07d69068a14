/* Text from peers, made fit for people, logs, labels and JSON; and how like two words are. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* A copy that is valid UTF-8 without control characters, each of which, like each stray byte, becomes U+FFFD. At
 * most `max` bytes long, cut between characters. To be freed by the caller. */
char *text_clean(const char *text, size_t max);

/* Makes ASCII letters lower case, whatever the locale; other bytes stay. */
void text_lower(char *text);

/* How many bytes must be inserted, removed or replaced to get from one word to the other (Levenshtein). Words of
 * TEXT_WORD_MAX bytes and more are as unlike as can be: TEXT_WORD_MAX. */
#define TEXT_WORD_MAX 64
size_t text_distance(const char *from, const char *to);

#endif
