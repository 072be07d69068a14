#include "dns/dns_message.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/text.h"

#define SRV_FIXED 6 /* priority, weight and port before the target (RFC 2782) */
#define ALIAS_PASSES 16 /* over the records, each following at least one CNAME */

size_t dns_question_write(unsigned char out[DNS_QUESTION_SIZE], const char *name, int type)
{
    static const unsigned char header[NS_HFIXEDSZ] = {[2] = 0x01 /* RD */, [3] = 0x20 /* AD */, [5] = 1 /* QDCOUNT */};
    memcpy(out, header, sizeof header);
    unsigned char *at = out + sizeof header;
    if (ns_name_pton(name, at, NS_MAXCDNAME) < 0 || *at == 0)
        return 0;
    while (*at != 0)
        at += *at + 1;
    at++;
    NS_PUT16(type, at);
    NS_PUT16(ns_c_in, at);
    return (size_t)(at - out);
}

bool dns_reply_truncated(const unsigned char *bytes, size_t length)
{
    return length >= NS_HFIXEDSZ && (bytes[2] & 0x02) != 0;
}

/* What a reply is read against: the name moves along the CNAMEs. */
struct reading {
    ns_msg message;
    char name[NS_MAXDNAME];
    int type;
};

static bool question_read(struct reading *reading, const unsigned char *question)
{
    const unsigned char *name = question + NS_HFIXEDSZ, *end = question + DNS_QUESTION_SIZE;
    int length = ns_name_uncompress(question, end, name, reading->name, sizeof reading->name);
    if (length < 0)
        return false;
    reading->type = (int)ns_get16(name + length);
    return true;
}

/* The name at `offset` of the record's data, which must end with it. */
static bool name_read(const ns_msg *message, const ns_rr *rr, int offset, char *out, size_t size)
{
    if (ns_rr_rdlen(*rr) <= offset)
        return false;
    int length = ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*rr) + offset, out, size);
    return length == ns_rr_rdlen(*rr) - offset;
}

static bool srv_read(const ns_msg *message, const ns_rr *rr, struct dns_srv *srv)
{
    if (!name_read(message, rr, SRV_FIXED, srv->target, sizeof srv->target))
        return false;
    const unsigned char *data = ns_rr_rdata(*rr);
    srv->priority = (uint16_t)ns_get16(data);
    srv->weight = (uint16_t)ns_get16(data + 2);
    srv->port = (uint16_t)ns_get16(data + 4);
    if (strcmp(srv->target, ".") == 0)
        srv->target[0] = '\0';
    text_lower(srv->target);
    return true;
}

static bool address_read(const ns_rr *rr, struct dns_address *address)
{
    bool v4 = ns_rr_type(*rr) == ns_t_a;
    size_t size = v4 ? NS_INADDRSZ : NS_IN6ADDRSZ;
    if (ns_rr_rdlen(*rr) != size)
        return false;
    address->family = v4 ? AF_INET : AF_INET6;
    memcpy(address->bytes, ns_rr_rdata(*rr), size);
    return true;
}

static int srv_compare(const void *left, const void *right)
{
    const struct dns_srv *a = left, *b = right;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    int order = strcmp(a->target, b->target);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

static bool address_same(const struct dns_address *a, const struct dns_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool srv_add(struct dns_reply *reply, const ns_msg *message, const ns_rr *rr)
{
    struct dns_srv srv = {0};
    if (!srv_read(message, rr, &srv))
        return false;
    size_t last = 0; /* of those kept, the one that would be tried last */
    for (size_t i = 0; i < reply->count; i++) {
        if (srv_compare(&reply->srv[i], &srv) == 0)
            return true;
        if (srv_compare(&reply->srv[i], &reply->srv[last]) > 0)
            last = i;
    }
    reply->records++;
    if (reply->count < DNS_MAX_RECORDS)
        reply->srv[reply->count++] = srv;
    else if (srv_compare(&srv, &reply->srv[last]) < 0)
        reply->srv[last] = srv;
    return true;
}

static bool address_add(struct dns_reply *reply, const ns_rr *rr)
{
    struct dns_address address = {0};
    if (!address_read(rr, &address))
        return false;
    for (size_t i = 0; i < reply->count; i++) {
        if (address_same(&reply->address[i], &address))
            return true;
    }
    reply->records++;
    if (reply->count < DNS_MAX_RECORDS)
        reply->address[reply->count++] = address;
    return true;
}

/* The data stays in the message for the time being. */
static bool tlsa_add(struct dns_reply *reply, const ns_rr *rr)
{
    struct dns_tlsa tlsa;
    if (!dns_tlsa_read(&tlsa, ns_rr_rdata(*rr), ns_rr_rdlen(*rr)))
        return false;
    for (size_t i = 0; i < reply->count; i++) {
        if (dns_tlsa_compare(&reply->tlsa[i], &tlsa) == 0)
            return true;
    }
    reply->records++;
    if (reply->count < DNS_MAX_TLSA && tlsa.length <= DNS_TLSA_MAX_DATA)
        reply->tlsa[reply->count++] = tlsa;
    return true;
}

static bool record_add(struct dns_reply *reply, const struct reading *reading, const ns_rr *rr)
{
    int64_t ttl_s = ns_rr_ttl(*rr) <= INT32_MAX ? (int64_t)ns_rr_ttl(*rr) : 0; /* RFC 2181 8 */
    if (reply->ttl_s < 0 || ttl_s < reply->ttl_s)
        reply->ttl_s = ttl_s;
    if (reading->type == ns_t_tlsa)
        return tlsa_add(reply, rr);
    return reading->type == ns_t_srv ? srv_add(reply, &reading->message, rr) : address_add(reply, rr);
}

static bool is_at_name(const struct reading *reading, const ns_rr *rr)
{
    return ns_rr_class(*rr) == ns_c_in && strcasecmp(ns_rr_name(*rr), reading->name) == 0;
}

/* Moves the name to the end of its chain of CNAMEs. Servers send them in order, but need not: a further pass finds
 * those that stood before the one that leads to them. */
static bool aliases_follow(struct dns_reply *reply, struct reading *reading)
{
    int count = ns_msg_count(reading->message, ns_s_an);
    bool moved = true;
    for (int pass = 0; moved && pass < ALIAS_PASSES; pass++) {
        moved = false;
        for (int i = 0; i < count; i++) {
            ns_rr rr;
            if (ns_parserr(&reading->message, ns_s_an, i, &rr) < 0)
                return false;
            if (ns_rr_type(rr) != ns_t_cname || !is_at_name(reading, &rr))
                continue;
            if (!name_read(&reading->message, &rr, 0, reading->name, sizeof reading->name))
                return false;
            moved = true;
        }
        reply->alias |= moved;
    }
    return true;
}

static int tlsa_compare(const void *left, const void *right)
{
    return dns_tlsa_compare(left, right);
}

/* Puts them in order, and takes their data out of the message. */
static void tlsa_keep(struct dns_reply *reply)
{
    struct dns_tlsa *in_message = reply->tlsa;
    if (reply->count > 0)
        qsort(in_message, reply->count, sizeof *in_message, tlsa_compare);
    reply->tlsa = dns_tlsa_copy(in_message, reply->count);
    free(in_message);
}

static bool records_read(struct dns_reply *reply, struct reading *reading)
{
    int count = ns_msg_count(reading->message, ns_s_an);
    size_t room = count < DNS_MAX_RECORDS ? (size_t)count : DNS_MAX_RECORDS;
    if (reading->type == ns_t_srv)
        reply->srv = mem_array(room, sizeof *reply->srv);
    else if (reading->type == ns_t_tlsa)
        reply->tlsa = mem_array(room, sizeof *reply->tlsa);
    else
        reply->address = mem_array(room, sizeof *reply->address);

    for (int i = 0; i < count; i++) {
        ns_rr rr;
        if (ns_parserr(&reading->message, ns_s_an, i, &rr) < 0)
            return false;
        if ((int)ns_rr_type(rr) == reading->type && is_at_name(reading, &rr) && !record_add(reply, reading, &rr))
            return false;
    }
    if (reply->count > 0 && reading->type == ns_t_srv)
        qsort(reply->srv, reply->count, sizeof *reply->srv, srv_compare);
    if (reading->type == ns_t_tlsa)
        tlsa_keep(reply);
    return true;
}

static enum dns_status status_of(int rcode, unsigned records)
{
    switch (rcode) {
    case ns_r_noerror:
        return records > 0 ? DNS_ANSWER : DNS_NODATA;
    case ns_r_nxdomain:
        return DNS_NXDOMAIN;
    case ns_r_servfail:
        return DNS_SERVFAIL;
    case ns_r_refused:
        return DNS_REFUSED;
    default:
        return DNS_MALFORMED;
    }
}

static bool reply_parse(struct dns_reply *reply, const unsigned char *question, const unsigned char *bytes,
                        size_t length)
{
    struct reading reading;
    if (!question_read(&reading, question) || ns_initparse(bytes, (int)length, &reading.message) < 0)
        return false;
    if (!ns_msg_getflag(reading.message, ns_f_qr) || ns_msg_getflag(reading.message, ns_f_opcode) != ns_o_query)
        return false;
    if (!aliases_follow(reply, &reading) || !records_read(reply, &reading))
        return false;
    reply->status = status_of(ns_msg_getflag(reading.message, ns_f_rcode), reply->records);
    reply->authentic = ns_msg_getflag(reading.message, ns_f_ad) && !ns_msg_getflag(reading.message, ns_f_tc);
    if (reply->status != DNS_ANSWER) {
        reply->ttl_s = -1;
        reply->records = 0;
        reply->count = 0;
    }
    return true;
}

void dns_reply_read(struct dns_reply *reply, const unsigned char *question, const unsigned char *bytes, size_t length)
{
    *reply = (struct dns_reply){.ttl_s = -1};
    if (reply_parse(reply, question, bytes, length))
        return;
    dns_reply_fini(reply);
    *reply = (struct dns_reply){.status = DNS_MALFORMED, .ttl_s = -1};
}

void dns_reply_fini(struct dns_reply *reply)
{
    free(reply->srv);
    free(reply->address);
    free(reply->tlsa);
    *reply = (struct dns_reply){.ttl_s = -1};
}

bool dns_status_failed(enum dns_status status)
{
    return status != DNS_ANSWER && status != DNS_NODATA && status != DNS_NXDOMAIN;
}

/* The worse of two outcomes has the higher rank; an answer beats all. */
static enum dns_status worse(enum dns_status a, enum dns_status b)
{
    static const int rank[] = {
        [DNS_NXDOMAIN] = 0, [DNS_NODATA] = 1,  [DNS_BAD_NAME] = 2,    [DNS_MALFORMED] = 3, [DNS_REFUSED] = 4,
        [DNS_SERVFAIL] = 5, [DNS_TIMEOUT] = 6, [DNS_LOCAL_ERROR] = 7, [DNS_ANSWER] = 8,
    };
    return rank[a] >= rank[b] ? a : b;
}

void dns_reply_merge(struct dns_reply *first, const struct dns_reply *second)
{
    size_t room = DNS_MAX_RECORDS - first->count;
    size_t more = second->count < room ? second->count : room;
    if (more > 0) {
        first->address = mem_resize(first->address, first->count + more, sizeof *first->address);
        memcpy(first->address + first->count, second->address, more * sizeof *first->address);
    }
    first->authentic = (first->authentic || dns_status_failed(first->status)) &&
                       (second->authentic || dns_status_failed(second->status));
    first->status = worse(first->status, second->status);
    first->alias |= second->alias;
    first->records += second->records;
    first->count += more;
    if (first->ttl_s < 0 || (second->ttl_s >= 0 && second->ttl_s < first->ttl_s))
        first->ttl_s = second->ttl_s;
}
