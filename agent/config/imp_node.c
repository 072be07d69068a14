#include "config/imp_node.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/value.h"

/* Where one node stands in the file. */
struct reader {
    struct config *config;
    const struct node *element; /* of the list */
    size_t at;
    unsigned file;
    struct faults *faults;
};

/* A fault of a key below the node, told at its line or, where it is absent, at that of what it stands in. */
static void __attribute__((format(printf, 4, 5)))
tell(const struct reader *reader, const struct node *map, const char *path, const char *format, ...)
{
    const char *dot = strrchr(path, '.');
    const struct node *child = node_child(map, dot != NULL ? dot + 1 : path);
    unsigned line = child != NULL ? child->line : map != NULL ? map->line : reader->element->line;
    char *key = mem_printf("imp_nodes[%zu].%s", reader->at, path);
    va_list args;
    va_start(args, format);
    char *what = mem_vprintf(format, args);
    va_end(args);
    faults_add(reader->faults, (struct place){reader->file, line}, key, "%s", what);
    free(what);
    free(key);
}

/* What belongs together in one access; `map` is its place in the file. */
static void check_access(const struct reader *reader, const struct node *map, const char *path,
                         const struct config_access *access)
{
    if (access->ca_file != NULL && access->fingerprint_sha256 != NULL) {
        char *key = mem_printf("%s.fingerprint_sha256", path);
        tell(reader, map, key, "goes in place of ca_file, not with it");
        free(key);
    }
    bool has_username = node_child(map, "username") != NULL, has_password = node_child(map, "password_file") != NULL;
    if (map != NULL && has_username != has_password && access->url != NULL) {
        char *key = mem_printf("%s.%s", path, has_username ? "username" : "password_file");
        tell(reader, map, key, "needs %s too", has_username ? "password_file" : "username");
        free(key);
    }
}

static void split(struct config_access *access)
{
    if (access->url != NULL)
        access->host = url_split(access->url, &access->port);
}

/* AXL answers below /axl/ only, and with a redirect without the last slash. */
static void end_with_slash(char **url)
{
    size_t length = *url != NULL ? strlen(*url) : 0;
    if (length == 0 || (*url)[length - 1] == '/' || strchr(*url, '?') != NULL)
        return;
    char *longer = mem_printf("%s/", *url);
    free(*url);
    *url = longer;
}

/* Where `access` leaves out the account, or whom to trust, it is as in `axl`. */
static void take_over(struct config_access *access, const struct config_access *axl)
{
    if (access->url == NULL)
        return;
    if (access->username == NULL && access->password_file == NULL) {
        access->username = mem_strdup(axl->username);
        access->password_file = mem_strdup(axl->password_file);
    }
    if (access->ca_file == NULL && access->fingerprint_sha256 == NULL) {
        access->ca_file = mem_strdup(axl->ca_file);
        access->fingerprint_sha256 = mem_strdup(axl->fingerprint_sha256);
    }
}

static void check_accounts(const struct reader *reader, const struct config_imp_node *node)
{
    const struct node *list = node_child(node_child(reader->element, "axl"), "verify_accounts");
    for (size_t i = 0; i < node->account_count; i++) {
        for (size_t before = 0; before < i && node->accounts[i].name != NULL; before++) {
            if (node->accounts[before].name == NULL || strcmp(node->accounts[before].name, node->accounts[i].name) != 0)
                continue;
            char *key = mem_printf("axl.verify_accounts[%zu].name", i);
            tell(reader, &list->items[i], key, "is given twice, first on line %u", list->items[before].line);
            free(key);
            break;
        }
    }
}

static void check_node_name(const struct reader *reader, const struct config_imp_node *node, const struct node *list)
{
    const struct config_imp_node *first = node->name != NULL ? config_find_imp(reader->config, node->name) : NULL;
    if (first != NULL && first != node)
        tell(reader, reader->element, "name", "is the same node as on line %u",
             list->items[first - reader->config->imp_nodes].line);
}

static void finish(const struct reader *reader, struct config_imp_node *node)
{
    struct config *config = reader->config;
    const struct node *notifications = node_child(reader->element, "notifications");
    node->severity.behind = &config->severity;
    if (node->interval_ms == 0)
        node->interval_ms = config->interval_ms;
    check_access(reader, node_child(reader->element, "axl"), "axl", &node->axl);
    check_access(reader, node_child(reader->element, "control_center"), "control_center", &node->control_center);
    check_access(reader, node_child(notifications, "page"), "notifications.page", &node->page);
    if (notifications != NULL && node->page.url == NULL && node->query == NULL && notifications->count == 0)
        tell(reader, reader->element, "notifications", "needs page or query");
    const struct node *federation = node_child(reader->element, "expect_federation");
    if (federation != NULL && federation->text != NULL && strcmp(federation->text, "false") == 0 &&
        node->expect.s2s_node_count > 0)
        tell(reader, reader->element, "expect_s2s_nodes", "has no meaning where expect_federation is false");
    check_accounts(reader, node);
    end_with_slash(&node->axl.url);
    if (node->axl.ca_file == NULL && node->axl.fingerprint_sha256 == NULL)
        node->axl.ca_file = mem_strdup(config->tls_ca_file);
    take_over(&node->control_center, &node->axl);
    take_over(&node->page, &node->axl);
    split(&node->axl);
    split(&node->control_center);
    split(&node->page);
}

void imp_nodes_finish(struct config *config, const struct node *list, unsigned file, struct faults *faults)
{
    for (size_t i = 0; i < config->imp_node_count; i++) {
        const struct reader reader = {config, &list->items[i], i, file, faults};
        check_node_name(&reader, &config->imp_nodes[i], list);
        finish(&reader, &config->imp_nodes[i]);
    }
}

const struct config_imp_node *config_find_imp(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->imp_node_count; i++) {
        const struct config_imp_node *node = &config->imp_nodes[i];
        if (node->name != NULL && strcmp(node->name, name) == 0)
            return node;
    }
    return NULL;
}

void imp_nodes_release(struct config *config)
{
    for (size_t i = 0; i < config->imp_node_count; i++) {
        free(config->imp_nodes[i].axl.host);
        free(config->imp_nodes[i].control_center.host);
        free(config->imp_nodes[i].page.host);
    }
}
