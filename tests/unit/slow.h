/* For tests that try everything: where all takes thirty times as long they try a part of it. */
#ifndef TESTS_SLOW_H
#define TESTS_SLOW_H

#include <stddef.h>
#include <stdlib.h>

/* `part` where the environment says FEDHEALTH_SLOW, as `quickstart check` does of valgrind; else 1: all of it. */
static inline size_t slow_part(size_t part)
{
    return getenv("FEDHEALTH_SLOW") != NULL ? part : 1;
}

#endif
