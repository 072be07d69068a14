#include "certificate_scene.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static const struct {
    const char *cn;
    enum authority by;
    enum authority key_of; /* NOBODY: its own */
    struct recipe recipe;
    const char *basic; /* basicConstraints; NULL: critical,CA:TRUE */
} AUTHORITIES[AUTHORITY_COUNT] = {
    [ROOT] = {"Root", .recipe = {.until_days = 3650}},
    [MIDDLE] = {"Intermediate", ROOT, .recipe = {.until_days = 200}},
    [FOREIGN] = {"Foreign root", .recipe = {.until_days = 3650}},
    [FOREIGN_MIDDLE] = {"Foreign intermediate", .by = FOREIGN},
    [ROOT_BY_FOREIGN] = {"Root", .by = FOREIGN, .key_of = ROOT},
    [MIDDLE_BY_FOREIGN] = {"Intermediate", .by = FOREIGN, .key_of = MIDDLE},
    [MIDDLE_ENDED] = {"Intermediate", ROOT, MIDDLE, .recipe = {.from_days = -100, .until_days = -5}},
    [MIDDLE_SOON] = {"Intermediate", ROOT, MIDDLE, .recipe = {.until_days = 10}},
    [MIDDLE_EARLY] = {"Intermediate", ROOT, MIDDLE, .recipe = {.from_days = 5}},
    [ROOT_ENDED] = {"Ended root", .recipe = {.from_days = -100, .until_days = -5}},
    [ROOT_SOON] = {"Root", NOBODY, ROOT, .recipe = {.until_days = 2}},
    [MIDDLE_OF_ENDED] = {"Intermediate of ended root", .by = ROOT_ENDED},
    [MIDDLE_RSA_1024] = {"Short intermediate", ROOT, .recipe = {.rsa_bits = 1024}},
    [MIDDLE_P_192] = {"Small intermediate", ROOT, .recipe = {.curve = "P-192"}},
    [MIDDLE_SHA1] = {"Intermediate", ROOT, MIDDLE, .recipe = {.digest = EVP_sha1}},
    [ROOT_RSA] = {"RSA root", .recipe = {.rsa_bits = 2048}},
    [MIDDLE_MD5] = {"Intermediate", ROOT_RSA, MIDDLE, .recipe = {.digest = EVP_md5}},
    [ROOT_SHA1] = {"Root", NOBODY, ROOT, .recipe = {.digest = EVP_sha1}},
    [MIDDLE_CLIENT] = {"Intermediate", ROOT, MIDDLE, .recipe = {.usage = "clientAuth"}},
    [MIDDLE_SERVER] = {"Intermediate", ROOT, MIDDLE, .recipe = {.usage = "serverAuth"}},
    [MIDDLE_ANY] = {"Intermediate", ROOT, MIDDLE, .recipe = {.usage = "anyExtendedKeyUsage"}},
    [MIDDLE_NO_CA] = {"Intermediate", ROOT, MIDDLE, .basic = "critical,CA:FALSE"},
    [MIDDLE_NO_SIGNING] = {"Intermediate", ROOT, MIDDLE, .recipe = {.key_usage = "critical,cRLSign"}},
    [MIDDLE_PATHLEN_0] = {"Intermediate", ROOT, MIDDLE, .basic = "critical,CA:TRUE,pathlen:0"},
    [DEEPER] = {"Deeper", .by = MIDDLE_PATHLEN_0},
    [MIDDLE_OTHERS_ONLY] = {"Intermediate", ROOT, MIDDLE,
                            .recipe = {.constraints = "critical,permitted;DNS:other.example"}},
    [MIDDLE_OURS_ONLY] = {"Intermediate", ROOT, MIDDLE,
                          .recipe = {.constraints = "critical,permitted;DNS:xmpp.example"}},
    [MIDDLE_NOT_OURS] = {"Intermediate", ROOT, MIDDLE, .recipe = {.constraints = "critical,excluded;DNS:xmpp.example"}},
    [MIDDLE_CRITICAL] = {"Intermediate", .by = ROOT, .key_of = MIDDLE}, /* with an extension that nobody knows */
    [OTHER_MIDDLE] = {"Intermediate", .by = ROOT},
};

static struct {
    X509 *certificate;
    EVP_PKEY *key;
} made[AUTHORITY_COUNT];

static void add(X509 *certificate, X509_EXTENSION *extension)
{
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    if (value != NULL)
        add(certificate, X509V3_EXT_conf_nid(NULL, &context, nid, value));
}

/* The bytes with a NUL where the text has "@". */
static void with_nul(ASN1_STRING *string, const char *text)
{
    assert_int_equal(ASN1_STRING_set(string, text, -1), 1);
    for (int i = 0; i < ASN1_STRING_length(string); i++) {
        if (text[i] == '@')
            ((unsigned char *)ASN1_STRING_get0_data(string))[i] = '\0';
    }
}

static void add_raw_name(X509 *certificate, const struct recipe *recipe)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text = ASN1_STRING_type_new(recipe->raw_kind == NID_XmppAddr ? V_ASN1_UTF8STRING : V_ASN1_IA5STRING);
    with_nul(text, recipe->raw_san);
    if (recipe->raw_kind == GEN_DNS) {
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
    } else {
        ASN1_TYPE *value = ASN1_TYPE_new();
        ASN1_TYPE_set(value, ASN1_STRING_type(text), text);
        GENERAL_NAME_set0_othername(name, OBJ_nid2obj(recipe->raw_kind), value);
    }
    sk_GENERAL_NAME_push(names, name);
    assert_int_equal(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT), 1);
    GENERAL_NAMES_free(names);
}

static X509 *blank(const char *cn, EVP_PKEY *key, const struct recipe *recipe)
{
    static long serial = 0x1234;
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_time_adj_ex(X509_getm_notBefore(certificate), (int)(recipe->from_days ? recipe->from_days : -10), 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(certificate), (int)(recipe->until_days ? recipe->until_days : 365), 0, NULL);
    char *bytes = strdup(cn);
    int length = (int)strlen(cn);
    if (strchr(bytes, '@') != NULL)
        *strchr(bytes, '@') = '\0';
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, (unsigned char *)bytes, length,
                               -1, 0);
    free(bytes);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static EVP_PKEY *key_make(const struct recipe *recipe)
{
    if (recipe->rsa_bits)
        return EVP_RSA_gen((unsigned)recipe->rsa_bits);
    if (recipe->curve != NULL && strcmp(recipe->curve, "ED25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return EVP_EC_gen(recipe->curve != NULL ? recipe->curve : "P-256");
}

/* Adds what both kinds of certificate can have, and signs. */
static void finish(X509 *certificate, EVP_PKEY *key, const struct recipe *recipe, enum authority by)
{
    X509 *issuer = by != NOBODY ? authority(by) : certificate;
    extend(certificate, issuer, NID_ext_key_usage, recipe->usage);
    extend(certificate, issuer, NID_name_constraints, recipe->constraints);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    const EVP_MD *digest = recipe->digest != NULL ? recipe->digest() : EVP_sha256();
    assert_true(X509_sign(certificate, by != NOBODY ? authority_key(by) : key, digest) > 0);
}

static void authority_make(enum authority which)
{
    const struct recipe *recipe = &AUTHORITIES[which].recipe;
    enum authority by = AUTHORITIES[which].by, key_of = AUTHORITIES[which].key_of;
    EVP_PKEY *key = key_of != NOBODY ? authority_key(key_of) : key_make(recipe);
    if (key_of != NOBODY)
        EVP_PKEY_up_ref(key);
    X509 *one = blank(AUTHORITIES[which].cn, key, recipe);
    X509 *issuer = by != NOBODY ? authority(by) : one;
    const char *basic = AUTHORITIES[which].basic;
    extend(one, issuer, NID_basic_constraints, basic != NULL ? basic : "critical,CA:TRUE");
    extend(one, issuer, NID_key_usage, recipe->key_usage != NULL ? recipe->key_usage : "critical,keyCertSign");
    if (which == MIDDLE_CRITICAL)
        add(one, X509V3_EXT_conf(NULL, NULL, "1.2.3.4", "critical,DER:05:00"));
    finish(one, key, recipe, by);
    made[which].certificate = one;
    made[which].key = key;
}

X509 *authority(enum authority which)
{
    if (made[which].certificate == NULL)
        authority_make(which);
    return made[which].certificate;
}

EVP_PKEY *authority_key(enum authority which)
{
    authority(which);
    return made[which].key;
}

int authorities_free(void **state)
{
    (void)state;
    for (int i = ROOT; i < AUTHORITY_COUNT; i++) {
        X509_free(made[i].certificate);
        EVP_PKEY_free(made[i].key);
    }
    return 0;
}

X509 *certificate_make(const struct recipe *recipe, EVP_PKEY **key)
{
    EVP_PKEY *own = key_make(recipe);
    X509 *leaf = blank(recipe->cn != NULL ? recipe->cn : DOMAIN, own, recipe);
    X509 *issuer = recipe->by != NOBODY ? authority(recipe->by) : leaf;
    extend(leaf, issuer, NID_subject_alt_name, recipe->san);
    if (recipe->raw_san != NULL)
        add_raw_name(leaf, recipe);
    extend(leaf, issuer, NID_key_usage, recipe->key_usage);
    extend(leaf, issuer, NID_netscape_cert_type, recipe->netscape_type);
    extend(leaf, issuer, NID_tlsfeature, recipe->feature);
    finish(leaf, own, recipe, recipe->by);
    if (key != NULL)
        *key = own;
    else
        EVP_PKEY_free(own);
    return leaf;
}

STACK_OF(X509) *sent_make(const struct recipe *leaf, const enum authority *behind, size_t most)
{
    STACK_OF(X509) *sent = sk_X509_new_null();
    sk_X509_push(sent, certificate_make(leaf, NULL));
    for (size_t i = 0; i < most && behind[i] != NOBODY; i++) {
        X509_up_ref(authority(behind[i]));
        sk_X509_push(sent, authority(behind[i]));
    }
    return sent;
}

void sent_free(STACK_OF(X509) *sent)
{
    sk_X509_pop_free(sent, X509_free);
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

void scene_open(struct scene *scene, enum authority trusted)
{
    *scene = (struct scene){
        .store = X509_STORE_new(),
        .now_s = (int64_t)time(NULL),
        .policy = {.domain = DOMAIN, .domain_unicode = DOMAIN, .expiry_warning_s = 14 * DAY,
                   .expiry_critical_s = 3 * DAY},
    };
    if (trusted != NOBODY)
        X509_STORE_add_cert(scene->store, authority(trusted));
}

void scene_close(struct scene *scene)
{
    chain_memory_free(scene->memory);
    X509_STORE_free(scene->store);
}

static X509_STORE_CTX *context_of(struct scene *scene, STACK_OF(X509) *sent)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, scene->store, sk_X509_value(sent, 0), sent);
    X509_STORE_CTX_set_default(context, "ssl_server");
    return context;
}

struct certificate *scene_judge(struct scene *scene, STACK_OF(X509) *sent, struct check_result *verdict)
{
    struct certificate_errors errors = {0};
    X509_STORE_CTX *context = context_of(scene, sent);
    X509_STORE_CTX_set_app_data(context, &errors);
    X509_STORE_CTX_set_verify_cb(context, note);
    assert_int_equal(chain_memory_verify(scene->memory, context, &errors, scene->now_s), 1);
    scene->policy.now_s = scene->now_s;
    const struct certificate_shown shown = {
        .sent = sent, .built = X509_STORE_CTX_get0_chain(context), .errors = &errors,
        .staple = scene->staple, .staple_length = scene->staple_length,
    };
    struct certificate *facts = certificate_judge(&shown, &scene->policy, verdict);
    X509_STORE_CTX_free(context);
    return facts;
}

bool scene_accepts(struct scene *scene, STACK_OF(X509) *sent)
{
    X509_STORE_CTX *context = context_of(scene, sent);
    bool good = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    return good;
}

void tests_text(char text[CERT_TEST_COUNT + 1], const struct certificate *facts)
{
    for (int test = 0; test < CERT_TEST_COUNT; test++)
        text[test] = facts->test[test] == TRI_YES ? '+' : facts->test[test] == TRI_NO ? '-' : '?';
    text[CERT_TEST_COUNT] = '\0';
}

void assert_same_facts(const struct certificate *left, const struct certificate *right, const char *what)
{
    if (!text_same(left->subject, right->subject) || !text_same(left->issuer, right->issuer) ||
        !text_same(left->serial, right->serial) || !text_same(left->fingerprint_sha256, right->fingerprint_sha256) ||
        memcmp(left->not_before, right->not_before, sizeof left->not_before) != 0 ||
        memcmp(left->not_after, right->not_after, sizeof left->not_after) != 0 ||
        memcmp(left->test, right->test, sizeof left->test) != 0)
        fail_msg("%s: other facts", what);
}
