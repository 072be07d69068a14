#include "health/fact.h"

#include <stdio.h>
#include <string.h>

#include "health/combine.h"
#include "health/cp_id.h"

/* Each of these leaves value->present false where nothing was observed. */

static void give_number(struct fact_value *value, double number)
{
    value->present = true;
    value->number = number;
}

static void give_count(struct fact_value *value, uint64_t count)
{
    value->present = true;
    value->count = count;
}

static void give_text(struct fact_value *value, const char *text)
{
    value->present = text != NULL;
    value->text = text;
}

static void give_time_ms(struct fact_value *value, int64_t ms)
{
    if (ms != TIME_ABSENT)
        give_number(value, (double)ms / 1e3);
}

static void give_time_s(struct fact_value *value, int64_t seconds)
{
    if (seconds != TIME_ABSENT)
        give_number(value, (double)seconds);
}

static void give_duration_us(struct fact_value *value, int64_t us)
{
    if (us != DURATION_ABSENT)
        give_number(value, (double)us / 1e6);
}

static void give_tri(struct fact_value *value, enum tri tri)
{
    if (tri != TRI_UNKNOWN)
        give_number(value, tri == TRI_YES);
}

static void give_reason(struct fact_value *value, const struct check_result *check)
{
    give_text(value, reason_info(check->reason)->code);
}

static void give_success(struct fact_value *value, enum state state)
{
    if (state != STATE_UNKNOWN)
        give_number(value, state != STATE_CRITICAL);
}

static void give_count_in(struct fact_value *value, const struct status *status, enum subject_kind kind,
                          enum state state)
{
    give_number(value, (double)subject_count_in(status, kind, state));
}

static void give_ttl(struct fact_value *value, int64_t ttl_s)
{
    if (ttl_s >= 0)
        give_number(value, (double)ttl_s);
}

static void give_records(struct fact_value *value, const struct srv_lookup *lookup)
{
    if (lookup->answered)
        give_number(value, lookup->records);
}

static void give_skipped(struct fact_value *value, const struct domain_result *latest)
{
    if (latest != NULL)
        give_number(value, latest->endpoints_skipped);
}

/* Absent where neither is known. */
static void give_mechanisms(struct fact_value *value, enum tri dialback, enum tri external)
{
    if (dialback == TRI_UNKNOWN && external == TRI_UNKNOWN)
        return;
    if (dialback == TRI_YES)
        give_text(value, external == TRI_YES ? "dialback external" : "dialback");
    else
        give_text(value, external == TRI_YES ? "external" : "none");
}

static void give_algorithm(struct fact_value *value, enum dialback_algorithm algorithm)
{
    if (algorithm != DIALBACK_AUTO)
        give_text(value, dialback_algorithm_name(algorithm));
}

static void give_known(struct fact_value *value, bool known, double number)
{
    if (known)
        give_number(value, number);
}

static void give_count_if(struct fact_value *value, const struct notification_counts *counts, uint64_t count)
{
    if (counts->known)
        give_count(value, count);
}

static void give_choice(struct fact_value *value, unsigned number, const char *text)
{
    give_text(value, text);
    value->number = number;
}

static void give_s2s_count(struct fact_value *value, const struct imp_memory *memory, enum s2s_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < memory->node_count; i++)
        count += memory->nodes[i].kind == kind;
    give_number(value, (double)count);
}

static void give_severity_count(struct fact_value *value, const struct imp_status *node, enum xcp_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < node->verdict.notification_count; i++)
        count += xcp_severity_from_text(node->verdict.notifications[i].severity) == severity;
    give_number(value, (double)count);
}

enum part { PART_MANAGER, PART_COMPONENT, PART_HOST };

/* Absent where the cp_id has not the known form. */
static void give_part(struct fact_value *value, const char *cp_id, enum part part)
{
    struct cp_id parts;
    if (!cp_id_parse(&parts, cp_id))
        return;
    snprintf(value->scratch, sizeof value->scratch, "%s",
             part == PART_MANAGER ? parts.manager : part == PART_COMPONENT ? parts.component : parts.host);
    give_text(value, value->scratch);
}

static const struct check_status *check_of(const struct fact_row *row)
{
    return &row->subject.checks[row->item];
}

static const struct transition *transition_of(const struct fact_row *row)
{
    return &row->subject.history->list[row->item];
}

static const struct domain_result *latest_of(const struct fact_row *row)
{
    return row->subject.domain->latest;
}

static const struct srv_lookup *lookup_of(const struct fact_row *row)
{
    return &latest_of(row)->lookups[row->item];
}

static const struct endpoint_result *endpoint_of(const struct fact_row *row)
{
    return &latest_of(row)->endpoints[row->item];
}

static const struct check_result *stage_of(const struct fact_row *row)
{
    return &endpoint_of(row)->check[row->sub];
}

/* Reads as nothing observed where the endpoint showed no certificate. */
static const struct certificate *certificate_of(const struct fact_row *row)
{
    static const struct certificate none = {.not_before = {TIME_ABSENT, TIME_ABSENT, TIME_ABSENT},
                                            .not_after = {TIME_ABSENT, TIME_ABSENT, TIME_ABSENT}};
    const struct certificate *certificate = endpoint_of(row)->certificate;
    return certificate != NULL ? certificate : &none;
}

/* Reads as nothing observed before the first round. */
static const struct imp_result *round_of(const struct fact_row *row)
{
    static const struct imp_result none = {
        .start_delay_us = DURATION_ABSENT, .login_hold_until_ms = TIME_ABSENT, .router_start_ms = TIME_ABSENT};
    const struct imp_result *latest = row->subject.node->latest;
    return latest != NULL ? latest : &none;
}

static const struct imp_memory *memory_of(const struct fact_row *row)
{
    return row->subject.node->verdict.memory;
}

static const struct imp_account *account_of(const struct fact_row *row)
{
    return &round_of(row)->accounts[row->item];
}

static const struct s2s_node *s2s_node_of(const struct fact_row *row)
{
    return &memory_of(row)->nodes[row->item];
}

/* Reads as nothing for `derived`, which is read from nowhere. */
static const struct xcp_reading *reading_of(const struct fact_row *row)
{
    static const struct xcp_reading none = {.fault = NULL};
    return row->item < XCP_SOURCE_DERIVED ? &round_of(row)->reading[row->item] : &none;
}

static const struct xcp_notification *notification_of(const struct fact_row *row)
{
    return &row->subject.node->verdict.notifications[row->item];
}

#define READER(name, give, ...) \
    static void name(const struct fact_row *row, struct fact_value *value) \
    { \
        give(value, __VA_ARGS__); \
    }

READER(agent_version, give_text, row->status->agent.version)
READER(agent_revision, give_text, row->status->agent.revision)
READER(agent_config_ok, give_tri, row->status->agent.config_ok)
READER(agent_config_loaded, give_time_ms, row->status->agent.config_loaded_ms)
READER(agent_domains, give_number, (double)row->status->domain_count)
READER(agent_domains_ok, give_count_in, row->status, SUBJECT_DOMAIN, STATE_OK)
READER(agent_domains_warning, give_count_in, row->status, SUBJECT_DOMAIN, STATE_WARNING)
READER(agent_domains_critical, give_count_in, row->status, SUBJECT_DOMAIN, STATE_CRITICAL)
READER(agent_domains_unknown, give_count_in, row->status, SUBJECT_DOMAIN, STATE_UNKNOWN)
READER(agent_nodes, give_number, (double)row->status->imp_count)
READER(agent_nodes_ok, give_count_in, row->status, SUBJECT_NODE, STATE_OK)
READER(agent_nodes_warning, give_count_in, row->status, SUBJECT_NODE, STATE_WARNING)
READER(agent_nodes_critical, give_count_in, row->status, SUBJECT_NODE, STATE_CRITICAL)
READER(agent_nodes_unknown, give_count_in, row->status, SUBJECT_NODE, STATE_UNKNOWN)
READER(agent_running, give_number, row->status->agent.checks_running)
READER(agent_loop_lag, give_duration_us, row->status->agent.loop_lag_us)
READER(agent_state_saved, give_tri, row->status->agent.state_saved)
READER(agent_agentx, give_tri, row->status->agent.agentx_connected)
READER(agent_sent, give_count_if, &row->status->agent.notifications, row->status->agent.notifications.sent)
READER(agent_suppressed, give_count_if, &row->status->agent.notifications, row->status->agent.notifications.suppressed)
READER(agent_sequence, give_known, row->status->agent.notifications.known,
       row->status->agent.notifications.last_sequence)

READER(subject_name, give_text, row->subject.name)
READER(subject_state, give_number, row->subject.state)
READER(subject_reason, give_reason, subject_worst(&row->subject))
READER(subject_detail, give_text, subject_worst(&row->subject)->detail)
READER(subject_check, give_text, subject_check_name(&row->subject, row->subject.worst))
READER(subject_since, give_time_ms, row->subject.since_ms)
READER(domain_start_delay, give_duration_us, latest_of(row) ? latest_of(row)->start_delay_us : DURATION_ABSENT)
READER(domain_skipped, give_skipped, latest_of(row))

READER(transition_what, give_text, subject_transition(&row->subject, transition_of(row)))
READER(transition_time, give_time_ms, transition_of(row)->at_ms)
READER(transition_from, give_text, state_name((enum state)transition_of(row)->from))
READER(transition_to, give_text, state_name((enum state)transition_of(row)->to))
READER(transition_reason, give_text, reason_info((enum reason)transition_of(row)->reason)->code)

READER(check_state, give_number, check_of(row)->result.state)
READER(check_status, give_text, state_name(check_of(row)->result.state))
READER(check_reason, give_reason, &check_of(row)->result)
READER(check_detail, give_text, check_of(row)->result.detail)
READER(check_success, give_success, check_of(row)->result.state)
READER(check_duration, give_duration_us, check_of(row)->result.duration_us)
READER(check_interval, give_known, check_of(row)->interval_ms != DURATION_ABSENT,
       (double)check_of(row)->interval_ms / 1e3)
READER(check_runs, give_count, check_of(row)->runs_total)
READER(check_failures, give_count, check_of(row)->failures_total)
READER(check_last_run, give_time_ms, check_of(row)->last_run_ms)
READER(check_last_success, give_time_ms, check_of(row)->last_success_ms)
READER(check_last_change, give_time_ms, check_of(row)->last_change_ms)

READER(lookup_records, give_records, lookup_of(row))
READER(lookup_duration, give_duration_us, lookup_of(row)->duration_us)
READER(service_ttl, give_ttl, lookup_of(row)->ttl_s)

READER(endpoint_target, give_text, endpoint_of(row)->target)
READER(endpoint_port, give_number, endpoint_of(row)->port)
READER(endpoint_address, give_text, endpoint_of(row)->address)
READER(endpoint_transport, give_text, transport_name(endpoint_of(row)->transport))
READER(endpoint_state, give_number, endpoint_worst(endpoint_of(row))->state)
READER(endpoint_success, give_success, endpoint_worst(endpoint_of(row))->state)
READER(endpoint_status, give_text, state_name(endpoint_worst(endpoint_of(row))->state))
READER(endpoint_reason, give_reason, endpoint_worst(endpoint_of(row)))
READER(endpoint_detail, give_text, endpoint_worst(endpoint_of(row))->detail)
READER(endpoint_offer, give_text, starttls_offer_name(endpoint_of(row)->offer))
READER(endpoint_tls_version, give_text, endpoint_of(row)->tls_version)
READER(endpoint_tls_cipher, give_text, endpoint_of(row)->tls_cipher)
READER(endpoint_phase, give_duration_us, endpoint_of(row)->phase_us[row->sub])
READER(endpoint_mechanisms, give_mechanisms, endpoint_of(row)->dialback, endpoint_of(row)->external)
READER(endpoint_auth, give_tri, row->sub == 0 ? endpoint_of(row)->dialback : endpoint_of(row)->external)

READER(endpoint_algorithm, give_algorithm, endpoint_of(row)->dialback_algorithm)

READER(stage_state, give_number, stage_of(row)->state)
READER(stage_reason, give_reason, stage_of(row))
READER(stage_detail, give_text, stage_of(row)->detail)
READER(stage_duration, give_duration_us, stage_of(row)->duration_us)

READER(cert_not_before, give_time_s, certificate_of(row)->not_before[row->sub])
READER(cert_not_after, give_time_s, certificate_of(row)->not_after[row->sub])
READER(cert_leaf_not_after, give_time_s, certificate_of(row)->not_after[CERT_LEAF])
READER(cert_test, give_tri, certificate_of(row)->test[row->sub])
READER(cert_subject, give_text, certificate_of(row)->subject)
READER(cert_issuer, give_text, certificate_of(row)->issuer)
READER(cert_serial, give_text, certificate_of(row)->serial)
READER(cert_fingerprint, give_text, certificate_of(row)->fingerprint_sha256)

READER(node_summary, give_text, row->subject.cause != NULL ? row->subject.cause : subject_worst(&row->subject)->detail)
READER(node_cause, give_text, row->subject.cause)
READER(node_start_delay, give_duration_us, round_of(row)->start_delay_us)
READER(node_version, give_text, round_of(row)->version)
READER(node_axl_version, give_text, round_of(row)->axl_version)
READER(node_http_status, give_known, round_of(row)->http_status != 0, (double)round_of(row)->http_status)
READER(node_login_hold, give_time_ms, round_of(row)->login_hold_until_ms)
READER(node_rows, give_known, round_of(row)->rows_read, (double)round_of(row)->rows_total)
READER(node_rows_seen, give_time_ms, memory_of(row)->rows_seen_ms)
READER(node_rows_changed, give_time_ms, memory_of(row)->rows_changed_ms)
READER(node_router_status, give_text, round_of(row)->router_status)
READER(node_router_start, give_time_ms, round_of(row)->router_start_ms)

READER(account_valid, give_tri, account_of(row)->valid)
READER(account_checked, give_time_ms, account_of(row)->checked_ms)
READER(account_detail, give_text, account_of(row)->detail)

READER(s2s_count, give_s2s_count, memory_of(row), (enum s2s_kind)(row->item + 1))
READER(s2s_cp_id, give_text, s2s_node_of(row)->cp_id)
READER(s2s_kind, give_choice, s2s_node_of(row)->kind, s2s_kind_name(s2s_node_of(row)->kind))
READER(s2s_pkid, give_text, s2s_node_of(row)->pkid)
READER(s2s_first_seen, give_time_ms, s2s_node_of(row)->first_seen_ms)
READER(s2s_manager, give_part, s2s_node_of(row)->cp_id, PART_MANAGER)
READER(s2s_component, give_part, s2s_node_of(row)->cp_id, PART_COMPONENT)
READER(s2s_host, give_part, s2s_node_of(row)->cp_id, PART_HOST)

READER(source_pending, give_tri, row->subject.node->verdict.pending[row->item])
READER(source_read, give_known, reading_of(row)->configured, reading_of(row)->read)
READER(source_fault, give_text, reading_of(row)->fault)
READER(severity_count, give_severity_count, row->subject.node, (enum xcp_severity)row->item)

READER(notification_source, give_text, xcp_source_name(notification_of(row)->source))
READER(notification_severity, give_text, notification_of(row)->severity)
READER(notification_description, give_text, notification_of(row)->description)
READER(notification_origin, give_text, notification_of(row)->origin)
READER(notification_created, give_text, notification_of(row)->created)
READER(notification_count, give_known, notification_of(row)->count >= 0, (double)notification_of(row)->count)

const struct fact FACTS[] = {
#define F(scope, type, metric, unit, key, column, object, read, help) \
    {SCOPE_##scope, FACT_##type, metric, unit, key, column, object, help, read, {NULL}},
#define INFO(scope, metric, help, ...) \
    {SCOPE_##scope, FACT_INFO, metric, NULL, NULL, 0, NULL, help, NULL, {__VA_ARGS__}},
#include "health/facts.def"
#undef F
#undef INFO
};
const size_t FACT_COUNT = sizeof FACTS / sizeof FACTS[0];

void fact_read(const struct fact *fact, const struct fact_row *row, struct fact_value *value)
{
    value->present = false;
    value->number = 0; /* compilers look at them before they know that nothing is present */
    value->count = 0;
    if (fact->read != NULL)
        fact->read(row, value);
}

const struct fact *fact_by_key(enum fact_scope scope, const char *key)
{
    for (size_t i = 0; i < FACT_COUNT; i++) {
        if (FACTS[i].scope == scope && FACTS[i].key != NULL && strcmp(FACTS[i].key, key) == 0)
            return &FACTS[i];
    }
    return NULL;
}
