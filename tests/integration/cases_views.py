"""Cases for test_hostile.py: two resolvers that say different things, and what DNSSEC is said to vouch for."""

import dataclasses
import random

import names
from cases_names import GOOD, to_another_question, with_id
from hostile import IMPATIENT, Case, Settings
from names import a, altered, answer, cname, raw, rcode, record, secure, silence, srv, tlsa, truncated

TWO = Settings(second=True)
TWO_IMPATIENT = dataclasses.replace(IMPATIENT, second=True)  # for what is to time out
ALONE = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"  # as in cases_names.py
NOBODY = rcode(names.NXDOMAIN)


def differs(name, why, second, dns=None, **more):
    """The first resolver is followed, and all is well there; but the second one says something else."""
    return Case(name, why, "warning", {"srv": "dns_views_differ"}, GOOD, "auth", dns or {}, second=second,
                settings=TWO, **more)


def agrees(name, why, second, settings=TWO):
    """There is nothing to tell, whatever the second resolver does."""
    return Case(name, why, "ok", {}, GOOD, second=second, settings=settings)


def fails(name, why, reason, dns, settings=TWO):
    """What the first resolver says is critical, and what the second says does not change that."""
    return Case(name, why, "critical", {"srv": reason}, dns=dns, settings=settings)


def vouched(name, why, **dns):
    """TLSA records that nobody's certificate can be judged by: that is no fault of the server's."""
    return Case(name, why, "ok", {}, GOOD, dns={"srv": secure(answer(srv())), "host": secure(answer(a())), **dns})


DIFFERENT = [
    differs("second_has_none", "the record is in the first zone only", {"srv": NOBODY}),
    differs("first_has_none", "the record is in the second zone only: the first one was not brought up to date", {},
            {"srv": NOBODY, "domain": answer(a(ALONE))}, address=(ALONE, 5269)),
    differs("second_has_other", "another target", {"srv": answer(srv("other.test"))}),
    differs("second_has_other_port", "another port", {"srv": answer(srv(port=1))}),
    differs("second_has_other_priority", "another priority", {"srv": answer(srv(priority=9))}),
    differs("second_has_more", "one record more", {"srv": answer(srv(), srv("more.test", 5269, 10))}),
    differs("second_has_direct", "one for direct TLS", {"direct": answer(srv("direct.test", 5270))}),
    differs("second_has_dot", "the service is disabled in the second zone", {"srv": answer(srv(".", 0))}),
    differs("second_by_tcp", "... also where the answer is too long for UDP", {"srv": truncated(answer(srv(port=1)))}),
    differs("before_unexpected", "the records are not the expected ones either, which the other zone explains",
            {"srv": answer(srv("other.test", 5269))}, expect={"srv_targets": ["other.test:5269"]}),
    Case("before_port_zero", "a record with port 0 that only one zone has", "warning", {"srv": "dns_views_differ"},
         GOOD, "auth", {"srv": answer(srv(port=0), srv(priority=9))}, second={"srv": answer(srv(priority=9))},
         settings=TWO),
]

NOT_DIFFERENT = [
    agrees("same", "both say the same", {}),
    agrees("same_twice", "a record that comes twice is one", {"srv": answer(srv(), srv())}),
    agrees("same_by_alias", "an alias leads to the same records",
           {"srv": answer(cname("srv.{}"), lambda question: (names.SRV, "srv.{}", srv()(question)[2]))}),
    agrees("same_after_forged", "a wrong id and a wrong question before the right answer do no harm",
           {"srv": lambda question: [*altered(answer(srv("forged.test")), with_id(b"zz"))(question),
                                     *to_another_question(question), *answer(srv())(question)]}),
    agrees("nothing_in_two_ways", "no such name, and no such record at it, are the same: nothing", {"direct": NOBODY}),
    agrees("other_addresses", "what a target leads to is not compared", {"host": answer(a("192.0.2.1"))}),
    agrees("second_silent", "no answer is no other view, and holds up no conversation",
           {"srv": silence, "direct": silence}, TWO_IMPATIENT),
    agrees("second_servfail", "a failure is no other view", {"srv": rcode(names.SERVFAIL)}),
    agrees("second_refuses", "... nor is a refusal", {"srv": rcode(names.REFUSED), "direct": rcode(names.REFUSED)}),
    agrees("second_malformed", "... nor nonsense", {"srv": raw(record(names.SRV, b"\0\0"))}),
    agrees("second_in_a_circle", "... nor a name that points to itself", {"srv": raw(b"\xc0\x0c" * 9)}),
]

CRITICAL = [
    fails("first_silent", "the first resolver is the one that is followed: without its answer nothing is known",
          "dns_timeout", {"srv": silence, "direct": silence}, TWO_IMPATIENT),
    fails("first_servfail", "... or with a failure", "dns_servfail", {"srv": rcode(names.SERVFAIL)}),
    fails("first_nxdomain", "the domain is in the second zone only", "dns_nxdomain",
          {"srv": NOBODY, "direct": NOBODY, "domain": NOBODY}),
    fails("first_dot", "the service is disabled in the first zone", "srv_service_disabled",
          {"srv": answer(srv(".", 0))}),
]

DNSSEC = [
    vouched("tlsa_malformed", "TLSA data that ends before what it is to say", tlsa=secure(answer(tlsa(b"")))),
    vouched("tlsa_servfail", "SERVFAIL, as for a signature that is wrong", tlsa=rcode(names.SERVFAIL)),
    vouched("tlsa_insecure", "records that DNSSEC does not vouch for", tlsa=answer(tlsa(b"x" * 32))),
    vouched("tlsa_of_insecure_address", "... or not for the address", host=answer(a()),
            tlsa=secure(answer(tlsa(b"x" * 32)))),
    vouched("tlsa_of_insecure_srv", "... or not for the SRV record", srv=answer(srv()),
            tlsa=secure(answer(tlsa(b"x" * 32)))),
    vouched("tlsa_points_to_itself", "an owner name that points to itself",
            tlsa=secure(raw(lambda question: (0xc00c + len(question.section)).to_bytes(2, "big") + bytes(10)))),
    vouched("tlsa_none", "no records", tlsa=secure(answer())),
    vouched("tlsa_by_alias_to_nothing", "an alias of nothing", tlsa=secure(answer(cname("gone.test")))),
]

DETAILS = {
    "second_has_none": r"^scripted: host\.second-has-none\.hostile\.test:\d+; second: nothing \(NXDOMAIN\)$",
    "first_has_none": r"^scripted: nothing \(NXDOMAIN\); second: host\.first-has-none\.hostile\.test:5269$",
    "second_has_other_priority": r"\(priority 0, weight 0\); second: .*\(priority 9, weight 0\)$",
    "second_has_direct":
        r"^scripted: nothing for direct TLS \(no records\); second: direct\.test:5270 \(direct TLS\)$",
    "second_silent": r"; second: no answer$",
    "second_servfail": r"; second: SERVFAIL$",
    "second_malformed": r"; second: an answer that cannot be read$",
    "first_silent": r"^asked resolver scripted for _xmpp-server\..*; second: host\.first-silent\.hostile\.test:\d+$",
    "first_nxdomain": r"; scripted: nothing \(NXDOMAIN\); second: host\.first-nxdomain\.hostile\.test:\d+$",
    "tlsa_malformed": r"; no TLSA records could be had for host\.tlsa-malformed\.hostile\.test:\d+$",
    "tlsa_servfail": r"; no TLSA records could be had for host\.tlsa-servfail\.hostile\.test:\d+$",
    "tlsa_insecure": r"^host\.tlsa-insecure\.hostile\.test:\d+$",
    "tlsa_of_insecure_srv": r"^host\.tlsa-of-insecure-srv\.hostile\.test:\d+$",
}

CASES = DIFFERENT + NOT_DIFFERENT + CRITICAL + DNSSEC
