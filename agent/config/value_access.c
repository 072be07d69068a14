/* The types of values that say how to reach a service and log in to it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/domain_name.h"
#include "config/fault.h"
#include "config/value.h"

#define SCHEME "https://"
#define HTTPS_PORT 443
#define FINGERPRINT_DIGITS 64
#define LOCALPART_MAX 1023 /* RFC 7622 3.3 */

static bool parse_boolean(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    int value;
    if (!VALUE_CHOICE.parse(rule, text, &value, err))
        return false;
    *(bool *)into = value != 0;
    return true;
}

/* ---- addresses of services ---- */

/* The host and port before the path; `rest` is where that begins. False and `err` for what is neither. */
static bool read_authority(const char *text, struct host_port *authority, const char **rest, struct err *err)
{
    size_t length = strcspn(text, "/?#");
    *rest = text + length;
    char *host = mem_strndup(text, length);
    const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
    bool has_port = colon != NULL && (bracket == NULL || colon > bracket);
    char *whole = has_port ? mem_strdup(host) : mem_printf("%s:%d", host, HTTPS_PORT);
    char shown[TEXT_SHOWN_SIZE];
    bool good = VALUE_TARGET.parse(NULL, whole, authority, err) ||
                err_set(err, "must be like " SCHEME "cups.example.org:8443/PATH, not with \"%s\" as host and port",
                        text_shown(host, shown));
    if (strchr(host, '@') != NULL)
        good = err_set(err, "must not hold a user name: there are keys for that");
    free(whole);
    free(host);
    return good;
}

static bool parse_url(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    struct host_port authority = {NULL, 0};
    const char *rest;
    char shown[TEXT_SHOWN_SIZE];
    (void)rule;
    if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
        return err_set(err, "must begin with " SCHEME ", so that no password is sent in the clear, not \"%s\"",
                       text_shown(text, shown));
    for (const char *at = text; *at != '\0'; at++) {
        if (!isgraph((unsigned char)*at) || *at == '#')
            return err_set(err, "has the character 0x%02x, which no address of a page has", (unsigned char)*at);
    }
    if (!read_authority(text + strlen(SCHEME), &authority, &rest, err))
        return false;
    bool v6 = strchr(authority.host, ':') != NULL;
    *(char **)into = mem_printf(SCHEME "%s%s%s:%u%s%s", v6 ? "[" : "", authority.host, v6 ? "]" : "", authority.port,
                                *rest == '/' ? "" : "/", rest);
    free(authority.host);
    return true;
}

char *url_split(const char *url, unsigned short *port)
{
    struct host_port authority = {NULL, 0};
    const char *rest;
    struct err err;
    if (!read_authority(url + strlen(SCHEME), &authority, &rest, &err))
        abort(); /* parse_url() read it before */
    *port = authority.port;
    return authority.host;
}

/* ---- accounts and queries ---- */

static bool parse_username(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    if (strchr(text, ':') != NULL)
        return err_set(err, "must not have a \":\" (RFC 7617 2)");
    return VALUE_TEXT.parse(rule, text, into, err);
}

/* RFC 7622 3: a bare JID. What PRECIS would map is left to the server. */
static bool parse_account(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    struct err why;
    char shown[TEXT_SHOWN_SIZE];
    (void)rule;
    size_t length = strcspn(text, "@");
    if (strchr(text, '/') != NULL)
        return err_set(err, "must be a bare NAME@DOMAIN, without the resource behind \"/\"");
    if (length == 0 || text[length] == '\0' || length > LOCALPART_MAX)
        return err_set(err, "must be NAME@DOMAIN, not \"%s\"", text_shown(text, shown));
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= ' ' || byte == 0x7f || strchr("\"&':<>", byte) != NULL)
            return err_set(err, "has the character 0x%02x before the \"@\" (RFC 7622 3.3.1)", byte);
    }
    char *ascii = domain_name_to_ascii(text + length + 1, &why);
    if (ascii == NULL)
        return err_set(err, "\"%s\" %s", text_shown(text + length + 1, shown), why.text);
    char *unicode = domain_name_to_unicode(ascii);
    *(char **)into = mem_printf("%.*s@%s", (int)length, text, unicode);
    free(unicode);
    free(ascii);
    return true;
}

/* Upper or lower case, with or without colons between the bytes, as tools print it. */
static bool parse_fingerprint(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    char digits[FINGERPRINT_DIGITS + 1];
    char shown[TEXT_SHOWN_SIZE];
    size_t count = 0;
    (void)rule;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == ':' && count > 0 && count % 2 == 0 && at[1] != ':' && at[1] != '\0')
            continue;
        if (!isxdigit((unsigned char)*at) || count == FINGERPRINT_DIGITS)
            count = FINGERPRINT_DIGITS + 1;
        if (count > FINGERPRINT_DIGITS)
            break;
        digits[count++] = (char)tolower((unsigned char)*at);
    }
    if (count != FINGERPRINT_DIGITS)
        return err_set(err, "must be the %d hexadecimal digits of a SHA-256, not \"%s\"", FINGERPRINT_DIGITS,
                       text_shown(text, shown));
    *(char **)into = mem_strndup(digits, FINGERPRINT_DIGITS);
    return true;
}

static bool parse_axl_version(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    char shown[TEXT_SHOWN_SIZE];
    size_t whole = strspn(text, "0123456789");
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    (void)rule;
    if (whole == 0 || whole > 2 || part == 0 || part > 2 || text[whole + 1 + part] != '\0')
        return err_set(err, "must be a version such as 12.5 or 14.0, not \"%s\"", text_shown(text, shown));
    *(char **)into = mem_strdup(text);
    return true;
}

/* The word itself. */
static bool parse_protocol(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    static const char *const weak[] = {"MD5", "DES", "3DES"};
    struct err choice;
    int value;
    if (VALUE_CHOICE.parse(rule, text, &value, &choice)) {
        *(char **)into = mem_strdup(text);
        return true;
    }
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        if (strcasecmp(text, weak[i]) == 0)
            return err_set(err, "%s, which is too weak", choice.text);
    }
    *err = choice;
    return false;
}

static bool parse_select(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    static const char word[] = "select";
    size_t length = strlen(word);
    if (strncasecmp(text, word, length) != 0 || !isspace((unsigned char)text[length]))
        return err_set(err, "must begin with \"select\": fedhealth changes nothing");
    return VALUE_TEXT.parse(rule, text, into, err);
}

static void release_text(void *value)
{
    free(*(char **)value);
}

#define TEXT_TYPE(shown, function) {.name = shown, .size = sizeof(char *), .parse = function, .release = release_text}

const struct value_type VALUE_BOOLEAN = {.name = "true or false", .size = sizeof(bool), .parse = parse_boolean};
const struct value_type VALUE_URL = TEXT_TYPE("https address", parse_url);
const struct value_type VALUE_USERNAME = TEXT_TYPE("user name", parse_username);
const struct value_type VALUE_ACCOUNT = TEXT_TYPE("account", parse_account);
const struct value_type VALUE_FINGERPRINT = TEXT_TYPE("SHA-256", parse_fingerprint);
const struct value_type VALUE_AXL_VERSION = TEXT_TYPE("version", parse_axl_version);
const struct value_type VALUE_PROTOCOL = TEXT_TYPE("word", parse_protocol);
const struct value_type VALUE_SELECT = TEXT_TYPE("SQL query", parse_select);
