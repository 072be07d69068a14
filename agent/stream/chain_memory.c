#include "stream/chain_memory.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

/* Outcomes that are kept at most; one more takes the place of another. A power of two. */
#define OUTCOMES_MAX 16384
/* Longer chains, and those with more to complain about, are verified each time. */
#define CHAIN_MAX 8
#define COMPLAINTS_MAX 8
#define SENT_MAX 64

struct outcome {
    unsigned char sent[SHA256_DIGEST_LENGTH]; /* digest of the digests of the certificates, in their order */
    int64_t since_s, until_s; /* it holds from the first on, and before the second */
    struct {
        int32_t code, depth;
    } complaints[COMPLAINTS_MAX];
    uint8_t complaint_count, chain_length;
    int8_t place[CHAIN_MAX];  /* of each certificate of the chain among those sent; -1: it is a trusted one */
    X509 *trusted[CHAIN_MAX]; /* a reference to it then, else NULL */
};

struct chain_memory {
    X509_STORE *store;
    int64_t since_s, until_s; /* between these moments no trusted certificate begins or ceases to be valid */
    size_t hits;
    struct outcome *outcomes[OUTCOMES_MAX]; /* by the first bytes of `sent` */
};

struct chain_memory *chain_memory_new(X509_STORE *trusted)
{
    struct chain_memory *memory = mem_alloc(sizeof *memory);
    memory->store = trusted;
    return memory;
}

static void outcome_free(struct outcome *outcome)
{
    for (size_t i = 0; outcome != NULL && i < outcome->chain_length; i++)
        X509_free(outcome->trusted[i]);
    free(outcome);
}

void chain_memory_free(struct chain_memory *memory)
{
    for (size_t i = 0; memory != NULL && i < OUTCOMES_MAX; i++)
        outcome_free(memory->outcomes[i]);
    free(memory);
}

size_t chain_memory_hits(const struct chain_memory *memory)
{
    return memory->hits;
}

/* Moves *until_s to where this certificate begins or ceases to be valid, if that is between it and now. */
static void until_change(int64_t *until_s, const X509 *certificate, int64_t now_s)
{
    const ASN1_TIME *edges[] = {X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)};
    for (size_t i = 0; i < 2; i++) {
        int64_t edge_s = certificate_seconds(edges[i]); /* what is no time is complained of at any time */
        if (edge_s > now_s && edge_s < *until_s)
            *until_s = edge_s;
    }
}

/* Until when no trusted certificate changes. They are many, so that is found out only when such a time has come. */
static int64_t trusted_until(struct chain_memory *memory, int64_t now_s)
{
    if (now_s >= memory->since_s && now_s < memory->until_s)
        return memory->until_s;
    memory->since_s = now_s;
    memory->until_s = INT64_MAX;
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(memory->store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        const X509 *trusted = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (trusted != NULL)
            until_change(&memory->until_s, trusted, now_s);
    }
    return memory->until_s;
}

/* What was sent: the peer's own certificate, then all that came with it. */
struct sent {
    X509 *list[1 + SENT_MAX];
    int count;
    unsigned char digest[SHA256_DIGEST_LENGTH];
};

/* False where it cannot be remembered. */
static bool sent_read(struct sent *sent, X509_STORE_CTX *context)
{
    STACK_OF(X509) *others = X509_STORE_CTX_get0_untrusted(context);
    unsigned char digests[1 + SENT_MAX][SHA256_DIGEST_LENGTH];
    sent->list[0] = X509_STORE_CTX_get0_cert(context);
    sent->count = 1;
    if (sk_X509_num(others) > SENT_MAX)
        return false;
    for (int i = 0; i < sk_X509_num(others); i++)
        sent->list[sent->count++] = sk_X509_value(others, i);
    for (int i = 0; i < sent->count; i++) {
        if (i == 1 && sent->list[1] == sent->list[0]) /* mostly so */
            memcpy(digests[1], digests[0], sizeof *digests);
        else if (X509_digest(sent->list[i], EVP_sha256(), digests[i], NULL) != 1)
            return false;
    }
    return SHA256(digests[0], (size_t)sent->count * sizeof *digests, sent->digest) != NULL;
}

static struct outcome **slot_of(struct chain_memory *memory, const struct sent *sent)
{
    size_t place;
    memcpy(&place, sent->digest, sizeof place);
    return &memory->outcomes[place % OUTCOMES_MAX];
}

/* Gives the context the chain, and *errors the complaints, that were remembered. */
static bool outcome_repeat(const struct outcome *outcome, const struct sent *sent, X509_STORE_CTX *context,
                           struct certificate_errors *errors)
{
    STACK_OF(X509) *chain = sk_X509_new_reserve(NULL, outcome->chain_length);
    if (chain == NULL)
        return false;
    for (size_t i = 0; i < outcome->chain_length; i++) {
        X509 *one = outcome->trusted[i] != NULL ? outcome->trusted[i] : sent->list[outcome->place[i]];
        X509_up_ref(one);
        sk_X509_push(chain, one);
    }
    X509_STORE_CTX_set0_verified_chain(context, chain);
    for (size_t i = 0; i < outcome->complaint_count; i++) {
        errors->list[i].code = outcome->complaints[i].code;
        errors->list[i].depth = outcome->complaints[i].depth;
    }
    errors->count = outcome->complaint_count;
    return true;
}

static int place_of(const struct sent *sent, const X509 *certificate)
{
    for (int i = 0; i < sent->count; i++) {
        if (sent->list[i] == certificate)
            return i;
    }
    return -1;
}

/* NULL where it is too much to be remembered. */
static struct outcome *outcome_new(const struct sent *sent, X509_STORE_CTX *context,
                                   const struct certificate_errors *errors)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    int length = sk_X509_num(chain);
    if (length < 1 || length > CHAIN_MAX || errors->count > COMPLAINTS_MAX)
        return NULL;
    struct outcome *outcome = mem_alloc(sizeof *outcome);
    memcpy(outcome->sent, sent->digest, sizeof outcome->sent);
    for (size_t i = 0; i < errors->count; i++) {
        outcome->complaints[i].code = errors->list[i].code;
        outcome->complaints[i].depth = errors->list[i].depth;
    }
    outcome->complaint_count = (uint8_t)errors->count;
    outcome->chain_length = (uint8_t)length;
    for (int i = 0; i < length; i++) {
        X509 *one = sk_X509_value(chain, i);
        outcome->place[i] = (int8_t)place_of(sent, one);
        if (outcome->place[i] < 0 && X509_up_ref(one) == 1)
            outcome->trusted[i] = one;
    }
    return outcome;
}

int chain_memory_verify(struct chain_memory *memory, X509_STORE_CTX *context, struct certificate_errors *errors,
                        int64_t now_s)
{
    struct sent sent;
    X509_STORE_CTX_set_time(context, 0, (time_t)now_s); /* one time for all of it */
    if (memory == NULL || !sent_read(&sent, context))
        return X509_verify_cert(context);
    struct outcome **slot = slot_of(memory, &sent);
    const struct outcome *known = *slot;
    if (known != NULL && memcmp(known->sent, sent.digest, sizeof sent.digest) == 0 && now_s >= known->since_s &&
        now_s < known->until_s && outcome_repeat(known, &sent, context, errors)) {
        memory->hits++;
        return 1;
    }
    int verified = X509_verify_cert(context);
    struct outcome *fresh = verified == 1 ? outcome_new(&sent, context, errors) : NULL;
    if (fresh != NULL) {
        fresh->since_s = now_s;
        fresh->until_s = trusted_until(memory, now_s);
        for (int i = 0; i < sent.count; i++)
            until_change(&fresh->until_s, sent.list[i], now_s);
        outcome_free(*slot);
        *slot = fresh;
    }
    return verified;
}
