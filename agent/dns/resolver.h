/* DNS: the ONLY user of c-ares. Asynchronous on the loop; answers are parsed here with every length
 * distrusted. Queries go to one server set, over UDP, and again over TCP where the answer was truncated. */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/tlsa.h"
#include "loop/loop.h"

struct resolver;
struct resolver_query;

enum dns_status {
    DNS_ANSWER,     /* NOERROR with at least one record of the type asked for */
    DNS_NODATA,     /* NOERROR, the name exists, no record of that type */
    DNS_NXDOMAIN,
    DNS_TIMEOUT,    /* no server answered in time, or none could be reached */
    DNS_SERVFAIL,
    DNS_REFUSED,
    DNS_MALFORMED,  /* an answer that cannot be parsed, or FORMERR, NOTIMP and other codes */
    DNS_BAD_NAME,   /* not asked for: an empty name or label, a label over 63 bytes, over 255 in all */
    DNS_LOCAL_ERROR /* no socket could be had: descriptors or memory are exhausted here */
};
/* Whether it says nothing of the name, so that a further server may say more. */
bool dns_status_failed(enum dns_status status);

#define DNS_NAME_SIZE 256  /* presentation form without the final dot, lower case, and the NUL */
#define DNS_MAX_RECORDS 64 /* kept of one answer; more are counted, not kept */

struct dns_srv {
    char target[DNS_NAME_SIZE]; /* "" for the lone "." that disables the service (RFC 2782) */
    uint16_t port, priority, weight;
};

struct dns_address {
    int family;              /* AF_INET or AF_INET6 */
    unsigned char bytes[16]; /* network order; the first 4 for AF_INET */
};

struct dns_answer {
    enum dns_status status;
    int64_t duration_us;
    int64_t ttl_s;           /* least TTL of the records of the type asked for; -1 without any */
    bool alias;              /* a CNAME stood at the name asked for */
    bool authentic;          /* the resolver, which may be trusted with it, says that DNSSEC vouches for the answer */
    unsigned records;        /* records of the type in the answer, also beyond those kept */
    size_t count;            /* kept */
    const struct dns_srv *srv;         /* of resolver_srv(), sorted by priority, then weight descending, then target */
    const struct dns_address *address; /* of resolver_addresses() */
    const struct dns_tlsa *tlsa;       /* of resolver_tlsa(), in the order of dns_tlsa_compare() */
};

/* `address` is "ADDR:PORT" ("[v6]:PORT"), or several with commas between, asked in this order where one fails; NULL
 * stands for the machine's own servers (/etc/resolv.conf). With trust_ad, or where every one of its servers has a
 * loopback address, what it says of authentic answers is believed: the way to it must be safe (RFC 4035 4.9.3).
 * timeout_ms bounds one query with all its retries. NULL and `err` on failure. */
struct resolver *resolver_new(struct loop *loop, const char *address, bool trust_ad, int64_t timeout_ms,
                              struct err *err);
void resolver_free(struct resolver *resolver); /* every query must have ended or been cancelled */

/* The answer is valid only inside the callback. It is called exactly once, never before the call returns, and not
 * after resolver_cancel(). */
typedef void (*resolver_done)(void *arg, const struct dns_answer *answer);
struct resolver_query *resolver_srv(struct resolver *resolver, const char *name, resolver_done done, void *arg);
/* A and AAAA, asked for together, the A records first in the answer. DNS_ANSWER when either has a record; otherwise
 * the worse of the two outcomes (a local error before other failures before NODATA before NXDOMAIN). Once one has a
 * record, the other is waited for a quarter of timeout_ms at most: some servers never answer AAAA. Authentic when each
 * of the two that was answered is. */
struct resolver_query *resolver_addresses(struct resolver *resolver, const char *name, resolver_done done, void *arg);
/* `name` with port and protocol, as "_5269._tcp.xmpp.example.org" (RFC 6698 3). */
struct resolver_query *resolver_tlsa(struct resolver *resolver, const char *name, resolver_done done, void *arg);
void resolver_cancel(struct resolver_query *query); /* NULL is legal */

#endif
