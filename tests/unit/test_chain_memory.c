/* Verification that is not computed again: test_certificate.c holds every row against it; here stands when it is
 * computed again after all. */
#include "certificate_scene.h"

#include <stdlib.h>

/* Judges, and checks whether that was done from memory. */
static void judge(struct scene *scene, STACK_OF(X509) *sent, bool remembered, enum reason reason, const char *what)
{
    size_t hits = chain_memory_hits(scene->memory);
    struct check_result verdict = {0};
    struct certificate *facts = scene_judge(scene, sent, &verdict);
    if (verdict.reason != reason || chain_memory_hits(scene->memory) != hits + remembered)
        fail_msg("%s: %s, %s", what, reason_info(verdict.reason)->code,
                 chain_memory_hits(scene->memory) != hits ? "remembered" : "computed");

    struct chain_memory *memory = scene->memory;
    struct check_result fresh = {0};
    scene->memory = NULL;
    struct certificate *same = scene_judge(scene, sent, &fresh);
    scene->memory = memory;
    assert_same_facts(facts, same, what);
    assert_string_equal(verdict.detail, fresh.detail);
    certificate_free(facts);
    certificate_free(same);
    free(verdict.detail);
    free(fresh.detail);
}

static void open_with_memory(struct scene *scene, enum authority trusted)
{
    scene_open(scene, trusted);
    scene->memory = chain_memory_new(scene->store);
}

static void the_clock_counts(void **state)
{
    (void)state;
    const struct recipe recipe = {.san = "DNS:xmpp.example", .by = MIDDLE, .from_days = 1, .until_days = 20};
    STACK_OF(X509) *sent = sent_make(&recipe, (enum authority[]){MIDDLE_SOON}, 1); /* which ends in 10 days */
    struct scene scene;
    open_with_memory(&scene, ROOT);
    struct tm parts;
    ASN1_TIME_to_tm(X509_get0_notBefore(sk_X509_value(sent, 0)), &parts);
    int64_t from = (int64_t)timegm(&parts);
    ASN1_TIME_to_tm(X509_get0_notAfter(authority(MIDDLE_SOON)), &parts);
    int64_t until = (int64_t)timegm(&parts);
    const struct {
        int64_t now_s;
        bool remembered;
        enum reason reason;
    } steps[] = {
        {from - 100, false, REASON_CERT_NOT_YET_VALID}, {from - 50, true, REASON_CERT_NOT_YET_VALID},
        {from - 1, true, REASON_CERT_NOT_YET_VALID},    {from, false, REASON_CERT_EXPIRES_SOON},
        {from + 1, true, REASON_CERT_EXPIRES_SOON},     {until - 1, true, REASON_CERT_EXPIRES_SOON},
        {until, false, REASON_CERT_EXPIRED},            {until + 1, true, REASON_CERT_EXPIRED},
        {until - 1, false, REASON_CERT_EXPIRES_SOON}, /* a clock that is put back */
        {from - 1, false, REASON_CERT_NOT_YET_VALID},
    };
    for (size_t i = 0; i < COUNT(steps); i++) {
        scene.now_s = steps[i].now_s;
        char what[32];
        snprintf(what, sizeof what, "step %zu", i);
        judge(&scene, sent, steps[i].remembered, steps[i].reason, what);
    }
    scene_close(&scene);
    sent_free(sent);
}

/* Of two trusted roots with one name and key, verification takes the one that is valid. */
static void a_trusted_certificate_that_ends_counts(void **state)
{
    (void)state;
    const struct recipe recipe = {.san = "DNS:xmpp.example", .by = MIDDLE};
    STACK_OF(X509) *sent = sent_make(&recipe, (enum authority[]){MIDDLE}, 1);
    struct scene scene;
    scene_open(&scene, ROOT_SOON); /* in 2 days */
    X509_STORE_add_cert(scene.store, authority(ROOT));
    scene.memory = chain_memory_new(scene.store);
    scene.policy.expiry_warning_s = scene.policy.expiry_critical_s = 0;
    judge(&scene, sent, false, REASON_OK, "the first time");
    scene.now_s += DAY;
    judge(&scene, sent, true, REASON_OK, "a day later");
    scene.now_s += 2 * DAY;
    judge(&scene, sent, false, REASON_OK, "one of them has ended");
    judge(&scene, sent, true, REASON_OK, "and again");
    scene_close(&scene);
    sent_free(sent);
}

static void every_byte_that_was_sent_counts(void **state)
{
    (void)state;
    const struct recipe recipe = {.san = "DNS:xmpp.example", .by = MIDDLE};
    STACK_OF(X509) *whole = sent_make(&recipe, (enum authority[]){MIDDLE}, 1);
    struct scene scene;
    open_with_memory(&scene, ROOT);
    judge(&scene, whole, false, REASON_OK, "the first time");

    STACK_OF(X509) *alone = sk_X509_new_null();
    X509_up_ref(sk_X509_value(whole, 0));
    sk_X509_push(alone, sk_X509_value(whole, 0));
    judge(&scene, alone, false, REASON_CERT_CHAIN_INCOMPLETE, "without the intermediate");
    X509_up_ref(authority(MIDDLE_NO_CA));
    sk_X509_push(alone, authority(MIDDLE_NO_CA));
    judge(&scene, alone, false, REASON_CERT_UNTRUSTED, "with another");

    unsigned char *der = NULL; /* the same certificate but for the last byte of its signature */
    int length = i2d_X509(sk_X509_value(whole, 0), &der);
    der[length - 1] ^= 1;
    const unsigned char *at = der;
    STACK_OF(X509) *altered = sk_X509_new_null();
    sk_X509_push(altered, d2i_X509(NULL, &at, length));
    OPENSSL_free(der);
    X509_up_ref(authority(MIDDLE));
    sk_X509_push(altered, authority(MIDDLE));
    judge(&scene, altered, false, REASON_CERT_UNTRUSTED, "with another signature");
    judge(&scene, altered, true, REASON_CERT_UNTRUSTED, "and again");
    judge(&scene, whole, true, REASON_OK, "the first is still known");

    scene.policy.domain = scene.policy.domain_unicode = "other.example"; /* of which the memory knows nothing */
    judge(&scene, whole, true, REASON_CERT_NAME_MISMATCH, "for another domain");
    scene_close(&scene);
    sent_free(whole);
    sent_free(alone);
    sent_free(altered);
}

/* What is too long to be remembered is verified each time. */
static void a_long_chain_is_computed(void **state)
{
    (void)state;
    const struct recipe recipe = {.san = "DNS:xmpp.example", .by = MIDDLE};
    STACK_OF(X509) *sent = sent_make(&recipe, (enum authority[]){MIDDLE}, 1);
    for (int i = 0; i < 70; i++) {
        X509_up_ref(authority(MIDDLE));
        sk_X509_push(sent, authority(MIDDLE));
    }
    struct scene scene;
    open_with_memory(&scene, ROOT);
    judge(&scene, sent, false, REASON_OK, "70 intermediates");
    judge(&scene, sent, false, REASON_OK, "and again");
    scene_close(&scene);
    sent_free(sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_counts),
        cmocka_unit_test(a_trusted_certificate_that_ends_counts),
        cmocka_unit_test(every_byte_that_was_sent_counts),
        cmocka_unit_test(a_long_chain_is_computed),
    };
    return cmocka_run_group_tests(tests, NULL, authorities_free);
}
