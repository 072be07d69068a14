/* The reader of DNS answers. The first byte chooses the question; of the rest the first two bytes, the id, are made
 * right, since nothing is read of an answer to something else. */
#include <arpa/nameser.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "dns/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        int type;
    } QUESTIONS[] = {
        {"_xmpp-server._tcp.half-down.lab.test", ns_t_srv}, {"_xmpps-server._tcp.direct.lab.test", ns_t_srv},
        {"alias.lab.test", ns_t_a}, {"both.lab.test", ns_t_aaaa},
        {"_xmpp-server._tcp.disabled.lab.test", ns_t_srv}, {"_xmpp-server._tcp.nxdomain.lab.test", ns_t_srv},
        {"_5269._tcp.dane.lab.test", ns_t_tlsa},
    };
    unsigned char question[DNS_QUESTION_SIZE];
    if (size == 0)
        return 0;
    size_t which = data[0] % (sizeof QUESTIONS / sizeof QUESTIONS[0]);
    assert(dns_question_write(question, QUESTIONS[which].name, QUESTIONS[which].type) > 0);
    unsigned char *bytes = mem_alloc(size); /* the answer alone, so that reading past its end shows */
    memcpy(bytes, data + 1, size - 1);
    if (size > 2)
        memcpy(bytes, question, 2);
    struct dns_reply reply;
    dns_reply_read(&reply, question, bytes, size - 1);
    assert(reply.count <= DNS_MAX_RECORDS && reply.count <= reply.records);
    assert(reply.status == DNS_ANSWER ? reply.records > 0 && reply.ttl_s >= 0 : reply.count == 0);
    for (size_t i = 0; reply.tlsa != NULL && i < reply.count; i++)
        assert(reply.tlsa[i].length > 0 && reply.tlsa[i].length <= DNS_TLSA_MAX_DATA &&
               (i == 0 || dns_tlsa_compare(&reply.tlsa[i - 1], &reply.tlsa[i]) < 0));
    dns_reply_truncated(bytes, size - 1);
    dns_reply_fini(&reply);
    free(bytes);
    return 0;
}
