/* The rows of each scope, and the labels that tell them apart. */
#include <stdio.h>

#include "base/text.h"
#include "health/fact.h"

_Static_assert(TEXT_HOST_PORT_SIZE <= FACT_TEXT_SIZE, "a label must hold a host and its port");

static const char *const MECHANISMS[] = {"dialback", "external"};
#define MECHANISM_COUNT 2

static const struct endpoint_result *endpoint_of(const struct fact_row *row)
{
    return &row->subject.domain->latest->endpoints[row->item];
}

static size_t domain_item_count(enum fact_scope scope, const struct domain_result *latest)
{
    if (latest == NULL)
        return 0;
    switch (scope) {
    case SCOPE_LOOKUP: return latest->lookup_count;
    case SCOPE_SERVICE: return latest->lookup_count > 0 ? SERVICE_COUNT : 0; /* of the first resolver */
    case SCOPE_SRV: return latest->record_count;
    default: return latest->endpoint_count;
    }
}

static bool table_was_read(const struct imp_status *node)
{
    return node->verdict.memory->rows_seen_ms != TIME_ABSENT;
}

/* Whether the node's own page or query was read, or another node's page names it. */
static bool notifications_known(const struct imp_status *node)
{
    bool known = node->verdict.notification_count > 0;
    for (int i = 0; i < XCP_SOURCE_DERIVED && !known; i++)
        known = node->latest != NULL && node->latest->reading[i].read;
    return known;
}

static size_t node_item_count(enum fact_scope scope, const struct imp_status *node)
{
    switch (scope) {
    case SCOPE_ACCOUNT: return node->latest ? node->latest->account_count : 0;
    case SCOPE_S2S_KIND: return table_was_read(node) ? S2S_KIND_COUNT : 0;
    case SCOPE_S2S_NODE:
    case SCOPE_S2S_ROW: return table_was_read(node) ? node->verdict.memory->node_count : 0;
    case SCOPE_SOURCE: return node->latest ? XCP_SOURCE_COUNT : 0;
    case SCOPE_SEVERITY: return notifications_known(node) ? XCP_SEVERITY_COUNT : 0;
    default: return node->verdict.notification_count;
    }
}

size_t fact_item_count(const struct fact_row *row)
{
    switch (row->scope) {
    case SCOPE_DOMAIN:
    case SCOPE_IMP: return 1;
    case SCOPE_CHECK:
    case SCOPE_IMP_CHECK: return row->subject.check_count;
    case SCOPE_TRANSITION:
    case SCOPE_IMP_TRANSITION: return row->subject.history->count;
    default: break;
    }
    return row->subject.node != NULL ? node_item_count(row->scope, row->subject.node)
                                     : domain_item_count(row->scope, row->subject.domain->latest);
}

bool scope_is_of_endpoint(enum fact_scope scope)
{
    return scope >= SCOPE_ENDPOINT && scope <= SCOPE_STAGE;
}

enum subject_kind scope_kind(enum fact_scope scope)
{
    return scope >= SCOPE_IMP ? SUBJECT_NODE : SUBJECT_DOMAIN;
}

static size_t sub_count(enum fact_scope scope)
{
    switch (scope) {
    case SCOPE_PHASE: return PHASE_COUNT;
    case SCOPE_MECHANISM: return MECHANISM_COUNT;
    case SCOPE_POSITION: return CERT_POSITION_COUNT;
    case SCOPE_TEST: return CERT_TEST_COUNT;
    case SCOPE_STAGE: return CHECK_COUNT;
    default: return 1;
    }
}

/* False for places that stand for nothing: an endpoint without a certificate, a check that an endpoint did not reach, a
 * component that is missing in the table, a source that is neither configured nor another node's, whose page names this
 * one. */
static bool row_exists(const struct fact_row *row)
{
    switch (row->scope) {
    case SCOPE_POSITION:
    case SCOPE_TEST: return endpoint_of(row)->certificate != NULL;
    case SCOPE_STAGE: return endpoint_of(row)->reached[row->sub];
    case SCOPE_S2S_ROW: return row->subject.node->verdict.memory->nodes[row->item].in_table;
    case SCOPE_SOURCE:
        return row->item == XCP_SOURCE_DERIVED || row->subject.node->latest->reading[row->item].configured ||
               row->subject.node->verdict.pending[row->item] != TRI_UNKNOWN;
    default: return true;
    }
}

/* From the present place, moves to the first that holds a row. */
static bool settle(struct fact_row *row)
{
    enum subject_kind kind = scope_kind(row->scope);
    for (; row->target_at < subject_count(row->status, kind); row->target_at++, row->item = row->sub = 0) {
        row->subject = subject_at(row->status, kind, row->target_at);
        for (size_t items = fact_item_count(row); row->item < items; row->item++, row->sub = 0) {
            for (; row->sub < sub_count(row->scope); row->sub++) {
                if (row_exists(row))
                    return true;
            }
        }
    }
    return false;
}

struct fact_row fact_row_of(enum fact_scope scope, const struct status *status, size_t target_at)
{
    return (struct fact_row){.status = status,
                             .scope = scope,
                             .target_at = target_at,
                             .subject = subject_at(status, scope_kind(scope), target_at)};
}

bool fact_row_seek(struct fact_row *row, enum fact_scope scope, const struct status *status, size_t target_at,
                   size_t item)
{
    *row = (struct fact_row){.status = status, .scope = scope, .target_at = target_at, .item = item};
    return settle(row);
}

bool fact_row_first(struct fact_row *row, enum fact_scope scope, const struct status *status)
{
    *row = (struct fact_row){.status = status, .scope = scope};
    return scope == SCOPE_AGENT || settle(row);
}

bool fact_row_next(struct fact_row *row)
{
    if (row->scope == SCOPE_AGENT)
        return false;
    row->sub++;
    return settle(row);
}

enum label {
    LABEL_DOMAIN,
    LABEL_CHECK,
    LABEL_SERVICE,
    LABEL_RESOLVER,
    LABEL_TARGET,
    LABEL_PORT,
    LABEL_PRIORITY,
    LABEL_WEIGHT,
    LABEL_ENDPOINT,
    LABEL_ADDRESS,
    LABEL_TRANSPORT,
    LABEL_PHASE,
    LABEL_MECHANISM,
    LABEL_POSITION,
    LABEL_TEST,
    LABEL_NODE,
    LABEL_ACCOUNT,
    LABEL_KIND,
    LABEL_CP_ID,
    LABEL_SOURCE,
    LABEL_SEVERITY,
    LABEL_COUNT
};

static const char *const LABEL_NAMES[LABEL_COUNT] = {
    [LABEL_DOMAIN] = "domain",       [LABEL_CHECK] = "check",         [LABEL_SERVICE] = "service",
    [LABEL_RESOLVER] = "resolver",   [LABEL_TARGET] = "target",       [LABEL_PORT] = "port",
    [LABEL_PRIORITY] = "priority",   [LABEL_WEIGHT] = "weight",       [LABEL_ENDPOINT] = "endpoint",
    [LABEL_ADDRESS] = "address",     [LABEL_TRANSPORT] = "transport", [LABEL_PHASE] = "phase",
    [LABEL_MECHANISM] = "mechanism", [LABEL_POSITION] = "position",   [LABEL_TEST] = "test",
    [LABEL_NODE] = "node",           [LABEL_ACCOUNT] = "account",     [LABEL_KIND] = "kind",
    [LABEL_CP_ID] = "cp_id",         [LABEL_SOURCE] = "source",       [LABEL_SEVERITY] = "severity",
};

#define OF_ENDPOINT LABEL_DOMAIN, LABEL_ENDPOINT, LABEL_ADDRESS, LABEL_TRANSPORT

static const struct {
    size_t count;
    enum label labels[FACT_MAX_LABELS];
} SCOPES[SCOPE_COUNT] = {
    [SCOPE_AGENT] = {0, {0}},
    [SCOPE_DOMAIN] = {1, {LABEL_DOMAIN}},
    [SCOPE_CHECK] = {2, {LABEL_DOMAIN, LABEL_CHECK}},
    [SCOPE_TRANSITION] = {1, {LABEL_DOMAIN}},
    [SCOPE_LOOKUP] = {3, {LABEL_DOMAIN, LABEL_SERVICE, LABEL_RESOLVER}},
    [SCOPE_SERVICE] = {2, {LABEL_DOMAIN, LABEL_SERVICE}},
    [SCOPE_SRV] = {6, {LABEL_DOMAIN, LABEL_SERVICE, LABEL_TARGET, LABEL_PORT, LABEL_PRIORITY, LABEL_WEIGHT}},
    [SCOPE_ENDPOINT] = {4, {OF_ENDPOINT}},
    [SCOPE_PHASE] = {5, {OF_ENDPOINT, LABEL_PHASE}},
    [SCOPE_MECHANISM] = {5, {OF_ENDPOINT, LABEL_MECHANISM}},
    [SCOPE_POSITION] = {5, {OF_ENDPOINT, LABEL_POSITION}},
    [SCOPE_TEST] = {5, {OF_ENDPOINT, LABEL_TEST}},
    [SCOPE_STAGE] = {5, {OF_ENDPOINT, LABEL_CHECK}},
    [SCOPE_IMP] = {1, {LABEL_NODE}},
    [SCOPE_IMP_CHECK] = {2, {LABEL_NODE, LABEL_CHECK}},
    [SCOPE_IMP_TRANSITION] = {1, {LABEL_NODE}},
    [SCOPE_ACCOUNT] = {2, {LABEL_NODE, LABEL_ACCOUNT}},
    [SCOPE_S2S_KIND] = {2, {LABEL_NODE, LABEL_KIND}},
    [SCOPE_S2S_NODE] = {2, {LABEL_NODE, LABEL_CP_ID}},
    [SCOPE_S2S_ROW] = {2, {LABEL_NODE, LABEL_CP_ID}},
    [SCOPE_SOURCE] = {2, {LABEL_NODE, LABEL_SOURCE}},
    [SCOPE_SEVERITY] = {2, {LABEL_NODE, LABEL_SEVERITY}},
    [SCOPE_NOTIFICATION] = {1, {LABEL_NODE}},
};

size_t scope_label_count(enum fact_scope scope)
{
    return SCOPES[scope].count;
}

const char *scope_label_name(enum fact_scope scope, size_t label)
{
    return LABEL_NAMES[SCOPES[scope].labels[label]];
}

static const char *number(unsigned value, char scratch[FACT_TEXT_SIZE])
{
    snprintf(scratch, FACT_TEXT_SIZE, "%u", value);
    return scratch;
}

/* Of a scope whose rows belong to a domain and are no checks. */
static const char *domain_label_value(const struct fact_row *row, enum label label, char scratch[FACT_TEXT_SIZE])
{
    const struct domain_result *latest = row->subject.domain->latest;
    switch (label) {
    case LABEL_SERVICE:
        return service_name(row->scope == SCOPE_SRV ? latest->records[row->item].service
                                                    : latest->lookups[row->item].service);
    case LABEL_RESOLVER: return latest->lookups[row->item].resolver;
    case LABEL_TARGET: return latest->records[row->item].target;
    case LABEL_PORT: return number(latest->records[row->item].port, scratch);
    case LABEL_PRIORITY: return number(latest->records[row->item].priority, scratch);
    case LABEL_WEIGHT: return number(latest->records[row->item].weight, scratch);
    case LABEL_ENDPOINT:
        return text_host_port(scratch, endpoint_of(row)->target, endpoint_of(row)->port);
    case LABEL_ADDRESS: return endpoint_of(row)->address;
    case LABEL_TRANSPORT: return transport_name(endpoint_of(row)->transport);
    case LABEL_PHASE: return phase_name((enum phase)row->sub);
    case LABEL_MECHANISM: return MECHANISMS[row->sub];
    case LABEL_POSITION: return cert_position_name((enum cert_position)row->sub);
    case LABEL_TEST: return cert_test_name((enum cert_test)row->sub);
    default: return "";
    }
}

static const char *node_label_value(const struct fact_row *row, enum label label)
{
    const struct imp_status *node = row->subject.node;
    switch (label) {
    case LABEL_ACCOUNT: return node->latest->accounts[row->item].name;
    case LABEL_KIND: return s2s_kind_name((enum s2s_kind)(row->item + 1));
    case LABEL_CP_ID: return node->verdict.memory->nodes[row->item].cp_id;
    case LABEL_SOURCE: return xcp_source_name((enum xcp_source)row->item);
    case LABEL_SEVERITY: return xcp_severity_name((enum xcp_severity)row->item);
    default: return "";
    }
}

const char *scope_label_value(const struct fact_row *row, size_t label, char scratch[FACT_TEXT_SIZE])
{
    enum label which = SCOPES[row->scope].labels[label];
    if (which == LABEL_DOMAIN || which == LABEL_NODE)
        return row->subject.name;
    if (which == LABEL_CHECK)
        return subject_check_name(&row->subject, row->scope == SCOPE_STAGE ? row->sub : row->item);
    return row->subject.node != NULL ? node_label_value(row, which) : domain_label_value(row, which, scratch);
}
