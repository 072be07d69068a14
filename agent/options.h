/* The daemon's command line, in the manner of the Prometheus exporters. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"

#define OPTIONS_MAX_LISTEN 16

struct options {
    const char *config_file;                           /* NULL: none */
    bool config_check;
    const char *listen[OPTIONS_MAX_LISTEN + 1];        /* NULL-ended */
    const char *telemetry_path;
    bool enable_lifecycle;                             /* whether /-/reload does anything */
    enum log_level log_level;
    enum log_format log_format;
    const char *const *domains;                        /* of the command line; borrowed from argv */
    size_t domain_count;
};

enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };
/* OPTIONS_DONE: --help or --version was answered. OPTIONS_WRONG: `err` says what is wrong. */
enum options_outcome options_parse(struct options *options, int argc, char **argv, struct err *err);

#endif
