#define LOG_SUBSYSTEM "config"
#include "config/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/document.h"
#include "config/domain_file.h"
#include "config/domain_name.h"
#include "config/domain_pattern.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/imp_node.h"
#include "config/ping_keys.h"
#include "config/private.h"
#include "config/schema.h"
#include "config/snmp_keys.h"

#define MAIN_FILE 1 /* faults_file() of the configuration file, which is the first to be read */

struct name {
    const char *name; /* config_domain.name */
    size_t at;        /* in config.domains */
    UT_hash_handle hh;
};

/* One loading under way. */
struct load {
    struct config_private *private;
    struct config *config;   /* the one in it */
    const struct node *root; /* NULL without a file */
    struct faults faults;
    struct place *places;    /* of the domains, in their order */
    size_t capacity;         /* domains and places for which there is room */
    size_t listed;           /* so many of the domains stand under the key `domains` */
};

static void load_init(struct load *load)
{
    *load = (struct load){.private = mem_alloc(sizeof *load->private)};
    load->private->lines = mem_array(KEY_COUNT, sizeof *load->private->lines);
    atomic_init(&load->private->references, 1);
    load->config = &load->private->config;
    faults_init(&load->faults);
}

/* The configuration when there is no fault, else NULL and the faults. */
static struct config *load_end(struct load *load, struct buf *out)
{
    struct config *config = load->config;
    if (faults_print(&load->faults, out)) {
        config_free(config);
        config = NULL;
    }
    faults_fini(&load->faults);
    free(load->places);
    return config;
}

/* ---- places in the file ---- */

/* 0: the file does not give the key. */
static unsigned line_of(const struct config_private *private, const char *path)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(KEYS[i].path, path) == 0)
            return private->lines[i];
    }
    return 0;
}

static bool is_given(const struct load *load, const char *path)
{
    return line_of(load->private, path) != 0;
}

static struct place place_of(const struct load *load, const char *path)
{
    return (struct place){MAIN_FILE, line_of(load->private, path)};
}

static struct place place_of_domain(const struct load *load, size_t at)
{
    const struct node *element = &node_child(load->root, "domains")->items[at];
    const struct node *name = node_child(element, "name");
    return (struct place){MAIN_FILE, name != NULL ? name->line : element->line};
}

/* What a fault of this domain has as its key. To be freed by the caller. */
static char *key_of_domain(const struct load *load, size_t at)
{
    char shown[TEXT_SHOWN_SIZE];
    return at < load->listed ? mem_printf("domains[%zu]", at)
                             : mem_strdup(text_shown(load->config->domains[at].name_unicode, shown));
}

/* ---- domains ---- */

static const struct config_domain *find(const struct config_private *private, const char *ascii)
{
    struct name *name = NULL;
    HASH_FIND_STR(private->table, ascii, name);
    return name == NULL ? NULL : &private->config.domains[name->at];
}

static void take_listed(struct load *load)
{
    load->listed = load->capacity = load->config->domain_count;
    load->places = mem_array(load->capacity, sizeof *load->places);
    for (size_t i = 0; i < load->listed; i++)
        load->places[i] = place_of_domain(load, i);
}

/* A name from a domain file or from the command line. */
static void take_name(void *arg, const char *text, struct place at)
{
    struct load *load = arg;
    struct config *config = load->config;
    struct err err;
    char shown[TEXT_SHOWN_SIZE];
    char *ascii = domain_name_to_ascii(text, &err);
    if (ascii == NULL) {
        faults_add(&load->faults, at, text_shown(text, shown), "%s", err.text);
        return;
    }
    if (config->domain_count == load->capacity) {
        load->capacity = 2 * load->capacity + 16;
        config->domains = mem_resize(config->domains, load->capacity, sizeof *config->domains);
        load->places = mem_resize(load->places, load->capacity, sizeof *load->places);
    }
    load->places[config->domain_count] = at;
    config->domains[config->domain_count++] = (struct config_domain){.name = ascii};
}

static void read_domain_files(struct load *load)
{
    const struct node *list = node_child(load->root, "domain_files");
    for (size_t i = 0; i < load->private->domain_file_count; i++) {
        const char *pattern = load->private->domain_files[i];
        struct place at = {MAIN_FILE, list->items[i].line};
        char *key = mem_printf("domain_files[%zu]", i);
        if (pattern != NULL)
            domain_file_read(pattern, at, key, &load->faults, take_name, load);
        free(key);
    }
}

static void tell_dialback(struct load *load, size_t at, const struct node *node, const char *word, const char *what)
{
    char *key = mem_printf("domains[%zu].dialback.%s", at, word);
    faults_add(&load->faults, (struct place){MAIN_FILE, node->line}, key, "%s", what);
    free(key);
}

/* What the domain does not say of dialback is as for all; tells of what does not fit together. */
static void finish_dialback(struct load *load, size_t at)
{
    struct config_domain *domain = &load->config->domains[at];
    struct config_dialback *dialback = &domain->dialback;
    if (dialback->enabled == ENABLED_UNSET)
        dialback->enabled = load->config->dialback.enabled;
    if (dialback->interval_ms == 0)
        dialback->interval_ms = load->config->dialback.interval_ms;
    if (at >= load->listed)
        return;
    const struct node *map = node_child(&node_child(load->root, "domains")->items[at], "dialback");
    const struct node *algorithm = node_child(map, "algorithm"), *from = node_child(map, "from");
    if (algorithm != NULL && node_child(map, "secret_file") == NULL)
        tell_dialback(load, at, algorithm, "algorithm", "needs secret_file too");
    if (dialback->from != NULL && strcmp(dialback->from, domain->name_unicode) == 0)
        tell_dialback(load, at, from, "from", "must not be the domain itself, whose key is verified");
}

/* Fills in what depends on other keys, and the table of names; tells of a name that is there already. */
static void finish_domains(struct load *load)
{
    struct config *config = load->config;
    load->private->names = mem_array(config->domain_count, sizeof *load->private->names);
    for (size_t i = 0; i < config->domain_count; i++) {
        struct config_domain *domain = &config->domains[i];
        struct name *name = &load->private->names[i];
        if (domain->name == NULL)
            continue;
        domain->name_unicode = domain_name_to_unicode(domain->name);
        domain->severity.behind = &config->severity;
        if (domain->interval_ms == 0)
            domain->interval_ms = config->interval_ms;
        finish_dialback(load, i);
        const struct config_domain *first = find(load->private, domain->name);
        if (first != NULL) {
            char *key = key_of_domain(load, i);
            char *place = faults_place(&load->faults, load->places[first - config->domains]);
            faults_add(&load->faults, load->places[i], key, "is the same domain as %s",
                       place != NULL ? place : "one before");
            free(place);
            free(key);
            continue;
        }
        name->name = domain->name;
        name->at = i;
        HASH_ADD_KEYPTR(hh, load->private->table, name->name, strlen(name->name), name);
    }
}

/* ---- what one key says about another ---- */

static void check_agent_domain(struct load *load)
{
    struct err err;
    char *ascii = load->config->domain != NULL ? domain_name_to_ascii(load->config->domain, &err) : NULL;
    const struct config_domain *checked = ascii != NULL ? find(load->private, ascii) : NULL;
    if (checked != NULL) {
        char *place = faults_place(&load->faults, load->places[checked - load->config->domains]);
        faults_add(&load->faults, place_of(load, "agent.domain"), "agent.domain",
                   "must not be one of the checked domains (%s): a server refuses a stream from a domain of its own",
                   place);
        free(place);
    }
    free(ascii);
}

static unsigned line_of_resolver(const struct load *load, size_t at)
{
    const struct node *element = &node_child(node_child(load->root, "dns"), "resolvers")->items[at];
    return node_child(element, "name")->line;
}

static void check_resolver_name(struct load *load, size_t at)
{
    const struct config_resolver *resolvers = load->config->resolvers;
    for (size_t before = 0; resolvers[at].name != NULL && before < at; before++) {
        if (resolvers[before].name == NULL || strcmp(resolvers[before].name, resolvers[at].name) != 0)
            continue;
        char *key = mem_printf("dns.resolvers[%zu].name", at);
        faults_add(&load->faults, (struct place){MAIN_FILE, line_of_resolver(load, at)}, key,
                   "is given twice, first on line %u", line_of_resolver(load, before));
        free(key);
        return;
    }
}

/* Those that are given, or the machine's own. */
static void finish_resolvers(struct load *load)
{
    struct config *config = load->config;
    if (config->resolver_count > CONFIG_MAX_RESOLVERS)
        faults_add(&load->faults, place_of(load, "dns.resolvers"), "dns.resolvers", "has %zu entries: at most %d",
                   config->resolver_count, CONFIG_MAX_RESOLVERS);
    for (size_t i = 0; i < config->resolver_count; i++)
        check_resolver_name(load, i);
    if (config->resolver_count == 0) {
        free(config->resolvers);
        config->resolvers = mem_array(1, sizeof *config->resolvers);
        config->resolvers[0].name = mem_strdup("system");
        config->resolver_count = 1;
    }
}

static void check_tls(struct load *load)
{
    const struct config *config = load->config;
    bool readable = !faults_about(&load->faults, "tls.expiry_warning") &&
                    !faults_about(&load->faults, "tls.expiry_critical");
    if (readable && config->tls_expiry_critical_s > config->tls_expiry_warning_s) {
        const char *key = is_given(load, "tls.expiry_critical") ? "tls.expiry_critical" : "tls.expiry_warning";
        faults_add(&load->faults, place_of(load, key), "tls.expiry_critical",
                   "must not be longer than tls.expiry_warning");
    }
    bool certificate = is_given(load, "tls.client_certificate"), key = is_given(load, "tls.client_key");
    if (certificate && !key)
        faults_add(&load->faults, place_of(load, "tls.client_certificate"), "tls.client_certificate",
                   "needs tls.client_key too");
    if (key && !certificate)
        faults_add(&load->faults, place_of(load, "tls.client_key"), "tls.client_key",
                   "needs tls.client_certificate too");
}

static void read_root(struct load *load, const char *file)
{
    schema_read(load->root, file, MAIN_FILE, load->private, load->private->lines, &load->faults);
    take_listed(load);
    read_domain_files(load);
    finish_domains(load);
    imp_nodes_finish(load->config, node_child(load->root, "imp_nodes"), MAIN_FILE, &load->faults);
    pings_finish(load->config, node_child(load->root, "ping"), MAIN_FILE, &load->faults);
    finish_resolvers(load);
    check_agent_domain(load);
    check_tls(load);
    snmp_keys_finish(load->private, node_child(load->root, "snmp"), MAIN_FILE, &load->faults);
    bool map = load->root->kind == NODE_MAP;
    if (map && node_child(load->root, "domains") == NULL && node_child(load->root, "domain_files") == NULL &&
        node_child(load->root, "imp_nodes") == NULL)
        faults_add(&load->faults, (struct place){MAIN_FILE, 1}, "domains",
                   "is missing, and so are domain_files and imp_nodes: there is nothing to check");
}

struct config *config_read(const char *text, size_t length, const char *file, struct buf *faults)
{
    struct load load;
    load_init(&load);
    load.private->file = mem_strdup(file);
    faults_file(&load.faults, file);
    struct node *root = document_read(text, length, MAIN_FILE, &load.faults);
    load.root = root;
    if (root != NULL)
        read_root(&load, file);
    document_free(root);
    return load_end(&load, faults);
}

struct config *config_load(const char *file, struct buf *faults)
{
    struct err err;
    size_t length;
    char *text = file_read(file, &length, &err);
    if (text == NULL) {
        buf_printf(faults, "%s: %s\n", file, err.text);
        return NULL;
    }
    struct config *config = config_read(text, length, file, faults);
    free(text);
    return config;
}

/* The machine's own name, made different from the names of the checked domains. */
static char *own_name(const struct config_private *private)
{
    struct err err;
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    char *name = domain_name_to_ascii(host, &err);
    if (name == NULL)
        name = mem_strdup("localhost.localdomain");
    while (find(private, name) != NULL) {
        char *other = mem_printf("fedhealth.%s", name);
        free(name);
        name = other;
    }
    char *unicode = domain_name_to_unicode(name);
    free(name);
    return unicode;
}

struct config *config_default(const char *const *domains, size_t domain_count, struct buf *faults)
{
    struct load load;
    load_init(&load);
    schema_read(NULL, NULL, 0, load.private, load.private->lines, &load.faults);
    for (size_t i = 0; i < domain_count; i++)
        take_name(&load, domains[i], (struct place){0, 0});
    finish_domains(&load);
    finish_resolvers(&load);
    snmp_keys_finish(load.private, NULL, 0, &load.faults);
    load.config->snmp_mode = SNMP_MODE_MASTER;
    load.config->domain = own_name(load.private);
    free(load.config->state_dir); /* a quick look leaves nothing behind */
    load.config->state_dir = NULL;
    return load_end(&load, faults);
}

const struct config_domain *config_find(const struct config *config, const char *name)
{
    struct err err;
    char *ascii = domain_name_to_ascii(name, &err);
    const struct config_domain *domain =
        ascii == NULL ? NULL : find((const struct config_private *)(const void *)config, ascii);
    free(ascii);
    return domain;
}

bool config_allows(const struct config *config, const char *ascii)
{
    for (size_t i = 0; i < config->probe_allow_count; i++) {
        if (domain_pattern_matches(config->probe_allow[i], ascii))
            return true;
    }
    return false;
}

/* `line` 0: none. */
static void tell_at(const struct config *config, unsigned line, const char *key, const char *what, struct buf *faults)
{
    const struct config_private *private = (const struct config_private *)(const void *)config;
    struct faults only;
    struct place at = {0, 0};
    faults_init(&only);
    if (private->file != NULL)
        at = (struct place){faults_file(&only, private->file), line};
    faults_add(&only, at, key, "%s", what);
    faults_print(&only, faults);
    faults_fini(&only);
}

void config_tell(const struct config *config, const char *key, const char *what, struct buf *faults)
{
    tell_at(config, line_of((const struct config_private *)(const void *)config, key), key, what, faults);
}

void config_tell_snmp_password(const struct config *config, size_t user, bool priv, const char *what,
                               struct buf *faults)
{
    const struct config_snmp_user *at = &config->snmp_users[user];
    char *key = mem_printf("snmp.users[%zu].%s_password_file", user, priv ? "priv" : "auth");
    tell_at(config, priv ? at->priv_password_line : at->auth_password_line, key, what, faults);
    free(key);
}

struct config *config_hold(struct config *config)
{
    atomic_fetch_add(&((struct config_private *)(void *)config)->references, 1);
    return config;
}

void config_free(struct config *config)
{
    struct config_private *private = (struct config_private *)(void *)config;
    if (config == NULL || atomic_fetch_sub(&private->references, 1) != 1)
        return;
    HASH_CLEAR(hh, private->table);
    free(private->names);
    for (size_t i = 0; i < config->domain_count; i++)
        free(config->domains[i].name_unicode);
    imp_nodes_release(config);
    pings_release(config);
    schema_release(private);
    free(private->file);
    free(private->lines);
    free(private);
}
