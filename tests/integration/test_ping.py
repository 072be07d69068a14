"""`ping`: an account at one of two real Prosodys that federate by dialback, from which the other is pinged."""

import json
import os
import re

import pytest

from agent import FEDHEALTH, PATIENCE, Agent, run, wait_for
from lab import MONITOR
from lab.federation import ACCOUNT, FAR, PASSWORD, Federation
from lab.stream import Session

PING = "<ping xmlns='urn:xmpp:ping'/>"

CONFIG = """\
agent: {{domain: {monitor}, interval: 1s, timeout: {patience}, confirm: 1, state_dir: "{folder}/state"}}
dns: {{resolvers: [{{name: lab, address: "127.0.0.1:{dns_port}"}}]}}
tls: {{ca_file: "{ca_file}"}}
domains: [{far}]
ping: [{{account: "{account}", password_file: "{folder}/password", domains: [{far}]}}]
snmp: {{mode: master, listen: ["udp:127.0.0.1:{snmp_port}"]}}
"""

OK = ["ok", "ok"]


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
    assert logins(federation) == {"accepted": 1, "refused": 1}
    assert federation.far.logged().count("ping from " + ACCOUNT) == 2
    for server in (federation.near, federation.far):
        assert set(re.findall(r"peer proven by (\w+)", server.logged())) == {"dialback"}


def logins(federation):
    """How many logins the near server has accepted, and refused."""
    return {word: federation.near.logged().count("login " + word) for word in ("accepted", "refused")}


class Scene:
    """A configuration that pings the far server, and what is found with it."""

    def __init__(self, federation, folder):
        self.federation, self.folder = federation, folder
        self.set_password(PASSWORD)
        self.config = self.write_config(os.path.join(folder, "check.yaml"), snmp_port=1161)

    def set_password(self, password):
        """What the configuration's file has as the account's password."""
        with open(os.path.join(self.folder, "password"), "w", encoding="utf-8") as out:
            out.write(password + "\n")

    def write_config(self, path, snmp_port):
        """As Agent wants it."""
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(monitor=MONITOR, patience=PATIENCE, folder=self.folder, far=FAR, account=ACCOUNT,
                                    dns_port=self.federation.dns_port, ca_file=self.federation.ca_file,
                                    snmp_port=snmp_port))
        return path

    def check(self):
        """What `fedhealth check` finds in the far domain: the object of its JSON."""
        done = run(FEDHEALTH, "check", "--config.file", self.config, "--json", FAR)
        assert PASSWORD not in done.stdout + done.stderr
        return json.loads(done.stdout)["domains"][0]


@pytest.fixture(name="scene")
def _scene(federation, folder):
    return Scene(federation, folder)


@pytest.fixture(name="agent")
def _agent(scene, folder):
    agent = Agent(folder, scene.write_config, flags=("--log.level=debug",))
    try:
        yield agent
    finally:
        agent.stop()


def found(samples):
    """[state, reason] of every check."""
    return {each["check"]: [each["status"], each["reason"]]
            for each, value in samples.named("fedhealth_check_reason_info") if value == 1}


def wait_for_ping(agent, *wanted):
    """The samples once ping has this result, one of these."""
    def has():
        samples = agent.scrape()
        return found(samples).get("ping") in wanted and samples
    return wait_for(f"ping {wanted}", has)


def test_round_trip(scene):
    """The check's duration is the ping's way there and back."""
    check = scene.check()["checks"]["ping"]
    assert [check["state"], check["reason"]] == OK
    assert 0 < check["duration_seconds"]
    assert scene.federation.far.logged().count("ping from " + ACCOUNT) == 1


def test_route_is_lost(agent, federation):
    """The near server returns the packets, while all that can be seen of the far one from outside is well. One session
    serves all the pings."""
    samples = wait_for_ping(agent, OK)
    assert samples.one("fedhealth_check_success", domain=FAR, check="ping") == 1
    federation.lose_route()
    others = found(wait_for_ping(agent, ["critical", "ping_error_remote_server_not_found"]))
    assert {others[check][0] for check in ("srv", "connect", "stream", "starttls", "certificate", "auth")} == {"ok"}
    assert agent.scrape().one("fedhealth_check_success", domain=FAR, check="ping") == 0
    federation.restore_route()
    wait_for_ping(agent, OK)
    assert logins(federation) == {"accepted": 1, "refused": 0}


def test_far_server_ends(agent, federation):
    wait_for_ping(agent, OK)
    federation.far.stop()
    samples = wait_for_ping(agent, ["critical", "ping_error_remote_server_not_found"],
                            ["critical", "ping_error_remote_server_timeout"])
    assert samples.one("fedhealth_domain_state", domain=FAR, fedhealth_domain_state="critical") == 1


def test_wrong_password(scene, federation):
    """One login is made with it, however often and by whom the check is run, until the password is another."""
    scene.set_password("not " + PASSWORD)
    for reason in ("ping_login_failed", "ping_login_held", "ping_login_held"):
        check = scene.check()["checks"]["ping"]
        assert [check["state"], check["reason"]] == ["critical", reason]
    assert logins(federation) == {"accepted": 0, "refused": 1}
    scene.set_password(PASSWORD)
    assert scene.check()["checks"]["ping"]["reason"] == "ok"
    assert logins(federation) == {"accepted": 1, "refused": 1}


def test_password_stays_secret(agent):
    """Not in a log, also of debugging, nor in what anybody can fetch, nor where other users of the machine look."""
    wait_for_ping(agent, OK)
    texts = [agent.logged(), agent.scrape_raw()]
    texts += [agent.request(path)[1].decode() for path in ("/", "/api/v1/status", f"/domain/{FAR}")]
    for name in ("cmdline", "environ"):
        with open(f"/proc/{agent.process.pid}/{name}", encoding="utf-8") as process:
            texts.append(process.read())
    assert not [text for text in texts if PASSWORD in text]
