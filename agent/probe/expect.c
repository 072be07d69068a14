#include "probe/expect.h"

#include <string.h>

bool expect_starttls_differs(enum expect_starttls expect, enum starttls_offer offer)
{
    switch (expect) {
    case EXPECT_STARTTLS_ANY: return false;
    case EXPECT_STARTTLS_REQUIRED: return offer != OFFER_REQUIRED;
    case EXPECT_STARTTLS_OPTIONAL: return offer != OFFER_OPTIONAL;
    case EXPECT_STARTTLS_NONE: return offer != OFFER_NONE;
    }
    return false;
}

const char *expect_starttls_name(enum expect_starttls expect)
{
    switch (expect) {
    case EXPECT_STARTTLS_ANY: return "any";
    case EXPECT_STARTTLS_REQUIRED: return "required";
    case EXPECT_STARTTLS_OPTIONAL: return "optional";
    case EXPECT_STARTTLS_NONE: return "none";
    }
    return "any";
}

static bool is_same(const struct host_port *wanted, const struct srv_record *record)
{
    return wanted->port == record->port && strcmp(wanted->host, record->target) == 0;
}

/* Whether the record counts: a lone "." names nobody, and a place is told once, whichever services name it. */
static bool is_told(const struct domain_result *result, size_t at)
{
    const struct srv_record *record = &result->records[at];
    for (size_t i = 0; i < at; i++) {
        if (result->records[i].port == record->port && strcmp(result->records[i].target, record->target) == 0)
            return false;
    }
    return record->target[0] != '\0';
}

static void add_target(struct buf *text, const char *what, const char *target, unsigned port)
{
    buf_printf(text, "%s%s %s:%u", text->length ? ", " : "", what, target, port);
}

void expect_srv_compare(const struct config_domain *domain, const struct domain_result *result, struct buf *text)
{
    for (size_t i = 0; i < domain->expect_srv_count; i++) {
        const struct host_port *wanted = &domain->expect_srv[i];
        bool found = false;
        for (size_t j = 0; j < result->record_count; j++)
            found = found || is_same(wanted, &result->records[j]);
        if (!found)
            add_target(text, "missing", wanted->host, wanted->port);
    }
    for (size_t j = 0; j < result->record_count; j++) {
        const struct srv_record *record = &result->records[j];
        bool found = !is_told(result, j);
        for (size_t i = 0; i < domain->expect_srv_count; i++)
            found = found || is_same(&domain->expect_srv[i], record);
        if (!found)
            add_target(text, "unexpected", record->target, record->port);
    }
}
