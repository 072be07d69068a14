#define LOG_SUBSYSTEM "snmp"
#include "exporters/snmp/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#define NAME "snmp-engine"
#define FRESH "snmp-engine.new"
#define HEADER "fedhealth-snmp-engine 1\n"
#define TEXT_MAX 256 /* bytes of the file; it has fewer */

#define ENTERPRISES "1.3.6.1.4.1."
#define RANDOM_SIZE 16
#define FORMAT_OCTETS 5 /* RFC 3411 5: octets, administratively assigned */

/* ---- the id ---- */

static void make_id(struct engine *engine)
{
    static const char root[] = FH_ENTERPRISE_OID;
    uint32_t enterprise = (uint32_t)strtoul(root + strlen(ENTERPRISES), NULL, 10) | UINT32_C(1) << 31;
    for (size_t i = 0; i < 4; i++)
        engine->id[i] = (unsigned char)(enterprise >> (24 - 8 * i));
    engine->id[4] = FORMAT_OCTETS;
    if (getentropy(engine->id + 5, RANDOM_SIZE) != 0) {
        fputs("fedhealth: the system has no random bytes\n", stderr);
        abort();
    }
    engine->id_size = 5 + RANDOM_SIZE;
    engine->boots = 1;
}

/* ---- the text ---- */

static int digit_value(char digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* "id HEX\n"; the rest behind it, or NULL. */
static const char *read_id(const char *text, struct engine *engine)
{
    if (strncmp(text, "id ", 3) != 0)
        return NULL;
    for (text += 3, engine->id_size = 0; *text != '\n'; text += 2) {
        int high = digit_value(text[0]), low = high < 0 ? -1 : digit_value(text[1]);
        if (low < 0 || engine->id_size == ENGINE_ID_MAX)
            return NULL;
        engine->id[engine->id_size++] = (unsigned char)(16 * high + low);
    }
    return engine->id_size >= 5 ? text + 1 : NULL; /* RFC 3411 5 */
}

/* "boots NUMBER\n"; the rest behind it, or NULL. */
static const char *read_boots(const char *text, struct engine *engine)
{
    if (strncmp(text, "boots ", 6) != 0)
        return NULL;
    uint64_t boots = 0;
    for (text += 6; *text >= '0' && *text <= '9' && boots <= ENGINE_BOOTS_MAX; text++)
        boots = 10 * boots + (uint64_t)(*text - '0');
    engine->boots = (uint32_t)boots;
    return *text == '\n' && boots > 0 && boots <= ENGINE_BOOTS_MAX ? text + 1 : NULL;
}

static bool read_text(const char *text, struct engine *engine)
{
    if (strncmp(text, HEADER, strlen(HEADER)) != 0)
        return false;
    const char *rest = read_id(text + strlen(HEADER), engine);
    rest = rest != NULL ? read_boots(rest, engine) : NULL;
    return rest != NULL && strcmp(rest, "end\n") == 0;
}

/* ---- the file ---- */

static bool cannot(const char *state_dir, const char *what, struct err *err)
{
    return err_set(err, "%s/" NAME ": cannot be %s: %s", state_dir, what, strerror(errno));
}

/* Whether the name still stands for this file: another process may have put a new one there before the lock was had. */
static bool is_current(int folder, int fd)
{
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && fstatat(folder, NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Opens and locks the file there is. -1 without `err`: there is none. A file system that has no locks is taken on
 * trust. */
static int open_former(int folder, const char *state_dir, struct err *err)
{
    struct stat status;
    int fd = openat(folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT)
            cannot(state_dir, "read", err);
        return -1;
    }
    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (!good)
        err_set(err, "%s/" NAME ": is no regular file", state_dir);
    else if ((flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) || !is_current(folder, fd))
        good = err_set(err, "%s/" NAME ": another agent uses it", state_dir);
    if (good)
        return fd;
    close(fd);
    return -1;
}

/* What the file says, or a new id when that is nothing of use. False and `err` when it cannot be read. */
static bool read_former(struct engine *engine, int fd, const char *state_dir, struct err *err)
{
    char text[TEXT_MAX + 1];
    ssize_t length = read(fd, text, TEXT_MAX);
    if (length < 0)
        return cannot(state_dir, "read", err);
    text[length] = '\0';
    const char *why = strlen(text) != (size_t)length || !read_text(text, engine) ? "is damaged, or not fedhealth's"
                      : engine->boots >= ENGINE_BOOTS_MAX ? "has counted as many starts as there are numbers"
                                                          : NULL;
    if (why == NULL) {
        engine->boots++;
        return true;
    }
    make_id(engine);
    log_warn("%s/" NAME ": %s; the SNMP engine has a new id, which SNMPv3 receivers of notifications must be told",
             state_dir, why);
    return true;
}

static bool write_text(const struct engine *engine, int fd)
{
    char id[2 * ENGINE_ID_MAX + 1], text[TEXT_MAX];
    int length = snprintf(text, sizeof text, HEADER "id %s\nboots %u\nend\n",
                          text_hex(id, engine->id, engine->id_size), engine->boots);
    errno = EIO; /* for a write that is cut short */
    return write(fd, text, (size_t)length) == length && fsync(fd) == 0;
}

/* Puts a new file, locked, in the place of the former one. Its descriptor, or -1 and `err`. */
static int write_fresh(const struct engine *engine, int folder, const char *state_dir, struct err *err)
{
    if (unlinkat(folder, FRESH, 0) != 0 && errno != ENOENT) {
        cannot(state_dir, "replaced", err);
        return -1;
    }
    int fd = openat(folder, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        cannot(state_dir, "made", err);
        return -1;
    }
    flock(fd, LOCK_EX | LOCK_NB); /* before anyone can find it */
    if (write_text(engine, fd) && renameat(folder, FRESH, folder, NAME) == 0 && fsync(folder) == 0)
        return fd;
    cannot(state_dir, "written", err);
    unlinkat(folder, FRESH, 0);
    close(fd);
    return -1;
}

/* False and `err`: nothing is kept. */
static bool use_file(struct engine *engine, const char *state_dir, struct err *err)
{
    int folder = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_set(err, "%s: cannot be opened: %s", state_dir, strerror(errno));
    int former = open_former(folder, state_dir, err);
    bool good = err->text[0] == '\0' && (former < 0 || read_former(engine, former, state_dir, err));
    if (good)
        engine->lock = write_fresh(engine, folder, state_dir, err);
    if (former >= 0)
        close(former);
    close(folder);
    return good && engine->lock >= 0;
}

void engine_open(struct engine *engine, const char *state_dir)
{
    struct err err = {0};
    engine->lock = -1;
    make_id(engine);
    if (state_dir == NULL || use_file(engine, state_dir, &err))
        return;
    make_id(engine);
    log_warn("%s; until it can be used, the SNMP engine has another id at each start", err.text);
}

void engine_close(struct engine *engine)
{
    if (engine->lock >= 0)
        close(engine->lock);
    engine->lock = -1;
}
