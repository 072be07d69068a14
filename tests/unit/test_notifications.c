/* The Notifications page: its form login, what is followed and what is not, and what becomes of the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/unit/page_scene.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ACTION SCENE_ORIGIN "/cupadmin/j_security_check"
#define FORM                                                                                                           \
    "<title>Logon</title><form action='j_security_check' method=post><input name=j_username>"                          \
    "<input type=password name=j_password><input type=hidden name='app nav' value='a&amp;b'></form>"
#define POSTED "app%20nav=a%26b&" SCENE_CREDENTIALS
#define HEAD "<h1>Find and List Notifications</h1><table><tr><th>Severity<th>Count<th>Description<th>Origin<th>Created"
#define RESTART(node)                                                                                                  \
    "Cisco XCP Router : (" node ") requires a restart in order for recent configuration changes to take effect. You "  \
    "can restart this service "
#define RESTART_END                                                                                                    \
    " . Once the service is restarted, this notification will be deleted automatically."
#define ROW(node, time)                                                                                                \
    "<tr><td>Warning<td>5<td>" RESTART(node) "<a href='#'>here</a>" RESTART_END "<td>Cisco XCP Config Manager<td>" time
#define FIRST "Jan 5, 2015 3:10:43 PM"
#define SECOND "Jan 5, 2015 3:10:42 PM"
#define TABLE "<p>5 records found</p>" HEAD ROW("ecup10s.coluc.com", FIRST) ROW("ecup10.coluc.com", SECOND) "</table>"
#define EMPTY "<p>0 records found" HEAD "</table>"
#define NO_TABLE "no table with the headings Severity and Description"
#define REJECTED "the login was rejected"

#define GET(...) {.url = SCENE_PAGE, __VA_ARGS__}
#define GET_FORM GET(.status = 200, .body = FORM)
#define GET_TABLE GET(.status = 200, .body = TABLE)
#define GET_EMPTY GET(.status = 200, .body = EMPTY)
#define POST(...) {.url = ACTION, .post = POSTED, __VA_ARGS__}
#define POST_BACK POST(.status = 303, .location = SCENE_PAGE ";jsessionid=1")
#define BACK(...) {.url = SCENE_PAGE ";jsessionid=1", __VA_ARGS__}

struct row {
    const char *name;
    struct scene scene;
    const char *fault; /* NULL: read */
    size_t logins;
    enum login_outcome outcome[2];
};

static const struct row ROWS[] = {
    {"the session is still good", {.step = {GET_TABLE}}, NULL, 0, {0}},
    {"a login", {.step = {GET_FORM, POST_BACK, BACK(.status = 200, .body = TABLE)}}, NULL, 1, {LOGIN_ACCEPTED}},
    {"the login leads to the table at once", {.step = {GET_FORM, POST(.status = 200, .body = TABLE)}}, NULL, 1,
     {LOGIN_ACCEPTED}},
    {"it leads elsewhere at the same server",
     {.step = {GET_FORM, POST(.status = 302, .location = "/home"),
               {.url = SCENE_ORIGIN "/home", .status = 200, .body = "welcome"}, GET_EMPTY}}, NULL, 1, {LOGIN_ACCEPTED}},
    {"the form is behind a redirect",
     {.step = {GET(.status = 302, .location = SCENE_ORIGIN "/cupadmin/login/"),
               {.url = SCENE_ORIGIN "/cupadmin/login/", .status = 200, .body = FORM},
               {.url = SCENE_ORIGIN "/cupadmin/login/j_security_check", .post = POSTED, .status = 302,
                .location = SCENE_PAGE}, GET_EMPTY}}, NULL, 1, {LOGIN_ACCEPTED}},
    {"the form again", {.step = {GET_FORM, POST(.status = 200, .body = "<p>Error</p>" FORM)}}, REJECTED, 1,
     {LOGIN_REJECTED}},
    {"an error page, and the form again", {.step = {GET_FORM, POST(.status = 200, .body = "bad"), GET_FORM}}, REJECTED,
     1, {LOGIN_REJECTED}},
    {"the form again behind a redirect",
     {.step = {GET_FORM, POST(.status = 302, .location = "/cupadmin/login?e=1"),
               {.url = SCENE_ORIGIN "/cupadmin/login?e=1", .status = 200, .body = FORM}}}, REJECTED, 1,
     {LOGIN_REJECTED}},
    {"sent back, and the form again", {.step = {GET_FORM, POST_BACK, BACK(.status = 200, .body = FORM)}}, REJECTED, 1,
     {LOGIN_REJECTED}},
    {"401", {.step = {GET_FORM, POST(.status = 401)}}, REJECTED " (HTTP 401)", 1, {LOGIN_REJECTED}},
    {"403", {.step = {GET_FORM, POST(.status = 403, .body = TABLE)}}, REJECTED " (HTTP 403)", 1, {LOGIN_REJECTED}},
    {"401 behind a redirect", {.step = {GET_FORM, POST_BACK, BACK(.status = 401)}}, REJECTED " (HTTP 401)", 1,
     {LOGIN_REJECTED}},
    {"logged in, without the role", {.step = {GET_FORM, POST_BACK, BACK(.status = 403)}},
     "the account may not read the page (HTTP 403)", 1, {LOGIN_ACCEPTED}},
    {"logged in, and it is another page", {.step = {GET_FORM, POST_BACK, BACK(.status = 200, .body = "<p>x")}},
     NO_TABLE, 1, {LOGIN_ACCEPTED}},
    {"logged in, and twice another page",
     {.step = {GET_FORM, POST(.status = 200, .body = "x"), GET(.status = 200, .body = "x")}}, NO_TABLE, 1,
     {LOGIN_ACCEPTED}},
    {"sent back, and a timeout", {.step = {GET_FORM, POST_BACK, BACK(.outcome = FETCH_TIMEOUT)}}, "timeout: why", 1,
     {LOGIN_ACCEPTED}},
    {"sent elsewhere, and a timeout",
     {.step = {GET_FORM, POST(.status = 302, .location = "/a"),
               {.url = SCENE_ORIGIN "/a", .outcome = FETCH_TIMEOUT}}}, "timeout: why", 1, {LOGIN_UNCLEAR}},
    {"the session is gone, a second login",
     {.step = {GET_FORM, POST(.status = 408), GET_FORM, POST_BACK, BACK(.status = 200, .body = EMPTY)}}, NULL, 2,
     {LOGIN_NO_VERDICT, LOGIN_ACCEPTED}},
    {"the session is gone, the guard wants no second",
     {.step = {GET_FORM, POST(.status = 408), GET_FORM}, .verdict = {LOGIN_GO, LOGIN_HELD}},
     "the login is held until 2015-01-05T15:10:43Z: why", 2, {LOGIN_NO_VERDICT, LOGIN_NOT_SENT}},
    {"a direct reference, but logged in", {.step = {GET_FORM, POST(.status = 400), GET_EMPTY}}, NULL, 1,
     {LOGIN_NO_VERDICT}},
    {"the session is gone twice", {.step = {GET_FORM, POST(.status = 408), GET_FORM, POST(.status = 400)}},
     "HTTP 400 to the login form", 2, {LOGIN_NO_VERDICT, LOGIN_NO_VERDICT}},
    {"500 to the form", {.step = {GET_FORM, POST(.status = 500)}}, "HTTP 500 to the login form", 1,
     {LOGIN_NO_VERDICT}},
    {"the form was not sent", {.step = {GET_FORM, POST(.outcome = FETCH_TLS, .unsent = true)}}, "TLS: why", 1,
     {LOGIN_NOT_SENT}},
    {"the form was sent, and silence", {.step = {GET_FORM, POST(.outcome = FETCH_TIMEOUT)}}, "timeout: why", 1,
     {LOGIN_UNCLEAR}},
    {"an endless answer to the form", {.step = {GET_FORM, POST(.outcome = FETCH_TOO_LARGE)}},
     "the answer is too large: why", 1, {LOGIN_UNCLEAR}},
    {"held", {.step = {GET_FORM}, .verdict = {LOGIN_HELD}}, "the login is held until 2015-01-05T15:10:43Z: why", 1,
     {LOGIN_NOT_SENT}},
    {"barred", {.step = {GET_FORM}, .verdict = {LOGIN_BARRED}}, "no login is made: why", 1, {LOGIN_NOT_SENT}},
    {"the form posts elsewhere",
     {.step = {GET(.status = 200, .body = "<form action='https://evil.example.net/j_security_check;x=1'>")}},
     "the login form posts to https://evil.example.net/j_security_check, which is not the page's own server: it is not "
     "sent", 0, {0}},
    {"the form posts to another port",
     {.step = {GET(.status = 200, .body = "<base href=//cups.example.org/><form action=//cups.example.org:8444/"
                                          "j_security_check>")}},
     "the login form posts to //cups.example.org:8444/j_security_check, which is not the page's own server: it is not "
     "sent", 0, {0}},
    {"a foreign base is ignored",
     {.step = {GET(.status = 200, .body = "<base href=https://evil.example.net/x/>" FORM),
               POST(.status = 200, .body = EMPTY)}}, NULL, 1, {LOGIN_ACCEPTED}},
    {"an own base counts",
     {.step = {GET(.status = 200, .body = "<base href=/x/y>" FORM),
               {.url = SCENE_ORIGIN "/x/j_security_check", .post = POSTED, .status = 200, .body = EMPTY}}}, NULL, 1,
     {LOGIN_ACCEPTED}},
    {"redirect to another server", {.step = {GET(.status = 302, .location = "https://sso.example.net/a;id=1?b")}},
     "redirect to https://sso.example.net/a is not followed", 0, {0}},
    {"redirect without TLS", {.step = {GET(.status = 301, .location = "http://cups.example.org:8443/a")}},
     "redirect to http://cups.example.org:8443/a is not followed", 0, {0}},
    {"redirect to nowhere", {.step = {GET(.status = 302)}}, "redirect to nowhere is not followed", 0, {0}},
    {"redirect of the form to another server",
     {.step = {GET_FORM, POST(.status = 307, .location = "https://evil.example.net/")}},
     "redirect to https://evil.example.net/ is not followed", 1, {LOGIN_UNCLEAR}},
    {"redirects without end",
     {.step = {GET(.status = 302, .location = SCENE_PAGE), GET(.status = 302, .location = SCENE_PAGE),
               GET(.status = 302, .location = SCENE_PAGE), GET(.status = 302, .location = SCENE_PAGE)}},
     "more than 3 redirects", 0, {0}},
    {"DNS", {.step = {GET(.outcome = FETCH_DNS, .unsent = true)}}, "DNS: why", 0, {0}},
    {"an endless page", {.step = {GET(.outcome = FETCH_TOO_LARGE)}}, "the answer is too large: why", 0, {0}},
    {"503", {.step = {GET(.status = 503, .body = TABLE)}}, "HTTP 503", 0, {0}},
    {"401 to the first request", {.step = {GET(.status = 401, .body = FORM)}}, "HTTP 401", 0, {0}},
    {"neither form nor table", {.step = {GET(.status = 200, .body = "<h1>Find and List Users</h1>0 records found")}},
     NO_TABLE, 0, {0}},
    {"nothing", {.step = {GET(.status = 200)}}, NO_TABLE, 0, {0}},
    {"JSON", {.step = {GET(.status = 200, .body = "{\"severity\": \"description\"}")}}, NO_TABLE, 0, {0}},
    {"no records and no table",
     {.step = {GET(.status = 200, .body = "<h1>Find and List Notifications</h1><p>No records")}}, NULL, 0, {0}},
    {"a table without rows", {.step = {GET(.status = 200, .body = HEAD "</table>")}}, NULL, 0, {0}},
    {"not all are shown, none asks for a restart",
     {.step = {GET(.status = 200, .body = "51 records found" HEAD "<tr><td>Error<td>1<td>disk full</table>")}},
     "only 1 of 51 notifications could be read", 0, {0}},
};

static void every_way_of_a_login(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const struct row *row = &ROWS[i];
        struct scene scene = row->scene;
        scene_play(&scene);
        const char *fault = scene.result.reading[XCP_SOURCE_PAGE].fault;
        if ((fault == NULL) != (row->fault == NULL) || (fault != NULL && strcmp(fault, row->fault) != 0))
            fail_msg("%s: fault %s", row->name, fault != NULL ? fault : "none");
        if (scene.logins != row->logins || memcmp(scene.outcome, row->outcome, sizeof scene.outcome) != 0)
            fail_msg("%s: %zu logins, outcomes %d, %d", row->name, scene.logins, (int)scene.outcome[0],
                     (int)scene.outcome[1]);
        if (scene.asked < SCENE_STEPS && scene.step[scene.asked].url != NULL)
            fail_msg("%s: only %zu requests", row->name, scene.asked);
        scene_fini(&scene);
    }
    assert_int_equal(scene_uncleansed(), 0);
}

static void the_rows_as_cisco_words_them(void **state)
{
    (void)state;
    struct scene scene = {.step = {GET_TABLE}};
    scene_play(&scene);
    assert_int_equal(scene.result.notification_count, 2);
    static const char *const descriptions[] = {RESTART("ecup10s.coluc.com") "here" RESTART_END,
                                               RESTART("ecup10.coluc.com") "here" RESTART_END};
    static const char *const created[] = {FIRST, SECOND};
    for (int i = 0; i < 2; i++) {
        const struct xcp_notification *notification = &scene.result.notifications[i];
        assert_int_equal(notification->source, XCP_SOURCE_PAGE);
        assert_string_equal(notification->severity, "Warning");
        assert_int_equal(notification->count, 5);
        assert_string_equal(notification->description, descriptions[i]);
        assert_string_equal(notification->origin, "Cisco XCP Config Manager");
        assert_string_equal(notification->created, created[i]);
    }
    scene_fini(&scene);
}

/* Hundreds of rows: a restart behind those that are kept must not be taken for none. */
static void rows_beyond_those_kept(void **state)
{
    (void)state;
    struct buf page;
    buf_init(&page, 1 << 20);
    buf_puts(&page, HEAD);
    for (int i = 0; i < XCP_NOTIFICATIONS_MAX; i++)
        buf_puts(&page, "<tr><td>Error<td>1<td>disk full");
    buf_puts(&page, ROW("ecup10.coluc.com", FIRST));
    struct scene scene = {.step = {GET(.status = 200, .body = page.data)}};
    scene_play(&scene);
    assert_int_equal(scene.result.notification_count, XCP_NOTIFICATIONS_MAX);
    assert_string_equal(scene.result.reading[XCP_SOURCE_PAGE].fault, "only 256 of 257 notifications could be read");
    scene_fini(&scene);
    buf_fini(&page);
}

static void can_be_cancelled_at_every_step(void **state)
{
    (void)state;
    static const enum login_outcome outcomes[] = {0, LOGIN_NOT_SENT, LOGIN_UNCLEAR, LOGIN_ACCEPTED};
    for (size_t steps = 0; steps < COUNT_OF(outcomes); steps++) {
        struct scene scene = {.step = {GET_FORM, POST_BACK, BACK(.status = 200, .body = TABLE)}};
        scene_cut(&scene, steps);
        assert_false(scene.done);
        assert_int_equal(scene.logins, steps > 0);
        assert_int_equal(scene.outcome[0], outcomes[steps]);
        scene_fini(&scene);
    }
    assert_int_equal(scene_uncleansed(), 0);
}

static void can_be_cancelled_while_a_page_is_read(void **state)
{
    (void)state;
    static const enum login_outcome outcomes[] = {[1] = 0, [4] = LOGIN_ACCEPTED};
    for (size_t steps = 1; steps <= 4; steps += 3) {
        struct scene scene = {.step = {GET_FORM, POST_BACK, BACK(.status = 200, .body = TABLE)}};
        scene_cut_unread(&scene, steps);
        assert_false(scene.done);
        assert_int_equal(scene.outcome[0], outcomes[steps]);
        scene_fini(&scene);
    }
    assert_int_equal(scene_uncleansed(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_of_a_login),
        cmocka_unit_test(the_rows_as_cisco_words_them),
        cmocka_unit_test(rows_beyond_those_kept),
        cmocka_unit_test(can_be_cancelled_at_every_step),
        cmocka_unit_test(can_be_cancelled_while_a_page_is_read),
    };
    return cmocka_run_group_tests_name("notifications", tests, NULL, NULL);
}
