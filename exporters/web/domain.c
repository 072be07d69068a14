/* The page about one domain: tables read out of the table of facts. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "exporters/web/html.h"
#include "exporters/web/page.h"
#include "exporters/web/web.h"
#include "health/combine.h"
#include "health/fact.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum look {
    LOOK_PLAIN, LOOK_CODE, LOOK_STATE, LOOK_REASON,
    LOOK_NUMBER, LOOK_TOOK, LOOK_AGE, LOOK_DATE, LOOK_MOMENT, LOOK_YES_NO /* these are short */
};

/* A fact of the row under its key, or else the label of that name. */
struct column {
    const char *title, *key;
    enum look look;
    enum fact_scope scope; /* of the fact, where it is another one's than the row's; SCOPE_AGENT: it is not */
};

static const struct column CHECK_COLUMNS[] = {
    {"Check", "check", LOOK_PLAIN, 0},    {"State", "state", LOOK_STATE, 0},
    {"Reason", "reason", LOOK_REASON, 0}, {"Detail", "detail", LOOK_CODE, 0},
    {"Took", "duration_seconds", LOOK_TOOK, 0}, {"Last run", "last_run", LOOK_AGE, 0},
    {"Last change", "last_change", LOOK_AGE, 0},
};
static const struct column LOOKUP_COLUMNS[] = {
    {"Service", "service", LOOK_PLAIN, 0}, {"Resolver", "resolver", LOOK_PLAIN, 0},
    {"Records", "records", LOOK_NUMBER, 0}, {"TTL (s)", "ttl_seconds", LOOK_NUMBER, SCOPE_SERVICE},
    {"Took", "duration_seconds", LOOK_TOOK, 0},
};
static const struct column RECORD_COLUMNS[] = {
    {"Service", "service", LOOK_PLAIN, 0},   {"Target", "target", LOOK_CODE, 0}, {"Port", "port", LOOK_NUMBER, 0},
    {"Priority", "priority", LOOK_NUMBER, 0}, {"Weight", "weight", LOOK_NUMBER, 0},
};
static const struct column STAGE_COLUMNS[] = {
    {"Stage", "check", LOOK_PLAIN, 0}, {"State", "state", LOOK_STATE, 0},          {"Reason", "reason", LOOK_REASON, 0},
    {"Detail", "detail", LOOK_CODE, 0}, {"Took", "duration_seconds", LOOK_TOOK, 0},
};
static const struct column POSITION_COLUMNS[] = {
    {"Chain", "position", LOOK_PLAIN, 0},
    {"Valid from", "not_before", LOOK_DATE, 0},
    {"Expires", "not_after", LOOK_DATE, 0},
};
static const struct column TRANSITION_COLUMNS[] = {
    {"When", "time", LOOK_MOMENT, 0}, {"What", "subject", LOOK_PLAIN, 0},   {"From", "from", LOOK_STATE, 0},
    {"To", "to", LOOK_STATE, 0},   {"Reason", "reason", LOOK_REASON, 0},
};

/* What is said of an endpoint as a list of terms. */
static const struct column CONNECTION_TERMS[] = {
    {"STARTTLS offer", "offer", LOOK_PLAIN, 0},
    {"TLS version", "version", LOOK_PLAIN, 0},
    {"Cipher suite", "cipher", LOOK_PLAIN, 0},
};
static const struct column CERTIFICATE_TERMS[] = {
    {"Subject", "subject", LOOK_CODE, 0},
    {"Issuer", "issuer", LOOK_CODE, 0},
    {"Serial number", "serial", LOOK_CODE, 0},
    {"SHA-256", "fingerprint_sha256", LOOK_CODE, 0},
};
static const struct column PHASE = {"Phases", "duration_seconds", LOOK_TOOK, 0};
static const struct column MECHANISM = {"Authentication", "offered", LOOK_YES_NO, 0};
static const struct column TEST = {"Tests", "valid", LOOK_YES_NO, 0};

struct page {
    struct status one; /* the domain alone, so that its rows are all there are */
    struct domain_status *domain;
    int64_t now_ms;
    struct buf *out;
};

/* The value of a column: of its fact or its label. */
static void read_column(const struct fact_row *row, const struct column *column, char scratch[FACT_TEXT_SIZE],
                        struct fact_value *value)
{
    enum fact_scope scope = column->scope != SCOPE_AGENT ? column->scope : row->scope;
    const struct fact *fact = fact_by_key(scope, column->key);
    if (fact != NULL) {
        fact_read(fact, row, value);
        if (value->present && fact->type == FACT_STATE)
            value->text = state_name((enum state)value->number);
        return;
    }
    value->present = false;
    for (size_t i = 0; i < scope_label_count(row->scope); i++) {
        if (strcmp(scope_label_name(row->scope, i), column->key) == 0) {
            value->text = scope_label_value(row, i, scratch);
            value->present = value->text != NULL;
            value->number = value->present ? strtod(value->text, NULL) : 0;
        }
    }
}

static void add_state(struct buf *out, const char *name)
{
    for (enum state state = STATE_OK; state <= STATE_UNKNOWN; state++) {
        if (strcmp(name, state_name(state)) == 0)
            page_add_state(out, state);
    }
}

static void add_reason(struct buf *out, const char *code)
{
    enum reason reason = reason_from_code(code);
    buf_puts(out, "<code title=\"");
    html_text(out, reason_info(reason)->meaning, PAGE_DETAIL_MAX);
    buf_printf(out, "\">%s</code>", code);
}

static void add_took(struct buf *out, double seconds)
{
    if (seconds < 1)
        buf_printf(out, "%.1f ms", seconds * 1e3);
    else
        buf_printf(out, "%.2f s", seconds);
}

/* The moment, up to `end`, and how far away it is. */
static void add_moment(struct buf *out, double seconds, const char *end, int64_t now_ms)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339((int64_t)seconds, text);
    buf_printf(out, "%.*s, ", (int)strcspn(text, end), text);
    page_add_age(out, (int64_t)seconds * 1000, now_ms);
}

static void add_code(struct buf *out, const char *text)
{
    buf_puts(out, "<code>");
    html_text(out, text, PAGE_DETAIL_MAX);
    buf_puts(out, "</code>");
}

static void add_value(const struct page *page, const struct fact_value *value, enum look look)
{
    struct buf *out = page->out;
    if (!value->present) {
        buf_puts(out, "–");
        return;
    }
    switch (look) {
    case LOOK_PLAIN: html_text(out, value->text, PAGE_DETAIL_MAX); break;
    case LOOK_CODE: add_code(out, value->text); break;
    case LOOK_NUMBER: buf_printf(out, "%.0f", value->number); break;
    case LOOK_STATE: add_state(out, value->text); break;
    case LOOK_REASON: add_reason(out, value->text); break;
    case LOOK_TOOK: add_took(out, value->number); break;
    case LOOK_AGE: page_add_age(out, (int64_t)(value->number * 1e3), page->now_ms); break;
    case LOOK_DATE: add_moment(out, value->number, "T", page->now_ms); break;
    case LOOK_MOMENT: add_moment(out, value->number, "", page->now_ms); break;
    case LOOK_YES_NO: buf_puts(out, value->number != 0 ? "yes" : "no"); break;
    }
}

/* Whether something is known of the row besides its first cell. */
static bool has_more(const struct fact_row *row, const struct column *columns, size_t count)
{
    char scratch[FACT_TEXT_SIZE];
    struct fact_value value = {.present = false};
    for (size_t i = 1; i < count && !value.present; i++)
        read_column(row, &columns[i], scratch, &value);
    return value.present;
}

/* What takes little room is kept on one line, also on a narrow screen. */
static bool is_short(enum look look)
{
    return look >= LOOK_NUMBER;
}

/* One row, headed by its first cell. */
static void add_row(const struct page *page, const struct fact_row *row, const struct column *columns, size_t count)
{
    struct buf *out = page->out;
    char scratch[FACT_TEXT_SIZE];
    buf_puts(out, "<tr>");
    for (size_t i = 0; i < count; i++) {
        struct fact_value value;
        read_column(row, &columns[i], scratch, &value);
        if (i > 0)
            buf_printf(out, "<td%s%s data-label=\"%s\">", is_short(columns[i].look) ? " class=when" : "",
                       value.present ? "" : " data-absent", columns[i].title);
        else
            buf_puts(out, is_short(columns[i].look) ? "<th scope=row class=when>" : "<th scope=row>");
        add_value(page, &value, columns[i].look);
        buf_puts(out, i > 0 ? "</td>" : "</th>");
    }
    buf_puts(out, "</tr>\n");
}

static void begin_table(struct buf *out, const struct column *columns, size_t count)
{
    buf_puts(out, "<table class=facts>\n<thead><tr>");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "<th scope=col>%s", columns[i].title);
    buf_puts(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(struct buf *out)
{
    buf_puts(out, "</tbody>\n</table>\n");
}

/* Moves to the first row of the scope that is of this item (SIZE_MAX: of any). */
static bool first_of(const struct page *page, enum fact_scope scope, size_t item, struct fact_row *row)
{
    for (bool there = fact_row_first(row, scope, &page->one); there; there = fact_row_next(row)) {
        if (item == SIZE_MAX || row->item == item)
            return true;
    }
    return false;
}

static bool next_of(struct fact_row *row, size_t item)
{
    return fact_row_next(row) && (item == SIZE_MAX || row->item == item);
}

/* All rows, or those of one item, of which something is known, as a table; false when there is no row. */
static bool add_table(const struct page *page, enum fact_scope scope, size_t item, const struct column *columns,
                      size_t count)
{
    struct fact_row row;
    bool there = first_of(page, scope, item, &row), any = there;
    if (any)
        begin_table(page->out, columns, count);
    for (; there; there = next_of(&row, item)) {
        if (has_more(&row, columns, count))
            add_row(page, &row, columns, count);
    }
    if (any)
        end_table(page->out);
    return any;
}

static void add_terms(const struct page *page, const struct fact_row *row, const struct column *terms, size_t count)
{
    char scratch[FACT_TEXT_SIZE];
    for (size_t i = 0; i < count; i++) {
        struct fact_value value;
        read_column(row, &terms[i], scratch, &value);
        if (!value.present)
            continue;
        buf_printf(page->out, "<dt>%s</dt><dd>", terms[i].title);
        add_value(page, &value, terms[i].look);
        buf_puts(page->out, "</dd>\n");
    }
}

/* The rows of the item that have the fact, as one term: "connect 1.0 ms · stream 2.0 ms". */
static void add_term_of_rows(const struct page *page, enum fact_scope scope, size_t item, const struct column *term)
{
    struct fact_row row;
    char scratch[FACT_TEXT_SIZE];
    bool any = false;
    for (bool there = first_of(page, scope, item, &row); there; there = next_of(&row, item)) {
        struct fact_value value;
        read_column(&row, term, scratch, &value);
        if (!value.present)
            continue;
        if (!any)
            buf_printf(page->out, "<dt>%s</dt><dd>", term->title);
        const char *label = scope_label_value(&row, scope_label_count(scope) - 1, scratch);
        buf_printf(page->out, "%s<span class=\"part %s\">%s ", any ? " · " : "",
                   scope == SCOPE_TEST && value.number == 0 ? "critical" : "", label);
        add_value(page, &value, term->look);
        buf_puts(page->out, "</span>");
        any = true;
    }
    if (any)
        buf_puts(page->out, "</dd>\n");
}

static void add_endpoint(const struct page *page, const struct fact_row *row)
{
    struct buf *out = page->out;
    const struct endpoint_result *endpoint = &page->domain->latest->endpoints[row->item];
    const struct check_result *worst = endpoint_worst(endpoint);
    char scratch[FACT_TEXT_SIZE];
    bool open = worst->state != STATE_OK || page->domain->latest->endpoint_count == 1;
    buf_printf(out, "<details class=endpoint%s><summary>", open ? " open" : "");
    page_add_state(out, worst->state);
    buf_puts(out, " <b>");
    html_text(out, scope_label_value(row, 1, scratch), PAGE_DETAIL_MAX);
    buf_puts(out, "</b> (");
    html_text(out, endpoint->address, PAGE_DETAIL_MAX);
    buf_printf(out, ") %s", transport_name(endpoint->transport));
    if (worst->state != STATE_OK) {
        buf_printf(out, " · %s: ", check_name((enum check)(worst - endpoint->check)));
        add_reason(out, reason_info(worst->reason)->code);
    }
    buf_puts(out, "</summary>\n");
    add_table(page, SCOPE_STAGE, row->item, STAGE_COLUMNS, COUNT(STAGE_COLUMNS));
    buf_puts(out, "<dl>\n");
    add_term_of_rows(page, SCOPE_PHASE, row->item, &PHASE);
    add_terms(page, row, CONNECTION_TERMS, COUNT(CONNECTION_TERMS));
    add_term_of_rows(page, SCOPE_MECHANISM, row->item, &MECHANISM);
    add_terms(page, row, CERTIFICATE_TERMS, COUNT(CERTIFICATE_TERMS));
    add_term_of_rows(page, SCOPE_TEST, row->item, &TEST);
    buf_puts(out, "</dl>\n");
    add_table(page, SCOPE_POSITION, row->item, POSITION_COLUMNS, COUNT(POSITION_COLUMNS));
    buf_puts(out, "</details>\n");
}

static void add_head(const struct page *page)
{
    struct buf *out = page->out;
    const struct domain_status *domain = page->domain;
    page_begin(out);
    html_text(out, domain->name, PAGE_DETAIL_MAX);
    buf_printf(out, ": %s · fedhealth", state_name(domain->state));
    page_begin_body(out);
    buf_puts(out, "<nav><a href=\"/\">All domains</a></nav>\n<h1>");
    html_text(out, domain->name, PAGE_DETAIL_MAX);
    buf_puts(out, "</h1>\n<p class=lead>");
    page_add_state(out, domain->state);
    if (domain->unconfirmed) {
        buf_puts(out, ", not confirmed yet");
    } else if (domain->since_ms != TIME_ABSENT) {
        buf_puts(out, " since ");
        page_add_age(out, domain->since_ms, page->now_ms);
    }
    buf_puts(out, "</p>\n</header>\n<main>\n");
    page_add_banners(&page->one.agent, out);
    page_add_skipped(domain, out);
}

/* What is not ok, the check that decides the state first and opened. */
static void add_findings(const struct page *page)
{
    struct buf *out = page->out;
    const struct domain_status *domain = page->domain;
    if (domain->state == STATE_OK)
        return;
    page_begin_finding(out, domain->worst, &domain->check[domain->worst].result, true);
    buf_puts(out, "</details>\n");
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        const struct check_result *result = &domain->check[check].result;
        if (check == domain->worst || (result->state != STATE_WARNING && result->state != STATE_CRITICAL))
            continue;
        page_begin_finding(out, check, result, false);
        buf_puts(out, "</details>\n");
    }
}

static void add_endpoints(const struct page *page)
{
    struct fact_row row;
    buf_puts(page->out, "<h2>Endpoints</h2>\n");
    bool there = first_of(page, SCOPE_ENDPOINT, SIZE_MAX, &row);
    if (!there)
        buf_puts(page->out, "<p>None was found.</p>\n");
    for (; there; there = fact_row_next(&row))
        add_endpoint(page, &row);
}

/* Newest first. */
static void add_transitions(const struct page *page)
{
    struct fact_row row;
    buf_puts(page->out, "<h2>Latest transitions</h2>\n");
    if (!fact_row_first(&row, SCOPE_TRANSITION, &page->one)) {
        buf_puts(page->out, "<p>None since the history was begun.</p>\n");
        return;
    }
    begin_table(page->out, TRANSITION_COLUMNS, COUNT(TRANSITION_COLUMNS));
    for (row.item = page->domain->history.count; row.item-- > 0;)
        add_row(page, &row, TRANSITION_COLUMNS, COUNT(TRANSITION_COLUMNS));
    end_table(page->out);
}

static void add_missing(const struct status *status, const char *name, struct buf *out)
{
    page_begin(out);
    buf_puts(out, "No such domain · fedhealth");
    page_begin_body(out);
    buf_puts(out, "<nav><a href=\"/\">All domains</a></nav>\n<h1>No such domain</h1>\n</header>\n<main>\n<p>");
    add_code(out, name);
    buf_puts(out, " is not among the domains that are checked here.</p>\n");
    page_end(&status->agent, clock_wall_ms(), out);
}

bool web_domain_page(const struct status *status, const char *name, struct buf *out)
{
    struct page page = {.one = *status, .now_ms = clock_wall_ms(), .out = out};
    for (size_t i = 0; i < status->domain_count && page.domain == NULL; i++) {
        if (strcasecmp(status->domains[i]->name, name) == 0)
            page.domain = status->domains[i];
    }
    if (page.domain == NULL) {
        add_missing(status, name, out);
        return false;
    }
    page.one.domains = &page.domain;
    page.one.domain_count = 1;
    add_head(&page);
    add_findings(&page);
    buf_puts(out, "<h2>Checks</h2>\n");
    add_table(&page, SCOPE_CHECK, SIZE_MAX, CHECK_COLUMNS, COUNT(CHECK_COLUMNS));
    buf_puts(out, "<h2>SRV records</h2>\n");
    if (!add_table(&page, SCOPE_LOOKUP, SIZE_MAX, LOOKUP_COLUMNS, COUNT(LOOKUP_COLUMNS)))
        buf_puts(out, "<p>They were not looked up yet.</p>\n");
    add_table(&page, SCOPE_SRV, SIZE_MAX, RECORD_COLUMNS, COUNT(RECORD_COLUMNS));
    add_endpoints(&page);
    add_transitions(&page);
    page_end(&status->agent, page.now_ms, out);
    return true;
}
