/* TLSA records (RFC 6698): what a domain says in DNS of its servers' certificates and keys. No I/O. */
#ifndef DNS_TLSA_H
#define DNS_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MAX_TLSA 32         /* kept of one answer; more are counted, not kept */
#define DNS_TLSA_MAX_DATA 8192  /* bytes of one; a longer one is counted, not kept */

/* The fields of RFC 6698 2.1, as they were sent: values of no meaning too. */
struct dns_tlsa {
    uint8_t usage, selector, matching;
    size_t length; /* of data, at least 1 */
    const unsigned char *data;
};

/* Reads the record's data, which stays where it is. False when there is no association data in it. */
bool dns_tlsa_read(struct dns_tlsa *tlsa, const unsigned char *data, size_t length);
/* An order that depends on nothing but the fields; 0 for identical records. */
int dns_tlsa_compare(const struct dns_tlsa *a, const struct dns_tlsa *b);
/* The records with their data, in one piece of memory for free(); NULL for none. */
struct dns_tlsa *dns_tlsa_copy(const struct dns_tlsa *tlsa, size_t count);

#endif
