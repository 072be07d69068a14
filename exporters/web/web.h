/* What people and programs read of a snapshot: the page at "/", and JSON. No HTTP here. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stdbool.h>

#include "base/buf.h"
#include "health/status.h"

#define WEB_PAGE_TYPE "text/html; charset=utf-8"

/* The page that lists every domain, worst first. It is pulled piece by piece, so that ten thousand domains need no
 * buffer of their size. */
struct web_landing;
/* `status` and the path of the metrics are borrowed and must stay until the page is freed. */
struct web_landing *web_landing_new(const struct status *status, const char *metrics_path);
/* Appends some rows; false when nothing was left. */
bool web_landing_next(struct web_landing *page, struct buf *out);
void web_landing_free(struct web_landing *page);

/* {"agent": {…}, "domains": [{…}, …]}: every fact that was observed, under its key in the table of facts; times are
 * RFC 3339, durations seconds. What was not observed has no key. A check that is not ok also has its reason's meaning,
 * cause and remedy. Indented, valid UTF-8, ended by a line feed; to be freed by the caller. */
char *web_json_status(const struct status *status);

#endif
