/* What the tests of the stream reader share: pieces of streams, and a reader whose events become a story in words.
 * Include cmocka before it. */
#ifndef TESTS_STREAM_SCENE_H
#define TESTS_STREAM_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "stream/xmpp_stream.h"

#define DECLARATION "<?xml version='1.0'?>"
#define STREAM_NS "xmlns:stream='http://etherx.jabber.org/streams' "
#define NS "xmlns='jabber:server' " STREAM_NS
#define DB "xmlns:db='jabber:server:dialback' "
#define ROOT(ATTRIBUTES) "<stream:stream " NS ATTRIBUTES ">"
#define OPEN ROOT("id='i' from='a.test' version='1.0'")
#define OPENED "header id=i 1.0\n"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define PROCEED "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL(MECHANISM) "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" MECHANISM "</mechanisms>"
#define FEATURES(INSIDE) "<stream:features>" INSIDE "</stream:features>"
#define CONDITION(NAME) "<" NAME " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
#define CONDITION_TEXT(TEXT) "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>" TEXT "</text>"
#define ERROR(INSIDE) "<stream:error>" INSIDE "</stream:error>"
#define CLOSE "</stream:stream>"

struct conversation {
    const char *name, *bytes, *story;
};

/* A reader, its story so far, and where each event ended. */
struct reading {
    struct xmpp_stream *stream;
    struct buf story, ends;
    size_t at;
    bool stopped;
};

void reading_init(struct reading *reading, enum xmpp_kind kind, size_t cap);
void reading_fini(struct reading *reading);
void reading_tell(struct reading *reading, enum xmpp_event event); /* adds to the story */
/* Reads on to `end`, as a caller that follows the header does. */
void reading_go(struct reading *reading, const char *bytes, size_t end);
/* Reads it whole, cut in two at every byte, and byte by byte; all of them must tell the same story. */
void expect_conversation(enum xmpp_kind kind, const struct conversation *conversation);
/* Bytes that are read whole, and freed. */
void expect_story(enum xmpp_kind kind, char *bytes, const char *story);
/* `before`, `count` times `piece`, and `after`; to be freed. */
char *repeated(const char *before, const char *piece, size_t count, const char *after);

#endif
