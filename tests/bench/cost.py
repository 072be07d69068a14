"""The price of a probe: instructions of a whole s2s probe, plain and with dialback's two verifications, against those
of a bare verified TLS handshake with the same server, each as the difference between two run lengths, so that start-up
cancels; and CPU time with 100 probes under way against that of a connection of `openssl s_time`."""

import contextlib
import json
import os
import re
import resource
import subprocess
import sys

from common import Figure, folder

from lab import Lab
from lab.server import Server, free_port

SHORT, LONG = 10, 60
INSTRUCTIONS_BOUND, DIALBACK_BOUND = 1.0, 1.25
DOMAIN = "healthy.lab.test"
AT_ONCE, ROUNDS, SECONDS, RUNS = 100, 1500, 2, 4
CPU_BOUND = 1.5


def instructions(path, argv, rounds):
    """User-space instructions of the command with this many rounds, as callgrind counts them."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}/out", *argv, str(rounds)],
        check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{argv[0]} failed:\n{done.stdout}{done.stderr}")
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def per_round(path, argv):
    """Instructions of one round."""
    return (instructions(path, argv, LONG) - instructions(path, argv, SHORT)) / (LONG - SHORT)


def cpu(argv):
    """CPU seconds that the command takes, in user space and in the kernel, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{argv[0]} failed:\n{done.stdout}{done.stderr}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stdout


@contextlib.contextmanager
def tls_server(path, chain, key):
    """openssl s_server with this certificate."""
    port = free_port()
    argv = ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", chain, "-cert_chain", chain,
            "-key", key, "-www"]
    server = Server("s_server", path, argv, lambda _: not subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL, capture_output=True,
        check=False).returncode)
    try:
        yield port
    finally:
        server.stop()


def connection_cpu(port, ca_file):
    """CPU seconds of one connection of openssl s_time."""
    seconds, told = cpu(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-verify", "5",
                         "-CAfile", ca_file, "-time", str(SECONDS)])
    return seconds / int(re.search(r"(\d+) connections in", told).group(1))


def write_config(lab, path, dialback):
    """A configuration with the one domain, whose dialback map this is, and as many conversations at once with its one
    address as are wanted. Dialback is due in so many rounds as results must be equal."""
    domain = json.dumps({"name": DOMAIN, "dialback": dialback})
    config = lab.write_config(os.path.join(path, "config.yaml"), confirm=100, timeout="60s", domains=[domain])
    with open(config, encoding="utf-8") as text:
        changed = text.read().replace("agent:\n", f"agent:\n  max_concurrent_per_address: {AT_ONCE}\n", 1)
    with open(config, "w", encoding="utf-8") as out:
        out.write(changed)


def measure(build):
    """The figures."""
    programs = os.path.join(build, "tests", "bench")
    with Lab() as lab, folder() as path:
        probes = [f"{programs}/probe_rounds", os.path.join(path, "config.yaml"), DOMAIN]
        handshake = per_round(path, [f"{programs}/handshakes", lab.ca_file, str(lab.ports["strict"]), DOMAIN])
        write_config(lab, path, {"secret_file": lab.secret_files["strict_secret"], "algorithm": "hmac-sha256"})
        verifying = per_round(path, [*probes, "1"])
        write_config(lab, path, {"enabled": False})
        probe = per_round(path, [*probes, "1"])
        yield Figure("instructions of a bare verified handshake", handshake)
        yield Figure("instructions of a whole s2s probe", probe)
        yield Figure("ratio", probe / handshake, "", INSTRUCTIONS_BOUND)
        yield Figure("instructions of one that verifies two dialback keys", verifying)
        yield Figure("ratio", verifying / handshake, "", DIALBACK_BOUND)

        certificate = os.path.join(lab.authority.folder, DOMAIN)
        with tls_server(path, certificate + ".chain.crt", certificate + ".key") as port:
            runs = [(connection_cpu(port, lab.ca_file), cpu([*probes, str(AT_ONCE), str(ROUNDS)])[0] / ROUNDS)
                    for _ in range(RUNS)]  # in turns, and the best of each, since others may use the machine too
        connection, probe = (min(run[which] for run in runs) for which in range(2))
        yield Figure("CPU time of a connection of openssl s_time", 1e3 * connection, "ms")
        yield Figure(f"CPU time of a probe with {AT_ONCE} under way", 1e3 * probe, "ms")
        yield Figure("ratio", probe / connection, "", CPU_BOUND)
