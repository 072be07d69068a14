#define LOG_SUBSYSTEM "store"
#include "store/keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define GATHER_US INT64_C(1000000)
#define PAUSE_FACTOR 10 /* times as long as the latest saving took */
#define RETRY_US INT64_C(30000000)

struct keeper {
    keeper_save save;
    void *arg;
    pthread_t thread;
    pthread_mutex_t saving; /* held while `save` runs; taken before `lock` */
    pthread_mutex_t lock;   /* of everything below */
    pthread_cond_t wake;
    uint64_t changes, saved_changes; /* so many there were, and so many of them are saved */
    int64_t due_us;                  /* of the next saving, where there are unsaved changes */
    int64_t not_before_us;
    enum tri saved;
    bool ending;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void note_saved(struct keeper *keeper, uint64_t changes, int64_t took_us, const struct err *failure)
{
    int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&keeper->lock);
    enum tri before = keeper->saved;
    keeper->saved = failure == NULL ? TRI_YES : TRI_NO;
    if (failure == NULL)
        keeper->saved_changes = changes;
    keeper->not_before_us = now_us + (failure == NULL ? took_us * PAUSE_FACTOR : RETRY_US);
    keeper->due_us = later(now_us + GATHER_US, keeper->not_before_us);
    pthread_mutex_unlock(&keeper->lock);
    if (failure != NULL && before != TRI_NO)
        log_warn("state is not saved: %s", failure->text);
    if (failure == NULL && before == TRI_NO)
        log_info("state is saved again");
}

/* Saves unless everything is saved. */
static void save(struct keeper *keeper)
{
    struct err err = {0};
    pthread_mutex_lock(&keeper->saving);
    pthread_mutex_lock(&keeper->lock);
    uint64_t changes = keeper->changes;
    bool wanted = changes != keeper->saved_changes;
    pthread_mutex_unlock(&keeper->lock);
    if (wanted) {
        int64_t begun_us = clock_mono_us();
        bool good = keeper->save(keeper->arg, &err);
        note_saved(keeper, changes, clock_mono_us() - begun_us, good ? NULL : &err);
    }
    pthread_mutex_unlock(&keeper->saving);
}

/* With the lock held: waits until saving is due. False when the thread is to end. */
static bool wait_until_due(struct keeper *keeper)
{
    while (!keeper->ending) {
        if (keeper->changes == keeper->saved_changes) {
            pthread_cond_wait(&keeper->wake, &keeper->lock);
        } else if (clock_mono_us() >= keeper->due_us) {
            return true;
        } else {
            struct timespec due = {.tv_sec = (time_t)(keeper->due_us / 1000000),
                                   .tv_nsec = (long)(keeper->due_us % 1000000) * 1000};
            pthread_cond_timedwait(&keeper->wake, &keeper->lock, &due);
        }
    }
    return false;
}

static void *run(void *arg)
{
    struct keeper *keeper = arg;
    for (;;) {
        pthread_mutex_lock(&keeper->lock);
        bool due = wait_until_due(keeper);
        pthread_mutex_unlock(&keeper->lock);
        if (!due)
            return NULL;
        save(keeper);
    }
}

static void release(struct keeper *keeper)
{
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    pthread_mutex_destroy(&keeper->saving);
    free(keeper);
}

struct keeper *keeper_new(keeper_save save_all, void *arg, struct err *err)
{
    struct keeper *keeper = mem_alloc(sizeof *keeper);
    keeper->save = save_all;
    keeper->arg = arg;
    keeper->changes = 1;
    keeper->due_us = clock_mono_us() + GATHER_US;
    pthread_mutex_init(&keeper->saving, NULL);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&keeper->thread, NULL, run, keeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0) {
        err_set(err, "cannot start a thread: %s", strerror(failure));
        release(keeper);
        return NULL;
    }
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->ending = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    save(keeper);
    release(keeper);
}

void keeper_changed(struct keeper *keeper)
{
    int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&keeper->lock);
    if (keeper->changes++ == keeper->saved_changes) {
        keeper->due_us = later(now_us + GATHER_US, keeper->not_before_us);
        pthread_cond_signal(&keeper->wake);
    }
    pthread_mutex_unlock(&keeper->lock);
}

void keeper_flush(struct keeper *keeper)
{
    save(keeper);
}

enum tri keeper_saved(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    enum tri saved = keeper->saved;
    pthread_mutex_unlock(&keeper->lock);
    return saved;
}
