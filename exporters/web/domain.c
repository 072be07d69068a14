/* The page about one domain: tables read out of the table of facts. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "exporters/web/about.h"
#include "exporters/web/html.h"
#include "exporters/web/page.h"
#include "exporters/web/web.h"
#include "health/combine.h"

#define LOOKUP_RESOLVER 2 /* which label of SCOPE_LOOKUP */

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

/* What is said of an endpoint as a list of terms. */
static const struct column CONNECTION_TERMS[] = {
    {"STARTTLS offer", "offer", LOOK_PLAIN, 0},
    {"TLS version", "version", LOOK_PLAIN, 0},
    {"Cipher suite", "cipher", LOOK_PLAIN, 0},
};
static const struct column DIALBACK_TERMS[] = {
    {"Dialback keys", "dialback_algorithm", LOOK_PLAIN, 0},
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

static void add_endpoint(const struct page *page, const struct fact_row *row)
{
    struct buf *out = page->out;
    const struct domain_result *latest = row->subject.domain->latest;
    const struct endpoint_result *endpoint = &latest->endpoints[row->item];
    const struct check_result *worst = endpoint_worst(endpoint);
    char scratch[FACT_TEXT_SIZE];
    bool open = worst->state != STATE_OK || latest->endpoint_count == 1;
    buf_printf(out, "<details class=endpoint%s><summary>", open ? " open" : "");
    page_add_state(out, worst->state);
    buf_puts(out, " <b>");
    html_text(out, scope_label_value(row, 1, scratch), PAGE_DETAIL_MAX);
    buf_puts(out, "</b> (");
    html_text(out, endpoint->address, PAGE_DETAIL_MAX);
    buf_printf(out, ") %s", transport_name(endpoint->transport));
    if (worst->state != STATE_OK) {
        buf_printf(out, " · %s: ", check_name((enum check)(worst - endpoint->check)));
        table_add_reason(out, reason_info(worst->reason)->code);
    }
    buf_puts(out, "</summary>\n");
    table_add(page, SCOPE_STAGE, row->item, STAGE_COLUMNS, COUNT(STAGE_COLUMNS));
    buf_puts(out, "<dl>\n");
    table_add_term_of_rows(page, SCOPE_PHASE, row->item, &PHASE);
    table_add_terms(page, row, CONNECTION_TERMS, COUNT(CONNECTION_TERMS));
    table_add_term_of_rows(page, SCOPE_MECHANISM, row->item, &MECHANISM);
    table_add_terms(page, row, DIALBACK_TERMS, COUNT(DIALBACK_TERMS));
    table_add_terms(page, row, CERTIFICATE_TERMS, COUNT(CERTIFICATE_TERMS));
    table_add_term_of_rows(page, SCOPE_TEST, row->item, &TEST);
    buf_puts(out, "</dl>\n");
    table_add(page, SCOPE_POSITION, row->item, POSITION_COLUMNS, COUNT(POSITION_COLUMNS));
    buf_puts(out, "</details>\n");
}

static void add_endpoints(const struct page *page)
{
    struct fact_row row;
    buf_puts(page->out, "<h2>Endpoints</h2>\n");
    bool there = table_first(page, SCOPE_ENDPOINT, SIZE_MAX, &row);
    if (!there)
        buf_puts(page->out, "<p>None was found.</p>\n");
    for (; there; there = fact_row_next(&row))
        add_endpoint(page, &row);
}

/* Whose records they are, where several resolvers were asked: the first one's. */
static void add_followed(const struct page *page)
{
    struct fact_row row;
    char first[FACT_TEXT_SIZE], scratch[FACT_TEXT_SIZE];
    const char *followed = NULL;
    bool several = false;
    for (bool there = table_first(page, SCOPE_LOOKUP, SIZE_MAX, &row); there; there = table_next(&row, SIZE_MAX)) {
        const char *resolver = scope_label_value(&row, LOOKUP_RESOLVER, followed == NULL ? first : scratch);
        if (followed == NULL)
            followed = resolver;
        several = several || strcmp(followed, resolver) != 0;
    }
    if (!several || !table_first(page, SCOPE_SRV, SIZE_MAX, &row))
        return;
    buf_puts(page->out, "<p>Those of ");
    table_add_code(page->out, followed);
    buf_puts(page->out, " are followed:</p>\n");
}

bool web_domain_page(const struct status *status, const char *name, struct buf *out)
{
    struct page page = {.one = *status, .now_ms = clock_wall_ms(), .out = out};
    struct domain_status *domain = NULL;
    for (size_t i = 0; i < status->domain_count && domain == NULL; i++) {
        if (strcasecmp(status->domains[i]->name, name) == 0)
            domain = status->domains[i];
    }
    if (domain == NULL) {
        about_missing(&page, "domain", name);
        return false;
    }
    page.one.domains = &domain;
    page.one.domain_count = 1;
    struct subject subject = subject_at(&page.one, SUBJECT_DOMAIN, 0);
    about_begin(&page, &subject);
    page_add_skipped(domain, out);
    about_add_findings(&page, &subject);
    about_add_checks(&page, SCOPE_CHECK);
    buf_puts(out, "<h2>SRV records</h2>\n");
    if (!table_add(&page, SCOPE_LOOKUP, SIZE_MAX, LOOKUP_COLUMNS, COUNT(LOOKUP_COLUMNS)))
        buf_puts(out, "<p>They were not looked up yet.</p>\n");
    add_followed(&page);
    table_add(&page, SCOPE_SRV, SIZE_MAX, RECORD_COLUMNS, COUNT(RECORD_COLUMNS));
    add_endpoints(&page);
    about_add_transitions(&page, SCOPE_TRANSITION);
    page_end(&status->agent, page.now_ms, out);
    return true;
}
