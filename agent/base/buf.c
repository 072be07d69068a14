#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAPACITY 128

void buf_init(struct buf *buf, size_t cap)
{
    *buf = (struct buf){.data = mem_alloc(FIRST_CAPACITY), .capacity = FIRST_CAPACITY, .cap = cap};
}

void buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    buf->data[0] = '\0';
}

bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

/* Room for `more` bytes and the NUL, or false and the sticky flag. */
static bool reserve(struct buf *buf, size_t more)
{
    if (buf->failed || more > buf->cap - buf->length) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->length + more + 1;
    if (need > buf->capacity) {
        size_t capacity = buf->capacity;
        while (capacity < need)
            capacity *= 2;
        buf->data = mem_resize(buf->data, capacity, 1);
        buf->capacity = capacity;
    }
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
    if (!reserve(buf, length))
        return;
    memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char byte)
{
    buf_add(buf, &byte, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        buf->failed = true;
    else if (reserve(buf, (size_t)length)) {
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

char *buf_steal(struct buf *buf)
{
    char *data = buf->data;
    size_t cap = buf->cap;
    buf_init(buf, cap);
    return data;
}
