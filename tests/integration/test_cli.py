"""The command line: `fedhealth check` and `fedhealth explain`; the daemon's options."""

import json
import os
import re

import pytest

from agent import FEDHEALTH, FEDHEALTHD, run
from lab import CASES, CHECKS

REASONS = sorted({reason for case in CASES for _, reason in case["checks"].values()})


@pytest.mark.parametrize("domain, state, code", [
    ("healthy.lab.test", "OK", 0), ("expired.lab.test", "WARNING", 1), ("refused.lab.test", "CRITICAL", 2),
    ("dialback-rejected.lab.test", "CRITICAL", 2), ("ping-no-route.lab.test", "CRITICAL", 2)])
def test_nagios(agent, domain, state, code):
    """One line: state, what is wrong, and performance data after the bar."""
    done = run(FEDHEALTH, "check", "--config.file", agent.config, "--nagios", domain)
    assert done.returncode == code
    (line,) = done.stdout.splitlines()
    assert re.match(rf"\S+ {state}\b", line)
    text, data = line.split(" | ") if " | " in line else line.split("|")
    assert domain in text + data
    for item in data.split():
        assert re.fullmatch(r"('[^'=]+'|[^'= ]+)=[0-9.]+(s|ms|c)?(;[0-9.]*){0,4}", item), item
    if code:
        (reason,) = [reason for case in CASES if case["domain"] == domain
                     for state, reason in case["checks"].values() if state == "critical"]
        assert reason in text


@pytest.mark.parametrize("domain, last", [
    ("healthy.lab.test", "auth"), ("dialback.lab.test", "dialback"), ("ping.lab.test", "ping")])
def test_a_line_a_check(agent, domain, last):
    """With its time; none for what is not configured."""
    lines = run(FEDHEALTH, "check", "--config.file", agent.config, domain).stdout.splitlines()
    wanted = [check for check in CHECKS if check not in ("dialback", "ping") or check == last]
    assert lines[0] == f"{domain}: ok"
    assert [re.fullmatch(r"  (\w+) +ok +\d+\.\d ms(  .+)?", line).group(1) for line in lines[1:]] == wanted


def test_intervals_are_those_of_the_file(lab, folder):
    """Keys are verified less often than the rest is checked."""
    config = lab.write_config(os.path.join(folder, "agent.yaml"), interval="1m")
    done = run(FEDHEALTH, "check", "--config.file", config, "--json", "dialback.lab.test", "healthy.lab.test")
    found = [{check: values["interval_seconds"] for check, values in domain["checks"].items()}
             for domain in json.loads(done.stdout)["domains"]]
    assert found == [{**dict.fromkeys(CHECKS, 60), "dialback": 1800}, dict.fromkeys(CHECKS, 60)]


def test_several_domains_worst_counts(agent):
    done = run(FEDHEALTH, "check", "--config.file", agent.config, "healthy.lab.test", "expired.lab.test")
    assert done.returncode == 1
    done = run(FEDHEALTH, "check", "--config.file", agent.config, "expired.lab.test", "refused.lab.test")
    assert done.returncode == 2


def sections(text):
    """The headings of an explanation, each with the text below it on one line."""
    return {heading: " ".join(body.split()) for heading, body in re.findall(r"^(\S.*)\n((?:  .*\n)+)", text, re.M)}


def test_failure_comes_with_cause_and_remedy(agent):
    """check says of what fails what explain says of its reason."""
    shown = " ".join(run(FEDHEALTH, "check", "--config.file", agent.config, "expired.lab.test").stdout.split())
    explained = sections(run(FEDHEALTH, "explain", "cert_expired").stdout)
    assert explained["Likely cause"] in shown
    assert explained["What to do"] in shown


@pytest.mark.parametrize("reason", REASONS)
def test_explain(reason):
    done = run(FEDHEALTH, "explain", reason)
    assert (done.returncode, done.stderr) == (0, "")
    assert reason in done.stdout
    assert all(sections(done.stdout)[heading] for heading in ("Meaning", "Likely cause", "What to do"))


def test_explain_lists_all():
    done = run(FEDHEALTH, "explain")
    assert done.returncode == 0
    assert all(reason in done.stdout for reason in REASONS)


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["check"], ["check", "--nonsense", "a.example"], ["check", "--config.file"],
    ["check", "not a domain"], ["explain", "no_such_reason"],
    ["explain", "ok", "not_run"], ["check", "--config.file", "/nonexistent", "a.example"]])
def test_bad_usage(arguments):
    """Exit code 3, and the reason on standard error."""
    done = run(FEDHEALTH, *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr


@pytest.mark.parametrize("program", [FEDHEALTH, FEDHEALTHD])
def test_help_and_version(program):
    for option in ("--help", "--version"):
        done = run(program, option)
        assert (done.returncode, done.stderr) == (0, ""), option
        assert done.stdout


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--log.level", "loud"], ["--web.listen-address", "nowhere"]])
def test_daemon_refuses_bad_options(arguments):
    done = run(FEDHEALTHD, *arguments)
    assert done.returncode not in (0, -6, -11)
    assert done.stderr
