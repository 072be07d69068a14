"""What the tests with scripted peers share: a case, the domains, certificates and servers it needs, and the run of
`fedhealth check` that judges many cases at once."""

import contextlib
import dataclasses
import hashlib
import json
import os
import ssl
import sys
import warnings

import names
import openssl_peer
from agent import FEDHEALTH, run
from lab.certificates import Authority, openssl
from peers import Peers

ZONE = "hostile.test"
MONITOR = "monitor.test"
CHECKS = ("srv", "connect", "stream", "starttls", "certificate", "auth", "dialback")  # in the conversation's order
CHECKS_DIRECT = ("srv", "connect", "starttls", "certificate", "stream", "auth", "dialback")  # ... with direct TLS
EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
WORSE = ("ok", "unknown", "warning", "critical")
SECONDS_MAX = 50  # of one run; a run that takes longer hangs

with open(FEDHEALTH, "rb") as _program:
    SANITIZED = b"__asan_init" in _program.read()

PREFIXES = {"srv": "_xmpp-server._tcp.", "direct": "_xmpps-server._tcp.", "host": "host.", "domain": "",
            "tlsa": "_{port}._tcp.host."}
CONFIG = """\
agent: {{domain: {monitor}, timeout: {timeout}, interval: 2s, max_endpoints: 64, state_dir: {state_dir}{agent}}}
dns: {{resolvers: [{{name: scripted, address: "127.0.0.1:{dns_port}"}}{second}]}}
tls: {{ca_file: {ca_file}{tls}}}
domains:
{domains}
"""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Of a whole run. `tls` and `agent` are more of these maps of the configuration."""
    timeout: str = "30s"  # so long that no slow machine makes a case time out by mistake
    tls: str = ""
    agent: str = ""
    second: bool = False  # is there a second resolver?


IMPATIENT = Settings(timeout="2s")  # for what is to time out

REFUSES = Peers.refuse  # in place of a script
IGNORES = Peers.ignore


@dataclasses.dataclass(frozen=True)
class Case:
    """One domain: how it is made and what must be found.

    `found` are the checks that end otherwise than ok. Of the others, those up to `until` (if not given, the last one
    found) must be ok, and those after it not_reached.
    """
    name: str
    why: str
    state: str
    found: dict
    peer: object = ()  # a script, REFUSES or IGNORES
    until: str = None
    dns: dict = dataclasses.field(default_factory=dict)  # replies by the keys of PREFIXES, where not the usual ones
    expect: dict = None
    settings: Settings = Settings()
    address: tuple = ("127.0.0.1", 0)  # to listen on
    direct: bool = False  # direct TLS, and no other service
    tlsa: tuple = ()  # TLSA records: (usage, name of a certificate); selector 0, matching type 1
    authentic: bool = True  # DNSSEC vouches for them, and for all that leads to them
    second: dict = dataclasses.field(default_factory=dict)  # as dns, of the second resolver
    dialback: dict = None  # the domain's map in the configuration; `secret` is written to a file. None: not checked

    @property
    def domain(self):
        """Its name in DNS."""
        return f"{self.name.replace('_', '-')}.{ZONE}"

    @property
    def reasons(self):
        """{check: reason} of the checks that are configured."""
        dials_back = self.dialback and self.dialback.get("enabled", True)
        checks = (CHECKS_DIRECT if self.direct else CHECKS)[:7 if dials_back else 6]
        until = checks.index(self.until or max(self.found, key=checks.index, default=checks[-1]))
        return {check: self.found.get(check, "ok" if checks.index(check) <= until else "not_reached")
                for check in checks}


def refuse_unnamed(tls, name, context):
    """Ends a handshake whose client does not name a case's domain. For ssl.SSLContext.sni_callback."""
    del tls, context
    return None if name and name.endswith(f".{ZONE}") else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


class Certificates:
    """The chains that peers show, by a name each, and an ssl.SSLContext of each as it is asked for."""

    def __init__(self, folder, for_names=f"*.{ZONE}"):
        def subfolder(name):
            os.mkdir(os.path.join(folder, name))
            return os.path.join(folder, name)

        authority, foreign = Authority(subfolder("lab")), Authority(subfolder("foreign"))
        self.ca_file = authority.ca_file
        every_name, year = [for_names], (-30, 365)
        self.files = {
            "good": authority.issue_host("good", every_name, year),
            "expired": authority.issue_host("expired", every_name, (-30, -1)),
            "early": authority.issue_host("early", every_name, (1, 365)),
            "soon": authority.issue_host("soon", every_name, (-30, 10)),
            "stranger": authority.issue_host("stranger", ["stranger.example"], year),
            "many_names": authority.issue_host("many_names", [f"n{number}.example" for number in range(500)], year),
            "foreign": foreign.issue_host("foreign", every_name, year),
            "revoked": authority.issue_host("revoked", every_name, year),
            "responder": authority.issue_host("responder", ["responder.example"], year, usage="OCSPSigning"),
            "weak_key": authority.issue_host("weak_key", every_name, year, key=("rsa:1024",)),
            "weak_signature": authority.issue_host("weak_signature", every_name, year, digest="sha1"),
            "clients_only": authority.issue_host("clients_only", every_name, year, usage="clientAuth"),
            "cn_only": authority.issue_host("cn_only", [], year, common_name=every_name[0]),
        }
        authority.revoke("revoked")
        self.responses = {f"{name}_by_{signer}": authority.vouch(name, signer) for name, signer in (
            ("good", "intermediate"), ("revoked", "intermediate"), ("revoked", "responder"), ("revoked", "stranger"))}
        good, key = self.files["good"]
        self.files["leaf"] = (os.path.splitext(key)[0] + ".crt", key)
        self.files["long_chain"] = (os.path.join(folder, "long_chain.crt"), key)
        with open(good, encoding="ascii") as chain, open(self.files["long_chain"][0], "w", encoding="ascii") as out:
            out.write(chain.read())
            with open(authority.intermediate, encoding="ascii") as intermediate:
                out.write(intermediate.read() * 500)
        for name, *kind in (("self_signed", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), ("rsa", "rsa:2048")):
            certificate, own_key = self.files[name] = [os.path.join(folder, f"{name}.{end}") for end in ("crt", "key")]
            openssl("req", "-x509", "-newkey", *kind, "-nodes", "-days", "365", "-subj", "/CN=self-signed", "-addext",
                    f"subjectAltName=DNS:{for_names}", "-keyout", own_key, "-out", certificate)
        self._folder = folder
        self._contexts = {}

    def context(self, certificate, **options):
        """The server's side of TLS: `oldest` and `newest` version, `ciphers`, `clients`: need certificates?
        `dh_bits`: size of the Diffie-Hellman group. `protocol`: known for ALPN. `named`: must the client name (SNI) one
        of the cases' domains? `staple`: an OCSP response, by its name; of the other options only `newest` goes with
        it. `libssl`: by openssl_peer, with which only `newest` goes too."""
        key = (certificate, *sorted(options.items()))
        if key not in self._contexts:
            self._contexts[key] = self._make(certificate, **options)
        return self._contexts[key]

    def _diffie_hellman(self, bits):
        """A file with a group of this size. Its prime is none, which a client does not look into."""
        base = os.path.join(self._folder, f"dh-{bits}")
        with open(base + ".cnf", "w", encoding="ascii") as out:
            out.write(f"asn1 = SEQUENCE:dh\n[dh]\np = INTEGER:{hex(1 << bits - 1 | 99)}\ng = INTEGER:2\n")
        openssl("asn1parse", "-noout", "-genconf", base + ".cnf", "-out", base + ".der")
        with open(base + ".der", "rb") as der, open(base + ".pem", "w", encoding="ascii") as pem:
            pem.write(ssl.DER_cert_to_PEM_cert(der.read()).replace("CERTIFICATE", "DH PARAMETERS"))
        return base + ".pem"

    def digest(self, certificate):
        """SHA-256 of the certificate itself, in DER."""
        with open(self.files[certificate][0], encoding="ascii") as chain:
            leaf = chain.read().partition("-----END")[0] + ssl.PEM_FOOTER
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf)).digest()

    def _make(self, certificate, oldest="TLSv1", newest="TLSv1_3", ciphers="DEFAULT", clients=False, dh_bits=None,
              protocol=None, named=False, staple=None, libssl=False):
        if libssl or staple:
            return openssl_peer.Context(*self.files[certificate], newest, self.responses.get(staple))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is tested
            context.minimum_version, context.maximum_version = ssl.TLSVersion[oldest], ssl.TLSVersion[newest]
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
        context.load_cert_chain(*self.files[certificate])
        if dh_bits:
            context.load_dh_params(self._diffie_hellman(dh_bits))
        if clients:
            context.load_verify_locations(self.ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        if protocol:
            context.set_alpn_protocols([protocol])
        if named:
            context.sni_callback = refuse_unnamed
        return context


@dataclasses.dataclass
class Outcome:
    """Of one run."""
    domains: dict  # name of a domain or node -> what --json says of it
    peak_bytes: int  # of memory


# Runs a command and then says, in a last line of standard output, how much memory it had at most (in KiB). Where this
# test itself starts the command, the kernel counts in what a fork of pytest has.
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:], timeout=float(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, end="")
sys.exit(code if code >= 0 else 128 - code)
"""


def run_check(config, domains, before=(), key="domains"):
    """`fedhealth check --json` of the domains, or with the key "imp_nodes" of these nodes. `before` are words of a
    command that starts it. Whatever the peers do, it must end by itself, report on everyone, and say nothing else: on
    standard error sanitizers would."""
    arguments = [f"--imp={node}" for node in domains] if key == "imp_nodes" else domains
    done = run(sys.executable, "-IS", "-c", MEASURE, str(SECONDS_MAX), *before,
               FEDHEALTH, "check", "--config.file", config, "--json", *arguments)
    assert (0 <= done.returncode <= 3, done.stderr) == (True, ""), f"exit status {done.returncode}\n{done.stderr}"
    report, _, peak_kib = done.stdout.rpartition("\n")
    outcome = Outcome({each["name"]: each for each in json.loads(report)[key]}, int(peak_kib) * 1024)
    worst = max((each["state"] for each in outcome.domains.values()), key=WORSE.index)
    assert (done.returncode, list(outcome.domains)) == (EXIT_CODES[worst], domains)
    return outcome


class Stage:
    """The servers for some cases, in a folder. Used with `with`."""

    def __init__(self, cases, certificates, folder):
        self._cases, self._certificates, self._folder = cases, certificates, folder

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.names, self.second = (stack.enter_context(contextlib.closing(names.Names())) for _ in range(2))
            self.peers = Peers(self._certificates.context)
            for case in self._cases:
                self._add(case)
            self.peers.start()
            stack.callback(self.peers.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _add(self, case):
        if callable(case.peer):
            port = case.peer(self.peers)
        else:
            port = self.peers.listen(case.peer, *case.address)
        usual = {"srv": names.answer() if case.direct else names.answer(names.srv()),
                 "direct": names.answer(names.srv()) if case.direct else names.answer(),
                 "host": names.answer(names.a()), "domain": names.answer()}
        tlsa = names.answer(*(names.tlsa(self._certificates.digest(certificate), usage, 0)
                              for usage, certificate in case.tlsa))
        usual.update({"tlsa": tlsa} if case.tlsa else {})
        for server, special in ((self.names, case.dns), (self.second, case.second)):
            for which, reply in {**usual, **special}.items():
                reply = names.secure(reply) if case.tlsa and case.authentic else reply
                server.add(PREFIXES[which].format(port=port) + case.domain, reply, case.domain, port)

    def describe(self, case):
        """The domain's map in the configuration."""
        described = {"name": case.domain}
        if case.expect:
            described["expect"] = case.expect
        if case.dialback:
            described["dialback"] = dict(case.dialback)
        if "secret" in described.get("dialback", {}):
            path = described["dialback"]["secret_file"] = os.path.join(self._folder, f"{case.domain}.secret")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
                out.write(described["dialback"].pop("secret") + "\n")
        return described

    def write_config(self, path, settings=Settings(), more=""):
        """Writes a configuration with all cases that have these settings, and `more` at its end. Returns the path."""
        domains = [json.dumps(self.describe(case)) for case in self._cases if case.settings == settings]
        with open(path, "w", encoding="utf-8") as out:
            second = f', {{name: second, address: "127.0.0.1:{self.second.port}"}}' if settings.second else ""
            out.write(CONFIG.format(monitor=MONITOR, timeout=settings.timeout, dns_port=self.names.port, second=second,
                                    state_dir=os.path.join(os.path.dirname(path), "state"),
                                    tls=settings.tls, agent=settings.agent, ca_file=self._certificates.ca_file,
                                    domains="\n".join(f"  - {domain}" for domain in domains)) + more)
        return path

    def run(self, settings=Settings(), before=()):
        """One run with all cases that have these settings."""
        config = self.write_config(os.path.join(self._folder, "agent.yaml"), settings)
        return run_check(config, [case.domain for case in self._cases if case.settings == settings], before)

    def run_all(self):
        """A run for each of the settings that occur; {settings: outcome}."""
        return {settings: self.run(settings) for settings in dict.fromkeys(case.settings for case in self._cases)}
