#include "exporters/snmp/notice.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "base/text.h"
#include "exporters/snmp/cell.h"

#define TOKEN_US (INT64_C(1000000) / NOTICE_PER_SECOND)
#define TEXT_MAX (CELL_TEXT_MAX + 4) /* a text that is cut to it is still long enough to be cut again, and marked so */

/* What is known of one kind of notification about one domain or node. */
struct slot {
    enum notification_kind kind;
    uint32_t index;
    enum state told;   /* what the manager was told last; STATE_NONE: nothing. Only of the two kinds for states */
    int64_t told_us;   /* when */
    bool heard;        /* it is sure to have been told so */
    bool waiting;      /* `notification` is to be sent */
    bool held;         /* it has been counted as suppressed already */
    struct notification notification; /* its texts are owned; of what is gone it stays, since nobody offers it again */
    TAILQ_ENTRY(slot) queue;
};

TAILQ_HEAD(slot_queue, slot);

struct snmp_notices {
    pthread_mutex_t lock; /* of everything */
    bool on;
    int wake_fd;
    struct slot **slots; /* owned, in ascending order of kind and index */
    size_t count, capacity;
    struct slot_queue queue; /* those that wait, in the order of their coming */
    size_t fresh;            /* of these, not held */
    int64_t credit_us;       /* a token for each TOKEN_US */
    int64_t filled_us;       /* when it was counted; 0: never, and it is full */
    struct notification_counts counts;
};

struct snmp_notices *snmp_notices_new(void)
{
    struct snmp_notices *notices = mem_alloc(sizeof *notices);
    pthread_mutex_init(&notices->lock, NULL);
    notices->wake_fd = -1;
    notices->credit_us = NOTICE_BURST * TOKEN_US;
    TAILQ_INIT(&notices->queue);
    return notices;
}

static void texts_free(struct notification *notification)
{
    free((char *)notification->name);
    free((char *)notification->target);
    free((char *)notification->address);
    notification_fini(notification);
    *notification = (struct notification){.name = NULL};
}

static char *text_copy(const char *text)
{
    return text != NULL ? text_clean(text, TEXT_MAX) : NULL;
}

static void texts_copy(struct notification *to, const struct notification *from)
{
    *to = *from;
    to->name = text_copy(from->name);
    to->target = text_copy(from->target);
    to->address = text_copy(from->address);
    to->detail = text_copy(from->detail);
}

void notice_fini(struct notice *notice)
{
    texts_free(&notice->notification);
}

static void clear(struct snmp_notices *notices)
{
    for (size_t i = 0; i < notices->count; i++) {
        texts_free(&notices->slots[i]->notification);
        free(notices->slots[i]);
    }
    free(notices->slots);
    notices->slots = NULL;
    notices->count = notices->capacity = notices->fresh = 0;
    TAILQ_INIT(&notices->queue);
}

void snmp_notices_free(struct snmp_notices *notices)
{
    if (notices == NULL)
        return;
    clear(notices);
    pthread_mutex_destroy(&notices->lock);
    free(notices);
}

void snmp_notices_switch(struct snmp_notices *notices, bool served, bool on)
{
    pthread_mutex_lock(&notices->lock);
    notices->counts.known = served;
    notices->on = on;
    if (!on)
        clear(notices);
    pthread_mutex_unlock(&notices->lock);
}

void snmp_notices_count(struct snmp_notices *notices, struct notification_counts *counts)
{
    pthread_mutex_lock(&notices->lock);
    *counts = notices->counts;
    pthread_mutex_unlock(&notices->lock);
}

/* The position of the slot, or the one where it should be. */
static size_t position(const struct snmp_notices *notices, enum notification_kind kind, uint32_t index)
{
    size_t low = 0, high = notices->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct slot *slot = notices->slots[middle];
        if (slot->kind < kind || (slot->kind == kind && slot->index < index))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct slot *find(const struct snmp_notices *notices, enum notification_kind kind, uint32_t index)
{
    size_t at = position(notices, kind, index);
    if (at == notices->count || notices->slots[at]->kind != kind || notices->slots[at]->index != index)
        return NULL;
    return notices->slots[at];
}

static struct slot *add(struct snmp_notices *notices, enum notification_kind kind, uint32_t index)
{
    size_t at = position(notices, kind, index);
    if (notices->count == notices->capacity) {
        notices->capacity = notices->capacity > 0 ? 2 * notices->capacity : 16;
        notices->slots = mem_resize(notices->slots, notices->capacity, sizeof(struct slot *));
    }
    memmove(notices->slots + at + 1, notices->slots + at, (notices->count++ - at) * sizeof(struct slot *));
    struct slot *slot = notices->slots[at] = mem_alloc(sizeof *slot);
    slot->kind = kind;
    slot->index = index;
    return slot;
}

/* One takes its number without being sent. */
static void suppress(struct snmp_notices *notices)
{
    notices->counts.last_sequence++;
    notices->counts.suppressed++;
}

static void hold_back(struct snmp_notices *notices, struct slot *slot)
{
    if (!slot->held) {
        suppress(notices);
        notices->fresh--;
    }
    slot->held = true;
}

/* Takes the slot out of the queue; its texts stay. */
static void unqueue(struct snmp_notices *notices, struct slot *slot)
{
    TAILQ_REMOVE(&notices->queue, slot, queue);
    notices->fresh -= !slot->held;
    slot->waiting = slot->held = false;
}

/* What waited is overtaken, or of no use any more. */
static void drop(struct snmp_notices *notices, struct slot *slot)
{
    hold_back(notices, slot);
    unqueue(notices, slot);
    texts_free(&slot->notification);
}

/* In the place of what waits, if anything does. */
static void wait_with(struct snmp_notices *notices, struct slot *slot, const struct notification *notification)
{
    if (slot->waiting) {
        hold_back(notices, slot);
        texts_free(&slot->notification);
    } else {
        texts_free(&slot->notification);
        TAILQ_INSERT_TAIL(&notices->queue, slot, queue);
    }
    texts_copy(&slot->notification, notification);
    slot->waiting = true;
    slot->held = false;
    notices->fresh++;
}

/* Newer words for what waits. */
static void refresh(struct slot *slot, const struct notification *notification)
{
    const struct notification former = slot->notification;
    texts_free(&slot->notification);
    texts_copy(&slot->notification, notification);
    slot->notification.previous = former.previous;
    slot->notification.first = former.first;
}

/* A state that has not changed. */
static void put_standing(struct snmp_notices *notices, struct slot *slot, const struct notification *notification)
{
    bool is_unknown_to_it = slot == NULL || (slot->told == STATE_NONE && !slot->waiting);
    if (is_unknown_to_it && notification->state == STATE_OK && !notification->doubtful)
        return;
    if (slot == NULL)
        slot = add(notices, notification->kind, notification->index);
    if (!slot->waiting && (slot->told != notification->state || !slot->heard))
        wait_with(notices, slot, notification);
    else if (slot->waiting && slot->notification.state == notification->state)
        refresh(slot, notification);
}

/* Whether the manager knows this state, whatever waits. Of a state that is as old as a former run of the agent it was
 * told then. */
static bool is_known(const struct slot *slot, enum state state)
{
    if (slot->told != STATE_NONE)
        return slot->told == state && slot->heard;
    return state == STATE_OK && (slot->notification.first || slot->notification.previous == STATE_OK);
}

static void put_transition(struct snmp_notices *notices, struct slot *slot, const struct notification *notification)
{
    if (slot == NULL)
        slot = add(notices, notification->kind, notification->index);
    if (!slot->waiting) {
        wait_with(notices, slot, notification);
        return;
    }
    if (is_known(slot, notification->state)) {
        drop(notices, slot);
        suppress(notices);
        return;
    }
    struct notification chained = *notification;
    chained.previous = slot->told != STATE_NONE ? slot->told : slot->notification.previous;
    chained.first = slot->notification.first;
    wait_with(notices, slot, &chained);
}

/* Only who knows of it need be told that it is gone. */
static void put_gone(struct snmp_notices *notices, struct slot *slot, const struct notification *notification)
{
    struct notification chained = *notification;
    bool is_sure = slot == NULL || slot->told == STATE_NONE || slot->heard;
    if (slot != NULL && slot->told != STATE_NONE) {
        chained.previous = slot->told;
        chained.first = false;
    } else if (slot != NULL && slot->waiting) {
        chained.previous = slot->notification.previous;
        chained.first = slot->notification.first;
    }
    if (!is_sure || (chained.previous != STATE_OK && !chained.first))
        wait_with(notices, slot != NULL ? slot : add(notices, notification->kind, notification->index), &chained);
    else if (slot != NULL && slot->waiting)
        drop(notices, slot);
}

static void put(struct snmp_notices *notices, const struct notification *notification)
{
    const bool is_state =
        notification->kind == NOTIFICATION_DOMAIN_STATE || notification->kind == NOTIFICATION_NODE_STATE;
    struct slot *slot = find(notices, notification->kind, notification->index);
    if (slot != NULL && !slot->waiting)
        texts_free(&slot->notification); /* of what was gone, and is configured again */
    if (!is_state)
        wait_with(notices, slot != NULL ? slot : add(notices, notification->kind, notification->index), notification);
    else if (notification->gone)
        put_gone(notices, slot, notification);
    else if (notification->state == notification->previous)
        put_standing(notices, slot, notification);
    else
        put_transition(notices, slot, notification);
}

void snmp_notices_put(struct snmp_notices *notices, const struct notification *notification)
{
    pthread_mutex_lock(&notices->lock);
    if (notices->on) {
        put(notices, notification);
        if (notices->fresh > 0 && notices->wake_fd >= 0)
            eventfd_write(notices->wake_fd, 1);
    }
    pthread_mutex_unlock(&notices->lock);
}

void notices_wake(struct snmp_notices *notices, int fd)
{
    pthread_mutex_lock(&notices->lock);
    notices->wake_fd = fd;
    pthread_mutex_unlock(&notices->lock);
}

/* Nobody offers it again. */
static void repeat_gone(struct snmp_notices *notices, struct slot *slot)
{
    slot->notification.previous = slot->notification.state;
    slot->waiting = true;
    TAILQ_INSERT_TAIL(&notices->queue, slot, queue);
    notices->fresh++;
}

void notices_lost(struct snmp_notices *notices, int64_t now_us)
{
    pthread_mutex_lock(&notices->lock);
    size_t kept = 0;
    for (size_t i = 0; i < notices->count; i++) {
        struct slot *slot = notices->slots[i];
        bool is_in_doubt = slot->told != STATE_NONE &&
                           (slot->told != STATE_OK || !slot->heard || now_us - slot->told_us < NOTICE_DOUBT_US);
        slot->heard = false;
        if (slot->notification.gone && !slot->waiting && is_in_doubt)
            repeat_gone(notices, slot);
        if (slot->waiting || is_in_doubt) {
            notices->slots[kept++] = slot;
        } else {
            texts_free(&slot->notification);
            free(slot);
        }
    }
    notices->count = kept;
    pthread_mutex_unlock(&notices->lock);
}

void notices_stand(struct snmp_notices *notices, const struct status *status)
{
    for (enum subject_kind kind = SUBJECT_DOMAIN; kind <= SUBJECT_NODE; kind++) {
        for (size_t i = 0; i < subject_count(status, kind); i++) {
            const struct subject subject = subject_at(status, kind, i);
            struct notification notification;
            if (!notification_standing(&subject, &notification))
                continue;
            pthread_mutex_lock(&notices->lock);
            if (notices->on)
                put(notices, &notification);
            pthread_mutex_unlock(&notices->lock);
            notification_fini(&notification);
        }
    }
}

static void fill(struct snmp_notices *notices, int64_t now_us)
{
    if (notices->filled_us != 0 && now_us > notices->filled_us)
        notices->credit_us += now_us - notices->filled_us;
    if (notices->credit_us > NOTICE_BURST * TOKEN_US)
        notices->credit_us = NOTICE_BURST * TOKEN_US;
    notices->filled_us = now_us;
}

/* The first of the queue is on its way to the manager. */
static void hand_over(struct snmp_notices *notices, int64_t now_us, struct notice *notice)
{
    struct slot *slot = TAILQ_FIRST(&notices->queue);
    notices->credit_us -= TOKEN_US;
    notices->counts.sent++;
    *notice = (struct notice){slot->notification, ++notices->counts.last_sequence};
    unqueue(notices, slot);
    slot->notification = (struct notification){.name = NULL};
    if (notice->notification.gone)
        texts_copy(&slot->notification, &notice->notification);
    slot->told = notice->notification.gone ? STATE_OK : notice->notification.state;
    slot->told_us = now_us;
    slot->heard = true;
}

static void hold_all_back(struct snmp_notices *notices)
{
    struct slot *slot;
    TAILQ_FOREACH_REVERSE(slot, &notices->queue, slot_queue, queue) {
        if (notices->fresh == 0)
            break;
        hold_back(notices, slot);
    }
}

bool notices_take(struct snmp_notices *notices, int64_t now_us, struct notice *notice)
{
    pthread_mutex_lock(&notices->lock);
    fill(notices, now_us);
    bool may_send = !TAILQ_EMPTY(&notices->queue) && notices->credit_us >= TOKEN_US;
    if (may_send)
        hand_over(notices, now_us, notice);
    else
        hold_all_back(notices);
    pthread_mutex_unlock(&notices->lock);
    return may_send;
}

int64_t notices_due_us(struct snmp_notices *notices, int64_t now_us)
{
    pthread_mutex_lock(&notices->lock);
    fill(notices, now_us);
    int64_t due_us = notices->credit_us >= TOKEN_US ? 0 : TOKEN_US - notices->credit_us;
    if (TAILQ_EMPTY(&notices->queue))
        due_us = -1;
    pthread_mutex_unlock(&notices->lock);
    return due_us;
}
