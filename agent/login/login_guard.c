#define LOG_SUBSYSTEM "login"
#include "login/login_guard.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/result.h"
#include "login/login_file.h"

#define PROVEN_AT_ONCE 2

enum step {
    WAITING,  /* for others with the same credential */
    ASKING,   /* its question is a job */
    ANSWERED, /* and not left */
    LEAVING   /* its outcome is a job, or is yet to be written */
};

struct login_pass {
    struct login_guard *guard;
    struct credential *credential; /* NULL once it no longer counts for that */
    unsigned char identity[SECRET_HASH_SIZE];
    enum step step;
    bool taken_back; /* while its question was on the worker */
    int64_t fresh_ms, timeout_ms;
    void (*answer)(void *arg, const struct login_answer *answer);
    void *arg;
    enum login_outcome outcome;
    void (*left)(void *arg, int64_t held_until_ms);
    void *left_arg;
    struct login_pass *prev, *next; /* in one of the lists below */

    /* What the worker found. */
    struct login_answer found;
    struct login_try begun;
    int64_t held_until_ms;
    bool recorded; /* what had to be on disk is */
    bool shut;     /* the file could not even be opened */
    struct err err;
};

/* One that somebody has a pass for, as this process tells them apart. */
struct credential {
    UT_hash_handle hh;
    unsigned char identity[SECRET_HASH_SIZE];
    struct login_pass *waiting; /* in order */
    unsigned passes;            /* of it, in whatever step */
    bool asking;                /* one of them is */
    bool trying;                /* one logs in, and it is not proven */
    unsigned going;             /* so many log in, and it is */
};

struct login_guard {
    struct loop *loop;
    char *state_dir;
    struct credential *credentials;
    struct login_pass *jobs;      /* for the worker, in order */
    struct login_pass *running;   /* the one on it */
    struct login_pass *unwritten; /* outcomes that could not be: every job writes them, or is barred */
    unsigned open;                /* passes that were not left */
    bool busy;                    /* from when a job goes to the worker until its callback has returned */
    bool freed;                   /* it goes with its last job */
};

/* ---- on the worker: one job ---- */

/* What is worth a line of the log, once it is on disk. */
struct news {
    int64_t held_until_ms;
    bool accepted_again;
};

static void note(struct news *news, const struct login_entry *before, const struct login_entry *after, int64_t now_ms)
{
    int64_t until_ms = login_entry_held_until_ms(after, now_ms);
    if (until_ms != TIME_ABSENT && login_entry_held_until_ms(before, now_ms) == TIME_ABSENT)
        news->held_until_ms = until_ms;
    if (after->state == LOGIN_PROVEN && before->state != LOGIN_PROVEN && before->hold_ms > 0)
        news->accepted_again = true;
}

static void tell_news(const struct news *news)
{
    char until[CLOCK_RFC3339_SIZE];
    if (news->held_until_ms != TIME_ABSENT)
        log_warn("a login was rejected or had no outcome: until %s, or until the password file says something else, "
                 "none is made with that user name and password",
                 clock_rfc3339(news->held_until_ms / 1000, until));
    if (news->accepted_again)
        log_info("a login is accepted again with a user name and password that were held");
}

/* In the file a credential is known by a hash that only the file's key leads to. */
static struct login_entry *find_entry(struct login_file *file, const struct login_pass *pass, int64_t now_ms,
                                      struct err *err)
{
    char hex[2 * SECRET_HASH_SIZE + 1];
    const char *const parts[] = {hex};
    unsigned char hash[SECRET_HASH_SIZE];
    text_hex(hex, pass->identity, SECRET_HASH_SIZE);
    secret_hash(hash, file->key, sizeof file->key, parts, 1);
    secret_cleanse(hex, sizeof hex);
    return login_file_entry(file, hash, now_ms, err);
}

static bool settle(struct login_file *file, int64_t now_ms, struct news *news)
{
    bool changed = false;
    for (size_t i = 0; i < file->count; i++) {
        const struct login_entry before = file->entries[i];
        changed |= login_entry_settle(&file->entries[i], now_ms);
        note(news, &before, &file->entries[i], now_ms);
    }
    return changed;
}

static bool tell(struct login_file *file, struct login_pass *pass, int64_t now_ms, bool *changed, struct news *news,
                 struct err *err)
{
    struct login_entry *entry = find_entry(file, pass, now_ms, err);
    if (entry == NULL)
        return false;
    const struct login_entry before = *entry;
    *changed |= login_entry_tell(entry, &pass->begun, pass->outcome, now_ms);
    note(news, &before, entry, now_ms);
    pass->held_until_ms = login_entry_held_until_ms(entry, now_ms);
    return true;
}

static bool ask(struct login_file *file, struct login_pass *pass, int64_t now_ms, bool *changed, struct err *err)
{
    struct login_entry *entry = find_entry(file, pass, now_ms, err);
    if (entry == NULL)
        return false;
    *changed |= login_entry_ask(entry, now_ms, pass->fresh_ms, pass->timeout_ms, &pass->found, &pass->begun);
    return true;
}

/* What was not written before, and what this pass is about, in one go. */
static bool work_in(struct login_file *file, struct login_pass *pass, struct news *news, struct err *err)
{
    int64_t now_ms = clock_wall_ms(); /* with the lock held: others write their times before it or after it */
    bool changed = settle(file, now_ms, news);
    struct login_pass *former;
    DL_FOREACH(pass->guard->unwritten, former)
    {
        if (!tell(file, former, now_ms, &changed, news, err))
            return false;
    }
    bool good = pass->step == ASKING ? ask(file, pass, now_ms, &changed, err)
                                     : tell(file, pass, now_ms, &changed, news, err);
    return good && (!changed || login_file_save(file, err));
}

static bool record(struct login_pass *pass, struct err *err)
{
    struct login_file file;
    struct news news = {TIME_ABSENT, false};
    if (pass->guard->state_dir == NULL)
        return err_set(err, "no login is made without a state_dir, where it would be recorded");
    pass->shut = !login_file_open(&file, pass->guard->state_dir, err);
    if (pass->shut)
        return false;
    bool good = work_in(&file, pass, &news, err);
    login_file_close(&file);
    if (good)
        tell_news(&news);
    return good;
}

static bool has_gone(const struct login_pass *pass)
{
    return pass->found.verdict == LOGIN_GO;
}

/* Nothing of it was recorded; pass->err says why. */
static void fall_through(struct login_pass *pass)
{
    pass->recorded = false;
    if (pass->step == ASKING)
        pass->found = (struct login_answer){
            .verdict = LOGIN_BARRED, .until_ms = TIME_ABSENT, .accepted_ms = TIME_ABSENT, .detail = pass->err.text};
}

static void run_job(void *arg)
{
    struct login_guard *guard = arg;
    struct login_pass *pass = guard->running;
    pass->recorded = false;
    if (pass->step == LEAVING && !has_gone(pass))
        return; /* only `left` is to be called */
    pass->recorded = record(pass, &pass->err);
    secret_thread_end();
    if (!pass->recorded)
        fall_through(pass);
}

/* ---- on the loop ---- */

/* An identity has no key: whoever found it could try passwords on it. */
static void discard(struct login_pass *pass)
{
    secret_cleanse(pass->identity, sizeof pass->identity);
    free(pass);
}

static void release(struct login_guard *guard)
{
    struct login_pass *pass, *next;
    DL_FOREACH_SAFE(guard->unwritten, pass, next)
        discard(pass);
    free(guard->state_dir);
    free(guard);
}

static void job_done(void *arg);

static void next_job(struct login_guard *guard)
{
    if (guard->busy)
        return;
    struct login_pass *pass = guard->jobs;
    if (pass != NULL) {
        DL_DELETE(guard->jobs, pass);
        guard->running = pass;
        guard->busy = true;
        loop_work(guard->loop, run_job, job_done, guard);
    } else if (guard->freed) {
        release(guard);
    }
}

/* Lets the next one ask that waits for this credential, if it may. */
static void ask_next(struct login_guard *guard, struct credential *credential)
{
    struct login_pass *pass = credential->waiting;
    if (pass == NULL || credential->asking || credential->trying || credential->going >= PROVEN_AT_ONCE)
        return;
    DL_DELETE(credential->waiting, pass);
    pass->step = ASKING;
    credential->asking = true;
    DL_APPEND(guard->jobs, pass);
}

/* The pass no longer counts for its credential, and another may ask in its place. */
static void detach(struct login_pass *pass)
{
    struct credential *credential = pass->credential;
    pass->credential = NULL;
    ask_next(pass->guard, credential);
    if (--credential->passes > 0)
        return;
    HASH_DEL(pass->guard->credentials, credential);
    secret_cleanse(credential->identity, sizeof credential->identity);
    free(credential);
}

static void leave_answered(struct login_pass *pass, enum login_outcome outcome,
                           void (*left)(void *arg, int64_t held_until_ms), void *arg)
{
    if (!has_gone(pass) && left == NULL) {
        detach(pass);
        discard(pass);
        return;
    }
    pass->step = LEAVING;
    pass->outcome = outcome;
    pass->left = left;
    pass->left_arg = arg;
    DL_APPEND(pass->guard->jobs, pass);
}

static void answered(struct login_pass *pass)
{
    struct credential *credential = pass->credential;
    credential->asking = false;
    if (has_gone(pass) && pass->begun.proven)
        credential->going++;
    else if (has_gone(pass))
        credential->trying = true;
    pass->step = ANSWERED;
    ask_next(pass->guard, credential);
    if (pass->taken_back) {
        leave_answered(pass, LOGIN_NOT_SENT, NULL, NULL);
        return;
    }
    struct login_answer answer = pass->found;
    char detail[ERR_MAX]; /* the pass may be left in the callback */
    snprintf(detail, sizeof detail, "%s", answer.detail);
    answer.detail = detail;
    pass->answer(pass->arg, &answer);
}

static void has_left(struct login_pass *pass)
{
    struct login_guard *guard = pass->guard;
    if (has_gone(pass) && pass->begun.proven)
        pass->credential->going--;
    else if (has_gone(pass))
        pass->credential->trying = false;
    detach(pass);
    if (pass->left != NULL && !guard->freed)
        pass->left(pass->left_arg, has_gone(pass) ? pass->held_until_ms : pass->found.until_ms);
    if (!has_gone(pass) || pass->recorded) {
        discard(pass);
        return;
    }
    log_warn("the outcome of a login is not recorded, and no other is made before it is: %s", pass->err.text);
    DL_APPEND(guard->unwritten, pass);
}

static void conclude(struct login_pass *pass)
{
    if (pass->step == ASKING)
        answered(pass);
    else
        has_left(pass);
}

/* The jobs that wait would not get any further, and each might wait for the file's lock as long as the one before it:
 * rounds, and the end of the agent, would have to wait for all of them. */
static void conclude_all(struct login_guard *guard, const struct err *why)
{
    struct login_pass *pass;
    size_t count = 0;
    DL_COUNT(guard->jobs, pass, count);
    for (; count > 0 && guard->jobs != NULL; count--) {
        pass = guard->jobs;
        DL_DELETE(guard->jobs, pass);
        pass->err = *why;
        fall_through(pass);
        conclude(pass);
    }
}

static void job_done(void *arg)
{
    struct login_guard *guard = arg;
    struct login_pass *pass = guard->running, *former, *next;
    guard->running = NULL;
    if (pass->recorded) {
        DL_FOREACH_SAFE(guard->unwritten, former, next)
            discard(former);
        guard->unwritten = NULL;
    }
    const bool shut = pass->shut;
    const struct err why = pass->err;
    conclude(pass);
    if (shut)
        conclude_all(guard, &why);
    guard->busy = false;
    next_job(guard);
}

static struct credential *credential_of(struct login_guard *guard, const unsigned char identity[SECRET_HASH_SIZE])
{
    struct credential *credential = NULL;
    HASH_FIND(hh, guard->credentials, identity, SECRET_HASH_SIZE, credential);
    if (credential == NULL) {
        credential = mem_alloc(sizeof *credential);
        memcpy(credential->identity, identity, SECRET_HASH_SIZE);
        HASH_ADD(hh, guard->credentials, identity, SECRET_HASH_SIZE, credential);
    }
    return credential;
}

struct login_pass *login_guard_enter(struct login_guard *guard, const char *username, const char *password,
                                     int64_t fresh_ms, int64_t timeout_ms,
                                     void (*answer)(void *arg, const struct login_answer *answer), void *arg)
{
    static const unsigned char PURPOSE[] = "fedhealth login";
    char *account = mem_strdup(username);
    text_lower(account);
    const char *const parts[] = {account, password};
    assert(!guard->freed);
    struct login_pass *pass = mem_alloc(sizeof *pass);
    *pass = (struct login_pass){.guard = guard, .step = WAITING, .fresh_ms = fresh_ms, .timeout_ms = timeout_ms,
                                .answer = answer, .arg = arg, .held_until_ms = TIME_ABSENT};
    secret_hash(pass->identity, PURPOSE, sizeof PURPOSE - 1, parts, 2);
    free(account);
    pass->credential = credential_of(guard, pass->identity);
    pass->credential->passes++;
    guard->open++;
    DL_APPEND(pass->credential->waiting, pass);
    ask_next(guard, pass->credential);
    next_job(guard);
    return pass;
}

/* Takes the question back. */
static void withdraw(struct login_pass *pass)
{
    struct login_guard *guard = pass->guard;
    struct credential *credential = pass->credential;
    if (pass == guard->running) {
        pass->taken_back = true;
        return;
    }
    if (pass->step == WAITING) {
        DL_DELETE(credential->waiting, pass);
    } else {
        DL_DELETE(guard->jobs, pass);
        credential->asking = false;
    }
    detach(pass);
    discard(pass);
}

void login_pass_leave(struct login_pass *pass, enum login_outcome outcome,
                      void (*left)(void *arg, int64_t held_until_ms), void *arg)
{
    struct login_guard *guard = pass->guard;
    assert(pass->step != LEAVING && !pass->taken_back);
    guard->open--;
    if (pass->step == ANSWERED)
        leave_answered(pass, outcome, left, arg);
    else
        withdraw(pass);
    next_job(guard);
}

void login_pass_forget(struct login_pass *pass)
{
    assert(pass->step == LEAVING);
    pass->left = NULL;
}

/* ---- the guard ---- */

struct login_guard *login_guard_new(struct loop *loop, const char *state_dir)
{
    struct login_guard *guard = mem_alloc(sizeof *guard);
    guard->loop = loop;
    guard->state_dir = mem_strdup(state_dir);
    return guard;
}

void login_guard_free(struct login_guard *guard)
{
    if (guard == NULL)
        return;
    assert(guard->open == 0);
    guard->freed = true;
    next_job(guard);
}
