/* `/probe`: a check of one domain because somebody asked, beside the rounds of the schedule. What it finds is told to
 * whoever asked and to nobody else: store, counters and transitions know nothing of it. */
#define LOG_SUBSYSTEM "probe"
#include "probe_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "agent.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "config/domain_name.h"
#include "config/fault.h"
#include "exporters/prometheus/prometheus.h"
#include "health/combine.h"
#include "health/subject.h"
#include "probe_target.h"

#define MODULE "s2s"
#define UNDER_WAY_MAX 64
#define RETRY_AFTER_S 1
#define ENDING "The agent is ending.\n"

struct probe_request {
    LIST_ENTRY(probe_request) link;
    struct agent *agent;
    struct http_deferred *deferred;
    struct probe_target target;
    char *scrape_timeout; /* owned; the header's value, or NULL */
    enum prometheus_format format;
    bool debug;

    /* Once it is under way. */
    struct config *config;       /* a reference: `domain` is made of it */
    struct config_domain domain; /* a copy whose names are owned; all else is the configuration's */
    int64_t started_us;
    struct probe *probe;
    struct loop_timer *timer; /* when the answer must be out */
};

static void request_free(struct probe_request *request)
{
    loop_timer_free(request->timer);
    free(request->domain.name);
    free(request->domain.name_unicode);
    config_free(request->config);
    probe_target_fini(&request->target);
    free(request->scrape_timeout);
    free(request);
}

/* Takes it off the list of those under way, and frees it. */
static void request_end(struct probe_request *request)
{
    LIST_REMOVE(request, link);
    request->agent->probe_requests.count--;
    request_free(request);
}

/* ---- the answer ---- */

/* The result as a status of its own; its texts are borrowed. */
static void make_status(struct domain_status *status, char *name, struct domain_result *result)
{
    *status = (struct domain_status){.name = name, .latest = result, .since_ms = TIME_ABSENT};
    status->state = combine_domain(result, &status->worst);
    for (int check = 0; check < CHECK_COUNT; check++) {
        bool ran = result->check[check].reason != REASON_NOT_CONFIGURED && !result->carried[check];
        status->check[check] = (struct check_status){
            .result = result->check[check],
            .interval_ms = DURATION_ABSENT,
            .last_run_ms = ran ? result->finished_ms : TIME_ABSENT,
            .last_success_ms = TIME_ABSENT,
            .last_change_ms = TIME_ABSENT,
        };
    }
}

static void add_report(struct buf *body, const struct status *status)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        abort();
    report_text(out, status);
    fclose(out);
    buf_puts(body, text);
    buf_putc(body, '\n');
    free(text);
}

static void add_metrics(struct buf *body, const struct status *status, const struct probe_request *request)
{
    const struct prometheus_probe probe = {
        .success = status->domains[0]->state == STATE_OK || status->domains[0]->state == STATE_WARNING,
        .duration_us = clock_mono_us() - request->started_us,
    };
    struct prometheus_encoder *encoder = prometheus_encoder_new_probe(
        status, request->format, request->config->metrics_detail == METRICS_ENDPOINT, &probe);
    while (prometheus_encoder_next(encoder, body))
        ;
    prometheus_encoder_free(encoder);
}

static void request_done(void *arg, struct domain_result *result)
{
    struct probe_request *request = arg;
    struct domain_status domain, *domains = &domain;
    const struct status status = {.domains = &domains, .domain_count = 1};
    struct http_response response;
    make_status(&domain, request->domain.name, result);
    log_debug("%s was asked for and is %s", domain.name, state_name(domain.state));
    http_response_init(&response);
    if (request->debug) {
        add_report(&response.body, &status);
    } else {
        response.content_type = prometheus_content_type(request->format);
        response.by_accept = true;
    }
    add_metrics(&response.body, &status, request);
    http_deferred_respond(request->deferred, &response);
    domain_result_free(result);
    request_end(request);
}

/* ---- on the loop's thread ---- */

static void refuse(struct probe_request *request, unsigned status, const char *text)
{
    http_deferred_answer(request->deferred, status, text);
    request_free(request);
}

static void refuse_target(struct probe_request *request, const struct err *err)
{
    char *text = mem_printf("%s %s.\n", request->target.domain, err->text);
    refuse(request, 403, text);
    free(text);
}

static void refuse_for_now(struct probe_request *request)
{
    struct http_response response;
    http_response_init(&response);
    response.status = 429;
    response.retry_after_s = RETRY_AFTER_S;
    buf_printf(&response.body, "%d probes are under way, no more at once.\n", UNDER_WAY_MAX);
    http_deferred_respond(request->deferred, &response);
    request_free(request);
}

static void expired(void *arg)
{
    struct probe_request *request = arg;
    probe_domain_expire(request->probe); /* which calls request_done() */
}

/* A configured domain is probed as it is configured, another with the defaults. */
static void make_domain(struct probe_request *request)
{
    const struct config *config = request->config;
    const struct config_domain *configured = config_find(config, request->target.domain);
    struct config_domain *domain = &request->domain;
    if (configured != NULL)
        *domain = *configured;
    else
        domain->severity.behind = &config->severity;
    domain->name = mem_strdup(request->target.domain);
    domain->name_unicode = domain_name_to_unicode(domain->name);
    if (request->target.place.host != NULL) {
        domain->targets = &request->target.place;
        domain->target_count = 1;
    }
}

/* A place must be one of those where the schedule's latest round of the domain was, if nothing else permits it. */
static bool allowed(const struct probe_request *request, struct err *err)
{
    const struct config *config = request->agent->config;
    if (request->target.place.host == NULL)
        return probe_target_allowed(&request->target, config, NULL, err);
    struct snapshot *snapshot = store_snapshot(request->agent->store);
    const struct domain_status *domain = subject_find_domain(snapshot_status(snapshot), request->target.domain);
    bool good = probe_target_allowed(&request->target, config, domain != NULL ? domain->latest : NULL, err);
    snapshot_free(snapshot);
    return good;
}

static void begin(void *arg)
{
    struct probe_request *request = arg;
    struct agent *agent = request->agent;
    struct err err;
    /* The longest for DNS, and the same again for a conversation. */
    int64_t budget_us, most_us = 2 * agent->config->timeout_ms * 1000;
    if (agent->ending) {
        refuse(request, 503, ENDING);
    } else if (!probe_target_budget(request->scrape_timeout, most_us, &budget_us)) {
        refuse(request, 400, "X-Prometheus-Scrape-Timeout-Seconds must be a number of seconds.\n");
    } else if (!allowed(request, &err)) {
        refuse_target(request, &err);
    } else if (agent->probe_requests.count == UNDER_WAY_MAX) {
        refuse_for_now(request);
    } else {
        LIST_INSERT_HEAD(&agent->probe_requests.list, request, link);
        agent->probe_requests.count++;
        request->config = config_hold(agent->config);
        make_domain(request);
        request->started_us = clock_mono_us();
        request->timer = loop_timer_new(agent->loop, expired, request);
        loop_timer_arm(request->timer, budget_us);
        request->probe = probe_domain.start(agent->probes, &request->domain, request_done, request);
        probe_domain_set_aside(request->probe);
    }
}

void probe_requests_stop(struct agent *agent)
{
    struct probe_request *request;
    while ((request = LIST_FIRST(&agent->probe_requests.list)) != NULL) {
        probe_domain.cancel(request->probe);
        http_deferred_answer(request->deferred, 503, ENDING);
        request_end(request);
    }
}

/* ---- on HTTP's thread ---- */

/* False, with what is wrong in the response, where it cannot be a probe. */
static bool read_query(struct probe_target *target, const struct http_request *http, struct http_response *response)
{
    struct err err;
    char shown[TEXT_SHOWN_SIZE];
    const char *module = http_request_query(http, "module"), *text = http_request_query(http, "target");
    if (module != NULL && strcmp(module, MODULE) != 0)
        buf_printf(&response->body, "There is no module \"%s\"; there is " MODULE ".\n", text_shown(module, shown));
    else if (text == NULL || *text == '\0')
        buf_puts(&response->body, "The parameter `target` is missing: the domain to probe.\n");
    else if (probe_target_parse(target, text, &err))
        return true;
    else
        buf_printf(&response->body, "target \"%s\": %s.\n", text_shown(text, shown), err.text);
    response->status = 400;
    return false;
}

void probe_request_serve(void *arg, const struct http_request *http, struct http_response *response)
{
    struct agent *agent = arg;
    struct probe_target target;
    if (!read_query(&target, http, response))
        return;
    const char *timeout = http_request_header(http, "X-Prometheus-Scrape-Timeout-Seconds");
    const char *debug_text = http_request_query(http, "debug");
    bool debug = debug_text != NULL && strcmp(debug_text, "true") == 0;
    struct probe_request *request = mem_alloc(sizeof *request);
    *request = (struct probe_request){
        .agent = agent,
        .deferred = http_request_defer(http),
        .target = target,
        .scrape_timeout = timeout != NULL ? mem_strdup(timeout) : NULL,
        .format = debug ? PROMETHEUS_TEXT : prometheus_negotiate(http_request_header(http, "Accept")),
        .debug = debug,
    };
    loop_call(agent->loop, begin, request);
}
