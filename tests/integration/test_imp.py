"""Every Cisco node of the lab, as /metrics, SNMP, `fedhealth check`, the page and the JSON show it: each check with the
reason that cases.json declares, and the line that combines them."""

import html
import re
import tempfile

import pytest

from agent import FEDHEALTH, run
from imp_nodes import (EXIT_CODES, IMP_CHECKS, check_imp, imp_checks, imp_indexes, imp_json, imp_state, imp_table,
                       imp_walked, json_checks)
from lab import IMP_CASES
from lab.imp import CP_ID
from snmp import STATES, walk, walk_names

SUCCESS = {"ok": 1, "warning": 1, "critical": 0, "unknown": None}
HEALTHY, PENDING, REJECTED = (f"{name}.imp.lab.test" for name in ("healthy", "restart-pending", "expressway-rejected"))

each_case = pytest.mark.parametrize("case", IMP_CASES, ids=lambda case: case["name"].split(".", maxsplit=1)[0])


@pytest.fixture(scope="module", name="walked")
def _walked(agent):
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        return walk(agent.snmp_port, folder)


def later(case):
    """The checks of a run that is not the first with this state_dir."""
    return {**case["checks"], **case["later"]}


def has_all(words, text):
    """Whether the text contains all these, in upper or lower case."""
    text = " ".join(text.split()).lower()
    return all(each.lower() in text for each in words)


def test_lab_has_nodes(lab):
    assert "node" not in lab.lacking, lab.lacking


@each_case
def test_metrics(agent, case):
    samples = agent.scrape()
    assert imp_checks(samples, case["name"]) == case["checks"]
    states = {each["fedhealth_imp_state"]: value for each, value in samples.named("fedhealth_imp_state")
              if each["node"] == case["name"]}
    assert states == {state: float(state == case["state"]) for state in STATES.values()}
    for check, (state, _) in case["checks"].items():
        assert samples.one("fedhealth_imp_check_success", node=case["name"], check=check) == SUCCESS[state], check


@each_case
def test_snmp(walked, case):
    assert imp_walked(walked, case["name"]) == (case["state"], case["checks"])


@each_case
def test_snmp_cause(walked, case):
    """Where facts combine, the node's detail is the line to act on."""
    detail = walked.get(f"1.5.1.5.{imp_indexes(walked)[case['name']]}", "")
    assert has_all(case["cause"], detail)


def test_snmp_by_name(agent, folder):
    """The MIB names the objects, and enumerations as words."""
    names = {value: index for _, index, value in walk_names(agent.snmp_port, folder, "fhImpName")}
    reasons = walk_names(agent.snmp_port, folder, "fhImpCheckReason")
    for case in IMP_CASES:
        for check, (_, reason) in case["checks"].items():
            words = re.sub(r"_(\w)", lambda found: found.group(1).upper(), check)
            assert ("fhImpCheckReason", f"{names[case['name']]}.{words}", reason) in reasons or \
                ("fhImpCheckReason", f"{names[case['name']]}.{IMP_CHECKS.index(check) + 1}", reason) in reasons


@each_case
def test_check_json(agent, case):
    done = check_imp(agent.config, case["name"])
    assert done.returncode == EXIT_CODES[case["state"]], done.stderr
    found = imp_json(done.stdout, case["name"])
    assert (found["state"], json_checks(found)) == (case["state"], later(case))


@each_case
def test_check_text(agent, case):
    """What fails is named with its reason; the exit code tells how bad it is."""
    done = check_imp(agent.config, case["name"], output=())
    assert done.returncode == EXIT_CODES[case["state"]], done.stderr
    assert case["name"] in done.stdout
    for check, (state, reason) in later(case).items():
        if reason != "not_configured":
            (line,) = re.findall(rf"^ *{check} .*$", done.stdout, re.MULTILINE)
            assert line.split()[1] == state
            assert state == "ok" or reason in line


@each_case
def test_check_nagios(agent, case):
    """One line, with performance data behind the bar."""
    done = check_imp(agent.config, case["name"], output=["--nagios"])
    assert done.returncode == EXIT_CODES[case["state"]], done.stderr
    (line,) = done.stdout.splitlines()
    assert re.match(rf"\S+ {case['state'].upper()}\b", line) and line.count("|") == 1
    if case["state"] != "ok":
        assert any(reason in line for _, reason in later(case).values() if reason != "ok")


@each_case
def test_status(agent, case):
    """/api/v1/status has the same, and the line of combined causes."""
    found = imp_json(agent.request("/api/v1/status")[1], case["name"])
    assert (found["state"], json_checks(found)) == (case["state"], case["checks"])
    assert bool(found.get("cause")) == bool(case["cause"]), found.get("cause")
    assert has_all(case["cause"], found.get("cause") or "")


@each_case
def test_page(agent, case):
    """/imp/NAME says it to people, and / leads there."""
    response, body = agent.request(f"/imp/{case['name']}")
    text = html.unescape(body.decode())
    assert response.status == 200
    assert has_all([case["name"], *(reason for _, reason in case["checks"].values() if reason not in (
        "ok", "not_reached", "not_configured"))], text)
    assert has_all(case["cause"], re.sub("<[^>]*>", "", text))
    assert f'/imp/{case["name"]}"' in agent.request("/")[1].decode()


def test_unknown_node(agent):
    assert agent.request("/imp/nobody.imp.lab.test")[0].status == 404
    done = check_imp(agent.config, "nobody.imp.lab.test")
    assert (done.returncode, done.stdout) == (3, "") and done.stderr


@pytest.mark.parametrize("case", [case for case in IMP_CASES if case["name"] in (PENDING, REJECTED)],
                         ids=lambda case: case["name"].split(".", maxsplit=1)[0])
def test_symptoms(agent, case):
    """The agent's own words name cause and remedy, on the command line too."""
    done = check_imp(agent.config, case["name"], output=())
    assert has_all(case["cause"], done.stdout)
    (reason,) = {reason for _, reason in case["checks"].values()} & {"axl_account_rejected", "xcp_restart_pending"}
    assert has_all(["Likely cause", "What to do"], run(FEDHEALTH, "explain", reason).stdout)


def test_rows(agent, walked):
    """The rows of the table, by kind and by name."""
    samples = agent.scrape()
    kinds = {each["kind"]: value for each, value in samples.named("fedhealth_imp_s2s_nodes") if each["node"] == HEALTHY}
    assert kinds == {"present": 1, "missing": 0, "unexpected": 0}
    assert samples.one("fedhealth_imp_s2s_node_info", node=HEALTHY, cp_id=CP_ID) == 1
    assert imp_table(walked, 6, 2, HEALTHY) == [CP_ID]
    assert imp_table(walked, 6, 3, HEALTHY) == ["1"]
    unexpected, missing = "row-unexpected.imp.lab.test", "row-missing.imp.lab.test"
    assert sorted(imp_table(walked, 6, 3, unexpected)) == ["1", "3"]
    assert sorted(imp_table(walked, 6, 3, missing)) == ["1", "2"]
    assert samples.one("fedhealth_imp_s2s_nodes", node=missing, kind="missing") == 1
    assert samples.one("fedhealth_imp_s2s_nodes", node=unexpected, kind="unexpected") == 1


def test_notifications(agent, walked):
    """The rows of the Notifications page, with what it says of each; and what they mean for the router."""
    samples = agent.scrape()
    assert samples.one("fedhealth_imp_xcp_restart_pending", node=PENDING, source="page") == 1
    assert samples.one("fedhealth_imp_xcp_restart_pending", node=HEALTHY, source="page") == 0
    assert samples.one("fedhealth_imp_xcp_notifications", node=PENDING, severity="warning") == 2
    assert samples.one("fedhealth_imp_xcp_notifications", node=HEALTHY, severity="notice") == 1
    descriptions = imp_table(walked, 7, 2, PENDING)
    assert [PENDING in each for each in sorted(descriptions, key=lambda each: PENDING in each)] == [False, True]
    assert all("requires a restart" in each for each in descriptions)
    assert imp_table(walked, 7, 3, PENDING) == ["Warning"] * 2
    assert imp_table(walked, 7, 4, PENDING) == ["Cisco XCP Config Manager"] * 2
    assert imp_table(walked, 7, 5, PENDING) == ["Jan 5, 2015 3:10:43 PM"] * 2
    assert imp_table(walked, 7, 6, PENDING) == ["5"] * 2


def test_other_facts(agent):
    samples = agent.scrape()
    assert samples.one("fedhealth_imp_nodes") == len(IMP_CASES)
    assert samples.labels("fedhealth_imp_version_info", node=HEALTHY)["version"] == "12.5.1.11900-117"
    assert samples.labels("fedhealth_imp_version_info", node="newer.imp.lab.test")["version"] == "14.0.1.11001-1"
    assert samples.one("fedhealth_imp_axl_http_status_code", node=HEALTHY) == 200
    assert samples.one("fedhealth_imp_axl_http_status_code", node="wrong-password.imp.lab.test") == 401
    assert samples.one("fedhealth_imp_axl_login_hold_until_timestamp_seconds", node="wrong-password.imp.lab.test")
    assert samples.one("fedhealth_imp_axl_login_hold_until_timestamp_seconds", node=HEALTHY) is None
    assert samples.one("fedhealth_imp_axl_account_valid", node=REJECTED, account="expressway-c") == 0
    assert samples.one("fedhealth_imp_axl_account_valid", node=PENDING, account="expressway-c") == 1
    assert samples.one("fedhealth_imp_xcp_router_start_timestamp_seconds", node=HEALTHY) > 0
    assert samples.one("fedhealth_imp_xcp_router_start_timestamp_seconds", node="router-stopped.imp.lab.test") is None


def test_state_of_each(agent):
    """Nothing of a healthy node worsens the whole, and the checks of every node are there from the first scrape."""
    samples = agent.scrape()
    assert {imp_state(samples, case["name"]) for case in IMP_CASES} == {"ok", "warning", "critical"}
    assert all(set(imp_checks(samples, case["name"])) == set(IMP_CHECKS) for case in IMP_CASES)


def test_nothing_forbidden_was_asked(agent, lab):
    del agent
    assert lab.imp.server.violations() == []
