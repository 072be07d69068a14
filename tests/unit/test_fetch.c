/* What fetch sends, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/fetch_scene.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"
#define LOOPBACK_A DNS_OK "0001 0000 0000 Q " DNS_A(60) "[ 7f000001 ]"

static const struct https_script hello = {.text = HELLO};

/* To be freed. */
static char *received(struct https_server *server)
{
    struct buf text;
    buf_init(&text, 1 << 22);
    https_server_received(server, &text);
    char *copy = mem_strdup(text.data);
    buf_fini(&text);
    return copy;
}

static void a_request_is_as_it_is_wanted(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char wanted[1024], body[] = "<q/>\0", *got;
    fetch_scene_expect(&request, "GET", "answered 200 sent: hello");
    request.body = body;
    request.body_length = 5;
    request.content_type = "text/xml";
    request.soap_action = "\"CUCM:DB ver=12.5 executeSQLQuery\"";
    request.username = "user";
    request.password = "pass";
    fetch_scene_expect(&request, "POST", "answered 200 sent: hello");
    got = received(server);
    snprintf(wanted, sizeof wanted,
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: fedhealth/" FH_VERSION "\r\nAccept: */*\r\n"
             "Accept-Encoding: gzip\r\n\r\n"
             "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"
             "User-Agent: fedhealth/" FH_VERSION "\r\nAccept: */*\r\nContent-Type: text/xml\r\n"
             "SOAPAction: \"CUCM:DB ver=12.5 executeSQLQuery\"\r\nAccept-Encoding: gzip\r\n"
             "Content-Length: 5\r\n\r\n<q/>",
             request.port, request.port);
    assert_string_equal(got, wanted);
    free(got);
    https_server_free(server);
}

/* libcurl would ask for permission first (Expect: 100-continue), and wait a second where no answer comes. */
static void large_bodies_go_out_at_once(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char *body = mem_alloc(2000000), *got;
    memset(body, 'b', 2000000);
    request.body = body;
    request.body_length = 2000000;
    request.content_type = "text/xml";
    fetch_scene_expect(&request, "POST", "answered 200 sent: hello");
    got = received(server);
    assert_null(strstr(got, "Expect"));
    assert_int_equal(strlen(strstr(got, "\r\n\r\n") + 4), 2000000);
    free(got);
    free(body);
    https_server_free(server);
}

static void credentials_arrive_byte_for_byte(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char name[256] = "", password[512] = "", wanted[1024];
    for (int byte = 0x20; byte < 0x7f; byte++) {
        if (byte != ':')
            name[strlen(name)] = (char)byte;
        password[strlen(password)] = (char)byte;
    }
    strcat(name, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91");
    for (int byte = 0x80; byte <= 0xff; byte++) /* no UTF-8 */
        password[strlen(password)] = (char)byte;
    strcat(password, "%41%00+");
    request.username = name;
    request.password = password;
    fetch_scene_expect(&request, "credentials", "answered 200 sent: hello");
    char *got = received(server), *at = strstr(got, "Authorization: Basic ");
    assert_non_null(at);
    at += strlen("Authorization: Basic ");
    *strchr(at, '\r') = '\0';
    unsigned char decoded[1024] = {0};
    assert_true(EVP_DecodeBlock(decoded, (unsigned char *)at, (int)strlen(at)) > 0);
    snprintf(wanted, sizeof wanted, "%s:%s", name, password);
    assert_string_equal((char *)decoded, wanted);
    free(got);
    https_server_free(server);
}

static void a_rejected_login_is_not_repeated(void **state)
{
    (void)state;
    static const char *const challenges[] = {
        "WWW-Authenticate: Basic realm=\"Cisco\"\r\n",
        "WWW-Authenticate: Basic realm=\"a\", Basic realm=\"b\"\r\nWWW-Authenticate: Basic realm=\"c\"\r\n",
        "WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\nWWW-Authenticate: Negotiate, NTLM\r\n",
        "",
    };
    for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++) {
        char text[512];
        snprintf(text, sizeof text, "HTTP/1.1 401 Unauthorized\r\n%sContent-Length: 2\r\n\r\nno", challenges[i]);
        const struct https_script script = {.text = text};
        struct https_server *server = https_server_new(good, &script, 0);
        struct fetch_request request = fetch_scene_request(https_server_port(server));
        request.username = "user";
        request.password = "wrong";
        request.body = "x";
        request.body_length = 1;
        fetch_scene_expect(&request, challenges[i], "answered 401 sent: no");
        assert_int_equal(https_server_requests(server), 1);
        https_server_free(server);
    }
}

static void redirects_are_told_and_not_followed(void **state)
{
    (void)state;
    static const struct {
        const char *location, *wanted;
    } cases[] = {
        {"/other?x=1", "https://127.0.0.1:PORT/other?x=1"},
        {"http://127.0.0.1:1/", "http://127.0.0.1:1/"},
        {"https://elsewhere.test/a b\xff\x01", "https://elsewhere.test/a"},
        {"file:///etc/passwd", "file:///etc/passwd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512], wanted[256], *port;
        snprintf(text, sizeof text, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Type: text/html\r\n"
                 "Content-Length: 1\r\n\r\nx", cases[i].location);
        const struct https_script script = {.text = text};
        struct https_server *server = https_server_new(good, &script, 0);
        struct fetch_request request = fetch_scene_request(https_server_port(server));
        struct fetch_story story;
        fetch_story_init(&story);
        fetch_scene_run(&request, &story);
        assert_string_equal(story.text.data, "answered 302 sent: x");
        assert_string_equal(story.content_type, "text/html");
        port = strstr(cases[i].wanted, "PORT");
        if (port != NULL)
            snprintf(wanted, sizeof wanted, "%.*s%u%s", (int)(port - cases[i].wanted), cases[i].wanted, request.port,
                     port + 4);
        else
            snprintf(wanted, sizeof wanted, "%s", cases[i].wanted);
        assert_int_equal(strncmp(story.location, wanted, strlen(wanted)), 0);
        assert_int_equal(https_server_requests(server), 1);
        fetch_story_fini(&story);
        https_server_free(server);
    }
}

/* Names and addresses. */

static void expect_name(const char *what, const char *host, const struct says *says, const struct network *deny,
                        int64_t timeout_ms, const char *wanted)
{
    struct https_server *server = https_server_new(good, &hello, 0);
    struct dns_server *dns = scene_server(says);
    struct resolver *resolver = scene_resolver(dns_server_address(dns), PATIENT_MS);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char url[128];
    snprintf(url, sizeof url, "https://%s:%u/", host, request.port);
    request.url = url;
    request.host = host;
    request.resolver = resolver;
    request.deny_networks = deny;
    request.deny_network_count = deny != NULL;
    request.timeout_ms = timeout_ms;
    fetch_scene_expect(&request, what, wanted);
    resolver_free(resolver);
    dns_server_free(dns);
    https_server_free(server);
}

static void names_are_looked_up_by_our_resolver(void **state)
{
    (void)state;
    struct network loopback, other;
    assert_true(network_parse(&loopback, "127.0.0.0/8") && network_parse(&other, "192.0.2.0/24"));
    const struct says here = {.udp = LOOPBACK_A}, nx = {.udp = DNS_RCODE("3")}, nodata = {.udp = NODATA},
                      fails = {.udp = DNS_RCODE("2")}, refused = {.udp = DNS_RCODE("5")}, silent = {.udp = NULL};
    expect_name("a name", "cups.test", &here, &other, LONG_MS, "answered 200 sent: hello");
    expect_name("NXDOMAIN", "cups.test", &nx, NULL, LONG_MS, "dns 0: cups.test does not exist (NXDOMAIN)");
    expect_name("no address", "cups.test", &nodata, NULL, LONG_MS, "dns 0: cups.test has no address");
    expect_name("SERVFAIL", "cups.test", &fails, NULL, LONG_MS, "dns 0: cups.test cannot be looked up: SERVFAIL");
    expect_name("REFUSED", "cups.test", &refused, NULL, LONG_MS, "dns 0: cups.test cannot be looked up: REFUSED");
    expect_name("silence", "cups.test", &silent, NULL, SHORT_MS,
                "dns 0: cups.test cannot be looked up: no answer in time");
    expect_name("a denied address", "cups.test", &here, &loopback, LONG_MS,
                "denied 0: agent.deny_networks holds every address of cups.test");
    expect_name("a denied host", "127.0.0.1", &here, &loopback, LONG_MS,
                "denied 0: agent.deny_networks holds every address of 127.0.0.1");
    char wanted[256];
    snprintf(wanted, sizeof wanted,
             "tls 0: the certificate is not for other.test; SHA-256 fingerprint of the server's certificate: %s",
             good->fingerprint);
    expect_name("a certificate's other name", "other.test", &here, NULL, LONG_MS, wanted);
}

/* A URL that leads elsewhere would be looked up by libcurl, or connected to though it is denied. */
static void a_url_of_another_host_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"https://localhost:7/", "https://127.0.0.1:8/", "http://127.0.0.1:7/",
                                       "https://user:secret@127.0.0.1:7/", "file:///etc/passwd", "", "https://",
                                       "https://127.1.0.1:7/"};
    struct fetch_request request = fetch_scene_request(7);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        request.url = urls[i];
        fetch_scene_expect(&request, urls[i], "local 0: the URL is not an https one of 127.0.0.1, port 7");
    }
}

static void addresses_of_both_families_are_tried(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0); /* of IPv4 only */
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    struct both both = {.a = DNS_OK "0002 0000 0000 Q " DNS_A(60) "[ 7f000002 ]" DNS_A(60) "[ 7f000001 ]",
                        .aaaa = DNS_OK "0001 0000 0000 Q " DNS_AAAA(60) "[ 00000000000000000000000000000001 ]"};
    struct dns_server *dns = scene_server_of_both(&both);
    struct resolver *resolver = scene_resolver(dns_server_address(dns), PATIENT_MS);
    char url[128];
    snprintf(url, sizeof url, "https://CUPS.test:%u/", request.port);
    request.url = url;
    request.host = "cups.test";
    request.resolver = resolver;
    fetch_scene_expect(&request, "both", "answered 200 sent: hello");
    request.url = "https://[::1]:1/";
    request.host = "::1";
    request.port = 1;
    struct fetch_story story;
    fetch_story_init(&story);
    fetch_scene_run(&request, &story); /* refused, or unreachable where there is no IPv6 */
    assert_int_equal(strncmp(story.text.data, "connect 0: ", 11), 0);
    fetch_story_fini(&story);
    request.url = "https://127.0.0.1:1/";
    request.host = "127.0.0.1";
    fetch_scene_expect(&request, "nobody there", "connect 0: Connection refused");
    resolver_free(resolver);
    dns_server_free(dns);
    https_server_free(server);
}

static void want_of_descriptors_is_ours(void **state)
{
    (void)state;
    struct fetch_request request = fetch_scene_request(1);
    request.fingerprint_sha256 = good->fingerprint;
    scene_allow_descriptors(false);
    fetch_scene_expect(&request, "no descriptors", "local 0: Too many open files");
    scene_allow_descriptors(true);
}

static void the_environment_changes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"};
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    fetch_scene_expect(&request, "a proxy", "answered 200 sent: hello");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    https_server_free(server);
}

int main(void)
{
#define FETCH_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, fetch_scene_setup, fetch_scene_teardown)
    const struct CMUnitTest tests[] = {
        FETCH_TEST(a_request_is_as_it_is_wanted),
        FETCH_TEST(large_bodies_go_out_at_once),
        FETCH_TEST(credentials_arrive_byte_for_byte),
        FETCH_TEST(a_rejected_login_is_not_repeated),
        FETCH_TEST(redirects_are_told_and_not_followed),
        FETCH_TEST(names_are_looked_up_by_our_resolver),
        FETCH_TEST(a_url_of_another_host_is_refused),
        FETCH_TEST(addresses_of_both_families_are_tried),
        FETCH_TEST(want_of_descriptors_is_ours),
        FETCH_TEST(the_environment_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
