"""1,000 domains on a 10 s interval on one core: how late rounds start, and what the agent takes for it."""

import time

from common import MIB, Figure, cpu_seconds, resident
from crowd import Watch, crowd, percentile

DOMAINS = 1000
INTERVAL = 10
SECONDS = 30


def measure(build):
    """The figures."""
    with crowd(healthy=DOMAINS) as servers:
        with servers.agent(build, cores={0}, interval=f"{INTERVAL}s", timeout="10s", per_address=64) as agent:
            agent.first_round_done()
            cpu, started = cpu_seconds(agent.process.pid), time.monotonic()
            watch = Watch(agent, SECONDS, INTERVAL / 4)
            load = (cpu_seconds(agent.process.pid) - cpu) / (time.monotonic() - started)
            rounds = watch.all()
            yield Figure(f"{DOMAINS} domains every {INTERVAL} s: rounds seen", len(rounds))
            yield Figure("start delay, 99th percentile", percentile(rounds, 0.99), "s", 1)
            yield Figure("start delay, greatest", max(rounds), "s")
            yield Figure("loop lag, greatest", watch.lag, "s")
            yield Figure("load of the core, scrapes and all", load)
            yield Figure("resident memory", resident(agent.process.pid) / MIB, "MiB", 24 + DOMAINS * 8 / 1024)
