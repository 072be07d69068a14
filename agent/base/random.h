/* What nobody can guess: ids, and chance. Keys are made by login/secret.h. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

#define RANDOM_MAX 32 /* bytes at once */

void random_bytes(void *bytes, size_t size);
/* `size` of them as lower-case hexadecimal digits, two each, and a NUL; `out` is returned. */
char *random_hex(char *out, size_t size);

#endif
