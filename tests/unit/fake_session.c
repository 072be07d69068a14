#include "tests/unit/fake_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define PINGS_MAX 8

struct ping_session {
    char *account;
    size_t pings;
    bool retired;
};

struct ping {
    struct ping_session *session;
    struct check_result *check;
    void (*done)(void *arg);
    void *arg;
};

size_t fake_sessions, fake_pings;
bool fake_refuses;
static struct ping *under_way[PINGS_MAX];

struct ping_session *ping_session_new(struct loop *loop, struct login_guard *guard, struct config *config,
                                      const struct config_ping *account)
{
    struct ping_session *session = mem_alloc(sizeof *session);
    assert_non_null(loop);
    assert_non_null(guard);
    assert_non_null(config);
    *session = (struct ping_session){.account = mem_strdup(account->account)};
    fake_sessions++;
    return session;
}

static void free_if_over(struct ping_session *session)
{
    if (!session->retired || session->pings > 0)
        return;
    free(session->account);
    free(session);
    fake_sessions--;
}

void ping_session_retire(struct ping_session *session)
{
    session->retired = true;
    free_if_over(session);
}

bool ping_session_adopt(struct ping_session *session, struct config *config, const struct config_ping *account)
{
    (void)config;
    assert_string_equal(session->account, account->account);
    return !fake_refuses;
}

const char *ping_session_account(const struct ping_session *session)
{
    return session->account;
}

struct ping *ping_start(struct ping_session *session, const struct config_domain *domain, struct check_result *check,
                        void (*done)(void *arg), void *arg)
{
    size_t at = 0;
    while (under_way[at] != NULL)
        at++;
    assert_true(at < PINGS_MAX);
    assert_string_equal(domain->name_unicode, "q.test");
    under_way[at] = mem_alloc(sizeof *under_way[at]);
    *under_way[at] = (struct ping){session, check, done, arg};
    session->pings++;
    fake_pings++;
    return under_way[at];
}

static void drop(struct ping *ping)
{
    for (size_t at = 0; at < PINGS_MAX; at++) {
        if (under_way[at] == ping)
            under_way[at] = NULL;
    }
    ping->session->pings--;
    free_if_over(ping->session);
    free(ping);
    fake_pings--;
}

static void end(struct ping *ping, enum reason reason, int64_t duration_us)
{
    void (*done)(void *arg) = ping->done;
    void *arg = ping->arg;
    check_result_set(ping->check, reason, NULL);
    ping->check->duration_us = duration_us;
    drop(ping);
    done(arg);
}

void ping_expire(struct ping *ping)
{
    end(ping, REASON_PING_TIMEOUT, DURATION_ABSENT);
}

void ping_cancel(struct ping *ping)
{
    if (ping != NULL)
        drop(ping);
}

void fake_ping_end(const char *account, enum reason reason, int64_t duration_us)
{
    for (size_t at = 0; at < PINGS_MAX; at++) {
        if (under_way[at] == NULL || strcmp(under_way[at]->session->account, account) != 0)
            continue;
        end(under_way[at], reason, duration_us);
        return;
    }
    fail_msg("no ping through %s is under way", account);
}
