"""`dialback` on real servers: what is found, what is asked of them, and what stays secret. That the check's state and
reason are right in every domain, at every exporter, test_lab.py sees."""

import json
import os
import re

import pytest

from agent import FEDHEALTH, PATIENCE, Agent, run, wait_for
from lab import CASES, MONITOR, TABLE
from lab.dialback import ask, make_key
from lab.stream import Stream

ASKED = [case for case in CASES if case["checks"]["dialback"][1] != "not_configured"]
PROGRAMS = {name: settings["program"] for name, settings in TABLE["servers"].items() if settings["program"]}
ALGORITHMS = {"prosody": "hmac-sha256", "ejabberd": "hmac-sha256", "jabberd2": "sha1-nested"}

# What each logs that is asked by a db:result to dial back.
DIALS_BACK = {"prosody": "db:result from {sender}", "ejabberd": "Outbound s2s connection started: .* -> {sender}",
              "jabberd2": "received dialback auth request for route '.*/{sender}'"}

each_server = pytest.mark.parametrize("name", PROGRAMS)
each_case = pytest.mark.parametrize("case", ASKED, ids=lambda case: case["domain"].split(".", maxsplit=1)[0])


def server_log(lab, name):
    """All that this server has logged."""
    (server,) = [each for each in lab.servers if each.name == f"{PROGRAMS[name]} ({name})"]
    return server.logged()


def hosted_at(name):
    """The last domain of this server."""
    return [case["unicode"] for case in CASES if name in case["hosts"]][-1]


def verified(lab, name, sender, domain=".*"):
    """How many keys the server was asked about in the name of `sender`; jabberd2 does not say for which domain."""
    asked = {"prosody": f"db:verify from {sender} to {domain} asked",
             "jabberd2": f"checking dialback verification from {sender}:"}[PROGRAMS[name]]
    return len(re.findall(asked, server_log(lab, name)))


@each_server
def test_lab_is_what_it_says(lab, name):
    """The server itself, without fedhealth, by keys that are made here: its secret is the one in the file, and keys are
    made of it as they should."""
    domain = hosted_at(name)

    def judge(secret):
        return ask(("127.0.0.1", lab.ports[name]), domain, MONITOR, lambda stream_id: make_key(
            ALGORITHMS[PROGRAMS[name]], secret, MONITOR, domain, stream_id))

    with open(lab.secret_files[name + "_secret"], encoding="ascii") as secret:
        assert judge(secret.read().rstrip("\n")) == "valid"
    assert judge(lab.secrets["wrong"]) == "invalid"


@pytest.fixture(scope="module", name="found")
def _found(agent):
    """What `fedhealth check --json` finds in these domains: name -> its object."""
    done = run(FEDHEALTH, "check", "--config.file", agent.config, "--json", *(case["unicode"] for case in ASKED))
    return {domain["name"]: domain for domain in json.loads(done.stdout)["domains"]}


def accepted_algorithm(endpoint):
    """Of the key that was accepted there, which the check's detail tells; None if there was none."""
    told = re.search(r"by (\S+) was accepted", endpoint["checks"]["dialback"]["detail"])
    return told and told.group(1)


@each_case
def test_algorithm(found, lab, case):
    """`auto` finds the algorithm of each endpoint that accepts the secret, and of no other."""
    domain = found[case["domain"]]
    assert [domain["checks"]["dialback"][key] for key in ("state", "reason")] == case["checks"]["dialback"]
    knows = "secret_file" in case["config"]["dialback"]
    right = ALGORITHMS[PROGRAMS[case["server"]]]
    expected = {each["endpoint"]: right if knows and each["status"] == "ok" else None for each in lab.endpoints(case)}
    assert {each["endpoint"]: accepted_algorithm(each) for each in domain["endpoints"]} == expected


def test_warning_names_the_endpoint(found, lab):
    """Of the two servers only the second has another secret, and it is the one to look at."""
    check = found["dialback-differs.lab.test"]["checks"]["dialback"]
    assert f"xmpp.lab.test:{lab.ports['lenient']}" in check["detail"]
    assert str(lab.ports["strict"]) not in check["detail"]


@each_server
def test_nobody_dials_back(found, lab, name):
    """No db:result was sent to anybody; that this would have been seen, another sender shows."""
    assert found
    assert not re.search(DIALS_BACK[PROGRAMS[name]].format(sender=MONITOR), server_log(lab, name))
    domain, other = hosted_at(name), f"dialled-by-{name}.lab.test"
    with Stream(("127.0.0.1", lab.ports[name]), domain, other) as stream:
        if "<starttls" in stream.open():
            stream.starttls()
        stream.send(f"<db:result from='{other}' to='{domain}'>0123</db:result>")
        wait_for("a word in the server's log",
                 lambda: re.search(DIALS_BACK[PROGRAMS[name]].format(sender=other), server_log(lab, name)))


def domain_line(lab, name, **dialback):
    """A domain of the lab as it stands in its configuration, with other settings of dialback."""
    (case,) = [case for case in CASES if case["domain"] == name]
    config = lab.filled(case["config"])
    return json.dumps({"name": name, **config, "dialback": {**config["dialback"], **dialback}})


@pytest.fixture(name="start")
def _start(lab, folder):
    """Starts an agent with short rounds on these domains."""
    agents = []

    def start(*domains):
        agents.append(Agent(folder, lab.write_config, interval="1s", timeout=PATIENCE, confirm=1,
                            flags=("--log.level=debug",), domains=domains))
        return agents[-1]
    yield start
    for agent in agents:
        agent.stop()


def after_rounds(agent, domain, check, count):
    """The samples when this check of the domain has run so often."""
    def ran():
        samples = agent.scrape()
        return samples.one("fedhealth_check_runs_total", domain=domain, check=check) >= count and samples
    return wait_for(f"{count} rounds of {check}", ran)


def test_interval(lab, start):
    """Between two times that dialback is due, the rounds ask nothing, keep what was found, and count no run of it."""
    names = {"dialback.lab.test": 2, "dialback-rejected.lab.test": 5}  # keys: a bogus one, and by each algorithm
    sender = "interval.lab.test"
    agent = start(*(domain_line(lab, name, **{"from": sender}) for name in names))
    for name, keys in names.items():
        samples = after_rounds(agent, name, "auth", 4)
        (case,) = [case for case in CASES if case["domain"] == name]
        state, reason = case["checks"]["dialback"]
        assert samples.labels("fedhealth_check_reason_info", domain=name, check="dialback") == {
            "domain": name, "check": "dialback", "status": state, "reason": reason}
        assert samples.one("fedhealth_check_runs_total", domain=name, check="dialback") == 1
        assert samples.one("fedhealth_check_failures_total", domain=name, check="dialback") == (state == "critical")
        assert samples.one("fedhealth_check_interval_seconds", domain=name, check="dialback") == 1800
        assert samples.one("fedhealth_check_interval_seconds", domain=name, check="auth") == 1
        assert verified(lab, "strict", sender, name) == keys
    told = json.loads(run(FEDHEALTH, "check", "--config.file", agent.config, "--json", *names).stdout)["domains"]
    assert [each["checks"]["dialback"]["interval_seconds"] for each in told] == [1800, 1800]
    assert [each["checks"]["auth"]["interval_seconds"] for each in told] == [1, 1]


def test_algorithm_is_remembered(lab, start):
    """What `auto` found is tried first the next time."""
    sender = "remembered.lab.test"
    agent = start(domain_line(lab, "jabberd2.lab.test", interval="1s", **{"from": sender}))
    after_rounds(agent, "jabberd2.lab.test", "dialback", 3)
    agent.stop()
    asked = verified(lab, "jabberd2", sender)
    assert asked % 2 == 1 and asked >= 3 + 2 * 2, asked  # 3 keys the first time, then 2


def test_secrets_stay_secret(agent, lab, start):
    """Not in a log, also of debugging, nor in what anybody can fetch, nor where other users of the machine look."""
    loud = start(*(domain_line(lab, case["domain"]) for case in ASKED))
    loud.first_round_done()
    texts = []
    for each in (agent, loud):
        texts += [each.logged(), each.scrape_raw()]
        for path in ("/", "/api/v1/status", *(f"/domain/{case['domain']}" for case in ASKED)):
            texts.append(each.request(path)[1].decode())
        for name in ("cmdline", "environ"):
            with open(f"/proc/{each.process.pid}/{name}", encoding="utf-8") as process:
                texts.append(process.read())
    for case in ASKED:
        done = run(FEDHEALTH, "check", "--config.file", agent.config, case["unicode"])
        texts += [done.stdout, done.stderr]
    for secret in lab.secrets.values():
        assert not [text[:200] for text in texts if secret in text]
