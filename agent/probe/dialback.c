#include "probe/dialback.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xml.h"
#include "login/secret.h"
#include "stream/dialback_key.h"

#define ID_BYTES 16
#define DETAIL_CAP 8192

enum answer { NOT_ASKED, AWAITED, VALID, INVALID };

struct question {
    char id[2 * ID_BYTES + 1];
    enum answer answer;
};

struct dialback {
    const struct dialback_options *options;
    const char *domain;
    struct question questions[DIALBACK_ALGORITHM_COUNT]; /* about the right key by each; DIALBACK_AUTO: the bogus one */
    bool over, asks_back_off;
    struct check_result result;
};

struct dialback *dialback_new(const struct dialback_options *options, const char *domain)
{
    struct dialback *dialback = mem_alloc(sizeof *dialback);
    *dialback = (struct dialback){
        .options = options, .domain = domain, .result = {.duration_us = DURATION_ABSENT}};
    return dialback;
}

void dialback_free(struct dialback *dialback)
{
    if (dialback == NULL)
        return;
    free(dialback->result.detail);
    free(dialback);
}

/* What is known so far. */

/* The first algorithm whose question was answered so, or awaits it; DIALBACK_AUTO: none. */
static enum dialback_algorithm find_algorithm(const struct dialback *dialback, enum answer answer)
{
    for (enum dialback_algorithm at = DIALBACK_AUTO + 1; at < DIALBACK_ALGORITHM_COUNT; at++) {
        if (dialback->questions[at].answer == answer)
            return at;
    }
    return DIALBACK_AUTO;
}

/* The algorithm to try next; DIALBACK_AUTO: none is left. */
static enum dialback_algorithm next_algorithm(const struct dialback *dialback)
{
    const struct dialback_options *options = dialback->options;
    enum dialback_algorithm first = options->algorithm != DIALBACK_AUTO ? options->algorithm : options->remembered;
    if (options->secret == NULL)
        return DIALBACK_AUTO;
    if (first != DIALBACK_AUTO && dialback->questions[first].answer == NOT_ASKED)
        return first;
    return options->algorithm == DIALBACK_AUTO ? find_algorithm(dialback, NOT_ASKED) : DIALBACK_AUTO;
}

static void list_algorithms(const struct dialback *dialback, enum answer answer, struct buf *out)
{
    const char *between = "";
    for (enum dialback_algorithm at = DIALBACK_AUTO + 1; at < DIALBACK_ALGORITHM_COUNT; at++) {
        if (dialback->questions[at].answer != answer)
            continue;
        buf_printf(out, "%s%s", between, dialback_algorithm_name(at));
        between = ", ";
    }
}

/* Which question, in words. */
static void name_question(struct buf *out, enum dialback_algorithm algorithm)
{
    if (algorithm == DIALBACK_AUTO)
        buf_puts(out, "the bogus key");
    else
        buf_printf(out, "the key by %s", dialback_algorithm_name(algorithm));
}

static void tell_awaited(const struct dialback *dialback, struct buf *out)
{
    const char *before = "no answer to ";
    for (enum dialback_algorithm at = DIALBACK_AUTO; at < DIALBACK_ALGORITHM_COUNT; at++) {
        if (dialback->questions[at].answer != AWAITED)
            continue;
        buf_puts(out, before);
        name_question(out, at);
        before = " and ";
    }
}

static void tell_known(const struct dialback *dialback, struct buf *out)
{
    if (dialback->questions[DIALBACK_AUTO].answer == INVALID)
        buf_puts(out, "; the bogus key was rejected");
    if (find_algorithm(dialback, INVALID) != DIALBACK_AUTO) {
        buf_puts(out, "; rejected keys: ");
        list_algorithms(dialback, INVALID, out);
    }
    if (find_algorithm(dialback, VALID) != DIALBACK_AUTO) {
        buf_puts(out, "; accepted: ");
        list_algorithms(dialback, VALID, out);
    }
}

/* Concluding. */

static void conclude(struct dialback *dialback, enum reason reason, const char *detail)
{
    assert(!dialback->over);
    dialback->over = true;
    check_result_set(&dialback->result, reason, "%s", detail);
}

/* ... with what else is known; `what` is ours, `said` the peer's words or NULL. */
static void conclude_early(struct dialback *dialback, enum reason reason, const char *what, const char *said)
{
    struct buf detail;
    buf_init(&detail, DETAIL_CAP);
    buf_puts(&detail, what);
    if (said != NULL && *said != '\0') {
        char *clean = text_clean(said, PEER_TEXT_MAX);
        buf_printf(&detail, "%s%s", detail.length > 0 ? ": " : "", clean);
        free(clean);
    }
    tell_known(dialback, &detail);
    conclude(dialback, reason, detail.data);
    buf_fini(&detail);
}

/* Concludes once every answer that is needed has come. */
static void conclude_if_known(struct dialback *dialback)
{
    if (dialback->questions[DIALBACK_AUTO].answer != INVALID)
        return;
    struct buf detail;
    buf_init(&detail, DETAIL_CAP);
    enum dialback_algorithm accepted = find_algorithm(dialback, VALID);
    if (dialback->options->secret == NULL) {
        conclude(dialback, REASON_OK, "only a bogus key was tried, and rejected");
    } else if (accepted != DIALBACK_AUTO) {
        buf_printf(&detail, "the key by %s%s was accepted, a bogus one rejected", dialback_algorithm_name(accepted),
                   dialback_algorithm_is_experimental(accepted) ? " (experimental)" : "");
        conclude(dialback, REASON_OK, detail.data);
    } else if (find_algorithm(dialback, AWAITED) == DIALBACK_AUTO && next_algorithm(dialback) == DIALBACK_AUTO) {
        buf_puts(&detail, "the server rejects the key that follows from the secret; tried: ");
        list_algorithms(dialback, INVALID, &detail);
        conclude(dialback, REASON_DIALBACK_KEY_REJECTED, detail.data);
    }
    buf_fini(&detail);
}

/* Asking. */

/* XEP-0220 2.1.2. ejabberd knows the element by its prefix `db` alone. */
static void put_question(struct dialback *dialback, struct question *question, const char *key, struct buf *out)
{
    question->answer = AWAITED;
    buf_puts(out, "<db:verify");
    xml_put_attribute(out, "from", dialback->options->from);
    xml_put_attribute(out, "to", dialback->domain);
    xml_put_attribute(out, "id", question->id);
    buf_printf(out, ">%s</db:verify>", key);
}

/* As long as a right key, so that none is told from the other by its length. */
static void ask_bogus(struct dialback *dialback, enum dialback_algorithm like, struct buf *out)
{
    struct question *question = &dialback->questions[DIALBACK_AUTO];
    char key[DIALBACK_KEY_SIZE];
    random_hex(question->id, ID_BYTES);
    random_hex(key, like == DIALBACK_AUTO || like == DIALBACK_HMAC_SHA256 ? 32 : 20);
    put_question(dialback, question, key, out);
}

static void ask_right(struct dialback *dialback, enum dialback_algorithm algorithm, struct buf *out)
{
    struct question *question = &dialback->questions[algorithm];
    char key[DIALBACK_KEY_SIZE];
    random_hex(question->id, ID_BYTES);
    dialback_key(key, algorithm, dialback->options->secret, dialback->options->from, dialback->domain, question->id);
    put_question(dialback, question, key, out);
    secret_cleanse(key, sizeof key);
}

void dialback_ask(struct dialback *dialback, struct buf *out)
{
    if (dialback->over)
        return;
    enum dialback_algorithm algorithm = next_algorithm(dialback);
    if (dialback->questions[DIALBACK_AUTO].answer == NOT_ASKED)
        ask_bogus(dialback, algorithm, out);
    if (algorithm != DIALBACK_AUTO && find_algorithm(dialback, AWAITED) == DIALBACK_AUTO &&
        find_algorithm(dialback, VALID) == DIALBACK_AUTO)
        ask_right(dialback, algorithm, out);
}

/* What comes. */

static struct question *find_question(struct dialback *dialback, const char *id)
{
    for (size_t i = 0; i < DIALBACK_ALGORITHM_COUNT; i++) {
        if (dialback->questions[i].answer != NOT_ASKED && strcmp(dialback->questions[i].id, id) == 0)
            return &dialback->questions[i];
    }
    return NULL;
}

/* Whether an attribute names the domain that it must; concludes otherwise. */
static bool is_domain(struct dialback *dialback, const char *value, const char *domain, const char *without,
                      const char *other)
{
    if (value != NULL && strcasecmp(value, domain) == 0)
        return true;
    conclude_early(dialback, REASON_DIALBACK_BAD_REPLY, value == NULL ? without : other, value);
    return false;
}

/* The question that this answers as XEP-0220 2.2.2 has it, or NULL, and then it is over. */
static struct question *question_of(struct dialback *dialback, const struct xmpp_stanza *verify)
{
    struct question *question = verify->id != NULL ? find_question(dialback, verify->id) : NULL;
    if (verify->id == NULL)
        conclude_early(dialback, REASON_DIALBACK_BAD_REPLY, "an answer without an id", NULL);
    else if (question == NULL)
        conclude_early(dialback, REASON_DIALBACK_BAD_REPLY, "an answer with an id that was not asked about",
                       verify->id);
    else if (question->answer != AWAITED)
        conclude_early(dialback, REASON_DIALBACK_BAD_REPLY, "a second answer to the same question", NULL);
    else if (is_domain(dialback, verify->from, dialback->domain, "an answer without a from",
                       "an answer from another domain") &&
             is_domain(dialback, verify->to, dialback->options->from, "an answer without a to",
                       "an answer to another domain"))
        return question;
    return NULL;
}

/* <error/> in place of a verdict (XEP-0220 2.5). */
static void answer_error(struct dialback *dialback, const struct question *question, const struct xmpp_stanza *verify)
{
    enum reason reason = reason_from_dialback_error(verify->condition);
    struct buf what;
    buf_init(&what, DETAIL_CAP);
    buf_puts(&what, "in answer to ");
    name_question(&what, (enum dialback_algorithm)(question - dialback->questions));
    if (reason == REASON_DIALBACK_ERROR_OTHER)
        buf_printf(&what, ", %s", *verify->condition != '\0' ? verify->condition : "an error without a condition");
    dialback->asks_back_off =
        reason == REASON_DIALBACK_ERROR_POLICY_VIOLATION || reason == REASON_DIALBACK_ERROR_RESOURCE_CONSTRAINT;
    conclude_early(dialback, reason, what.data, verify->text);
    buf_fini(&what);
}

void dialback_answer(struct dialback *dialback, const struct xmpp_stanza *verify)
{
    struct question *question = dialback->over ? NULL : question_of(dialback, verify);
    if (question == NULL)
        return;
    const char *type = verify->type != NULL ? verify->type : "";
    bool bogus = question == &dialback->questions[DIALBACK_AUTO];
    if (strcmp(type, "error") == 0) {
        answer_error(dialback, question, verify);
    } else if (strcmp(type, "valid") == 0 && bogus) {
        conclude_early(dialback, REASON_DIALBACK_ACCEPTS_BOGUS, "a made-up key was answered with valid", NULL);
    } else if (strcmp(type, "valid") == 0 || strcmp(type, "invalid") == 0) {
        question->answer = *type == 'v' ? VALID : INVALID;
        conclude_if_known(dialback);
    } else {
        conclude_early(dialback, REASON_DIALBACK_BAD_REPLY,
                       *type == '\0' ? "an answer without a type" : "an answer of an unknown type", type);
    }
}

/* The end before all was answered. */
static void conclude_unanswered(struct dialback *dialback, enum reason reason, const char *detail)
{
    struct buf what;
    buf_init(&what, DETAIL_CAP);
    tell_awaited(dialback, &what);
    conclude_early(dialback, reason, what.data, detail);
    buf_fini(&what);
}

void dialback_refuse(struct dialback *dialback, const char *condition, const char *text)
{
    if (dialback->over)
        return;
    char *said = mem_printf("stream error %s%s%s", *condition != '\0' ? condition : "without a condition",
                            *text != '\0' ? ", " : "", text);
    dialback->asks_back_off =
        strcmp(condition, "policy-violation") == 0 || strcmp(condition, "resource-constraint") == 0;
    conclude_unanswered(dialback, REASON_DIALBACK_CLOSED, said);
    free(said);
}

void dialback_end(struct dialback *dialback, enum reason reason, const char *detail)
{
    if (!dialback->over)
        conclude_unanswered(dialback, reason, detail);
}

/* The verdict. */

bool dialback_is_over(const struct dialback *dialback)
{
    return dialback->over;
}

struct check_result dialback_take_result(struct dialback *dialback)
{
    assert(dialback->over);
    struct check_result result = dialback->result;
    dialback->result.detail = NULL;
    return result;
}

enum dialback_algorithm dialback_accepted(const struct dialback *dialback)
{
    return dialback->result.reason == REASON_DIALBACK_ACCEPTS_BOGUS ? DIALBACK_AUTO : find_algorithm(dialback, VALID);
}

bool dialback_asks_back_off(const struct dialback *dialback)
{
    return dialback->asks_back_off;
}
