/* Notifications, as the AgentX master gets them. Each test has a process of its own: net-snmp keeps its state in
 * globals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentx_script.h"
#include "base/log.h"
#include "exporters/snmp/notice.h"
#include "exporters/snmp/snmp.h"

#define HANG_S 120 /* a test that takes longer has failed */
#define ROOT FH_ENTERPRISE_OID

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                     \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static const struct status status = {.agent = {.version = "1.2.3"}};

static void *take(void *arg, const struct status **present)
{
    *present = &status;
    return arg;
}

static void give_back(void *held)
{
    (void)held;
}

static void run_apart(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(HANG_S);
        log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
        snmp_setup();
        body();
        exit(0);
    }
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
}

static struct snmp_agent *agent_behind(const char *socket_path)
{
    const struct snmp_options options = {.agentx = true, .agentx_socket = socket_path, .take = take,
                                         .give_back = give_back};
    struct err err;
    struct snmp_agent *agent = snmp_agent_new(&options, &err);
    EXPECT(agent != NULL);
    return agent;
}

static void notify(struct snmp_agent *agent, const char *node, const char *detail)
{
    char *own = strdup(node);
    const struct snmp_rejection rejection = {.index = 7, .node = own, .state = STATE_CRITICAL, .previous = STATE_OK,
                                             .reason = REASON_AXL_UNAUTHORIZED, .detail = detail};
    snmp_agent_notify_credentials(agent, &rejection);
    memset(own, 'x', strlen(own)); /* it was copied */
    free(own);
}

/* What came, behind the time that stands first. */
static void expect_notice(int connection, const char *expected)
{
    char text[4096];
    agentx_await_notify(connection, text, sizeof text);
    const char *rest = strchr(text, '\n');
    EXPECT(strncmp(text, "1.3.6.1.2.1.1.3.0=", 18) == 0 && rest != NULL);
    if (strcmp(rest + 1, expected) != 0) {
        printf("got:\n%s\nnot:\n%s", rest + 1, expected);
        exit(1);
    }
}

#define NOTICE(node, detail, sequence)                                                                                 \
    "1.3.6.1.6.3.1.1.4.1.0=" ROOT ".0.4\n" ROOT ".1.5.1.2.7=" node "\n" ROOT ".1.5.1.3.7=3\n" ROOT ".1.9.1.0=1\n"      \
    ROOT ".1.5.1.4.7=axl_unauthorized\n" ROOT ".1.5.1.5.7=" detail "\n" ROOT ".1.9.2.0=" sequence "\n"

/* Those that were queued before the master was there come with the first that connects, in order and numbered. */
static void send_when_connected(void)
{
    char path[64];
    int listener = agentx_listen(4, path);
    struct snmp_agent *agent = agent_behind(path);
    notify(agent, "cups.example", "account fedhealth: 401");
    notify(agent, "other.example", NULL);
    int connection = agentx_accept(listener);
    expect_notice(connection, NOTICE("cups.example", "account fedhealth: 401", "1"));
    expect_notice(connection, NOTICE("other.example", "", "2"));
    notify(agent, "cups.example", "again");
    expect_notice(connection, NOTICE("cups.example", "again", "3"));
    close(connection);
    snmp_agent_free(agent);
    close(listener);
    unlink(path);
}

static void test_send_when_connected(void **state)
{
    (void)state;
    run_apart(send_when_connected);
}

/* Without a master they wait, as many as there is room for, and go with the agent. */
static void bounded(void)
{
    struct snmp_agent *agent = agent_behind("/dev/null/no/such/socket");
    for (int i = 0; i < NOTICES_MAX + 10; i++)
        notify(agent, "cups.example", "detail");
    snmp_agent_free(agent);
    notify(NULL, "cups.example", "detail"); /* SNMP is off */

    struct notice_queue *queue = notice_queue_new();
    const struct snmp_rejection rejection = {.node = "cups.example"};
    for (int i = 0; i < NOTICES_MAX; i++)
        EXPECT(notice_put(queue, &rejection));
    EXPECT(!notice_put(queue, &rejection));
    notice_queue_free(queue);
}

static void test_bounded(void **state)
{
    (void)state;
    run_apart(bounded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_when_connected),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
