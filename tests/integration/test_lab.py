"""Every domain of the lab, as /metrics, SNMP and `fedhealth check` show it: each check with the reason that cases.json
declares."""

import json
import re

import pytest

from agent import FEDHEALTH, run
from lab import CASES, CHECKS, MONITOR
from lab.prosody import open_stream
from snmp import STATES, domain_indexes, walk, walk_names

EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case["domain"].split(".", maxsplit=1)[0])


@each_case
def test_lab_is_what_it_says(lab, case):
    """The peer itself, without fedhealth: it offers TLS as the case declares, or does not know the domain."""
    if case["server"] not in ("strict", "lenient"):
        return
    answer = open_stream(lab.ports[case["server"]], case["domain"], MONITOR)
    if not case["host"]:
        assert "<host-unknown" in answer
    else:
        assert ("<starttls" in answer) == bool(case["host"]["certificate"])
        assert ("<required/>" in answer) == (case["server"] == "strict")
        assert "urn:xmpp:features:dialback" in answer


@each_case
def test_metrics(agent, case):
    samples = agent.scrape()
    found = {each["check"]: [each["status"], each["reason"]]
             for each, value in samples.named("fedhealth_check_reason_info")
             if each["domain"] == case["domain"] and value == 1}
    assert found == case["checks"]
    states = {each["fedhealth_domain_state"]: value for each, value in samples.named("fedhealth_domain_state")
              if each["domain"] == case["domain"]}
    assert states == {state: float(state == case["state"]) for state in STATES.values()}


@each_case
def test_success(agent, case):
    """1 for ok and warning, 0 for critical, absent for unknown."""
    samples = agent.scrape()
    for check, (state, _) in case["checks"].items():
        expected = {"ok": 1, "warning": 1, "critical": 0, "unknown": None}[state]
        assert samples.one("fedhealth_check_success", domain=case["domain"], check=check) == expected, check


@each_case
def test_snmp(agent, case, folder):
    values = walk(agent.snmp_port, folder)
    index = domain_indexes(values)[case["domain"]]
    assert STATES[int(values[f"1.2.1.3.{index}"])] == case["state"]
    found = {check: [STATES[int(values[f"1.3.1.3.{index}.{kind}"])], values[f"1.3.1.4.{index}.{kind}"]]
             for kind, check in enumerate(CHECKS, 1)}
    assert found == case["checks"]
    # The domain's reason is that of the check that decided its state.
    assert values[f"1.2.1.4.{index}"] in [reason for _, reason in case["checks"].values()]


@each_case
def test_snmp_by_name(agent, case, folder):
    indexes = {value: index for _, index, value in walk_names(agent.snmp_port, folder, "fhDomainName")}
    index = indexes[case["domain"]]
    assert ("fhDomainState", index, case["state"]) in walk_names(agent.snmp_port, folder, "fhDomainState")
    states = walk_names(agent.snmp_port, folder, "fhCheckState")
    reasons = walk_names(agent.snmp_port, folder, "fhCheckReason")
    for check, (state, reason) in case["checks"].items():
        assert ("fhCheckState", f"{index}.{check}", state) in states
        assert ("fhCheckReason", f"{index}.{check}", reason) in reasons


@each_case
def test_check_json(agent, case):
    done = run(FEDHEALTH, "check", "--config.file", agent.config, "--json", case["domain"])
    assert done.returncode == EXIT_CODES[case["state"]], done.stderr
    (domain,) = json.loads(done.stdout)["domains"]
    assert (domain["name"], domain["state"]) == (case["domain"], case["state"])
    assert {check: [each["state"], each["reason"]] for check, each in domain["checks"].items()} == case["checks"]


@each_case
def test_check_text(agent, case):
    """What fails is named with its reason; the exit code tells how bad it is."""
    done = run(FEDHEALTH, "check", "--config.file", agent.config, case["domain"])
    assert done.returncode == EXIT_CODES[case["state"]], done.stderr
    assert case["domain"] in done.stdout
    for check, (state, reason) in case["checks"].items():
        if reason != "not_configured":
            (line,) = re.findall(rf"^ *{check} .*$", done.stdout, re.MULTILINE)
            assert line.split()[1] == state
            assert state == "ok" or reason in line
