/* The reader of a cp_id of xmpps2snode. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "health/cp_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    struct cp_id parts;
    memset(&parts, 'x', sizeof parts);
    char again[sizeof parts + 3] = "";
    if (cp_id_parse(&parts, text)) {
        snprintf(again, sizeof again, "%s_%s.%s", parts.manager, parts.component, parts.host);
        assert(strcmp(again, text) == 0);
    } else {
        assert(parts.manager[0] == '\0' && parts.component[0] == '\0' && parts.host[0] == '\0');
    }
    free(text);
    return 0;
}
