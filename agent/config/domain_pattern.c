#include "config/domain_pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/domain_name.h"
#include "config/fault.h"
#include "config/value.h"

#define BELOW "*." /* before a name: everything below it */

bool domain_pattern_matches(const char *pattern, const char *ascii)
{
    if (strncmp(pattern, BELOW, strlen(BELOW)) != 0)
        return strcmp(pattern, ascii) == 0;
    const char *tail = pattern + 1; /* with its dot, so that it begins where a label ends */
    size_t length = strlen(ascii), tail_length = strlen(tail);
    return length > tail_length && strcmp(ascii + length - tail_length, tail) == 0;
}

static bool parse(const struct value_rule *rule, const char *text, void *into, struct err *err)
{
    (void)rule;
    struct err why;
    char shown[TEXT_SHOWN_SIZE];
    bool below = strncmp(text, BELOW, strlen(BELOW)) == 0;
    char *name = domain_name_to_ascii(below ? text + strlen(BELOW) : text, &why);
    if (name == NULL)
        return err_set(err, "\"%s\" %s", text_shown(text, shown), why.text);
    *(char **)into = mem_printf("%s%s", below ? BELOW : "", name);
    free(name);
    return true;
}

static void release(void *value)
{
    free(*(char **)value);
}

const struct value_type VALUE_DOMAIN_PATTERN = {
    .name = "domain pattern", .size = sizeof(char *), .parse = parse, .release = release};
