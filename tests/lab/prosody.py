"""Prosody: one XMPP server with any number of hosts, a port for STARTTLS and one for direct TLS, and on request one for
users."""

import os
import signal
import time

from .server import Server, ServerFailed, free_port
from .stream import is_ready

CONFIG = """
run_as_root = true
pidfile = "{folder}/pid"
data_path = "{folder}"
certificates = "{folder}"
plugin_paths = {{ "{folder}" }}
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
interfaces = {{ {addresses} }}
s2s_ports = {{ {port} }}
s2s_direct_tls_ports = {{ {direct_port} }}
s2s_require_encryption = {require_encryption}
"""

SECRET = """
dialback_secret = "{secret}"
"""

PEERS_ONLY = """
modules_enabled = { "tls", "dialback", "saslauth", "lab" }
modules_disabled = { "c2s", "offline", "presence", "message", "iq" }
"""

FEDERATION = """
modules_enabled = {{ "tls", "dialback", "saslauth", "ping", "lab" }}
modules_disabled = {{ "offline", "presence", "message" }}
c2s_ports = {{ {client_port} }}
authentication = "internal_plain"
lab_routes = {{ {routes} }}
"""

# What tests count is logged; and with routes, peers are found without DNS, at ports of 127.0.0.1.
PLUGIN = """
module:set_global();
local destroy_session = require "core.s2smanager".destroy_session;
local manual = require "net.resolvers.manual";
local service = require "net.resolvers.service";
local routes = module:get_option("lab_routes");

-- Connections to peers that have no route any more end.
module:hook("config-reloaded", function ()
    routes = module:get_option("lab_routes");
    for _, host in pairs(prosody.hosts) do
        for peer, session in pairs(host.s2sout or {}) do
            if not routes[peer] then
                session:close();
                destroy_session(session);
            end
        end
    end
    module:log("info", "routes taken");
end);

if routes then
    function service.new(host, service_name, conn_type, extra)
        local port = service_name == "xmpp-server" and routes[host];
        return manual.new(port and { { conn_type, "127.0.0.1", port, extra } } or {}, conn_type, extra);
    end
end

function module.add_host(module)
    for _, kind in ipairs { "result", "verify" } do
        module:hook("stanza/jabber:server:dialback:" .. kind, function (event)
            local attr = event.stanza.attr;
            event.origin.log("info", "db:%s from %s to %s %s", kind, attr.from, attr.to, attr.type or "asked");
        end, 10);
    end
    module:hook("authentication-success", function (event)
        event.session.log("info", "login accepted");
    end, 10);
    module:hook("authentication-failure", function (event)
        event.session.log("info", "login refused");
    end, 10);
    module:hook("s2s-authenticated", function (event)
        event.session.log("info", "peer proven by %s", event.mechanism);
    end, 10);
    module:hook("iq-get/host/urn:xmpp:ping:ping", function (event)
        module:log("info", "ping from %s", event.stanza.attr.from);
    end, 10);
end
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


HOST_WITHOUT_PING = """\
    modules_disabled = { "ping" }
"""


def _write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def add_account(folder, account, password):
    """Adds user@domain to the server that has its data in this folder."""
    user, domain = ("".join(letter if letter.isalnum() else f"%{ord(letter):02x}" for letter in part)
                    for part in account.split("@"))
    path = os.path.join(folder, domain, "accounts")
    os.makedirs(path, exist_ok=True)
    _write(os.path.join(path, user + ".dat"), f'return {{ ["password"] = "{password}" }};\n')


class Prosody(Server):
    """`hosts` maps each domain to (certificate chain, key), or to None for a host without TLS. It listens at `port` of
    these addresses, and for direct TLS at `direct_port`. `secret` is that of dialback, a random one if there is none.
    With `routes`, which maps a peer's domain to its port, it federates: users log in at `client_port`, it answers pings
    but for the domains in `mute`, and logs both. `sender` asks whether it is there; `wait` as for Server."""

    def __init__(self, name, folder, hosts, require_encryption, sender, addresses=("127.0.0.1",), secret=None,
                 routes=None, mute=(), port=None, wait=True):
        self.secret = secret
        self.port = port or free_port()
        self.direct_port = free_port()
        self.client_port = None if routes is None else free_port()
        listening = [(address, port) for port in (self.port, self.direct_port) for address in addresses]
        if self.client_port:
            listening += [(address, self.client_port) for address in addresses]
        self._head = CONFIG.format(folder=folder, port=self.port, direct_port=self.direct_port,
                                   addresses=", ".join(f'"{address}"' for address in addresses),
                                   require_encryption="true" if require_encryption else "false")
        if secret:
            self._head += SECRET.format(secret=secret)
        self._hosts, self._mute = hosts, mute
        self._config = os.path.join(folder, "prosody.cfg.lua")
        self._write_config(routes)
        _write(os.path.join(folder, "mod_lab.lua"), PLUGIN)
        super().__init__(f"prosody ({name})", folder, ["/usr/bin/prosody", "--config", self._config, "-F"],
                         lambda server: is_ready(listening, hosts, sender), wait=wait)

    def _write_config(self, routes):
        config = self._head
        if routes is None:
            config += PEERS_ONLY
        else:
            config += FEDERATION.format(client_port=self.client_port,
                                        routes=", ".join(f'["{peer}"] = {at}' for peer, at in routes.items()))
        for domain, files in self._hosts.items():
            if files:
                config += HOST_WITH_TLS.format(domain=domain, certificate=files[0], key=files[1])
            else:
                config += HOST_WITHOUT_TLS.format(domain=domain)
            if domain in self._mute:
                config += HOST_WITHOUT_PING
        _write(self._config, config)

    def set_routes(self, routes):
        """Has the running server take these routes, and waits until it has."""
        times = self.logged().count("routes taken")
        self._write_config(routes)
        os.kill(self.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + self.ready_timeout
        while self.logged().count("routes taken") == times:
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} did not take its routes within {self.ready_timeout} s")
            time.sleep(0.02)
