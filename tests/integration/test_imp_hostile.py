"""Nodes that lie, flood and stall: each gets its own right reason, in bounded time and memory, and no password is seen
anywhere but in the request that it is for.

The cases stand in cases_imp.py. All of them are judged in two runs of `fedhealth check`, so that what times out does so
together.
"""

import base64
import contextlib
import html
import json
import os
import resource
import ssl
import subprocess
import urllib.parse
from socket import SOCK_DGRAM

import pytest

import cases_imp
from agent import FEDHEALTHD, Agent, wait_for
from hostile import SANITIZED, run_check
from imp_hostile import PASSWORD, HostileNodes
from imp_nodes import check_imp, imp_checks
from lab.imp import DOMAIN
from lab.server import free_port
from snmp import walk

MEMORY_MAX = 128 << 20  # bytes, of all cases at once; sanitizers need more for themselves
TIMEOUTS = {False: "30s", True: "2s"}  # by Case.impatient
OURS = ["*." + DOMAIN]
# What a node that presents another certificate from the second connection on must not get.
CHANGING = cases_imp.Case("changing", cases_imp.say_and_end, "ok", certificate=("good", "own"))


@pytest.fixture(scope="module", name="contexts")
def _contexts(lab):
    """The certificates that nodes may show."""
    def context(name, names, days, issuer="intermediate"):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*lab.authority.issue_host(f"hostile-{name}", names, days, issuer))
        return made
    return {"good": context("good", OURS, [-30, 90]), "own": context("own", OURS, [-30, 90], "self"),
            "expired": context("expired", OURS, [-30, -1]),
            "stranger": context("stranger", ["stranger.example"], [-30, 90]), "none": None}


@pytest.fixture(scope="module", name="nodes")
def _nodes(contexts):
    with HostileNodes([*cases_imp.CASES, CHANGING], contexts) as nodes:
        yield nodes


def node_of(case):
    """The name of its node."""
    return f"{case.name}.{DOMAIN}"


def write_config(lab, nodes, cases, path, **config):
    """A configuration with these cases. Returns the path."""
    secrets = os.path.join(os.path.dirname(path), "secrets")
    os.makedirs(secrets, mode=0o700, exist_ok=True)
    entries = [nodes.config(each, secrets) for each in cases]
    return lab.write_config(path, domains=["healthy.lab.test"], imp_nodes=entries, **config)


@pytest.fixture(scope="module", name="outcomes")
def _outcomes(lab, nodes, tmp_path_factory):
    """{impatient: outcome} of two runs."""
    outcomes = {}
    for impatient, timeout in TIMEOUTS.items():
        cases = [case for case in cases_imp.CASES if case.impatient == impatient]
        config = write_config(lab, nodes, cases, str(tmp_path_factory.mktemp("run") / "agent.yaml"), timeout=timeout)
        outcomes[impatient] = run_check(config, [node_of(case) for case in cases], key="imp_nodes")
    return outcomes


@pytest.mark.parametrize("case", cases_imp.CASES, ids=lambda case: case.name)
def test_reason(outcomes, case):
    found = outcomes[case.impatient].domains[node_of(case)]
    reasons = {check: each["reason"] for check, each in found["checks"].items()}
    assert case.checks.items() <= reasons.items(), found["checks"]
    if case.rows is not None:
        assert found["s2s_rows"] == case.rows


def test_names_are_unique():
    assert len({case.name for case in cases_imp.CASES}) == len(cases_imp.CASES)


def test_memory(outcomes):
    """What nodes send does not pile up, although some of them never stop."""
    assert SANITIZED or max(outcome.peak_bytes for outcome in outcomes.values()) < MEMORY_MAX


def test_words_are_clean(outcomes):
    """No control character of a node's reaches an operator, nor what turns the direction of writing."""
    for outcome in outcomes.values():
        text = json.dumps(outcome.domains, ensure_ascii=False)
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text)


def test_no_trust_no_password(outcomes, nodes):
    """Whose certificate is not to be trusted gets no request at all."""
    del outcomes
    for case in cases_imp.TLS_CASES:
        assert nodes.seen[case.name] == [], case.name


def test_form_that_leads_away_is_not_sent(outcomes, nodes):
    """What a page's form would send to another server stays here."""
    del outcomes
    requests = nodes.seen["page-form-that-leads-away"]
    assert requests and not any(PASSWORD.encode() in each.body for each in requests)


def test_certificate_that_changes(lab, nodes, folder):
    """Trust is looked at anew with every connection."""
    def found():
        return imp_checks(agent.scrape(), node_of(CHANGING))["axl"]

    agent = Agent(folder, lambda path, **config: write_config(lab, nodes, [CHANGING], path, **config), interval="1s",
                  confirm=1)
    try:
        wait_for("the other certificate", lambda: found() == ["critical", "axl_tls"])
        assert len(nodes.seen[CHANGING.name]) == 1
    finally:
        agent.stop()


def contents(folder):
    """The bytes of all files below the folder but the secrets: path -> bytes."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not path.endswith(".password"):
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


def shown(agent, config, folder, names):
    """Everything that the agent and the command line show: where -> bytes."""
    found = {path: agent.request(path)[1] for path in ("/", "/metrics", "/api/v1/status", "/sd")}
    found.update({path: agent.request(path)[1] for path in (f"/imp/{name}" for name in names)})
    with open(f"/proc/{agent.process.pid}/cmdline", "rb") as line:
        found["argv"] = line.read()
    with open(f"/proc/{agent.process.pid}/environ", "rb") as variables:
        found["environment"] = variables.read()
    found["snmp"] = "\n".join(walk(agent.snmp_port, folder).values()).encode()
    for output in ([], ["--json"], ["--nagios"]):
        done = check_imp(config, names[0], output=output)
        found[f"check {output}"] = (done.stdout + done.stderr).encode()
    return found


def forms_of(secret, accounts):
    """The password as it might be seen."""
    forms = {secret, urllib.parse.quote(secret), urllib.parse.quote_plus(secret), html.escape(secret),
             base64.b64encode(secret.encode()).decode()}
    forms.update(base64.b64encode(f"{account}:{secret}".encode()).decode() for account in accounts)
    return [form.encode() for form in forms]


def peak_of(process):
    """The most memory that a process had so far, in bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def test_daemon(lab, nodes, folder):
    """The daemon checks them again and again: it stays small, ends cleanly, and no password is anywhere, at the most
    talkative level of its log."""
    cases = [case for case in cases_imp.CASES if not case.impatient]

    def runs():
        return [value for labels, value in agent.scrape().named("fedhealth_imp_check_runs_total")
                if labels["check"] == "axl"]

    agent = Agent(folder, lambda path, **config: write_config(lab, nodes, cases, path, **config), interval="2s",
                  timeout="20s", flags=["--log.level=debug"])
    try:
        wait_for("two rounds", lambda: len(runs()) == len(cases) and min(runs()) >= 2)
        seen = {**shown(agent, agent.config, folder, [node_of(case) for case in cases]), **contents(folder)}
        assert SANITIZED or peak_of(agent.process) < MEMORY_MAX
        assert any(place.endswith("logins") for place in seen) and agent.log in seen
        for form in forms_of(PASSWORD, [case.name for case in cases]):
            assert [place for place, text in seen.items() if form in text] == []
    finally:
        agent.stop()


def test_no_core_dump(lab, nodes, folder):
    """A crash leaves no image of the memory behind, whatever the limits."""
    config = write_config(lab, nodes, cases_imp.CASES[:1], os.path.join(folder, "agent.yaml"),
                          snmp_port=free_port(SOCK_DGRAM))

    def allow():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    log = os.path.join(folder, "log")
    with open(log, "wb") as out:
        process = subprocess.Popen([FEDHEALTHD, "--config.file", config, "--web.listen-address", "127.0.0.1:0"],
                                   stdout=out, stderr=out, cwd=folder, preexec_fn=allow)
    try:
        wait_for("its start", lambda: b"listening on" in contents(folder)[log])
        os.kill(process.pid, 11)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -11
        assert not os.WCOREDUMP(status)
    finally:
        process.kill()
