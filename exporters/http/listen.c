#include "exporters/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

/* Splits at the last colon, the brackets of an IPv6 address taken off. */
static bool split(const char *address, char host[NI_MAXHOST], char port[NI_MAXSERV])
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || strlen(colon + 1) >= NI_MAXSERV || colon - address >= NI_MAXHOST)
        return false;
    const char *begin = address;
    size_t length = (size_t)(colon - address);
    if (*begin == '[') {
        if (length < 3 || begin[length - 1] != ']')
            return false;
        begin++;
        length -= 2;
    } else if (memchr(begin, ':', length) != NULL) {
        return false;
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    strcpy(port, colon + 1);
    char *end;
    long number = strtol(port, &end, 10);
    return port[0] >= '0' && port[0] <= '9' && *end == '\0' && number <= 65535;
}

static void describe(struct listen_socket *found)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "0";
    if (getsockname(found->fd, (struct sockaddr *)&address, &length) == 0)
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    found->port = (unsigned)strtoul(port, NULL, 10);
    snprintf(found->text, sizeof found->text, strchr(host, ':') ? "[%.64s]:%s" : "%.64s:%s", host, port);
}

/* A listening socket, or -1 and errno. */
static int open_socket(const struct addrinfo *info, bool both_families)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int on = 1, only_v6 = !both_families;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (info->ai_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) == 0) &&
        bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* The machine's kernel or interfaces lack the family or the address, as with ::1 for localhost in a container. */
static bool is_absent(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

/* ":PORT": one socket for both families, or where there is no IPv6 one for IPv4. */
static bool open_wildcard(const char *port, struct listen_socket sockets[LISTEN_MAX], size_t *found)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six.sin6_port};
    struct addrinfo all_six = {.ai_family = AF_INET6, .ai_addr = (struct sockaddr *)&six, .ai_addrlen = sizeof six};
    struct addrinfo all_four = {.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&four, .ai_addrlen = sizeof four};
    int fd = open_socket(&all_six, true);
    if (fd < 0 && is_absent(errno))
        fd = open_socket(&all_four, false);
    if (fd < 0)
        return false;
    sockets[(*found)++].fd = fd;
    return true;
}

static bool open_all(const struct addrinfo *info, struct listen_socket sockets[LISTEN_MAX], size_t *found)
{
    int error = EADDRNOTAVAIL;
    for (; info != NULL && *found < LISTEN_MAX; info = info->ai_next) {
        int fd = open_socket(info, false);
        if (fd >= 0) {
            sockets[(*found)++].fd = fd;
            continue;
        }
        error = errno;
        if (!is_absent(error)) {
            while (*found > 0)
                close(sockets[--*found].fd);
            break;
        }
    }
    errno = error;
    return *found > 0;
}

bool listen_open(const char *address, struct listen_socket sockets[LISTEN_MAX], size_t *found, struct err *err)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    *found = 0;
    if (!split(address, host, port))
        return err_set(err, "cannot listen on \"%s\": not HOST:PORT, [IPv6]:PORT or :PORT", address);
    bool opened;
    if (host[0] == '\0') {
        opened = open_wildcard(port, sockets, found);
    } else {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
        int failure = getaddrinfo(host, port, &hints, &list);
        if (failure != 0)
            return err_set(err, "cannot listen on %s: %s", address, gai_strerror(failure));
        opened = open_all(list, sockets, found);
        int saved = errno;
        freeaddrinfo(list);
        errno = saved;
    }
    if (!opened)
        return err_set(err, "cannot listen on %s: %s", address, strerror(errno));
    for (size_t i = 0; i < *found; i++)
        describe(&sockets[i]);
    return true;
}
