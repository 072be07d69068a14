"""The IM and Presence nodes of the lab: `imp_nodes` of cases.json, with all that it leaves out."""

import hashlib
import os
import ssl

from . import DOMAIN, ROW, ImpNodes, merge, restart_row

CHECKS = ("axl", "s2snode", "xcp_restart", "xcp_router")
NEED = "node"  # by this name in Lab.lacking


def _control(case, name):
    """What the node answers. `restart_of` stands for notifications that ask these nodes for a restart;
    `cp_ids` for rows."""
    control = dict(case.get("control", {}))
    if "restart_of" in case:
        rows = [restart_row(each.format(node=name)) for each in case["restart_of"]]
        control = merge(control, {"page": {"rows": rows}})
    if "cp_ids" in case:
        rows = [{**ROW, "pkid": ROW["pkid"][:-1] + str(number), "cp_id": each}
                for number, each in enumerate(case["cp_ids"])]
        control = merge(control, {"axl": {"tables": {case.get("table", "xmpps2snode"): rows}}})
    return control


def expand(case):
    """A node with all that cases.json leaves out.

    name             of the node in the configuration, and its host
    about, dialect, versions, control    see ImpNodes
    self_signed      its certificate is not the authority's
    config           what differs from ImpNodes.config()
    state, checks    what must be found: of the node, and [state, reason] of every check
    later            what differs in `checks` from the second round on
    cause            what the line of combined causes must contain; none: there must be no such line
    """
    name = f"{case['name']}.{DOMAIN}"
    usual = dict.fromkeys(CHECKS, ["ok", "ok"])
    return {
        "name": name,
        "about": case["about"],
        "dialect": case.get("dialect", "soap"),
        "versions": case.get("versions", ["12.5"]),
        "control": _control(case, name),
        "self_signed": case.get("self_signed", False),
        "config": case.get("config", {}),
        "state": case["state"],
        "checks": {**usual, **case.get("checks", {})},
        "later": case.get("later", {}),
        "cause": [each.format(node=name) for each in case.get("cause", [])],
    }


def _fingerprint(chain):
    """SHA-256 of the first certificate in the file, as fingerprint_sha256 wants it."""
    with open(chain, encoding="ascii") as pem:
        first = pem.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _fill(value, fingerprint):
    """The value with the fingerprint in the place of {fingerprint}."""
    if isinstance(value, dict):
        return {key: _fill(each, fingerprint) for key, each in value.items()}
    return fingerprint if value == "{fingerprint}" else value


class LabNodes:
    """The servers of these cases, with certificates from the authority or their own."""

    def __init__(self, folder, authority, cases):
        self.cases = cases
        self.folder = folder
        self.files = authority.issue_host(DOMAIN, ["*." + DOMAIN], [-30, 90])
        self.own_files = authority.issue_host("own." + DOMAIN, ["*." + DOMAIN], [-30, 90], "self")
        self.server = ImpNodes(folder, [
            {**case, "files": self.own_files if case["self_signed"] else self.files} for case in cases],
            self.files, wait=False)

    def configs(self):
        """The nodes' entries in the agent's configuration."""
        secrets = os.path.join(self.folder, "secrets")
        os.makedirs(secrets, mode=0o700, exist_ok=True)
        fingerprint = _fingerprint(self.own_files[0])
        return [self.server.config(case["name"], secrets, _fill(case["config"], fingerprint)) for case in self.cases]
