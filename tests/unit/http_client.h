/* The client side of the HTTP tests: requests as raw bytes, answers whole. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <stddef.h>

#define ANSWER_MAX ((size_t)4 << 20)

#define ASK(method, path, headers) method " " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" headers "\r\n"
#define GET(path, headers) ASK("GET", path, headers)

/* A connection to the port on 127.0.0.1; fails the test when there is none. */
int client_dial(unsigned port);
void client_say(int fd, const void *bytes, size_t length);
/* All that comes until the server closes, NUL-ended, to be freed by the caller. Closes the connection. */
char *client_hear(int fd, size_t *length);

/* Both at once, on a connection of its own. */
char *client_ask(unsigned port, const char *request, size_t size, size_t *length);

/* Where the body begins; fails the test when the headers do not end. */
char *client_body(char *answer);
/* Joins the chunks in place; returns their length, or -1 when the last chunk is missing. */
long client_unchunk(char *body, size_t length);
/* The text, NUL-ended, to be freed by the caller; fails the test unless the bytes are one whole gzip stream. */
char *client_gunzip(const char *packed, size_t length);

/* Each fails the test unless it is so. */
void assert_has(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);
void assert_status(const char *answer, int status);

#endif
