/* Keyed hashes, and what becomes of a password file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "login/login_guard.h"
#include "login/secret.h"

/* What Python's hmac module makes of the same bytes. */
static const struct {
    const char *key;
    size_t count;
    const char *parts[2];
    const char *hex;
} HASHES[] = {
    {"key", 0, {0}, "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0"},
    {"key", 1, {""}, "156c691c91078c7b54a2cc7edb4ca93495d8084ddaa8532c8ed18693517bacaf"},
    {"key", 2, {"", ""}, "8d7bc0f5c3eee3d89e57dfe54ad251b55fc59e6c2e8387c0889a151a310b552d"},
    {"key", 1, {"userpassword"}, "5da0663a65035c435bb806980181d81ea60060e7563e8da92890d3352585642c"},
    {"key", 2, {"user", "password"}, "350e4679756921b08fa0a56deca3dc45e779e7d0aa6a73ee843933aedf2e48cd"},
    {"key", 2, {"userp", "assword"}, "df9895b60aac78179085a266a0cbebeae8074faa2073624a0db3f480cbf21124"},
    {"other", 2, {"user", "password"}, "d59636e59b7ba3ec21a71ae66c32ebab5134712c06ff3afeceab6c321ada7b4d"},
    {"key", 2, {"\xc3\xa4\xe2\x82\xac", "~ \"\\'"}, "c72a316602ba1e1c01c1537d94b969fa4b5798436976383b851ac9035934626a"},
};

static void a_hash_is_that_of_its_parts_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof HASHES / sizeof HASHES[0]; i++) {
        unsigned char hash[SECRET_HASH_SIZE];
        char hex[2 * SECRET_HASH_SIZE + 1];
        secret_hash(hash, (const unsigned char *)HASHES[i].key, strlen(HASHES[i].key), HASHES[i].parts,
                    HASHES[i].count);
        for (size_t k = 0; k < sizeof hash; k++)
            snprintf(hex + 2 * k, 3, "%02x", hash[k]);
        assert_string_equal(hex, HASHES[i].hex);
    }
}

static void random_bytes_differ(void **state)
{
    (void)state;
    unsigned char bytes[2][32] = {{0}};
    assert_true(secret_random(bytes[0], sizeof bytes[0]) && secret_random(bytes[1], sizeof bytes[1]));
    assert_memory_not_equal(bytes[0], bytes[1], sizeof bytes[0]);
}

static void a_secret_is_zeroed(void **state)
{
    (void)state;
    char text[] = "secret";
    secret_cleanse(text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        assert_int_equal(text[i], 0);
    secret_cleanse(NULL, 0);
    secret_free(mem_strdup("secret"));
    secret_free(NULL);
}

#define A_100 A_10 A_10 A_10 A_10 A_10 A_10 A_10 A_10 A_10 A_10
#define A_10 "aaaaaaaaaa"
#define A_1023 A_100 A_100 A_100 A_100 A_100 A_100 A_100 A_100 A_100 A_100 A_10 A_10 "aaa"
#define TOO_LONG ": its first line is longer than 1023 bytes"

static const struct {
    const char *bytes;
    size_t length;
    const char *password; /* NULL: none */
    const char *told;
} PASSWORDS[] = {
#define FILE_OF(bytes, password, told) {bytes, sizeof(bytes) - 1, password, told}
    FILE_OF("secret\n", "secret", ""),
    FILE_OF("secret", "secret", ""),
    FILE_OF("secret\r\n", "secret", ""),
    FILE_OF("secret\nmore\n", "secret", ""),
    FILE_OF("secret\n\0\0", "secret", ""),
    FILE_OF("  sec\tret \n", "  sec\tret ", ""),
    FILE_OF("a\r", "a\r", ""),
    FILE_OF("a\rb\r\r\n", "a\rb\r", ""),
    FILE_OF("\xc3\xa4\xff:\"<&\n", "\xc3\xa4\xff:\"<&", ""),
    FILE_OF(A_1023, A_1023, ""),
    FILE_OF(A_1023 "\n", A_1023, ""),
    FILE_OF(A_1023 "\r\n", A_1023, ""),
    FILE_OF(A_1023 "\nmore", A_1023, ""),
    FILE_OF("", NULL, ": its first line is empty: there is no password or secret in it"),
    FILE_OF("\n", NULL, ": its first line is empty: there is no password or secret in it"),
    FILE_OF("\r\n", NULL, ": its first line is empty: there is no password or secret in it"),
    FILE_OF("\nsecret\n", NULL, ": its first line is empty: there is no password or secret in it"),
    FILE_OF("sec\0ret\n", NULL, ": its first line has a NUL byte in it"),
    FILE_OF("\0", NULL, ": its first line has a NUL byte in it"),
    FILE_OF(A_1023 "a", NULL, TOO_LONG),
    FILE_OF(A_1023 "a\n", NULL, TOO_LONG),
    FILE_OF(A_1023 "\r", NULL, TOO_LONG),
    FILE_OF(A_1023 A_1023 A_1023, NULL, TOO_LONG),
#undef FILE_OF
};

static char file[] = "/tmp/test_secret.XXXXXX";

static void assert_told(const char *name, const char *told)
{
    static const char ZEROES[LOGIN_PASSWORD_SIZE];
    char password[LOGIN_PASSWORD_SIZE], whole[ERR_MAX];
    struct err err = {0};
    memset(password, 'x', sizeof password);
    assert_false(login_password_read(name, password, &err));
    snprintf(whole, sizeof whole, "%s%s", name, told);
    assert_string_equal(err.text, whole);
    assert_memory_equal(password, ZEROES, sizeof password);
}

static void the_first_line_is_the_password(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PASSWORDS / sizeof PASSWORDS[0]; i++) {
        char password[LOGIN_PASSWORD_SIZE];
        struct err err = {0};
        FILE *out = fopen(file, "w");
        assert_non_null(out);
        assert_int_equal(fwrite(PASSWORDS[i].bytes, 1, PASSWORDS[i].length, out), PASSWORDS[i].length);
        assert_int_equal(fclose(out), 0);
        if (PASSWORDS[i].password == NULL) {
            assert_told(file, PASSWORDS[i].told);
            continue;
        }
        assert_true(login_password_read(file, password, &err));
        assert_string_equal(password, PASSWORDS[i].password);
    }
}

static void what_cannot_be_read_is_told(void **state)
{
    (void)state;
    assert_told("/no/such/file", ": cannot be read: No such file or directory");
    assert_told("/tmp", ": cannot be read: Is a directory");
    assert_told("/dev/zero", ": its first line has a NUL byte in it");
    assert_told("/dev/null", ": its first line is empty: there is no password or secret in it");
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_told(file, ": its first line is empty: there is no password or secret in it"); /* at once */
}

/* How often the warnings have these words. */
static size_t warnings(const struct config *config, const char *words)
{
    char log[] = "/tmp/test_secret_log.XXXXXX", text[4096] = "";
    int fd = mkstemp(log), standard_error = dup(2);
    assert_true(fd >= 0 && standard_error >= 0);
    dup2(fd, 2);
    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
    login_password_warn(config);
    dup2(standard_error, 2);
    close(standard_error);
    assert_true(pread(fd, text, sizeof text - 1, 0) >= 0);
    close(fd);
    unlink(log);
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void a_file_that_everyone_can_read_is_warned_of_once(void **state)
{
    (void)state;
    char other[] = "/tmp/test_secret_other.XXXXXX";
    int fd = mkstemp(other);
    assert_true(fd >= 0 && close(fd) == 0);
    struct config_account account = {.password_file = file};
    struct config_imp_node nodes[] = {
        {.axl = {.password_file = file}, .control_center = {.password_file = file}, .accounts = &account,
         .account_count = 1},
        {.axl = {.password_file = "/no/such/file"}, .page = {.password_file = file}},
    };
    struct config_domain domains[] = {{.dialback = {.secret_file = other}}, {.dialback = {.secret_file = NULL}}};
    const struct config config = {.imp_nodes = nodes, .imp_node_count = 2, .domains = domains, .domain_count = 2};
    assert_int_equal(chmod(file, 0640), 0); /* a group may be meant */
    assert_int_equal(warnings(&config, "password"), 0);
    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(warnings(&config, "may read this password file"), 1);
    assert_int_equal(chmod(file, 0602), 0);
    assert_int_equal(warnings(&config, "may write this password file"), 1);
    assert_int_equal(warnings(&config, "secret file"), 0);
    assert_int_equal(chmod(other, 0604), 0);
    assert_int_equal(warnings(&config, "may read this secret file"), 1);
    assert_int_equal(unlink(other), 0);
}

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_that_of_its_parts_one_by_one),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(a_secret_is_zeroed),
        cmocka_unit_test(the_first_line_is_the_password),
        cmocka_unit_test(a_file_that_everyone_can_read_is_warned_of_once),
        cmocka_unit_test(what_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
