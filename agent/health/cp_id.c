#include "health/cp_id.h"

#include <stddef.h>
#include <string.h>

#define DIGITS "0123456789"
#define NAME_BYTES DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

/* Takes `prefix` and a number, up to `end`, from the text on. */
static bool take(char out[CP_ID_PART_SIZE], const char **text, const char *prefix, char end)
{
    size_t prefix_length = strlen(prefix);
    if (strncmp(*text, prefix, prefix_length) != 0)
        return false;
    size_t digits = strspn(*text + prefix_length, DIGITS), length = prefix_length + digits;
    if (digits == 0 || length >= CP_ID_PART_SIZE || (*text)[length] != end)
        return false;
    memcpy(out, *text, length);
    *text += length + 1;
    return true;
}

bool cp_id_parse(struct cp_id *parts, const char *text)
{
    *parts = (struct cp_id){.manager = ""};
    if (take(parts->manager, &text, "cm-", '_') && take(parts->component, &text, "s2scp-", '.')) {
        size_t length = strspn(text, NAME_BYTES);
        if (length > 0 && length < sizeof parts->host && text[length] == '\0' && text[0] != '-' &&
            text[length - 1] != '-') {
            memcpy(parts->host, text, length);
            return true;
        }
    }
    *parts = (struct cp_id){.manager = ""};
    return false;
}
