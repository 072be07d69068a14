#include <getopt.h>
#include <stdlib.h>
#include <string.h>

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
    const char **imp; /* owned; names of nodes */
    size_t imp_count;
};

/* One run: every job once, ended when the last is done. */
struct run {
    const struct config *config; /* whose settings hold */
    const struct config *named;  /* the domains, or the nodes, to check */
    struct loop *loop;
    struct probe_context *probes;
    struct store *store;
    struct job *jobs;
    size_t count, started, finished;
};

struct job {
    struct run *run;
    bool node;
    size_t at; /* its position in run->named */
};

static const char USAGE[] =
    "usage: fedhealth check [--config.file=FILE] [--json | --nagios] DOMAIN ...\n"
    "       fedhealth check --config.file=FILE [--json | --nagios] --imp=NAME ...   Cisco IM and Presence nodes\n";

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
        {"imp", required_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){.output = OUTPUT_UNSET, .imp = mem_array((size_t)argc, sizeof *options->imp)};
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", LONG_OPTIONS, NULL)) != -1;) {
        switch (option) {
        case 'c': options->config_file = optarg; break;
        case 'j': good &= choose(options, OUTPUT_JSON); break;
        case 'n': good &= choose(options, OUTPUT_NAGIOS); break;
        case 'i': options->imp[options->imp_count++] = optarg; break;
        case 'h': *helped = true; break;
        default: good = false;
        }
    }
    if (options->output == OUTPUT_UNSET)
        options->output = OUTPUT_TEXT;
    options->domains = (const char *const *)argv + optind;
    options->domain_count = (size_t)(argc - optind);
    good &= *helped || (options->imp_count > 0 ? options->domain_count == 0 && options->config_file != NULL
                                               : options->domain_count > 0);
    if (*helped || !good)
        fputs(USAGE, good ? stdout : stderr);
    return good;
}

static void job_done(struct job *job);

static void domain_done(void *arg, struct domain_result *result)
{
    struct job *job = arg;
    store_put(job->run->store, job->at, result);
    job_done(job);
}

static void node_done(void *arg, struct imp_result *result)
{
    struct job *job = arg;
    store_put_imp(job->run->store, job->at, result);
    job_done(job);
}

/* A domain that is configured is checked as the configuration says, any other with the defaults. */
static void start_next(struct run *run)
{
    struct job *job = &run->jobs[run->started++];
    if (job->node) {
        probe_imp.start(run->probes, &run->named->imp_nodes[job->at], node_done, job);
        return;
    }
    const struct config_domain *named = &run->named->domains[job->at];
    const struct config_domain *configured = config_find(run->config, named->name);
    probe_domain.start(run->probes, configured != NULL ? configured : named, domain_done, job);
}

static void job_done(struct job *job)
{
    struct run *run = job->run;
    if (run->started < run->count)
        start_next(run);
    if (++run->finished == run->count)
        loop_stop(run->loop);
}

static void add_job(struct run *run, bool node, size_t at)
{
    for (size_t i = 0; i < run->count; i++) {
        if (run->jobs[i].node == node && run->jobs[i].at == at)
            return;
    }
    run->jobs[run->count++] = (struct job){run, node, at};
}

/* A node, and the own domains of it that are configured: their facts are combined with its own. */
static void add_node(struct run *run, const struct config_imp_node *node)
{
    add_job(run, true, (size_t)(node - run->named->imp_nodes));
    for (size_t i = 0; i < node->expect.domain_count; i++) {
        const struct config_domain *own = config_find(run->named, node->expect.domains[i]);
        if (own != NULL)
            add_job(run, false, (size_t)(own - run->named->domains));
    }
}

static void add_jobs(struct run *run, const struct options *options)
{
    run->jobs = mem_array(run->named->domain_count + run->named->imp_node_count, sizeof *run->jobs);
    for (size_t i = 0; i < options->imp_count; i++)
        add_node(run, config_find_imp(run->named, options->imp[i]));
    for (size_t i = 0; i < run->named->domain_count && options->imp_count == 0; i++)
        add_job(run, false, i);
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

static bool is_asked_for(const struct options *options, const char *node)
{
    for (size_t i = 0; i < options->imp_count; i++) {
        if (strcmp(options->imp[i], node) == 0)
            return true;
    }
    return false;
}

/* Leaves in the status only what was asked for: the nodes, or else the domains. */
static void select_asked_for(struct status *status, const struct options *options)
{
    size_t count = 0;
    for (size_t i = 0; i < status->imp_count; i++) {
        if (!is_asked_for(options, status->imp[i]->name))
            continue;
        status->imp[count] = status->imp[i];
        status->imp_causes[count++] = status->imp_causes[i];
    }
    status->imp_count = count;
    if (options->imp_count > 0)
        status->domain_count = 0;
}

/* Shows what the run found, and returns the exit status for it. */
static int show(const struct run *run, const struct options *options)
{
    struct snapshot *snapshot = store_snapshot(run->store);
    struct status status = *snapshot_status(snapshot);
    struct imp_status **imp = mem_array(status.imp_count, sizeof *imp);
    char **causes = mem_array(status.imp_count, sizeof *causes);
    memcpy(imp, status.imp, status.imp_count * sizeof *imp);
    memcpy(causes, status.imp_causes, status.imp_count * sizeof *causes);
    status.imp = imp;
    status.imp_causes = causes;
    select_asked_for(&status, options);
    status.agent = (struct agent_status){
        .version = FH_VERSION,
        .revision = FH_REVISION,
        .config_loaded_ms = TIME_ABSENT,
        .loop_lag_us = DURATION_ABSENT,
    };
    print(&status, options->output);
    int worst = (int)report_worst(&status) - (int)STATE_OK; /* 0 ok, 1 warning, 2 critical, 3 unknown */
    free(causes);
    free(imp);
    snapshot_free(snapshot);
    return worst;
}

static int check(struct config *config, struct config *named, const struct options *options, struct err *err)
{
    /* Of a node's table it matters what the agent saw before. */
    struct store *store = options->imp_count > 0 ? store_new_beside(named, named->state_dir) : store_new(named, NULL);
    struct run run = {.config = config, .named = named, .loop = loop_new(), .store = store};
    int status = CLI_EXIT_UNKNOWN;
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT); /* what is found is in the report */
    unsigned at_once = descriptors_raise(config->max_concurrent, DESCRIPTORS_BESIDE + (unsigned)config->ping_count);
    run.probes = probe_context_new(run.loop, config, at_once, NULL, err);
    if (run.probes != NULL) {
        add_jobs(&run, options);
        while (run.started < run.count && run.started < at_once)
            start_next(&run);
        loop_run(run.loop);
        status = show(&run, options);
    }
    probe_context_free(run.probes);
    loop_stop(run.loop);
    loop_run(run.loop); /* until the outcomes of logins are on disk, and no longer */
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
        named->domains[i].dialback.enabled =
            configured != NULL && config_dialback_runs(configured) ? ENABLED_TRUE : ENABLED_FALSE;
        if (configured != NULL)
            named->domains[i].dialback.interval_ms = configured->dialback.interval_ms;
    }
    if (config_find(named, file->domain) != NULL)
        buf_printf(faults, "fedhealth: %s: this is agent.domain, as which the checks are made; it cannot be checked\n",
                   file->domain);
}

static void check_nodes_known(const struct options *options, const struct config *file, struct buf *faults)
{
    for (size_t i = 0; i < options->imp_count; i++) {
        if (config_find_imp(file, options->imp[i]) == NULL)
            buf_printf(faults, "fedhealth: %s: no such node under imp_nodes in %s\n", options->imp[i],
                       options->config_file);
    }
}

static int run_checks(const struct options *options)
{
    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
    struct buf faults;
    struct err err = {0};
    buf_init(&faults, FAULTS_CAP);
    bool nodes = options->imp_count > 0;
    struct config *named = nodes ? NULL : config_default(options->domains, options->domain_count, &faults);
    struct config *file = options->config_file != NULL ? config_load(options->config_file, &faults) : NULL;
    if (nodes && file != NULL)
        named = config_hold(file);
    int status = CLI_EXIT_UNKNOWN;
    if (nodes && file != NULL)
        check_nodes_known(options, file, &faults);
    else if (named != NULL && file != NULL)
        adopt(named, file, &faults);
    if (named != NULL && (options->config_file == NULL || file != NULL) && faults.length == 0)
        status = check(file != NULL ? file : named, named, options, &err);
    if (err.key != NULL)
        config_tell(file != NULL ? file : named, err.key, err.text, &faults);
    else if (err.text[0] != '\0')
        buf_printf(&faults, "fedhealth: %s\n", err.text);
    if (faults.length > 0)
        complain(options->output, faults.data);
    config_free(file);
    config_free(named);
    buf_fini(&faults);
    return status;
}

int cli_check(int argc, char **argv)
{
    struct options options;
    bool helped = false;
    bool good = parse(&options, argc, argv, &helped);
    int status = !good ? CLI_EXIT_UNKNOWN : helped ? EXIT_SUCCESS : run_checks(&options);
    free(options.imp);
    return status;
}
