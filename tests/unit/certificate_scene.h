/* What the tests of certificates share: authorities and certificates made here, and their verification as the agent
 * does it. */
#ifndef TESTS_CERTIFICATE_SCENE_H
#define TESTS_CERTIFICATE_SCENE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <stdbool.h>

#include "stream/certificate.h"
#include "stream/chain_memory.h"

#define DAY INT64_C(86400)
#define DOMAIN "xmpp.example"
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Each is its own row of a table in certificate_scene.c. */
enum authority {
    NOBODY, /* self-signed */
    ROOT,
    MIDDLE,
    FOREIGN,
    FOREIGN_MIDDLE,
    ROOT_BY_FOREIGN,   /* cross-signed: ROOT's name and key, issued by FOREIGN */
    MIDDLE_BY_FOREIGN, /* MIDDLE's */
    MIDDLE_ENDED,
    MIDDLE_SOON,
    MIDDLE_EARLY,
    ROOT_ENDED,
    ROOT_SOON,
    MIDDLE_OF_ENDED,
    MIDDLE_RSA_1024,
    MIDDLE_P_192,
    MIDDLE_SHA1,
    ROOT_RSA,
    MIDDLE_MD5, /* below ROOT_RSA: there is no ECDSA with MD5 */
    ROOT_SHA1,
    MIDDLE_CLIENT,
    MIDDLE_SERVER,
    MIDDLE_ANY,
    MIDDLE_NO_CA,
    MIDDLE_NO_SIGNING,
    MIDDLE_PATHLEN_0,
    DEEPER, /* below MIDDLE_PATHLEN_0 */
    MIDDLE_OTHERS_ONLY,
    MIDDLE_OURS_ONLY,
    MIDDLE_NOT_OURS,
    MIDDLE_CRITICAL,
    OTHER_MIDDLE, /* MIDDLE's name with another key */
    AUTHORITY_COUNT
};

/* What a certificate is like; zero values are the good case. */
struct recipe {
    const char *san;     /* OpenSSL's notation; NULL: none */
    const char *raw_san; /* in place of it: one name, with its NUL byte at "@" */
    int raw_kind;        /* its kind: GEN_DNS, or the NID of an otherName */
    const char *cn;      /* NULL: DOMAIN; a NUL byte at "@" */
    int64_t from_days;   /* 0: ten days ago */
    int64_t until_days;  /* 0: in a year */
    const char *usage;   /* extendedKeyUsage */
    const char *key_usage, *netscape_type, *constraints, *feature;
    int rsa_bits;        /* 0: an elliptic curve */
    const char *curve;   /* NULL: P-256 */
    const EVP_MD *(*digest)(void); /* NULL: SHA-256 */
    enum authority by;
};

/* OpenSSL reads these texts as Latin-1 and writes them as UTF-8. */
#define XMPP_ADDR "otherName:1.3.6.1.5.5.7.8.5;UTF8:"
#define SRV_NAME "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server."

int authorities_free(void **state); /* for cmocka, behind all tests */
X509 *authority(enum authority which); /* borrowed; made when it is first asked for */
EVP_PKEY *authority_key(enum authority which);

/* A certificate, to be freed; *key gets its key, to be freed, unless NULL. */
X509 *certificate_make(const struct recipe *recipe, EVP_PKEY **key);

/* A leaf and what is sent behind it, up to NOBODY. To be freed with sent_free(). */
STACK_OF(X509) *sent_make(const struct recipe *leaf, const enum authority *behind, size_t most);
void sent_free(STACK_OF(X509) *sent);

/* One who verifies and judges. Set what differs after scene_open(). */
struct scene {
    X509_STORE *store;
    struct chain_memory *memory; /* NULL: none is used */
    int64_t now_s;
    struct certificate_policy policy; /* now_s is filled in */
    const unsigned char *staple;
    size_t staple_length;
};

/* Trusts this authority, or with NOBODY none. */
void scene_open(struct scene *scene, enum authority trusted);
void scene_close(struct scene *scene);
/* The facts, to be freed. The verdict's former detail is freed. */
struct certificate *scene_judge(struct scene *scene, STACK_OF(X509) *sent, struct check_result *verdict);
/* Whether OpenSSL itself accepts the chain for a server, name and strength aside. */
bool scene_accepts(struct scene *scene, STACK_OF(X509) *sent);

/* One character a test: + yes, - no, ? unknown. */
void tests_text(char text[CERT_TEST_COUNT + 1], const struct certificate *facts);
/* Fails unless both are the same in every fact. */
void assert_same_facts(const struct certificate *left, const struct certificate *right, const char *what);

#endif
