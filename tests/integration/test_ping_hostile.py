"""The check `ping` against scripted servers: each fault of a server for clients gets its own right reason, no password
is sent or shown where it does not belong, and no fault leads to a storm of logins."""

import json
import os
import re

import pytest

import names
from cases_ping import CASES, FAR, OWN, PASSWORD
from hostile import MONITOR, Certificates, Settings, run_check
from peers import Peers

CONFIG = """\
agent: {{domain: {monitor}, timeout: {timeout}, state_dir: {state_dir}}}
dns: {{resolvers: [{{name: scripted, address: "127.0.0.1:{dns_port}"}}]}}
tls: {{ca_file: {ca_file}}}
domains: {domains}
ping: {accounts}
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

    def write_config(self, settings):
        """A configuration with the cases that have these settings."""
        cases = [case for case in self._cases if case.settings == settings]
        accounts = [{"account": f"probe@{case.own}", "password_file": self.password_file,
                     "server": f"127.0.0.1:{self._ports[case.domain]}", "domains": [case.domain], **case.account}
                    for case in cases]
        path = os.path.join(self._folder, "agent.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(monitor=MONITOR, timeout=settings.timeout, dns_port=self.names.port,
                                    state_dir=os.path.join(self._folder, "state"), ca_file=self._certificates.ca_file,
                                    domains=json.dumps([case.domain for case in cases]),
                                    accounts=json.dumps(accounts)))
        return path

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
