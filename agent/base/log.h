/* Logging to standard error, one line an event, as logfmt or JSON. Safe from every thread. Secrets are never
 * passed to it. A file names its subsystem once, before the include:  #define LOG_SUBSYSTEM "resolver" */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

void log_setup(enum log_level least, enum log_format format);
bool log_level_parse(const char *text, enum log_level *level);    /* debug, info, warn, error */
bool log_format_parse(const char *text, enum log_format *format); /* logfmt, json */

/* One line: time, level, subsystem, message. errno is left as it was. Longer than 2 KiB is cut with "...". */
void log_write(enum log_level level, const char *subsystem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, LOG_SUBSYSTEM, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, LOG_SUBSYSTEM, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, LOG_SUBSYSTEM, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, LOG_SUBSYSTEM, __VA_ARGS__)

#endif
