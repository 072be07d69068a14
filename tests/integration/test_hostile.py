"""Peers and name servers that fail, lie, flood and stall: each gets its own right reason, and none harms the agent.

The cases stand in cases_*.py. All of them are judged in a handful of runs of `fedhealth check`, so that what times out
does so together.
"""

import contextlib
import json
import re
import signal
import subprocess

import pytest

import cases_certificates
import cases_dialback
import cases_direct
import cases_names
import cases_stages
import cases_stream
import cases_tls
import cases_views
import names
from agent import FEDHEALTH, OPENMETRICS, Agent, Samples, parse_openmetrics, run, wait_for
from hostile import SANITIZED, Case, Certificates, Settings, Stage
from peers import full_listener, reset, reset_all

CASES = (cases_names.CASES + cases_views.CASES + cases_stream.CASES + cases_tls.CASES + cases_certificates.CASES
         + cases_direct.CASES + cases_dialback.CASES + cases_stages.CASES)
MEMORY_MAX = 64 << 20  # bytes; sanitizers need more for themselves
CONTROL = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.fixture(scope="module", name="certificates")
def _certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.fixture(scope="module", name="stage")
def _stage(certificates, tmp_path_factory):
    with Stage(CASES, certificates, str(tmp_path_factory.mktemp("stage"))) as stage:
        yield stage


@pytest.fixture(scope="module", name="outcomes")
def _outcomes(stage):
    """{settings: outcome} of all cases."""
    return stage.run_all()


def reasons(report):
    """{check: reason} of one domain."""
    return {check: each["reason"] for check, each in report["checks"].items() if each["reason"] != "not_configured"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reason(outcomes, case):
    report = outcomes[case.settings].domains[case.domain]
    assert (reasons(report), report["state"]) == (case.reasons, case.state), case.why


def test_names_are_unique():
    assert len({case.domain for case in CASES}) == len(CASES)


def test_memory(outcomes):
    """What peers send does not pile up, although some of them never stop."""
    assert SANITIZED or max(outcome.peak_bytes for outcome in outcomes.values()) < MEMORY_MAX


def test_byte_by_byte(outcomes):
    """The same facts as in one piece."""
    def lasting(facts):
        if not isinstance(facts, dict):
            return facts
        return {key: lasting(value) for key, value in facts.items()
                if key not in ("endpoint", "detail") and "duration" not in key}

    bytewise, whole = (outcomes[Settings()].domains[f"{name}.hostile.test"] for name in ("byte-by-byte", "good"))
    assert [lasting(each) for each in bytewise["endpoints"]] == [lasting(each) for each in whole["endpoints"]]


def test_two_hundred_records(outcomes):
    lookups = outcomes[Settings()].domains["two-hundred.hostile.test"]["lookups"]
    assert [lookup["records"] for lookup in lookups if lookup["service"] == "xmpp-server"] == [200]


@pytest.mark.parametrize("domain, test, passed", [
    ("stapled", "revocation", 1), ("revoked", "revocation", 0), ("stapled-by-a-stranger", "revocation", None),
    ("good", "revocation", None), ("tlsa-match", "dane", 1), ("tlsa-mismatch", "dane", 0),
    ("tlsa-not-authentic", "dane", None), ("good", "dane", None)])
def test_extra_tests_of_certificates(outcomes, domain, test, passed):
    """OCSP and DANE are there only where there is something to judge by."""
    (endpoint,) = outcomes[Settings()].domains[f"{domain}.hostile.test"]["endpoints"]
    assert endpoint["certificate"]["tests"].get(test, {}).get("valid") == passed


@pytest.mark.parametrize("domain, check, detail", [
    ("error-invalid-id", "stream", r": invalid-id$"),
    ("error-of-own-text", "stream", r": not-today: Come back tomorrow$"),
    ("http", "stream", r'"HTTP/1\.1 400 Bad Request'),
    ("error-with-much-text", "stream", "^[^\N{PILE OF POO}]*\N{PILE OF POO}{60,64}$"),
    ("revoked", "certificate", r": revoked at \d{4}-.*Z, keyCompromise, says the OCSP response that came with it$"),
    ("stapled", "certificate", "; OCSP: not revoked$"),
    ("stapled-by-a-stranger", "certificate", "does not count: the certificate's issuer does not vouch for "),
    ("tlsa-match", "certificate", "; TLSA records match$"),
    ("tlsa-mismatch", "certificate", ": trusted, but not by the domain's TLSA records$"),
    ("tlsa-self-signed", "certificate", "; TLSA records match$"),
    ("tlsa-not-authentic", "certificate", "expires at [^;]*$"),
    ("dialback-sha1-concat", "dialback",
     r"^the key by sha1-concat \(experimental\) was accepted, a bogus one rejected$"),
    ("dialback-stream-error-of-policy", "dialback",
     ": stream error policy-violation, Use of STARTTLS\ufffd required$"),
    ("dialback-closed-when-rejected", "dialback",
     "no answer to the key by sha1-nested: .* closed; the bogus key was rejected; rejected keys: hmac-sha256$"),
    ("dialback-others-10-mib", "dialback", "no answer to the bogus key: more than 262144 bytes at byte "),
    ("dialback-noise-beneath-tls", "dialback", "no answer to the bogus key: tls_not_tls, "),
    ("certificate-many-names-warning", "certificate", r": is for dNSName n0\.example, .{,1000} and more$")])
def test_detail(outcomes, domain, check, detail):
    """The detail quotes the peer where the reason alone does not tell, and not at length."""
    assert re.search(detail, outcomes[Settings()].domains[f"{domain}.hostile.test"]["checks"][check]["detail"])


@pytest.mark.parametrize("case", [case for case in cases_views.CASES if case.name in cases_views.DETAILS],
                         ids=lambda case: case.name)
def test_view_detail(outcomes, case):
    """Who says what."""
    detail = outcomes[case.settings].domains[case.domain]["checks"]["srv"]["detail"]
    assert re.search(cases_views.DETAILS[case.name], detail)


@pytest.mark.parametrize("output", [[], ["--nagios"]], ids=["text", "nagios"])
@pytest.mark.parametrize("domain", ["error-with-text", "target-of-odd-bytes", "http"])
def test_peers_words_are_harmless(stage, folder, output, domain):
    """No control character reaches the terminal, and none breaks the one line of a monitoring plugin."""
    config = stage.write_config(f"{folder}/agent.yaml")
    done = run(FEDHEALTH, "check", "--config.file", config, *output, f"{domain}.hostile.test")
    assert (done.returncode, done.stderr, CONTROL.search(done.stdout)) == (2, "", None)
    if output:
        (line,) = done.stdout.splitlines()
        assert line.count("|") == 1


def test_reset_when_accepted(certificates, folder):
    """Connecting has succeeded or not by the time the reset is seen; it is told in either way, and in no other."""
    cases = [Case(f"reset-{number}", "the peer resets at once", "critical", {}, [reset]) for number in range(20)]
    with Stage(cases, certificates, folder) as stage:
        found = [reasons(report) for report in stage.run().domains.values()]
    assert {(each["connect"], each["stream"]) for each in found} <= {("connect_reset", "not_reached"),
                                                                    ("ok", "stream_closed")}


def connecting_to(port):
    """How many connections to this port of 127.0.0.1 are waiting for an answer to their SYN."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return sum(f" 0100007F:{port:04X} 02 " in line for line in table)


@pytest.mark.produces("connect_reset", "connected and reset before the agent could look")
def test_reset_while_connecting(certificates, folder):
    """The agent sleeps meanwhile, and the kernel connects for it."""
    with contextlib.ExitStack() as held:
        listener = full_listener(held)
        port = listener.getsockname()[1]
        others = connecting_to(port)
        case = Case("reset", "reset while connecting", "", {}, dns={"srv": names.answer(names.srv(port=port))})
        with Stage([case], certificates, folder) as stage:
            config = stage.write_config(f"{folder}/agent.yaml")
            process = held.enter_context(subprocess.Popen([FEDHEALTH, "check", "--config.file", config, "--json",
                                                           case.domain], stdout=subprocess.PIPE))
            held.callback(process.kill)
            wait_for("a SYN", lambda: connecting_to(port) > others)
            process.send_signal(signal.SIGSTOP)
            listener.listen(16)  # room for all of them when they try again
            wait_for("all to be reset", lambda: reset_all(listener) and not connecting_to(port))
            reset_all(listener)
            process.send_signal(signal.SIGCONT)
            (report,) = json.load(process.stdout)["domains"]
    assert reasons(report)["connect"] == "connect_reset"


def test_few_descriptors(certificates, folder):
    """What this machine lacks is no fault of the peers: their turn comes."""
    cases = [Case(f"good-{number}", "keeps a descriptor", "ok", {}, cases_stream.GOOD) for number in range(100)]
    with Stage(cases, certificates, folder) as stage:
        reports = stage.run(before=["prlimit", "--nofile=40"]).domains.values()
    assert [reasons(report) for report in reports] == [case.reasons for case in cases]


def check_probe(agent, domain, samples):
    """/probe escapes and cleans what the peer says as /metrics does, and the report in front of it as well."""
    body = agent.request(f"/probe?target={domain}", Accept=OPENMETRICS)[1].decode()
    found = {key for key in Samples(parse_openmetrics(body)) if key[0].endswith("_info")}
    assert found == {key for key in samples if key[0].endswith("_info") and ("domain", domain) in key[1]}
    body = agent.request(f"/probe?target={domain}&debug=true")[1].decode()
    assert body.startswith(f"{domain}: critical\n")
    assert not CONTROL.search(body)


def test_daemon(stage, folder):
    """The daemon checks them again and again: it finds the same, stays small, can be scraped and ends cleanly."""
    def write_config(path, snmp_port):
        return stage.write_config(path, more=f"snmp: {{mode: master, listen: ['udp:127.0.0.1:{snmp_port}']}}\n")

    def twice():
        runs = [value for labels, value in agent.scrape().named("fedhealth_check_runs_total")
                if labels["check"] not in ("dialback", "ping")]
        return min(runs) >= 2

    agent = Agent(folder, write_config)
    try:
        wait_for("two rounds", twice)
        samples = agent.scrape(OPENMETRICS)
        found = {}
        for labels, _ in samples.named("fedhealth_check_reason_info"):
            found.setdefault(labels["domain"], {})[labels["check"]] = labels["reason"]
        expected = {case.domain: {"dialback": "not_configured", "ping": "not_configured", **case.reasons}
                    for case in CASES if case.settings == Settings()}
        assert found == expected
        for domain in ("error-with-text.hostile.test", "target-of-odd-bytes.hostile.test", "http.hostile.test"):
            check_probe(agent, domain, samples)
        assert SANITIZED or samples.one("process_resident_memory_bytes") < MEMORY_MAX
    finally:
        agent.stop()
