/* What comes of every kind of reply, and of connections that end or hang at every stage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "base/mem.h"
#include "tests/unit/fetch_scene.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define LINE_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LINE_100 LINE_50 LINE_50
#define LINE_500 LINE_100 LINE_100 LINE_100 LINE_100 LINE_100
#define LINE_1000 LINE_500 LINE_500

struct reply_case {
    const char *what;
    struct https_script script;
    int64_t timeout_ms; /* 0: LONG_MS */
    size_t cap;         /* 0: 1 MiB */
    const char *wanted;
};

static void expect_reply(const struct reply_case *reply)
{
    struct https_server *server = https_server_new(good, &reply->script, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    if (reply->timeout_ms != 0)
        request.timeout_ms = reply->timeout_ms;
    if (reply->cap != 0)
        request.cap = reply->cap;
    fetch_scene_expect(&request, reply->what, reply->wanted);
    https_server_free(server);
}

static void replies_are_told_apart(void **state)
{
    (void)state;
    static const struct reply_case cases[] = {
        {"a length", {.text = OK "Content-Length: 5\r\n\r\nhello"}, .wanted = "answered 200 sent: hello"},
        {"chunks", {.text = OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"},
         .wanted = "answered 200 sent: hello"},
        {"up to the end", {.text = "HTTP/1.0 200 OK\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "answered 200 sent: hello"},
        {"no body", {.text = "HTTP/1.1 204 No Content\r\n\r\n"}, .wanted = "answered 204 sent: "},
        {"an empty body", {.text = OK "Content-Length: 0\r\n\r\n"}, .wanted = "answered 200 sent: "},
        {"an error with a body", {.text = "HTTP/1.1 599 Odd\r\nContent-Length: 4\r\n\r\n12.5"},
         .wanted = "answered 599 sent: 12.5"},
        {"an interim reply before", {.text = "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx"},
         .wanted = "answered 200 sent: x"},
        {"no reason phrase", {.text = "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"}, .wanted = "answered 200 sent: x"},
        {"the cap and no more", {.text = OK "Content-Length: 5\r\n\r\nhello"}, .cap = 5,
         .wanted = "answered 200 sent: hello"},
        {"one more than the cap", {.text = OK "Content-Length: 5\r\n\r\nhello"}, .cap = 4,
         .wanted = "too large 200 sent: the reply is larger than 4 bytes"},
        {"a body without end", {.text = OK "\r\n", .again = LINE_100}, .cap = 100000,
         .wanted = "too large 200 sent: the reply is larger than 100000 bytes"},
        {"chunks without end", {.text = OK "Transfer-Encoding: chunked\r\n\r\n", .again = "5\r\nhello\r\n"},
         .cap = 50000, .wanted = "too large 200 sent: the reply is larger than 50000 bytes"},
        {"less than its length", {.text = OK "Content-Length: 50\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: the reply ends too soon"},
        {"less, and no end of TLS", {.text = OK "Content-Length: 50\r\n\r\nhello", .end = HTTPS_CUT},
         .wanted = "broken 200 sent: the reply ends too soon"},
        {"up to an end that TLS knows nothing of", {.text = "HTTP/1.0 200 OK\r\n\r\nhello", .end = HTTPS_CUT},
         .wanted = "answered 200 sent: hello"},
        {"a chunk that is cut", {.text = OK "Transfer-Encoding: chunked\r\n\r\n50\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: the reply ends too soon"},
        {"no last chunk", {.text = OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: the reply ends too soon"},
        {"a chunk of odd length", {.text = OK "Transfer-Encoding: chunked\r\n\r\nhello\r\n", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: Illegal or missing hexadecimal sequence in chunked-encoding"},
        {"key updates without end", {.text = OK "Content-Length: 9\r\n\r\nhello", .key_updates = true},
         .wanted = "tls 200 sent: more than 256 handshake messages"},
        {"an unknown transfer encoding", {.text = OK "Transfer-Encoding: pigeon\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: the reply comes as \"pigeon\", which was not asked for"},
        {"nothing", {.text = "", .end = HTTPS_CLOSE}, .wanted = "broken 0 sent: the connection ended without a reply"},
        {"nothing and a reset", {.text = "", .end = HTTPS_RESET}, .wanted = "broken 0 sent: Connection reset by peer"},
        {"half a status line", {.text = "HTTP/1.1 2", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the connection ended without a reply"},
        {"half a header", {.text = OK "Content-Le", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: the reply ends within its headers"},
        {"an interim reply and no more", {.text = "HTTP/1.1 100 Continue\r\n\r\n", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the connection ended without a reply"},
        {"another protocol after all", {.text = "HTTP/1.1 101 Switching\r\n\r\nxyz", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the server wants to speak something else than HTTP"},
        {"HTML without HTTP", {.text = "<html>hello</html>\r\n", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"garbage", {.text = "\x01\x02\xff\xfe\0\r\n\r\n", .length = 9, .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"SSH", {.text = "SSH-2.0-OpenSSH_9.2\r\n", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"HTTP/2 by name", {.text = "HTTP/2 200\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "answered 200 sent: hello"},
        {"HTTP/9.9", {.text = "HTTP/9.9 200 OK\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"four digits", {.text = "HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\nx", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"two digits", {.text = "HTTP/1.1 20 OK\r\nContent-Length: 1\r\n\r\nx", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"no digits", {.text = "HTTP/1.1 abc OK\r\nContent-Length: 1\r\n\r\nx", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"status 0", {.text = "HTTP/1.1 000 OK\r\nContent-Length: 1\r\n\r\nx", .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the reply is no HTTP that is understood"},
        {"status 999", {.text = "HTTP/1.1 999 OK\r\nContent-Length: 1\r\n\r\nx", .end = HTTPS_CLOSE},
         .wanted = "answered 999 sent: x"},
        {"a length of odd digits", {.text = OK "Content-Length: -5\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: Invalid Content-Length: value"},
        {"two lengths", {.text = OK "Content-Length: 5\r\nContent-Length: 3\r\n\r\nhello", .end = HTTPS_CLOSE},
         .wanted = "broken 200 sent: the reply has 2 lengths"},
        {"brotli", {.text = OK "Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello"},
         .wanted = "broken 200 sent: the reply is encoded as \"br\", which was not asked for"},
        {"two encodings",
         {.text = OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"},
         .wanted = "broken 200 sent: the reply is encoded as \"several encodings\", which was not asked for"},
        {"gzip that is none", {.text = OK "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"},
         .wanted = "broken 200 sent: the reply's gzip cannot be undone"},
        {"headers without end", {.text = OK, .again = "X-Filler: " LINE_100 "\r\n"},
         .wanted = "too large 200 sent: more than 262144 bytes of headers"},
        {"a header line without end", {.text = OK "X-Filler: ", .again = LINE_100},
         .wanted = "too large 200 sent: a header without end"},
        {"a status line without end", {.text = "HTTP/1.1 200 ", .again = LINE_100},
         .wanted = "too large 0 sent: a header without end"},
        {"interim replies without end", {.again = "HTTP/1.1 100 Continue\r\n\r\n"},
         .wanted = "too large 0 sent: more than 262144 bytes of headers"},
        {"trailers without end", {.text = OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", .again = "X: " LINE_100 "\r\n"},
         .wanted = "too large 200 sent: more than 262144 bytes of headers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_reply(&cases[i]);
}

static void connections_that_end_or_hang_are_told_apart(void **state)
{
    (void)state;
    static const struct reply_case cases[] = {
        {"closed before TLS", {.at = HTTPS_AT_TCP, .end = HTTPS_CLOSE},
         .wanted = "tls 0: the connection ended within the handshake"},
        {"no TLS", {.at = HTTPS_AT_TCP, .text = "HTTP/1.1 400 Bad Request\r\n\r\n", .end = HTTPS_CLOSE},
         .wanted = "tls 0: wrong version number"},
        {"SSH", {.at = HTTPS_AT_TCP, .text = "SSH-2.0-OpenSSH_9.2\r\n", .end = HTTPS_CLOSE},
         .wanted = "tls 0: wrong version number"},
        {"an alert", {.at = HTTPS_AT_TCP, .text = "\x15\x03\x03\0\x02\x02\x28", .length = 7, .end = HTTPS_CLOSE},
         .wanted = "tls 0: sslv3 alert handshake failure"},
        {"silence before TLS", {.at = HTTPS_AT_TCP, .end = HTTPS_HOLD}, .timeout_ms = SHORT_MS,
         .wanted = "timeout 0: no end of the TLS handshake within 600 ms"},
        {"closed behind TLS", {.at = HTTPS_AT_TLS, .end = HTTPS_CLOSE},
         .wanted = "broken 0 sent: the connection ended without a reply"},
        {"a reply that nobody asked for", {.at = HTTPS_AT_TLS, .text = OK "Content-Length: 1\r\n\r\nx",
         .end = HTTPS_HOLD}, .wanted = "answered 200 sent: x"},
        {"silence", {.end = HTTPS_HOLD}, .timeout_ms = SHORT_MS, .wanted = "timeout 0 sent: no reply within 600 ms"},
        {"a head and no body", {.text = OK "Content-Length: 10\r\n\r\n", .end = HTTPS_HOLD}, .timeout_ms = SHORT_MS,
         .wanted = "timeout 200 sent: the reply is not whole within 600 ms"},
        {"a byte at a time", {.text = OK "Content-Length: 1000\r\n\r\n", .again = "x", .pace_ms = 50},
         .timeout_ms = SHORT_MS, .wanted = "timeout 200 sent: the reply is not whole within 600 ms"},
        {"a header's byte at a time", {.text = OK "X: ", .again = "x", .pace_ms = 50}, .timeout_ms = SHORT_MS,
         .wanted = "timeout 200 sent: the reply is not whole within 600 ms"},
        {"interim replies, slowly", {.again = "HTTP/1.1 100 Continue\r\n\r\n", .pace_ms = 50}, .timeout_ms = SHORT_MS,
         .wanted = "timeout 0 sent: the reply is not whole within 600 ms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_reply(&cases[i]);
}

/* It may be seen by connect(), or in the handshake. */
static void a_reset_before_tls_sends_nothing(void **state)
{
    (void)state;
    static const struct https_script script = {.at = HTTPS_AT_TCP, .end = HTTPS_RESET};
    struct https_server *server = https_server_new(good, &script, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    struct fetch_story story;
    fetch_story_init(&story);
    fetch_scene_run(&request, &story);
    assert_non_null(strstr(story.text.data, " 0: "));
    fetch_story_fini(&story);
    https_server_free(server);
}

/* To be freed. */
static char *packed(const char *text, size_t length, size_t *size)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t most = deflateBound(&stream, length);
    char *out = malloc(most);
    assert_non_null(out);
    stream.next_in = (Bytef *)text;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)most;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

static void expect_gzip(const char *what, const char *bytes, size_t length, const char *wanted)
{
    struct buf text;
    buf_init(&text, 64 * 1024 * 1024);
    buf_printf(&text, OK "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", length);
    buf_add(&text, bytes, length);
    const struct reply_case reply = {.what = what, .script = {.text = text.data, .length = text.length},
                                     .wanted = wanted};
    expect_reply(&reply);
    buf_fini(&text);
}

static void gzip_is_undone(void **state)
{
    (void)state;
    size_t size, bomb_size = 50 * 1024 * 1024;
    char twice[256], *one = packed("hello", 5, &size), *zeros = calloc(1, bomb_size);
    expect_gzip("gzip", one, size, "answered 200 sent: hello");
    expect_gzip("without its last byte", one, size - 1, "broken 200 sent: the reply's gzip ends too soon");
    expect_gzip("without its sums", one, size - 8, "broken 200 sent: the reply's gzip ends too soon");
    expect_gzip("half of its header", one, 5, "broken 200 sent: the reply's gzip ends too soon");
    expect_gzip("nothing at all", one, 0, "answered 200 sent: ");
    memcpy(twice, one, size);
    memcpy(twice + size, one, size);
    expect_gzip("two members", twice, 2 * size, "answered 200 sent: hellohello");
    expect_gzip("one member and a half", twice, 2 * size - 3, "broken 200 sent: the reply's gzip ends too soon");
    memcpy(twice + size, "garbage garbage", 15);
    expect_gzip("garbage behind", twice, size + 15, "broken 200 sent: the reply's gzip cannot be undone");
    memcpy(twice, one, size);
    twice[size - 5] ^= 1;
    expect_gzip("a wrong sum", twice, size, "broken 200 sent: the reply's gzip cannot be undone");
    free(one);
    one = packed(zeros, 1 << 20, &size);
    expect_gzip("as much as the cap", one, size, "answered 200 sent: 1048576 bytes");
    free(one);
    one = packed(zeros, 2 << 20, &size);
    expect_gzip("a bomb that is here at once", one, size,
                "too large 200 sent: the reply is larger than 1048576 bytes");
    free(one);
    one = packed(zeros, bomb_size, &size);
    free(zeros);
    expect_gzip("a bomb", one, size, "too large 200 sent: the reply is larger than 1048576 bytes");
    free(one);
}

/* What AddressSanitizer keeps back of freed memory counts as used. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4";
}

static bool count_bytes(void *arg, const char *bytes, size_t length)
{
    struct fetch_story *story = arg;
    (void)bytes;
    story->stop_after += length;
    return true;
}

/* Fetches so many kilobytes; returns how much memory the process has used at most until then, in KiB. */
static long fetch_kilobytes(size_t count)
{
    char *text = mem_printf(OK "Content-Length: %zu\r\n\r\n", 1000 * count);
    const struct https_script script = {.text = text, .again = LINE_1000, .times = count};
    struct fetch_story story;
    struct rusage usage;
    struct https_server *server = https_server_new(good, &script, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    request.cap = 200000000;
    request.timeout_ms = 300000; /* valgrind takes its time */
    request.take = count_bytes;
    fetch_story_init(&story);
    fetch_scene_run(&request, &story);
    assert_string_equal(story.text.data, "answered 200 sent: ");
    assert_int_equal(story.stop_after, 1000 * count);
    getrusage(RUSAGE_SELF, &usage);
    fetch_story_fini(&story);
    https_server_free(server);
    free(text);
    return usage.ru_maxrss;
}

static void memory_stays_bounded(void **state)
{
    (void)state;
    long before = fetch_kilobytes(1000); /* everything is loaded, and allocated what is kept */
    assert_true(fetch_kilobytes(40000) - before < 16 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_stays_bounded, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(replies_are_told_apart, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(connections_that_end_or_hang_are_told_apart, fetch_scene_setup,
                                        fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(a_reset_before_tls_sends_nothing, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(gzip_is_undone, fetch_scene_setup, fetch_scene_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
