#include "base/xml.h"

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* How the ASCII character is written; NULL: as it is. */
static const char *written(unsigned char byte, bool attribute)
{
    switch (byte) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '\r': return "&#13;"; /* would be read as a line feed */
    case '\'': return attribute ? "&apos;" : NULL;
    case '\t': return attribute ? "&#9;" : NULL; /* would be read as a blank, like the next */
    case '\n': return attribute ? "&#10;" : NULL;
    default: return byte < ' ' ? REPLACEMENT : NULL;
    }
}

static void put(struct buf *out, const char *text, bool attribute)
{
    size_t size;
    for (const char *bytes; (size = utf8_next(&text, &bytes)) != 0;) {
        unsigned char first = (unsigned char)bytes[0];
        bool none = first == 0xef && (unsigned char)bytes[1] == 0xbf && (unsigned char)bytes[2] >= 0xbe;
        const char *instead = none ? REPLACEMENT : written(first, attribute);
        if (instead != NULL)
            buf_puts(out, instead);
        else
            buf_add(out, bytes, size);
    }
}

void xml_put_text(struct buf *out, const char *text)
{
    put(out, text, false);
}

void xml_put_attribute(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, " %s='", name);
    put(out, value, true);
    buf_putc(out, '\'');
}
