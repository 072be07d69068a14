/* Starting and stopping the SNMP agent, where all is not well. */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentx_script.h"
#include "base/log.h"
#include "exporters/snmp/snmp.h"
#include "snmp_apart.h"

static struct domain_status *no_domains[1];
static const struct status status = {.agent = {.version = "1.2.3"}, .domains = no_domains};

static void *take(void *arg, const struct status **present)
{
    *present = &status;
    return arg;
}

static void give_back(void *held)
{
    (void)held;
}

static struct snmp_agent *agent_for(const char *community, const char *address, struct err *err)
{
    const char *const listen_at[] = {address, NULL};
    const struct snmp_options options = {.listen = listen_at, .community = community, .take = take,
                                         .give_back = give_back};
    return snmp_agent_new(&options, err);
}

static struct snmp_agent *agent_at(const char *address, struct err *err)
{
    return agent_for("public", address, err);
}

static struct snmp_agent *agent_behind(const char *socket_path, struct err *err)
{
    const struct snmp_options options = {.agentx = true, .agentx_socket = socket_path, .take = take,
                                         .give_back = give_back};
    return snmp_agent_new(&options, err);
}

static int take_address(char address[64])
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT(bind(fd, (struct sockaddr *)&here, length) == 0);
    EXPECT(getsockname(fd, (struct sockaddr *)&here, &length) == 0);
    snprintf(address, 64, "udp:127.0.0.1:%u", ntohs(here.sin_port));
    return fd;
}

static void free_address(void)
{
    struct err err;
    char address[64];
    close(take_address(address));
    struct snmp_agent *agent = agent_at(address, &err);
    EXPECT(agent != NULL);
    EXPECT(snmp_agent_connected() == TRI_UNKNOWN);
    snmp_agent_free(agent);
    snmp_agent_free(NULL);
}

static void test_free_address(void **state)
{
    (void)state;
    snmp_apart(free_address);
}

static void address_taken(void)
{
    struct err err = {0};
    char address[64];
    int fd = take_address(address);
    EXPECT(agent_at(address, &err) == NULL);
    EXPECT(strstr(err.text, address) != NULL && strstr(err.text, "in use") != NULL);
    close(fd);
}

static void test_address_taken(void **state)
{
    (void)state;
    snmp_apart(address_taken);
}

static void no_address(void)
{
    struct err err = {0};
    EXPECT(agent_at("nonsense:1", &err) == NULL);
    EXPECT(strstr(err.text, "nonsense:1") != NULL);
}

static void test_no_address(void **state)
{
    (void)state;
    snmp_apart(no_address);
}

/* What is logged from now on goes to the file that this returns, until log_release(). */
static FILE *log_capture(void)
{
    FILE *log = tmpfile();
    EXPECT(log != NULL && dup2(fileno(log), STDERR_FILENO) >= 0);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    return log;
}

static bool log_has(FILE *log, const char *format, const char *socket_path)
{
    char line[256], text[4096];
    snprintf(line, sizeof line, format, socket_path);
    ssize_t length = pread(fileno(log), text, sizeof text - 1, 0);
    EXPECT(length >= 0);
    text[length] = '\0';
    return strstr(text, line) != NULL;
}

/* Waits until the log says this of the socket; for ever if it does not. */
static void await_log(FILE *log, const char *format, const char *socket_path)
{
    while (!log_has(log, format, socket_path))
        usleep(10000);
}

static void log_release(FILE *log)
{
    EXPECT(dup2(STDOUT_FILENO, STDERR_FILENO) >= 0);
    fclose(log);
}

static void no_master(void)
{
    static const char PATH[] = "/dev/null/no/such/socket";
    struct err err;
    FILE *log = log_capture();
    struct snmp_agent *agent = agent_behind(PATH, &err);
    EXPECT(agent != NULL);
    EXPECT(snmp_agent_connected() == TRI_NO);
    await_log(log, "looking for the AgentX master at %s\"", PATH);
    await_log(log, "the AgentX master at %s does not answer: Not a directory;", PATH);
    log_release(log);
    snmp_agent_free(agent);
}

static void test_no_master(void **state)
{
    (void)state;
    snmp_apart(no_master);
}

/* A master that takes the connection and never answers. */
static void silent_master(void)
{
    char path[64];
    int listener = agentx_listen(4, path);
    struct err err;
    FILE *log = log_capture();
    struct snmp_agent *agent = agent_behind(path, &err);
    EXPECT(agent != NULL);
    int connection = accept(listener, NULL, NULL);
    EXPECT(connection >= 0);
    EXPECT(snmp_agent_connected() == TRI_NO);
    await_log(log, "the AgentX master at %s does not answer: it only takes the connection;", path);
    log_release(log);
    snmp_agent_free(agent);
    close(connection);
    close(listener);
    unlink(path);
}

static void test_silent_master(void **state)
{
    (void)state;
    snmp_apart(silent_master);
}

/* A master that has stopped accepting connections, behind as many as the kernel keeps for it. */
static void full_master(void)
{
    char path[64];
    int listener = agentx_listen(0, path);
    struct sockaddr_un there = {.sun_family = AF_UNIX};
    strcpy(there.sun_path, path);
    int fd;
    do
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    while (connect(fd, (struct sockaddr *)&there, sizeof there) == 0);
    struct err err;
    FILE *log = log_capture();
    struct snmp_agent *agent = agent_behind(path, &err);
    EXPECT(agent != NULL);
    await_log(log, "the AgentX master at %s does not answer: it accepts no connections;", path);
    snmp_agent_free(agent);
    EXPECT(!log_has(log, "hangs%s", ""));
    log_release(log);
    close(listener);
    unlink(path);
}

static void test_full_master(void **state)
{
    (void)state;
    snmp_apart(full_master);
}

#define AGENT_VERSION FH_ENTERPRISE_OID ".1.1.1.0"

static void expect_version(int connection)
{
    char text[64];
    agentx_get(connection, AGENT_VERSION, text, sizeof text);
    EXPECT(strcmp(text, "1.2.3") == 0);
}

/* A master that asks and asks, but has stopped reading answers. */
static void deaf_master(void)
{
    char path[64];
    int listener = agentx_listen(4, path);
    struct err err;
    FILE *log = log_capture();
    struct snmp_agent *agent = agent_behind(path, &err);
    EXPECT(agent != NULL);
    int connection = agentx_accept(listener);
    expect_version(connection);
    size_t asked = 0; /* more would fill a pipe that net-snmp keeps to itself */
    while (!log_has(log, "lost the AgentX master at %s;", path)) {
        for (size_t i = 0; i < 1000 && asked < 20000; i++)
            asked += agentx_ask(connection, AGENT_VERSION);
        usleep(10000);
    }
    close(connection);
    connection = agentx_accept(listener); /* it comes back by itself */
    expect_version(connection);
    log_release(log);
    close(connection);
    snmp_agent_free(agent);
    close(listener);
    unlink(path);
}

static void test_deaf_master(void **state)
{
    (void)state;
    snmp_apart(deaf_master);
}

/* A master that goes while it is asked for a session, as one does that hung and is restarted. */
static void going_master(void)
{
    char path[64];
    int listener = agentx_listen(4, path);
    struct err err;
    FILE *log = log_capture();
    struct snmp_agent *agent = agent_behind(path, &err);
    EXPECT(agent != NULL);
    close(accept(listener, NULL, NULL));
    close(accept(listener, NULL, NULL));
    int connection = agentx_accept(listener);
    agentx_await_ping(connection);
    agentx_await_ping(connection);
    expect_version(connection);
    EXPECT(!log_has(log, "attempted to be re-opened%s", ""));
    EXPECT(!log_has(log, "lost%s", ""));
    log_release(log);
    close(connection);
    snmp_agent_free(agent);
    close(listener);
    unlink(path);
}

static void test_going_master(void **state)
{
    (void)state;
    snmp_apart(going_master);
}

/* With more descriptors open than an fd_set has room for. */
static void many_descriptors(void)
{
    struct rlimit limit;
    EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int fd = 0; fd < FD_SETSIZE + 100;) {
        fd = open("/dev/null", O_RDONLY);
        EXPECT(fd >= 0);
    }
    char path[64];
    int listener = agentx_listen(4, path);
    struct err err;
    struct snmp_agent *agent = agent_behind(path, &err);
    EXPECT(agent != NULL);
    int connection = agentx_accept(listener);
    EXPECT(connection > FD_SETSIZE);
    for (int i = 0; i < 3; i++)
        expect_version(connection);
    close(connection);
    connection = agentx_accept(listener);
    expect_version(connection);
    snmp_agent_free(agent);
    close(listener);
    unlink(path);
}

static void test_many_descriptors(void **state)
{
    (void)state;
    snmp_apart(many_descriptors);
}

/* Asks a master-mode agent for sysUpTime with both communities; only the good one may be answered. */
static void expect_community(const char *address, const char *good, const char *bad)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    there.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT(connect(fd, (struct sockaddr *)&there, sizeof there) == 0);
    const char *const communities[] = {bad, good};
    for (unsigned char i = 0; i < 2; i++) {
        const size_t length = strlen(communities[i]);
        const unsigned char pdu[] = {0xa0, 0x1c, 0x02, 0x04, 'a', 's', 'k', i, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30,
                                     0x0e, 0x30, 0x0c, 0x06, 0x08, 0x2b, 6,   1, 2,    1,    1,    3,    0,    5,    0};
        const unsigned char head[] = {0x30, (unsigned char)(5 + length + sizeof pdu), 0x02, 0x01, 0x01, 0x04,
                                      (unsigned char)length};
        unsigned char message[128];
        memcpy(message, head, sizeof head);
        memcpy(message + sizeof head, communities[i], length);
        memcpy(message + sizeof head + length, pdu, sizeof pdu);
        EXPECT(send(fd, message, sizeof head + length + sizeof pdu, 0) > 0);
    }
    char answer[256];
    ssize_t length = recv(fd, answer, sizeof answer, 0);
    EXPECT(length > 0 && memmem(answer, (size_t)length, "ask\1", 4) != NULL);
    close(fd);
}

/* With all that master mode can have, and no folder to keep it in. */
static struct snmp_agent *agent_with_users(const char *community, const char *address, struct err *err)
{
    static const struct snmp_user users[] = {{"a", "SHA", "AES-256", "password", "password"},
                                             {"b.c_d-e", "SHA-512", "AES", "longer than 8", "another one"}};
    static const struct snmp_receiver receivers[] = {{"udp:127.0.0.1:9", "public", NULL},
                                                     {"udp:127.0.0.2:9", NULL, "a"},
                                                     {"udp:127.0.0.3:9", NULL, "b.c_d-e"}};
    const char *const listen_at[] = {address, NULL};
    const struct snmp_options options = {.listen = listen_at, .community = community, .users = users,
                                         .user_count = 2, .receivers = receivers, .receiver_count = 3,
                                         .state_dir = "/dev/null", .take = take, .give_back = give_back};
    return snmp_agent_new(&options, err);
}

static void serve_alone(bool with_users, const char *address, const char *good, const char *bad)
{
    struct err err = {0};
    struct snmp_agent *agent = with_users ? agent_with_users(good, address, &err) : agent_for(good, address, &err);
    EXPECT(agent != NULL);
    EXPECT(snmp_agent_connected() == TRI_UNKNOWN);
    expect_community(address, good, bad);
    snmp_agent_free(agent);
}

static void serve_behind(bool with_master)
{
    char path[64];
    int listener = agentx_listen(4, path);
    if (!with_master)
        unlink(path);
    struct err err;
    struct snmp_agent *agent = agent_behind(path, &err);
    EXPECT(agent != NULL);
    if (with_master) {
        int connection = agentx_accept(listener);
        while (snmp_agent_connected() != TRI_YES)
            usleep(1000);
        expect_version(connection);
        close(connection);
        unlink(path);
    }
    snmp_agent_free(agent);
    EXPECT(snmp_agent_connected() == TRI_UNKNOWN);
    close(listener);
}

static int lowest_free_descriptor(void)
{
    int fd = dup(STDIN_FILENO);
    close(fd);
    return fd;
}

/* A reload ends the agent and starts another one, with other settings, in the same process. */
static void one_after_another(void)
{
    struct err err = {0};
    char address[64], other[64];
    close(take_address(address));
    int taken = take_address(other), free_descriptor = lowest_free_descriptor();
    for (int i = 0; i < 4; i++) {
        serve_alone(true, address, "one", "other");
        serve_behind(i % 2 == 0);
        EXPECT(agent_at(other, &err) == NULL);
        serve_behind(true);
        serve_behind(false);
        serve_alone(false, address, "other", "one");
        serve_alone(false, address, "one", "other");
        EXPECT(lowest_free_descriptor() == free_descriptor);
    }
    close(taken);
}

static void test_one_after_another(void **state)
{
    (void)state;
    snmp_apart(one_after_another);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_free_address),
        cmocka_unit_test(test_address_taken),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_no_master),
        cmocka_unit_test(test_silent_master),
        cmocka_unit_test(test_full_master),
        cmocka_unit_test(test_deaf_master),
        cmocka_unit_test(test_going_master),
        cmocka_unit_test(test_many_descriptors),
        cmocka_unit_test(test_one_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
