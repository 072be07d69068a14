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

struct web_landing {
    const struct status *status;
    const char *metrics_path;
    const struct domain_status **order; /* owned; worst first, then by name */
    int64_t now_ms;
    enum { STAGE_HEAD, STAGE_ROWS, STAGE_FOOT, STAGE_END } stage;
    size_t next; /* row */
};

static int by_badness(const void *a, const void *b)
{
    const struct domain_status *one = *(const struct domain_status *const *)a;
    const struct domain_status *other = *(const struct domain_status *const *)b;
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
    page->order = mem_array(status->domain_count, sizeof *page->order);
    for (size_t i = 0; i < status->domain_count; i++)
        page->order[i] = status->domains[i];
    qsort(page->order, status->domain_count, sizeof *page->order, by_badness);
    return page;
}

void web_landing_free(struct web_landing *page)
{
    if (page == NULL)
        return;
    free(page->order);
    free(page);
}

/* A cell with the time since then. */
static void add_since(struct buf *out, const char *label, int64_t then_ms, int64_t now_ms)
{
    buf_printf(out, "<td class=when data-label=\"%s\">", label);
    page_add_age(out, then_ms, now_ms);
    buf_puts(out, "</td>");
}

/* How many domains are in each state. */
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
    for (size_t i = 0; i < status->domain_count; i++)
        count[status->domains[i]->state]++;

    page_begin(out);
    if (count[STATE_CRITICAL] > 0)
        buf_printf(out, "%zu critical · ", count[STATE_CRITICAL]);
    buf_puts(out, "fedhealth");
    page_begin_body(out);
    buf_puts(out, "<nav><a href=\"");
    html_text(out, page->metrics_path, PAGE_DETAIL_MAX);
    buf_puts(out, "\">Metrics</a><a href=\"/api/v1/status\">JSON</a>"
                  "<a href=\"/-/healthy\">Health</a><a href=\"/-/ready\">Readiness</a></nav>\n"
                  "<h1>fedhealth</h1>\n<p class=lead>Whether XMPP federation with these domains works, "
                  "stage by stage, as seen from here.</p>\n");
    add_tally(count, out);
    buf_puts(out, "</header>\n<main>\n");
    page_add_banners(&status->agent, out);
    if (status->domain_count == 0)
        buf_puts(out, "<p>No domain is configured.</p>\n");
    else
        buf_puts(out, "<table class=domains>\n<thead><tr><th scope=col>State<th scope=col>Domain<th scope=col>Checks"
                      "<th scope=col>Since<th scope=col>Last run</tr></thead>\n<tbody>\n");
}

static void add_steps(const struct domain_status *domain, struct buf *out)
{
    buf_puts(out, "<ol class=steps>");
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        const struct check_result *result = &domain->check[check].result;
        if (combine_is_neutral(result->reason)) /* neither good nor a question */
            continue;
        const char *state = state_name(result->state);
        const char *mark = result->reason == REASON_NOT_REACHED ? "–" : page_mark(result->state);
        buf_printf(out, "<li class=%s title=%s><span role=img aria-label=%s>%s</span> %s</li>", state,
                   reason_info(result->reason)->code, state, mark, check_name(check));
    }
    buf_puts(out, "</ol>");
}

/* The checks besides the deciding one that found something. */
static void add_others(const struct domain_status *domain, struct buf *out)
{
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        const struct check_result *result = &domain->check[check].result;
        if (check == domain->worst || (result->state != STATE_WARNING && result->state != STATE_CRITICAL))
            continue;
        const struct reason_info *info = reason_info(result->reason);
        buf_printf(out, "<p><b>Also %s in %s: %s</b>", state_name(result->state), check_name(check), info->code);
        html_prose(out, info->meaning);
        buf_puts(out, "</p>");
    }
}

static void add_finding(const struct domain_status *domain, struct buf *out)
{
    page_begin_finding(out, domain->worst, &domain->check[domain->worst].result, false);
    add_others(domain, out);
    buf_puts(out, "</details>");
}

static void add_row(const struct web_landing *page, const struct domain_status *domain, struct buf *out)
{
    buf_puts(out, "<tr><td>");
    page_add_state(out, domain->state);
    buf_puts(out, "</td><th scope=row><a href=\"" WEB_DOMAIN_PATH);
    html_text(out, domain->name, PAGE_DETAIL_MAX);
    buf_puts(out, "\">");
    html_text(out, domain->name, PAGE_DETAIL_MAX);
    buf_puts(out, "</a>");
    buf_puts(out, "</th><td>");
    add_steps(domain, out);
    page_add_skipped(domain, out);
    if (domain->state != STATE_OK)
        add_finding(domain, out);
    buf_puts(out, "</td>");
    add_since(out, "since", domain->unconfirmed ? TIME_ABSENT : domain->since_ms, page->now_ms);
    add_since(out, "last run", domain->check[domain->worst].last_run_ms, page->now_ms);
    buf_puts(out, "</tr>\n");
}

static void add_foot(const struct web_landing *page, struct buf *out)
{
    if (page->status->domain_count > 0)
        buf_puts(out, "</tbody>\n</table>\n");
    page_end(&page->status->agent, page->now_ms, out);
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
        if (page->next < page->status->domain_count)
            add_row(page, page->order[page->next++], out);
        else
            page->stage = STAGE_FOOT;
        return true;
    case STAGE_FOOT:
        add_foot(page, out);
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
