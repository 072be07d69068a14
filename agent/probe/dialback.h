/* The questions of the dialback check and what the answers mean: no I/O. The checked domain's server is asked, as a
 * receiving server would ask it (XEP-0220 2.1.2, 2.2.2), whether it made some keys: one is made up and must be
 * `invalid`; with the domain's secret another is right and must be `valid`. Each has an id of its own, by which its
 * answer is known. Nothing is sent that makes the peer connect to anyone: never <db:result/>. */
#ifndef PROBE_DIALBACK_H
#define PROBE_DIALBACK_H

#include "base/buf.h"
#include "health/dialback.h"
#include "health/result.h"
#include "stream/xmpp_stream.h"

struct dialback_options {
    const char *from;                   /* U-label: whom to pose as, the receiving server */
    const char *secret;                 /* the checked domain's; NULL: only the made-up key is asked about */
    enum dialback_algorithm algorithm;  /* of the right key; DIALBACK_AUTO: one after the other until one is accepted */
    enum dialback_algorithm remembered; /* with DIALBACK_AUTO: tried first; or DIALBACK_AUTO */
};

/* `options`, what it points to, and `domain` (U-label: the originating server) are borrowed. */
struct dialback;
struct dialback *dialback_new(const struct dialback_options *options, const char *domain);
void dialback_free(struct dialback *dialback); /* NULL is legal */

/* Appends what is to be asked now, which may be nothing. At the beginning and after each answer. */
void dialback_ask(struct dialback *dialback, struct buf *out);

/* What comes instead of more. Each may be the end of it; what comes after that is not looked at. */
void dialback_answer(struct dialback *dialback, const struct xmpp_stanza *verify);
void dialback_refuse(struct dialback *dialback, const char *condition, const char *text); /* <stream:error/> */
/* Nothing, the end of stream or connection, or what is no XMPP: dialback_timeout, dialback_closed, dialback_bad_reply.
 * The detail is a peer's words or ours; NULL: none. */
void dialback_end(struct dialback *dialback, enum reason reason, const char *detail);

bool dialback_is_over(const struct dialback *dialback);
/* Once it is over: the verdict, as a copy whose detail is the caller's (once), without a duration; by which algorithm
 * the right key was accepted, or DIALBACK_AUTO; and whether the peer asked to be left alone for a while. */
struct check_result dialback_take_result(struct dialback *dialback);
enum dialback_algorithm dialback_accepted(const struct dialback *dialback);
bool dialback_asks_back_off(const struct dialback *dialback);

#endif
