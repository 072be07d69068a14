#include "tests/unit/dns_script.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define CONNECTIONS_MAX 16

struct connection {
    struct dns_server *server;
    int fd;
    struct loop_watch *watch; /* NULL: a free place */
};

struct dns_server {
    struct loop *loop;
    void (*respond)(const struct dns_asked *asked);
    void *arg;
    char address[32];
    int udp, tcp;
    struct loop_watch *udp_watch, *tcp_watch;
    struct connection connections[CONNECTIONS_MAX];
    unsigned asked;
};

static void must(bool held, const char *what)
{
    if (!held) {
        perror(what);
        abort();
    }
}

static void add_number(struct buf *out, unsigned long value, int bytes)
{
    while (bytes-- > 0)
        buf_putc(out, (char)(value >> (8 * bytes)));
}

static void add_hex(struct buf *out, const char *word)
{
    for (; isxdigit((unsigned char)word[0]) && isxdigit((unsigned char)word[1]); word += 2) {
        char pair[] = {word[0], word[1], '\0'};
        buf_putc(out, (char)strtoul(pair, NULL, 16));
    }
    must(*word == '\0', word);
}

static void add_word(struct buf *out, const char *word, const unsigned char *question, size_t question_length)
{
    if (word[0] == '=' && word[1] == '=')
        add_number(out, strtoul(word + 2, NULL, 10), 4);
    else if (word[0] == '=')
        add_number(out, strtoul(word + 1, NULL, 10), 2);
    else if (word[0] == '\'') {
        buf_putc(out, (char)strlen(word + 1));
        buf_puts(out, word + 1);
    } else if (strcmp(word, ".") == 0)
        buf_putc(out, '\0');
    else if (strcmp(word, "^") == 0)
        buf_add(out, "\xc0\x0c", 2);
    else if (strcmp(word, "?") == 0)
        buf_add(out, question, 2);
    else if (strcmp(word, "!") == 0) {
        buf_putc(out, (char)~question[0]);
        buf_putc(out, (char)question[1]);
    } else if (strcmp(word, "Q") == 0)
        buf_add(out, question + NS_HFIXEDSZ, question_length - NS_HFIXEDSZ);
    else
        add_hex(out, word);
}

void dns_assemble(struct buf *out, const char *text, const unsigned char *question, size_t question_length)
{
    size_t open = 0;
    char word[512];
    while (text += strspn(text, " "), *text != '\0') {
        size_t length = strcspn(text, " ");
        must(length < sizeof word, "a word");
        memcpy(word, text, length);
        word[length] = '\0';
        text += length;
        if (strcmp(word, "[") == 0) {
            open = out->length;
            add_number(out, 0, 2);
        } else if (strcmp(word, "]") == 0) {
            size_t inside = out->length - open - 2;
            out->data[open] = (char)(inside >> 8);
            out->data[open + 1] = (char)inside;
        } else {
            add_word(out, word, question, question_length);
        }
    }
}

static void tell_tlsa(struct buf *out, const struct dns_tlsa *tlsa)
{
    buf_printf(out, " %u/%u/%u:", tlsa->usage, tlsa->selector, tlsa->matching);
    for (size_t i = 0; i < tlsa->length; i++)
        buf_printf(out, "%02x", tlsa->data[i]);
}

void dns_tell(struct buf *out, const struct dns_answer *answer)
{
    static const char *const names[] = {
        [DNS_ANSWER] = "answer",     [DNS_NODATA] = "nodata",   [DNS_NXDOMAIN] = "nxdomain",
        [DNS_TIMEOUT] = "timeout",   [DNS_SERVFAIL] = "servfail", [DNS_REFUSED] = "refused",
        [DNS_MALFORMED] = "malformed", [DNS_BAD_NAME] = "bad name", [DNS_LOCAL_ERROR] = "local error",
    };
    buf_printf(out, "%s%s%s", names[answer->status], answer->alias ? " alias" : "",
               answer->authentic ? " authentic" : "");
    if (answer->ttl_s >= 0 || answer->records > 0)
        buf_printf(out, " ttl=%lld records=%u:", (long long)answer->ttl_s, answer->records);
    for (size_t i = 0; i < answer->count; i++) {
        char text[INET6_ADDRSTRLEN];
        if (answer->tlsa != NULL)
            tell_tlsa(out, &answer->tlsa[i]);
        else if (answer->srv != NULL)
            buf_printf(out, " %s:%u/%u/%u", answer->srv[i].target, answer->srv[i].port, answer->srv[i].priority,
                       answer->srv[i].weight);
        else
            buf_printf(out, " %s", inet_ntop(answer->address[i].family, answer->address[i].bytes, text, sizeof text));
    }
}

/* The question, as its bytes have it. */
static void asked_read(struct dns_asked *asked, const unsigned char *bytes, size_t length)
{
    must(length > NS_HFIXEDSZ && length <= sizeof asked->bytes, "a question");
    memcpy(asked->bytes, bytes, length);
    asked->length = length;
    int name = ns_name_uncompress(bytes, bytes + length, bytes + NS_HFIXEDSZ, asked->name, sizeof asked->name);
    must(name > 0 && NS_HFIXEDSZ + (size_t)name + 4 == length, "a question's name");
    for (char *at = asked->name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    asked->type = (int)ns_get16(bytes + NS_HFIXEDSZ + name);
    asked->server->asked++;
    asked->server->respond(asked);
}

static void send_all(const struct dns_asked *asked, const struct buf *message)
{
    if (!asked->tcp) {
        sendto(asked->fd, message->data, message->length, 0, (const struct sockaddr *)&asked->from,
               sizeof asked->from);
        return;
    }
    unsigned char length[2] = {(unsigned char)(message->length >> 8), (unsigned char)message->length};
    for (size_t i = 0; i < 2; i++)
        must(send(asked->fd, &length[i], 1, MSG_NOSIGNAL) == 1, "send");
    for (size_t i = 0; i < message->length; i++)
        must(send(asked->fd, &message->data[i], 1, MSG_NOSIGNAL) == 1, "send");
}

void dns_say(const struct dns_asked *asked, const char *text)
{
    if (text != NULL && strcmp(text, "close") == 0) {
        shutdown(asked->fd, SHUT_RDWR);
        return;
    }
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "|");
        char *one = mem_strndup(text, length);
        struct buf message;
        buf_init(&message, 65535);
        dns_assemble(&message, one, asked->bytes, asked->length);
        send_all(asked, &message);
        buf_fini(&message);
        free(one);
        text += length + (text[length] == '|');
    }
}

static void udp_ready(void *arg, int events)
{
    (void)events;
    struct dns_server *server = arg;
    unsigned char bytes[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(server->udp, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    if (length < 0)
        return;
    struct dns_asked asked = {.server = server, .arg = server->arg, .fd = server->udp, .from = from};
    asked_read(&asked, bytes, (size_t)length);
}

static void connection_close(struct connection *connection)
{
    loop_watch_free(connection->watch);
    close(connection->fd);
    connection->watch = NULL;
}

/* c-ares sends length and question at once, and on loopback they arrive so. */
static void connection_ready(void *arg, int events)
{
    (void)events;
    struct connection *connection = arg;
    unsigned char bytes[514];
    ssize_t length = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length <= 0) {
        connection_close(connection);
        return;
    }
    struct dns_server *server = connection->server;
    for (size_t at = 0; at + 2 < (size_t)length; at += 2 + ns_get16(bytes + at)) {
        struct dns_asked asked = {.server = server, .arg = server->arg, .fd = connection->fd, .tcp = true};
        asked_read(&asked, bytes + at + 2, ns_get16(bytes + at));
    }
}

static void tcp_ready(void *arg, int events)
{
    (void)events;
    struct dns_server *server = arg;
    int fd = accept(server->tcp, NULL, NULL);
    must(fd >= 0, "accept");
    struct connection *free_place = server->connections;
    while (free_place->watch != NULL)
        free_place++;
    must(free_place < server->connections + CONNECTIONS_MAX, "connections");
    *free_place = (struct connection){.server = server, .fd = fd};
    free_place->watch = loop_watch_new(server->loop, fd, connection_ready, free_place);
    loop_watch_events(free_place->watch, LOOP_READ);
}

/* The same port for both. */
static void sockets_open(struct dns_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    for (int attempt = 0; attempt < 100; attempt++) {
        server->udp = socket(AF_INET, SOCK_DGRAM, 0);
        server->tcp = socket(AF_INET, SOCK_STREAM, 0);
        address.sin_port = 0;
        must(bind(server->udp, (struct sockaddr *)&address, size) == 0, "bind");
        must(getsockname(server->udp, (struct sockaddr *)&address, &size) == 0, "getsockname");
        if (bind(server->tcp, (struct sockaddr *)&address, size) == 0 && listen(server->tcp, 16) == 0) {
            snprintf(server->address, sizeof server->address, "127.0.0.1:%u", ntohs(address.sin_port));
            return;
        }
        close(server->udp);
        close(server->tcp);
    }
    must(false, "no port");
}

struct dns_server *dns_server_new(struct loop *loop, void (*respond)(const struct dns_asked *asked), void *arg)
{
    const int receive_buffer = 1 << 22; /* for a burst of questions; the kernel may grant less */
    struct dns_server *server = mem_alloc(sizeof *server);
    *server = (struct dns_server){.loop = loop, .respond = respond, .arg = arg};
    sockets_open(server);
    setsockopt(server->udp, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    server->udp_watch = loop_watch_new(loop, server->udp, udp_ready, server);
    server->tcp_watch = loop_watch_new(loop, server->tcp, tcp_ready, server);
    loop_watch_events(server->udp_watch, LOOP_READ);
    loop_watch_events(server->tcp_watch, LOOP_READ);
    return server;
}

void dns_server_free(struct dns_server *server)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->connections[i].watch != NULL)
            connection_close(&server->connections[i]);
    }
    loop_watch_free(server->udp_watch);
    loop_watch_free(server->tcp_watch);
    close(server->udp);
    close(server->tcp);
    free(server);
}

const char *dns_server_address(const struct dns_server *server)
{
    return server->address;
}

unsigned dns_server_asked(const struct dns_server *server)
{
    return server->asked;
}
