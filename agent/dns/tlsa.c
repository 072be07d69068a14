#include "dns/tlsa.h"

#include <string.h>

#include "base/mem.h"

#define FIXED 3 /* usage, selector and matching type before the data */

bool dns_tlsa_read(struct dns_tlsa *tlsa, const unsigned char *data, size_t length)
{
    if (length <= FIXED)
        return false;
    *tlsa = (struct dns_tlsa){
        .usage = data[0], .selector = data[1], .matching = data[2], .length = length - FIXED, .data = data + FIXED,
    };
    return true;
}

int dns_tlsa_compare(const struct dns_tlsa *a, const struct dns_tlsa *b)
{
    if (a->usage != b->usage)
        return (int)a->usage - (int)b->usage;
    if (a->selector != b->selector)
        return (int)a->selector - (int)b->selector;
    if (a->matching != b->matching)
        return (int)a->matching - (int)b->matching;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->data, b->data, a->length);
}

struct dns_tlsa *dns_tlsa_copy(const struct dns_tlsa *tlsa, size_t count)
{
    size_t size = count * sizeof *tlsa;
    for (size_t i = 0; i < count; i++)
        size += tlsa[i].length;
    if (count == 0)
        return NULL;
    struct dns_tlsa *copy = mem_alloc(size);
    unsigned char *data = (unsigned char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        copy[i] = tlsa[i];
        copy[i].data = memcpy(data, tlsa[i].data, tlsa[i].length);
        data += tlsa[i].length;
    }
    return copy;
}
