"""1,000 reloads while checks are under way: nothing lost, no descriptor and no byte leaked."""

import os
import time

from common import MIB, Figure, resident
from crowd import ZONE, crowd

import agent as under_test

DOMAINS, HANGING = 100, 400
RELOADS = 1000
EXTRA = 20  # names that come and go: each that was ever seen keeps its SNMP index, and so a little memory


def descriptors(pid):
    """How many the process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def looks():
    """So often something that comes and goes is looked at."""
    for look in range(60):
        yield look
        time.sleep(0.05)


def counters(samples):
    """Rounds so far of every domain."""
    return {labels["domain"]: value for labels, value in samples.named("fedhealth_check_runs_total")
            if labels["check"] == "srv"}


class Churn:
    """Reloads by POST; every second configuration has one domain more, which is not the same each time."""

    def __init__(self, servers, agent):
        self.path = os.path.join(servers.path, "domains")
        self.domains = servers.domains
        self.agent = agent
        self.lost = 0

    def _load(self, domains):
        with open(self.path, "w", encoding="ascii") as out:
            out.write("".join(domain + "\n" for domain in domains))
        response, body = self.agent.request("/-/reload", "POST")
        assert response.status == 200, body

    def reload(self, count):
        """So many reloads. Now and then it looks whether a domain that stayed has lost counts."""
        self._load(self.domains)
        before = counters(self.agent.scrape())
        for number in range(count):
            self._load(self.domains + ([f"extra{number % EXTRA}.{ZONE}"] if number % 2 else []))
            if number % 50 == 0:
                now = counters(self.agent.scrape())
                self.lost += sum(now.get(domain, -1) < before[domain] for domain in self.domains)
                before = now
        return sum(before.values())

    def held_idle(self):
        """(bytes, descriptors) that the agent holds without any domain. It hands free memory back at each reload, so
        what ended with the domains goes at the second one. Of the descriptors it is the fewest that are seen for a
        while: a leaked one is always there, one for a client, a look-up or a file on its way only now and then."""
        for _ in range(2):
            self._load([])
            under_test.wait_for("an idle moment", lambda: not self.agent.scrape().one("fedhealth_checks_running"))
        pid = self.agent.process.pid
        return resident(pid), min(descriptors(pid) for _ in looks())


def measure(build):
    """The figures."""
    with crowd(healthy=DOMAINS, hanging=HANGING) as servers:
        with servers.agent(build, interval="5s", timeout="2s", per_address=64) as agent:
            agent.first_round_done()
            churn = Churn(servers, agent)
            churn.reload(2 * RELOADS)  # before: until each thread's cache in malloc() has what it ever keeps
            bytes_before, open_before = churn.held_idle()
            begun = time.monotonic()
            rounds = churn.reload(RELOADS)
            seconds = time.monotonic() - begun
            lag = agent.scrape().one("fedhealth_loop_lag_seconds")
            bytes_after, open_after = churn.held_idle()
            yield Figure(f"{RELOADS} reloads with {DOMAINS + HANGING} domains: each", 1e3 * seconds / RELOADS, "ms")
            yield Figure("rounds finished meanwhile", rounds)
            yield Figure("domains that lost counts", churn.lost, "", 0)
            yield Figure("descriptors more than before", open_after - open_before, "", 0)
            yield Figure("resident memory more than before", (bytes_after - bytes_before) / MIB, "MiB", 1)
            yield Figure("loop lag, greatest of the last minute", lag, "s")
