#include "tests/unit/dns_zone.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 6 /* of a record */
#define WORD_SIZE 64

struct zone_record {
    char word[WORDS_MAX][WORD_SIZE]; /* owner, type, data */
    size_t words;
};

/* Reads the next record; false at the end. */
static bool next_record(const char **at, struct zone_record *record)
{
    *record = (struct zone_record){0};
    while (**at != '\0' && (**at != ';' || record->words == 0)) {
        *at += strspn(*at, " ;");
        size_t length = strcspn(*at, " ;");
        if (length == 0)
            break;
        if (record->words == WORDS_MAX || length >= WORD_SIZE)
            abort();
        memcpy(record->word[record->words++], *at, length);
        *at += length;
        *at += strspn(*at, " ");
    }
    return record->words > 1;
}

static const char *owner_of(const struct dns_asked *asked)
{
    if (strncmp(asked->name, "_xmpp-server._tcp.", 18) == 0)
        return "S";
    return strncmp(asked->name, "_xmpps-server._tcp.", 19) == 0 ? "X" : asked->name;
}

static void add_name(struct buf *out, const char *name)
{
    if (strcmp(name, ".") != 0)
        buf_printf(out, "'%s ", name);
    buf_puts(out, ". ");
}

/* Appends the record as dns_assemble() wants it, at the name asked for or at another. */
static void add_record(struct buf *out, const struct zone_record *record, bool at_name)
{
    static const char *const TYPES[] = {"A", "0001", "AAAA", "001c", "SRV", "0021", "CNAME", "0005", "TLSA", "0034"};
    const char *type = record->word[1];
    if (at_name)
        buf_puts(out, "^ ");
    else
        add_name(out, record->word[0]);
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i += 2)
        buf_puts(out, strcmp(type, TYPES[i]) == 0 ? TYPES[i + 1] : "");
    buf_puts(out, " 0001 ==60 [ ");
    if (strcmp(type, "SRV") == 0) {
        buf_printf(out, "=%s =%s =%s ", record->word[2], record->word[3], record->word[4]);
        add_name(out, record->word[5]);
    } else if (strcmp(type, "CNAME") == 0) {
        add_name(out, record->word[2]);
    } else if (strcmp(type, "TLSA") == 0) {
        buf_puts(out, record->word[2]);
    } else {
        unsigned char bytes[16];
        bool v4 = strcmp(type, "A") == 0;
        if (inet_pton(v4 ? AF_INET : AF_INET6, record->word[2], bytes) != 1)
            abort();
        for (size_t i = 0; i < (v4 ? 4 : 16); i++)
            buf_printf(out, "%02x", bytes[i]);
    }
    buf_puts(out, " ] ");
}

struct reply {
    struct buf records; /* for dns_assemble() */
    unsigned count;
    bool exists;
    bool authentic;
    const char *said; /* a whole message instead, or NULL */
};

static const char *message_of(const char *type)
{
    static const char *const MESSAGES[] = {
        "SERVFAIL", DNS_RCODE("2"), "REFUSED", DNS_RCODE("5"), "MALFORMED", DNS_OK "0001 0000 0000 Q ^", "SILENT", "",
    };
    for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i += 2) {
        if (strcmp(type, MESSAGES[i]) == 0)
            return MESSAGES[i + 1];
    }
    return NULL;
}

static void gather(struct reply *reply, const char *zone, const char *owner, int type, bool at_name)
{
    struct zone_record record;
    while (next_record(&zone, &record)) {
        const char *has = record.word[1];
        bool wanted = (type == ns_t_a && strcmp(has, "A") == 0) || (type == ns_t_aaaa && strcmp(has, "AAAA") == 0) ||
                      (type == ns_t_srv && strcmp(has, "SRV") == 0) ||
                      (type == ns_t_tlsa && strcmp(has, "TLSA") == 0) || strcmp(has, "CNAME") == 0;
        if (strcmp(record.word[0], owner) != 0)
            continue;
        reply->authentic |= strcmp(has, "AD") == 0;
        if (strcmp(has, "AD") == 0)
            continue;
        reply->exists = true;
        if (reply->said == NULL)
            reply->said = message_of(has);
        if (!wanted)
            continue;
        add_record(&reply->records, &record, at_name);
        reply->count++;
        if (strcmp(has, "CNAME") == 0) {
            char target[WORD_SIZE];
            strcpy(target, record.word[2]);
            gather(reply, zone, target, type, false);
        }
    }
}

static void respond(const struct dns_asked *asked)
{
    const char *const *zone = asked->arg;
    struct reply reply = {.count = 0};
    struct buf message;
    buf_init(&reply.records, 65535);
    buf_init(&message, 65535);
    gather(&reply, *zone, owner_of(asked), asked->type, true);
    if (!reply.exists && reply.authentic)
        buf_puts(&message, "? 81a3 0001 0000 0000 0000 Q");
    else if (!reply.exists)
        buf_puts(&message, DNS_RCODE("3"));
    else if (reply.said != NULL)
        buf_puts(&message, reply.said);
    else if (!asked->tcp && reply.count > 20) /* truncated */
        buf_puts(&message, "? 8380 0001 0000 0000 0000 Q");
    else
        buf_printf(&message, "%s%04x 0000 0000 Q %s", reply.authentic ? DNS_AUTHENTIC : DNS_OK, reply.count,
                   reply.records.data);
    dns_say(asked, message.data);
    buf_fini(&message);
    buf_fini(&reply.records);
}

struct dns_server *dns_zone_server_new(struct loop *loop, const char *const *zone)
{
    return dns_server_new(loop, respond, (void *)zone);
}
