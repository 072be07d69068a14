/* What the pages have in common: head and foot, states, times, findings. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "base/buf.h"
#include "health/subject.h"

/* Of a detail, which can quote a peer; shown at most, in bytes. */
#define PAGE_DETAIL_MAX 1024

/* Up to the title's text, which is appended between the two. */
void page_begin(struct buf *out);
void page_begin_body(struct buf *out);
/* The agent's own troubles, visible on every page; behind the header. */
void page_add_banners(const struct agent_status *agent, struct buf *out);
void page_end(const struct agent_status *agent, int64_t now_ms, struct buf *out);

/* "✓" … for the eye; the state's name always stands beside it. */
const char *page_mark(enum state state);
/* Mark and name, as a pill. */
void page_add_state(struct buf *out, enum state state);
/* "3 h ago", "in 10 d", "–" for TIME_ABSENT; the moment itself is the element's title. */
void page_add_age(struct buf *out, int64_t then_ms, int64_t now_ms);

/* The endpoints that the domain has too many of; nothing where there are none. */
void page_add_skipped(const struct domain_status *domain, struct buf *out);
/* "check: reason" as the summary that opens meaning, detail, cause and remedy; to be ended with </details>. */
void page_begin_finding(struct buf *out, const struct subject *subject, size_t check, bool open);
/* The line that its facts make together, standing out; nothing where there is none. */
void page_add_cause(struct buf *out, const struct subject *subject);

#endif
