#include "cisco/page_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"

#define META_WITHIN 1024
#define UNKNOWN_CHARACTER 0xfffd

enum charset { UTF_8, UTF_16LE, UTF_16BE, WINDOWS_1252 };

static const struct {
    const char *name;
    enum charset charset;
} NAMES[] = {
    {"utf-8", UTF_8},          {"utf8", UTF_8},
    {"utf-16", UTF_16LE},      {"utf-16le", UTF_16LE},
    {"utf-16be", UTF_16BE},    {"iso-8859-1", WINDOWS_1252},
    {"iso8859-1", WINDOWS_1252}, {"latin1", WINDOWS_1252},
    {"us-ascii", WINDOWS_1252}, {"ascii", WINDOWS_1252},
    {"windows-1252", WINDOWS_1252}, {"cp1252", WINDOWS_1252},
};

/* The characters of 0x80 to 0x9f. */
static const uint16_t WINDOWS_1252_HIGH[32] = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178,
};

static void add_character(struct buf *out, uint32_t character)
{
    if (character == 0)
        character = UNKNOWN_CHARACTER;
    if (character < 0x80) {
        buf_putc(out, (char)character);
        return;
    }
    char bytes[4];
    size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, character >>= 6)
        bytes[i] = (char)(0x80 | (character & 0x3f));
    bytes[0] = (char)((0xf00u >> size) | character);
    buf_add(out, bytes, size);
}

/* The known charset behind "charset=" in the text. */
static bool named(const char *text, enum charset *charset)
{
    const char *at = strcasestr(text, "charset");
    if (at == NULL)
        return false;
    at += strlen("charset");
    at += strspn(at, " \t\r\n");
    if (*at++ != '=')
        return false;
    at += strspn(at, " \t\r\n\"'");
    size_t length = strcspn(at, " \t\r\n\"';>/");
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strlen(NAMES[i].name) == length && strncasecmp(NAMES[i].name, at, length) == 0) {
            *charset = NAMES[i].charset;
            return true;
        }
    }
    return false;
}

/* HTML 13.2.3.2; a page in whose bytes a <meta> could be read is not UTF-16, whatever that says. */
static enum charset declared(const char *bytes, size_t length)
{
    char start[META_WITHIN + 1];
    size_t size = length < META_WITHIN ? length : META_WITHIN;
    for (size_t i = 0; i < size; i++)
        start[i] = bytes[i] != '\0' ? bytes[i] : ' ';
    start[size] = '\0';
    const char *meta = strcasestr(start, "<meta");
    enum charset charset = UTF_8;
    return meta != NULL && named(meta, &charset) && charset == WINDOWS_1252 ? WINDOWS_1252 : UTF_8;
}

static enum charset find_charset(const char *bytes, size_t length, const char *content_type, size_t *mark)
{
    static const struct {
        const char *bytes;
        enum charset charset;
    } MARKS[] = {{"\xef\xbb\xbf", UTF_8}, {"\xff\xfe", UTF_16LE}, {"\xfe\xff", UTF_16BE}};
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        *mark = strlen(MARKS[i].bytes);
        if (length >= *mark && memcmp(bytes, MARKS[i].bytes, *mark) == 0)
            return MARKS[i].charset;
    }
    *mark = 0;
    enum charset charset;
    return content_type != NULL && named(content_type, &charset) ? charset : declared(bytes, length);
}

static void decode_utf8(struct buf *out, const char *bytes, size_t length)
{
    char *copy = mem_alloc(length + 1);
    for (size_t i = 0; i < length; i++)
        copy[i] = bytes[i] != '\0' ? bytes[i] : '\xff'; /* part of no character either */
    const char *text = copy, *character;
    for (size_t size; (size = utf8_next(&text, &character)) != 0;)
        buf_add(out, character, size);
    free(copy);
}

static uint32_t unit_at(const char *bytes, enum charset charset)
{
    uint32_t first = (unsigned char)bytes[0], second = (unsigned char)bytes[1];
    return charset == UTF_16BE ? first << 8 | second : second << 8 | first;
}

static void decode_utf16(struct buf *out, const char *bytes, size_t length, enum charset charset)
{
    for (size_t at = 0; at + 1 < length; at += 2) {
        uint32_t unit = unit_at(bytes + at, charset);
        if (unit < 0xd800 || unit > 0xdfff) {
            add_character(out, unit);
            continue;
        }
        uint32_t low = unit < 0xdc00 && at + 3 < length ? unit_at(bytes + at + 2, charset) : 0;
        bool pair = low >= 0xdc00 && low <= 0xdfff;
        add_character(out, pair ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : UNKNOWN_CHARACTER);
        at += pair ? 2 : 0;
    }
}

void page_text_decode(struct buf *out, const char *bytes, size_t length, const char *content_type)
{
    size_t mark;
    enum charset charset = find_charset(bytes, length, content_type, &mark);
    bytes += mark;
    length -= mark;
    switch (charset) {
    case UTF_8:
        decode_utf8(out, bytes, length);
        break;
    case UTF_16LE:
    case UTF_16BE:
        decode_utf16(out, bytes, length, charset);
        break;
    case WINDOWS_1252:
        for (size_t i = 0; i < length; i++) {
            unsigned char byte = (unsigned char)bytes[i];
            add_character(out, byte >= 0x80 && byte < 0xa0 ? WINDOWS_1252_HIGH[byte - 0x80] : byte);
        }
        break;
    }
}

/* Of ASCII, and the no-break space. */
static size_t space_at(const char *text, size_t length)
{
    if (strchr(" \t\r\n\f\v", *text) != NULL)
        return 1;
    return length >= 2 && memcmp(text, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

void page_text_squeeze(struct buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length && !buf_failed(out);) {
        size_t space = space_at(text + i, length - i);
        if (space == 0)
            buf_putc(out, text[i]);
        else if (out->length > 0 && out->data[out->length - 1] != ' ')
            buf_putc(out, ' ');
        i += space != 0 ? space : 1;
    }
}
