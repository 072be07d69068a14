#define LOG_SUBSYSTEM "descriptors"
#include "base/descriptors.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"

/* At the limit some attempts succeed and others do not. So long must all of them succeed before that is over. */
#define QUIET_US 10000000

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

bool descriptors_lacking(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void descriptors_note(int error)
{
    static int64_t lacked_us = -1; /* when one was lacking the last time; -1: that is over */
    bool lacking = descriptors_lacking(error);
    if (lacking && lacked_us < 0)
        log_warn("no socket can be had: %s; checks that need one end with local_error", strerror(error));
    if (lacking) {
        lacked_us = clock_mono_us();
    } else if (error == 0 && lacked_us >= 0 && clock_mono_us() - lacked_us >= QUIET_US) {
        lacked_us = -1;
        log_info("sockets can be had again");
    }
}
