"""/probe and /sd: a check when it is asked for, of what may be asked for, and the list of what there is to ask for."""

import json
import os
import signal
import socket
import threading
import urllib.parse

import pytest

from agent import OPENMETRICS, TEXT, Agent, Samples, parse_openmetrics, parse_text, wait_for
from lab import CASES
from peers import OPENED, Peers

HEALTHY = "healthy.lab.test"
# What /metrics has of a domain and one round cannot tell.
LONGER = ("fedhealth_check_interval_seconds", "fedhealth_check_runs_total", "fedhealth_check_failures_total",
          "fedhealth_check_last_success_timestamp_seconds", "fedhealth_check_last_change_timestamp_seconds")
SCRAPE_TIMEOUT = "X_Prometheus_Scrape_Timeout_Seconds"


def path(target, **more):
    """The route's path with its query."""
    return "/probe?" + urllib.parse.urlencode({"module": "s2s", "target": target, **more})


def probe(agent, target, accept=TEXT, **headers):
    """The samples of a probe that is answered."""
    response, body = agent.request(path(target), Accept=accept, **headers)
    assert response.status == 200, body
    return Samples((parse_openmetrics if accept == OPENMETRICS else parse_text)(body.decode()))


def reasons(samples):
    """Check -> [state, reason]."""
    return {each["check"]: [each["status"], each["reason"]]
            for each, _ in samples.named("fedhealth_check_reason_info")}


def state(samples):
    """The state of the only domain."""
    (found,) = [each["fedhealth_domain_state"] for each, value in samples.named("fedhealth_domain_state") if value]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["domain"].split(".", maxsplit=1)[0])
def test_finds_what_the_lab_is(agent, case):
    samples = probe(agent, case["unicode"])
    assert reasons(samples) == case["checks"]
    assert state(samples) == case["state"]
    assert samples.one("probe_success") == (case["state"] in ("ok", "warning"))
    assert samples.one("probe_duration_seconds") > 0
    assert {each["domain"] for name, labels in samples for each in [dict(labels)]
            if name.startswith("fedhealth_")} == {case["domain"]}


@pytest.mark.parametrize("domain", [HEALTHY, "half-down.lab.test", "expired.lab.test", "refused.lab.test"])
def test_has_the_families_of_the_domain(agent, domain):
    """As /metrics has them, in both formats; and the schedule's counters do not move."""
    before = agent.scrape()
    wanted = {key for key in before if dict(key[1]).get("domain") == domain and key[0] not in LONGER}
    text, openmetrics = probe(agent, domain), probe(agent, domain, OPENMETRICS)
    assert wanted < text.keys()
    assert {key[0] for key in text.keys() - wanted} == {"probe_success", "probe_duration_seconds"}
    assert text.keys() == openmetrics.keys()
    after = agent.scrape()
    for name in ("fedhealth_check_runs_total", "fedhealth_check_last_run_timestamp_seconds"):
        assert after.named(name) == before.named(name)


@pytest.mark.parametrize("target", ["xmpp:" + HEALTHY, "XMPP:HEALTHY.lab.test.", "bücher.lab.test",
                                    "xn--bcher-kva.lab.test", "xmpp:BÜCHER.lab.test"])
def test_spellings(agent, target):
    assert state(probe(agent, target)) == "ok"


@pytest.mark.parametrize("query", [
    "", "?", "?target=", "?module=s2s", "?target=healthy.lab.test&module=http_2xx", "?target=healthy.lab.test&module=",
    "?target=healthy.lab.test:5269", "?target=127.0.0.1", "?target=[::1]", "?target=a%20b", "?target=%22%0a%1b[2J%ff",
    "?target=xmpp:", "?target=xmpp://healthy.lab.test", "?target=xmpp://healthy.lab.test/healthy.lab.test",
    "?target=xmpp://x:0/healthy.lab.test", "?target=xmpp://x:5269/", "?target=xmpp:juliet@healthy.lab.test",
    "?target=xmpp:healthy.lab.test/balcony", "?target=http://healthy.lab.test/", "?target=" + "a" * 5000])
def test_no_such_question(agent, query):
    response, body = agent.request("/probe" + query)
    assert response.status == 400
    assert len(body) < 500 and body.count(b"\n") == 1 and b"\x1b" not in body and body.decode()


@pytest.mark.parametrize("seconds", ["", "x", "-1", "0", "1e3", "nan", "1.5s", "10000000"])
def test_no_such_timeout(agent, seconds):
    assert agent.request(path(HEALTHY), **{SCRAPE_TIMEOUT: seconds})[0].status == 400


@pytest.mark.parametrize("target", [
    "example.org", "lab.test", "nothing.lab.test", "monitor.lab.test", "localhost",
    "xmpp://127.0.0.1:22/healthy.lab.test", "xmpp://127.0.0.1:22/static.lab.test", "xmpp://[::1]:22/healthy.lab.test",
    "xmpp://xmpp.lab.test:22/healthy.lab.test", "xmpp://healthy.lab.test:5269/example.org"])
def test_no_way_into_the_network(agent, target):
    response, body = agent.request(path(target))
    assert response.status == 403, body


def test_at_a_host_of_its_own(agent, lab):
    """A target of the configuration, an endpoint that the schedule found, or a host that is a configured domain."""
    samples = probe(agent, f"xmpp://127.0.0.1:{lab.ports['strict']}/static.lab.test")
    assert state(samples) == "ok"
    assert len(samples.named("fedhealth_endpoint_success")) == 1
    for host in ("xmpp.lab.test", "127.0.0.1"):
        samples = probe(agent, f"xmpp://{host}:{lab.ports['strict']}/healthy.lab.test")
        assert state(samples) == "ok"
        response, body = agent.request(path(f"xmpp://{host}:{lab.ports['strict']}/nxdomain.lab.test"))
        assert response.status == 403, body
    samples = probe(agent, f"xmpp://nxdomain.lab.test:{lab.ports['strict']}/healthy.lab.test")
    assert reasons(samples)["connect"] == ["unknown", "not_reached"]
    assert samples.one("probe_success") == 0


def test_methods(agent):
    response, body = agent.request(path(HEALTHY), "HEAD")
    assert (response.status, body) == (200, b"")
    for route in ("/probe", "/sd"):
        refused, _ = agent.request(route, "POST")
        assert refused.status == 405
        assert refused.getheader("Allow") == "GET, HEAD"


def test_content_type(agent):
    for accept in (TEXT, OPENMETRICS):
        response, _ = agent.request(path(HEALTHY), Accept=accept)
        assert response.getheader("Content-Type").replace("; ", ";") == accept + ";charset=utf-8"
        assert response.getheader("Vary") == "Accept, Accept-Encoding"


def test_debug(agent):
    """The report for people, with cause and remedy, and behind it the metrics."""
    response, body = agent.request(path("no-tls.lab.test", debug="true"), Accept=OPENMETRICS)
    assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
    report, metrics = body.decode().split("\n\n", 1)
    assert report.startswith("no-tls.lab.test: critical\n")
    assert "starttls_not_offered" in report and "    remedy " in report
    assert Samples(parse_text(metrics)).one("probe_success") == 0


def test_discovery(agent):
    response, body = agent.request("/sd")
    assert response.getheader("Content-Type") == "application/json"
    (group,) = json.loads(body)
    assert group == {"targets": [case["domain"] for case in CASES], "labels": {}}
    etag = response.getheader("ETag")
    again, nothing = agent.request("/sd", If_None_Match=etag)
    assert (again.status, nothing) == (304, b"")


class Script:
    """An agent whose few domains and further lines of the configuration a test chooses, and peers that hang."""

    def __init__(self, lab, folder):
        self.lab, self.folder, self.settings = lab, folder, {}
        self.asked = threading.Semaphore(0)  # once for each who has opened a stream to the peer
        self.peers = Peers(None)
        self.port = self.peers.listen([OPENED, lambda _: self.asked.release()])
        self.peers.start()
        self.domains, self.agent_lines, self.lines = [], "", ""
        self.agent = None

    def hanging(self, name):
        """The configuration of a domain whose only server says nothing."""
        return f'{{name: {name}, targets: ["127.0.0.1:{self.port}"]}}'

    def write(self, config, **settings):
        """Writes the configuration."""
        self.lab.write_config(config, interval="1h", timeout="60s", domains=self.domains, **self.settings, **settings)
        with open(config, encoding="utf-8") as read:
            text = read.read()
        with open(config, "w", encoding="utf-8") as out:
            out.write(text.replace("agent:\n", "agent:\n" + self.agent_lines, 1) + self.lines)
        return config

    def start(self):
        """Starts the agent."""
        self.agent = Agent(self.folder, self.write, flags=["--web.enable-lifecycle"])
        return self.agent

    def ask(self, target, *headers):
        """Asks without waiting for the answer; returns the socket."""
        client = socket.create_connection(("127.0.0.1", self.agent.port))
        lines = [f"GET {path(target)} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]
        client.sendall("\r\n".join(lines).encode())
        return client

    def close(self):
        """Ends everything."""
        if self.agent:
            self.agent.stop()
        self.peers.close()


def hear(client):
    """The whole answer: status, headers and body as text."""
    with client, client.makefile("rb") as answer:
        whole = answer.read().decode()
    return int(whole.split(" ", 2)[1]), whole


@pytest.fixture(name="script")
def _script(lab, folder):
    script = Script(lab, folder)
    yield script
    script.close()


def test_allowed(script, lab):
    """Beside the configured domains those of probe.allow, with the defaults; but nothing above them."""
    script.domains = ["refused.lab.test"]
    script.lines = "probe: {allow: ['*.Lab.test', bücher.example]}\n"
    agent = script.start()
    for case in CASES:
        if not case["config"]:
            samples = probe(agent, case["domain"])
            assert reasons(samples) == {**case["checks"], "ping": ["unknown", "not_configured"]}, case["domain"]
    samples = probe(agent, f"xmpp://xmpp.lab.test:{lab.ports['strict']}/healthy.lab.test")
    assert state(samples) == "ok"
    assert samples.one("fedhealth_endpoint_success", endpoint=f"xmpp.lab.test:{lab.ports['strict']}") == 1
    assert probe(agent, "xn--bcher-kva.example").one("probe_success") == 0  # asked for, though DNS knows nothing of it
    for target in ("lab.test", "example.org", "x.bücher.example", "evillab.test", "monitor.lab.test"):
        assert agent.request(path(target))[0].status == 403, target
    assert {each["domain"] for each, _ in agent.scrape().named("fedhealth_domain_state")} == {"refused.lab.test"}


def test_denied_networks(script, lab):
    script.agent_lines = '  deny_networks: ["127.0.0.0/8"]\n'
    script.domains = [script.hanging("hang.test"), HEALTHY]
    script.lines = "probe: {allow: ['*.lab.test']}\n"
    agent = script.start()
    for target in ("hang.test", HEALTHY, "tls-optional.lab.test", f"xmpp://127.0.0.1:{script.port}/hang.test",
                   f"xmpp://xmpp.lab.test:{lab.ports['strict']}/{HEALTHY}"):
        samples = probe(agent, target)
        assert reasons(samples)["connect"] == ["critical", "connect_denied"], target
        assert samples.one("probe_success") == 0
    assert not script.asked.acquire(blocking=False)


def test_peer_hangs(script):
    """For a minute, while the scraper waits for two seconds."""
    script.domains = [script.hanging("hang.test")]
    agent = script.start()
    samples = probe(agent, "hang.test", **{SCRAPE_TIMEOUT: "2"})
    assert reasons(samples)["stream"] == ["critical", "stream_timeout"]
    assert reasons(samples)["starttls"] == ["unknown", "not_reached"]
    assert (state(samples), samples.one("probe_success")) == ("critical", 0)


def test_dns_hangs(script):
    """Likewise."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        script.domains = ["silent.test", script.hanging("hang.test")]
        script.settings = {"dns_port": silent.getsockname()[1]}
        agent = script.start()
        samples = probe(agent, "silent.test", **{SCRAPE_TIMEOUT: "1.000000000000000000001"})
        assert reasons(samples)["srv"] == ["critical", "dns_timeout"]
        assert reasons(samples)["connect"] == ["unknown", "not_reached"]
        assert samples.one("probe_success") == 0
        samples = probe(agent, "hang.test", **{SCRAPE_TIMEOUT: "0.5"})  # a static route, but no time was left for it
        assert reasons(samples)["connect"] == ["unknown", "local_error"]
        assert (state(samples), samples.one("probe_success")) == ("unknown", 0)


def test_no_turn(script):
    """More at once with one address than agent.max_concurrent_per_address: those that get no turn are unknown."""
    script.agent_lines = "  max_concurrent_per_address: 1\n"
    script.domains = [script.hanging("hang.test"), script.hanging("other.test")]
    agent = script.start()
    assert script.asked.acquire(timeout=30)  # the first round of one of them has the only turn, for a minute
    samples = probe(agent, "other.test", **{SCRAPE_TIMEOUT: "1"})
    assert reasons(samples)["connect"] == ["unknown", "local_error"]
    assert (state(samples), samples.one("probe_success")) == ("unknown", 0)


def test_no_more_at_once(script):
    """64; and all of them are told when the agent ends, but for those who have gone."""
    script.domains = [script.hanging("hang.test")]
    agent = script.start()
    clients = [script.ask("hang.test") for _ in range(70)]
    refused = []

    def all_told():
        for client in list(clients):
            client.setblocking(False)
            try:
                client.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                continue
            finally:
                client.setblocking(True)
            clients.remove(client)
            refused.append(hear(client))
        return len(refused) == 6
    wait_for("six refusals", all_told)
    for status, whole in refused:
        assert status == 429
        assert "\r\nRetry-After: " in whole
    assert agent.request(path(HEALTHY))[0].status == 403  # which needs no place
    assert agent.scrape()
    for client in clients[:8]:
        client.close()
    agent.process.send_signal(signal.SIGTERM)
    for client in clients[8:]:
        assert hear(client)[0] == 503
    assert agent.process.wait(20) == 0


def test_endpoints_are_those_of_the_domain_itself(lab, folder):
    """Also where the configuration has the domains in another order than that of their indexes."""
    names = ["no-tls.lab.test", "healthy.lab.test"]
    agent = Agent(folder, lab.write_config, domains=names, interval="1h", confirm=1, flags=["--web.enable-lifecycle"])
    try:
        agent.first_round_done()
        lab.write_config(agent.config, domains=names[::-1], interval="1h", confirm=1, snmp_port=agent.snmp_port)
        assert agent.request("/-/reload", "POST")[0].status == 200
        place = f"xmpp://127.0.0.1:{lab.ports['strict']}"
        assert state(probe(agent, f"{place}/healthy.lab.test")) == "ok"
        assert agent.request(path(f"{place}/no-tls.lab.test"))[0].status == 403
    finally:
        agent.stop()


def test_reload_meanwhile(script):
    """A probe ends as it began; the next one is of the new configuration."""
    script.domains = [script.hanging("hang.test"), script.hanging("hold.test")]
    agent = script.start()
    assert script.asked.acquire(timeout=30) and script.asked.acquire(timeout=30)  # their first rounds
    client = script.ask("hang.test", "X-Prometheus-Scrape-Timeout-Seconds: 5")
    assert script.asked.acquire(timeout=30)
    script.domains = [script.hanging("hold.test")]
    script.write(agent.config, snmp_port=agent.snmp_port)
    assert agent.request("/-/reload", "POST")[0].status == 200
    assert agent.request(path("hang.test"))[0].status == 403
    status, whole = hear(client)
    assert status == 200
    found = Samples(parse_text(whole.split("\r\n\r\n", 1)[1]))
    assert reasons(found)["stream"] == ["critical", "stream_timeout"]
    assert found.one("fedhealth_domain_state", domain="hang.test", fedhealth_domain_state="critical") == 1
    assert "hang.test" not in agent.request("/sd")[1].decode()


def test_ten_thousand(script):
    """/sd of many domains is one list, in the order of their indexes."""
    names = [f"d{number}.many.test" for number in range(10000)]
    with open(os.path.join(script.folder, "many.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(names) + "\n")
    script.domains = [script.hanging("hang.test")]
    script.agent_lines = "  max_concurrent: 1\n"
    script.lines = "domain_files: [many.txt]\n"
    agent = script.start()
    (group,) = json.loads(agent.request("/sd")[1])
    assert group["targets"] == ["hang.test", *names]
