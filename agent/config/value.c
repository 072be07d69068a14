#include "config/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/domain_name.h"
#include "config/fault.h"
#include "config/file.h"

#define DIGITS_MAX 9 /* of a number: no sum or product below overflows */
#define TEXT_MAX 1024
#define LABEL_MAX 253 /* as a host's whole name, RFC 1035 2.3.4 */

static bool err_value(struct err *err, const char *wanted, const char *text)
{
    char shown[TEXT_SHOWN_SIZE];
    return err_set(err, "must be %s, not \"%s\"", wanted, text_shown(text, shown));
}

/* ---- numbers and durations ---- */

/* Digits up to the first other character; false for none or too many. */
static bool read_digits(const char **text, int64_t *number, unsigned *digits)
{
    *number = 0;
    for (*digits = 0; isdigit((unsigned char)**text); (*digits)++, (*text)++) {
        if (*digits == DIGITS_MAX)
            return false;
        *number = 10 * *number + (**text - '0');
    }
    return *digits > 0;
}

static bool read_count(const char *text, int64_t *count)
{
    unsigned digits;
    bool leading_zero = text[0] == '0' && text[1] != '\0';
    return !leading_zero && read_digits(&text, count, &digits) && *text == '\0';
}

static int64_t read_unit(const char **text)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t length = strspn(*text, "dhms");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) == length && strncmp(*text, units[i].name, length) == 0) {
            *text += length;
            return units[i].ms;
        }
    }
    return 0;
}

/* "1h30m", "1.5h": numbers with units, added up; false also for what is no whole number of milliseconds. */
static bool read_duration(const char *text, int64_t *ms)
{
    *ms = 0;
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t whole, fraction = 0, scale = 1;
        unsigned digits;
        if (!read_digits(&text, &whole, &digits))
            return false;
        if (*text == '.') {
            text++;
            if (!read_digits(&text, &fraction, &digits))
                return false;
            for (unsigned i = 0; i < digits; i++)
                scale *= 10;
        }
        int64_t unit = read_unit(&text);
        if (unit == 0 || fraction * unit % scale != 0)
            return false;
        *ms += whole * unit + fraction * unit / scale;
        if (*ms > INT64_MAX / 2)
            return false;
    }
    return true;
}

static bool check_range(const struct value_rule *rule, bool (*read)(const char *text, int64_t *number),
                        const char *text, int64_t number, struct err *err)
{
    int64_t least, most;
    char shown[TEXT_SHOWN_SIZE];
    read(rule->least, &least);
    read(rule->most, &most);
    if (number >= least && number <= most)
        return true;
    return err_set(err, "must be between %s and %s, not %s", rule->least, rule->most, text_shown(text, shown));
}

static bool parse_count(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    int64_t count;
    if (!read_count(text, &count))
        return err_value(err, "a whole number", text);
    if (!check_range(rule, read_count, text, count, err))
        return false;
    *(unsigned *)into = (unsigned)count;
    return true;
}

static bool parse_duration_ms(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    int64_t ms;
    if (!read_duration(text, &ms))
        return err_value(err, "a duration such as 500ms, 10s, 5m, 1h30m or 30d", text);
    if (!check_range(rule, read_duration, text, ms, err))
        return false;
    *(int64_t *)into = ms;
    return true;
}

static bool parse_duration_s(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    int64_t ms;
    if (!parse_duration_ms(rule, text, &ms, err))
        return false;
    if (ms % 1000 != 0)
        return err_value(err, "a whole number of seconds", text);
    *(int64_t *)into = ms / 1000;
    return true;
}

/* ---- words and text ---- */

static bool parse_choice(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    struct buf wanted;
    buf_init(&wanted, TEXT_MAX);
    for (const struct value_word *word = rule->words; word->word != NULL; word++) {
        if (strcmp(word->word, text) == 0) {
            *(int *)into = word->value;
            buf_fini(&wanted);
            return true;
        }
        buf_printf(&wanted, "%s%s", word == rule->words ? "" : word[1].word == NULL ? " or " : ", ", word->word);
    }
    err_value(err, wanted.data, text);
    buf_fini(&wanted);
    return false;
}

static bool parse_text(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    if (*text == '\0')
        return err_set(err, "must not be empty");
    if (strlen(text) > TEXT_MAX)
        return err_set(err, "must not be longer than %d bytes", TEXT_MAX);
    for (const char *at = text; *at != '\0'; at++) {
        if (iscntrl((unsigned char)*at))
            return err_set(err, "has the control character 0x%02x", (unsigned char)*at);
    }
    *(char **)into = mem_strdup(text);
    return true;
}

static bool parse_label(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (text[strspn(text, good)] != '\0' || strlen(text) > LABEL_MAX)
        return err_value(err, "at most 253 letters, digits, \".\", \"_\" or \"-\"", text);
    return parse_text(rule, text, into, err);
}

static bool parse_file(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    struct err why;
    char shown[TEXT_SHOWN_SIZE];
    if (*text != '\0' && !file_readable(text, &why))
        return err_set(err, "%s %s", text_shown(text, shown), why.text);
    return parse_text(rule, text, into, err);
}

/* ---- names and addresses ---- */

static bool parse_domain(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    struct err why;
    char shown[TEXT_SHOWN_SIZE];
    char *ascii = domain_name_to_ascii(text, &why);
    if (ascii == NULL)
        return err_set(err, "\"%s\" %s", text_shown(text, shown), why.text);
    *(char **)into = ascii;
    return true;
}

static bool parse_domain_unicode(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    char *ascii = NULL;
    if (!parse_domain(rule, text, &ascii, err))
        return false;
    *(char **)into = domain_name_to_unicode(ascii);
    free(ascii);
    return true;
}

/* Splits "HOST:PORT" and "[HOST]:PORT"; without brackets HOST has no colon. NULL when it is neither. */
static char *split_port(const char *text, bool *brackets, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    int64_t number;
    if (colon == NULL || !read_count(colon + 1, &number) || number < 1 || number > UINT16_MAX)
        return NULL;
    *port = (uint16_t)number;
    *brackets = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    if (*brackets)
        return mem_strndup(text + 1, (size_t)(colon - text) - 2);
    if (memchr(text, ':', (size_t)(colon - text)) != NULL)
        return NULL;
    return mem_strndup(text, (size_t)(colon - text));
}

static bool parse_host_port(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    struct host_port *host_port = into;
    struct err why;
    char shown[TEXT_SHOWN_SIZE];
    bool brackets;
    uint16_t port;
    char *host = split_port(text, &brackets, &port);
    if (host == NULL || brackets) {
        free(host);
        return err_value(err, "NAME:PORT", text);
    }
    host_port->host = domain_name_to_ascii(host, &why);
    free(host);
    if (host_port->host == NULL)
        return err_set(err, "\"%s\" %s", text_shown(text, shown), why.text);
    host_port->port = port;
    return true;
}

/* Writes the usual form of a numeric address to `usual`; false when it is none of the family. */
static bool read_address(const char *text, int family, char usual[INET6_ADDRSTRLEN])
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(family, text, bytes) == 1 && inet_ntop(family, bytes, usual, INET6_ADDRSTRLEN) != NULL;
}

/* Whether it is the usual form of the address that stands for none. */
static bool is_unspecified(const char *usual)
{
    return strcmp(usual, "0.0.0.0") == 0 || strcmp(usual, "::") == 0;
}

/* Whether a name ends in a number, as no name does and a misspelt IPv4 address may (RFC 1123 2.1). */
static bool ends_in_number(const char *name)
{
    const char *dot = strrchr(name, '.'), *last = dot != NULL ? dot + 1 : name;
    return last[strspn(last, "0123456789")] == '\0';
}

/* The host of a target in its usual form; NULL when it is neither a name nor an address. */
static char *usual_host(const char *host, bool brackets, struct err *err)
{
    char usual[INET6_ADDRSTRLEN];
    if (read_address(host, brackets ? AF_INET6 : AF_INET, usual)) {
        if (!is_unspecified(usual))
            return mem_strdup(usual);
        err_set(err, "is not the address of a server");
        return NULL;
    }
    char *name = brackets ? NULL : domain_name_to_ascii(host, err);
    if (brackets || (name != NULL && ends_in_number(name))) {
        err_set(err, "is neither a name nor an address");
        free(name);
        name = NULL;
    }
    return name;
}

static bool parse_target(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    struct host_port *target = into;
    struct err why;
    char shown[TEXT_SHOWN_SIZE];
    bool brackets;
    uint16_t port;
    char *host = split_port(text, &brackets, &port);
    if (host == NULL || *host == '\0') {
        free(host);
        return err_value(err, "HOST:PORT such as xmpp.example.org:5269, 192.0.2.1:5269 or [2001:db8::1]:5269", text);
    }
    target->host = usual_host(host, brackets, &why);
    free(host);
    if (target->host == NULL)
        return err_set(err, "\"%s\" %s", text_shown(text, shown), why.text);
    target->port = port;
    return true;
}

static bool parse_network(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    struct network network;
    char shown[TEXT_SHOWN_SIZE], meant[NETWORK_TEXT_SIZE];
    if (!network_parse(&network, text))
        return err_value(err, "a network such as 169.254.0.0/16 or 2001:db8::/32, or an address", text);
    if (network_trim(&network))
        return err_set(err, "\"%s\" has bits set behind its prefix; did you mean \"%s\"?", text_shown(text, shown),
                       network_print(&network, meant));
    *(struct network *)into = network;
    return true;
}

/* "ADDRESS:PORT" in its usual form and the address's family; NULL when it is none. To be freed by the caller. */
static char *normal_address(const char *text, int *family)
{
    bool brackets;
    uint16_t port;
    char usual[INET6_ADDRSTRLEN], *normal = NULL;
    char *host = split_port(text, &brackets, &port);
    if (host == NULL)
        return NULL;
    *family = brackets ? AF_INET6 : AF_INET;
    if (read_address(host, *family, usual))
        normal = mem_printf(brackets ? "[%s]:%u" : "%s:%u", usual, port);
    free(host);
    return normal;
}

static bool parse_address_port(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    int family;
    char *normal = normal_address(text, &family);
    if (normal == NULL)
        return err_value(err, "ADDRESS:PORT such as 192.0.2.1:53 or [2001:db8::1]:53", text);
    if (strncmp(normal, "0.0.0.0:", 8) == 0 || strncmp(normal, "[::]:", 5) == 0) {
        free(normal);
        return err_value(err, "the address of a server", text);
    }
    *(char **)into = normal;
    return true;
}

/* A transport, and an address of its family. */
static bool read_transport(bool udp_only, const char *text, char **into)
{
    static const struct {
        const char *prefix;
        int family;
    } transports[] = {{"udp:", AF_INET}, {"udp6:", AF_INET6}, {"tcp:", AF_INET}, {"tcp6:", AF_INET6}};
    for (size_t i = 0; i < (udp_only ? 2 : sizeof transports / sizeof transports[0]); i++) {
        const char *prefix = transports[i].prefix;
        if (strncmp(text, prefix, strlen(prefix)) != 0)
            continue;
        int family = AF_UNSPEC;
        char *address = normal_address(text + strlen(prefix), &family);
        bool fits = address != NULL && family == transports[i].family;
        if (fits)
            *into = mem_printf("%s%s", prefix, address);
        free(address);
        if (fits)
            return true;
    }
    return false;
}

static bool parse_listen(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    return read_transport(false, text, into) ||
           err_value(err, "an address such as udp:127.0.0.1:161 or udp6:[::1]:161 (or tcp, tcp6)", text);
}

static bool parse_receiver(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    return read_transport(true, text, into) ||
           err_value(err, "a numeric address such as udp:192.0.2.7:162 or udp6:[2001:db8::7]:162", text);
}

static bool parse_socket(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    bool brackets;
    uint16_t port;
    char *host = strncmp(text, "tcp:", 4) == 0 ? split_port(text + 4, &brackets, &port) : NULL;
    bool good = (host != NULL && *host != '\0') || *text == '/';
    free(host);
    if (!good)
        return err_value(err, "a socket's absolute path or tcp:HOST:PORT", text);
    if (strlen(text) >= sizeof ((struct sockaddr_un *)0)->sun_path)
        return err_set(err, "is too long for a socket's path");
    return parse_text(rule, text, into, err);
}

/* ---- reasons ---- */

static bool parse_reason(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    enum reason reason = reason_from_code(text);
    if (reason == REASON_COUNT) {
        const char *nearest = reason_nearest(text);
        return nearest != NULL ? err_set(err, "is not a known reason; did you mean \"%s\"?", nearest)
                               : err_set(err, "is not a known reason: `fedhealth explain` lists them");
    }
    if (!severity_is_free(reason))
        return err_set(err, "has a fixed state: %s", state_name(reason_info(reason)->state));
    *(enum reason *)into = reason;
    return true;
}

/* ---- the types ---- */

static bool same_host_port(const void *left, const void *right)
{
    const struct host_port *a = left, *b = right;
    return a->host != NULL && b->host != NULL && strcmp(a->host, b->host) == 0 && a->port == b->port;
}

static bool same_reason(const void *left, const void *right)
{
    const enum reason *a = left, *b = right;
    return *a != 0 && *a == *b;
}

static void release_text(void *value)
{
    free(*(char **)value);
}

static void release_host_port(void *value)
{
    free(((struct host_port *)value)->host);
}

#define TEXT_TYPE(shown, function) {.name = shown, .size = sizeof(char *), .parse = function, .release = release_text}
#define PATH_TYPE(shown, function) \
    {.name = shown, .size = sizeof(char *), .path = true, .parse = function, .release = release_text}

const struct value_type VALUE_COUNT = {
    .name = "whole number", .size = sizeof(unsigned), .bare = true, .parse = parse_count};
const struct value_type VALUE_DURATION_MS = {
    .name = "duration", .size = sizeof(int64_t), .parse = parse_duration_ms};
const struct value_type VALUE_DURATION_S = {
    .name = "duration", .size = sizeof(int64_t), .parse = parse_duration_s};
const struct value_type VALUE_CHOICE = {.name = "word", .size = sizeof(int), .parse = parse_choice};
const struct value_type VALUE_TEXT = TEXT_TYPE("text", parse_text);
const struct value_type VALUE_LABEL = TEXT_TYPE("label", parse_label);
const struct value_type VALUE_FILE = PATH_TYPE("file", parse_file);
const struct value_type VALUE_PATH = PATH_TYPE("path", parse_text);
const struct value_type VALUE_GLOB = PATH_TYPE("file pattern", parse_text);
const struct value_type VALUE_DOMAIN = TEXT_TYPE("domain", parse_domain);
const struct value_type VALUE_DOMAIN_UNICODE = TEXT_TYPE("domain", parse_domain_unicode);
const struct value_type VALUE_HOST_PORT = {
    .name = "name:port", .size = sizeof(struct host_port), .parse = parse_host_port, .release = release_host_port};
const struct value_type VALUE_TARGET = {
    .name = "host:port", .size = sizeof(struct host_port), .parse = parse_target, .release = release_host_port,
    .same = same_host_port};
const struct value_type VALUE_NETWORK = {.name = "network", .size = sizeof(struct network), .parse = parse_network};
const struct value_type VALUE_REASON = {
    .name = "reason", .size = sizeof(enum reason), .parse = parse_reason, .same = same_reason};
const struct value_type VALUE_ADDRESS_PORT = TEXT_TYPE("address:port", parse_address_port);
const struct value_type VALUE_LISTEN = TEXT_TYPE("listening address", parse_listen);
const struct value_type VALUE_RECEIVER = TEXT_TYPE("receiver's address", parse_receiver);
const struct value_type VALUE_SOCKET = TEXT_TYPE("socket", parse_socket);
