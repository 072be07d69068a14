#include "fetch/fetch_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define WINDOW_GZIP (16 + MAX_WBITS) /* zlib: a gzip header is wanted */
#define SLICE (16 * 1024)
#define TURN_BYTES (128 * 1024) /* packed and unpacked ones together */
#define MEMBER_BYTES 20         /* of gzip, at the least: so that many empty ones count */
#define QUOTED_MAX 40

struct fetch_body {
    size_t cap, taken, header_bytes;
    bool head_ended; /* by an empty line */
    bool (*take)(void *arg, const char *bytes, size_t length);
    void *arg;
    bool gzip;
    bool started, ended; /* of gzip: a byte came; the latest member is whole */
    bool full;           /* of gzip: zlib has more output */
    z_stream stream;
    struct buf packed;   /* of gzip: what came … */
    size_t unpacked;     /* … and how much of it is undone */
    enum fetch_body_fault fault;
    char detail[128];
};

struct fetch_body *fetch_body_new(size_t cap, bool (*take)(void *arg, const char *bytes, size_t length), void *arg)
{
    struct fetch_body *body = mem_alloc(sizeof *body);
    *body = (struct fetch_body){.cap = cap, .take = take, .arg = arg};
    buf_init(&body->packed, cap);
    return body;
}

void fetch_body_free(struct fetch_body *body)
{
    if (body == NULL)
        return;
    if (body->gzip)
        inflateEnd(&body->stream);
    buf_fini(&body->packed);
    free(body);
}

static bool __attribute__((format(printf, 3, 4))) fail(struct fetch_body *body, enum fetch_body_fault fault,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(body->detail, sizeof body->detail, format, args);
    va_end(args);
    body->fault = fault;
    return false;
}

bool fetch_body_header(struct fetch_body *body, const char *line, size_t length)
{
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) /* another one may have gone before (1xx) */
        body->head_ended = false;
    else if (length > 0 && (line[0] == '\r' || line[0] == '\n'))
        body->head_ended = true;
    body->header_bytes += length;
    if (body->header_bytes <= FETCH_HEADER_MAX)
        return true;
    return fail(body, FETCH_BODY_TOO_LARGE, "more than %d bytes of headers", FETCH_HEADER_MAX);
}

/* Text of the peer's in a detail. */
static bool __attribute__((format(printf, 2, 0)))
fail_quoting(struct fetch_body *body, const char *format, const char *text)
{
    char *clean = text_clean(text, QUOTED_MAX);
    snprintf(body->detail, sizeof body->detail, format, clean);
    free(clean);
    body->fault = FETCH_BODY_BROKEN;
    return false;
}

bool fetch_body_framing(struct fetch_body *body, unsigned lengths, const char *transfer_encoding)
{
    if (lengths > 1)
        return fail(body, FETCH_BODY_BROKEN, "the reply has %u lengths", lengths);
    if (transfer_encoding != NULL && strcasecmp(transfer_encoding, "chunked") != 0)
        return fail_quoting(body, "the reply comes as \"%s\", which was not asked for", transfer_encoding);
    return true;
}

bool fetch_body_encoding(struct fetch_body *body, const char *encoding)
{
    if (encoding == NULL || *encoding == '\0' || strcasecmp(encoding, "identity") == 0)
        return true;
    if (strcasecmp(encoding, "gzip") != 0 && strcasecmp(encoding, "x-gzip") != 0)
        return fail_quoting(body, "the reply is encoded as \"%s\", which was not asked for", encoding);
    if (inflateInit2(&body->stream, WINDOW_GZIP) != Z_OK)
        abort(); /* out of memory */
    body->gzip = true;
    return true;
}

static bool hand_on(struct fetch_body *body, const char *bytes, size_t length)
{
    if (length > body->cap - body->taken)
        return fail(body, FETCH_BODY_TOO_LARGE, "the reply is larger than %zu bytes", body->cap);
    body->taken += length;
    if (length == 0 || body->take == NULL || body->take(body->arg, bytes, length))
        return true;
    return fail(body, FETCH_BODY_STOPPED, "%s", "");
}

bool fetch_body_waits(const struct fetch_body *body)
{
    return body->fault == FETCH_BODY_FINE && (body->full || body->unpacked < body->packed.length);
}

bool fetch_body_unpack(struct fetch_body *body)
{
    char slice[SLICE];
    z_stream *stream = &body->stream;
    for (size_t done = 0; done < TURN_BYTES && fetch_body_waits(body);) {
        const size_t before = body->unpacked;
        if (body->ended) { /* members may follow one another (RFC 1952 2.2) */
            inflateReset(stream);
            body->ended = false;
        }
        body->started = true;
        stream->next_in = (Bytef *)body->packed.data + body->unpacked;
        stream->avail_in = (uInt)(body->packed.length - body->unpacked);
        stream->next_out = (Bytef *)slice;
        stream->avail_out = sizeof slice;
        int status = inflate(stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return fail(body, FETCH_BODY_BROKEN, "the reply's gzip cannot be undone");
        body->ended = status == Z_STREAM_END;
        body->full = !body->ended && stream->avail_out == 0;
        body->unpacked = body->packed.length - stream->avail_in;
        done += sizeof slice - stream->avail_out + body->unpacked - before + MEMBER_BYTES;
        if (!hand_on(body, slice, sizeof slice - stream->avail_out))
            return false;
    }
    if (!fetch_body_waits(body)) {
        buf_clear(&body->packed);
        body->unpacked = 0;
    }
    return true;
}

bool fetch_body_bytes(struct fetch_body *body, const char *bytes, size_t length)
{
    if (!body->gzip)
        return hand_on(body, bytes, length);
    buf_add(&body->packed, bytes, length);
    if (buf_failed(&body->packed))
        return fail(body, FETCH_BODY_TOO_LARGE, "the reply is larger than %zu bytes", body->cap);
    return fetch_body_unpack(body);
}

bool fetch_body_end(struct fetch_body *body)
{
    if (body->fault != FETCH_BODY_FINE)
        return false;
    if (body->header_bytes > 0 && !body->head_ended)
        return fail(body, FETCH_BODY_BROKEN, "the reply ends within its headers");
    if (body->started && !body->ended)
        return fail(body, FETCH_BODY_BROKEN, "the reply's gzip ends too soon");
    return true;
}

enum fetch_body_fault fetch_body_fault(const struct fetch_body *body)
{
    return body->fault;
}

const char *fetch_body_detail(const struct fetch_body *body)
{
    return body->detail;
}
