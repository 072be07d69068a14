#include <stddef.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "exporters/web/web.h"
#include "health/combine.h"
#include "health/fact.h"

#define WIDTH 80
#define INDENT 4
#define PIECE_MAX (64u << 20)

/* Says nothing that an administrator would act on or miss. */
static bool is_silent(const struct check_result *result)
{
    return result->reason == REASON_NOT_CONFIGURED;
}

static void report_advice(FILE *out, const char *heading, const char *text)
{
    int column = fprintf(out, "%*s%-9s", INDENT, "", heading);
    cli_write_wrapped(out, text, (size_t)column, (size_t)column, WIDTH);
}

static void report_check(FILE *out, const char *name, const struct check_result *result)
{
    const struct reason_info *info = reason_info(result->reason);
    bool good = result->state == STATE_OK;
    fprintf(out, "  %-12s %-9s", name, state_name(result->state));
    if (result->duration_us != DURATION_ABSENT)
        fprintf(out, "%7.1f ms", (double)result->duration_us / 1e3);
    else
        fprintf(out, "%10s", "");
    if (!good)
        fprintf(out, "  %s", info->code);
    if (result->detail != NULL)
        fprintf(out, "%s%s", good ? "  " : ": ", result->detail);
    putc('\n', out);
    if (good || result->reason == REASON_NOT_REACHED || result->reason == REASON_NOT_APPLICABLE)
        return;
    report_advice(out, "meaning", info->meaning);
    report_advice(out, "cause", info->cause);
    report_advice(out, "remedy", info->remedy);
}

static bool is_like(const struct check_result *a, const struct check_result *b)
{
    return a->state == b->state && a->reason == b->reason;
}

static const struct check_result *worst_of(const struct fact_row *row)
{
    return endpoint_worst(&row->subject.domain->latest->endpoints[row->item]);
}

static void report_verdict(FILE *out, const struct check_result *worst)
{
    fprintf(out, "%s", state_name(worst->state));
    if (worst->state != STATE_OK)
        fprintf(out, " %s", reason_info(worst->reason)->code);
    putc('\n', out);
}

/* "xmpp.example.org:5269 (192.0.2.1) starttls: critical connect_refused" */
static void report_endpoint(FILE *out, const struct fact_row *row)
{
    char scratch[FACT_TEXT_SIZE];
    fprintf(out, "%*s%s", INDENT, "", scope_label_value(row, 1, scratch));
    fprintf(out, " (%s)", scope_label_value(row, 2, scratch));
    fprintf(out, " %s: ", scope_label_value(row, 3, scratch));
    report_verdict(out, worst_of(row));
}

/* How many there are; and where they are not all alike, each that says something else than the domain as a whole. */
static void report_endpoints(FILE *out, const struct status *status, size_t domain_at)
{
    struct domain_status *domain = status->domains[domain_at];
    const struct status one = {.domains = &domain, .domain_count = 1};
    const struct domain_result *latest = domain->latest;
    const struct check_result verdict = {.state = domain->state,
                                         .reason = domain->check[domain->worst].result.reason};
    struct fact_row row;
    if (latest == NULL || latest->endpoint_count + latest->endpoints_skipped < 2)
        return;
    fprintf(out, "  %-12s %zu checked", "endpoints", latest->endpoint_count);
    if (latest->endpoints_skipped > 0)
        fprintf(out, ", %u more not: the domain has more than agent.max_endpoints", latest->endpoints_skipped);
    bool alike = true;
    for (size_t i = 1; i < latest->endpoint_count; i++)
        alike = alike && is_like(endpoint_worst(&latest->endpoints[i]), endpoint_worst(&latest->endpoints[0]));
    if (alike && latest->endpoint_count > 0) {
        fprintf(out, ", %s ", latest->endpoint_count > 1 ? "all" : "it is");
        report_verdict(out, endpoint_worst(&latest->endpoints[0]));
        return;
    }
    putc('\n', out);
    for (bool there = fact_row_first(&row, SCOPE_ENDPOINT, &one); there; there = fact_row_next(&row)) {
        if (!is_like(worst_of(&row), &verdict))
            report_endpoint(out, &row);
    }
}

/* Everything that was checked: the domains, and then the nodes. */
static size_t count_all(const struct status *status)
{
    return status->domain_count + status->imp_count;
}

static struct subject one_of_all(const struct status *status, size_t at)
{
    bool is_node = at >= status->domain_count;
    return subject_at(status, is_node ? SUBJECT_NODE : SUBJECT_DOMAIN, is_node ? at - status->domain_count : at);
}

void report_text(FILE *out, const struct status *status)
{
    for (size_t i = 0; i < count_all(status); i++) {
        struct subject subject = one_of_all(status, i);
        fprintf(out, "%s%s: %s\n", i > 0 ? "\n" : "", subject.name, state_name(subject.state));
        if (subject.cause != NULL) {
            int column = fprintf(out, "  cause: ");
            cli_write_wrapped(out, subject.cause, (size_t)column, (size_t)column, WIDTH);
        }
        for (size_t check = 0; check < subject.check_count; check++) {
            if (!is_silent(&subject.checks[check].result))
                report_check(out, subject_check_name(&subject, check), &subject.checks[check].result);
        }
        if (subject.domain != NULL)
            report_endpoints(out, status, i);
    }
}

/* '|' starts the perfdata, so it may not come from a peer's text. */
static void put_plain(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        putc(*text == '|' ? ' ' : *text, out);
}

/* The combined cause where there is one, since it says what to do; else what the worst check found. */
static void report_problem(FILE *out, const struct subject *subject)
{
    const struct check_result *result = subject_worst(subject);
    const char *more = subject->cause != NULL ? subject->cause : result->detail;
    fprintf(out, "; %s: %s at %s", subject->name, reason_info(result->reason)->code,
            subject_check_name(subject, subject->worst));
    if (more != NULL) {
        fputs(", ", out);
        put_plain(out, more);
    }
}

static void report_perfdata(FILE *out, const struct subject *subject)
{
    for (size_t check = 0; check < subject->check_count; check++) {
        int64_t duration_us = subject->checks[check].result.duration_us;
        if (duration_us != DURATION_ABSENT)
            fprintf(out, " '%s_%s'=%.6fs;;;0", subject->name, subject_check_name(subject, check),
                    (double)duration_us / 1e6);
    }
}

enum state report_worst(const struct status *status)
{
    enum state worst = STATE_OK;
    for (size_t i = 0; i < count_all(status); i++) {
        enum state state = one_of_all(status, i).state;
        if (state_worse(state, worst))
            worst = state;
    }
    return worst;
}

void report_nagios(FILE *out, const struct status *status)
{
    static const char *const WORDS[] = {
        [STATE_OK] = "OK", [STATE_WARNING] = "WARNING", [STATE_CRITICAL] = "CRITICAL", [STATE_UNKNOWN] = "UNKNOWN"};
    size_t good = subject_count_in(status, SUBJECT_DOMAIN, STATE_OK) + subject_count_in(status, SUBJECT_NODE, STATE_OK);
    fprintf(out, "FEDHEALTH %s - %zu of %zu ok", WORDS[report_worst(status)], good, count_all(status));
    static const enum state WORST_FIRST[] = {STATE_CRITICAL, STATE_WARNING, STATE_UNKNOWN};
    for (size_t at = 0; at < sizeof WORST_FIRST / sizeof WORST_FIRST[0]; at++) {
        for (size_t i = 0; i < count_all(status); i++) {
            struct subject subject = one_of_all(status, i);
            if (subject.state == WORST_FIRST[at])
                report_problem(out, &subject);
        }
    }
    fputs(" |", out);
    for (size_t i = 0; i < count_all(status); i++) {
        struct subject subject = one_of_all(status, i);
        report_perfdata(out, &subject);
    }
    putc('\n', out);
}

void report_json(FILE *out, const struct status *status)
{
    struct web_json *json = web_json_new(status);
    struct buf piece;
    buf_init(&piece, PIECE_MAX);
    while (web_json_next(json, &piece)) {
        fwrite(piece.data, 1, piece.length, out);
        buf_clear(&piece);
    }
    buf_fini(&piece);
    web_json_free(json);
}
