"""dashboards/zabbix: the template, loaded into Debian's Zabbix, which polls the agent until problems show."""

import os

import pytest

from agent import LONG_WAIT, SOURCE, wait_for
from lab import CASES, CHECKS, IMP_CASES
from snmp import ROOT
from zabbix import Zabbix

TEMPLATE = os.path.join(SOURCE, "dashboards", "zabbix", "fedhealth.yaml")
SNMP_AGENT, SNMP_TRAP = "20", "17"  # item types
SEVERITIES = {"critical": "4", "warning": "2"}
WORDS = {"critical": "is critical", "warning": "is in warning"}


@pytest.fixture(name="zabbix")
def _zabbix(folder):
    zabbix = Zabbix(folder)
    yield zabbix
    zabbix.stop()


def expected():
    """Every problem that the lab must make: (name, severity) -> reason."""
    found = {}
    for noun, name, cases in ("Domain", "domain", CASES), ("Node", "name", IMP_CASES):
        for case in cases:
            if case["state"] in SEVERITIES:
                reasons = [reason for state, reason in case["checks"].values() if state in SEVERITIES]
                found[(f"{noun} {case[name]} {WORDS[case['state']]}", SEVERITIES[case["state"]])] = reasons
    return found


def test_template_finds_everything_and_its_problems(agent, zabbix):
    with open(TEMPLATE, encoding="utf-8") as text:
        source = text.read()
    zabbix.import_template(source)
    zabbix.import_template(source)  # over itself, as an update does
    host = zabbix.create_host("lab", "fedhealth by SNMP", agent.snmp_port)

    def items():
        return zabbix.call("item.get", {"hostids": host, "output": ["itemid", "key_", "type", "lastvalue", "state",
                                                                    "error"]})
    fixed = len(items())
    rules = zabbix.call("discoveryrule.get", {"hostids": host, "output": ["itemid", "key_"]})
    wanted = fixed + len(CASES) * (3 + 2 * len(CHECKS)) + len(IMP_CASES) * (3 + 2 * 4)
    zabbix.poll_until(rules, lambda: len(items()) == wanted)

    polled = [item for item in items() if item["type"] == SNMP_AGENT]
    problems = expected()

    def raised():
        found = zabbix.call("problem.get", {"hostids": host, "output": ["name", "severity", "opdata"]})
        return {(each["name"], each["severity"]): each["opdata"] for each in found}
    zabbix.poll_until(polled, lambda: len(raised()) >= len(problems))
    shown = raised()
    assert set(shown) == set(problems)
    for problem, reasons in problems.items():
        assert shown[problem].split()[0] in reasons, problem
    assert "waits for a restart" in shown[("Node restart-pending.imp.lab.test is critical", "4")]

    values = {item["key_"]: item["lastvalue"] for item in items()}
    assert [item for item in items() if item["state"] != "0"] == []
    assert values["fedhealth.domains.critical"] == str(sum(case["state"] == "critical" for case in CASES))
    assert values["fedhealth.domain.state[healthy.lab.test]"] == "1"
    assert values["fedhealth.domain.check.reason[expired.lab.test,certificate]"] == "cert_expired"
    assert values["fedhealth.node.check.reason[restart-pending.imp.lab.test,xcp_restart]"] == "xcp_restart_pending"

    with open(zabbix.server.traps, "a", encoding="ascii") as traps:
        traps.write("12:00:01 2026/11/25 ZBXTRAP 127.0.0.1\nVARBINDS:\n"
                    f"  iso.3.6.1.6.3.1.1.4.1.0 type=6 value=OID: .{ROOT}.0.4\n")
    wait_for("the trap", lambda: any("ZBXTRAP" not in item["lastvalue"] and f"{ROOT}.0.4" in item["lastvalue"]
                                     for item in items() if item["type"] == SNMP_TRAP), LONG_WAIT)
