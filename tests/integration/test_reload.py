"""Reloading: a good file replaces the one in force, a bad one changes nothing, and domains that stay lose nothing."""

import os
import signal
import threading
from http.client import HTTPException
from socket import SOCK_DGRAM

import pytest

from agent import Agent, wait_for
from lab.server import bind, tail
from snmp import domain_indexes, walk

HEALTHY, REFUSED, ADDED = "healthy.lab.test", "refused.lab.test", "tls-optional.lab.test"


class Reloading:
    """An agent whose configuration the test rewrites: the lab's, but with these domains."""

    def __init__(self, lab, folder, domains, **config):
        self.lab = lab
        self.settings = {"interval": "1h", "confirm": 1, **config}
        self.domains = domains
        self.agent = Agent(folder, self._write, flags=["--web.enable-lifecycle"])
        self.log, self.name = self.agent.log, self.agent.name

    def _write(self, path, **snmp):
        self.settings.update(snmp)
        return self.lab.write_config(path, domains=self.domains, **self.settings)

    def rewrite(self, *domains, **settings):
        """Another configuration file, not yet in force."""
        self.domains = domains
        self.settings.update(settings)
        self._write(self.agent.config)

    def spoil(self):
        """A file with two faults."""
        with open(self.agent.config, "a", encoding="utf-8") as out:
            out.write("nonsense: 1\nmore: 2\n")

    def post(self):
        """Reloads over HTTP and returns the status and the body."""
        response, body = self.agent.request("/-/reload", "POST")
        return response.status, body.decode()

    def successful(self):
        """The metric."""
        return self.agent.scrape().one("fedhealth_config_last_reload_successful")

    def names(self):
        """The domains that are served."""
        return {labels["domain"] for labels, _ in self.agent.scrape().named("fedhealth_domain_state")}

    def runs(self, domain):
        """Finished rounds of the domain."""
        return self.agent.scrape().one("fedhealth_check_runs_total", domain=domain, check="srv")


@pytest.fixture(name="reloading")
def _reloading(lab, folder):
    reloading = Reloading(lab, folder, [HEALTHY, REFUSED])
    try:
        reloading.agent.first_round_done()
        yield reloading
    finally:
        reloading.agent.stop()


def test_domains_come_and_go(reloading):
    reloading.rewrite(ADDED, HEALTHY)
    assert reloading.post() == (200, "")
    assert reloading.names() == {ADDED, HEALTHY}
    assert reloading.successful() == 1
    samples = reloading.agent.first_round_done()
    assert samples.one("fedhealth_domain_state", domain=ADDED, fedhealth_domain_state="ok") == 1
    # What was there is as it was: nothing ran again, and nothing was forgotten.
    assert reloading.runs(HEALTHY) == 1
    assert samples.labels("fedhealth_check_reason_info", domain=HEALTHY, check="auth")["reason"] == "ok"


def test_hangup(reloading):
    reloading.rewrite(HEALTHY)
    reloading.agent.process.send_signal(signal.SIGHUP)
    wait_for("the domain to go", lambda: reloading.names() == {HEALTHY})


def test_a_bad_file_changes_nothing(reloading):
    reloading.spoil()
    loaded = reloading.agent.scrape().one("fedhealth_config_last_reload_success_timestamp_seconds")
    status, body = reloading.post()
    assert status == 500
    assert "nonsense" in body and "more" in body
    assert reloading.names() == {HEALTHY, REFUSED}
    assert reloading.successful() == 0
    assert reloading.agent.scrape().one("fedhealth_config_last_reload_success_timestamp_seconds") == loaded
    assert "nonsense" in tail(reloading.log)
    reloading.rewrite(HEALTHY)
    assert reloading.post() == (200, "")
    assert reloading.successful() == 1


def test_settings_hold_for_the_next_rounds(reloading):
    """Both the interval and what is expected are new; the domain is soon looked at with them."""
    reloading.rewrite(HEALTHY, interval="1s")
    assert reloading.post() == (200, "")
    wait_for("rounds at the new interval", lambda: reloading.runs(HEALTHY) > 3)
    assert reloading.agent.scrape().one("fedhealth_check_interval_seconds", domain=HEALTHY, check="srv") == 1


def test_many_at_once(reloading):
    """Hangups that come while one is worked on."""
    for count in range(50):
        reloading.rewrite(*([HEALTHY, ADDED] if count % 2 else [HEALTHY]))
        reloading.agent.process.send_signal(signal.SIGHUP)
    reloading.rewrite(HEALTHY, REFUSED)
    assert reloading.post() == (200, "")
    assert reloading.names() == {HEALTHY, REFUSED}
    assert reloading.runs(HEALTHY) == 1


def test_snmp_is_tried_again_where_it_could_not_be_started(reloading):
    with bind("127.0.0.1", 0, SOCK_DGRAM) as taken:
        reloading.rewrite(HEALTHY, snmp_port=taken.getsockname()[1])
        status, body = reloading.post()
        assert status == 500
        assert "SNMP could not be started" in body and "Address already in use" in body
        assert reloading.names() == {HEALTHY}
        assert reloading.successful() == 0
    assert reloading.post() == (200, "")
    assert domain_indexes(walk(reloading.settings["snmp_port"], os.path.dirname(reloading.log))).keys() == {HEALTHY}


def test_an_end_amid_reloads(reloading):
    """None begins any more, and who waits for one is told."""
    def ask():
        try:
            while True:
                answers.append(reloading.post()[0])
        except (OSError, HTTPException):
            pass  # the agent is gone
    answers = []
    askers = [threading.Thread(target=ask) for _ in range(6)]
    for asker in askers:
        asker.start()
    wait_for("reloads in plenty", lambda: len(answers) > 50)
    reloading.agent.stop()
    for asker in askers:
        asker.join()
    assert set(answers) <= {200, 503}


def test_without_the_flag(agent):
    response, body = agent.request("/-/reload", "POST")
    assert response.status == 403
    assert b"--web.enable-lifecycle" in body


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_other_methods(agent, method):
    response, _ = agent.request("/-/reload", method)
    assert response.status == 405
    assert "POST" in response.headers["Allow"]
