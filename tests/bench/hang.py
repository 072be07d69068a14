"""5,000 peers that take the connection and then hang, beside 50 healthy domains; and what conversations in flight
hold."""

from common import MIB, Figure, resident
from crowd import Watch, crowd

import agent as under_test

HEALTHY, HANGING = 50, 5000
INTERVAL = 60
IN_TLS = 1000


def measure_delay(build):
    """No healthy check starts more than a second late, in the first round and in those after it."""
    with crowd(healthy=HEALTHY, hanging=HANGING) as servers:
        with servers.agent(build, interval=f"{INTERVAL}s", timeout="10s", per_address=4) as agent:
            watch = Watch(agent, 2 * INTERVAL, 5)
            healthy = [delay for domain, delays in watch.delays.items() if domain.startswith("healthy")
                       for delay in delays]
            hanging = [delay for domain, delays in watch.delays.items() if domain.startswith("hanging")
                       for delay in delays]
            yield Figure(f"{HANGING} hanging peers: rounds of the {HEALTHY} healthy domains", len(healthy))
            yield Figure("their greatest start delay", max(healthy), "s", 1)
            yield Figure("greatest start delay of those that hang", max(hanging), "s")
            yield Figure("loop lag, greatest", watch.lag, "s")


def measure_memory(build):
    """Conversations that hang after TLS, which is where they hold most."""
    with crowd(hanging=IN_TLS, tls=True) as servers:
        with servers.agent(build, interval="1h", timeout="5m", per_address=4) as agent:
            under_test.wait_for("all conversations under way", lambda: servers.held() == IN_TLS)
            yield Figure(f"resident memory with {IN_TLS} conversations in TLS", resident(agent.process.pid) / MIB,
                         "MiB", 24 + IN_TLS * (8 + 64) / 1024)


def measure(build):
    """The figures."""
    yield from measure_delay(build)
    yield from measure_memory(build)
