"""The configuration file: read strictly, every fault named with file, line and key, all in one go."""

import os

import pytest

from agent import FEDHEALTHD, run


def check(path):
    """--config.check of the file."""
    return run(FEDHEALTHD, "--config.file", path, "--config.check")


def write(folder, text):
    path = os.path.join(folder, "agent.yaml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def test_lab_configuration_is_good(agent):
    """And it is told how much is configured."""
    done = check(agent.config)
    assert done.returncode == 0
    samples = agent.scrape()
    domains, nodes = (int(samples.one(f"fedhealth_{each}")) for each in ("domains", "imp_nodes"))
    assert nodes and done.stdout == f"{agent.config}: good, {domains} domains, {nodes} nodes\n"


FAULTS = """\
agent:
  domain: monitor.example
  interval: soon
  intervall: 5m
  max_concurrent: [1]
  max_endpoints: 0
  address_families: v4
  deny_networks: ["10.0.0.0/8", "10.1.2.3/16"]
dns:
  resolvers:
    - {name: a}
tls:
  min_version: "9"
domains:
  - a.example
  - A.example
  - name: b.example
    expect: {starttls: perhaps}
    targets: ["192.0.2.1:5269", "b.example", "192.0.2.1:5269"]
    severity: {cert_expird: ok}
severity:
  srv_missing: fine
  not_reached: ok
metrics: {detail: all}
snmp:
  mode: slave
pings: []
"""

FAULTY_KEYS = [
    (3, "agent.interval"), (4, "agent.intervall"), (5, "agent.max_concurrent"), (6, "agent.max_endpoints"),
    (7, "agent.address_families"), (8, "agent.deny_networks[1]"), (11, "address"), (13, "tls.min_version"),
    (16, "domains"), (18, "starttls"), (19, "domains[2].targets[1]"), (19, "domains[2].targets[2]"),
    (20, "domains[2].severity.cert_expird"), (22, "severity.srv_missing"), (23, "severity.not_reached"),
    (24, "metrics.detail"), (26, "snmp.mode"), (27, "pings"),
]


def test_every_fault_at_once(folder):
    path = write(folder, FAULTS)
    done = check(path)
    assert done.returncode == 2
    lines = (done.stdout + done.stderr).splitlines()
    for line, key in FAULTY_KEYS:
        assert [each for each in lines if each.startswith(f"{path}:{line}: ") and key in each], (line, key, lines)
    assert len([each for each in lines if each.startswith(f"{path}:")]) == len(FAULTY_KEYS)


@pytest.mark.parametrize("text, hint", [
    ("agent: {domain: monitor.example, deny_networks: [10.1.2.3/16]}\ndomains: []\n", 'did you mean "10.1.0.0/16"?'),
    ("agent: {domain: monitor.example}\ndomains: []\nseverity: {cert_expird: ok}\n", 'did you mean "cert_expired"?'),
    ("agent: {domain: monitor.example}\ndomains: [{name: a.example, target: []}]\n", 'did you mean "targets"?'),
])
def test_what_was_meant(folder, text, hint):
    done = check(write(folder, text))
    assert done.returncode == 2
    assert hint in done.stderr


@pytest.mark.parametrize("text", ["", "agent: {}\n", "domains: [a.example]\n", "agent: [\n",
                                  "agent: {domain: x}\n\tdomains: []\n"])
def test_no_domain_or_no_yaml(folder, text):
    """agent.domain is required; what is no YAML is told with its line."""
    path = write(folder, text)
    done = check(path)
    assert done.returncode == 2
    assert f"{path}:" in done.stdout + done.stderr


def test_missing_file(folder):
    done = check(os.path.join(folder, "nowhere.yaml"))
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stdout + done.stderr


def test_daemon_does_not_start_on_a_bad_file(folder):
    done = run(FEDHEALTHD, "--config.file", write(folder, FAULTS), "--web.listen-address", "127.0.0.1:0")
    assert done.returncode not in (0, -6, -11)
    assert "agent.intervall" in done.stderr


def test_nothing_to_check_is_told(folder):
    done = check(write(folder, "agent: {domain: monitor.example}\ndomains: []\n"))
    assert done.returncode == 0
    assert "no domains and no nodes are configured" in done.stderr


def test_a_file_that_openssl_refuses(folder):
    """Found only after the configuration was read, and told in the same form."""
    nonsense = os.path.join(folder, "ca.pem")
    with open(nonsense, "w", encoding="ascii") as out:
        out.write("no certificate\n")
    path = write(folder, f"agent: {{domain: monitor.example}}\ntls:\n  ca_file: {nonsense}\ndomains: [a.example]\n")
    done = check(path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}:3: tls.ca_file: {nonsense}: ")
