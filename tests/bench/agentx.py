"""An snmpd that hangs, goes and comes back: what the event loop notices of it, and how long the subtree is away."""

import os
import signal
import time

from common import Figure
from crowd import Watch, crowd

import agent as under_test
import snmp

DOMAINS = 20
HANG = 10  # seconds; the experiment itself
LAG = 0.05


class Master:
    """An snmpd at the socket, which can be replaced; and what the agent's loop does meanwhile."""

    def __init__(self, path, agent):
        self.path = path
        self.agent = agent
        self.started = 0
        self.lag = 0
        self.start()

    def start(self):
        """Another snmpd, at the same socket and port."""
        self.started += 1
        place = os.path.join(self.path, f"snmpd{self.started}")
        os.mkdir(place)
        self.server = snmp.Snmpd(place, os.path.join(self.path, "agentx"), getattr(self, "port", None))
        self.port = self.server.port

    def end(self):
        """Kills it, whatever state it is in."""
        self.server.process.kill()
        self.server.process.wait()

    def watch(self, seconds):
        """How many rounds the agent finished in that time; notes the lag."""
        seen = Watch(self.agent, seconds, 1)
        self.lag = max(self.lag, seen.lag)
        return len(seen.all())

    def away_for(self):
        """Seconds until the whole subtree is back."""
        started = time.monotonic()
        under_test.wait_for("the subtree", self.is_complete)
        self.watch(1)
        return time.monotonic() - started

    def is_complete(self):
        """Whether a walk finds every domain."""
        return len(snmp.domain_indexes(snmp.walk(self.port, self.path))) == DOMAINS


def experiment(master):
    """The figures of all that befalls the master."""
    master.away_for()
    steady = master.watch(HANG)
    yield Figure(f"rounds in {HANG} s with snmpd well", steady)
    master.server.process.send_signal(signal.SIGSTOP)
    yield Figure(f"rounds in {HANG} s with snmpd stopped", master.watch(HANG))
    master.server.process.send_signal(signal.SIGCONT)
    yield Figure("stopped and continued: subtree back after", master.away_for(), "s")
    master.end()
    under_test.wait_for("the loss", lambda: master.agent.scrape().one("fedhealth_snmp_agentx_connected") == 0)
    master.start()
    yield Figure("killed and started: subtree back after", master.away_for(), "s")
    master.server.process.send_signal(signal.SIGSTOP)
    yield Figure(f"rounds in {HANG} s with snmpd stopped", master.watch(HANG))
    master.end()
    master.start()
    yield Figure("stopped, killed and started: subtree back after", master.away_for(), "s")
    yield Figure("loop lag, greatest", master.lag, "s", LAG)


def measure(build):
    """The figures."""
    with crowd(healthy=DOMAINS) as servers:
        socket = os.path.join(servers.path, "agentx")
        with servers.agent(build, snmp=f"{{mode: agentx, agentx_socket: {socket}}}", interval="2s", timeout="2s",
                           per_address=64) as agent:
            agent.first_round_done()
            master = Master(servers.path, agent)
            try:
                yield from experiment(master)
            finally:
                master.end()
