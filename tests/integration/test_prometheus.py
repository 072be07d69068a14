"""A real Prometheus scrapes the agent."""

import pytest

from agent import wait_for
from lab import CASES
from prometheus import Prometheus

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: fedhealth
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


@pytest.fixture(name="prometheus")
def _prometheus(agent, folder):
    server = Prometheus(folder, CONFIG.format(port=agent.port))
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
