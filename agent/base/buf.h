/* A growing byte buffer with a hard cap. Running past the cap sets a sticky flag instead of cutting silently:
 * write everything, then check buf_failed() once. The bytes are always followed by a NUL that is not counted. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;      /* owned; never NULL after buf_init */
    size_t length;   /* bytes written */
    size_t capacity; /* bytes allocated */
    size_t cap;      /* most bytes that may be written */
    bool failed;
};

void buf_init(struct buf *buf, size_t cap);
void buf_fini(struct buf *buf);                 /* frees; the buffer may be initialised again */
void buf_clear(struct buf *buf);                /* length 0, failed false, memory kept */
bool buf_failed(const struct buf *buf);
/* An append that does not fit whole writes nothing and sets `failed`; so does every one after it. */
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* The NUL-ended bytes, to be freed by the caller. The buffer is empty after, and still needs buf_fini(). */
char *buf_steal(struct buf *buf);

#endif
