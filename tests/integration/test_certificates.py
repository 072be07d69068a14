"""Certificate facts of /metrics against what openssl sees at the same peer."""

import datetime
import re

import pytest

from agent import run
from lab import CASES

WITH_TLS = [case for case in CASES if case["host"] and case["host"]["certificate"]]
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)

# openssl's verify return code -> the one test of fedhealth_certificate_valid that fails
VERDICTS = {0: None, 10: "time", 62: "name"}


def openssl_x509(certificate, *options):
    done = run("openssl", "x509", "-noout", "-nameopt", "RFC2253,-esc_msb,utf8", *options, input=certificate)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("=", 1)[1]


def openssl_time(certificate, option):
    """-startdate or -enddate as seconds since 1970."""
    moment = datetime.datetime.strptime(openssl_x509(certificate, option), "%b %d %H:%M:%S %Y GMT")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def openssl_s_client(lab, case):
    """The certificates that the peer sends, and openssl's verdict on them."""
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{lab.ports[case['server']]}", "-starttls", "xmpp-server",
               "-xmpphost", case["domain"], "-servername", case["domain"], "-verify_hostname", case["domain"],
               "-CAfile", lab.ca_file, "-showcerts", input="")
    return CERTIFICATE.findall(done.stdout), int(re.search(r"Verify return code: (\d+)", done.stdout).group(1))


@pytest.mark.parametrize("case", WITH_TLS, ids=lambda case: case["domain"].split(".", maxsplit=1)[0])
def test_facts_equal_openssl(agent, lab, case):
    domain = case["domain"]
    samples = agent.scrape()
    (leaf, intermediate), verdict = openssl_s_client(lab, case)

    info = samples.labels("fedhealth_certificate_info", domain=domain)
    assert info["subject"] == openssl_x509(leaf, "-subject")
    assert info["issuer"] == openssl_x509(leaf, "-issuer")
    assert info["serial"] == openssl_x509(leaf, "-serial")
    assert info["fingerprint_sha256"] == openssl_x509(leaf, "-fingerprint", "-sha256").replace(":", "").lower()

    with open(lab.ca_file, encoding="ascii") as root:
        positions = {"leaf": leaf, "intermediate": intermediate, "root": root.read()}
    for position, certificate in positions.items():
        for edge, option in (("before", "-startdate"), ("after", "-enddate")):
            assert samples.one(f"fedhealth_certificate_not_{edge}_timestamp_seconds", domain=domain,
                               position=position) == openssl_time(certificate, option), (position, edge)

    valid = {test: samples.one("fedhealth_certificate_valid", domain=domain, test=test)
             for test in ("name", "time", "trust", "usage", "strength")}
    assert valid == {test: float(test != VERDICTS[verdict]) for test in valid}


def test_every_verdict_occurs(lab):
    """The lab's certificates are what they are meant to be, in openssl's eyes too."""
    assert {openssl_s_client(lab, case)[1] for case in WITH_TLS} == set(VERDICTS)


def test_no_certificate_no_facts(agent):
    samples = agent.scrape()
    with_facts = {labels["domain"] for labels, _ in samples.named("fedhealth_certificate_info")}
    assert with_facts == {case["domain"] for case in WITH_TLS}
