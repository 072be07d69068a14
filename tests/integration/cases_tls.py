"""Cases for test_hostile.py: the TLS handshake, certificates, and the stream inside TLS."""

from cases_stream import ASKED, GOOD, MEBIBYTE, SECURE, START, padded
from hostile import IMPATIENT, Case, Settings
from peers import (DIALBACK, END, FAILURE, HEADER, HELLO, OLD_HEADER, OPENED, PLAIN_HEADER, PROCEED, STARTTLS_REQUIRED,
                   agreed, beneath_tls, close, error, features, flood, goodbye, mechanisms, reset, slowly, tls)

AUTH = HEADER + features(DIALBACK)
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
    116: "certificate_required", 120: "no_application_protocol", 200: "other"}
LENIENT = Settings(tls=', min_version: "1.0"')
STRICT = Settings(tls=', min_version: "1.3"')


def shakes(name, why, reason, *then, **more):
    """A case that ends in the handshake."""
    return Case(name, why, "critical", {"starttls": reason}, [*START, PROCEED, *then], **more)


def answers(name, why, reason, said, *then, **more):
    """... because of the answer to the ClientHello."""
    return shakes(name, why, reason, HELLO, said, *then, **more)


def alert(number, name, level=2):
    """... because of an alert."""
    return answers(f"alert_{name}_{level}", f"the peer sends alert {number}", "tls_alert_" + name,
                   bytes([0x15, 3, 3, 0, 2, level, number]), close)


def speaks(name, why, state, found, *, until="auth", settings=Settings(), **options):
    """A handshake with these options of the server."""
    return Case(name, why, state, found, [*START, PROCEED, tls(**options), OPENED, AUTH], until, settings=settings)


def shows(certificate, reason, state="warning", offer=DIALBACK):
    """A certificate. A fault of it is a warning for the domain where dialback is offered."""
    header = HEADER if offer == DIALBACK else PLAIN_HEADER
    return Case(f"certificate_{certificate}_{state}", f"the certificate called {certificate}", state,
                {"certificate": reason},
                [*START, PROCEED, tls(certificate), OPENED, header + features(offer)], "auth")


def inside(name, why, reason, *then, **more):
    """A case that ends with the stream inside TLS."""
    return Case(name, why, "critical", {"auth": reason} if reason else {}, [*SECURE, *then], **more)


def offers(name, why, *said):
    """A way to authenticate is offered."""
    return Case(name, why, "ok", {}, [*SECURE, *said])


def flipped(place):
    """Makes a flight of the server another one, by one bit."""
    return lambda flight: flight[:place] + bytes([flight[place] ^ 1]) + flight[place:][1:]


def hello(version, extensions=b""):
    """A ServerHello that chooses this version. `extensions` begin with their length."""
    body = version + b"r" * 32 + b"\0" + b"\0\x2f" + b"\0" + extensions
    return b"\x16" + version + (len(body) + 4).to_bytes(2, "big") + b"\x02" + len(body).to_bytes(3, "big") + body


HANDSHAKES = [
    shakes("silent_in_tls", "the peer does not answer the ClientHello", "tls_timeout", HELLO, settings=IMPATIENT),
    shakes("half_a_flight", "the server's flight stops in the middle", "tls_timeout",
           tls(alter=lambda flight: flight[:200]),
           settings=IMPATIENT),
    shakes("closed_in_tls", "the peer hangs up", "tls_closed", HELLO, close),
    shakes("reset_in_tls", "the peer resets the connection", "tls_closed", HELLO, reset),
    shakes("closed_after_proceed", "the peer hangs up at once", "tls_closed", close),
    shakes("closed_in_flight", "the peer hangs up in the middle of its flight", "tls_closed",
           lambda talk: talk.start_tls(talk.make_context("good"),
                                       lambda flight: (talk.push(flight[:200]), close(talk)))),
    answers("http_in_tls", "the answer is HTTP", "tls_not_tls", b"HTTP/1.1 400 Bad Request\r\n\r\n", close),
    answers("xmpp_in_tls", "the peer goes on in the clear", "tls_not_tls", HEADER + features(DIALBACK)),
    answers("nul_in_tls", "NUL bytes", "tls_not_tls", b"\0" * 100),
    answers("noise_in_tls", "random bytes", "tls_not_tls", bytes.fromhex("9d1c7be00403b7a9f3c2d8550e62ab")),
    answers("noise_as_record", "a record of no known type, but of a version of TLS", "tls_error",
            b"\x47\x03\x03\0\x05hello"),
    answers("overlong_record", "a record longer than any may be", "tls_not_tls",
            b"\x16\x03\x03\xff\xff" + b"x" * 65535),
    answers("data_in_handshake", "application data before any key is known", "tls_error", b"\x17\x03\x03\0\x05hello"),
    answers("garbage_hello", "a handshake message of no known type", "tls_error", b"\x16\x03\x03\0\x05\x63\0\0\x01x"),
    answers("hello_announced_16_mib", "a ServerHello of 16 MiB", "tls_error", b"\x16\x03\x03\0\x04\x02\xff\xff\xff",
            flood(b"\x16\x03\x03\x40\0" + b"x" * 16384)),
    answers("endless_empty_records", "records without content for ever", "tls_error",
            flood(b"\x16\x03\x03\0\0" * 1000)),
    answers("endless_warnings", "warnings for ever", "tls_error", flood(b"\x15\x03\x03\0\x02\x01\x5a" * 1000)),
    answers("endless_hello_requests", "messages that OpenSSL skips by itself, for ever", "stream_too_large",
            flood(b"\x16\x03\x03\x40\0" + b"\0" * 16384)),
    shakes("flipped_hello", "a ServerHello with a bit flipped", "tls_error", tls(alter=flipped(60))),
    shakes("flipped_end", "the last byte of the server's flight is wrong", "tls_error", tls(alter=flipped(-1))),
    shakes("flipped_signature", "... with TLS 1.2, before anything is encrypted", "tls_error",
           tls(alter=flipped(-20), newest="TLSv1_2")),
    *[alert(number, name) for number, name in ALERTS.items()],
    alert(0, "close_notify", 1),
    shakes("no_common_cipher", "the peer knows only ciphers without a certificate", "tls_alert_handshake_failure",
           tls(newest="TLSv1_2", ciphers="AECDH-AES128-SHA")),
    shakes("huge_group", "a Diffie-Hellman group in which a handshake takes half a second", "tls_error",
           tls("rsa", newest="TLSv1_2", ciphers="DHE", dh_bits=9000)),
    shakes("client_certificate_1_2", "TLS 1.2: the alert comes in the handshake", "tls_client_certificate_required",
           tls(newest="TLSv1_2", clients=True)),
    Case("client_certificate_1_3", "TLS 1.3: the alert comes after it", "critical",
         {"starttls": "tls_client_certificate_required"}, [*START, PROCEED, tls(clients=True)], "certificate"),
]

VERSIONS = [
    Case("no_protocol", "SNI names the domain; ALPN is for direct TLS alone", "ok", {},
         [*START, PROCEED, tls(protocol="xmpp-server", named=True), agreed(None), OPENED, AUTH]),
    speaks("tls_1_0", "a version below the minimum; what follows is checked all the same", "critical",
           {"starttls": "tls_version_too_old"}, newest="TLSv1"),
    speaks("tls_1_1", "a version below the minimum", "critical", {"starttls": "tls_version_too_old"}, newest="TLSv1_1"),
    speaks("tls_1_2", "the minimum", "ok", {}, newest="TLSv1_2"),
    speaks("tls_1_2_old_ciphers", "ciphers that only older peers choose", "warning",
           {"certificate": "cert_self_signed"},
           certificate="rsa", newest="TLSv1_2", ciphers="DHE-RSA-AES128-SHA", dh_bits=2048),
    speaks("tls_1_3", "the newest", "ok", {}, oldest="TLSv1_3"),
    speaks("tls_1_0_allowed", "the minimum is the configuration's to choose", "ok", {}, settings=LENIENT,
           newest="TLSv1"),
    speaks("tls_1_2_too_old", "... and may be higher", "critical", {"starttls": "tls_version_too_old"}, settings=STRICT,
           newest="TLSv1_2"),
    answers("ssl_3", "SSL 3.0 is offered, which cannot be completed", "tls_version_too_old", hello(b"\3\0")),
]

CERTIFICATES = [
    shows("good", "ok", "ok"),
    shows("expired", "cert_expired"),
    shows("expired", "cert_expired", "critical", mechanisms(b"EXTERNAL")),
    shows("early", "cert_not_yet_valid"),
    shows("soon", "cert_expires_soon"),
    shows("self_signed", "cert_self_signed"),
    shows("leaf", "cert_chain_incomplete"),
    shows("foreign", "cert_untrusted"),
    shows("stranger", "cert_name_mismatch"),
    shows("many_names", "cert_name_mismatch"),
    shakes("endless_chain", "a chain longer than anybody needs", "tls_error", tls("long_chain")),
]

INSIDE = [
    offers("dialback_by_feature", "the dialback feature", PLAIN_HEADER + features(DIALBACK)),
    offers("dialback_by_header", "xmlns:db in the header, as older peers have it", HEADER + features()),
    offers("dialback_by_old_header", "... where no features follow", OLD_HEADER),
    offers("external", "SASL EXTERNAL", PLAIN_HEADER + features(mechanisms(b"PLAIN", b"\n EXTERNAL "))),
    offers("features_200_kb", "below the cap of 256 KiB", HEADER + padded(200000)),
    offers("flood_behind_features", "junk for ever after all that matters", AUTH, flood(b"junk" * 4000)),
    offers("nonsense_behind_features", "what comes after the features does not matter",
           AUTH + b"\0\xff<!DOCTYPE x>" + END),
    offers("closed_behind_features", "nor does an end without ceremony", AUTH, reset),
    offers("goodbye_behind_features", "nor one with it", AUTH + END, goodbye),
    inside("nothing_offered", "no way to authenticate", "auth_not_offered",
           PLAIN_HEADER + features(mechanisms(b"PLAIN"))),
    inside("starttls_again", "STARTTLS inside TLS is no way either", "auth_not_offered",
           PLAIN_HEADER + features(STARTTLS_REQUIRED)),
    inside("old_and_nothing", "no features can follow, and none is declared", "auth_not_offered",
           OLD_HEADER.replace(b"xmlns:db='jabber:server:dialback'", b"")),
    inside("closed_before_features", "the peer hangs up after its header", "auth_features_missing", HEADER, close),
    inside("goodbye_before_features", "... in good order", "auth_features_missing", HEADER, goodbye),
    inside("ended_before_features", "the peer ends its stream after its header", "auth_features_missing", HEADER + END),
    inside("no_features_inside", "no features come", "auth_features_missing", HEADER, settings=IMPATIENT),
    inside("other_than_features", "another element comes", "auth_features_missing", HEADER + FAILURE),
    inside("silent_inside", "no stream is opened inside TLS", "auth_features_missing", settings=IMPATIENT),
    inside("closed_inside", "the peer hangs up inside TLS before its header", "auth_features_missing", close),
    inside("goodbye_inside", "... in good order", "auth_features_missing", goodbye),
    inside("refused_inside", "the peer refuses inside TLS", "stream_error_not_authorized",
           HEADER + error("not-authorized")),
    inside("for_clients_inside", "another namespace inside TLS", "stream_bad_namespace",
           HEADER.replace(b"jabber:server'", b"jabber:client'", 1)),
    inside("http_inside", "HTTP inside TLS", "stream_not_xmpp", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    inside("no_id_inside", "no id inside TLS", "stream_header_invalid", HEADER.replace(b"id='s1'", b"") + features()),
    inside("features_300_kb", "over the cap of 256 KiB", "stream_too_large", HEADER + padded(300000)),
    inside("features_10_mib_inside", "10 MiB of features inside TLS", "stream_too_large",
           HEADER + padded(10 * MEBIBYTE)),
    Case("clear_text_inside", "clear text right behind the handshake is a fault of TLS, not of the stream", "critical",
         {"starttls": "tls_not_tls"}, [*SECURE, beneath_tls(HEADER + END)], "certificate"),
    inside("clear_text_later", "... and of the stream where one was opened", "tls_not_tls", HEADER,
           beneath_tls(HEADER + END)),
]

INJECTED = HEADER + features(DIALBACK, mechanisms(b"EXTERNAL"))
INJECTIONS = [
    Case("injected_behind_proceed", "what comes with <proceed/> is thrown away: no stream of before TLS counts",
         "critical",
         {"auth": "auth_not_offered"}, [*START, PROCEED + INJECTED, tls(), OPENED, PLAIN_HEADER + features()]),
    Case("injected_end", "... whatever it is", "ok", {},
         [*START, PROCEED + END + error("host-unknown"), tls(), OPENED, AUTH]),
    Case("injected_noise", "... even noise", "ok", {}, [*START, PROCEED + b"\0\xff" * 100, tls(), OPENED, AUTH]),
    Case("injected_with_features", "features of before TLS count for nothing after it", "critical",
         {"auth": "auth_not_offered"},
         [OPENED, HEADER + features(STARTTLS_REQUIRED, DIALBACK, mechanisms(b"EXTERNAL")), ASKED, PROCEED, tls(),
          OPENED,
          PLAIN_HEADER + features()]),
    Case("byte_by_byte", "each byte in a packet of its own, in and out of TLS", "ok", {}, [slowly, *GOOD]),
]

CASES = HANDSHAKES + VERSIONS + CERTIFICATES + INSIDE + INJECTIONS
