#include "exporters/snmp/master.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/ds_agent.h>
#include <net-snmp/library/snmpSocketBaseDomain.h>

#include "base/clock.h"
#include "base/mem.h"

#define PREFIX "fedhealth" /* of the transport's name among net-snmp's: fedhealth:/var/agentx/master */
#define TCP "tcp:"

static const char *fault; /* static storage */

/* Until the socket can be written to. False and errno: not in time. */
static bool wait_writable(int fd, int64_t deadline_us)
{
    struct pollfd watched = {.fd = fd, .events = POLLOUT};
    int ready;
    do {
        int64_t left_us = deadline_us - clock_mono_us();
        ready = poll(&watched, 1, left_us > 0 ? (int)((left_us + 999) / 1000) : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

static int64_t deadline(void)
{
    return clock_mono_us() + MASTER_PATIENCE_MS * INT64_C(1000);
}

/* False: not in time, or errno says why. */
static bool finish_connect(int fd)
{
    int failure = 0;
    socklen_t length = sizeof failure;
    if (!wait_writable(fd, deadline()) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) != 0)
        return false;
    errno = failure;
    return failure == 0;
}

/* The connected socket, or -1 and errno. */
static int connect_to(int family, const void *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, address, length) == 0 || (errno == EINPROGRESS && finish_connect(fd)))
        return fd;
    int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = connect_to(AF_UNIX, &address, sizeof address);
    fault = fd >= 0 ? NULL : errno == EAGAIN ? "it accepts no connections" : strerror(errno);
    return fd;
}

/* HOST:PORT or [HOST]:PORT, well formed. */
static int connect_tcp(const char *target)
{
    char *host = mem_strdup(*target == '[' ? target + 1 : target), *port = strrchr(host, ':');
    *port++ = '\0';
    if (*target == '[')
        host[strlen(host) - 1] = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1, failure = getaddrinfo(host, port, &hints, &found);
    fault = failure != 0 ? gai_strerror(failure) : NULL;
    for (const struct addrinfo *each = found; each != NULL && fd < 0; each = each->ai_next) {
        fd = connect_to(each->ai_family, each->ai_addr, each->ai_addrlen);
        fault = fd >= 0 ? NULL : strerror(errno);
    }
    if (found != NULL)
        freeaddrinfo(found);
    free(host);
    return fd;
}

static int transport_recv(netsnmp_transport *transport, void *bytes, int size, void **opaque, int *opaque_length)
{
    ssize_t got;
    *opaque = NULL;
    *opaque_length = 0;
    do
        got = recv(transport->sock, bytes, (size_t)size, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        transport->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT; /* nothing, but not the end */
        got = 0;
    }
    return (int)got;
}

/* All of it or, from a master that does not read, nothing ever again: the end that net-snmp then reads makes it connect
 * anew. */
static int transport_send(netsnmp_transport *transport, const void *bytes, int size, void **opaque, int *opaque_length)
{
    (void)opaque, (void)opaque_length;
    int64_t until_us = deadline();
    for (int sent = 0; sent < size;) {
        ssize_t count = send(transport->sock, (const char *)bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (int)count;
        } else if (errno != EINTR && (errno != EAGAIN || !wait_writable(transport->sock, until_us))) {
            shutdown(transport->sock, SHUT_RDWR);
            return -1;
        }
    }
    return size;
}

static netsnmp_transport *transport_new(const char *target, int local, const char *default_target)
{
    (void)local, (void)default_target;
    int fd = strncmp(target, TCP, strlen(TCP)) == 0 ? connect_tcp(target + strlen(TCP)) : connect_unix(target);
    if (fd < 0)
        return NULL;
    netsnmp_transport *transport = mem_alloc(sizeof *transport);
    transport->sock = fd;
    transport->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
    transport->msgMaxSize = SNMP_MAX_PACKET_LEN;
    transport->f_recv = transport_recv;
    transport->f_send = transport_send;
    transport->f_close = netsnmp_socketbase_close;
    return transport;
}

void master_prepare(const char *socket)
{
    static const oid name[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 5269}; /* any that is none of net-snmp's */
    static netsnmp_tdomain domain = {
        .name = name, .name_length = OID_LENGTH(name), .f_create_from_tstring_new = transport_new};
    domain.prefix = mem_array(2, sizeof *domain.prefix); /* net-snmp frees it */
    domain.prefix[0] = PREFIX;
    netsnmp_tdomain_register(&domain);

    char *target = mem_printf(PREFIX ":%s", socket);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, target);
    free(target);
}

const char *master_fault(void)
{
    return fault;
}
