"""The committed configurations of Prometheus and Alertmanager, as they are but for addresses and times: a fault in the
lab reaches a webhook once, and so does its end, however many agents and Prometheus servers look at it."""

import contextlib
import json
import os
import re
import signal
import urllib.request

import pytest

from agent import FEDHEALTH, LONG_WAIT, SOURCE, Agent, folder_in, run, wait_for
from prometheus import Alertmanager, Prometheus, Webhook

EXAMPLES = os.path.join(SOURCE, "dashboards", "prometheus")
RULES = "fedhealth.rules.yml"
FROZEN, WELL = "healthy.lab.test", "ejabberd.lab.test"  # at two servers
AGENT_DOWN = "FedhealthAgentDown"


def example(name, times, addresses):
    """A committed file with other times for these keys, and other addresses; each of them must be in it."""
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as text:
        config = text.read()
    for key, value in times.items():
        config, count = re.subn(rf"(?m)^( *{key}:) \d+[smh]\b", rf"\g<1> {value}", config)
        assert count, f"{name}: no {key}"
    for old, new in addresses.items():
        assert old in config, f"{name}: no {old}"
        config = config.replace(old, new)
    return config


def explanation(reason):
    """Cause and remedy, as the command has them, in one line each."""
    words = " ".join(run(FEDHEALTH, "explain", reason).stdout.split())
    return re.search("Likely cause (.+) What to do (.+)", words).groups()


class Scene:
    """One Alertmanager with its webhook, and any number of agents and of Prometheus servers."""

    def __init__(self, lab, folder, stack):
        self.lab = lab
        self.folder = folder
        self.stack = stack
        self.servers = []
        self.webhook = Webhook()
        stack.callback(self.webhook.stop)
        self.alertmanager = self._add(Alertmanager(folder_in(self.folder, "alertmanager"), example(
            "alertmanager.yml", {"group_wait": "1s", "group_interval": "2s"},
            {"http://127.0.0.1:8080/": self.webhook.url})))
        self.frozen = next(server for server in lab.servers if server.name == "prosody (strict)").process
        stack.callback(self.thaw)

    def _add(self, server):
        def stop():
            if server.process.poll() is None:
                server.stop()
        self.stack.callback(stop)
        self.servers.append(server)
        return server

    def agent(self, name):
        """An agent that checks the two domains every second."""
        agent = self._add(Agent(folder_in(self.folder, name), self.lab.write_config, domains=[FROZEN, WELL],
                                interval="1s", timeout="1s"))
        agent.first_round_done()
        return agent

    def prometheus(self, name, config, **addresses):
        """A Prometheus with this configuration. Three seconds stand for each minute of the rules' times: what comes of
        a conversation in whose midst the server freezes must pass with the next round, and so must the seconds until
        Prometheus scrapes."""
        folder = folder_in(self.folder, name)
        with open(os.path.join(folder, RULES), "w", encoding="utf-8") as out:
            out.write(re.sub(r"(?m)^( +(?:keep_firing_)?for:) (\d+)m$",
                             lambda found: f"{found[1]} {3 * int(found[2])}s", example(RULES, {}, {})))
        return self._add(Prometheus(folder, example(
            config, {"scrape_interval": "1s", "evaluation_interval": "1s"},
            {"127.0.0.1:9093": f"127.0.0.1:{self.alertmanager.port}", **addresses})))

    def muted(self, *alerts):
        """Gives Alertmanager these alerts (their labels), and returns the names of those that another mutes."""
        posted = json.dumps([{"labels": labels} for labels in alerts]).encode()
        urllib.request.urlopen(urllib.request.Request(
            f"http://127.0.0.1:{self.alertmanager.port}/api/v2/alerts", posted, {"Content-Type": "application/json"}),
            timeout=10).close()
        held = wait_for("all alerts to be judged", lambda: [
            each for each in [self.alertmanager.alerts()]
            if len(each) == len(alerts) and "unprocessed" not in {alert["status"]["state"] for alert in each}])[0]
        return {alert["labels"]["alertname"] for alert in held if alert["status"]["inhibitedBy"]}

    def freeze(self):
        """The server of one domain takes connections and says nothing."""
        self.frozen.send_signal(signal.SIGSTOP)

    def thaw(self):
        """It goes on."""
        self.frozen.send_signal(signal.SIGCONT)

    def wait_for_notification(self, status, **labels):
        """Waits until the webhook has been told this of an alert with these labels, and returns that alert."""
        return wait_for(f"{status} {labels}", lambda: [
            alert for alert in self.webhook.alerts()
            if alert["status"] == status and labels.items() <= alert["labels"].items()], LONG_WAIT)[0]

    def check_told(self, *expected):
        """The webhook was told just this, each once: (status, subject)."""
        told = [(alert["status"], alert["labels"].get("domain") or alert["labels"]["alertname"])
                for alert in self.webhook.alerts()]
        assert sorted(told) == sorted(expected), self.webhook.received


@pytest.fixture(name="scene")
def _scene(lab, folder):
    with contextlib.ExitStack() as stack:
        yield Scene(lab, folder, stack)


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-pair.yml"])
def test_prometheus_takes_the_example(name):
    done = run("promtool", "check", "config", os.path.join(EXAMPLES, name))
    assert done.returncode == 0, done.stdout + done.stderr


def test_alertmanager_takes_the_example():
    done = run("amtool", "check-config", os.path.join(EXAMPLES, "alertmanager.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def alert(name, severity, **labels):
    """The labels of an alert."""
    return {"alertname": f"Fedhealth{name}", "severity": severity, **labels}


def test_what_is_muted(scene):
    """A warning beside something critical of the same subject, a ping to a domain that cannot be reached, and the
    troubles of an agent that is down."""
    assert scene.muted(
        alert("ConnectFailed", "critical", domain="a.example"),
        alert("CertificateFailed", "warning", domain="a.example"),
        alert("PingFailed", "critical", domain="a.example"),
        alert("CertificateExpiring", "warning", domain="b.example"),
        alert("DialbackFailed", "critical", domain="c.example"),
        alert("ImpXcpRestartPending", "critical", node="a.example"),
        alert("ImpS2sNodesUnexpected", "warning", node="a.example"),
        alert("ImpStale", "warning", node="b.example"),
        alert("AgentDown", "critical", instance="a:9529"),
        alert("ReloadFailed", "warning", instance="a:9529"),
        alert("AgentxLost", "warning", instance="b:9529"),
        {"alertname": "NodeDown", "severity": "warning", "domain": "a.example"},
    ) == {"FedhealthCertificateFailed", "FedhealthPingFailed", "FedhealthImpS2sNodesUnexpected",
          "FedhealthReloadFailed"}


def test_a_fault_arrives_once_and_so_does_its_end(scene):
    agent = scene.agent("agent")
    prometheus = scene.prometheus("prometheus", "prometheus.yml", **{"127.0.0.1:9529": f"127.0.0.1:{agent.port}"})
    wait_for("a scrape", lambda: prometheus.query('up{job="fedhealth"} == 1'))
    scene.freeze()
    told = scene.wait_for_notification("firing", domain=FROZEN)
    assert told["labels"]["severity"] == "critical"
    assert told["annotations"]["reason"] == "stream_timeout"
    cause, remedy = explanation("stream_timeout")
    assert cause in told["annotations"]["description"]
    assert remedy in told["annotations"]["remedy"]
    scene.thaw()
    scene.wait_for_notification("resolved", domain=FROZEN)
    scene.check_told(("firing", FROZEN), ("resolved", FROZEN))


def test_two_agents_and_two_servers_make_one_notification(scene):
    agents = [scene.agent(name) for name in ("agent-a", "agent-b")]
    addresses = {f"192.0.2.1{number}:9529": f"127.0.0.1:{agent.port}" for number, agent in enumerate(agents, 1)}
    servers = [scene.prometheus("prometheus-a", "prometheus-pair.yml", **addresses),
               scene.prometheus("prometheus-b", "prometheus-pair.yml", **{"replica: a": "replica: b"}, **addresses)]
    for server in servers:
        wait_for("both agents", lambda server=server: len(server.query('up{job="fedhealth"} == 1')) == 2)
    scene.freeze()
    for server in servers:
        wait_for("one alert of two agents", server.alerts, LONG_WAIT)
        assert len(server.alerts()) == 1
    scene.wait_for_notification("firing", domain=FROZEN)
    agents[0].stop()
    told = scene.wait_for_notification("firing", alertname=AGENT_DOWN)
    assert told["labels"]["instance"] == f"127.0.0.1:{agents[0].port}"
    scene.check_told(("firing", FROZEN), ("firing", AGENT_DOWN))
    servers[0].stop()
    scene.thaw()
    scene.wait_for_notification("resolved", domain=FROZEN)
    scene.check_told(("firing", FROZEN), ("firing", AGENT_DOWN), ("resolved", FROZEN))
