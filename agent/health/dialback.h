/* How a server makes its dialback keys (XEP-0220 leaves it to each). What each computes: stream/dialback_key.h. */
#ifndef HEALTH_DIALBACK_H
#define HEALTH_DIALBACK_H

#include <stdbool.h>

enum dialback_algorithm {
    DIALBACK_AUTO, /* of a setting: find out; of a result: none known */
    DIALBACK_HMAC_SHA256,
    DIALBACK_SHA1_NESTED,
    DIALBACK_HMAC_SHA1,
    DIALBACK_SHA1_CONCAT,
    DIALBACK_ALGORITHM_COUNT
};

const char *dialback_algorithm_name(enum dialback_algorithm algorithm); /* "auto", "hmac-sha256", … */
/* False: there is none of this name. */
bool dialback_algorithm_parse(const char *name, enum dialback_algorithm *algorithm);
/* Whether it is known from descriptions or source code only, and was not seen to be right with a real server. */
bool dialback_algorithm_is_experimental(enum dialback_algorithm algorithm);

#endif
