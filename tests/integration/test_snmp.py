"""FEDHEALTH-MIB in both modes: as an agent by itself, and behind a real snmpd over AgentX."""

import os
import sys

import pytest

import agent as agent_module
from agent import PATIENCE, Agent, folder_in, run, wait_for
from lab import CASES, CHECKS
from snmp import STATES, Snmpd, domain_indexes, environment, wait_for_subtree, walk

NOTIFICATION_COUNTS = ("1.1.12.0", "1.1.13.0", "1.1.14.0")
STEADY_COLUMNS = ("1.2.1.2.", "1.2.1.3.", "1.2.1.4.", "1.3.1.3.", "1.3.1.4.", "1.4.1.2.", "1.4.1.3.", "1.4.1.4.")


def steady(values):
    """Names, states and reasons: what does not change from round to round."""
    return {oid: value for oid, value in values.items() if oid.startswith(STEADY_COLUMNS)}


@pytest.fixture(name="master")
def _master(folder):
    snmpd = Snmpd(folder_in(folder, "snmpd"), os.path.join(folder, "agentx"))
    yield snmpd
    snmpd.stop()


@pytest.fixture(name="subagent")
def _subagent(lab, folder, master):
    agent = Agent(folder_in(folder, "agent"), lab.write_config, confirm=1, timeout=PATIENCE,
                  agentx_socket=os.path.join(folder, "agentx"))
    agent.first_round_done()
    yield agent
    agent.stop()


def test_tables_are_complete(agent, folder):
    values = walk(agent.snmp_port, folder)
    indexes = domain_indexes(values)
    assert set(indexes) == {case["domain"] for case in CASES}
    assert sorted(indexes.values()) == list(range(1, len(CASES) + 1))
    for index in indexes.values():
        for column in (3, 4):
            assert f"1.2.1.{column}.{index}" in values
            for kind in range(1, len(CHECKS) + 1):
                assert f"1.3.1.{column}.{index}.{kind}" in values
    assert not [oid for oid in values if oid.startswith(("1.2.1.1.", "1.3.1.1."))], "an index is accessible"


def test_scalars_count_domains(agent, folder):
    values = walk(agent.snmp_port, folder)
    states = [case["state"] for case in CASES]
    counts = [int(values[f"1.1.{number}.0"]) for number in range(2, 7)]
    assert counts == [len(states), *(states.count(state) for state in ("ok", "warning", "critical", "unknown"))]


def test_system_group(agent, folder):
    """The embedded master answers what every manager asks first."""
    system = walk(agent.snmp_port, folder, "1.3.6.1.2.1.1")
    assert "2.0" in system, "sysObjectID"
    assert int(system["3.0"]) > 0, "sysUpTime"


def test_read_only_and_community(agent, folder):
    def ask(program, community, *arguments):
        return run(program, "-v2c", "-c", community, "-t", "1", "-r", "0", f"127.0.0.1:{agent.snmp_port}", *arguments,
                   env=environment(folder))
    assert ask("snmpget", "public", "1.3.6.1.2.1.1.3.0").returncode == 0
    assert ask("snmpget", "wrong", "1.3.6.1.2.1.1.3.0").returncode != 0
    assert ask("snmpset", "public", "1.3.6.1.2.1.1.5.0", "s", "changed").returncode != 0


def test_endpoints_are_those_of_the_metrics(agent, folder):
    """Each endpoint is a row, with its state, and under an index of its own."""
    values = walk(agent.snmp_port, folder)
    names = {str(index): name for name, index in domain_indexes(values).items()}
    rows = {oid.removeprefix("1.4.1.2."): target for oid, target in values.items() if oid.startswith("1.4.1.2.")}
    def row(at, target):
        return (names[at.split(".")[0]], f"{target}:{values['1.4.1.6.' + at]}", values["1.4.1.7." + at],
                values["1.4.1.8." + at], STATES[int(values["1.4.1.3." + at])], values["1.4.1.4." + at])
    told = [tuple(labels[key] for key in ("domain", "endpoint", "address", "transport", "status", "reason"))
            for labels, _ in agent.scrape().named("fedhealth_endpoint_reason_info")]
    assert sorted(row(at, target) for at, target in rows.items()) == sorted(told)
    assert told


def test_agentx_gives_the_same(agent, subagent, master, folder):
    alone = walk(agent.snmp_port, folder)
    behind = wait_for_subtree(master.port, folder)
    assert steady(behind) == steady(alone)
    assert set(behind) == set(alone)
    assert all(alone[count] == "0" for count in NOTIFICATION_COUNTS)  # there is nobody to notify
    assert subagent.scrape().one("fedhealth_snmp_agentx_connected") == 1
    assert agent.scrape().one("fedhealth_snmp_agentx_connected") is None


def test_subtree_returns_after_a_restart_of_snmpd(subagent, master, folder):
    before = wait_for_subtree(master.port, folder)
    master.stop()
    wait_for("the loss to be seen", lambda: subagent.scrape().one("fedhealth_snmp_agentx_connected") == 0)
    again = Snmpd(folder_in(folder, "snmpd-again"), os.path.join(folder, "agentx"))
    try:
        assert steady(wait_for_subtree(again.port, folder)) == steady(before)
        assert subagent.scrape().one("fedhealth_snmp_agentx_connected") == 1
    finally:
        again.stop()


# Opens more descriptors than an fd_set has room for and becomes fedhealthd, whose own all have higher numbers then.
CROWD = """#!{python}
import os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
for _ in range(1100):
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
os.execv("{program}", sys.argv)
"""


def test_more_descriptors_than_an_fd_set_holds(lab, folder, master, monkeypatch):
    crowd = os.path.join(folder, "crowd")
    with open(crowd, "w", encoding="ascii") as out:
        out.write(CROWD.format(python=sys.executable, program=agent_module.FEDHEALTHD))
    os.chmod(crowd, 0o755)
    monkeypatch.setattr(agent_module, "FEDHEALTHD", crowd)
    agent = Agent(folder_in(folder, "agent"), lab.write_config, confirm=1,
                  agentx_socket=os.path.join(folder, "agentx"))
    try:
        assert set(domain_indexes(wait_for_subtree(master.port, folder))) == {case["domain"] for case in CASES}
        assert agent.scrape().one("process_open_fds") > 1100
    finally:
        agent.stop()


def test_agent_starts_without_a_master(lab, folder):
    """A master that is not there yet is no error; everything else works meanwhile."""
    agent = Agent(folder_in(folder, "agent"), lab.write_config, confirm=1,
                  agentx_socket=os.path.join(folder, "agentx"))
    try:
        assert agent.scrape().one("fedhealth_snmp_agentx_connected") == 0
        snmpd = Snmpd(folder_in(folder, "snmpd"), os.path.join(folder, "agentx"))
        try:
            assert domain_indexes(wait_for_subtree(snmpd.port, folder))
        finally:
            snmpd.stop()
    finally:
        agent.stop()
