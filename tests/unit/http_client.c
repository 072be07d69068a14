#include "http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/mem.h"

int client_dial(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void client_say(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the server may hang up on nonsense */
        at += sent;
        length -= (size_t)sent;
    }
}

char *client_hear(int fd, size_t *length)
{
    char *text = mem_alloc(ANSWER_MAX + 1);
    ssize_t got;
    *length = 0;
    while ((got = recv(fd, text + *length, ANSWER_MAX - *length, 0)) > 0)
        *length += (size_t)got;
    close(fd);
    return text;
}

char *client_ask(unsigned port, const char *request, size_t size, size_t *length)
{
    int fd = client_dial(port);
    client_say(fd, request, size);
    return client_hear(fd, length);
}

void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %.600s", part, text);
}

void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in: %.600s", part, text);
}

void assert_status(const char *answer, int status)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0)
        fail_msg("not %d: %.600s", status, answer);
}

char *client_body(char *answer)
{
    char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

long client_unchunk(char *body, size_t length)
{
    char *in = body, *out = body;
    for (;;) {
        char *end;
        size_t size = strtoul(in, &end, 16);
        if (end == in || (size_t)(end - body) + size + 4 > length)
            return -1;
        memmove(out, end + 2, size);
        out += size;
        in = end + 2 + size + 2;
        if (size == 0)
            return out - body;
    }
}

char *client_gunzip(const char *packed, size_t length)
{
    char *text = mem_alloc(ANSWER_MAX + 1);
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)packed,
                       .avail_in = (unsigned)length,
                       .next_out = (unsigned char *)text,
                       .avail_out = (unsigned)ANSWER_MAX};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    inflateEnd(&stream);
    return text;
}
