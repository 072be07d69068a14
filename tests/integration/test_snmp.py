"""FEDHEALTH-MIB in both modes: as an agent by itself, and behind a real snmpd over AgentX."""

import os

import pytest

from agent import Agent, run, wait_for
from lab import CASES, CHECKS
from snmp import Snmpd, domain_indexes, environment, wait_for_subtree, walk

STEADY_COLUMNS = ("1.2.1.2.", "1.2.1.3.", "1.2.1.4.", "1.3.1.3.", "1.3.1.4.")


def steady(values):
    """Names, states and reasons: what does not change from round to round."""
    return {oid: value for oid, value in values.items() if oid.startswith(STEADY_COLUMNS)}


def folder_in(folder, name):
    path = os.path.join(folder, name)
    os.mkdir(path)
    return path


@pytest.fixture(name="master")
def _master(folder):
    snmpd = Snmpd(folder_in(folder, "snmpd"), os.path.join(folder, "agentx"))
    yield snmpd
    snmpd.stop()


@pytest.fixture(name="subagent")
def _subagent(lab, folder, master):
    agent = Agent(folder_in(folder, "agent"), lab.write_config, confirm=1,
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


def test_agentx_gives_the_same(agent, subagent, master, folder):
    alone = walk(agent.snmp_port, folder)
    behind = wait_for_subtree(master.port, folder)
    assert steady(behind) == steady(alone)
    assert set(behind) == set(alone)
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
