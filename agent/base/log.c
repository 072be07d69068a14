#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define MESSAGE_MAX 2048

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
static const char *const FORMATS[] = {"logfmt", "json"};

/* Written once by log_setup() before any thread starts. */
static enum log_level least_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_LOGFMT;

static bool find(const char *text, const char *const *names, int count, int *found)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *found = i;
            return true;
        }
    }
    return false;
}

bool log_level_parse(const char *text, enum log_level *level)
{
    int found = 0;
    if (!find(text, LEVELS, 4, &found))
        return false;
    *level = (enum log_level)found;
    return true;
}

bool log_format_parse(const char *text, enum log_format *format)
{
    int found = 0;
    if (!find(text, FORMATS, 2, &found))
        return false;
    *format = (enum log_format)found;
    return true;
}

void log_setup(enum log_level least, enum log_format format)
{
    least_level = least;
    line_format = format;
}

/* Both formats quote alike: control bytes as \u00xx, so that a peer's text cannot start a line of its own. */
static void add_quoted(struct buf *line, const char *text)
{
    buf_putc(line, '"');
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            buf_printf(line, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            buf_printf(line, "\\u%04x", *at);
        else
            buf_putc(line, (char)*at);
    }
    buf_putc(line, '"');
}

void log_write(enum log_level level, const char *subsystem, const char *format, ...)
{
    if (level < least_level)
        return;
    int saved = errno;
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    if (vsnprintf(message, sizeof message, format, args) >= (int)sizeof message)
        memcpy(message + sizeof message - 4, "...", 4);
    va_end(args);

    int64_t now_ms = clock_wall_ms();
    char when[CLOCK_RFC3339_SIZE];
    clock_rfc3339(now_ms / 1000, when);
    when[strlen(when) - 1] = '\0';

    struct buf line;
    buf_init(&line, 8 * MESSAGE_MAX);
    const char *shape = line_format == LOG_FORMAT_JSON
                            ? "{\"ts\":\"%s.%03dZ\",\"level\":\"%s\",\"subsystem\":\"%s\",\"msg\":"
                            : "ts=%s.%03dZ level=%s subsystem=%s msg=";
    buf_printf(&line, shape, when, (int)(now_ms % 1000), LEVELS[level], subsystem);
    add_quoted(&line, message);
    buf_puts(&line, line_format == LOG_FORMAT_JSON ? "}\n" : "\n");
    ssize_t written = write(STDERR_FILENO, line.data, line.length); /* one write: lines of threads never mix */
    (void)written;
    buf_fini(&line);
    errno = saved;
}
