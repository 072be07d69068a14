/* The text of a page: from the bytes of whatever charset into UTF-8, and white space as people see it. */
#ifndef CISCO_PAGE_TEXT_H
#define CISCO_PAGE_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the page as valid UTF-8 without NUL. Its charset is that of a byte order mark, else of the header field
 * Content-Type (NULL: none), else of a <meta> in the first KiB, else UTF-8. Known are UTF-8, UTF-16 and windows-1252,
 * with the names that mean it or a part of it to browsers (US-ASCII, ISO-8859-1); others are read as UTF-8. What is
 * not well formed becomes U+FFFD. */
void page_text_decode(struct buf *out, const char *bytes, size_t length, const char *content_type);

/* Appends text with each run of white space, also across calls, as one space and none in front, until the buffer's cap
 * is reached; the rest is left out, and the buffer then counts as failed. */
void page_text_squeeze(struct buf *out, const char *text, size_t length);

#endif
