/* Cisco's Control Center Services API: whether the service `Cisco XCP Router` of the local node is started, since when.
 * Only soapGetServiceStatus is ever called. */
#ifndef CISCO_CONTROL_CENTER_H
#define CISCO_CONTROL_CENTER_H

#include "config/config.h"
#include "health/imp.h"
#include "fetch/fetch.h"
#include "login/login_guard.h"

struct control_center_options {
    struct fetch_client *client;
    struct resolver *resolver;
    const struct config *config;
    const struct config_imp_node *node; /* node->control_center.url is there */
    const char *username, *password;    /* copied, and cleansed at the end */
};

struct control_center;
/* Fills in result->check[IMP_XCP_ROUTER], router_started, router_status and router_start_ms. `done` is called once,
 * never before this returns, with how the login went. */
struct control_center *control_center_start(const struct control_center_options *options, struct imp_result *result,
                                            void (*done)(void *arg, enum login_outcome login), void *arg);
/* How the login went, as far as is known then. Not after `done`. */
enum login_outcome control_center_cancel(struct control_center *control_center);

#endif
