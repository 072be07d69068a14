#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "fetch/fetch_private.h"

#define DETAIL_MAX 512
#define LOCATION_MAX 2048
#define CONTENT_TYPE_MAX 256

/* What a code means whatever came before it; those that are not here are judged by the stage. NULL: libcurl's words. */
static const struct meaning {
    CURLcode code;
    enum fetch_outcome outcome;
    const char *words;
} MEANINGS[] = {
    {CURLE_SSL_CONNECT_ERROR, FETCH_TLS, NULL},
    {CURLE_SSL_CIPHER, FETCH_TLS, NULL},
    {CURLE_SSL_ISSUER_ERROR, FETCH_TLS, NULL},
    {CURLE_SSL_CERTPROBLEM, FETCH_TLS, NULL},
    {CURLE_SSL_SHUTDOWN_FAILED, FETCH_TLS, NULL},
    {CURLE_PEER_FAILED_VERIFICATION, FETCH_TLS, NULL},
    {CURLE_GOT_NOTHING, FETCH_BROKEN, "the connection ended without a reply"},
    {CURLE_PARTIAL_FILE, FETCH_BROKEN, "the reply ends too soon"},
    {CURLE_WEIRD_SERVER_REPLY, FETCH_BROKEN, NULL},
    {CURLE_UNSUPPORTED_PROTOCOL, FETCH_BROKEN, "the reply is no HTTP that is understood"},
    {CURLE_BAD_CONTENT_ENCODING, FETCH_BROKEN, "the reply's transfer encoding cannot be undone"},
    {CURLE_FILESIZE_EXCEEDED, FETCH_TOO_LARGE, NULL},
};

void fetch_verdict_set(struct fetch *fetch, enum fetch_outcome outcome, const char *format, ...)
{
    if (fetch->detail != NULL)
        return;
    va_list args;
    va_start(args, format);
    char *text = mem_vprintf(format, args);
    va_end(args);
    fetch->detail = text_clean(text, DETAIL_MAX);
    free(text);
    fetch->reply.outcome = outcome;
}

void fetch_verdict_dns(struct fetch *fetch, enum dns_status status)
{
    static const char *const words[] = {
        [DNS_ANSWER] = "has no address that can be used",
        [DNS_NODATA] = "has no address",
        [DNS_NXDOMAIN] = "does not exist (NXDOMAIN)",
        [DNS_TIMEOUT] = "cannot be looked up: no answer in time",
        [DNS_SERVFAIL] = "cannot be looked up: SERVFAIL",
        [DNS_REFUSED] = "cannot be looked up: REFUSED",
        [DNS_MALFORMED] = "cannot be looked up: the answer is malformed",
        [DNS_BAD_NAME] = "is no name that can be looked up",
        [DNS_LOCAL_ERROR] = "cannot be looked up: no socket can be had",
    };
    fetch_verdict_set(fetch, status == DNS_LOCAL_ERROR ? FETCH_LOCAL : FETCH_DNS, "%s %s", fetch->host, words[status]);
}

void fetch_verdict_timeout(struct fetch *fetch)
{
    curl_off_t first_byte_us = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    const char *what = fetch->reply.status > 0 || first_byte_us > 0 ? "the reply is not whole"
                       : fetch->reply.sent                          ? "no reply"
                       : fetch->connected                           ? "no end of the TLS handshake"
                                                                    : "no connection";
    fetch_verdict_set(fetch, FETCH_TIMEOUT, "%s within %lld ms", what, (long long)fetch->timeout_us / 1000);
}

/* libcurl's words, or OpenSSL's in them: "OpenSSL SSL_connect: error:0A00010B:SSL routines::wrong version number",
 * "TLS connect error: …", "OpenSSL SSL_connect: Connection reset by peer in connection to HOST:443 ". */
static void set_curl_words(struct fetch *fetch, enum fetch_outcome outcome, CURLcode code)
{
    const char *words = fetch->curl_error;
    char *found = strstr(fetch->curl_error, "error:");
    if (found != NULL && (found = strrchr(found, ':')) != NULL && found[1] != '\0')
        words = found + 1;
    else if ((found = strstr(fetch->curl_error, "SSL_connect: ")) != NULL ||
             (found = strstr(fetch->curl_error, "SSL_read: ")) != NULL)
        words = strchr(found, ' ') + 1;
    if ((found = strstr(fetch->curl_error, " in connection to ")) != NULL)
        *found = '\0';
    if (strncmp(words, "Recv failure: ", 14) == 0 || strncmp(words, "Send failure: ", 14) == 0)
        words += 14;
    if (strncmp(words, "SSL_ERROR_SYSCALL", 17) == 0)
        words = fetch->reply.sent ? "the connection ended" : "the connection ended within the handshake";
    fetch_verdict_set(fetch, outcome, "%s", *words != '\0' ? words : curl_easy_strerror(code));
}

static void set_tls(struct fetch *fetch, CURLcode code)
{
    if (trust_fault(fetch->trust)[0] != '\0')
        fetch_verdict_set(fetch, FETCH_TLS, "%s", trust_fault(fetch->trust));
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        fetch_verdict_set(fetch, FETCH_TLS, "the certificate is not for %s" TRUST_SHOWN, fetch->host,
                          trust_shown(fetch->trust));
    else
        set_curl_words(fetch, FETCH_TLS, code);
}

static void set_connect(struct fetch *fetch, CURLcode code)
{
    long error = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_OS_ERRNO, &error);
    if (fetch->local_error != 0)
        fetch_verdict_set(fetch, FETCH_LOCAL, "%s", strerror(fetch->local_error));
    else if (fetch->denied)
        fetch_verdict_set(fetch, FETCH_DENIED, "agent.deny_networks holds the address of %s", fetch->host);
    else
        fetch_verdict_set(fetch, FETCH_CONNECT, "%s", error != 0 ? strerror((int)error) : curl_easy_strerror(code));
}

/* What ended it from our side, of which libcurl only knows that it did. */
static bool set_ours(struct fetch *fetch)
{
    static const enum fetch_outcome outcomes[] = {
        [FETCH_BODY_STOPPED] = FETCH_STOPPED,
        [FETCH_BODY_TOO_LARGE] = FETCH_TOO_LARGE,
        [FETCH_BODY_BROKEN] = FETCH_BROKEN,
    };
    enum fetch_body_fault fault = fetch_body_fault(fetch->body);
    if (fault != FETCH_BODY_FINE)
        fetch_verdict_set(fetch, outcomes[fault], "%s", fetch_body_detail(fetch->body));
    return fault != FETCH_BODY_FINE;
}

/* Codes that mean one thing before the request was sent, and another one after. */
static void set_by_stage(struct fetch *fetch, CURLcode code)
{
    if (!fetch->reply.sent || fetch->denied)
        set_connect(fetch, code);
    else if (code == CURLE_OUT_OF_MEMORY) /* libcurl's own bound on a line */
        fetch_verdict_set(fetch, FETCH_TOO_LARGE, "a header without end");
    else if (trust_fault(fetch->trust)[0] != '\0' || strstr(fetch->curl_error, " alert ") != NULL)
        set_tls(fetch, code); /* with TLS 1.3 also behind the handshake */
    else
        set_curl_words(fetch, FETCH_BROKEN, code);
}

void fetch_verdict_curl(struct fetch *fetch, CURLcode code)
{
    if (code == CURLE_OK)
        fetch_body_end(fetch->body);
    if (set_ours(fetch))
        return;
    if (code == CURLE_OK && fetch->reply.status > 0) {
        fetch_verdict_set(fetch, FETCH_ANSWERED, "%s", "");
        return;
    }
    if (code == CURLE_OK) {
        fetch_verdict_set(fetch, FETCH_BROKEN, "the server wants to speak something else than HTTP");
        return;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        fetch_verdict_timeout(fetch);
        return;
    }
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++) {
        const struct meaning *meaning = &MEANINGS[i];
        if (meaning->code != code)
            continue;
        if (meaning->outcome == FETCH_TLS)
            set_tls(fetch, code);
        else if (meaning->words != NULL)
            fetch_verdict_set(fetch, meaning->outcome, "%s", meaning->words);
        else
            set_curl_words(fetch, meaning->outcome, code);
        return;
    }
    set_by_stage(fetch, code);
}

static char *text_of(CURL *easy, CURLINFO info, size_t max)
{
    char *text = NULL;
    if (curl_easy_getinfo(easy, info, &text) != CURLE_OK || text == NULL)
        return mem_strdup("");
    return text_clean(text, max);
}

void fetch_verdict_facts(struct fetch *fetch)
{
    long status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    fetch->reply.status = status >= 200 ? status : 0; /* 1xx: the reply would have followed (RFC 9110 15.2) */
    fetch->content_type = text_of(fetch->easy, CURLINFO_CONTENT_TYPE, CONTENT_TYPE_MAX);
    fetch->location = text_of(fetch->easy, CURLINFO_REDIRECT_URL, LOCATION_MAX);
}
