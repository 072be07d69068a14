"""Every alert of the rules is seen firing, each from a real fault, and nothing that is well raises one. Only `for` and
the times between scrapes and evaluations are shorter than in use. docs/alerts.md has the same faults for people."""

import contextlib
import functools
import os
import re
import signal
import time

import pytest

from agent import LONG_WAIT, PATIENCE, SOURCE, Agent, folder_in, wait_for
from cases_stream import OPENED
from lab import CASES, IMP_CASES
from peers import PLAIN_HEADER, Peers, features
from rules import RULES, Watch, alert_of, shortened_rules, write_healthy_config
from snmp import Snmpd

# What is wrong besides with the domains and nodes of the lab, and with the agents.
FURTHER = {
    ("FedhealthAuthFailed", "unauthenticated.test"), ("FedhealthCertificateExpiring", "wrong-name-ending.lab.test"),
    ("FedhealthCheckUnknown", "ipv6.lab.test"), ("FedhealthImpCheckUnknown", "healthy.imp.lab.test"),
    ("FedhealthStale", "healthy.lab.test"), ("FedhealthImpStale", "healthy.imp.lab.test"),
    ("FedhealthEndpointsSkipped", "half-down.lab.test"), ("FedhealthReloadFailed", "hung"),
    ("FedhealthAgentxLost", "lab"), ("FedhealthStateNotSaved", "sick"), ("FedhealthLoopLag", "hung"),
    ("FedhealthNotificationsSuppressed", "lab"),
}
MANY = [f"missing-{number}.lab.test" for number in range(150)]  # more than notifications are sent at once


def write_sick_config(lab, path, peer, **config):
    """No state is kept, so that no login is made either; IPv6 is left out; one endpoint of a domain is enough."""
    node = lab.imp.configs()[0]
    lab.write_config(path, domains=["ipv6.lab.test", "half-down.lab.test"], imp_nodes=[node], interval="1h", confirm=1,
                     **{**config, "state_dir": path})
    with open(path, encoding="utf-8") as text:
        written = text.read()
    written = written.replace("agent:\n", "agent:\n  address_families: ipv4\n  max_endpoints: 1\n")
    written = written.replace("domains:\n", "domains:\n  - {name: unauthenticated.test, expect: {starttls: none}, "
                              f'targets: ["127.0.0.1:{peer}"]}}\n', 1)
    with open(path, "w", encoding="utf-8") as out:
        out.write(written)
    return path


def write_hung_config(lab, path, **config):
    """Little to do, in short intervals, with much patience."""
    return lab.write_config(path, domains=["healthy.lab.test"], imp_nodes=lab.imp.configs()[:1], interval="1s",
                            timeout="5m", confirm=1, **config)


class Scene(contextlib.ExitStack):
    """The agents: one on the whole lab, behind an snmpd; a sick one; one that will be made to hang."""

    def __init__(self, lab, folder):
        super().__init__()
        self.lab, self.folder, self.agents = lab, folder, {}
        socket = os.path.join(folder_in(folder, "snmpd"), "agentx")
        self.snmpd = Snmpd(os.path.dirname(socket), socket)
        self.callback(self.snmpd.stop)
        peers = Peers(None)
        port = peers.listen([OPENED, PLAIN_HEADER + features()])
        peers.start()
        self.callback(peers.close)
        self.start("lab", lab.write_config, agentx_socket=socket, interval="1h", confirm=1, timeout=PATIENCE)
        self.start("sick", lambda path, **config: write_sick_config(lab, path, port, **config))
        self.start("hung", functools.partial(write_hung_config, lab))
        for agent in self.agents.values():
            agent.first_round_done()
        self.prometheus = Watch(folder_in(folder, "prometheus"), shortened_rules(folder),
                                [agent.port for agent in self.agents.values()])
        self.callback(self.prometheus.stop)

    @property
    def servers(self):
        """Whose logs a failure shows."""
        return [*self.agents.values(), self.prometheus]

    def start(self, name, write_config, **config):
        """An agent of this name."""
        self.agents[name] = Agent(folder_in(self.folder, name), write_config, **config)
        self.callback(self.agents[name].stop)

    def freeze(self, process):
        """Stops a process, until the end at the latest."""
        process.send_signal(signal.SIGSTOP)
        self.callback(process.send_signal, signal.SIGCONT)

    def rewrite(self, name, former, latter):
        """Has an agent load its configuration with another text in it."""
        path = self.agents[name].config
        with open(path, encoding="utf-8") as text:
            written = text.read().replace(former, latter, 1)
        with open(path, "w", encoding="utf-8") as out:
            out.write(written)
        self.agents[name].process.send_signal(signal.SIGHUP)

    def fired(self):
        """(alert, what it is about) of all that fired so far."""
        names = {f"127.0.0.1:{agent.port}": name for name, agent in self.agents.items()}
        return {(labels["alertname"], labels.get("domain") or labels.get("node") or names.get(labels.get("instance")))
                for labels in self.prometheus.seen()}

    def wait_for_alerts(self, wanted):
        """Waits until these fired."""
        missing = set(wanted)
        try:
            wait_for("alerts", lambda: not missing.difference_update(self.fired()) and not missing,
                     LONG_WAIT)
        except AssertionError:
            assert not missing, f"of {sorted(self.fired(), key=str)}"
            raise


def expected(lab):
    """(alert, domain or node, severity, reason) of every critical or warning check of the lab."""
    found = [(case["domain"], case["checks"]) for case in CASES if case["needs"] not in lab.lacking]
    found += [(case["name"], case["checks"]) for case in IMP_CASES]
    return {(alert_of(check, reason), name, state, reason)
            for name, checks in found for check, (state, reason) in checks.items() if state in ("critical", "warning")}


def present(prometheus):
    """The same of what fires now."""
    return {(alert["labels"]["alertname"], alert["labels"].get("domain") or alert["labels"].get("node"),
             alert["labels"]["severity"], alert["annotations"]["reason"])
            for alert in prometheus.alerts() if "check" in alert["labels"] and alert["labels"]["status"] != "unknown"}


@pytest.fixture(name="scene")
def _scene(lab, folder):
    with Scene(lab, folder) as scene:
        yield scene


def test_every_alert_fires(scene, lab):
    hung = scene.agents["hung"]
    wanted = {*expected(lab), ("FedhealthAuthFailed", "unauthenticated.test", "critical", "auth_not_offered")}
    wait_for("the faults", lambda: wanted <= present(scene.prometheus), LONG_WAIT)
    assert present(scene.prometheus) == wanted

    scene.rewrite("lab", "\ndomains:\n", "\ndomains:\n" + "".join(f"  - {name}\n" for name in MANY))
    wait_for("a notification that waits", lambda: scene.agents["lab"].scrape().one(
        "fedhealth_snmp_notifications_suppressed_total"))
    scene.snmpd.stop()
    scene.rewrite("hung", "agent:", "nonsense: 1\nagent:")
    hung.process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)  # no waiting: the fault itself
    hung.process.send_signal(signal.SIGCONT)
    for server in lab.servers:
        if server is lab.imp.server or "strict" in server.name:
            scene.freeze(server.process)
    lacking = {case["domain"] for case in CASES if case["needs"] in lab.lacking}
    scene.wait_for_alerts(each for each in FURTHER if each[1] not in lacking)

    scene.agents["sick"].stop()
    scene.wait_for_alerts([("FedhealthAgentDown", "sick")])
    scene.prometheus.watch([])
    scene.wait_for_alerts([("FedhealthAgentAbsent", None)])
    assert {alert for alert, _ in scene.fired()} == set(scene.prometheus.rules())


def test_nothing_fires_where_all_is_well(lab, folder):
    with contextlib.ExitStack() as stack:
        snmpd = Snmpd(folder, os.path.join(folder, "agentx"))
        stack.callback(snmpd.stop)
        agent = Agent(folder, functools.partial(write_healthy_config, lab), interval="10s", confirm=1,
                      timeout=PATIENCE, agentx_socket=os.path.join(folder, "agentx"))
        stack.callback(agent.stop)
        agent.first_round_done()
        wait_for("snmpd", lambda: agent.scrape().one("fedhealth_snmp_agentx_connected"))
        watch = Watch(os.path.join(folder, "prometheus"), shortened_rules(folder), [agent.port])
        stack.callback(watch.stop)
        wait_for("evaluations", lambda: watch.query(
            "count_over_time(domain:fedhealth_certificate_not_after_timestamp_seconds:min[5m]) > 4"), LONG_WAIT)
        excepted = ("FedhealthAgentAbsent", "FedhealthLoopLag")  # before the first scrape, and of a busy machine
        assert not [each for each in watch.seen("pending|firing") if each["alertname"] not in excepted]


def test_the_table_in_the_docs(folder):
    """docs/alerts.md has every alert, with its severity and `for`."""
    with open(os.path.join(SOURCE, "docs", "alerts.md"), encoding="utf-8") as text:
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (\w+) \|", text.read(), re.MULTILINE)
    watch = Watch(folder, RULES, [])
    try:
        rules = watch.rules()
    finally:
        watch.stop()
    templated = {"{{ $labels.status }}": ("critical", "warning")}
    described = {name: (", ".join(sorted({severity for rule in found for severity in templated.get(
        rule["labels"]["severity"], (rule["labels"]["severity"],))})), f"{int(found[0]['duration'] // 60)}m")
                 for name, found in rules.items()}
    assert {name: (severity, duration) for name, severity, duration in rows} == described
    assert len(rows) == len(rules)
