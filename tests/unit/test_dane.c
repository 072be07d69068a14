/* TLSA records against the chains of peers (RFC 6698, RFC 7671): what each usage asks for, and what it leads to. */
#include "certificate_scene.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { PKIX_TA, PKIX_EE, DANE_TA, DANE_EE };
enum { CERT, SPKI };
enum { FULL, SHA2_256, SHA2_512 };

#define LEAF NOBODY /* as what a record is of */
#define RECORDS_MAX 6

struct record {
    uint8_t usage, selector, matching;
    enum authority of;
    enum { FITS, DIFFERS, SHORT } data; /* DIFFERS: in its last byte */
};

struct row {
    const char *what;
    struct record records[RECORDS_MAX];
    size_t count;           /* 0: 1 */
    struct recipe recipe;   /* without a SAN: LEAF_OURS */
    enum authority sent[3]; /* nothing: MIDDLE */
    bool untrusted;
    const char *host;
    enum reason reason;     /* 0: ok */
    char test;              /* of CERT_TEST_DANE */
    const char *detail;     /* what it ends with */
};

#define LEAFS(usage, selector, matching) {usage, selector, matching, LEAF, FITS}
#define ISSUERS(usage, selector, matching, issuer) {usage, selector, matching, issuer, FITS}
#define YES .test = '+', .detail = "; TLSA records match"
#define NO .test = '-', .reason = REASON_CERT_UNTRUSTED, .detail = "trusted, but not by the domain's TLSA records"
#define NO_EITHER .test = '-', .detail = "; TLSA records do not match"
#define NONE .test = '?', .detail = "Z" /* the end of a date */
#define OURS .san = "DNS:xmpp.example", .by = MIDDLE
#define FOREIGNS .san = "DNS:xmpp.example", .by = FOREIGN_MIDDLE
#define OTHERS .san = "DNS:other.example", .by = MIDDLE
#define HOSTS .san = "DNS:host.example", .by = MIDDLE
#define HOST .host = "host.example"

static const struct row ROWS[] = {
    {"3 0 0", {LEAFS(DANE_EE, CERT, FULL)}, YES},
    {"3 0 1", {LEAFS(DANE_EE, CERT, SHA2_256)}, YES},
    {"3 0 2", {LEAFS(DANE_EE, CERT, SHA2_512)}, YES},
    {"3 1 0", {LEAFS(DANE_EE, SPKI, FULL)}, YES},
    {"3 1 1", {LEAFS(DANE_EE, SPKI, SHA2_256)}, YES},
    {"3 1 2", {LEAFS(DANE_EE, SPKI, SHA2_512)}, YES},
    {"3 0 0 of another", {{DANE_EE, CERT, FULL, LEAF, DIFFERS}}, NO},
    {"3 1 1 of another", {{DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}}, NO},
    {"3 1 1 of the intermediate", {ISSUERS(DANE_EE, SPKI, SHA2_256, MIDDLE)}, NO},
    {"3 1 1, cut off", {{DANE_EE, SPKI, SHA2_256, LEAF, SHORT}}, NONE},
    {"3 0 0, cut off", {{DANE_EE, CERT, FULL, LEAF, SHORT}}, NO},
    {"3 1 1 of an expired one", {LEAFS(DANE_EE, SPKI, SHA2_256)}, .recipe = {OURS, .until_days = -1},
     .reason = REASON_CERT_EXPIRED, YES},
    {"3 1 1 of an untrusted one", {LEAFS(DANE_EE, SPKI, SHA2_256)}, .untrusted = true,
     .reason = REASON_CERT_UNTRUSTED, YES},
    {"3 1 1 of a self-signed one", {LEAFS(DANE_EE, SPKI, SHA2_256)}, .recipe = {.san = "DNS:xmpp.example"},
     .sent = {ROOT}, .reason = REASON_CERT_SELF_SIGNED, YES},
    {"3 1 1 of one with another name", {LEAFS(DANE_EE, SPKI, SHA2_256)}, .recipe = {OTHERS},
     .reason = REASON_CERT_NAME_MISMATCH, YES},
    {"3 1 1 of another untrusted one", {{DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}}, .untrusted = true,
     .reason = REASON_CERT_UNTRUSTED, NO_EITHER},
    {"3 1 1 of another weak one", {{DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}}, .recipe = {OURS, .rsa_bits = 1024},
     .reason = REASON_CERT_WEAK_KEY, NO_EITHER},
    {"3 1 1 of another that expires soon", {{DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}}, .recipe = {OURS,
     .until_days = 2}, .reason = REASON_CERT_EXPIRES_SOON, NO_EITHER},

    {"2 0 1 of the intermediate", {ISSUERS(DANE_TA, CERT, SHA2_256, MIDDLE)}, YES},
    {"2 1 2 of the intermediate", {ISSUERS(DANE_TA, SPKI, SHA2_512, MIDDLE)}, YES},
    {"2 1 1 of the root, which is not sent, but trusted", {ISSUERS(DANE_TA, SPKI, SHA2_256, ROOT)}, YES},
    {"2 1 1 of an unknown root", {ISSUERS(DANE_TA, SPKI, SHA2_256, FOREIGN)}, .recipe = {FOREIGNS},
     .sent = {FOREIGN_MIDDLE, FOREIGN}, .reason = REASON_CERT_UNTRUSTED, YES},
    {"2 0 0 of an unknown root, not sent", {ISSUERS(DANE_TA, CERT, FULL, FOREIGN)}, .recipe = {FOREIGNS},
     .sent = {FOREIGN_MIDDLE}, .reason = REASON_CERT_UNTRUSTED, YES},
    {"2 1 0 of an unknown root, not sent", {ISSUERS(DANE_TA, SPKI, FULL, FOREIGN)}, .recipe = {FOREIGNS},
     .sent = {FOREIGN_MIDDLE}, .reason = REASON_CERT_UNTRUSTED, YES},
    {"2 1 1 of an unknown root, not sent", {ISSUERS(DANE_TA, SPKI, SHA2_256, FOREIGN)}, .recipe = {FOREIGNS},
     .sent = {FOREIGN_MIDDLE}, .reason = REASON_CERT_UNTRUSTED, NO_EITHER},
    {"2 1 0 of a key that signed nothing here", {ISSUERS(DANE_TA, SPKI, FULL, FOREIGN)}, NO},
    {"2 0 0 of one who issued nothing here", {ISSUERS(DANE_TA, CERT, FULL, FOREIGN)}, NO},
    {"2 0 1 of one who is sent and issued nothing", {ISSUERS(DANE_TA, CERT, SHA2_256, FOREIGN_MIDDLE)},
     .sent = {MIDDLE, FOREIGN_MIDDLE}, NO},
    {"2 1 1 of the server's own", {LEAFS(DANE_TA, SPKI, SHA2_256)}, NO},
    {"2 0 0 of the server's own", {LEAFS(DANE_TA, CERT, FULL)}, NO},
    {"2 0 0 of the server's own, self-signed", {LEAFS(DANE_TA, CERT, FULL)}, .recipe = {.san = "DNS:xmpp.example"},
     .sent = {ROOT}, .reason = REASON_CERT_SELF_SIGNED, NO_EITHER},
    {"2 1 0 of the server's own, self-signed", {LEAFS(DANE_TA, SPKI, FULL)}, .recipe = {.san = "DNS:xmpp.example"},
     .sent = {ROOT}, .reason = REASON_CERT_SELF_SIGNED, NO_EITHER},
    {"2 0 1 of an expired chain", {ISSUERS(DANE_TA, CERT, SHA2_256, MIDDLE)}, .recipe = {OURS, .until_days = -1},
     .reason = REASON_CERT_EXPIRED, NO_EITHER},
    {"2 0 1 of one with another name", {ISSUERS(DANE_TA, CERT, SHA2_256, MIDDLE)}, .recipe = {OTHERS},
     .reason = REASON_CERT_NAME_MISMATCH, NO_EITHER},
    {"2 0 1 of one with the host's name", {ISSUERS(DANE_TA, CERT, SHA2_256, MIDDLE)}, .recipe = {HOSTS}, HOST,
     .reason = REASON_CERT_NAME_MISMATCH, YES},
    {"2 0 1 of one for clients", {ISSUERS(DANE_TA, CERT, SHA2_256, MIDDLE)}, .recipe = {OURS, .usage = "clientAuth"},
     .reason = REASON_CERT_WRONG_USAGE, NO_EITHER},

    {"1 1 1", {LEAFS(PKIX_EE, SPKI, SHA2_256)}, YES},
    {"1 0 2 of another", {{PKIX_EE, CERT, SHA2_512, LEAF, DIFFERS}}, NO},
    {"1 1 1 of an untrusted one", {LEAFS(PKIX_EE, SPKI, SHA2_256)}, .untrusted = true,
     .reason = REASON_CERT_UNTRUSTED, NO_EITHER},
    {"1 1 1 of an expired one", {LEAFS(PKIX_EE, SPKI, SHA2_256)}, .recipe = {OURS, .until_days = -1},
     .reason = REASON_CERT_EXPIRED, NO_EITHER},
    {"1 1 1 of one with another name", {LEAFS(PKIX_EE, SPKI, SHA2_256)}, .recipe = {OTHERS},
     .reason = REASON_CERT_NAME_MISMATCH, NO_EITHER},
    {"1 1 1 of one with the host's name", {LEAFS(PKIX_EE, SPKI, SHA2_256)}, .recipe = {HOSTS}, HOST,
     .reason = REASON_CERT_NAME_MISMATCH, YES},
    {"0 0 1 of the root", {ISSUERS(PKIX_TA, CERT, SHA2_256, ROOT)}, YES},
    {"0 1 1 of the intermediate", {ISSUERS(PKIX_TA, SPKI, SHA2_256, MIDDLE)}, YES},
    {"0 1 1 of the server's own", {LEAFS(PKIX_TA, SPKI, SHA2_256)}, NO},
    {"0 0 1 of another root", {ISSUERS(PKIX_TA, CERT, SHA2_256, FOREIGN)}, NO},
    {"0 0 1 of what is sent and not used", {ISSUERS(PKIX_TA, CERT, SHA2_256, FOREIGN)}, .sent = {MIDDLE, FOREIGN}, NO},
    {"0 1 1 of an untrusted one", {ISSUERS(PKIX_TA, SPKI, SHA2_256, MIDDLE)}, .untrusted = true,
     .reason = REASON_CERT_UNTRUSTED, NO_EITHER},

    {"unknown usage", {LEAFS(4, SPKI, SHA2_256)}, NONE},
    {"private usage", {LEAFS(255, SPKI, SHA2_256)}, NONE},
    {"unknown selector", {LEAFS(DANE_EE, 2, SHA2_256)}, NONE},
    {"unknown matching type", {LEAFS(DANE_EE, SPKI, 3)}, NONE},
    {"none of several of use", {LEAFS(4, SPKI, SHA2_256), LEAFS(DANE_EE, 2, SHA2_256), LEAFS(DANE_EE, SPKI, 3)}, 3,
     NONE},
    {"one of several fits", {{DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}, LEAFS(4, SPKI, SHA2_256),
     LEAFS(DANE_EE, SPKI, SHA2_256)}, 3, YES},
    {"one fits, and those behind it do not", {LEAFS(DANE_EE, SPKI, SHA2_256),
     {DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}}, 2, YES},
    {"one of use does not fit", {{DANE_EE, SPKI, SHA2_256, LEAF, DIFFERS}, LEAFS(4, SPKI, SHA2_256)}, 2, NO},
    {"more anchors than are tried", {ISSUERS(DANE_TA, CERT, FULL, FOREIGN),
     ISSUERS(DANE_TA, CERT, FULL, FOREIGN_MIDDLE), ISSUERS(DANE_TA, CERT, FULL, ROOT_ENDED),
     ISSUERS(DANE_TA, CERT, FULL, ROOT_ENDED), ISSUERS(DANE_TA, CERT, SHA2_256, MIDDLE)}, 5, NO},
};

/* The record's data, to be freed with OPENSSL_free(). */
static unsigned char *data_make(const struct record *record, X509 *leaf, size_t *length)
{
    X509 *of = record->of == LEAF ? leaf : authority(record->of);
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned size;
    int der_length = record->selector == CERT ? i2d_X509(of, &der) : i2d_PUBKEY(X509_get0_pubkey(of), &der);
    *length = (size_t)der_length;
    if (record->matching != FULL) {
        EVP_Digest(der, *length, digest, &size, record->matching == SHA2_512 ? EVP_sha512() : EVP_sha256(), NULL);
        memcpy(der, digest, size);
        *length = size;
    }
    if (record->data == DIFFERS)
        der[*length - 1] ^= 1;
    *length -= record->data == SHORT;
    return der;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), most = strlen(end);
    return length >= most && strcmp(text + length - most, end) == 0;
}

static void judge_row(const struct row *row)
{
    static const struct recipe usual = {OURS};
    static const enum authority middle[] = {MIDDLE};
    const struct recipe *recipe = row->recipe.san != NULL ? &row->recipe : &usual;
    STACK_OF(X509) *sent = row->sent[0] != NOBODY ? sent_make(recipe, row->sent, COUNT(row->sent))
                                                  : sent_make(recipe, middle, 1);
    struct dns_tlsa tlsa[RECORDS_MAX];
    unsigned char *data[RECORDS_MAX] = {NULL};
    struct scene scene;
    scene_open(&scene, row->untrusted ? NOBODY : ROOT);
    scene.policy.tlsa = tlsa;
    scene.policy.tlsa_count = row->count > 0 ? row->count : 1;
    scene.policy.host = row->host;
    for (size_t i = 0; i < scene.policy.tlsa_count; i++) {
        const struct record *record = &row->records[i];
        tlsa[i] = (struct dns_tlsa){.usage = record->usage, .selector = record->selector, .matching = record->matching};
        tlsa[i].data = data[i] = data_make(record, sk_X509_value(sent, 0), &tlsa[i].length);
    }

    struct check_result verdict = {0};
    struct certificate *facts = scene_judge(&scene, sent, &verdict);
    char tests[CERT_TEST_COUNT + 1];
    tests_text(tests, facts);
    enum reason reason = row->reason != REASON_NOT_RUN ? row->reason : REASON_OK;
    bool alone = reason == REASON_CERT_UNTRUSTED && tests[CERT_TEST_TRUST] == '+';
    enum state state = alone ? STATE_WARNING : STATE_CRITICAL;
    if (verdict.reason != reason || (reason != REASON_OK && verdict.state != state) ||
        tests[CERT_TEST_DANE] != row->test || !ends_with(verdict.detail, row->detail))
        fail_msg("%s: %s (%s) %s", row->what, reason_info(verdict.reason)->code, verdict.detail, tests);
    free(verdict.detail);
    certificate_free(facts);
    for (size_t i = 0; i < RECORDS_MAX; i++)
        OPENSSL_free(data[i]);
    scene_close(&scene);
    sent_free(sent);
}

static void judges_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++)
        judge_row(&ROWS[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_records),
    };
    return cmocka_run_group_tests(tests, NULL, authorities_free);
}
