"""Cases for test_hostile.py: the first stream, up to the answer to <starttls/>."""

from hostile import IMPATIENT, Case
from peers import (ASKED, DIALBACK, END, FAILURE, HEADER, OLD_HEADER, OPENED, PLAIN_HEADER, PROCEED, STARTTLS,
                   STARTTLS_REQUIRED, close, error, expect, features, flood, mechanisms, reset, slowly, tls)

OFFER = features(STARTTLS_REQUIRED)
START = [OPENED, HEADER + OFFER, ASKED]
SECURE = [*START, PROCEED, tls(), OPENED]
GOOD = [*SECURE, HEADER + features(DIALBACK)]
MEBIBYTE = 1 << 20
# RFC 6120 4.9.3, but for see-other-host, which has content.
CONDITIONS = """
    bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown improper-addressing
    internal-server-error invalid-from invalid-namespace invalid-xml not-authorized not-well-formed policy-violation
    remote-connection-failed reset resource-constraint restricted-xml system-shutdown undefined-condition
    unsupported-encoding unsupported-feature unsupported-stanza-type unsupported-version
"""


def ends(name, why, reason, *script, **more):
    """A case that ends with the stream check."""
    return Case(name, why, "critical", {"stream": reason}, list(script), **more)


def not_xmpp(name, why, said, *then):
    """... because something else than XMPP answers, also when it does so at once."""
    return ends(name, why, "stream_not_xmpp", said, *then)


def times_out(name, why, *script):
    """... because nothing more comes."""
    return ends(name, why, "stream_timeout", *script, settings=IMPATIENT)


def refuses(condition, name=None, said=None):
    """A stream error; by default as a server sends it, after its header."""
    reason = "stream_error_" + condition.replace("-", "_")
    return ends(name or reason, f"the peer says {condition}", reason, OPENED, said or HEADER + error(condition), close)


def header_invalid(name, why, *said):
    """A stream that breaks the rules."""
    return ends(name, why, "stream_header_invalid", OPENED, *said)


def too_large(name, why, *said):
    """A peer that does not stop."""
    return ends(name, why, "stream_too_large", OPENED, *said)


def asked(name, why, reason, *then, **more):
    """A case that ends with what the peer answers to <starttls/>."""
    return Case(name, why, "critical", {"starttls": reason}, [*START, *then], **more)


def bomb(depth):
    """Entities that grow tenfold with each level."""
    levels = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, depth))
    return f"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a0 'lol'>{levels}]><lolz>&a{depth - 1};</lolz>".encode()


def padded(size):
    """Features of this size, in small elements."""
    extension = b"<extension xmlns='urn:x'>" + b"x" * 963 + b"</extension>"  # 1,000 bytes
    return features(STARTTLS_REQUIRED, extension * (size // 1000))


CLOSED = [
    times_out("silent", "the peer accepts and says nothing"),
    times_out("header_only", "a header, and no features after it", OPENED, HEADER),
    times_out("half_a_header", "a header that stops in the middle", OPENED, HEADER[:100]),
    times_out("half_of_features", "features that stop in the middle", OPENED, HEADER + OFFER[:-5]),
    times_out("keep_alives", "white space now and then is legal, and not an answer", OPENED, HEADER + b"\n \n"),
    ends("closed_at_once", "the peer hangs up on us", "stream_closed", close),
    ends("closed_after_header", "the peer hangs up after its header", "stream_closed", OPENED, HEADER, close),
    ends("closed_in_header", "the peer hangs up inside its header", "stream_closed", OPENED, HEADER[:100], close),
    ends("reset_after_header", "the peer resets the connection after its header", "stream_closed", OPENED, HEADER,
         reset),
    ends("reset_when_opened", "the peer resets the connection when it sees our header", "stream_closed", OPENED, reset),
    ends("stream_ended", "the peer ends its stream instead of giving features", "stream_closed", OPENED, HEADER + END),
]

NOT_XMPP = [
    not_xmpp("http", "a web server", b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n", close),
    not_xmpp("html", "a web server that gives its page only", b"<!DOCTYPE html>\n<html><head><title>400</title>",
             close),
    not_xmpp("xhtml", "a web page that is XML", b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", close),
    not_xmpp("ssh", "an SSH server", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    not_xmpp("smtp", "a mail server", b"220 mail.example ESMTP\r\n"),
    not_xmpp("tls_alert", "direct TLS, which takes our header for a ClientHello", b"\x15\x03\x01\0\x02\x02\x46", close),
    not_xmpp("nul_bytes", "nothing but NUL", b"\0" * 64),
    not_xmpp("noise", "random bytes", bytes.fromhex("ff9d1c7be00403b7a9f3c2d8550e62ab")),
    not_xmpp("other_root", "XML, but another document", b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>",
             close),
    not_xmpp("endless_noise", "a generator of characters",
             flood(b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGH\r\n" * 1000)),
    ends("for_clients", "a stream for clients: the wrong port", "stream_bad_namespace",
         OPENED, HEADER.replace(b"jabber:server'", b"jabber:client'", 1) + OFFER),
    ends("for_components", "a stream for components: the wrong port", "stream_bad_namespace",
         OPENED, HEADER.replace(b"'jabber:server'", b"'jabber:component:accept'") + OFFER),
    ends("other_streams", "a stream in a namespace that is not XMPP's", "stream_bad_namespace",
         OPENED, HEADER.replace(b"etherx.jabber.org", b"example.org") + OFFER),
    ends("prefix_unbound", "the prefix of <stream:stream> is not declared", "stream_bad_namespace",
         OPENED, HEADER.replace(b"xmlns:stream=", b"xmlns:streams=")),
]

INVALID = [
    header_invalid("no_id", "a header without an id", HEADER.replace(b" id='s1'", b"") + OFFER),
    header_invalid("no_id_alone", "a header without an id, and nothing behind it", HEADER.replace(b" id='s1'", b"")),
    header_invalid("empty_id", "a header with an empty id", HEADER.replace(b"'s1'", b"''") + OFFER),
    header_invalid("odd_version", "a version that is none", HEADER.replace(b"'1.0'>", b"'one'>") + OFFER),
    header_invalid("old_without_id", "the id is older than the version", OLD_HEADER.replace(b" id='s1'", b"")),
    header_invalid("comment", "comments are forbidden (RFC 6120 11.1)", HEADER + b"<!-- x -->" + OFFER),
    header_invalid("instruction", "processing instructions are forbidden", HEADER + b"<?php x?>" + OFFER),
    header_invalid("entity", "entities are forbidden", HEADER + features(b"&x;")),
    header_invalid("billion_laughs", "a doctype is forbidden, and its entities are not expanded", bomb(12)),
    header_invalid("doctype", "a doctype before the header",
                   b"<!DOCTYPE stream SYSTEM 'file:///etc/passwd'>" + HEADER + OFFER),
    header_invalid("other_encoding", "an encoding other than UTF-8",
                   HEADER.replace(b"?>", b" encoding='ISO-8859-1'?>") + OFFER),
    header_invalid("utf_16", "streams are in UTF-8, whatever an XML parser can read (RFC 6120 11.6)",
                   (HEADER + OFFER).decode().encode("utf-16")),
    header_invalid("not_utf_8", "bytes that are not UTF-8", HEADER + features(b"<x>\xc3\x28\xff</x>")),
    header_invalid("crossed_tags", "tags that cross", HEADER + b"<stream:features><a><b></a></b>"),
    header_invalid("no_features", "another element in place of features",
                   HEADER + b"<message><body>hi</body></message>"),
    header_invalid("early_proceed", "nobody asked for TLS yet", HEADER + PROCEED),
    header_invalid("two_headers", "a second header inside the stream", HEADER + HEADER),
]

TOO_LARGE = [
    too_large("features_10_mib", "10 MiB of features", HEADER + padded(10 * MEBIBYTE)),
    too_large("features_70_kb", "just over the cap of 64 KiB", HEADER + padded(70000)),
    too_large("nested_15000", "15,000 elements inside each other", HEADER + b"<stream:features>" + b"<x>" * 15000),
    too_large("nested_100", "100 elements inside each other", HEADER + features(b"<x>" * 100 + b"</x>" * 100)),
    too_large("endless_white_space", "white space for ever", HEADER, flood(b" \n" * 5000)),
    too_large("white_space_before_header", "white space for ever, and no header", flood(b" \n" * 5000)),
    too_large("endless_tag", "a tag that never ends", HEADER[:-1], flood(b" a='" + b"x" * 10000 + b"'")),
    too_large("endless_attribute", "an attribute that never ends", HEADER[:-1] + b" x='", flood(b"x" * 10000)),
    too_large("endless_comment", "a comment that never ends", HEADER + b"<!--", flood(b"x" * 10000)),
    too_large("long_id", "an id longer than anybody needs", HEADER.replace(b"'s1'", b"'" + b"x" * 5000 + b"'") + OFFER),
    too_large("endless_text", "text for ever", HEADER + b"<stream:features>", flood(b"text " * 2000)),
    too_large("endless_text_in_bytes", "text for ever, in small pieces", HEADER + b" " * 65000, slowly, flood(b" ")),
    too_large("many_namespaces", "hundreds of declarations in one tag",
              HEADER + b"<stream:features" + b"".join(b" xmlns:n%d='urn:%d'" % (n, n) for n in range(1000)) + b"/>"),
]

REFUSED = [
    *[refuses(condition) for condition in CONDITIONS.split()],
    refuses("see-other-host",
            said=HEADER + error("see-other-host").replace(b"'/>", b"'>other.test:5269</see-other-host>")),
    refuses("other", "error_invalid_id", HEADER + error("invalid-id")),
    refuses("other", "error_without_condition", HEADER + b"<stream:error/>" + END),
    refuses("other", "error_of_own_kind", HEADER + b"<stream:error><x xmlns='urn:x'/></stream:error>" + END),
    refuses("other", "error_of_own_text", HEADER + error("not-today", b"Come back tomorrow")),
    refuses("host-unknown", "error_before_features_without_id",
            HEADER.replace(b" id='s1'", b"") + error("host-unknown")),
    refuses("host-unknown", "error_behind_old_header", OLD_HEADER + error("host-unknown")),
    refuses("policy-violation", "error_with_text",
            HEADER + error("policy-violation", b"No&#10;|\xc2\x9b31m\xf0\x9f\x92\xa9'\"\\&#x85;")),
    refuses("host-unknown", "error_with_much_text", HEADER + error("host-unknown", "\N{PILE OF POO}".encode() * 1000)),
]

STARTTLS_ANSWERS = [
    Case("not_offered", "features without STARTTLS", "critical", {"starttls": "starttls_not_offered"},
         [OPENED, HEADER + features(DIALBACK)]),
    Case("before_xmpp_1", "a header without a version: no features follow, and no STARTTLS", "critical",
         {"starttls": "starttls_not_offered"}, [OPENED, OLD_HEADER]),
    asked("failure", "the peer refuses what it offered", "starttls_failure", FAILURE + END, close),
    asked("closed_when_asked", "the peer hangs up", "starttls_closed", close),
    asked("reset_when_asked", "the peer resets the connection", "starttls_closed", reset),
    asked("ended_when_asked", "the peer ends its stream", "starttls_closed", END),
    asked("silent_when_asked", "the peer does not answer", "tls_timeout", settings=IMPATIENT),
    asked("error_when_asked", "the peer answers with an error", "stream_error_policy_violation",
          error("policy-violation")),
    asked("proceed_of_others", "<proceed/> in another namespace is no permission", "stream_header_invalid",
          b"<proceed xmlns='urn:x'/>"),
    asked("features_when_asked", "features again", "stream_header_invalid", OFFER),
    asked("http_when_asked", "no XML any more", "stream_header_invalid",
          b"HTTP/1.1 400 Bad Request\r\n\r\n<!DOCTYPE html>"),
    asked("flood_when_asked", "white space for ever", "stream_too_large", flood(b" " * 10000)),
]


def mode(name, why, starttls, offered, reason=None):
    """A security mode that is or is not the expected one."""
    return Case(name, why, "warning" if reason else "ok", {"starttls": reason} if reason else {},
                [OPENED, HEADER + offered, *SECURE[2:], HEADER + features(DIALBACK)], "auth",
                expect={"starttls": starttls} if starttls else None)


def in_the_clear(name, why, state, auth, *script):
    """No TLS, as expected."""
    return Case(name, why, state, {"starttls": "not_applicable", "certificate": "not_applicable", "auth": auth},
                [OPENED, *script], expect={"starttls": "none"})


OPTIONAL, REQUIRED = features(STARTTLS), OFFER
MODES = [
    mode("optional_is_fine", "without an expectation both modes are right", None, OPTIONAL),
    mode("required_as_expected", "required, as expected", "required", REQUIRED),
    mode("optional_as_expected", "optional, as expected", "optional", OPTIONAL),
    mode("not_required", "optional where it should be required", "required", OPTIONAL, "starttls_policy_mismatch"),
    mode("not_optional", "required where it should be optional", "optional", REQUIRED, "starttls_policy_mismatch"),
    mode("not_none", "TLS where there should be none: a peer that wants it is talked to with it", "none", REQUIRED,
         "starttls_policy_mismatch"),
    in_the_clear("clear", "no TLS, as expected; the plain stream tells how to authenticate", "ok", "ok",
                 PLAIN_HEADER + features(DIALBACK)),
    in_the_clear("clear_by_header", "... by xmlns:db alone", "ok", "ok", HEADER + features()),
    in_the_clear("clear_without_features", "... from a peer of the time before features", "ok", "ok", OLD_HEADER),
    in_the_clear("clear_and_nothing", "... and no way to authenticate", "critical", "auth_not_offered",
                 PLAIN_HEADER + features(mechanisms(b"PLAIN"))),
    Case("clear_not_wanted", "no TLS where it should be optional", "critical", {"starttls": "starttls_not_offered"},
         [OPENED, HEADER + features(DIALBACK)], expect={"starttls": "optional"}),
]

WORKS = [
    Case("good", "all is well", "ok", {}, GOOD),
    Case("features_60_kb", "just below the cap of 64 KiB", "ok", {},
         [OPENED, HEADER + padded(60000), *SECURE[2:], HEADER + features(DIALBACK)]),
    Case("white_space", "white space between elements is legal", "ok", {},
         [OPENED, HEADER + b"\n \n" + OFFER + b"\n", ASKED, b"\n" + PROCEED, *SECURE[4:],
          HEADER + b" " + features(DIALBACK)]),
    Case("other_prefixes", "prefixes are the peer's to choose", "ok", {},
         [OPENED,
          (HEADER + OFFER).replace(b"stream:", b"s:").replace(b"xmlns:stream", b"xmlns:s").replace(b":db=", b":d="),
          *SECURE[2:], HEADER + features(DIALBACK)]),
    Case("old_with_features", "a version is missing, and features come all the same", "ok", {},
         [OPENED, OLD_HEADER + OFFER, *SECURE[2:], OLD_HEADER + features(DIALBACK)]),
    Case("early", "the peer says all it can before it is asked", "ok", {},
         [HEADER + OFFER, expect(b"<starttls "), *SECURE[3:], HEADER + features(DIALBACK)]),
    Case("features_unknown", "features that nobody knows", "ok", {},
         [OPENED,
          HEADER + features(b"<x xmlns='urn:x'><y/></x>", STARTTLS, b"<limits xmlns='urn:xmpp:stream-limits:0'/>"),
          *SECURE[2:], HEADER + features(DIALBACK)]),
]

CASES = CLOSED + NOT_XMPP + INVALID + TOO_LARGE + REFUSED + STARTTLS_ANSWERS + MODES + WORKS
