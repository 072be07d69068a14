/* The login guard: who may log in when, as scripts of several processes and a clock; and what a pass may do when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "health/result.h"
#include "tests/unit/login_scene.h"

#define MINUTE_MS 60000
#define SLOTS 32
#define TEXT_MAX 1024

/* Words with a space between them, each done to its end:
 *   Pa     process P (or Q) asks for credential a, as the next number from 0; Pa/60: fresh for 60 minutes
 *   0+     number 0 was accepted; 0- rejected, 0_ not sent, 0= no verdict, 0? unclear
 *   0!     it is left before its answer
 *   P^     process P ends, in order, and starts again
 *   @5     the clock goes on by 5 minutes, or back by @-5
 * A login takes a minute at most, and a minute more is allowed for. */
static const struct script {
    const char *name, *words;
    const char *comes; /* of it: answers, with minutes from then, and holds that a number that was left is told of */
} SCRIPTS[] = {
    {"one at a time until proven, then two", "Pa Pa Pa Pa 0+ 1+ 2+", "0:go 1:go 2:go 3:go"},
    {"one at a time, in order, while there is no outcome", "Pa Pa Pa 0_ 1=", "0:go 1:go 2:go"},
    {"a rejection answers all who wait", "Pa Pa Pa 0- Pa", "0:go 0:until31 1:held31 2:held31 3:held31"},
    {"another password is another credential", "Pa Pb 0- Pa Pb 1+", "0:go 1:go 0:until31 2:held31 3:go"},
    {"holds double to 24 hours",
     "Pa 0- @30 Pa @1 Pa 2- @62 Pa 3- @124 Pa 4- @248 Pa 5- @496 Pa 6- @992 Pa 7- @1440 Pa 8- @1439 Pa",
     "0:go 0:until31 1:held1 2:go 2:until62 3:go 3:until124 4:go 4:until248 5:go 5:until496 6:go 6:until992 7:go "
     "7:until1440 8:go 8:until1440 9:held1"},
    {"accepted, the holds begin anew", "Pa 0- @31 Pa 1+ Pa 2-", "0:go 0:until31 1:go 2:go 2:until31"},
    {"a try that was not sent leaves the hold's length", "Pa 0- @31 Pa 1_ Pa 2= Pa 3-",
     "0:go 0:until31 1:go 2:go 3:go 3:until62"},
    {"without outcome, unproven", "Pa Pa 0?", "0:go 0:until31 1:held31"},
    {"without outcome, proven", "Pa 0+ Pa 1? Pa", "0:go 1:go 2:go"},
    {"a proven one is rejected", "Pa 0+ Pa 1- Pa", "0:go 1:go 1:until31 2:held31"},
    {"two rejections at a time make one hold", "Pa 0+ Pa Pa @1 1- @1 2- Pa",
     "0:go 1:go 2:go 1:until31 2:until30 3:held30"},
    {"accepted beside a rejection lifts no hold", "Pa 0+ Pa Pa 1- 2+ Pa",
     "0:go 1:go 2:go 1:until31 2:until31 3:held31"},

    {"another process is about it", "Pa Qa 0+ Qa", "0:go 1:held2 2:go"},
    {"another process was rejected", "Pa 0- Qa @31 Qa Pa 2-", "0:go 0:until31 1:held31 2:go 3:held2 2:until62"},
    {"another process was rejected with what is proven here", "Pa 0+ Qa 1- Pa", "0:go 1:go 1:until31 2:held31"},
    {"a process that was killed counts as rejected", "Pa @1 Qa @1 Qa @30 Qa @1 Qa 4-",
     "0:go 1:held1 2:held31 3:held1 4:go 4:until62"},
    {"killed long ago", "Pa @100 Qa 1-", "0:go 1:go 1:until62"},
    {"told behind its time: accepted", "Pa @3 Qa 0+ Qa", "0:go 1:held30 2:go"},
    {"told behind its time: rejected", "Pa @3 Qa 0- Qa", "0:go 1:held30 0:until30 2:held30"},
    {"told behind its time: not sent", "Pa @3 Qa 0_ Qa", "0:go 1:held30 2:go"},
    {"told when another has its try", "Pa @33 Qa 0- Pa 1_ Pa", "0:go 1:go 2:held2 3:go"},
    {"a restart forgets no hold", "Pa 0- P^ Pa", "0:go 0:until31 1:held31"},
    {"a restart forgets no success", "Pa 0+ P^ Pa Pa", "0:go 1:go 2:go"},

    {"a success is fresh", "Pa/60 0+ Pa/60 @59 Pa/60 Pa @1 Pa/60", "0:go 1:known 2:known 3:go 4:go"},
    {"fresh for one who waited", "Pa/60 Pa/60 0+", "0:go 1:known"},
    {"fresh from another process", "Pa/60 0+ Qa/60", "0:go 1:known"},
    {"a rejected one is never fresh", "Pa 0+ Pa 1- Pa/60", "0:go 1:go 1:until31 2:held31"},

    {"one who waits leaves", "Pa Pa Pa 1! 0-", "0:go 0:until31 2:held31"},
    {"all who wait leave", "Pa Pa Pa 2! 1! 0-", "0:go 0:until31"},

    {"the clock goes back: a hold is no longer than it was", "Pa 0- @-500000 Pa @31 Pa",
     "0:go 0:until31 1:held31 2:go"},
    {"the clock goes back: a login under way", "Pa @-500000 Qa 0+ Qa", "0:go 1:held60 2:go"},
    {"the clock goes back: a dead login", "Pa @-500000 Qa @60 Qa @31 Qa", "0:go 1:held60 2:held31 3:go"},
    {"the clock goes back: a success", "Pa 0+ @-500000 Pa/60 @60 Pa/60", "0:go 1:known 2:go"},
};

struct play {
    struct login_guard *guards[2];
    struct asked slots[SLOTS];
    size_t count;
    char comes[TEXT_MAX];
};

static void add(struct play *play, size_t slot, const char *word, int64_t until_ms)
{
    size_t length = strlen(play->comes);
    snprintf(play->comes + length, sizeof play->comes - length, "%s%zu:%s", length > 0 ? " " : "", slot, word);
    length = strlen(play->comes);
    if (until_ms != TIME_ABSENT)
        snprintf(play->comes + length, sizeof play->comes - length, "%d", (int)((until_ms - scene_now_ms) / MINUTE_MS));
}

/* Holds are told first: the others are only asked again after them. */
static void note_what_came(struct play *play)
{
    static const char *const VERDICTS[] = {"go", "known", "held", "barred"};
    for (size_t i = 0; i < play->count; i++) {
        struct asked *asked = &play->slots[i];
        if (asked->lefts == 1 && asked->answer.verdict == LOGIN_GO && asked->held_until_ms != TIME_ABSENT)
            add(play, i, "until", asked->held_until_ms);
        asked->lefts = 0;
    }
    for (size_t i = 0; i < play->count; i++) {
        struct asked *asked = &play->slots[i];
        if (asked->answers == 1)
            add(play, i, VERDICTS[asked->answer.verdict], asked->answer.until_ms);
        asked->answers = 0;
    }
}

static void leave(struct play *play, const char *word)
{
    static const char SIGNS[] = "+-_=?";
    static const enum login_outcome OUTCOMES[] = {LOGIN_ACCEPTED, LOGIN_REJECTED, LOGIN_NOT_SENT, LOGIN_NO_VERDICT,
                                                  LOGIN_UNCLEAR};
    struct asked *asked = &play->slots[strtoul(word, NULL, 10)];
    const char *sign = strchr(SIGNS, word[strlen(word) - 1]);
    assert_non_null(asked->pass);
    scene_leave(asked, sign != NULL ? OUTCOMES[sign - SIGNS] : LOGIN_NOT_SENT);
}

static void do_word(struct play *play, const char *word)
{
    struct login_guard **guard = &play->guards[word[0] == 'Q'];
    if (word[0] == '@') {
        scene_now_ms += strtoll(word + 1, NULL, 10) * MINUTE_MS;
    } else if (isdigit((unsigned char)word[0])) {
        leave(play, word);
    } else if (word[1] == '^') {
        login_guard_free(*guard);
        *guard = login_guard_new(scene_loop(), "state");
    } else {
        const char credential[] = {word[1], '\0'};
        assert_true(play->count < SLOTS);
        scene_ask(*guard, credential, word[2] == '/' ? strtoll(word + 3, NULL, 10) * MINUTE_MS : 0,
                  &play->slots[play->count++]);
    }
    scene_run();
    note_what_came(play);
}

static void play_script(const struct script *script)
{
    struct play play = {0};
    char words[TEXT_MAX], *rest = words;
    scene_begin();
    for (size_t i = 0; i < 2; i++)
        play.guards[i] = login_guard_new(scene_loop(), "state");
    snprintf(words, sizeof words, "%s", script->words);
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        do_word(&play, word);
    if (strcmp(play.comes, script->comes) != 0)
        print_error("%s: %s\n", script->name, script->words);
    assert_string_equal(play.comes, script->comes);
    for (size_t i = 0; i < play.count; i++) {
        if (play.slots[i].pass != NULL)
            login_pass_leave(play.slots[i].pass, LOGIN_NOT_SENT, NULL, NULL);
    }
    for (size_t i = 0; i < 2; i++)
        login_guard_free(play.guards[i]);
    scene_run();
}

static void each_is_let_in_as_its_credential_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof SCRIPTS[0]; i++)
        play_script(&SCRIPTS[i]);
}

/* To a directory they are. */
static void names_in_upper_and_lower_case_are_one_account(void **state)
{
    (void)state;
    scene_begin();
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    assert_int_equal(scene_login(guard, "a", LOGIN_REJECTED), LOGIN_GO);
    scene_username = "AxlUser";
    assert_int_equal(scene_login(guard, "a", LOGIN_REJECTED), LOGIN_HELD);
    assert_int_equal(scene_login(guard, "A", LOGIN_REJECTED), LOGIN_GO); /* passwords are not */
    scene_username = "axluser2";
    assert_int_equal(scene_login(guard, "a", LOGIN_REJECTED), LOGIN_GO);
    login_guard_free(guard);
    scene_run();
}

static ino_t file_number(void)
{
    struct stat status;
    assert_int_equal(stat("state/logins", &status), 0);
    return status.st_ino;
}

/* A file that stays open keeps its number from being given to a new one. */
static void steady_polling_writes_nothing(void **state)
{
    (void)state;
    scene_begin();
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    assert_int_equal(scene_login(guard, "good", LOGIN_ACCEPTED), LOGIN_GO);
    int fd = open("state/logins", O_RDONLY);
    ino_t before = file_number();
    for (int i = 0; i < 4; i++) {
        scene_now_ms += MINUTE_MS;
        assert_int_equal(scene_login(guard, "good", LOGIN_ACCEPTED), LOGIN_GO);
    }
    assert_true(file_number() == before);
    scene_now_ms += MINUTE_MS;
    assert_int_equal(scene_login(guard, "good", LOGIN_ACCEPTED), LOGIN_GO);
    assert_false(file_number() == before);
    close(fd);
    login_guard_free(guard);
    scene_run();
}

static void a_question_can_be_taken_back_at_any_time(void **state)
{
    (void)state;
    struct asked on_worker = {0}, queued = {0}, waiting = {0}, other = {0};
    scene_begin();
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    scene_ask(guard, "a", 0, &on_worker);
    scene_ask(guard, "b", 0, &queued);
    scene_ask(guard, "a", 0, &waiting);
    scene_leave(&on_worker, LOGIN_UNCLEAR);
    scene_leave(&queued, LOGIN_UNCLEAR);
    scene_leave(&waiting, LOGIN_UNCLEAR);
    scene_ask(guard, "a", 0, &other);
    scene_run();
    assert_int_equal(on_worker.answers + queued.answers + waiting.answers, 0);
    assert_int_equal(on_worker.lefts + queued.lefts + waiting.lefts, 0);
    assert_int_equal(other.answer.verdict, LOGIN_GO); /* what the first had recorded is undone */
    scene_leave(&other, LOGIN_NOT_SENT);
    scene_ask(guard, "b", 0, &queued);
    scene_leave(&queued, LOGIN_UNCLEAR);
    login_guard_free(guard);
    scene_run();
    scene_loop_free();
}

static struct login_guard *guard_of_callback;

static void leave_and_end(struct asked *asked)
{
    static struct asked again;
    login_pass_leave(asked->pass, LOGIN_NOT_SENT, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        again = (struct asked){0};
        scene_ask(guard_of_callback, "a", 0, &again);
        login_pass_leave(again.pass, LOGIN_NOT_SENT, NULL, NULL);
    }
    login_guard_free(guard_of_callback);
}

static void everything_may_be_done_in_the_answer(void **state)
{
    (void)state;
    for (int held = 0; held < 2; held++) {
        struct asked asked = {.answered = leave_and_end};
        scene_begin();
        guard_of_callback = login_guard_new(scene_loop(), "state");
        if (held)
            scene_login(guard_of_callback, "a", LOGIN_REJECTED);
        scene_ask(guard_of_callback, "a", 0, &asked);
        scene_run();
        assert_int_equal(asked.answers, 1);
        assert_int_equal(asked.answer.verdict, held ? LOGIN_HELD : LOGIN_GO);
    }
    scene_loop_free();
}

/* As at the end of the agent: the loop has stopped, the passes are left, the guard is freed. */
static void what_is_left_at_the_end_is_written(void **state)
{
    (void)state;
    struct asked asked = {0};
    scene_begin();
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    scene_ask(guard, "a", 0, &asked);
    scene_run();
    assert_int_equal(asked.answer.verdict, LOGIN_GO);
    scene_leave(&asked, LOGIN_UNCLEAR);
    login_guard_free(guard);
    scene_run();
    assert_int_equal(asked.lefts, 0);
    scene_loop_free();
    asked = (struct asked){0};
    guard = login_guard_new(scene_loop(), "state");
    scene_ask(guard, "a", 0, &asked);
    scene_run();
    assert_int_equal(asked.answer.verdict, LOGIN_HELD);
    assert_true(asked.answer.until_ms == SCENE_START_MS + LOGIN_HOLD_FIRST_MS);
    login_pass_leave(asked.pass, LOGIN_NOT_SENT, NULL, NULL);
    login_guard_free(guard);
    scene_run();
}

/* How often the text is in the log and in the file. */
static int occurrences(const char *text)
{
    int count = 0;
    static const char *const FILES[] = {"log", "state/logins"};
    for (size_t i = 0; i < 2; i++) {
        size_t length;
        char *bytes = scene_read(FILES[i], &length);
        assert_non_null(bytes);
        for (const char *at = bytes; (at = strstr(at, text)) != NULL; at++)
            count++;
        free(bytes);
    }
    return count;
}

static void a_hold_is_logged_once_and_without_names(void **state)
{
    (void)state;
    scene_begin();
    int log = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600), standard_error = dup(2);
    dup2(log, 2);
    log_setup(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
    struct login_guard *guard = login_guard_new(scene_loop(), "state");
    scene_login(guard, "tr0ub4dor", LOGIN_REJECTED);
    scene_login(guard, "tr0ub4dor", LOGIN_REJECTED);
    scene_now_ms += LOGIN_HOLD_FIRST_MS;
    scene_login(guard, "tr0ub4dor", LOGIN_ACCEPTED);
    scene_login(guard, "tr0ub4dor", LOGIN_ACCEPTED);
    login_guard_free(guard);
    scene_run();
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    dup2(standard_error, 2);
    close(standard_error);
    close(log);
    assert_int_equal(occurrences("level=warn"), 1);
    assert_int_equal(occurrences("until 2027-01-15T08:31:00Z"), 1);
    assert_int_equal(occurrences("level=info"), 1);
    assert_int_equal(occurrences("tr0ub4dor"), 0);
    assert_int_equal(occurrences("axluser"), 0);
    assert_int_equal(occurrences(" proven "), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_let_in_as_its_credential_allows),
        cmocka_unit_test(names_in_upper_and_lower_case_are_one_account),
        cmocka_unit_test(steady_polling_writes_nothing),
        cmocka_unit_test(a_question_can_be_taken_back_at_any_time),
        cmocka_unit_test(everything_may_be_done_in_the_answer),
        cmocka_unit_test(what_is_left_at_the_end_is_written),
        cmocka_unit_test(a_hold_is_logged_once_and_without_names),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
