#include "snmp_apart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "exporters/snmp/snmp.h"

#define HANG_S 300 /* under valgrind, on a busy machine, a test takes over a minute */

void snmp_apart(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(HANG_S);
        log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
        snmp_setup();
        body();
        exit(0);
    }
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
}
