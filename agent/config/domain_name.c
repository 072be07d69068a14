#include "config/domain_name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/fault.h"

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */
#define NAME_MAX_BYTES 253

/* An IPv4 address, or an IPv6 address with or without brackets. */
static bool is_address(const char *text)
{
    size_t length = strlen(text);
    bool brackets = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    char *bare = brackets ? mem_strndup(text + 1, length - 2) : mem_strdup(text);
    unsigned char bytes[sizeof(struct in6_addr)];
    bool address = inet_pton(AF_INET, bare, bytes) == 1 || inet_pton(AF_INET6, bare, bytes) == 1;
    free(bare);
    return address;
}

/* Letters, digits, hyphens and dots, and every byte that is not ASCII: libidn2 judges those. */
static bool check_form(const char *text, struct err *err)
{
    if (is_address(text))
        return err_set(err, "is an IP address: a domain's name is needed");
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        bool good = byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= '0' && byte <= '9') || byte == '-' || byte == '.';
        if (good)
            continue;
        if (byte > ' ' && byte < 0x7f)
            return err_set(err, "has the character '%c', which a domain name must not have", byte);
        return err_set(err, "has the character 0x%02x, which a domain name must not have", byte);
    }
    return true;
}

static bool check_labels(const char *name, struct err *err)
{
    char shown[TEXT_SHOWN_SIZE];
    if (*name == '\0')
        return err_set(err, "is empty");
    if (strlen(name) > NAME_MAX_BYTES)
        return err_set(err, "is longer than %d bytes", NAME_MAX_BYTES);
    for (const char *label = name; label != NULL; ) {
        size_t length = strcspn(label, ".");
        if (length == 0)
            return err_set(err, "has an empty label");
        if (length > LABEL_MAX)
            return err_set(err, "has a label longer than %d bytes: %s", LABEL_MAX, text_shown(label, shown));
        if (label[0] == '-' || label[length - 1] == '-')
            return err_set(err, "has a label that begins or ends with a hyphen");
        label = label[length] == '.' ? label + length + 1 : NULL;
    }
    return true;
}

static bool needs_idna(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80)
            return true;
        if ((at == name || at[-1] == '.') && strncasecmp(at, "xn--", 4) == 0)
            return true;
    }
    return false;
}

static char *lower(const char *name)
{
    char *copy = mem_strdup(name);
    text_lower(copy);
    return copy;
}

static char *idna_to_ascii(const char *text, struct err *err)
{
    char *ascii = NULL;
    int code = idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (code == IDN2_MALLOC)
        abort();
    if (code != IDN2_OK) {
        err_set(err, "is not a valid internationalised domain name: %s", idn2_strerror(code));
        return NULL;
    }
    char *copy = mem_strdup(ascii);
    idn2_free(ascii);
    return copy;
}

static void drop_final_dot(char *name)
{
    size_t length = strlen(name);
    if (length > 1 && name[length - 1] == '.')
        name[length - 1] = '\0';
}

char *domain_name_to_ascii(const char *text, struct err *err)
{
    if (!check_form(text, err))
        return NULL;
    char *name = needs_idna(text) ? idna_to_ascii(text, err) : lower(text);
    if (name == NULL)
        return NULL;
    drop_final_dot(name);
    /* The form once more: the mapping can make ASCII of other characters, "_" of a full-width one. */
    if (check_form(name, err) && check_labels(name, err))
        return name;
    free(name);
    return NULL;
}

char *domain_name_to_unicode(const char *ascii)
{
    char *unicode = NULL;
    if (idn2_to_unicode_8z8z(ascii, &unicode, 0) != IDN2_OK)
        return mem_strdup(ascii);
    char *copy = mem_strdup(unicode);
    idn2_free(unicode);
    return copy;
}
