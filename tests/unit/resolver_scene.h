/* What the tests of the resolver share: a loop that does not wait for ever, a server that says the same to everyone,
 * and what is said. */
#ifndef TESTS_RESOLVER_SCENE_H
#define TESTS_RESOLVER_SCENE_H

#include "tests/unit/dns_script.h"

#define PATIENT_MS 20000 /* where an answer is sure to come */
#define SHORT_MS 600     /* where silence is a part of the test */

#define ONE DNS_OK "0001 0000 0000 Q "
#define SRV_A DNS_SRV(60) "[ =1 =2 =3 'a . ]"
#define A_1 DNS_A(60) "[ c0000201 ]"
#define A_2 DNS_A(50) "[ c0000202 ]"
#define AAAA_1 DNS_AAAA(40) "[ 20010db8000000000000000000000001 ]"
#define SRV_STORY "answer ttl=60 records=1: a:3/1/2"
#define A_STORY "answer ttl=60 records=1: 192.0.2.1"
#define TRUNCATED "? 8380 0001 0001 0000 0000 Q " DNS_SRV(60) "[ =1 =2 =3 'b . ]"
#define NODATA DNS_RCODE("0")

extern struct loop *loop;
int scene_setup(void **state);
int scene_teardown(void **state);

/* Whether further descriptors can be had; those in use remain. */
void scene_allow_descriptors(bool allow);

/* Fails the test when the address is not taken. */
struct resolver *scene_resolver(const char *address, int64_t timeout_ms);

struct says {
    const char *udp, *tcp; /* for dns_say() */
};
struct dns_server *scene_server(const struct says *says); /* borrowed */

struct both {
    const char *a, *aaaa;   /* to a question for A, and to any other one */
    bool late;              /* the A question is answered only after the other one */
    struct dns_asked first; /* kept for that */
};
struct dns_server *scene_server_of_both(struct both *both); /* borrowed */

/* Callbacks that tell the answer into the struct buf `story`: one ends the loop, the other ends the line. */
void scene_told(void *story, const struct dns_answer *answer);
void scene_noted(void *story, const struct dns_answer *answer);

/* Asks for the SRV records or the addresses of `name`, and fails the test when the answer is not as wanted. */
void scene_expect(struct resolver *resolver, bool addresses, const char *name, const char *what, const char *wanted);

#endif
