/* What the elements of a stream mean: which they are, by their names and by what they stand in, and what is kept of
 * them. For xmpp_stream.c alone; no I/O, and no expat. */
#ifndef STREAM_XMPP_ELEMENT_H
#define STREAM_XMPP_ELEMENT_H

#include "base/buf.h"
#include "stream/xmpp_stream.h"

/* A name comes as namespace, this, local name. */
#define XMPP_NAME_SEPARATOR ' '
#define XMPP_DEPTH_MAX 64

struct xmpp_elements {
    enum xmpp_kind kind;
    unsigned char path[XMPP_DEPTH_MAX]; /* the open elements; what each number means is private */
    size_t depth;                       /* how many they are */
    struct buf text;                    /* of the innermost one, where it is wanted; no memory before it first is */
    bool text_full;

    struct xmpp_features features;
    char condition[XMPP_CONDITION_MAX + 1], error_text[PEER_TEXT_MAX + 1]; /* of <stream:error/> */
    struct xmpp_stanza stanza; /* the latest; its strings are owned */
    char *sasl;                /* owned; of the latest <challenge/> or <success/>, or NULL */
};

void xmpp_elements_fini(struct xmpp_elements *elements); /* all zero is the beginning */

/* An element begins; there must be room in `path`. `attributes` are pairs of name and value up to a NULL. The root is
 * one too; whether it is acceptable is for xmpp_elements_in_stream() and the caller to say. */
void xmpp_elements_start(struct xmpp_elements *elements, const char *name, const char **attributes);
bool xmpp_elements_in_stream(const struct xmpp_elements *elements); /* the root is <stream:stream/> */
bool xmpp_elements_in_error(const struct xmpp_elements *elements);  /* the element that just began is <stream:error/> */
/* More text of the innermost element. False when it is longer than what is of use whole may be. */
bool xmpp_elements_text(struct xmpp_elements *elements, const char *text, size_t length);
/* The innermost element ends. What a complete first-level element is; XMPP_END for the root, else XMPP_MORE. */
enum xmpp_event xmpp_elements_end(struct xmpp_elements *elements);

#endif
