"""FEDHEALTH-MIB is flawless SMIv2, and describes what the agent serves."""

import glob
import re

from agent import run
from snmp import MIB, MIB_FOLDERS, ROOT, environment, walk, walk_names


def test_smilint_is_silent():
    """smilint's exit code is always 0: its output is what counts."""
    smipath = ":".join([*glob.glob("/usr/lib/erlang/lib/snmp-*/mibs"), *MIB_FOLDERS])
    done = run("smilint", "-m", "-s", "-l", "6", "-i", "namelength-32", MIB, env={"SMIPATH": smipath, "HOME": "/"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_object_served_has_a_name(agent, folder):
    """By number and by name the walk gives equally many objects, and no name is left a number."""
    named = [each for name in ("fhAgent", "fhDomainTable", "fhCheckTable", "fhEndpointTable", "fhImpTable",
                               "fhS2sNodeTable", "fhXcpNotificationTable", "fhImpCheckTable")
             for each in walk_names(agent.snmp_port, folder, name)]
    assert len(named) == len(walk(agent.snmp_port, folder))
    assert all(re.fullmatch(r"fh[A-Z]\w+", name) for name, _, _ in named)


def test_root(folder):
    with open(MIB, encoding="utf-8") as mib:
        assert re.search(r"::= \{ netSnmpPlaypen 5269 \}", mib.read())
    done = run("snmptranslate", "-M", ":".join(MIB_FOLDERS), "-m", "FEDHEALTH-MIB", "-On",
               "FEDHEALTH-MIB::fhDomainState", env=environment(folder))
    assert done.stdout.strip() == f".{ROOT}.1.2.1.3"
