#include "tests/unit/store_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define TEXT_MAX 4096

static struct snapshot *held;
static struct config *latest_config;

int scene_setup(void **state)
{
    (void)state;
    return scene_enter_folder();
}

int scene_teardown(void **state)
{
    (void)state;
    scene_let_go();
    config_free(latest_config);
    latest_config = NULL;
    scene_leave_folder();
    return 0;
}

/* ---- configurations, with a count of references as the real ones have it ---- */

struct counted {
    struct config config; /* first */
    atomic_uint references;
};

struct config *config_hold(struct config *config)
{
    atomic_fetch_add(&((struct counted *)(void *)config)->references, 1);
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL || atomic_fetch_sub(&((struct counted *)(void *)config)->references, 1) != 1)
        return;
    for (size_t i = 0; i < config->domain_count; i++)
        free(config->domains[i].name);
    for (size_t i = 0; i < config->imp_node_count; i++)
        free(config->imp_nodes[i].name);
    free(config->domains);
    free(config->imp_nodes);
    free(config);
}

struct config *scene_config_new(size_t domain_count, size_t node_count, unsigned confirm)
{
    struct counted *counted = mem_alloc(sizeof *counted);
    struct config *config = &counted->config;
    atomic_init(&counted->references, 1);
    config->confirm = confirm;
    config->domains = mem_array(domain_count, sizeof *config->domains);
    config->domain_count = domain_count;
    for (size_t i = 0; i < domain_count; i++)
        config->domains[i].interval_ms = 60000;
    config->imp_nodes = mem_array(node_count, sizeof *config->imp_nodes);
    config->imp_node_count = node_count;
    for (size_t i = 0; i < node_count; i++) {
        config->imp_nodes[i].interval_ms = 60000;
        config->imp_nodes[i].expect.federation = true;
    }
    config_free(latest_config);
    return latest_config = config;
}

static void name(char letter, char **into, int64_t *interval_ms)
{
    *into = mem_printf("%c.example", tolower(letter));
    if (isupper(letter))
        *interval_ms = 90000;
}

struct config *scene_config(const char *letters, unsigned confirm)
{
    size_t domains = strcspn(letters, "/");
    const char *nodes = letters[domains] == '/' ? letters + domains + 1 : "";
    struct config *config = scene_config_new(domains, strlen(nodes), confirm);
    for (size_t i = 0; i < domains; i++)
        name(letters[i], &config->domains[i].name, &config->domains[i].interval_ms);
    for (size_t i = 0; nodes[i] != '\0'; i++)
        name(nodes[i], &config->imp_nodes[i].name, &config->imp_nodes[i].interval_ms);
    return config;
}

struct store *scene_store(const char *letters, unsigned confirm, const char *state_dir)
{
    return store_new(scene_config(letters, confirm), state_dir);
}

struct domain_result *scene_round(enum check check, enum reason reason, int64_t at_ms)
{
    struct domain_result *result = domain_result_new();
    for (int i = 0; i < CHECK_DIALBACK; i++)
        check_result_set(&result->check[i], REASON_OK, NULL);
    check_result_set(&result->check[CHECK_DIALBACK], REASON_NOT_CONFIGURED, NULL);
    check_result_set(&result->check[CHECK_PING], REASON_NOT_CONFIGURED, NULL);
    check_result_set(&result->check[check], reason, "at %d", (int)at_ms);
    result->finished_ms = at_ms;
    return result;
}

struct domain_result *scene_good_round(int64_t at_ms)
{
    return scene_round(CHECK_SRV, REASON_OK, at_ms);
}

struct domain_result *scene_endpoint(struct domain_result *result, const char *target, const char *address)
{
    result->endpoints = mem_resize(result->endpoints, result->endpoint_count + 1, sizeof *result->endpoints);
    struct endpoint_result *endpoint = &result->endpoints[result->endpoint_count++];
    endpoint_result_init(endpoint);
    endpoint->target = mem_strdup(target);
    endpoint->port = 5269;
    endpoint->address = mem_strdup(address);
    return result;
}

struct imp_result *scene_imp_round(const char *rows, int64_t at_ms)
{
    struct imp_result *result = imp_result_new();
    result->finished_ms = at_ms;
    check_result_set(&result->check[IMP_AXL], REASON_OK, NULL);
    check_result_set(&result->check[IMP_XCP_ROUTER], REASON_NOT_CONFIGURED, NULL);
    result->rows_read = rows != NULL;
    if (rows == NULL)
        check_result_set(&result->check[IMP_S2SNODE], REASON_NOT_REACHED, "not read at %d", (int)at_ms);
    for (; rows != NULL && *rows != '\0'; rows++) {
        char pkid[] = {'p', 'k', 'i', 'd', '-', *rows, '\0'};
        imp_result_add_row(result, (const char[]){*rows, '\0'}, pkid);
    }
    return result;
}

void scene_let_go(void)
{
    snapshot_free(held);
    held = NULL;
}

const struct domain_status *scene_status(struct store *store, char letter)
{
    scene_let_go();
    held = store_snapshot(store);
    const struct status *status = snapshot_status(held);
    for (size_t i = 0; i < status->domain_count; i++) {
        if (status->domains[i]->name[0] == letter)
            return status->domains[i];
    }
    fail_msg("no domain %c", letter);
    return NULL;
}

/* Its position in a new snapshot. */
static size_t find_imp(struct store *store, char letter)
{
    scene_let_go();
    held = store_snapshot(store);
    const struct status *status = snapshot_status(held);
    size_t at = 0;
    while (at < status->imp_count && status->imp[at]->name[0] != letter)
        at++;
    if (at == status->imp_count)
        fail_msg("no node %c", letter);
    return at;
}

const struct imp_status *scene_imp(struct store *store, char letter)
{
    size_t at = find_imp(store, letter);
    return snapshot_status(held)->imp[at];
}

const char *scene_cause(struct store *store, char letter)
{
    size_t at = find_imp(store, letter);
    return snapshot_status(held)->imp_causes[at];
}

static const char *history_text(const struct history *history, const char *(*subject)(const struct transition *))
{
    static char text[TEXT_MAX];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < history->count; i++) {
        const struct transition *each = &history->list[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d %s %s>%s %s", i > 0 ? ", " : "",
                                 (int)each->at_ms, subject(each), state_name((enum state)each->from),
                                 state_name((enum state)each->to), reason_info((enum reason)each->reason)->code);
        assert_true(used < sizeof text);
    }
    return text;
}

const char *scene_history(struct store *store, char letter)
{
    return history_text(&scene_status(store, letter)->history, transition_subject);
}

const char *scene_imp_history(struct store *store, char letter)
{
    return history_text(&scene_imp(store, letter)->history, imp_transition_subject);
}

static int shown(int64_t time_ms)
{
    return time_ms != TIME_ABSENT ? (int)time_ms : -1;
}

const char *scene_memory(struct store *store, char letter)
{
    static char text[TEXT_MAX];
    const struct imp_memory *memory = scene_imp(store, letter)->verdict.memory;
    size_t used = 0;
    for (size_t i = 0; i < memory->node_count; i++) {
        const struct s2s_node *each = &memory->nodes[i];
        assert_int_equal(each->in_table, each->kind != S2S_MISSING);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u:%s %s@%d", i > 0 ? ", " : "", each->index,
                                 each->cp_id, s2s_kind_name(each->kind), shown(each->first_seen_ms));
        assert_true(used < sizeof text);
    }
    used += (size_t)snprintf(text + used, sizeof text - used, " seen %d changed %d former %d",
                             shown(memory->rows_seen_ms), shown(memory->rows_changed_ms),
                             shown(memory->rows_former_ms));
    assert_true(used < sizeof text);
    return text;
}

const char *scene_endpoints(struct store *store, char letter)
{
    static char text[TEXT_MAX];
    const struct domain_result *latest = scene_status(store, letter)->latest;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; latest != NULL && i < latest->endpoint_count; i++) {
        const struct endpoint_result *each = &latest->endpoints[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u:%s/%s", i > 0 ? " " : "", each->index,
                                 each->target, each->address);
        assert_true(used < sizeof text);
    }
    return text;
}

int scene_count(const char *path, const char *prefix)
{
    int count = 0;
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(entries);
    return count;
}
