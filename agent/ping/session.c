#define LOG_SUBSYSTEM "ping"
#include "ping/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "login/secret.h"
#include "ping/client.h"
#include "ping/preparation.h"

/* From a login that failed to the next one; doubled with each that led to no answer, and half of it left to chance.
 * From the login of a session that was of use and ended: the first, all of it. */
#define PAUSE_FIRST_US (INT64_C(30) * 1000000)
#define PAUSE_MOST_US (INT64_C(15) * 60 * 1000000)
#define ID_BYTES 16
#define ID_SIZE (2 * ID_BYTES + 1)
#define PAUSE_HELD_US INT64_C(1000000) /* so that many pings at once read the files once */

enum ping_phase {
    PING_WAITS, /* for the login */
    PING_SENT,
    PING_ENDS   /* the outcome is there, and is told in a moment */
};

struct ping {
    struct ping_session *session;
    const struct config_domain *domain; /* borrowed, like the next */
    struct check_result *check;
    void (*done)(void *arg);
    void *arg;
    enum ping_phase phase;
    char id[ID_SIZE];
    int64_t sent_us;
    struct loop_timer *timer;
    struct ping *prev, *next;
};

enum session_state {
    SESSION_IDLE,
    SESSION_PREPARING, /* password and trust are read on a worker */
    SESSION_ASKING,    /* the guard */
    SESSION_FINDING,   /* where the server is */
    SESSION_LOGGING_IN,
    SESSION_READY
};

struct ping_session {
    struct loop *loop;
    struct login_guard *guard;
    struct config *config;              /* a reference */
    const struct config_ping *account;  /* of it */
    enum session_state state;
    struct ping *pings;
    struct loop_timer *turn;            /* begins a login, or ends a session that is broken or worn */
    bool retired, broken;

    /* Of a login under way, or of the session. */
    struct preparing *preparing;
    struct login_pass *pass;
    struct places *places;
    struct client *client;
    struct tls_context *tls;
    char password[LOGIN_PASSWORD_SIZE];
    bool answered;                      /* a ping was, so that the session is worth something */

    /* Of what failed last. */
    enum reason reason;
    char *detail;                       /* owned */
    bool held;                          /* by the guard: the next login is for it to allow */
    bool told;                          /* in the log, since the latest login */
    unsigned failures;                  /* in a row, without an answer in between */
    int64_t begun_us, next_us;          /* the latest login; none before that. Monotonic clock */
};

static void session_free(struct ping_session *session);

/* ---- pings ---- */

/* Whether another session is to take the place of this one, for which no ping is sent any more: not sooner than a login
 * may follow on the one before. */
static bool is_worn(const struct ping_session *session)
{
    return session->state == SESSION_READY && client_is_worn(session->client) &&
           clock_mono_us() >= session->begun_us + PAUSE_FIRST_US;
}

/* Whether an answer is still waited for. */
static bool is_asking(const struct ping_session *session)
{
    const struct ping *ping;
    DL_FOREACH(session->pings, ping)
    {
        if (ping->phase == PING_SENT)
            return true;
    }
    return false;
}

/* One of its pings has gone. */
static void leave(struct ping_session *session)
{
    if (session->retired && session->pings == NULL)
        session_free(session);
    else if (session->pings != NULL && is_worn(session) && !is_asking(session))
        loop_timer_arm(session->turn, 0);
}

/* Takes it out of the session and tells its outcome, as the last thing that the caller does with either. */
static void ping_end(struct ping *ping)
{
    struct ping_session *session = ping->session;
    void (*done)(void *arg) = ping->done;
    void *arg = ping->arg;
    DL_DELETE(session->pings, ping);
    loop_timer_free(ping->timer);
    free(ping);
    leave(session);
    done(arg);
}

/* The outcome is known, and told in a turn of its own. */
static void ping_settle(struct ping *ping)
{
    ping->phase = PING_ENDS;
    loop_timer_arm(ping->timer, 0);
}

/* Of what failed last, and when it is tried again. */
static void set_failure(const struct ping_session *session, struct check_result *check)
{
    char then[CLOCK_RFC3339_SIZE];
    int64_t left_ms = (session->next_us - clock_mono_us()) / 1000;
    if (left_ms > 0 && !session->held)
        check_result_set(check, session->reason, "%s; no login is tried before %s", session->detail,
                         clock_rfc3339((clock_wall_ms() + left_ms) / 1000 + 1, then));
    else
        check_result_set(check, session->reason, "%s", session->detail);
}

/* With each goes one to the server itself: where not even that is answered, the session is dead, and nothing is known
 * of the domain. */
static void ping_send(struct ping *ping)
{
    struct ping_session *session = ping->session;
    char own[ID_SIZE];
    ping->phase = PING_SENT;
    ping->sent_us = clock_mono_us();
    loop_timer_arm(ping->timer, session->config->timeout_ms * 1000);
    if (client_ping(session->client, ping->domain->name_unicode, random_hex(ping->id, ID_BYTES)) &&
        client_ping(session->client, session->account->domain_unicode, random_hex(own, ID_BYTES)))
        return;
    session->broken = true;
    loop_timer_arm(session->turn, 0);
}

static void set_answer(struct check_result *check, const struct xmpp_stanza *stanza)
{
    enum reason reason = reason_from_ping_error(stanza->condition);
    char *text = text_clean(stanza->text, PEER_TEXT_MAX);
    char *by = text_clean(stanza->by != NULL ? stanza->by : "", PEER_TEXT_MAX);
    char *condition = text_clean(reason == REASON_PING_ERROR_OTHER ? stanza->condition : "", PEER_TEXT_MAX);
    if (*text == '\0' && *by == '\0' && *condition == '\0')
        check_result_set(check, reason, NULL);
    else
        check_result_set(check, reason, "%s%s%s%s%s%s", condition, *condition != '\0' && *text != '\0' ? ": " : "",
                         text, *by != '\0' ? " (said by " : "", by, *by != '\0' ? ")" : "");
    free(text);
    free(by);
    free(condition);
}

/* An answer counts that has the id and comes from where the ping went. Older servers name that by its A-label. */
static bool is_answer(const struct ping *ping, const struct xmpp_stanza *stanza)
{
    return ping->phase == PING_SENT && strcmp(ping->id, stanza->id) == 0 &&
           (strcasecmp(ping->domain->name_unicode, stanza->from) == 0 ||
            strcasecmp(ping->domain->name, stanza->from) == 0);
}

static void answered(void *arg, const struct xmpp_stanza *stanza)
{
    struct ping_session *session = arg;
    struct ping *ping;
    session->answered = true; /* be it only the server's own */
    session->failures = 0;
    if (stanza->id == NULL || stanza->from == NULL)
        return;
    DL_FOREACH(session->pings, ping)
    {
        if (is_answer(ping, stanza))
            break;
    }
    if (ping == NULL)
        return;
    if (strcmp(stanza->type, "result") == 0)
        check_result_set(ping->check, REASON_OK, NULL);
    else
        set_answer(ping->check, stanza);
    ping->check->duration_us = clock_mono_us() - ping->sent_us;
    ping_end(ping);
}

/* ---- the end of a login or of the session ---- */

/* Lets go of everything that a login needs. `login` is what is known of it. */
static void drop(struct ping_session *session, enum login_outcome login);

static int64_t pause_after(unsigned failures)
{
    unsigned char chance;
    int64_t pause_us = PAUSE_FIRST_US;
    for (unsigned i = 1; i < failures && pause_us < PAUSE_MOST_US; i++)
        pause_us *= 2;
    if (pause_us > PAUSE_MOST_US)
        pause_us = PAUSE_MOST_US;
    random_bytes(&chance, sizeof chance);
    return pause_us / 2 + pause_us / 2 * chance / UINT8_MAX;
}

/* Ends what is under way, and with it all pings. */
static void fail(struct ping_session *session, enum reason reason, const char *detail, enum login_outcome login)
{
    int64_t now_us = clock_mono_us();
    /* The guard knows when the next login may be, and lets a new password pass; asking it costs the server nothing. */
    session->held = reason == REASON_PING_LOGIN_HELD || login == LOGIN_REJECTED;
    bool told = session->told && session->reason == reason;
    char *copy = mem_strdup(detail);
    free(session->detail);
    session->detail = copy;
    session->reason = reason;
    if (session->answered) /* it was of use, and is begun again at once, but never oftener than that */
        session->next_us = session->begun_us + PAUSE_FIRST_US;
    else if (session->held)
        session->next_us = now_us + PAUSE_HELD_US;
    else
        session->next_us = now_us + pause_after(reason == REASON_LOCAL_ERROR ? 1 : ++session->failures);
    if (!told)
        log_warn("%s: %s: %s", session->account->account, reason_info(reason)->code, session->detail);
    session->told = true;
    drop(session, login);
    session->state = SESSION_IDLE;
    session->answered = session->broken = false;
    struct ping *ping;
    DL_FOREACH(session->pings, ping)
    {
        if (ping->phase == PING_ENDS)
            continue;
        set_failure(session, ping->check);
        ping_settle(ping);
    }
}

static void over(void *arg, const struct client_end *end)
{
    fail(arg, end->reason, end->detail, end->login);
}

/* ---- the login ---- */

static void ready(void *arg)
{
    struct ping_session *session = arg;
    secret_cleanse(session->password, sizeof session->password);
    login_pass_leave(session->pass, LOGIN_ACCEPTED, NULL, NULL);
    session->pass = NULL;
    session->state = SESSION_READY;
    session->told = false;
    log_info("%s: logged in", session->account->account);
    struct ping *ping;
    DL_FOREACH(session->pings, ping)
    {
        if (ping->phase == PING_WAITS)
            ping_send(ping);
    }
}

static void places_found(void *arg, const struct place_to_try *places, size_t count, const char *fault)
{
    static const struct client_events EVENTS = {ready, answered, over};
    struct ping_session *session = arg;
    session->places = NULL;
    if (count == 0) {
        fail(session, REASON_PING_UNREACHABLE, fault, LOGIN_NOT_SENT);
        return;
    }
    const struct client_options options = {
        .loop = session->loop,
        .tls = session->tls,
        .account = session->account,
        .password = session->password,
        .timeout_us = session->config->timeout_ms * 1000,
    };
    session->state = SESSION_LOGGING_IN;
    session->client = client_start(&options, places, count, &EVENTS, session);
}

static void guard_answered(void *arg, const struct login_answer *answer)
{
    struct ping_session *session = arg;
    struct err err;
    if (answer->verdict == LOGIN_GO) {
        session->state = SESSION_FINDING;
        session->places =
            places_start(session->loop, session->config, session->account, places_found, session, &err);
        if (session->places == NULL)
            fail(session, REASON_LOCAL_ERROR, err.text, LOGIN_NOT_SENT);
        return;
    }
    char until[CLOCK_RFC3339_SIZE];
    bool timed = answer->verdict == LOGIN_HELD && answer->until_ms != TIME_ABSENT;
    char *detail = timed ? mem_printf("no login before %s: %s", clock_rfc3339(answer->until_ms / 1000, until),
                                      answer->detail)
                         : mem_strdup(answer->detail);
    fail(session, answer->verdict == LOGIN_HELD ? REASON_PING_LOGIN_HELD : REASON_LOCAL_ERROR, detail, LOGIN_NOT_SENT);
    free(detail);
}

static void prepared(void *arg, const struct preparation *preparation)
{
    struct ping_session *session = arg;
    session->preparing = NULL;
    session->tls = preparation->tls;
    memcpy(session->password, preparation->password, sizeof session->password);
    if (session->tls == NULL) {
        fail(session, REASON_LOCAL_ERROR, preparation->err.text, LOGIN_NOT_SENT);
        return;
    }
    /* The same name and password at another server is another account. */
    const struct host_port *server = &session->account->server;
    char place[TEXT_HOST_PORT_SIZE] = "";
    if (server->host != NULL)
        text_host_port(place, server->host, server->port);
    char *identity = mem_printf("%s %s", session->account->account, place);
    session->state = SESSION_ASKING;
    session->pass = login_guard_enter(session->guard, identity, session->password, 0, 2 * session->config->timeout_ms,
                                      guard_answered, session);
    free(identity);
}

static void begin(struct ping_session *session)
{
    session->state = SESSION_PREPARING;
    session->begun_us = clock_mono_us();
    session->preparing = preparation_start(session->loop, session->config, session->account, prepared, session);
}

static void turn(void *arg)
{
    struct ping_session *session = arg;
    if (session->broken && session->state == SESSION_READY) {
        fail(session, REASON_PING_UNREACHABLE, "the server does not take what is sent to it", LOGIN_ACCEPTED);
        return;
    }
    if (session->pings != NULL && is_worn(session) && !is_asking(session)) {
        drop(session, LOGIN_ACCEPTED);
        session->state = SESSION_IDLE;
    }
    if (session->state == SESSION_IDLE && session->pings != NULL && clock_mono_us() >= session->next_us)
        begin(session);
}

static void drop(struct ping_session *session, enum login_outcome login)
{
    preparation_cancel(session->preparing);
    session->preparing = NULL;
    places_cancel(session->places);
    session->places = NULL;
    if (session->pass != NULL)
        login_pass_leave(session->pass, login, NULL, NULL);
    session->pass = NULL;
    client_free(session->client);
    session->client = NULL;
    tls_context_free(session->tls);
    session->tls = NULL;
    secret_cleanse(session->password, sizeof session->password);
}

/* ---- sessions ---- */

struct ping_session *ping_session_new(struct loop *loop, struct login_guard *guard, struct config *config,
                                      const struct config_ping *account)
{
    struct ping_session *session = mem_alloc(sizeof *session);
    *session = (struct ping_session){
        .loop = loop, .guard = guard, .config = config_hold(config), .account = account};
    session->turn = loop_timer_new(loop, turn, session);
    return session;
}

static void session_free(struct ping_session *session)
{
    drop(session, session->client != NULL ? client_login(session->client) : LOGIN_NOT_SENT);
    loop_timer_free(session->turn);
    config_free(session->config);
    free(session->detail);
    free(session);
}

void ping_session_retire(struct ping_session *session)
{
    session->retired = true;
    if (session->pings == NULL)
        session_free(session);
}

const char *ping_session_account(const struct ping_session *session)
{
    return session->account->account;
}

static bool is_same(const struct config_ping *left, const struct config_ping *right)
{
    return text_same(left->account, right->account) && text_same(left->password_file, right->password_file) &&
           text_same(left->server.host, right->server.host) && left->server.port == right->server.port &&
           text_same(left->ca_file, right->ca_file) && text_same(left->fingerprint_sha256, right->fingerprint_sha256);
}

bool ping_session_adopt(struct ping_session *session, struct config *config, const struct config_ping *account)
{
    if (session->config == config)
        return true;
    if (!is_same(session->account, account))
        return false;
    if (session->state != SESSION_IDLE && session->state != SESSION_READY)
        return true; /* a login goes on as it began; the next ping asks again */
    config_free(session->config);
    session->config = config_hold(config);
    session->account = account;
    if (session->client != NULL)
        client_take_account(session->client, account);
    return true;
}

/* ---- what rounds do ---- */

static void ping_expired(void *arg)
{
    struct ping *ping = arg;
    struct ping_session *session = ping->session;
    if (ping->phase == PING_SENT && client_heard_us(session->client) < ping->sent_us) {
        fail(session, REASON_PING_UNREACHABLE, "the server answers nothing any more, not even a ping to itself",
             LOGIN_ACCEPTED);
        return;
    }
    if (ping->phase == PING_SENT)
        check_result_set(ping->check, REASON_PING_TIMEOUT, "neither an answer nor an error came, while the server "
                                                           "itself answers");
    ping_end(ping);
}

struct ping *ping_start(struct ping_session *session, const struct config_domain *domain, struct check_result *check,
                        void (*done)(void *arg), void *arg)
{
    struct ping *ping = mem_alloc(sizeof *ping);
    *ping = (struct ping){.session = session, .domain = domain, .check = check, .done = done, .arg = arg};
    ping->timer = loop_timer_new(session->loop, ping_expired, ping);
    DL_APPEND(session->pings, ping);
    if (is_worn(session)) {
        loop_timer_arm(session->turn, 0);
    } else if (session->state == SESSION_READY) {
        ping_send(ping);
    } else if (session->state == SESSION_IDLE && clock_mono_us() < session->next_us) {
        set_failure(session, check);
        ping_settle(ping);
    } else if (session->state == SESSION_IDLE) {
        loop_timer_arm(session->turn, 0);
    }
    return ping;
}

void ping_expire(struct ping *ping)
{
    if (ping->phase == PING_WAITS)
        check_result_set(ping->check, REASON_LOCAL_ERROR, "no time was left to log in");
    else if (ping->phase == PING_SENT)
        check_result_set(ping->check, REASON_PING_TIMEOUT, "no answer came in the time that was left");
    ping_end(ping);
}

void ping_cancel(struct ping *ping)
{
    if (ping == NULL)
        return;
    struct ping_session *session = ping->session;
    DL_DELETE(session->pings, ping);
    loop_timer_free(ping->timer);
    free(ping);
    leave(session);
}
