"""README.md's way from nothing to a firing alert: each step's commands as they are written there, one after the other,
in a copy of this tree, and in a network of its own, where the ports that it names are free."""

import contextlib
import os
import re
import shutil
import signal
import subprocess

import pytest

from agent import BUILD, SOURCE
from lab.imp import MODULES
from lab.server import Server, tail

HEADING = "## From nothing to a firing alert"
STEP = re.compile(r"(?m)^\d\. (?:(?!^\d\.).)*?^ +```\n(?P<commands>.*?)^ +```$", re.DOTALL)
PRINTED = re.compile(r"(?m)^```\n(?P<begin>.*)…\n```$")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
KEEP_RUNNING = (0, 3)  # the steps that are said to have a terminal of their own
PATIENCE = 240  # seconds for one step; the last one waits for as long as the rule's `for`
NOT_COPIED = shutil.ignore_patterns(".git", "build", "build-*", "fedhealth-*", "autom4te.cache", "__pycache__")


def read_section():
    """The commands of each step, and what the last of them is said to print, up to the dots."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as text:
        section = text.read().split(HEADING + "\n")[1].split("\n## ")[0]
    return [found["commands"] for found in STEP.finditer(section)], PRINTED.search(section)["begin"]


class Network(Server):
    """A network namespace with nothing but loopback, as long as this process runs."""

    def __init__(self, folder):
        self._user = [] if os.geteuid() == 0 else ["--user"]
        super().__init__("network", folder, [
            "unshare", "--net", *(["--map-root-user"] if self._user else []), "sh", "-c",
            "ip link set lo up && echo up && exec sleep infinity"], lambda server: tail(server.log) == "up\n")

    def command(self, tree, commands):
        """What runs these commands there, in this folder."""
        keep = ["--preserve-credentials"] if self._user else []
        return ["nsenter", f"--target={self.process.pid}", "--net", *self._user, *keep, f"--wd={tree}",
                "sh", "-c", commands]


def copy_tree(to):
    """A clone of this tree as an earlier `./quickstart run` leaves it: ./build is up to date, whatever options it was
    made with, and the lab's npm packages are there, or there is no trying to get them."""
    shutil.copytree(SOURCE, to, symlinks=True, ignore=NOT_COPIED)
    shutil.copytree(BUILD, os.path.join(to, "build"), symlinks=True, ignore=shutil.ignore_patterns("lab-node"))
    with open(os.path.join(to, "build", "configured-with"), "w", encoding="ascii") as out:
        out.write("\n")
    packages = os.path.join(to, "build", "lab-node")
    if os.path.isdir(MODULES):
        os.symlink(MODULES, packages)
    else:
        os.mkdir(packages)
        shutil.copy(os.path.join(SOURCE, "tests", "lab", "imp", "package.json"), os.path.join(packages, "installed"))


class Terminal(Server):
    """Commands that go on until they are interrupted. The shell that runs them outlives them, so that all have ended
    when it has."""

    def __init__(self, folder, network, tree, commands):
        super().__init__(commands, folder, network.command(tree, f"trap : TERM\n{commands}"), lambda _: True)

    def stop(self):
        """Signals the whole group, as a terminal does; what it is about then tidies up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)


class Reader:
    """Someone with a terminal for each step that keeps running, and one for the others."""

    def __init__(self, folder, stack):
        self._folder = folder
        self._stack = stack
        self.servers = []
        self._tree = os.path.join(folder, "fedhealth")
        copy_tree(self._tree)
        self._network = self._start(Network, "network")

    def _start(self, kind, name, *arguments):
        folder = os.path.join(self._folder, name)
        os.mkdir(folder)
        server = kind(*arguments, folder)
        self._stack.callback(server.stop)
        self.servers.append(server)
        return server

    def leave_running(self, commands):
        """Goes on at once."""
        self._start(lambda folder: Terminal(folder, self._network, self._tree, commands), str(len(self.servers)))

    def run(self, commands):
        """What the commands print, once they have ended well."""
        done = subprocess.run(self._network.command(self._tree, commands), capture_output=True, text=True, check=False,
                              timeout=PATIENCE)
        assert done.returncode == 0, f"{commands}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(name="reader")
def _reader(folder):
    with contextlib.ExitStack() as stack:
        yield Reader(folder, stack)


def test_from_nothing_to_a_firing_alert(reader):
    steps, printed = read_section()
    assert len(steps) == 5
    said = ""
    for number, commands in enumerate(steps):
        if number in KEEP_RUNNING:
            reader.leave_running(commands)
        else:
            said = reader.run(commands)
    assert any(line.startswith(printed) for line in said.splitlines()), said


def test_links():
    """What the documents link to is there."""
    documents = ["README.md", "CONTRIBUTING.md", *(f"docs/{name}" for name in os.listdir(os.path.join(SOURCE, "docs"))
                                                   if name.endswith(".md"))]
    missing = []
    for document in documents:
        with open(os.path.join(SOURCE, document), encoding="utf-8") as text:
            missing += [(document, link) for link in LINK.findall(text.read())
                        if not os.path.exists(os.path.join(SOURCE, os.path.dirname(document), link))]
    assert not missing
