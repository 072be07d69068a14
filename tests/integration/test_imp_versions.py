"""AXL by two SOAP libraries that nobody here wrote, on four versions of Cisco's own schema: rows, no row, a fault, a
wrong password and another version are told apart in /metrics, SNMP and on the command line."""

import re

import pytest

from imp_nodes import check_imp, imp_checks, imp_json, imp_table, imp_walked, json_checks
from imp_versions import CASES, CP_IDS
from snmp import walk

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: re.sub(r"\..*", "", case.name))


@pytest.fixture(scope="module", name="walked")
def _walked(versions_agent, tmp_path_factory):
    return walk(versions_agent.snmp_port, str(tmp_path_factory.mktemp("snmp")))


def expected(case):
    """The two checks that AXL leads to."""
    return {"axl": list(case.expected.axl), "s2snode": list(case.expected.s2snode)}


@each_case
def test_metrics(versions_agent, case):
    samples = versions_agent.scrape()
    assert expected(case).items() <= imp_checks(samples, case.name).items()
    assert samples.one("fedhealth_imp_axl_http_status_code", node=case.name) == case.expected.status
    infos = [labels for labels, _ in samples.named("fedhealth_imp_s2s_node_info")]
    seen = {labels["cp_id"] for labels in infos if labels["node"] == case.name}
    assert seen == (set(CP_IDS) if case.expected.s2snode[1] == "ok" else set())


@each_case
def test_snmp(walked, case):
    _, checks = imp_walked(walked, case.name)
    assert expected(case).items() <= checks.items()
    assert set(imp_table(walked, 6, 2, case.name)) == (set(CP_IDS) if case.expected.s2snode[1] == "ok" else set())


@each_case
def test_command_line(versions_agent, case):
    """The same; but after a rejected login none is made again."""
    done = check_imp(versions_agent.config, case.name)
    checks = json_checks(imp_json(done.stdout, case.name))
    held = {"axl": ["critical", "axl_login_held"]} if case.behaviour == "401" else {}
    assert {**expected(case), **held}.items() <= checks.items()


def test_fault_is_quoted(versions_agent):
    """The fault's number and words reach the operator."""
    for case in (case for case in CASES if case.behaviour.startswith("fault")):
        found = imp_json(versions_agent.request("/api/v1/status")[1], case.name)["checks"]["axl"]
        assert "-217" in found["detail"] and "Column (cp_id) not found." in found["detail"], case.name
