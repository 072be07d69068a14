/* The Notifications page of IM and Presence Administration, behind the form login of its Tomcat (Jakarta Servlet
 * 13.6.3: j_security_check with j_username and j_password). The session cookie is reused; only where the page answers
 * with the form is a login asked of the guard and made: once, or twice where the first got no verdict. Nothing but
 * that page's server is ever talked to. */
#ifndef CISCO_NOTIFICATIONS_H
#define CISCO_NOTIFICATIONS_H

#include "config/config.h"
#include "health/imp.h"
#include "fetch/fetch.h"
#include "login/login_guard.h"
#include "loop/loop.h"

/* The session cookie, between rounds. One conversation at a time uses it. */
struct notifications_session;
struct notifications_session *notifications_session_new(void);
void notifications_session_free(struct notifications_session *session); /* NULL is legal */

struct notifications_options {
    struct loop *loop;
    struct fetch_client *client;
    struct resolver *resolver;
    const struct config *config;
    const struct config_imp_node *node; /* node->page.url is there */
    const char *username, *password;    /* copied, and cleansed at the end */
    struct login_guard *guard;
    struct notifications_session *session;
};

struct notifications;
/* Adds the page's rows to the result's notifications and fills in reading[XCP_SOURCE_PAGE]. `done` is called once,
 * never before this returns. */
struct notifications *notifications_start(const struct notifications_options *options, struct imp_result *result,
                                          void (*done)(void *arg), void *arg);
void notifications_cancel(struct notifications *notifications); /* NULL is legal; not after `done` */

#endif
