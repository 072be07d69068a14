/* The dialback check without a network: what is asked, and what each answer leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/dialback.h"
#include "stream/dialback_key.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define DOMAIN "b\xc3\xbc" "cher.test"
#define FROM "mon.test"
#define SECRET "s3cr3t"
#define QUESTIONS_MAX 8
#define CLOSED(DETAIL) {.end = REASON_DIALBACK_CLOSED, .text = DETAIL}
#define SILENT {.end = REASON_DIALBACK_TIMEOUT}
#define GARBLED(DETAIL) {.end = REASON_DIALBACK_BAD_REPLY, .text = DETAIL}
#define REFUSED(CONDITION, TEXT) {.condition = CONDITION, .text = TEXT, .refused = true}
#define SAYS(NUMBER, TYPE) {.answers = true, .number = NUMBER, .type = TYPE, .from = DOMAIN, .to = FROM}
#define ERROR(NUMBER, CONDITION, TEXT) \
    {.answers = true, .number = NUMBER, .type = "error", .from = DOMAIN, .to = FROM, .condition = CONDITION, \
     .text = TEXT}
#define BOGUS_REJECTED "; the bogus key was rejected"

/* A question as it went out. */
struct asked {
    char id[64], key[DIALBACK_KEY_SIZE];
};

struct step {
    bool answers, refused;
    enum reason end;        /* REASON_NOT_RUN: none */
    int number;             /* which question is answered; negative: `id` instead */
    const char *id, *type, *from, *to, *condition, *text;
};

static struct asked asked[QUESTIONS_MAX];
static size_t asked_count;

/* Reads the questions that were appended, each of which must be whole. */
static void read_questions(const char *bytes)
{
    static const char FORMAT[] =
        "<db:verify from='" FROM "' to='" DOMAIN "' id='%32[0-9a-f]'>%64[0-9a-f]</db:verify>%n";
    while (*bytes != '\0') {
        int length = 0;
        assert_true(asked_count < QUESTIONS_MAX);
        struct asked *next = &asked[asked_count++];
        assert_int_equal(sscanf(bytes, FORMAT, next->id, next->key, &length), 2);
        assert_true(length > 0);
        assert_int_equal(strlen(next->id), 32);
        for (size_t i = 0; i + 1 < asked_count; i++)
            assert_string_not_equal(asked[i].id, next->id);
        bytes += length;
    }
}

static void ask(struct dialback *dialback)
{
    struct buf out;
    buf_init(&out, 4096);
    dialback_ask(dialback, &out);
    assert_false(buf_failed(&out));
    read_questions(out.data);
    buf_fini(&out);
}

static void answer(struct dialback *dialback, const struct step *step)
{
    assert_true(step->number < 0 || (size_t)step->number < asked_count);
    struct xmpp_stanza stanza = {
        .from = mem_strdup(step->from),
        .to = mem_strdup(step->to),
        .id = mem_strdup(step->number < 0 ? step->id : asked[step->number].id),
        .type = mem_strdup(step->type),
    };
    snprintf(stanza.condition, sizeof stanza.condition, "%s", step->condition != NULL ? step->condition : "");
    snprintf(stanza.text, sizeof stanza.text, "%s", step->text != NULL ? step->text : "");
    dialback_answer(dialback, &stanza);
    free(stanza.from);
    free(stanza.to);
    free(stanza.id);
    free(stanza.type);
}

static void go(struct dialback *dialback, const struct step *step)
{
    if (step->answers)
        answer(dialback, step);
    else if (step->refused)
        dialback_refuse(dialback, step->condition, step->text);
    else
        dialback_end(dialback, step->end, step->text);
    ask(dialback);
}

/* ---- what comes of it ---- */

static const struct dialback_options BOGUS = {.from = FROM}, AUTO = {.from = FROM, .secret = SECRET},
                                     HMAC = {.from = FROM, .secret = SECRET, .algorithm = DIALBACK_HMAC_SHA256},
                                     CONCAT = {.from = FROM, .secret = SECRET, .algorithm = DIALBACK_SHA1_CONCAT};

/* In each script question 0 is about the bogus key, the others about right ones in the order in which they went out. */
static const struct row {
    const char *name;
    const struct dialback_options *options;
    struct step steps[8];
    enum reason reason;
    const char *detail;
    enum dialback_algorithm accepted;
    bool backs_off;
} ROWS[] = {
    {"bogus only", &BOGUS, {SAYS(0, "invalid")}, REASON_OK, "only a bogus key was tried, and rejected", 0, 0},
    {"right key", &HMAC, {SAYS(0, "invalid"), SAYS(1, "valid")}, REASON_OK,
     "the key by hmac-sha256 was accepted, a bogus one rejected", DIALBACK_HMAC_SHA256, 0},
    {"other order", &HMAC, {SAYS(1, "valid"), SAYS(0, "invalid")}, REASON_OK,
     "the key by hmac-sha256 was accepted, a bogus one rejected", DIALBACK_HMAC_SHA256, 0},
    {"experimental", &CONCAT, {SAYS(0, "invalid"), SAYS(1, "valid")}, REASON_OK,
     "the key by sha1-concat (experimental) was accepted, a bogus one rejected", DIALBACK_SHA1_CONCAT, 0},
    {"upper case", &BOGUS,
     {{.answers = true, .from = "B\xc3\xbc" "cher.TEST", .to = "MON.test", .type = "invalid"}}, REASON_OK,
     "only a bogus key was tried, and rejected", 0, 0},
    {"second algorithm", &AUTO, {SAYS(0, "invalid"), SAYS(1, "invalid"), SAYS(2, "valid")}, REASON_OK,
     "the key by sha1-nested was accepted, a bogus one rejected", DIALBACK_SHA1_NESTED, 0},
    {"third, while the bogus key is open", &AUTO,
     {SAYS(1, "invalid"), SAYS(2, "invalid"), SAYS(3, "valid"), SAYS(0, "invalid")}, REASON_OK,
     "the key by hmac-sha1 (experimental) was accepted, a bogus one rejected", DIALBACK_HMAC_SHA1, 0},
    {"none of all", &AUTO,
     {SAYS(0, "invalid"), SAYS(1, "invalid"), SAYS(2, "invalid"), SAYS(3, "invalid"), SAYS(4, "invalid")},
     REASON_DIALBACK_KEY_REJECTED,
     "the server rejects the key that follows from the secret; tried: hmac-sha256, sha1-nested, hmac-sha1, sha1-concat",
     0, 0},
    {"not the configured one", &CONCAT, {SAYS(0, "invalid"), SAYS(1, "invalid")}, REASON_DIALBACK_KEY_REJECTED,
     "the server rejects the key that follows from the secret; tried: sha1-concat", 0, 0},

    {"accepts bogus", &BOGUS, {SAYS(0, "valid")}, REASON_DIALBACK_ACCEPTS_BOGUS,
     "a made-up key was answered with valid", 0, 0},
    {"accepts all", &AUTO, {SAYS(1, "valid"), SAYS(0, "valid")}, REASON_DIALBACK_ACCEPTS_BOGUS,
     "a made-up key was answered with valid; accepted: hmac-sha256", 0, 0},
    {"accepts bogus, not the right one", &AUTO, {SAYS(1, "invalid"), SAYS(0, "valid")},
     REASON_DIALBACK_ACCEPTS_BOGUS, "a made-up key was answered with valid; rejected keys: hmac-sha256", 0, 0},

    {"error", &BOGUS, {ERROR(0, "item-not-found", "No such\nhost")}, REASON_DIALBACK_ERROR_ITEM_NOT_FOUND,
     "in answer to the bogus key: No such\xef\xbf\xbdhost", 0, 0},
    {"error to the right key", &AUTO, {SAYS(0, "invalid"), SAYS(1, "invalid"), ERROR(2, "forbidden", NULL)},
     REASON_DIALBACK_ERROR_FORBIDDEN,
     "in answer to the key by sha1-nested" BOGUS_REJECTED "; rejected keys: hmac-sha256", 0, 0},
    {"error of their own", &BOGUS, {ERROR(0, "remote-connection-failed", "Try later")},
     REASON_DIALBACK_ERROR_OTHER, "in answer to the bogus key, remote-connection-failed: Try later", 0, 0},
    {"error without a condition", &BOGUS, {ERROR(0, NULL, NULL)}, REASON_DIALBACK_ERROR_OTHER,
     "in answer to the bogus key, an error without a condition", 0, 0},
    {"error that asks for rest", &BOGUS, {ERROR(0, "policy-violation", NULL)},
     REASON_DIALBACK_ERROR_POLICY_VIOLATION, "in answer to the bogus key", 0, true},
    {"another", &BOGUS, {ERROR(0, "resource-constraint", NULL)}, REASON_DIALBACK_ERROR_RESOURCE_CONSTRAINT,
     "in answer to the bogus key", 0, true},

    {"silence", &BOGUS, {SILENT}, REASON_DIALBACK_TIMEOUT, "no answer to the bogus key", 0, 0},
    {"silence to both", &HMAC, {SILENT}, REASON_DIALBACK_TIMEOUT,
     "no answer to the bogus key and the key by hmac-sha256", 0, 0},
    {"silence to the right key", &HMAC, {SAYS(0, "invalid"), SILENT}, REASON_DIALBACK_TIMEOUT,
     "no answer to the key by hmac-sha256" BOGUS_REJECTED, 0, 0},
    {"silence to the bogus key", &HMAC, {SAYS(1, "valid"), SILENT}, REASON_DIALBACK_TIMEOUT,
     "no answer to the bogus key; accepted: hmac-sha256", DIALBACK_HMAC_SHA256, 0},
    {"silence to the bogus key when all are rejected", &CONCAT, {SAYS(1, "invalid"), SILENT},
     REASON_DIALBACK_TIMEOUT, "no answer to the bogus key; rejected keys: sha1-concat", 0, 0},

    {"closed", &BOGUS, {CLOSED("the connection was closed")}, REASON_DIALBACK_CLOSED,
     "no answer to the bogus key: the connection was closed", 0, 0},
    {"closed after rejections", &AUTO,
     {SAYS(0, "invalid"), SAYS(1, "invalid"), SAYS(2, "invalid"), CLOSED("the stream was closed")},
     REASON_DIALBACK_CLOSED,
     "no answer to the key by hmac-sha1: the stream was closed" BOGUS_REJECTED
     "; rejected keys: hmac-sha256, sha1-nested",
     0, 0},
    {"stream error", &BOGUS, {REFUSED("unsupported-stanza-type", "")}, REASON_DIALBACK_CLOSED,
     "no answer to the bogus key: stream error unsupported-stanza-type", 0, 0},
    {"stream error with text", &BOGUS, {REFUSED("policy-violation", "Use TLS\x1b")}, REASON_DIALBACK_CLOSED,
     "no answer to the bogus key: stream error policy-violation, Use TLS\xef\xbf\xbd", 0, true},
    {"stream error for want of resources", &HMAC, {SAYS(0, "invalid"), REFUSED("resource-constraint", "")},
     REASON_DIALBACK_CLOSED,
     "no answer to the key by hmac-sha256: stream error resource-constraint" BOGUS_REJECTED, 0, true},
    {"stream error without a condition", &BOGUS, {REFUSED("", "")}, REASON_DIALBACK_CLOSED,
     "no answer to the bogus key: stream error without a condition", 0, 0},
    {"garbled", &BOGUS, {GARBLED("mismatched tag at byte 9")}, REASON_DIALBACK_BAD_REPLY,
     "no answer to the bogus key: mismatched tag at byte 9", 0, 0},

    {"no id", &BOGUS, {{.answers = true, .number = -1, .from = DOMAIN, .to = FROM, .type = "invalid"}},
     REASON_DIALBACK_BAD_REPLY, "an answer without an id", 0, 0},
    {"another id", &BOGUS, {{.answers = true, .number = -1, .id = "x", .from = DOMAIN, .to = FROM, .type = "invalid"}},
     REASON_DIALBACK_BAD_REPLY, "an answer with an id that was not asked about: x", 0, 0},
    {"empty id", &BOGUS, {{.answers = true, .number = -1, .id = "", .from = DOMAIN, .to = FROM, .type = "invalid"}},
     REASON_DIALBACK_BAD_REPLY, "an answer with an id that was not asked about", 0, 0},
    {"no from", &BOGUS, {{.answers = true, .to = FROM, .type = "invalid"}}, REASON_DIALBACK_BAD_REPLY,
     "an answer without a from", 0, 0},
    {"another from", &BOGUS, {{.answers = true, .from = "evil.test", .to = FROM, .type = "invalid"}},
     REASON_DIALBACK_BAD_REPLY, "an answer from another domain: evil.test", 0, 0},
    {"no to", &BOGUS, {{.answers = true, .from = DOMAIN, .type = "invalid"}}, REASON_DIALBACK_BAD_REPLY,
     "an answer without a to", 0, 0},
    {"another to", &BOGUS, {{.answers = true, .from = DOMAIN, .to = "mon.test.", .type = "invalid"}},
     REASON_DIALBACK_BAD_REPLY, "an answer to another domain: mon.test.", 0, 0},
    {"mirrored", &BOGUS, {{.answers = true, .from = FROM, .to = DOMAIN}}, REASON_DIALBACK_BAD_REPLY,
     "an answer from another domain: mon.test", 0, 0},
    {"no type", &BOGUS, {SAYS(0, NULL)}, REASON_DIALBACK_BAD_REPLY, "an answer without a type", 0, 0},
    {"another type", &BOGUS, {SAYS(0, "Invalid")}, REASON_DIALBACK_BAD_REPLY, "an answer of an unknown type: Invalid",
     0, 0},
    {"twice", &HMAC, {SAYS(0, "invalid"), SAYS(0, "invalid")}, REASON_DIALBACK_BAD_REPLY,
     "a second answer to the same question" BOGUS_REJECTED, 0, 0},
    {"twice, and another", &AUTO, {SAYS(1, "invalid"), SAYS(1, "valid")}, REASON_DIALBACK_BAD_REPLY,
     "a second answer to the same question; rejected keys: hmac-sha256", 0, 0},

    {"nothing counts after the end", &BOGUS, {SAYS(0, "invalid"), SAYS(0, "valid"), REFUSED("policy-violation", ""),
                                              SILENT},
     REASON_OK, "only a bogus key was tried, and rejected", 0, 0},
};

static bool is_step(const struct step *step)
{
    return step->answers || step->refused || step->end != REASON_NOT_RUN;
}

static void test_verdicts(void **state)
{
    (void)state;
    for (const struct row *row = ROWS; row < ROWS + COUNT_OF(ROWS); row++) {
        struct dialback *dialback = dialback_new(row->options, DOMAIN);
        asked_count = 0;
        ask(dialback);
        for (size_t i = 0; i < COUNT_OF(row->steps) && is_step(&row->steps[i]); i++) {
            if (i == 0 && dialback_is_over(dialback))
                fail_msg("%s: over before it began", row->name);
            go(dialback, &row->steps[i]);
        }
        if (!dialback_is_over(dialback))
            fail_msg("%s: not over", row->name);
        struct check_result result = dialback_take_result(dialback);
        if (result.reason != row->reason || strcmp(result.detail, row->detail) != 0)
            fail_msg("%s: %s: %s", row->name, reason_info(result.reason)->code, result.detail);
        if (dialback_accepted(dialback) != row->accepted || dialback_asks_back_off(dialback) != row->backs_off)
            fail_msg("%s: another algorithm, or back-off", row->name);
        assert_int_equal(result.state, reason_info(row->reason)->state);
        assert_int_equal(result.duration_us, DURATION_ABSENT);
        free(result.detail);
        dialback_free(dialback);
    }
}

/* ---- what is asked ---- */

static const struct order {
    enum dialback_algorithm configured, remembered;
    const char *algorithms; /* in the order asked, while all are rejected */
} ORDERS[] = {
    {DIALBACK_AUTO, DIALBACK_AUTO, "hmac-sha256 sha1-nested hmac-sha1 sha1-concat "},
    {DIALBACK_AUTO, DIALBACK_HMAC_SHA256, "hmac-sha256 sha1-nested hmac-sha1 sha1-concat "},
    {DIALBACK_AUTO, DIALBACK_SHA1_CONCAT, "sha1-concat hmac-sha256 sha1-nested hmac-sha1 "},
    {DIALBACK_AUTO, DIALBACK_SHA1_NESTED, "sha1-nested hmac-sha256 hmac-sha1 sha1-concat "},
    {DIALBACK_HMAC_SHA1, DIALBACK_AUTO, "hmac-sha1 "},
    {DIALBACK_HMAC_SHA1, DIALBACK_HMAC_SHA256, "hmac-sha1 "},
};

/* By which algorithm a question's key was made of the secret. */
static enum dialback_algorithm algorithm_of(const struct asked *question)
{
    enum dialback_algorithm at = DIALBACK_AUTO + 1;
    char key[DIALBACK_KEY_SIZE];
    for (; at < DIALBACK_ALGORITHM_COUNT; at++) {
        dialback_key(key, at, SECRET, FROM, DOMAIN, question->id);
        if (strcmp(key, question->key) == 0)
            return at;
    }
    return DIALBACK_AUTO;
}

/* The bogus key and the first right one go out together, and each further one as soon as the former is rejected. */
static void test_order(void **state)
{
    (void)state;
    for (const struct order *order = ORDERS; order < ORDERS + COUNT_OF(ORDERS); order++) {
        const struct dialback_options options = {FROM, SECRET, order->configured, order->remembered};
        struct dialback *dialback = dialback_new(&options, DOMAIN);
        struct buf algorithms;
        buf_init(&algorithms, 1024);
        asked_count = 0;
        ask(dialback);
        assert_int_equal(asked_count, 2);
        assert_int_equal(algorithm_of(&asked[0]), DIALBACK_AUTO);
        assert_int_equal(strlen(asked[0].key), strlen(asked[1].key));
        for (size_t at = 1; at < asked_count; at++) {
            ask(dialback); /* nothing, while an answer is awaited */
            assert_int_equal(asked_count, at + 1);
            buf_printf(&algorithms, "%s ", dialback_algorithm_name(algorithm_of(&asked[at])));
            go(dialback, &(struct step)SAYS((int)at, "invalid"));
        }
        assert_string_equal(algorithms.data, order->algorithms);
        assert_false(dialback_is_over(dialback)); /* the bogus key is open */
        buf_fini(&algorithms);
        dialback_free(dialback);
    }
}

static void test_bogus_key(void **state)
{
    (void)state;
    char keys[2][DIALBACK_KEY_SIZE];
    for (size_t i = 0; i < 2; i++) {
        struct dialback *dialback = dialback_new(&BOGUS, DOMAIN);
        asked_count = 0;
        ask(dialback);
        assert_int_equal(asked_count, 1);
        assert_int_equal(strlen(asked[0].key), 64);
        strcpy(keys[i], asked[0].key);
        dialback_free(dialback);
    }
    assert_string_not_equal(keys[0], keys[1]);
}

static void test_nothing_more_once_accepted(void **state)
{
    (void)state;
    struct dialback *dialback = dialback_new(&AUTO, DOMAIN);
    asked_count = 0;
    ask(dialback);
    go(dialback, &(struct step)SAYS(1, "valid"));
    assert_int_equal(asked_count, 2);
    assert_false(dialback_is_over(dialback));
    dialback_free(dialback);
}

static void test_escaped(void **state)
{
    (void)state;
    const struct dialback_options options = {.from = "a'b&c"};
    struct dialback *dialback = dialback_new(&options, "<d>\xc3\xa9");
    struct buf out;
    buf_init(&out, 1024);
    dialback_ask(dialback, &out);
    static const char START[] = "<db:verify from='a&apos;b&amp;c' to='&lt;d&gt;\xc3\xa9' id='";
    assert_memory_equal(out.data, START, sizeof START - 1);
    buf_fini(&out);
    dialback_free(dialback);
    dialback_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bogus_key),
        cmocka_unit_test(test_nothing_more_once_accepted),
        cmocka_unit_test(test_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
