"""jabberd2: its router and its s2s component, which is all that peers see of one. It takes any domain for its own, has
one certificate for all of them, and is the one server here that makes dialback keys with SHA-1."""

import os
from xml.sax.saxutils import escape

from .server import Server, free_port
from .stream import is_ready

ROUTER = """\
<router>
  <id>router</id>
  <log type='stdout'/>
  <local><ip>127.0.0.1</ip><port>{port}</port><users>users.xml</users></local>
  <aci><acl type='all'><user>jabberd</user></acl></aci>
</router>
"""

USERS = "<users><user><name>jabberd</name><secret>router</secret></user></users>\n"

S2S = """\
<s2s>
  <id>s2s</id>
  <router>
    <ip>127.0.0.1</ip><port>{router}</port><user>jabberd</user><pass>router</pass>
    <retry><init>-1</init><lost>0</lost><sleep>1</sleep></retry>
  </router>
  <log type='stdout'/>
  <local>
    <ip>{address}</ip><port>{port}</port><secret>{secret}</secret><pemfile>server.pem</pemfile>
  </local>
  <io><limits><stanzasize>65535</stanzasize></limits></io>
  <lookup><srv>xmpp-server</srv></lookup>
  <security>{require_tls}</security>
</s2s>
"""


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
        out.write(text)


class Jabberd2(Server):
    """The s2s component, and with it the router. `hosts` maps its domains to the one (certificate chain, key). It
    listens at `port` of the one address; there is no direct TLS. `secret` is that of dialback. `sender` asks whether it
    is there; `wait` as for Server."""

    direct_port = None

    def __init__(self, name, folder, hosts, require_encryption, sender, secret, addresses=("127.0.0.1",), wait=True):
        (files,), (address,) = set(hosts.values()), addresses
        self.secret = secret
        self.port, router = free_port(), free_port()
        parts = []
        for path in files:
            with open(path, encoding="ascii") as part:
                parts.append(part.read())
        _write(folder, "server.pem", "".join(parts))
        _write(folder, "s2s.xml", S2S.format(
            router=router, address=address, port=self.port, secret=escape(secret),
            require_tls="<require_tls/>" if require_encryption else ""))
        router_folder = os.path.join(folder, "router")
        os.mkdir(router_folder)
        _write(router_folder, "users.xml", USERS)
        _write(router_folder, "router.xml", ROUTER.format(port=router))
        self.router = Server(f"jabberd2's router ({name})", router_folder,
                             ["/usr/sbin/jabberd2-router", "-c", "router.xml"],
                             lambda server: "listening for incoming connections" in server.logged())
        try:
            super().__init__(f"jabberd2 ({name})", folder, ["/usr/sbin/jabberd2-s2s", "-c", "s2s.xml"],
                             lambda server: is_ready([(address, self.port)], hosts, sender), wait=wait)
        except BaseException:
            self.router.stop()
            raise

    def stop(self):
        """Ends both processes."""
        super().stop()
        self.router.stop()
