"""Unbound: a resolver that validates, and asks one server of the lab about one zone and nobody about anything else."""

import os
import socket

from .knot import is_answered
from .server import Server, free_port

CONFIG = """
server:
    interface: 127.0.0.1@{port}
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    do-daemonize: no
    num-threads: 1
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    verbosity: 1
    module-config: "validator iterator"
    local-zone: "test." nodefault
{local}
{anchors}
stub-zone:
    name: "{zone}."
    stub-addr: 127.0.0.1@{authority}
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{nobody}
remote-control:
    control-enable: no
"""


class Unbound(Server):
    """A resolver at 127.0.0.1:`port`, which has the zone from the server at the port `authority`. `anchors` are DS
    records of the zone, in the form of a zone file; without one nothing is validated. `local` maps names to the record
    data that this resolver gives for them in place of the zone's, such as "SRV 0 0 5269 elsewhere."."""

    def __init__(self, folder, zone, authority, anchors=(), local=None, wait=True):
        self.port = free_port(socket.SOCK_DGRAM, socket.SOCK_STREAM)
        lines = []
        for name, records in (local or {}).items():
            lines.append(f'    local-zone: "{name}." static')
            lines += [f'    local-data: "{name}. 60 IN {record}"' for record in records]
        config = os.path.join(folder, "unbound.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(port=self.port, folder=folder, zone=zone, authority=authority,
                                    nobody=free_port(socket.SOCK_DGRAM), local="\n".join(lines),
                                    anchors="\n".join(f'    trust-anchor: "{anchor}"' for anchor in anchors)))
        super().__init__("unbound", folder, ["/usr/sbin/unbound", "-d", "-c", config],
                         lambda server: is_answered(self.port, zone), wait=wait)
