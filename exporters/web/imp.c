/* The page about one Cisco IM and Presence node: tables read out of the table of facts. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "exporters/web/about.h"
#include "exporters/web/html.h"
#include "exporters/web/page.h"
#include "exporters/web/web.h"

static const struct column S2S_COLUMNS[] = {
    {"Component", "cp_id", LOOK_CODE, 0},   {"Kind", "kind", LOOK_WORD, 0},
    {"Host", "host", LOOK_CODE, 0},         {"Manager", "manager", LOOK_CODE, 0},
    {"S2S component", "component", LOOK_CODE, 0}, {"In the table since", "first_seen", LOOK_AGE, 0},
    {"Key", "pkid", LOOK_CODE, 0},
};
static const struct column NOTIFICATION_COLUMNS[] = {
    {"Source", "source", LOOK_PLAIN, 0},  {"Severity", "severity", LOOK_CODE, 0},
    {"Count", "count", LOOK_NUMBER, 0},   {"Description", "description", LOOK_CODE, 0},
    {"Origin", "origin", LOOK_CODE, 0},   {"Created", "created", LOOK_CODE, 0},
};
static const struct column SOURCE_COLUMNS[] = {
    {"Source", "source", LOOK_PLAIN, 0},
    {"Restart pending", "pending", LOOK_YES_NO, 0},
    {"Could be read", "read", LOOK_YES_NO, 0},
    {"Fault", "fault", LOOK_CODE, 0},
};
static const struct column ACCOUNT_COLUMNS[] = {
    {"Account", "account", LOOK_PLAIN, 0},
    {"Login good", "valid", LOOK_YES_NO, 0},
    {"Checked", "checked", LOOK_AGE, 0},
    {"Detail", "detail", LOOK_CODE, 0},
};

static const struct column AXL_TERMS[] = {
    {"Software version", "version", LOOK_CODE, 0},
    {"AXL schema", "axl_version", LOOK_CODE, 0},
    {"Latest HTTP status", "axl_http_status_code", LOOK_NUMBER, 0},
};
static const struct column TABLE_TERMS[] = {
    {"Rows", "s2s_rows", LOOK_NUMBER, 0},
    {"Last read", "s2s_nodes_last_read", LOOK_MOMENT, 0},
    {"Last change seen", "s2s_nodes_last_change", LOOK_MOMENT, 0},
};
static const struct column ROUTER_TERMS[] = {
    {"Status", "router_status", LOOK_CODE, 0},
    {"Started", "router_start", LOOK_MOMENT, 0},
};

static void add_terms(const struct page *page, const struct column *terms, size_t count)
{
    struct fact_row row = fact_row_of(SCOPE_IMP, &page->one, 0);
    buf_puts(page->out, "<dl>\n");
    table_add_terms(page, &row, terms, count);
    buf_puts(page->out, "</dl>\n");
}

static void add_axl(const struct page *page, const struct imp_status *node)
{
    struct buf *out = page->out;
    buf_puts(out, "<h2>AXL and its accounts</h2>\n");
    if (node->latest == NULL) {
        buf_puts(out, "<p>It was not asked yet.</p>\n");
        return;
    }
    if (node->latest->login_hold_until_ms != TIME_ABSENT) {
        char until[CLOCK_RFC3339_SIZE];
        clock_rfc3339(node->latest->login_hold_until_ms / 1000, until);
        buf_printf(out, "<p class=\"skipped warning\">! No login before <time>%s</time> (", until);
        page_add_age(out, node->latest->login_hold_until_ms, page->now_ms);
        buf_puts(out, "), since one was rejected. A corrected password ends this.</p>\n");
    }
    add_terms(page, AXL_TERMS, COUNT(AXL_TERMS));
    table_add(page, SCOPE_ACCOUNT, SIZE_MAX, ACCOUNT_COLUMNS, COUNT(ACCOUNT_COLUMNS));
}

static void add_s2s_nodes(const struct page *page, const struct imp_status *node)
{
    buf_puts(page->out, "<h2>Table <code>xmpps2snode</code></h2>\n");
    if (node->verdict.memory->rows_seen_ms == TIME_ABSENT) {
        buf_puts(page->out, "<p>It could not be read yet.</p>\n");
        return;
    }
    if (node->latest == NULL || !node->latest->rows_read)
        buf_puts(page->out, "<p class=\"skipped warning\">! It could not be read in the latest round. What it last "
                            "held:</p>\n");
    add_terms(page, TABLE_TERMS, COUNT(TABLE_TERMS));
    if (!table_add(page, SCOPE_S2S_NODE, SIZE_MAX, S2S_COLUMNS, COUNT(S2S_COLUMNS)))
        buf_puts(page->out, "<p>It is empty.</p>\n");
}

/* The sources about its restart stand side by side, each with its own word. */
static void add_router(const struct page *page, const struct imp_status *node)
{
    buf_puts(page->out, "<h2>XCP Router</h2>\n");
    if (node->latest == NULL) {
        buf_puts(page->out, "<p>It was not looked at yet.</p>\n");
        return;
    }
    add_terms(page, ROUTER_TERMS, COUNT(ROUTER_TERMS));
    table_add(page, SCOPE_SOURCE, SIZE_MAX, SOURCE_COLUMNS, COUNT(SOURCE_COLUMNS));
}

static void add_notifications(const struct page *page)
{
    struct fact_row row;
    buf_puts(page->out, "<h2>Notifications</h2>\n");
    if (table_add(page, SCOPE_NOTIFICATION, SIZE_MAX, NOTIFICATION_COLUMNS, COUNT(NOTIFICATION_COLUMNS)))
        return;
    bool known = fact_row_first(&row, SCOPE_SEVERITY, &page->one);
    buf_puts(page->out, known ? "<p>None.</p>\n" : "<p>No source of them was read.</p>\n");
}

/* The node of that name, or else of one that differs in case only; imp_count: none. */
static size_t find_node(const struct status *status, const char *name)
{
    size_t found = status->imp_count;
    for (size_t at = status->imp_count; at-- > 0;) {
        if (strcmp(status->imp[at]->name, name) == 0)
            return at;
        if (strcasecmp(status->imp[at]->name, name) == 0)
            found = at;
    }
    return found;
}

bool web_imp_page(const struct status *status, const char *name, struct buf *out)
{
    struct page page = {.one = *status, .now_ms = clock_wall_ms(), .out = out};
    size_t at = find_node(status, name);
    if (at == status->imp_count) {
        about_missing(&page, "node", name);
        return false;
    }
    page.one.imp = &status->imp[at];
    page.one.imp_causes = status->imp_causes != NULL ? &status->imp_causes[at] : NULL;
    page.one.imp_count = 1;
    struct subject subject = subject_at(&page.one, SUBJECT_NODE, 0);
    about_begin(&page, &subject);
    page_add_cause(out, &subject);
    about_add_findings(&page, &subject);
    about_add_checks(&page, SCOPE_IMP_CHECK);
    add_axl(&page, subject.node);
    add_s2s_nodes(&page, subject.node);
    add_router(&page, subject.node);
    add_notifications(&page);
    about_add_transitions(&page, SCOPE_IMP_TRANSITION);
    page_end(&status->agent, page.now_ms, out);
    return true;
}
