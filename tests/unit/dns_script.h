/* For tests: a DNS server on the loop that says what it is told to, and an assembler for what it says. */
#ifndef TESTS_DNS_SCRIPT_H
#define TESTS_DNS_SCRIPT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "dns/resolver.h"

/* Appends a message, given in words with blanks between: hexadecimal bytes; =N two and ==N four bytes of a decimal
 * number; 'abc a label; . the root; ^ a pointer to the name asked for; [ … ] two bytes of length before what is inside;
 * ? the question's id; ! another id; Q the question section. */
void dns_assemble(struct buf *out, const char *text, const unsigned char *question, size_t question_length);

#define DNS_OK "? 8180 0001 "                 /* NOERROR; the numbers of records follow, then Q and the records */
#define DNS_AUTHENTIC "? 81a0 0001 "          /* the same with the AD bit */
#define DNS_RCODE(DIGIT) "? 818" DIGIT " 0001 0000 0000 0000 Q "
#define DNS_SRV(TTL) " ^ 0021 0001 ==" #TTL " " /* then [ =priority =weight =port target ] */
#define DNS_A(TTL) " ^ 0001 0001 ==" #TTL " "
#define DNS_AAAA(TTL) " ^ 001c 0001 ==" #TTL " "
#define DNS_TLSA(TTL) " ^ 0034 0001 ==" #TTL " " /* then [ UUSSMM data ], in hexadecimal */
#define DNS_CNAME(TTL) " ^ 0005 0001 ==" #TTL " "

/* "answer ttl=60 records=2: a.test:5269/1/2 b.test:5269/3/4", "nxdomain alias authentic", …
 * priority before weight; of TLSA "3/1/1:00ff". */
void dns_tell(struct buf *out, const struct dns_answer *answer);

struct dns_server;

struct dns_asked {
    struct dns_server *server;
    void *arg;
    char name[256]; /* lower case */
    int type;
    bool tcp;
    int fd;                  /* of the server, or of the TCP connection */
    struct sockaddr_in from; /* whom to answer over UDP */
    unsigned char bytes[512];
    size_t length;
};

/* `respond` is called with each question, and may keep a copy to answer later. */
struct dns_server *dns_server_new(struct loop *loop, void (*respond)(const struct dns_asked *asked), void *arg);
void dns_server_free(struct dns_server *server);
const char *dns_server_address(const struct dns_server *server); /* "127.0.0.1:PORT", UDP and TCP */
unsigned dns_server_asked(const struct dns_server *server);      /* questions so far */
/* Messages with | between; "close" hangs up; NULL is silence. Over TCP each byte is sent on its own. */
void dns_say(const struct dns_asked *asked, const char *text);

#endif
