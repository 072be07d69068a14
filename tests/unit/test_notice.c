/* Which notifications go to the manager, when, and with which number: by a clock that the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "exporters/snmp/notice.h"

#define START_US INT64_C(5000000000)
#define SECOND_US INT64_C(1000000)
#define OK STATE_OK
#define WARN STATE_WARNING
#define CRIT STATE_CRITICAL
#define UNKNOWN STATE_UNKNOWN

static int64_t now_us;

static int start(void **state)
{
    struct snmp_notices *notices = snmp_notices_new();
    now_us = START_US;
    snmp_notices_switch(notices, true, true);
    *state = notices;
    return 0;
}

static int end(void **state)
{
    struct notification_counts counts;
    snmp_notices_count(*state, &counts);
    assert_int_equal(counts.sent + counts.suppressed, counts.last_sequence);
    snmp_notices_free(*state);
    return 0;
}

static void put_as(struct snmp_notices *notices, uint32_t domain, struct notification notification)
{
    char name[32];
    snprintf(name, sizeof name, "d%u.example", domain);
    notification.kind = NOTIFICATION_DOMAIN_STATE;
    notification.index = domain;
    notification.name = name;
    snmp_notices_put(notices, &notification);
}

static void put(struct snmp_notices *notices, uint32_t domain, enum state previous, enum state now)
{
    put_as(notices, domain, (struct notification){.state = now, .previous = previous});
}

static void put_first(struct snmp_notices *notices, uint32_t domain, enum state now)
{
    put_as(notices, domain, (struct notification){.state = now, .previous = UNKNOWN, .first = true});
}

static void put_gone(struct snmp_notices *notices, uint32_t domain, enum state confirmed)
{
    put_as(notices, domain, (struct notification){.state = UNKNOWN, .previous = confirmed, .gone = true});
}

static void put_event(struct snmp_notices *notices, enum notification_kind kind, uint32_t node, const char *detail)
{
    const struct notification notification = {.kind = kind, .index = node, .name = "cups.example", .state = CRIT,
                                              .previous = CRIT, .detail = (char *)detail};
    snmp_notices_put(notices, &notification);
}

static void expect_sent(struct snmp_notices *notices, uint32_t domain, enum state previous, enum state now,
                        uint32_t sequence)
{
    struct notice notice;
    assert_true(notices_take(notices, now_us, &notice));
    assert_int_equal(notice.notification.index, domain);
    assert_int_equal(notice.notification.previous, previous);
    assert_int_equal(notice.notification.state, now);
    assert_int_equal(notice.sequence, sequence);
    notice_fini(&notice);
}

static void expect_none(struct snmp_notices *notices)
{
    struct notice notice;
    assert_false(notices_take(notices, now_us, &notice));
}

static void expect_counts(struct snmp_notices *notices, uint64_t sent, uint64_t suppressed)
{
    struct notification_counts counts;
    snmp_notices_count(notices, &counts);
    assert_true(counts.known);
    assert_int_equal(counts.sent, sent);
    assert_int_equal(counts.suppressed, suppressed);
}

static void test_each_goes_once(void **state)
{
    struct snmp_notices *notices = *state;
    assert_int_equal(notices_due_us(notices, now_us), -1);
    put(notices, 9, UNKNOWN, CRIT);
    put(notices, 3, OK, WARN);
    assert_int_equal(notices_due_us(notices, now_us), 0);
    expect_sent(notices, 9, UNKNOWN, CRIT, 1);
    expect_sent(notices, 3, OK, WARN, 2);
    expect_none(notices);
    put(notices, 9, CRIT, OK);
    expect_sent(notices, 9, CRIT, OK, 3);
    expect_counts(notices, 3, 0);
}

/* Rounds find the same again: only who has not heard it is told. */
static void test_standing(void **state)
{
    struct snmp_notices *notices = *state;
    put(notices, 1, OK, OK);
    expect_none(notices);
    put(notices, 2, CRIT, CRIT); /* as after a restart of the agent */
    expect_sent(notices, 2, CRIT, CRIT, 1);
    put(notices, 2, CRIT, CRIT);
    expect_none(notices);
    put(notices, 3, OK, CRIT);
    put(notices, 3, CRIT, CRIT); /* the next round, before it was sent */
    expect_sent(notices, 3, OK, CRIT, 2);
    put(notices, 3, CRIT, CRIT);
    expect_none(notices);
    expect_counts(notices, 2, 0);
}

/* While nobody takes them the newest replaces the one before; what is again as the manager knows it goes. */
static void test_overtaken(void **state)
{
    struct snmp_notices *notices = *state;
    put(notices, 1, UNKNOWN, CRIT);
    put(notices, 1, CRIT, WARN);
    expect_sent(notices, 1, UNKNOWN, WARN, 2);
    put(notices, 1, WARN, CRIT);
    put(notices, 1, CRIT, WARN);
    expect_none(notices);
    put(notices, 2, OK, CRIT);
    put(notices, 2, CRIT, OK);
    expect_none(notices);
    put(notices, 2, OK, OK);
    expect_none(notices);
    put(notices, 2, OK, CRIT);
    expect_sent(notices, 2, OK, CRIT, 7);
    expect_counts(notices, 2, 5);
}

/* Events have no state that could be known: the newest of each kind. */
static void test_events(void **state)
{
    struct snmp_notices *notices = *state;
    put_event(notices, NOTIFICATION_S2S_CHANGED, 1, "came: a");
    put_event(notices, NOTIFICATION_RESTART_PENDING, 1, NULL);
    put_event(notices, NOTIFICATION_S2S_CHANGED, 1, "came: b");
    struct notice notice;
    assert_true(notices_take(notices, now_us, &notice));
    assert_string_equal(notice.notification.detail, "came: b");
    notice_fini(&notice);
    assert_true(notices_take(notices, now_us, &notice));
    assert_int_equal(notice.notification.kind, NOTIFICATION_RESTART_PENDING);
    notice_fini(&notice);
    put_event(notices, NOTIFICATION_RESTART_PENDING, 1, NULL);
    expect_sent(notices, 1, CRIT, CRIT, 4);
    expect_counts(notices, 3, 1);
}

/* Far more at once than may go: the rest follows as time goes by, and then as it is by then. */
static void test_rate(void **state)
{
    struct snmp_notices *notices = *state;
    const uint32_t count = 3 * NOTICE_BURST;
    for (uint32_t i = 1; i <= count; i++)
        put(notices, i, OK, CRIT);
    for (uint32_t i = 1; i <= NOTICE_BURST; i++)
        expect_sent(notices, i, OK, CRIT, i);
    expect_none(notices);
    expect_counts(notices, NOTICE_BURST, count - NOTICE_BURST);
    assert_int_equal(notices_due_us(notices, now_us), SECOND_US / NOTICE_PER_SECOND);

    put(notices, NOTICE_BURST + 1, CRIT, OK); /* nobody heard of it */
    put(notices, NOTICE_BURST + 2, CRIT, WARN);
    put(notices, 1, CRIT, OK);
    expect_none(notices);
    uint32_t sequence = count + 3;
    expect_counts(notices, NOTICE_BURST, sequence - NOTICE_BURST);
    expect_none(notices); /* each is counted once */
    expect_counts(notices, NOTICE_BURST, sequence - NOTICE_BURST);

    now_us += SECOND_US / NOTICE_PER_SECOND;
    expect_sent(notices, NOTICE_BURST + 2, OK, WARN, ++sequence);
    expect_none(notices);
    now_us += SECOND_US;
    for (uint32_t i = 0; i < NOTICE_PER_SECOND; i++)
        expect_sent(notices, NOTICE_BURST + 3 + i, OK, CRIT, ++sequence);
    expect_none(notices);
    now_us += 3600 * SECOND_US; /* no more than a burst at a time */
    for (uint32_t i = 0; i < NOTICE_BURST; i++)
        expect_sent(notices, NOTICE_BURST + 3 + NOTICE_PER_SECOND + i, OK, CRIT, ++sequence);
    expect_none(notices);
    now_us += 3600 * SECOND_US;
    for (uint32_t i = NOTICE_BURST + 3 + NOTICE_PER_SECOND + NOTICE_BURST; i <= count; i++)
        expect_sent(notices, i, OK, CRIT, ++sequence);
    expect_sent(notices, 1, CRIT, OK, ++sequence);
    expect_none(notices);
}

/* The domains of a status, whose states are these. */
static void stand(struct snmp_notices *notices, const enum state *states, size_t count)
{
    struct domain_result result = {.finished_ms = 1};
    struct domain_status *domains = mem_array(count, sizeof *domains), **list = mem_array(count, sizeof *list);
    struct status status = {.domain_count = count, .domains = list};
    for (size_t i = 0; i < count; i++) {
        domains[i] = (struct domain_status){.index = (uint32_t)i + 1, .name = "x.example", .state = states[i],
                                            .confirmed = states[i], .latest = &result};
        list[i] = &domains[i];
    }
    notices_stand(notices, &status);
    free(list);
    free(domains);
}

/* The way to the manager is lost and found: what is not ok is told again, and ok where that may not have arrived. */
static void test_lost_and_found(void **state)
{
    struct snmp_notices *notices = *state;
    for (uint32_t i = 1; i <= 4; i++)
        put(notices, i, OK, CRIT);
    for (uint32_t i = 1; i <= 4; i++)
        expect_sent(notices, i, OK, CRIT, i);
    put(notices, 2, CRIT, OK);
    expect_sent(notices, 2, CRIT, OK, 5);
    now_us += NOTICE_DOUBT_US;
    put(notices, 3, CRIT, OK);
    expect_sent(notices, 3, CRIT, OK, 6);
    now_us += SECOND_US;
    notices_lost(notices, now_us);
    notices_lost(notices, now_us + NOTICE_DOUBT_US); /* once more, before anything could be told */
    put(notices, 4, CRIT, OK); /* over while nobody could be told */
    put(notices, 5, OK, CRIT);
    put(notices, 6, OK, CRIT);
    put(notices, 6, CRIT, OK);
    put(notices, 1, CRIT, WARN);
    put(notices, 1, WARN, CRIT);
    const enum state now[] = {CRIT, OK, OK, OK, CRIT, OK, OK, WARN};
    stand(notices, now, 8);
    expect_sent(notices, 4, CRIT, OK, 10);
    expect_sent(notices, 5, OK, CRIT, 11);
    expect_sent(notices, 1, CRIT, CRIT, 12);
    expect_sent(notices, 3, OK, OK, 13);
    expect_sent(notices, 8, WARN, WARN, 14);
    expect_none(notices);
    stand(notices, now, 8);
    expect_none(notices);
    notices_lost(notices, now_us);
    stand(notices, now, 8);
    expect_sent(notices, 1, CRIT, CRIT, 15);
    expect_counts(notices, 12, 3);
    notices_lost(notices, now_us + NOTICE_DOUBT_US);
}

/* A domain that is no longer configured leaves no alarm behind. */
static void test_gone(void **state)
{
    struct snmp_notices *notices = *state;
    for (uint32_t i = 1; i <= 3; i++)
        put(notices, i, OK, CRIT);
    expect_sent(notices, 1, OK, CRIT, 1);
    for (uint32_t i = 1; i <= 3; i++)
        put_gone(notices, i, CRIT);
    put_gone(notices, 4, OK);
    expect_sent(notices, 1, CRIT, UNKNOWN, 4);
    expect_none(notices);
    expect_counts(notices, 2, 2);
}

/* What went may have been lost with the manager, and nobody offers it again. */
static void test_gone_and_lost(void **state)
{
    struct snmp_notices *notices = *state;
    for (uint32_t i = 1; i <= 4; i++)
        put(notices, i, OK, CRIT);
    for (uint32_t i = 1; i <= 4; i++)
        expect_sent(notices, i, OK, CRIT, i);
    put_gone(notices, 1, CRIT);
    expect_sent(notices, 1, CRIT, UNKNOWN, 5);
    now_us += NOTICE_DOUBT_US;
    put_gone(notices, 2, CRIT);
    expect_sent(notices, 2, CRIT, UNKNOWN, 6);
    put_gone(notices, 3, CRIT);
    expect_sent(notices, 3, CRIT, UNKNOWN, 7);
    put(notices, 3, OK, OK); /* configured again */
    put(notices, 4, CRIT, OK);
    expect_sent(notices, 4, CRIT, OK, 8);
    notices_lost(notices, now_us);
    notices_lost(notices, now_us);
    put_gone(notices, 4, OK); /* an ok that may not have arrived */
    expect_sent(notices, 2, UNKNOWN, UNKNOWN, 9);
    expect_sent(notices, 4, OK, UNKNOWN, 10);
    expect_none(notices);
    notices_lost(notices, now_us + NOTICE_DOUBT_US);
    expect_none(notices);
}

/* What the manager was told by a former run of the agent, which nobody knows any more. */
static void test_former_run(void **state)
{
    struct snmp_notices *notices = *state;
    put(notices, 1, CRIT, CRIT);
    put(notices, 1, CRIT, OK); /* before the manager could be told */
    expect_sent(notices, 1, CRIT, OK, 2);
    put(notices, 2, CRIT, WARN);
    put(notices, 2, WARN, OK);
    expect_sent(notices, 2, CRIT, OK, 4);
    put_first(notices, 3, CRIT);
    put(notices, 3, CRIT, CRIT);
    put(notices, 3, CRIT, OK);
    expect_none(notices);
    put(notices, 4, CRIT, WARN);
    put_gone(notices, 4, WARN);
    expect_sent(notices, 4, CRIT, UNKNOWN, 8);
    put_gone(notices, 5, CRIT); /* not looked at yet */
    expect_sent(notices, 5, CRIT, UNKNOWN, 9);
    put_first(notices, 6, WARN);
    put_gone(notices, 6, WARN);
    expect_none(notices);
    for (int i = 0; i < 2; i++)
        put_as(notices, 7, (struct notification){.state = OK, .previous = OK, .doubtful = true});
    expect_sent(notices, 7, OK, OK, 11);
    expect_none(notices);
}

static void test_off(void **state)
{
    struct snmp_notices *notices = *state;
    struct notification_counts counts;
    put(notices, 1, OK, CRIT);
    snmp_notices_switch(notices, false, false);
    put(notices, 2, OK, CRIT);
    expect_none(notices);
    snmp_notices_count(notices, &counts);
    assert_false(counts.known);
    snmp_notices_switch(notices, true, false);
    put(notices, 3, OK, CRIT);
    expect_none(notices);
    snmp_notices_count(notices, &counts);
    assert_true(counts.known && counts.sent == 0 && counts.suppressed == 0);
    snmp_notices_switch(notices, true, true);
    expect_none(notices);
}

/* Whatever a text has in it, and however long it is. */
static void test_texts(void **state)
{
    struct snmp_notices *notices = *state;
    const size_t size = 65536;
    char *text = mem_alloc(size + 1);
    memset(text, '\n', size);
    memcpy(text, "\"q\" \xff\xe2\x82 \x1b", 9);
    const struct notification nasty = {.kind = NOTIFICATION_CERTIFICATE_EXPIRING, .index = 1, .name = text,
                                       .detail = text, .target = text, .address = text};
    snmp_notices_put(notices, &nasty);
    struct notice notice;
    assert_true(notices_take(notices, now_us, &notice));
    const char *const texts[] = {notice.notification.name, notice.notification.detail, notice.notification.target,
                                 notice.notification.address};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(strlen(texts[i]) > 255 && strlen(texts[i]) < 260);
        assert_memory_equal(texts[i], "\"q\" \xef\xbf\xbd", 7);
        assert_null(strchr(texts[i], '\n'));
    }
    notice_fini(&notice);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_goes_once, start, end),
        cmocka_unit_test_setup_teardown(test_standing, start, end),
        cmocka_unit_test_setup_teardown(test_overtaken, start, end),
        cmocka_unit_test_setup_teardown(test_events, start, end),
        cmocka_unit_test_setup_teardown(test_rate, start, end),
        cmocka_unit_test_setup_teardown(test_lost_and_found, start, end),
        cmocka_unit_test_setup_teardown(test_gone, start, end),
        cmocka_unit_test_setup_teardown(test_gone_and_lost, start, end),
        cmocka_unit_test_setup_teardown(test_former_run, start, end),
        cmocka_unit_test_setup_teardown(test_off, start, end),
        cmocka_unit_test_setup_teardown(test_texts, start, end),
    };
    return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
