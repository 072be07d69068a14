/* Login guards with a folder, a loop and a wall clock of their own. A test that links it must be linked with
 * -Wl,--wrap=clock_wall_ms. */
#ifndef TESTS_UNIT_LOGIN_SCENE_H
#define TESTS_UNIT_LOGIN_SCENE_H

#include <stddef.h>
#include <stdint.h>

#include "login/login_guard.h"
#include "tests/unit/folder_scene.h"

#define SCENE_START_MS INT64_C(1800000000000)
#define SCENE_TIMEOUT_MS 60000

extern int64_t scene_now_ms; /* the wall clock */

int scene_setup(void **state);    /* of the group: changes into a temporary folder */
int scene_teardown(void **state); /* removes it */
void scene_begin(void);           /* no state_dir "state" any more, and the clock at SCENE_START_MS */

/* A question, and what came of it. */
struct asked {
    struct login_pass *pass;
    unsigned answers, lefts;
    struct login_answer answer; /* without detail */
    char detail[512];
    int64_t held_until_ms;
    void (*answered)(struct asked *asked); /* called in the answer; may be NULL */
};

struct loop *scene_loop(void); /* made anew when it was freed by scene_loop_free() */
void scene_loop_free(void);
void scene_run(void); /* until nothing is under way */

extern const char *scene_username; /* of those who ask; "axluser" after scene_begin() */
void scene_ask(struct login_guard *guard, const char *password, int64_t fresh_ms, struct asked *asked);
void scene_leave(struct asked *asked, enum login_outcome outcome);
/* Both, and the loop in between and after: the verdict. */
enum login_verdict scene_login(struct login_guard *guard, const char *password, enum login_outcome outcome);

#endif
