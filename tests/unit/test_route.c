/* What the kernel says of routes, and what it says of something else. */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/route.h"
#include "tests/unit/resolver_scene.h"

enum { CHILD_NO, CHILD_YES, CHILD_CANNOT };

static struct dns_address address(int family, const char *text)
{
    struct dns_address address = {.family = family};
    assert_int_equal(inet_pton(family, text, address.bytes), 1);
    return address;
}

static void test_there_is_one(void **state)
{
    (void)state;
    const struct dns_address own = address(AF_INET, "127.0.0.1");
    assert_true(route_exists(&own));
}

static void test_other_errors_do_not_count(void **state)
{
    (void)state;
    const struct dns_address own = address(AF_INET, "127.0.0.1"), broadcast = address(AF_INET, "255.255.255.255");
    scene_allow_descriptors(false);
    bool without_descriptors = route_exists(&own);
    scene_allow_descriptors(true);
    assert_true(without_descriptors);
    assert_true(route_exists(&broadcast)); /* not permitted without asking for it, where there is a way */
}

/* Makes the family's default route one that says so. */
static bool refuse_all(int family)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
    } add = {
        .header = {.nlmsg_len = sizeof add, .nlmsg_type = RTM_NEWROUTE,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK},
        .route = {.rtm_family = (unsigned char)family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
                  .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNREACHABLE},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr outcome;
    } answer = {.outcome = {.error = -1}};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool sent = fd >= 0 && send(fd, &add, sizeof add, 0) == (ssize_t)sizeof add;
    bool answered = sent && recv(fd, &answer, sizeof answer, MSG_TRUNC) > 0;
    close(fd);
    return answered && answer.outcome.error == 0;
}

/* In a network of its own, which has nothing but a loopback interface that is down. */
static void test_there_is_none(void **state)
{
    (void)state;
    static const char *const ADDRESSES[] = {"192.0.2.1", "2001:db8::1"};
    for (size_t i = 0; i < 4; i++) {
        int family = i % 2 == 0 ? AF_INET : AF_INET6;
        const struct dns_address far = address(family, ADDRESSES[i % 2]);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
                _exit(CHILD_CANNOT);
            if (i >= 2 && !refuse_all(family))
                _exit(CHILD_CANNOT);
            _exit(route_exists(&far) ? CHILD_YES : CHILD_NO);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == CHILD_CANNOT)
            skip(); /* this machine lets nobody have a network of his own */
        assert_int_equal(WEXITSTATUS(status), CHILD_NO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_is_one),
        cmocka_unit_test(test_other_errors_do_not_count),
        cmocka_unit_test(test_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
