#include "probe/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A node's sessions, under its name. */
struct sessions_entry {
    struct sessions_entry *next;
    char *name;
    char *identity; /* of whom they are with whom */
    struct imp_sessions sessions;
};

/* Kept for as long as a context is left that uses it. */
struct shared {
    unsigned references;
    struct gate *gate;
    struct fetch_client *fetch_client;
    struct login_guard *login_guard;
    struct dialback_memory *dialback;
    struct sessions_entry *sessions; /* of nodes that had a round; those no longer configured go in time */
    size_t sessions_count;
    struct ping_session **pings;     /* of accounts that had a ping to make, as long as they are configured */
    size_t ping_count;
};

static struct shared *shared_take(struct probe_context *former, struct loop *loop, const struct config *config,
                                  unsigned max)
{
    if (former != NULL) {
        former->shared->references++;
        gate_set_limits(former->shared->gate, max, config->max_concurrent_per_address);
        dialback_memory_reload(former->shared->dialback, config);
        return former->shared;
    }
    struct shared *shared = mem_alloc(sizeof *shared);
    *shared = (struct shared){
        .references = 1,
        .gate = gate_new(loop, max, config->max_concurrent_per_address),
        .fetch_client = fetch_client_new(loop),
        .login_guard = login_guard_new(loop, config->state_dir),
        .dialback = dialback_memory_new(),
    };
    return shared;
}

static void sessions_drop(struct imp_sessions *sessions)
{
    axl_session_free(sessions->axl);
    notifications_session_free(sessions->page);
}

/* Drops the sessions of nodes that are not configured (NULL: all). Their rounds were cancelled when they went. */
static void sessions_prune(struct shared *shared, const struct config *config)
{
    for (struct sessions_entry **at = &shared->sessions, *entry; (entry = *at) != NULL;) {
        if (config != NULL && config_find_imp(config, entry->name) != NULL) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        sessions_drop(&entry->sessions);
        free(entry->name);
        free(entry->identity);
        free(entry);
        shared->sessions_count--;
    }
}

static const struct config_ping *find_account(const struct config *config, const char *account)
{
    for (size_t i = 0; config != NULL && i < config->ping_count; i++) {
        if (strcmp(config->pings[i].account, account) == 0)
            return &config->pings[i];
    }
    return NULL;
}

/* Hands the sessions over to another configuration; those whose account is gone or changed end (NULL: all). */
static void pings_prune(struct shared *shared, struct config *config)
{
    size_t kept = 0;
    for (size_t i = 0; i < shared->ping_count; i++) {
        struct ping_session *session = shared->pings[i];
        const struct config_ping *account = find_account(config, ping_session_account(session));
        if (account != NULL && ping_session_adopt(session, config, account))
            shared->pings[kept++] = session;
        else
            ping_session_retire(session);
    }
    shared->ping_count = kept;
}

static void shared_drop(struct shared *shared)
{
    if (shared == NULL || --shared->references > 0)
        return;
    sessions_prune(shared, NULL);
    pings_prune(shared, NULL);
    free(shared->pings);
    dialback_memory_free(shared->dialback);
    login_guard_free(shared->login_guard);
    fetch_client_free(shared->fetch_client);
    gate_free(shared->gate);
    free(shared);
}

/* Lookups of addresses follow those of records; together they stay within the timeout. */
static bool resolvers_open(struct probe_context *context, struct err *err)
{
    const struct config *config = context->config;
    context->resolvers = mem_array(config->resolver_count, sizeof *context->resolvers);
    for (size_t i = 0; i < config->resolver_count; i++) {
        const struct config_resolver *from = &config->resolvers[i];
        context->resolvers[i] = resolver_new(context->loop, from->address, from->trust_ad, config->timeout_ms / 2, err);
        if (context->resolvers[i] == NULL)
            return false;
    }
    context->resolver = context->resolvers[0];
    return true;
}

struct probe_context *probe_context_new(struct loop *loop, struct config *config, unsigned max_conversations,
                                        struct probe_context *former, struct err *err)
{
    struct probe_context *context = mem_alloc(sizeof *context);
    *context = (struct probe_context){.references = 1, .loop = loop, .config = config_hold(config)};
    const struct tls_options options = {
        .ca_file = config->tls_ca_file,
        .min_version = config->tls_min_version,
        .expiry_warning_s = config->tls_expiry_warning_s,
        .expiry_critical_s = config->tls_expiry_critical_s,
        .client_certificate = config->tls_client_certificate,
        .client_key = config->tls_client_key,
        .remember_chains = true,
    };
    context->tls = tls_context_new(&options, err);
    if (context->tls == NULL || !resolvers_open(context, err)) {
        probe_context_free(context);
        return NULL;
    }
    login_password_warn(config);
    context->max_conversations = max_conversations;
    context->shared = shared_take(former, loop, config, max_conversations);
    pings_prune(context->shared, config);
    return context;
}

unsigned probe_context_max_conversations(const struct probe_context *context)
{
    return context->max_conversations;
}

void probe_context_free(struct probe_context *context)
{
    if (context == NULL || --context->references > 0)
        return;
    for (size_t i = 0; context->resolvers != NULL && i < context->config->resolver_count; i++)
        resolver_free(context->resolvers[i]);
    free(context->resolvers);
    tls_context_free(context->tls);
    shared_drop(context->shared);
    config_free(context->config);
    free(context);
    mem_give_back(); /* trusted roots and thousands of domains leave gaps where others' results lie between them */
}

struct gate *probe_context_gate(const struct probe_context *context)
{
    return context->shared->gate;
}

struct fetch_client *probe_context_fetch_client(const struct probe_context *context)
{
    return context->shared->fetch_client;
}

struct login_guard *probe_context_login_guard(const struct probe_context *context)
{
    return context->shared->login_guard;
}

struct dialback_memory *probe_context_dialback(const struct probe_context *context)
{
    return context->shared->dialback;
}

static char *identity_of(const struct config_imp_node *node)
{
    return mem_printf("%s\n%s\n%s\n%s\n", node->axl.url, node->axl.username,
                      node->page.url != NULL ? node->page.url : "",
                      node->page.username != NULL ? node->page.username : "");
}

static struct sessions_entry *find_entry(struct shared *shared, const char *name, const struct config *config)
{
    for (struct sessions_entry *entry = shared->sessions; entry != NULL; entry = entry->next) {
        if (strcmp(entry->name, name) == 0)
            return entry;
    }
    if (shared->sessions_count >= config->imp_node_count)
        sessions_prune(shared, config);
    struct sessions_entry *entry = mem_alloc(sizeof *entry);
    *entry = (struct sessions_entry){.next = shared->sessions, .name = mem_strdup(name), .identity = mem_strdup("")};
    shared->sessions = entry;
    shared->sessions_count++;
    return entry;
}

struct imp_sessions *probe_context_sessions(struct probe_context *context, const struct config_imp_node *node)
{
    struct sessions_entry *entry = find_entry(context->shared, node->name, context->config);
    char *identity = identity_of(node);
    if (strcmp(entry->identity, identity) == 0) {
        free(identity);
        return &entry->sessions;
    }
    free(entry->identity);
    entry->identity = identity;
    sessions_drop(&entry->sessions);
    entry->sessions = (struct imp_sessions){axl_session_new(), notifications_session_new()};
    return &entry->sessions;
}

struct ping_session *probe_context_ping_session(struct probe_context *context, const struct config_ping *account)
{
    struct shared *shared = context->shared;
    size_t at = 0;
    while (at < shared->ping_count && strcmp(ping_session_account(shared->pings[at]), account->account) != 0)
        at++;
    if (at < shared->ping_count && ping_session_adopt(shared->pings[at], context->config, account))
        return shared->pings[at];
    if (at < shared->ping_count)
        ping_session_retire(shared->pings[at]);
    else
        shared->pings = mem_resize(shared->pings, ++shared->ping_count, sizeof(struct ping_session *));
    shared->pings[at] = ping_session_new(context->loop, shared->login_guard, context->config, account);
    return shared->pings[at];
}
