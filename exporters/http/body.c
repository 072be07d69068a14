#include "exporters/http/body.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/accept.h"
#include "base/mem.h"

/* Compressed output at hand. Input is compressed as a stream, so the size matters little. */
#define PACKED_BYTES 16384
/* Fast: of such repetitive text level 1 leaves about a tenth. */
#define GZIP_LEVEL 1
/* zlib.h: a window of 2^15 bytes, and 16 more for a gzip instead of a zlib header. */
#define GZIP_WINDOW (15 + 16)
#define GZIP_MEMORY 8 /* zlib.h: its default */

struct body {
    struct http_response response;
    size_t taken;   /* of response.body */
    bool exhausted; /* the handler has nothing more */
    bool gzip;
    z_stream stream;
    size_t packed_begin, packed_end;
    bool packed_all;
    char packed[PACKED_BYTES];
};

bool body_gzip_accepted(const char *accept_encoding)
{
    struct accept_item item;
    unsigned gzip = 0, any = 0, identity = 0;
    bool named = false;
    while (accept_encoding != NULL && accept_next(&accept_encoding, &item)) {
        if (strcmp(item.value, "gzip") == 0 || strcmp(item.value, "x-gzip") == 0) {
            gzip = item.weight;
            named = true;
        } else if (strcmp(item.value, "*") == 0) {
            any = item.weight;
        } else if (strcmp(item.value, "identity") == 0) {
            identity = item.weight;
        }
    }
    if (!named)
        gzip = any;
    return gzip > 0 && gzip >= identity;
}

static void *allocate(void *arg, unsigned count, unsigned size)
{
    (void)arg;
    return mem_array(count, size);
}

static void release(void *arg, void *pointer)
{
    (void)arg;
    free(pointer);
}

struct body *body_new(struct http_response *response, bool gzip)
{
    struct body *body = mem_alloc(sizeof *body);
    body->response = *response;
    body->exhausted = response->next == NULL;
    body->gzip = gzip;
    if (gzip) {
        body->stream.zalloc = allocate;
        body->stream.zfree = release;
        int result = deflateInit2(&body->stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY);
        assert(result == Z_OK);
        (void)result;
    }
    return body;
}

void body_free(struct body *body)
{
    if (body == NULL)
        return;
    if (body->gzip)
        deflateEnd(&body->stream);
    if (body->response.done != NULL)
        body->response.done(body->response.arg);
    buf_fini(&body->response.body);
    free(body);
}

void body_discard(struct http_response *response)
{
    if (response->done != NULL)
        response->done(response->arg);
    buf_fini(&response->body);
}

/* Sees to it that bytes of the handler's are at hand; false when there are none left, or it failed. */
static bool fill(struct body *body)
{
    struct http_response *response = &body->response;
    while (body->taken == response->body.length) {
        if (body->exhausted)
            return false;
        body->taken = 0;
        buf_clear(&response->body);
        body->exhausted = !response->next(response->arg, &response->body);
        if (buf_failed(&response->body))
            return false;
    }
    return true;
}

static ssize_t read_plain(struct body *body, char *out, size_t size)
{
    if (!fill(body))
        return BODY_END;
    size_t left = body->response.body.length - body->taken;
    size_t length = left < size ? left : size;
    memcpy(out, body->response.body.data + body->taken, length);
    body->taken += length;
    return (ssize_t)length;
}

/* Compresses until there is output to hand over. */
static void pack(struct body *body)
{
    z_stream *stream = &body->stream;
    stream->next_out = (unsigned char *)body->packed;
    stream->avail_out = sizeof body->packed;
    while (stream->avail_out > 0 && !body->packed_all) {
        int flush = fill(body) ? Z_NO_FLUSH : Z_FINISH;
        struct buf *plain = &body->response.body;
        stream->next_in = (unsigned char *)plain->data + body->taken;
        stream->avail_in = (unsigned)(plain->length - body->taken);
        body->packed_all = deflate(stream, flush) == Z_STREAM_END;
        body->taken = plain->length - stream->avail_in;
    }
    body->packed_begin = 0;
    body->packed_end = sizeof body->packed - stream->avail_out;
}

static ssize_t read_packed(struct body *body, char *out, size_t size)
{
    if (body->packed_begin == body->packed_end) {
        if (body->packed_all)
            return BODY_END;
        pack(body);
    }
    size_t left = body->packed_end - body->packed_begin;
    size_t length = left < size ? left : size;
    memcpy(out, body->packed + body->packed_begin, length);
    body->packed_begin += length;
    return (ssize_t)length;
}

ssize_t body_read(struct body *body, char *out, size_t size)
{
    ssize_t length = body->gzip ? read_packed(body, out, size) : read_plain(body, out, size);
    return buf_failed(&body->response.body) ? BODY_FAILED : length;
}
