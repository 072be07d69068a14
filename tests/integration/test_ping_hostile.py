"""The check `ping` against scripted servers: each fault of a server for clients gets its own right reason, no password
is sent or shown where it does not belong, and no fault leads to a storm of logins."""

import json
import os
import re
import signal

import pytest

import names
from agent import Agent, wait_for
from cases_ping import (CASES, FAR, OFFERED, OTHER_PASSWORD, OWN, PASSWORD, READY, Case, Scram, iq_result, pings)
from hostile import MONITOR, Certificates, Settings, run_check
from peers import Peers, close

CONFIG = """\
agent: {{domain: {monitor}, timeout: {timeout}, interval: 1s, confirm: 1, state_dir: {state_dir}}}
dns: {{resolvers: [{{name: scripted, address: "127.0.0.1:{dns_port}"}}]}}
tls: {{ca_file: {ca_file}}}
domains: {domains}
ping: {accounts}
{more}
"""


class Stage:
    """The servers for some cases, in a folder. Used with `with`."""

    def __init__(self, cases, certificates, folder):
        self._cases, self._certificates, self._folder = cases, certificates, folder
        self.names = names.Names()
        self.peers = Peers(certificates.context)
        self._ports = {case.domain: case.peer(self.peers) if callable(case.peer) else self.peers.listen(case.peer)
                       for case in cases}
        self.password_file = os.path.join(folder, "password")
        with open(self.password_file, "w", encoding="utf-8") as out:
            out.write(PASSWORD + "\n")
        os.chmod(self.password_file, 0o600)

    def __enter__(self):
        self.peers.start()
        return self

    def __exit__(self, *exception):
        self.peers.close()
        self.names.close()

    def write_config(self, settings=Settings(), more="", path=None, pinged=True):
        """A configuration with the cases that have these settings, with `more` at its end. Not `pinged`: without their
        accounts."""
        cases = [case for case in self._cases if case.settings == settings]
        accounts = [{"account": f"probe@{case.own}", "password_file": self.password_file,
                     "server": f"127.0.0.1:{self._ports[case.domain]}", "domains": [case.domain], **case.account}
                    for case in cases]
        accounts = [{key: value for key, value in account.items() if value is not None} for account in accounts]
        path = path or os.path.join(self._folder, "agent.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(monitor=MONITOR, timeout=settings.timeout, dns_port=self.names.port,
                                    state_dir=os.path.join(self._folder, "state"), ca_file=self._certificates.ca_file,
                                    domains=json.dumps([case.domain for case in cases]),
                                    accounts=json.dumps(accounts if pinged else []), more=more))
        return path

    def port_of(self, case):
        """Where the case's server listens."""
        return self._ports[case.domain]

    def start_agent(self, settings=Settings()):
        """The agent with these cases."""
        def write(path, snmp_port):
            return self.write_config(settings, f"snmp: {{mode: master, listen: ['udp:127.0.0.1:{snmp_port}']}}", path)
        return Agent(self._folder, write)

    def run(self, settings=Settings()):
        """A run of `fedhealth check` with the cases that have these settings."""
        return run_check(self.write_config(settings),
                         [case.domain for case in self._cases if case.settings == settings])


@pytest.fixture(scope="module", name="certificates")
def _certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")), f"*.{OWN}")


@pytest.fixture(scope="module", name="outcomes")
def _outcomes(certificates, tmp_path_factory):
    """{settings: outcome} of all cases."""
    with Stage(CASES, certificates, str(tmp_path_factory.mktemp("stage"))) as stage:
        yield {settings: stage.run(settings) for settings in dict.fromkeys(case.settings for case in CASES)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reason(outcomes, case):
    ping = outcomes[case.settings].domains[case.domain]["checks"]["ping"]
    assert (ping["reason"], ping["state"]) == (case.found["ping"], case.state), f"{case.why}\n{ping}"
    assert re.search(case.detail, ping.get("detail") or ""), ping


def test_names_are_unique():
    assert len({case.domain for case in CASES}) == len(CASES)
    assert all(case.domain.endswith(FAR) for case in CASES)


def test_no_password_is_shown(outcomes):
    for outcome in outcomes.values():
        assert "s3cr3t" not in json.dumps(outcome.domains)


class Logins:
    """Counts the connections of a case's server that came as far as this step."""

    def __init__(self):
        self.count = 0

    def __call__(self, talk):
        self.count += 1


def ping_of(agent, case):
    """The domain's ping, as JSON has it."""
    status = json.loads(agent.request("/api/v1/status")[1])
    return next(each for each in status["domains"] if each["name"] == case.domain)["checks"]["ping"]


def wait_for_runs(agent, case, runs, reason=None):
    """The domain's ping after so many rounds, and with this reason."""
    def come():
        ping = ping_of(agent, case)
        return ping["runs"] >= runs and reason in (None, ping["reason"]) and ping
    return wait_for(f"{runs} rounds of {case.domain}", come)


@pytest.fixture(name="scene")
def _scene(certificates, folder):
    """scene(*script, **more): a stage with one case, its agent after a round, and the case; all ends with the test."""
    begun = []

    def begin(*script, settings=Settings(timeout="10s")):
        case = Case("one", "", "", {}, list(script), settings=settings)
        stage = Stage([case], certificates, folder)
        begun.append(stage)
        stage.__enter__()
        agent = stage.start_agent(settings)
        begun.append(agent)
        wait_for_runs(agent, case, 1)
        return stage, agent, case

    yield begin
    for each in reversed(begun):
        each.stop() if isinstance(each, Agent) else each.__exit__()


def test_session_is_kept(scene):
    """One login serves all rounds, and reloads; until the account is gone."""
    logins = Logins()
    stage, agent, case = scene(*READY, logins, pings(iq_result))
    runs = wait_for_runs(agent, case, 3, "ok")["runs"]
    for _ in range(3):
        agent.process.send_signal(signal.SIGHUP)
        runs = wait_for_runs(agent, case, runs + 2, "ok")["runs"]
    assert logins.count == 1
    with open(agent.config, encoding="utf-8") as config:
        snmp = config.read().splitlines()[-1]
    stage.write_config(case.settings, snmp, agent.config, pinged=False)
    agent.process.send_signal(signal.SIGHUP)
    wait_for("no ping", lambda: ping_of(agent, case)["reason"] == "not_configured")
    stage.write_config(case.settings, snmp, agent.config)
    agent.process.send_signal(signal.SIGHUP)
    wait_for("the ping again", lambda: ping_of(agent, case)["reason"] == "ok")
    assert logins.count == 2


def test_late_answer(scene):
    """It counts for nothing, and the session goes on."""
    late, logins = [], Logins()

    def answer(domain, ident):
        late.append(iq_result(domain, ident))
        return late[-1] if len(late) > 2 else late[0] if len(late) == 2 else b" "

    _, agent, case = scene(*READY, logins, pings(answer), settings=Settings(timeout="2s"))
    wait_for_runs(agent, case, 2, "ok")
    assert ping_of(agent, case)["failures"] == 2
    assert logins.count == 1


def test_no_storm(scene):
    """A server that hangs up on who has logged in sees no other login for a while, however often a ping is wanted."""
    logins = Logins()
    _, agent, case = scene(*READY, logins, close)
    ping = wait_for_runs(agent, case, 5, "ping_unreachable")
    assert re.search("closed the connection in the session; no login is tried before 20", ping["detail"])
    assert logins.count == 1


def test_no_storm_by_reloads(certificates, folder):
    """A reload while a login is under way begins no other one, then or after it has failed."""
    logins, settings = Logins(), Settings(timeout="3s")
    case = Case("one", "", "", {}, [*OFFERED, logins], settings=settings)
    with Stage([case], certificates, folder) as stage:
        agent = stage.start_agent(settings)
        try:
            wait_for("a login", lambda: logins.count)
            agent.process.send_signal(signal.SIGHUP)
            wait_for("a reload", lambda: "the configuration is in force" in agent.logged())
            wait_for_runs(agent, case, 3, "ping_unreachable")
            assert logins.count == 1
        finally:
            agent.stop()


@pytest.mark.produces("ping_login_held", "a login was rejected; with the same password no other one is made")
def test_rejected_login_is_held(certificates, folder):
    """No second one is made with the same password; another is tried at once. All processes keep to that."""
    logins = Logins()
    case = Case("one", "", "", {}, [*OFFERED, logins, Scram(password=OTHER_PASSWORD), *READY[8:], pings(iq_result)])
    with Stage([case], certificates, folder) as stage:
        def check():
            ping = stage.run().domains[case.domain]["checks"]["ping"]
            return ping["reason"], ping["state"]
        assert check() == ("ping_login_failed", "critical")
        assert check() == ("ping_login_held", "critical")
        assert logins.count == 1
        with open(stage.password_file, "w", encoding="utf-8") as out:
            out.write(OTHER_PASSWORD)
        assert check() == ("ok", "ok")
        assert logins.count == 2


@pytest.mark.parametrize("dead", [Peers.refuse, Peers.ignore], ids=["refused", "ignored"])
def test_next_place(certificates, folder, dead):
    """Where the first place lets nobody in, the next one is tried: another target, here, of the domain's records."""
    case = Case("one", "", "", {}, [*READY, pings(iq_result)], settings=Settings(timeout="10s"),
                account={"server": None})
    with Stage([case], certificates, folder) as stage:
        targets = {"a.test": dead(stage.peers), "b.test": stage.port_of(case)}
        stage.names.add(f"_xmpp-client._tcp.{case.own}", names.answer(
            *(names.srv(target, port, place) for place, (target, port) in enumerate(targets.items()))), case.own, 0)
        for target in targets:
            stage.names.add(target, names.answer(names.a()), case.own, 0)
        ping = stage.run(case.settings).domains[case.domain]["checks"]["ping"]
        assert (ping["reason"], ping.get("detail")) == ("ok", None)


def test_denied_network(certificates, folder):
    """An address that leads to this machine itself lies in what agent.deny_networks has of its loopback."""
    case = Case("one", "", "", {}, [], account={"server": "denied.test:5222"})
    with Stage([case], certificates, folder) as stage:
        stage.names.add("denied.test", names.answer(names.a("0.0.0.0")), "denied.test", 5222)
        config = stage.write_config()
        with open(config, encoding="utf-8") as text:
            denying = text.read().replace("agent: {", "agent: {deny_networks: ['127.0.0.0/8'], ", 1)
        with open(config, "w", encoding="utf-8") as out:
            out.write(denying)
        ping = run_check(config, [case.domain]).domains[case.domain]["checks"]["ping"]
        assert "0.0.0.0 lies in one of agent.deny_networks" in ping["detail"]


def test_new_password_is_tried(scene):
    """The agent makes no second login with a password that was rejected, says until when, and tries another at once."""
    logins = Logins()
    stage, agent, case = scene(*OFFERED, logins, Scram(password=OTHER_PASSWORD), *READY[8:], pings(iq_result))
    ping = ping_of(agent, case)
    assert "is tried before" not in ping["detail"]  # the guard's is another time
    ping = wait_for_runs(agent, case, ping["runs"] + 1, "ping_login_held")
    assert re.search("no login before 20.*: an earlier login with .* was rejected$", ping["detail"])
    assert logins.count == 1
    with open(stage.password_file, "w", encoding="utf-8") as out:
        out.write(OTHER_PASSWORD)
    wait_for_runs(agent, case, 1, "ok")
    assert logins.count == 2


def test_two_accounts(certificates, folder):
    """The worst counts, and the detail names it."""
    good = Case("good", "", "", {}, [*READY, pings(iq_result)])
    with Stage([good], certificates, folder) as stage:
        config = stage.write_config()
        with open(config, encoding="utf-8") as text:
            lines = text.read().splitlines()
        accounts = json.loads(lines[4].removeprefix("ping: "))
        accounts.append({**accounts[0], "account": f"other@{good.own}", "server": "127.0.0.1:1"})
        lines[4] = "ping: " + json.dumps(accounts)
        lines[3] = "domains: " + json.dumps([{"name": good.domain, "severity": {"ping_unreachable": "warning"}}])
        with open(config, "w", encoding="utf-8") as out:
            out.write("\n".join(lines))
        ping = run_check(config, [good.domain]).domains[good.domain]["checks"]["ping"]
        assert (ping["reason"], ping["state"]) == ("ping_unreachable", "warning")
        assert ping["detail"].startswith(f"other@{good.own}: connecting to 127.0.0.1:1: ")
