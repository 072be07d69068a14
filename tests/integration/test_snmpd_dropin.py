"""dist/snmpd/fedhealth.conf: with it, and only with it, Debian's snmpd.conf lets the agent in and a manager see it."""

import os
import pwd
import re
import shutil
import stat
import tempfile
from socket import SOCK_DGRAM

import pytest

import agent as agent_module
from agent import PATIENCE, SOURCE, Agent, folder_in, run, wait_for
from lab.server import Server, free_port
from snmp import ROOT, domain_indexes, environment, wait_for_subtree, walk

DROP_IN = os.path.join(SOURCE, "dist", "snmpd", "fedhealth.conf")
UNIT = "/lib/systemd/system/snmpd.service"
ROOTLY = os.getuid() == 0
GROUP = 64999 if ROOTLY else os.getgid()  # nobody's group, and nobody's user: what `fedhealth` is on a real machine

# As `setpriv --reuid --regid --clear-groups`, in the place of fedhealthd.
AS_ANOTHER = "#!/bin/sh\nexec setpriv --reuid {group} --regid {group} --clear-groups {program} \"$@\"\n"


def debian_config():
    """The snmpd.conf of Debian's package, which only root may read."""
    if not ROOTLY and not shutil.which("sudo"):
        pytest.skip("neither root nor sudo, to read /etc/snmp/snmpd.conf")
    done = run(*([] if ROOTLY else ["sudo", "-n"]), "cat", "/etc/snmp/snmpd.conf")
    assert done.returncode == 0, done.stderr
    return done.stdout


class DebianSnmpd(Server):
    """snmpd as Debian's unit starts it, with Debian's snmpd.conf: only addresses and paths are others. As root it runs
    as Debian-snmp, like there."""

    def __init__(self, folder, drop_in):
        self.port = free_port(SOCK_DGRAM)
        self.socket = os.path.join(folder, "agentx", "master")  # snmpd makes its folder, as it does /var/agentx
        included = folder_in(folder, "snmpd.conf.d")
        with open(os.path.join(included, "paths.conf"), "w", encoding="ascii") as out:
            out.write(f"agentXSocket unix:{self.socket}\n")
        if drop_in:
            with open(DROP_IN, encoding="ascii") as text:
                lines = text.read()
            user = "Debian-snmp" if ROOTLY else str(os.getuid())
            lines = lines.replace("Debian-snmp fedhealth", f"{user} {GROUP}")
            with open(os.path.join(included, "fedhealth.conf"), "w", encoding="ascii") as out:
                out.write(lines)
        config, changes = debian_config(), 0
        for old, new in ((r"^agentaddress .*$", f"agentaddress udp:127.0.0.1:{self.port}"),
                         (r"^includeDir .*$", f"includeDir {included}")):
            config, count = re.subn(old, new, config, flags=re.MULTILINE)
            changes += count
        assert changes == 2
        path = os.path.join(folder, "snmpd.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(config)
        with open(UNIT, encoding="ascii") as unit:
            start = re.search(r"^ExecStart=(.*)$", unit.read(), re.MULTILINE)[1].replace("-LOw", "-Lo").split()
        if ROOTLY:
            os.chmod(folder, 0o755)
            shutil.chown(folder, pwd.getpwnam("Debian-snmp").pw_uid)
        else:
            start = [word for word in start if word not in ("-u", "-g", "Debian-snmp")]
        super().__init__("snmpd", folder, [*start, "-C", "-c", path],
                         lambda server: walk(self.port, folder, "1.3.6.1.2.1.1.3"), environment(folder))


@pytest.fixture(name="another")
def _another(folder, monkeypatch):
    """fedhealthd runs as another user than snmpd; its folder is that user's."""
    os.chmod(folder, 0o755)
    own = folder_in(folder, "agent")
    if ROOTLY:
        program = os.path.join(folder, "fedhealthd")
        shutil.copy(agent_module.FEDHEALTHD, program + "-itself")  # the build may lie where others cannot go
        with open(program, "w", encoding="ascii") as out:
            out.write(AS_ANOTHER.format(group=GROUP, program=program + "-itself"))
        os.chmod(program, 0o755)
        monkeypatch.setattr(agent_module, "FEDHEALTHD", program)
        os.chown(own, GROUP, GROUP)
    return own


@pytest.fixture(name="readable")
def _readable(lab):
    """write_config, with a copy of the lab's CA that every user can read."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copy(lab.ca_file, folder)
        os.chmod(copy, 0o644)

        def write(path, **options):
            lab.write_config(path, **options)
            with open(path, encoding="utf-8") as text:
                config = text.read().replace(lab.ca_file, copy)
            with open(path, "w", encoding="utf-8") as out:
                out.write(config)
            return path
        yield write


@pytest.mark.parametrize("drop_in", [True, False])
def test_drop_in_is_what_debian_lacks(readable, folder, another, drop_in):
    snmpd = DebianSnmpd(folder_in(folder, "snmpd"), drop_in)
    try:
        agent = Agent(another, readable, agentx_socket=snmpd.socket, interval="1h", confirm=1, timeout=PATIENCE,
                      domains=["healthy.lab.test", "refused.lab.test"])
        try:
            agent.first_round_done()
            if drop_in:
                values = wait_for_subtree(snmpd.port, folder)
                assert set(domain_indexes(values)) == {"healthy.lab.test", "refused.lab.test"}
                assert values["1.1.5.0"] == "1"
                socket = os.stat(snmpd.socket)
                assert (stat.S_IMODE(socket.st_mode), socket.st_gid) == (0o660, GROUP)
                assert agent.scrape().one("fedhealth_snmp_agentx_connected") == 1
            else:
                if ROOTLY:  # else it is the same user, who may
                    wait_for("the refusal", lambda: "Permission denied" in agent.logged())
                assert not walk(snmpd.port, folder, ROOT)
        finally:
            agent.stop()
    finally:
        snmpd.stop()
