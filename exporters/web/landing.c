#include "exporters/web/web.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "exporters/web/html.h"
#include "exporters/web/page_style.h"
#include "health/combine.h"

/* A piece ends with the row that makes it this long. */
#define PIECE_BYTES 8192
/* Of a detail, which can quote a peer. */
#define DETAIL_MAX 1024

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

static const char *mark_of(enum state state)
{
    switch (state) {
    case STATE_OK: return "✓";
    case STATE_WARNING: return "!";
    case STATE_CRITICAL: return "✕";
    case STATE_UNKNOWN: break;
    }
    return "?";
}

/* "3 h": the largest unit that there is one of, rounded down. */
static void add_age(struct buf *out, int64_t seconds)
{
    if (seconds < 60)
        buf_printf(out, "%d s", seconds < 0 ? 0 : (int)seconds);
    else if (seconds < 3600)
        buf_printf(out, "%d min", (int)(seconds / 60));
    else if (seconds < 86400)
        buf_printf(out, "%d h", (int)(seconds / 3600));
    else
        buf_printf(out, "%lld d", (long long)(seconds / 86400));
}

/* A cell with the time since then; the moment itself is in the title. */
static void add_since(struct buf *out, const char *label, int64_t then_ms, int64_t now_ms)
{
    if (then_ms == TIME_ABSENT) {
        buf_printf(out, "<td class=when data-label=\"%s\">–</td>", label);
        return;
    }
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(then_ms / 1000, text);
    buf_printf(out, "<td class=when data-label=\"%s\"><time datetime=\"%s\" title=\"%s\">", label, text, text);
    add_age(out, (now_ms - then_ms) / 1000);
    buf_puts(out, " ago</time></td>");
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

    buf_puts(out, "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                  "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
                  "<meta name=color-scheme content=\"light dark\">\n<title>");
    if (count[STATE_CRITICAL] > 0)
        buf_printf(out, "%zu critical · ", count[STATE_CRITICAL]);
    buf_puts(out, "fedhealth</title>\n<link rel=icon href=\"data:,\">\n<style>" PAGE_STYLE "</style>\n</head>\n"
                  "<body>\n<header>\n<nav><a href=\"");
    html_text(out, page->metrics_path, DETAIL_MAX);
    buf_puts(out, "\">Metrics</a><a href=\"/-/healthy\">Health</a><a href=\"/-/ready\">Readiness</a></nav>\n"
                  "<h1>fedhealth</h1>\n<p class=lead>Whether XMPP federation with these domains works, "
                  "stage by stage, as seen from here.</p>\n");
    add_tally(count, out);
    buf_puts(out, "</header>\n<main>\n");
    if (status->domain_count == 0)
        buf_puts(out, "<p>No domain is configured.</p>\n");
    else
        buf_puts(out, "<table>\n<thead><tr><th scope=col>State<th scope=col>Domain<th scope=col>Checks"
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
        const char *mark = result->reason == REASON_NOT_REACHED ? "–" : mark_of(result->state);
        buf_printf(out, "<li class=%s title=%s><span role=img aria-label=%s>%s</span> %s</li>", state,
                   reason_info(result->reason)->code, state, mark, check_name(check));
    }
    buf_puts(out, "</ol>");
}

static void add_paragraph(struct buf *out, const char *title, const char *text)
{
    buf_printf(out, "<p><b>%s</b>", title);
    html_prose(out, text);
    buf_puts(out, "</p>");
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
    const struct check_result *result = &domain->check[domain->worst].result;
    const struct reason_info *info = reason_info(result->reason);
    buf_printf(out, "<details><summary>%s: <code>%s</code></summary>", check_name(domain->worst), info->code);
    add_paragraph(out, "What it means", info->meaning);
    if (result->detail != NULL && result->detail[0] != '\0') {
        buf_puts(out, "<p><b>In detail</b><code>");
        html_text(out, result->detail, DETAIL_MAX);
        buf_puts(out, "</code></p>");
    }
    add_paragraph(out, "Likely cause", info->cause);
    add_paragraph(out, "What to do", info->remedy);
    add_others(domain, out);
    buf_puts(out, "</details>");
}

static void add_row(const struct web_landing *page, const struct domain_status *domain, struct buf *out)
{
    const char *state = state_name(domain->state);
    buf_printf(out, "<tr><td><span class=\"state %s\"><span aria-hidden=true>%s</span> %s</span></td><th scope=row>",
               state, mark_of(domain->state), state);
    html_text(out, domain->name, DETAIL_MAX);
    buf_puts(out, "</th><td>");
    add_steps(domain, out);
    if (domain->state != STATE_OK)
        add_finding(domain, out);
    buf_puts(out, "</td>");
    add_since(out, "since", domain->since_ms, page->now_ms);
    add_since(out, "last run", domain->check[domain->worst].last_run_ms, page->now_ms);
    buf_puts(out, "</tr>\n");
}

static void add_foot(const struct web_landing *page, struct buf *out)
{
    char now[CLOCK_RFC3339_SIZE];
    if (page->status->domain_count > 0)
        buf_puts(out, "</tbody>\n</table>\n");
    buf_puts(out, "</main>\n<footer>fedhealth ");
    html_text(out, page->status->agent.version, DETAIL_MAX);
    buf_puts(out, " (");
    html_text(out, page->status->agent.revision, DETAIL_MAX);
    buf_printf(out, "), as of <time>%s</time></footer>\n</body>\n</html>\n",
               clock_rfc3339(page->now_ms / 1000, now));
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
