#define LOG_SUBSYSTEM "snmp"
#include "exporters/snmp/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "exporters/snmp/access.h"
#include "exporters/snmp/engine.h"
#include "exporters/snmp/master.h"

#define APPLICATION "fedhealth"
#define LINES_A_MINUTE 20 /* of net-snmp in the log */
#define NOWHERE "/dev/null/snmp" /* a path that cannot exist and cannot be made */

/* How often the AgentX master is pinged, or looked for while it is not there, and how long it may take to answer. */
#define PING_INTERVAL_S 5
#define MASTER_TIMEOUT_S (MASTER_PATIENCE_MS / 1000)

/* In libnetsnmpmibs, which has no public headers. */
void init_system_mib(void);
void init_snmpEngine(void);

/* In libnetsnmpagent, but in none of its public headers. */
extern netsnmp_session *agentx_callback_sess;
extern int callback_master_num;
int handle_subagent_response(int op, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic);
int subagent_startup(int major, int minor, void *server_arg, void *client_arg);

static struct {
    bool connected;
    void (*changed)(void *arg, bool connected);
    void *arg;
} watcher;

static struct engine engine = {.lock = -1};

/* How net-snmp's priorities stand in the log. */
static enum log_level level_of(int priority)
{
    if (priority <= LOG_ERR)
        return LOG_LEVEL_ERROR;
    return priority == LOG_WARNING ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG;
}

/* Whether one more line may be written: anyone who can send a packet can make net-snmp say something. What is for
 * debugging, a line or two a packet, has a number of its own, so that it pushes out no warning. */
static bool may_tell(enum log_level level)
{
    static struct {
        int64_t since_us;
        unsigned lines;
    } minutes[2], *minute;
    int64_t now_us = clock_mono_us();
    minute = &minutes[level == LOG_LEVEL_DEBUG];
    if (minute->since_us == 0 || now_us - minute->since_us >= 60 * INT64_C(1000000)) {
        minute->since_us = now_us;
        minute->lines = 0;
    }
    if (minute->lines <= LINES_A_MINUTE)
        minute->lines++;
    if (minute->lines == LINES_A_MINUTE)
        log_write(level == LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, LOG_SUBSYSTEM,
                  "net-snmp has much to say; what it says for the rest of this minute is left out");
    return minute->lines < LINES_A_MINUTE;
}

static int on_log(int major, int minor, void *server_arg, void *client_arg)
{
    (void)major, (void)minor, (void)client_arg;
    const struct snmp_log_message *message = server_arg;
    enum log_level level = level_of(message->priority);
    if (may_tell(level))
        log_write(level, LOG_SUBSYSTEM, "net-snmp: %.*s", (int)strcspn(message->msg, "\n"), message->msg);
    return SNMP_ERR_NOERROR;
}

/* net-snmp also tells of masters lost that it never had, and of the same one twice. */
static int on_master(int major, int minor, void *server_arg, void *client_arg)
{
    (void)major, (void)server_arg, (void)client_arg;
    bool gained = minor == SNMPD_CALLBACK_INDEX_START;
    if (gained)
        snmp_alarm_unregister_all(); /* a master that went at a bad moment left one more that would try to connect */
    if (gained != watcher.connected)
        watcher.changed(watcher.arg, gained);
    watcher.connected = gained;
    return SNMP_ERR_NOERROR;
}

static void set_flag(int store, int which)
{
    netsnmp_ds_set_boolean(store, which, 1);
}

void session_isolate(void)
{
    setenv("MIBS", "", 1);
    setenv("MIBDIRS", NOWHERE, 1);
    setenv("SNMPCONFPATH", NOWHERE, 1);
    setenv("SNMP_PERSISTENT_DIR", NOWHERE, 1);
}

/* No configuration, state, certificates or MIB files of the machine are read or written. */
static void set_flags(void)
{
    set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS);
    set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE);
    set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES);
    set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG);
}

static void route_log(void)
{
    snmp_disable_log();
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL);
}

/* What init_agent() does for a subagent, but only once in a process, unless the subagent before was connected to its
 * end. */
static void prepare_callbacks(void)
{
    if (agentx_callback_sess != NULL)
        return;
    agentx_callback_sess = netsnmp_callback_open(callback_master_num, handle_subagent_response, NULL, NULL);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, subagent_startup, NULL);
}

static void prepare_agentx(const char *socket)
{
    set_flag(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS);
    init_agent(APPLICATION);
    prepare_callbacks();
    master_prepare(socket);
    /* init_agent() overwrites these, init_snmp() uses them. */
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, PING_INTERVAL_S);
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT, MASTER_TIMEOUT_S);
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, 0);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_master, NULL);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_master, NULL);
}

void session_prepare(const struct snmp_options *options, void (*changed)(void *arg, bool connected), void *arg)
{
    watcher.connected = false;
    watcher.changed = changed;
    watcher.arg = arg;
    set_flags();
    route_log();
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, options->agentx);
    if (options->agentx) {
        prepare_agentx(options->agentx_socket);
    } else {
        init_agent(APPLICATION);
        init_system_mib();
        init_snmpEngine();
    }
}

static bool listen_at(const char *address, struct err *err)
{
    errno = 0;
    netsnmp_transport *transport = netsnmp_transport_open_server("snmp", address);
    if (transport == NULL)
        return err_set(err, "snmp.listen: cannot listen at %s: %s", address,
                       errno != 0 ? strerror(errno) : "no usable address");
    if (netsnmp_register_agent_nsap(transport) == 0)
        return err_set(err, "snmp.listen: cannot listen at %s", address);
    log_info("listening at %s", address);
    return true;
}

/* SNMPv3 receivers of notifications have to know the id. */
static void tell_engine(void)
{
    char id[2 * ENGINE_ID_MAX + 1];
    log_info("the SNMP engine is 0x%s, started %u times", text_hex(id, engine.id, engine.id_size), engine.boots);
}

bool session_listen(const struct snmp_options *options, const struct mib *mib, struct err *err)
{
    engine_open(&engine, options->state_dir);
    access_prepare(options, mib, &engine);
    init_snmp(APPLICATION);
    if (!access_begin(options, &engine, err))
        return false;
    if (options->user_count > 0)
        tell_engine();
    for (const char *const *address = options->listen; *address != NULL; address++) {
        if (!listen_at(*address, err))
            return false;
    }
    return true;
}

void session_connect(void)
{
    engine_open(&engine, NULL); /* nobody sees it, but without one net-snmp looks for the machine's address */
    set_exact_engineID(engine.id, engine.id_size);
    init_snmp(APPLICATION);
}

void session_close(void)
{
    /* A master that goes at the same moment makes net-snmp complain about itself, and is no loss any more. */
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL, 1);
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_master, NULL, 1);
    shutdown_master_agent(); /* or the next subagent would take the first listening session, freed, for its own */
    snmp_shutdown(APPLICATION);
    shutdown_agent();
    engine_close(&engine);
    agentx_callback_sess = NULL; /* was freed, but left for the next subagent to use */
}
