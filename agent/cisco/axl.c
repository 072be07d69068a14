#include "cisco/axl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/xml.h"
#include "cisco/axl_rows.h"
#include "cisco/axl_verdict.h"
#include "login/secret.h"
#include "cisco/soap.h"

#define REPLY_CAP ((size_t)8 * 1024 * 1024)
#define VERSION_ASK_US (INT64_C(24) * 3600 * 1000000)

/* The requests of a conversation, in their order. */
enum step { STEP_TABLE, STEP_QUERY, STEP_VERSION, STEP_DONE };

static const char *const TABLES[] = {"xmpps2snode", "xmpps2snodes"};
#define TABLE_COUNT 2

static const struct soap_shape QUERY_SHAPE = {
    .payload = {"executeSQLQueryResponse"}, .container = "return", .row = "row"};
static const struct soap_shape VERSION_SHAPE = {
    .payload = {"getCCMVersionResponse"}, .container = "return", .row = "componentVersion"};

struct axl_session {
    struct fetch_jar *jar;
    bool bound;                  /* the next two are there: the cookie was had with this credential */
    unsigned char key[SECRET_HASH_SIZE], credential[SECRET_HASH_SIZE];
    char schema[AXL_VERSION_SIZE]; /* found out; "" while the configured one is in force */
    size_t table;                /* in TABLES: the one that worked last */
    char *version;               /* of the node; NULL: not known */
    bool version_asked;
    int64_t version_asked_us;    /* monotonic */
};

struct axl {
    struct axl_options options;
    char *username, *password; /* owned; cleansed */
    struct axl_session *session;
    struct imp_result *result;
    void (*done)(void *arg, const struct axl_outcome *outcome);
    void *arg;
    int64_t started_us;
    enum step step;
    struct soap *soap;
    struct axl_rows rows;
    struct axl_outcome outcome;
    size_t table;          /* in TABLES; the one that is asked for */
    bool other_tried;      /* the other table was not there */
    bool had_cookie;       /* with the request under way */
    bool cookie_dropped, schema_changed; /* once a conversation */
};

/* The session. */

struct axl_session *axl_session_new(void)
{
    struct axl_session *session = mem_alloc(sizeof *session);
    session->jar = fetch_jar_new();
    return session;
}

void axl_session_free(struct axl_session *session)
{
    if (session == NULL)
        return;
    fetch_jar_free(session->jar);
    secret_cleanse(session->key, sizeof session->key);
    free(session->version);
    free(session);
}

/* A cookie that was had with another credential would hide that this one is wrong. */
static void session_bind(struct axl_session *session, const char *username, const char *password)
{
    unsigned char credential[SECRET_HASH_SIZE];
    if (!session->bound && !secret_random(session->key, sizeof session->key)) {
        fetch_jar_clear(session->jar);
        return;
    }
    secret_hash(credential, session->key, sizeof session->key, (const char *const[]){username, password}, 2);
    if (!session->bound || memcmp(credential, session->credential, sizeof credential) != 0)
        fetch_jar_clear(session->jar);
    memcpy(session->credential, credential, sizeof credential);
    session->bound = true;
}

static const char *schema(const struct axl *axl)
{
    return *axl->session->schema != '\0' ? axl->session->schema : axl->options.node->axl_version;
}

static bool version_is_due(const struct axl_session *session)
{
    return !session->version_asked || clock_mono_us() - session->version_asked_us >= VERSION_ASK_US;
}

/* The conversation. */

static void axl_free(struct axl *axl)
{
    axl_rows_fini(&axl->rows);
    if (axl->options.login_only)
        axl_session_free(axl->session);
    secret_free(axl->username);
    secret_free(axl->password);
    free(axl);
}

static void row_read(void *arg, const struct soap_row *row)
{
    struct axl *axl = arg;
    switch (axl->step) {
    case STEP_TABLE: axl_rows_add_s2s(&axl->rows, row); break;
    case STEP_QUERY: axl_rows_add_notification(&axl->rows, row); break;
    case STEP_VERSION: axl_rows_add_version(&axl->rows, row); break;
    case STEP_DONE: break;
    }
}

static void replied(void *arg, const struct soap_reply *reply);

/* `sql` NULL: getCCMVersion. The schema wants `sql` without a namespace, and `sequence` only beside it. */
static void ask(struct axl *axl, const char *sql)
{
    const char *operation = sql != NULL ? "executeSQLQuery" : "getCCMVersion";
    struct buf content;
    buf_init(&content, SIZE_MAX);
    buf_printf(&content, "<ns:%s xmlns:ns=\"http://www.cisco.com/AXL/API/", operation);
    xml_put_text(&content, schema(axl));
    buf_puts(&content, sql != NULL ? "\" sequence=\"1\"><sql>" : "\">");
    if (sql != NULL)
        xml_put_text(&content, sql);
    buf_printf(&content, "%s</ns:%s>", sql != NULL ? "</sql>" : "", operation);
    char *action = mem_printf("CUCM:DB ver=%s %s", schema(axl), operation);
    struct fetch_jar *jar = axl->options.login_only ? NULL : axl->session->jar;
    axl->had_cookie = jar != NULL && !fetch_jar_is_empty(jar);
    axl_rows_fini(&axl->rows);
    axl_rows_init(&axl->rows);
    axl->soap = soap_start(&(struct soap_request){
        .client = axl->options.client, .resolver = axl->options.resolver, .config = axl->options.config,
        .access = &axl->options.node->axl, .username = axl->username, .password = axl->password, .jar = jar,
        .once = axl->outcome.login != LOGIN_ACCEPTED,
        .action = action, .content = content.data, .shape = sql != NULL ? &QUERY_SHAPE : &VERSION_SHAPE,
        .cap = REPLY_CAP, .row = row_read,
    }, replied, axl);
    free(action);
    buf_fini(&content);
}

static void ask_table(struct axl *axl)
{
    char *sql = mem_printf("select * from %s", TABLES[axl->table]);
    ask(axl, sql);
    free(sql);
}

/* Sends the request of the present step, or ends. */
static void go_on(struct axl *axl)
{
    if (axl->step == STEP_QUERY && axl->options.node->query == NULL)
        axl->step = STEP_VERSION;
    if (axl->step == STEP_VERSION && !axl->options.login_only) {
        if (!version_is_due(axl->session)) {
            axl->step = STEP_DONE;
        } else {
            axl->session->version_asked = true;
            axl->session->version_asked_us = clock_mono_us();
        }
    }
    switch (axl->step) {
    case STEP_TABLE: ask_table(axl); return;
    case STEP_QUERY: ask(axl, axl->options.node->query); return;
    case STEP_VERSION: ask(axl, NULL); return;
    case STEP_DONE: break;
    }
    if (!axl->options.login_only && axl->session->version != NULL) {
        free(axl->result->version);
        axl->result->version = mem_strdup(axl->session->version);
    }
    void (*done)(void *arg, const struct axl_outcome *outcome) = axl->done;
    struct axl_outcome outcome = axl->outcome;
    void *arg = axl->arg;
    axl_free(axl);
    done(arg, &outcome);
}

/* The verdict about AXL, after the first step. */
static void conclude(struct axl *axl, enum reason reason, const char *detail)
{
    struct check_result *check = &axl->result->check[IMP_AXL];
    if (detail != NULL && *detail != '\0')
        check_result_set(check, reason, "%s", detail);
    else
        check_result_set(check, reason, NULL);
    check->duration_us = clock_mono_us() - axl->started_us;
    if (reason != REASON_OK && !axl->options.login_only) {
        check_result_set(&axl->result->check[IMP_S2SNODE], REASON_NOT_REACHED, NULL);
        if (axl->result->reading[XCP_SOURCE_QUERY].configured)
            axl->result->reading[XCP_SOURCE_QUERY].fault = mem_printf("not asked: %s", reason_info(reason)->code);
    }
    axl->step = reason == REASON_OK ? axl->step + 1 : STEP_DONE;
}

/* The first step is to be asked again, without the cookie or with another schema version. */
static bool can_retry(struct axl *axl, const struct soap_reply *reply)
{
    if (reply->fetch->status == AXL_STATUS_NOT_FOUND && axl->had_cookie && !axl->cookie_dropped) {
        fetch_jar_clear(axl->session->jar);
        axl->cookie_dropped = true;
        return true;
    }
    if (reply->fetch->status != AXL_STATUS_VERSION)
        return false;
    char next[AXL_VERSION_SIZE], *text = soap_page_text(reply->page, SIZE_MAX);
    bool found = !axl->schema_changed && axl_version_pick(next, text, axl->options.node->axl_version, schema(axl));
    strcpy(axl->session->schema, found ? next : "");
    axl->schema_changed = true;
    free(text);
    return found;
}

/* The table asked for does not exist. */
static void no_table(struct axl *axl)
{
    if (axl->options.node->axl_table == AXL_TABLE_AUTO && !axl->other_tried) {
        axl->other_tried = true;
        axl->table = (axl->table + 1) % TABLE_COUNT;
        return;
    }
    const char *missing = axl->other_tried ? "neither xmpps2snode nor xmpps2snodes is" : TABLES[axl->table];
    check_result_set(&axl->result->check[IMP_S2SNODE], REASON_S2SNODE_NO_TABLE, "%s%s in the database", missing,
                     axl->other_tried ? "" : " is not");
    conclude(axl, REASON_OK, NULL);
}

static void table_read(struct axl *axl)
{
    if (axl_rows_are_strange(&axl->rows)) {
        char *detail = mem_printf("rows without a cp_id; their columns: %s", axl->rows.columns);
        conclude(axl, REASON_AXL_BAD_RESPONSE, detail);
        free(detail);
        return;
    }
    axl_rows_give_s2s(&axl->rows, axl->result);
    axl->session->table = axl->table;
    conclude(axl, REASON_OK, NULL);
}

static void table_replied(struct axl *axl, const struct soap_reply *reply, enum reason reason, const char *detail)
{
    if (can_retry(axl, reply))
        return;
    if (axl_says_no_table(reply, TABLES[axl->table]))
        no_table(axl);
    else if (reason == REASON_OK)
        table_read(axl);
    else
        conclude(axl, reason, detail);
}

/* Whatever is wrong with an operator's own query is no fault of AXL. */
static void query_replied(struct axl *axl, const struct soap_reply *reply, enum reason reason, const char *detail)
{
    struct xcp_reading *reading = &axl->result->reading[XCP_SOURCE_QUERY];
    if (reason == REASON_OK && axl_rows_are_strange(&axl->rows))
        reading->fault = mem_printf("no column description (or message, text, msg); there are: %s", axl->rows.columns);
    else if (reason != REASON_OK && reply->verdict == SOAP_FAULT && detail != NULL)
        reading->fault = mem_printf("fault %s", detail);
    else if (reason != REASON_OK)
        reading->fault =
            mem_printf("%s%s%s", reason_info(reason)->code, detail != NULL ? ": " : "", detail != NULL ? detail : "");
    reading->read = reading->fault == NULL;
    if (reading->read)
        axl_rows_give_notifications(&axl->rows, axl->result);
    axl->step = STEP_VERSION;
}

static void version_replied(struct axl *axl, const struct soap_reply *reply, enum reason reason, const char *detail)
{
    if (!axl->options.login_only) {
        free(axl->session->version);
        axl->session->version = reason == REASON_OK && axl->rows.version != NULL ? mem_strdup(axl->rows.version) : NULL;
        axl->step = STEP_DONE;
    } else if (!can_retry(axl, reply)) {
        bool answered = reason == REASON_OK || (reply->verdict == SOAP_FAULT && reply->login == LOGIN_ACCEPTED);
        conclude(axl, answered ? REASON_OK : reason, answered ? NULL : detail);
        axl->step = STEP_DONE;
    }
}

/* Of several answers the one that says most counts. */
static void note_login(struct axl *axl, enum login_outcome login)
{
    static const int WEIGHT[] = {
        [LOGIN_NOT_SENT] = 0, [LOGIN_NO_VERDICT] = 1, [LOGIN_UNCLEAR] = 2, [LOGIN_ACCEPTED] = 3, [LOGIN_REJECTED] = 4};
    if (WEIGHT[login] > WEIGHT[axl->outcome.login])
        axl->outcome.login = login;
}

static void replied(void *arg, const struct soap_reply *reply)
{
    struct axl *axl = arg;
    struct imp_result *result = axl->result;
    enum step step = axl->step;
    enum reason reason = axl_reason(reply);
    char *detail = axl_detail(reply, reason);
    axl->soap = NULL;
    note_login(axl, reply->login);
    if (reply->fetch->status != 0)
        result->http_status = reply->fetch->status;
    if (reply->is_envelope && reply->fetch->status != AXL_STATUS_VERSION && !axl->options.login_only) {
        free(result->axl_version);
        result->axl_version = mem_strdup(schema(axl));
    }
    if (step == STEP_TABLE)
        table_replied(axl, reply, reason, detail);
    else if (step == STEP_QUERY)
        query_replied(axl, reply, reason, detail);
    else
        version_replied(axl, reply, reason, detail);
    if (reply->login == LOGIN_REJECTED) {
        if (step != STEP_TABLE && !axl->options.login_only)
            check_result_set(&result->check[IMP_AXL], reason, "%s", detail);
        axl->step = STEP_DONE;
    }
    free(detail);
    go_on(axl);
}

struct axl *axl_start(const struct axl_options *options, struct imp_result *result,
                      void (*done)(void *arg, const struct axl_outcome *outcome), void *arg)
{
    struct axl *axl = mem_alloc(sizeof *axl);
    axl->options = *options;
    axl->username = mem_strdup(options->username);
    axl->password = mem_strdup(options->password);
    axl->options.username = axl->options.password = NULL;
    axl->session = options->login_only ? axl_session_new() : options->session;
    axl->result = result;
    axl->done = done;
    axl->arg = arg;
    axl->started_us = clock_mono_us();
    axl->outcome.login = LOGIN_NOT_SENT;
    axl->step = options->login_only ? STEP_VERSION : STEP_TABLE;
    if (!options->login_only) {
        static const size_t FIRST[] = {[AXL_TABLE_XMPPS2SNODE] = 0, [AXL_TABLE_XMPPS2SNODES] = 1};
        session_bind(axl->session, axl->username, axl->password);
        enum axl_table table = options->node->axl_table;
        axl->table = table == AXL_TABLE_AUTO ? axl->session->table : FIRST[table];
        result->reading[XCP_SOURCE_QUERY].configured = options->node->query != NULL;
    }
    go_on(axl);
    return axl;
}

enum login_outcome axl_cancel(struct axl *axl)
{
    note_login(axl, soap_cancel(axl->soap));
    enum login_outcome login = axl->outcome.login;
    axl_free(axl);
    return login;
}
