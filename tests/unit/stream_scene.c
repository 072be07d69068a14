#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream_scene.h"

void reading_init(struct reading *reading, enum xmpp_kind kind, size_t cap)
{
    *reading = (struct reading){.stream = xmpp_stream_new(kind, cap)};
    buf_init(&reading->story, 1 << 20);
    buf_init(&reading->ends, 1 << 20);
}

void reading_fini(struct reading *reading)
{
    xmpp_stream_free(reading->stream);
    buf_fini(&reading->story);
    buf_fini(&reading->ends);
}

static void tell_header(struct reading *reading)
{
    const struct xmpp_header *header = xmpp_stream_header(reading->stream);
    buf_puts(&reading->story, "header");
    if (header->id != NULL)
        buf_printf(&reading->story, " id=%s", header->id);
    buf_printf(&reading->story, "%s%s\n", header->version_1 ? " 1.0" : "", header->dialback ? " db" : "");
}

static void tell_features(struct reading *reading)
{
    static const char *const OFFERS[] = {
        [OFFER_UNKNOWN] = "unknown",
        [OFFER_NONE] = "none",
        [OFFER_OPTIONAL] = "optional",
        [OFFER_REQUIRED] = "required",
    };
    const struct xmpp_features *features = xmpp_stream_features(reading->stream);
    buf_printf(&reading->story, "features %s%s%s%s%s", OFFERS[features->starttls],
               features->dialback ? " dialback" : "", features->external ? " external" : "",
               features->bind ? " bind" : "", features->session ? " session" : "");
    if (features->mechanisms != NULL)
        buf_printf(&reading->story, " [%s]", features->mechanisms);
    buf_putc(&reading->story, '\n');
}

static void tell_text(struct reading *reading, const char *name, const char *value)
{
    if (value != NULL)
        buf_printf(&reading->story, " %s=%s", name, value);
}

static void tell_stanza(struct reading *reading, const char *name)
{
    const struct xmpp_stanza *stanza = xmpp_stream_stanza(reading->stream);
    buf_puts(&reading->story, name);
    tell_text(reading, "from", stanza->from);
    tell_text(reading, "to", stanza->to);
    tell_text(reading, "id", stanza->id);
    tell_text(reading, "type", stanza->type);
    tell_text(reading, "condition", *stanza->condition != '\0' ? stanza->condition : NULL);
    tell_text(reading, "text", *stanza->text != '\0' ? stanza->text : NULL);
    tell_text(reading, "bound", stanza->bound);
    buf_puts(&reading->story, stanza->ping ? " ping\n" : "\n");
}

void reading_tell(struct reading *reading, enum xmpp_event event)
{
    static const char *const FAULTS[] = {
        [XMPP_FAULT_NOT_XMPP] = "not-xmpp",
        [XMPP_FAULT_NAMESPACE] = "namespace",
        [XMPP_FAULT_HEADER] = "header",
        [XMPP_FAULT_TOO_LARGE] = "too-large",
    };
    switch (event) {
    case XMPP_MORE: break;
    case XMPP_HEADER: tell_header(reading); break;
    case XMPP_FEATURES: tell_features(reading); break;
    case XMPP_PROCEED: buf_puts(&reading->story, "proceed\n"); break;
    case XMPP_FAILURE: buf_puts(&reading->story, "failure\n"); break;
    case XMPP_ERROR:
        buf_printf(&reading->story, "error %s [%s]\n", xmpp_stream_error(reading->stream),
                   xmpp_stream_error_text(reading->stream));
        break;
    case XMPP_VERIFY: tell_stanza(reading, "verify"); break;
    case XMPP_IQ: tell_stanza(reading, "iq"); break;
    case XMPP_CHALLENGE: buf_printf(&reading->story, "challenge [%s]\n", xmpp_stream_sasl(reading->stream)); break;
    case XMPP_SUCCESS: buf_printf(&reading->story, "success [%s]\n", xmpp_stream_sasl(reading->stream)); break;
    case XMPP_SASL_FAILURE:
        tell_stanza(reading, "refused");
        buf_printf(&reading->story, "for [%s]\n", xmpp_stream_sasl(reading->stream));
        break;
    case XMPP_OTHER: buf_puts(&reading->story, "other\n"); break;
    case XMPP_END: buf_puts(&reading->story, "end\n"); break;
    case XMPP_INVALID: buf_printf(&reading->story, "invalid %s\n", FAULTS[xmpp_stream_fault(reading->stream)]); break;
    }
}

void reading_go(struct reading *reading, const char *bytes, size_t end)
{
    while (!reading->stopped) {
        size_t used = SIZE_MAX;
        enum xmpp_event event = xmpp_stream_read(reading->stream, bytes + reading->at, end - reading->at, &used);
        assert_true(used <= end - reading->at);
        reading->at += used;
        if (event == XMPP_MORE) {
            assert_int_equal(reading->at, end);
            return;
        }
        reading_tell(reading, event);
        reading->stopped = event == XMPP_INVALID || event == XMPP_PROCEED;
        if (event != XMPP_INVALID) {
            assert_int_equal(bytes[reading->at - 1], '>');
            buf_printf(&reading->ends, "%zu ", reading->at);
        }
    }
}

static void expect(const struct conversation *conversation, struct reading *reading, const char *ends, size_t cut)
{
    if (strcmp(reading->story.data, conversation->story) != 0)
        fail_msg("%s, cut at %zu:\n%s-- instead of\n%s(%s)", conversation->name, cut, reading->story.data,
                 conversation->story, xmpp_stream_fault_text(reading->stream));
    if (ends != NULL && strcmp(reading->ends.data, ends) != 0)
        fail_msg("%s, cut at %zu: events end at %s, not %s", conversation->name, cut, reading->ends.data, ends);
}

void expect_conversation(enum xmpp_kind kind, const struct conversation *conversation)
{
    size_t length = strlen(conversation->bytes);
    struct reading whole, bytewise;
    reading_init(&whole, kind, XMPP_CAP_BEFORE_TLS);
    reading_go(&whole, conversation->bytes, length);
    expect(conversation, &whole, NULL, 0);
    reading_init(&bytewise, kind, XMPP_CAP_BEFORE_TLS);
    for (size_t end = 1; end <= length; end++)
        reading_go(&bytewise, conversation->bytes, end);
    expect(conversation, &bytewise, whole.ends.data, length);
    for (size_t cut = 0; cut <= length; cut++) {
        struct reading two;
        reading_init(&two, kind, XMPP_CAP_BEFORE_TLS);
        reading_go(&two, conversation->bytes, cut);
        reading_go(&two, conversation->bytes, length);
        expect(conversation, &two, whole.ends.data, cut);
        reading_fini(&two);
    }
    reading_fini(&whole);
    reading_fini(&bytewise);
}

void expect_story(enum xmpp_kind kind, char *bytes, const char *story)
{
    struct reading reading;
    reading_init(&reading, kind, XMPP_CAP_BEFORE_TLS);
    reading_go(&reading, bytes, strlen(bytes));
    assert_string_equal(reading.story.data, story);
    reading_fini(&reading);
    free(bytes);
}

char *repeated(const char *before, const char *piece, size_t count, const char *after)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    buf_puts(&buf, before);
    for (size_t i = 0; i < count; i++)
        buf_puts(&buf, piece);
    buf_puts(&buf, after);
    char *text = buf_steal(&buf);
    buf_fini(&buf);
    return text;
}
