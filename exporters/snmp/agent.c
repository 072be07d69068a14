#define LOG_SUBSYSTEM "snmp"
#include "exporters/snmp/snmp.h"

#include <assert.h>
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
#include "exporters/snmp/hold.h"
#include "exporters/snmp/master.h"
#include "exporters/snmp/mib.h"
#include "exporters/snmp/notice.h"
#include "exporters/snmp/session.h"
#include "exporters/snmp/trap.h"

#define TEND_US 500000 /* how often a held state is looked after */
#define STOP_S 20      /* how long a thread that is to end may take: everything under way times out within it */

struct snmp_agent {
    char *agentx_socket; /* NULL: master mode */
    struct mib *mib;
    int wake_fd;                  /* eventfd: there are notices, or it is the end */
    atomic_bool ending;
    struct snmp_notices *notices; /* NULL: none are sent */
    pthread_t thread;

    /* Used on the thread only. */
    struct hold hold;
    bool stand;       /* the manager is to be told what stands */
    const char *away; /* why the AgentX master does not answer, as logged; "": not logged */
};

/* Of net-snmp as a whole, like all that it keeps. */
static _Atomic enum tri connected = TRI_UNKNOWN;
static bool isolated, lost; /* `lost`: a thread is left inside net-snmp, which cannot be used again */

/* The reason where the master's socket is there. */
static const char SILENT[] = "it only takes the connection";

static void answer_get(const struct snmp_agent *agent, const struct status *status, netsnmp_agent_request_info *info,
                       netsnmp_request_info *request)
{
    netsnmp_variable_list *varbind = request->requestvb;
    struct mib_cell cell;
    switch (mib_get(agent->mib, status, varbind->name, varbind->name_length, &cell)) {
    case MIB_FOUND: cell_write(cell.fact, &cell.value, varbind); break;
    case MIB_NO_OBJECT: netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT); break;
    case MIB_NO_INSTANCE: netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE); break;
    }
}

/* A varbind left without a value makes net-snmp go on to what is registered next. */
static void answer_next(const struct snmp_agent *agent, const struct status *status, netsnmp_request_info *request)
{
    netsnmp_variable_list *varbind = request->requestvb;
    struct mib_cell cell;
    if (!mib_next(agent->mib, status, varbind->name, varbind->name_length, request->inclusive, &cell))
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
    const struct status *status = hold_status(&agent->hold, clock_mono_us());
    for (netsnmp_request_info *request = requests; request != NULL; request = request->next) {
        if (request->processed)
            continue;
        if (info->mode == MODE_GET)
            answer_get(agent, status, info, request);
        else
            answer_next(agent, status, request);
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

static void on_master_changed(void *arg, bool gained)
{
    struct snmp_agent *agent = arg;
    if (gained)
        log_info("connected to the AgentX master at %s", agent->agentx_socket);
    else
        log_warn("lost the AgentX master at %s; trying to reconnect", agent->agentx_socket);
    agent->away = gained ? "" : SILENT; /* the line above says as much */
    agent->stand = gained;
    if (!gained && agent->notices != NULL)
        notices_lost(agent->notices, clock_mono_us());
    connected = gained ? TRI_YES : TRI_NO;
}

/* Logs why the master does not answer, once for each cause. */
static void tell_away(struct snmp_agent *agent)
{
    const char *away = master_fault() != NULL ? master_fault() : SILENT;
    if (strcmp(away, agent->away) == 0)
        return;
    log_warn("the AgentX master at %s does not answer: %s; trying until it does", agent->agentx_socket, away);
    agent->away = away;
}

static void send_notices(struct snmp_agent *agent)
{
    if (agent->notices == NULL)
        return;
    if (agent->stand) {
        const struct status *status; /* the present one: what is held may be older than a notice that waits */
        void *held = agent->hold.take(agent->hold.arg, &status);
        notices_stand(agent->notices, status);
        agent->hold.give_back(held);
        agent->stand = false;
    }
    struct notice notice;
    while (connected != TRI_NO && !agent->ending && notices_take(agent->notices, clock_mono_us(), &notice)) {
        trap_send(&notice, agent->mib);
        notice_fini(&notice);
    }
}

/* In how many microseconds there is something to do beside what net-snmp does; -1: nothing. */
static int64_t due_us(const struct snmp_agent *agent)
{
    int64_t notices_us = -1;
    if (agent->notices != NULL && connected != TRI_NO)
        notices_us = agent->stand ? 0 : notices_due_us(agent->notices, clock_mono_us());
    if (agent->hold.held != NULL && (notices_us < 0 || notices_us > TEND_US))
        return TEND_US;
    return notices_us;
}

/* Waits for what net-snmp waits for, for notices, and for the end. net-snmp may close and open descriptors whenever it
 * is called, so the set is built anew each time. False: the end. */
static bool wait_and_read(struct snmp_agent *agent, netsnmp_large_fd_set *fds)
{
    int end = agent->wake_fd + 1, block = 1;
    struct timeval wait = {0};
    NETSNMP_LARGE_FD_ZERO(fds);
    NETSNMP_LARGE_FD_SET(agent->wake_fd, fds);
    snmp_select_info2(&end, fds, &wait, &block);
    const int64_t own_us = due_us(agent);
    if (own_us >= 0 && (block || wait.tv_sec > 0 || wait.tv_usec > own_us)) {
        wait = (struct timeval){.tv_usec = own_us};
        block = 0;
    }
    int ready = netsnmp_large_fd_set_select(end, fds, NULL, NULL, block ? NULL : &wait);
    if (ready > 0 && NETSNMP_LARGE_FD_ISSET(agent->wake_fd, fds)) {
        eventfd_t times;
        eventfd_read(agent->wake_fd, &times);
        NETSNMP_LARGE_FD_CLR(agent->wake_fd, fds);
    }
    if (ready > 0)
        snmp_read2(fds);
    else
        snmp_timeout();
    return !agent->ending;
}

static void serve(struct snmp_agent *agent)
{
    netsnmp_large_fd_set fds;
    netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
    while (wait_and_read(agent, &fds)) {
        run_alarms();
        netsnmp_check_outstanding_agent_requests();
        hold_tend(&agent->hold, clock_mono_us());
        if (connected == TRI_NO)
            tell_away(agent);
        else
            send_notices(agent);
    }
    netsnmp_large_fd_set_cleanup(&fds);
}

static void *run(void *arg)
{
    struct snmp_agent *agent = arg;
    if (agent->agentx_socket != NULL) {
        log_info("looking for the AgentX master at %s", agent->agentx_socket);
        session_connect();
        if (connected == TRI_NO)
            tell_away(agent);
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
    connected = TRI_UNKNOWN;
    hold_fini(&agent->hold);
    mib_free(agent->mib);
    if (agent->notices != NULL) {
        notices_wake(agent->notices, -1);
        notices_lost(agent->notices, clock_mono_us());
    }
    if (agent->wake_fd >= 0)
        close(agent->wake_fd);
    free(agent->agentx_socket);
    free(agent);
}

void snmp_setup(void)
{
    session_isolate();
    isolated = true;
}

struct snmp_agent *snmp_agent_new(const struct snmp_options *options, struct err *err)
{
    assert(isolated && connected == TRI_UNKNOWN);
    if (lost) {
        err_set(err, "snmp: cannot start again, since the former AgentX master held it up; restart the agent");
        return NULL;
    }
    struct snmp_agent *agent = mem_alloc(sizeof *agent);
    agent->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (agent->wake_fd < 0) {
        err_set(err, "snmp: eventfd: %s", strerror(errno));
        release(agent);
        return NULL;
    }
    agent->agentx_socket = options->agentx ? mem_strdup(options->agentx_socket) : NULL;
    agent->away = "";
    agent->mib = mib_new();
    hold_init(&agent->hold, options->take, options->give_back, options->arg);
    connected = options->agentx ? TRI_NO : TRI_UNKNOWN;
    agent->notices = options->notices;
    agent->stand = !options->agentx;
    if (agent->notices != NULL)
        notices_wake(agent->notices, agent->wake_fd);
    session_prepare(options, on_master_changed, agent);
    register_objects(agent);
    if ((!options->agentx && !session_listen(options, agent->mib, err)) || !start_thread(agent, err)) {
        session_close();
        release(agent);
        return NULL;
    }
    return agent;
}

enum tri snmp_agent_connected(void)
{
    return connected;
}

void snmp_agent_free(struct snmp_agent *agent)
{
    if (agent == NULL)
        return;
    agent->ending = true;
    eventfd_write(agent->wake_fd, 1);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_S;
    if (pthread_clockjoin_np(agent->thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
        log_warn("the AgentX master hangs; leaving it");
        lost = true;
        pthread_cancel(agent->thread);
        pthread_join(agent->thread, NULL);
    }
    release(agent);
}
