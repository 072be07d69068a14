"""A small lab of real servers on loopback and free ports: Knot DNS, Prosody, ejabberd, jabberd2 and what looks like
Cisco IM and Presence nodes, certificates from a CA of its own.

What is in it stands in cases.json. `quickstart run`, docs/lab.md and the integration tests use it alike:

    with Lab() as lab:
        lab.write_config(path)    # an agent configuration that checks every domain and node of the lab
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile

from . import imp
from .certificates import Authority
from .ejabberd import Ejabberd
from .imp import cases as imp_cases
from .jabberd2 import Jabberd2
from .knot import Knot
from .prosody import Prosody, add_account
from .server import bind, free_port, has_ipv6, own_address

CHECKS = ("srv", "connect", "stream", "starttls", "certificate", "auth", "dialback", "ping")
ENDPOINT = ("endpoint", "address", "transport", "status", "reason")  # as the labels of a metric
XMPP_SERVER_PORT = 5269  # RFC 6120 14.7


def _expand_checks(different):
    """All eight checks: what is not said to be different is ok, until one is critical and the rest is not reached."""
    checks, reached = {}, True
    for check in CHECKS:
        usual = ["ok", "ok"] if reached else ["unknown", "not_reached"]
        if check in ("dialback", "ping"):
            usual = ["unknown", "not_configured"]
        checks[check] = different.get(check, usual)
        if check in ("srv", "connect", "stream", "starttls") and checks[check][0] == "critical":
            reached = False
    return checks


def _expand_endpoint(server, checks):
    """The one endpoint of a domain: it is as bad as its worst check."""
    found = [checks[check] for check in ("connect", "stream", "starttls", "certificate", "auth", "dialback")]
    bad = [each for each in found if each[0] in ("warning", "critical")]
    return ["xmpp.lab.test:{%s}" % server, "127.0.0.1", "starttls", *(bad[0] if bad else ["ok", "ok"])]


def _expand(case, servers):
    """A case with all that cases.json leaves out.

    domain, unicode  the domain as an A-label and as a U-label
    server           the name of the server that it is about, or None
    host             None where that server does not host it, else its certificate, or None for no TLS
    hosts            the names of the servers that host it: that one, and those of `also_at`
    dns, config      lines of a zone file; keys of the domain in the agent's configuration
    state, checks    what must be found: of the domain, and [state, reason] of every check
    endpoints        and of every endpoint, as in ENDPOINT
    ping             what becomes of a ping: "answered", "unanswered" or "no route"; or None where none is sent
    needs            what not every machine has, see Lab.lacking; or None
    """
    server = case.get("server")
    checks = _expand_checks(case.get("checks", {}))
    certificate = case.get("certificate", {})
    if certificate is not None:
        certificate = {"names": [case["domain"]], "days": [-30, 90], "issuer": "intermediate", **certificate}
    hosted = server is not None and servers[server]["program"] is not None and case.get("hosted", True)
    return {
        "domain": case["domain"],
        "unicode": case.get("unicode", case["domain"]),
        "about": case["about"],
        "server": server,
        "host": {"certificate": certificate} if hosted else None,
        "hosts": [server, *case.get("also_at", [])] if hosted else [],
        "dns": case.get("dns", ["_xmpp-server._tcp SRV 0 0 {%s} xmpp.lab.test." % server] if server else []),
        "config": case.get("config", {}),
        "state": case["state"],
        "checks": checks,
        "endpoints": case.get("endpoints", [_expand_endpoint(server, checks)] if server else []),
        "ping": case.get("ping"),
        "needs": case.get("needs"),
    }


with open(os.path.join(os.path.dirname(__file__), "cases.json"), encoding="utf-8") as _cases:
    TABLE = json.load(_cases)
CASES = [_expand(case, TABLE["servers"]) for case in TABLE["cases"]]
IMP_CASES = [imp_cases.expand(case) for case in TABLE["imp_nodes"]]
MONITOR = TABLE["monitor"]
PING = TABLE["ping"]

AGENT_CONFIG = """\
agent:
  domain: {monitor}
  interval: {interval}
  timeout: {timeout}
  confirm: {confirm}
  state_dir: {state_dir}
dns:
  resolvers:
{resolvers}
tls:
  ca_file: {ca_file}
domains:
{domains}
snmp:
{snmp}
"""

SNMP_MASTER = "  mode: master\n  listen: [\"udp:127.0.0.1:{port}\"]"
SNMP_AGENTX = "  mode: agentx\n  agentx_socket: {socket}"


def as_yaml(value):
    """JSON that is YAML too: no surrogates, and what YAML takes for a line break or leaves out is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda found: f"\\u{ord(found[0]):04x}", text)


class Lab:
    """The running lab.

    ports         a server's name in cases.json -> its s2s port, and NAME_direct -> its port for direct TLS
    secrets       its name -> its dialback secret; "wrong" -> one that is nobody's, "ping" -> the password of the
                  account that pings
    secret_files  NAME_secret -> a file with that
    client_port   where that account logs in
    dns_port      Knot's
    lacking       by the names in `needs` of cases.json, what this machine has not: cases that need it turn out
                  otherwise, and without "node" there are no IM and Presence nodes: `imp` is None
    """

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = tempfile.mkdtemp(prefix="fedhealth-lab-")
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._stack = stack
            self.servers = []
            self.ports = {}
            self.secrets = {}
            self.secret_files = {}
            self.lacking = {}
            self._look_at_the_machine()
            self.authority = Authority(self._make_folder("certificates"))
            self.ca_file = self.authority.ca_file
            self._issued = {}
            self._given, self._routes = self._plan_routes()
            self._secret_folder = self._make_folder("secrets")
            self._keep_secret("ping", secrets.token_hex(20))
            self._keep_secret("wrong", secrets.token_hex(20))
            for name, settings in TABLE["servers"].items():
                self._start_peer(name, settings)
            self.imp = None if imp_cases.NEED in self.lacking else self._start_imp_nodes()
            self.dns_port = self._add(Knot(self._make_folder("knot"), TABLE["zone"], self._records(), wait=False)).port
            for server in self.servers:
                server.wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _look_at_the_machine(self):
        self._fallback = []
        if not has_ipv6():
            self.lacking["ipv6"] = "This machine has no ::1, so that nothing can listen there."
        address = own_address(XMPP_SERVER_PORT)
        if address:
            self._fallback.append((address, XMPP_SERVER_PORT))
        else:
            self.lacking["port 5269"] = "Port 5269 is taken at every loopback address by another program."
        self.own_address = address or "127.0.0.1"
        words = imp.lacking()
        if words:
            self.lacking[imp_cases.NEED] = words + " There are no IM and Presence nodes."

    def _plan_routes(self):
        """Of the servers that federate for `ping`: the ports, and where each finds the other's domains."""
        near, far = PING["near"], PING["far"]
        ports = {near: free_port(), far: free_port()}
        pinged = [case["unicode"] for case in CASES if case["ping"] in ("answered", "unanswered")]
        return ports, {near: dict.fromkeys(pinged, ports[far]), far: {PING["account"].split("@")[1]: ports[near]}}

    def _make_folder(self, name):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        return folder

    def _add(self, server):
        self._stack.callback(server.stop)
        self.servers.append(server)
        return server

    def _start_peer(self, name, settings):
        """Starts the server, without waiting for it. Where nobody is to listen, its port is kept from others."""
        if settings["program"] is None:
            self.ports[name] = free_port()
            self._keep_shut(["127.0.0.1", "::1"], self.ports[name])
            return
        addresses = [each for each in settings["addresses"] if each != "::1" or "ipv6" not in self.lacking]
        hosted = [case for case in CASES if name in case["hosts"]]
        folder, secret = self._make_folder(name), secrets.token_hex(20)
        program, more = self._program(name, settings["program"], secret)
        if name == PING["near"]:
            add_account(folder, PING["account"], self.secrets["ping"])
        hosts = self._certificates(name, hosted, shared=program is Jabberd2)
        server = self._add(program(name, folder, hosts, settings["tls"] == "required", MONITOR,
                                   addresses=addresses, wait=False, **more))
        self.ports[name], self.ports[name + "_direct"] = server.port, server.direct_port
        if name == PING["near"]:
            self.client_port = server.client_port
        self._keep_secret(name, server.secret)
        if "::1" not in addresses:
            self._keep_shut(["::1"], server.port)

    def _program(self, name, program, secret):
        """The server's class, and what its constructor takes besides what all of them do."""
        if program == "ejabberd":
            return Ejabberd, {"cookie": secret, "ca_file": self.ca_file, "more": self._fallback}
        if program == "jabberd2":
            return Jabberd2, {"secret": secret}
        return Prosody, {"secret": secret, "port": self._given.get(name), "routes": self._routes.get(name),
                         "mute": [case["unicode"] for case in CASES if case["ping"] == "unanswered"]}

    def _start_imp_nodes(self):
        nodes = imp_cases.LabNodes(self._make_folder("imp"), self.authority, IMP_CASES)
        self._add(nodes.server)
        return nodes

    def _keep_secret(self, name, secret):
        self.secrets[name] = secret
        path = self.secret_files[name + "_secret"] = os.path.join(self._secret_folder, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as out:
            out.write(secret + "\n")

    def _keep_shut(self, addresses, port):
        for address in addresses:
            if address != "::1" or "ipv6" not in self.lacking:
                self._stack.enter_context(bind(address, port))

    def _certificates(self, name, cases, shared):
        """U-label of each case's domain -> its certificate, or one that all of this server's domains share."""
        if shared:
            one = self.authority.issue_host(name, [case["domain"] for case in cases], [-30, 90])
            return {case["unicode"]: one for case in cases}
        for case in cases:
            wanted = case["host"]["certificate"]
            if case["domain"] not in self._issued:  # a domain may be at more than one server
                self._issued[case["domain"]] = self.authority.issue_host(case["domain"], **wanted) if wanted else None
        return {case["unicode"]: self._issued[case["domain"]] for case in cases}

    def _records(self):
        """The zone: the hosts that targets name, and what each case adds below its domain."""
        records = [f"$ORIGIN {TABLE['zone']}.", *TABLE["hosts"]]
        for case in CASES:
            records += [f"$ORIGIN {case['domain']}.", *self.filled(case["dns"])]
        return records

    def filled(self, value):
        """The value of a case with this lab's ports, addresses and files in the place of {strict} and the like."""
        if isinstance(value, str):
            return value.format(own_address=self.own_address, **self.ports, **self.secret_files)
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        return value

    def endpoints(self, case):
        """The endpoints that the case must have: a list of label -> value."""
        return [dict(zip(ENDPOINT, endpoint)) for endpoint in self.filled(case["endpoints"])]

    def _domain_line(self, case):
        domain = {"name": case["unicode"], **self.filled(case["config"])}
        return f"  - {json.dumps(domain, ensure_ascii=False) if case['config'] else case['unicode']}"

    def ping_config(self, domains):
        """An entry of `ping`: the account, by which these domains are pinged."""
        return {"account": PING["account"], "password_file": self.secret_files["ping_secret"],
                "server": f"127.0.0.1:{self.client_port}", "domains": domains}

    def write_config(self, path, interval="10s", timeout="5s", confirm=2, dns_port=None, snmp_port=1161,
                     agentx_socket=None, state_dir=None, domains=None, imp_nodes=None, resolvers=None):
        """Writes an agent configuration that checks every domain of the lab, or just these names, and every IM and
        Presence node, or just these entries, and keeps its state beside it, unless told otherwise. `resolvers` are
        (name, port), in place of Knot alone. Returns the path."""
        resolvers = resolvers or [("lab", dns_port or self.dns_port)]
        if imp_nodes is None:
            imp_nodes = self.imp.configs() if self.imp and not domains else []
        snmp = SNMP_AGENTX.format(socket=agentx_socket) if agentx_socket else SNMP_MASTER.format(port=snmp_port)
        with open(path, "w", encoding="utf-8") as out:
            out.write(AGENT_CONFIG.format(
                monitor=MONITOR, interval=interval, timeout=timeout, confirm=confirm,
                state_dir=state_dir or os.path.join(os.path.dirname(path), "state"),
                resolvers="\n".join(f'    - {{name: {name}, address: "127.0.0.1:{port}"}}' for name, port in resolvers),
                ca_file=self.ca_file, snmp=snmp,
                domains="\n".join(f"  - {name}" for name in domains) if domains else
                        "\n".join(self._domain_line(case) for case in CASES)))
            if not domains:
                pinged = [case["domain"] for case in CASES if case["ping"]]
                out.write(f"ping:\n  - {json.dumps(self.ping_config(pinged))}\n")
            if imp_nodes:
                out.write("imp_nodes:\n" + "".join(f"  - {as_yaml(node)}\n" for node in imp_nodes))
        return path
