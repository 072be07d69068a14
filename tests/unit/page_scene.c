#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/page_scene.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "login/secret.h"

/* Of the scene that plays. One thing at a time is under way. */
static struct scene *current;
static struct fetch *fetching;
static struct login_pass *asking;
static struct fetch_jar *jars;

struct fetch {
    const struct scene_step *step;
    bool (*take)(void *arg, const char *bytes, size_t length);
    void (*done)(void *arg, const struct fetch_reply *reply);
    void *arg;
    size_t cap;
};

struct login_pass {
    size_t number;
    bool answered;
    void (*answer)(void *arg, const struct login_answer *answer);
    void *arg;
};

struct fetch_jar {
    int used;
};

/* secret.h */

static size_t secrets_freed, secrets_made;

void secret_cleanse(void *bytes, size_t size)
{
    memset(bytes, 0, size);
}

void secret_free(char *text)
{
    if (text == NULL)
        return;
    secrets_freed++;
    secret_cleanse(text, strlen(text));
    free(text);
}

size_t scene_uncleansed(void)
{
    return secrets_made - secrets_freed;
}

/* fetch.h */

struct fetch_jar *fetch_jar_new(void)
{
    assert_null(jars);
    return jars = mem_alloc(sizeof *jars);
}

void fetch_jar_free(struct fetch_jar *jar)
{
    assert_ptr_equal(jar, jars);
    free(jar);
    jars = NULL;
}

static void assert_no_password(const char *text)
{
    assert_true(text == NULL || (strstr(text, SCENE_PASSWORD) == NULL && strstr(text, "j_password") == NULL));
}

struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          void (*done)(void *arg, const struct fetch_reply *reply), void *arg)
{
    assert_null(client);
    assert_null(fetching);
    assert_true(current->asked < SCENE_STEPS);
    const struct scene_step *step = &current->step[current->asked++];
    assert_non_null(step->url);
    assert_string_equal(request->url, step->url);
    assert_int_equal(strncmp(request->url, SCENE_ORIGIN "/", strlen(SCENE_ORIGIN "/")), 0);
    assert_string_equal(request->host, "cups.example.org");
    assert_int_equal(request->port, 8443);
    assert_string_equal(request->ca_file, "ca.pem");
    assert_null(request->username);
    assert_null(request->password);
    assert_no_password(request->url);
    assert_ptr_equal(request->jar, jars);
    assert_true(request->once == (step->post != NULL)); /* a login */
    assert_true(request->cap > 0 && request->timeout_ms == 1000);
    if (step->post != NULL) {
        assert_string_equal(request->content_type, "application/x-www-form-urlencoded");
        assert_string_equal(request->body, step->post);
        assert_int_equal(request->body_length, strlen(step->post));
        secrets_made++;
    } else {
        assert_null(request->body);
    }
    struct fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct fetch){step, request->take, done, arg, request->cap};
    return fetching = fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    assert_ptr_equal(fetch, fetching);
    free(fetch);
    fetching = NULL;
}

static void answer_fetch(void)
{
    struct fetch *fetch = fetching;
    fetching = NULL;
    const struct scene_step *step = fetch->step;
    struct fetch_reply reply = {
        .outcome = step->status != 0 ? FETCH_ANSWERED : step->outcome,
        .status = step->status,
        .sent = !step->unsent,
        .content_type = current->content_type != NULL ? current->content_type : "text/html",
        .location = step->location != NULL ? step->location : "",
        .detail = step->status != 0 ? "" : "why",
    };
    const char *body = step->body != NULL ? step->body : "";
    size_t length = strlen(body);
    assert_true(length <= fetch->cap);
    assert_true(fetch->take(fetch->arg, body, length / 2));
    assert_true(fetch->take(fetch->arg, body + length / 2, length - length / 2));
    fetch->done(fetch->arg, &reply);
    free(fetch);
}

/* login_guard.h */

struct login_pass *login_guard_enter(struct login_guard *guard, const char *username, const char *password,
                                     int64_t fresh_ms, int64_t timeout_ms,
                                     void (*answer)(void *arg, const struct login_answer *answer), void *arg)
{
    assert_null(guard);
    assert_string_equal(username, SCENE_USERNAME);
    assert_string_equal(password, SCENE_PASSWORD);
    assert_int_equal(fresh_ms, 0);
    assert_true(timeout_ms >= 1000);
    assert_null(asking);
    assert_true(current->logins < 2);
    asking = mem_alloc(sizeof *asking);
    *asking = (struct login_pass){current->logins++, false, answer, arg};
    return asking;
}

void login_pass_leave(struct login_pass *pass, enum login_outcome outcome,
                      void (*left)(void *arg, int64_t held_until_ms), void *arg)
{
    (void)arg;
    assert_null(left);
    assert_ptr_equal(pass, asking);
    current->outcome[pass->number] = outcome;
    free(pass);
    asking = NULL;
}

static void answer_guard(void)
{
    asking->answered = true;
    struct login_answer answer = {.verdict = current->verdict[asking->number], .until_ms = 1420470643000,
                                  .accepted_ms = TIME_ABSENT, .detail = "why"};
    asking->answer(asking->arg, &answer);
}

/* The play. */

static void finished(void *arg)
{
    struct scene *scene = arg;
    assert_false(scene->done);
    scene->done = true;
}

static void play(struct scene *scene, size_t steps)
{
    static const struct config config = {.timeout_ms = 1000};
    static struct config_imp_node node = {.page = {.url = SCENE_PAGE, .host = "cups.example.org", .port = 8443,
                                                   .ca_file = "ca.pem"}};
    current = scene;
    secrets_made++;
    struct notifications_options options = {
        .config = &config,
        .node = &node,
        .username = SCENE_USERNAME,
        .password = SCENE_PASSWORD,
        .session = notifications_session_new(),
    };
    struct notifications *notifications = notifications_start(&options, &scene->result, finished, scene);
    assert_false(scene->done);
    for (size_t i = 0; i < steps && !scene->done; i++) {
        assert_true(fetching != NULL || (asking != NULL && !asking->answered));
        if (fetching != NULL)
            answer_fetch();
        else
            answer_guard();
    }
    if (!scene->done)
        notifications_cancel(notifications);
    assert_null(fetching);
    assert_null(asking);
    notifications_session_free(options.session);
    assert_null(jars);
}

void scene_play(struct scene *scene)
{
    play(scene, SIZE_MAX);
    assert_true(scene->done);
    const struct xcp_reading *reading = &scene->result.reading[XCP_SOURCE_PAGE];
    assert_true(reading->configured);
    assert_true(reading->read == (reading->fault == NULL));
    assert_no_password(reading->fault);
}

void scene_cut(struct scene *scene, size_t steps)
{
    play(scene, steps);
}

void scene_fini(struct scene *scene)
{
    for (size_t i = 0; i < scene->result.notification_count; i++)
        xcp_notification_fini(&scene->result.notifications[i]);
    free(scene->result.notifications);
    free(scene->result.reading[XCP_SOURCE_PAGE].fault);
    free(scene->result.rejected_login);
}
