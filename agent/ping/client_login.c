/* What the server says on the way to a bound resource, and afterwards. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xml.h"
#include "login/secret.h"
#include "ping/client_private.h"

#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define AUTH "<auth xmlns='" NS_SASL "' mechanism='%s'>"
#define RESPONSE "<response xmlns='" NS_SASL "'>"
#define ABORT "<abort xmlns='" NS_SASL "'/>"
#define BIND "<iq type='set' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
#define SESSION "<iq type='set' id='%s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
#define UNAVAILABLE \
    "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"

/* ---- the certificate ---- */

/* No credential is sent to a server that is not known to be the account's. One that expires soon is still good. */
void client_certificate_judge(struct client *client)
{
    const struct config_ping *account = client->options.account;
    const struct tls_session *tls = client->channel.tls;
    struct check_result version = {.detail = NULL}, verdict = {.detail = NULL};
    tls_session_judge_version(tls, &version);
    const struct tls_peer peer = {.domain = account->domain, .domain_unicode = account->domain_unicode};
    struct certificate *facts = tls_session_judge_certificate(tls, &peer, &verdict);
    bool good = account->fingerprint_sha256 != NULL
                    ? facts != NULL && text_same(facts->fingerprint_sha256, account->fingerprint_sha256)
                    : facts != NULL && (verdict.reason == REASON_OK || verdict.reason == REASON_CERT_EXPIRES_SOON);
    if (version.reason != REASON_OK)
        client_fail(client, REASON_PING_UNREACHABLE, "TLS with the server is older than tls.min_version: %s",
                    version.detail);
    else if (!good)
        client_fail(client, REASON_PING_UNREACHABLE,
                    "the server's certificate is not trusted, so no password was sent: %s%s%s; its SHA-256 "
                    "fingerprint is %s",
                    account->fingerprint_sha256 != NULL ? "fingerprint_sha256 is another"
                                                        : reason_info(verdict.reason)->code,
                    verdict.detail != NULL && account->fingerprint_sha256 == NULL ? ": " : "",
                    verdict.detail != NULL && account->fingerprint_sha256 == NULL ? verdict.detail : "",
                    facts != NULL ? facts->fingerprint_sha256 : "not known");
    else
        client_stream_open(client, STEP_SECURE, XMPP_CAP_AFTER_TLS);
    certificate_free(facts);
    free(version.detail);
    free(verdict.detail);
}

/* ---- SASL, whose steps take place on a worker ---- */

struct sasl_job {
    struct client *client; /* NULL: nobody waits any more */
    struct sasl *sasl;
    char *challenge;       /* owned; NULL: the first step */
    bool last;             /* it came with <success/> */
    enum sasl_progress progress;
    char *response;        /* owned */
};

static void job_free(struct sasl_job *job)
{
    free(job->challenge);
    secret_free(job->response);
    free(job);
}

void client_job_abandon(struct client *client)
{
    if (client->job != NULL)
        client->job->client = NULL;
    client->job = NULL;
}

static void job_run(void *arg)
{
    struct sasl_job *job = arg;
    job->progress = sasl_step(job->sasl, job->challenge, &job->response);
    secret_thread_end();
}

static void send_response(struct client *client, const struct sasl_job *job)
{
    struct buf *out = &client->channel.out;
    if (job->challenge == NULL) {
        buf_printf(out, AUTH, sasl_choose(xmpp_stream_features(client->stream)->mechanisms));
        buf_puts(out, *job->response != '\0' ? job->response : "="); /* RFC 6120 6.4.2 */
        buf_puts(out, "</auth>");
    } else {
        buf_puts(out, RESPONSE);
        buf_puts(out, job->response);
        buf_puts(out, "</response>");
    }
    client->login = sasl_has_shown(client->sasl) ? LOGIN_UNCLEAR : LOGIN_NOT_SENT;
    channel_flush(&client->channel);
    if (out->length == 0)
        secret_cleanse(out->data, out->capacity);
}

static void accept_login(struct client *client)
{
    client->login = LOGIN_ACCEPTED;
    sasl_free(client->sasl);
    client->sasl = NULL;
    client_stream_open(client, STEP_AGAIN, SESSION_CAP);
}

/* A step has been made, the last of which judges what came with <success/>. */
static void step_made(struct client *client, const struct sasl_job *job)
{
    client->sasl_done = job->progress == SASL_DONE;
    if (job->last && job->progress == SASL_DONE) {
        accept_login(client);
    } else if (job->last) {
        client->login = LOGIN_NO_VERDICT;
        client_fail(client, REASON_PING_UNREACHABLE, "the server said success too soon: %s",
                    job->progress == SASL_FAILED ? sasl_fault(client->sasl) : "it has not shown that it knows the "
                                                                              "password");
    } else if (job->progress == SASL_FAILED) {
        channel_say(&client->channel, ABORT);
        client_fail(client, job->challenge == NULL ? REASON_PING_LOGIN_FAILED : REASON_PING_UNREACHABLE,
                    "the login was given up: %s", sasl_fault(client->sasl));
    } else {
        send_response(client, job);
    }
}

static void job_done(void *arg)
{
    struct sasl_job *job = arg;
    struct client *client = job->client;
    if (client == NULL) {
        sasl_free(job->sasl);
        job_free(job);
        return;
    }
    client->job = NULL;
    client->sasl = job->sasl;
    if (client->step == STEP_SASL)
        step_made(client, job);
    job_free(job);
    client_settle(client);
}

static void begin_step(struct client *client, const char *challenge, bool last)
{
    struct sasl_job *job = mem_alloc(sizeof *job);
    *job = (struct sasl_job){.client = client, .sasl = client->sasl, .challenge = mem_strdup(challenge), .last = last};
    client->sasl = NULL;
    client->job = job;
    loop_work(client->options.loop, job_run, job_done, job);
}

static void begin_login(struct client *client, const struct xmpp_features *features)
{
    const char *mechanism = sasl_choose(features->mechanisms);
    if (mechanism == NULL) {
        char *offered = features->mechanisms != NULL ? text_clean(features->mechanisms, PEER_TEXT_MAX) : NULL;
        client_fail(client, REASON_PING_LOGIN_FAILED, "the server offers no login that is known here: %s",
                    offered != NULL ? offered : "none at all");
        free(offered);
        return;
    }
    client->sasl = sasl_new(mechanism, client->options.account->localpart, client->options.password);
    if (client->sasl == NULL) {
        client_fail(client, REASON_LOCAL_ERROR, "libgsasl cannot be set up");
        return;
    }
    client->step = STEP_SASL;
    begin_step(client, NULL, false);
}

/* Whether the failure is a verdict on the account or its password (RFC 6120 6.5). */
static bool is_rejection(const char *condition)
{
    static const char *const VERDICTS[] = {"account-disabled", "credentials-expired", "not-authorized"};
    for (size_t i = 0; i < sizeof VERDICTS / sizeof VERDICTS[0]; i++) {
        if (strcmp(VERDICTS[i], condition) == 0)
            return true;
    }
    return false;
}

static void login_failed(struct client *client)
{
    const char *condition = xmpp_stream_sasl(client->stream);
    const char *text = xmpp_stream_stanza(client->stream)->text;
    client->login = is_rejection(condition) ? LOGIN_REJECTED : LOGIN_NO_VERDICT;
    client_fail(client, REASON_PING_LOGIN_FAILED, "%s%s%s", *condition != '\0' ? condition : "no condition was given",
                *text != '\0' ? ": " : "", text);
}

static void sasl_element(struct client *client, enum xmpp_event seen)
{
    const char *data = xmpp_stream_sasl(client->stream);
    if (seen == XMPP_SASL_FAILURE)
        login_failed(client);
    else if (client->job != NULL)
        client_fail(client, REASON_PING_UNREACHABLE, "the server did not wait for its answer in the login");
    else if (seen == XMPP_CHALLENGE)
        begin_step(client, data, false);
    else if (!client->sasl_done)
        begin_step(client, data, true);
    else
        accept_login(client);
}

/* ---- requests ---- */

static void ask(struct client *client, enum client_step step, const char *request)
{
    client->step = step;
    buf_printf(&client->channel.out, request, random_hex(client->id, CLIENT_ID_BYTES));
    channel_flush(&client->channel);
}

static void be_ready(struct client *client)
{
    client->step = STEP_READY;
    client->events->ready(client->arg);
}

/* The answer to what STEP_BIND or STEP_SESSION asked for. */
static void answer_came(struct client *client, const struct xmpp_stanza *stanza, bool good)
{
    const char *text = stanza->text;
    if (!good || (client->step == STEP_BIND && stanza->bound == NULL))
        client_fail(client, REASON_PING_UNREACHABLE, "the server gives no %s: %s%s%s",
                    client->step == STEP_BIND ? "resource" : "session",
                    *stanza->condition != '\0' ? stanza->condition : "its answer makes no sense",
                    *text != '\0' ? ": " : "", text);
    else if (client->step == STEP_BIND && client->wants_session)
        ask(client, STEP_SESSION, SESSION);
    else
        be_ready(client);
}

/* RFC 6120 8.2.3: every request gets an answer. Only pings are served. */
static void answer_request(struct client *client, const struct xmpp_stanza *stanza)
{
    struct buf *out = &client->channel.out;
    bool served = stanza->ping && strcmp(stanza->type, "get") == 0;
    if (stanza->id == NULL || out->length > 0) /* one that does not read is told nothing more */
        return;
    buf_printf(out, "<iq type='%s'", served ? "result" : "error");
    if (stanza->from != NULL)
        xml_put_attribute(out, "to", stanza->from);
    xml_put_attribute(out, "id", stanza->id);
    buf_puts(out, served ? "/>" : ">" UNAVAILABLE);
    channel_flush(&client->channel);
}

static void iq_came(struct client *client)
{
    const struct xmpp_stanza *stanza = xmpp_stream_stanza(client->stream);
    const char *type = stanza->type != NULL ? stanza->type : "";
    bool result = strcmp(type, "result") == 0, error = strcmp(type, "error") == 0;
    if (strcmp(type, "get") == 0 || strcmp(type, "set") == 0)
        answer_request(client, stanza);
    else if (!result && !error)
        return;
    else if (client->step == STEP_READY)
        client->events->answered(client->arg, stanza);
    else if (text_same(stanza->id, client->id))
        answer_came(client, stanza, result);
}

/* ---- elements ---- */

static void features_came(struct client *client)
{
    const struct xmpp_features *features = xmpp_stream_features(client->stream);
    if (client->step == STEP_OPEN && features->starttls == OFFER_NONE) {
        client_fail(client, REASON_PING_UNREACHABLE,
                    "the server offers no TLS (STARTTLS), without which no password is sent");
    } else if (client->step == STEP_OPEN) {
        client->step = STEP_STARTTLS;
        channel_say(&client->channel, STARTTLS);
    } else if (client->step == STEP_SECURE) {
        begin_login(client, features);
    } else if (!features->bind) {
        client_fail(client, REASON_PING_UNREACHABLE, "the server offers no resource after the login");
    } else {
        client->wants_session = features->session;
        ask(client, STEP_BIND, BIND);
    }
}

/* Whether the element may come at this step. */
static bool is_due(enum client_step step, enum xmpp_event seen)
{
    switch (seen) {
    case XMPP_FEATURES: return step == STEP_OPEN || step == STEP_SECURE || step == STEP_AGAIN;
    case XMPP_PROCEED:
    case XMPP_FAILURE: return step == STEP_STARTTLS;
    case XMPP_CHALLENGE:
    case XMPP_SUCCESS:
    case XMPP_SASL_FAILURE: return step == STEP_SASL;
    case XMPP_IQ:
    case XMPP_OTHER: return step == STEP_BIND || step == STEP_SESSION || step == STEP_READY;
    default: return false;
    }
}

void client_element(struct client *client, enum xmpp_event seen)
{
    if (!is_due(client->step, seen)) {
        client_fail(client, REASON_PING_UNREACHABLE, "the server sent something else than was due");
        return;
    }
    switch (seen) {
    case XMPP_FEATURES: features_came(client); break;
    case XMPP_PROCEED: client_tls_begin(client); break;
    case XMPP_FAILURE: client_fail(client, REASON_PING_UNREACHABLE, "the server refuses the TLS that it offers"); break;
    case XMPP_CHALLENGE:
    case XMPP_SUCCESS:
    case XMPP_SASL_FAILURE: sasl_element(client, seen); break;
    case XMPP_IQ: iq_came(client); break;
    default: break; /* messages and presence are of no use here */
    }
}
