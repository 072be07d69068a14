"""/metrics with 300,000 series: rendered as a stream. Beside it, where the go compiler and Debian's
golang-github-prometheus-client-golang-dev are installed, Prometheus' own client library with as many series."""

import os
import shutil
import subprocess
import time
import urllib.request

from common import MIB, ROOT, Figure, folder, program, resident

SERIES = 300_000
SCRAPES = 5
MEMORY_BOUND = 2 * MIB  # a body would be 60 MiB


def scrape(port):
    """Seconds that reading all of it takes, and how many series there are."""
    started = time.monotonic()
    series = 0
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        rest = b""
        while part := response.read(65536):
            lines = (rest + part).split(b"\n")
            rest = lines.pop()
            series += len(lines) - sum(line.startswith(b"#") for line in lines)
    return time.monotonic() - started, series


def serve(*argv):
    """(best time, series, bytes held before the first scrape, most bytes held)"""
    with program(*argv) as (process, port):
        before = resident(process.pid)
        runs = [scrape(port) for _ in range(SCRAPES)]
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    return min(seconds for seconds, _ in runs), runs[-1][1], before, peak


def build_go(path):
    """The program on Prometheus' client library, or None."""
    if not shutil.which("go"):
        return None
    binary = os.path.join(path, "exposition-go")
    environment = {**os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOCACHE": path, "GOFLAGS": ""}
    done = subprocess.run(["go", "build", "-o", binary, os.path.join(ROOT, "tests", "bench", "exposition.go")],
                          env=environment, check=False)
    return binary if done.returncode == 0 else None


def measure(build):
    """The figures."""
    ours = os.path.join(build, "tests", "bench", "exposition")
    with folder() as path:
        _, thousand, _, _ = serve(ours, "1000")
        seconds, series, before, peak = serve(ours, str(SERIES * 1000 // thousand + 1))
        yield Figure("series in /metrics", series)
        yield Figure("reading them", seconds, "s")
        yield Figure("memory that it takes beside the state", (peak - before) / MIB, "MiB", MEMORY_BOUND / MIB)
        go = build_go(path)
        if not go:
            print("(go and its client library are not installed: nothing to hold it against)")
        else:
            go_seconds, go_series, _, go_peak = serve(go, str(SERIES))
            yield Figure("Go client library: series", go_series)
            yield Figure("Go client library: reading them", go_seconds, "s")
            yield Figure("Go client library: memory in all", go_peak / MIB, "MiB")
            yield Figure("time per series, of the Go client library's", (seconds / series) / (go_seconds / go_series),
                         "", 1)
            yield Figure("memory in all, of the Go client library's", peak / go_peak, "", 1)
