"""ejabberd: one XMPP server with any number of hosts, a port for STARTTLS and one for direct TLS.

Started as an Erlang runtime of its own: ejabberdctl would change to the user ejabberd and to a node that others can
reach, which needs epmd, of which a machine has but one. This node has a name, since only such a one has a cookie, but
does not listen.
"""

import glob
import hashlib
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
    Its dialback `secret` comes from `cookie`, that of its Erlang node. `sender` asks whether it is there; `wait` as for
    Server."""

    def __init__(self, name, folder, hosts, require_encryption, sender, addresses=("127.0.0.1",), more=(),
                 ca_file=None, cookie="lab", wait=True):
        self.port = free_port()
        self.direct_port = free_port()
        listening = [(address, port) for port in (self.port, self.direct_port) for address in addresses]
        listening += more
        self.secret = hashlib.sha1(cookie.encode()).hexdigest()
        cookie_file = os.open(os.path.join(folder, ".erlang.cookie"), os.O_CREAT | os.O_WRONLY, 0o400)
        with open(cookie_file, "w", encoding="ascii") as out:
            out.write(cookie)
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
            "-sname", "lab@localhost", "-start_epmd", "false", "-dist_listen", "false",
            "-mnesia", "dir", json.dumps(os.path.join(folder, "mnesia")), "-s", "ejabberd"],
            lambda server: is_ready(listening, hosts, sender), env=_environment(folder, config), wait=wait)
