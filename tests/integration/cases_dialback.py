"""Cases for test_hostile.py: the verification of dialback keys (XEP-0220), behind the features."""

import hashlib
import hmac

from cases_direct import SECURE as SECURE_DIRECT
from cases_stream import MEBIBYTE, SECURE
from cases_tls import AUTH
from hostile import IMPATIENT, Case
from peers import (DIALBACK, END, HEADER, OLD_HEADER, OPENED, PLAIN_HEADER, PROCEED, beneath_tls, close, error,
                   features, flood, goodbye, mechanisms, reset, slowly)

QUESTION = rb"<db:verify from='([^']+)' to='([^']+)' id='([0-9a-f]+)'>([0-9a-f]+)</db:verify>"
OTHERS = (b"<message from='a.test' to='b.test'><body>hi</body></message>\n<iq type='get' id='1'/> <presence/>"
          b"<db:result from='a.test' to='b.test'>0a1b</db:result><db:verification/><x xmlns='urn:x'/>" + PROCEED)
ANSWER = b"<db:verify from='%(to)s' to='%(from)s' id='%(id)s' type='%(type)s'/>"
OTHER_PREFIX = ANSWER.replace(b"db:verify", b"verify xmlns='jabber:server:dialback'")
NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
READY = [*SECURE, AUTH]
SECRET = "s3cr3tf0rd14lb4ck"
BOGUS = {"enabled": True}
KNOWN = {"secret": SECRET}
HMAC = {"secret": SECRET, "algorithm": "hmac-sha256"}
# RFC 6120 8.3.3.
CONDITIONS = """
    bad-request conflict feature-not-implemented forbidden gone internal-server-error item-not-found jid-malformed
    not-acceptable not-allowed not-authorized policy-violation recipient-unavailable redirect registration-required
    remote-server-not-found remote-server-timeout resource-constraint service-unavailable subscription-required
    undefined-condition unexpected-request
"""


# What a peer says to a question.

def asked(talk):
    """Waits for the next question."""
    return dict(zip((b"from", b"to", b"id", b"key"), talk.wait_for(QUESTION).groups()))


def reply(form, **changed):
    """Answers the next question in this form; what is given stands in place of what the question has."""
    def step(talk):
        talk.send(form % {**asked(talk), **{name.encode(): value for name, value in changed.items()}})
    return step


def says(verdict, form=ANSWER, **changed):
    """Answers the next question with this verdict."""
    return reply(form, type=verdict, **changed)


INVALID, VALID = says(b"invalid"), says(b"valid")


def fails(inside):
    """Answers the next question with an error."""
    return says(b"error", ANSWER.replace(b"/>", b"><error type='cancel'>" + inside + b"</error></db:verify>"))


def condition(name, text=b""):
    """What stands in an error."""
    return (f"<{name} xmlns='{NS_STANZAS}'/>".encode()
            + (f"<text xmlns='{NS_STANZAS}'>".encode() + text + b"</text>" if text else b""))


def wait(talk):
    """Waits for the next question, and says nothing to it."""
    asked(talk)


def in_reverse(talk):
    """Waits for two questions, and then answers the second, whose key is right, before the first."""
    first, second = asked(talk), asked(talk)
    talk.send(ANSWER % {**second, b"type": b"valid"} + ANSWER % {**first, b"type": b"invalid"})


def half_an_answer(talk):
    """Answers the next question, but for the last bytes."""
    talk.send((ANSWER % {**asked(talk), b"type": b"invalid"})[:-5])


def twice(talk):
    """Answers the next question, and does so again."""
    talk.send(ANSWER % {**asked(talk), b"type": b"invalid"} * 2)


def echo(talk):
    """Sends the next question back as it came."""
    question = asked(talk)
    talk.send(b"<db:verify from='%(from)s' to='%(to)s' id='%(id)s'>%(key)s</db:verify>" % question)


def posed_as(domain):
    """Answers the next question if it comes from this domain, and hangs up otherwise."""
    def step(talk):
        question = asked(talk)
        if question[b"from"] != domain:
            raise ConnectionAbortedError(f"a question from {question[b'from']}")
        talk.send(ANSWER % {**question, b"type": b"invalid"})
    return step


# Keys, as the servers make them.

def sha1(*parts):
    """In hexadecimal digits."""
    return hashlib.sha1(b"".join(parts)).hexdigest().encode()


def hmac_sha256(secret, receiving, originating, stream_id):
    """XEP-0185."""
    key = hashlib.sha256(secret).hexdigest().encode()
    return hmac.new(key, b" ".join((receiving, originating, stream_id)), hashlib.sha256).hexdigest().encode()


def sha1_nested(secret, receiving, originating, stream_id):
    """jabberd2."""
    del originating
    return sha1(sha1(sha1(secret), receiving), stream_id)


def sha1_concat(secret, receiving, originating, stream_id):
    """Openfire."""
    del receiving, originating
    return sha1(stream_id, secret)


def judge(make_key, secret=SECRET):
    """Answers all questions as a server with this secret that makes its keys so."""
    def step(talk):
        while True:
            question = asked(talk)
            right = make_key(secret.encode(), question[b"from"], question[b"to"], question[b"id"])
            talk.send(ANSWER % {**question, b"type": b"valid" if right == question[b"key"] else b"invalid"})
    return step


# Cases.

def works(name, why, dialback, *then):
    """All is well."""
    return Case(f"dialback_{name}", why, "ok", {}, [*READY, *then], dialback=dialback)


def ends(name, why, reason, *then, dialback=None, **more):
    """A case that ends with the dialback check; by default only a bogus key is tried."""
    return Case(f"dialback_{name}", why, "critical", {"dialback": "dialback_" + reason}, [*READY, *then],
                dialback=dialback or BOGUS, **more)


def times_out(name, why, *then, **more):
    """... because an answer does not come."""
    return ends(name, why, "timeout", *then, settings=IMPATIENT, **more)


def closed(name, why, *then, **more):
    """... because the peer leaves."""
    return ends(name, why, "closed", *then, **more)


def bad_reply(name, why, *then, **more):
    """... because what comes fits no question."""
    return ends(name, why, "bad_reply", *then, **more)


def refuses(name):
    """... because of an error in place of a verdict."""
    reason = "error_" + name.replace("-", "_")
    return ends(reason, f"the peer says {name}", reason, fails(condition(name)))


def in_the_clear(name, why, *script, dialback="ok", state="ok"):
    """No TLS, as expected."""
    return Case(f"dialback_{name}", why, state,
                {"starttls": "not_applicable", "certificate": "not_applicable", "dialback": dialback},
                [OPENED, *script], expect={"starttls": "none"}, dialback=BOGUS)


def direct(name, why, state, found, *then, **more):
    """Direct TLS."""
    return Case(f"dialback_direct_{name}", why, state, found, [*SECURE_DIRECT, AUTH, *then], direct=True,
                dialback=BOGUS, **more)


WORKS = [
    works("bogus", "a made-up key is none of the peer's", BOGUS, INVALID),
    works("hmac_sha256", "the key that Prosody and ejabberd make", KNOWN, judge(hmac_sha256)),
    works("sha1_nested", "jabberd2's is found, since the peer rejects the first", KNOWN, judge(sha1_nested)),
    works("sha1_concat", "... and the last of four", KNOWN, judge(sha1_concat)),
    works("algorithm_named", "an algorithm that is configured is the only one", {**KNOWN, "algorithm": "sha1-nested"},
          judge(sha1_nested)),
    works("reverse", "answers come in any order", HMAC, in_reverse),
    works("posed", "the check poses as the domain that is configured", {**BOGUS, "from": "posed.test"},
          posed_as(b"posed.test")),
    works("bytewise", "each byte of the answers is a packet of its own", KNOWN, slowly, judge(sha1_nested)),
    works("other_prefix", "the peer chooses its prefixes", BOGUS, says(b"invalid", OTHER_PREFIX)),
    works("key_in_answer", "Prosody repeats the key", BOGUS,
          says(b"invalid", ANSWER.replace(b"/>", b">%(key)s</db:verify>"))),
    works("features_again", "features come again, as after a change of them", BOGUS, features(DIALBACK), INVALID),
    works("others_first", "elements that have nothing to do with it, and white space", BOGUS, OTHERS, INVALID),
    works("others_200_kb", "... as many as the reader takes", BOGUS, OTHERS * 600, INVALID),
    works("reset_behind_answer", "an end without ceremony does not matter once all is known", BOGUS, INVALID, reset),
    in_the_clear("clear", "without TLS, where none is expected", PLAIN_HEADER + features(DIALBACK),
                 says(b"invalid", OTHER_PREFIX)),
    in_the_clear("clear_by_header", "... offered by xmlns:db alone", HEADER + features(), INVALID),
    in_the_clear("clear_without_features", "... from a peer of the time before features", OLD_HEADER, INVALID),
    direct("good", "direct TLS", "ok", {}, INVALID),
]

NOT_ASKED = [
    Case("dialback_external_only", "a peer that authenticates by certificate alone verifies no keys", "ok",
         {"dialback": "not_applicable"}, [*SECURE, PLAIN_HEADER + features(mechanisms(b"EXTERNAL"))], dialback=BOGUS),
    Case("dialback_nothing_offered", "a peer that offers nothing is asked nothing", "critical",
         {"auth": "auth_not_offered"}, [*SECURE, PLAIN_HEADER + features()], dialback=BOGUS),
    Case("dialback_no_tls", "nothing is asked in the clear where TLS should be", "critical",
         {"starttls": "starttls_not_offered"}, [OPENED, HEADER + features(DIALBACK)], dialback=BOGUS),
    Case("dialback_off", "a check that is switched off asks nothing, secret or not", "ok", {}, [*READY, VALID],
         dialback={**KNOWN, "enabled": False}),
]

VERDICTS = [
    ends("wrong_secret", "a server with another secret rejects all keys", "key_rejected", judge(hmac_sha256, "other"),
         dialback=KNOWN),
    ends("wrong_algorithm", "the one that is configured is not the server's", "key_rejected", judge(sha1_nested),
         dialback=HMAC),
    ends("accepts_bogus", "a server that says valid to whatever comes", "accepts_bogus", VALID),
    ends("accepts_all", "... also to the right key", "accepts_bogus", VALID, VALID, dialback=KNOWN),
    ends("accepts_bogus_only", "... but not to the right one", "accepts_bogus", VALID, INVALID, dialback=KNOWN),
]

ERRORS = [
    *[refuses(name) for name in CONDITIONS.split()],
    ends("error_of_others", "a condition of a time before RFC 6120", "error_other",
         fails(condition("remote-connection-failed", b"Try&#10;later"))),
    ends("error_without_condition", "no condition at all", "error_other", fails(b"")),
    ends("error_by_type_alone", "not even <error/>", "error_other", says(b"error")),
    ends("error_to_right_key", "the made-up key is rejected, the right one is an error", "error_item_not_found",
         INVALID, fails(condition("item-not-found")), dialback=HMAC),
    direct("error", "direct TLS", "critical", {"dialback": "dialback_error_forbidden"}, fails(condition("forbidden"))),
]

SILENCE = [
    times_out("silent", "the peer does not answer"),
    times_out("half_an_answer", "an answer that stops in the middle", half_an_answer),
    times_out("white_space", "white space is no answer", b" \n \n"),
    times_out("features_only", "features again are none either", features(DIALBACK)),
    times_out("result_in_place", "an answer to what was not asked: <db:result/>",
              b"<db:result from='a.test' to='b.test' type='valid'/>"),
    times_out("half", "the made-up key is rejected, and no word of the right one", INVALID, dialback=HMAC),
    times_out("silent_to_bogus", "a word of the right key alone", wait, VALID, dialback=HMAC),
    times_out("second_silent", "the first algorithm's key is rejected, and no word of the second's", INVALID, INVALID,
              dialback=KNOWN),
    direct("silent", "direct TLS", "critical", {"dialback": "dialback_timeout"}, settings=IMPATIENT),
]

CLOSED = [
    closed("closed", "the peer hangs up before it can be asked", close),
    closed("closed_when_asked", "the peer hangs up when it is asked", wait, close),
    closed("reset_when_asked", "the peer resets the connection", wait, reset),
    closed("ended_when_asked", "the peer ends its stream", wait, END),
    closed("goodbye_when_asked", "the peer ends TLS", wait, goodbye),
    closed("closed_in_answer", "the peer hangs up in the middle of its answer", half_an_answer, close),
    closed("closed_after_bogus", "the peer hangs up after one answer of two", INVALID, close, dialback=HMAC),
    closed("closed_when_rejected", "the peer ends its stream when it has rejected a key, and no other can be tried",
           INVALID, INVALID, END, close, dialback=KNOWN),
    closed("stream_error", "the error that Prosody gives for a domain that it does not host", wait,
           error("unsupported-stanza-type")),
    closed("stream_error_of_policy", "the error that ejabberd gives where TLS is required", wait,
           error("policy-violation", b"Use of STARTTLS\x7f required")),
    closed("stream_error_after_answer", "an error after one answer of two", INVALID, error("resource-constraint"),
           dialback=HMAC),
    closed("stream_error_without_condition", "an error that does not say which", wait, b"<stream:error/>" + END),
    direct("closed", "direct TLS", "critical", {"dialback": "dialback_closed"}, close),
    in_the_clear("clear_policy", "ejabberd verifies nothing before TLS", HEADER + features(DIALBACK), wait,
                 error("policy-violation"), dialback="dialback_closed", state="critical"),
]

BAD_REPLIES = [
    bad_reply("other_id", "an answer to what nobody asked", says(b"invalid", id=b"417GAF25")),
    bad_reply("long_id", "... with an id of 5,000 bytes", says(b"invalid", id=b"x" * 5000)),
    bad_reply("no_id", "an answer without an id", says(b"invalid", ANSWER.replace(b" id='%(id)s'", b""))),
    bad_reply("other_from", "an answer in the name of another domain", reply(
        ANSWER.replace(b"%(to)s", b"evil.test"), type=b"invalid")),
    bad_reply("no_from", "an answer in nobody's name", says(b"invalid", ANSWER.replace(b" from='%(to)s'", b""))),
    bad_reply("other_to", "an answer to another domain", says(b"invalid", ANSWER.replace(b"%(from)s", b"evil.test"))),
    bad_reply("no_to", "an answer to nobody", says(b"invalid", ANSWER.replace(b" to='%(from)s'", b""))),
    bad_reply("no_type", "an answer that says nothing", says(b"", ANSWER.replace(b" type='%(type)s'", b""))),
    bad_reply("other_type", "a verdict that there is none", says(b"maybe")),
    bad_reply("echo", "the question itself comes back", echo),
    bad_reply("twice", "the same answer again, while another is awaited", twice, dialback=HMAC),
    bad_reply("http", "no XML any more", wait, b"HTTP/1.1 400 Bad Request\r\n\r\n<!DOCTYPE html>"),
    bad_reply("comment", "XML that XMPP forbids", wait, b"<!-- x -->"),
    bad_reply("entity", "an entity in the answer", says(b"invalid", ANSWER.replace(b"'%(id)s'", b"'&x;'"))),
    bad_reply("not_utf_8", "bytes that are not UTF-8", says(b"\xff\xfe")),
    bad_reply("crossed_tags", "tags that cross", wait, b"<db:verify></db:result>"),
    bad_reply("answer_10_mib", "10 MiB of an answer", wait, b"<db:verify>", flood(b"<x>" + b"x" * 1000 + b"</x>")),
    bad_reply("others_10_mib", "10 MiB of other elements", wait, OTHERS * (10 * MEBIBYTE // len(OTHERS))),
    bad_reply("nested", "15,000 elements inside each other", wait, b"<db:verify>" + b"<x>" * 15000),
    bad_reply("endless_tag", "a tag that never ends", wait, b"<db:verify id='", flood(b"x" * 10000)),
    bad_reply("endless_white_space", "white space for ever", wait, flood(b" \n" * 5000)),
]

BENEATH = [
    closed("noise_beneath_tls", "bytes that are no record of TLS", wait, beneath_tls(b"HTTP/1.1 400 Bad Request")),
    closed("alert_beneath_tls", "an alert that is not encrypted", wait, beneath_tls(b"\x15\x03\x03\0\x02\x02\x50")),
]

CASES = WORKS + NOT_ASKED + VERDICTS + ERRORS + SILENCE + CLOSED + BAD_REPLIES + BENEATH
