#include "sample_status.h"

#include "base/mem.h"

#define NOW_MS (SAMPLE_NOW_S * 1000)
#define INTERVAL_MS INT64_C(300000)
#define RUN_MS (NOW_MS - 60500)

static struct imp_status *add_node(struct status *status, const char *name)
{
    struct imp_status *node = mem_alloc(sizeof *node);
    node->index = (uint32_t)++status->imp_count * 2;
    status->imp[status->imp_count - 1] = node;
    node->name = mem_strdup(name);
    node->state = STATE_UNKNOWN;
    node->since_ms = TIME_ABSENT;
    node->verdict.memory = imp_memory_new();
    for (size_t i = 0; i < IMP_CHECK_COUNT; i++) {
        struct check_status *check = &node->check[i];
        check_result_set(&check->result, REASON_NOT_RUN, NULL);
        check->result.duration_us = DURATION_ABSENT;
        check->interval_ms = INTERVAL_MS;
        check->last_run_ms = check->last_success_ms = check->last_change_ms = TIME_ABSENT;
    }
    return node;
}

/* A round that ended well in all but what is set in it afterwards. */
static struct imp_result *add_round(struct imp_status *node)
{
    struct imp_result *latest = node->latest = imp_result_new();
    latest->finished_ms = RUN_MS;
    latest->start_delay_us = 2000;
    latest->http_status = 200;
    latest->version = mem_strdup("12.5.1.11900-117");
    latest->axl_version = mem_strdup("12.5");
    latest->router_started = TRI_YES;
    latest->router_status = mem_strdup("Started");
    latest->router_start_ms = NOW_MS - 30 * INT64_C(86400000);
    latest->rows_read = true;
    node->verdict.memory->rows_seen_ms = RUN_MS;
    for (int i = 0; i < IMP_CHECK_COUNT; i++) {
        check_result_set(&latest->check[i], REASON_OK, NULL);
        latest->check[i].duration_us = 20000 + 500 * (int64_t)i;
    }
    return latest;
}

/* Makes the status of the round's checks. */
static void conclude(struct imp_status *node, enum state state, enum imp_check worst)
{
    node->state = state;
    node->worst = worst;
    node->since_ms = RUN_MS;
    for (int i = 0; i < IMP_CHECK_COUNT; i++) {
        struct check_status *check = &node->check[i];
        bool failed = node->latest->check[i].state == STATE_CRITICAL;
        check->result = node->latest->check[i];
        check->runs_total = 3;
        check->failures_total = failed;
        check->last_run_ms = RUN_MS;
        check->last_success_ms = failed ? RUN_MS - INTERVAL_MS : RUN_MS;
        check->last_change_ms = failed ? RUN_MS : TIME_ABSENT;
    }
}

static void add_s2s_node(struct imp_status *node, enum s2s_kind kind, const char *cp_id, const char *pkid)
{
    struct imp_memory *memory = node->verdict.memory;
    memory->nodes = mem_resize(memory->nodes, memory->node_count + 1, sizeof *memory->nodes);
    memory->last_index += 3;
    memory->nodes[memory->node_count++] = (struct s2s_node){
        .index = memory->last_index,
        .kind = kind,
        .in_table = kind != S2S_MISSING,
        .cp_id = mem_strdup(cp_id),
        .pkid = pkid != NULL ? mem_strdup(pkid) : NULL,
        .first_seen_ms = kind != S2S_MISSING ? NOW_MS - 86400000 : TIME_ABSENT,
    };
    if (kind == S2S_MISSING)
        return;
    imp_result_add_row(node->latest, cp_id, pkid);
}

static void add_notification(struct imp_status *node, const char *severity, const char *description,
                             const char *origin, const char *created, const char *count)
{
    struct imp_verdict *verdict = &node->verdict;
    verdict->notifications = mem_resize(verdict->notifications, verdict->notification_count + 1,
                                        sizeof *verdict->notifications);
    xcp_notification_init(&verdict->notifications[verdict->notification_count++], XCP_SOURCE_PAGE, severity,
                          description, origin, created, count);
}

static void add_healthy(struct status *status)
{
    struct imp_status *node = add_node(status, "cups.healthy.example");
    struct imp_result *latest = add_round(node);
    add_s2s_node(node, S2S_PRESENT, "cm-2_s2scp-1.eft-xwye-a-coluc-com", "6e4d8a06-7a5b-4b1e-9d37-000000000001");
    latest->reading[XCP_SOURCE_PAGE] = (struct xcp_reading){.configured = true, .read = true};
    node->verdict.pending[XCP_SOURCE_PAGE] = TRI_NO;
    latest->accounts = mem_array(1, sizeof *latest->accounts);
    latest->account_count = 1;
    latest->accounts[0] = (struct imp_account){mem_strdup("expressway-c"), TRI_YES, RUN_MS, NULL};
    conclude(node, STATE_OK, IMP_AXL);
}

static void add_empty(struct status *status)
{
    struct imp_status *node = add_node(status, "cups.empty.example");
    struct imp_result *latest = add_round(node);
    check_result_set(&latest->check[IMP_AXL], REASON_AXL_ACCOUNT_REJECTED, "expressway-c: 401");
    check_result_set(&latest->check[IMP_S2SNODE], REASON_S2SNODE_EMPTY, NULL);
    latest->accounts = mem_array(2, sizeof *latest->accounts);
    latest->account_count = 2;
    latest->accounts[0] =
        (struct imp_account){mem_strdup("expressway-c"), TRI_NO, RUN_MS - 3600000, mem_strdup("rejected with 401")};
    latest->accounts[1] = (struct imp_account){mem_strdup("other"), TRI_UNKNOWN, TIME_ABSENT, NULL};
    latest->login_hold_until_ms = NOW_MS + 1800000;
    node->verdict.pending[XCP_SOURCE_PAGE] = TRI_YES; /* the page of another node, which names this one */
    conclude(node, STATE_CRITICAL, IMP_AXL);
    status->imp_causes[status->imp_count - 1] = mem_strdup(
        "the login of expressway-c is wrong (401), so Expressway-C cannot write: correct its password & wait");
}

static void add_pending(struct status *status)
{
    struct imp_status *node = add_node(status, "cups.pending.example");
    struct imp_result *latest = add_round(node);
    latest->start_delay_us = DURATION_ABSENT;
    check_result_set(&latest->check[IMP_S2SNODE], REASON_S2SNODE_MISSING, "cm-3_s2scp-1.b-example");
    latest->check[IMP_S2SNODE].state = STATE_WARNING; /* as the configuration may say */
    check_result_set(&latest->check[IMP_XCP_RESTART], REASON_XCP_RESTART_PENDING, "page: pending; query: unknown");
    add_s2s_node(node, S2S_PRESENT, "cm-2_s2scp-1.a-example", "6e4d8a06-7a5b-4b1e-9d37-000000000002");
    add_s2s_node(node, S2S_MISSING, "cm-3_s2scp-1.b-example", NULL);
    add_s2s_node(node, S2S_UNEXPECTED, SAMPLE_HOSTILE, NULL);
    node->verdict.memory->rows_changed_ms = NOW_MS - 7200000;
    node->verdict.memory->rows_former_ms = NOW_MS - 7500000;
    latest->reading[XCP_SOURCE_PAGE] = (struct xcp_reading){.configured = true, .read = true};
    latest->reading[XCP_SOURCE_QUERY] =
        (struct xcp_reading){.configured = true, .fault = mem_strdup("no column named <description>")};
    node->verdict.pending[XCP_SOURCE_PAGE] = node->verdict.pending[XCP_SOURCE_DERIVED] = TRI_YES;
    add_notification(node, "Warning",
                     "Cisco XCP Router : (cups.pending.example) requires a restart in order for recent configuration "
                     "changes to take effect.",
                     "Cisco XCP Config Manager", "Jan 5, 2015 3:10:43 PM", "5");
    add_notification(node, NULL, SAMPLE_HOSTILE, NULL, NULL, NULL);
    conclude(node, STATE_CRITICAL, IMP_XCP_RESTART);
    status->imp_causes[status->imp_count - 1] = mem_strdup("restart the XCP Router on cups.pending.example");
    const struct transition list[] = {
        {NOW_MS - 3600000, REASON_XCP_RESTART_PENDING, IMP_XCP_RESTART, STATE_OK, STATE_CRITICAL},
        {NOW_MS - 3599000, REASON_XCP_RESTART_PENDING, IMP_CHECK_COUNT, STATE_OK, STATE_CRITICAL},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        history_add(&node->history, &list[i]);
}

void sample_add_nodes(struct status *status)
{
    status->imp = mem_array(SAMPLE_NODES, sizeof *status->imp);
    status->imp_causes = mem_array(SAMPLE_NODES, sizeof *status->imp_causes);
    add_healthy(status);
    add_empty(status);
    add_pending(status);
    add_node(status, "cups.new.example");
}
