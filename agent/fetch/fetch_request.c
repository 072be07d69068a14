#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fetch/fetch_private.h"

#define CONNECTION_AGE_MAX_S 60L /* idle for longer, a connection is not used again */
/* Longer than any request: the addresses that it was given must still be there when it connects again. */
#define ADDRESS_AGE_MAX_S 3600L
#define ROUTE_MAX 8192

/* Callbacks of libcurl; `arg` is the fetch, unless said otherwise. */

static size_t header_came(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    return !fetch->cancelled && fetch_body_header(fetch->body, bytes, size * count) ? size * count : 0;
}

/* NULL when the reply has none of that name; of several the last one counts. */
static const struct curl_header *find_header(struct fetch *fetch, const char *name)
{
    struct curl_header *header = NULL;
    return curl_easy_header(fetch->easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header : NULL;
}

/* The first bytes of a body are the first sight of a whole head. */
static bool body_begins(struct fetch *fetch)
{
    const struct curl_header *length = find_header(fetch, "Content-Length"), *header;
    const char *transfer = (header = find_header(fetch, "Transfer-Encoding")) != NULL ? header->value : NULL;
    if (!fetch_body_framing(fetch->body, length != NULL ? (unsigned)length->amount : 0, transfer))
        return false;
    header = find_header(fetch, "Content-Encoding");
    return fetch_body_encoding(fetch->body, header == NULL        ? NULL
                                            : header->amount > 1 ? "several encodings"
                                                                  : header->value);
}

static size_t more_body_came(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    return !fetch->cancelled && fetch_body_bytes(fetch->body, bytes, size * count) ? size * count : 0;
}

static size_t first_body_came(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    if (fetch->cancelled || !body_begins(fetch))
        return 0;
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, more_body_came);
    return more_body_came(bytes, size, count, arg);
}

static bool sockaddr_is_denied(const struct fetch *fetch, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return fetch_is_denied(fetch, AF_INET, (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr);
    return fetch_is_denied(fetch, AF_INET6, (const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static curl_socket_t socket_needed(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct fetch *fetch = arg;
    if (purpose != CURLSOCKTYPE_IPCXN || (address->family != AF_INET && address->family != AF_INET6))
        return CURL_SOCKET_BAD;
    if (sockaddr_is_denied(fetch, &address->addr)) {
        fetch->denied = true;
        return CURL_SOCKET_BAD;
    }
    return fetch_client_open(fetch, address);
}

/* Called when name, connection and TLS are done with and the request is about to be sent; also on a connection that was
 * kept, perhaps since before deny_networks changed. */
static int request_follows(void *arg, char *address, char *local_address, int port, int local_port)
{
    (void)local_address, (void)port, (void)local_port;
    struct fetch *fetch = arg;
    unsigned char bytes[16];
    int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(family, address, bytes) != 1 || fetch_is_denied(fetch, family, bytes)) {
        fetch->denied = true;
        return CURL_PREREQFUNC_ABORT;
    }
    fetch->reply.sent = true;
    return CURL_PREREQFUNC_OK;
}

/* libcurl would look up a name by itself, on a thread that it later waits for. */
static int refuse_lookup(void *state, void *reserved, void *arg)
{
    (void)state, (void)reserved, (void)arg;
    return 1;
}

static CURLcode ssl_context_made(CURL *easy, void *ssl_ctx, void *arg)
{
    (void)easy;
    struct fetch *fetch = arg;
    fetch->connected = true;
    return trust_hang(fetch->trust, ssl_ctx) ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK;
}

/* Whether the URL leads to where the request says that it does: then no other host is looked up or connected to. */
static bool url_is_of(const char *url, const char *host, uint16_t port)
{
    CURLU *parsed = curl_url();
    char *url_host = NULL, *url_port = NULL, *scheme = NULL;
    bool same = parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strcmp(scheme, "https") == 0 &&
                curl_url_get(parsed, CURLUPART_HOST, &url_host, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_PORT, &url_port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (same && url_host[0] == '[') { /* "[v6]" */
        url_host[strlen(url_host) - 1] = '\0';
        memmove(url_host, url_host + 1, strlen(url_host));
    }
    same = same && strcasecmp(url_host, host) == 0 && strtol(url_port, NULL, 10) == port;
    curl_free(url_host);
    curl_free(url_port);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return same;
}

static void list_add(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        abort(); /* out of memory */
    *list = longer;
}

static void list_add_header(struct curl_slist **list, const char *name, const char *value)
{
    if (value == NULL)
        return;
    char *line = mem_printf("%s: %s", name, value);
    list_add(list, line);
    free(line);
}

/* Beyond what a request wants: whatever of libcurl would follow, guess, read from the environment or from disk. */
static bool set_limits(struct fetch *fetch)
{
    CURL *easy = fetch->easy;
    bool good = true;
#define SET(OPTION, VALUE) good &= curl_easy_setopt(easy, CURLOPT_##OPTION, VALUE) == CURLE_OK
    SET(PROTOCOLS_STR, "https");
    SET(FOLLOWLOCATION, 0L);
    SET(PROXY, ""); /* none, whatever the environment says */
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(NOSIGNAL, 1L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(HTTP09_ALLOWED, 0L);
    SET(HTTP_CONTENT_DECODING, 0L);
    SET(HTTPAUTH, CURLAUTH_BASIC);
    SET(USERAGENT, "fedhealth/" FH_VERSION);
    SET(MAXAGE_CONN, CONNECTION_AGE_MAX_S);
    SET(DNS_CACHE_TIMEOUT, ADDRESS_AGE_MAX_S);
    SET(CONNECTTIMEOUT_MS, (long)(fetch->timeout_us / 1000));
    SET(OPENSOCKETFUNCTION, socket_needed);
    SET(OPENSOCKETDATA, fetch);
    SET(CLOSESOCKETFUNCTION, fetch_client_close);
    SET(CLOSESOCKETDATA, fetch->client);
    SET(PREREQFUNCTION, request_follows);
    SET(PREREQDATA, fetch);
    SET(RESOLVER_START_FUNCTION, refuse_lookup);
    SET(HEADERFUNCTION, header_came);
    SET(HEADERDATA, fetch);
    SET(WRITEFUNCTION, first_body_came);
    SET(WRITEDATA, fetch);
    SET(ERRORBUFFER, fetch->curl_error);
    SET(PRIVATE, fetch);
    return good;
}

static long curl_tls_version(int version)
{
    switch (version) {
    case 0x0301: return CURL_SSLVERSION_TLSv1_0;
    case 0x0302: return CURL_SSLVERSION_TLSv1_1;
    case 0x0304: return CURL_SSLVERSION_TLSv1_3;
    default: return CURL_SSLVERSION_TLSv1_2;
    }
}

static bool set_trust(struct fetch *fetch)
{
    CURL *easy = fetch->easy;
    bool good = true;
    SET(SSLVERSION, curl_tls_version(fetch->tls_min_version));
    SET(SSL_SESSIONID_CACHE, 0L);
    SET(CA_CACHE_TIMEOUT, 0L);
    SET(CAPATH, NULL); /* Debian's libcurl trusts the system's roots otherwise; ours come from trust.c */
    SET(CAINFO, NULL);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, fetch->fingerprint != NULL ? 0L : 2L); /* the fingerprint is judged instead */
    SET(SSL_CTX_FUNCTION, ssl_context_made);
    SET(SSL_CTX_DATA, fetch);
    return good;
}

bool fetch_request_fill(struct fetch *fetch, const struct fetch_request *request)
{
    CURL *easy = fetch->easy = curl_easy_init();
    if (easy == NULL)
        abort(); /* out of memory */
    if (!url_is_of(request->url, request->host, request->port)) {
        fetch_verdict_set(fetch, FETCH_LOCAL, "the URL is not an https one of %s, port %u", request->host,
                          request->port);
        return false;
    }
    bool good = set_limits(fetch) && set_trust(fetch);
    SET(URL, request->url);
    SET(FRESH_CONNECT, request->once ? 1L : 0L); /* libcurl sends again only what a kept connection swallowed */
    if (request->username != NULL) {
        SET(USERNAME, request->username);
        SET(PASSWORD, request->password);
    }
    if (request->body != NULL) {
        SET(POST, 1L);
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)fetch->request_body_length);
        SET(POSTFIELDS, fetch->request_body);
        list_add_header(&fetch->headers, "Content-Type", request->content_type);
        list_add(&fetch->headers, "Expect:");
    }
    list_add_header(&fetch->headers, "SOAPAction", request->soap_action);
    list_add(&fetch->headers, "Accept-Encoding: gzip");
    SET(HTTPHEADER, fetch->headers);
    if (fetch->jar != NULL) {
        SET(SHARE, fetch_jar_share(fetch->jar));
        SET(COOKIEFILE, "");
    }
    if (!good)
        fetch_verdict_set(fetch, FETCH_LOCAL, "libcurl refuses an option");
    return good;
}

/* libcurl is told to connect to a made-up name, which is a digest of host, port and trust, and given the addresses of
 * that. So a connection is used again only for the same of all three, and a host in brackets needs no other way. */
bool fetch_request_route(struct fetch *fetch, const struct dns_address *address, size_t count)
{
    CURL *easy = fetch->easy;
    char tag[TRUST_TAG_SIZE], text[INET6_ADDRSTRLEN];
    struct buf line;
    buf_init(&line, ROUTE_MAX);
    trust_tag(tag, fetch->trust, fetch->host, fetch->port);
    buf_printf(&line, "::%s:%u", tag, fetch->port);
    list_add(&fetch->route, line.data);
    buf_clear(&line);
    size_t allowed = 0;
    for (size_t i = 0; i < count; i++) {
        if (fetch_is_denied(fetch, address[i].family, address[i].bytes))
            continue;
        inet_ntop(address[i].family, address[i].bytes, text, sizeof text);
        if (allowed++ == 0)
            buf_printf(&line, "+%s:%u:", tag, fetch->port);
        else
            buf_putc(&line, ',');
        buf_printf(&line, address[i].family == AF_INET6 ? "[%s]" : "%s", text);
    }
    bool good = !buf_failed(&line);
    if (allowed > 0)
        list_add(&fetch->addresses, line.data);
    buf_fini(&line);
    if (allowed == 0) {
        fetch_verdict_set(fetch, FETCH_DENIED, "agent.deny_networks holds every address of %s", fetch->host);
        return false;
    }
    SET(CONNECT_TO, fetch->route);
    SET(RESOLVE, fetch->addresses);
    if (!good)
        fetch_verdict_set(fetch, FETCH_LOCAL, "libcurl refuses an option");
    return good;
}
