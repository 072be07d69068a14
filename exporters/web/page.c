#include "exporters/web/page.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "exporters/web/html.h"
#include "exporters/web/page_style.h"

void page_begin(struct buf *out)
{
    buf_puts(out, "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                  "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
                  "<meta name=color-scheme content=\"light dark\">\n<title>");
}

void page_begin_body(struct buf *out)
{
    buf_puts(out, "</title>\n<link rel=icon href=\"data:,\">\n<style>" PAGE_STYLE "</style>\n</head>\n"
                  "<body>\n<header>\n");
}

void page_add_banners(const struct agent_status *agent, struct buf *out)
{
    if (agent->config_ok == TRI_NO)
        buf_puts(out, "<p class=\"banner critical\"><b>The last reload failed.</b> The log says what is wrong, "
                      "and what is in force.</p>\n");
    if (agent->state_saved == TRI_NO)
        buf_puts(out, "<p class=\"banner critical\"><b><code>agent.state_dir</code> cannot be written.</b> What is "
                      "shown as “since”, and the history, will not survive a restart.</p>\n");
}

void page_end(const struct agent_status *agent, int64_t now_ms, struct buf *out)
{
    char now[CLOCK_RFC3339_SIZE];
    buf_puts(out, "</main>\n<footer>fedhealth ");
    html_text(out, agent->version, PAGE_DETAIL_MAX);
    buf_puts(out, " (");
    html_text(out, agent->revision, PAGE_DETAIL_MAX);
    buf_printf(out, "), as of <time>%s</time></footer>\n</body>\n</html>\n", clock_rfc3339(now_ms / 1000, now));
}

const char *page_mark(enum state state)
{
    switch (state) {
    case STATE_OK: return "✓";
    case STATE_WARNING: return "!";
    case STATE_CRITICAL: return "✕";
    case STATE_UNKNOWN: break;
    }
    return "?";
}

void page_add_state(struct buf *out, enum state state)
{
    const char *name = state_name(state);
    buf_printf(out, "<span class=\"state %s\"><span aria-hidden=true>%s</span> %s</span>", name, page_mark(state),
               name);
}

void page_add_age(struct buf *out, int64_t then_ms, int64_t now_ms)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } UNITS[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    if (then_ms == TIME_ABSENT) {
        buf_puts(out, "–");
        return;
    }
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(then_ms / 1000, text);
    int64_t seconds = llabs(now_ms - then_ms) / 1000;
    size_t i = 0;
    while (seconds < UNITS[i].seconds && UNITS[i].seconds > 1)
        i++;
    bool ahead = then_ms > now_ms && seconds > 0;
    buf_printf(out, "<time datetime=\"%s\" title=\"%s\">%s%" PRId64 " %s%s</time>", text, text, ahead ? "in " : "",
               seconds / UNITS[i].seconds, UNITS[i].unit, ahead ? "" : " ago");
}

void page_add_skipped(const struct domain_status *domain, struct buf *out)
{
    unsigned skipped = domain->latest != NULL ? domain->latest->endpoints_skipped : 0;
    if (skipped > 0)
        buf_printf(out, "<p class=\"skipped warning\">! %u more %s not checked: the domain has more than "
                        "<code>agent.max_endpoints</code></p>", skipped, skipped == 1 ? "endpoint" : "endpoints");
}

static void add_paragraph(struct buf *out, const char *title, const char *text)
{
    buf_printf(out, "<p><b>%s</b>", title);
    html_prose(out, text);
    buf_puts(out, "</p>");
}

void page_begin_finding(struct buf *out, const struct subject *subject, size_t check, bool open)
{
    const struct check_result *result = &subject->checks[check].result;
    const struct reason_info *info = reason_info(result->reason);
    buf_printf(out, "<details%s><summary>%s: <code>%s</code></summary>", open ? " open" : "",
               subject_check_name(subject, check), info->code);
    add_paragraph(out, "What it means", info->meaning);
    if (result->detail != NULL && result->detail[0] != '\0') {
        buf_puts(out, "<p><b>In detail</b><code>");
        html_text(out, result->detail, PAGE_DETAIL_MAX);
        buf_puts(out, "</code></p>");
    }
    add_paragraph(out, "Likely cause", info->cause);
    add_paragraph(out, "What to do", info->remedy);
}

void page_add_cause(struct buf *out, const struct subject *subject)
{
    if (subject->cause == NULL)
        return;
    buf_printf(out, "<p class=\"cause %s\"><b>Cause:</b> ", state_name(subject->state));
    html_text(out, subject->cause, PAGE_DETAIL_MAX);
    buf_puts(out, "</p>\n");
}
