"""`ping`: an account at one of two real Prosodys that federate by dialback, from which the other is pinged."""

import re

import pytest

from lab.federation import ACCOUNT, FAR, PASSWORD, Federation
from lab.stream import Session

PING = "<ping xmlns='urn:xmpp:ping'/>"


@pytest.fixture(name="federation")
def _federation():
    with Federation() as federation:
        yield federation


def test_lab_is_what_it_says(federation):
    """The servers themselves, without fedhealth: dialback both ways, and what the near one says without a route."""
    address = "127.0.0.1", federation.near.client_port
    with Session(address, ACCOUNT, PASSWORD + "?") as session:
        assert "<not-authorized" in session.refused
    with Session(address, ACCOUNT, PASSWORD) as session:
        assert not session.refused
        assert re.search(r"<iq [^>]*type='result'", session.ask(PING, to=FAR))
        federation.lose_route()
        assert "<remote-server-not-found" in session.ask(PING, to=FAR)
        federation.restore_route()
        assert re.search(r"<iq [^>]*type='result'", session.ask(PING, to=FAR))
    near, far = federation.near.logged(), federation.far.logged()
    assert (near.count("login refused"), near.count("login accepted")) == (1, 1)
    assert far.count("ping from " + ACCOUNT) == 2
    for log in (near, far):
        assert set(re.findall(r"peer proven by (\w+)", log)) == {"dialback"}
