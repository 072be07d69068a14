#include "cisco/control_center.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "login/secret.h"
#include "cisco/soap.h"

#define SERVICE "Cisco XCP Router"
#define ACTION "soapGetServiceStatus"
#define CONTENT \
    "<ast:" ACTION " xmlns:ast=\"http://schemas.cisco.com/ast/soap\">" \
    "<ast:ServiceStatus>" SERVICE "</ast:ServiceStatus></ast:" ACTION ">"
/* Asked for one service; all of them, some 60, would do no harm. */
#define REPLY_CAP ((size_t)1024 * 1024)
#define UP_TIME_MOST_S (INT64_C(100) * 366 * 24 * 3600)

enum value { RETURN_CODE, REASON_STRING };
static const struct soap_shape SHAPE = {
    .payload = {ACTION "Response", ACTION "Return"}, .container = "ServiceInfoList", .row = "item",
    .value = {[RETURN_CODE] = "ReturnCode", [REASON_STRING] = "ReasonString"},
};

enum column { NAME, STATUS, REASON_CODE_STRING, START_TIME, UP_TIME, COLUMN_COUNT };
static const char *const COLUMNS[COLUMN_COUNT] = {
    [NAME] = "ServiceName", [STATUS] = "ServiceStatus", [REASON_CODE_STRING] = "ReasonCodeString",
    [START_TIME] = "StartTime", [UP_TIME] = "UpTime",
};

/* Words for what stands in the way; the rest is in the fetch's own. */
static const struct {
    long status;
    const char *words;
} STATUSES[] = {
    {401, "the account was rejected"},
    {403, "the account may not ask; it needs the role Standard CCM Server Monitoring"},
    {404, "there is no such service at this address"},
    {503, "throttled"},
};

static const char *const OUTCOMES[] = {
    [FETCH_ANSWERED] = NULL,
    [FETCH_STOPPED] = NULL, /* by the reader, which says why */
    [FETCH_DNS] = "the name has no address",
    [FETCH_DENIED] = "the address is in agent.deny_networks",
    [FETCH_CONNECT] = "no connection",
    [FETCH_TIMEOUT] = "no answer in time",
    [FETCH_TLS] = "TLS failed",
    [FETCH_BROKEN] = "the answer broke off",
    [FETCH_TOO_LARGE] = "the answer is too large",
    [FETCH_LOCAL] = "local error",
};

struct control_center {
    char *username, *password; /* owned; cleansed */
    struct imp_result *result;
    void (*done)(void *arg, enum login_outcome login);
    void *arg;
    int64_t started_us;
    struct soap *soap;
    bool found;                 /* the service is in the list */
    char *column[COLUMN_COUNT]; /* of it; NULL: not there, or nil */
};

static void control_center_free(struct control_center *center)
{
    soap_cancel(center->soap);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        free(center->column[i]);
    secret_free(center->username);
    secret_free(center->password);
    free(center);
}

static const char *find(const struct soap_row *row, enum column column)
{
    for (size_t i = 0; i < row->count; i++) {
        if (strcasecmp(row->columns[i].name, COLUMNS[column]) == 0 && row->columns[i].text != NULL)
            return row->columns[i].text;
    }
    return NULL;
}

static void item_read(void *arg, const struct soap_row *row)
{
    struct control_center *center = arg;
    const char *name = find(row, NAME);
    if (center->found || name == NULL || strcasecmp(name, SERVICE) != 0)
        return;
    center->found = true;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const char *text = find(row, i);
        center->column[i] = text != NULL && *text != '\0' ? text_clean(text, PEER_TEXT_MAX) : NULL;
    }
}

/* "HTTP 403: words", or as much of it as there is. */
static char *http_words(const struct soap_reply *reply)
{
    const struct fetch_reply *fetch = reply->fetch;
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (STATUSES[i].status == fetch->status)
            return mem_printf("%ld: %s", fetch->status, STATUSES[i].words);
    }
    if (fetch->status / 100 == 3) {
        char *location = text_clean(fetch->location, PEER_TEXT_MAX);
        char *words = mem_printf("%ld: redirected%s%s", fetch->status, *location != '\0' ? " to " : "", location);
        free(location);
        return words;
    }
    if (OUTCOMES[fetch->outcome] != NULL)
        return mem_printf("%s%s%s", OUTCOMES[fetch->outcome], *fetch->detail != '\0' ? ": " : "", fetch->detail);
    return NULL;
}

static char *fault_words(const struct soap_fault *fault)
{
    const char *message = *fault->text != '\0' ? fault->text : fault->axl_message;
    char *words = mem_printf("fault %.64s%s%s", fault->code, *message != '\0' ? ": " : "", message);
    char *clean = text_clean(words, PEER_TEXT_MAX);
    free(words);
    return clean;
}

static bool is_zero(const char *number)
{
    char *end;
    return *number != '\0' && strtol(number, &end, 10) == 0 && *end == '\0';
}

/* Why the reply does not tell how the service is; NULL: it does. To be freed. */
static char *reply_fault(const struct control_center *center, const struct soap_reply *reply)
{
    char *words = http_words(reply);
    if (words != NULL)
        return words;
    if (reply->verdict == SOAP_FAULT)
        return fault_words(reply->fault);
    if (reply->fetch->status / 100 != 2)
        return mem_printf("HTTP %ld", reply->fetch->status);
    if (reply->verdict != SOAP_GOOD)
        return mem_printf("the answer cannot be read: %s", reply->words);
    const char *code = reply->value[RETURN_CODE], *reason = reply->value[REASON_STRING];
    if (code != NULL && !is_zero(code)) {
        words = mem_printf("ReturnCode %.32s%s%s", code, reason != NULL && *reason != '\0' ? ": " : "",
                           reason != NULL ? reason : "");
        char *clean = text_clean(words, PEER_TEXT_MAX);
        free(words);
        return clean;
    }
    if (!center->found)
        return mem_strdup("the service " SERVICE " is not in the list");
    if (center->column[STATUS] == NULL)
        return mem_strdup("the service has no ServiceStatus");
    return NULL;
}

/* Seconds; negative where it is not known. */
static int64_t up_time_s(const char *text)
{
    char *end;
    if (text == NULL)
        return -1;
    long long seconds = strtoll(text, &end, 10);
    return end != text && *end == '\0' && seconds <= UP_TIME_MOST_S ? seconds : -1;
}

static void judge_status(struct control_center *center)
{
    static const struct {
        const char *word;
        enum tri started;
    } WORDS[] = {{"Started", TRI_YES}, {"Stopped", TRI_NO}, {"Starting", TRI_NO}, {"Stopping", TRI_NO}};
    struct imp_result *result = center->result;
    struct check_result *check = &result->check[IMP_XCP_ROUTER];
    const char *word = center->column[STATUS], *reason = center->column[REASON_CODE_STRING];
    const char *since = center->column[START_TIME];
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (strcasecmp(word, WORDS[i].word) == 0)
            result->router_started = WORDS[i].started;
    }
    free(result->router_status);
    result->router_status = mem_strdup(word);
    int64_t seconds = up_time_s(center->column[UP_TIME]);
    if (result->router_started == TRI_YES && seconds >= 0)
        result->router_start_ms = clock_wall_ms() - seconds * 1000;
    if (result->router_started == TRI_YES && since != NULL)
        check_result_set(check, REASON_OK, "started %s", since);
    else if (result->router_started == TRI_YES)
        check_result_set(check, REASON_OK, NULL);
    else
        check_result_set(check, result->router_started == TRI_NO ? REASON_XCP_ROUTER_STOPPED : REASON_XCP_SOURCE_FAILED,
                         "the service's status is %s%s%s", word, reason != NULL ? ": " : "",
                         reason != NULL ? reason : "");
}

static void replied(void *arg, const struct soap_reply *reply)
{
    struct control_center *center = arg;
    struct check_result *check = &center->result->check[IMP_XCP_ROUTER];
    char *fault = reply_fault(center, reply);
    center->soap = NULL;
    if (fault != NULL)
        check_result_set(check, REASON_XCP_SOURCE_FAILED, "%s", fault);
    else
        judge_status(center);
    check->duration_us = clock_mono_us() - center->started_us;
    free(fault);
    void (*done)(void *arg, enum login_outcome login) = center->done;
    void *done_arg = center->arg;
    control_center_free(center);
    done(done_arg, reply->login);
}

struct control_center *control_center_start(const struct control_center_options *options, struct imp_result *result,
                                            void (*done)(void *arg, enum login_outcome login), void *arg)
{
    struct control_center *center = mem_alloc(sizeof *center);
    center->username = mem_strdup(options->username);
    center->password = mem_strdup(options->password);
    center->result = result;
    center->done = done;
    center->arg = arg;
    center->started_us = clock_mono_us();
    center->soap = soap_start(&(struct soap_request){
        .client = options->client, .resolver = options->resolver, .config = options->config,
        .access = &options->node->control_center, .username = center->username, .password = center->password,
        .once = true, .action = ACTION, .content = CONTENT, .shape = &SHAPE, .cap = REPLY_CAP, .row = item_read,
    }, replied, center);
    return center;
}

void control_center_cancel(struct control_center *center)
{
    if (center != NULL)
        control_center_free(center);
}
