#include "exporters/web/about.h"

#include "exporters/web/html.h"
#include "exporters/web/page.h"

static const struct column CHECK_COLUMNS[] = {
    {"Check", "check", LOOK_PLAIN, 0},    {"State", "state", LOOK_STATE, 0},
    {"Reason", "reason", LOOK_REASON, 0}, {"Detail", "detail", LOOK_CODE, 0},
    {"Took", "duration_seconds", LOOK_TOOK, 0}, {"Last run", "last_run", LOOK_AGE, 0},
    {"Last change", "last_change", LOOK_AGE, 0},
};
static const struct column TRANSITION_COLUMNS[] = {
    {"When", "time", LOOK_MOMENT, 0}, {"What", "subject", LOOK_PLAIN, 0},   {"From", "from", LOOK_STATE, 0},
    {"To", "to", LOOK_STATE, 0},   {"Reason", "reason", LOOK_REASON, 0},
};

void about_begin(const struct page *page, const struct subject *subject)
{
    struct buf *out = page->out;
    page_begin(out);
    html_text(out, subject->name, PAGE_DETAIL_MAX);
    buf_printf(out, ": %s · fedhealth", state_name(subject->state));
    page_begin_body(out);
    buf_puts(out, "<nav><a href=\"/\">Overview</a></nav>\n<h1>");
    html_text(out, subject->name, PAGE_DETAIL_MAX);
    buf_puts(out, "</h1>\n<p class=lead>");
    page_add_state(out, subject->state);
    if (subject->unconfirmed) {
        buf_puts(out, ", not confirmed yet");
    } else if (subject->since_ms != TIME_ABSENT) {
        buf_puts(out, " since ");
        page_add_age(out, subject->since_ms, page->now_ms);
    }
    buf_puts(out, "</p>\n</header>\n<main>\n");
    page_add_banners(&page->one.agent, out);
}

static void add_finding(const struct page *page, const struct subject *subject, size_t check)
{
    page_begin_finding(page->out, subject, check, check == subject->worst);
    buf_puts(page->out, "</details>\n");
}

void about_add_findings(const struct page *page, const struct subject *subject)
{
    if (subject->state == STATE_OK)
        return;
    add_finding(page, subject, subject->worst);
    for (size_t check = 0; check < subject->check_count; check++) {
        enum state state = subject->checks[check].result.state;
        if (check != subject->worst && (state == STATE_WARNING || state == STATE_CRITICAL))
            add_finding(page, subject, check);
    }
}

void about_add_checks(const struct page *page, enum fact_scope scope)
{
    buf_puts(page->out, "<h2>Checks</h2>\n");
    table_add(page, scope, SIZE_MAX, CHECK_COLUMNS, COUNT(CHECK_COLUMNS));
}

void about_add_transitions(const struct page *page, enum fact_scope scope)
{
    struct fact_row row;
    buf_puts(page->out, "<h2>Latest transitions</h2>\n");
    if (!fact_row_first(&row, scope, &page->one))
        buf_puts(page->out, "<p>None since the history was begun.</p>\n");
    table_add_backwards(page, scope, TRANSITION_COLUMNS, COUNT(TRANSITION_COLUMNS));
}

void about_missing(const struct page *page, const char *what, const char *name)
{
    struct buf *out = page->out;
    page_begin(out);
    buf_printf(out, "No such %s · fedhealth", what);
    page_begin_body(out);
    buf_printf(out, "<nav><a href=\"/\">Overview</a></nav>\n<h1>No such %s</h1>\n</header>\n<main>\n<p>", what);
    table_add_code(out, name);
    buf_printf(out, " is not among the %ss that are checked here.</p>\n", what);
    page_end(&page->one.agent, page->now_ms, out);
}
