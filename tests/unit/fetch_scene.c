#include "tests/unit/fetch_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BODY_SHOWN 200
#define BODY_MAX (64 * 1024 * 1024)

struct fetch_client *client;
struct https_identity *good;

int fetch_scene_setup(void **state)
{
    scene_setup(state);
    client = fetch_client_new(loop);
    good = https_identity_new("DNS:cups.test,IP:127.0.0.1,IP:::1", -10, 365, NULL);
    return 0;
}

int fetch_scene_teardown(void **state)
{
    fetch_client_free(client);
    https_identity_free(good);
    return scene_teardown(state);
}

struct fetch_request fetch_scene_request(uint16_t port)
{
    static char url[64]; /* the request is made before the next one */
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    return (struct fetch_request){.url = url, .host = "127.0.0.1", .port = port, .ca_file = good->file,
                                  .tls_min_version = 0x0303, .cap = 1 << 20, .timeout_ms = LONG_MS,
                                  .take = fetch_scene_take};
}

void fetch_story_init(struct fetch_story *story)
{
    *story = (struct fetch_story){0};
    buf_init(&story->text, 65536);
    buf_init(&story->body, BODY_MAX);
}

void fetch_story_fini(struct fetch_story *story)
{
    buf_fini(&story->text);
    buf_fini(&story->body);
}

bool fetch_scene_take(void *arg, const char *bytes, size_t length)
{
    struct fetch_story *story = arg;
    buf_add(&story->body, bytes, length);
    if (story->stop_after == 0 || story->body.length < story->stop_after)
        return true;
    if (story->cancel_then)
        fetch_cancel(story->fetch);
    return false;
}

void fetch_scene_done(void *arg, const struct fetch_reply *reply)
{
    static const char *const names[] = {
        [FETCH_ANSWERED] = "answered", [FETCH_STOPPED] = "stopped", [FETCH_DNS] = "dns",
        [FETCH_DENIED] = "denied",     [FETCH_CONNECT] = "connect", [FETCH_TIMEOUT] = "timeout",
        [FETCH_TLS] = "tls",           [FETCH_BROKEN] = "broken",   [FETCH_TOO_LARGE] = "too large",
        [FETCH_LOCAL] = "local",
    };
    struct fetch_story *story = arg;
    assert_false(story->told);
    assert_true(reply->duration_us >= 0);
    story->told = true;
    story->status = reply->status;
    snprintf(story->location, sizeof story->location, "%s", reply->location);
    snprintf(story->content_type, sizeof story->content_type, "%s", reply->content_type);
    buf_printf(&story->text, "%s %ld%s: ", names[reply->outcome], reply->status, reply->sent ? " sent" : "");
    if (reply->outcome != FETCH_ANSWERED)
        buf_puts(&story->text, reply->detail);
    else if (story->body.length <= BODY_SHOWN)
        buf_puts(&story->text, story->body.data);
    else
        buf_printf(&story->text, "%zu bytes", story->body.length);
    if (reply->outcome == FETCH_ANSWERED)
        assert_string_equal(reply->detail, "");
    else if (reply->outcome != FETCH_STOPPED)
        assert_string_not_equal(reply->detail, "");
    loop_stop(loop);
}

void fetch_scene_run(const struct fetch_request *request, struct fetch_story *story)
{
    story->fetch = fetch_start(client, request, fetch_scene_done, story);
    assert_false(story->told);
    loop_run(loop);
    assert_true(story->told);
}

void fetch_scene_expect(const struct fetch_request *request, const char *what, const char *wanted)
{
    struct fetch_story story;
    fetch_story_init(&story);
    fetch_scene_run(request, &story);
    if (strcmp(story.text.data, wanted) != 0)
        fail_msg("%s:\n%s instead of\n%s", what, story.text.data, wanted);
    fetch_story_fini(&story);
}

static void waited(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

void fetch_scene_wait(int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(loop, waited, NULL);
    loop_timer_arm(timer, ms * 1000);
    loop_run(loop);
    loop_timer_free(timer);
}
