"""A server process of the lab: started in a folder of its own, waited for until it answers, ended by its id."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
READY_TIMEOUT = 60  # seconds; a machine under load may be slow, a server that never answers ends the lab
STOP_TIMEOUT = 10
GIVEN = set()  # ports that free_port() has returned
# Which of how many processes of a test run this one is, as pytest-xdist counts them.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


class ServerFailed(Exception):
    """The server ended, or did not answer in time; the text ends with its last log lines."""


def bind(address, port, kind=socket.SOCK_STREAM):
    """A socket that is bound there and does not listen. Raises OSError where that is not possible."""
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def can_bind(address, port, kind=socket.SOCK_STREAM):
    """Whether this machine has the address, and the port is free there."""
    try:
        bind(address, port, kind).close()
    except OSError:
        return False
    return True


def has_ipv6():
    """Whether this machine has ::1."""
    return can_bind("::1", 0)


def free_port(*kinds):
    """A port of 127.0.0.1, and of ::1 where there is one, that is free for all these socket kinds. Drawn below the
    range from which the kernel takes the ports of outgoing connections, so that none of those can come in between. No
    port is given twice, and none that another worker of the same test run may be given: the server that asked first may
    not have bound it yet."""
    kinds = kinds or (socket.SOCK_STREAM,)
    addresses = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    while True:
        port = 20000 + int.from_bytes(os.urandom(2), "big") % (12000 // WORKERS) * WORKERS + WORKER
        if port not in GIVEN and all(can_bind(address, port, kind) for address in addresses for kind in kinds):
            GIVEN.add(port)
            return port


def own_address(port):
    """A loopback address of nobody else, at which this port is free; None where it is taken at every address."""
    for _ in range(20):
        address = "127.{}.{}.{}".format(*(1 + byte % 254 for byte in os.urandom(3)))
        if can_bind(address, port):
            return address
    return None


def end_with_parent():
    """Runs in a child before exec: should this process be killed, the kernel ends the child too."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end(process):
    """Ends a process, kindly first, and waits until it is gone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(path, lines=15):
    """The last lines of a log, or a word that there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])
    except FileNotFoundError:
        return f"(no {path})\n"


class Server:
    """One process. `answers` is called until it returns true, for `ready_timeout` seconds; it may raise OSError while
    nobody listens. Without `wait` that is left to wait(), so that several servers can start at the same time."""

    ready_timeout = READY_TIMEOUT

    def __init__(self, name, folder, argv, answers, env=None, wait=True):
        self.name = name
        self._answers = answers
        self.log = os.path.join(folder, "log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=end_with_parent)
        if wait:
            try:
                self.wait()
            except BaseException:
                self.stop()
                raise

    def wait(self):
        """Waits until the server answers. Raises ServerFailed, and then stop() is still to be called."""
        deadline = time.monotonic() + self.ready_timeout
        while True:
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with code {self.process.returncode}:\n{tail(self.log)}")
            try:
                if self._answers(self):
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} did not answer within {self.ready_timeout} s:\n{tail(self.log)}")
            time.sleep(0.02)

    def logged(self):
        """All that the server has logged, as text."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self):
        """Ends the process."""
        end(self.process)
