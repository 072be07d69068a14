"""python3 -m lab run [COMMAND...]: starts the lab, shows what is in it, and runs COMMAND --config.file CONFIG.
python3 -m lab table: prints docs/lab.md.

The lab ends with the command; without a command it stays until it is interrupted.
"""

import os
import shutil
import signal
import subprocess
import sys

from . import CASES, Lab, table
from .imp.cases import NEED
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
    """Prints the lab's domains and nodes, the state that the agent should find in each, and what each is like."""
    print("The lab: its domains and nodes, the state that fedhealth should find, and more; docs/lab.md has all\n")
    print(table.plain(shutil.get_terminal_size().columns, NEED not in lab.lacking))
    for need, words in lab.lacking.items():
        domains = ", ".join(case["domain"] for case in CASES if case["needs"] == need)
        print(f"\n  {words}" + (f" These turn out otherwise: {domains}." if domains else ""))
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
    if sys.argv[1:] == ["table"]:
        sys.stdout.buffer.write(table.markdown().encode())
        return 0
    if sys.argv[1:2] == ["run"]:
        return run(sys.argv[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
