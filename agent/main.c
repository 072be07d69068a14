/* The daemon: wires the rooms together. This is the only file that sees all of them. */
#define LOG_SUBSYSTEM "main"
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "exporters/http/http.h"
#include "exporters/prometheus/prometheus.h"
#include "exporters/snmp/snmp.h"
#include "exporters/web/web.h"
#include "loop/loop.h"
#include "options.h"
#include "probe/probe.h"
#include "schedule/schedule.h"
#include "store/store.h"

#define EXIT_CONFIG 2
#define SIGNAL_COUNT 3
#define FAULTS_CAP (4u << 20)
/* Descriptors beside those of rounds: HTTP clients, SNMP, DNS, logs. */
#define DESCRIPTORS_BESIDE 1200

struct agent {
    struct config *config;
    int64_t config_loaded_ms;
    struct loop *loop;
    struct probe_context *probes;
    struct store *store;
    struct schedule *schedule;
    _Atomic(struct snmp_agent *) snmp; /* read by HTTP threads and its own */
    struct http_server *http;
    struct loop_signal *signals[SIGNAL_COUNT];
};

/* The state that an exporter serves: a snapshot, and the agent's own facts of this moment. */
struct view {
    struct snapshot *snapshot;
    struct status status;
};

static struct view *view_take(struct agent *agent)
{
    struct view *view = mem_alloc(sizeof *view);
    view->snapshot = store_snapshot(agent->store);
    view->status = *snapshot_status(view->snapshot);
    struct snmp_agent *snmp = atomic_load(&agent->snmp);
    view->status.agent = (struct agent_status){
        .version = FH_VERSION,
        .revision = FH_REVISION,
        .config_loaded_ms = agent->config_loaded_ms,
        .config_ok = TRI_YES,
        .checks_running = schedule_running(agent->schedule),
        .loop_lag_us = loop_lag_us(agent->loop),
        .agentx_connected = snmp != NULL ? snmp_agent_connected(snmp) : TRI_UNKNOWN,
    };
    return view;
}

static void view_free(struct view *view)
{
    snapshot_free(view->snapshot);
    free(view);
}

static void *snmp_take(void *arg, const struct status **status)
{
    struct view *view = view_take(arg);
    *status = &view->status;
    return view;
}

static void snmp_give_back(void *held)
{
    view_free(held);
}

/* A response whose body is read out of a view while it is sent. */
struct metrics {
    struct view *view;
    struct prometheus_encoder *encoder;
};

static bool metrics_next(void *arg, struct buf *body)
{
    struct metrics *metrics = arg;
    return prometheus_encoder_next(metrics->encoder, body);
}

static void metrics_done(void *arg)
{
    struct metrics *metrics = arg;
    prometheus_encoder_free(metrics->encoder);
    view_free(metrics->view);
    free(metrics);
}

static void serve_metrics(void *arg, const struct http_request *request, struct http_response *response)
{
    struct metrics *metrics = mem_alloc(sizeof *metrics);
    enum prometheus_format format = prometheus_negotiate(http_request_header(request, "Accept"));
    metrics->view = view_take(arg);
    metrics->encoder = prometheus_encoder_new(&metrics->view->status, format);
    response->content_type = prometheus_content_type(format);
    response->by_accept = true;
    response->next = metrics_next;
    response->done = metrics_done;
    response->arg = metrics;
}

static void serve_healthy(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    buf_puts(&response->body, "fedhealth is healthy.\n");
}

/* HTTP is served only after everything else was set up, so whoever gets an answer gets this one. */
static void serve_ready(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    buf_puts(&response->body, "fedhealth is ready.\n");
}

/* The page at "/": where `arg` is not the agent alone but also the metrics' path. */
struct landing_source {
    struct agent *agent;
    const char *telemetry_path;
};

struct landing {
    struct view *view;
    struct web_landing *page;
};

static bool landing_next(void *arg, struct buf *body)
{
    struct landing *landing = arg;
    return web_landing_next(landing->page, body);
}

static void landing_done(void *arg)
{
    struct landing *landing = arg;
    web_landing_free(landing->page);
    view_free(landing->view);
    free(landing);
}

static void serve_landing(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)request;
    const struct landing_source *source = arg;
    struct landing *landing = mem_alloc(sizeof *landing);
    landing->view = view_take(source->agent);
    landing->page = web_landing_new(&landing->view->status, source->telemetry_path);
    response->content_type = WEB_PAGE_TYPE;
    response->next = landing_next;
    response->done = landing_done;
    response->arg = landing;
}

static bool result_received(void *arg, size_t domain, struct domain_result *result)
{
    struct agent *agent = arg;
    return store_put(agent->store, domain, result);
}

static void signal_caught(void *arg, int number)
{
    struct agent *agent = arg;
    if (number == SIGHUP) {
        log_warn("SIGHUP: this version cannot reload its configuration; restart it instead");
        return;
    }
    log_info("signal %d: stopping", number);
    loop_stop(agent->loop);
}

static void watch_signals(struct agent *agent)
{
    static const int SIGNALS[SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP};
    for (int i = 0; i < SIGNAL_COUNT; i++)
        agent->signals[i] = loop_signal_new(agent->loop, SIGNALS[i], signal_caught, agent);
}

/* Prints the faults and returns NULL when the configuration cannot be used. */
static struct config *read_config(const struct options *options)
{
    struct buf faults;
    buf_init(&faults, FAULTS_CAP);
    struct config *config = options->config_file != NULL
                                ? config_load(options->config_file, &faults)
                                : config_default(options->domains, options->domain_count, &faults);
    fputs(faults.data, stderr);
    if (buf_failed(&faults))
        fputs("and more faults than can be listed\n", stderr);
    buf_fini(&faults);
    return config;
}

/* In the form of the other faults where a configuration key is to blame. */
static void print_fault(const struct config *config, const struct err *err)
{
    struct buf fault;
    if (err->text[0] == '\0')
        return;
    buf_init(&fault, FAULTS_CAP);
    if (err->key != NULL)
        config_tell(config, err->key, err->text, &fault);
    else
        buf_printf(&fault, "fedhealthd: %s\n", err->text);
    fputs(fault.data, stderr);
    buf_fini(&fault);
}

static bool start_snmp(struct agent *agent, struct err *err)
{
    const struct config *config = agent->config;
    if (config->snmp_mode == SNMP_MODE_OFF)
        return true;
    const struct snmp_options options = {
        .agentx = config->snmp_mode == SNMP_MODE_AGENTX,
        .agentx_socket = config->snmp_agentx_socket,
        .listen = (const char *const *)config->snmp_listen,
        .community = config->snmp_community,
        .take = snmp_take,
        .give_back = snmp_give_back,
        .arg = agent,
    };
    atomic_store(&agent->snmp, snmp_agent_new(&options, err));
    return atomic_load(&agent->snmp) != NULL;
}

/* Serves until a signal ends it. */
static bool serve(struct agent *agent, const struct options *options, struct err *err)
{
    struct landing_source landing = {agent, options->telemetry_path};
    const struct http_route routes[] = {
        {"/", serve_landing, &landing},
        {options->telemetry_path, serve_metrics, agent},
        {"/-/healthy", serve_healthy, NULL},
        {"/-/ready", serve_ready, NULL},
        {NULL, NULL, NULL},
    };
    if (!start_snmp(agent, err))
        return false;
    agent->http = http_server_new(options->listen, routes, err);
    if (agent->http == NULL)
        return false;
    log_info("fedhealth %s (revision %s) checks %zu domains as %s, asking resolver %s", FH_VERSION, FH_REVISION,
             agent->config->domain_count, agent->config->domain, agent->config->resolver.name);
    loop_run(agent->loop);
    http_server_free(agent->http); /* before the routes go */
    agent->http = NULL;
    return true;
}

static void agent_fini(struct agent *agent)
{
    http_server_free(agent->http);
    snmp_agent_free(atomic_load(&agent->snmp));
    schedule_free(agent->schedule);
    probe_context_free(agent->probes);
    /* A second signal must not break off an orderly end: this is the last thread, and it takes none any more. */
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < SIGNAL_COUNT; i++)
        loop_signal_free(agent->signals[i]);
    loop_free(agent->loop);
    store_free(agent->store);
    config_free(agent->config);
}

static int run(const struct options *options)
{
    struct agent agent = {0};
    struct err err = {0};
    int exit_status = EXIT_CONFIG;
    agent.config = read_config(options);
    if (agent.config == NULL)
        goto done;
    if (agent.config->domain_count == 0)
        log_warn("no domains are configured: nothing will be checked");
    agent.config_loaded_ms = clock_wall_ms();
    agent.loop = loop_new();
    watch_signals(&agent);
    agent.probes = probe_context_new(agent.loop, agent.config, &err);
    if (agent.probes == NULL)
        goto done;
    if (options->config_check) {
        printf("%s: good, %zu domains\n", options->config_file != NULL ? options->config_file : "command line",
               agent.config->domain_count);
        exit_status = EXIT_SUCCESS;
        goto done;
    }
    agent.store = store_new(agent.config);
    unsigned rounds = descriptors_raise(agent.config->max_concurrent, DESCRIPTORS_BESIDE);
    if (rounds < agent.config->max_concurrent)
        log_warn("the limit of open files allows %u rounds at once; agent.max_concurrent is %u", rounds,
                 agent.config->max_concurrent);
    agent.schedule = schedule_new(agent.loop, agent.config, agent.probes, rounds, result_received, &agent);
    exit_status = serve(&agent, options, &err) ? EXIT_SUCCESS : EXIT_FAILURE;
done:
    print_fault(agent.config, &err);
    agent_fini(&agent);
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
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys and communities belong in no core dump */
    log_setup(options.log_level, options.log_format);
    return run(&options);
}
