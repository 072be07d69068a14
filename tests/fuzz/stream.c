/* The stream reader: a whole conversation from its first byte, in pieces as the network might cut them. The first byte
 * says how long the pieces are. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "stream/xmpp_stream.h"

#define CAP 65536

static void look_at(const struct xmpp_stream *stream, enum xmpp_event event)
{
    if (event == XMPP_HEADER) {
        const struct xmpp_header *header = xmpp_stream_header(stream);
        assert(header->id == NULL || strlen(header->id) <= XMPP_ID_MAX);
    } else if (event == XMPP_FEATURES) {
        assert(xmpp_stream_features(stream)->starttls != OFFER_UNKNOWN);
    } else if (event == XMPP_ERROR) {
        assert(xmpp_stream_error(stream) != NULL && strlen(xmpp_stream_error_text(stream)) <= PEER_TEXT_MAX);
    } else if (event == XMPP_INVALID) {
        assert(strlen(xmpp_stream_fault_text(stream)) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = data[0] == 0 ? size : data[0];
    struct xmpp_stream *stream = xmpp_stream_new(CAP);
    enum xmpp_event event = XMPP_MORE;
    for (size_t at = 1; at < size && event != XMPP_INVALID && event != XMPP_PROCEED;) {
        size_t length = size - at < piece ? size - at : piece, used = 0;
        event = xmpp_stream_read(stream, (const char *)data + at, length, &used);
        assert(used <= length && (event != XMPP_MORE || used == length));
        look_at(stream, event);
        at += used;
    }
    xmpp_stream_free(stream);
    return 0;
}
