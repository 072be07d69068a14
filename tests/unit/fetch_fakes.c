/* What of probe/secret.h the tests of fetch need. */
#include <string.h>

#include "probe/secret.h"

void secret_cleanse(void *bytes, size_t size)
{
    if (bytes != NULL)
        explicit_bzero(bytes, size);
}
