/* What discovery makes of a zone: the table is the reference of its rules, told in discover.h and the contract. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "probe/discover.h"
#include "probe/route.h"
#include "tests/unit/dns_zone.h"
#include "tests/unit/resolver_scene.h"

#define LABEL_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LABEL_60 LABEL_50 "ffffffffff"
#define LISTED_MAX 4
#define VIEWS_MAX 3

struct row {
    const char *zone; /* of the domain q.test, as dns_zone.h has it */
    enum reason reason;
    enum state state;
    const char *detail;    /* of srv, or NULL: of no interest here */
    const char *endpoints; /* HOST:PORT=ADDRESS …, +tls for direct TLS, !REASON where it has a verdict already */
    /* Of the configuration, where not the usual. */
    enum address_families families;
    unsigned max_endpoints; /* 0: 16 */
    const char *deny, *targets, *expect; /* lists with blanks between */
    const char *domain; /* NULL: q.test */
    /* A family that this machine has no route for, or 0. */
    int unrouted;
    const char *second, *third; /* what further resolvers have; NULL: there are none */
    enum reason made_ok;        /* by the configuration's severity; 0: none */
};

#define A_V4 "; a A 192.0.2.1"
#define A_BOTH "; a A 192.0.2.1; a AAAA 2001:db8::1"
#define S_A "S SRV 0 0 5269 a"
#define X_A "X SRV 0 0 5270 a"

#define IS(reason, state) REASON_##reason, STATE_##state
#define ASKED(what) "asked resolver scene for " what

/* Which records are followed, and what becomes of their addresses. */
static const struct row FOLLOWING[] = {
    {.zone = S_A A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1"},
    {.zone = X_A A_V4, IS(OK, OK), "a:5270 (direct TLS)", "a:5270=192.0.2.1+tls"},
    {.zone = S_A "; X NODATA" A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1"},
    /* every target, address and transport */
    {.zone = S_A ";" X_A A_BOTH, IS(OK, OK), "a:5269, a:5270 (direct TLS)",
     "a:5269=192.0.2.1 a:5269=2001:db8::1 a:5270=192.0.2.1+tls a:5270=2001:db8::1+tls"},
    {.zone = S_A "; S SRV 0 0 5269 b; a A 192.0.2.1; a A 192.0.2.2; b A 192.0.2.1", IS(OK, OK), "a:5269, b:5269",
     "a:5269=192.0.2.1 a:5269=192.0.2.2 b:5269=192.0.2.1"},
    /* priority first, then the heavier, then _xmpp-server before _xmpps-server */
    {.zone = "S SRV 20 0 1 a; S SRV 10 5 2 a; S SRV 10 9 3 a; X SRV 10 9 4 a; X SRV 5 0 5 a; X SRV 10 7 6 a" A_V4,
     IS(OK, OK), NULL,
     "a:5=192.0.2.1+tls a:3=192.0.2.1 a:4=192.0.2.1+tls a:6=192.0.2.1+tls a:2=192.0.2.1 a:1=192.0.2.1"},
    /* the same place twice, whatever its rank; but not where the transport differs */
    {.zone = S_A ";" S_A "; S SRV 7 7 5269 a; X SRV 0 0 5269 a" A_V4, IS(OK, OK), "a:5269, a:5269 (direct TLS)",
     "a:5269=192.0.2.1 a:5269=192.0.2.1+tls"},
    {.zone = S_A "; a A 192.0.2.1; a A 192.0.2.1", IS(OK, OK), NULL, "a:5269=192.0.2.1"},
    /* a record that cannot be used beside others that can */
    {.zone = "S SRV 0 0 0 a; S SRV 9 0 5269 a" A_V4, IS(SRV_PORT_ZERO, WARNING), "a:0, beside others that can be used",
     "a:5269=192.0.2.1"},
    {.zone = S_A "; X SRV 0 0 0 a" A_V4, IS(SRV_PORT_ZERO, WARNING), NULL, "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 0 0 0 ." A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1"},
    {.zone = "S SRV 0 0 0 a; S SRV 0 0 0 b", IS(SRV_PORT_ZERO, CRITICAL), NULL, ""},
    {.zone = "X SRV 0 0 0 a; q.test A 192.0.2.1", IS(SRV_PORT_ZERO, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 5269 a; a CNAME b; b A 192.0.2.1", IS(SRV_TARGET_ALIAS, WARNING), "a", "a:5269=192.0.2.1"},
    /* a target that looks like an address is a name */
    {.zone = "S SRV 0 0 5269 ::1", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), NULL, ""},
};

/* Without records, or with one that says "not here". */
static const struct row ABSENT[] = {
    {.zone = "q.test A 192.0.2.1; q.test AAAA 2001:db8::1", IS(SRV_MISSING, WARNING), "using q.test:5269",
     "q.test:5269=192.0.2.1 q.test:5269=2001:db8::1"},
    {.zone = "S NODATA; X NODATA; q.test A 192.0.2.1", IS(SRV_MISSING, WARNING), NULL, "q.test:5269=192.0.2.1"},
    {.zone = "q.test NODATA", IS(DNS_NO_ADDRESS, CRITICAL), ASKED("_xmpp-server._tcp.q.test"), ""},
    {.zone = "S NODATA", IS(DNS_NO_ADDRESS, CRITICAL), NULL, ""},
    {.zone = "X NODATA", IS(DNS_NO_ADDRESS, CRITICAL), NULL, ""},
    {.zone = "", IS(DNS_NXDOMAIN, CRITICAL), ASKED("_xmpp-server._tcp.q.test"), ""},
    /* the longest name that _xmpp-server fits before, and _xmpps-server does not */
    {.zone = S_A A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1",
     .domain = LABEL_50 "gg." LABEL_60 "." LABEL_60 "." LABEL_60},
    {.zone = "q.test SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), ASKED("the address of q.test"), ""},
    /* a lone dot on _xmpp-server forbids the fallback; on _xmpps-server it says nothing of STARTTLS */
    {.zone = "S SRV 0 0 0 .; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 5269 .; X NODATA; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 0 .; X SRV 0 0 0 .; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 0 .; X SERVFAIL; q.test A 192.0.2.1", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, ""},
    {.zone = "S SRV 0 0 0 .;" X_A A_V4, IS(OK, OK), NULL, "a:5270=192.0.2.1+tls"},
    {.zone = S_A "; X SRV 0 0 0 ." A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1"},
    {.zone = "X SRV 0 0 0 .; q.test A 192.0.2.1", IS(SRV_MISSING, WARNING), NULL, "q.test:5269=192.0.2.1"},
    {.zone = "X SRV 0 0 0 .", IS(DNS_NO_ADDRESS, CRITICAL), NULL, ""},
};

/* Look-ups that fail, and targets without addresses. */
static const struct row FAILING[] = {
    {.zone = "S SERVFAIL; q.test A 192.0.2.1", IS(DNS_SERVFAIL, CRITICAL), ASKED("_xmpp-server._tcp.q.test"), ""},
    {.zone = "S REFUSED", IS(DNS_REFUSED, CRITICAL), NULL, ""},
    {.zone = "S MALFORMED", IS(DNS_MALFORMED, CRITICAL), NULL, ""},
    {.zone = "S SILENT;" X_A A_V4, IS(DNS_TIMEOUT, CRITICAL), NULL, "a:5270=192.0.2.1+tls"},
    {.zone = "S SERVFAIL; X SILENT", IS(DNS_SERVFAIL, CRITICAL), NULL, ""},
    /* before the target without an address */
    {.zone = "S REFUSED;" X_A, IS(DNS_REFUSED, CRITICAL), NULL, ""},
    /* only direct TLS is not known of */
    {.zone = S_A "; X SERVFAIL" A_V4, IS(DNS_SERVFAIL, WARNING), ASKED("_xmpps-server._tcp.q.test"),
     "a:5269=192.0.2.1"},
    {.zone = S_A "; X SILENT" A_V4, IS(DNS_TIMEOUT, WARNING), NULL, "a:5269=192.0.2.1"},
    {.zone = "X REFUSED; q.test A 192.0.2.1", IS(DNS_REFUSED, WARNING), NULL, "q.test:5269=192.0.2.1"},
    {.zone = "X REFUSED", IS(DNS_NXDOMAIN, CRITICAL), NULL, ""},
    {.zone = S_A "; X REFUSED", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), NULL, ""},
    /* all targets */
    {.zone = S_A, IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of a"), ""},
    {.zone = S_A "; a NODATA; S SRV 0 0 1 b", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of a, b"), ""},
    {.zone = S_A "; a CNAME b", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), NULL, ""},
    {.zone = S_A "; a SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), ASKED("the address of a"), ""},
    {.zone = S_A "; S SRV 1 0 5269 b; b REFUSED", IS(DNS_REFUSED, CRITICAL), ASKED("the address of b"), ""},
    /* some targets */
    {.zone = S_A "; S SRV 1 0 1 b; S SRV 2 0 1 c" A_V4, IS(SRV_TARGET_NO_ADDRESS, WARNING),
     ASKED("the address of b, c"), "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 1 0 1 b; S SRV 2 0 1 c; c SERVFAIL" A_V4, IS(DNS_SERVFAIL, WARNING),
     ASKED("the address of c"), "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 1 0 1 b; X REFUSED" A_V4, IS(DNS_REFUSED, WARNING), ASKED("_xmpps-server._tcp.q.test"),
     "a:5269=192.0.2.1"},
    {.zone = S_A "; S SRV 1 0 0 b; X SRV 1 0 5270 b; a CNAME c; c A 192.0.2.1", IS(SRV_TARGET_NO_ADDRESS, WARNING),
     NULL, "a:5269=192.0.2.1"},
};

/* expect.srv_targets: those of both services. */
static const struct row EXPECTING[] = {
    {.zone = S_A ";" X_A A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1 a:5270=192.0.2.1+tls", .expect = "a:5270 a:5269"},
    {.zone = S_A ";" X_A A_V4, IS(SRV_UNEXPECTED, WARNING), "unexpected a:5270",
     "a:5269=192.0.2.1 a:5270=192.0.2.1+tls", .expect = "a:5269"},
    {.zone = S_A "; X SRV 0 0 5269 a; S SRV 0 0 0 ." A_V4, IS(SRV_UNEXPECTED, WARNING),
     "missing b:1, unexpected a:5269", "a:5269=192.0.2.1 a:5269=192.0.2.1+tls", .expect = "b:1"},
    {.zone = "q.test A 192.0.2.1", IS(SRV_MISSING, WARNING), NULL, "q.test:5269=192.0.2.1", .expect = "a:5269"},
    {.zone = "S SRV 0 0 0 .", IS(SRV_SERVICE_DISABLED, CRITICAL), NULL, "", .expect = "a:5269"},
    {.zone = S_A "; S SRV 0 0 0 b" A_V4, IS(SRV_UNEXPECTED, WARNING), "unexpected b:0", "a:5269=192.0.2.1",
     .expect = "a:5269"},
};

/* A static route: SRV is shown, not followed, and judged only where something is expected. */
static const struct row STATIC[] = {
    {.zone = S_A A_V4, IS(NOT_APPLICABLE, UNKNOWN), "192.0.2.9:5269 are configured; SRV records are not followed",
     "192.0.2.9:5269=192.0.2.9", .targets = "192.0.2.9:5269"},
    {.zone = "S SERVFAIL; X SILENT", IS(NOT_APPLICABLE, UNKNOWN), NULL, "192.0.2.9:5269=192.0.2.9",
     .targets = "192.0.2.9:5269"},
    {.zone = "S SRV 0 0 0 .; b A 192.0.2.2; b AAAA 2001:db8::2", IS(NOT_APPLICABLE, UNKNOWN), NULL,
     "[2001:db8::9]:1=2001:db8::9 b:2=192.0.2.2 b:2=2001:db8::2", .targets = "2001:db8::9:1 b:2 2001:db8::9:1"},
    {.zone = "a CNAME b; b A 192.0.2.2", IS(NOT_APPLICABLE, UNKNOWN), NULL, "a:1=192.0.2.2", .targets = "a:1"},
    {.zone = "", IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of b"), "", .targets = "b:2"},
    {.zone = "b SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), NULL, "", .targets = "b:2"},
    {.zone = "", IS(SRV_TARGET_NO_ADDRESS, WARNING), ASKED("the address of b"), "192.0.2.9:1=192.0.2.9",
     .targets = "192.0.2.9:1 b:2"},
    {.zone = S_A, IS(OK, OK), NULL, "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1", .expect = "a:5269"},
    {.zone = S_A, IS(SRV_UNEXPECTED, WARNING), NULL, "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1",
     .expect = "192.0.2.9:1"},
    {.zone = "", IS(SRV_UNEXPECTED, WARNING), "missing a:5269", "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1",
     .expect = "a:5269"},
    {.zone = "S SERVFAIL", IS(DNS_SERVFAIL, WARNING), NULL, "192.0.2.9:1=192.0.2.9", .targets = "192.0.2.9:1",
     .expect = "a:5269"},
};

#define NO_V6 "!local_error"
#define DENIED "!connect_denied"

/* agent.address_families, agent.deny_networks and agent.max_endpoints. */
static const struct row CHOOSING[] = {
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1", .families = FAMILIES_IPV4},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=2001:db8::1", .families = FAMILIES_IPV6},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1", .unrouted = AF_INET6},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=2001:db8::1", .unrouted = AF_INET},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1 a:5269=2001:db8::1", .unrouted = AF_INET6,
     .families = FAMILIES_BOTH},
    /* of a domain with nothing else they are told, and unknown; of a target among others they are not */
    {.zone = S_A "; a AAAA 2001:db8::1", IS(OK, OK), NULL, "a:5269=2001:db8::1" NO_V6, .unrouted = AF_INET6},
    {.zone = S_A A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1!local_error", .families = FAMILIES_IPV6},
    {.zone = S_A "; S SRV 1 0 2 b; b AAAA 2001:db8::2" A_V4, IS(OK, OK), NULL, "a:5269=192.0.2.1",
     .unrouted = AF_INET6},
    {.zone = "", IS(NOT_APPLICABLE, UNKNOWN), NULL, "[2001:db8::9]:1=2001:db8::9" NO_V6, .targets = "2001:db8::9:1",
     .unrouted = AF_INET6},

    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1" DENIED " a:5269=2001:db8::1", .deny = "192.0.2.0/24"},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1" DENIED " a:5269=2001:db8::1" DENIED,
     .deny = "2001:db8::/32 192.0.2.1"},
    {.zone = S_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1" DENIED, .deny = "0.0.0.0/0 ::/0", .unrouted = AF_INET6},
    {.zone = S_A "; a AAAA 2001:db8::1", IS(OK, OK), NULL, "a:5269=2001:db8::1" DENIED, .deny = "::/0",
     .unrouted = AF_INET6},
    {.zone = S_A "; a AAAA ::ffff:192.0.2.1", IS(OK, OK), NULL, "a:5269=::ffff:192.0.2.1" DENIED,
     .deny = "192.0.2.0/24"},
    /* which is where they lead to */
    {.zone = S_A "; a A 0.0.0.0; a AAAA ::", IS(OK, OK), NULL, "a:5269=0.0.0.0" DENIED " a:5269=::" DENIED,
     .deny = "127.0.0.0/8 ::1"},
    {.zone = S_A "; a AAAA ::ffff:0.0.0.0", IS(OK, OK), NULL, "a:5269=::ffff:0.0.0.0" DENIED, .deny = "127.0.0.0/8"},
    {.zone = "", IS(NOT_APPLICABLE, UNKNOWN), NULL, "192.0.2.9:1=192.0.2.9" DENIED, .targets = "192.0.2.9:1",
     .deny = "192.0.2.9"},

    {.zone = S_A ";" X_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1 a:5269=2001:db8::1 a:5270=192.0.2.1+tls and 1",
     .max_endpoints = 3},
    {.zone = S_A ";" X_A A_BOTH, IS(OK, OK), NULL, "a:5269=192.0.2.1 and 1", .max_endpoints = 1, .unrouted = AF_INET6},
    {.zone = S_A "; S SRV 1 0 2 b; b A 192.0.2.2", IS(SRV_TARGET_NO_ADDRESS, WARNING), NULL, "b:2=192.0.2.2",
     .max_endpoints = 1},
};

#define NOTHING "q.test A 192.0.2.1" /* no records, and an address to fall back to */
#define FALLBACK "q.test:5269=192.0.2.1"

/* Several resolvers: the first is followed, the others are compared with it. */
static const struct row VIEWS[] = {
    {.zone = S_A A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1", .second = S_A, .third = S_A "; X NODATA"},
    /* order, time to live, repetition and what the names lead to are no difference */
    {.zone = S_A "; S SRV 1 0 1 a" A_V4, IS(OK, OK), "a:5269, a:1", "a:5269=192.0.2.1 a:1=192.0.2.1",
     .second = "S SRV 1 0 1 a; a A 192.0.2.2;" S_A ";" S_A},
    {.zone = NOTHING, IS(SRV_MISSING, WARNING), "using q.test:5269", FALLBACK, .second = "S NODATA", .third = ""},
    /* what the seed's operator met: the internal zone has the records, the public one has not, and the other way round */
    {.zone = NOTHING, IS(DNS_VIEWS_DIFFER, WARNING), "scene: nothing (NXDOMAIN); second: a:5269", FALLBACK,
     .second = S_A},
    {.zone = "S NODATA;" NOTHING, IS(DNS_VIEWS_DIFFER, WARNING), "scene: nothing (no records); second: a:5269", FALLBACK,
     .second = S_A},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: nothing (NXDOMAIN)", "a:5269=192.0.2.1",
     .second = ""},
    /* a target, a port, a priority, a weight, one more, one less */
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: b:5269", "a:5269=192.0.2.1",
     .second = "S SRV 0 0 5269 b"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: a:5270", "a:5269=192.0.2.1",
     .second = "S SRV 0 0 5270 a"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING),
     "scene: a:5269 (priority 0, weight 0); second: a:5269 (priority 1, weight 0)", "a:5269=192.0.2.1",
     .second = "S SRV 1 0 5269 a"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING),
     "scene: a:5269 (priority 0, weight 0); second: a:5269 (priority 0, weight 7)", "a:5269=192.0.2.1",
     .second = "S SRV 0 7 5269 a"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: none of these; second: b:1", "a:5269=192.0.2.1",
     .second = S_A "; S SRV 1 0 1 b"},
    {.zone = S_A "; S SRV 1 0 1 a" A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:1; second: none of these", NULL,
     .second = S_A},
    /* direct TLS */
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING),
     "scene: nothing for direct TLS (NXDOMAIN); second: a:5270 (direct TLS)", "a:5269=192.0.2.1", .second = S_A ";" X_A},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: a:5269 (direct TLS)", "a:5269=192.0.2.1",
     .second = "X SRV 0 0 5269 a"},
    /* a lone dot is something that is said */
    {.zone = NOTHING, IS(DNS_VIEWS_DIFFER, WARNING), "scene: nothing (NXDOMAIN); second: a lone dot", FALLBACK,
     .second = "S SRV 0 0 0 ."},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING),
     "scene: nothing for direct TLS (NXDOMAIN); second: a lone dot (direct TLS)", "a:5269=192.0.2.1",
     .second = S_A "; X SRV 0 0 0 ."},
    /* three */
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: b:1; third: nothing (NXDOMAIN)",
     "a:5269=192.0.2.1", .second = "S SRV 0 0 1 b", .third = ""},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: a:5269; third: nothing (NXDOMAIN)",
     "a:5269=192.0.2.1", .second = S_A, .third = ""},
    /* an alias is followed, as for the first */
    {.zone = "S SRV 0 0 5269 a" A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1", .second = "S CNAME r; r SRV 0 0 5269 a"},

    /* no answer is no view */
    {.zone = S_A A_V4, IS(OK, OK), "a:5269; second: no answer; third: SERVFAIL", "a:5269=192.0.2.1",
     .second = "S SILENT; X SILENT", .third = "S SERVFAIL; X SERVFAIL"},
    {.zone = S_A A_V4, IS(OK, OK), "a:5269; second: REFUSED for direct TLS", "a:5269=192.0.2.1",
     .second = S_A "; X REFUSED"},
    {.zone = S_A A_V4, IS(OK, OK), "a:5269; second: an answer that cannot be read, REFUSED for direct TLS",
     "a:5269=192.0.2.1", .second = "S MALFORMED; X REFUSED"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: no answer; third: b:1",
     "a:5269=192.0.2.1", .second = "S SILENT; X SILENT", .third = "S SRV 0 0 1 b"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: b:1, SERVFAIL for direct TLS",
     "a:5269=192.0.2.1", .second = "S SRV 0 0 1 b; X SERVFAIL"},
    /* the first one's failure, or what is critical in its answer, is the reason all the same */
    {.zone = "S SERVFAIL", IS(DNS_SERVFAIL, CRITICAL), ASKED("_xmpp-server._tcp.q.test; second: a:5269"), "",
     .second = S_A},
    {.zone = "S SILENT; X SILENT", IS(DNS_TIMEOUT, CRITICAL),
     ASKED("_xmpp-server._tcp.q.test; second: a:5269; third: nothing (NXDOMAIN)"), "", .second = S_A, .third = ""},
    {.zone = "S REFUSED; X REFUSED", IS(DNS_REFUSED, CRITICAL), ASKED("_xmpp-server._tcp.q.test; second: REFUSED"), "",
     .second = "S REFUSED; X REFUSED"},
    {.zone = "", IS(DNS_NXDOMAIN, CRITICAL),
     ASKED("_xmpp-server._tcp.q.test; scene: nothing (NXDOMAIN); second: a:5269"), "", .second = S_A},
    {.zone = S_A, IS(SRV_TARGET_NO_ADDRESS, CRITICAL), ASKED("the address of a; scene: a:5269; second: b:5269"), "",
     .second = "S SRV 0 0 5269 b"},
    {.zone = "S SRV 0 0 0 .", IS(SRV_SERVICE_DISABLED, CRITICAL), "scene: a lone dot; second: a:5269", "",
     .second = S_A},
    {.zone = S_A "; X SERVFAIL" A_V4, IS(DNS_SERVFAIL, WARNING),
     ASKED("_xmpps-server._tcp.q.test; second: a:5270 (direct TLS)"), "a:5269=192.0.2.1", .second = S_A ";" X_A},
    /* before the other warnings, which it explains; made ok it hides none of them */
    {.zone = "S SRV 0 0 0 a; S SRV 9 0 5269 a" A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:0; second: none of these",
     "a:5269=192.0.2.1", .second = "S SRV 9 0 5269 a"},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: b:5269", "a:5269=192.0.2.1",
     .second = "S SRV 0 0 5269 b", .expect = "b:5269"},
    {.zone = S_A A_V4, IS(SRV_UNEXPECTED, WARNING),
     "missing b:5269, unexpected a:5269; scene: a:5269; second: b:5269", "a:5269=192.0.2.1",
     .second = "S SRV 0 0 5269 b", .expect = "b:5269", .made_ok = REASON_DNS_VIEWS_DIFFER},
    {.zone = NOTHING, IS(SRV_MISSING, WARNING), "using q.test:5269; scene: nothing (NXDOMAIN); second: a:5269", FALLBACK,
     .second = S_A, .made_ok = REASON_DNS_VIEWS_DIFFER},
    {.zone = S_A A_V4, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: b:5269", "a:5269=192.0.2.1",
     .second = "S SRV 0 0 5269 b", .made_ok = REASON_DNS_VIEWS_DIFFER},
    {.zone = "S SRV 0 0 0 a; S SRV 9 0 5269 a" A_V4, IS(SRV_UNEXPECTED, WARNING), "unexpected a:0", "a:5269=192.0.2.1",
     .second = "S SRV 0 0 0 a; S SRV 9 0 5269 a", .expect = "a:5269"},
    /* a static route: judged where records are expected */
    {.zone = S_A, IS(NOT_APPLICABLE, UNKNOWN),
     "192.0.2.9:1 are configured; SRV records are not followed; scene: a:5269; second: b:1", "192.0.2.9:1=192.0.2.9",
     .targets = "192.0.2.9:1", .second = "S SRV 0 0 1 b"},
    {.zone = S_A, IS(DNS_VIEWS_DIFFER, WARNING), "scene: a:5269; second: b:1", "192.0.2.9:1=192.0.2.9",
     .targets = "192.0.2.9:1", .expect = "a:5269", .second = "S SRV 0 0 1 b"},
    /* a name too long for the longer service is no failure of anyone's */
    {.zone = S_A A_V4, IS(OK, OK), "a:5269", "a:5269=192.0.2.1", .second = S_A,
     .domain = LABEL_50 "gg." LABEL_60 "." LABEL_60 "." LABEL_60},
};

static int unrouted; /* of the row at hand */

bool route_exists(const struct dns_address *address) /* instead of the one in the library */
{
    return address->family != unrouted;
}

static void found(void *arg)
{
    (void)arg;
}

static void done(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static const struct discover_events EVENTS = {found, done};
static struct config_resolver scene_names[] = {{.name = "scene"}, {.name = "second"}, {.name = "third"}};

static char *list_copy(const char *list)
{
    return mem_strdup(list != NULL ? list : "");
}

/* "HOST:PORT …"; the text is cut up. */
static size_t read_places(char *text, struct host_port places[LISTED_MAX])
{
    size_t count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(count < LISTED_MAX);
        char *colon = strrchr(word, ':');
        *colon = '\0';
        places[count++] = (struct host_port){word, (uint16_t)atoi(colon + 1)};
    }
    return count;
}

static size_t read_networks(char *text, struct network networks[LISTED_MAX])
{
    size_t count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(count < LISTED_MAX);
        assert_true(network_parse(&networks[count++], word));
    }
    return count;
}

static void tell_endpoints(struct buf *out, const struct domain_result *result)
{
    char text[TEXT_HOST_PORT_SIZE];
    for (size_t i = 0; i < result->endpoint_count; i++) {
        const struct endpoint_result *endpoint = &result->endpoints[i];
        buf_printf(out, "%s%s=%s%s", i > 0 ? " " : "", text_host_port(text, endpoint->target, endpoint->port),
                   endpoint->address, endpoint->transport == TRANSPORT_DIRECT ? "+tls" : "");
        if (endpoint->reached[CHECK_CONNECT])
            buf_printf(out, "!%s", reason_info(endpoint->check[CHECK_CONNECT].reason)->code);
    }
    if (result->endpoints_skipped > 0)
        buf_printf(out, " and %u", result->endpoints_skipped);
}

static void judge(const struct row *row, const struct domain_result *result)
{
    const struct check_result *srv = &result->check[CHECK_SRV];
    struct buf endpoints;
    buf_init(&endpoints, 65536);
    tell_endpoints(&endpoints, result);
    bool same = srv->reason == row->reason && srv->state == row->state &&
                (row->endpoints == NULL || strcmp(endpoints.data, row->endpoints) == 0) &&
                (row->detail == NULL || strcmp(srv->detail != NULL ? srv->detail : "", row->detail) == 0);
    if (!same)
        fail_msg("%s\n  is      %s %s %s (%s)\n  not     %s %s %s (%s)", row->zone, state_name(srv->state),
                 reason_info(srv->reason)->code, endpoints.data, srv->detail, state_name(row->state),
                 reason_info(row->reason)->code, row->endpoints, row->detail);
    assert_true(srv->duration_us >= 0);
    buf_fini(&endpoints);
}

static size_t count_views(const struct row *row)
{
    return row->third != NULL ? 3 : row->second != NULL ? 2 : 1;
}

/* As many resolvers are asked as the row has zones. */
static void run(const struct row *row, struct resolver *const *resolvers, struct domain_result *result)
{
    struct host_port targets[LISTED_MAX], expected[LISTED_MAX];
    struct network networks[LISTED_MAX];
    struct severity_rule made_ok = {row->made_ok, STATE_OK};
    char *words[] = {list_copy(row->targets), list_copy(row->expect), list_copy(row->deny)};
    const struct config_domain domain = {
        .name = (char *)(row->domain != NULL ? row->domain : "q.test"),
        .targets = targets, .target_count = read_places(words[0], targets),
        .expect_srv = expected, .expect_srv_count = read_places(words[1], expected),
        .severity = {&made_ok, row->made_ok != REASON_OK, NULL},
    };
    const struct config config = {
        .resolvers = scene_names, .resolver_count = count_views(row), .address_families = row->families,
        .max_endpoints = row->max_endpoints > 0 ? row->max_endpoints : 16,
        .deny_networks = networks, .deny_network_count = read_networks(words[2], networks),
    };
    unrouted = row->unrouted;
    struct discovery *discovery = discover_start(resolvers, &config, &domain, result, EVENTS, NULL);
    assert_int_equal(result->check[CHECK_SRV].reason, REASON_NOT_RUN);
    loop_run(loop);
    discover_free(discovery);
    for (size_t i = 0; i < 3; i++)
        free(words[i]);
}

static void run_rows(const struct row *rows, size_t count)
{
    const char *zone[VIEWS_MAX] = {"", "", ""};
    struct dns_server *servers[VIEWS_MAX];
    for (size_t view = 0; view < VIEWS_MAX; view++)
        servers[view] = dns_zone_server_new(loop, &zone[view]);
    for (size_t i = 0; i < count; i++) {
        const char *views[VIEWS_MAX] = {rows[i].zone, rows[i].second, rows[i].third};
        struct resolver *resolvers[VIEWS_MAX] = {NULL};
        for (size_t view = 0; view < count_views(&rows[i]); view++) {
            zone[view] = views[view];
            int64_t timeout_ms = strstr(views[view], "SILENT") != NULL ? SHORT_MS : PATIENT_MS;
            resolvers[view] = scene_resolver(dns_server_address(servers[view]), timeout_ms);
        }
        struct domain_result *result = domain_result_new();
        run(&rows[i], resolvers, result);
        judge(&rows[i], result);
        domain_result_free(result);
        for (size_t view = 0; view < VIEWS_MAX; view++)
            resolver_free(resolvers[view]);
    }
    for (size_t view = 0; view < VIEWS_MAX; view++)
        dns_server_free(servers[view]);
}

#define TABLE_TEST(NAME, ROWS)                            \
    static void NAME(void **state)                        \
    {                                                     \
        (void)state;                                      \
        run_rows(ROWS, sizeof ROWS / sizeof ROWS[0]);     \
    }
TABLE_TEST(test_following, FOLLOWING)
TABLE_TEST(test_absent, ABSENT)
TABLE_TEST(test_failing, FAILING)
TABLE_TEST(test_expecting, EXPECTING)
TABLE_TEST(test_static, STATIC)
TABLE_TEST(test_choosing, CHOOSING)
TABLE_TEST(test_views, VIEWS)

/* Both services' records and look-ups are facts, in a fixed order, and each record once. So many records of
 * _xmpp-server do not fit into UDP, so that they come last. */
static void test_records(void **state)
{
    (void)state;
    struct buf zone;
    buf_init(&zone, 4096);
    buf_puts(&zone, X_A "; X SRV 0 1 5270 a;" X_A A_V4);
    for (int port = 1; port <= 25; port++)
        buf_printf(&zone, "; S SRV 9 0 %d a", port);
    const struct row row = {.zone = zone.data, .max_endpoints = 64};
    struct dns_server *server = dns_zone_server_new(loop, &row.zone);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct domain_result *result = domain_result_new();
    run(&row, &resolver, result);
    assert_int_equal(result->record_count, 27);
    assert_int_equal(result->records[0].service, SERVICE_XMPP_SERVER);
    assert_int_equal(result->records[0].priority, 9);
    assert_int_equal(result->records[24].port, 25);
    assert_int_equal(result->records[25].service, SERVICE_XMPPS_SERVER);
    assert_int_equal(result->records[25].weight, 1);
    assert_int_equal(result->records[26].weight, 0);
    assert_int_equal(result->endpoint_count, 26);
    for (int service = 0; service < SERVICE_COUNT; service++) {
        const struct srv_lookup *lookup = &result->lookups[service];
        assert_true(lookup->answered);
        assert_string_equal(lookup->resolver, "scene");
        assert_int_equal(lookup->records, service == SERVICE_XMPP_SERVER ? 25 : 2);
        assert_int_equal(lookup->ttl_s, 60);
        assert_true(lookup->duration_us >= 0);
    }
    domain_result_free(result);
    resolver_free(resolver);
    dns_server_free(server);
    buf_fini(&zone);
}

/* However much a zone has, the questions and the endpoints are bounded. */
static void test_bounds(void **state)
{
    (void)state;
    struct buf zone;
    buf_init(&zone, 1 << 20);
    for (int i = 0; i < 60; i++)
        buf_printf(&zone, "S SRV %1$d 0 1 h%1$d; X SRV %1$d 0 2 h%1$d; h%1$d A 192.0.2.1; h%1$d AAAA 2001:db8::1;", i);
    const struct row row = {.zone = zone.data};
    struct dns_server *server = dns_zone_server_new(loop, &row.zone);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct domain_result *result = domain_result_new();
    run(&row, &resolver, result);
    assert_int_equal(result->record_count, 120);
    assert_int_equal(result->endpoint_count, 16);
    assert_true(result->endpoints_skipped > 0);
    /* Two for the records, and again over TCP; A and AAAA of 16 targets; all of them twice where this test was held up.
     * */
    assert_true(dns_server_asked(server) <= 2 * (2 * 2 + 2 * 16));
    domain_result_free(result);
    resolver_free(resolver);
    dns_server_free(server);
    buf_fini(&zone);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void note_found(void *arg)
{
    bool *noted = arg;
    assert_false(noted[0] || noted[1]);
    noted[0] = true;
}

static void note_end(void *arg)
{
    bool *noted = arg;
    assert_true(noted[0] && !noted[1]);
    noted[1] = true;
}

static const struct discover_events NOTED = {note_found, note_end};

/* Broken off while the records, or the addresses, are waited for: by a cancel nothing is called any more, by the end of
 * the time at once; and nothing is left behind. */
static void check_break(const char *zone, unsigned asked, enum reason reason)
{
    const struct config config = {.resolvers = scene_names, .resolver_count = 1, .max_endpoints = 16};
    const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test"};
    for (int expire = 0; expire < 2; expire++) {
        struct dns_server *server = dns_zone_server_new(loop, &zone);
        struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
        struct domain_result *result = domain_result_new();
        bool noted[2] = {false, false};
        struct discovery *discovery = discover_start(&resolver, &config, &domain, result, NOTED, noted);
        struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
        while (dns_server_asked(server) < asked) {
            loop_timer_arm(timer, 0);
            loop_run(loop);
        }
        loop_timer_free(timer);
        if (expire)
            discover_expire(discovery);
        discover_free(discovery);
        assert_int_equal(noted[1], expire);
        assert_int_equal(result->check[CHECK_SRV].reason, expire ? reason : REASON_NOT_RUN);
        assert_int_equal(result->endpoint_count, 0);
        domain_result_free(result);
        resolver_free(resolver);
        dns_server_free(server);
    }
}

static void test_break(void **state)
{
    (void)state;
    check_break("S SILENT;" X_A, 2, REASON_DNS_TIMEOUT);
    check_break("X SILENT", 2, REASON_DNS_TIMEOUT);
    check_break(S_A "; a SILENT", 4, REASON_DNS_TIMEOUT);
    check_break("S AD;" S_A "; _5269._tcp.a SILENT", 5, REASON_SRV_TARGET_NO_ADDRESS);
    discover_free(NULL);
}

/* TLSA records of the endpoints, by which a certificate may be judged: "a:5269=3/1/1:aa …". */
static void tell_tlsa(struct buf *out, const struct discovery *discovery, const struct domain_result *result)
{
    for (size_t i = 0; i < result->endpoint_count; i++) {
        size_t count;
        const struct dns_tlsa *tlsa = discover_tlsa(discovery, &result->endpoints[i], &count);
        assert_true((tlsa == NULL) == (count == 0));
        for (size_t at = 0; at < count; at++)
            buf_printf(out, "%s%s:%u=%u/%u/%u:%02x", out->length > 0 ? " " : "", result->endpoints[i].target,
                       result->endpoints[i].port, tlsa[at].usage, tlsa[at].selector, tlsa[at].matching,
                       tlsa[at].data[0]);
    }
}

#define SECURE "; S AD; a AD"
#define T_A "; _5269._tcp.a TLSA 030101aa"
#define T_SECURE T_A "; _5269._tcp.a AD"

static const struct {
    const char *zone, *tlsa;
    const char *detail; /* of srv */
    unsigned asked;     /* questions: 2 for the records, 2 for each target's addresses, 1 for each place's TLSA */
    const char *targets;
} DANE[] = {
    {S_A A_V4 SECURE T_SECURE, "a:5269=3/1/1:aa", "a:5269", 5, NULL},
    {S_A A_V4 SECURE T_SECURE "; _5269._tcp.a TLSA 020001bb", "a:5269=2/0/1:bb a:5269=3/1/1:aa", "a:5269", 5, NULL},
    /* each port has its own, each service its own word on what is secure */
    {S_A ";" X_A A_V4 SECURE T_SECURE "; X AD; _5270._tcp.a TLSA 030101cc; _5270._tcp.a AD",
     "a:5269=3/1/1:aa a:5270=3/1/1:cc", "a:5269, a:5270 (direct TLS)", 6, NULL},
    {S_A ";" X_A A_V4 SECURE T_SECURE "; _5270._tcp.a TLSA 030101cc; _5270._tcp.a AD", "a:5269=3/1/1:aa",
     "a:5269, a:5270 (direct TLS)", 5, NULL},
    {S_A A_V4 SECURE, "", "a:5269", 5, NULL},
    {S_A A_V4 SECURE "; _5269._tcp.a AD; _5269._tcp.a NODATA", "", "a:5269", 5, NULL},
    /* where anything is not secure there is nothing; where the records are not, it is not even asked for */
    {S_A A_V4 "; a AD" T_SECURE, "", "a:5269", 4, NULL},
    {S_A A_V4 "; S AD" T_SECURE, "", "a:5269", 5, NULL},
    {S_A A_V4 SECURE T_A, "", "a:5269", 5, NULL},
    {"S AD; q.test A 192.0.2.1; q.test AD; _5269._tcp.q.test TLSA 030101aa; _5269._tcp.q.test AD", "",
     "using q.test:5269", 4, NULL},
    {S_A A_V4 SECURE T_SECURE, "", NULL, 4, "a:5269"},
    /* a failure is told, and judges nobody */
    {S_A A_V4 SECURE "; _5269._tcp.a SERVFAIL", "", "a:5269; no TLSA records could be had for a:5269", 5, NULL},
    {S_A A_V4 SECURE "; _5269._tcp.a MALFORMED", "", "a:5269; no TLSA records could be had for a:5269", 5, NULL},
    {S_A A_V4 SECURE "; _5269._tcp.a TLSA 030101; _5269._tcp.a AD", "",
     "a:5269; no TLSA records could be had for a:5269", 5, NULL},
    {S_A A_V4 "; S AD; _5269._tcp.a SERVFAIL", "", "a:5269", 5, NULL},
};

static void test_dane(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DANE / sizeof DANE[0]; i++) {
        const struct config config = {.resolvers = scene_names, .resolver_count = 1, .max_endpoints = 16};
        struct host_port target = {"a", 5269};
        const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test", .targets = &target,
                                             .target_count = DANE[i].targets != NULL};
        struct buf told;
        buf_init(&told, 1024);
        struct dns_server *server = dns_zone_server_new(loop, &DANE[i].zone);
        struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
        struct domain_result *result = domain_result_new();
        struct discovery *discovery = discover_start(&resolver, &config, &domain, result, EVENTS, NULL);
        loop_run(loop);
        tell_tlsa(&told, discovery, result);
        const char *detail = result->check[CHECK_SRV].detail;
        if (strcmp(told.data, DANE[i].tlsa) != 0 || (DANE[i].detail != NULL && strcmp(detail, DANE[i].detail) != 0))
            fail_msg("%s\n  is   \"%s\" (%s)\n  not  \"%s\" (%s)", DANE[i].zone, told.data, detail, DANE[i].tlsa,
                     DANE[i].detail);
        if (dns_server_asked(server) != DANE[i].asked)
            fail_msg("%s: %u questions", DANE[i].zone, dns_server_asked(server));
        discover_free(discovery);
        domain_result_free(result);
        resolver_free(resolver);
        dns_server_free(server);
        buf_fini(&told);
    }
}

/* Too many to keep: those that were kept are not taken for all. */
static void test_many_tlsa(void **state)
{
    (void)state;
    const struct config config = {.resolvers = scene_names, .resolver_count = 1, .max_endpoints = 16};
    const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test"};
    struct buf zone;
    buf_init(&zone, 4096);
    buf_puts(&zone, S_A A_V4 SECURE "; _5269._tcp.a AD");
    for (int i = 0; i <= DNS_MAX_TLSA; i++)
        buf_printf(&zone, "; _5269._tcp.a TLSA 030101%02x", i);
    const char *text = zone.data;
    size_t count;
    struct dns_server *server = dns_zone_server_new(loop, &text);
    struct resolver *resolver = scene_resolver(dns_server_address(server), PATIENT_MS);
    struct domain_result *result = domain_result_new();
    struct discovery *discovery = discover_start(&resolver, &config, &domain, result, EVENTS, NULL);
    loop_run(loop);
    assert_null(discover_tlsa(discovery, &result->endpoints[0], &count));
    assert_int_equal(count, 0);
    assert_string_equal(result->check[CHECK_SRV].detail, "a:5269; no TLSA records could be had for a:5269 (too many)");
    discover_free(discovery);
    domain_result_free(result);
    resolver_free(resolver);
    dns_server_free(server);
    buf_fini(&zone);
}

/* What the first resolver says is followed while another one is silent, which ends with its own time, or sooner. */
static void test_silent_view(void **state)
{
    (void)state;
    const struct config config = {.resolvers = scene_names, .resolver_count = 2, .max_endpoints = 16};
    const struct config_domain domain = {.name = "q.test", .name_unicode = "q.test"};
    const char *zones[] = {S_A A_V4, "S SILENT;" X_A};
    for (int expire = 0; expire < 2; expire++) {
        struct dns_server *servers[] = {dns_zone_server_new(loop, &zones[0]), dns_zone_server_new(loop, &zones[1])};
        struct resolver *resolvers[] = {scene_resolver(dns_server_address(servers[0]), PATIENT_MS),
                                        scene_resolver(dns_server_address(servers[1]), PATIENT_MS)};
        struct domain_result *result = domain_result_new();
        bool noted[2] = {false, false};
        struct discovery *discovery = discover_start(resolvers, &config, &domain, result, NOTED, noted);
        struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
        while (!noted[0] || !result->lookups[3].answered) {
            loop_timer_arm(timer, 0);
            loop_run(loop);
        }
        loop_timer_free(timer);
        assert_false(noted[1]);
        assert_int_equal(result->endpoint_count, 1);
        assert_true(result->check[CHECK_SRV].duration_us >= 0);
        assert_int_equal(result->check[CHECK_SRV].reason, REASON_NOT_RUN);
        if (expire) {
            discover_expire(discovery);
            discover_expire(discovery);
            assert_int_equal(result->check[CHECK_SRV].reason, REASON_DNS_VIEWS_DIFFER);
            assert_string_equal(result->check[CHECK_SRV].detail, "scene: nothing for direct TLS (NXDOMAIN); second: "
                                                                 "a:5270 (direct TLS), no answer");
        }
        discover_free(discovery);
        assert_int_equal(noted[1], expire);
        assert_int_equal(result->endpoint_count, 1);
        assert_int_equal(result->lookup_count, 4);
        assert_string_equal(result->lookups[2].resolver, "second");
        assert_int_equal(result->lookups[2].service, SERVICE_XMPP_SERVER);
        assert_false(result->lookups[2].answered);
        assert_int_equal(result->lookups[3].records, 1);
        assert_int_equal(result->record_count, 1);
        domain_result_free(result);
        for (size_t i = 0; i < 2; i++) {
            resolver_free(resolvers[i]);
            dns_server_free(servers[i]);
        }
    }
}

/* Where no question could be sent. */
static void expect_unasked(const char *name, enum reason reason)
{
    const struct config_domain domain = {.name = (char *)name, .name_unicode = (char *)name};
    const struct config config = {.resolvers = scene_names, .resolver_count = 1, .max_endpoints = 16};
    struct resolver *resolver = scene_resolver("127.0.0.1:53", PATIENT_MS);
    struct domain_result *result = domain_result_new();
    scene_allow_descriptors(reason != REASON_LOCAL_ERROR);
    struct discovery *discovery = discover_start(&resolver, &config, &domain, result, EVENTS, NULL);
    loop_run(loop);
    discover_free(discovery);
    scene_allow_descriptors(true);
    assert_string_equal(reason_info(result->check[CHECK_SRV].reason)->code, reason_info(reason)->code);
    assert_int_equal(result->check[CHECK_SRV].state, reason_info(reason)->state);
    assert_false(result->lookups[SERVICE_XMPP_SERVER].answered);
    assert_false(result->lookups[SERVICE_XMPPS_SERVER].answered);
    domain_result_free(result);
    resolver_free(resolver);
}

static void test_unasked(void **state)
{
    (void)state;
    /* The longest names are too long with the service's labels before them. */
    expect_unasked(LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60, REASON_DOMAIN_INVALID);
    expect_unasked("q.test", REASON_LOCAL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_following), cmocka_unit_test(test_absent),   cmocka_unit_test(test_failing),
        cmocka_unit_test(test_expecting), cmocka_unit_test(test_static),   cmocka_unit_test(test_choosing),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_records),   cmocka_unit_test(test_bounds),   cmocka_unit_test(test_break),
        cmocka_unit_test(test_unasked),    cmocka_unit_test(test_silent_view),
        cmocka_unit_test(test_dane),      cmocka_unit_test(test_many_tlsa),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
