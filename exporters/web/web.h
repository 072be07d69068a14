/* What people and programs read of a snapshot: the pages, and JSON. No HTTP here. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stdbool.h>

#include "base/buf.h"
#include "health/status.h"

#define WEB_PAGE_TYPE "text/html; charset=utf-8"

/* Where the pages expect web_domain_page() and web_imp_page() to be served, the name behind it. */
#define WEB_DOMAIN_PATH "/domain/"
#define WEB_IMP_PATH "/imp/"

/* The page that lists every node and every domain, worst first. It is pulled piece by piece, so that ten thousand
 * domains need no buffer of their size. */
struct web_landing;
/* `status` and the path of the metrics are borrowed and must stay until the page is freed. */
struct web_landing *web_landing_new(const struct status *status, const char *metrics_path);
/* Appends some rows; false when nothing was left. */
bool web_landing_next(struct web_landing *page, struct buf *out);
void web_landing_free(struct web_landing *page);

/* Appends the page about the domain of this name: findings, checks, SRV records, endpoints, transitions. False, and a
 * page that says so, when there is none. The name is an A-label, in upper or lower case. */
bool web_domain_page(const struct status *status, const char *name, struct buf *out);

/* Likewise about the Cisco IM and Presence node of this name: combined cause, findings, checks, table of S2S nodes,
 * notifications, sources, accounts, transitions. The name is as configured, in upper or lower case. */
bool web_imp_page(const struct status *status, const char *name, struct buf *out);

/* {"agent": {…}, "domains": [{…}, …], "imp_nodes": [{…}, …]}: every fact that was observed, under its key in the table
 * of facts; times are RFC 3339, durations seconds, transitions oldest first. What was not observed has no key. A check
 * that is not ok also has its reason's meaning, cause and remedy. Indented, valid UTF-8, ended by a line feed; pulled
 * piece by piece. */
#define WEB_JSON_TYPE "application/json"
struct web_json;
/* `status` is borrowed and must stay until this is freed. */
struct web_json *web_json_new(const struct status *status);
/* Appends some domains or nodes; false when nothing was left. */
bool web_json_next(struct web_json *json, struct buf *out);
void web_json_free(struct web_json *json);
/* An opaque tag, another one exactly when the text is another; "" where the status has no generation. */
#define WEB_ETAG_SIZE 40
void web_json_etag(const struct web_json *json, char etag[WEB_ETAG_SIZE]);

#endif
