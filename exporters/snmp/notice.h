/* Notifications on their way, and what the manager was told so far. No protocol here, and no clock: times are those of
 * clock_mono_us(). snmp.h has what other rooms may call, from every thread; this is for the thread that sends.
 *
 * For each domain, node and kind of notification the newest waits, and no other: what is overtaken before it could be
 * sent goes, and a state that is again the one which the manager knows is not sent at all. So memory is bounded by what
 * is configured, and sooner or later the manager knows the newest state of everything.
 *
 * No more than NOTICE_BURST are sent at once, and NOTICE_PER_SECOND after that: a quarter of an hour for 10,000 domains
 * that fail together. Each that is sent takes the next number; so does each that cannot be sent when it is due, at the
 * moment when it is held back or overtaken. A gap in the numbers tells a manager of it. */
#ifndef SNMP_NOTICE_H
#define SNMP_NOTICE_H

#include "exporters/snmp/snmp.h"

#define NOTICE_BURST 100
#define NOTICE_PER_SECOND 10
/* What was sent so shortly before the manager was lost may have been lost with it. */
#define NOTICE_DOUBT_US INT64_C(60000000)

struct notice {
    struct notification notification; /* it owns its texts */
    uint32_t sequence;
};
void notice_fini(struct notice *notice);

/* From now on each notification writes to this eventfd; -1: to none. */
void notices_wake(struct snmp_notices *notices, int fd);
/* The way to the manager is lost, or may be another one: whatever stands has to be told anew. */
void notices_lost(struct snmp_notices *notices, int64_t now_us);
/* Puts the state of everything as it stands, so that the manager is told what it has not heard. */
void notices_stand(struct snmp_notices *notices, const struct status *status);
/* The next that may be sent now; it counts as sent. False: none. */
bool notices_take(struct snmp_notices *notices, int64_t now_us, struct notice *notice);
/* In how many microseconds the next may be sent; -1: none waits. */
int64_t notices_due_us(struct snmp_notices *notices, int64_t now_us);

#endif
