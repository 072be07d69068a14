/* Text of unknown origin, one character at a time, so that whatever is written out is valid UTF-8. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* Steps over one character of *text, which ends with a NUL. Its bytes are left in *bytes (borrowed, no NUL after them)
 * and counted in the result; 0 at the end. A byte that is part of no well-formed character (RFC 3629) reads as U+FFFD.
 * */
size_t utf8_next(const char **text, const char **bytes);

#endif
