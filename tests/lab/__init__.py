"""A small lab of real servers on loopback and free ports: Knot DNS and Prosody, certificates from a CA of its own.

What is in it stands in cases.json. `quickstart run` and the integration tests use it alike:

    with Lab() as lab:
        lab.write_config(path)    # an agent configuration that checks every domain of the lab
"""

import contextlib
import json
import os
import shutil
import socket
import tempfile

from .certificates import Authority
from .knot import Knot
from .prosody import Prosody

with open(os.path.join(os.path.dirname(__file__), "cases.json"), encoding="utf-8") as _cases:
    TABLE = json.load(_cases)
CASES = TABLE["cases"]
CHECKS = tuple(CASES[0]["checks"])
MONITOR = TABLE["monitor"]

AGENT_CONFIG = """\
agent:
  domain: {monitor}
  interval: {interval}
  timeout: {timeout}
  confirm: {confirm}
dns:
  resolvers:
    - {{name: lab, address: "127.0.0.1:{dns_port}"}}
tls:
  ca_file: {ca_file}
domains:
{domains}
snmp:
{snmp}
"""

SNMP_MASTER = "  mode: master\n  listen: [\"udp:127.0.0.1:{port}\"]"
SNMP_AGENTX = "  mode: agentx\n  agentx_socket: {socket}"


class Lab:
    """The running lab. `ports` maps a server's name in cases.json to its s2s port; `dns_port` is Knot's."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = tempfile.mkdtemp(prefix="fedhealth-lab-")
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.servers = []
            self.ports = {}
            self.authority = Authority(self._make_folder("certificates"))
            self.ca_file = self.authority.ca_file
            for name, server in TABLE["servers"].items():
                self.ports[name] = self._start_peer(stack, name, server)
            knot = Knot(self._make_folder("knot"), TABLE["zone"], self._records())
            stack.callback(knot.stop)
            self.servers.append(knot)
            self.dns_port = knot.port
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _make_folder(self, name):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        return folder

    def _start_peer(self, stack, name, server):
        """Starts the server and returns its port. The port that refuses is bound, so that nobody takes it, and
        never listened on."""
        if "s2s_require_encryption" not in server:
            refusing = stack.enter_context(socket.socket())
            refusing.bind(("127.0.0.1", 0))
            return refusing.getsockname()[1]
        hosts = {case["domain"]: self._certificate(case) for case in CASES if case["host"] and case["server"] == name}
        prosody = Prosody(name, self._make_folder(name), hosts, server["s2s_require_encryption"], MONITOR)
        stack.callback(prosody.stop)
        self.servers.append(prosody)
        return prosody.port

    def _certificate(self, case):
        wanted = case["host"]["certificate"]
        return self.authority.issue_host(case["domain"], wanted["names"], wanted["days"]) if wanted else None

    def _records(self):
        """The zone: every server's target has the same address, the port tells them apart."""
        records = ["xmpp A 127.0.0.1"]
        records += [f"_xmpp-server._tcp.{case['domain']}. SRV 0 0 {self.ports[case['server']]} xmpp"
                    for case in CASES if case["server"]]
        return records

    def write_config(self, path, interval="10s", timeout="5s", confirm=2, dns_port=None, snmp_port=1161,
                     agentx_socket=None):
        """Writes an agent configuration that checks every domain of the lab. Returns the path."""
        snmp = SNMP_AGENTX.format(socket=agentx_socket) if agentx_socket else SNMP_MASTER.format(port=snmp_port)
        with open(path, "w", encoding="utf-8") as out:
            out.write(AGENT_CONFIG.format(
                monitor=MONITOR, interval=interval, timeout=timeout, confirm=confirm,
                dns_port=dns_port or self.dns_port, ca_file=self.ca_file, snmp=snmp,
                domains="\n".join(f"  - {case['domain']}" for case in CASES)))
        return path
