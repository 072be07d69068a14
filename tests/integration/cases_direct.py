"""Cases for test_hostile.py: direct TLS (XEP-0368), where TLS begins with the connection and the only stream is
inside."""

from cases_stream import MEBIBYTE, padded
from cases_tls import AUTH, hello
from hostile import IMPATIENT, Case
from peers import (END, HEADER, HELLO, OLD_HEADER, OPENED, PLAIN_HEADER, PROCEED, STARTTLS_REQUIRED, agreed,
                   beneath_tls, close, error, features, goodbye, mechanisms, reset, tls)

ALPN = "xmpp-server"
SECURE = [tls(protocol=ALPN, named=True), agreed(ALPN), OPENED]
CHOOSES_H2 = b"\0\x09" + b"\0\x10\0\x05" + b"\0\x03\x02h2"  # extensions with ALPN, RFC 7301


def works(name, why, *script, **more):
    """A case in which all is well."""
    return Case(f"direct_{name}", why, "ok", {}, list(script), direct=True, **more)


def shakes(name, why, reason, *script, **more):
    """A case that ends in the handshake."""
    return Case(f"direct_{name}", why, "critical", {"starttls": reason}, list(script), direct=True, **more)


def ends(name, why, reason, *then, **more):
    """A case that ends with the stream check."""
    return Case(f"direct_{name}", why, "critical", {"stream": reason}, [*SECURE, *then], direct=True, **more)


def authenticates(name, why, *said):
    """A case that ends with nothing offered."""
    return Case(f"direct_{name}", why, "critical", {"auth": "auth_not_offered"}, [*SECURE, *said], direct=True)


WORKS = [
    works("good", "the server knows the domain (SNI) and the protocol (ALPN)", *SECURE, AUTH),
    works("no_choice", "a server that knows nothing of ALPN", tls(), agreed(None), OPENED, AUTH),
    works("other_choice", "... or does not know our protocol, and does not insist", tls(protocol="h2"), agreed(None),
          OPENED, AUTH),
    works("tls_1_2", "an older version", tls(newest="TLSv1_2", protocol=ALPN), agreed(ALPN), OPENED, AUTH),
    works("early", "the peer says all it can before it is asked", tls(), AUTH),
    works("old_header", "no features can follow; xmlns:db offers dialback", *SECURE, OLD_HEADER),
    works("features_200_kb", "below the cap of 256 KiB", *SECURE, HEADER + padded(200000)),
    works("reset_behind_features", "an end without ceremony does not matter", *SECURE, AUTH, reset),
    works("required", "STARTTLS is nothing to be expected of direct TLS", *SECURE, AUTH,
          expect={"starttls": "required"}),
    works("none", "... and nothing not to be expected either", *SECURE, AUTH, expect={"starttls": "none"}),
]

HANDSHAKES = [
    shakes("silent", "the peer does not answer the ClientHello", "tls_timeout", HELLO, settings=IMPATIENT),
    shakes("closed", "the peer hangs up", "tls_closed", HELLO, close),
    shakes("closed_at_once", "the peer does so without reading", "tls_closed", close),
    shakes("reset", "the peer resets the connection", "tls_closed", HELLO, reset),
    shakes("in_the_clear", "XMPP without TLS takes the ClientHello for bad XML", "tls_not_tls",
           HELLO, HEADER + error("not-well-formed"), close),
    shakes("in_the_clear_early", "... or does not even wait for it", "tls_not_tls", HEADER, close),
    shakes("http", "the answer is HTTP", "tls_not_tls", HELLO, b"HTTP/1.1 400 Bad Request\r\n\r\n", close),
    shakes("no_protocol", "the server does not speak our protocol", "tls_alert_no_application_protocol",
           HELLO, b"\x15\x03\x03\0\x02\x02\x78", close),
    shakes("another_protocol", "the server chooses one that was not offered", "tls_error",
           HELLO, hello(b"\x03\x03", CHOOSES_H2)),
    shakes("client_certificate", "TLS 1.3: the alert comes behind the handshake", "tls_client_certificate_required",
           tls(clients=True), until="certificate"),
    shakes("clear_text_inside", "clear text right behind the handshake is a fault of TLS, not of the stream",
           "tls_not_tls", *SECURE, beneath_tls(HEADER + END), until="certificate"),
    shakes("tls_1_1", "a version below the minimum; what follows is checked all the same", "tls_version_too_old",
           tls(newest="TLSv1_1"), OPENED, AUTH, until="auth"),
    Case("direct_expired", "a fault of the certificate is a warning where dialback is offered", "warning",
         {"certificate": "cert_expired"}, [tls("expired"), OPENED, AUTH], "auth", direct=True),
]

STREAMS = [
    ends("silent_inside", "no stream is opened", "stream_timeout", settings=IMPATIENT),
    ends("header_only", "a header, and no features after it", "stream_timeout", HEADER, settings=IMPATIENT),
    ends("closed_inside", "the peer hangs up before its header", "stream_closed", close),
    ends("goodbye_inside", "... in good order", "stream_closed", goodbye),
    ends("reset_inside", "... by a reset, behind its header", "stream_closed", HEADER, reset),
    ends("ended_inside", "the peer ends its stream after its header", "stream_closed", HEADER + END),
    ends("refused", "the peer refuses", "stream_error_host_unknown", HEADER + error("host-unknown")),
    ends("http_inside", "a web server", "stream_not_xmpp", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ends("for_clients", "a stream for clients: the wrong port", "stream_bad_namespace",
         HEADER.replace(b"jabber:server'", b"jabber:client'", 1) + features()),
    ends("no_id", "a header without an id", "stream_header_invalid", HEADER.replace(b" id='s1'", b"") + features()),
    ends("proceed", "nobody asked for STARTTLS", "stream_header_invalid", HEADER + PROCEED),
    ends("features_10_mib", "10 MiB of features", "stream_too_large", HEADER + padded(10 * MEBIBYTE)),
    ends("clear_text_later", "clear text where a stream was opened", "tls_not_tls", HEADER, beneath_tls(HEADER + END)),
    authenticates("nothing_offered", "no way to authenticate", PLAIN_HEADER + features(mechanisms(b"PLAIN"))),
    authenticates("starttls_inside", "STARTTLS inside TLS is none either", PLAIN_HEADER + features(STARTTLS_REQUIRED)),
]

CASES = WORKS + HANDSHAKES + STREAMS
