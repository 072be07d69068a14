/* What a peer shows in the handshake, and what DNS says of it: the chain, the OCSP response, TLSA records. Verified
 * without a memory and with one, which must make no difference. Each part of the input has its length before it, in
 * two bytes: first (in one byte) the number of certificates, the certificates, the response, then the data of records;
 * of the certificates the last is trusted. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509_vfy.h>

#include "base/mem.h"
#include "base/text.h"
#include "fuzz.h"
#include "stream/certificate.h"
#include "stream/chain_memory.h"

#define CERTIFICATES_MAX 8
#define RECORDS_MAX 8
#define AGE_S (30 * INT64_C(86400)) /* of the corpus' certificates when it was made */

struct input {
    const uint8_t *data;
    size_t size;
};

/* The next part, which stays where it is: NULL without one. */
static const uint8_t *part_take(struct input *input, size_t *length)
{
    if (input->size < 2)
        return NULL;
    *length = (size_t)input->data[0] << 8 | input->data[1];
    if (*length > input->size - 2)
        *length = input->size - 2;
    const uint8_t *part = input->data + 2;
    input->data += 2 + *length;
    input->size -= 2 + *length;
    return part;
}

static int note(int good, X509_STORE_CTX *store)
{
    struct certificate_errors *errors = X509_STORE_CTX_get_app_data(store);
    if (!good && errors->count < CERT_MAX_ERRORS) {
        errors->list[errors->count].code = X509_STORE_CTX_get_error(store);
        errors->list[errors->count++].depth = X509_STORE_CTX_get_error_depth(store);
    }
    return 1;
}

static struct certificate *judge(X509_STORE *trusted, struct chain_memory *memory, struct certificate_shown *shown,
                                 const struct certificate_policy *policy, struct check_result *verdict)
{
    struct certificate_errors errors = {0};
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, trusted, sk_X509_value(shown->sent, 0), shown->sent);
    X509_STORE_CTX_set_default(context, "ssl_server");
    X509_STORE_CTX_set_app_data(context, &errors);
    X509_STORE_CTX_set_verify_cb(context, note);
    chain_memory_verify(memory, context, &errors, policy->now_s);
    shown->built = X509_STORE_CTX_get0_chain(context);
    shown->errors = &errors;
    struct certificate *facts = certificate_judge(shown, policy, verdict);
    X509_STORE_CTX_free(context);
    return facts;
}

static void judge_often(X509_STORE *trusted, struct certificate_shown *shown, const struct certificate_policy *policy)
{
    struct chain_memory *memory = chain_memory_new(trusted);
    struct check_result first = {0};
    struct certificate *facts = judge(trusted, NULL, shown, policy, &first);
    for (int i = 0; i < 2; i++) {
        struct check_result again = {0};
        struct certificate *same = judge(trusted, memory, shown, policy, &again);
        assert(again.reason == first.reason && again.state == first.state && text_same(again.detail, first.detail));
        assert(memcmp(same->test, facts->test, sizeof same->test) == 0);
        assert(memcmp(same->not_after, facts->not_after, sizeof same->not_after) == 0);
        certificate_free(same);
        free(again.detail);
    }
    assert(strcmp(reason_info(first.reason)->stage, "certificate") == 0 || first.reason == REASON_OK);
    certificate_free(facts);
    free(first.detail);
    chain_memory_free(memory);
}

/* When the certificate is as old as those of the corpus were: then its response is current. */
static int64_t moment_of(const X509 *leaf)
{
    struct tm parts;
    return ASN1_TIME_to_tm(X509_get0_notBefore(leaf), &parts) == 1 ? (int64_t)timegm(&parts) + AGE_S : AGE_S;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data + 1, size > 0 ? size - 1 : 0};
    STACK_OF(X509) *sent = sk_X509_new_null();
    size_t length = 0;
    for (int left = size > 0 ? data[0] % (CERTIFICATES_MAX + 1) : 0; left > 0; left--) {
        const unsigned char *der = part_take(&input, &length);
        X509 *one = der != NULL ? d2i_X509(NULL, &der, (long)length) : NULL;
        if (one != NULL)
            sk_X509_push(sent, one);
    }
    struct certificate_shown shown = {.sent = sent};
    shown.staple = part_take(&input, &shown.staple_length);
    if (shown.staple_length == 0)
        shown.staple = NULL;
    struct dns_tlsa tlsa[RECORDS_MAX];
    size_t tlsa_count = 0;
    const uint8_t *record;
    while (tlsa_count < RECORDS_MAX && (record = part_take(&input, &length)) != NULL)
        tlsa_count += dns_tlsa_read(&tlsa[tlsa_count], record, length);

    if (sk_X509_num(sent) > 0) {
        X509_STORE *trusted = X509_STORE_new();
        X509_STORE_add_cert(trusted, sk_X509_value(sent, sk_X509_num(sent) - 1));
        const struct certificate_policy policy = {
            .domain = "chain.lab.test", .domain_unicode = "chain.lab.test", .host = "host.lab.test",
            .now_s = moment_of(sk_X509_value(sent, 0)),
            .expiry_warning_s = 14 * 86400, .expiry_critical_s = 3 * 86400,
            .tlsa = tlsa, .tlsa_count = tlsa_count,
        };
        judge_often(trusted, &shown, &policy);
        X509_STORE_free(trusted);
    }
    sk_X509_pop_free(sent, X509_free);
    return 0;
}
