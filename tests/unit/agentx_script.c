#include "agentx_script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REGISTER 3
#define GET 5
#define NOTIFY 12
#define PING 13
#define RESPONSE 18
#define NETWORK_BYTE_ORDER 0x10
#define INTEGER 2
#define OCTET_STRING 4
#define OBJECT_IDENTIFIER 6
#define GAUGE 66
#define TIME_TICKS 67

struct header { /* RFC 2741 6.1 */
    uint8_t version, type, flags, reserved;
    uint32_t session, transaction, packet, length;
};

struct pdu {
    struct header header;
    uint8_t payload[4096];
};

static uint32_t opened = 1; /* the session's number */

static void must(int good, const char *what)
{
    if (!good) {
        printf("agentx_script: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static uint32_t host_order(const struct header *header, uint32_t number)
{
    return header->flags & NETWORK_BYTE_ORDER ? ntohl(number) : number;
}

static void receive(int connection, struct pdu *pdu)
{
    must(recv(connection, &pdu->header, sizeof pdu->header, MSG_WAITALL) == sizeof pdu->header, "a PDU's header");
    uint32_t length = host_order(&pdu->header, pdu->header.length);
    must(length <= sizeof pdu->payload, "a PDU's length");
    must(length == 0 || recv(connection, pdu->payload, length, MSG_WAITALL) == (ssize_t)length, "a PDU");
}

static bool transmit(int connection, struct pdu *pdu, size_t length, int flags)
{
    pdu->header.length = pdu->header.flags & NETWORK_BYTE_ORDER ? htonl((uint32_t)length) : (uint32_t)length;
    ssize_t sent = send(connection, pdu, sizeof pdu->header + length, flags | MSG_NOSIGNAL);
    must(sent > 0 || flags & MSG_DONTWAIT, "a PDU out");
    return sent > 0;
}

static void answer(int connection, struct pdu *pdu)
{
    pdu->header.type = RESPONSE;
    pdu->header.session = opened;
    memset(pdu->payload, 0, 8); /* sysUpTime, error and index */
    transmit(connection, pdu, 8, 0);
}

int agentx_listen(int backlog, char path[64])
{
    static unsigned number;
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    snprintf(path, 64, "/tmp/fedhealth-test-%d-%u", (int)getpid(), number++);
    strcpy(here.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    must(bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, backlog) == 0, path);
    return fd;
}

/* Answers PDUs up to and including one of this type. */
static void answer_until(int connection, int type)
{
    struct pdu pdu;
    int answered;
    do {
        receive(connection, &pdu);
        answered = pdu.header.type;
        answer(connection, &pdu);
    } while (answered != type);
}

int agentx_accept(int listener)
{
    int connection = accept(listener, NULL, NULL);
    must(connection >= 0, "accept");
    answer_until(connection, REGISTER);
    return connection;
}

void agentx_await_ping(int connection)
{
    answer_until(connection, PING);
}

static bool ask(int connection, const char *object, int flags)
{
    struct pdu pdu = {.header = {.version = 1, .type = GET, .session = opened, .packet = 7}};
    struct {
        uint8_t count, prefix, include, reserved;
        uint32_t ids[32];
    } name = {.count = 0};
    for (char *end; *object != '\0'; object = *end == '.' ? end + 1 : end)
        name.ids[name.count++] = (uint32_t)strtoul(object, &end, 10);
    size_t length = 4 + name.count * sizeof name.ids[0];
    memcpy(pdu.payload, &name, length);
    memset(pdu.payload + length, 0, 4); /* the end of the range: the null OID */
    return transmit(connection, &pdu, length + 4, flags);
}

bool agentx_ask(int connection, const char *object)
{
    return ask(connection, object, MSG_DONTWAIT);
}

void agentx_get(int connection, const char *object, char *text, size_t size)
{
    struct pdu pdu;
    ask(connection, object, 0);
    for (;;) {
        receive(connection, &pdu);
        if (pdu.header.type == RESPONSE)
            break;
        answer(connection, &pdu); /* a ping came in between */
    }
    /* Behind sysUpTime, error and index: type, 0, a name, and for OCTET STRING length and bytes. */
    uint16_t error, type;
    uint32_t value_length;
    memcpy(&error, pdu.payload + 4, sizeof error);
    memcpy(&type, pdu.payload + 8, sizeof type);
    size_t value_at = 12 + 4 + 4 * (size_t)pdu.payload[12];
    must(error == 0 && type == OCTET_STRING, "an answer with a text");
    memcpy(&value_length, pdu.payload + value_at, sizeof value_length);
    must(value_length < size, "a text that fits");
    memcpy(text, pdu.payload + value_at + 4, value_length);
    text[value_length] = '\0';
}

/* Appends an OID (RFC 2741 5.1) as dotted numbers; the place behind it. */
static const uint8_t *put_name(FILE *out, const uint8_t *at)
{
    uint8_t count = at[0], prefix = at[1];
    if (prefix != 0)
        fprintf(out, "1.3.6.1.%u%s", prefix, count > 0 ? "." : "");
    at += 4;
    for (uint8_t i = 0; i < count; i++, at += 4) {
        uint32_t id;
        memcpy(&id, at, sizeof id);
        fprintf(out, "%s%u", i > 0 ? "." : "", id);
    }
    return at;
}

/* Appends a variable (5.4); the place behind it. */
static const uint8_t *put_variable(FILE *out, const uint8_t *at)
{
    uint16_t type;
    uint32_t number;
    memcpy(&type, at, sizeof type);
    at = put_name(out, at + 4);
    putc('=', out);
    if (type == OBJECT_IDENTIFIER) {
        at = put_name(out, at);
    } else {
        must(type == INTEGER || type == GAUGE || type == TIME_TICKS || type == OCTET_STRING, "a type that is known");
        memcpy(&number, at, sizeof number);
        at += 4;
        if (type == OCTET_STRING) {
            fprintf(out, "%.*s", (int)number, (const char *)at);
            at += (number + 3) / 4 * 4;
        } else {
            fprintf(out, "%u", number);
        }
    }
    putc('\n', out);
    return at;
}

void agentx_await_notify(int connection, char *text, size_t size)
{
    struct pdu pdu;
    for (;;) {
        receive(connection, &pdu);
        if (pdu.header.type == NOTIFY)
            break;
        answer(connection, &pdu);
    }
    FILE *out = fmemopen(text, size, "w");
    const uint8_t *at = pdu.payload, *end = at + host_order(&pdu.header, pdu.header.length);
    while (at < end)
        at = put_variable(out, at);
    fclose(out);
    answer(connection, &pdu);
}

/* What net-snmp forgets of each agent: 5 KiB. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:netsnmp_init_mib_internals\nleak:netsnmp_container_get_binary_array\nleak:netsnmp_certs_agent_init\n";
}
