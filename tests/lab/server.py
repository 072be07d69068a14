"""A server process of the lab: started in a folder of its own, waited for until it answers, ended by its id."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
READY_TIMEOUT = 30  # seconds; a machine under load may be slow, a server that never answers ends the lab
STOP_TIMEOUT = 10


class ServerFailed(Exception):
    """The server ended, or did not answer in time; the text ends with its last log lines."""


def free_port(*kinds):
    """A port of 127.0.0.1 that is free for all these socket kinds. Drawn below the range from which the kernel takes
    the ports of outgoing connections, so that none of those can come in between."""
    kinds = kinds or (socket.SOCK_STREAM,)
    while True:
        port = 20000 + int.from_bytes(os.urandom(2), "big") % 12000
        try:
            for kind in kinds:
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port


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
    """One process. `answers` is called until it returns true; it may raise OSError while nobody listens."""

    def __init__(self, name, folder, argv, answers, env=None):
        self.name = name
        self.log = os.path.join(folder, "log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=end_with_parent)
        try:
            self._wait(answers)
        except BaseException:
            self.stop()
            raise

    def _wait(self, answers):
        deadline = time.monotonic() + READY_TIMEOUT
        while True:
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with code {self.process.returncode}:\n{tail(self.log)}")
            try:
                if answers(self):
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} did not answer within {READY_TIMEOUT} s:\n{tail(self.log)}")
            time.sleep(0.02)

    def stop(self):
        """Ends the process."""
        end(self.process)
