"""What the tests of IM and Presence nodes share: nodes of their own beside the lab's, and an agent's words on one."""

import json
import os
from socket import SOCK_DGRAM

from agent import FEDHEALTH, run
from lab.imp import DOMAIN, ImpNodes
from lab.server import free_port
from snmp import STATES

IMP_CHECKS = ("axl", "s2snode", "xcp_restart", "xcp_router")
EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
AXL_ONLY = {"control_center": None, "notifications": None}  # changes of a configuration
TABLE = "xmpps2snode"


def rows(*cp_ids):
    """Rows of the table with these."""
    return [{"pkid": f"00000000-0000-4000-8000-{number:012}", "cp_id": each} for number, each in enumerate(cp_ids)]


def with_rows(*cp_ids):
    """Control data with just these rows in the table."""
    return {"axl": {"tables": {TABLE: rows(*cp_ids)}}}


def node(name, config=(), **settings):
    """A node for Stage: settings as for ImpNodes, and what differs in the agent's configuration."""
    return {"name": f"{name}.{DOMAIN}", "config": dict(config), **settings}


class Stage:
    """Servers of these nodes in a folder, found by the lab's DNS and certified by its authority. Used with `with`."""

    def __init__(self, lab, folder, nodes):
        self.lab = lab
        self.nodes = nodes
        self.secrets = os.path.join(folder, "secrets")
        os.mkdir(self.secrets, 0o700)
        servers = os.path.join(folder, "nodes")
        os.mkdir(servers)
        self.server = ImpNodes(servers, nodes, lab.imp.files)
        self.servers = [self.server]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.server.stop()

    def configs(self):
        """The nodes' entries in an agent's configuration."""
        return [self.server.config(each["name"], self.secrets, each["config"]) for each in self.nodes]

    def write_config(self, path, **config):
        """Writes a configuration with these nodes and little else, for Agent. Returns the path."""
        return self.lab.write_config(path, **{"domains": ["healthy.lab.test"], "imp_nodes": self.configs(),
                                              "interval": "1h", "confirm": 1, "snmp_port": free_port(SOCK_DGRAM),
                                              **config})

    def change(self, name, *changes):
        """What the node of this name (without its domain) answers from now on."""
        for each in changes:
            self.server.change(f"{name}.{DOMAIN}", each)

    def violations(self):
        """What an agent asked that none may ask."""
        return self.server.violations()




def imp_checks(samples, name):
    """{check: [state, reason]} of a node, from a scrape."""
    return {each["check"]: [each["status"], each["reason"]]
            for each, value in samples.named("fedhealth_imp_check_reason_info") if each["node"] == name and value == 1}


def imp_state(samples, name):
    """The state of a node, from a scrape."""
    (state,) = [each["fedhealth_imp_state"] for each, value in samples.named("fedhealth_imp_state")
                if each["node"] == name and value == 1]
    return state


def imp_runs(samples, name):
    """How many rounds of a node have ended."""
    return samples.one("fedhealth_imp_check_runs_total", node=name, check="axl")


def imp_indexes(walked):
    """Node name -> fhImpIndex, from a walk."""
    return {value: int(oid.rsplit(".", 1)[1]) for oid, value in walked.items() if oid.startswith("1.5.1.2.")}


def imp_walked(walked, name):
    """(state, {check: [state, reason]}) of a node, from a walk."""
    index = imp_indexes(walked)[name]
    found = {check: [STATES[int(walked[f"1.8.1.3.{index}.{kind}"])], walked[f"1.8.1.4.{index}.{kind}"]]
             for kind, check in enumerate(IMP_CHECKS, 1)}
    return STATES[int(walked[f"1.5.1.3.{index}"])], found


def imp_table(walked, table, column, name):
    """The values of a column in a node's rows of fhS2sNodeTable (6) or fhXcpNotificationTable (7)."""
    rows_of = f"1.{table}.1.{column}.{imp_indexes(walked)[name]}."
    return [value for oid, value in walked.items() if oid.startswith(rows_of)]


def imp_json(text, name):
    """The node's object in the JSON of `fedhealth check` or /api/v1/status."""
    (found,) = [each for each in json.loads(text)["imp_nodes"] if each["name"] == name]
    return found


def json_checks(found):
    """{check: [state, reason]} of that."""
    return {check: [each["state"], each["reason"]] for check, each in found["checks"].items()}


def check_imp(config, *names, output=("--json",), before=()):
    """Runs `fedhealth check` on these nodes."""
    done = run(*before, FEDHEALTH, "check", "--config.file", config, *output, *(f"--imp={name}" for name in names))
    assert done.stdout or done.returncode == 3, done.stderr
    return done
