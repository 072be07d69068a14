/* A round of an IM and Presence node, step by step: AXL, guard, Control Center and page are made up, and say what the
 * scene tells them to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/context.h"
#include "cisco/control_center.h"
#include "login/secret.h"

#define UNTIL_MS INT64_C(1800000000000)
#define ACCEPTED_MS INT64_C(1700000000000)

/* What is to happen, by the user name of the login. */
struct part {
    const char *username;
    enum login_verdict verdict;
    bool rejected;               /* of LOGIN_HELD */
    enum login_outcome outcome;  /* of LOGIN_GO */
    enum reason reason;          /* of AXL or the Control Center */
};

static struct {
    struct loop *loop;
    const struct part *parts;
    size_t part_count;
    bool has_accounts, has_rest, has_page_password;
    const char *stop_at; /* where nothing comes any more, so that the round can be cancelled there; NULL: nowhere */
    const char *says;    /* every server, in a detail; NULL: nothing */
    struct buf log;      /* what was asked for, in order */
    struct imp_result *result;
} scene;

/* ---- what is made up ---- */

/* Calls back later, as the real ones do. */
struct later {
    void (*call)(struct later *later);
    struct loop_timer *timer;
    void (*done)(void *arg);
    void *arg;
    const struct part *part;
    struct imp_result *result;
    void (*answer)(void *arg, const struct login_answer *answer);
    void (*left)(void *arg, int64_t held_until_ms);
    void (*axl)(void *arg, const struct axl_outcome *outcome);
    void (*control_center)(void *arg, enum login_outcome login);
};

static void later_free(struct later *later)
{
    if (later == NULL)
        return;
    loop_timer_free(later->timer);
    free(later);
}

static void fire(void *arg)
{
    struct later *later = arg;
    later->call(later);
}

static void later_begin(struct later *later, const char *what)
{
    buf_printf(&scene.log, "%s\n", what);
    if (scene.stop_at != NULL && strcmp(scene.stop_at, what) == 0)
        loop_stop(scene.loop);
    else
        loop_timer_arm(later->timer, 0);
}

static struct later *later_new(void (*call)(struct later *later), void *arg, const char *what)
{
    struct later *later = mem_alloc(sizeof *later);
    *later = (struct later){.call = call, .arg = arg};
    later->timer = loop_timer_new(scene.loop, fire, later);
    later_begin(later, what);
    return later;
}

static const struct part *part_of(const char *username)
{
    for (size_t i = 0; i < scene.part_count; i++) {
        if (strcmp(scene.parts[i].username, username) == 0)
            return &scene.parts[i];
    }
    fail_msg("nobody is called %s", username);
    return NULL;
}

static void give_answer(struct later *later)
{
    const struct login_answer answer = {
        .verdict = later->part->verdict,
        .rejected = later->part->rejected,
        .until_ms = UNTIL_MS,
        .accepted_ms = later->part->verdict == LOGIN_KNOWN ? ACCEPTED_MS : TIME_ABSENT,
        .detail = later->part->verdict == LOGIN_BARRED ? "the disk is full" : "it was rejected",
    };
    later->answer(later->arg, &answer);
}

struct login_pass *login_guard_enter(struct login_guard *guard, const char *username, const char *password,
                                     int64_t fresh_ms, int64_t timeout_ms,
                                     void (*answer)(void *arg, const struct login_answer *answer), void *arg)
{
    (void)guard, (void)fresh_ms;
    char what[64];
    assert_string_equal(password, "secret");
    assert_true(timeout_ms >= 1000);
    snprintf(what, sizeof what, "ask %s", username);
    struct later *later = later_new(give_answer, arg, what);
    later->part = part_of(username);
    later->answer = answer;
    return (struct login_pass *)later;
}

static void give_left(struct later *later)
{
    void (*left)(void *arg, int64_t held_until_ms) = later->left;
    void *arg = later->arg;
    bool held = later->part->verdict == LOGIN_GO && later->part->outcome == LOGIN_REJECTED;
    later_free(later);
    left(arg, held ? UNTIL_MS : TIME_ABSENT);
}

void login_pass_leave(struct login_pass *pass, enum login_outcome outcome, void (*left)(void *arg, int64_t held),
                      void *arg)
{
    static const char *const OUTCOMES[] = {"accepted", "rejected", "not sent", "no verdict", "unclear"};
    struct later *later = (struct later *)pass;
    char what[64];
    snprintf(what, sizeof what, "leave %s %s", later->part->username, OUTCOMES[outcome]);
    later->call = give_left;
    later->arg = arg;
    later->left = left;
    later_begin(later, what);
    if (left == NULL)
        later_free(later);
}

void login_pass_forget(struct login_pass *pass)
{
    later_free((struct later *)pass);
}

bool login_password_read(const char *file, char password[LOGIN_PASSWORD_SIZE], struct err *err)
{
    if (strcmp(file, "none") == 0)
        return err_set(err, "none cannot be read");
    strcpy(password, "secret");
    return true;
}

#define SAYS scene.says != NULL ? "%s" : NULL, scene.says

static void give_axl(struct later *later)
{
    const struct axl_outcome outcome = {later->part->outcome};
    void (*done)(void *arg, const struct axl_outcome *outcome) = later->axl;
    void *arg = later->arg;
    check_result_set(&later->result->check[IMP_AXL], later->part->reason, SAYS);
    later_free(later);
    done(arg, &outcome);
}

struct axl *axl_start(const struct axl_options *options, struct imp_result *result,
                      void (*done)(void *arg, const struct axl_outcome *outcome), void *arg)
{
    char what[64];
    assert_string_equal(options->password, "secret");
    assert_true(options->login_only == (options->session == NULL));
    snprintf(what, sizeof what, "axl %s%s", options->username, options->login_only ? " login only" : "");
    struct later *later = later_new(give_axl, arg, what);
    later->part = part_of(options->username);
    later->result = result;
    later->axl = done;
    return (struct axl *)later;
}

void axl_cancel(struct axl *axl)
{
    later_free((struct later *)axl);
}

static void give_control_center(struct later *later)
{
    void (*done)(void *arg, enum login_outcome login) = later->control_center;
    enum login_outcome login = later->part->outcome;
    void *arg = later->arg;
    check_result_set(&later->result->check[IMP_XCP_ROUTER], later->part->reason, SAYS);
    later_free(later);
    done(arg, login);
}

struct control_center *control_center_start(const struct control_center_options *options, struct imp_result *result,
                                            void (*done)(void *arg, enum login_outcome login), void *arg)
{
    struct later *later = later_new(give_control_center, arg, "control center");
    later->part = part_of(options->username);
    later->result = result;
    later->control_center = done;
    return (struct control_center *)later;
}

void control_center_cancel(struct control_center *control_center)
{
    later_free((struct later *)control_center);
}

static void give_page(struct later *later)
{
    void (*done)(void *arg) = later->done;
    void *arg = later->arg;
    later_free(later);
    done(arg);
}

struct notifications *notifications_start(const struct notifications_options *options, struct imp_result *result,
                                          void (*done)(void *arg), void *arg)
{
    (void)result;
    assert_string_equal(options->username, "admin");
    struct later *later = later_new(give_page, arg, "page");
    later->done = done;
    return (struct notifications *)later;
}

void notifications_cancel(struct notifications *notifications)
{
    later_free((struct later *)notifications);
}

struct fetch_client *probe_context_fetch_client(const struct probe_context *context)
{
    (void)context;
    return NULL;
}

struct login_guard *probe_context_login_guard(const struct probe_context *context)
{
    (void)context;
    return NULL;
}

struct imp_sessions *probe_context_sessions(struct probe_context *context, const struct config_imp_node *node)
{
    static char anything;
    static struct imp_sessions sessions = {(struct axl_session *)&anything, NULL};
    (void)context, (void)node;
    return &sessions;
}

void probe_context_free(struct probe_context *context)
{
    context->references--;
}

/* ---- the scene ---- */

static void done(void *arg, struct imp_result *result)
{
    (void)arg;
    scene.result = result;
    loop_stop(scene.loop);
}

/* Runs a round, or up to scene.stop_at and cancels it there. What it asked for is in scene.log. */
static void run(const struct part *parts, size_t part_count)
{
    struct config config = {.timeout_ms = 1000};
    struct config_account accounts[] = {{"expressway-c", "expc", "file", 1000}, {"other", "other", "file", 1000}};
    struct config_imp_node node = {
        .name = "cups",
        .axl = {.url = "https://cups/", .username = "us", .password_file = "file"},
        .accounts = accounts,
        .account_count = scene.has_accounts ? 2 : 0,
    };
    if (scene.has_rest) {
        node.query = "select";
        node.control_center = (struct config_access){.url = "https://cc/", .username = "cc", .password_file = "file"};
        node.page = (struct config_access){.url = "https://page/",
                                           .username = "admin",
                                           .password_file = scene.has_page_password ? "file" : "none"};
    }
    scene.parts = parts;
    scene.part_count = part_count;
    scene.loop = loop_new();
    struct probe_context context = {.references = 1, .loop = scene.loop, .config = &config};
    struct imp_probe *probe = probe_imp.start(&context, &node, done, NULL);
    assert_null(scene.result);
    loop_run(scene.loop);
    if (scene.result == NULL)
        probe_imp.cancel(probe);
    assert_int_equal(context.references, 1);
    loop_free(scene.loop);
}

#define PARTS(...) (const struct part[]){__VA_ARGS__}
#define RUN(...) run(PARTS(__VA_ARGS__), sizeof(PARTS(__VA_ARGS__)) / sizeof(struct part))
#define GOOD(name) {name, LOGIN_GO, false, LOGIN_ACCEPTED, REASON_OK}

static void assert_check(enum imp_check check, enum reason reason)
{
    assert_string_equal(reason_info(scene.result->check[check].reason)->code, reason_info(reason)->code);
}

static int setup(void **state)
{
    (void)state;
    memset(&scene, 0, sizeof scene);
    buf_init(&scene.log, 65536);
    scene.has_accounts = scene.has_rest = scene.has_page_password = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    imp_result_free(scene.result);
    buf_fini(&scene.log);
    return 0;
}

static void test_steps_come_one_after_the_other(void **state)
{
    (void)state;
    RUN(GOOD("us"), GOOD("expc"), GOOD("other"), GOOD("cc"));
    assert_string_equal(scene.log.data, "ask us\naxl us\nleave us accepted\n"
                                        "ask expc\naxl expc login only\nleave expc accepted\n"
                                        "ask other\naxl other login only\nleave other accepted\n"
                                        "ask cc\ncontrol center\nleave cc accepted\n"
                                        "page\n");
    assert_check(IMP_AXL, REASON_OK);
    assert_check(IMP_XCP_ROUTER, REASON_OK);
    assert_int_equal(scene.result->account_count, 2);
    assert_int_equal(scene.result->accounts[0].valid, TRI_YES);
    assert_true(scene.result->accounts[0].checked_ms > ACCEPTED_MS);
    assert_true(scene.result->login_hold_until_ms == TIME_ABSENT);
    assert_true(scene.result->finished_ms > ACCEPTED_MS);
}

static void test_nothing_but_axl_is_configured(void **state)
{
    (void)state;
    scene.has_accounts = scene.has_rest = false;
    RUN(GOOD("us"));
    assert_string_equal(scene.log.data, "ask us\naxl us\nleave us accepted\n");
    assert_check(IMP_XCP_ROUTER, REASON_NOT_CONFIGURED);
    assert_false(scene.result->reading[XCP_SOURCE_PAGE].configured);
    assert_false(scene.result->reading[XCP_SOURCE_QUERY].configured);
}

static void test_held(void **state)
{
    (void)state;
    RUN({"us", LOGIN_HELD, true, 0, 0}, {"expc", LOGIN_HELD, true, 0, 0}, {"other", LOGIN_HELD, false, 0, 0},
        {"cc", LOGIN_HELD, true, 0, 0});
    assert_string_equal(scene.log.data, "ask us\nleave us not sent\nask expc\nleave expc not sent\n"
                                        "ask other\nleave other not sent\nask cc\nleave cc not sent\npage\n");
    assert_check(IMP_AXL, REASON_AXL_LOGIN_HELD);
    assert_string_equal(scene.result->check[IMP_AXL].detail, "no login before 2027-01-15T08:00:00Z: it was rejected");
    assert_check(IMP_S2SNODE, REASON_NOT_REACHED);
    assert_check(IMP_XCP_ROUTER, REASON_XCP_SOURCE_FAILED);
    assert_true(scene.result->login_hold_until_ms == UNTIL_MS);
    assert_int_equal(scene.result->accounts[0].valid, TRI_NO);
    assert_int_equal(scene.result->accounts[1].valid, TRI_UNKNOWN); /* nobody rejected it */
    assert_true(scene.result->reading[XCP_SOURCE_QUERY].configured);
    assert_false(scene.result->reading[XCP_SOURCE_QUERY].read);
    assert_non_null(scene.result->reading[XCP_SOURCE_QUERY].fault);
}

static void test_barred(void **state)
{
    (void)state;
    RUN({"us", LOGIN_BARRED, false, 0, 0}, {"expc", LOGIN_BARRED, false, 0, 0}, {"other", LOGIN_BARRED, false, 0, 0},
        {"cc", LOGIN_BARRED, false, 0, 0});
    assert_check(IMP_AXL, REASON_LOCAL_ERROR);
    assert_string_equal(scene.result->check[IMP_AXL].detail, "the disk is full");
    assert_check(IMP_XCP_ROUTER, REASON_LOCAL_ERROR);
    assert_int_equal(scene.result->accounts[0].valid, TRI_UNKNOWN);
    assert_true(scene.result->login_hold_until_ms == TIME_ABSENT);
}

static void test_rejected(void **state)
{
    (void)state;
    scene.says = "not secret";
    RUN({"us", LOGIN_GO, false, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED}, GOOD("expc"),
        {"other", LOGIN_GO, false, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED}, GOOD("cc"));
    assert_check(IMP_AXL, REASON_AXL_UNAUTHORIZED);
    assert_string_equal(scene.result->rejected_login, "our account at AXL");
    assert_true(scene.result->login_hold_until_ms == UNTIL_MS);
    assert_string_equal(scene.result->check[IMP_AXL].detail, "(withheld)"); /* here "secret" is a password */
    assert_string_equal(scene.result->accounts[1].detail, "(withheld)");
    assert_string_equal(scene.result->check[IMP_XCP_ROUTER].detail, "(withheld)");
}

static void test_account_rejected(void **state)
{
    (void)state;
    RUN(GOOD("us"), {"expc", LOGIN_GO, false, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED},
        {"other", LOGIN_GO, false, LOGIN_UNCLEAR, REASON_AXL_TIMEOUT}, GOOD("cc"));
    assert_check(IMP_AXL, REASON_AXL_ACCOUNT_REJECTED);
    assert_string_equal(scene.result->check[IMP_AXL].detail, "expressway-c: axl_unauthorized");
    assert_int_equal(scene.result->accounts[0].valid, TRI_NO);
    assert_int_equal(scene.result->accounts[1].valid, TRI_UNKNOWN);
    assert_string_equal(scene.result->accounts[1].detail, "axl_timeout");
    assert_string_equal(scene.result->rejected_login, "the account expressway-c");
}

static void test_our_own_failure_goes_before_an_account(void **state)
{
    (void)state;
    RUN({"us", LOGIN_GO, false, LOGIN_NO_VERDICT, REASON_AXL_THROTTLED},
        {"expc", LOGIN_GO, false, LOGIN_REJECTED, REASON_AXL_UNAUTHORIZED}, GOOD("other"), GOOD("cc"));
    assert_check(IMP_AXL, REASON_AXL_THROTTLED);
    assert_int_equal(scene.result->accounts[0].valid, TRI_NO);
}

static void test_account_is_known(void **state)
{
    (void)state;
    RUN(GOOD("us"), {"expc", LOGIN_KNOWN, false, 0, 0}, GOOD("other"), GOOD("cc"));
    assert_int_equal(scene.result->accounts[0].valid, TRI_YES);
    assert_true(scene.result->accounts[0].checked_ms == ACCEPTED_MS);
    assert_null(strstr(scene.log.data, "axl expc"));
    assert_check(IMP_AXL, REASON_OK);
}

static void test_no_account_is_tried_where_nobody_answers(void **state)
{
    (void)state;
    RUN({"us", LOGIN_GO, false, LOGIN_NOT_SENT, REASON_AXL_CONNECT}, GOOD("cc"));
    assert_null(strstr(scene.log.data, "expc"));
    assert_int_equal(scene.result->accounts[0].valid, TRI_UNKNOWN);
    assert_non_null(scene.result->accounts[0].detail);
    assert_check(IMP_XCP_ROUTER, REASON_OK);
}

static void test_password_of_the_page_is_missing(void **state)
{
    (void)state;
    scene.has_page_password = false;
    RUN(GOOD("us"), GOOD("expc"), GOOD("other"), GOOD("cc"));
    assert_null(strstr(scene.log.data, "page"));
    assert_true(scene.result->reading[XCP_SOURCE_PAGE].configured);
    assert_string_equal(scene.result->reading[XCP_SOURCE_PAGE].fault, "none cannot be read");
}

/* At each of its steps; what was granted and may have been sent is left as unclear. */
static void test_cancel(void **state)
{
    static const struct {
        const char *at, *last;
    } STOPS[] = {
        {"ask us", "leave us unclear\n"},         {"axl us", "leave us unclear\n"},
        {"leave us accepted", "us\n"},              {"ask expc", "leave expc unclear\n"},
        {"axl expc login only", "leave expc unclear\n"}, {"ask cc", "leave cc unclear\n"},
        {"control center", "leave cc unclear\n"}, {"page", "page\n"},
    };
    for (size_t i = 0; i < sizeof STOPS / sizeof STOPS[0]; i++) {
        setup(state);
        scene.stop_at = STOPS[i].at;
        RUN(GOOD("us"), GOOD("expc"), GOOD("other"), GOOD("cc"));
        assert_null(scene.result);
        assert_non_null(strstr(scene.log.data, STOPS[i].last));
        teardown(state);
    }
    setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_steps_come_one_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_but_axl_is_configured, setup, teardown),
        cmocka_unit_test_setup_teardown(test_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_barred, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_account_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_our_own_failure_goes_before_an_account, setup, teardown),
        cmocka_unit_test_setup_teardown(test_account_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_account_is_tried_where_nobody_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password_of_the_page_is_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
    };
    return cmocka_run_group_tests_name("imp_probe", tests, NULL, NULL);
}
