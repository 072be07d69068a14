"""A daemon that runs out of file descriptors: `local_error`, told once in the log, and all is well again by itself as
soon as there are some. It is asked over one connection of HTTP that it has from before."""

import contextlib
import http.client
import os
import resource
import socket
import time

import pytest

import names
from agent import LONG_WAIT, Agent, Samples, parse_text, wait_for
from cases_stream import GOOD
from hostile import Case, Certificates, Settings, Stage

LOOKS = 60
CHECKS = ("srv", "connect", "stream", "starttls", "certificate", "auth")
LACKING, AGAIN = "no socket can be had: Too many open files", "sockets can be had again"
PATIENT = Settings(timeout="240s")
HEALTHY = [Case(f"healthy-{number}", "federates, if it is asked", "ok", {}, GOOD, settings=PATIENT)
           for number in range(10)]
# Its look-up holds the one socket of DNS for as long as it lasts, so that the others' look-ups need no other.
SILENT = Case("silent", "no answer of DNS", "critical", {}, dns={"srv": names.silence}, settings=PATIENT)


class Scene:
    """An agent on these, and what its limit was."""

    def __init__(self, stage, folder):
        self.agent = Agent(folder, lambda path, snmp_port: stage.write_config(path, PATIENT, "snmp: {mode: off}\n"),
                           flags=["--log.level=debug"])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.agent.port, timeout=LONG_WAIT)
        self.limits = resource.prlimit(self.agent.process.pid, resource.RLIMIT_NOFILE)
        wait_for("all to be well", self.recovered)

    def exhaust(self):
        """Leaves no descriptor to the agent beyond those that it always has."""
        lasting = self._open()
        for _ in range(LOOKS):  # what is open in all of them is no file or socket of a moment
            time.sleep(0.05)
            lasting &= self._open()
        lowest_free = min(set(range(len(lasting) + 1)) - lasting)
        resource.prlimit(self.agent.process.pid, resource.RLIMIT_NOFILE, (lowest_free, self.limits[1]))

    def _open(self):
        """The descriptors that are open now."""
        return set(map(int, os.listdir(f"/proc/{self.agent.process.pid}/fd")))

    def restore(self):
        """Gives them back."""
        resource.prlimit(self.agent.process.pid, resource.RLIMIT_NOFILE, self.limits)

    def end(self):
        """Ends the agent."""
        self.restore()
        self.connection.close()
        self.agent.stop()

    def found(self):
        """{domain: {check: reason}} of the healthy ones."""
        self.connection.request("GET", "/metrics")
        found = {}
        samples = Samples(parse_text(self.connection.getresponse().read().decode()))
        for labels, _ in samples.named("fedhealth_check_reason_info"):
            if labels["domain"] != SILENT.domain and labels["check"] in CHECKS:
                found.setdefault(labels["domain"], {})[labels["check"]] = labels["reason"]
        return found

    def recovered(self):
        """Whether all is well."""
        found = self.found()
        return all(set(reasons.values()) == {"ok"} for reasons in found.values())

    def failed(self, check):
        """Whether one of them ended with local_error there, and nothing is said of what comes after it."""
        reached = CHECKS.index(check)
        expected = [*["ok"] * reached, "local_error", *["not_reached"] * (len(CHECKS) - reached - 1)]
        return any([reasons[each] for each in CHECKS] == expected for reasons in self.found().values())

    def logged(self, text):
        """How often the log says this."""
        return self.agent.logged().count(text)


@pytest.fixture(scope="module", name="certificates")
def _certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.mark.parametrize("cases, check", [(HEALTHY, "srv"), ([*HEALTHY, SILENT], "connect")],
                         ids=["none-for-dns", "none-to-connect"])
def test_out_of_descriptors(certificates, folder, cases, check):
    with Stage(cases, certificates, folder) as stage:
        scene = Scene(stage, folder)
        try:
            scene.exhaust()
            wait_for("local_error", lambda: scene.failed(check))
            wait_for("more of it", lambda: scene.logged(f": local_error at {check}") >= 3 * len(HEALTHY))
            scene.restore()
            wait_for("all to be well again", scene.recovered)
            wait_for("the end in the log", lambda: scene.logged(AGAIN))
            assert (scene.logged(LACKING), scene.logged(AGAIN)) == (1, 1)
        finally:
            scene.end()


def test_client_that_waits_for_a_descriptor(certificates, folder):
    """A client of HTTP that cannot be accepted keeps no processor busy, and is served in the end."""
    with Stage(HEALTHY[:1], certificates, folder) as stage, contextlib.ExitStack() as held:
        scene = Scene(stage, folder)
        try:
            scene.connection.close()
            scene.exhaust()
            client = held.enter_context(socket.create_connection(("127.0.0.1", scene.agent.port), LONG_WAIT))
            client.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
            wait_for("the refusal", lambda: scene.logged("Error accepting connection"))
            begun = time.monotonic()
            time.sleep(2)
            attempts = scene.logged("Error accepting connection") / (time.monotonic() - begun)
            scene.restore()
            assert client.recv(16).startswith(b"HTTP/1.")
            assert attempts < 20  # a second
        finally:
            scene.end()
