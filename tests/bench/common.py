"""What the benches share: figures with their bounds, a big lab of many domains, and what a process costs."""

import contextlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "integration")]

MIB = 1024 * 1024


@dataclass
class Figure:
    """One line of the table. Without a bound it is only told; else it must not be greater. Seconds depend on the
    machine and on what else runs there, so such a bound is one only where the whole run is strict."""
    what: str
    value: float
    unit: str = ""
    bound: float = None

    def good(self, strict=True):
        """Whether it keeps within its bound."""
        return self.bound is None or self.value <= self.bound or (self.unit == "s" and not strict)

    def __str__(self):
        bound = "" if self.bound is None else f"{self.bound:12,.4g}  {'ok' if self.good() else 'TOO MUCH'}"
        return f"{self.what:66}{self.value:14,.4g} {self.unit:6}{bound}"


def resident(pid):
    """Bytes of memory that the process holds now."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid):
    """CPU time that the process has used so far, in user space and in the kernel."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def folder():
    """A temporary folder with a short path."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-bench-") as path:
        yield path


@contextlib.contextmanager
def program(*argv):
    """A program that prints a port first and ends with its input: (process, port)."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait()


def ask(process):
    """The number with which the program answers a line of input."""
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())
