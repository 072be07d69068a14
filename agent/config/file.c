#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

/* Takes a byte order mark away, which editors on Windows write. */
static void drop_mark(char *text, size_t *length)
{
    size_t mark = strlen(BYTE_ORDER_MARK);
    if (strncmp(text, BYTE_ORDER_MARK, mark) != 0)
        return;
    *length -= mark;
    memmove(text, text + mark, *length + 1);
}

char *file_read(const char *name, size_t *length, struct err *err)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_set(err, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    struct buf contents;
    buf_init(&contents, FILE_MAX_BYTES);
    char chunk[65536];
    ssize_t got;
    do {
        got = read(fd, chunk, sizeof chunk);
        if (got > 0)
            buf_add(&contents, chunk, (size_t)got);
    } while ((got > 0 && !buf_failed(&contents)) || (got < 0 && errno == EINTR));
    char *text = NULL;
    if (got < 0) {
        err_set(err, "cannot be read: %s", strerror(errno));
    } else if (buf_failed(&contents)) {
        err_set(err, "is larger than %u MiB", FILE_MAX_BYTES / 1024 / 1024);
    } else {
        *length = contents.length;
        text = buf_steal(&contents);
        drop_mark(text, length);
    }
    buf_fini(&contents);
    close(fd);
    return text;
}

bool file_readable(const char *name, struct err *err)
{
    struct stat status;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, "cannot be read: %s", strerror(errno));
    bool folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
    close(fd);
    return folder ? err_set(err, "is a folder") : true;
}

char *file_beside(const char *beside, const char *name)
{
    const char *slash = beside == NULL ? NULL : strrchr(beside, '/');
    if (*name == '/' || slash == NULL)
        return mem_strdup(name);
    return mem_printf("%.*s/%s", (int)(slash - beside), beside, name);
}
