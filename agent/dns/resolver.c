#include "dns/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/random.h"
#include "dns/dns_message.h"

/* Why there are several c-ares channels, and no EDNS (c-ares 1.18):
 * - It hides SERVFAIL and REFUSED behind "connection refused" unless told to hand over every answer (NOCHECKRESP), and
 *   then asks no further server. So the i-th pair of channels knows the servers from the i-th on, and a failure moves a
 *   lookup to the next pair.
 * - When a TCP connection ends it repeats all that is under way to that server, over UDP too, costing each a try.
 *   So truncated answers are handed over (IGNTC) and asked for again in a channel that has only TCP.
 * - At the first FORMERR it switches EDNS off for the channel, but leaves other queries of that moment with theirs; and
 *   it drops a FORMERR without a question, as old servers send it. */

#define UDP_TRIES 4   /* of each server, each waiting twice as long as the one before */
#define UDP_WAITS ((1 << UDP_TRIES) - 1) /* first waits in all of them */
#define TCP_TRIES 2   /* connections; c-ares sends a query once into each */
#define UDP_BUFFER (1 << 20) /* for answers that arrive while a turn of the loop is long; the kernel may grant less */
/* Once one of A and AAAA has a record the other may take this part of the timeout. */
#define GRACE_PART 4

/* A c-ares channel and the sockets it has open. */
struct cares {
    struct resolver *resolver;
    ares_channel channel;
    struct watched *sockets;
};

/* A socket that c-ares has open. */
struct watched {
    struct cares *cares;
    int fd;
    struct loop_watch *watch;
    struct watched *next;
};

/* The channels that know the servers from one on. */
struct route {
    struct cares udp, tcp;
};

struct resolver {
    struct loop *loop;
    int64_t timeout_us;
    struct route *routes; /* one a server */
    size_t server_count;
    bool trusted;            /* to tell what DNSSEC vouches for */
    size_t asks;             /* that c-ares has */
    struct loop_timer *tick; /* lets c-ares see its timeouts; armed while there are asks */
    int64_t tick_us;
};

/* What c-ares calls back with. It cannot take one query back, so a cancelled lookup leaves its ask behind. */
struct ask {
    struct resolver *resolver;
    struct lookup *lookup; /* NULL when nobody waits any more */
};

/* One question, from the first server to the last. */
struct lookup {
    struct resolver_query *query;
    unsigned char question[DNS_QUESTION_SIZE];
    size_t question_length;
    size_t server;
    bool tcp;
    struct ask *ask; /* NULL when it has ended */
    struct dns_reply reply; /* the latest; DNS_TIMEOUT until there is one */
};

struct resolver_query {
    struct resolver *resolver;
    resolver_done done;
    void *arg;
    int64_t started_us;
    struct loop_timer *timer; /* whatever is known when it expires is the answer */
    size_t pending;           /* lookups that have not ended */
    size_t lookup_count;
    struct lookup lookup[2];
};

/* Sockets of c-ares on the loop. */

static void cares_process(struct cares *cares, ares_socket_t readable, ares_socket_t writable)
{
    errno = 0;
    ares_process_fd(cares->channel, readable, writable);
}

static void socket_ready(void *arg, int events)
{
    struct watched *socket = arg;
    int fd = socket->fd;
    cares_process(socket->cares, events & LOOP_READ ? fd : ARES_SOCKET_BAD, events & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
}

/* c-ares tells before it closes a socket, with neither event wanted. */
static void socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct cares *cares = data;
    struct watched **at = &cares->sockets;
    while (*at != NULL && (*at)->fd != fd)
        at = &(*at)->next;
    struct watched *socket = *at;
    if (!readable && !writable) {
        if (socket != NULL) {
            *at = socket->next;
            loop_watch_free(socket->watch);
            free(socket);
        }
        return;
    }
    if (socket == NULL) {
        socket = mem_alloc(sizeof *socket);
        *socket = (struct watched){.cares = cares, .fd = fd, .next = cares->sockets};
        socket->watch = loop_watch_new(cares->resolver->loop, fd, socket_ready, socket);
        cares->sockets = socket;
    }
    loop_watch_events(socket->watch, (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0));
}

static void resolver_tick(void *arg)
{
    struct resolver *resolver = arg;
    for (size_t i = 0; i < resolver->server_count; i++) {
        cares_process(&resolver->routes[i].udp, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        cares_process(&resolver->routes[i].tcp, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    if (resolver->asks > 0)
        loop_timer_arm(resolver->tick, resolver->tick_us);
}

/* Asking. */

static void answered(void *arg, int status, int timeouts, unsigned char *bytes, int length);

static void lookup_ask(struct lookup *lookup)
{
    struct resolver *resolver = lookup->query->resolver;
    struct route *route = &resolver->routes[lookup->server];
    struct ask *ask = mem_alloc(sizeof *ask);
    *ask = (struct ask){.resolver = resolver, .lookup = lookup};
    lookup->ask = ask;
    if (resolver->asks++ == 0)
        loop_timer_arm(resolver->tick, resolver->tick_us);
    random_bytes(lookup->question, 2); /* the id */
    ares_channel channel = lookup->tcp ? route->tcp.channel : route->udp.channel;
    errno = 0;
    ares_send(channel, lookup->question, (int)lookup->question_length, answered, ask);
}

static void lookup_end(struct lookup *lookup)
{
    struct resolver_query *query = lookup->query;
    if (--query->pending == 0) {
        loop_timer_arm(query->timer, 0);
        return;
    }
    int64_t left_us = query->resolver->timeout_us - (clock_mono_us() - query->started_us);
    int64_t grace_us = query->resolver->timeout_us / GRACE_PART;
    if (lookup->reply.status == DNS_ANSWER && grace_us < left_us)
        loop_timer_arm(query->timer, grace_us);
}

/* Without ARES_SUCCESS none of the channel's servers answered, and there is no other one to ask. Where c-ares could not
 * have a socket it says "connection refused", and only errno, which is cleared before it is called, still tells why. */
static void answered(void *arg, int status, int timeouts, unsigned char *bytes, int length)
{
    int error = errno;
    errno = 0; /* one call of c-ares may end several queries */
    (void)timeouts;
    struct ask *ask = arg;
    struct lookup *lookup = ask->lookup;
    size_t server_count = ask->resolver->server_count;
    ask->resolver->asks--;
    free(ask);
    if (lookup == NULL)
        return;
    lookup->ask = NULL;
    if (status != ARES_SUCCESS) {
        if (descriptors_lacking(error)) {
            descriptors_note(error);
            lookup->reply.status = DNS_LOCAL_ERROR;
        }
        lookup_end(lookup);
        return;
    }
    if (!lookup->tcp && dns_reply_truncated(bytes, (size_t)length)) {
        lookup->tcp = true;
        lookup_ask(lookup);
        return;
    }
    dns_reply_fini(&lookup->reply);
    dns_reply_read(&lookup->reply, lookup->question, bytes, (size_t)length);
    if (!dns_status_failed(lookup->reply.status) || lookup->server + 1 == server_count) {
        lookup_end(lookup);
        return;
    }
    lookup->server++;
    lookup->tcp = false;
    lookup_ask(lookup);
}

/* Answering. */

/* Lets go of what the query holds in the loop and in c-ares; the replies stay. */
static void query_detach(struct resolver_query *query)
{
    loop_timer_free(query->timer);
    for (size_t i = 0; i < query->lookup_count; i++) {
        if (query->lookup[i].ask != NULL)
            query->lookup[i].ask->lookup = NULL;
    }
}

static void query_free(struct resolver_query *query)
{
    for (size_t i = 0; i < query->lookup_count; i++)
        dns_reply_fini(&query->lookup[i].reply);
    free(query);
}

static void query_deliver(void *arg)
{
    struct resolver_query *query = arg;
    query_detach(query);
    struct dns_reply *reply = &query->lookup[0].reply;
    if (query->lookup_count > 1)
        dns_reply_merge(reply, &query->lookup[1].reply);
    struct dns_answer answer = {
        .status = reply->status,
        .duration_us = clock_mono_us() - query->started_us,
        .ttl_s = reply->ttl_s,
        .alias = reply->alias,
        .authentic = reply->authentic && !dns_status_failed(reply->status) && query->resolver->trusted,
        .records = reply->records,
        .count = reply->count,
        .srv = reply->srv,
        .address = reply->address,
        .tlsa = reply->tlsa,
    };
    query->done(query->arg, &answer);
    query_free(query);
}

static struct resolver_query *query_start(struct resolver *resolver, const char *name, const int *types,
                                          size_t type_count, resolver_done done, void *arg)
{
    struct resolver_query *query = mem_alloc(sizeof *query);
    *query = (struct resolver_query){
        .resolver = resolver, .done = done, .arg = arg, .started_us = clock_mono_us(),
        .pending = type_count, .lookup_count = type_count,
    };
    query->timer = loop_timer_new(resolver->loop, query_deliver, query);
    loop_timer_arm(query->timer, resolver->timeout_us);
    for (size_t i = 0; i < type_count; i++) {
        struct lookup *lookup = &query->lookup[i];
        lookup->query = query;
        lookup->reply = (struct dns_reply){.status = DNS_TIMEOUT, .ttl_s = -1};
        lookup->question_length = dns_question_write(lookup->question, name, types[i]);
        if (lookup->question_length > 0) {
            lookup_ask(lookup);
        } else {
            lookup->reply.status = DNS_BAD_NAME;
            lookup_end(lookup);
        }
    }
    return query;
}

struct resolver_query *resolver_srv(struct resolver *resolver, const char *name, resolver_done done, void *arg)
{
    static const int types[] = {ns_t_srv};
    return query_start(resolver, name, types, 1, done, arg);
}

struct resolver_query *resolver_addresses(struct resolver *resolver, const char *name, resolver_done done, void *arg)
{
    static const int types[] = {ns_t_a, ns_t_aaaa};
    return query_start(resolver, name, types, 2, done, arg);
}

struct resolver_query *resolver_tlsa(struct resolver *resolver, const char *name, resolver_done done, void *arg)
{
    static const int types[] = {ns_t_tlsa};
    return query_start(resolver, name, types, 1, done, arg);
}

void resolver_cancel(struct resolver_query *query)
{
    if (query == NULL)
        return;
    query_detach(query);
    query_free(query);
}

/* Setting up. */

/* "ADDR:PORT" or "[v6]:PORT", up to `end` */
static bool server_parse(const char *text, const char *end, struct ares_addr_port_node *server)
{
    char host[INET6_ADDRSTRLEN];
    const char *colon = memrchr(text, ':', (size_t)(end - text));
    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return false;
    char *rest;
    unsigned long port = strtoul(colon + 1, &rest, 10);
    if (rest != end || port == 0 || port > UINT16_MAX)
        return false;
    bool v6 = text[0] == '[' && colon[-1] == ']';
    size_t length = (size_t)(colon - text) - (v6 ? 2 : 0);
    if (length >= sizeof host)
        return false;
    memcpy(host, text + (v6 ? 1 : 0), length);
    host[length] = '\0';
    *server = (struct ares_addr_port_node){
        .family = v6 ? AF_INET6 : AF_INET, .udp_port = (int)port, .tcp_port = (int)port,
    };
    return inet_pton(server->family, host, &server->addr) == 1;
}

/* A list in one piece of memory, or NULL. */
static struct ares_addr_port_node *servers_parse(const char *text)
{
    size_t count = 1;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    struct ares_addr_port_node *servers = mem_array(count, sizeof *servers);
    for (size_t i = 0; i < count; i++) {
        const char *end = text + strcspn(text, ",");
        if (!server_parse(text, end, &servers[i])) {
            free(servers);
            return NULL;
        }
        servers[i].next = i + 1 < count ? &servers[i + 1] : NULL;
        text = end + 1;
    }
    return servers;
}

static int cares_open(struct cares *cares, struct resolver *resolver, bool tcp,
                      struct ares_addr_port_node *servers, size_t server_count)
{
    int64_t share_ms = resolver->timeout_us / 1000 / (int64_t)server_count;
    int64_t wait_ms = tcp ? share_ms : share_ms / UDP_WAITS;
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | (tcp ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC),
        .timeout = wait_ms > 0 ? (int)wait_ms : 1,
        .tries = tcp ? TCP_TRIES : UDP_TRIES,
        .socket_send_buffer_size = UDP_BUFFER,
        .socket_receive_buffer_size = UDP_BUFFER,
        .sock_state_cb = socket_state,
        .sock_state_cb_data = cares,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB;
    if (!tcp)
        mask |= ARES_OPT_SOCK_SNDBUF | ARES_OPT_SOCK_RCVBUF;
    cares->resolver = resolver;
    int status = ares_init_options(&cares->channel, &options, mask);
    return status == ARES_SUCCESS ? ares_set_servers_ports(cares->channel, servers) : status;
}

static int routes_open(struct resolver *resolver, struct ares_addr_port_node *servers)
{
    size_t left = 0;
    for (struct ares_addr_port_node *server = servers; server != NULL; server = server->next)
        left++;
    resolver->routes = mem_array(left, sizeof *resolver->routes);
    int status = ARES_SUCCESS;
    for (; servers != NULL && status == ARES_SUCCESS; servers = servers->next, left--) {
        struct route *route = &resolver->routes[resolver->server_count++];
        status = cares_open(&route->udp, resolver, false, servers, left);
        if (status == ARES_SUCCESS)
            status = cares_open(&route->tcp, resolver, true, servers, left);
    }
    return status;
}

/* The machine's own servers: c-ares reads /etc/resolv.conf for a channel that is not told any. */
static int system_servers(struct ares_addr_port_node **servers)
{
    ares_channel channel;
    int status = ares_init(&channel);
    if (status == ARES_SUCCESS) {
        status = ares_get_servers_ports(channel, servers);
        ares_destroy(channel);
    }
    return status;
}

/* Whether none of the servers' answers passes a network. */
static bool all_are_loopback(const struct ares_addr_port_node *server)
{
    static const struct network LOOPBACK[] = {
        {.family = AF_INET, .bytes = {127}, .prefix = 8}, {.family = AF_INET6, .bytes = {[15] = 1}, .prefix = 128}};
    for (; server != NULL; server = server->next) {
        unsigned char bytes[16] = {0};
        memcpy(bytes, &server->addr, server->family == AF_INET ? 4 : 16);
        if (!network_contains(&LOOPBACK[0], server->family, bytes) &&
            !network_contains(&LOOPBACK[1], server->family, bytes))
            return false;
    }
    return true;
}

struct resolver *resolver_new(struct loop *loop, const char *address, bool trust_ad, int64_t timeout_ms,
                              struct err *err)
{
    struct ares_addr_port_node *given = NULL, *system = NULL;
    if (address != NULL && (given = servers_parse(address)) == NULL) {
        err_set(err, "\"%s\" is not ADDRESS:PORT or [IPV6]:PORT", address);
        return NULL;
    }
    struct resolver *resolver = mem_alloc(sizeof *resolver);
    resolver->loop = loop;
    resolver->timeout_us = timeout_ms * 1000;
    resolver->trusted = trust_ad;
    resolver->tick = loop_timer_new(loop, resolver_tick, resolver);
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS && given == NULL)
        status = system_servers(&system);
    if (status == ARES_SUCCESS)
        status = routes_open(resolver, given != NULL ? given : system);
    resolver->trusted |= all_are_loopback(given != NULL ? given : system);
    free(given);
    ares_free_data(system);
    if (status == ARES_SUCCESS && resolver->server_count > 0) {
        /* Often enough for the first and shortest wait. */
        resolver->tick_us = resolver->timeout_us / (int64_t)resolver->server_count / UDP_WAITS / 2;
        return resolver;
    }
    err_set(err, "DNS resolver: %s", status == ARES_SUCCESS ? "no server" : ares_strerror(status));
    resolver_free(resolver);
    return NULL;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    for (size_t i = 0; i < resolver->server_count; i++) {
        ares_destroy(resolver->routes[i].udp.channel);
        ares_destroy(resolver->routes[i].tcp.channel);
    }
    ares_library_cleanup();
    loop_timer_free(resolver->tick);
    free(resolver->routes);
    free(resolver);
}
