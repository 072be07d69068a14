"""Knot DNS: one authoritative server of one zone."""

import os
import socket
import struct
import subprocess

from .server import Server, free_port

CONFIG = """
server:
    listen: 127.0.0.1@{port}
    rundir: "{folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
control:
    listen: "{folder}/control"
log:
  - target: stderr
    any: info
policy:
  - id: lab
    single-type-signing: on
zone:
  - domain: {zone}
    file: "{folder}/zone"
    journal-content: none
    zonefile-sync: -1
"""

SIGNING = """\
    dnssec-signing: on
    dnssec-policy: lab
"""

ZONE_HEAD = """
$ORIGIN {zone}.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""


def is_answered(port, zone, authoritative=False):
    """Whether the server at this UDP port answers for the zone's SOA, and as its authority, if that is asked for."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split("."))
    wanted = 0 if authoritative else 0x0100  # recursion
    query = struct.pack(">6H", 0x4C41, wanted, 1, 0, 0, 0) + name + b"\0" + struct.pack(">2H", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect(("127.0.0.1", port))
        client.send(query)
        ident, flags, _, answers = struct.unpack(">4H", client.recv(512)[:8])
    rcode = flags & 0x000F
    return ident == 0x4C41 and (flags & 0x0400 or not authoritative) and rcode == 0 and answers == 1


class Knot(Server):
    """`records` are the lines of the zone file after SOA and NS. The server's address is 127.0.0.1:`port`. It signs the
    zone if `signed`, with a key that it makes. `wait` as for Server."""

    def __init__(self, folder, zone, records, signed=False, wait=True):
        self.port = free_port(socket.SOCK_DGRAM, socket.SOCK_STREAM)
        with open(os.path.join(folder, "zone"), "w", encoding="ascii") as out:
            out.write(ZONE_HEAD.format(zone=zone) + "\n".join(records) + "\n")
        self._zone = zone
        self._config = os.path.join(folder, "knot.conf")
        with open(self._config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(port=self.port, folder=folder, zone=zone) + (SIGNING if signed else ""))
        super().__init__("knot", folder, ["/usr/sbin/knotd", "--config", self._config],
                         lambda server: is_answered(self.port, zone, authoritative=True), wait=wait)

    def anchors(self):
        """DS records of the key that signs the zone, for who validates it."""
        done = subprocess.run(["/usr/sbin/keymgr", "--config", self._config, self._zone, "ds"], capture_output=True,
                              text=True, check=True)
        return done.stdout.splitlines()
