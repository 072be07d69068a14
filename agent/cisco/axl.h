/* Cisco's Administrative XML API (AXL) of a node: SQL queries over SOAP, and the version. One conversation asks for
 * everything that is wanted, one request after the other, with one credential. */
#ifndef CISCO_AXL_H
#define CISCO_AXL_H

#include "config/config.h"
#include "health/imp.h"
#include "fetch/fetch.h"
#include "login/login_guard.h"

/* What is remembered of a server between rounds: its session cookie, the schema version that it takes, the name of the
 * table, its version. In memory only. One conversation at a time uses it. */
struct axl_session;
struct axl_session *axl_session_new(void);
void axl_session_free(struct axl_session *session); /* NULL is legal */

struct axl_options {
    struct fetch_client *client;
    struct resolver *resolver;
    const struct config *config;          /* deny_networks, tls_min_version, tls_ca_file, timeout_ms a request */
    const struct config_imp_node *node;
    const char *username, *password;      /* copied, and cleansed at the end */
    struct axl_session *session;
    bool login_only; /* verify_accounts: one cheap request, no session is used or kept; only IMP_AXL and http_status */
};

/* How the login went, beside what stands in the result. */
struct axl_outcome {
    enum login_outcome login;
};

struct axl;
/* Fills in result->check[IMP_AXL] (reason, detail, duration), http_status, version and axl_version, rows (rows_read) or
 * result->check[IMP_S2SNODE] where the table cannot be read; notifications and reading[XCP_SOURCE_QUERY]. `result` is
 * borrowed. `done` is called once, never before this returns. */
struct axl *axl_start(const struct axl_options *options, struct imp_result *result,
                      void (*done)(void *arg, const struct axl_outcome *outcome), void *arg);
/* How the login went, as far as is known then. Not after `done`. */
enum login_outcome axl_cancel(struct axl *axl);

#endif
