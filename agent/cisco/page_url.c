#include "cisco/page_url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

#define SCHEME "https:"
#define ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
/* RFC 3986 2: what stands for itself in path and query. */
#define PLAIN ALPHABET DIGITS "-._~!$&'()*+,;=:@/?%"
#define HTTPS_PORT 443

struct authority {
    const char *host; /* with its brackets */
    size_t host_length;
    unsigned long port;
};

/* "host", "host:port" or "[v6]:port". */
static bool authority_read(struct authority *authority, const char *text, size_t length)
{
    const char *end = text + length;
    const char *bracket = length > 0 && *text == '[' ? memchr(text, ']', length) : NULL;
    const char *from = bracket != NULL ? bracket + 1 : text;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    authority->host = text;
    authority->host_length = (size_t)((colon != NULL ? colon : end) - text);
    authority->port = HTTPS_PORT;
    if (authority->host_length == 0 || (bracket != NULL && text + authority->host_length != bracket + 1))
        return false;
    if (colon == NULL || colon + 1 == end)
        return true;
    size_t digits = (size_t)(end - colon - 1);
    authority->port = 0;
    for (size_t i = 0; i < digits && i < 6; i++) {
        if (colon[1 + i] < '0' || colon[1 + i] > '9')
            return false;
        authority->port = authority->port * 10 + (unsigned long)(colon[1 + i] - '0');
    }
    return digits < 6 && authority->port <= UINT16_MAX;
}

static bool authority_same(const char *a, size_t a_length, const char *b, size_t b_length)
{
    struct authority one, other;
    return authority_read(&one, a, a_length) && authority_read(&other, b, b_length) && one.port == other.port &&
           one.host_length == other.host_length && strncasecmp(one.host, other.host, one.host_length) == 0;
}

/* As browsers do (WHATWG URL 4.4): blanks and controls around it and line ends and tabs in it do not count. */
static char *trimmed(const char *link)
{
    while (*link != '\0' && (unsigned char)*link <= ' ')
        link++;
    size_t length = strnlen(link, PAGE_URL_MAX + 1), used = 0;
    if (length > PAGE_URL_MAX)
        return NULL;
    while (length > 0 && (unsigned char)link[length - 1] <= ' ')
        length--;
    char *text = mem_alloc(length + 1);
    for (size_t i = 0; i < length; i++) {
        if (strchr("\t\r\n", link[i]) == NULL)
            text[used++] = link[i];
    }
    return text;
}

static size_t scheme_length(const char *text)
{
    size_t length = strspn(text, ALPHABET);
    if (length > 0)
        length += strspn(text + length, ALPHABET DIGITS "+-.");
    return length > 0 && text[length] == ':' ? length + 1 : 0;
}

/* RFC 3986 5.2.4: appends the path (which begins with a slash) up to `length` without dot segments. */
static void add_path(struct buf *out, const char *path, size_t length)
{
    size_t start = out->length;
    for (size_t at = 0; at < length;) {
        const char *segment = path + at + 1;
        const char *slash = memchr(segment, '/', length - at - 1);
        size_t size = slash != NULL ? (size_t)(slash - segment) : length - at - 1;
        bool dots = size == 2 && segment[0] == '.' && segment[1] == '.';
        if (dots) {
            while (out->length > start && out->data[--out->length] != '/')
                continue;
        }
        if (!dots && !(size == 1 && segment[0] == '.'))
            buf_add(out, path + at, size + 1);
        else if (slash == NULL)
            buf_putc(out, '/');
        at += size + 1;
    }
}

static void add_escaped(struct buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(PLAIN, text[i]) != NULL)
            buf_putc(out, text[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text[i]);
    }
}

/* `rest` has neither scheme nor authority. */
static char *merge(const char *base, size_t origin_length, const char *rest)
{
    const char *base_path = base + origin_length;
    size_t kept = strcspn(base_path, "?#"), path_length = strcspn(rest, "?");
    const char *query = rest + path_length;
    size_t query_length = strlen(query);
    if (*rest == '\0') {
        query = base_path + kept;
        query_length = strcspn(query, "#");
    } else if (*rest == '/') {
        kept = 0;
    } else if (path_length > 0) {
        while (kept > 0 && base_path[kept - 1] != '/')
            kept--;
    }
    char *path = mem_printf("%s%.*s%.*s", (kept == 0 && *rest != '/') ? "/" : "", (int)kept, base_path,
                            (int)path_length, rest);
    struct buf plain, url;
    buf_init(&plain, 4 * PAGE_URL_MAX);
    buf_init(&url, 16 * PAGE_URL_MAX);
    add_path(&plain, path, strlen(path));
    buf_add(&url, base, origin_length);
    add_escaped(&url, plain.data, plain.length);
    add_escaped(&url, query, query_length);
    char *whole = buf_failed(&plain) || buf_failed(&url) ? NULL : buf_steal(&url);
    buf_fini(&plain);
    buf_fini(&url);
    free(path);
    return whole;
}

char *page_url_resolve(const char *base, const char *link)
{
    size_t prefix = strlen(SCHEME "//");
    if (strncasecmp(base, SCHEME "//", prefix) != 0 || strnlen(base, PAGE_URL_MAX + 1) > PAGE_URL_MAX)
        return NULL;
    size_t origin_length = prefix + strcspn(base + prefix, "/?#");
    char *text = trimmed(link), *url = NULL;
    if (text == NULL || strchr(text, '\\') != NULL)
        goto done;
    text[strcspn(text, "#")] = '\0';
    const char *rest = text;
    size_t scheme = scheme_length(rest);
    if (scheme != 0) {
        if (strncasecmp(rest, SCHEME "//", prefix) != 0)
            goto done;
        rest += scheme;
    }
    if (strncmp(rest, "//", 2) == 0) {
        const char *authority = rest + 2;
        size_t length = strcspn(authority, "/?");
        if (!authority_same(base + prefix, origin_length - prefix, authority, length))
            goto done;
        rest = authority + length;
        if (*rest != '/') { /* an authority is followed by the root, not by the path of `base` */
            char *rooted = mem_printf("/%s", rest);
            url = merge(base, origin_length, rooted);
            free(rooted);
            goto done;
        }
    }
    url = merge(base, origin_length, rest);
done:
    free(text);
    return url;
}

bool page_url_same(const char *a, const char *b)
{
    size_t length = strcspn(a, ";?#");
    return length == strcspn(b, ";?#") && memcmp(a, b, length) == 0;
}
