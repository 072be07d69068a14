/* Text into HTML, so that nothing a peer wrote can become markup. */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include "base/buf.h"

/* Appends the text with & < > " ' escaped, as valid UTF-8, control characters as U+FFFD; at most `most` bytes of it,
 * and "…" where it was cut. Fit for content and for quoted attributes. */
void html_text(struct buf *out, const char *text, size_t most);
/* As html_text(), whole; what stands between backticks becomes <code>. */
void html_prose(struct buf *out, const char *text);
/* As the last part of a path in a quoted attribute: whatever may not stand there becomes %XX. */
void html_path(struct buf *out, const char *text);

#endif
