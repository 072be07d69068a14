#include "exporters/http/condition.h"

#include <stddef.h>
#include <string.h>

bool condition_none_match(const char *header, const char *etag)
{
    size_t length = strlen(etag);
    if (header == NULL)
        return false;
    if (strcmp(header, "*") == 0)
        return true;
    for (;;) {
        header += strspn(header, ", \t");
        if (strncmp(header, "W/", 2) == 0)
            header += 2;
        if (*header != '"')
            return false;
        const char *tag = header + 1, *end = strchr(tag, '"');
        if (end == NULL)
            return false;
        if ((size_t)(end - tag) == length && memcmp(tag, etag, length) == 0)
            return true;
        header = end + 1;
    }
}
