"""Cases for test_ping_hostile.py: servers that clients log in to, each of which makes one outcome of the check `ping`.

The account of a case is probe@NAME.own.test, and it pings NAME.far.test, which no XMPP server serves: its other checks
do not matter here.
"""

import base64
import dataclasses
import hashlib
import hmac

import peers
from hostile import IMPATIENT, Settings
from peers import (END, FAILURE, OPENED, PROCEED, STARTTLS, STARTTLS_REQUIRED, close, features, flood, mechanisms,
                   reset, tls)

PASSWORD = "s3cr3t pÄssword <&'\">"
OTHER_PASSWORD = "not the one"
OWN, FAR = "own.test", "far.test"
SASL = b"urn:ietf:params:xml:ns:xmpp-sasl"
HEADER = peers.PLAIN_HEADER.replace(b"jabber:server'", b"jabber:client'", 1)
BIND = b"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
SESSION = b"<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
# RFC 6120 8.3.3; True: critical, since it is one's own server that refused.
CONDITIONS = {
    "bad-request": False, "conflict": False, "feature-not-implemented": False, "forbidden": True, "gone": False,
    "internal-server-error": False, "item-not-found": False, "jid-malformed": True, "not-acceptable": False,
    "not-allowed": True, "not-authorized": True, "policy-violation": True, "recipient-unavailable": False,
    "redirect": False, "registration-required": False, "remote-server-not-found": True, "remote-server-timeout": True,
    "resource-constraint": False, "service-unavailable": False, "subscription-required": False,
    "undefined-condition": False, "unexpected-request": False,
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One account and what must be found of the domain that it pings. `detail` is a regular expression."""
    name: str
    why: str
    state: str
    found: dict
    peer: object
    detail: str = ""
    settings: Settings = Settings()
    account: dict = dataclasses.field(default_factory=dict)  # further keys of its configuration

    @property
    def domain(self):
        """The domain that is pinged."""
        return f"{self.name.replace('_', '-')}.{FAR}"

    @property
    def own(self):
        """The account's domain."""
        return f"{self.name.replace('_', '-')}.{OWN}"


# ---- steps of a server ----

def sasl(element, data=b"", inside=b""):
    """An element of SASL with these bytes in base64, or with this XML."""
    return b"<" + element + b" xmlns='" + SASL + b"'>" + (base64.b64encode(data) or inside) + b"</" + element + b">"


def failure(condition, text=""):
    """The login failed."""
    said = f"<text xml:lang='en'>{text}</text>".encode() if text else b""
    return sasl(b"failure", inside=b"<" + condition.encode() + b"/>" + said)


def auth(talk, mechanism):
    """Waits for the login by this mechanism; what it begins with."""
    found = talk.wait_for(rb"<auth xmlns='" + SASL + rb"' mechanism='([^']*)'>([^<]*)</auth>")
    if found[1] != mechanism:
        raise ConnectionAbortedError(f"a login by {found[1]}")
    return base64.b64decode(found[2])


def plain(password=PASSWORD):
    """A login by PLAIN."""
    def step(talk):
        good = auth(talk, b"PLAIN") == b"\0probe\0" + password.encode()
        talk.send(sasl(b"success") if good else failure("not-authorized"))
    return step


@dataclasses.dataclass(frozen=True)
class Scram:
    """A login by SCRAM. `alter` changes the server's signature; `as_challenge`: it comes before success, not in it."""
    digest: str = "sha256"
    password: str = PASSWORD
    iterations: object = 4096
    alter: object = staticmethod(lambda signature: signature)
    as_challenge: bool = False
    end: bool = True

    def __call__(self, talk):
        first = auth(talk, {"sha256": b"SCRAM-SHA-256", "sha1": b"SCRAM-SHA-1"}[self.digest])
        bare = first.removeprefix(b"n,,")
        salt = b"salt of 16 bytes"
        nonce = dict(part.split(b"=", 1) for part in bare.split(b","))[b"r"] + b"server"
        server_first = b"r=%s,s=%s,i=%s" % (nonce, base64.b64encode(salt), str(self.iterations).encode())
        talk.send(sasl(b"challenge", server_first))
        final = base64.b64decode(talk.wait_for(rb"<response [^>]*>([^<]*)</response>")[1])
        without, _, proof = final.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), salt, self.iterations)
        message = b",".join([bare, server_first, without])
        client_key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self.digest, client_key).digest(), message)
        right = bytes(left ^ right for left, right in zip(client_key, signature))
        if base64.b64decode(proof) != right:
            talk.send(failure("not-authorized", "Who are you?"))
            return
        last = b"v=" + base64.b64encode(self.alter(self._hmac(self._hmac(salted, b"Server Key"), message)))
        if self.as_challenge:
            talk.send(sasl(b"challenge", last))
            talk.wait_for(rb"<response [^>]*/>|<response [^>]*></response>")
            last = b""
        if self.end:
            talk.send(sasl(b"success", last))

    def _hmac(self, key, text):
        return hmac.new(key, text, self.digest).digest()


def bind(talk, before=lambda talk: None):
    """Gives a resource."""
    ident = talk.wait_for(rb"<iq type='set' id='([^']*)'><bind ")[1]
    before(talk)
    talk.send(b"<iq type='result' id='" + ident + b"'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>"
              b"probe@own.test/x</jid></bind></iq>")


def session(talk):
    """Gives a session (RFC 3921)."""
    ident = talk.wait_for(rb"<iq type='set' id='([^']*)'><session ")[1]
    talk.send(b"<iq type='result' id='" + ident + b"'/>")


def iq_result(domain, ident):
    """The answer to a ping."""
    return b"<iq type='result' from='" + domain + b"' to='probe@own.test/x' id='" + ident + b"'/>"


def iq_error(condition, inside=b"", attributes=b""):
    """An answer that is this error."""
    def answer(domain, ident):
        return (b"<iq type='error' from='" + domain + b"' id='" + ident + b"'><ping xmlns='urn:xmpp:ping'/><error "
                b"type='cancel'" + attributes + b">" + condition + inside + b"</error></iq>")
    return answer


def stanza_condition(condition):
    """Of RFC 6120 8.3.3, or what looks like one."""
    return f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>".encode()


def pings(answer, itself=iq_result):
    """Answers what is pinged beyond the server by one function, the server itself by another; None: with nothing."""
    def step(talk):
        while True:
            _, domain, ident = talk.wait_for(rb"<iq type='get' to='([^']*)' id='([^']*)'><ping ").group(0, 1, 2)
            by = itself if domain.endswith(b".own.test") else answer
            if by:
                talk.send(by(domain, ident))
    return step


def requests(talk):
    """Asks the client itself, which must answer as RFC 6120 8.2.3 has it, whatever the ids are."""
    talk.send(b"<message from='spam@far.test'><body>hi</body></message><presence from='a@far.test'/>"
              b"<iq type='get' from='own.test' id='&apos;&lt;&amp;1'><query xmlns='jabber:iq:version'/></iq>")
    talk.wait_for(rb"<iq type='error' to='own.test' id='&apos;&lt;&amp;1'><error type='cancel'><service-unavailable ")
    talk.send(b"<iq type='get' from='own.test' id='2'><ping xmlns='urn:xmpp:ping'/></iq>")
    talk.wait_for(rb"<iq type='result' to='own.test' id='2'/>")


SCRAM = mechanisms(b"PLAIN", b"SCRAM-SHA-1", b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256", b"X-OTHER")
START = [OPENED, HEADER + features(STARTTLS_REQUIRED), peers.ASKED]
SECURE = [*START, PROCEED, tls(), peers.expect(rb"<stream:stream [^>]*from='probe@[^>]*>")]
OFFERED = [*SECURE, HEADER + features(SCRAM)]
LOGGED_IN = [*OFFERED, Scram(), OPENED]
READY = [*LOGGED_IN, HEADER + features(BIND), bind]
PLAINLY = [*SECURE, HEADER + features(mechanisms(b"PLAIN")), plain(), OPENED]
FLOOD = flood(b"<presence from='x@far.test'/>" * 300)


# ---- cases ----

def works(name, why, *script, **more):
    """The domain answers."""
    return Case(name, why, "ok", {"ping": "ok"}, list(script), **more)


def unreachable(name, why, detail, *script, **more):
    """The account gets no session."""
    return Case(name, why, "unknown", {"ping": "ping_unreachable"}, list(script), detail, **more)


def stalls(name, why, detail, *script):
    """... since nothing more comes."""
    return unreachable(name, why, detail, *script, settings=IMPATIENT)


def refused(name, why, detail, *script):
    """The login fails."""
    return Case(name, why, "critical", {"ping": "ping_login_failed"}, list(script), detail)


def bounces(condition, critical):
    """The ping comes back with an error."""
    reason = "ping_error_" + condition.replace("-", "_")
    return Case(reason, f"the ping comes back with {condition}", "critical" if critical else "warning",
                {"ping": reason}, [*READY, pings(iq_error(stanza_condition(condition)))])


def silent(name, why, answer):
    """No answer comes that counts."""
    return Case(name, why, "critical", {"ping": "ping_timeout"}, [*READY, pings(answer)],
                "while the server itself answers", settings=IMPATIENT)


WORKS = [
    works("ping_scram_256", "the strongest mechanism is taken, whatever the server's order", *READY, pings(iq_result)),
    works("ping_scram_1", "SCRAM-SHA-1 where there is nothing better", *SECURE,
          HEADER + features(mechanisms(b"PLAIN", b"SCRAM-SHA-1")), Scram("sha1"), OPENED, HEADER + features(BIND), bind,
          pings(iq_result)),
    works("ping_plain", "PLAIN inside TLS where there is no SCRAM", *SECURE, HEADER + features(mechanisms(b"PLAIN")),
          plain(), OPENED, HEADER + features(BIND), bind, pings(iq_result)),
    works("ping_old_success", "the server's signature comes as a challenge", *OFFERED, Scram(as_challenge=True), OPENED,
          HEADER + features(BIND), bind, pings(iq_result)),
    works("ping_session", "an old server wants a session to be asked for", *LOGGED_IN, HEADER + features(BIND, SESSION),
          bind, session, pings(iq_result)),
    works("ping_optional_tls", "TLS is only offered", OPENED, HEADER + features(STARTTLS), *READY[2:],
          pings(iq_result)),
    works("ping_injected", "what came in the clear behind <proceed/> is thrown away", *START,
          PROCEED + HEADER + features(mechanisms(b"PLAIN")), *READY[4:], pings(iq_result)),
    works("ping_requests", "the server asks and says other things, too", *READY[:-1],
          lambda talk: bind(talk, requests), pings(iq_result)),
    works("ping_byte_by_byte", "each byte comes alone", *START[:1], peers.slowly, *READY[1:], pings(iq_result)),
    works("ping_expires_soon", "a certificate that expires soon is still good", *START, PROCEED, tls("soon"),
          *READY[5:], pings(iq_result)),
    works("ping_strict_iterations", "the password is hashed as often as the server wants", *OFFERED,
          Scram(iterations=200000), *READY[8:], pings(iq_result)),
    works("ping_upper_case", "case does not matter in a domain", *READY,
          pings(lambda domain, ident: iq_result(domain.upper(), ident))),
    works("xn--bcher-kva", "names go out as U-labels", peers.expect(" to='bücher.own.test' ".encode()), *START[1:],
          PROCEED, tls(), peers.expect(" to='bücher.own.test' from='probe@bücher.own.test'".encode()), *READY[6:],
          pings(lambda domain, ident: iq_result(domain, ident) if domain.decode() == "bücher.far.test" else END)),
    works("xn--hrbcher-90a0d", "an answer may name the domain by its A-label", *READY,
          pings(lambda domain, ident: iq_result(domain.decode().encode("idna"), ident))),
]

UNREACHABLE = [
    Case("ping_refused", "nobody listens", "unknown", {"ping": "ping_unreachable"}, peers.Peers.refuse,
         ": connecting to 127.0.0.1:[0-9]+: Connection refused"),
    Case("ping_ignored", "connecting takes for ever", "unknown", {"ping": "ping_unreachable"}, peers.Peers.ignore,
         "no answer in time", settings=IMPATIENT),
    unreachable("ping_http", "a web server", "not acceptable", b"HTTP/1.1 400 Bad Request\r\n\r\n<html>", close),
    unreachable("ping_for_servers", "the port for servers", "not acceptable", OPENED,
                peers.HEADER + features(STARTTLS_REQUIRED)),
    unreachable("ping_closed_at_once", "the server hangs up", "closed the connection before it offered TLS", close),
    unreachable("ping_reset", "the server resets the connection", "closed the connection before it offered TLS", OPENED,
                reset),
    unreachable("ping_no_starttls", "without TLS nothing is sent, whatever login is offered", "offers no TLS", OPENED,
                HEADER + features(mechanisms(b"PLAIN"))),
    unreachable("ping_old_header", "a server of the time before features", "older than XMPP 1.0", OPENED,
                HEADER.replace(b" version='1.0'>", b">")),
    unreachable("ping_starttls_failure", "TLS is refused", "refuses the TLS", *START, FAILURE + END),
    unreachable("ping_error_before_tls", "a stream error", "before it offered TLS: policy-violation: Go away", OPENED,
                HEADER + peers.error("policy-violation", b"Go away")),
    unreachable("ping_not_tls", "no TLS behind <proceed/>", "tls_not_tls", *START, PROCEED, peers.HELLO,
                b"HTTP/1.1 400 No\r\n" * 9),
    unreachable("ping_expired", "an expired certificate", "no password was sent: cert_expired", *START, PROCEED,
                tls("expired")),
    unreachable("ping_foreign", "a certificate that nobody vouches for", "no password was sent: cert_", *START, PROCEED,
                tls("foreign")),
    unreachable("ping_stranger", "a certificate of somebody else", "no password was sent: cert_name_mismatch", *START,
                PROCEED, tls("stranger")),
    unreachable("ping_self_signed", "a self-signed certificate", "cert_self_signed.*fingerprint is [0-9a-f]{64}",
                *START, PROCEED, tls("self_signed")),
    unreachable("ping_other_fingerprint", "not the certificate with the fingerprint", "fingerprint_sha256 is another",
                *START, PROCEED, tls(), account={"fingerprint_sha256": "0" * 64}),
    unreachable("ping_old_tls", "TLS 1.1 is too old for a password", "older than tls.min_version", *START, PROCEED,
                tls(oldest="TLSv1_1", newest="TLSv1_1")),
    unreachable("ping_closed_in_login", "the server hangs up in the login", "closed the connection in the login",
                *OFFERED, Scram(end=False), close),
    unreachable("ping_wrong_signature", "who says success without knowing the password is not the server",
                "its signature is wrong", *OFFERED, Scram(alter=lambda signature: bytes(len(signature)))),
    unreachable("ping_early_success", "success before anything was shown", "success too soon", *OFFERED,
                lambda talk: auth(talk, b"SCRAM-SHA-256"), sasl(b"success")),
    unreachable("ping_no_signature", "success without a signature", "success too soon", *OFFERED, Scram(end=False),
                sasl(b"success")),
    unreachable("ping_many_iterations", "more hashing than anyone needs", "hashed too often", *OFFERED,
                Scram(iterations=2000000000)),
    unreachable("ping_no_iterations", "no hashing at all", "login was given up", *OFFERED, Scram(iterations=0)),
    unreachable("ping_odd_challenge", "a challenge that is none", "login was given up", *OFFERED,
                lambda talk: auth(talk, b"SCRAM-SHA-256"), sasl(b"challenge", b"nonsense")),
    unreachable("ping_bad_base64", "a challenge that is not base64", "not base64", *OFFERED,
                lambda talk: auth(talk, b"SCRAM-SHA-256"), sasl(b"challenge", inside=b"%%%")),
    unreachable("ping_endless_challenge", "a challenge that never ends", "not acceptable", *OFFERED,
                b"<challenge xmlns='" + SASL + b"'>", flood(b"AAAA" * 1000)),
    unreachable("ping_iq_in_login", "another element than was due", "something else than was due", *OFFERED,
                lambda talk: auth(talk, b"SCRAM-SHA-256"), b"<iq type='get' id='1' from='own.test'/>"),
    unreachable("ping_no_bind", "no resource is offered", "offers no resource", *LOGGED_IN, HEADER + features()),
    unreachable("ping_bind_refused", "no resource is given", "gives no resource: resource-constraint", *LOGGED_IN,
                HEADER + features(BIND), lambda talk: talk.send(
                    b"<iq type='error' id='" + talk.wait_for(rb"<iq type='set' id='([^']*)'><bind ")[1]
                    + b"'><error type='wait'>" + stanza_condition("resource-constraint") + b"</error></iq>")),
    unreachable("ping_closed_after_bind", "the server hangs up as soon as all is well", "closed the connection in the "
                "session", *READY, close),
    unreachable("ping_conflict", "the server ends the session", "ended the stream in the session: conflict", *READY,
                peers.expect(rb"<ping "), peers.error("conflict")),
    unreachable("ping_flood", "more than anyone would send", "stream_too_large", *READY, FLOOD),
    unreachable("ping_endless_features", "features that never end", "not acceptable", *SECURE, HEADER
                + b"<stream:features>", flood(b"<x xmlns='urn:x'/>" * 500)),
    stalls("ping_silent", "the server accepts and says nothing", "nothing more before it offered TLS"),
    stalls("ping_header_only", "a header and no features", "nothing more before it offered TLS", OPENED, HEADER),
    stalls("ping_silent_when_asked", "no answer to <starttls/>", "nothing more when asked for TLS", *START),
    stalls("ping_silent_in_tls", "no TLS handshake", "nothing more in the TLS handshake", *START, PROCEED),
    stalls("ping_silent_in_login", "no challenge", "nothing more in the login", *OFFERED),
    stalls("ping_silent_after_proof", "no verdict on the login", "nothing more in the login", *OFFERED,
           Scram(end=False)),
    stalls("ping_silent_after_login", "no stream after the login", "nothing more after the login", *LOGGED_IN),
    stalls("ping_silent_in_bind", "no resource", "nothing more when asked for a resource", *LOGGED_IN,
           HEADER + features(BIND)),
    stalls("ping_dead", "the session is dead: not even the server's own address answers", "answers nothing any more",
           *READY, pings(None, None)),
]

REFUSED = [
    refused("ping_wrong_password", "another password", "^probe@[^ ]+: not-authorized: Who are you", *OFFERED,
            Scram(password=OTHER_PASSWORD)),
    refused("ping_wrong_plain", "another password, by PLAIN", "not-authorized", *SECURE,
            HEADER + features(mechanisms(b"PLAIN")), plain(OTHER_PASSWORD)),
    refused("ping_disabled", "the account is disabled", "account-disabled: Call 5269", *OFFERED,
            failure("account-disabled", "Call 5269")),
    refused("ping_temporary", "the directory is away", "temporary-auth-failure", *OFFERED,
            failure("temporary-auth-failure")),
    refused("ping_too_weak", "the server wants something better", "mechanism-too-weak", *OFFERED,
            failure("mechanism-too-weak")),
    refused("ping_password_told", "the server sends the password back", r"not-authorized: bad: \(withheld\)", *SECURE,
            HEADER + features(mechanisms(b"PLAIN")),
            failure("not-authorized", "bad: s3cr3t p\u00c4ssword &lt;&amp;&apos;&quot;&gt;")),
    unreachable("ping_password_in_the_clear", "... or what it may take for a stream", r"not XML: ..withheld", *PLAINLY,
                PASSWORD.encode()),
    unreachable("ping_password_as_root", "... or the name of an element", r"the root is <\(withheld\)>", *PLAINLY,
                b"<s3cr3tp/>"),
    unreachable("ping_password_as_encoding", "... or an encoding", r"encoding \(withheld\)", *PLAINLY,
                b"<?xml version='1.0' encoding='s3cr3tp'?>"),
    unreachable("ping_password_encoded", "... or as it was sent", r"conflict: you said \(withheld\)", *PLAINLY, HEADER
                + peers.error("conflict", b"you said " + base64.b64encode(b"\0probe\0" + PASSWORD.encode()))),
    refused("ping_no_mechanism", "no login that is known", "no login that is known here: EXTERNAL GSSAPI", *SECURE,
            HEADER + features(mechanisms(b"EXTERNAL", b"GSSAPI"))),
    refused("ping_no_mechanisms", "no login at all", "none at all", *SECURE, HEADER + features()),
]

ANSWERS = [
    *[bounces(condition, critical) for condition, critical in CONDITIONS.items()],
    Case("ping_error_other", "an error without a condition", "warning", {"ping": "ping_error_other"},
         [*READY, pings(iq_error(b""))]),
    Case("ping_error_invented", "a condition that there is not", "warning", {"ping": "ping_error_other"},
         [*READY, pings(iq_error(stanza_condition("not-today")))], "not-today"),
    Case("ping_error_by", "the server tells who made the error", "critical",
         {"ping": "ping_error_remote_server_not_found"},
         [*READY, pings(iq_error(stanza_condition("remote-server-not-found"), attributes=b" by='own.test'",
                                 inside=b"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>No route&#10;</text>"))],
         "^probe@[^ ]+: No route.* \\(said by own.test\\)$"),
    silent("ping_unanswered", "neither an answer nor an error", None),
    silent("ping_other_from", "an answer from another domain does not count",
           lambda domain, ident: iq_result(b"other.test", ident)),
    silent("ping_without_from", "... nor one from the server itself",
           lambda domain, ident: b"<iq type='result' id='" + ident + b"'/>"),
    silent("ping_other_id", "... nor one to another question",
           lambda domain, ident: iq_result(domain, ident[::-1] + b"x")),
    silent("ping_from_account", "... nor one from somebody at the domain",
           lambda domain, ident: iq_result(b"a@" + domain, ident)),
]

CASES = WORKS + UNREACHABLE + REFUSED + ANSWERS
