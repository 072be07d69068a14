#include "cisco/axl_rows.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define ALIASES_MAX 4

/* Names that a column may have, the one that counts most first. */
struct column {
    const char *names[ALIASES_MAX];
};

static const struct column CP_ID = {{"cp_id"}}, PKID = {{"pkid"}}, NODE_VERSION = {{"version"}};
static const struct column SEVERITY = {{"severity"}}, COUNT = {{"count"}}, ORIGIN = {{"origin", "source"}};
static const struct column DESCRIPTION = {{"description", "message", "text", "msg"}};
static const struct column CREATED = {{"created", "date", "time", "timestamp"}};

void axl_rows_init(struct axl_rows *rows)
{
    *rows = (struct axl_rows){.part = imp_result_new()};
}

void axl_rows_fini(struct axl_rows *rows)
{
    imp_result_free(rows->part);
    free(rows->columns);
    free(rows->version);
    *rows = (struct axl_rows){0};
}

/* The first text in a column of one of these names; NULL: nil, or no such column, which *there (may be NULL) tells. */
static const char *find(const struct soap_row *row, const struct column *column, bool *there)
{
    bool seen = false;
    const char *text = NULL;
    for (size_t n = 0; n < ALIASES_MAX && column->names[n] != NULL && text == NULL; n++) {
        for (size_t i = 0; i < row->count && text == NULL; i++) {
            if (strcasecmp(row->columns[i].name, column->names[n]) == 0) {
                seen = true;
                text = row->columns[i].text;
            }
        }
    }
    if (there != NULL)
        *there = seen;
    return text;
}

static void note_strange(struct axl_rows *rows, const struct soap_row *row)
{
    if (rows->columns != NULL)
        return;
    struct buf names;
    buf_init(&names, (size_t)SOAP_COLUMNS_MAX * (SOAP_NAME_MAX + 2));
    for (size_t i = 0; i < row->count; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", row->columns[i].name);
    rows->columns = text_clean(row->count > 0 ? names.data : "none", PEER_TEXT_MAX);
    buf_fini(&names);
}

void axl_rows_add_s2s(struct axl_rows *rows, const struct soap_row *row)
{
    const char *cp_id = find(row, &CP_ID, NULL), *pkid = find(row, &PKID, NULL);
    if (cp_id == NULL || *cp_id == '\0') {
        note_strange(rows, row);
        return;
    }
    rows->useful = true;
    imp_result_add_row(rows->part, cp_id, pkid);
}

void axl_rows_add_notification(struct axl_rows *rows, const struct soap_row *row)
{
    bool there = false;
    const char *description = find(row, &DESCRIPTION, &there);
    if (!there) {
        note_strange(rows, row);
        return;
    }
    rows->useful = true;
    struct xcp_notification notification;
    xcp_notification_init(&notification, XCP_SOURCE_QUERY, find(row, &SEVERITY, NULL), description,
                          find(row, &ORIGIN, NULL), find(row, &CREATED, NULL), find(row, &COUNT, NULL));
    imp_result_add_notification(rows->part, &notification);
}

void axl_rows_add_version(struct axl_rows *rows, const struct soap_row *row)
{
    const char *version = find(row, &NODE_VERSION, NULL);
    if (rows->version == NULL && version != NULL && *version != '\0')
        rows->version = text_clean(version, PEER_TEXT_MAX);
}

bool axl_rows_are_strange(const struct axl_rows *rows)
{
    return rows->columns != NULL && !rows->useful;
}

void axl_rows_give_s2s(struct axl_rows *rows, struct imp_result *result)
{
    struct imp_result *part = rows->part;
    result->rows = part->rows;
    result->row_count = part->row_count;
    result->rows_total = part->rows_total;
    result->rows_read = true;
    result->rows_read_ms = clock_wall_ms();
    part->rows = NULL;
    part->row_count = part->rows_total = 0;
}

void axl_rows_give_notifications(struct axl_rows *rows, struct imp_result *result)
{
    struct imp_result *part = rows->part;
    for (size_t i = 0; i < part->notification_count; i++)
        imp_result_add_notification(result, &part->notifications[i]);
    part->notification_count = 0;
}
