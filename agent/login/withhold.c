#include "login/withhold.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/result.h"
#include "login/secret.h"

#define PART_MIN 8      /* characters of a secret that show too much of it */
#define PART_MIN_END 4  /* the same, where the text ends */

enum secret { PASSWORD, ENCODED, BASIC, PLAIN, SECRET_COUNT };

struct withhold {
    char *text[SECRET_COUNT]; /* owned; cleansed */
    size_t length[SECRET_COUNT];
};

/* RFC 4648 4, without padding. */
static char *base64(const char *text, size_t length)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *encoded = mem_alloc(4 * (length / 3 + 1) + 1), *at = encoded;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < length; i++) {
        bits = (bits << 8 | (unsigned char)text[i]) & 0xffff;
        for (held += 8; held >= 6; held -= 6)
            *at++ = DIGITS[bits >> (held - 6) & 63];
    }
    if (held > 0)
        *at = DIGITS[bits << (6 - held) & 63];
    return encoded;
}

/* ---- one character ---- */

static bool is_same(unsigned value, char wanted)
{
    return value <= 0xff && tolower((int)value) == tolower((unsigned char)wanted);
}

static size_t hex_bytes(const char *text, size_t digits, char wanted)
{
    char number[5] = "";
    for (size_t i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return 0;
        number[i] = text[i];
    }
    return is_same((unsigned)strtoul(number, NULL, 16), wanted) ? digits : 0;
}

/* "&amp;", "&#38;", "&#x26;"; `text` is behind the '&'. */
static size_t entity_bytes(const char *text, char wanted)
{
    static const struct {
        const char *name;
        char character;
    } NAMES[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"nbsp;", ' '}};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (NAMES[i].character == wanted && strncmp(text, NAMES[i].name, strlen(NAMES[i].name)) == 0)
            return strlen(NAMES[i].name);
    }
    bool hex = text[0] == '#' && tolower((unsigned char)text[1]) == 'x';
    const char *digits = text + (hex ? 2 : 1);
    if (text[0] != '#' || !isxdigit((unsigned char)*digits))
        return 0;
    char *end;
    unsigned long value = strtoul(digits, &end, hex ? 16 : 10);
    return *end == ';' && value < 0x80 && is_same((unsigned)value, wanted) ? (size_t)(end + 1 - text) : 0;
}

/* How many bytes of the text stand for the character as encoded; 0: they stand for another. */
static size_t encoded_bytes(const char *text, char wanted)
{
    size_t size = 0;
    if (text[0] == '%')
        size = hex_bytes(text + 1, 2, wanted);
    else if (text[0] == '&')
        size = entity_bytes(text + 1, wanted);
    else if (text[0] == '\\' && text[1] == 'u' && (size = hex_bytes(text + 2, 4, wanted)) > 0)
        size++;
    else if (text[0] == '\\' && text[1] == wanted)
        size = 1;
    if (size > 0)
        return 1 + size;
    return text[0] == '+' && wanted == ' ' ? 1 : 0;
}

/* ---- one text ---- */

static bool is_blank(char byte)
{
    return byte != '\0' && strchr(" \t\r\n", byte) != NULL;
}

/* How many bytes at the start of the text show the secret, or too much of it. */
static size_t shown_bytes(const char *text, const char *secret, size_t length, bool encoded)
{
    size_t at = 0, count = 0, shown = 0;
    while (count < length && text[at] != '\0') {
        size_t size = encoded ? encoded_bytes(text + at, secret[count]) : 0;
        if (size == 0 && is_same((unsigned char)text[at], secret[count]))
            size = 1;
        if (size == 0 && at > 0 && is_blank(text[at])) {
            at++;
            continue;
        }
        if (size == 0 && !is_blank(secret[count]))
            break;
        at += size;
        shown = at;
        count++;
    }
    bool whole = count == length, end = text[at] == '\0';
    return whole || count >= PART_MIN || (end && count >= PART_MIN_END && length >= PART_MIN) ? shown : 0;
}

static size_t shown_of(const char *text, const struct withhold *secrets, size_t i)
{
    size_t plain = shown_bytes(text, secrets->text[i], secrets->length[i], false);
    size_t encoded = shown_bytes(text, secrets->text[i], secrets->length[i], true);
    return plain > encoded ? plain : encoded;
}

/* Whether a short secret stands in it. */
static bool shows_short(const char *text, const struct withhold *secrets)
{
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        for (const char *at = text; *at != '\0' && secrets->length[i] < PART_MIN; at++) {
            if (shown_of(at, secrets, i) > 0)
                return true;
        }
    }
    return false;
}

static size_t shown_long(const char *text, const struct withhold *secrets)
{
    size_t most = 0;
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        size_t size = secrets->length[i] >= PART_MIN ? shown_of(text, secrets, i) : 0;
        most = size > most ? size : most;
    }
    return most;
}

static void replace(char **text, char *with)
{
    secret_free(*text);
    *text = with;
}

void withhold_value(const struct withhold *secrets, char **text)
{
    if (*text == NULL)
        return;
    bool any = false;
    size_t length = strlen(*text), max = length > PEER_TEXT_MAX ? length : PEER_TEXT_MAX;
    struct buf out;
    buf_init(&out, (length + 1) * sizeof WITHHELD);
    for (const char *at = *text; *at != '\0';) {
        size_t size = shown_long(at, secrets);
        any |= size > 0;
        if (size > 0)
            buf_puts(&out, WITHHELD);
        else
            buf_putc(&out, *at);
        at += size > 0 ? size : 1;
    }
    if (any)
        replace(text, text_clean(out.data, max));
    buf_fini(&out);
}

void withhold_words(const struct withhold *secrets, char **text)
{
    if (*text != NULL && shows_short(*text, secrets))
        replace(text, mem_strdup(WITHHELD));
    else
        withhold_value(secrets, text);
}

struct withhold *withhold_new(const char *username, const char *password)
{
    struct withhold *secrets = mem_alloc(sizeof *secrets);
    char *basic = mem_printf("%s:%s", username, password), *plain = mem_printf("%c%s%c%s", 0, username, 0, password);
    size_t length = strlen(basic);
    secrets->text[PASSWORD] = text_clean(password, SIZE_MAX); /* as whatever of it comes to a text is */
    secrets->text[ENCODED] = base64(password, strlen(password));
    secrets->text[BASIC] = base64(basic, length);
    secrets->text[PLAIN] = base64(plain, length + 1);
    secret_cleanse(plain, length + 1);
    free(plain);
    secret_free(basic);
    for (size_t i = 0; i < SECRET_COUNT; i++)
        secrets->length[i] = strlen(secrets->text[i]);
    return secrets;
}

void withhold_free(struct withhold *secrets)
{
    for (size_t i = 0; i < SECRET_COUNT; i++)
        secret_free(secrets->text[i]);
    free(secrets);
}
