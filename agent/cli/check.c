#include <getopt.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "config/config.h"
#include "loop/loop.h"
#include "probe/probe.h"
#include "store/store.h"

#define FAULTS_CAP (1u << 20)
#define DESCRIPTORS_BESIDE 32 /* DNS, the loop, standard streams */

enum output { OUTPUT_UNSET, OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_NAGIOS };

struct options {
    const char *config_file;
    enum output output;
    const char *const *domains;
    size_t domain_count;
};

/* One run: every domain once, ended when the last has answered. */
struct run {
    const struct config *config; /* whose settings hold */
    const struct config *named;  /* the domains to check */
    struct loop *loop;
    struct probe_context *probes;
    struct store *store;
    struct job *jobs; /* one a domain */
    size_t started, finished;
};

struct job {
    struct run *run;
    size_t domain;
};

static const char USAGE[] = "usage: fedhealth check [--config.file=FILE] [--json | --nagios] DOMAIN ...\n";

/* One form of output at most. */
static bool choose(struct options *options, enum output output)
{
    bool first = options->output == OUTPUT_UNSET;
    options->output = output;
    return first;
}

/* False after a usage error; with --help *helped is true. */
static bool parse(struct options *options, int argc, char **argv, bool *helped)
{
    static const struct option LONG_OPTIONS[] = {
        {"config.file", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"nagios", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){.output = OUTPUT_UNSET};
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", LONG_OPTIONS, NULL)) != -1;) {
        switch (option) {
        case 'c': options->config_file = optarg; break;
        case 'j': good &= choose(options, OUTPUT_JSON); break;
        case 'n': good &= choose(options, OUTPUT_NAGIOS); break;
        case 'h': *helped = true; break;
        default: good = false;
        }
    }
    if (options->output == OUTPUT_UNSET)
        options->output = OUTPUT_TEXT;
    options->domains = (const char *const *)argv + optind;
    options->domain_count = (size_t)(argc - optind);
    good &= *helped || options->domain_count > 0;
    if (*helped || !good)
        fputs(USAGE, good ? stdout : stderr);
    return good;
}

static void job_done(void *arg, struct domain_result *result);

/* A domain that is configured is checked as the configuration says, any other with the defaults. */
static void start_next(struct run *run)
{
    const struct config_domain *named = &run->named->domains[run->started];
    const struct config_domain *configured = config_find(run->config, named->name);
    struct job *job = &run->jobs[run->started];
    *job = (struct job){run, run->started++};
    probe_domain.start(run->probes, configured != NULL ? configured : named, job_done, job);
}

static void job_done(void *arg, struct domain_result *result)
{
    struct job *job = arg;
    struct run *run = job->run;
    store_put(run->store, job->domain, result);
    if (run->started < run->named->domain_count)
        start_next(run);
    if (++run->finished == run->named->domain_count)
        loop_stop(run->loop);
}

static void print(const struct status *status, enum output output)
{
    switch (output) {
    case OUTPUT_UNSET:
    case OUTPUT_TEXT: report_text(stdout, status); break;
    case OUTPUT_NAGIOS: report_nagios(stdout, status); break;
    case OUTPUT_JSON: report_json(stdout, status);
    }
}

/* Shows what the run found, and returns the exit status for it. */
static int show(const struct run *run, enum output output)
{
    struct snapshot *snapshot = store_snapshot(run->store);
    struct status status = *snapshot_status(snapshot);
    status.agent = (struct agent_status){
        .version = FH_VERSION,
        .revision = FH_REVISION,
        .config_loaded_ms = TIME_ABSENT,
        .loop_lag_us = DURATION_ABSENT,
    };
    print(&status, output);
    snapshot_free(snapshot);
    return (int)report_worst(&status) - (int)STATE_OK; /* 0 ok, 1 warning, 2 critical, 3 unknown */
}

static int check(struct config *config, struct config *named, enum output output, struct err *err)
{
    struct run run = {.config = config, .named = named, .loop = loop_new(), .store = store_new(named, NULL)};
    int status = CLI_EXIT_UNKNOWN;
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT); /* what is found is in the report */
    unsigned at_once = descriptors_raise(config->max_concurrent, DESCRIPTORS_BESIDE);
    run.probes = probe_context_new(run.loop, config, at_once, NULL, err);
    if (run.probes != NULL) {
        run.jobs = mem_array(named->domain_count, sizeof *run.jobs);
        while (run.started < named->domain_count && run.started < at_once)
            start_next(&run);
        loop_run(run.loop);
        status = show(&run, output);
    }
    probe_context_free(run.probes);
    loop_free(run.loop);
    store_free(run.store);
    free(run.jobs);
    return status;
}

/* What is wrong, a line each. A monitoring system shows the first line of standard output, so for it they go there. */
static void complain(enum output output, const char *faults)
{
    if (output == OUTPUT_NAGIOS)
        printf("FEDHEALTH UNKNOWN - %s", faults);
    else
        fputs(faults, stderr);
}

/* Takes over what the agent with this file would do about the domains that are named. */
static void adopt(struct config *named, const struct config *file, struct buf *faults)
{
    for (size_t i = 0; i < named->domain_count; i++) {
        const struct config_domain *configured = config_find(file, named->domains[i].name);
        named->domains[i].severity.behind = &file->severity;
        named->domains[i].interval_ms = configured != NULL ? configured->interval_ms : file->interval_ms;
    }
    if (config_find(named, file->domain) != NULL)
        buf_printf(faults, "fedhealth: %s: this is agent.domain, as which the checks are made; it cannot be checked\n",
                   file->domain);
}

int cli_check(int argc, char **argv)
{
    struct options options;
    bool helped = false;
    if (!parse(&options, argc, argv, &helped))
        return CLI_EXIT_UNKNOWN;
    if (helped)
        return EXIT_SUCCESS;
    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
    struct buf faults;
    struct err err = {0};
    buf_init(&faults, FAULTS_CAP);
    struct config *named = config_default(options.domains, options.domain_count, &faults);
    struct config *file = options.config_file != NULL ? config_load(options.config_file, &faults) : NULL;
    int status = CLI_EXIT_UNKNOWN;
    if (named != NULL && file != NULL)
        adopt(named, file, &faults);
    if (named != NULL && (options.config_file == NULL || file != NULL) && faults.length == 0)
        status = check(file != NULL ? file : named, named, options.output, &err);
    if (err.key != NULL)
        config_tell(file != NULL ? file : named, err.key, err.text, &faults);
    else if (err.text[0] != '\0')
        buf_printf(&faults, "fedhealth: %s\n", err.text);
    if (faults.length > 0)
        complain(options.output, faults.data);
    config_free(file);
    config_free(named);
    buf_fini(&faults);
    return status;
}
