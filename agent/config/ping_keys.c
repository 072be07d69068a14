#include "config/ping_keys.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config/domain_name.h"

/* Where one account stands in the file. */
struct reader {
    struct config *config;
    const struct node *list;
    size_t at;
    unsigned file;
    struct faults *faults;
};

static const struct node *child_of(const struct reader *reader, const char *key)
{
    return node_child(&reader->list->items[reader->at], key);
}

static unsigned line_of(const struct reader *reader, size_t at, const char *key)
{
    const struct node *element = &reader->list->items[at], *child = node_child(element, key);
    return child != NULL ? child->line : element->line;
}

static void tell(const struct reader *reader, unsigned line, const char *path, const char *what)
{
    char *key = mem_printf("ping[%zu].%s", reader->at, path);
    faults_add(reader->faults, (struct place){reader->file, line}, key, "%s", what);
    free(key);
}

/* Takes the account apart, and tells where it is given twice. */
static void take_account(const struct reader *reader, struct config_ping *ping)
{
    struct err err;
    if (ping->account == NULL)
        return; /* was told of */
    const char *domain = strchr(ping->account, '@') + 1;
    ping->localpart = mem_strndup(ping->account, (size_t)(domain - 1 - ping->account));
    ping->domain_unicode = mem_strdup(domain);
    ping->domain = domain_name_to_ascii(domain, &err);
    for (size_t i = 0; i < reader->at; i++) {
        const char *before = reader->config->pings[i].account;
        if (before == NULL || strcasecmp(before, ping->account) != 0)
            continue;
        char *what = mem_printf("is the same account as on line %u", line_of(reader, i, "account"));
        tell(reader, line_of(reader, reader->at, "account"), "account", what);
        free(what);
        return;
    }
}

/* What is wrong with the domain at this place, or NULL; to be freed by the caller. */
static char *judge_domain(const struct reader *reader, const struct config_ping *ping, size_t at)
{
    const char *name = ping->domains[at];
    if (ping->domain != NULL && strcmp(name, ping->domain) == 0)
        return mem_strdup("is the account's own domain: a ping to it never leaves the server, and shows nothing of "
                          "federation");
    for (size_t i = 0; i < at; i++) {
        if (ping->domains[i] != NULL && strcmp(ping->domains[i], name) == 0)
            return mem_strdup("is given twice");
    }
    return config_find(reader->config, name) == NULL ? mem_strdup("is not one of the domains that are checked") : NULL;
}

static void check_domains(const struct reader *reader, const struct config_ping *ping)
{
    const struct node *given = child_of(reader, "domains");
    if (given != NULL && given->kind == NODE_LIST && given->count == 0)
        tell(reader, given->line, "domains", "must name one domain at least");
    for (size_t i = 0; i < ping->domain_count; i++) {
        char *what = ping->domains[i] != NULL ? judge_domain(reader, ping, i) : NULL;
        if (what != NULL) {
            char *path = mem_printf("domains[%zu]", i);
            tell(reader, given->items[i].line, path, what);
            free(path);
        } else if (ping->domains[i] != NULL) {
            size_t domain = (size_t)(config_find(reader->config, ping->domains[i]) - reader->config->domains);
            reader->config->domains[domain].ping_count++;
        }
        free(what);
    }
}

void pings_finish(struct config *config, const struct node *list, unsigned file, struct faults *faults)
{
    for (size_t i = 0; i < config->ping_count; i++) {
        const struct reader reader = {config, list, i, file, faults};
        struct config_ping *ping = &config->pings[i];
        take_account(&reader, ping);
        check_domains(&reader, ping);
        if (ping->ca_file != NULL && ping->fingerprint_sha256 != NULL)
            tell(&reader, line_of(&reader, i, "fingerprint_sha256"), "fingerprint_sha256",
                 "goes in place of ca_file, not with it");
        if (ping->ca_file == NULL && ping->fingerprint_sha256 == NULL)
            ping->ca_file = mem_strdup(config->tls_ca_file);
    }
}

bool config_ping_lists(const struct config_ping *ping, const char *ascii)
{
    for (size_t i = 0; i < ping->domain_count; i++) {
        if (strcmp(ping->domains[i], ascii) == 0)
            return true;
    }
    return false;
}

void pings_release(struct config *config)
{
    for (size_t i = 0; i < config->ping_count; i++) {
        free(config->pings[i].localpart);
        free(config->pings[i].domain);
        free(config->pings[i].domain_unicode);
    }
}
