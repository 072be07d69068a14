#include "health/fact.h"

#include <string.h>

#include "health/combine.h"

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

static void give_domain_count(struct fact_value *value, const struct status *status, enum state state)
{
    size_t count = 0;
    for (size_t i = 0; i < status->domain_count; i++)
        count += status->domains[i]->state == state;
    give_number(value, (double)count);
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

static const struct check_status *check_of(const struct fact_row *row)
{
    return &row->domain->check[row->item];
}

static const struct check_status *worst_of(const struct fact_row *row)
{
    return &row->domain->check[row->domain->worst];
}

static const struct transition *transition_of(const struct fact_row *row)
{
    return &row->domain->history.list[row->item];
}

static const struct srv_lookup *lookup_of(const struct fact_row *row)
{
    return &row->domain->latest->lookup[row->item];
}

static const struct endpoint_result *endpoint_of(const struct fact_row *row)
{
    return &row->domain->latest->endpoints[row->item];
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
READER(agent_domains_ok, give_domain_count, row->status, STATE_OK)
READER(agent_domains_warning, give_domain_count, row->status, STATE_WARNING)
READER(agent_domains_critical, give_domain_count, row->status, STATE_CRITICAL)
READER(agent_domains_unknown, give_domain_count, row->status, STATE_UNKNOWN)
READER(agent_running, give_number, row->status->agent.checks_running)
READER(agent_loop_lag, give_duration_us, row->status->agent.loop_lag_us)
READER(agent_state_saved, give_tri, row->status->agent.state_saved)
READER(agent_agentx, give_tri, row->status->agent.agentx_connected)

READER(domain_name, give_text, row->domain->name)
READER(domain_state, give_number, row->domain->state)
READER(domain_reason, give_reason, &worst_of(row)->result)
READER(domain_detail, give_text, worst_of(row)->result.detail)
READER(domain_check, give_text, check_name(row->domain->worst))
READER(domain_since, give_time_ms, row->domain->since_ms)
READER(domain_start_delay, give_duration_us,
       row->domain->latest ? row->domain->latest->start_delay_us : DURATION_ABSENT)
READER(domain_skipped, give_skipped, row->domain->latest)

READER(transition_what, give_text, transition_subject(transition_of(row)))
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
READER(check_interval, give_number, (double)check_of(row)->interval_ms / 1e3)
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
