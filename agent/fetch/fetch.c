#include "fetch/fetch.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/fetch_private.h"
#include "login/secret.h"

/* Everything that a caller may be told, it is told from the fetch's own timer, as the last thing done: nothing of ours
 * or libcurl's is under way then, and the callback may free whatever it likes. */

bool fetch_is_denied(const struct fetch *fetch, int family, const unsigned char *bytes)
{
    return network_led_into(fetch->deny_networks, fetch->deny_network_count, family, bytes) != NULL;
}

static void list_enter(struct fetch *fetch)
{
    struct fetch **head = fetch_client_list(fetch->client);
    fetch->next = *head;
    fetch->link = head;
    if (*head != NULL)
        (*head)->link = &fetch->next;
    *head = fetch;
}

static void list_leave(struct fetch *fetch)
{
    *fetch->link = fetch->next;
    if (fetch->next != NULL)
        fetch->next->link = fetch->link;
}

/* Libcurl's part of it, with its copies of the credentials, and ours. */
static void drop_request(struct fetch *fetch)
{
    if (fetch->easy == NULL)
        return;
    const bool was_running = fetch->stage == FETCH_STAGE_RUNNING || fetch->stage == FETCH_STAGE_UNPACKING;
    if (was_running)
        fetch_client_remove(fetch);
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
    curl_slist_free_all(fetch->headers);
    curl_slist_free_all(fetch->route);
    curl_slist_free_all(fetch->addresses);
    if (fetch->request_body != NULL)
        secret_cleanse(fetch->request_body, fetch->request_body_length);
    free(fetch->request_body);
    if (fetch->jar != NULL && was_running)
        fetch_jar_trim(fetch->jar);
    fetch_jar_drop(fetch->jar);
}

static void fetch_free(struct fetch *fetch)
{
    list_leave(fetch);
    resolver_cancel(fetch->query);
    drop_request(fetch);
    loop_timer_free(fetch->timer);
    fetch_body_free(fetch->body);
    trust_free(fetch->trust);
    free(fetch->host);
    free(fetch->ca_file);
    free(fetch->fingerprint);
    free(fetch->content_type);
    free(fetch->location);
    free(fetch->detail);
    free(fetch);
}

/* The verdict is there; it is told in a turn of its own. */
static void end(struct fetch *fetch)
{
    if (fetch->content_type == NULL)
        fetch_verdict_facts(fetch);
    drop_request(fetch);
    fetch->stage = FETCH_STAGE_ENDED;
    fetch->reply.duration_us = clock_mono_us() - fetch->started_us;
    loop_timer_arm(fetch->timer, 0);
}

static void tell(struct fetch *fetch)
{
    struct fetch_reply reply = fetch->reply;
    char *content_type = fetch->content_type, *location = fetch->location, *detail = fetch->detail;
    void (*done)(void *arg, const struct fetch_reply *reply) = fetch->done;
    void *arg = fetch->arg;
    fetch->content_type = fetch->location = fetch->detail = NULL;
    fetch_free(fetch);
    reply.content_type = content_type;
    reply.location = location;
    reply.detail = detail;
    done(arg, &reply);
    free(content_type);
    free(location);
    free(detail);
}

void fetch_over(struct fetch *fetch, CURLcode code)
{
    fetch_verdict_facts(fetch);
    if (code == CURLE_OK && !fetch->cancelled && fetch_body_waits(fetch->body)) {
        fetch->code = code;
        fetch->stage = FETCH_STAGE_UNPACKING;
        loop_timer_arm(fetch->timer, 0);
        return;
    }
    fetch_verdict_curl(fetch, code);
    end(fetch);
}

/* A little gzip can be a long reply, which is not to hold up the loop. */
static void unpack(struct fetch *fetch)
{
    fetch_client_step(fetch->client, true);
    bool good = fetch_body_unpack(fetch->body);
    fetch_client_step(fetch->client, false);
    if (fetch->cancelled)
        return; /* the timer is armed */
    if (good && fetch_body_waits(fetch->body)) {
        loop_timer_arm(fetch->timer, 0);
        return;
    }
    fetch_verdict_curl(fetch, fetch->code);
    end(fetch);
}

static void run(struct fetch *fetch, const struct dns_address *address, size_t count)
{
    if (!fetch_request_route(fetch, address, count)) {
        end(fetch);
        return;
    }
    if (!fetch_client_add(fetch)) {
        fetch_verdict_set(fetch, FETCH_LOCAL, "libcurl does not take the request");
        end(fetch);
        return;
    }
    fetch->stage = FETCH_STAGE_RUNNING;
}

static void looked_up(void *arg, const struct dns_answer *answer)
{
    struct fetch *fetch = arg;
    fetch->query = NULL;
    if (answer->status == DNS_ANSWER && answer->count > 0) {
        run(fetch, answer->address, answer->count);
        return;
    }
    fetch_verdict_dns(fetch, answer->status);
    end(fetch);
}

static bool load_roots(struct fetch *fetch)
{
    struct err err = {0};
    if (trust_load(fetch->trust, fetch_client_roots(fetch->client), fetch->ca_file, &err))
        return true;
    fetch_verdict_set(fetch, FETCH_LOCAL, "%s", err.text);
    return false;
}

static void begin(struct fetch *fetch)
{
    struct dns_address address = {.family = strchr(fetch->host, ':') != NULL ? AF_INET6 : AF_INET};
    int64_t left_us = fetch->timeout_us - (clock_mono_us() - fetch->started_us);
    if (fetch->detail != NULL || !load_roots(fetch)) {
        end(fetch);
        return;
    }
    loop_timer_arm(fetch->timer, left_us);
    fetch->stage = FETCH_STAGE_LOOKUP;
    if (inet_pton(address.family, fetch->host, address.bytes) == 1)
        run(fetch, &address, 1);
    else
        fetch->query = resolver_addresses(fetch->resolver, fetch->host, looked_up, fetch);
}

static void timer_expired(void *arg)
{
    struct fetch *fetch = arg;
    if (fetch->cancelled) {
        fetch_free(fetch);
        return;
    }
    switch (fetch->stage) {
    case FETCH_STAGE_NEW: begin(fetch); return;
    case FETCH_STAGE_ENDED: tell(fetch); return;
    case FETCH_STAGE_UNPACKING: unpack(fetch); return;
    case FETCH_STAGE_LOOKUP:
        resolver_cancel(fetch->query);
        fetch->query = NULL;
        fetch_verdict_dns(fetch, DNS_TIMEOUT);
        break;
    case FETCH_STAGE_RUNNING:
        fetch_verdict_facts(fetch);
        fetch_verdict_timeout(fetch);
    }
    end(fetch);
}

struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          void (*done)(void *arg, const struct fetch_reply *reply), void *arg)
{
    struct fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct fetch){.client = client, .done = done, .arg = arg, .started_us = clock_mono_us(),
                            .timeout_us = request->timeout_ms * 1000, .port = request->port,
                            .resolver = request->resolver, .deny_networks = request->deny_networks,
                            .deny_network_count = request->deny_network_count,
                            .tls_min_version = request->tls_min_version, .jar = request->jar};
    assert(request->fingerprint_sha256 != NULL || request->ca_file != NULL);
    list_enter(fetch);
    fetch->host = mem_strdup(request->host);
    fetch->ca_file = mem_strdup(request->ca_file);
    fetch->fingerprint = mem_strdup(request->fingerprint_sha256);
    fetch->trust = trust_new(request->fingerprint_sha256, request->tls_min_version);
    fetch->body = fetch_body_new(request->cap, request->take, arg);
    fetch_jar_hold(fetch->jar);
    if (request->body != NULL) {
        fetch->request_body_length = request->body_length;
        fetch->request_body = mem_alloc(request->body_length + 1);
        memcpy(fetch->request_body, request->body, request->body_length);
    }
    fetch_request_fill(fetch, request);
    fetch->timer = loop_timer_new(fetch_client_loop(client), timer_expired, fetch);
    loop_timer_arm(fetch->timer, 0);
    return fetch;
}

bool fetch_is_sent(const struct fetch *fetch)
{
    return fetch->reply.sent;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    if (!fetch_client_inside(fetch->client)) {
        fetch_free(fetch);
        return;
    }
    fetch->cancelled = true;
    resolver_cancel(fetch->query);
    fetch->query = NULL;
    loop_timer_arm(fetch->timer, 0);
}
