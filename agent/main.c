/* The daemon: wires the rooms together, sets up and ends what agent.h holds. */
#define LOG_SUBSYSTEM "main"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "agent.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "exporters/snmp/snmp.h"
#include "snmp_users.h"

#define EXIT_CONFIG 2
/* Descriptors beside those of conversations: HTTP clients, SNMP, DNS, logs. */
#define DESCRIPTORS_BESIDE 1200

static const int SIGNALS[] = {SIGTERM, SIGINT, SIGHUP};
#define SIGNAL_COUNT (sizeof SIGNALS / sizeof SIGNALS[0])

struct config *agent_read_config(const struct options *options, struct buf *faults)
{
    struct config *config = options->config_file != NULL
                                ? config_load(options->config_file, faults)
                                : config_default(options->domains, options->domain_count, faults);
    struct snmp_users *users = config != NULL ? snmp_users_read(config, faults) : NULL;
    if (users == NULL) {
        config_free(config);
        return NULL;
    }
    snmp_users_free(users);
    if (config->domain_count + config->imp_node_count == 0)
        log_warn("no domains and no nodes are configured: nothing will be checked");
    return config;
}

unsigned agent_max_conversations(const struct config *config)
{
    unsigned allowed = descriptors_raise(config->max_concurrent, DESCRIPTORS_BESIDE + (unsigned)config->ping_count);
    if (allowed < config->max_concurrent)
        log_warn("the limit of open files allows %u conversations at once; agent.max_concurrent is %u", allowed,
                 config->max_concurrent);
    return allowed;
}

void agent_tell_fault(const struct config *config, const struct err *err, struct buf *faults)
{
    if (err->key != NULL)
        config_tell(config, err->key, err->text, faults);
    else if (err->text[0] != '\0')
        buf_printf(faults, "fedhealthd: %s\n", err->text);
}

void agent_announce_config(struct agent *agent)
{
    atomic_store(&agent->config_loaded_ms, clock_wall_ms());
    atomic_store(&agent->config_ok, TRI_YES);
    atomic_store(&agent->metrics_detail, agent->config->metrics_detail);
}

static bool domain_received(void *arg, size_t domain, struct domain_result *result)
{
    struct agent *agent = arg;
    return store_put(agent->store, domain, result);
}

static bool imp_received(void *arg, size_t node, struct imp_result *result)
{
    struct agent *agent = arg;
    return store_put_imp(agent->store, node, result);
}

static void signal_caught(void *arg, int number)
{
    struct agent *agent = arg;
    if (number == SIGHUP) {
        reload_start(agent, NULL);
        return;
    }
    log_info("signal %d: stopping", number);
    if (!agent->ending) /* else there may be no schedule any more */
        schedule_stop(agent->schedule);
    agent->ending = true; /* a reload under way is still waited for, and so are the outcomes of logins */
    loop_stop(agent->loop);
}

static void print_faults(const struct buf *faults)
{
    fputs(faults->data, stderr);
    if (buf_failed(faults))
        fputs("and more faults than can be listed\n", stderr);
}

/* Serves until a signal ends it. */
static bool serve(struct agent *agent, struct err *err)
{
    agent->store = store_new(agent->config, agent->config->state_dir);
    notify_start(agent);
    agent->schedule = schedule_new(agent->loop, agent->config, agent->probes,
                                   (struct schedule_probes){&probe_domain, &probe_imp},
                                   (struct schedule_results){domain_received, imp_received}, agent);
    agent_announce_config(agent);
    if (!exports_start(agent, err))
        return false;
    notify_lapsed(agent);
    log_info("fedhealth %s (revision %s) checks %zu domains and %zu nodes as %s, asking resolver %s%s", FH_VERSION,
             FH_REVISION, agent->config->domain_count, agent->config->imp_node_count, agent->config->domain,
             agent->config->resolvers[0].name, agent->config->resolver_count > 1 ? " and others" : "");
    loop_run(agent->loop);
    return true;
}

static void agent_fini(struct agent *agent, struct loop_signal *signals[SIGNAL_COUNT])
{
    agent->ending = true;
    probe_requests_stop(agent);
    exports_stop(agent);
    schedule_free(agent->schedule);
    probe_context_free(agent->probes);
    if (agent->loop != NULL) {
        loop_stop(agent->loop);
        loop_run(agent->loop); /* until the outcomes of logins are on disk, and no longer */
    }
    /* A second signal must not break off an orderly end: this is the last thread, and it takes none any more. */
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        loop_signal_free(signals[i]);
    loop_free(agent->loop);
    store_free(agent->store);
    snmp_notices_free(agent->notices);
    config_free(agent->config);
}

static int run(const struct options *options)
{
    struct agent agent = {.options = options};
    struct loop_signal *signals[SIGNAL_COUNT] = {NULL};
    struct err err = {0};
    struct buf faults;
    int exit_status = EXIT_CONFIG;
    buf_init(&faults, AGENT_FAULTS_CAP);
    agent.config = agent_read_config(options, &faults);
    if (agent.config == NULL)
        goto done;
    agent.loop = loop_new();
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        signals[i] = loop_signal_new(agent.loop, SIGNALS[i], signal_caught, &agent);
    agent.probes =
        probe_context_new(agent.loop, agent.config, agent_max_conversations(agent.config), NULL, &err);
    if (agent.probes == NULL)
        goto done;
    if (options->config_check) {
        printf("%s: good, %zu domains, %zu nodes\n",
               options->config_file != NULL ? options->config_file : "command line", agent.config->domain_count,
               agent.config->imp_node_count);
        exit_status = EXIT_SUCCESS;
        goto done;
    }
    exit_status = serve(&agent, &err) ? EXIT_SUCCESS : EXIT_FAILURE;
done:
    agent_tell_fault(agent.config, &err, &faults);
    print_faults(&faults);
    buf_fini(&faults);
    agent_fini(&agent, signals);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    switch (options_parse(&options, argc, argv, &err)) {
    case OPTIONS_DONE: return EXIT_SUCCESS;
    case OPTIONS_WRONG: fprintf(stderr, "fedhealthd: %s\n", err.text); return EXIT_CONFIG;
    case OPTIONS_RUN: break;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* until it can be obeyed: the file is about to be read anyway */
    signal(SIGXFSZ, SIG_IGN); /* a limit that state_dir meets is a write that fails */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys and communities belong in no core dump */
    log_setup(options.log_level, options.log_format);
    snmp_setup();
    return run(&options);
}
