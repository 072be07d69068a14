"""ejabberd: one XMPP server with any number of hosts, a port for STARTTLS and one for direct TLS.

Started as an Erlang runtime of its own: ejabberdctl would change to the user ejabberd and to a node with a name, and
a node with a name needs epmd, of which a machine has but one.
"""

import glob
import json
import os

from .server import Server, free_port
from .stream import is_ready

PROGRAM = "/usr/lib/*/ejabberd-*/ebin/ejabberd.app"


def _environment(folder, config):
    program = max(glob.glob(PROGRAM), default=PROGRAM)  # without one, the runtime says so in its log
    return {**os.environ,
            "HOME": folder,
            "ERL_LIBS": os.path.dirname(os.path.dirname(os.path.dirname(program))),
            "ERL_CRASH_DUMP": os.path.join(folder, "crash"),
            "EJABBERD_CONFIG_PATH": config,
            "EJABBERD_LOG_PATH": os.path.join(folder, "ejabberd.log")}


class Ejabberd(Server):
    """`hosts` maps each domain to (certificate chain, key), and `ca_file` has the authority of these. It listens at
    `port` of the addresses, for direct TLS at `direct_port`, and besides at `more`: (address, port) of its own.
    `sender` asks whether it is there; `wait` as for Server."""

    def __init__(self, name, folder, hosts, require_encryption, sender, addresses=("127.0.0.1",), more=(),
                 ca_file=None, wait=True):
        self.port = free_port()
        self.direct_port = free_port()
        listening = [(address, port) for port in (self.port, self.direct_port) for address in addresses]
        listening += more
        config = os.path.join(folder, "ejabberd.yml")
        with open(config, "w", encoding="utf-8") as out:
            json.dump({
                "hosts": list(hosts),
                "certfiles": [path for files in hosts.values() for path in files],
                **({"ca_file": ca_file} if ca_file else {}),
                "s2s_use_starttls": "required" if require_encryption else "optional",
                "listen": [{"module": "ejabberd_s2s_in", "ip": address, "port": port, "tls": port == self.direct_port}
                           for address, port in listening],
                "modules": {"mod_s2s_dialback": {}},
                "acme": {"auto": False},
            }, out)  # which is YAML too
        super().__init__(f"ejabberd ({name})", folder, [
            "/usr/bin/erl", "-noinput", "+S", "1", "+sbwt", "none",
            "-mnesia", "dir", json.dumps(os.path.join(folder, "mnesia")), "-s", "ejabberd"],
            lambda server: is_ready(listening, hosts, sender), env=_environment(folder, config), wait=wait)
