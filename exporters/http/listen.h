/* Listening sockets, from what an operator writes. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define LISTEN_MAX 16 /* sockets of one address: a name can have several */

struct listen_socket {
    int fd; /* owned */
    unsigned port;
    char text[80]; /* "127.0.0.1:9529", "[::]:9529" */
};

/* Opens every address that "HOST:PORT", "[v6]:PORT" or ":PORT" stands for, and says in `found` how many those were. An
 * address of a family that this machine does not have is passed over unless it is the only one. On failure false, `err`
 * names the address, and nothing stays open. */
bool listen_open(const char *address, struct listen_socket sockets[LISTEN_MAX], size_t *found, struct err *err);

#endif
