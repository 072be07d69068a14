#include "base/descriptors.h"

#include <sys/resource.h>

unsigned descriptors_raise(unsigned wanted, unsigned beside)
{
    struct rlimit limit;
    rlim_t all = (rlim_t)wanted + beside;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    rlim_t former = limit.rlim_cur;
    if (limit.rlim_cur < all) {
        limit.rlim_cur = limit.rlim_max < all ? limit.rlim_max : all;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = former;
    }
    if (limit.rlim_cur >= all)
        return wanted;
    rlim_t half = limit.rlim_cur / 2; /* where there are few, the purpose gets its share */
    rlim_t left = half > beside ? limit.rlim_cur - beside : half;
    return left > 0 ? (unsigned)left : 1;
}
