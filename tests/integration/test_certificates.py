"""Certificate facts of /metrics against what openssl sees at the same peer."""

import datetime
import re

import pytest

from agent import run
from lab import CASES


def tls_endpoints(case):
    """The numbers of the case's endpoints that show a certificate."""
    certificate = case["host"] and case["host"]["certificate"]
    return [number for number, (*_, reason) in enumerate(case["endpoints"])
            if certificate and not reason.startswith(("connect_", "stream_"))]


WITH_TLS = [(case, number) for case in CASES for number in tls_endpoints(case)]
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)

# openssl's verify return code -> the one test of fedhealth_certificate_valid that fails
VERDICTS = {0: None, 10: "time", 18: "trust", 62: "name"}


def openssl_x509(certificate, *options):
    done = run("openssl", "x509", "-noout", "-nameopt", "RFC2253,-esc_msb,utf8", *options, input=certificate)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("=", 1)[1]


def openssl_time(certificate, option):
    """-startdate or -enddate as seconds since 1970."""
    moment = datetime.datetime.strptime(openssl_x509(certificate, option), "%b %d %H:%M:%S %Y GMT")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def openssl_s_client(lab, case, endpoint):
    """The certificates that the endpoint sends, and openssl's verdict on them."""
    port = endpoint["endpoint"].rsplit(":", 1)[1]
    address = f"[{endpoint['address']}]" if ":" in endpoint["address"] else endpoint["address"]
    how = {"starttls": ["-starttls", "xmpp-server", "-xmpphost", case["unicode"]], "direct": ["-alpn", "xmpp-server"]}
    done = run("openssl", "s_client", "-connect", f"{address}:{port}", *how[endpoint["transport"]],
               "-servername", case["domain"], "-verify_hostname", case["domain"],
               "-CAfile", lab.ca_file, "-showcerts", input="")
    return CERTIFICATE.findall(done.stdout), int(re.search(r"Verify return code: (\d+)", done.stdout).group(1))


def chain_of(lab, sent, verdict):
    """Position -> certificate, as far as the chain leads."""
    if VERDICTS[verdict] == "trust":
        return dict(zip(("leaf", "intermediate"), sent))
    with open(lab.ca_file, encoding="ascii") as root:
        return dict(zip(("leaf", "intermediate", "root"), [*sent, root.read()]))


@pytest.mark.parametrize("case, number", WITH_TLS,
                         ids=[f"{case['domain'].split('.', maxsplit=1)[0]}-{number}" for case, number in WITH_TLS])
def test_facts_equal_openssl(agent, lab, case, number):
    endpoint = lab.endpoints(case)[number]
    labels = {"domain": case["domain"], **{name: endpoint[name] for name in ("endpoint", "address", "transport")}}
    samples = agent.scrape()
    sent, verdict = openssl_s_client(lab, case, endpoint)
    leaf = sent[0]

    info = samples.labels("fedhealth_certificate_info", **labels)
    assert info["subject"] == openssl_x509(leaf, "-subject")
    assert info["issuer"] == openssl_x509(leaf, "-issuer")
    assert info["serial"] == openssl_x509(leaf, "-serial")
    assert info["fingerprint_sha256"] == openssl_x509(leaf, "-fingerprint", "-sha256").replace(":", "").lower()

    chain = chain_of(lab, sent, verdict)
    for edge, option in (("before", "-startdate"), ("after", "-enddate")):
        found = {each["position"]: value
                 for each, value in samples.named(f"fedhealth_certificate_not_{edge}_timestamp_seconds")
                 if labels.items() <= each.items()}
        assert found == {position: openssl_time(certificate, option) for position, certificate in chain.items()}

    valid = {test: samples.one("fedhealth_certificate_valid", **labels, test=test)
             for test in ("name", "time", "trust", "usage", "strength")}
    assert valid == {test: float(test != VERDICTS[verdict]) for test in valid}


def test_every_verdict_occurs(lab):
    """The lab's certificates are what they are meant to be, in openssl's eyes too."""
    reasons = {"ok": None, "cert_expired": "time", "cert_self_signed": "trust", "cert_name_mismatch": "name"}
    for case, number in WITH_TLS:
        _, verdict = openssl_s_client(lab, case, lab.endpoints(case)[number])
        assert VERDICTS[verdict] == reasons[case["checks"]["certificate"][1]], case["domain"]


def test_no_certificate_no_facts(agent):
    samples = agent.scrape()
    with_facts = {labels["domain"] for labels, _ in samples.named("fedhealth_certificate_info")}
    assert with_facts == {case["domain"] for case, _ in WITH_TLS}
