#include "cisco/soap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

/* SOAP 1.1, 4. */
#define ENVELOPE_START \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" \
    "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>"
#define ENVELOPE_END "</soapenv:Body></soapenv:Envelope>"
#define CONTENT_TYPE "text/xml; charset=utf-8"

#define PAGE_MAX 16384

struct soap {
    struct soap_reader *reader;
    struct fetch *fetch;
    struct buf page;
    bool readable; /* the reader may still find the reply good */
    void (*row)(void *arg, const struct soap_row *row);
    void (*done)(void *arg, const struct soap_reply *reply);
    void *arg;
};

static void soap_free(struct soap *soap)
{
    soap_reader_free(soap->reader);
    buf_fini(&soap->page);
    free(soap);
}

static void row(void *arg, const struct soap_row *row)
{
    struct soap *soap = arg;
    if (soap->row != NULL)
        soap->row(soap->arg, row);
}

static bool take(void *arg, const char *bytes, size_t length)
{
    struct soap *soap = arg;
    size_t room = PAGE_MAX - soap->page.length;
    buf_add(&soap->page, bytes, length < room ? length : room);
    if (soap->readable)
        soap->readable = soap_reader_read(soap->reader, bytes, length);
    return soap->readable || soap->page.length < PAGE_MAX;
}

/* A page that is no SOAP may come from something that asks for no login at all. */
static enum login_outcome login_of(const struct fetch_reply *fetch, const struct soap_reply *reply)
{
    if (fetch->status == 0)
        return fetch->sent ? LOGIN_UNCLEAR : LOGIN_NOT_SENT;
    if (fetch->status == 401)
        return LOGIN_REJECTED;
    bool served = fetch->status / 100 == 2 && reply->is_envelope;
    bool faulted = fetch->status == 500 && reply->verdict == SOAP_FAULT;
    return served || faulted || fetch->status == 403 ? LOGIN_ACCEPTED : LOGIN_NO_VERDICT;
}

static void fetched(void *arg, const struct fetch_reply *fetch)
{
    struct soap *soap = arg;
    struct soap_reply reply = {.fetch = fetch, .verdict = soap_reader_end(soap->reader)};
    reply.words = soap_reader_words(soap->reader);
    reply.is_envelope = soap_reader_is_envelope(soap->reader);
    reply.fault = soap_reader_fault(soap->reader);
    for (size_t i = 0; i < SOAP_VALUES_MAX; i++)
        reply.value[i] = soap_reader_value(soap->reader, i);
    reply.page = soap->page.data;
    reply.login = login_of(fetch, &reply);
    soap->done(soap->arg, &reply);
    soap_free(soap);
}

static void fetch_begin(struct soap *soap, const struct soap_request *request)
{
    const struct config_access *access = request->access;
    char *action = mem_printf("\"%s\"", request->action);
    char *body = mem_printf(ENVELOPE_START "%s" ENVELOPE_END, request->content);
    soap->fetch = fetch_start(request->client, &(struct fetch_request){
        .url = access->url,
        .host = access->host,
        .port = access->port,
        .resolver = request->resolver,
        .deny_networks = request->config->deny_networks,
        .deny_network_count = request->config->deny_network_count,
        .ca_file = access->ca_file,
        .fingerprint_sha256 = access->fingerprint_sha256,
        .tls_min_version = request->config->tls_min_version,
        .username = request->username,
        .password = request->password,
        .content_type = CONTENT_TYPE,
        .soap_action = action,
        .body = body,
        .body_length = strlen(body),
        .jar = request->jar,
        .once = request->once,
        .cap = request->cap,
        .timeout_ms = request->config->timeout_ms,
        .take = take,
    }, fetched, soap);
    free(body);
    free(action);
}

struct soap *soap_start(const struct soap_request *request, void (*done)(void *arg, const struct soap_reply *reply),
                        void *arg)
{
    struct soap *soap = mem_alloc(sizeof *soap);
    soap->readable = true;
    soap->row = request->row;
    soap->done = done;
    soap->arg = arg;
    soap->reader = soap_reader_new(request->shape, request->cap, row, soap);
    buf_init(&soap->page, PAGE_MAX);
    fetch_begin(soap, request);
    return soap;
}

enum login_outcome soap_cancel(struct soap *soap)
{
    if (soap == NULL)
        return LOGIN_NOT_SENT;
    enum login_outcome login = fetch_is_sent(soap->fetch) ? LOGIN_UNCLEAR : LOGIN_NOT_SENT;
    fetch_cancel(soap->fetch);
    soap_free(soap);
    return login;
}

/* Behind the tag, comment, script or style that begins here. */
static const char *markup_end(const char *markup)
{
    static const struct {
        const char *start, *end;
    } WHOLE[] = {{"<!--", "-->"}, {"<script", "</script"}, {"<style", "</style"}};
    for (size_t i = 0; i < sizeof WHOLE / sizeof *WHOLE; i++) {
        const char *end = NULL;
        if (strncasecmp(markup, WHOLE[i].start, strlen(WHOLE[i].start)) == 0)
            end = strcasestr(markup, WHOLE[i].end);
        if (end != NULL)
            markup = end;
    }
    const char *end = strchr(markup, '>');
    return end != NULL ? end + 1 : markup + strlen(markup);
}

char *soap_page_text(const char *page, size_t max)
{
    struct buf text;
    buf_init(&text, strlen(page));
    for (bool space = false; *page != '\0';) {
        if (*page == '<') {
            page = markup_end(page);
            space = true;
        } else if (strchr(" \t\r\n", *page) != NULL) {
            page++;
            space = true;
        } else {
            if (space && text.length > 0)
                buf_putc(&text, ' ');
            space = false;
            buf_putc(&text, *page++);
        }
    }
    char *clean = text_clean(text.data, max);
    buf_fini(&text);
    return clean;
}
