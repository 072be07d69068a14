#include "base/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* RFC 9110 5.6.2 */
static bool is_token_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static void skip_space(const char **at)
{
    *at += strspn(*at, " \t");
}

/* Copies as much of the text's bytes as `out` holds; false when that was not all, or nothing. */
static bool keep(char *out, size_t size, const char *text, size_t length)
{
    size_t kept = length < size ? length : size - 1;
    memcpy(out, text, kept);
    out[kept] = '\0';
    return kept == length && length > 0;
}

/* A token, or a media range such as text/plain where `slash` is allowed; in lower case. */
static bool take_token(const char **at, bool slash, char *out, size_t size)
{
    const char *begin = *at;
    while (is_token_byte(**at) || (slash && **at == '/'))
        (*at)++;
    bool whole = keep(out, size, begin, (size_t)(*at - begin));
    text_lower(out);
    return whole;
}

/* A token or a quoted string (RFC 9110 5.6.4). A longer value is cut: it equals nothing that is offered. */
static bool take_value(const char **at, char *out, size_t size)
{
    if (**at != '"') {
        const char *begin = *at;
        while (is_token_byte(**at))
            (*at)++;
        keep(out, size, begin, (size_t)(*at - begin));
        return *at > begin;
    }
    size_t length = 0;
    for ((*at)++; **at != '"' && **at != '\0'; (*at)++) {
        if (**at == '\\' && (*at)[1] != '\0')
            (*at)++;
        if (length < size - 1)
            out[length++] = **at;
    }
    out[length] = '\0';
    if (**at != '"')
        return false;
    (*at)++;
    return true;
}

/* RFC 9110 12.4.2: 0 or 1, with up to three decimals, at most 1. */
static bool parse_weight(const char *text, unsigned *weight)
{
    if (text[0] != '0' && text[0] != '1')
        return false;
    unsigned value = text[0] == '1' ? ACCEPT_WEIGHT_MAX : 0;
    const char *at = text + 1;
    if (*at == '.') {
        at++;
        for (unsigned unit = 100; unit > 0 && *at >= '0' && *at <= '9'; unit /= 10, at++)
            value += (unsigned)(*at - '0') * unit;
    }
    *weight = value;
    return *at == '\0' && value <= ACCEPT_WEIGHT_MAX;
}

/* One ";name=value", the semicolon taken already. */
static bool take_parameter(const char **at, struct accept_item *item)
{
    char name[16], value[16];
    skip_space(at);
    if (**at == ';' || **at == ',' || **at == '\0')
        return true; /* an empty parameter means nothing (RFC 9110 5.6.6) */
    bool known = take_token(at, false, name, sizeof name);
    if (name[0] == '\0' || **at != '=')
        return false;
    (*at)++;
    if (!take_value(at, value, sizeof value))
        return false;
    if (known && strcmp(name, "q") == 0)
        return parse_weight(value, &item->weight);
    if (known && strcmp(name, "version") == 0)
        strcpy(item->version, value);
    return true;
}

static bool take_member(const char **at, struct accept_item *item)
{
    *item = (struct accept_item){.weight = ACCEPT_WEIGHT_MAX};
    if (!take_token(at, true, item->value, sizeof item->value))
        return false;
    for (skip_space(at); **at == ';'; skip_space(at)) {
        (*at)++;
        if (!take_parameter(at, item))
            return false;
    }
    return **at == ',' || **at == '\0';
}

bool accept_next(const char **list, struct accept_item *item)
{
    for (;;) {
        *list += strspn(*list, " \t,");
        if (**list == '\0')
            return false;
        if (take_member(list, item))
            return true;
        *list += strcspn(*list, ",");
    }
}
