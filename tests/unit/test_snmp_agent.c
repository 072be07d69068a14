/* Starting and stopping the SNMP agent, where all is not well. Each test has a process of its own: net-snmp keeps its
 * state in globals. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "exporters/snmp/snmp.h"

#define HANG_S 120 /* a test that takes longer has failed */

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

static struct snmp_agent *agent_at(const char *address, struct err *err)
{
    const char *const listen_at[] = {address, NULL};
    const struct snmp_options options = {.listen = listen_at, .community = "public", .take = take,
                                         .give_back = give_back};
    return snmp_agent_new(&options, err);
}

static struct snmp_agent *agent_behind(const char *socket_path, struct err *err)
{
    const struct snmp_options options = {.agentx = true, .agentx_socket = socket_path, .take = take,
                                         .give_back = give_back};
    return snmp_agent_new(&options, err);
}

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                     \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static void run_apart(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(HANG_S);
        body();
        exit(0);
    }
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
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
    EXPECT(snmp_agent_connected(agent) == TRI_UNKNOWN);
    snmp_agent_free(agent);
    snmp_agent_free(NULL);
}

static void test_free_address(void **state)
{
    (void)state;
    run_apart(free_address);
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
    run_apart(address_taken);
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
    run_apart(no_address);
}

/* What is logged from now on goes to the file that this returns, until log_release(). */
static FILE *log_capture(void)
{
    FILE *log = tmpfile();
    EXPECT(log != NULL && dup2(fileno(log), STDERR_FILENO) >= 0);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    return log;
}

/* Waits until the log says this of the socket; for ever if it does not. */
static void await_log(FILE *log, const char *format, const char *socket_path)
{
    char line[256], text[4096];
    snprintf(line, sizeof line, format, socket_path);
    do {
        usleep(10000);
        ssize_t length = pread(fileno(log), text, sizeof text - 1, 0);
        EXPECT(length >= 0);
        text[length] = '\0';
    } while (strstr(text, line) == NULL);
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
    EXPECT(snmp_agent_connected(agent) == TRI_NO);
    await_log(log, "looking for the AgentX master at %s\"", PATH);
    await_log(log, "the AgentX master at %s does not answer: Not a directory;", PATH);
    log_release(log);
    snmp_agent_free(agent);
}

static void test_no_master(void **state)
{
    (void)state;
    run_apart(no_master);
}

/* A master that takes the connection and never answers. */
static void silent_master(void)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    snprintf(here.sun_path, sizeof here.sun_path, "/tmp/fedhealth-test-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT(bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, 4) == 0);
    struct err err;
    FILE *log = log_capture();
    struct snmp_agent *agent = agent_behind(here.sun_path, &err);
    EXPECT(agent != NULL);
    int connection = accept(fd, NULL, NULL);
    EXPECT(connection >= 0);
    EXPECT(snmp_agent_connected(agent) == TRI_NO);
    await_log(log, "the AgentX master at %s does not answer: it only takes the connection;", here.sun_path);
    log_release(log);
    snmp_agent_free(agent);
    close(connection);
    close(fd);
    unlink(here.sun_path);
}

static void test_silent_master(void **state)
{
    (void)state;
    run_apart(silent_master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_free_address),
        cmocka_unit_test(test_address_taken),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_no_master),
        cmocka_unit_test(test_silent_master),
    };
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
