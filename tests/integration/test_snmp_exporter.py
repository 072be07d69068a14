"""dashboards/snmp_exporter: what Debian's snmp_exporter makes of the agent with the committed files."""

import os
import re
import urllib.request

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent import LONG_WAIT, SOURCE, Samples, run, wait_for
from lab import CASES
from lab.server import Server, free_port
from prometheus import Prometheus
from snmp import MIB, walk_names

FOLDER = os.path.join(SOURCE, "dashboards", "snmp_exporter")
OLD, NEW = "snmp-0.21.yml", "snmp.yml"


class SnmpExporter(Server):
    """A real snmp_exporter with the committed file of the old form."""

    def __init__(self, folder):
        self.port = free_port()
        super().__init__("snmp_exporter", folder, [
            "/usr/bin/prometheus-snmp-exporter", f"--config.file={os.path.join(FOLDER, OLD)}",
            f"--web.listen-address=127.0.0.1:{self.port}"], lambda server: self._get("/"))

    def _get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as response:
            return response.read().decode()

    def scrape(self, snmp_port):
        """What it reads of the agent there."""
        return Samples(parse_text(self._get(f"/snmp?module=fedhealth&target=127.0.0.1:{snmp_port}")))


@pytest.fixture(name="exporter")
def _exporter(folder):
    exporter = SnmpExporter(folder)
    yield exporter
    exporter.stop()


@pytest.fixture(name="series")
def _series(agent, exporter):
    return exporter.scrape(agent.snmp_port)


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as text:
        return text.read()


def state_set(samples, name, *labels):
    """Of a StateSet: the values of these labels -> the state that is 1. Each has all states, and one of them is 1."""
    found, sizes = {}, {}
    for each, value in samples.named(name):
        key = tuple(each[label] for label in labels)
        sizes[key] = sizes.get(key, 0) + 1
        if value == 1:
            assert key not in found, f"two states: {key}"
            found[key] = each[name]
    assert set(sizes.values()) == {4} and set(sizes) == set(found)
    return found


def infos(samples, name, value, *labels):
    """Of an info family: the values of these labels -> that of the label `value`."""
    return {tuple(each[label] for label in labels): each[value] for each, _ in samples.named(name)}


def spell(found):
    """The names of checks as in the metrics: those of the MIB have no underscores."""
    return {(name, re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), kind)): value
            for (name, kind), value in found.items()}


def test_committed_files_are_current(folder):
    """`dashboards/snmp_exporter/generate` with this build's MIB gives what is committed."""
    done = run(os.path.join(FOLDER, "generate"), os.path.dirname(MIB), folder)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("generator-0.21.yml", OLD, NEW):
        with open(os.path.join(folder, name), encoding="utf-8") as made:
            assert made.read() == read(name), f"{name}: run dashboards/snmp_exporter/generate build/mib"


def test_new_form_is_the_old_one_with_the_logins_moved():
    """Debian's snmp_exporter cannot run the new form; so this is all that is tested of it."""
    new, old = yaml.safe_load(read(NEW)), yaml.safe_load(read(OLD))["fedhealth"]
    source = yaml.safe_load(read("generator.yml"))
    assert set(new) == {"auths", "modules"} and list(new["modules"]) == ["fedhealth"]
    assert new["auths"] == source["auths"]
    assert {old.pop("version"), new["auths"]["fedhealth_v2"]["version"]} == {2}
    assert old.pop("auth") == {"community": new["auths"]["fedhealth_v2"]["community"]}
    assert new["modules"]["fedhealth"] == old


def test_states_and_reasons_are_those_of_the_agent(agent, series):
    """By the names of domains and nodes, which are looked up."""
    own = agent.scrape()
    assert state_set(series, "fhDomainState", "fhDomainName") == state_set(own, "fedhealth_domain_state", "domain")
    assert state_set(series, "fhImpState", "fhImpName") == state_set(own, "fedhealth_imp_state", "node")
    for check, node, prefix in (("fhCheck", "fhDomainName", "check"), ("fhImpCheck", "fhImpName", "imp_check")):
        name = "domain" if prefix == "check" else "node"
        told = f"fedhealth_{prefix}_reason_info"
        states = state_set(series, f"{check}State", node, f"{check}Kind")
        assert spell(states) == infos(own, told, "status", name, "check")
        reasons = infos(series, f"{check}Reason", f"{check}Reason", node, f"{check}Kind")
        assert spell(reasons) == infos(own, told, "reason", name, "check")


def test_endpoints_and_times(agent, series):
    own = agent.scrape()
    told = {(labels["domain"], labels["endpoint"], labels["address"], labels["transport"]): labels["status"]
            for labels, _ in own.named("fedhealth_endpoint_reason_info")}
    assert {(domain, f"{target}:{port}", address, transport): state
            for (domain, target, port, address, transport), state in
            state_set(series, "fhEndpointState", "fhDomainName", "fhEndpointTarget", "fhEndpointPort",
                       "fhEndpointAddress", "fhEndpointTransport").items()} == told
    expiry = {(labels["fhDomainName"], labels["fhEndpointAddress"], labels["fhEndpointTransport"]): value
              for labels, value in series.named("fhEndpointNotAfter")}
    assert expiry == {(labels["domain"], labels["address"], labels["transport"]): value for labels, value in
                      own.named("fedhealth_certificate_not_after_timestamp_seconds") if labels["position"] == "leaf"}
    (ran,) = [value for labels, value in series.named("fhCheckLastRun")
              if (labels["fhDomainName"], labels["fhCheckKind"]) == ("healthy.lab.test", "auth")]
    assert ran == int(own.one("fedhealth_check_last_run_timestamp_seconds", domain="healthy.lab.test", check="auth"))


def test_nothing_is_left_out_unnoticed(agent, series, folder):
    """Every object that the agent serves in the walked tables is a series, or generator.yml says that it is none."""
    module = yaml.safe_load(read("generator.yml"))["modules"]["fedhealth"]
    served = {name for table in module["walk"] for name, _, _ in walk_names(agent.snmp_port, folder, table)}
    ignored = {name for name, rule in module["overrides"].items() if rule.get("ignore")}
    made = {name.removesuffix("_total") for name, _ in series if name.startswith("fh")}
    assert made == served - ignored


def test_prometheus_scrapes_through_it(agent, exporter, folder):
    """With dashboards/snmp_exporter/prometheus.yml as it stands, but for addresses and the interval."""
    config = read("prometheus.yml")
    for old, new in (("192.0.2.10:161", f"127.0.0.1:{agent.snmp_port}"),
                     ("127.0.0.1:9116", f"127.0.0.1:{exporter.port}"),
                     ("scrape_interval: 1m", "scrape_interval: 5s"), ("scrape_timeout: 30s", "scrape_timeout: 5s")):
        assert config.count(old) == 1
        config = config.replace(old, new)
    prometheus = Prometheus(os.path.join(folder, "prometheus"), config)
    try:
        found = wait_for("series", lambda: prometheus.query('fhDomainState{fhDomainState="critical"} == 1'), LONG_WAIT)
        assert {labels["fhDomainName"] for labels, _ in found} == \
            {case["domain"] for case in CASES if case["state"] == "critical"}
        assert {labels["instance"] for labels, _ in found} == {f"127.0.0.1:{agent.snmp_port}"}
    finally:
        prometheus.stop()
