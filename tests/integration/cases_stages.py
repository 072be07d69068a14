"""Cases for test_hostile.py: a peer that at each stage of the conversation stalls, sends a byte a second, hangs up,
resets the connection or never stops; and TLS that is set up anew within a connection."""

import dataclasses

from cases_stream import GOOD, OFFER, SECURE, START
from cases_tls import AUTH
from hostile import IMPATIENT, Case, Settings
from peers import (DIALBACK, END, HEADER, HELLO, OPENED, PROCEED, byte_a_second, close, deaf, features, flood,
                   insist, renegotiate, reset, tls, update_keys)

SPACE = flood(b" \n" * 5000)
EMPTY_RECORDS = flood(b"\x16\x03\x03\0\0" * 1000)


@dataclasses.dataclass(frozen=True)
class Stage:
    """How to get there, what comes next, and the reason that each behaviour leads to; None: all was said before."""
    name: str
    about: str
    script: list
    comes_next: object
    check: str = None
    silent: str = None
    ended: str = None
    endless: str = None
    flood: object = SPACE
    direct: bool = False


STAGES = [
    Stage("accepted", "when it was connected to", [], HEADER + OFFER,
          "stream", "stream_timeout", "stream_closed", "stream_too_large"),
    Stage("opened", "after its header", [OPENED, HEADER], OFFER,
          "stream", "stream_timeout", "stream_closed", "stream_too_large"),
    Stage("asked", "when it is asked for TLS", START, PROCEED,
          "starttls", "tls_timeout", "starttls_closed", "stream_too_large"),
    Stage("greeted", "in the handshake", [*START, PROCEED], tls(),
          "starttls", "tls_timeout", "tls_closed", "tls_error", EMPTY_RECORDS),
    Stage("secured", "inside TLS", SECURE, AUTH,
          "auth", "auth_features_missing", "auth_features_missing", "stream_too_large"),
    Stage("reopened", "after its header inside TLS", [*SECURE, HEADER], features(DIALBACK),
          "auth", "auth_features_missing", "auth_features_missing", "stream_too_large"),
    Stage("closing", "when all was said", GOOD, END),
    Stage("direct_greeted", "in the handshake of direct TLS", [], tls(),
          "starttls", "tls_timeout", "tls_closed", "tls_error", EMPTY_RECORDS, True),
    Stage("direct_secured", "inside direct TLS", [tls(), OPENED], AUTH,
          "stream", "stream_timeout", "stream_closed", "stream_too_large", direct=True),
    Stage("direct_closing", "when all was said by direct TLS", [tls(), OPENED, AUTH], END, direct=True),
]


def case(stage, behaviour, what, reason, *steps, settings=Settings()):
    """This behaviour at this stage."""
    return Case(f"at_{stage.name}_{behaviour}", f"{what} {stage.about}", "critical" if reason else "ok",
                {stage.check: reason} if reason else {}, [*stage.script, *steps], settings=settings,
                direct=stage.direct)


def cases_of(stage):
    """All behaviours."""
    hello = [HELLO] if stage.name.endswith("greeted") else []
    yield case(stage, "deaf", "the peer stops talking", stage.silent, *hello, deaf, settings=IMPATIENT)
    yield case(stage, "slow", "the peer sends a byte a second", stage.silent, byte_a_second, stage.comes_next,
               settings=IMPATIENT)
    yield case(stage, "ended", "the peer hangs up", stage.ended, *hello, close)
    if stage.script or hello:  # else it may be over before connecting is: test_reset_when_accepted
        yield case(stage, "cut", "the peer resets the connection", stage.ended, *hello, reset)
    yield case(stage, "endless", "the peer never stops", stage.endless, *hello, stage.flood)


def again(name, why, reason, check, until, newest, *then):
    """TLS by libssl, which does what Python's ssl does not."""
    return Case(name, why, "critical" if reason else "ok", {check: reason} if reason else {},
                [*START, PROCEED, tls(libssl=True, newest=newest), OPENED, *then], until)


AGAIN = [
    again("libssl_1_2", "TLS 1.2 as the next ones have it", None, None, None, "TLSv1_2", AUTH),
    again("libssl_1_3", "TLS 1.3 as the next ones have it", None, None, None, "TLSv1_3", AUTH),
    again("renegotiation", "another handshake is declined, and that is all", None, None, None, "TLSv1_2", renegotiate,
          AUTH),
    again("renegotiation_later", "... also when the stream is open", None, None, None, "TLSv1_2", HEADER, renegotiate,
          features(DIALBACK)),
    again("renegotiation_insisted", "a peer that insists on another handshake ends the connection",
          "tls_alert_handshake_failure", "auth", None, "TLSv1_2", HEADER, renegotiate, insist),
    again("key_updates", "other keys now and then are TLS 1.3's right", None, None, None, "TLSv1_3",
          update_keys(20, False), HEADER, update_keys(20, True), features(DIALBACK)),
    again("endless_key_updates", "other keys for ever are not", "stream_too_large", "auth", None, "TLSv1_3",
          update_keys(100_000, False)),
    again("endless_key_updates_asked", "... nor are those that this side is asked for", "stream_too_large", "auth",
          None, "TLSv1_3", HEADER, update_keys(100_000, True)),
]

CASES = [each for stage in STAGES for each in cases_of(stage)] + AGAIN
