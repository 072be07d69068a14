"""python3 -m lab run [COMMAND...]: starts the lab, shows what is in it, and runs COMMAND --config.file CONFIG.

The lab ends with the command; without a command it stays until it is interrupted.
"""

import os
import signal
import subprocess
import sys
import textwrap

from . import CASES, Lab
from .server import end, end_with_parent

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """One of the STOPPING signals came."""


def interrupt(number, _frame):
    """Lets the first signal through; those that follow must not disturb the tidying up."""
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def show(lab, config):
    """Prints the lab's domains, what is special about each, and the state that the agent should report."""
    print("The lab:\n")
    for case in CASES:
        print(f"  {case['domain']:24} {case['state']}")
        print(textwrap.fill(case["about"], 78, initial_indent="      ", subsequent_indent="      "))
    print(f"\n  DNS server 127.0.0.1:{lab.dns_port}, agent configuration {config}\n", flush=True)


def run(arguments):
    """Returns the command's exit code as a shell would: 128 + the signal's number when one ended it."""
    for each in STOPPING:
        signal.signal(each, interrupt)
    try:
        with Lab() as lab:
            config = lab.write_config(os.path.join(lab.folder, "agent.yaml"))
            show(lab, config)
            if not arguments:
                while True:
                    signal.pause()
            # In a session of its own, so that Ctrl-C reaches only this process, which then ends it first of all.
            command = subprocess.Popen([*arguments, "--config.file", config], start_new_session=True,
                                       preexec_fn=end_with_parent)
            try:
                command.wait()
            except Interrupted:
                end(command)
            code = command.returncode
            return code if code >= 0 else 128 - code
    except Interrupted:
        return 0


def main():
    """Reads the command line."""
    if sys.argv[1:2] != ["run"]:
        print(__doc__, file=sys.stderr)
        return 2
    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
