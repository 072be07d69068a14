/* The reader of what /probe is asked for: the target, and behind a line feed the scrape's timeout. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "probe_target.h"

#define MOST_US 20000000

static void check_target(const char *text)
{
    struct probe_target target, again;
    struct err err = {0};
    if (!probe_target_parse(&target, text, &err)) {
        assert(err.text[0] != '\0' && target.domain == NULL && target.place.host == NULL);
        return;
    }
    assert((target.place.host != NULL) == (target.place.port != 0));
    assert(probe_target_parse(&again, target.domain, &err)); /* what it made is the usual spelling */
    assert(strcmp(again.domain, target.domain) == 0 && again.place.host == NULL);
    probe_target_fini(&again);
    probe_target_fini(&target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size), *header = strchr(text, '\n');
    int64_t budget_us = 0;
    if (header != NULL)
        *header++ = '\0';
    check_target(text);
    if (probe_target_budget(header, MOST_US, &budget_us))
        assert(budget_us >= 0 && budget_us <= MOST_US);
    free(text);
    return 0;
}
