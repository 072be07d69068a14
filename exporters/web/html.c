#include "exporters/web/html.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

/* One character, its bytes as utf8_next() gives them. */
static void add_character(struct buf *out, const char *bytes, size_t length)
{
    switch (*bytes) {
    case '&': buf_puts(out, "&amp;"); return;
    case '<': buf_puts(out, "&lt;"); return;
    case '>': buf_puts(out, "&gt;"); return;
    case '"': buf_puts(out, "&quot;"); return;
    case '\'': buf_puts(out, "&#39;"); return;
    }
    unsigned char first = (unsigned char)*bytes;
    if ((first < 0x20 && first != '\n' && first != '\t') || first == 0x7f)
        buf_puts(out, "\xef\xbf\xbd");
    else
        buf_add(out, bytes, length);
}

void html_text(struct buf *out, const char *text, size_t most)
{
    const char *bytes;
    size_t length;
    while ((length = utf8_next(&text, &bytes)) != 0) {
        if (length > most) {
            buf_puts(out, "…");
            return;
        }
        most -= length;
        add_character(out, bytes, length);
    }
}

void html_prose(struct buf *out, const char *text)
{
    const char *bytes;
    size_t length;
    bool in_code = false;
    while ((length = utf8_next(&text, &bytes)) != 0) {
        if (*bytes == '`') {
            in_code = !in_code;
            buf_puts(out, in_code ? "<code>" : "</code>");
        } else {
            add_character(out, bytes, length);
        }
    }
    if (in_code)
        buf_puts(out, "</code>");
}

void html_path(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x80 && (isalnum(byte) || strchr("-._~", byte) != NULL)) /* RFC 3986 2.3 */
            buf_putc(out, *text);
        else
            buf_printf(out, "%%%02X", byte);
    }
}
