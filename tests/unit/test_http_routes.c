/* Which handler a request reaches, and the answers that are more than a body: conditional and deferred ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/mem.h"
#include "exporters/http/condition.h"
#include "exporters/http/http.h"
#include "http_client.h"

#define ETAG "17-ab"
#define DESCRIPTORS 1100

static struct http_server *server;

/* Routes */

static void serve_rest(void *arg, const struct http_request *request, struct http_response *response)
{
    buf_printf(&response->body, "%s [%s]\n", (const char *)arg, http_request_rest(request));
}

static void serve_refusal(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    response->status = 403;
    buf_puts(&response->body, "Not here.\n");
}

static int released;

static void release(void *arg)
{
    (void)arg;
    released++;
}

static bool next_piece(void *arg, struct buf *body)
{
    (void)arg;
    (void)body;
    return false;
}

static void serve_tagged(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    snprintf(response->etag, sizeof response->etag, ETAG);
    if (strcmp(http_request_rest(request), "streamed") == 0) {
        response->next = next_piece;
        response->done = release;
    } else if (strcmp(http_request_rest(request), "absent") == 0) {
        response->status = 404;
    }
    buf_puts(&response->body, "tagged\n");
}

/* What a deferred request waits for: the test, or for "now" nothing. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_deferred *waiting;
} desk = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};

static void serve_later(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    buf_puts(&response->body, "ignored\n");
    struct http_deferred *deferred = http_request_defer(request);
    if (strcmp(http_request_rest(request), "now") == 0) {
        http_deferred_answer(deferred, 200, "At once.\n");
        return;
    }
    pthread_mutex_lock(&desk.lock);
    desk.waiting = deferred;
    pthread_cond_signal(&desk.changed);
    pthread_mutex_unlock(&desk.lock);
}

static struct http_deferred *wait_for_deferred(void)
{
    pthread_mutex_lock(&desk.lock);
    while (desk.waiting == NULL)
        pthread_cond_wait(&desk.changed, &desk.lock);
    struct http_deferred *deferred = desk.waiting;
    desk.waiting = NULL;
    pthread_mutex_unlock(&desk.lock);
    return deferred;
}

#define LINES 1000 /* more than one packet, and worth compressing */

static bool next_line(void *arg, struct buf *body)
{
    int *left = arg;
    buf_puts(body, "one of many lines\n");
    return --*left > 0;
}

/* Answers at once, but with a response made elsewhere. */
static void serve_response(void *arg, const struct http_request *request, struct http_response *ignored)
{
    (void)arg;
    (void)ignored;
    struct http_response response;
    http_response_init(&response);
    if (strcmp(http_request_rest(request), "refused") == 0) {
        response.status = 429;
        response.retry_after_s = 7;
        buf_puts(&response.body, "Later.\n");
    } else {
        response.content_type = "text/x-lines";
        response.by_accept = true;
        response.next = next_line;
        response.done = free;
        response.arg = mem_alloc(sizeof(int));
        *(int *)response.arg = LINES;
    }
    http_deferred_respond(http_request_defer(request), &response);
}

static const struct http_route ROUTES[] = {
    {"/", HTTP_READ, serve_rest, "root"},
    {"/below", HTTP_READ, serve_rest, "exact"},
    {"/below/", HTTP_READ, serve_rest, "below"},
    {"/change", HTTP_CHANGE, serve_rest, "change"},
    {"/refused", HTTP_CHANGE, serve_refusal, NULL},
    {"/tagged/", HTTP_READ, serve_tagged, NULL},
    {"/later/", HTTP_CHANGE, serve_later, NULL},
    {"/response/", HTTP_READ, serve_response, NULL},
    {0},
};

static struct http_server *start(void)
{
    struct err err;
    const char *const addresses[] = {"127.0.0.1:0", NULL};
    return http_server_new(addresses, ROUTES, &err);
}

static char *ask(const char *request)
{
    size_t length;
    return client_ask(http_server_port(server, 0), request, strlen(request), &length);
}

static void check(const char *request, int status, const char *part)
{
    char *answer = ask(request);
    assert_status(answer, status);
    assert_has(answer, part);
    free(answer);
}

/* Tests */

static void test_paths(void **state)
{
    (void)state;
    check(GET("/", ""), 200, "root []\n");
    check(GET("/below", ""), 200, "exact []\n");
    check(GET("/below/", ""), 200, "below []\n");
    check(GET("/below/a.example", ""), 200, "below [a.example]\n");
    check(GET("/below/a/b%20%C3%BC?q=/x", ""), 200, "below [a/b \xc3\xbc]\n");
    check(GET("/belo", ""), 404, "no such page");
    check(GET("/belowa", ""), 404, "no such page");
    check(GET("//", ""), 404, "no such page");
}

static void test_absolute_form(void **state)
{
    (void)state;
    check(GET("http://somewhere.example/below/x?q=1", ""), 200, "below [x]\n");
    check(GET("HTTPS://user@[2001:db8::1]:9529/below", ""), 200, "exact []\n");
    check(GET("http://somewhere.example", ""), 200, "root []\n");
    check(GET("http://somewhere.example?q=1", ""), 200, "root []\n");
    check(GET("ftp://somewhere.example/below", ""), 404, "no such page");
    check(GET("below", ""), 404, "no such page");
}

static void test_methods(void **state)
{
    (void)state;
    check(ASK("POST", "/change", "Content-Length: 3\r\n") "a=b", 200, "change []\n");
    check(ASK("PUT", "/change", "Content-Length: 0\r\n"), 200, "change []\n");
    check(ASK("GET", "/change", ""), 405, "Allow: POST, PUT\r\n");
    check(ASK("HEAD", "/change", ""), 405, "Allow: POST, PUT\r\n");
    check(ASK("POST", "/below/x", "Content-Length: 0\r\n"), 405, "Allow: GET, HEAD\r\n");
    check(ASK("POST", "/refused", "Content-Length: 0\r\n"), 403, "\r\n\r\nNot here.\n");
}

static void test_condition(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool matches;
    } CASES[] = {
        {NULL, false},           {"*", true},           {"\"x\"", true},           {"W/\"x\"", true},
        {"\"a\", W/\"x\"", true}, {"\"a,\"\t,,\"x\"", true}, {"\"a\"", false},      {"x", false},
        {"\"x", false},          {"", false},           {"\"xy\", \"\"", false},   {"w/\"x\"", false},
        {"\"a\" x \"x\"", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(condition_none_match(CASES[i].header, "x"), CASES[i].matches);
}

static void check_not_modified(const char *request, const char *etag)
{
    char *answer = ask(request);
    assert_status(answer, 304);
    assert_has(answer, etag);
    assert_lacks(answer, "Content-Length: 0");
    assert_lacks(answer, "chunked");
    assert_lacks(answer, "\r\nContent-Type:");
    assert_string_equal(client_body(answer), "");
    free(answer);
}

static void test_etag(void **state)
{
    (void)state;
    check(GET("/tagged/x", ""), 200, "ETag: \"" ETAG "\"\r\n");
    check(GET("/tagged/x", ""), 200, "Cache-Control: no-cache\r\n");
    check(GET("/tagged/x", "If-None-Match: \"17\"\r\n"), 200, "\r\n\r\ntagged\n");
    check(ASK("HEAD", "/tagged/x", ""), 200, "ETag: \"" ETAG "\"\r\n");
    check_not_modified(GET("/tagged/x", "If-None-Match: \"" ETAG "\"\r\n"), "ETag: \"" ETAG "\"\r\n");
    check_not_modified(ASK("HEAD", "/tagged/x", "If-None-Match: *\r\n"), "ETag: \"" ETAG "\"\r\n");

    /* compressed it is another representation, and either one tells that nothing has changed */
    check(GET("/tagged/streamed", "Accept-Encoding: gzip\r\n"), 200, "ETag: W/\"" ETAG "\"\r\n");
    released = 0;
    check_not_modified(GET("/tagged/streamed", "Accept-Encoding: gzip\r\nIf-None-Match: W/\"" ETAG "\"\r\n"),
                       "Vary: Accept-Encoding\r\n");
    check_not_modified(GET("/tagged/streamed", "If-None-Match: W/\"" ETAG "\"\r\n"), "ETag: \"" ETAG "\"\r\n");
    assert_int_equal(released, 2);

    /* a condition is only for what would be 200 */
    char *answer = ask(GET("/tagged/absent", "If-None-Match: *\r\n"));
    assert_status(answer, 404);
    assert_lacks(answer, "ETag");
    free(answer);
    answer = ask(GET("/below", "If-None-Match: *\r\n"));
    assert_status(answer, 200);
    free(answer);
}

static void test_deferred(void **state)
{
    (void)state;
    check(ASK("POST", "/later/now", "Content-Length: 0\r\n"), 200, "\r\n\r\nAt once.\n");

    int fd = client_dial(http_server_port(server, 0));
    const char *request = ASK("POST", "/later/x", "Content-Length: 2\r\n") "ab";
    client_say(fd, request, strlen(request));
    struct http_deferred *deferred = wait_for_deferred();
    check(GET("/below", ""), 200, "exact"); /* nobody else waits */
    http_deferred_answer(deferred, 500, "It went wrong.\n");
    size_t length;
    char *answer = client_hear(fd, &length);
    assert_status(answer, 500);
    assert_has(answer, "Content-Type: text/plain; charset=utf-8\r\n");
    assert_string_equal(client_body(answer), "It went wrong.\n");
    free(answer);

    /* the connection goes on after it */
    fd = client_dial(http_server_port(server, 0));
    static const char PIPELINED[] = "PUT /later/now HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" GET("/below", "");
    client_say(fd, PIPELINED, strlen(PIPELINED));
    answer = client_hear(fd, &length);
    assert_has(answer, "At once.\n");
    assert_has(answer, "exact []\n");
    free(answer);

    /* a client that left in the meantime */
    fd = client_dial(http_server_port(server, 0));
    client_say(fd, request, strlen(request));
    deferred = wait_for_deferred();
    close(fd);
    http_deferred_answer(deferred, 200, "Gone.\n");
    check(GET("/below", ""), 200, "exact");
}

/* As if the handler had filled it. */
static void test_deferred_response(void **state)
{
    (void)state;
    size_t length;
    char *answer = ask(GET("/response/", ""));
    assert_status(answer, 200);
    assert_has(answer, "Content-Type: text/x-lines\r\n");
    assert_has(answer, "Vary: Accept, Accept-Encoding\r\n");
    char *body = client_body(answer);
    assert_int_equal(client_unchunk(body, strlen(body)), LINES * strlen("one of many lines\n"));
    free(answer);

    static const char ZIPPED[] = GET("/response/", "Accept-Encoding: gzip\r\n");
    answer = client_ask(http_server_port(server, 0), ZIPPED, strlen(ZIPPED), &length);
    assert_has(answer, "Content-Encoding: gzip\r\n");
    free(answer);

    answer = ask(ASK("HEAD", "/response/", ""));
    assert_has(answer, "Content-Type: text/x-lines\r\n");
    assert_string_equal(client_body(answer), "");
    free(answer);

    answer = ask(GET("/response/refused", ""));
    assert_status(answer, 429);
    assert_has(answer, "Retry-After: 7\r\n");
    free(answer);
}

/* Whoever answers too late has his response released; so has a client that left. */
static void test_deferred_response_unwanted(void **state)
{
    (void)state;
    for (int stopped = 0; stopped < 2; stopped++) {
        struct http_server *other = start();
        int fd = client_dial(http_server_port(other, 0));
        const char *request = ASK("POST", "/later/x", "Content-Length: 0\r\n");
        client_say(fd, request, strlen(request));
        struct http_deferred *deferred = wait_for_deferred();
        struct http_response response;
        http_response_init(&response);
        buf_puts(&response.body, "nobody reads it\n");
        response.next = next_piece;
        response.done = release;
        released = 0;
        if (stopped)
            http_server_free(other);
        close(fd);
        http_deferred_respond(deferred, &response);
        if (!stopped)
            http_server_free(other);
        assert_int_equal(released, 1);
    }
}

/* A server that stops lets nobody wait for what will not come; who comes with it afterwards does no harm. */
static void test_deferred_stop(void **state)
{
    (void)state;
    struct http_server *other = start();
    assert_non_null(other);
    int fd = client_dial(http_server_port(other, 0));
    const char *request = ASK("POST", "/later/x", "Content-Length: 0\r\n");
    client_say(fd, request, strlen(request));
    struct http_deferred *deferred = wait_for_deferred();
    http_server_free(other);
    size_t length;
    char *answer = client_hear(fd, &length);
    assert_status(answer, 503);
    assert_has(answer, "stopping");
    free(answer);
    http_deferred_answer(deferred, 200, "Too late.\n");
}

/* Neither the server's own descriptors nor its clients' need to fit into a select(). */
static void test_many_descriptors(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2 * DESCRIPTORS)
        skip();
    if (limit.rlim_cur < 2 * DESCRIPTORS)
        limit.rlim_cur = 2 * DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int held[DESCRIPTORS];
    for (int i = 0; i < DESCRIPTORS; i++)
        held[i] = dup(STDERR_FILENO);
    assert_true(held[DESCRIPTORS - 1] > FD_SETSIZE);

    check(GET("/below", ""), 200, "exact"); /* started before: only the client's is beyond */
    struct http_server *former = server;
    server = start();
    assert_non_null(server);
    check(GET("/below", ""), 200, "exact");
    check(ASK("POST", "/later/now", "Content-Length: 0\r\n"), 200, "At once.\n");
    http_server_free(server);
    server = former;
    for (int i = 0; i < DESCRIPTORS; i++)
        close(held[i]);
}

static int begin(void **state)
{
    (void)state;
    server = start();
    return server == NULL;
}

static int end(void **state)
{
    (void)state;
    http_server_free(server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),    cmocka_unit_test(test_absolute_form), cmocka_unit_test(test_methods),
        cmocka_unit_test(test_condition), cmocka_unit_test(test_etag),          cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_deferred_response), cmocka_unit_test(test_deferred_response_unwanted),
        cmocka_unit_test(test_deferred_stop), cmocka_unit_test(test_many_descriptors),
    };
    return cmocka_run_group_tests_name("http routes", tests, begin, end);
}
