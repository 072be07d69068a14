"""The closed list of reasons against the rows of all tests: each is produced by a row, and each has its rationale."""

import dataclasses
import os

import pytest

import names
import verdicts
from agent import SOURCE, Agent
from cases_stream import GOOD
from hostile import Case, Certificates, Stage

CHECKS = ("srv", "connect", "stream", "starttls", "certificate", "auth")
ON_PURPOSE = ("dialback", "ping")


@dataclasses.dataclass(frozen=True)
class Situation:
    """What comes from the agent alone. It is looked at in the first scrape, or after the first round."""
    name: str
    why: str
    reasons: dict
    first_scrape: bool
    case: Case


SITUATIONS = [
    Situation("not_run", "the first round has not ended: nothing is known yet",
              {check: "not_run" for check in CHECKS if check not in ON_PURPOSE}, True,
              Case("silent", "DNS does not answer", "", {}, dns={"srv": names.silence})),
    Situation("not_configured", "no secret, no account", dict.fromkeys(ON_PURPOSE, "not_configured"), False,
              Case("plain", "all is well", "", {}, GOOD)),
]


@pytest.fixture(scope="module", name="certificates")
def _certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.mark.parametrize("case", SITUATIONS, ids=lambda case: case.name)
def test_situation(certificates, folder, case):
    with Stage([case.case], certificates, folder) as stage:
        agent = Agent(folder, lambda path, snmp_port: stage.write_config(path, more="snmp: {mode: off}\n"))
        try:
            samples = agent.scrape() if case.first_scrape else agent.first_round_done()
            found = {labels["check"]: labels["reason"] for labels, _ in samples.named("fedhealth_check_reason_info")}
        finally:
            agent.stop()
    assert case.reasons.items() <= found.items()


def test_every_reason_is_produced(capsys):
    """Number of codes, number produced by a test: equal."""
    codes = {reason.code for reason in verdicts.explained()}
    produced = {code for row in verdicts.rows() for code in row.reasons}
    with capsys.disabled():
        print(f"\n{len(codes)} reasons, {len(codes & produced)} produced by a test")
    assert (sorted(codes - produced), sorted(produced - codes)) == ([], [])


def test_every_reason_has_a_rationale():
    codes = [reason.code for reason in verdicts.explained()]
    assert [code for code in codes if not verdicts.rationale(code)] == []


def test_every_rationale_has_a_reason():
    codes = [reason.code for reason in verdicts.explained()]
    assert [key for key in verdicts.RATIONALES if not any(
        code.startswith(key) if key.endswith("_") else code == key for code in codes)] == []


def test_rows_say_why():
    """All those that are about XMPP, with another text each within what is about the same reasons."""
    stages = {reason.code: reason.stage for reason in verdicts.explained()}
    xmpp = ("srv", "connect", "stream", "starttls", "certificate", "auth", "dialback", "ping")
    assert [row.name for row in verdicts.rows()
            if not row.why and any(stages.get(code) in xmpp for code in row.reasons)] == []


def test_document_is_current():
    with open(os.path.join(SOURCE, "docs", "verdicts.md"), encoding="utf-8") as text:
        assert text.read() == "\n".join(verdicts.document())
