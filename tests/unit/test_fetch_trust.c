/* Whom fetch trusts: a CA file, or one certificate; old servers where the configuration allows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/fetch_scene.h"

#define NAMES "DNS:cups.test,IP:127.0.0.1"
#define SHOWN "; SHA-256 fingerprint of the server's certificate: "

static const struct https_script hello = {.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"};

static void certificates_are_judged_by_ca_file(void **state)
{
    (void)state;
    const struct {
        const char *what, *names;
        int from_days, until_days;
        bool issued;        /* by `good` */
        bool known;         /* its own file is the CA file; else that of `good` is */
        const char *wanted;
    } cases[] = { /* and behind what is wrong, whose certificate it is */
        {"of a known issuer", NAMES, -1, 10, true, false, "answered 200 sent: hello"},
        {"self-signed, but known", NAMES, -1, 10, false, true, "answered 200 sent: hello"},
        {"issued, and itself the anchor", NAMES, -1, 10, true, true, "answered 200 sent: hello"},
        {"self-signed", NAMES, -1, 10, false, false, "tls 0: self-signed certificate"},
        {"expired", NAMES, -10, -1, true, false, "tls 0: certificate has expired"},
        {"known, but expired", NAMES, -10, -1, false, true, "tls 0: certificate has expired"},
        {"of tomorrow", NAMES, 1, 10, true, false, "tls 0: certificate is not yet valid"},
        {"another name", "DNS:other.test", -1, 10, true, false, "tls 0: the certificate is not for 127.0.0.1"},
        {"another address", "IP:127.0.0.2", -1, 10, true, false, "tls 0: the certificate is not for 127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct https_identity *shown = https_identity_new(cases[i].names, cases[i].from_days, cases[i].until_days,
                                                          cases[i].issued ? good : NULL);
        struct https_server *server = https_server_new(shown, &hello, 0);
        struct fetch_request request = fetch_scene_request(https_server_port(server));
        request.ca_file = cases[i].known ? shown->file : good->file;
        char wanted[256];
        snprintf(wanted, sizeof wanted, "%s%s%s", cases[i].wanted, cases[i].wanted[0] == 't' ? SHOWN : "",
                 cases[i].wanted[0] == 't' ? shown->fingerprint : "");
        fetch_scene_expect(&request, cases[i].what, wanted);
        https_server_free(server);
        https_identity_free(shown);
    }
}

static void a_fingerprint_stands_for_everything_else(void **state)
{
    (void)state;
    const struct {
        const char *what, *names;
        int from_days, until_days;
        bool issued;
    } cases[] = {
        {"self-signed", NAMES, -1, 10, false},
        {"of an issuer", NAMES, -1, 10, true},
        {"expired", NAMES, -10, -1, false},
        {"of tomorrow", NAMES, 1, 10, false},
        {"another name", "DNS:other.test", -1, 10, false},
    };
    char wanted[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct https_identity *shown = https_identity_new(cases[i].names, cases[i].from_days, cases[i].until_days,
                                                          cases[i].issued ? good : NULL);
        struct https_server *server = https_server_new(shown, &hello, 0);
        struct fetch_request request = fetch_scene_request(https_server_port(server));
        request.ca_file = "/nonexistent/ignored.pem";
        request.fingerprint_sha256 = shown->fingerprint;
        fetch_scene_expect(&request, cases[i].what, "answered 200 sent: hello");
        request.ca_file = shown->file; /* its CA file would do */
        request.fingerprint_sha256 = good->fingerprint;
        snprintf(wanted, sizeof wanted, "tls 0: the certificate's SHA-256 fingerprint is %s, not %s",
                 shown->fingerprint, good->fingerprint);
        fetch_scene_expect(&request, cases[i].what, wanted);
        https_server_free(server);
        https_identity_free(shown);
    }
}

static void one_digit_of_a_fingerprint_matters(void **state)
{
    (void)state;
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char fingerprint[65], wanted[256];
    request.fingerprint_sha256 = fingerprint;
    for (size_t i = 0; i < 64; i += 21) {
        memcpy(fingerprint, good->fingerprint, sizeof fingerprint);
        fingerprint[i] = fingerprint[i] == '0' ? '1' : '0';
        snprintf(wanted, sizeof wanted, "tls 0: the certificate's SHA-256 fingerprint is %s, not %s",
                 good->fingerprint, fingerprint);
        fetch_scene_expect(&request, "a digit", wanted);
    }
    assert_int_equal(https_server_requests(server), 0);
    https_server_free(server);
}

/* A connection that was kept was made under another trust. */
static void a_kept_connection_serves_its_own_trust_only(void **state)
{
    (void)state;
    struct https_identity *other = https_identity_new(NAMES, -1, 10, NULL);
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char wanted[256];
    fetch_scene_expect(&request, "a first one", "answered 200 sent: hello");
    fetch_scene_expect(&request, "on the same", "answered 200 sent: hello");
    assert_int_equal(https_server_connections(server), 1);
    request.ca_file = other->file;
    snprintf(wanted, sizeof wanted, "tls 0: self-signed certificate" SHOWN "%s", good->fingerprint);
    fetch_scene_expect(&request, "another CA file", wanted);
    request.fingerprint_sha256 = good->fingerprint;
    fetch_scene_expect(&request, "a fingerprint", "answered 200 sent: hello");
    fetch_scene_expect(&request, "and again", "answered 200 sent: hello");
    assert_int_equal(https_server_connections(server), 3);
    request.fingerprint_sha256 = other->fingerprint;
    struct fetch_story story;
    fetch_story_init(&story);
    fetch_scene_run(&request, &story);
    assert_non_null(strstr(story.text.data, "tls 0: the certificate's SHA-256 fingerprint is"));
    fetch_story_fini(&story);
    request.fingerprint_sha256 = NULL;
    request.ca_file = good->file;
    request.tls_min_version = 0x0304;
    fetch_scene_expect(&request, "another least version", "answered 200 sent: hello");
    assert_int_equal(https_server_connections(server), 5);
    https_server_free(server);
    https_identity_free(other);
}

static void write_file(const char *path, const char *from)
{
    char bytes[16384];
    FILE *in = from != NULL ? fopen(from, "r") : NULL, *out = fopen(path, "w");
    assert_non_null(out);
    size_t length = in != NULL ? fread(bytes, 1, sizeof bytes, in) : 0;
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    fclose(out);
    if (in != NULL)
        fclose(in);
}

static void a_ca_file_is_read_anew(void **state)
{
    (void)state;
    struct https_identity *other = https_identity_new(NAMES, -1, 10, NULL);
    struct https_server *server = https_server_new(good, &hello, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char path[] = "/tmp/fetch-ca-XXXXXX", wanted[256];
    close(mkstemp(path));
    request.ca_file = path;
    snprintf(wanted, sizeof wanted, "local 0: %s: it holds no certificate that can be read", path);
    fetch_scene_expect(&request, "an empty one", wanted);
    write_file(path, good->file);
    fetch_scene_expect(&request, "the right one", "answered 200 sent: hello");
    write_file(path, other->file);
    snprintf(wanted, sizeof wanted, "tls 0: self-signed certificate" SHOWN "%s", good->fingerprint);
    fetch_scene_expect(&request, "another one", wanted);
    unlink(path);
    snprintf(wanted, sizeof wanted, "local 0: %s: No such file or directory", path);
    fetch_scene_expect(&request, "none", wanted);
    request.ca_file = "/dev/zero";
    fetch_scene_expect(&request, "no end", "local 0: /dev/zero: it is no regular file");
    https_server_free(server);
    https_identity_free(other);
}

static void a_certificate_that_changes_is_seen(void **state)
{
    (void)state;
    static const struct https_script once = {.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                                             .end = HTTPS_CLOSE};
    struct https_identity *other = https_identity_new(NAMES, -1, 10, NULL);
    struct https_server *server = https_server_new(good, &once, 0);
    struct fetch_request request = fetch_scene_request(https_server_port(server));
    char wanted[256];
    request.fingerprint_sha256 = good->fingerprint;
    fetch_scene_expect(&request, "before", "answered 200 sent: hello");
    https_server_change(server, other, &once);
    snprintf(wanted, sizeof wanted, ": the certificate's SHA-256 fingerprint is %s, not %s", other->fingerprint,
             good->fingerprint);
    struct fetch_story story;
    fetch_story_init(&story);
    fetch_scene_run(&request, &story); /* may have been sent into the connection that was kept */
    assert_non_null(strstr(story.text.data, wanted));
    fetch_story_fini(&story);
    https_server_free(server);
    https_identity_free(other);
}

static void old_servers_are_talked_to_where_it_is_allowed(void **state)
{
    (void)state;
    const struct {
        int server, least;
        const char *wanted;
    } cases[] = {
        {0x0301, 0x0301, "answered 200 sent: hello"},
        {0x0302, 0x0301, "answered 200 sent: hello"},
        {0x0302, 0x0302, "answered 200 sent: hello"},
        {0x0301, 0x0302, "tls 0: "},
        {0x0301, 0x0303, "tls 0: "},
        {0x0302, 0x0303, "tls 0: "},
        {0x0303, 0x0303, "answered 200 sent: hello"},
        {0x0303, 0x0304, "tls 0: "},
        {0x0304, 0x0304, "answered 200 sent: hello"},
        {0x0304, 0x0301, "answered 200 sent: hello"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct https_server *server = https_server_new(good, &hello, cases[i].server);
        struct fetch_request request = fetch_scene_request(https_server_port(server));
        struct fetch_story story;
        request.tls_min_version = cases[i].least;
        fetch_story_init(&story);
        fetch_scene_run(&request, &story);
        assert_int_equal(strncmp(story.text.data, cases[i].wanted, strlen(cases[i].wanted)), 0);
        fetch_story_fini(&story);
        https_server_free(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(certificates_are_judged_by_ca_file, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(a_fingerprint_stands_for_everything_else, fetch_scene_setup,
                                        fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(one_digit_of_a_fingerprint_matters, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(a_kept_connection_serves_its_own_trust_only, fetch_scene_setup,
                                        fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(a_ca_file_is_read_anew, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(a_certificate_that_changes_is_seen, fetch_scene_setup, fetch_scene_teardown),
        cmocka_unit_test_setup_teardown(old_servers_are_talked_to_where_it_is_allowed, fetch_scene_setup,
                                        fetch_scene_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
