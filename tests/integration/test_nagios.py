"""dashboards/nagios: the commands as they stand there, run as Nagios and Icinga 2 would, with the real check_snmp."""

import os
import re
import shlex
import tempfile

import pytest

from agent import FEDHEALTH, PATIENCE, SOURCE, Agent, folder_in, run
from lab import CASES, IMP_CASES
from snmp import Snmpd, domain_indexes, environment, wait_for_subtree, walk

FOLDER = os.path.join(SOURCE, "dashboards", "nagios")
USERS = {"USER1": "/usr/lib/nagios/plugins", "USER5": "public", "USER6": "noc", "USER7": "authentication-secret",
         "USER8": "privacy-secret"}
SNMPD_USER = "createUser {USER6} SHA-256 {USER7} AES {USER8}\nrouser {USER6} priv".format(**USERS)
ICINGA_V3 = {"version": "3", "seclevel": "authPriv", "user": "$USER6$", "auth": "SHA-256", "auth_password": "$USER7$",
             "priv": "AES", "priv_password": "$USER8$"}
EXIT = {"ok": 0, "warning": 1, "critical": 2, "unknown": 1}  # check_snmp has no range for UNKNOWN; never OK
WORDS = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}

# One domain in each state: the last one's fault is one of which nothing is concluded.
DOMAINS = {"healthy.lab.test": "ok", "expired.lab.test": "warning", "refused.lab.test": "critical",
           "nxdomain.lab.test": "unknown"}
UNKNOWN = "{name: nxdomain.lab.test, severity: {dns_nxdomain: unknown}}"


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as text:
        return text.read()


def nagios_commands():
    """command_name -> command_line of fedhealth.cfg."""
    return dict(re.findall(r"define command \{\s+command_name\s+(\S+)\s+command_line\s+(.*)\n\}",
                           read("fedhealth.cfg")))


def fill(line, port, *arguments):
    """A command line with the macros replaced."""
    macros = {**USERS, "HOSTADDRESS": "127.0.0.1", "_HOSTFEDHEALTH_PORT": str(port),
              **{f"ARG{number}": str(value) for number, value in enumerate(arguments, 1)}}
    return re.sub(r"\$(\w+)\$", lambda macro: macros[macro[1]], line)


def nagios(folder, name, port, *arguments):
    """Runs the command, as Nagios does: by the shell. Its exit code and its line."""
    done = run("/bin/sh", "-c", fill(nagios_commands()[name], port, *arguments), env=environment(folder))
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def icinga_arguments(name, **own):
    """The options that Icinga 2 would give the plugin: those whose macros are all set."""
    text = read("icinga2.conf")
    template = re.search(r'template CheckCommand "fedhealth-snmp" \{(.*?)\n\}', text, re.S)[1]
    command = re.search(rf'object CheckCommand "{name}" \{{(.*?)\n\}}', text, re.S)[1]
    assert 'import "fedhealth-snmp"' in command
    given = {key: str(value) for key, value in own.items()}
    given.update({f"fedhealth_{key}": value for key, value in re.findall(r'vars\.fedhealth_(\w+) = "(.*)"', template)
                  if f"fedhealth_{key}" not in given})
    given.update({f"fedhealth_{key}": value for key, value in re.findall(r'vars\.fedhealth_(\w+) = "(.*)"', command)})

    def resolve(value):
        while re.search(r"\$[a-z_]+\$", value):
            value = re.sub(r"\$([a-z_]+)\$", lambda macro: given[macro[1]], value)
        return value
    options = re.findall(r'"(-\w)" = "(\$\w+\$)"', template)
    assert len(options) == template.count(" = \"$fedhealth_")
    return {option: resolve(value) for option, value in options if value.strip("$") in given}


@pytest.fixture(scope="module", name="behind")
def _behind(lab):
    """Port of a real snmpd, for v2c and v3, before an agent with a domain in each state; and fhDomainIndex of each."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        socket = os.path.join(folder, "agentx")
        snmpd = Snmpd(folder_in(folder, "snmpd"), socket, more=SNMPD_USER)
        try:
            agent = Agent(folder, lab.write_config, agentx_socket=socket, interval="1h", confirm=1, timeout=PATIENCE,
                          domains=[*list(DOMAINS)[:-1], UNKNOWN])
            try:
                agent.first_round_done()
                yield snmpd.port, domain_indexes(wait_for_subtree(snmpd.port, os.path.join(folder, "snmpd")))
            finally:
                agent.stop()
        finally:
            snmpd.stop()


@pytest.mark.parametrize("suffix", ["", "_v3"])
@pytest.mark.parametrize("domain, state", DOMAINS.items())
def test_domain_in_each_state(behind, folder, domain, state, suffix):
    port, indexes = behind
    code, line = nagios(folder, f"fedhealth_domain{suffix}", port, indexes[domain])
    assert code == EXIT[state], line
    assert line.startswith(f"SNMP {WORDS[code]} - state ") and f'"{domain}"' in line


@pytest.mark.parametrize("suffix", ["", "_v3"])
def test_counts(behind, folder, suffix):
    code, line = nagios(folder, f"fedhealth_domains{suffix}", behind[0])
    assert code == 2 and "critical *1* warning *1* unknown *1*" in line
    code, line = nagios(folder, f"fedhealth_nodes{suffix}", behind[0])
    assert code == 0 and "critical 0 warning 0 unknown 0" in line


def test_what_is_not_there_is_unknown(behind, folder):
    """A row that does not exist; an agent that does not answer."""
    assert nagios(folder, "fedhealth_domain", behind[0], 99)[0] == 3
    assert nagios(folder, "fedhealth_domains", 1)[0] == 3


def test_agent_by_itself(agent, folder):
    """In master mode, with the whole lab: every domain and node."""
    values = walk(agent.snmp_port, folder)
    domains = domain_indexes(values)
    for name, state in ((case["domain"], case["state"]) for case in CASES if case["domain"] in DOMAINS):
        assert nagios(folder, "fedhealth_domain", agent.snmp_port, domains[name])[0] == EXIT[state], name
    nodes = {value: oid.rsplit(".", 1)[1] for oid, value in values.items() if oid.startswith("1.5.1.2.")}
    states = {case["name"]: case["state"] for case in IMP_CASES}
    assert set(nodes) == set(states)
    for state in ("ok", "warning", "critical"):
        name = next(name for name, each in states.items() if each == state)
        code, line = nagios(folder, "fedhealth_node", agent.snmp_port, nodes[name])
        assert code == EXIT[state] and f'"{name}"' in line
    assert nagios(folder, "fedhealth_nodes", agent.snmp_port)[0] == 2


def test_counts_of_a_part_are_warnings(lab, folder):
    """Without a critical domain the counts are a warning where any is in warning or unknown, else ok."""
    for domains, code in (["healthy.lab.test"], 0), (["healthy.lab.test", "expired.lab.test"], 1), ([UNKNOWN], 1):
        with tempfile.TemporaryDirectory(prefix="fedhealth-") as own:
            agent = Agent(own, lab.write_config, interval="1h", confirm=1, timeout=PATIENCE, domains=domains)
            try:
                agent.first_round_done()
                assert nagios(folder, "fedhealth_domains", agent.snmp_port)[0] == code
            finally:
                agent.stop()


@pytest.mark.parametrize("name, state", [("healthy.lab.test", 0), ("expired.lab.test", 1), ("refused.lab.test", 2),
                                         ("nowhere.lab.test", 2)])
def test_check_of_its_own(agent, name, state):
    line = nagios_commands()["fedhealth_check_domain"]
    line = line.replace("/usr/local/bin/fedhealth", FEDHEALTH, 1).replace("/etc/fedhealth/fedhealth.yaml", agent.config)
    done = run("/bin/sh", "-c", fill(line, 0, name))
    assert (done.returncode, done.stderr) == (state, "")
    assert f" {WORDS[state]}" in done.stdout


@pytest.mark.parametrize("name", ["fedhealth_domains", "fedhealth_nodes", "fedhealth_domain", "fedhealth_node"])
@pytest.mark.parametrize("suffix", ["", "_v3"])
def test_icinga_gives_the_same_arguments(name, suffix):
    words = shlex.split(fill(nagios_commands()[name + suffix], 161, 7))
    login = {"fedhealth_community": "$USER5$"} if not suffix else {f"fedhealth_{key}": value
                                                                   for key, value in ICINGA_V3.items()}
    icinga = icinga_arguments(name, address="127.0.0.1", fedhealth_index=7, **login)
    assert dict(zip(words[1::2], words[2::2])) == {option: fill(value, 161) for option, value in icinga.items()}
