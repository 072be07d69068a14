/* What the agent serves, over HTTP and SNMP. The handlers run on the exporters' threads and see snapshots only. */
#define LOG_SUBSYSTEM "exports"
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/domain_name.h"
#include "exporters/prometheus/prometheus.h"
#include "exporters/snmp/snmp.h"
#include "exporters/web/web.h"
#include "login/secret.h"
#include "snmp_users.h"

/* The state that an exporter serves: a snapshot, and the agent's own facts of this moment. */
struct view {
    struct snapshot *snapshot;
    struct status status;
};

static struct view *view_take(struct agent *agent)
{
    struct view *view = mem_alloc(sizeof *view);
    view->snapshot = store_snapshot(agent->store);
    view->status = *snapshot_status(view->snapshot);
    view->status.agent = (struct agent_status){
        .version = FH_VERSION,
        .revision = FH_REVISION,
        .config_loaded_ms = atomic_load(&agent->config_loaded_ms),
        .config_ok = atomic_load(&agent->config_ok),
        .state_saved = store_saved(agent->store),
        .checks_running = schedule_running(agent->schedule),
        .loop_lag_us = loop_lag_us(agent->loop),
        .agentx_connected = snmp_agent_connected(),
    };
    snmp_notices_count(agent->notices, &view->status.agent.notifications);
    return view;
}

static void view_free(struct view *view)
{
    snapshot_free(view->snapshot);
    free(view);
}

static void *snmp_take(void *arg, const struct status **status)
{
    struct view *view = view_take(arg);
    *status = &view->status;
    return view;
}

static void snmp_give_back(void *held)
{
    view_free(held);
}

/* A response whose body is read out of a view while it is sent. */
struct metrics {
    struct view *view;
    struct prometheus_encoder *encoder;
};

static bool metrics_next(void *arg, struct buf *body)
{
    struct metrics *metrics = arg;
    return prometheus_encoder_next(metrics->encoder, body);
}

static void metrics_done(void *arg)
{
    struct metrics *metrics = arg;
    prometheus_encoder_free(metrics->encoder);
    view_free(metrics->view);
    free(metrics);
}

static void serve_metrics(void *arg, const struct http_request *request, struct http_response *response)
{
    struct agent *agent = arg;
    struct metrics *metrics = mem_alloc(sizeof *metrics);
    enum prometheus_format format = prometheus_negotiate(http_request_header(request, "Accept"));
    metrics->view = view_take(agent);
    metrics->encoder = prometheus_encoder_new(&metrics->view->status, format,
                                              atomic_load(&agent->metrics_detail) == METRICS_ENDPOINT);
    response->content_type = prometheus_content_type(format);
    response->by_accept = true;
    response->next = metrics_next;
    response->done = metrics_done;
    response->arg = metrics;
}

static void serve_discovery(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)request;
    struct view *view = view_take(arg);
    prometheus_discovery(&view->status, &response->body);
    prometheus_discovery_etag(&response->body, response->etag, sizeof response->etag);
    response->content_type = PROMETHEUS_DISCOVERY_TYPE;
    view_free(view);
}

static void serve_healthy(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    buf_puts(&response->body, "fedhealth is healthy.\n");
}

/* HTTP is served only after everything else was set up, so whoever gets an answer gets this one. */
static void serve_ready(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    buf_puts(&response->body, "fedhealth is ready.\n");
}

static void serve_reload(void *arg, const struct http_request *request, struct http_response *response)
{
    struct agent *agent = arg;
    if (agent->options->enable_lifecycle) {
        reload_ask(agent, http_request_defer(request));
        return;
    }
    response->status = 403;
    buf_puts(&response->body, "Reloading over HTTP is not enabled; see --web.enable-lifecycle.\n");
}

struct landing {
    struct view *view;
    struct web_landing *page;
};

static bool landing_next(void *arg, struct buf *body)
{
    struct landing *landing = arg;
    return web_landing_next(landing->page, body);
}

static void landing_done(void *arg)
{
    struct landing *landing = arg;
    web_landing_free(landing->page);
    view_free(landing->view);
    free(landing);
}

static void serve_landing(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)request;
    struct agent *agent = arg;
    struct landing *landing = mem_alloc(sizeof *landing);
    landing->view = view_take(agent);
    landing->page = web_landing_new(&landing->view->status, agent->options->telemetry_path);
    response->content_type = WEB_PAGE_TYPE;
    response->next = landing_next;
    response->done = landing_done;
    response->arg = landing;
}

/* The name in the path may have U-labels. */
static void serve_domain(void *arg, const struct http_request *request, struct http_response *response)
{
    struct err err;
    const char *name = http_request_rest(request);
    char *ascii = domain_name_to_ascii(name, &err);
    struct view *view = view_take(arg);
    response->content_type = WEB_PAGE_TYPE;
    if (!web_domain_page(&view->status, ascii != NULL ? ascii : name, &response->body))
        response->status = 404;
    view_free(view);
    free(ascii);
}

/* The name is as configured, no domain's: it is not converted. */
static void serve_imp(void *arg, const struct http_request *request, struct http_response *response)
{
    struct view *view = view_take(arg);
    response->content_type = WEB_PAGE_TYPE;
    if (!web_imp_page(&view->status, http_request_rest(request), &response->body))
        response->status = 404;
    view_free(view);
}

struct json_body {
    struct view *view;
    struct web_json *json;
};

static bool json_next(void *arg, struct buf *out)
{
    struct json_body *body = arg;
    return web_json_next(body->json, out);
}

static void json_done(void *arg)
{
    struct json_body *body = arg;
    web_json_free(body->json);
    view_free(body->view);
    free(body);
}

static void serve_status(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)request;
    struct json_body *body = mem_alloc(sizeof *body);
    body->view = view_take(arg);
    body->json = web_json_new(&body->view->status);
    web_json_etag(body->json, response->etag);
    response->content_type = WEB_JSON_TYPE;
    response->next = json_next;
    response->done = json_done;
    response->arg = body;
}

#define EXPORTS_ROUTES 11

struct exports {
    struct http_server *http;
    struct snmp_agent *snmp; /* NULL: off */
    char *state_dir;         /* owned; that of the start; NULL: none */
    /* Of the SNMPv3 users that SNMP was started with, and the key of that. */
    unsigned char users_hash[SECRET_HASH_SIZE], users_key[SECRET_HASH_SIZE];
    struct http_route routes[EXPORTS_ROUTES];
};

/* Whether there is anybody to notify. In agentx mode snmpd knows whom it passes them on to. */
static bool has_receivers(const struct config *config)
{
    return config->snmp_mode == SNMP_MODE_AGENTX ||
           (config->snmp_mode == SNMP_MODE_MASTER && config->snmp_notify_count > 0);
}

/* NULL and `err`, in which there is room for the first fault only. */
static struct snmp_users *read_users(const struct config *config, struct err *err)
{
    struct buf faults;
    buf_init(&faults, AGENT_FAULTS_CAP);
    struct snmp_users *users = snmp_users_read(config, &faults);
    if (users == NULL)
        err_set(err, "%.*s", (int)strcspn(faults.data, "\n"), faults.data);
    buf_fini(&faults);
    return users;
}

static bool start_with(struct agent *agent, const struct snmp_users *users, struct err *err)
{
    const struct config *config = agent->config;
    struct exports *exports = agent->exports;
    struct snmp_receiver *receivers = mem_array(config->snmp_notify_count, sizeof *receivers);
    for (size_t i = 0; i < config->snmp_notify_count; i++) {
        const struct config_snmp_receiver *to = &config->snmp_notify[i];
        receivers[i] = (struct snmp_receiver){to->address, to->community, to->user};
    }
    struct snmp_options options = {
        .agentx = config->snmp_mode == SNMP_MODE_AGENTX,
        .agentx_socket = config->snmp_agentx_socket,
        .listen = (const char *const *)config->snmp_listen,
        .community = config->snmp_community,
        .receivers = receivers,
        .receiver_count = config->snmp_notify_count,
        .state_dir = exports->state_dir,
        .take = snmp_take,
        .give_back = snmp_give_back,
        .arg = agent,
        .notices = agent->notices,
    };
    options.users = snmp_users_list(users, &options.user_count);
    exports->snmp = snmp_agent_new(&options, err);
    snmp_users_hash(users, exports->users_key, exports->users_hash);
    free(receivers);
    return exports->snmp != NULL;
}

static bool start_snmp(struct agent *agent, struct err *err)
{
    snmp_notices_switch(agent->notices, agent->config->snmp_mode != SNMP_MODE_OFF, has_receivers(agent->config));
    if (agent->config->snmp_mode == SNMP_MODE_OFF)
        return true;
    struct snmp_users *users = read_users(agent->config, err);
    bool good = users != NULL && start_with(agent, users, err);
    snmp_users_free(users);
    return good;
}

static bool same_receivers(const struct config *a, const struct config *b)
{
    bool same = a->snmp_notify_count == b->snmp_notify_count;
    for (size_t i = 0; same && i < a->snmp_notify_count; i++) {
        const struct config_snmp_receiver *left = &a->snmp_notify[i], *right = &b->snmp_notify[i];
        same = text_same(left->address, right->address) && text_same(left->community, right->community) &&
               text_same(left->user, right->user);
    }
    return same;
}

/* Users that cannot be read are others; starting with them then tells why. */
static bool same_users(const struct exports *exports, const struct config *config)
{
    struct err err;
    unsigned char hash[SECRET_HASH_SIZE];
    struct snmp_users *users = read_users(config, &err);
    if (users == NULL)
        return false;
    snmp_users_hash(users, exports->users_key, hash);
    snmp_users_free(users);
    return memcmp(hash, exports->users_hash, sizeof hash) == 0;
}

static bool same_list(char **a, char **b)
{
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return *a == NULL && *b == NULL;
}

bool exports_snmp_differs(const struct agent *agent, const struct config *config)
{
    const struct config *former = agent->config;
    bool is_on = agent->exports->snmp != NULL;
    return is_on != (config->snmp_mode != SNMP_MODE_OFF) || config->snmp_mode != former->snmp_mode ||
           strcmp(config->snmp_agentx_socket, former->snmp_agentx_socket) != 0 ||
           !text_same(config->snmp_community, former->snmp_community) ||
           !same_list(config->snmp_listen, former->snmp_listen) || !same_receivers(config, former) ||
           (is_on && !same_users(agent->exports, config));
}

bool exports_restart_snmp(struct agent *agent, struct err *err)
{
    snmp_agent_free(agent->exports->snmp);
    agent->exports->snmp = NULL;
    return start_snmp(agent, err);
}

bool exports_start(struct agent *agent, struct err *err)
{
    struct exports *exports = agent->exports = mem_alloc(sizeof *exports);
    const struct http_route routes[EXPORTS_ROUTES] = {
        {"/", HTTP_READ, serve_landing, agent},
        {agent->options->telemetry_path, HTTP_READ, serve_metrics, agent},
        {"/probe", HTTP_READ, probe_request_serve, agent},
        {"/sd", HTTP_READ, serve_discovery, agent},
        {WEB_DOMAIN_PATH, HTTP_READ, serve_domain, agent},
        {WEB_IMP_PATH, HTTP_READ, serve_imp, agent},
        {"/api/v1/status", HTTP_READ, serve_status, agent},
        {"/-/healthy", HTTP_READ, serve_healthy, NULL},
        {"/-/ready", HTTP_READ, serve_ready, NULL},
        {"/-/reload", HTTP_CHANGE, serve_reload, agent},
        {0},
    };
    memcpy(exports->routes, routes, sizeof routes);
    exports->state_dir = mem_strdup(agent->config->state_dir);
    if (!secret_random(exports->users_key, sizeof exports->users_key))
        return err_set(err, "the system has no random bytes");
    if (!start_snmp(agent, err))
        return false;
    exports->http = http_server_new(agent->options->listen, exports->routes, err);
    return exports->http != NULL;
}

void exports_stop(struct agent *agent)
{
    if (agent->exports == NULL)
        return;
    http_server_free(agent->exports->http); /* before the routes go */
    snmp_agent_free(agent->exports->snmp);
    free(agent->exports->state_dir);
    free(agent->exports);
}
