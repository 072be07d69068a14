"""snmpbulkwalk of fhDomainTable: linear in its rows, and of one state although the state changes all the time."""

import os
import time
from socket import SOCK_DGRAM

from common import Figure, folder, program

import agent as under_test
import snmp
from lab.server import free_port

SMALL, LARGE = 500, 5000
RUNS = 6
BOUND = 11
TABLE = f"{snmp.ROOT}.1.2"
SINCE = f".{TABLE}.1.7."


def bulkwalk(port, path, rows):
    """(seconds, states seen) of one walk."""
    started = time.monotonic()
    done = under_test.run("snmpbulkwalk", "-v2c", "-c", "public", "-Cr50", "-On", "-Oq", "-t", "10",
                          f"127.0.0.1:{port}", TABLE, env=snmp.environment(path))
    seconds = time.monotonic() - started
    lines = done.stdout.splitlines()
    since = [line.split(None, 1)[1] for line in lines if line.startswith(SINCE)]
    assert len(since) == rows and len(lines) % rows == 0, f"{len(lines)} objects, {len(since)} rows: {done.stderr}"
    return seconds, len(set(since))


def compare(what, path, small, large):
    """As many small walks as make a large one, then a large one, so that both see as much of what else the machine
    does; the best of each."""
    runs = []
    for _ in range(RUNS):
        smalls = [bulkwalk(small, path, SMALL) for _ in range(LARGE // SMALL)]
        runs.append(((sum(each[0] for each in smalls) / len(smalls), max(each[1] for each in smalls)),
                     bulkwalk(large, path, LARGE)))
    few, many = (min(run[size][0] for run in runs) for size in range(2))
    yield Figure(f"{what}: {SMALL} rows", few, "s")
    yield Figure(f"{what}: {LARGE} rows", many, "s")
    yield Figure(f"{what}: ratio", many / few, "", BOUND)
    yield Figure(f"{what}: states seen by one walk, at most", max(run[1] for pair in runs for run in pair), "", 1)


def measure(build):
    """The figures: of the agent by itself, and behind a real snmpd."""
    walked = os.path.join(build, "tests", "bench", "walked")
    with folder() as path:
        ports = [free_port(SOCK_DGRAM), free_port(SOCK_DGRAM)]
        with program(walked, str(SMALL), str(ports[0])), program(walked, str(LARGE), str(ports[1])):
            yield from compare("by itself", path, *ports)
        masters = []
        try:
            for number in range(2):
                place = os.path.join(path, str(number))
                os.mkdir(place)
                masters.append(snmp.Snmpd(place, os.path.join(place, "agentx")))
            sockets = [os.path.join(path, str(number), "agentx") for number in range(2)]
            with program(walked, str(SMALL), sockets[0]), program(walked, str(LARGE), sockets[1]):
                for master in masters:
                    under_test.wait_for("the agent", lambda port=master.port: snmp.walk(port, path, f"{snmp.ROOT}.1.1"))
                yield from compare("behind snmpd", path, *(master.port for master in masters))
        finally:
            for master in masters:
                master.stop()
