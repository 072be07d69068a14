#include "tests/unit/store_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

#define TEXT_MAX 4096

static char folder[] = "/tmp/test_store.XXXXXX";
static struct snapshot *held;

int scene_setup(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

int scene_teardown(void **state)
{
    (void)state;
    scene_let_go();
    scene_remove(folder);
    return 0;
}

const struct config *scene_config(const char *letters, unsigned confirm)
{
    static struct config_domain domains[26];
    static char names[26][16];
    static struct config config;
    config = (struct config){.confirm = confirm, .domains = domains, .domain_count = strlen(letters)};
    for (size_t i = 0; i < config.domain_count; i++) {
        snprintf(names[i], sizeof names[i], "%c.example", tolower(letters[i]));
        domains[i] = (struct config_domain){.name = names[i], .interval_ms = isupper(letters[i]) ? 90000 : 60000};
    }
    return &config;
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

const char *scene_history(struct store *store, char letter)
{
    static char text[TEXT_MAX];
    const struct history *history = &scene_status(store, letter)->history;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < history->count; i++) {
        const struct transition *each = &history->list[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d %s %s>%s %s", i > 0 ? ", " : "",
                                 (int)each->at_ms, transition_subject(each), state_name((enum state)each->from),
                                 state_name((enum state)each->to), reason_info((enum reason)each->reason)->code);
        assert_true(used < sizeof text);
    }
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

char *scene_read(const char *file, size_t *length)
{
    struct buf contents;
    char chunk[4096];
    buf_init(&contents, 64u << 20);
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, in)) > 0;)
        buf_add(&contents, chunk, got);
    fclose(in);
    assert_false(buf_failed(&contents));
    *length = contents.length;
    char *bytes = buf_steal(&contents);
    buf_fini(&contents);
    return bytes;
}

void scene_write(const char *file, const void *bytes, size_t length)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
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

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void scene_remove(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
