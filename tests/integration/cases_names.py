"""Cases for test_hostile.py: what DNS says, and TCP connections that come to nothing."""

import random
import struct

import names
from hostile import IGNORES, IMPATIENT, REFUSES, Case, Settings
from names import AAAA, CNAME, SRV, TRUNCATED, a, answer, cname, encode, only, rcode, raw, record, silence, srv
from peers import ASKED, DIALBACK, HEADER, OPENED, PROCEED, STARTTLS_REQUIRED, features, tls

GOOD = [OPENED, HEADER + features(STARTTLS_REQUIRED), ASKED, PROCEED, tls(), OPENED, HEADER + features(DIALBACK)]
# Addresses of this machine that nobody else uses: on them port 5269, which cannot be chosen, is surely free.
ALONE, ALONE_TOO = [f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}" for _ in range(2)]
SRV_DATA = b"\0\0\0\0\x14\x95"  # priority 0, weight 0, port 5269


def fails(name, why, reason, settings=Case.settings, **dns):
    """A case that ends with the srv check, critical."""
    return Case(name, why, "critical", {"srv": reason}, dns=dns, settings=settings)


def times_out(name, why, **dns):
    """... for want of an answer."""
    return fails(name, why, "dns_timeout", IMPATIENT, **dns)


def malformed(name, why, records, **header):
    """... because of bytes where the SRV records should be."""
    return fails(name, why, "dns_malformed", srv=raw(records, **header))


def works(name, why, **dns):
    """A case where nothing is wrong, in spite of DNS."""
    return Case(name, why, "ok", {}, GOOD, dns=dns)


def warns(name, why, reason, expect=None, address=Case.address, **dns):
    """A case with a warning that does not keep the conversation from going on."""
    return Case(name, why, "warning", {"srv": reason}, GOOD, "auth", dns, expect, address=address)


def stepwise(*replies):
    """Each of these replies' messages, one after the other."""
    return lambda question: [message for reply in replies for message in reply(question)]


def pointing(*places):
    """Makes pointers to places behind the question section: 12 is the first record's data."""
    return lambda question: b"".join(struct.pack(">H", 0xc000 | 12 + len(question.section) + place) for place in places)


def to_another_question(question):
    """An answer with the right id, but not to what was asked."""
    return [question.ident + b"\x81\x80\0\1\0\0\0\0\0\0" + encode("other.test") + b"\0\x21\0\1"]


def with_id(ident):
    """Makes a message one that answers another question."""
    return lambda message: ident + message[2:]


MANY = [srv(priority=0)] + [srv(f"h{number}.{'x' * 40}.test", 5269, 10) for number in range(199)]
DNS_FAILURES = [
    times_out("silent_srv", "nobody answers for the SRV records", srv=silence),
    times_out("silent_host", "nobody answers for the target's addresses", host=silence),
    times_out("other_id", "an answer with another id answers nothing, and anyone could have sent it",
              srv=names.altered(answer(srv()), with_id(b"zz"))),
    times_out("other_question", "an answer to another question is no answer", srv=to_another_question),
    times_out("no_message", "datagrams too short to be a message are no answer",
              srv=lambda question: [b"", b"\0", question.ident, question.ident + b"\x81\x80\0\1\0\0"]),
    times_out("tcp_silent", "truncated, and over TCP nothing comes", srv=names.truncated(silence)),
    times_out("tcp_hangs_up", "truncated, and TCP is closed at once", srv=names.truncated(lambda _: [names.HANG_UP])),
    times_out("tcp_short", "truncated, and over TCP a length that is never reached",
              srv=names.truncated(lambda _: [names.Unframed(b"\xff\xff\0"), names.HANG_UP])),
    times_out("tcp_empty", "truncated, and over TCP messages without content",
              srv=names.truncated(lambda _: [b"", b"", b""])),
    fails("servfail_srv", "SERVFAIL for the SRV records", "dns_servfail", srv=rcode(names.SERVFAIL)),
    fails("servfail_host", "SERVFAIL for the target's addresses", "dns_servfail", host=rcode(names.SERVFAIL)),
    fails("refused_srv", "REFUSED for the SRV records", "dns_refused", srv=rcode(names.REFUSED)),
    fails("refused_host", "REFUSED for the target's addresses", "dns_refused", host=rcode(names.REFUSED)),
    fails("servfail_domain", "no SRV records, and SERVFAIL for the domain itself is no NXDOMAIN", "dns_servfail",
          srv=rcode(names.NXDOMAIN), domain=rcode(names.SERVFAIL)),
    fails("formerr", "the server does not understand the question", "dns_malformed", srv=rcode(names.FORMERR)),
    fails("notimp", "the server does not do this", "dns_malformed", srv=rcode(names.NOTIMP)),
    fails("rcode_15", "a response code that means nothing", "dns_malformed", srv=rcode(15)),
    fails("nxdomain", "neither SRV records nor the domain exist", "dns_nxdomain",
          srv=rcode(names.NXDOMAIN), direct=rcode(names.NXDOMAIN), domain=rcode(names.NXDOMAIN)),
    fails("no_address", "the domain exists with neither SRV records nor addresses", "dns_no_address",
          srv=rcode(names.NXDOMAIN), domain=answer()),
    fails("no_data", "the name of the SRV records exists, so the domain above it does, whatever is said of it",
          "dns_no_address", srv=answer(), direct=rcode(names.NXDOMAIN), domain=rcode(names.NXDOMAIN)),
    fails("no_data_direct", "... and so it does by the other service's name", "dns_no_address",
          srv=rcode(names.NXDOMAIN), direct=answer(), domain=rcode(names.NXDOMAIN)),
    fails(".".join(["long" * 14] * 4), "with _xmpp-server._tcp in front the name is longer than DNS can carry",
          "domain_invalid"),
    fails("alias_in_a_circle", "an SRV name that is an alias of itself has no records", "dns_no_address",
          srv=answer(cname("_xmpp-server._tcp.{}"))),
]

DNS_MALFORMED = [
    malformed("no_records", "a record is announced and none is there", b""),
    malformed("many_announced", "65,535 records are announced and one is there",
              record(SRV, SRV_DATA + encode("a.test")),
              answers=65535),
    malformed("name_points_to_itself", "a name that points to itself", pointing(0)),
    malformed("names_point_to_each_other", "two pointers that point to each other", pointing(2, 0)),
    malformed("pointer_outside", "a name that points behind the message", record(SRV, SRV_DATA + b"\xff\xff")),
    malformed("target_points_to_itself", "a target that points to itself",
              lambda question: record(SRV, SRV_DATA + pointing(18)(question))),
    malformed("label_of_type_1", "a label of a type that was never defined",
              record(SRV, SRV_DATA + b"\x41" + b"a" * 65 + b"\0")),
    malformed("data_beyond_end", "a length of data beyond the message",
              record(SRV, SRV_DATA + encode("a.test"), length=999)),
    malformed("data_too_short", "SRV data without room for port and target", record(SRV, b"\0\0\0\0")),
    malformed("no_target", "SRV data that ends before the target", record(SRV, SRV_DATA)),
    malformed("target_cut", "a target that ends in the middle of a label", record(SRV, SRV_DATA + b"\x20abc")),
    malformed("bytes_behind_target", "SRV data that goes on behind the target",
              record(SRV, SRV_DATA + encode("a.test") + b"junk")),
    malformed("target_too_long", "a target of more than 255 bytes",
              record(SRV, SRV_DATA + encode(".".join(["a" * 60] * 5)))),
    malformed("a_question", "a question in place of an answer", record(SRV, SRV_DATA + encode("a.test")), flags=0x0100),
    malformed("an_update", "an answer to another kind of request", record(SRV, SRV_DATA + encode("a.test")),
              flags=0xa980),
    fails("address_of_3_bytes", "an address must have 4 bytes", "dns_malformed",
          host=only(names.A, raw(record(names.A, b"abc")))),
    fails("address_of_17_bytes", "an IPv6 address must have 16 bytes", "dns_malformed",
          host=only(AAAA, raw(record(AAAA, b"x" * 17)))),
    malformed("alias_points_to_itself", "an alias whose target points to itself",
              lambda question: record(CNAME, pointing(12)(question))),
    fails("tcp_malformed", "truncated, and over TCP nonsense", "dns_malformed", srv=names.truncated(raw(b"\xc0"))),
    fails("truncated_over_tcp", "truncated over TCP, too: there is no third way to ask", "dns_malformed",
          srv=raw(b"", 1, names.RESPONSE | TRUNCATED)),
]

SRV_VERDICTS = [
    warns("no_srv", "no SRV records: the domain's own address on port 5269", "srv_missing", address=(ALONE, 5269),
          srv=rcode(names.NXDOMAIN), domain=answer(a(ALONE))),
    warns("no_srv_but_expected", "... also where certain ones were expected", "srv_missing",
          {"srv_targets": ["elsewhere.test:5269"]}, (ALONE_TOO, 5269),
          srv=answer(), domain=answer(a(ALONE_TOO))),
    fails("disabled", "a lone dot: the service is not offered, and no fallback is allowed", "srv_service_disabled",
          srv=answer(srv(".", 0)), domain=answer(a())),
    fails("disabled_with_port", "a lone dot disables whatever the port", "srv_service_disabled",
          srv=answer(srv(".", 5269))),
    warns("target_is_alias", "RFC 2782 wants no alias for a target; it is followed", "srv_target_alias",
          host=answer(cname("real.{}"), a(owner="real.{}"))),
    fails("target_without_address", "the target exists and has no address", "srv_target_no_address", host=answer()),
    fails("target_missing", "the target does not exist", "srv_target_no_address", host=rcode(names.NXDOMAIN)),
    fails("target_is_dead_alias", "the target is an alias of nothing", "srv_target_no_address",
          host=answer(cname("gone.test"))),
    fails("target_of_odd_bytes", "a name may have any bytes: it is asked for, and told in valid JSON",
          "srv_target_no_address",
          srv=raw(record(SRV, SRV_DATA + encode([b"\0\1'|\"\\", b"\x9b\xff\xfe", b"a.b c"])))),
    fails("disabled_both", "a lone dot for both services", "srv_service_disabled",
          srv=answer(srv(".", 0)), direct=answer(srv(".", 0)), domain=answer(a())),
    works("disabled_direct", "a lone dot for direct TLS says nothing of STARTTLS", direct=answer(srv(".", 0))),
    warns("servfail_direct", "SERVFAIL for direct TLS only", "dns_servfail", direct=rcode(names.SERVFAIL)),
    warns("malformed_direct", "nonsense for direct TLS only", "dns_malformed", direct=raw(b"\xc0")),
    warns("second_target_missing", "the first target has an address, the second has none", "srv_target_no_address",
          srv=answer(srv(), srv("gone.test", 5269, 9))),
    fails("port_zero", "nobody can connect to port 0", "srv_port_zero", srv=answer(srv(port=0))),
    warns("port_zero_too", "one of two records has port 0; the other works", "srv_port_zero",
          srv=answer(srv(port=0), srv(priority=9))),
    warns("other_target", "expect.srv_targets has another host", "srv_unexpected",
          {"srv_targets": ["other.test:5269"]}),
    warns("other_port", "expect.srv_targets has another port", "srv_unexpected",
          {"srv_targets": ["host.other-port.hostile.test:1"]}),
    Case("one_more", "one record more than expected, and nobody listens there", "warning",
         {"srv": "srv_unexpected", "connect": "connect_refused"}, GOOD, "auth",
         {"srv": answer(srv(), srv("host.one-more.hostile.test", 1, 10))},
         {"srv_targets": ["host.one-more.hostile.test:4000"]}),
    Case("as_expected", "the records are the expected ones", "critical", {"connect": "connect_unreachable"},
         dns={"srv": answer(srv(port=4000), srv(port=4001, priority=5)), "host": answer(a("255.255.255.255"))},
         expect={"srv_targets": [f"host.as-expected.hostile.test:{port}" for port in (4001, 4000)]}),
]

DNS_ODDITIES = [
    works("forged_first", "a wrong id and a wrong question before the right answer do no harm",
          srv=stepwise(names.altered(answer(srv("forged.test")), with_id(b"zz")),
                       to_another_question, answer(srv()))),
    works("record_twice", "a record that comes twice is one", srv=answer(srv(), srv())),
    works("alias_in_a_row", "the SRV name is an alias of an alias, and the last one comes first", srv=lambda question: [
        question.header(answers=3) + record(CNAME, encode("srv.test"), owner=encode("alias.test"))
        + record(CNAME, encode("alias.test"))
        + record(SRV, srv()(question)[2], owner=encode("srv.test"))]),
    works("twice", "an answer that comes twice", srv=stepwise(answer(srv()), answer(srv()))),
    works("over_tcp", "truncated, then right over TCP", srv=names.truncated(answer(srv()))),
    warns("two_hundred", "200 records, over TCP; the best of them is followed, the next ones lead nowhere",
          "srv_target_no_address", srv=names.truncated(answer(*MANY))),
    works("other_records", "records of other names and types beside the right one", srv=lambda question: [
        question.header(answers=3) + record(SRV, SRV_DATA + encode("x.test"), owner=encode("other.test"))
        + record(16, b"\4text") + answer(srv())(question)[0][len(question.header()):]]),
    works("alias_of_srv", "the SRV name itself is an alias, as providers have it",
          srv=answer(cname("srv.{}"), lambda question: (SRV, "srv.{}", srv()(question)[2]))),
    works("no_ipv6_answer", "nobody answers for AAAA: the address that is there is used",
          host=only(AAAA, silence, answer(a()))),
    works("ipv6_servfail", "SERVFAIL for AAAA only: the address that is there is used",
          host=only(AAAA, rcode(names.SERVFAIL), answer(a()))),
]

RESTRICTED = Settings(agent=', address_families: ipv4, deny_networks: ["127.9.0.0/16"]')
NOT_HERE = [
    Case("address_denied", "the configuration forbids to connect there", "critical", {"connect": "connect_denied"},
         dns={"host": answer(a("127.9.8.7"))}, settings=RESTRICTED),
    Case("one_address_denied", "... which is a warning where another address is allowed", "warning",
         {"connect": "connect_denied"}, GOOD, "auth", {"host": answer(a(), a("127.9.8.7"))}, settings=RESTRICTED),
    Case("family_left_out", "the only address is of a family that the configuration leaves out", "unknown",
         {"connect": "local_error"}, dns={"host": only(AAAA, raw(record(AAAA, b"\0" * 15 + b"\1")))},
         settings=RESTRICTED),
]

CONNECTING = [
    Case("nobody_listens", "nobody listens", "critical", {"connect": "connect_refused"}, REFUSES),
    Case("no_answer_to_syn", "connecting takes for ever", "critical", {"connect": "connect_timeout"}, IGNORES,
         settings=IMPATIENT),
    Case("no_route", "the network has no way there", "critical", {"connect": "connect_unreachable"},
         dns={"host": answer(a("255.255.255.255"))}),
]

CASES = DNS_FAILURES + DNS_MALFORMED + SRV_VERDICTS + DNS_ODDITIES + NOT_HERE + CONNECTING
