/* The rows of each scope, and the labels that tell them apart. */
#include <stdio.h>

#include "base/text.h"
#include "health/fact.h"

_Static_assert(TEXT_HOST_PORT_SIZE <= FACT_TEXT_SIZE, "a label must hold a host and its port");

static const char *const MECHANISMS[] = {"dialback", "external"};
#define MECHANISM_COUNT 2

static const struct endpoint_result *endpoint_of(const struct fact_row *row)
{
    return &row->domain->latest->endpoints[row->item];
}

size_t fact_item_count(enum fact_scope scope, const struct domain_status *domain)
{
    const struct domain_result *latest = domain->latest;
    switch (scope) {
    case SCOPE_DOMAIN: return 1;
    case SCOPE_CHECK: return CHECK_COUNT;
    case SCOPE_TRANSITION: return domain->history.count;
    case SCOPE_LOOKUP:
    case SCOPE_SERVICE: return latest ? SERVICE_COUNT : 0;
    case SCOPE_SRV: return latest ? latest->record_count : 0;
    case SCOPE_ENDPOINT:
    case SCOPE_PHASE:
    case SCOPE_MECHANISM:
    case SCOPE_POSITION:
    case SCOPE_TEST:
    case SCOPE_STAGE: return latest ? latest->endpoint_count : 0;
    case SCOPE_AGENT:
    case SCOPE_COUNT: break;
    }
    return 0;
}

bool scope_is_of_endpoint(enum fact_scope scope)
{
    return scope >= SCOPE_ENDPOINT;
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

/* False for places that stand for nothing: a service that was not asked for, an endpoint without a certificate, a check
 * that an endpoint did not reach. */
static bool row_exists(const struct fact_row *row)
{
    switch (row->scope) {
    case SCOPE_LOOKUP:
    case SCOPE_SERVICE: return row->domain->latest->lookup[row->item].made;
    case SCOPE_POSITION:
    case SCOPE_TEST: return endpoint_of(row)->certificate != NULL;
    case SCOPE_STAGE: return endpoint_of(row)->reached[row->sub];
    default: return true;
    }
}

/* From the present place, moves to the first that holds a row. */
static bool settle(struct fact_row *row)
{
    for (; row->domain_at < row->status->domain_count; row->domain_at++, row->item = row->sub = 0) {
        row->domain = row->status->domains[row->domain_at];
        for (; row->item < fact_item_count(row->scope, row->domain); row->item++, row->sub = 0) {
            for (; row->sub < sub_count(row->scope); row->sub++) {
                if (row_exists(row))
                    return true;
            }
        }
    }
    return false;
}

bool fact_row_seek(struct fact_row *row, enum fact_scope scope, const struct status *status, size_t domain_at,
                   size_t item)
{
    *row = (struct fact_row){.status = status, .scope = scope, .domain_at = domain_at, .item = item};
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
    LABEL_COUNT
};

static const char *const LABEL_NAMES[LABEL_COUNT] = {
    [LABEL_DOMAIN] = "domain",       [LABEL_CHECK] = "check",         [LABEL_SERVICE] = "service",
    [LABEL_RESOLVER] = "resolver",   [LABEL_TARGET] = "target",       [LABEL_PORT] = "port",
    [LABEL_PRIORITY] = "priority",   [LABEL_WEIGHT] = "weight",       [LABEL_ENDPOINT] = "endpoint",
    [LABEL_ADDRESS] = "address",     [LABEL_TRANSPORT] = "transport", [LABEL_PHASE] = "phase",
    [LABEL_MECHANISM] = "mechanism", [LABEL_POSITION] = "position",   [LABEL_TEST] = "test",
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

const char *scope_label_value(const struct fact_row *row, size_t label, char scratch[FACT_TEXT_SIZE])
{
    const struct domain_result *latest = row->domain->latest;
    switch (SCOPES[row->scope].labels[label]) {
    case LABEL_DOMAIN: return row->domain->name;
    case LABEL_CHECK: return check_name((enum check)(row->scope == SCOPE_STAGE ? row->sub : row->item));
    case LABEL_SERVICE:
        return service_name(row->scope == SCOPE_SRV ? latest->records[row->item].service : (enum service)row->item);
    case LABEL_RESOLVER: return latest->lookup[row->item].resolver;
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
    case LABEL_COUNT: break;
    }
    return "";
}
