"""The nodes of two SOAP libraries, four versions of Cisco's schema and six behaviours each."""

import dataclasses

from imp_nodes import AXL_ONLY, TABLE, node, rows
from lab.imp import DOMAIN, PASSWORD

DIALECTS = ("soap", "strong-soap")
VERSIONS = ("11.5", "12.5", "14.0", "15.0")
CP_IDS = ("cm-2_s2scp-1.expe1-lab-test", "cm-3_s2scp-1.expe2-lab-test")


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """How a node answers, and what must be found."""
    axl: tuple
    s2snode: tuple
    control: dict = dataclasses.field(default_factory=dict)
    password: str = PASSWORD
    other_version: bool = False  # the configuration names a version that the node does not take
    status: int = 200            # of HTTP, at last


NOT_REACHED = ("unknown", "not_reached")
BEHAVIOURS = {
    "rows": Behaviour(("ok", "ok"), ("ok", "ok")),
    "empty": Behaviour(("ok", "ok"), ("critical", "s2snode_empty"), {"axl": {"tables": {TABLE: []}}}),
    "fault": Behaviour(("critical", "axl_soap_fault"), NOT_REACHED,
                       {"axl": {"fault": {"code": -217, "message": "Column (cp_id) not found."}}}, status=500),
    "fault-as-200": Behaviour(("critical", "axl_soap_fault"), NOT_REACHED, {"axl": {"fault": {
        "code": -217, "message": "Column (cp_id) not found.", "status": 200}}}),
    "401": Behaviour(("critical", "axl_unauthorized"), NOT_REACHED, password="not this one", status=401),
    "599-then-good": Behaviour(("ok", "ok"), ("ok", "ok"), other_version=True),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One node."""
    dialect: str
    version: str
    behaviour: str

    @property
    def name(self):
        """Of the node."""
        return f"{self.dialect}-{self.version.replace('.', '-')}-{self.behaviour}.{DOMAIN}"

    @property
    def expected(self):
        """What must be found."""
        return BEHAVIOURS[self.behaviour]

    def node(self):
        """For Stage. Each has an account of its own, so that one's rejection does not hold the others."""
        how, account = self.expected, f"agent of {self.name}"
        asked = VERSIONS[VERSIONS.index(self.version) - 1] if how.other_version else self.version
        control = {**how.control, "accounts": {account: {"password": PASSWORD}}}
        control["axl"] = {"tables": {TABLE: rows(*CP_IDS)}, **control.get("axl", {})}
        return node(self.name.removesuffix("." + DOMAIN), dialect=self.dialect, versions=[self.version],
                    control=control,
                    config={**AXL_ONLY, "axl": {"version": asked, "username": account, "password": how.password}})


CASES = [Case(dialect, version, behaviour) for dialect in DIALECTS for version in VERSIONS for behaviour in BEHAVIOURS]
