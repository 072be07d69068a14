/* DNS messages (RFC 1035 4): writes a question, reads an answer with every length distrusted. No I/O. */
#ifndef DNS_DNS_MESSAGE_H
#define DNS_DNS_MESSAGE_H

#include "dns/resolver.h"

/* Header, name, type and class. */
#define DNS_QUESTION_SIZE (12 + 255 + 4)

/* Asks for `name` with recursion, without EDNS, and for the AD bit (RFC 6840 5.7); type is ns_t_a, ns_t_aaaa, ns_t_srv
 * or ns_t_tlsa of <arpa/nameser.h>. The first two bytes are the id and left 0. Returns the bytes written, or 0 for a
 * name that cannot be asked for: empty, an empty label, a label over 63 bytes, over 255 in all. Bytes may be escaped as
 * \DDD. */
size_t dns_question_write(unsigned char out[DNS_QUESTION_SIZE], const char *name, int type);

struct dns_reply {
    enum dns_status status;
    bool alias;
    bool authentic; /* the AD bit of a whole answer, whoever set it */
    int64_t ttl_s;
    unsigned records;
    size_t count;                /* of one of the following */
    struct dns_srv *srv;         /* owned */
    struct dns_address *address; /* owned */
    struct dns_tlsa *tlsa;       /* owned, in one piece with the data */
};

/* Fills *reply (its former content is not freed) from the answer to `question`, which dns_question_write() made. The
 * fields mean what they mean in struct dns_answer; never DNS_TIMEOUT, DNS_BAD_NAME or DNS_LOCAL_ERROR. Identical
 * records count once. */
void dns_reply_read(struct dns_reply *reply, const unsigned char *question, const unsigned char *bytes, size_t length);
void dns_reply_fini(struct dns_reply *reply);

/* Appends the second reply's addresses to the first's, and makes the first stand for both. */
void dns_reply_merge(struct dns_reply *first, const struct dns_reply *second);

/* The TC bit: the answer did not fit and is to be asked for over TCP. */
bool dns_reply_truncated(const unsigned char *bytes, size_t length);

#endif
