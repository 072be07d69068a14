"""The rules of dashboards/prometheus, a Prometheus that evaluates them, and an agent for which none must fire."""

import json
import os
import re

from agent import SOURCE
from lab import CASES, IMP_CASES
from prometheus import Prometheus

RULES = os.path.join(SOURCE, "dashboards", "prometheus", "fedhealth.rules.yml")
CONFIG = """
global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: {interval}}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: fedhealth
    file_sd_configs: [{{files: ["{targets}"]}}]
"""
HEALTHY = [case for case in CASES
           if case["state"] == "ok" and not case["config"].keys() - {"dialback"} and not case["needs"]]
HEALTHY_NODES = [case["name"] for case in IMP_CASES if case["state"] == "ok"]

# Of each check; two checks of a node have another alert for some reasons.
_ALERTS = {
    "srv": "FedhealthSrvFailed", "connect": "FedhealthConnectFailed", "stream": "FedhealthStreamFailed",
    "starttls": "FedhealthStarttlsFailed", "certificate": "FedhealthCertificateFailed", "auth": "FedhealthAuthFailed",
    "dialback": "FedhealthDialbackFailed", "ping": "FedhealthPingFailed",
    "axl": "FedhealthImpAxlFailed", "s2snode": "FedhealthImpS2sNodesUnexpected",
    "xcp_restart": "FedhealthImpXcpRestartPending", "xcp_router": "FedhealthImpXcpRouterFailed",
}
_ALERTS_OF_REASONS = {
    "axl_unauthorized": "FedhealthImpLoginHeld", "axl_login_held": "FedhealthImpLoginHeld",
    "s2snode_missing": "FedhealthImpS2sNodesMissing", "s2snode_empty": "FedhealthImpS2sNodesMissing",
}


def alert_of(check, reason):
    """The alert for this reason of this check."""
    return _ALERTS_OF_REASONS.get(reason, _ALERTS[check])


def shortened_rules(folder):
    """A copy in which every alert fires after a second and ends as soon. Returns its path."""
    with open(RULES, encoding="utf-8") as text:
        rules = re.sub(r"^( +(?:keep_firing_)?for:) \d+m$", r"\1 1s", text.read(), flags=re.MULTILINE)
    path = os.path.join(folder, "shortened.rules.yml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(rules)
    return path


class Watch(Prometheus):
    """Scrapes agents, and evaluates these rules."""

    def __init__(self, folder, rules, ports, interval="1s"):
        self.targets = os.path.join(folder, "targets.json")
        os.makedirs(folder, exist_ok=True)
        self.watch(ports)
        super().__init__(folder, CONFIG.format(rules=rules, targets=self.targets, interval=interval))

    def watch(self, ports):
        """From now on the agents at these ports."""
        with open(self.targets + ".new", "w", encoding="utf-8") as out:
            json.dump([{"targets": [f"127.0.0.1:{port}" for port in ports]}], out)
        os.replace(self.targets + ".new", self.targets)

    def rules(self):
        """The alerting rules: name -> list of {duration, labels, …}."""
        found = {}
        for rule in [each for group in self.api("rules", type="alert")["groups"] for each in group["rules"]]:
            found.setdefault(rule["name"], []).append(rule)
        return found

    def seen(self, state="firing"):
        """The alerts that were ever in this state, as label sets."""
        return [labels for labels, _ in self.query(f'count_over_time(ALERTS{{alertstate=~"{state}"}}[1d])')]


def write_healthy_config(lab, path, **config):
    """A configuration with those domains and nodes of the lab of which nothing is wrong."""
    nodes = [each for each in lab.imp.configs() if each["name"] in HEALTHY_NODES]
    domains = [json.dumps({"name": case["domain"], **lab.filled(case["config"])}) for case in HEALTHY]
    lab.write_config(path, domains=domains, imp_nodes=nodes, **config)
    with open(path, "a", encoding="utf-8") as out:
        out.write(f'ping: {json.dumps([lab.ping_config([case["domain"] for case in HEALTHY if case["ping"]])])}\n')
    return path
