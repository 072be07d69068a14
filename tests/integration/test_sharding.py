"""The example in dashboards/prometheus/sharding, run as it is but for addresses and intervals: a real Prometheus
divides the lab's domains between two agents."""

import os
import re

import pytest

from agent import LONG_WAIT, PATIENCE, SOURCE, Agent, run, wait_for
from lab import CASES
from prometheus import Prometheus

EXAMPLE = os.path.join(SOURCE, "dashboards", "prometheus", "sharding")
JOB = '{job="federation-probe"}'


def read(name):
    """A file of the example."""
    with open(os.path.join(EXAMPLE, name), encoding="utf-8") as text:
        return text.read()


@pytest.fixture(scope="module", name="shards")
def _shards(lab, tmp_path_factory):
    """Two agents that check nothing by themselves after their first round, and Prometheus, once it has probed all."""
    servers = []
    try:
        for number in range(2):
            folder = str(tmp_path_factory.mktemp(f"agent{number}"))
            servers.append(Agent(folder, lab.write_config, interval="30d", confirm=1, imp_nodes=[],
                                 timeout=PATIENCE))
        text = re.sub(r"(_interval|scrape_timeout): \w+", r"\1: 15s", read("prometheus.yml"))
        for number, agent in enumerate(servers):
            text = text.replace(f"agent-{number}.example.net:9529", f"127.0.0.1:{agent.port}")
        folder = str(tmp_path_factory.mktemp("prometheus"))
        with open(os.path.join(folder, "sharding.rules.yml"), "w", encoding="utf-8") as out:
            out.write(read("sharding.rules.yml"))
        prometheus = Prometheus(folder, text)
        agents = list(servers)
        servers.append(prometheus)
        for agent in agents:
            agent.first_round_done()
        wait_for("a probe of every domain",
                 lambda: len(prometheus.query(f"probe_success{JOB}")) == len(CASES), LONG_WAIT)
        wait_for("both agents", lambda: len(prometheus.query('up{job="fedhealth"} == 1')) == len(agents), LONG_WAIT)
        yield prometheus, agents
    finally:
        for server in reversed(servers):
            server.stop()


def test_each_domain_at_one_agent(shards):
    prometheus, agents = shards
    probed = [(labels["domain"], labels["instance"]) for labels, _ in prometheus.query(f"up{JOB} == 1")]
    assert sorted(domain for domain, _ in probed) == sorted(case["domain"] for case in CASES)
    shares = {agent.port: [domain for domain, instance in probed if instance == f"127.0.0.1:{agent.port}"]
              for agent in agents}
    assert all(shares.values()), shares
    assert sum(len(share) for share in shares.values()) == len(CASES)


def test_finds_what_the_lab_is(shards):
    prometheus, _ = shards
    states = {labels["domain"]: labels["fedhealth_domain_state"]
              for labels, _ in prometheus.query("fedhealth_domain_state == 1")}
    assert states == {case["domain"]: case["state"] for case in CASES}
    reasons = {(labels["domain"], labels["check"]): [labels["status"], labels["reason"]]
               for labels, _ in prometheus.query("fedhealth_check_reason_info")}
    assert reasons == {(case["domain"], check): found for case in CASES for check, found in case["checks"].items()}
    success = {labels["domain"]: value for labels, value in prometheus.query("probe_success")}
    assert success == {case["domain"]: case["state"] in ("ok", "warning") for case in CASES}


def test_labels(shards):
    """Those of /metrics, so that rules and dashboards hold; and of the domains, only the probes tell."""
    prometheus, agents = shards
    assert not prometheus.query('{exported_domain=~".+"}')
    assert {labels["job"] for labels, _ in prometheus.query('count by (job) ({domain=~".+"})')} == {"federation-probe"}
    own = {labels["instance"] for labels, _ in prometheus.query('fedhealth_build_info{job="fedhealth"}')}
    assert own == {f"127.0.0.1:{agent.port}" for agent in agents}
    assert not prometheus.query('ALERTS{alertname="FedhealthProbeUnanswered"}')


def test_the_probes_are_the_only_rounds(shards):
    """Each agent has made its first round, and counts no other."""
    _, agents = shards
    for agent in agents:
        assert {value for _, value in agent.scrape().named("fedhealth_check_runs_total")} <= {0, 1}


def test_files():
    done = run("promtool", "check", "config", "--syntax-only", "prometheus.yml", cwd=EXAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("promtool", "test", "rules", "sharding.rules.test.yml", cwd=EXAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("promtool", "check", "rules", "sharding.rules.yml", cwd=EXAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
