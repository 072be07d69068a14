"""A real Prometheus scrapes the agent."""

import json
import os
import urllib.parse
import urllib.request

import pytest

from agent import wait_for
from lab import CASES
from lab.server import Server, free_port

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: fedhealth
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


class Prometheus(Server):
    """Scrapes one agent each second."""

    def __init__(self, folder, agent):
        self.port = free_port()
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(port=agent.port))
        super().__init__("prometheus", folder, [
            "/usr/bin/prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}"], Prometheus._ready)

    def _ready(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as response:
            return response.status == 200

    def query(self, expression):
        """The instant vector as a list of (labels, value)."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(url, timeout=5) as response:
            result = json.load(response)["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in result]


@pytest.fixture(name="prometheus")
def _prometheus(agent, folder):
    server = Prometheus(folder, agent)
    yield server
    server.stop()


def test_scrapes(prometheus):
    wait_for("up", lambda: prometheus.query("up == 1"))
    states = {labels["domain"]: labels["fedhealth_domain_state"]
              for labels, _ in prometheus.query("fedhealth_domain_state == 1")}
    assert states == {case["domain"]: case["state"] for case in CASES}
    reasons = {(labels["domain"], labels["check"]): labels["reason"]
               for labels, _ in prometheus.query("fedhealth_check_reason_info")}
    assert reasons == {(case["domain"], check): reason
                       for case in CASES for check, (_, reason) in case["checks"].items()}
    assert prometheus.query("scrape_samples_scraped - scrape_samples_post_metric_relabeling == 0")
