/* The readers of what a client of HTTP accepts and has: Accept or Accept-Encoding, and behind a line feed
 * If-None-Match. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/accept.h"
#include "base/mem.h"
#include "exporters/http/condition.h"
#include "fuzz.h"

#define ETAG "5269-1f"

static void check_list(const char *list)
{
    const char *end = list + strlen(list);
    struct accept_item item;
    for (const char *at = list, *before = list; accept_next(&at, &item); before = at) {
        assert(at > before && at <= end);
        assert(item.value[0] != '\0' && item.weight <= ACCEPT_WEIGHT_MAX);
        assert(memchr(item.value, '\0', sizeof item.value) != NULL);
        assert(memchr(item.version, '\0', sizeof item.version) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size), *tags = strchr(text, '\n');
    if (tags != NULL)
        *tags++ = '\0';
    check_list(text);
    if (condition_none_match(tags, ETAG))
        assert(strcmp(tags, "*") == 0 || strstr(tags, "\"" ETAG "\"") != NULL);
    free(text);
    return 0;
}
