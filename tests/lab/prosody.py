"""Prosody: one XMPP server with any number of hosts, a port for STARTTLS and one for direct TLS."""

import os

from .server import Server, free_port
from .stream import is_ready

CONFIG = """
run_as_root = true
pidfile = "{folder}/pid"
data_path = "{folder}"
certificates = "{folder}"
plugin_paths = {{}}
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
interfaces = {{ {addresses} }}
s2s_ports = {{ {port} }}
s2s_direct_tls_ports = {{ {direct_port} }}
modules_enabled = {{ "tls", "dialback", "saslauth" }}
modules_disabled = {{ "c2s", "offline", "presence", "message", "iq" }}
s2s_require_encryption = {require_encryption}
{more}
"""

# Direct TLS chooses by SNI, and looks for the files under a name of its own.
HOST_WITH_TLS = """
VirtualHost "{domain}"
    ssl = {{ certificate = "{certificate}", key = "{key}" }}
    s2s_direct_tls_ssl = {{ certificate = "{certificate}", key = "{key}" }}
"""

HOST_WITHOUT_TLS = """
VirtualHost "{domain}"
    modules_disabled = {{ "tls" }}
"""


class Prosody(Server):
    """`hosts` maps each domain to (certificate chain, key), or to None for a host without TLS. It listens at `port` of
    these addresses, and for direct TLS at `direct_port`. `secret` is that of dialback, a random one if there is none.
    `sender` asks whether it is there; `wait` as for Server."""

    def __init__(self, name, folder, hosts, require_encryption, sender, addresses=("127.0.0.1",), secret=None,
                 wait=True):
        self.secret = secret
        self.port = free_port()
        self.direct_port = free_port()
        listening = [(address, port) for port in (self.port, self.direct_port) for address in addresses]
        config = os.path.join(folder, "prosody.cfg.lua")
        with open(config, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(folder=folder, port=self.port, direct_port=self.direct_port,
                                    addresses=", ".join(f'"{address}"' for address in addresses),
                                    require_encryption="true" if require_encryption else "false",
                                    more=f'dialback_secret = "{secret}"' if secret else ""))
            for domain, files in hosts.items():
                if files:
                    out.write(HOST_WITH_TLS.format(domain=domain, certificate=files[0], key=files[1]))
                else:
                    out.write(HOST_WITHOUT_TLS.format(domain=domain))
        super().__init__(f"prosody ({name})", folder, ["/usr/bin/prosody", "--config", config, "-F"],
                         lambda server: is_ready(listening, hosts, sender), wait=wait)
