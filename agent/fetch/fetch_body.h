/* What fetch.c receives: counts headers, undoes gzip (RFC 1952), and hands the bytes on up to a cap. */
#ifndef FETCH_FETCH_BODY_H
#define FETCH_FETCH_BODY_H

#include <stdbool.h>
#include <stddef.h>

#define FETCH_HEADER_MAX (256 * 1024) /* of all status lines, header lines and trailers of a reply */

enum fetch_body_fault {
    FETCH_BODY_FINE,
    FETCH_BODY_STOPPED,   /* `take` wanted no more */
    FETCH_BODY_TOO_LARGE, /* more than `cap` bytes after decompression, or than FETCH_HEADER_MAX */
    FETCH_BODY_BROKEN     /* an encoding that is unknown, ends too soon or cannot be undone */
};

struct fetch_body;
/* `take` gets at most `cap` bytes in all; NULL: nobody wants them. */
struct fetch_body *fetch_body_new(size_t cap, bool (*take)(void *arg, const char *bytes, size_t length), void *arg);
void fetch_body_free(struct fetch_body *body); /* not from within `take`; NULL is legal */

/* False: the fault says why, and nothing more may be given to it. */
bool fetch_body_header(struct fetch_body *body, const char *line, size_t length); /* or a status line, or a trailer */
/* Content-Length twice, or a transfer encoding that nobody undoes: where the body ends is not known. */
bool fetch_body_framing(struct fetch_body *body, unsigned lengths, const char *transfer_encoding);
/* Content-Encoding (RFC 9110 8.4), before the first byte: NULL, "identity", "gzip" or "x-gzip". */
bool fetch_body_encoding(struct fetch_body *body, const char *encoding);
/* Of gzip no more than about 128 KiB are undone at once. What is left waits, and is undone with the bytes that come
 * next, or by fetch_body_unpack(), in turns of the loop: until nothing waits. */
bool fetch_body_bytes(struct fetch_body *body, const char *bytes, size_t length);
bool fetch_body_waits(const struct fetch_body *body);
bool fetch_body_unpack(struct fetch_body *body);
bool fetch_body_end(struct fetch_body *body);

enum fetch_body_fault fetch_body_fault(const struct fetch_body *body);
const char *fetch_body_detail(const struct fetch_body *body); /* "" without a fault */

#endif
