"""Good conversations and good answers of DNS, damaged at random with a fixed seed: whatever comes of it, the agent ends
in time with a verdict on every domain."""

import random

import names
from agent import FEDHEALTH, run
from cases_stream import OFFER
from hostile import Case, Certificates, Settings, Stage
from peers import (ASKED, DIALBACK, END, FAILURE, HEADER, OPENED, PROCEED, STARTTLS, close, error, features, mechanisms,
                   tls)
from test_hostile import reasons

SEED = 5269
RUNS, DOMAINS = 3, 120
HASTY = Settings(timeout="2500ms")
INNER = HEADER + features(DIALBACK, mechanisms(b"EXTERNAL"))
SPLICES = [HEADER, OFFER, INNER, PROCEED, FAILURE, STARTTLS, END, error("host-unknown"), features(), b"<", b">", b"'",
           b"&#0;",
           b"&lt;", b"]]>", b"<![CDATA[", b"<!DOCTYPE x [", b"<?xml version='1.1'?>", b" xmlns=''",
           b" xmlns:stream='x'",
           b"\0", b"\xff\xfe", b"\xc0\x0c", b"\xed\xa0\x80", b"\x15\x03\x03\0\x02\x02\x28", b"\x17\x03\x03\xff\xff"]
PLACES = ("offer", "proceed", "handshake", "inside", "srv", "address")


def mutate(dice, message):
    """The message with a few damages, mostly one."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        start = dice.randrange(len(message) + 1)
        end = min(len(message), start + dice.choice((1, 2, 8, 40, 200)))
        if not message:
            break
        message = dice.choice((
            lambda: flip(dice, message),
            lambda: message[:start],
            lambda: message[:start] + message[end:],
            lambda: message[:end] + message[start:],
            lambda: message[:start] + dice.choice(SPLICES) + message[end:],
            lambda: message[:start] + dice.choice(SPLICES) + message[start:],
            lambda: message[:start] + dice.randbytes(end - start) + message[end:]))()
    return message


def flip(dice, message):
    """The message with some bits flipped."""
    damaged = bytearray(message)
    for _ in range(dice.choice((1, 1, 2, 8))):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def is_at_home(records):
    """Whether no address among these records can lead off this machine."""
    fours = [records[at + 2] for at in range(len(records) - 5) if records[at:at + 2] == b"\0\4"]
    return all(first == 127 for first in fours) and b"\0\x10" not in records[:-16]


def mutant_of(seed, reply):
    """A reply whose messages are damaged: always in the same way, mostly behind the question."""
    def damage(message):
        dice = random.Random(seed)
        keep = 2 if dice.random() < 0.2 else 12 + message[12:].index(b"\0") + 5
        damaged = message[:keep] + mutate(dice, message[keep:])
        return damaged if is_at_home(damaged[12:]) else message[:keep]
    return names.altered(reply, damage)


def make_case(number):
    """A domain where one thing is damaged."""
    seed = f"{SEED}-{number}"
    dice = random.Random(seed)
    place = PLACES[number % len(PLACES)]

    def damaged(where, message):
        return mutate(dice, message) if where == place else message

    handshake = tls(alter=lambda flight: mutate(random.Random(seed), flight)) if place == "handshake" else tls()
    script = [OPENED, damaged("offer", HEADER + OFFER), ASKED, damaged("proceed", PROCEED), handshake, OPENED,
              damaged("inside", INNER), *dice.choice(([], [close]))]
    dns = {"srv": names.answer(names.srv())} if place != "srv" else {"srv": mutant_of(seed, names.answer(names.srv()))}
    if place == "address":
        dns["host"] = mutant_of(seed, names.answer(names.a()))
    return Case(f"mutant-{number}", f"damaged: {place}", "", {}, script, dns=dns, settings=HASTY)


def test_mutants(folder):
    """Each run is judged by run_check(). Here: every verdict is one of the list, and there are many different ones."""
    certificates, found = Certificates(folder), set()
    for first in range(0, RUNS * DOMAINS, DOMAINS):
        with Stage([make_case(number) for number in range(first, first + DOMAINS)], certificates, folder) as stage:
            found |= {reason for report in stage.run(HASTY).domains.values() for reason in reasons(report).values()}
    assert found <= set(run(FEDHEALTH, "explain").stdout.split())
    assert len(found) > 12, "the damage does not reach far"
