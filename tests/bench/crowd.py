"""An agent on very many domains: healthy ones on a real Prosody, and as many again as wanted whose peers hang."""

import contextlib
import math
import os
import time

from common import ask, folder, program

import agent as under_test
from lab.certificates import Authority
from lab.knot import Knot
from lab.prosody import Prosody

ZONE = "lab.test"
CONFIG = """\
agent:
  domain: monitor.{zone}
  interval: {interval}
  timeout: {timeout}
  max_concurrent_per_address: {per_address}
  state_dir: {folder}/state
dns:
  resolvers:
    - {{name: lab, address: "127.0.0.1:{dns_port}"}}
tls:
  ca_file: {ca_file}
domain_files: ["{folder}/domains"]
snmp: {snmp}
"""


def spread_address(number):
    """A loopback address of its own for each of the peers that hang."""
    return f"127.{64 + number // 65536}.{number // 256 % 256}.{number % 256}"


class Crowd:
    """The servers; `agent()` starts fedhealthd on them."""

    def __init__(self, stack, path, healthy=0, hanging=0, tls=False):
        self.path = path
        self.domains = [f"healthy{i}.{ZONE}" for i in range(healthy)] + [f"hanging{i}.{ZONE}" for i in range(hanging)]
        authority = Authority(self._folder("certificates"))
        certificate = authority.issue_host("crowd", [f"*.{ZONE}"], [-1, 90])
        self.ca_file = authority.ca_file
        records = ["healthy A 127.0.0.1"]
        if healthy:
            hosts = {domain: certificate for domain in self.domains[:healthy]}
            prosody = Prosody("crowd", self._folder("prosody"), hosts, True, f"monitor.{ZONE}")
            stack.callback(prosody.stop)
            records += [f"_xmpp-server._tcp.healthy{i} SRV 0 0 {prosody.port} healthy" for i in range(healthy)]
        if hanging:
            peer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hanging_peer.py")
            self.peer, port = stack.enter_context(program("/usr/bin/python3", peer, *(certificate if tls else ())))
            service = "_xmpps-server" if tls else "_xmpp-server"
            records += [f"{service}._tcp.hanging{i} SRV 0 0 {port} hanging{i}" for i in range(hanging)]
            records += [f"hanging{i} A {spread_address(i)}" for i in range(hanging)]
        self.knot = Knot(self._folder("knot"), ZONE, records)
        stack.callback(self.knot.stop)

    def _folder(self, name):
        path = os.path.join(self.path, name)
        os.mkdir(path)
        return path

    def held(self):
        """How many connections the hanging peers hold now."""
        return ask(self.peer)

    @contextlib.contextmanager
    def agent(self, build, cores=None, snmp="{mode: off}", **settings):
        """fedhealthd on all the domains; `cores` are those that it may use."""
        with open(os.path.join(self.path, "domains"), "w", encoding="ascii") as out:
            out.write("\n".join(self.domains) + "\n")

        def write_config(path, **_snmp):
            with open(path, "w", encoding="ascii") as out:
                out.write(CONFIG.format(zone=ZONE, folder=self.path, dns_port=self.knot.port, ca_file=self.ca_file,
                                        snmp=snmp, **settings))
            return path

        under_test.FEDHEALTHD = os.path.join(build, "fedhealthd")
        agent = under_test.Agent(self._folder("agent"), write_config, flags=["--web.enable-lifecycle"])
        if cores:
            os.sched_setaffinity(agent.process.pid, cores)
        try:
            yield agent
        finally:
            agent.stop()


@contextlib.contextmanager
def crowd(**kinds):
    """The servers while they are needed."""
    with folder() as path, contextlib.ExitStack() as stack:
        yield Crowd(stack, path, **kinds)


def percentile(values, share):
    """The least value that this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class Watch:
    """Scrapes the agent for so many seconds and gathers what each round told: `delays` of the start by domain."""

    def __init__(self, agent, seconds, pause):
        self.delays = {}
        self.lag = 0
        self.scrapes = 0
        seen = {}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            samples = agent.scrape()
            self.scrapes += 1
            self.lag = max(self.lag, samples.one("fedhealth_loop_lag_seconds"))
            runs = {labels["domain"]: value for labels, value in samples.named("fedhealth_check_runs_total")
                    if labels["check"] == "srv"}
            for labels, delay in samples.named("fedhealth_domain_start_delay_seconds"):
                domain = labels["domain"]
                if seen.get(domain) != runs[domain]:
                    seen[domain] = runs[domain]
                    self.delays.setdefault(domain, []).append(delay)
            time.sleep(pause)

    def all(self):
        """The delays of all domains."""
        return [delay for delays in self.delays.values() for delay in delays]
