"""Prosody: one XMPP server on one s2s port, with any number of hosts."""

import os
import socket

from .server import Server, free_port

CONFIG = """
run_as_root = true
pidfile = "{folder}/pid"
data_path = "{folder}"
certificates = "{folder}"
plugin_paths = {{}}
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
interfaces = {{ "127.0.0.1" }}
s2s_ports = {{ {port} }}
modules_enabled = {{ "tls", "dialback", "saslauth" }}
modules_disabled = {{ "c2s", "offline", "presence", "message", "iq" }}
s2s_require_encryption = {require_encryption}
"""

HOST_WITH_TLS = """
VirtualHost "{domain}"
    ssl = {{ certificate = "{certificate}", key = "{key}" }}
"""

HOST_WITHOUT_TLS = """
VirtualHost "{domain}"
    modules_disabled = {{ "tls" }}
"""

HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
          " xmlns:db='jabber:server:dialback' from='{sender}' to='{domain}' version='1.0'>")


def open_stream(port, domain, sender):
    """What the server at this port answers to a stream header for the domain, up to its features or its end."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
        peer.sendall(HEADER.format(sender=sender, domain=domain).encode())
        while b"</stream:features>" not in answer and b"</stream:stream>" not in answer:
            part = peer.recv(4096)
            if not part:
                break
            answer += part
    return answer.decode()


class Prosody(Server):
    """`hosts` maps each domain to (certificate chain, key), or to None for a host without TLS."""

    def __init__(self, name, folder, hosts, require_encryption, sender):
        self.port = free_port()
        config = os.path.join(folder, "prosody.cfg.lua")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(folder=folder, port=self.port,
                                    require_encryption="true" if require_encryption else "false"))
            for domain, files in hosts.items():
                if files:
                    out.write(HOST_WITH_TLS.format(domain=domain, certificate=files[0], key=files[1]))
                else:
                    out.write(HOST_WITHOUT_TLS.format(domain=domain))
        super().__init__(f"prosody ({name})", folder, ["/usr/bin/prosody", "--config", config, "-F"],
                         lambda server: all("<stream:features" in open_stream(self.port, domain, sender)
                                            for domain in hosts))
