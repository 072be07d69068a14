#include "login/login_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/result.h"

#define NAME "logins"
#define FRESH NAME ".new"
#define LOCK NAME ".lock"

#define LOCK_TRIES 1000
#define LOCK_PAUSE_NS 10000000

#define FORMAT "fedhealth-logins "
#define HEADER FORMAT "1"
#define HEX_SIZE (2 * SECRET_HASH_SIZE + 1)
#define LINE_MAX_BYTES 256
#define FILE_MAX_BYTES ((LOGIN_ENTRIES_MAX + 3) * (size_t)LINE_MAX_BYTES)
/* Of a number: small enough that sums of a few do not overflow. */
#define DIGITS_MAX 17

static const char *const STATES[LOGIN_STATE_COUNT] = {
    [LOGIN_UNDER_WAY] = "under_way", [LOGIN_PROVEN] = "proven", [LOGIN_REFUSED] = "rejected",
    [LOGIN_UNHEARD] = "unheard"};

static bool cannot(const struct login_file *file, const char *name, const char *what, struct err *err)
{
    return err_set(err, "%s/%s: cannot be %s: %s", file->state_dir, name, what, strerror(errno));
}

/* ---- lines ---- */

static void put_hex(struct buf *out, const unsigned char bytes[SECRET_HASH_SIZE])
{
    char hex[HEX_SIZE];
    buf_puts(out, text_hex(hex, bytes, SECRET_HASH_SIZE));
    secret_cleanse(hex, sizeof hex);
}

static void put_time(struct buf *out, int64_t time_ms)
{
    if (time_ms == TIME_ABSENT)
        buf_puts(out, " -");
    else
        buf_printf(out, " %" PRId64, time_ms);
}

static void put_entry(struct buf *out, const struct login_entry *entry)
{
    buf_puts(out, "login ");
    put_hex(out, entry->hash);
    buf_printf(out, " %s %" PRId64 " %" PRId64, STATES[entry->state], entry->tries, entry->hold_ms);
    put_time(out, entry->until_ms);
    put_time(out, entry->deadline_ms);
    put_time(out, entry->accepted_ms);
    buf_putc(out, '\n');
}

static void put_file(struct buf *out, const struct login_file *file)
{
    size_t count = 0;
    buf_puts(out, HEADER "\nkey ");
    put_hex(out, file->key);
    buf_putc(out, '\n');
    for (size_t i = 0; i < file->count; i++) {
        if (file->entries[i].state == LOGIN_UNPROVEN)
            continue;
        put_entry(out, &file->entries[i]);
        count++;
    }
    buf_printf(out, "end %zu\n", count);
}

/* The value of a hexadecimal digit as it is written here; -1 for anything else. */
static int digit_of(char byte)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char *at = byte != '\0' ? strchr(DIGITS, byte) : NULL;
    return at != NULL ? (int)(at - DIGITS) : -1;
}

static bool read_hex(const char *text, unsigned char bytes[SECRET_HASH_SIZE])
{
    if (text == NULL || strlen(text) != HEX_SIZE - 1)
        return false;
    for (size_t i = 0; i < SECRET_HASH_SIZE; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static bool read_number(const char *text, int64_t *number)
{
    size_t length = text != NULL ? strspn(text, "0123456789") : 0;
    if (length == 0 || length > DIGITS_MAX || text[length] != '\0')
        return false;
    *number = strtoll(text, NULL, 10);
    return true;
}

static bool read_time(const char *text, int64_t *time_ms)
{
    *time_ms = TIME_ABSENT;
    return text != NULL && (strcmp(text, "-") == 0 || read_number(text, time_ms));
}

static bool read_state(const char *text, enum login_state *state)
{
    for (int i = 0; text != NULL && i < LOGIN_STATE_COUNT; i++) {
        if (STATES[i] != NULL && strcmp(text, STATES[i]) == 0) {
            *state = (enum login_state)i;
            return true;
        }
    }
    return false;
}

/* Whether each state has the times that it lives by. */
static bool makes_sense(const struct login_entry *entry)
{
    bool held_once = entry->hold_ms > 0;
    if (entry->hold_ms > LOGIN_HOLD_MOST_MS || held_once != (entry->until_ms != TIME_ABSENT))
        return false;
    switch (entry->state) {
    case LOGIN_UNDER_WAY: return entry->deadline_ms != TIME_ABSENT;
    case LOGIN_PROVEN: return entry->deadline_ms == TIME_ABSENT && !held_once && entry->accepted_ms != TIME_ABSENT;
    case LOGIN_REFUSED:
    case LOGIN_UNHEARD: return entry->deadline_ms == TIME_ABSENT && held_once;
    case LOGIN_UNPROVEN:
    case LOGIN_STATE_COUNT: break;
    }
    return false;
}

/* What follows "login ". */
static bool read_entry(char *line, struct login_entry *entry)
{
    return read_hex(strsep(&line, " "), entry->hash) && read_state(strsep(&line, " "), &entry->state) &&
           read_number(strsep(&line, " "), &entry->tries) && read_number(strsep(&line, " "), &entry->hold_ms) &&
           read_time(strsep(&line, " "), &entry->until_ms) && read_time(strsep(&line, " "), &entry->deadline_ms) &&
           read_time(strsep(&line, " "), &entry->accepted_ms) && line == NULL && makes_sense(entry);
}

/* ---- reading ---- */

/* The next line without its end, which becomes a NUL; NULL where there is none that is whole. */
static char *next_line(char **at, const char *end)
{
    char *line = *at, *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    if (newline == NULL || memchr(line, '\0', (size_t)(newline - line)) != NULL)
        return NULL;
    *newline = '\0';
    *at = newline + 1;
    return line;
}

static bool damaged(const struct login_file *file, const char *why, size_t line, struct err *err)
{
    char where[32] = "";
    if (line > 0)
        snprintf(where, sizeof where, "line %zu ", line);
    return err_set(err,
                   "%s/%s: %s%s: no login is made, and the file is left as it is; restore it, or remove it once the "
                   "passwords are known to be right",
                   file->state_dir, NAME, where, why);
}

/* Takes the text apart; it is changed. */
static bool read_text(struct login_file *file, char *text, size_t length, struct err *err)
{
    char *at = text, *line = next_line(&at, text + length);
    if (line == NULL || strncmp(line, FORMAT, strlen(FORMAT)) != 0)
        return damaged(file, "is no list of logins of fedhealth, or damaged", 0, err);
    if (strcmp(line, HEADER) != 0)
        return damaged(file, "is of another version of fedhealth", 0, err);
    line = next_line(&at, text + length);
    if (line == NULL || strncmp(line, "key ", 4) != 0 || !read_hex(line + 4, file->key))
        return damaged(file, "is damaged", 2, err);
    for (; (line = next_line(&at, text + length)) != NULL && strncmp(line, "login ", 6) == 0; file->count++) {
        struct login_entry *entry = &file->entries[file->count];
        if (file->count == LOGIN_ENTRIES_MAX || !read_entry(line + 6, entry) ||
            (file->count > 0 && memcmp(entry[-1].hash, entry->hash, SECRET_HASH_SIZE) >= 0))
            return damaged(file, "is damaged", file->count + 3, err);
    }
    char last[32];
    snprintf(last, sizeof last, "end %zu", file->count);
    if (line == NULL || strcmp(line, last) != 0 || at != text + length)
        return damaged(file, "is damaged, or the end is missing", file->count + 3, err);
    return true;
}

/* As much as there is, up to `size`; -1 and errno when it cannot be read. */
static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;
    while (length < size && got != 0) {
        got = read(fd, text + length, size - length);
        if (got < 0 && errno != EINTR)
            return -1;
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

static bool read_file(struct login_file *file, int fd, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return cannot(file, NAME, "read", err);
    if (!S_ISREG(status.st_mode) || status.st_size > (off_t)FILE_MAX_BYTES)
        return damaged(file, "is no regular file, or too large", 0, err);
    size_t size = (size_t)status.st_size;
    char *text = mem_alloc(size + 1);
    ssize_t length = read_all(fd, text, size);
    bool good = length < 0 ? cannot(file, NAME, "read", err) : read_text(file, text, (size_t)length, err);
    secret_cleanse(text, size);
    free(text);
    return good;
}

static bool load(struct login_file *file, struct err *err)
{
    file->entries = mem_array(LOGIN_ENTRIES_MAX + 1, sizeof *file->entries);
    int fd = openat(file->folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno != ENOENT)
        return cannot(file, NAME, "read", err);
    if (fd < 0)
        return secret_random(file->key, sizeof file->key) || err_set(err, "the system has no random numbers");
    bool good = read_file(file, fd, err);
    close(fd);
    return good;
}

/* ---- the folder and the lock ---- */

/* A file that root made in the folder of another, as the command line may, is to stay usable for that one. */
static void give(const struct login_file *file, int fd)
{
    struct stat status;
    if (geteuid() == 0 && fstat(file->folder, &status) == 0 && fchown(fd, status.st_uid, status.st_gid) != 0)
        return; /* then only root can use it, and others are told so when they try */
}

static bool open_folder(struct login_file *file, struct err *err)
{
    if (mkdir(file->state_dir, 0750) != 0 && errno != EEXIST)
        return err_set(err, "%s: cannot be made: %s", file->state_dir, strerror(errno));
    file->folder = open(file->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file->folder >= 0 || err_set(err, "%s: cannot be opened: %s", file->state_dir, strerror(errno));
}

/* Only what was made here is given away: what stands there may be a link to anything. */
static bool open_lock(struct login_file *file)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    file->lock = openat(file->folder, LOCK, flags | O_CREAT | O_EXCL, 0600);
    if (file->lock >= 0)
        give(file, file->lock);
    else if (errno == EEXIST)
        file->lock = openat(file->folder, LOCK, flags);
    return file->lock >= 0;
}

static bool take_lock(struct login_file *file, struct err *err)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    if (!open_lock(file))
        return cannot(file, LOCK, "opened", err);
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(file->lock, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cannot(file, LOCK, "locked", err);
        nanosleep(&pause, NULL);
    }
    return err_set(err, "%s/%s: another process has held it for 10 s", file->state_dir, LOCK);
}

bool login_file_open(struct login_file *file, const char *state_dir, struct err *err)
{
    *file = (struct login_file){.state_dir = state_dir, .folder = -1, .lock = -1};
    if (open_folder(file, err) && take_lock(file, err) && load(file, err))
        return true;
    login_file_close(file);
    return false;
}

void login_file_close(struct login_file *file)
{
    if (file->lock >= 0)
        close(file->lock);
    if (file->folder >= 0)
        close(file->folder);
    free(file->entries);
    secret_cleanse(file->key, sizeof file->key);
    *file = (struct login_file){.folder = -1, .lock = -1};
}

/* ---- entries ---- */

/* Of the idle entries the one that counted for something longest ago; `count` where none is idle. */
static size_t find_oldest(const struct login_file *file, int64_t now_ms)
{
    size_t oldest = file->count;
    for (size_t i = 0; i < file->count; i++) {
        const struct login_entry *entry = &file->entries[i];
        if (login_entry_is_idle(entry, now_ms) &&
            (oldest == file->count ||
             login_entry_latest_ms(entry) < login_entry_latest_ms(&file->entries[oldest])))
            oldest = i;
    }
    return oldest;
}

/* The place of the hash in the order; where it stands, if it is there. */
static size_t find_place(const struct login_file *file, const unsigned char hash[SECRET_HASH_SIZE])
{
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(file->entries[middle].hash, hash, SECRET_HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct login_entry *login_file_entry(struct login_file *file, const unsigned char hash[SECRET_HASH_SIZE],
                                     int64_t now_ms, struct err *err)
{
    size_t place = find_place(file, hash);
    if (place < file->count && memcmp(file->entries[place].hash, hash, SECRET_HASH_SIZE) == 0)
        return &file->entries[place];
    if (file->count == LOGIN_ENTRIES_MAX) {
        size_t oldest = find_oldest(file, now_ms);
        if (oldest == file->count) {
            err_set(err, "%s/%s: %d logins are held, and no more can be recorded", file->state_dir, NAME,
                    LOGIN_ENTRIES_MAX);
            return NULL;
        }
        file->count--;
        memmove(&file->entries[oldest], &file->entries[oldest + 1],
                (file->count - oldest) * sizeof *file->entries);
        place -= oldest < place;
    }
    struct login_entry *entry = &file->entries[place];
    memmove(entry + 1, entry, (file->count - place) * sizeof *entry);
    file->count++;
    login_entry_init(entry, hash);
    return entry;
}

/* ---- writing ---- */

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool write_fresh(struct login_file *file, const struct buf *text, struct err *err)
{
    if (unlinkat(file->folder, FRESH, 0) != 0 && errno != ENOENT)
        return cannot(file, FRESH, "removed", err);
    int fd = openat(file->folder, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot(file, FRESH, "made", err);
    give(file, fd);
    bool good = (write_all(fd, text->data, text->length) && fsync(fd) == 0) || cannot(file, FRESH, "written", err);
    if (close(fd) != 0 && good)
        good = cannot(file, FRESH, "written", err);
    return good;
}

bool login_file_save(struct login_file *file, struct err *err)
{
    struct buf text;
    buf_init(&text, FILE_MAX_BYTES);
    put_file(&text, file);
    bool good = write_fresh(file, &text, err);
    if (good && renameat(file->folder, FRESH, file->folder, NAME) != 0)
        good = cannot(file, NAME, "replaced", err);
    if (!good)
        unlinkat(file->folder, FRESH, 0);
    else if (fsync(file->folder) != 0)
        good = cannot(file, NAME, "made to last", err);
    secret_cleanse(text.data, text.length);
    buf_fini(&text);
    return good;
}
