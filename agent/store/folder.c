#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define SET_ASIDE_TRIES 100

struct folder {
    int fd;
    const char *path, *file; /* borrowed */
    char *fresh;             /* owned; the name of new contents that are not complete yet */
};

/* A lock on the folder itself needs no file, is gone with the process however that ends, and works where nothing can be
 * written. A file system that has no locks is taken on trust. */
static bool take(const char *path, int fd, struct err *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true;
    return err_set(err, "%s: another agent uses this folder", path);
}

struct folder *folder_open(const char *path, const char *file, struct err *err)
{
    if (mkdir(path, 0750) != 0 && errno != EEXIST) {
        err_set(err, "%s: cannot be made: %s", path, strerror(errno));
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        err_set(err, "%s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    if (!take(path, fd, err)) {
        close(fd);
        return NULL;
    }
    struct folder *folder = mem_alloc(sizeof *folder);
    *folder = (struct folder){.fd = fd, .path = path, .file = file, .fresh = mem_printf("%s.new", file)};
    return folder;
}

void folder_close(struct folder *folder)
{
    if (folder == NULL)
        return;
    close(folder->fd);
    free(folder->fresh);
    free(folder);
}

static bool cannot(const struct folder *folder, const char *name, const char *what, struct err *err)
{
    return err_set(err, "%s/%s: cannot be %s: %s", folder->path, name, what, strerror(errno));
}

FILE *folder_read(struct folder *folder, struct err *err)
{
    struct stat status;
    err->text[0] = '\0';
    int fd = openat(folder->fd, folder->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT)
            cannot(folder, folder->file, "read", err);
        return NULL;
    }
    FILE *in = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    if (in == NULL) {
        err_set(err, "%s/%s: is no regular file", folder->path, folder->file);
        close(fd);
    }
    return in;
}

FILE *folder_peek(const char *path, const char *file)
{
    struct err err = {0};
    struct folder folder = {.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .path = path, .file = file};
    if (folder.fd < 0)
        return NULL;
    FILE *in = folder_read(&folder, &err);
    close(folder.fd);
    return in;
}

bool folder_set_aside(struct folder *folder, struct err *err)
{
    char when[32];
    struct stat status;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm parts;
    strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &parts));
    for (int i = 0; i < SET_ASIDE_TRIES; i++) {
        char *name = i == 0 ? mem_printf("%s.damaged-%s", folder->file, when)
                            : mem_printf("%s.damaged-%s-%d", folder->file, when, i);
        bool is_free = fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
        bool done = is_free && renameat(folder->fd, folder->file, folder->fd, name) == 0;
        free(name);
        if (done)
            return true;
        if (is_free)
            break;
    }
    return cannot(folder, folder->file, "set aside", err);
}

FILE *folder_begin(struct folder *folder, struct err *err)
{
    if (unlinkat(folder->fd, folder->fresh, 0) != 0 && errno != ENOENT) {
        cannot(folder, folder->fresh, "removed", err);
        return NULL;
    }
    int fd = openat(folder->fd, folder->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL) {
        cannot(folder, folder->fresh, "made", err);
        if (fd >= 0)
            close(fd);
    }
    return out;
}

bool folder_end(struct folder *folder, FILE *out, bool keep, struct err *err)
{
    bool written = keep && fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
    if (keep && !written)
        cannot(folder, folder->fresh, "written", err);
    if (fclose(out) != 0 && written)
        written = cannot(folder, folder->fresh, "written", err);
    if (written && renameat(folder->fd, folder->fresh, folder->fd, folder->file) != 0)
        written = cannot(folder, folder->file, "replaced", err);
    if (!written)
        unlinkat(folder->fd, folder->fresh, 0);
    else if (fsync(folder->fd) != 0)
        return cannot(folder, folder->file, "made to last", err);
    return written;
}
