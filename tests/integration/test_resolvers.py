"""Two resolvers with different views, in the daemon: metrics by resolver, JSON, the page, a reload to one of them."""

import dataclasses
import json
import re
import signal

import pytest

from agent import OPENMETRICS, Agent, wait_for
from cases_views import DIFFERENT, TWO_IMPATIENT, agrees
from hostile import Certificates, Stage
from names import silence

DIFFERS = dataclasses.replace(next(case for case in DIFFERENT if case.name == "second_has_none"),
                              settings=TWO_IMPATIENT)
SILENT = agrees("second_answers_half", "no answer for one of the two services", {"srv": silence}, TWO_IMPATIENT)


@pytest.fixture(name="agent")
def _agent(folder):
    """The agent, with both resolvers."""
    with Stage([DIFFERS, SILENT], Certificates(folder), folder) as stage:
        def write_config(path, snmp_port):
            return stage.write_config(path, TWO_IMPATIENT,
                                      f"snmp: {{mode: master, listen: ['udp:127.0.0.1:{snmp_port}']}}\n")

        agent = Agent(folder, write_config)
        try:
            yield agent
        finally:
            agent.stop()


def by_lookup(samples, name, case):
    """{(service, resolver): value}."""
    return {(labels["service"], labels["resolver"]): value for labels, value in samples.named(f"fedhealth_{name}")
            if labels["domain"] == case.domain}


def wait_for_records(agent, expected):
    """Until the numbers of records are these of each case. Returns the samples."""
    def told():
        samples = agent.scrape(OPENMETRICS)
        return all(by_lookup(samples, "srv_records", case) == records for case, records in expected) and samples
    return wait_for("the numbers of records", told)


FIRST = {("xmpp-server", "scripted"): 1, ("xmpps-server", "scripted"): 0}
BOTH = {**FIRST, ("xmpp-server", "second"): 0, ("xmpps-server", "second"): 0}


def test_views_in_the_daemon(agent):
    samples = wait_for_records(agent, [(DIFFERS, BOTH), (SILENT, {**FIRST, ("xmpps-server", "second"): 0})])
    for case in (DIFFERS, SILENT):
        assert set(by_lookup(samples, "dns_lookup_duration_seconds", case)) == set(BOTH)
        assert samples.one("fedhealth_srv_ttl_seconds", domain=case.domain) == 60  # one resolver's
        assert samples.one("fedhealth_srv_record_info", domain=case.domain) == 1

    status = json.loads(agent.request("/api/v1/status")[1])
    (report,) = [each for each in status["domains"] if each["name"] == DIFFERS.domain]
    assert [(each["service"], each["resolver"], each["records"]) for each in report["lookups"]] == [
        ("xmpp-server", "scripted", 1), ("xmpps-server", "scripted", 0),
        ("xmpp-server", "second", 0), ("xmpps-server", "second", 0)]
    page = agent.request(f"/domain/{DIFFERS.domain}")[1].decode()
    assert re.search("<td[^>]*>second<", page)
    assert "second: nothing (NXDOMAIN)" in page

    with open(agent.config, encoding="utf-8") as file:
        text = file.read()
    with open(agent.config, "w", encoding="utf-8") as file:
        file.write(re.sub(r", \{name: second, [^}]*\}", "", text))
    agent.process.send_signal(signal.SIGHUP)
    wait_for_records(agent, [(DIFFERS, FIRST), (SILENT, FIRST)])
    wait_for("all to be well", lambda: agent.scrape().one(
        "fedhealth_check_reason_info", domain=DIFFERS.domain, check="srv", reason="ok"))
