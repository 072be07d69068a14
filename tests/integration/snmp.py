"""SNMP as a manager sees it: snmpwalk of net-snmp, with and without the MIB, and a real snmpd as AgentX master."""

import glob
import os
import re
from socket import SOCK_DGRAM

from agent import BUILD, LONG_WAIT, run, wait_for
from lab.server import Server, free_port

ROOT = "1.3.6.1.4.1.8072.9999.9999.5269"
MIB = os.path.join(BUILD, "mib", "FEDHEALTH-MIB.txt")
# Debian's libsnmp has no IETF MIBs, erlang-snmp has them; NET-SNMP-MIB is in the first of these.
MIB_FOLDERS = ["/usr/share/snmp/mibs", *glob.glob("/usr/lib/erlang/lib/snmp-*/mibs"), os.path.dirname(MIB)]

STATES = {1: "ok", 2: "warning", 3: "critical", 4: "unknown"}

SNMPD_CONFIG = """
master agentx
agentXSocket unix:{socket}
agentaddress udp:127.0.0.1:{port}
rocommunity public 127.0.0.1
dontLogTCPWrappersConnects yes
"""


def environment(folder):
    """Keeps net-snmp's programs away from the machine's own configuration, and their traces in the folder."""
    os.makedirs(os.path.join(folder, "cert_indexes"), exist_ok=True)  # else each says that it makes it
    return {**os.environ, "SNMPCONFPATH": folder, "SNMP_PERSISTENT_DIR": folder, "MIBS": "", "HOME": folder}


def walk(port, folder, root=ROOT):
    """All objects below root: numeric OID (relative to it) -> value as text. Empty where no agent answers."""
    done = run("snmpwalk", "-v2c", "-c", "public", "-On", "-Oq", "-Oe", "-Ot", f"127.0.0.1:{port}", root,
               env=environment(folder))
    assert done.returncode == 0 or done.stderr.startswith("Timeout"), done.stderr
    values = {}
    for oid, value in re.findall(r'^\.([0-9.]+) (.*(?:\n(?!\.\d).*)*)$', done.stdout, re.MULTILINE):
        if oid.startswith(root + "."):
            values[oid.removeprefix(root + ".")] = value.strip().strip('"')
    return values


def walk_names(port, folder, name):
    """One column or table by its name in the MIB: [(object, index, value)], enumerations as words."""
    done = run("snmpwalk", "-v2c", "-c", "public", "-M", ":".join(MIB_FOLDERS), "-m", "FEDHEALTH-MIB",
               "-OQ", "-Os", f"127.0.0.1:{port}", f"FEDHEALTH-MIB::{name}", env=environment(folder))
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return [(each, index, value.strip('"'))
            for each, index, value in re.findall(r"^(\w+)\.(\S+) = (.*)$", done.stdout, re.MULTILINE)]


def domain_indexes(values):
    """Domain name -> fhDomainIndex, from a walk."""
    return {value: int(oid.rsplit(".", 1)[1]) for oid, value in values.items() if oid.startswith("1.2.1.2.")}


class Snmpd(Server):
    """A real snmpd: AgentX master at the unix socket `socket`, manager's side at UDP port `port`; `more` lines of
    configuration."""

    def __init__(self, folder, socket, port=None, more=""):
        self.port = port or free_port(SOCK_DGRAM)
        config = os.path.join(folder, "snmpd.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write(SNMPD_CONFIG.format(socket=socket, port=self.port) + more + "\n")
        super().__init__("snmpd", folder, ["/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", config, "-I", "-smux"],
                         lambda server: os.path.exists(socket) and walk(self.port, folder, "1.3.6.1.2.1.1.3"),
                         environment(folder))


class Snmptrapd(Server):
    """A real snmptrapd that writes each notification to its log, a line each; `more` lines of configuration."""

    def __init__(self, folder, more=""):
        self.port = free_port(SOCK_DGRAM)
        config = os.path.join(folder, "snmptrapd.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write("authCommunity log public\nformat2 trap %v\\n\n" + more)
        super().__init__("snmptrapd", folder, ["/usr/sbin/snmptrapd", "-f", "-Lo", "-n", "-C", "-c", config,
                                               "-On", "-Oq", f"udp:127.0.0.1:{self.port}"],
                         lambda server: "NET-SNMP version" in server.logged(), environment(folder))

    def of_fedhealth(self):
        """The notifications of FEDHEALTH-MIB, each as {OID below the root: value}."""
        found = [dict(re.findall(r"\.([0-9.]+) (.*?)(?=\t\.|$)", line)) for line in self.logged().splitlines()
                 if line.startswith("trap ") and f".{ROOT}.0." in line]
        return [{oid.removeprefix(f"{ROOT}."): value.strip('"') for oid, value in each.items()} for each in found]


def wait_for_subtree(port, folder):
    """Waits until the whole subtree is there, and returns it. The agent looks for a master every five seconds."""
    return wait_for("the subtree", lambda: walk(port, folder) or None, LONG_WAIT)
