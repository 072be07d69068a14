/* What fetch keeps from one request to the next, and what its callbacks may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/fetch_scene.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"
#define LONG_US INT64_C(60000000)

static const struct https_script hello = {.text = HELLO};

/* A minute, as connections are kept, is a tenth of a second here. */
void __real_loop_timer_arm(struct loop_timer *timer, int64_t delay_us);
void __wrap_loop_timer_arm(struct loop_timer *timer, int64_t delay_us);
void __wrap_loop_timer_arm(struct loop_timer *timer, int64_t delay_us)
{
    __real_loop_timer_arm(timer, delay_us > LONG_US && delay_us < 2 * LONG_US ? delay_us / 600 : delay_us);
}

/* To be freed. */
static char *received(struct https_server *server)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    https_server_received(server, &text);
    char *copy = mem_strdup(text.data);
    buf_fini(&text);
    return copy;
}

/* Connections. */

static void connections_are_kept_and_given_up(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    for (int i = 0; i < 5; i++)
        fetch_scene_expect(&request, "one after the other", "answered 200 sent: hello");
    assert_int_equal(https_server_connections(server), 1);
    while (https_server_open(server) > 0)
        fetch_scene_wait(20);
    fetch_scene_expect(&request, "after a pause", "answered 200 sent: hello");
    assert_int_equal(https_server_connections(server), 2);
    https_server_free(server);
}

static void a_kept_connection_that_ended_is_replaced(void **state)
{
    (void)state;
    static const struct https_script once = {.text = HELLO, .requests = 1}; /* a second request is read, no more */
    struct https_server *server = https_server_new(good, &once, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    request.body = "x";
    request.body_length = 1;
    fetch_scene_expect(&request, "first", "answered 200 sent: hello");
    fetch_scene_expect(&request, "second", "answered 200 sent: hello");
    assert_int_equal(https_server_requests(server), 3);
    assert_int_equal(https_server_connections(server), 2);
    https_server_free(server);
}

/* A login must not reach a server twice because that one read it and closed the connection. */
static void what_is_sent_once_is_not_sent_again(void **state)
{
    (void)state;
    static const struct https_script once = {.text = HELLO, .requests = 1}, never = {.text = "", .end = HTTPS_CLOSE};
    struct https_server *server = https_server_new(good, &once, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    fetch_scene_expect(&request, "first", "answered 200 sent: hello");
    request.once = true;
    fetch_scene_expect(&request, "on a connection of its own", "answered 200 sent: hello");
    assert_int_equal(https_server_connections(server), 2);
    https_server_change(server, good, &never);
    fetch_scene_expect(&request, "nothing comes", "broken 0 sent: the connection ended without a reply");
    assert_int_equal(https_server_requests(server), 3);
    https_server_free(server);
}

static void a_kept_connection_to_a_denied_address_is_not_used(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    struct network deny;
    assert_true(network_parse(&deny, "127.0.0.1"));
    fetch_scene_expect(&request, "before", "answered 200 sent: hello");
    request.deny_networks = &deny;
    request.deny_network_count = 1;
    fetch_scene_expect(&request, "after", "denied 0: agent.deny_networks holds every address of 127.0.0.1");
    https_server_free(server);
}

/* Cookies. */

/* The Cookie header of the request, to be freed; "" without one. */
static char *cookies_sent(struct fetch_jar *jar, const char *headers, const char *wanted)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_printf(&text, OK "%sContent-Length: 0\r\n\r\n", headers);
    const struct https_script script = {.text = text.data};
    struct https_server *server = https_server_new(good, &script, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    request.jar = jar;
    fetch_scene_expect(&request, "cookies", wanted);
    char *got = received(server), *cookie = strstr(got, "Cookie: ");
    char *sent = cookie != NULL ? mem_strndup(cookie, strcspn(cookie, "\r")) : mem_strdup("");
    free(got);
    https_server_free(server);
    buf_fini(&text);
    return sent;
}

static void expect_cookies(struct fetch_jar *jar, const char *headers, const char *wanted)
{
    char *sent = cookies_sent(jar, headers, "answered 200 sent: ");
    assert_string_equal(sent, wanted);
    free(sent);
}

static void cookies_are_kept_in_their_jar(void **state)
{
    (void)state;
    struct fetch_jar *jar = fetch_jar_new(), *other = fetch_jar_new();
    assert_true(fetch_jar_is_empty(jar));
    expect_cookies(jar, "Set-Cookie: JSESSIONIDSSO=abc; Path=/; Secure; HttpOnly\r\n", "");
    assert_false(fetch_jar_is_empty(jar));
    expect_cookies(other, "", "");
    expect_cookies(NULL, "Set-Cookie: a=b\r\n", "");
    expect_cookies(jar, "Set-Cookie: JSESSIONIDSSO=def; Path=/; Secure\r\n", "Cookie: JSESSIONIDSSO=abc");
    expect_cookies(jar, "Set-Cookie: foreign=1; Domain=other.test\r\n", "Cookie: JSESSIONIDSSO=def");
    expect_cookies(jar, "", "Cookie: JSESSIONIDSSO=def");
    assert_true(fetch_jar_is_empty(other));
    expect_cookies(jar, "Set-Cookie: JSESSIONIDSSO=; Max-Age=0; Path=/\r\n", "Cookie: JSESSIONIDSSO=def");
    assert_true(fetch_jar_is_empty(jar));
    expect_cookies(jar, "Set-Cookie: again=1\r\n", "");
    fetch_jar_clear(jar);
    assert_true(fetch_jar_is_empty(jar));
    expect_cookies(jar, "", "");
    fetch_jar_free(other);
    fetch_jar_free(jar);
}

static void add_large_cookie(struct buf *headers, size_t size)
{
    buf_clear(headers);
    buf_puts(headers, "Set-Cookie: large=");
    while (headers->length < size)
        buf_putc(headers, 'c');
    buf_puts(headers, "\r\n");
}

static void cookies_gone_mad_stay_bounded(void **state)
{
    (void)state;
    struct fetch_jar *jar = fetch_jar_new();
    struct buf headers;
    buf_init(&headers, 1 << 20);
    add_large_cookie(&headers, 50000);
    expect_cookies(jar, headers.data, "");
    assert_true(fetch_jar_is_empty(jar)); /* it is not kept */
    add_large_cookie(&headers, 200000);
    free(cookies_sent(jar, headers.data, "too large 200 sent: a header without end"));
    size_t most = 0, without = 0;
    for (int round = 0; round < 12; round++) {
        buf_clear(&headers);
        for (int i = 0; i < 500; i++)
            buf_printf(&headers, "Set-Cookie: c%d-%d=%d\r\n", round, i, i);
        char *sent = cookies_sent(jar, headers.data, "answered 200 sent: ");
        most = strlen(sent) > most ? strlen(sent) : most;
        without += *sent == '\0';
        free(sent);
    }
    assert_true(most > 0 && most < 16384);
    assert_true(without > 1); /* the first, and each after too many */
    buf_fini(&headers);
    fetch_jar_free(jar);
}

/* What callbacks may do. */

static void a_reply_can_be_stopped_and_cancelled(void **state)
{
    (void)state;
    static const struct https_script endless = {.text = OK "\r\n", .again = "0123456789"};
    struct https_server *server = https_server_new(good, &endless, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    struct fetch_story story;
    fetch_story_init(&story);
    story.stop_after = 100;
    fetch_scene_run(&request, &story);
    assert_string_equal(story.text.data, "stopped 200 sent: ");
    fetch_story_fini(&story);

    fetch_story_init(&story);
    story.stop_after = 100;
    story.cancel_then = true;
    story.fetch = fetch_start(client, &request, fetch_scene_done, &story);
    while (story.body.length < 100)
        fetch_scene_wait(10);
    fetch_scene_wait(50);
    assert_false(story.told);
    fetch_story_fini(&story);
    https_server_free(server);
}

static void a_fetch_can_be_cancelled_at_any_time(void **state)
{
    (void)state;
    static const struct https_script hangs = {.text = OK "\r\n", .end = HTTPS_HOLD};
    const struct says silent = {.udp = NULL};
    struct https_server *server = https_server_new(good, &hangs, 0);
    struct dns_server *dns = scene_server(&silent);
    struct resolver *resolver = scene_resolver(dns_server_address(dns), PATIENT_MS);
    struct fetch_request request = fetch_scene_request(https_server_port(server)), named = request;
    struct fetch_story story;
    char url[64];
    snprintf(url, sizeof url, "https://cups.test:%u/", request.port);
    named.url = url;
    named.host = "cups.test";
    named.resolver = resolver;
    fetch_story_init(&story);
    fetch_cancel(NULL);
    fetch_cancel(fetch_start(client, &request, fetch_scene_done, &story));
    struct fetch *fetch = fetch_start(client, &named, fetch_scene_done, &story);
    while (dns_server_asked(dns) == 0)
        fetch_scene_wait(5);
    fetch_cancel(fetch);
    fetch = fetch_start(client, &request, fetch_scene_done, &story);
    while (https_server_requests(server) == 0)
        fetch_scene_wait(5);
    fetch_cancel(fetch);
    fetch_scene_wait(20);
    assert_false(story.told);
    fetch_story_fini(&story);
    resolver_free(resolver);
    dns_server_free(dns);
    https_server_free(server);
}

struct chain {
    struct fetch_request request;
    struct fetch *victim;
    struct fetch_story *victims_story;
    unsigned left;
};

static void start_next(void *arg, const struct fetch_reply *reply)
{
    struct chain *chain = arg;
    assert_int_equal(reply->outcome, FETCH_ANSWERED);
    fetch_cancel(chain->victim);
    chain->victim = NULL;
    if (--chain->left == 0) {
        fetch_client_free(client); /* it was the last one */
        client = NULL;
        loop_stop(loop);
        return;
    }
    fetch_start(client, &chain->request, start_next, chain);
}

static bool take_and_start(void *arg, const char *bytes, size_t length)
{
    struct chain *chain = arg;
    (void)bytes, (void)length;
    if (chain->victim != NULL) { /* from within libcurl: another one */
        fetch_cancel(chain->victim);
        chain->victim = fetch_start(client, &chain->request, start_next, chain);
    }
    return true;
}

static void a_callback_may_start_cancel_and_free(void **state)
{
    (void)state;
    static const struct https_script hangs = {.text = OK "\r\n", .end = HTTPS_HOLD};
    struct https_server *server = https_server_new(good, &hello, 0), *slow = https_server_new(good, &hangs, 0);
    struct fetch_story story;
    fetch_story_init(&story);
    static char url[64];
    struct fetch_request wait = fetch_scene_request(https_server_port(slow));
    snprintf(url, sizeof url, "%s", wait.url);
    wait.url = url;
    struct chain chain = {.left = 5};
    chain.victim = fetch_start(client, &wait, fetch_scene_done, &story);
    chain.request = fetch_scene_request(https_server_port(server));
    chain.request.take = take_and_start;
    while (https_server_requests(slow) == 0)
        fetch_scene_wait(5);
    fetch_start(client, &chain.request, start_next, &chain);
    loop_run(loop);
    assert_false(story.told);
    fetch_story_fini(&story);
    https_server_free(server);
    https_server_free(slow);
}

static void many_at_once_do_not_mix(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    struct fetch_story stories[40];
    for (size_t i = 0; i < 40; i++) {
        fetch_story_init(&stories[i]);
        stories[i].fetch = fetch_start(client, &request, fetch_scene_done, &stories[i]);
    }
    for (size_t i = 0; i < 40; i++) {
        while (!stories[i].told)
            loop_run(loop);
        assert_string_equal(stories[i].text.data, "answered 200 sent: hello");
        fetch_story_fini(&stories[i]);
    }
    assert_int_equal(https_server_requests(server), 40);
    https_server_free(server);
}

struct ticker {
    struct loop_timer *timer;
    unsigned ticks;
};

static void tick(void *arg)
{
    struct ticker *ticker = arg;
    ticker->ticks++;
    loop_timer_arm(ticker->timer, 5000);
}

/* Ticks are counted against those of a loop that has nothing else to do. */
static void a_silent_server_does_not_hold_up_the_loop(void **state)
{
    (void)state;
    static const struct https_script scripts[] = {{.at = HTTPS_AT_TCP, .end = HTTPS_HOLD}, {.end = HTTPS_HOLD}};
    struct ticker ticker = {0};
    ticker.timer = loop_timer_new(loop, tick, &ticker);
    tick(&ticker);
    fetch_scene_wait(SHORT_MS);
    unsigned idle = ticker.ticks;
    for (size_t i = 0; i < 2; i++) {
        struct https_server *server = https_server_new(good, &scripts[i], 0);
        struct fetch_request request = fetch_scene_request(https_server_port(server));
        struct fetch_story story;
        request.timeout_ms = SHORT_MS;
        fetch_story_init(&story);
        ticker.ticks = 0;
        fetch_scene_run(&request, &story);
        assert_int_equal(strncmp(story.text.data, "timeout", 7), 0);
        assert_true(ticker.ticks > idle / 4);
        fetch_story_fini(&story);
        https_server_free(server);
    }
    loop_timer_free(ticker.timer);
}

int main(void)
{
#define FETCH_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, fetch_scene_setup, fetch_scene_teardown)
    const struct CMUnitTest tests[] = {
        FETCH_TEST(connections_are_kept_and_given_up),
        FETCH_TEST(a_kept_connection_that_ended_is_replaced),
        FETCH_TEST(what_is_sent_once_is_not_sent_again),
        FETCH_TEST(a_kept_connection_to_a_denied_address_is_not_used),
        FETCH_TEST(cookies_are_kept_in_their_jar),
        FETCH_TEST(cookies_gone_mad_stay_bounded),
        FETCH_TEST(a_reply_can_be_stopped_and_cancelled),
        FETCH_TEST(a_fetch_can_be_cancelled_at_any_time),
        FETCH_TEST(a_callback_may_start_cancel_and_free),
        FETCH_TEST(many_at_once_do_not_mix),
        FETCH_TEST(a_silent_server_does_not_hold_up_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
