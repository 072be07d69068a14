/* Another configuration in place of the one in force. It is read on a thread of its own, since thousands of names take
 * their time; the swap itself is one turn of the loop. A configuration with a fault changes nothing. */
#define LOG_SUBSYSTEM "reload"
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "base/log.h"
#include "base/mem.h"
#include "login/secret.h"

#define ANSWER_CAP 65536
#define ENDING "the agent is ending\n"

/* Who asked over HTTP. */
struct asker {
    struct asker *next;
    struct agent *agent;
    struct http_deferred *deferred;
};

struct reload {
    struct agent *agent;
    struct config *config; /* NULL: it has faults */
    struct buf faults;     /* a line each */
    struct asker *askers;
    bool snmp_differs;     /* it is to be started anew */
    bool snmp;             /* it was; else why not */
    struct err snmp_err;
    bool again;                 /* asked for once more in the meantime … */
    struct asker *askers_again; /* … by these */
};

static void answer_all(struct asker *askers, unsigned status, const char *text)
{
    while (askers != NULL) {
        struct asker *next = askers->next;
        http_deferred_answer(askers->deferred, status, text);
        free(askers);
        askers = next;
    }
}

/* On a thread of its own: everything that may wait for the disk. */
static void read_anew(void *arg)
{
    struct reload *reload = arg;
    reload->config = agent_read_config(reload->agent->options, &reload->faults);
    if (reload->config == NULL)
        return;
    store_reserve(reload->agent->store, reload->config);
    reload->snmp_differs = exports_snmp_differs(reload->agent, reload->config);
    secret_thread_end();
}

/* Puts the configuration into force. False, with one more fault, when its files or resolvers cannot be used. */
static bool swap(struct reload *reload)
{
    struct agent *agent = reload->agent;
    struct config *former_config = agent->config;
    struct probe_context *former_probes = agent->probes;
    struct err err = {0};
    struct probe_context *probes =
        probe_context_new(agent->loop, reload->config, agent_max_conversations(reload->config), former_probes, &err);
    if (probes == NULL) {
        agent_tell_fault(reload->config, &err, &reload->faults);
        return false;
    }
    agent->config = config_hold(reload->config);
    agent->probes = probes;
    struct snapshot *before = store_snapshot(agent->store);
    store_reload(agent->store, agent->config);
    notify_reloaded(agent, before);
    snapshot_free(before);
    schedule_reload(agent->schedule, agent->config, probes);
    agent_announce_config(agent);
    log_info("the configuration is in force: %zu domains, %zu before", agent->config->domain_count,
             former_config->domain_count);
    probe_context_free(former_probes); /* rounds under way still hold it */
    config_free(former_config);
    return true;
}

/* A line of the log for each fault, and all of them for those who asked. */
static void refuse(struct reload *reload)
{
    struct buf answer;
    buf_init(&answer, ANSWER_CAP);
    const char *what = reload->agent->config == reload->config
                           ? "the configuration is in force, but SNMP could not be started with it"
                           : "the configuration was not reloaded; the one before it stays in force";
    log_error("%s", what);
    buf_printf(&answer, "%s\n", what);
    char *rest = reload->faults.data;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (*line == '\0')
            continue;
        log_error("%s", line);
        buf_printf(&answer, "%s\n", line);
    }
    answer_all(reload->askers, 500, answer.data);
    buf_fini(&answer);
}

static void begin(struct agent *agent, struct asker *askers);

/* The outcome is known. */
static void conclude(struct reload *reload, bool good)
{
    struct agent *agent = reload->agent;
    if (agent->ending) {
        answer_all(reload->askers, 503, ENDING);
    } else if (good) {
        answer_all(reload->askers, 200, "");
    } else {
        atomic_store(&agent->config_ok, TRI_NO);
        refuse(reload);
    }
    agent->reload = NULL;
    if (agent->ending)
        answer_all(reload->askers_again, 503, ENDING);
    else if (reload->again)
        begin(agent, reload->askers_again);
    config_free(reload->config);
    buf_fini(&reload->faults);
    free(reload);
}

static void restart_snmp(void *arg)
{
    struct reload *reload = arg;
    reload->snmp = exports_restart_snmp(reload->agent, &reload->snmp_err);
    secret_thread_end();
}

static void snmp_restarted(void *arg)
{
    struct reload *reload = arg;
    if (!reload->snmp)
        agent_tell_fault(reload->config, &reload->snmp_err, &reload->faults);
    conclude(reload, reload->snmp);
}

static void finish(void *arg)
{
    struct reload *reload = arg;
    struct agent *agent = reload->agent;
    bool good = reload->config != NULL && !agent->ending && swap(reload);
    if (good && reload->snmp_differs)
        loop_work(agent->loop, restart_snmp, snmp_restarted, reload);
    else
        conclude(reload, good);
}

static void begin(struct agent *agent, struct asker *askers)
{
    struct reload *reload = agent->reload = mem_alloc(sizeof *reload);
    log_info("reading %s again", agent->options->config_file);
    reload->agent = agent;
    reload->askers = askers;
    buf_init(&reload->faults, AGENT_FAULTS_CAP);
    loop_work(agent->loop, read_anew, finish, reload);
}

void reload_start(struct agent *agent, struct http_deferred *deferred)
{
    static const char NO_FILE[] = "there is no configuration file to reload\n";
    struct asker *asker = deferred != NULL ? mem_alloc(sizeof *asker) : NULL;
    if (asker != NULL)
        asker->deferred = deferred;
    if (agent->ending) {
        answer_all(asker, 503, ENDING);
    } else if (agent->options->config_file == NULL) {
        log_warn("there is no configuration file to reload");
        answer_all(asker, 500, NO_FILE);
    } else if (agent->reload == NULL) {
        begin(agent, asker);
    } else {
        /* What is being read may be older than what is asked for. */
        struct reload *reload = agent->reload;
        reload->again = true;
        if (asker != NULL) {
            asker->next = reload->askers_again;
            reload->askers_again = asker;
        }
    }
}

static void asked(void *arg)
{
    struct asker *asker = arg;
    reload_start(asker->agent, asker->deferred);
    free(asker);
}

void reload_ask(struct agent *agent, struct http_deferred *deferred)
{
    struct asker *asker = mem_alloc(sizeof *asker);
    *asker = (struct asker){.agent = agent, .deferred = deferred};
    loop_call(agent->loop, asked, asker);
}
