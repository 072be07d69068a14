#include "health/imp_cause.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "health/combine.h"
#include "health/ping.h"
#include "health/subject.h"

/* Lines are short enough to stand whole in fhImpDetail, which holds 255 bytes: the remedies of reasons.def say more. */
#define EXPRESSWAY_ACCOUNT "Configuration > Unified Communications > IM and Presence Servers"
#define ROUTER_MENU "Tools > Control Center - Network Services"

/* What to do about a stage at which an own domain fails. */
static const struct {
    enum check check;
    const char *remedy;
} STAGES[] = {
    {CHECK_SRV, "correct its SRV records in public DNS: port 5269 of Expressway-E"},
    {CHECK_CONNECT, "open TCP port 5269 to Expressway-E, and see that federation is on"},
    {CHECK_STREAM, "see what answers there, and that Expressway-C federates it"},
    {CHECK_STARTTLS, "see Expressway-E's security mode, and its certificate"},
};

static bool is_good(const struct check_status *check)
{
    return check->result.state == STATE_OK || check->result.state == STATE_WARNING;
}

static enum reason reason_of(const struct imp_status *node, enum imp_check check)
{
    return node->check[check].result.reason;
}

/* Whether what should be in the table is there. More than that, or other rows at other nodes, is another matter. */
static bool has_rows(const struct imp_status *node)
{
    switch (reason_of(node, IMP_S2SNODE)) {
    case REASON_OK:
    case REASON_S2SNODE_UNEXPECTED:
    case REASON_S2SNODE_DIFFERS: return true;
    default: return false;
    }
}

/* Every check is ok, or says nothing. */
static bool is_all_good(const struct imp_status *node)
{
    for (int i = 0; i < IMP_CHECK_COUNT; i++) {
        const struct check_result *result = &node->check[i].result;
        if (result->state != STATE_OK && !combine_is_neutral(result->reason))
            return false;
    }
    return true;
}

static char *rejected_account(const struct imp_status *node)
{
    const struct imp_account *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < node->latest->account_count; i++) {
        if (node->latest->accounts[i].valid != TRI_NO)
            continue;
        first = first == NULL ? &node->latest->accounts[i] : first;
        count++;
    }
    if (first == NULL)
        return NULL;
    char *more = count > 1 ? mem_printf(" (and of %zu more)", count - 1) : mem_strdup("");
    char *cause = mem_printf("%s rejects the account %s%s (401), so Expressway-C cannot write to it: correct it on "
                             "Expressway-C (" EXPRESSWAY_ACCOUNT "), refresh the discovery, and update password_file",
                             node->name, first->name, more);
    free(more);
    return cause;
}

static char *empty_table(const struct imp_status *node, const struct imp_expect *expect)
{
    if (!is_good(&node->check[IMP_AXL]) || !expect->federation || !node->latest->rows_read ||
        node->latest->rows_total > 0)
        return NULL;
    return mem_printf("Expressway-C has not written to %s: its table xmpps2snode is empty, though AXL works. Check "
                      "its account: if its log has Status=\"401\", correct the password there and refresh the "
                      "discovery; else see that federation is On",
                      node->name);
}

static char *restart_pending(const struct imp_status *node)
{
    if (!has_rows(node) || reason_of(node, IMP_XCP_RESTART) != REASON_XCP_RESTART_PENDING)
        return NULL;
    return mem_printf("The table of %s is right, but the XCP Router waits for a restart: restart the XCP Router on %s "
                      "(" ROUTER_MENU "); if packets still bounce, restart the IM and Presence cluster",
                      node->name, node->name);
}

/* An own domain and the stage at which it fails; the worst of them, and of these the first. */
struct failure {
    const struct domain_status *domain; /* NULL: none */
    size_t stage;                       /* in STAGES */
    enum state state;
};

static struct failure find_failure(const struct imp_expect *expect, const struct status *status)
{
    struct failure worst = {.domain = NULL, .state = STATE_UNKNOWN};
    for (size_t i = 0; i < expect->domain_count; i++) {
        const struct domain_status *domain = subject_find_domain(status, expect->domains[i]);
        for (size_t stage = 0; domain != NULL && stage < sizeof STAGES / sizeof *STAGES; stage++) {
            enum state state = domain->check[STAGES[stage].check].result.state;
            if (state_worse(state, worst.state)) /* what is only unknown does not count */
                worst = (struct failure){domain, stage, state};
        }
    }
    return worst;
}

static char *failing_domain(const struct imp_status *node, const struct imp_expect *expect, const struct status *status)
{
    const struct failure worst = find_failure(expect, status);
    if (worst.domain == NULL || !expect->federation || !has_rows(node) ||
        reason_of(node, IMP_XCP_RESTART) == REASON_XCP_RESTART_PENDING ||
        reason_of(node, IMP_XCP_ROUTER) == REASON_XCP_ROUTER_STOPPED)
        return NULL;
    const enum check check = STAGES[worst.stage].check;
    const char *code = reason_info(worst.domain->check[check].result.reason)->code;
    return mem_printf("%s has its rows, and no restart is known to be due, but partners %s get through to %s: check %s "
                      "is %s (%s): %s",
                      node->name, worst.state == STATE_CRITICAL ? "do not" : "may not", worst.domain->name,
                      check_name(check), state_name(worst.state), code, STAGES[worst.stage].remedy);
}

static bool is_own(const struct imp_expect *expect, const char *domain)
{
    for (size_t i = 0; i < expect->domain_count; i++) {
        if (strcmp(expect->domains[i], domain) == 0)
            return true;
    }
    return false;
}

/* A ping belongs to the partner's domain, but it goes out through the nodes that serve the account's. */
struct bounce {
    const struct domain_status *domain; /* the first partner's whose ping bounces; NULL: none */
    enum reason reason;
    bool through; /* another ping was answered */
};

static void note_pings(struct bounce *bounce, const struct imp_expect *expect, const struct domain_status *domain)
{
    for (size_t i = 0; domain->latest != NULL && i < domain->latest->ping_count; i++) {
        const struct ping_result *ping = &domain->latest->pings[i];
        if (!is_own(expect, ping->server))
            continue;
        bounce->through |= ping->check.state == STATE_OK;
        if (bounce->domain == NULL && ping->check.state == STATE_CRITICAL && ping_is_bounce(ping->check.reason)) {
            bounce->domain = domain;
            bounce->reason = ping->check.reason;
        }
    }
}

/* A router that bounces does so to every partner: where one is reached, the fault lies with another, or on the way. */
static char *bouncing_ping(const struct imp_status *node, const struct imp_expect *expect, const struct status *status)
{
    struct bounce bounce = {.domain = NULL};
    if (!expect->federation || !is_all_good(node))
        return NULL;
    for (size_t i = 0; i < status->domain_count; i++)
        note_pings(&bounce, expect, status->domains[i]);
    if (bounce.domain == NULL || bounce.through)
        return NULL;
    return mem_printf("All checks of %s are good, but the ping to %s bounces (%s): the XCP Router bounces "
                      "packets without a notification: restart it; if that does not help, the cluster",
                      node->name, bounce.domain->name, reason_info(bounce.reason)->code);
}

char *imp_cause(const struct imp_status *node, const struct imp_expect *expect, const struct status *status)
{
    if (node->latest == NULL)
        return NULL;
    char *cause = rejected_account(node);
    if (cause == NULL)
        cause = empty_table(node, expect);
    if (cause == NULL)
        cause = restart_pending(node);
    if (cause == NULL)
        cause = failing_domain(node, expect, status);
    if (cause == NULL)
        cause = bouncing_ping(node, expect, status);
    return cause;
}
