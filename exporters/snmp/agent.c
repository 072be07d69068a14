#define LOG_SUBSYSTEM "snmp"
#include "exporters/snmp/snmp.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "exporters/snmp/cell.h"
#include "exporters/snmp/mib.h"
#include "exporters/snmp/session.h"

#define HOLD_US 1000000 /* how long requests are answered from one state, so that a walk fits together */
#define STOP_S 5        /* how long a thread that is to end may take; AgentX requests under way time out within it */

struct snmp_agent {
    char *agentx_socket; /* NULL: master mode */
    void *(*take)(void *arg, const struct status **status);
    void (*give_back)(void *held);
    void *arg;
    struct mib *mib;
    int stop_fd; /* eventfd */
    pthread_t thread;
    _Atomic enum tri connected;

    /* Used on the thread only. */
    void *held;                  /* NULL: none */
    const struct status *status; /* of `held` */
    int64_t held_since_us;
    struct err away;             /* why the AgentX master does not answer, as logged; "": not logged */
};

/* The reason where the master's socket is there. */
static const struct err SILENT = {.text = "it only takes the connection"};

static void let_go(struct snmp_agent *agent)
{
    if (agent->held != NULL)
        agent->give_back(agent->held);
    agent->held = NULL;
}

static bool held_too_long(const struct snmp_agent *agent)
{
    return clock_mono_us() - agent->held_since_us >= HOLD_US;
}

static void hold(struct snmp_agent *agent)
{
    if (agent->held != NULL && !held_too_long(agent))
        return;
    let_go(agent);
    agent->held = agent->take(agent->arg, &agent->status);
    agent->held_since_us = clock_mono_us();
}

static void answer_get(const struct snmp_agent *agent, netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
    netsnmp_variable_list *varbind = request->requestvb;
    struct mib_cell cell;
    switch (mib_get(agent->mib, agent->status, varbind->name, varbind->name_length, &cell)) {
    case MIB_FOUND: cell_write(cell.fact, &cell.value, varbind); break;
    case MIB_NO_OBJECT: netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT); break;
    case MIB_NO_INSTANCE: netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE); break;
    }
}

/* A varbind left without a value makes net-snmp go on to what is registered next. */
static void answer_next(const struct snmp_agent *agent, netsnmp_request_info *request)
{
    netsnmp_variable_list *varbind = request->requestvb;
    struct mib_cell cell;
    if (!mib_next(agent->mib, agent->status, varbind->name, varbind->name_length, request->inclusive, &cell))
        return;
    snmp_set_var_objid(varbind, cell.name.ids, cell.name.length);
    cell_write(cell.fact, &cell.value, varbind);
}

/* GET and GETNEXT. net-snmp makes GETNEXTs of a GETBULK, and refuses a SET by itself: the registration is read-only. */
static int on_request(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                      netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    (void)registration;
    struct snmp_agent *agent = handler->myvoid;
    hold(agent);
    for (netsnmp_request_info *request = requests; request != NULL; request = request->next) {
        if (request->processed)
            continue;
        if (info->mode == MODE_GET)
            answer_get(agent, info, request);
        else
            answer_next(agent, request);
    }
    return SNMP_ERR_NOERROR;
}

static void register_objects(struct snmp_agent *agent)
{
    const struct mib_name *objects = mib_objects(agent->mib);
    netsnmp_handler_registration *registration = netsnmp_create_handler_registration(
        "fedhealth", on_request, objects->ids, objects->length, HANDLER_CAN_RONLY);
    registration->handler->myvoid = agent;
    netsnmp_register_handler(registration);
}

static void on_master_changed(void *arg, bool connected)
{
    struct snmp_agent *agent = arg;
    if (connected)
        log_info("connected to the AgentX master at %s", agent->agentx_socket);
    else
        log_warn("lost the AgentX master at %s; trying to reconnect", agent->agentx_socket);
    agent->away = connected ? (struct err){0} : SILENT; /* the line above says as much */
    agent->connected = connected ? TRI_YES : TRI_NO;
}

/* Logs why the master does not answer, once for each cause. */
static void tell_away(struct snmp_agent *agent)
{
    struct err away = SILENT;
    session_try(agent->agentx_socket, &away);
    if (strcmp(away.text, agent->away.text) == 0)
        return;
    log_warn("the AgentX master at %s does not answer: %s; trying until it does", agent->agentx_socket, away.text);
    agent->away = away;
}

/* Until told to stop. net-snmp may close and open descriptors whenever it is called, so the set is built anew. */
static void serve(struct snmp_agent *agent)
{
    netsnmp_large_fd_set fds;
    netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
    for (;;) {
        if (agent->connected == TRI_NO)
            tell_away(agent);
        int end = agent->stop_fd + 1, block = agent->held == NULL;
        struct timeval wait = {.tv_usec = HOLD_US / 2};
        NETSNMP_LARGE_FD_ZERO(&fds);
        NETSNMP_LARGE_FD_SET(agent->stop_fd, &fds);
        snmp_select_info2(&end, &fds, &wait, &block);
        int ready = netsnmp_large_fd_set_select(end, &fds, NULL, NULL, block ? NULL : &wait);
        if (ready > 0 && NETSNMP_LARGE_FD_ISSET(agent->stop_fd, &fds))
            break;
        if (ready > 0)
            snmp_read2(&fds);
        else
            snmp_timeout();
        run_alarms();
        netsnmp_check_outstanding_agent_requests();
        if (agent->held != NULL && held_too_long(agent))
            let_go(agent);
    }
    netsnmp_large_fd_set_cleanup(&fds);
}

static void *run(void *arg)
{
    struct snmp_agent *agent = arg;
    if (agent->agentx_socket != NULL) {
        log_info("looking for the AgentX master at %s", agent->agentx_socket);
        session_connect();
    }
    serve(agent);
    session_close();
    return NULL;
}

static bool start_thread(struct snmp_agent *agent, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&agent->thread, NULL, run, agent);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure == 0 || err_set(err, "snmp: cannot start a thread: %s", strerror(failure));
}

static void release(struct snmp_agent *agent)
{
    let_go(agent);
    mib_free(agent->mib);
    close(agent->stop_fd);
    free(agent->agentx_socket);
    free(agent);
}

struct snmp_agent *snmp_agent_new(const struct snmp_options *options, struct err *err)
{
    struct snmp_agent *agent = mem_alloc(sizeof *agent);
    agent->agentx_socket = options->agentx ? mem_strdup(options->agentx_socket) : NULL;
    agent->take = options->take;
    agent->give_back = options->give_back;
    agent->arg = options->arg;
    agent->mib = mib_new();
    agent->connected = options->agentx ? TRI_NO : TRI_UNKNOWN;
    agent->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (agent->stop_fd < 0) {
        err_set(err, "snmp: eventfd: %s", strerror(errno));
        release(agent);
        return NULL;
    }
    session_prepare(options, on_master_changed, agent);
    register_objects(agent);
    if ((!options->agentx && !session_listen(options, agent->mib, err)) || !start_thread(agent, err)) {
        session_close();
        release(agent);
        return NULL;
    }
    return agent;
}

enum tri snmp_agent_connected(const struct snmp_agent *agent)
{
    return agent->connected;
}

void snmp_agent_free(struct snmp_agent *agent)
{
    if (agent == NULL)
        return;
    eventfd_write(agent->stop_fd, 1);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_S;
    if (pthread_clockjoin_np(agent->thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
        /* A master that stopped accepting connections holds net-snmp in connect() for ever. */
        log_warn("the AgentX master hangs; leaving it");
        pthread_cancel(agent->thread);
        pthread_join(agent->thread, NULL);
    }
    release(agent);
}
