#include "cisco/axl_verdict.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "health/result.h"

#define VERSION_LEAST 6    /* the first schema was 6.0; below are versions of HTTP, HTML and the like */
#define VERSIONS_MAX 64    /* read of a page */

/* These count whatever else came or did not. */
static const struct {
    long status;
    enum reason reason;
} STATUSES[] = {
    {401, REASON_AXL_UNAUTHORIZED},
    {403, REASON_AXL_FORBIDDEN},
    {AXL_STATUS_NOT_FOUND, REASON_AXL_NOT_FOUND},
    {503, REASON_AXL_THROTTLED},
    {AXL_STATUS_VERSION, REASON_AXL_VERSION_UNSUPPORTED},
};

static const enum reason OUTCOMES[] = {
    [FETCH_ANSWERED] = REASON_OK,
    [FETCH_STOPPED] = REASON_OK, /* by the reader, which says why */
    [FETCH_DNS] = REASON_AXL_DNS,
    [FETCH_DENIED] = REASON_AXL_CONNECT,
    [FETCH_CONNECT] = REASON_AXL_CONNECT,
    [FETCH_TIMEOUT] = REASON_AXL_TIMEOUT,
    [FETCH_TLS] = REASON_AXL_TLS,
    [FETCH_BROKEN] = REASON_AXL_BAD_RESPONSE,
    [FETCH_TOO_LARGE] = REASON_AXL_TOO_LARGE,
    [FETCH_LOCAL] = REASON_LOCAL_ERROR,
};

/* Faults that mean that the service is degraded, not down. */
static const struct {
    const char *words;
    enum reason reason;
} FAULTS[] = {
    {"Query request too large", REASON_AXL_TOO_LARGE},
    {"Maximum AXL Memory Allocation Consumed", REASON_AXL_THROTTLED},
};

static const enum reason BODIES[] = {
    [SOAP_GOOD] = REASON_OK,
    [SOAP_FAULT] = REASON_AXL_SOAP_FAULT,
    [SOAP_NOT_XML] = REASON_AXL_BAD_RESPONSE,
    [SOAP_TRUNCATED] = REASON_AXL_BAD_RESPONSE,
    [SOAP_REFUSED] = REASON_AXL_BAD_RESPONSE,
    [SOAP_TOO_LARGE] = REASON_AXL_TOO_LARGE,
};

static const char *fault_code(const struct soap_fault *fault)
{
    return *fault->axl_code != '\0' ? fault->axl_code : fault->code;
}

static const char *fault_message(const struct soap_fault *fault)
{
    return *fault->axl_message != '\0' ? fault->axl_message : fault->text;
}

static bool fault_says(const struct soap_fault *fault, const char *words)
{
    return strcasestr(fault->axl_message, words) != NULL || strcasestr(fault->text, words) != NULL;
}

static enum reason fault_reason(const struct soap_fault *fault)
{
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        if (fault_says(fault, FAULTS[i].words))
            return FAULTS[i].reason;
    }
    return REASON_AXL_SOAP_FAULT;
}

static enum reason status_reason(long status)
{
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (STATUSES[i].status == status)
            return STATUSES[i].reason;
    }
    return status / 100 == 3 ? REASON_AXL_REDIRECT : REASON_OK;
}

enum reason axl_reason(const struct soap_reply *reply)
{
    enum reason reason = status_reason(reply->fetch->status);
    if (reason == REASON_OK)
        reason = OUTCOMES[reply->fetch->outcome];
    if (reason != REASON_OK)
        return reason;
    if (reply->verdict == SOAP_FAULT)
        return fault_reason(reply->fault);
    if (reply->fetch->status / 100 != 2)
        return REASON_AXL_HTTP_ERROR;
    return BODIES[reply->verdict];
}

static char *fault_detail(const struct soap_fault *fault)
{
    const char *code = fault_code(fault), *message = fault_message(fault);
    char *text = mem_printf("%.64s%s%s", code, *code != '\0' && *message != '\0' ? ": " : "", message);
    char *clean = text_clean(text, PEER_TEXT_MAX);
    free(text);
    return clean;
}

/* The status, and what came with it. */
static char *status_detail(const struct soap_reply *reply)
{
    char *location = text_clean(reply->fetch->location, PEER_TEXT_MAX);
    char *words =
        reply->verdict == SOAP_FAULT ? fault_detail(reply->fault) : soap_page_text(reply->page, PEER_TEXT_MAX);
    bool redirect = reply->fetch->status / 100 == 3 && *location != '\0';
    char *detail = redirect ? mem_printf("HTTP %ld, to %s", reply->fetch->status, location)
                            : mem_printf("HTTP %ld%s%s", reply->fetch->status, *words != '\0' ? ": " : "", words);
    free(words);
    free(location);
    return detail;
}

char *axl_detail(const struct soap_reply *reply, enum reason reason)
{
    const struct fetch_reply *fetch = reply->fetch;
    if (reason == REASON_OK)
        return NULL;
    if (reason == status_reason(fetch->status) || reason == REASON_AXL_HTTP_ERROR)
        return status_detail(reply);
    if (OUTCOMES[fetch->outcome] != REASON_OK)
        return *fetch->detail != '\0' ? mem_strdup(fetch->detail) : NULL;
    if (reply->verdict == SOAP_FAULT)
        return fault_detail(reply->fault);
    char *page = reply->verdict == SOAP_NOT_XML ? soap_page_text(reply->page, PEER_TEXT_MAX) : mem_strdup("");
    char *detail = mem_printf("%s%s%s", reply->words, *page != '\0' ? ": " : "", page);
    free(page);
    return detail;
}

bool axl_says_no_table(const struct soap_reply *reply, const char *table)
{
    if (axl_reason(reply) != REASON_AXL_SOAP_FAULT)
        return false;
    return strcmp(reply->fault->axl_code, "-206") == 0 ||
           (fault_says(reply->fault, "not in the database") && fault_says(reply->fault, table));
}

/* Versions. */

struct version {
    unsigned major, minor;
};

static bool is_same(struct version a, struct version b)
{
    return a.major == b.major && a.minor == b.minor;
}

static bool is_below(struct version a, struct version b)
{
    return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

/* One or two digits; moves *text behind them. */
static bool number_read(const char **text, unsigned *number)
{
    const char *at = *text;
    for (*number = 0; isdigit((unsigned char)*at) && at - *text < 2; at++)
        *number = *number * 10 + (unsigned)(*at - '0');
    bool any = at > *text;
    *text = at;
    return any && !isdigit((unsigned char)*at);
}

/* Reads "12.5" or "12.x" where a word begins. Leaves the highest minor number in *version, the lowest in *minor. */
static bool version_read(const char **text, struct version *version, unsigned *minor)
{
    if (!number_read(text, &version->major) || **text != '.')
        return false;
    (*text)++;
    if (tolower((unsigned char)**text) == 'x') {
        (*text)++;
        version->minor = 5; /* there never was another than .0 and .5 since 9.1 */
        *minor = 0;
    } else if (number_read(text, &version->minor)) {
        *minor = version->minor;
    } else {
        return false;
    }
    bool longer = **text == '.' && isdigit((unsigned char)(*text)[1]);
    return !longer && !isalnum((unsigned char)**text) && version->major >= VERSION_LEAST;
}

/* Of those named: `most` is the highest up to `limit`, or else the highest. */
struct choice {
    struct version limit, refused, most;
    bool any;
};

static void choice_offer(struct choice *choice, struct version version)
{
    if (is_same(version, choice->refused))
        return;
    bool fits = !is_below(choice->limit, version), had = choice->any && !is_below(choice->limit, choice->most);
    if (!choice->any || (fits && !had) || (fits == had && is_below(choice->most, version)))
        choice->most = version;
    choice->any = true;
}

static struct version version_of(const char *text)
{
    struct version version = {0};
    if (number_read(&text, &version.major) && *text == '.') {
        text++;
        number_read(&text, &version.minor);
    }
    return version;
}

bool axl_version_pick(char version[AXL_VERSION_SIZE], const char *text, const char *configured, const char *refused)
{
    struct choice choice = {.limit = version_of(configured), .refused = version_of(refused)};
    char before = ' ';
    for (int count = 0; *text != '\0' && count < VERSIONS_MAX;) {
        bool starts = isdigit((unsigned char)*text) && before != '.' && before != '-' &&
                      (!isalnum((unsigned char)before) || tolower((unsigned char)before) == 'v');
        const char *start = text;
        struct version named;
        unsigned minor;
        if (starts && version_read(&text, &named, &minor)) {
            choice_offer(&choice, named);
            choice_offer(&choice, (struct version){.major = named.major, .minor = minor});
            count++;
        }
        if (text == start)
            text++;
        before = text[-1];
    }
    if (choice.any)
        snprintf(version, AXL_VERSION_SIZE, "%u.%u", choice.most.major % 100, choice.most.minor % 100);
    return choice.any;
}
