/* Makes bare verified TLS handshakes, one after another, with the agent's own TLS settings and the least that leads to
 * them: a blocking socket and three constant texts for STARTTLS.
 * usage: handshakes CA_FILE PORT DOMAIN COUNT. Every handshake must succeed. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream/tls.h"

#define HEADER \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' " \
    "from='bench.lab.test' to='%s' version='1.0'>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

static void give_up(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* Sends a text and reads until `until` came. */
static void converse(int fd, const char *text, const char *until)
{
    char bytes[4096];
    size_t length = 0;
    if (send(fd, text, strlen(text), 0) < 0)
        give_up("send");
    do {
        ssize_t got = recv(fd, bytes + length, sizeof bytes - 1 - length, 0);
        if (got <= 0)
            give_up(until);
        length += (size_t)got;
        bytes[length] = '\0';
    } while (strstr(bytes, until) == NULL);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: handshakes CA_FILE PORT DOMAIN COUNT\n");
        return EXIT_FAILURE;
    }
    struct err err = {0};
    const struct tls_options options = {.ca_file = argv[1], .min_version = 0x0303};
    struct tls_context *context = tls_context_new(&options, &err);
    if (context == NULL) {
        fprintf(stderr, "handshakes: %s\n", err.text);
        return EXIT_FAILURE;
    }
    char header[512];
    snprintf(header, sizeof header, HEADER, argv[3]);
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (long left = strtol(argv[4], NULL, 10); left > 0; left--) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
            give_up("connect");
        converse(fd, header, "</stream:features>");
        converse(fd, STARTTLS, "<proceed");
        struct tls_session *session = tls_session_new(context, fd, argv[3]);
        enum tls_progress progress;
        do /* a turn reads a few records at most */
            progress = tls_session_handshake(session);
        while (progress == TLS_WANT_READ);
        if (progress != TLS_DONE)
            give_up("handshake");
        tls_session_close_notify(session);
        tls_session_free(session);
        close(fd);
    }
    tls_context_free(context);
    return EXIT_SUCCESS;
}
