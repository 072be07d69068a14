/* A state of affairs for the exporters' tests, every field set by hand:
 *   healthy.example  ok: two SRV records, one endpoint, a certificate, two finished rounds
 *   expired.example  critical: its certificate has expired; `starttls` is a warning
 *   new.example      unknown: has not run yet
 *   hostile.example  warning: what a peer can choose is as nasty as bytes get; the same SRV record comes twice */
#ifndef TESTS_SAMPLE_STATUS_H
#define TESTS_SAMPLE_STATUS_H

#include "health/status.h"

#define SAMPLE_DOMAINS 4
#define SAMPLE_NODES 4
/* 2026-11-22T12:00:00Z */
#define SAMPLE_NOW_S INT64_C(1795348800)
/* Quotation marks, a backslash, line ends, markup, a control character, a stray byte and a cut-off character. */
#define SAMPLE_HOSTILE "\"q\" \\n\nnext\r</td><script>alert(1)</script>&amp; \x1b[2J \xff \xe2\x82"
/* Before the rest of 64 KiB of two-byte characters. */
#define SAMPLE_LONG_SIZE 65536

struct status *sample_status_new(void); /* without nodes */
void sample_status_free(struct status *status);

/* Three transitions: its certificate becomes ok an hour before SAMPLE_NOW_S, and critical a minute later, and with it,
 * after a second, the domain. */
void sample_add_history(struct domain_status *domain);

/* Adds SAMPLE_NODES Cisco IM and Presence nodes, with the indexes 2, 4, 6, 8:
 *   cups.healthy.example  ok: one row in its table, a page without notifications, a good account
 *   cups.empty.example    critical: no rows, the account of Expressway-C rejected, a login hold, a combined cause
 *   cups.pending.example  critical: a restart is pending by its page and derived, its query failed; a row is present,
 *                         one missing, one unexpected with a nasty cp_id; two notifications, one nasty; transitions
 *   cups.new.example      unknown: has not run yet */
void sample_add_nodes(struct status *status);

#endif
