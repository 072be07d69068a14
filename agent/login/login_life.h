/* The life of one credential: what is known of it, what may be done with it now, and what an outcome changes. See
 * login_guard.h for the rules. No I/O, no clock of its own; times are wall clock in milliseconds, or TIME_ABSENT. */
#ifndef LOGIN_LOGIN_LIFE_H
#define LOGIN_LOGIN_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "login/login_guard.h"
#include "login/secret.h"

/* A login under way is waited for at most so long. */
#define LOGIN_DEADLINE_MOST_MS (INT64_C(3600) * 1000)
/* What its process may take beside the login itself, such as waiting for the disk. */
#define LOGIN_DEADLINE_MARGIN_MS (INT64_C(60) * 1000)
/* The time of the latest accepted login is known to within this, so that steady polling costs no writes. */
#define LOGIN_ACCEPTED_STEP_MS (INT64_C(5) * 60 * 1000)

enum login_state {
    LOGIN_UNPROVEN, /* nothing is known: not kept */
    LOGIN_UNDER_WAY,
    LOGIN_PROVEN,
    LOGIN_REFUSED, /* by a server: held until `until_ms`, or due for one try behind it */
    LOGIN_UNHEARD, /* held likewise, since its outcome was never heard */
    LOGIN_STATE_COUNT
};

struct login_entry {
    unsigned char hash[SECRET_HASH_SIZE];
    enum login_state state;
    int64_t tries;       /* logins that were begun while it was not proven */
    int64_t hold_ms;     /* how long the latest hold is or was; 0: none since it was last accepted */
    int64_t until_ms;    /* when it ends or ended */
    int64_t deadline_ms; /* LOGIN_UNDER_WAY: after this it counts as rejected */
    int64_t accepted_ms; /* the latest login that was accepted */
};

/* A login that was begun. */
struct login_try {
    bool proven;    /* with a credential that was */
    int64_t number; /* else: the entry's `tries` then */
};

void login_entry_init(struct login_entry *entry, const unsigned char hash[SECRET_HASH_SIZE]);

/* Brings the entry up to now: a login under way whose time is over becomes a rejected one, and times that only a clock
 * that has jumped can have made are cut. True: it changed. To be called before anything below. */
bool login_entry_settle(struct login_entry *entry, int64_t now_ms);

/* Whether it may be forgotten to make room for others: never while it is held or under way. */
bool login_entry_is_idle(const struct login_entry *entry, int64_t now_ms);
int64_t login_entry_latest_ms(const struct login_entry *entry); /* when it last counted for something */
/* Until when it is held; TIME_ABSENT: it is not. */
int64_t login_entry_held_until_ms(const struct login_entry *entry, int64_t now_ms);

/* Fills in the answer, beside `detail` "" or a text of static storage, and with LOGIN_GO `begun`. True: the entry
 * changed, and is to be on disk before the login is sent. */
bool login_entry_ask(struct login_entry *entry, int64_t now_ms, int64_t fresh_ms, int64_t timeout_ms,
                     struct login_answer *answer, struct login_try *begun);

/* How it ended. True: the entry changed. */
bool login_entry_tell(struct login_entry *entry, const struct login_try *begun, enum login_outcome outcome,
                      int64_t now_ms);

#endif
