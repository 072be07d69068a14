#include "exporters/web/web.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "exporters/web/html.h"
#include "exporters/web/page.h"
#include "health/combine.h"

/* A piece ends with the row that makes it this long. */
#define PIECE_BYTES 8192

/* What is listed in a table of its own. */
static const struct {
    enum subject_kind kind;
    const char *title, *column, *path;
} LISTS[] = {
    {SUBJECT_NODE, "Cisco IM and Presence nodes", "Node", WEB_IMP_PATH},
    {SUBJECT_DOMAIN, "Domains", "Domain", WEB_DOMAIN_PATH},
};
#define LIST_COUNT (sizeof LISTS / sizeof LISTS[0])

struct web_landing {
    const struct status *status;
    const char *metrics_path;
    struct subject *order[LIST_COUNT]; /* owned; worst first, then by name */
    size_t count[LIST_COUNT];
    int64_t now_ms;
    enum { STAGE_HEAD, STAGE_ROWS, STAGE_FOOT, STAGE_END } stage;
    size_t list, next; /* row of the list */
};

static int by_badness(const void *a, const void *b)
{
    const struct subject *one = a, *other = b;
    if (one->state != other->state)
        return state_worse(one->state, other->state) ? -1 : 1;
    return strcmp(one->name, other->name);
}

struct web_landing *web_landing_new(const struct status *status, const char *metrics_path)
{
    struct web_landing *page = mem_alloc(sizeof *page);
    page->status = status;
    page->metrics_path = metrics_path;
    page->now_ms = clock_wall_ms();
    for (size_t list = 0; list < LIST_COUNT; list++) {
        page->count[list] = subject_count(status, LISTS[list].kind);
        page->order[list] = mem_array(page->count[list], sizeof *page->order[list]);
        for (size_t i = 0; i < page->count[list]; i++)
            page->order[list][i] = subject_at(status, LISTS[list].kind, i);
        qsort(page->order[list], page->count[list], sizeof *page->order[list], by_badness);
    }
    return page;
}

void web_landing_free(struct web_landing *page)
{
    if (page == NULL)
        return;
    for (size_t list = 0; list < LIST_COUNT; list++)
        free(page->order[list]);
    free(page);
}

/* A cell with the time since then. */
static void add_since(struct buf *out, const char *label, int64_t then_ms, int64_t now_ms)
{
    buf_printf(out, "<td class=when data-label=\"%s\">", label);
    page_add_age(out, then_ms, now_ms);
    buf_puts(out, "</td>");
}

/* How many domains and nodes are in each state. */
static void add_tally(const size_t count[STATE_COUNT + 1], struct buf *out)
{
    static const enum state ORDER[] = {STATE_CRITICAL, STATE_WARNING, STATE_UNKNOWN, STATE_OK};
    buf_puts(out, "<ul class=tally>\n");
    for (size_t i = 0; i < STATE_COUNT; i++) {
        const char *state = state_name(ORDER[i]);
        buf_printf(out, "<li class=%s><b>%zu</b>%s</li>\n", state, count[ORDER[i]], state);
    }
    buf_puts(out, "</ul>\n");
}

static void add_head(struct web_landing *page, struct buf *out)
{
    const struct status *status = page->status;
    size_t count[STATE_COUNT + 1] = {0};
    for (size_t list = 0; list < LIST_COUNT; list++) {
        for (size_t i = 0; i < page->count[list]; i++)
            count[page->order[list][i].state]++;
    }
    page_begin(out);
    if (count[STATE_CRITICAL] > 0)
        buf_printf(out, "%zu critical · ", count[STATE_CRITICAL]);
    buf_puts(out, "fedhealth");
    page_begin_body(out);
    buf_puts(out, "<nav><a href=\"");
    html_text(out, page->metrics_path, PAGE_DETAIL_MAX);
    buf_puts(out, "\">Metrics</a><a href=\"/api/v1/status\">JSON</a>"
                  "<a href=\"/-/healthy\">Health</a><a href=\"/-/ready\">Readiness</a></nav>\n"
                  "<h1>fedhealth</h1>\n<p class=lead>Whether XMPP federation works, stage by stage, as seen "
                  "from here.</p>\n");
    add_tally(count, out);
    buf_puts(out, "</header>\n<main>\n");
    page_add_banners(&status->agent, out);
    if (status->domain_count == 0 && status->imp_count == 0)
        buf_puts(out, "<p>No domain is configured.</p>\n");
}

/* The table's head; its title only where there are both. */
static void begin_list(const struct web_landing *page, struct buf *out)
{
    if (page->status->domain_count > 0 && page->status->imp_count > 0)
        buf_printf(out, "<h2>%s</h2>\n", LISTS[page->list].title);
    buf_printf(out, "<table class=domains>\n<thead><tr><th scope=col>State<th scope=col>%s<th scope=col>Checks"
                    "<th scope=col>Since<th scope=col>Last run</tr></thead>\n<tbody>\n", LISTS[page->list].column);
}

static void add_steps(const struct subject *subject, struct buf *out)
{
    buf_puts(out, "<ol class=steps>");
    for (size_t check = 0; check < subject->check_count; check++) {
        const struct check_result *result = &subject->checks[check].result;
        if (combine_is_neutral(result->reason) && result->state == STATE_UNKNOWN) /* neither good nor a question */
            continue;
        const char *state = state_name(result->state);
        const char *mark = result->reason == REASON_NOT_REACHED ? "–" : page_mark(result->state);
        buf_printf(out, "<li class=%s title=%s><span role=img aria-label=%s>%s</span> %s</li>", state,
                   reason_info(result->reason)->code, state, mark, subject_check_name(subject, check));
    }
    buf_puts(out, "</ol>");
}

/* The checks besides the deciding one that found something. */
static void add_others(const struct subject *subject, struct buf *out)
{
    for (size_t check = 0; check < subject->check_count; check++) {
        const struct check_result *result = &subject->checks[check].result;
        if (check == subject->worst || (result->state != STATE_WARNING && result->state != STATE_CRITICAL))
            continue;
        const struct reason_info *info = reason_info(result->reason);
        buf_printf(out, "<p><b>Also %s in %s: %s</b>", state_name(result->state), subject_check_name(subject, check),
                   info->code);
        html_prose(out, info->meaning);
        buf_puts(out, "</p>");
    }
}

static void add_finding(const struct subject *subject, struct buf *out)
{
    page_begin_finding(out, subject, subject->worst, false);
    add_others(subject, out);
    buf_puts(out, "</details>");
}

/* When a round last ended: not every check runs in each. */
static int64_t last_round_ms(const struct subject *subject)
{
    int64_t last_ms = TIME_ABSENT;
    for (size_t check = 0; check < subject->check_count; check++) {
        if (subject->checks[check].last_run_ms > last_ms)
            last_ms = subject->checks[check].last_run_ms;
    }
    return last_ms;
}

static void add_row(const struct web_landing *page, const struct subject *subject, struct buf *out)
{
    buf_puts(out, "<tr><td>");
    page_add_state(out, subject->state);
    buf_printf(out, "</td><th scope=row><a href=\"%s", LISTS[page->list].path);
    html_path(out, subject->name);
    buf_puts(out, "\">");
    html_text(out, subject->name, PAGE_DETAIL_MAX);
    buf_puts(out, "</a>");
    buf_puts(out, "</th><td>");
    add_steps(subject, out);
    page_add_cause(out, subject);
    if (subject->domain != NULL)
        page_add_skipped(subject->domain, out);
    if (subject->state != STATE_OK)
        add_finding(subject, out);
    buf_puts(out, "</td>");
    add_since(out, "since", subject->unconfirmed ? TIME_ABSENT : subject->since_ms, page->now_ms);
    add_since(out, "last run", last_round_ms(subject), page->now_ms);
    buf_puts(out, "</tr>\n");
}

/* One row, with the table's head or foot around it; or the step to the next table. */
static void add_next(struct web_landing *page, struct buf *out)
{
    size_t count = page->count[page->list];
    if (page->next == 0 && count > 0)
        begin_list(page, out);
    if (page->next < count)
        add_row(page, &page->order[page->list][page->next++], out);
    if (page->next < count)
        return;
    if (count > 0)
        buf_puts(out, "</tbody>\n</table>\n");
    page->list++;
    page->next = 0;
}

/* The head, a row or the foot; false after that. */
static bool advance(struct web_landing *page, struct buf *out)
{
    switch (page->stage) {
    case STAGE_HEAD:
        add_head(page, out);
        page->stage = STAGE_ROWS;
        return true;
    case STAGE_ROWS:
        if (page->list < LIST_COUNT)
            add_next(page, out);
        else
            page->stage = STAGE_FOOT;
        return true;
    case STAGE_FOOT:
        page_end(&page->status->agent, page->now_ms, out);
        page->stage = STAGE_END;
        return true;
    case STAGE_END: break;
    }
    return false;
}

bool web_landing_next(struct web_landing *page, struct buf *out)
{
    size_t begin = out->length;
    while (out->length - begin < PIECE_BYTES && !buf_failed(out)) {
        if (!advance(page, out))
            return out->length > begin;
    }
    return true;
}
