"""The agent under test, and what its exporters say, in forms that tests can compare."""

import gzip
import http.client
import os
import re
import subprocess
import time
from socket import SOCK_DGRAM

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from lab.server import Server, free_port, tail

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("FEDHEALTH_BUILD", os.path.join(SOURCE, "build")))
FEDHEALTHD = os.path.join(BUILD, "fedhealthd")
FEDHEALTH = os.path.join(BUILD, "fedhealth")

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
WAIT = 60  # seconds, for what happens in well under one on an idle machine
LONG_WAIT = 120  # for what takes several seconds even there
PATIENCE = "30s"  # of an agent whose peers all answer, on a machine that is busy


def wait_for(what, happened, seconds=WAIT):
    """Calls `happened` until what it returns is true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = happened()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def folder_in(parent, name):
    """A new folder of this name in there."""
    path = os.path.join(parent, name)
    os.mkdir(path)
    return path


def run(*command, **options):
    """Runs a program to its end; its output is text."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG_WAIT, **options)


class Samples(dict):
    """Samples of one scrape: (name, sorted labels) -> value. Two with the same name and labels are a fault."""

    def __init__(self, families):
        super().__init__()
        for family in families:
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self, f"twice: {key}"
                self[key] = sample.value

    def named(self, name):
        """The samples of this name, as a list of (labels, value)."""
        return [(dict(labels), value) for (each, labels), value in self.items() if each == name]

    def one(self, name, **labels):
        """The value of the one sample with these labels, or None; other labels may be there too."""
        found = [value for each, value in self.named(name) if labels.items() <= each.items()]
        assert len(found) <= 1, f"{name}{labels}: {len(found)} samples"
        return found[0] if found else None

    def labels(self, name, **labels):
        """The labels of the one sample that has these among its own."""
        found = [each for each, _ in self.named(name) if labels.items() <= each.items()]
        assert len(found) == 1, f"{name}{labels}: {len(found)} samples"
        return found[0]


class Agent(Server):
    """fedhealthd on a free port, with the configuration that write_config(path, **snmp) writes."""

    def __init__(self, folder, write_config, agentx_socket=None, flags=(), **config):
        self.snmp_port = None if agentx_socket else free_port(SOCK_DGRAM)
        snmp = {"agentx_socket": agentx_socket} if agentx_socket else {"snmp_port": self.snmp_port}
        self.config = write_config(os.path.join(folder, "agent.yaml"), **snmp, **config)
        self.port = None
        super().__init__("fedhealthd", folder, [FEDHEALTHD, "--config.file", self.config,
                                                "--web.listen-address", "127.0.0.1:0", *flags],
                         Agent._find_port)

    def _find_port(self):
        listening = re.search(r'msg="listening on 127\.0\.0\.1:(\d+)"', self.logged())
        if listening:
            self.port = int(listening.group(1))
        return listening

    def stop(self):
        """Ends the agent, which must do so cleanly; a sanitizer's findings make its exit code."""
        super().stop()
        assert self.process.returncode == 0, f"exit code {self.process.returncode}:\n{tail(self.log)}"

    def request(self, path, method="GET", **headers):
        """The response and its whole body. Header names are written with underscores."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def scrape_raw(self, accept=TEXT):
        """The body of /metrics as text."""
        response, body = self.request("/metrics", Accept=accept, Accept_Encoding="gzip")
        assert response.status == 200
        return gzip.decompress(body).decode()

    def scrape(self, accept=TEXT):
        """The samples of /metrics."""
        parse = parse_openmetrics if accept == OPENMETRICS else parse_text
        return Samples(parse(self.scrape_raw(accept)))

    def first_round_done(self):
        """Waits until every check of every domain and node has run, and returns the samples seen then."""
        def complete():
            samples = self.scrape()
            reasons = [labels["reason"] for kind in ("check", "imp_check")
                       for labels, _ in samples.named(f"fedhealth_{kind}_reason_info")]
            return reasons and "not_run" not in reasons and samples
        return wait_for("a first round of every check", complete)
