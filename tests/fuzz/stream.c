/* The stream reader: a whole conversation from its first byte, in pieces as the network might cut them. The first byte
 * says how long the pieces are, and with its highest bit that a client reads. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "stream/xmpp_stream.h"

#define CAP 65536
#define CLIENT 0x80

static void look_at_features(const struct xmpp_features *features, enum xmpp_kind kind)
{
    assert(features->starttls != OFFER_UNKNOWN);
    assert(features->mechanisms == NULL ||
           (strlen(features->mechanisms) > 0 && strlen(features->mechanisms) <= XMPP_MECHANISMS_MAX));
    assert(kind == XMPP_CLIENT || (features->mechanisms == NULL && !features->bind && !features->session));
}

static void look_at_text(const char *text, size_t max)
{
    assert(text == NULL || strlen(text) <= max);
}

static void look_at_stanza(const struct xmpp_stanza *stanza, enum xmpp_event event)
{
    look_at_text(stanza->from, XMPP_JID_MAX);
    look_at_text(stanza->to, XMPP_JID_MAX);
    look_at_text(stanza->id, XMPP_JID_MAX);
    look_at_text(stanza->type, XMPP_JID_MAX);
    look_at_text(stanza->condition, XMPP_CONDITION_MAX);
    look_at_text(stanza->text, PEER_TEXT_MAX);
    look_at_text(stanza->bound, XMPP_JID_MAX);
    assert(event == XMPP_IQ || (stanza->bound == NULL && !stanza->ping));
}

static void look_at(const struct xmpp_stream *stream, enum xmpp_kind kind, enum xmpp_event event)
{
    if (event == XMPP_HEADER) {
        const struct xmpp_header *header = xmpp_stream_header(stream);
        assert(header->id == NULL || strlen(header->id) <= XMPP_ID_MAX);
    } else if (event == XMPP_FEATURES) {
        look_at_features(xmpp_stream_features(stream), kind);
    } else if (event == XMPP_ERROR) {
        assert(xmpp_stream_error(stream) != NULL && strlen(xmpp_stream_error_text(stream)) <= PEER_TEXT_MAX);
    } else if (event == XMPP_VERIFY || event == XMPP_IQ || event == XMPP_SASL_FAILURE) {
        assert((event == XMPP_VERIFY) == (kind == XMPP_SERVER));
        look_at_stanza(xmpp_stream_stanza(stream), event);
    } else if (event == XMPP_CHALLENGE || event == XMPP_SUCCESS) {
        assert(kind == XMPP_CLIENT && strlen(xmpp_stream_sasl(stream)) <= XMPP_SASL_MAX);
    } else if (event == XMPP_INVALID) {
        assert(strlen(xmpp_stream_fault_text(stream)) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum xmpp_kind kind = (data[0] & CLIENT) != 0 ? XMPP_CLIENT : XMPP_SERVER;
    size_t piece = (data[0] & ~CLIENT) == 0 ? size : data[0] & ~CLIENT;
    struct xmpp_stream *stream = xmpp_stream_new(kind, CAP);
    enum xmpp_event event = XMPP_MORE;
    for (size_t at = 1; at < size && event != XMPP_INVALID && event != XMPP_PROCEED;) {
        size_t length = size - at < piece ? size - at : piece, used = 0;
        event = xmpp_stream_read(stream, (const char *)data + at, length, &used);
        assert(used <= length && (event != XMPP_MORE || used == length));
        look_at(stream, kind, event);
        at += used;
    }
    xmpp_stream_free(stream);
    return 0;
}
