/* Keeps accounts from being locked out (Cisco's default policy locks one after three failed logons): every login of
 * the agent and of the command line passes here first, whichever server and service it is for. What is known stands in
 * state_dir/logins, shared by all processes under a lock, and is on disk before a login is sent.
 *
 * One entry a credential, that is an account with its password, known by a keyed hash of the two (the key is made once
 * and stands in the same file, mode 0600; neither name nor password does). Names that differ only in upper and lower
 * case are one account, as they are to most directories. Its life:
 *   unproven -> under way -> proven | rejected (held) | unproven again, where it was certainly not sent
 * One login at most is under way with an unproven credential, in all processes together; one that never got an outcome,
 * since its process was killed or nothing came back, counts as rejected. A rejected credential is held for 31 minutes;
 * after that one login is made, and if that is rejected too the hold doubles, to 24 hours at most. A proven credential
 * may be used by two at a time in each process: should the password be changed behind its back, that many see it. An
 * outcome that cannot be written (a full disk) is kept, and no login is made until it is. */
#ifndef LOGIN_LOGIN_GUARD_H
#define LOGIN_LOGIN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

#define LOGIN_HOLD_FIRST_MS (INT64_C(31) * 60 * 1000)
#define LOGIN_HOLD_MOST_MS (INT64_C(24) * 3600 * 1000)

struct login_guard;
struct login_pass;

/* state_dir may be NULL, or a folder that cannot be written: then no login is ever allowed. */
struct login_guard *login_guard_new(struct loop *loop, const char *state_dir);
/* Every pass must have been left; NULL is legal. The outcomes of those are still written, with no `left` called any
 * more: behind it, and before loop_free(), loop_run() is to be called, which returns when that is done (like the end of
 * every loop_work()). */
void login_guard_free(struct login_guard *guard);

enum login_verdict {
    LOGIN_GO,    /* make it, then login_pass_leave() */
    LOGIN_KNOWN, /* not needed: the latest login was made less than `fresh_ms` ago, and was accepted */
    LOGIN_HELD,  /* do not: it was rejected, or another process is about it */
    LOGIN_BARRED /* do not: nothing can be recorded; `detail` says why */
};

struct login_answer {
    enum login_verdict verdict;
    bool rejected;       /* LOGIN_HELD: by a server's word, as against an outcome that is not known */
    int64_t until_ms;    /* LOGIN_HELD: when the hold ends; wall clock, like the next */
    int64_t accepted_ms; /* the latest login that was accepted with this credential, or up to 5 minutes before it;
                          * TIME_ABSENT: none, or not known */
    const char *detail;  /* for people; "" where there is nothing to say; valid in the callback only */
};

/* Asks for leave to log in. `answer` is called once, never before this returns; where one in this process is under way
 * with an unproven credential, once that has its outcome. fresh_ms: 0 wants a login in any case. Reads and writes the
 * file on another thread. After every verdict the pass is to be left. `timeout_ms`: after this long a login under way
 * counts as without outcome, should this process be gone. */
struct login_pass *login_guard_enter(struct login_guard *guard, const char *username, const char *password,
                                     int64_t fresh_ms, int64_t timeout_ms,
                                     void (*answer)(void *arg, const struct login_answer *answer), void *arg);

enum login_outcome {
    LOGIN_ACCEPTED, /* the server answered as to one that is logged in */
    LOGIN_REJECTED, /* 401, or the form again */
    LOGIN_NOT_SENT, /* the credential certainly did not reach a server */
    LOGIN_NO_VERDICT, /* the server answered something that is neither: it does not count against the credential */
    LOGIN_UNCLEAR   /* sent, and nothing came back: counts as rejected unless the credential is proven */
};

/* Tells how it ended, after LOGIN_GO (after other verdicts the outcome has no meaning), and frees the pass. The file is
 * written on another thread; those who wait are answered after that. `left` (may be NULL) is called once it is written,
 * with the time until which the credential is now held, or TIME_ABSENT; its `arg` must live until then. Before the
 * answer: takes the question back, and neither `answer` nor `left` is called. */
void login_pass_leave(struct login_pass *pass, enum login_outcome outcome,
                      void (*left)(void *arg, int64_t held_until_ms), void *arg);

/* After login_pass_leave() with a `left`, before that is called: it is not called any more. */
void login_pass_forget(struct login_pass *pass);

/* Reads a password file: its first line without the line end, into a buffer of LOGIN_PASSWORD_SIZE that the caller
 * cleanses with secret_cleanse(). False and `err` (which never quotes the content) when it cannot be read, is empty or
 * longer. */
#define LOGIN_PASSWORD_SIZE 1024
struct err;
struct config;
bool login_password_read(const char *file, char password[LOGIN_PASSWORD_SIZE], struct err *err);
/* The same from an open file, waiting for what it still gets; `name` is what messages call it. */
bool login_password_read_from(int fd, const char *name, char password[LOGIN_PASSWORD_SIZE], struct err *err);
/* Logs a warning for each file of passwords or dialback secrets that everyone on this machine may read or write. */
void login_password_warn(const struct config *config);

#endif
