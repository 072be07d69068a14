#include "exporters/http/http.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#define LOG_SUBSYSTEM "http"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/mem.h"
#include "exporters/http/body.h"
#include "exporters/http/condition.h"
#include "exporters/http/deferred.h"
#include "exporters/http/listen.h"

/* Of one listener. The library may hold some more, so that newcomers are let in while an old connection closes. */
#define CONNECTIONS_MAX 256
#define CONNECTIONS_CLOSING 64
/* Of one connection: its request line and headers, then what is sent at a time. */
#define CONNECTION_MEMORY 32768
#define CONNECTION_IDLE_S 30
/* A request's body is read only to be thrown away: the answer would be lost if the connection closed before its end. */
#define UPLOAD_MAX (64 << 20)
/* Below this, compression saves no packet. */
#define GZIP_LEAST 1024
#define STOP_WAIT_MS 3000
#define STOP_STEP_MS 10
#define LACKING_PAUSE_MS 100 /* between attempts to accept a client without a descriptor for it */

#define TEXT_TYPE "text/plain; charset=utf-8"
/* Pages here are plain HTML with a style of their own: nothing is fetched, run, framed or sent anywhere. */
#define PAGE_POLICY \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " \
    "frame-ancestors 'none'"

/* A connection, in the order in which they last became idle (or came). */
struct visitor {
    TAILQ_ENTRY(visitor) link;
    int fd;
    bool listed;
};
TAILQ_HEAD(visitor_list, visitor);

struct listener {
    struct http_server *server;
    struct listen_socket socket;
    struct MHD_Daemon *daemon;
    struct visitor_list visitors; /* used on the daemon's thread only */
    unsigned visitor_count;
};

struct http_server {
    const struct http_route *routes;
    struct listener *listeners; /* owned; they do not move once a daemon runs */
    size_t listener_count;
    atomic_uint underway; /* requests */
    struct deferred_list deferred;
    bool deferred_closed;
};

/* What is kept of a request between the library's calls. */
struct exchange {
    size_t uploaded;
    struct http_deferred *deferred; /* NULL: the handler has answered, or was not called yet */
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct exchange *exchange;
    const struct http_route *route;
    const char *rest; /* of the path */
};

static const struct {
    const char *names[2], *allow, *refusal;
} METHODS[] = {
    [HTTP_READ] = {{MHD_HTTP_METHOD_GET, MHD_HTTP_METHOD_HEAD}, "GET, HEAD", "Only GET and HEAD are served here.\n"},
    [HTTP_CHANGE] = {{MHD_HTTP_METHOD_POST, MHD_HTTP_METHOD_PUT}, "POST, PUT", "Only POST and PUT are served here.\n"},
};

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_request_rest(const struct http_request *request)
{
    return request->rest;
}

struct http_deferred *http_request_defer(const struct http_request *request)
{
    struct http_server *server = request->server;
    assert(request->exchange->deferred == NULL);
    request->exchange->deferred = deferred_new(&server->deferred, &server->deferred_closed, request->connection);
    return request->exchange->deferred;
}

static ssize_t read_body(void *body, uint64_t position, char *out, size_t size)
{
    (void)position;
    ssize_t length = body_read(body, out, size);
    if (length == BODY_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return length == BODY_FAILED ? MHD_CONTENT_READER_END_WITH_ERROR : length;
}

static void release_body(void *body)
{
    body_free(body);
}

static void add_header(struct MHD_Response *answer, const char *name, const char *value)
{
    if (answer != NULL)
        MHD_add_response_header(answer, name, value);
}

static void add_number(struct MHD_Response *answer, const char *name, unsigned number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    add_header(answer, name, text);
}

/* Answers and lets go of `answer`; NULL (no memory) closes the connection. */
static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, struct MHD_Response *answer)
{
    if (answer == NULL)
        return MHD_NO;
    add_header(answer, MHD_HTTP_HEADER_X_CONTENT_TYPE_OPTIONS, "nosniff");
    enum MHD_Result result = MHD_queue_response(connection, status, answer);
    MHD_destroy_response(answer);
    return result;
}

/* A text and, where `allow` is not NULL, that header. */
static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *text, const char *allow)
{
    struct MHD_Response *answer =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    add_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, TEXT_TYPE);
    if (allow != NULL)
        add_header(answer, MHD_HTTP_HEADER_ALLOW, allow);
    return queue(connection, status, answer);
}

/* The handler's response as one of the library's: short and known, or streamed. Takes over what the response owns.
 * The library sends no body with `bodiless` ones, to HEAD and with 304; but a streamed one must not be chunked then,
 * since libmicrohttpd 0.9.75 would send the last, empty chunk. */
static struct MHD_Response *build_answer(struct http_response *response, bool gzip, bool bodiless)
{
    struct MHD_Response *answer;
    if (response->next == NULL && !gzip) {
        answer = MHD_create_response_from_buffer(response->body.length, response->body.data, MHD_RESPMEM_MUST_COPY);
        body_discard(response);
        return answer;
    }
    struct body *body = body_new(response, gzip);
    answer = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CONNECTION_MEMORY, read_body, body, release_body);
    if (answer == NULL)
        body_free(body);
    else if (bodiless)
        MHD_set_response_options(answer, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return answer;
}

/* The entity tag and what a cache is to do with it. Compressed, the body is another representation of the same: the tag
 * is then a weak one (RFC 9110 8.8.3). */
static void add_etag(struct MHD_Response *answer, const char *etag, bool gzip)
{
    char text[HTTP_ETAG_SIZE + 4];
    snprintf(text, sizeof text, "%s\"%s\"", gzip ? "W/" : "", etag);
    add_header(answer, MHD_HTTP_HEADER_ETAG, text);
    add_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
}

/* Sends what the handler has filled, or 304 where the client has it already. Takes over what the response owns. */
static enum MHD_Result send_response(const struct http_request *request, struct http_response *response, bool head)
{
    unsigned status = response->status;
    const char *type = response->content_type;
    bool by_accept = response->by_accept;
    unsigned retry_after_s = response->retry_after_s;
    bool tagged = status == MHD_HTTP_OK && response->etag[0] != '\0';
    char etag[HTTP_ETAG_SIZE];
    memcpy(etag, response->etag, sizeof etag);
    bool compressible = response->next != NULL || response->body.length >= GZIP_LEAST;
    bool gzip = compressible && body_gzip_accepted(http_request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));

    bool unchanged = tagged && condition_none_match(http_request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH), etag);

    struct MHD_Response *answer = build_answer(response, gzip, head || unchanged);
    if (unchanged) {
        status = MHD_HTTP_NOT_MODIFIED;
    } else {
        add_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        if (gzip)
            add_header(answer, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
        if (strncmp(type, "text/html", strlen("text/html")) == 0)
            add_header(answer, MHD_HTTP_HEADER_CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    if (tagged)
        add_etag(answer, etag, gzip);
    if (retry_after_s > 0)
        add_number(answer, MHD_HTTP_HEADER_RETRY_AFTER, retry_after_s);
    if (compressible || by_accept)
        add_header(answer, MHD_HTTP_HEADER_VARY, by_accept ? "Accept, Accept-Encoding" : "Accept-Encoding");
    return queue(request->connection, status, answer);
}

void http_response_init(struct http_response *response)
{
    *response = (struct http_response){.status = MHD_HTTP_OK, .content_type = TEXT_TYPE};
    buf_init(&response->body, BODY_MAX);
}

static enum MHD_Result serve(const struct http_request *request, bool head)
{
    const struct http_route *route = request->route;
    struct http_response response;
    if (request->exchange->deferred != NULL) {
        deferred_take(request->exchange->deferred, &response);
    } else {
        http_response_init(&response);
        route->handle(route->arg, request, &response);
        if (request->exchange->deferred != NULL) {
            body_discard(&response);
            return MHD_YES; /* called again when the answer is there */
        }
    }
    if (buf_failed(&response.body)) {
        log_error("the page %s is too large to be sent", route->path);
        body_discard(&response);
        return say(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "The answer is too large.\n", NULL);
    }
    return send_response(request, &response, head);
}

/* The path of a request target in absolute form, which a server must accept too (RFC 9112 3.2.2). */
static const char *path_of(const char *target)
{
    static const char *const SCHEMES[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        size_t length = strlen(SCHEMES[i]);
        if (strncasecmp(target, SCHEMES[i], length) == 0) {
            const char *path = strchr(target + length, '/');
            return path != NULL ? path : "/";
        }
    }
    return target;
}

/* What the path has behind the route's own; NULL where the route is not the one. */
static const char *match(const struct http_route *route, const char *path)
{
    size_t length = strlen(route->path);
    bool subtree = length > 1 && route->path[length - 1] == '/';
    if (strncmp(path, route->path, length) != 0 || (!subtree && path[length] != '\0'))
        return NULL;
    return path + length;
}

static enum MHD_Result answer_request(struct http_server *server, struct MHD_Connection *connection, const char *target,
                                      const char *method, struct exchange *exchange)
{
    const char *path = path_of(target);
    struct http_request request = {server, connection, exchange, server->routes, NULL};
    while (request.route->path != NULL && (request.rest = match(request.route, path)) == NULL)
        request.route++;
    if (request.route->path == NULL)
        return say(connection, MHD_HTTP_NOT_FOUND, "There is no such page.\n", NULL);
    enum http_methods methods = request.route->methods;
    if (strcmp(method, METHODS[methods].names[0]) != 0 && strcmp(method, METHODS[methods].names[1]) != 0)
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, METHODS[methods].refusal, METHODS[methods].allow);
    return serve(&request, strcmp(method, MHD_HTTP_METHOD_HEAD) == 0);
}

/* Called once when the headers are in, then with each part of the body, then at the request's end, and after that once
 * more when a deferred answer is there. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **context)
{
    (void)version;
    (void)upload;
    struct http_server *server = ((struct listener *)arg)->server;
    struct exchange *exchange = *context;
    if (exchange == NULL) {
        *context = mem_alloc(sizeof *exchange);
        atomic_fetch_add(&server->underway, 1);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        exchange->uploaded += *upload_size;
        *upload_size = 0;
        return exchange->uploaded <= UPLOAD_MAX ? MHD_YES : MHD_NO;
    }
    return answer_request(server, connection, path, method, exchange);
}

static void list_visitor(struct listener *listener, struct visitor *visitor)
{
    TAILQ_INSERT_TAIL(&listener->visitors, visitor, link);
    visitor->listed = true;
    listener->visitor_count++;
}

static void unlist_visitor(struct listener *listener, struct visitor *visitor)
{
    if (!visitor->listed)
        return;
    TAILQ_REMOVE(&listener->visitors, visitor, link);
    visitor->listed = false;
    listener->visitor_count--;
}

static void on_request_end(void *arg, struct MHD_Connection *connection, void **context,
                           enum MHD_RequestTerminationCode code)
{
    (void)code;
    struct listener *listener = arg;
    struct exchange *exchange = *context;
    if (exchange == NULL)
        return;
    deferred_drop(exchange->deferred);
    free(exchange);
    *context = NULL;
    atomic_fetch_sub(&listener->server->underway, 1);

    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visitor *visitor = info != NULL ? info->socket_context : NULL;
    if (visitor != NULL && visitor->listed) {
        unlist_visitor(listener, visitor);
        list_visitor(listener, visitor);
    }
}

/* When all places are taken, the one who has been longest about a request loses his: clients that send or read a byte
 * now and then, which no idle timeout ends, cannot shut out the others. */
static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct listener *listener = arg;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL)
            unlist_visitor(listener, *context);
        free(*context);
        *context = NULL;
        return;
    }
    if (listener->visitor_count >= CONNECTIONS_MAX) {
        struct visitor *oldest = TAILQ_FIRST(&listener->visitors);
        shutdown(oldest->fd, SHUT_RDWR);
        unlist_visitor(listener, oldest);
    }
    struct visitor *visitor = mem_alloc(sizeof *visitor);
    visitor->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    list_visitor(listener, visitor);
    *context = visitor;
}

/* Nearly all of it is about what some client did. Where accept() fails for want of a descriptor the library tries again
 * at once and for ever; it says so first, which is the moment to make it wait. */
static void on_message(void *arg, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void on_message(void *arg, const char *format, va_list args)
{
    (void)arg;
    const struct timespec pause = {.tv_nsec = LACKING_PAUSE_MS * 1000000L};
    bool lacking = descriptors_lacking(errno);
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug("libmicrohttpd: %s", text);
    if (lacking) {
        nanosleep(&pause, NULL);
        errno = 0; /* which a success would leave as it is */
    }
}

static bool start(struct listener *listener, struct err *err)
{
    TAILQ_INIT(&listener->visitors);
    sigset_t all, before; /* signals are for the main thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    listener->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        on_request, listener,
        MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, listener->socket.fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(CONNECTIONS_MAX + CONNECTIONS_CLOSING),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_IDLE_S,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, on_request_end, listener,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
        MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (listener->daemon == NULL) {
        listener->socket.fd = -1; /* the library may have closed it */
        return err_set(err, "cannot serve HTTP on %s", listener->socket.text);
    }
    log_info("listening on %s", listener->socket.text);
    return true;
}

struct http_server *http_server_new(const char *const *addresses, const struct http_route *routes, struct err *err)
{
    struct http_server *server = mem_alloc(sizeof *server);
    server->routes = routes;
    bool opened = true;
    for (; opened && *addresses != NULL; addresses++) {
        struct listen_socket sockets[LISTEN_MAX];
        size_t found;
        opened = listen_open(*addresses, sockets, &found, err);
        server->listeners = mem_resize(server->listeners, server->listener_count + found, sizeof *server->listeners);
        for (size_t i = 0; i < found; i++)
            server->listeners[server->listener_count++] = (struct listener){.server = server, .socket = sockets[i]};
    }
    for (size_t i = 0; opened && i < server->listener_count; i++)
        opened = start(&server->listeners[i], err);
    if (opened)
        return server;
    http_server_free(server);
    return NULL;
}

unsigned http_server_port(const struct http_server *server, size_t listener)
{
    return listener < server->listener_count ? server->listeners[listener].socket.port : 0;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].daemon != NULL)
            MHD_quiesce_daemon(server->listeners[i].daemon);
    }
    deferred_close(&server->deferred, &server->deferred_closed);
    const struct timespec step = {.tv_nsec = STOP_STEP_MS * 1000000L};
    for (int waited = 0; waited < STOP_WAIT_MS && atomic_load(&server->underway) > 0; waited += STOP_STEP_MS)
        nanosleep(&step, NULL);
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].daemon != NULL)
            MHD_stop_daemon(server->listeners[i].daemon);
        close(server->listeners[i].socket.fd);
    }
    free(server->listeners);
    free(server);
}
