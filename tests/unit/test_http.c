/* The server as a client sees it: bytes over a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "exporters/http/http.h"
#include "http_client.h"

#define LINES 20000

static struct http_server *server;
static atomic_int pieces_asked, streams_open;

/* Routes */

struct lines {
    int next;
};

static bool next_line(void *arg, struct buf *body)
{
    struct lines *lines = arg;
    atomic_fetch_add(&pieces_asked, 1);
    if (lines->next == LINES)
        return false;
    buf_printf(body, "line %d of a long text\n", lines->next++);
    return true;
}

static void free_lines(void *arg)
{
    atomic_fetch_sub(&streams_open, 1);
    free(arg);
}

static void serve_lines(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    atomic_fetch_add(&streams_open, 1);
    response->next = next_line;
    response->done = free_lines;
    response->arg = mem_alloc(sizeof(struct lines));
    response->by_accept = true;
}

static bool next_endless(void *arg, struct buf *body)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        buf_puts(body, "on and on\n");
    return true;
}

static void serve_endless(void *arg, const struct http_request *request, struct http_response *response)
{
    serve_lines(arg, request, response);
    response->next = next_endless;
}

static bool fail_late(void *arg, struct buf *body)
{
    (void)arg;
    if (atomic_fetch_add(&pieces_asked, 1) == 0)
        buf_puts(body, "a good beginning");
    else
        body->failed = true;
    return true;
}

static void serve_broken(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    response->next = fail_late;
}

static void serve_too_large(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    response->body.failed = true;
}

static void serve_echo(void *arg, const struct http_request *request, struct http_response *response)
{
    const char *query = http_request_query(request, "q"), *header = http_request_header(request, "X-Test");
    buf_printf(&response->body, "%s q=%s header=%s\n", (const char *)arg, query ? query : "none",
               header ? header : "none");
}

static void serve_page(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    response->content_type = "text/html; charset=utf-8";
    response->status = 503;
    for (int i = 0; i < 1000; i++)
        buf_puts(&response->body, "<p>page</p>");
}

static const struct http_route ROUTES[] = {
    {"/echo", HTTP_READ, serve_echo, "echo"},
    {"/lines", HTTP_READ, serve_lines, NULL},
    {"/page", HTTP_READ, serve_page, NULL},
    {"/broken", HTTP_READ, serve_broken, NULL},
    {"/large", HTTP_READ, serve_too_large, NULL},
    {"/endless", HTTP_READ, serve_endless, NULL},
    {0},
};

/* Asking */

static int dial(void)
{
    return client_dial(http_server_port(server, 0));
}

static char *ask_bytes(const char *request, size_t size, size_t *length)
{
    return client_ask(http_server_port(server, 0), request, size, length);
}

static char *ask(const char *request)
{
    size_t length;
    return ask_bytes(request, strlen(request), &length);
}

static char *all_lines(void)
{
    struct buf text;
    struct lines lines = {0};
    buf_init(&text, ANSWER_MAX);
    while (next_line(&lines, &text))
        ;
    atomic_store(&pieces_asked, 0);
    return text.data;
}

/* Tests */

static void test_get(void **state)
{
    (void)state;
    char *answer = ask(GET("/echo?q=a%20b", "X-Test: yes\r\n"));
    assert_status(answer, 200);
    assert_has(answer, "Content-Type: text/plain; charset=utf-8\r\n");
    assert_has(answer, "Content-Length: 22\r\n");
    assert_has(answer, "X-Content-Type-Options: nosniff\r\n");
    assert_lacks(answer, "Vary");
    assert_string_equal(client_body(answer), "echo q=a b header=yes\n");
    free(answer);
}

static void test_streamed(void **state)
{
    (void)state;
    char *expected = all_lines();
    size_t length;
    char *answer = ask_bytes(GET("/lines", ""), strlen(GET("/lines", "")), &length);
    assert_status(answer, 200);
    assert_has(answer, "Transfer-Encoding: chunked\r\n");
    assert_has(answer, "Vary: Accept, Accept-Encoding\r\n");
    char *body = client_body(answer);
    long size = client_unchunk(body, length - (size_t)(body - answer));
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(body, expected, size);
    free(answer);

    answer = ask("GET /lines HTTP/1.0\r\n\r\n");
    assert_lacks(answer, "chunked");
    assert_string_equal(client_body(answer), expected);
    free(answer);
    free(expected);
}

static void test_head(void **state)
{
    (void)state;
    char *answer = ask(ASK("HEAD", "/echo", ""));
    assert_status(answer, 200);
    assert_has(answer, "Content-Length: 24\r\n");
    assert_string_equal(client_body(answer), "");
    free(answer);

    atomic_store(&pieces_asked, 0);
    answer = ask(ASK("HEAD", "/lines", "Accept-Encoding: gzip\r\n"));
    assert_status(answer, 200);
    assert_has(answer, "Content-Encoding: gzip\r\n");
    assert_has(answer, "Vary: Accept, Accept-Encoding\r\n");
    assert_string_equal(client_body(answer), "");
    assert_int_equal(atomic_load(&pieces_asked), 0);
    free(answer);
}

static void test_page(void **state)
{
    (void)state;
    char *answer = ask(GET("/page", ""));
    assert_status(answer, 503);
    assert_has(answer, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(answer, "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'");
    assert_has(answer, "Vary: Accept-Encoding\r\n");
    assert_has(answer, "Content-Length: 11000\r\n");
    free(answer);
}

static void check_encoding(const char *path, const char *accept, bool gzip)
{
    char request[256];
    snprintf(request, sizeof request, GET("%s", "Accept-Encoding: %s\r\n"), path, accept);
    char *answer = ask(request);
    (gzip ? assert_has : assert_lacks)(answer, "Content-Encoding: gzip\r\n");
    free(answer);
}

static void test_gzip(void **state)
{
    (void)state;
    char *expected = all_lines();
    size_t length;
    const char *request = GET("/lines", "Accept-Encoding: gzip, deflate\r\n");
    char *answer = ask_bytes(request, strlen(request), &length);
    assert_has(answer, "Content-Encoding: gzip\r\n");
    char *body = client_body(answer);
    long size = client_unchunk(body, length - (size_t)(body - answer));
    assert_true(size > 0 && (size_t)size < strlen(expected) / 4);
    char *text = client_gunzip(body, (size_t)size);
    assert_string_equal(text, expected);
    free(text);
    free(answer);
    free(expected);

    check_encoding("/page", "gzip", true);
    check_encoding("/page", "GZIP;q=0.5", true);
    check_encoding("/page", "*", true);
    check_encoding("/page", "x-gzip, identity;q=0.1", true);
    check_encoding("/page", "gzip;q=0", false);
    check_encoding("/page", "*, gzip;q=0", false);
    check_encoding("/page", "*;q=0", false);
    check_encoding("/page", "gzip;q=0.3, identity;q=0.4", false);
    check_encoding("/page", "gzip;q=2", false);
    check_encoding("/page", "br, deflate", false);
    check_encoding("/page", "", false);
    check_encoding("/echo", "gzip", false); /* too short to be worth it */
}

static void check_405(const char *request)
{
    char *answer = ask(request);
    assert_status(answer, 405);
    assert_has(answer, "Allow: GET, HEAD\r\n");
    free(answer);
}

static void test_method(void **state)
{
    (void)state;
    check_405(ASK("POST", "/echo", "Content-Length: 0\r\n"));
    check_405(ASK("POST", "/echo", "Content-Length: 7\r\n") "a=1&b=2");
    check_405(ASK("PUT", "/echo", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n0\r\n\r\n");
    check_405(ASK("DELETE", "/echo", ""));
    check_405(ASK("OPTIONS", "/echo", ""));
    check_405(ASK("BREW", "/echo", ""));

    size_t size = 2 << 20, head;
    char *request = mem_alloc(size + 256);
    head = (size_t)sprintf(request, ASK("POST", "/echo", "Content-Length: %zu\r\n"), size);
    memset(request + head, 'x', size);
    size_t length;
    char *answer = ask_bytes(request, head + size, &length);
    assert_status(answer, 405);
    free(answer);
    free(request);
}

static void test_not_found(void **state)
{
    (void)state;
    static const char *const REQUESTS[] = {GET("/", ""), GET("/echo/", ""), GET("/../echo", ""), GET("/%00echo", ""),
                                           ASK("POST", "/nothing", "Content-Length: 1\r\n") "x"};
    for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
        char *answer = ask(REQUESTS[i]);
        assert_status(answer, 404);
        assert_has(answer, "Content-Type: text/plain; charset=utf-8\r\n");
        free(answer);
    }
}

static void test_pipelined(void **state)
{
    (void)state;
    char *answer = ask("GET /echo?q=1 HTTP/1.1\r\nHost: x\r\n\r\n"
                       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                       "HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n"
                       "GET /echo?q=2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const char *first = strstr(answer, "q=1"), *second = strstr(answer, " 405 "), *third = strstr(answer, "q=2");
    assert_true(first != NULL && second > first && third > second);
    free(answer);
}

static void test_failures(void **state)
{
    (void)state;
    char *answer = ask(GET("/large", ""));
    assert_status(answer, 500);
    free(answer);

    atomic_store(&pieces_asked, 0);
    size_t length;
    const char *request = GET("/broken", "");
    answer = ask_bytes(request, strlen(request), &length); /* too late for a status: the body must not look complete */
    char *body = client_body(answer);
    assert_int_equal(client_unchunk(body, length - (size_t)(body - answer)), -1);
    free(answer);
}

static void assert_alive(void)
{
    char *answer = ask(GET("/echo", ""));
    assert_status(answer, 200);
    free(answer);
}

static void test_garbage(void **state)
{
    (void)state;
    static const char *const NONSENSE[] = {
        "GET\r\n\r\n", "GET /echo\r\n\r\n", "\x16\x03\x01\x02\x01\xfc\r\n\r\n",
        "GET /echo HTTP/9.9\r\n\r\n", "GET /echo HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        GET("/%zz%%%?%=&&&q", ""),
    };
    for (size_t i = 0; i < sizeof NONSENSE / sizeof NONSENSE[0]; i++) {
        int fd = dial();
        client_say(fd, NONSENSE[i], strlen(NONSENSE[i]));
        size_t length;
        char *answer = client_hear(fd, &length);
        assert_lacks(answer, "HTTP/1.1 200");
        free(answer);
    }
    char noise[4096];
    unsigned seed = 1;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (char)(rand_r(&seed) >> 8);
        memcpy(noise + sizeof noise - 4, "\r\n\r\n", 4);
        int fd = dial();
        client_say(fd, noise, sizeof noise);
        close(fd);
    }
    assert_alive();
}

static void test_huge_header(void **state)
{
    (void)state;
    size_t size = 100000;
    char *request = mem_alloc(size + 1);
    memset(request, 'a', size);
    static const char HEAD[] = "GET /echo HTTP/1.1\r\nHost: x\r\nX-Test: ";
    memcpy(request, HEAD, sizeof HEAD - 1);
    memcpy(request + size - 4, "\r\n\r\n", 4);
    size_t length;
    char *answer = ask_bytes(request, size, &length);
    assert_lacks(answer, "HTTP/1.1 200");
    free(answer);
    free(request);
    assert_alive();
}

/* More silent connections than there are places: the newcomer is served all the same. */
static void test_crowd(void **state)
{
    (void)state;
    enum { CROWD = 400 };
    int fds[CROWD];
    for (int i = 0; i < CROWD; i++) {
        fds[i] = dial();
        client_say(fds[i], "GET /echo HT", 12);
    }
    assert_alive();
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    assert_alive();
}

static void test_client_leaves(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = dial();
        const char *request = i % 2 ? GET("/endless", "") : GET("/endless", "Accept-Encoding: gzip\r\n");
        client_say(fd, request, strlen(request));
        char byte;
        assert_int_equal(recv(fd, &byte, 1, 0), 1);
        close(fd);
    }
    assert_alive();
}

static void test_addresses(void **state)
{
    (void)state;
    struct err err = {0};
    char taken[64];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", http_server_port(server, 0));
    const char *const faults[][2] = {
        {taken, "Address already in use"}, {"127.0.0.1", "not HOST:PORT"}, {"127.0.0.1:http", "not HOST:PORT"},
        {"127.0.0.1:65536", "not HOST:PORT"}, {"127.0.0.1:-1", "not HOST:PORT"}, {"::1:9529", "not HOST:PORT"},
        {"[::1:9529", "not HOST:PORT"}, {"[]:9529", "not HOST:PORT"}, {"", "not HOST:PORT"},
        {"192.0.2.1:0", "Cannot assign"}, {"no such host:0", "cannot listen on no such host:0"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const char *const addresses[] = {"127.0.0.1:0", faults[i][0], NULL};
        assert_null(http_server_new(addresses, ROUTES, &err));
        assert_has(err.text, faults[i][0]);
        assert_has(err.text, faults[i][1]);
    }
    const char *const good[] = {":0", "localhost:0", "127.0.0.1:0", NULL};
    struct http_server *other = http_server_new(good, ROUTES, &err);
    assert_non_null(other);
    assert_true(http_server_port(other, 0) > 0 && http_server_port(other, 1) > 0 && http_server_port(other, 2) > 0);
    assert_int_equal(http_server_port(other, 99), 0);
    http_server_free(other);
    http_server_free(NULL);
}

/* Stopping ends everything, also a response whose client has stopped reading; what its handler holds is given back. */
static void test_stop(void **state)
{
    (void)state;
    int fd = dial();
    const char *request = GET("/endless", "");
    client_say(fd, request, strlen(request));
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    http_server_free(server);
    close(fd);
    assert_int_equal(atomic_load(&streams_open), 0);
}

static int begin(void **state)
{
    (void)state;
    struct err err;
    const char *const addresses[] = {"127.0.0.1:0", NULL};
    server = http_server_new(addresses, ROUTES, &err);
    return server == NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),       cmocka_unit_test(test_streamed),      cmocka_unit_test(test_head),
        cmocka_unit_test(test_page),      cmocka_unit_test(test_gzip),          cmocka_unit_test(test_method),
        cmocka_unit_test(test_not_found), cmocka_unit_test(test_pipelined),     cmocka_unit_test(test_failures),
        cmocka_unit_test(test_garbage),   cmocka_unit_test(test_huge_header),   cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_client_leaves), cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests_name("http", tests, begin, NULL);
}
