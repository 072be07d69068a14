#include "health/check.h"

const char *check_name(enum check check)
{
    switch (check) {
    case CHECK_SRV: return "srv";
    case CHECK_CONNECT: return "connect";
    case CHECK_STREAM: return "stream";
    case CHECK_STARTTLS: return "starttls";
    case CHECK_CERTIFICATE: return "certificate";
    case CHECK_AUTH: return "auth";
    case CHECK_DIALBACK: return "dialback";
    case CHECK_PING: return "ping";
    case CHECK_COUNT: break;
    }
    return "unknown";
}
