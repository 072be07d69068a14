#include "probe/route.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whatever else goes wrong, for want of descriptors for instance, says nothing about routes. */
static bool is_about_routes(int error)
{
    return error == ENETUNREACH || error == EHOSTUNREACH || error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

bool route_exists(const struct dns_address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to = {.any = {.sa_family = (sa_family_t)address->family}};
    if (address->family == AF_INET)
        memcpy(&to.v4.sin_addr, address->bytes, sizeof to.v4.sin_addr);
    else
        memcpy(&to.v6.sin6_addr, address->bytes, sizeof to.v6.sin6_addr);
    int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return !is_about_routes(errno);
    bool exists = connect(fd, &to.any, sizeof to) == 0 || !is_about_routes(errno);
    close(fd);
    return exists;
}
