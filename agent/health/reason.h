/* Reason codes: the closed list of what a check can conclude. Each is declared once, in reasons.def, with its
 * stage, its state and three texts for an administrator; explain, pages, SNMP and the docs all read them here. */
#ifndef HEALTH_REASON_H
#define HEALTH_REASON_H

#include <stddef.h>

#include "health/state.h"

enum reason {
#define REASON(id, code, stage, state, meaning, cause, remedy) REASON_##id,
#include "health/reasons.def"
#undef REASON
    REASON_COUNT
};

struct reason_info {
    const char *code;    /* "cert_expired"; the label value and SNMP text */
    const char *stage;   /* "any", "srv", "connect", … as in the contract's table */
    enum state state;    /* what a check that ends with this reason is, unless the configuration overrides it */
    const char *meaning; /* one sentence: what was observed */
    const char *cause;   /* the likely cause or causes */
    const char *remedy;  /* what to do, and where */
};

const struct reason_info *reason_info(enum reason reason); /* never NULL */
/* The reason with this code, or REASON_COUNT when there is none. */
enum reason reason_from_code(const char *code);
/* The code that was probably meant by one that is none: the first that contains it, or else the one most like it; NULL
 * when none is like it. */
const char *reason_nearest(const char *code);

/* Conditions of stream errors (RFC 6120 4.9.3), of stanza errors (8.3.3) in answer to dialback and to a ping, and TLS
 * alerts of RFC 8446 6, as reasons; what the specifications do not list becomes REASON_STREAM_ERROR_OTHER,
 * REASON_DIALBACK_ERROR_OTHER, REASON_PING_ERROR_OTHER or REASON_TLS_ALERT_OTHER. */
enum reason reason_from_stream_error(const char *condition);   /* "host-unknown" */
enum reason reason_from_dialback_error(const char *condition); /* "item-not-found" */
enum reason reason_from_ping_error(const char *condition);     /* "remote-server-not-found" */
enum reason reason_from_tls_alert(unsigned alert);           /* 40 = handshake_failure */

#endif
