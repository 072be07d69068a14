/* The agent as a manager sees it: net-snmp's client against the embedded master, which runs in a process of its own
 * because both sides keep their state in the same globals. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "base/log.h"
#include "base/mem.h"
#include "exporters/snmp/snmp.h"
#include "snmp_apart.h"
#include "snmp_scene.h"

#define COMMUNITY "spaces, a \"quote\" and a \\" /* nothing in it may be taken for net-snmp's own syntax */

/* The agent's side */

static atomic_int taken, given_back;

static void *take(void *arg, const struct status **present)
{
    atomic_fetch_add(&taken, 1);
    *present = arg;
    return arg;
}

static void give_back(void *held)
{
    atomic_fetch_add(&given_back, held == &status);
}

/* A UDP port of the loopback address that nobody has. */
static void find_address(char address[64])
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&here, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &length), 0);
    snprintf(address, 64, "udp:127.0.0.1:%u", ntohs(here.sin_port));
    close(fd);
}

struct server {
    pid_t child;
    int stop; /* closing it stops the child */
    char address[64];
    netsnmp_session *session;
};

/* Says when it is ready, serves until the other end of `stop` is closed. */
static void serve(const char *address, int ready, int stop)
{
    struct err err = {0};
    const char *const listen_at[] = {address, NULL};
    const struct snmp_options options = {.listen = listen_at, .community = COMMUNITY, .take = take,
                                         .give_back = give_back, .arg = &status};
    snmp_setup();
    struct snmp_agent *agent = snmp_agent_new(&options, &err);
    EXPECT(agent != NULL);
    EXPECT(write(ready, "", 1) == 1);
    char end;
    EXPECT(read(stop, &end, 1) == 0);
    snmp_agent_free(agent);
    EXPECT(taken > 0 && given_back == taken);
}

/* The manager's side */

static netsnmp_session *open_session(const char *address, const char *community, long timeout_us)
{
    netsnmp_session about;
    snmp_sess_init(&about);
    about.version = SNMP_VERSION_2c;
    about.peername = (char *)address;
    about.community = (unsigned char *)community;
    about.community_len = strlen(community);
    about.retries = 0;
    about.timeout = timeout_us;
    return snmp_open(&about);
}

static int start_server(void **state)
{
    static struct server server;
    int ready[2], stop[2];
    find_address(server.address);
    assert_int_equal(pipe(ready) | pipe(stop), 0);
    fflush(NULL);
    server.child = fork();
    if (server.child == 0) {
        close(stop[1]);
        serve(server.address, ready[1], stop[0]);
        exit(0);
    }
    close(stop[0]);
    close(ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    server.stop = stop[1];

    setenv("MIBS", "", 1);
    setenv("MIBDIRS", "/dev/null/none", 1);
    setenv("SNMPCONFPATH", "/dev/null/none", 1);
    setenv("SNMP_PERSISTENT_DIR", "/dev/null/none", 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    init_snmp("test");
    server.session = open_session(server.address, COMMUNITY, 20000000);
    assert_non_null(server.session);
    *state = &server;
    return 0;
}

static int close_session(void **state)
{
    struct server *server = *state;
    snmp_close(server->session);
    snmp_shutdown("test");
    return 0;
}

struct name {
    oid ids[MAX_OID_LEN];
    size_t length;
};

static struct name full_name(const char *below)
{
    struct name name = {.length = MAX_OID_LEN};
    char *dotted = mem_printf("." FH_ENTERPRISE_OID ".1%s%s", *below != '\0' ? "." : "", below);
    assert_int_equal(read_objid(dotted, name.ids, &name.length), 1);
    free(dotted);
    return name;
}

static netsnmp_pdu *ask_pdu(netsnmp_session *session, netsnmp_pdu *request)
{
    netsnmp_pdu *response = NULL;
    assert_int_equal(snmp_synch_response(session, request, &response), STAT_SUCCESS);
    assert_non_null(response);
    return response;
}

static netsnmp_pdu *ask(netsnmp_session *session, int command, const oid *ids, size_t length)
{
    netsnmp_pdu *request = snmp_pdu_create(command);
    if (command == SNMP_MSG_GETBULK) {
        request->non_repeaters = 0;
        request->max_repetitions = 20;
    }
    snmp_add_null_var(request, ids, length);
    netsnmp_pdu *response = ask_pdu(session, request);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    return response;
}

static void render(const netsnmp_variable_list *varbind, char *text, size_t size)
{
    *text = '\0';
    switch (varbind->type) {
    case ASN_INTEGER:
    case ASN_GAUGE:
        snprintf(text, size, "%ld", *varbind->val.integer);
        break;
    case ASN_COUNTER64:
        snprintf(text, size, "%llu", (unsigned long long)varbind->val.counter64->high << 32 |
                                         varbind->val.counter64->low);
        break;
    case ASN_OCTET_STR:
        if (varbind->val_len == 11 && varbind->val.string[0] == 0x07) {
            for (size_t i = 0; i < varbind->val_len; i++)
                snprintf(text + 2 * i, size - 2 * i, "%02x", varbind->val.string[i]);
        } else {
            snprintf(text, size, "%.*s", (int)varbind->val_len, (const char *)varbind->val.string);
        }
        break;
    default:
        break; /* the exceptions of RFC 3416 have no value */
    }
}

static void expect_row(const netsnmp_variable_list *varbind, const struct row *row)
{
    struct name name = full_name(row->name);
    char text[512];
    render(varbind, text, sizeof text);
    if (snmp_oid_compare(varbind->name, varbind->name_length, name.ids, name.length) != 0 ||
        varbind->type != row->type || strcmp(text, row->value) != 0)
        fail_msg("%s: got type 0x%02x \"%s\", at ….%lu", row->name, varbind->type, text,
                 (unsigned long)varbind->name[varbind->name_length - 1]);
}

static void expect_get(netsnmp_session *session, const struct row *row)
{
    struct name name = full_name(row->name);
    netsnmp_pdu *response = ask(session, SNMP_MSG_GET, name.ids, name.length);
    expect_row(response->variables, row);
    snmp_free_pdu(response);
}

static void test_get(void **state)
{
    const struct server *server = *state;
    for (size_t i = 0; i < ROW_COUNT; i++)
        expect_get(server->session, &ROWS[i]);
}

static void test_get_what_is_not_there(void **state)
{
    const struct server *server = *state;
    for (size_t i = 0; i < NOT_THERE_COUNT; i++)
        expect_get(server->session, &NOT_THERE[i]);
}

/* Walks with either command; the answers must be ROWS, no more and no less. */
static void expect_walk(netsnmp_session *session, int command)
{
    const struct name top = full_name("");
    struct name at = top;
    size_t count = 0;
    for (bool end = false; !end;) {
        netsnmp_pdu *response = ask(session, command, at.ids, at.length);
        for (const netsnmp_variable_list *each = response->variables; each != NULL; each = each->next_variable) {
            end = snmp_oidtree_compare(each->name, each->name_length, top.ids, top.length) != 0;
            if (end)
                break;
            if (count == ROW_COUNT)
                fail_msg("more than %zu instances", ROW_COUNT);
            expect_row(each, &ROWS[count++]);
            at.length = each->name_length;
            memcpy(at.ids, each->name, at.length * sizeof(oid));
        }
        snmp_free_pdu(response);
    }
    assert_int_equal(count, ROW_COUNT);
}

static void test_getnext(void **state)
{
    const struct server *server = *state;
    expect_walk(server->session, SNMP_MSG_GETNEXT);
}

static void test_getbulk(void **state)
{
    const struct server *server = *state;
    expect_walk(server->session, SNMP_MSG_GETBULK);
}

/* Several objects in one request, as pollers ask: each is answered by itself. */
static void test_get_of_a_row(void **state)
{
    const struct server *server = *state;
    const struct row *rows[] = {&ROWS[0], &ROWS[9], &NOT_THERE[2], &ROWS[11]};
    netsnmp_pdu *request = snmp_pdu_create(SNMP_MSG_GET);
    for (size_t i = 0; i < 4; i++) {
        struct name name = full_name(rows[i]->name);
        snmp_add_null_var(request, name.ids, name.length);
    }
    netsnmp_pdu *response = ask_pdu(server->session, request);
    const netsnmp_variable_list *varbind = response->variables;
    for (size_t i = 0; i < 4; i++, varbind = varbind->next_variable)
        expect_row(varbind, rows[i]);
    snmp_free_pdu(response);
}

static void test_set_is_refused(void **state)
{
    const struct server *server = *state;
    static const char *const names[] = {"1.1.0", "2.1.2.1", "2.1.5.1", "9.9.9"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct name name = full_name(names[i]);
        netsnmp_pdu *request = snmp_pdu_create(SNMP_MSG_SET);
        snmp_pdu_add_variable(request, name.ids, name.length, ASN_OCTET_STR, "x", 1);
        netsnmp_pdu *response = ask_pdu(server->session, request);
        assert_int_equal(response->errstat, SNMP_ERR_NOACCESS);
        snmp_free_pdu(response);
    }
    expect_get(server->session, &ROWS[0]);
}

static void test_system_group(void **state)
{
    const struct server *server = *state;
    static const oid descr[] = {1, 3, 6, 1, 2, 1, 1, 1, 0}, object[] = {1, 3, 6, 1, 2, 1, 1, 2, 0},
                     uptime[] = {1, 3, 6, 1, 2, 1, 1, 3, 0};
    netsnmp_pdu *response = ask(server->session, SNMP_MSG_GET, descr, OID_LENGTH(descr));
    assert_int_equal(response->variables->type, ASN_OCTET_STR);
    assert_memory_equal(response->variables->val.string, "fedhealth", 9);
    snmp_free_pdu(response);

    response = ask(server->session, SNMP_MSG_GET, object, OID_LENGTH(object));
    struct name root = full_name("");
    assert_int_equal(response->variables->type, ASN_OBJECT_ID);
    assert_int_equal(response->variables->val_len, (root.length - 1) * sizeof(oid));
    assert_memory_equal(response->variables->val.objid, root.ids, response->variables->val_len);
    snmp_free_pdu(response);

    response = ask(server->session, SNMP_MSG_GET, uptime, OID_LENGTH(uptime));
    assert_int_equal(response->variables->type, ASN_TIMETICKS);
    snmp_free_pdu(response);
}

static void test_wrong_community(void **state)
{
    const struct server *server = *state;
    netsnmp_session *session = open_session(server->address, "public", 200000);
    struct name name = full_name("1.1.0");
    netsnmp_pdu *request = snmp_pdu_create(SNMP_MSG_GET), *response = NULL;
    snmp_add_null_var(request, name.ids, name.length);
    assert_int_equal(snmp_synch_response(session, request, &response), STAT_TIMEOUT);
    snmp_close(session);
    expect_get(server->session, &ROWS[0]);
}

/* The last: stops the server, which then looks back at what it did. */
static void test_all_is_given_back(void **state)
{
    const struct server *server = *state;
    close(server->stop);
    int outcome = -1;
    assert_int_equal(waitpid(server->child, &outcome, 0), server->child);
    assert_int_equal(outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_what_is_not_there),
        cmocka_unit_test(test_getnext),
        cmocka_unit_test(test_getbulk),
        cmocka_unit_test(test_get_of_a_row),
        cmocka_unit_test(test_set_is_refused),
        cmocka_unit_test(test_system_group),
        cmocka_unit_test(test_wrong_community),
        cmocka_unit_test(test_all_is_given_back),
    };
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    fill_status();
    return cmocka_run_group_tests(tests, start_server, close_session);
}
