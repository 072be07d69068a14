/* The reader of features: the bytes stand behind a good stream header, where <stream:features/> is due. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "stream/xmpp_stream.h"

#define CAP 65536

static const char HEADER[] =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    "xmlns:db='jabber:server:dialback' id='fuzz' from='example.org' to='monitor.example.net' version='1.0'>";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xmpp_stream *stream = xmpp_stream_new(XMPP_SERVER, CAP);
    size_t used = 0;
    enum xmpp_event event = xmpp_stream_read(stream, HEADER, strlen(HEADER), &used);
    assert(event == XMPP_HEADER);
    for (size_t at = 0; event != XMPP_INVALID && event != XMPP_PROCEED; at += used) {
        event = xmpp_stream_read(stream, (const char *)data + at, size - at, &used);
        if (event == XMPP_FEATURES) {
            const struct xmpp_features *features = xmpp_stream_features(stream);
            assert(features->starttls >= OFFER_NONE && features->starttls <= OFFER_REQUIRED);
        }
        if (event == XMPP_MORE)
            break;
    }
    xmpp_stream_free(stream);
    return 0;
}
