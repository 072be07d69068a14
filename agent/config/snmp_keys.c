#define LOG_SUBSYSTEM "config"
#include "config/snmp_keys.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define USER_NAME_MAX 32  /* RFC 3414 5, usmUserName */
#define COMMUNITY_MAX 254 /* a longer one net-snmp leaves out with a line in the log */

struct reader {
    struct config_private *private;
    const struct node *map; /* of the key snmp */
    unsigned file;
    struct faults *faults;
};

/* A fault of a key of one element of a list, told at its line or, where it is absent, at that of the element. */
static void __attribute__((format(printf, 5, 6)))
tell(const struct reader *reader, const char *list, size_t at, const char *word, const char *format, ...)
{
    const struct node *element = &node_child(reader->map, list)->items[at], *child = node_child(element, word);
    char *key = mem_printf("snmp.%s[%zu].%s", list, at, word);
    va_list args;
    va_start(args, format);
    char *what = mem_vprintf(format, args);
    va_end(args);
    faults_add(reader->faults, (struct place){reader->file, child != NULL ? child->line : element->line}, key, "%s",
               what);
    free(what);
    free(key);
}

/* What the mode in force leaves unused is no fault, so that a file can be switched from one mode to the other; but it
 * is said. */
static void check_mode(const struct reader *reader)
{
    static const struct {
        const char *key, *word;
        enum snmp_mode mode;
    } only[] = {
        {"agentx_socket", "agentx", SNMP_MODE_AGENTX}, {"listen", "master", SNMP_MODE_MASTER},
        {"community", "master", SNMP_MODE_MASTER},     {"users", "master", SNMP_MODE_MASTER},
        {"notify", "master", SNMP_MODE_MASTER},
    };
    enum snmp_mode mode = reader->private->config.snmp_mode;
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        const struct node *child = node_child(reader->map, only[i].key);
        if (child != NULL && mode != only[i].mode)
            log_warn("%s:%u: snmp.%s has a meaning only where snmp.mode is %s", reader->private->file, child->line,
                     only[i].key, only[i].word);
    }
    const struct node *listen = node_child(reader->map, "listen");
    if (mode == SNMP_MODE_MASTER && listen != NULL && reader->private->snmp_listen_count == 0 &&
        !faults_about(reader->faults, "snmp.listen"))
        faults_add(reader->faults, (struct place){reader->file, listen->line}, "snmp.listen",
                   "must not be empty: there would be no address to answer on");
}

static bool same(const char *left, const char *right)
{
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static unsigned line_of(const struct node *element, const char *word)
{
    const struct node *child = node_child(element, word);
    return child != NULL ? child->line : element->line;
}

static void finish_user(const struct reader *reader, size_t at)
{
    struct config_snmp_user *users = reader->private->config.snmp_users, *user = &users[at];
    const struct node *list = node_child(reader->map, "users");
    user->auth_password_line = line_of(&list->items[at], "auth_password_file");
    user->priv_password_line = line_of(&list->items[at], "priv_password_file");
    if (user->name != NULL && strlen(user->name) > USER_NAME_MAX)
        tell(reader, "users", at, "name", "must be at most %d bytes (RFC 3414)", USER_NAME_MAX);
    for (size_t before = 0; before < at; before++) {
        if (same(users[before].name, user->name)) {
            tell(reader, "users", at, "name", "is given twice, first on line %u",
                 line_of(&list->items[before], "name"));
            return;
        }
    }
}

static void check_community(const struct reader *reader)
{
    const struct config *config = &reader->private->config;
    if (config->snmp_community != NULL && strlen(config->snmp_community) > COMMUNITY_MAX)
        faults_add(reader->faults, (struct place){reader->file, node_child(reader->map, "community")->line},
                   "snmp.community", "must be at most %d bytes", COMMUNITY_MAX);
}

static bool is_user(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->snmp_user_count; i++) {
        if (same(config->snmp_users[i].name, name))
            return true;
    }
    return false;
}

static void check_receiver(const struct reader *reader, size_t at)
{
    const struct config *config = &reader->private->config;
    const struct config_snmp_receiver *receivers = config->snmp_notify, *receiver = &receivers[at];
    const struct node *list = node_child(reader->map, "notify"), *element = &list->items[at];
    bool has_community = node_child(element, "community") != NULL, has_user = node_child(element, "user") != NULL;
    if (element->kind == NODE_MAP && !has_community && !has_user)
        tell(reader, "notify", at, "community", "is required, or user in its place");
    if (receiver->community != NULL && strlen(receiver->community) > COMMUNITY_MAX)
        tell(reader, "notify", at, "community", "must be at most %d bytes", COMMUNITY_MAX);
    if (has_community && has_user)
        tell(reader, "notify", at, "user", "goes in place of community, not with it");
    if (receiver->user != NULL && !is_user(config, receiver->user))
        tell(reader, "notify", at, "user", "is none of snmp.users");
    for (size_t before = 0; before < at; before++) {
        if (same(receivers[before].address, receiver->address)) {
            tell(reader, "notify", at, "address", "is given twice, first on line %u",
                 line_of(&list->items[before], "address"));
            return;
        }
    }
}

void snmp_keys_finish(struct config_private *private, const struct node *map, unsigned file, struct faults *faults)
{
    const struct reader reader = {private, map, file, faults};
    struct config *config = &private->config;
    check_community(&reader);
    for (size_t i = 0; i < config->snmp_user_count; i++)
        finish_user(&reader, i);
    for (size_t i = 0; i < config->snmp_notify_count; i++)
        check_receiver(&reader, i);
    if (node_child(map, "community") == NULL && config->snmp_user_count == 0)
        config->snmp_community = mem_strdup("public");
    if (!faults_about(faults, "snmp.mode"))
        check_mode(&reader);
}
