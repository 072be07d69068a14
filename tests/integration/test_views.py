"""Two real resolvers that see the zone differently, and one that validates what Knot has signed: DANE to its end."""

import contextlib
import hashlib
import json
import os
import subprocess

import pytest

from agent import FEDHEALTH, PATIENCE, folder_in, run
from lab.knot import Knot
from lab.unbound import Unbound

ZONE = "lab.test"

# Domains of the lab, all at the same Prosody, by targets whose TLSA records are for the certificate of: themselves, one
# that nobody trusts, another, none.
TARGETS = {"healthy": "healthy", "self-signed": "self-signed", "alias": "healthy", "srv-unexpected": None}
# SRV records in the zone, and in the view that the second resolver has of it.
VIEWS = {
    "healthy": None,
    "half-down": ["SRV 0 0 {strict} xmpp.lab.test.", "SRV 9 0 5269 old.lab.test."],
    "alias": [],
}


def tlsa(lab, name):
    """3 1 1: the SHA-256 of the public key in the certificate of this domain."""
    path = os.path.join(lab.authority.folder, f"{name}.{ZONE}.crt")
    pem = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    key = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True, capture_output=True,
                         input=pem).stdout
    return "TLSA 3 1 1 " + hashlib.sha256(key).hexdigest()


def records(lab):
    """The zone: each domain has one target of its own."""
    port = lab.ports["strict"]
    yield "xmpp A 127.0.0.1"
    for name in {*TARGETS, *VIEWS}:
        yield f"_xmpp-server._tcp.{name} SRV 0 0 {port} at-{name}"
        yield f"at-{name} A 127.0.0.1"
        if TARGETS.get(name):
            yield f"_{port}._tcp.at-{name} {tlsa(lab, TARGETS[name])}"


class Scene:
    """Knot with the zone, `validating` and `dissenting` Unbound; check() is what fedhealth finds by some of them."""

    def __init__(self, lab, folder, stack):
        def started(server):
            stack.callback(server.stop)
            return server

        self.lab, self.folder = lab, folder
        self.knot = started(Knot(folder_in(folder, "knot"), ZONE, list(records(lab)), signed=True))
        anchors = self.knot.anchors()
        local = {f"_xmpp-server._tcp.{name}.{ZONE}": lab.filled(view) for name, view in VIEWS.items()
                 if view is not None}
        self.validating = started(Unbound(folder_in(folder, "validating"), ZONE, self.knot.port, anchors, wait=False))
        self.dissenting = started(Unbound(folder_in(folder, "dissenting"), ZONE, self.knot.port, local=local,
                                          wait=False))
        for server in self.servers:
            server.wait()

    @property
    def servers(self):
        """All of them, for the report of a test that fails."""
        return [self.knot, self.validating, self.dissenting]

    def check(self, name, *resolvers):
        """The domain's object in `fedhealth check --json`."""
        config = self.lab.write_config(os.path.join(self.folder, "agent.yaml"), timeout=PATIENCE,
                                       domains=[f"{name}.{ZONE}"],
                                       resolvers=[(each, getattr(self, each).port) for each in resolvers])
        done = run(FEDHEALTH, "check", "--config.file", config, "--json", f"{name}.{ZONE}")
        assert done.stdout, done.stderr
        (domain,) = json.loads(done.stdout)["domains"]
        return domain


@pytest.fixture(scope="module", name="scene")
def _scene(lab, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Scene(lab, str(tmp_path_factory.mktemp("views")), stack)


def state_and_reason(domain, check):
    return [domain["checks"][check][key] for key in ("state", "reason")]


def test_same_view(scene):
    """Another way to the same records is no difference."""
    assert state_and_reason(scene.check("healthy", "knot", "dissenting"), "srv") == ["ok", "ok"]


@pytest.mark.parametrize("name", ["half-down", "alias"])
def test_views_differ(scene, name):
    """Who says what; the first one's answer is followed, so that all else is well."""
    domain = scene.check(name, "knot", "dissenting")
    assert state_and_reason(domain, "srv") == ["warning", "dns_views_differ"]
    detail = domain["checks"]["srv"]["detail"]
    assert "knot: " in detail and "dissenting: " in detail
    assert ("old.lab.test:5269" in detail) == (name == "half-down")
    assert [each["endpoint"] for each in domain["endpoints"]] == [f"at-{name}.{ZONE}:{scene.lab.ports['strict']}"]
    assert state_and_reason(domain, "connect") == ["ok", "ok"]


def test_first_is_followed(scene):
    """The other way round the other's answer is followed."""
    domain = scene.check("half-down", "dissenting", "knot")
    assert state_and_reason(domain, "srv")[1] != "ok"
    assert f"xmpp.{ZONE}" in {each["endpoint"].split(":")[0] for each in domain["endpoints"]}


def dane(domain):
    """Whether the certificate of the one endpoint fulfils its TLSA records: 1, 0, or None where nothing is known."""
    (endpoint,) = domain["endpoints"]
    return endpoint["certificate"]["tests"].get("dane", {}).get("valid")


@pytest.mark.parametrize("name, valid, verdict", [
    ("healthy", 1, ["ok", "ok"]),
    ("alias", 0, ["warning", "cert_untrusted"]),
    ("self-signed", 1, ["critical", "cert_self_signed"]),
    ("srv-unexpected", None, ["ok", "ok"]),
], ids=["match", "mismatch", "match-self-signed", "no-records"])
def test_dane(scene, name, valid, verdict):
    """Knot signs, Unbound validates, and what its AD bit vouches for is judged. Peers that do not look at TLSA records
    trust an authority or nobody, so that these neither make a certificate good nor, alone, a domain critical."""
    domain = scene.check(name, "validating")
    assert dane(domain) == valid
    assert state_and_reason(domain, "certificate") == verdict


@pytest.mark.parametrize("name", ["healthy", "alias"])
@pytest.mark.parametrize("resolver", ["knot", "dissenting"])
def test_dane_wants_validation(scene, resolver, name):
    """The same records from who does not validate them mean nothing, matching or not."""
    domain = scene.check(name, resolver)
    if domain["endpoints"]:  # the dissenting one does not have all of them
        assert dane(domain) is None
    assert domain["checks"]["certificate"]["reason"] in ("ok", "not_reached")
