#include "login/login_life.h"

#include <string.h>

#include "health/result.h"

void login_entry_init(struct login_entry *entry, const unsigned char hash[SECRET_HASH_SIZE])
{
    *entry = (struct login_entry){.state = LOGIN_UNPROVEN,
                                  .until_ms = TIME_ABSENT,
                                  .deadline_ms = TIME_ABSENT,
                                  .accepted_ms = TIME_ABSENT};
    memcpy(entry->hash, hash, SECRET_HASH_SIZE);
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_held_state(enum login_state state)
{
    return state == LOGIN_REFUSED || state == LOGIN_UNHEARD;
}

static void hold(struct login_entry *entry, enum login_state state, int64_t from_ms)
{
    entry->hold_ms = entry->hold_ms == 0 ? LOGIN_HOLD_FIRST_MS : lesser(2 * entry->hold_ms, LOGIN_HOLD_MOST_MS);
    entry->until_ms = from_ms + entry->hold_ms;
    entry->deadline_ms = TIME_ABSENT;
    entry->state = state;
}

static bool cut(int64_t *time_ms, int64_t most_ms)
{
    if (*time_ms <= most_ms)
        return false;
    *time_ms = most_ms;
    return true;
}

bool login_entry_settle(struct login_entry *entry, int64_t now_ms)
{
    bool changed = cut(&entry->accepted_ms, now_ms);
    if (entry->state == LOGIN_UNDER_WAY && entry->deadline_ms <= now_ms) {
        hold(entry, LOGIN_UNHEARD, entry->deadline_ms);
        changed = true;
    } else if (entry->state == LOGIN_UNDER_WAY) {
        changed |= cut(&entry->deadline_ms, now_ms + LOGIN_DEADLINE_MOST_MS);
    }
    if (is_held_state(entry->state))
        changed |= cut(&entry->until_ms, now_ms + entry->hold_ms);
    return changed;
}

int64_t login_entry_held_until_ms(const struct login_entry *entry, int64_t now_ms)
{
    return is_held_state(entry->state) && entry->until_ms > now_ms ? entry->until_ms : TIME_ABSENT;
}

bool login_entry_is_idle(const struct login_entry *entry, int64_t now_ms)
{
    return entry->state != LOGIN_UNDER_WAY && login_entry_held_until_ms(entry, now_ms) == TIME_ABSENT;
}

int64_t login_entry_latest_ms(const struct login_entry *entry)
{
    return greater(entry->until_ms, greater(entry->deadline_ms, entry->accepted_ms));
}

bool login_entry_ask(struct login_entry *entry, int64_t now_ms, int64_t fresh_ms, int64_t timeout_ms,
                     struct login_answer *answer, struct login_try *begun)
{
    *answer = (struct login_answer){
        .verdict = LOGIN_GO, .until_ms = TIME_ABSENT, .accepted_ms = entry->accepted_ms, .detail = ""};
    *begun = (struct login_try){.proven = entry->state == LOGIN_PROVEN};
    if (entry->state == LOGIN_PROVEN) {
        if (now_ms - entry->accepted_ms < fresh_ms)
            answer->verdict = LOGIN_KNOWN;
        return false;
    }
    if (entry->state == LOGIN_UNDER_WAY) {
        answer->verdict = LOGIN_HELD;
        answer->until_ms = entry->deadline_ms;
        answer->detail = "a login by another process is under way, or was when that ended";
        return false;
    }
    answer->until_ms = login_entry_held_until_ms(entry, now_ms);
    if (answer->until_ms != TIME_ABSENT) {
        answer->verdict = LOGIN_HELD;
        answer->rejected = entry->state == LOGIN_REFUSED;
        answer->detail = answer->rejected ? "an earlier login with this user name and password was rejected"
                                          : "an earlier login with this user name and password had no outcome";
        return false;
    }
    entry->state = LOGIN_UNDER_WAY;
    entry->deadline_ms =
        now_ms + lesser(lesser(timeout_ms, LOGIN_DEADLINE_MOST_MS) + LOGIN_DEADLINE_MARGIN_MS, LOGIN_DEADLINE_MOST_MS);
    begun->number = ++entry->tries;
    return true;
}

/* Whether what stands there now is this try, be it that its time was over before it told. */
static bool is_of(const struct login_entry *entry, const struct login_try *begun)
{
    return !begun->proven && entry->tries == begun->number &&
           (entry->state == LOGIN_UNDER_WAY || is_held_state(entry->state));
}

static bool tell_accepted(struct login_entry *entry, const struct login_try *begun, int64_t now_ms)
{
    if (entry->state == LOGIN_PROVEN && now_ms - entry->accepted_ms < LOGIN_ACCEPTED_STEP_MS)
        return false;
    entry->accepted_ms = now_ms;
    if (entry->state == LOGIN_UNPROVEN || is_of(entry, begun)) {
        entry->state = LOGIN_PROVEN;
        entry->hold_ms = 0;
        entry->until_ms = entry->deadline_ms = TIME_ABSENT;
    } /* else another was rejected since this one began, and its hold stands */
    return true;
}

static bool tell_held(struct login_entry *entry, const struct login_try *begun, enum login_state state, int64_t now_ms)
{
    bool anothers = entry->state == LOGIN_UNDER_WAY && !is_of(entry, begun);
    if (anothers || login_entry_held_until_ms(entry, now_ms) != TIME_ABSENT)
        return false; /* several that were begun before the first rejection make one hold */
    hold(entry, state, now_ms);
    return true;
}

static bool tell_nothing(struct login_entry *entry, const struct login_try *begun, int64_t now_ms)
{
    if (!is_of(entry, begun))
        return false;
    entry->state = entry->hold_ms > 0 ? LOGIN_REFUSED : LOGIN_UNPROVEN;
    entry->deadline_ms = TIME_ABSENT;
    if (entry->state == LOGIN_REFUSED)
        cut(&entry->until_ms, now_ms);
    return true;
}

bool login_entry_tell(struct login_entry *entry, const struct login_try *begun, enum login_outcome outcome,
                      int64_t now_ms)
{
    switch (outcome) {
    case LOGIN_ACCEPTED: return tell_accepted(entry, begun, now_ms);
    case LOGIN_REJECTED: return tell_held(entry, begun, LOGIN_REFUSED, now_ms);
    case LOGIN_NOT_SENT:
    case LOGIN_NO_VERDICT: return tell_nothing(entry, begun, now_ms);
    case LOGIN_UNCLEAR:
        return !begun->proven && entry->state != LOGIN_PROVEN &&
               tell_held(entry, begun, LOGIN_UNHEARD, now_ms);
    }
    return false;
}
