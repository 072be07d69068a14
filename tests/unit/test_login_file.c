/* The file of logins: damaged in every way, foreign, full; and folders that cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health/result.h"
#include "login/login_file.h"
#include "tests/unit/login_scene.h"

#define HEADER "fedhealth-logins 1\n"
#define HEX_16 "0123456789abcdef"
#define HASH_A HEX_16 HEX_16 HEX_16 HEX_16
#define HASH_B "1" HEX_16 HEX_16 HEX_16 "0123456789abcde"
#define KEY "key " HASH_B "\n"
#define LOGIN(hash, rest) "login " hash " " rest "\n"
#define GOOD "proven 1 0 - - 5"

static const struct fault {
    const char *bytes;
    size_t length;
    const char *told;
} FAULTS[] = {
#define FAULT(bytes, told) {bytes, sizeof(bytes) - 1, told},
#include "tests/unit/login_faults.def"
#undef FAULT
};

/* Files that are good, and stay as they are. */
static const char *const GOOD_FILES[] = {
    HEADER KEY "end 0\n",
    HEADER KEY LOGIN(HASH_A, GOOD) LOGIN(HASH_B, "rejected 12 86400000 1800000000000 - 1700000000000") "end 2\n",
    HEADER KEY LOGIN(HASH_A, "under_way 1 0 - 1800000000000 -") "end 1\n",
    HEADER KEY LOGIN(HASH_A, "under_way 2 1860000 1700000000000 1800000000000 1600000000000") "end 1\n",
};

static void assert_barred(const char *state_dir, const char *told)
{
    struct asked asked = {0};
    struct login_guard *guard = login_guard_new(scene_loop(), state_dir);
    scene_ask(guard, "a", 0, &asked);
    scene_run();
    if (asked.answer.verdict != LOGIN_BARRED || strstr(asked.detail, told) == NULL)
        fail_msg("verdict %d, \"%s\"; barred and \"%s\" is wanted", asked.answer.verdict, asked.detail, told);
    assert_true(asked.answer.until_ms == TIME_ABSENT && asked.answer.accepted_ms == TIME_ABSENT);
    login_pass_leave(asked.pass, LOGIN_NOT_SENT, NULL, NULL);
    login_guard_free(guard);
    scene_run();
}

static void assert_file(const char *bytes, size_t length)
{
    size_t found_length = 0;
    char *found = scene_read("state/logins", &found_length);
    assert_non_null(found);
    assert_int_equal(found_length, length);
    assert_memory_equal(found, bytes, length);
    free(found);
}

static void a_damaged_file_bars_and_stays_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        scene_begin();
        assert_int_equal(mkdir("state", 0750), 0);
        scene_write("state/logins", FAULTS[i].bytes, FAULTS[i].length);
        assert_barred("state", FAULTS[i].told);
        assert_barred("state", "remove it once the passwords are known to be right");
        assert_file(FAULTS[i].bytes, FAULTS[i].length);
    }
}

static void what_is_read_is_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD_FILES / sizeof GOOD_FILES[0]; i++) {
        struct login_file file;
        struct err err = {0};
        scene_begin();
        assert_int_equal(mkdir("state", 0750), 0);
        scene_write("state/logins", GOOD_FILES[i], strlen(GOOD_FILES[i]));
        if (!login_file_open(&file, "state", &err) || !login_file_save(&file, &err))
            fail_msg("%s", err.text);
        login_file_close(&file);
        assert_file(GOOD_FILES[i], strlen(GOOD_FILES[i]));
    }
}

/* The entry number i, the last digits of whose hash are its number. */
static void hash_of(int i, unsigned char hash[SECRET_HASH_SIZE])
{
    memset(hash, 7, SECRET_HASH_SIZE);
    hash[SECRET_HASH_SIZE - 2] = (unsigned char)(i >> 8);
    hash[SECRET_HASH_SIZE - 1] = (unsigned char)i;
}

static struct login_entry *entry_of(struct login_file *file, int i, struct err *err)
{
    unsigned char hash[SECRET_HASH_SIZE];
    hash_of(i, hash);
    struct login_entry *entry = login_file_entry(file, hash, SCENE_START_MS, err);
    assert_true(entry == NULL || memcmp(entry->hash, hash, sizeof hash) == 0);
    return entry;
}

/* A file of as many entries as may be; idle are those from `idle` on, the later the longer unused. */
static void fill(struct login_file *file, int idle)
{
    struct err err = {0};
    assert_true(login_file_open(file, "state", &err));
    for (int n = 0; n < LOGIN_ENTRIES_MAX; n++) {
        int i = n * 5 % LOGIN_ENTRIES_MAX; /* 5 and 4,096 have no divisor: each comes once */
        struct login_entry *entry = entry_of(file, i, &err);
        entry->state = i < idle && i % 2 ? LOGIN_UNDER_WAY : i < idle ? LOGIN_REFUSED : LOGIN_PROVEN;
        entry->hold_ms = entry->state == LOGIN_REFUSED ? LOGIN_HOLD_FIRST_MS : 0;
        if (entry->state == LOGIN_REFUSED)
            entry->until_ms = SCENE_START_MS + 1;
        else if (entry->state == LOGIN_UNDER_WAY)
            entry->deadline_ms = SCENE_START_MS + 1;
        else
            entry->accepted_ms = SCENE_START_MS - i;
    }
    assert_true(login_file_save(file, &err));
    login_file_close(file);
    if (!login_file_open(file, "state", &err))
        fail_msg("%s", err.text);
    assert_int_equal(file->count, LOGIN_ENTRIES_MAX);
}

static void the_longest_unused_make_room(void **state)
{
    (void)state;
    struct login_file file;
    struct err err = {0};
    scene_begin();
    fill(&file, LOGIN_ENTRIES_MAX - 2);
    for (int i = 0; i < 2; i++) {
        struct login_entry *entry = entry_of(&file, 5000 + i, &err);
        assert_non_null(entry);
        assert_int_equal(entry->state, LOGIN_UNPROVEN);
        entry->state = LOGIN_UNDER_WAY;
        assert_int_equal(file.count, LOGIN_ENTRIES_MAX);
        assert_int_equal(entry_of(&file, 0, &err)->state, LOGIN_REFUSED); /* as it was */
        assert_int_equal(entry_of(&file, LOGIN_ENTRIES_MAX - 3, &err)->state, LOGIN_UNDER_WAY);
    }
    assert_null(entry_of(&file, 5002, &err));
    assert_string_equal(err.text, "state/logins: 4096 logins are held, and no more can be recorded");
    login_file_close(&file);
}

static void folder_and_file_are_made_for_their_owner_only(void **state)
{
    (void)state;
    struct stat status;
    scene_begin();
    mode_t before = umask(0);
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    assert_int_equal(scene_login(guard, "a", LOGIN_ACCEPTED), LOGIN_GO);
    login_guard_free(guard);
    scene_run();
    umask(before);
    assert_int_equal(stat("state", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0750);
    assert_int_equal(stat("state/logins", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(stat("state/logins.lock", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_not_equal(access("state/logins.new", F_OK), 0);
}

static void assert_owner(const char *file, uid_t user, gid_t group)
{
    struct stat status;
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_uid, user);
    assert_int_equal(status.st_gid, group);
}

static void what_root_makes_belongs_to_whom_the_folder_does(void **state)
{
    (void)state;
    scene_begin();
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir("state", 0750), 0);
    assert_int_equal(chown("state", 12345, 12346), 0);
    scene_write("file", "x", 1);
    for (int linked = 0; linked < 2; linked++) {
        struct login_guard *guard = login_guard_new(scene_loop(), "state");
        assert_int_equal(scene_login(guard, linked ? "b" : "a", LOGIN_ACCEPTED), LOGIN_GO);
        login_guard_free(guard);
        scene_run();
        assert_owner("state/logins", 12345, 12346);
        assert_owner("state/logins.lock", linked ? 0 : 12345, linked ? 0 : 12346);
        assert_int_equal(unlink("state/logins.lock"), 0);
        assert_int_equal(link("file", "state/logins.lock"), 0); /* by which somebody wants to be given it */
    }
    assert_int_equal(unlink("file"), 0);
}

static void without_a_folder_that_can_be_written_none_is_made(void **state)
{
    (void)state;
    scene_begin();
    assert_barred(NULL, "no login is made without a state_dir");
    assert_barred("no/state", "no/state: cannot be made: No such file or directory");
    assert_barred("/proc/self", "/proc/self/logins.lock: cannot be opened: ");
    scene_write("file", "x", 1);
    assert_barred("file", "file: cannot be opened: Not a directory");
    assert_int_equal(mkdir("state", 0750), 0);
    assert_int_equal(mkdir("state/logins", 0750), 0);
    assert_barred("state", "state/logins: is no regular file, or too large");
    assert_int_equal(rmdir("state/logins"), 0);
    assert_int_equal(symlink("../file", "state/logins"), 0);
    assert_barred("state", "state/logins: cannot be read: Too many levels of symbolic links");
    assert_int_equal(unlink("state/logins"), 0);
    assert_int_equal(mkdir("state/logins.new", 0750), 0);
    assert_barred("state", "state/logins.new: cannot be removed: Is a directory");
    assert_int_equal(rmdir("state/logins.new"), 0);
    assert_int_equal(truncate("file", 5 << 20), 0);
    assert_int_equal(rename("file", "state/logins"), 0);
    assert_barred("state", "state/logins: is no regular file, or too large");
    assert_int_equal(unlink("state/logins"), 0);
    assert_int_equal(unlink("state/logins.lock"), 0);
    assert_int_equal(symlink("../file", "state/logins.lock"), 0);
    assert_barred("state", "state/logins.lock: cannot be opened: Too many levels of symbolic links");
    assert_int_not_equal(access("file", F_OK), 0);
}

/* As a full disk does, this lets a write fail. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_cannot_be_recorded_is_not_sent(void **state)
{
    (void)state;
    struct asked asked = {0};
    scene_begin();
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    limit_files(10);
    scene_ask(guard, "a", 0, &asked);
    scene_run();
    limit_files(RLIM_INFINITY);
    assert_int_equal(asked.answer.verdict, LOGIN_BARRED);
    assert_string_equal(asked.detail, "state/logins.new: cannot be written: File too large");
    assert_int_not_equal(access("state/logins.new", F_OK), 0);
    assert_int_not_equal(access("state/logins", F_OK), 0);
    login_pass_leave(asked.pass, LOGIN_NOT_SENT, NULL, NULL);
    assert_int_equal(scene_login(guard, "a", LOGIN_ACCEPTED), LOGIN_GO);
    login_guard_free(guard);
    scene_run();
}

static void an_outcome_that_cannot_be_written_bars_all_others(void **state)
{
    (void)state;
    struct asked asked = {0};
    scene_begin();
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    assert_int_equal(scene_login(guard, "a", LOGIN_ACCEPTED), LOGIN_GO);
    assert_int_equal(scene_login(guard, "b", LOGIN_ACCEPTED), LOGIN_GO);
    scene_ask(guard, "a", 0, &asked);
    scene_run();
    limit_files(10);
    scene_leave(&asked, LOGIN_REJECTED);
    scene_run();
    assert_int_equal(asked.lefts, 1);
    assert_true(asked.held_until_ms == SCENE_START_MS + LOGIN_HOLD_FIRST_MS);
    for (int i = 0; i < 2; i++) { /* also where nothing of its own is to be written */
        assert_int_equal(scene_login(guard, "a", LOGIN_ACCEPTED), LOGIN_BARRED);
        assert_int_equal(scene_login(guard, "b", LOGIN_ACCEPTED), LOGIN_BARRED);
    }
    limit_files(RLIM_INFINITY);
    assert_int_equal(scene_login(guard, "b", LOGIN_ACCEPTED), LOGIN_GO);
    assert_int_equal(scene_login(guard, "a", LOGIN_ACCEPTED), LOGIN_HELD);
    limit_files(10);
    scene_now_ms += LOGIN_HOLD_FIRST_MS;
    assert_int_equal(scene_login(guard, "b", LOGIN_REJECTED), LOGIN_GO); /* and ends with this to be written */
    limit_files(RLIM_INFINITY);
    login_guard_free(guard);
    scene_run();
}

/* A lock on another description keeps out, whoever has it. */
static void a_process_that_never_lets_go_of_the_lock_bars(void **state)
{
    (void)state;
    scene_begin();
    assert_int_equal(mkdir("state", 0750), 0);
    int fd = open("state/logins.lock", O_RDWR | O_CREAT, 0600);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_barred("state", "state/logins.lock: another process has held it for 10 s");
    close(fd);
    assert_int_not_equal(access("state/logins", F_OK), 0);
}

static int setup(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    return scene_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_file_bars_and_stays_as_it_is),
        cmocka_unit_test(what_is_read_is_what_was_written),
        cmocka_unit_test(the_longest_unused_make_room),
        cmocka_unit_test(folder_and_file_are_made_for_their_owner_only),
        cmocka_unit_test(what_root_makes_belongs_to_whom_the_folder_does),
        cmocka_unit_test(without_a_folder_that_can_be_written_none_is_made),
        cmocka_unit_test(what_cannot_be_recorded_is_not_sent),
        cmocka_unit_test(an_outcome_that_cannot_be_written_bars_all_others),
        cmocka_unit_test(a_process_that_never_lets_go_of_the_lock_bars),
    };
    return cmocka_run_group_tests(tests, setup, scene_teardown);
}
