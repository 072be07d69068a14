#include "health/dialback.h"

#include <string.h>

const char *dialback_algorithm_name(enum dialback_algorithm algorithm)
{
    switch (algorithm) {
    case DIALBACK_AUTO: return "auto";
    case DIALBACK_HMAC_SHA256: return "hmac-sha256";
    case DIALBACK_SHA1_NESTED: return "sha1-nested";
    case DIALBACK_HMAC_SHA1: return "hmac-sha1";
    case DIALBACK_SHA1_CONCAT: return "sha1-concat";
    case DIALBACK_ALGORITHM_COUNT: break;
    }
    return "unknown";
}

bool dialback_algorithm_parse(const char *name, enum dialback_algorithm *algorithm)
{
    for (enum dialback_algorithm at = DIALBACK_AUTO; at < DIALBACK_ALGORITHM_COUNT; at++) {
        if (strcmp(name, dialback_algorithm_name(at)) == 0) {
            *algorithm = at;
            return true;
        }
    }
    return false;
}

bool dialback_algorithm_is_experimental(enum dialback_algorithm algorithm)
{
    return algorithm == DIALBACK_HMAC_SHA1 || algorithm == DIALBACK_SHA1_CONCAT;
}
