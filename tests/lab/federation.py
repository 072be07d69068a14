"""Two Prosodys that federate with one another, by dialback, an account at the one from which the other is pinged, and
Knot DNS, in which both stand."""

import contextlib
import os
import shutil
import tempfile

from .certificates import Authority
from .knot import Knot
from .prosody import Prosody, add_account
from .server import free_port

NEAR, FAR = "near.lab.test", "far.lab.test"
ACCOUNT, PASSWORD = "probe@" + NEAR, "the probe's password"
ASKING = "monitor.lab.test"  # who asks whether the servers are there


class Federation:
    """`near` has the account, `far` answers its pings until lose_route(). `ca_file` is what has signed both, `dns_port`
    that of Knot."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = tempfile.mkdtemp(prefix="fedhealth-lab-")
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            authority = Authority(self._make_folder("certificates"))
            self.ca_file = authority.ca_file
            self._hosts = {name: {name: authority.issue_host(name, [name], [-30, 90])} for name in (NEAR, FAR)}
            self._ports = {NEAR: free_port(), FAR: free_port()}
            self.near = self.far = self._dns = None
            add_account(self._make_folder(NEAR), ACCOUNT, PASSWORD)
            self._make_folder(FAR)
            stack.callback(self._stop)
            self.near, self.far = self._start(NEAR), self._start(FAR)
            self._dns = Knot(self._make_folder("knot"), "lab.test", [
                "xmpp A 127.0.0.1",
                f"_xmpp-client._tcp.near SRV 0 0 {self.near.client_port} xmpp",
                f"_xmpp-server._tcp.near SRV 0 0 {self.near.port} xmpp",
                f"_xmpp-server._tcp.far SRV 0 0 {self.far.port} xmpp",
            ], wait=False)
            self.dns_port = self._dns.port
            for server in self.servers:
                server.wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    @property
    def servers(self):
        """Those that were started."""
        return [server for server in (self.near, self.far, self._dns) if server]

    def _make_folder(self, name):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        return folder

    def _start(self, name):
        return Prosody(name, os.path.join(self.folder, name), self._hosts[name], True, ASKING, routes=self._ports,
                       port=self._ports[name], wait=False)

    def _stop(self):
        for server in self.servers:
            server.stop()

    def lose_route(self):
        """From now on the near server returns what is meant for the far one, which is as well as before."""
        self.near.set_routes({})

    def restore_route(self):
        """As it was in the beginning."""
        self.near.set_routes(self._ports)
