#include "base/random.h"

#include <assert.h>
#include <sys/random.h>

#include "base/text.h"

void random_bytes(void *bytes, size_t size)
{
    assert(size <= RANDOM_MAX);
    while (getrandom(bytes, size, 0) != (ssize_t)size) /* only a signal can end it early */
        continue;
}

char *random_hex(char *out, size_t size)
{
    unsigned char bytes[RANDOM_MAX];
    random_bytes(bytes, size);
    return text_hex(out, bytes, size);
}
