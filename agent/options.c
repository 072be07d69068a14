#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_LISTEN "127.0.0.1:9529"

static const char USAGE[] =
    "usage: fedhealthd [FLAG ...] DOMAIN ...          check these domains, with defaults for everything else\n"
    "       fedhealthd [FLAG ...] --config.file FILE\n"
    "\n"
    "  --config.file=FILE               configuration (YAML)\n"
    "  --config.check                   check the configuration and end: exit status 0, or 2 with every fault listed\n"
    "  --web.listen-address=ADDRESS     HOST:PORT or [v6]:PORT to serve HTTP on; may be repeated (" DEFAULT_LISTEN ")\n"
    "  --web.telemetry-path=PATH        where the metrics are (/metrics)\n"
    "  --web.enable-lifecycle           allow a reload of the configuration by POST or PUT to /-/reload\n"
    "  --log.level=LEVEL                debug, info, warn or error (info)\n"
    "  --log.format=FORMAT              logfmt or json (logfmt)\n"
    "  --version                        print the version and end\n"
    "  --help                           print this and end\n";

enum {
    OPT_CONFIG_FILE = 1, OPT_CONFIG_CHECK, OPT_LISTEN, OPT_TELEMETRY, OPT_LIFECYCLE, OPT_LEVEL, OPT_FORMAT, OPT_VERSION,
    OPT_HELP,
};

static const struct option LONG_OPTIONS[] = {
    {"config.file", required_argument, NULL, OPT_CONFIG_FILE},
    {"config.check", no_argument, NULL, OPT_CONFIG_CHECK},
    {"web.listen-address", required_argument, NULL, OPT_LISTEN},
    {"web.telemetry-path", required_argument, NULL, OPT_TELEMETRY},
    {"web.enable-lifecycle", no_argument, NULL, OPT_LIFECYCLE},
    {"log.level", required_argument, NULL, OPT_LEVEL},
    {"log.format", required_argument, NULL, OPT_FORMAT},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* Whether a path can be a route of its own beside the fixed ones. */
static bool telemetry_path_good(const char *path)
{
    static const char *const TAKEN[] = {"/-", "/api/", "/domain/", "/imp/"};
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++) {
        if (strncmp(path, TAKEN[i], strlen(TAKEN[i])) == 0)
            return false;
    }
    size_t length = strlen(path);
    return path[0] == '/' && length > 1 && path[length - 1] != '/' && strpbrk(path, "?# \"<>&") == NULL;
}

static bool take(struct options *options, int option, const char *value, size_t *listens, struct err *err)
{
    switch (option) {
    case OPT_CONFIG_FILE: options->config_file = value; return true;
    case OPT_CONFIG_CHECK: options->config_check = true; return true;
    case OPT_LISTEN:
        if (*listens == OPTIONS_MAX_LISTEN)
            return err_set(err, "--web.listen-address: more than %d addresses", OPTIONS_MAX_LISTEN);
        options->listen[(*listens)++] = value;
        return true;
    case OPT_TELEMETRY:
        options->telemetry_path = value;
        return telemetry_path_good(value) ||
               err_set(err, "--web.telemetry-path: \"%s\" is not a path like /metrics", value);
    case OPT_LIFECYCLE: options->enable_lifecycle = true; return true;
    case OPT_LEVEL:
        return log_level_parse(value, &options->log_level) ||
               err_set(err, "--log.level: \"%s\" is none of debug, info, warn, error", value);
    case OPT_FORMAT:
        return log_format_parse(value, &options->log_format) ||
               err_set(err, "--log.format: \"%s\" is neither logfmt nor json", value);
    default: return err_set(err, "see fedhealthd --help"); /* getopt has told what is wrong */
    }
}

enum options_outcome options_parse(struct options *options, int argc, char **argv, struct err *err)
{
    *options = (struct options){.telemetry_path = "/metrics", .log_level = LOG_LEVEL_INFO};
    size_t listens = 0;
    for (int option; (option = getopt_long(argc, argv, "", LONG_OPTIONS, NULL)) != -1;) {
        if (option == OPT_VERSION) {
            printf("fedhealthd %s (revision %s)\n", FH_VERSION, FH_REVISION);
            return OPTIONS_DONE;
        }
        if (option == OPT_HELP) {
            fputs(USAGE, stdout);
            return OPTIONS_DONE;
        }
        if (!take(options, option, optarg, &listens, err))
            return OPTIONS_WRONG;
    }
    if (listens == 0)
        options->listen[0] = DEFAULT_LISTEN;
    options->domains = (const char *const *)argv + optind;
    options->domain_count = (size_t)(argc - optind);
    if (options->config_file != NULL && options->domain_count > 0)
        err_set(err, "domains are named either on the command line or in --config.file, not both");
    else if (options->config_file == NULL && options->domain_count == 0)
        err_set(err, "name domains to check, or a --config.file; see fedhealthd --help");
    else
        return OPTIONS_RUN;
    return OPTIONS_WRONG;
}
