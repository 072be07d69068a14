/* A server, a guard and notifications that are made up: what notifications.c talks to, from a script, with every
 * request compared to the one that is due. It stands in for fetch/fetch.h, login/login_guard.h, login/secret.h and the
 * part of health/imp.h about notifications. */
#ifndef TESTS_PAGE_SCENE_H
#define TESTS_PAGE_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "health/imp.h"
#include "fetch/fetch.h"
#include "login/login_guard.h"
#include "cisco/notifications.h"

#define SCENE_ORIGIN "https://cups.example.org:8443"
#define SCENE_PAGE SCENE_ORIGIN "/cupadmin/notifications.do"
#define SCENE_USERNAME "fedhealth"
#define SCENE_PASSWORD "p&=+ %\xc3\xa9~\"'<;"
/* "j_username=…&j_password=…" of these two */
#define SCENE_CREDENTIALS "j_username=fedhealth&j_password=p%26%3D%2B%20%25%C3%A9~%22%27%3C%3B"
#define SCENE_STEPS 12

struct scene_step {
    const char *url;  /* that must be asked for; NULL: no more requests may come */
    const char *post; /* the body that must be sent; NULL: it must be a GET */
    long status;      /* of the answer; 0: `outcome` instead */
    const char *location;
    const char *body;
    enum fetch_outcome outcome;
    bool unsent;      /* with such an outcome: the request did not reach the server */
};

struct scene {
    struct scene_step step[SCENE_STEPS];
    enum login_verdict verdict[2]; /* of the guard, in the order in which it is asked */
    const char *content_type;      /* of every answer; NULL: text/html */
    /* What came of it. */
    size_t asked, logins;          /* requests; questions to the guard */
    enum login_outcome outcome[2]; /* told to it */
    bool done;
    struct imp_result result;
};

/* Runs the whole conversation. */
void scene_play(struct scene *scene);
/* Runs `steps` answers of it, then cancels it. */
void scene_cut(struct scene *scene, size_t steps);
/* Likewise; the page that the last step brings is not read to its end. */
void scene_cut_unread(struct scene *scene, size_t steps);
void scene_fini(struct scene *scene);
size_t scene_uncleansed(void); /* copies of the password that were freed as they were, or never */

#endif
