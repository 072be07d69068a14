#include "tests/unit/login_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "loop/loop.h"

int64_t scene_now_ms = SCENE_START_MS;
const char *scene_username = "axluser";

static struct loop *loop;

int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void)
{
    return scene_now_ms;
}

int scene_setup(void **state)
{
    (void)state;
    return scene_enter_folder();
}

int scene_teardown(void **state)
{
    (void)state;
    scene_loop_free();
    scene_leave_folder();
    return 0;
}

void scene_begin(void)
{
    scene_remove("state");
    scene_now_ms = SCENE_START_MS;
    scene_username = "axluser";
}

struct loop *scene_loop(void)
{
    if (loop == NULL)
        loop = loop_new();
    return loop;
}

void scene_loop_free(void)
{
    loop_free(loop);
    loop = NULL;
}

void scene_run(void)
{
    loop_run(scene_loop());
}

static void answered(void *arg, const struct login_answer *answer)
{
    struct asked *asked = arg;
    asked->answers++;
    asked->answer = *answer;
    snprintf(asked->detail, sizeof asked->detail, "%s", answer->detail);
    asked->answer.detail = NULL;
    if (asked->answered != NULL)
        asked->answered(asked);
}

static void left(void *arg, int64_t held_until_ms)
{
    struct asked *asked = arg;
    asked->lefts++;
    asked->held_until_ms = held_until_ms;
}

void scene_ask(struct login_guard *guard, const char *password, int64_t fresh_ms, struct asked *asked)
{
    char copy[64]; /* what was passed is not looked at again */
    snprintf(copy, sizeof copy, "%s", password);
    asked->pass = login_guard_enter(guard, scene_username, copy, fresh_ms, SCENE_TIMEOUT_MS, answered, asked);
    memset(copy, 'x', sizeof copy - 1);
    assert_int_equal(asked->answers, 0);
}

void scene_leave(struct asked *asked, enum login_outcome outcome)
{
    unsigned lefts = asked->lefts;
    login_pass_leave(asked->pass, outcome, left, asked);
    asked->pass = NULL;
    assert_int_equal(asked->lefts, lefts);
}

enum login_verdict scene_login(struct login_guard *guard, const char *password, enum login_outcome outcome)
{
    struct asked asked = {0};
    scene_ask(guard, password, 0, &asked);
    scene_run();
    assert_int_equal(asked.answers, 1);
    scene_leave(&asked, outcome);
    scene_run();
    assert_int_equal(asked.lefts, 1);
    return asked.answer.verdict;
}
