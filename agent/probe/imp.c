/* The probe of a Cisco IM and Presence node: one step after the other, so that never more than one login of a round is
 * under way: AXL, the accounts that are only verified, the Control Center, the Notifications page. What is read is
 * judged by others. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cisco/control_center.h"
#include "login/secret.h"
#include "probe/context.h"
#include "probe/withhold.h"

/* Of a login under way: AXL's conversation is several requests, each with a timeout of its own. */
#define REQUESTS_MAX 6

enum step { STEP_AXL, STEP_ACCOUNTS, STEP_CONTROL_CENTER, STEP_PAGE, STEP_END };

struct imp_probe {
    struct probe_context *context; /* a reference */
    const struct config_imp_node *node;
    struct imp_result *result;
    struct imp_sessions *sessions;
    imp_done done;
    void *arg;
    struct loop_timer *turn; /* begins a step */
    enum step step;
    size_t account;          /* STEP_ACCOUNTS: the one that is verified */
    char password[LOGIN_PASSWORD_SIZE]; /* of the step under way; needed to its end, for withhold_result() */

    /* Of the step under way; NULL where it is not there. */
    struct login_pass *pass;    /* to be left … */
    struct login_pass *leaving; /* … left, and not recorded yet */
    struct axl *axl;
    struct imp_result *aside; /* what an account's login showed */
    struct control_center *control_center;
    struct notifications *page;
};

static void next_turn(struct imp_probe *probe)
{
    loop_timer_arm(probe->turn, 0);
}

static void step_ended(struct imp_probe *probe)
{
    secret_cleanse(probe->password, sizeof probe->password);
    if (probe->step == STEP_ACCOUNTS && ++probe->account < probe->node->account_count) {
        next_turn(probe);
        return;
    }
    probe->step++;
    next_turn(probe);
}

/* Ends the login; the step goes on once that is recorded. */
static void leave(struct imp_probe *probe, enum login_outcome outcome, void (*then)(void *arg, int64_t held_until_ms))
{
    probe->leaving = probe->pass;
    probe->pass = NULL;
    login_pass_leave(probe->leaving, outcome, then, probe);
}

/* Asks for leave to log in with the password in this file. False, with why, when it cannot be read. */
static bool ask(struct imp_probe *probe, const char *username, const char *password_file, int64_t fresh_ms,
                void (*answered)(void *arg, const struct login_answer *answer), struct err *err)
{
    const struct probe_context *context = probe->context;
    if (!login_password_read(password_file, probe->password, err))
        return false;
    probe->pass = login_guard_enter(probe_context_login_guard(context), username, probe->password, fresh_ms,
                                    REQUESTS_MAX * context->config->timeout_ms, answered, probe);
    return true;
}

/* Why a step makes no login. To be freed by the caller. */
static char *refusal(const struct login_answer *answer)
{
    char until[CLOCK_RFC3339_SIZE];
    if (answer->verdict == LOGIN_BARRED || answer->until_ms == TIME_ABSENT)
        return mem_strdup(answer->detail);
    return mem_printf("no login before %s: %s", clock_rfc3339(answer->until_ms / 1000, until), answer->detail);
}

static void left(void *arg, int64_t held_until_ms)
{
    struct imp_probe *probe = arg;
    (void)held_until_ms;
    probe->leaving = NULL;
    step_ended(probe);
}

/* ---- AXL ---- */

/* What AXL alone would have told is not there. */
static void axl_not_asked(struct imp_probe *probe, enum reason reason, const char *detail)
{
    struct imp_result *result = probe->result;
    check_result_set(&result->check[IMP_AXL], reason, "%s", detail);
    check_result_set(&result->check[IMP_S2SNODE], REASON_NOT_REACHED, NULL);
    if (probe->node->query != NULL)
        result->reading[XCP_SOURCE_QUERY] =
            (struct xcp_reading){.configured = true, .fault = mem_printf("AXL was not asked: %s", detail)};
}

static void axl_left(void *arg, int64_t held_until_ms)
{
    struct imp_probe *probe = arg;
    probe->result->login_hold_until_ms = held_until_ms;
    left(probe, held_until_ms);
}

static void axl_done(void *arg, const struct axl_outcome *outcome)
{
    struct imp_probe *probe = arg;
    probe->axl = NULL;
    withhold_result(probe->result, probe->node->axl.username, probe->password);
    if (outcome->login == LOGIN_REJECTED)
        imp_result_note_rejection(probe->result, "our account at AXL");
    leave(probe, outcome->login, axl_left);
}

static struct axl *start_axl(struct imp_probe *probe, const char *username, bool login_only, struct imp_result *result,
                             void (*done)(void *arg, const struct axl_outcome *outcome))
{
    const struct axl_options options = {
        .client = probe_context_fetch_client(probe->context),
        .resolver = probe->context->resolver,
        .config = probe->context->config,
        .node = probe->node,
        .username = username,
        .password = probe->password,
        .session = login_only ? NULL : probe->sessions->axl,
        .login_only = login_only,
    };
    return axl_start(&options, result, done, probe);
}

static void axl_answered(void *arg, const struct login_answer *answer)
{
    struct imp_probe *probe = arg;
    if (answer->verdict == LOGIN_GO) {
        probe->axl = start_axl(probe, probe->node->axl.username, false, probe->result, axl_done);
        return;
    }
    char *why = refusal(answer);
    axl_not_asked(probe, answer->verdict == LOGIN_BARRED ? REASON_LOCAL_ERROR : REASON_AXL_LOGIN_HELD, why);
    free(why);
    if (answer->verdict == LOGIN_HELD)
        probe->result->login_hold_until_ms = answer->until_ms;
    leave(probe, LOGIN_NOT_SENT, left);
}

static void begin_axl(struct imp_probe *probe)
{
    const struct config_access *access = &probe->node->axl;
    struct err err = {0};
    if (ask(probe, access->username, access->password_file, 0, axl_answered, &err))
        return;
    axl_not_asked(probe, REASON_LOCAL_ERROR, err.text);
    step_ended(probe);
}

/* ---- accounts of others ---- */

static struct imp_account *account_of(struct imp_probe *probe)
{
    return &probe->result->accounts[probe->account];
}

static void account_set(struct imp_account *account, enum tri valid, int64_t checked_ms, const char *detail)
{
    free(account->detail);
    account->valid = valid;
    account->checked_ms = checked_ms;
    account->detail = detail != NULL && detail[0] != '\0' ? mem_strdup(detail) : NULL;
}

static void note_rejected_account(struct imp_probe *probe)
{
    char *login = mem_printf("the account %s", account_of(probe)->name);
    imp_result_note_rejection(probe->result, login);
    free(login);
}

static void account_done(void *arg, const struct axl_outcome *outcome)
{
    struct imp_probe *probe = arg;
    enum tri valid = outcome->login == LOGIN_ACCEPTED   ? TRI_YES
                     : outcome->login == LOGIN_REJECTED ? TRI_NO
                                                        : TRI_UNKNOWN;
    probe->axl = NULL;
    if (valid == TRI_NO)
        note_rejected_account(probe);
    withhold_result(probe->aside, probe->node->accounts[probe->account].username, probe->password);
    const struct check_result *seen = &probe->aside->check[IMP_AXL];
    account_set(account_of(probe), valid, valid != TRI_UNKNOWN ? clock_wall_ms() : TIME_ABSENT,
                valid == TRI_YES ? NULL : seen->detail != NULL ? seen->detail : reason_info(seen->reason)->code);
    imp_result_free(probe->aside);
    probe->aside = NULL;
    leave(probe, outcome->login, left);
}

static void account_answered(void *arg, const struct login_answer *answer)
{
    struct imp_probe *probe = arg;
    struct imp_account *account = account_of(probe);
    if (answer->verdict == LOGIN_GO) {
        probe->aside = imp_result_new();
        probe->axl =
            start_axl(probe, probe->node->accounts[probe->account].username, true, probe->aside, account_done);
        return;
    }
    if (answer->verdict == LOGIN_KNOWN) {
        account_set(account, TRI_YES, answer->accepted_ms, NULL);
    } else {
        char *why = refusal(answer);
        account_set(account, answer->rejected ? TRI_NO : TRI_UNKNOWN, TIME_ABSENT, why);
        free(why);
    }
    leave(probe, LOGIN_NOT_SENT, left);
}

/* Whether AXL answers at all, so that an account's login has a meaning. */
static bool axl_answers(const struct imp_result *result)
{
    switch (result->check[IMP_AXL].reason) {
    case REASON_AXL_DNS:
    case REASON_AXL_CONNECT:
    case REASON_AXL_TIMEOUT:
    case REASON_AXL_TLS: return false;
    default: return true;
    }
}

static void begin_account(struct imp_probe *probe)
{
    if (probe->account == probe->node->account_count) {
        step_ended(probe);
        return;
    }
    const struct config_account *account = &probe->node->accounts[probe->account];
    struct err err = {0};
    if (!axl_answers(probe->result))
        err_set(&err, "AXL does not answer");
    else if (ask(probe, account->username, account->password_file, account->interval_ms, account_answered, &err))
        return;
    account_set(account_of(probe), TRI_UNKNOWN, TIME_ABSENT, err.text);
    step_ended(probe);
}

/* A rejected account shows in the check once our own login is good. */
static void judge_accounts(struct imp_result *result)
{
    struct check_result *check = &result->check[IMP_AXL];
    for (size_t i = 0; i < result->account_count && check->reason == REASON_OK; i++) {
        const struct imp_account *account = &result->accounts[i];
        if (account->valid == TRI_NO)
            check_result_set(check, REASON_AXL_ACCOUNT_REJECTED, "%s: %s", account->name,
                             account->detail != NULL ? account->detail : "its login was rejected");
    }
}

/* ---- Control Center ---- */

static void router_not_known(struct imp_probe *probe, enum reason reason, const char *detail)
{
    check_result_set(&probe->result->check[IMP_XCP_ROUTER], reason, "%s", detail);
}

static void control_center_done(void *arg, enum login_outcome login)
{
    struct imp_probe *probe = arg;
    probe->control_center = NULL;
    withhold_result(probe->result, probe->node->control_center.username, probe->password);
    if (login == LOGIN_REJECTED)
        imp_result_note_rejection(probe->result, "our account at the Control Center");
    leave(probe, login, left);
}

static void control_center_answered(void *arg, const struct login_answer *answer)
{
    struct imp_probe *probe = arg;
    if (answer->verdict != LOGIN_GO) {
        char *why = refusal(answer);
        router_not_known(probe, answer->verdict == LOGIN_BARRED ? REASON_LOCAL_ERROR : REASON_XCP_SOURCE_FAILED, why);
        free(why);
        leave(probe, LOGIN_NOT_SENT, left);
        return;
    }
    const struct control_center_options options = {
        .client = probe_context_fetch_client(probe->context),
        .resolver = probe->context->resolver,
        .config = probe->context->config,
        .node = probe->node,
        .username = probe->node->control_center.username,
        .password = probe->password,
    };
    probe->control_center = control_center_start(&options, probe->result, control_center_done, probe);
}

static void begin_control_center(struct imp_probe *probe)
{
    const struct config_access *access = &probe->node->control_center;
    struct err err = {0};
    if (access->url == NULL) {
        check_result_set(&probe->result->check[IMP_XCP_ROUTER], REASON_NOT_CONFIGURED, NULL);
    } else {
        if (ask(probe, access->username, access->password_file, 0, control_center_answered, &err))
            return;
        router_not_known(probe, REASON_LOCAL_ERROR, err.text);
    }
    step_ended(probe);
}

/* ---- the page ---- */

static void page_done(void *arg)
{
    struct imp_probe *probe = arg;
    probe->page = NULL;
    withhold_result(probe->result, probe->node->page.username, probe->password);
    step_ended(probe);
}

static void begin_page(struct imp_probe *probe)
{
    const struct config_access *access = &probe->node->page;
    struct err err = {0};
    if (access->url == NULL) {
        step_ended(probe);
        return;
    }
    if (!login_password_read(access->password_file, probe->password, &err)) {
        probe->result->reading[XCP_SOURCE_PAGE] = (struct xcp_reading){.configured = true,
                                                                       .fault = mem_strdup(err.text)};
        step_ended(probe);
        return;
    }
    const struct notifications_options options = {
        .client = probe_context_fetch_client(probe->context),
        .resolver = probe->context->resolver,
        .config = probe->context->config,
        .node = probe->node,
        .username = access->username,
        .password = probe->password,
        .guard = probe_context_login_guard(probe->context),
        .session = probe->sessions->page,
    };
    probe->page = notifications_start(&options, probe->result, page_done, probe);
}

/* ---- the round ---- */

static void probe_free(struct imp_probe *probe)
{
    secret_cleanse(probe->password, sizeof probe->password);
    loop_timer_free(probe->turn);
    imp_result_free(probe->aside);
    probe_context_free(probe->context);
    free(probe);
}

static void finish(struct imp_probe *probe)
{
    struct imp_result *result = probe->result;
    imp_done done = probe->done;
    void *arg = probe->arg;
    judge_accounts(result);
    result->finished_ms = clock_wall_ms();
    probe_free(probe);
    done(arg, result);
}

static void take_turn(void *arg)
{
    struct imp_probe *probe = arg;
    switch (probe->step) {
    case STEP_AXL: begin_axl(probe); break;
    case STEP_ACCOUNTS: begin_account(probe); break;
    case STEP_CONTROL_CENTER: begin_control_center(probe); break;
    case STEP_PAGE: begin_page(probe); break;
    case STEP_END: finish(probe); break;
    }
}

static void add_accounts(struct imp_result *result, const struct config_imp_node *node)
{
    result->account_count = node->account_count;
    result->accounts = mem_array(node->account_count, sizeof *result->accounts);
    for (size_t i = 0; i < node->account_count; i++)
        result->accounts[i] =
            (struct imp_account){.name = mem_strdup(node->accounts[i].name), .checked_ms = TIME_ABSENT};
}

static struct imp_probe *imp_start(struct probe_context *context, const struct config_imp_node *node, imp_done done,
                                   void *arg)
{
    struct imp_probe *probe = mem_alloc(sizeof *probe);
    *probe = (struct imp_probe){
        .context = context,
        .node = node,
        .result = imp_result_new(),
        .sessions = probe_context_sessions(context, node),
        .done = done,
        .arg = arg,
    };
    context->references++;
    probe->turn = loop_timer_new(context->loop, take_turn, probe);
    add_accounts(probe->result, node);
    next_turn(probe);
    return probe;
}

static void imp_cancel(struct imp_probe *probe)
{
    axl_cancel(probe->axl);
    control_center_cancel(probe->control_center);
    notifications_cancel(probe->page);
    if (probe->pass != NULL)
        login_pass_leave(probe->pass, LOGIN_UNCLEAR, NULL, NULL);
    if (probe->leaving != NULL)
        login_pass_forget(probe->leaving);
    imp_result_free(probe->result);
    probe_free(probe);
}

const struct probe_imp_ops probe_imp = {imp_start, imp_cancel};
