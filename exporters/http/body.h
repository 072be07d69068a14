/* A response's body on its way out: pulled from the handler piece by piece, compressed if asked for, and handed over in
 * whatever amounts the connection takes. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <sys/types.h>

#include "exporters/http/http.h"

/* The longest body or piece that a handler may write; beyond it the response fails. */
#define BODY_MAX ((size_t)64 << 20)

#define BODY_END ((ssize_t)-1)
#define BODY_FAILED ((ssize_t)-2)

struct body;
/* Takes over what the response owns: its buffer, and arg to be released by done. */
struct body *body_new(struct http_response *response, bool gzip);
/* Up to `size` bytes, never none; BODY_END when all were given, BODY_FAILED when the handler wrote too much. */
ssize_t body_read(struct body *body, char *out, size_t size);
void body_free(struct body *body);
/* Releases what a response owns that nobody will read. */
void body_discard(struct http_response *response);

/* Whether an Accept-Encoding header (NULL: none) prefers gzip to no compression. */
bool body_gzip_accepted(const char *accept_encoding);

#endif
