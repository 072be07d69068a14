"""Every domain of the lab, as /metrics, SNMP and `fedhealth check` show it: each check with the reason that cases.json
declares."""

import json
import operator
import os
import re
import tempfile

import pytest

from agent import FEDHEALTH, SOURCE, run
from lab import CASES, CHECKS, MONITOR, PING, TABLE, table
from lab.stream import Session, open_stream
from snmp import STATES, domain_indexes, walk, walk_names

EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
SUCCESS = {"ok": 1, "warning": 1, "critical": 0, "unknown": None}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case["domain"].split(".", maxsplit=1)[0])


@pytest.fixture(scope="module", name="walked")
def _walked(agent):
    """All of the agent's objects: their numbers -> value."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        return walk(agent.snmp_port, folder)


@pytest.fixture(scope="module", name="named")
def _named(agent):
    """Name of a column -> its objects as the MIB names them."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        return {name: walk_names(agent.snmp_port, folder, name)
                for name in ("fhDomainName", "fhDomainState", "fhCheckState", "fhCheckReason")}


def test_docs_are_current():
    with open(os.path.join(SOURCE, "docs", "lab.md"), encoding="utf-8") as docs:
        assert docs.read() == table.markdown(), "PYTHONPATH=tests python3 -m lab table > docs/lab.md"


def what_it_offers(case, name, direct):
    """STARTTLS (offered, required) and dialback of the server of this name, before anything else in the stream."""
    server = TABLE["servers"][name]
    starttls = bool(case["host"]["certificate"]) and not direct
    hidden = server["program"] == "ejabberd" and not direct  # which offers dialback only where TLS is in use
    return starttls, starttls and server["tls"] == "required", not hidden


@each_case
def test_lab_is_what_it_says(lab, case):
    """The peers themselves, without fedhealth: each listens or not, knows the domain or not, and offers TLS as the case
    declares."""
    assert case["needs"] not in lab.lacking, lab.lacking
    for endpoint in lab.endpoints(case):
        peer = endpoint["address"], int(endpoint["endpoint"].rsplit(":", 1)[1])
        direct = endpoint["transport"] == "direct"
        if endpoint["reason"] == "connect_refused":
            with pytest.raises(ConnectionRefusedError):
                open_stream(peer, case["unicode"], MONITOR, direct)
            continue
        answer = open_stream(peer, case["unicode"], MONITOR, direct)
        if not case["host"]:
            assert "<host-unknown" in answer
            continue
        (name,) = [name for name in case["hosts"] if lab.ports[name] == peer[1]] or [case["server"]]
        assert what_it_offers(case, name, direct) == (
            "<starttls" in answer, "<required/>" in answer, "urn:xmpp:features:dialback" in answer)


def test_lab_pings_as_it_says(lab):
    """What the account's server answers to a ping of each domain."""
    answers = {"answered": "type='result'", "unanswered": "<service-unavailable",
               "no route": "<remote-server-not-found"}
    with Session(("127.0.0.1", lab.client_port), PING["account"], lab.secrets["ping"]) as session:
        for case in CASES:
            if case["ping"]:
                assert answers[case["ping"]] in session.ask("<ping xmlns='urn:xmpp:ping'/>", to=case["unicode"])


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
        assert samples.one("fedhealth_check_success", domain=case["domain"], check=check) == SUCCESS[state], check


@each_case
def test_endpoints(agent, lab, case):
    """Every endpoint, and no other, with the reason of its worst stage."""
    samples, expected = agent.scrape(), lab.endpoints(case)
    found = [each for each, _ in samples.named("fedhealth_endpoint_reason_info") if each["domain"] == case["domain"]]
    order = operator.itemgetter("endpoint", "address", "transport")
    assert sorted(found, key=order) == sorted(({"domain": case["domain"], **each} for each in expected), key=order)
    for each in expected:
        success = samples.one("fedhealth_endpoint_success", domain=case["domain"], endpoint=each["endpoint"],
                              address=each["address"], transport=each["transport"])
        assert success == SUCCESS[each["status"]]


@each_case
def test_snmp(walked, case):
    index = domain_indexes(walked)[case["domain"]]
    assert STATES[int(walked[f"1.2.1.3.{index}"])] == case["state"]
    found = {check: [STATES[int(walked[f"1.3.1.3.{index}.{kind}"])], walked[f"1.3.1.4.{index}.{kind}"]]
             for kind, check in enumerate(CHECKS, 1)}
    assert found == case["checks"]
    # The domain's reason is that of the check that decided its state.
    assert walked[f"1.2.1.4.{index}"] in [reason for _, reason in case["checks"].values()]


@each_case
def test_snmp_endpoints(walked, lab, case):
    """fhEndpointTable has a row for every endpoint: column 3 is its state, column 4 its reason."""
    rows = f"1.4.1.3.{domain_indexes(walked)[case['domain']]}."
    states = {oid.removeprefix(rows): STATES[int(value)] for oid, value in walked.items() if oid.startswith(rows)}
    found = [(state, walked[rows.replace("1.4.1.3.", "1.4.1.4.", 1) + index]) for index, state in states.items()]
    assert sorted(found) == sorted((each["status"], each["reason"]) for each in lab.endpoints(case))


@each_case
def test_snmp_by_name(named, case):
    indexes = {value: index for _, index, value in named["fhDomainName"]}
    index = indexes[case["domain"]]
    assert ("fhDomainState", index, case["state"]) in named["fhDomainState"]
    for check, (state, reason) in case["checks"].items():
        assert ("fhCheckState", f"{index}.{check}", state) in named["fhCheckState"]
        assert ("fhCheckReason", f"{index}.{check}", reason) in named["fhCheckReason"]


@each_case
def test_check_json(agent, case):
    done = run(FEDHEALTH, "check", "--config.file", agent.config, "--json", case["unicode"])
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
