"""Nodes that change while the agent looks on: rows that come and go, a router that is restarted or not, sessions that
are lost, nodes of a cluster that differ."""

import contextlib
import os
import tempfile
import time

import pytest

from agent import Agent, wait_for
from imp_nodes import (AXL_ONLY, Stage, check_imp, imp_checks, imp_json, imp_runs, imp_table, imp_walked, json_checks,
                       node, with_rows)
from lab.imp import DOMAIN, restart_row
from snmp import walk

DERIVED_ONLY = {"notifications": None}
FIRST, SECOND = "cm-2_s2scp-1.expe1-lab-test", "cm-3_s2scp-1.expe2-lab-test"
NODES = [
    node("old-router", DERIVED_ONLY, control=with_rows(FIRST)),
    node("new-router", DERIVED_ONLY, control=with_rows(FIRST)),
    node("between", DERIVED_ONLY, control=with_rows(FIRST)),
    node("first-sight", DERIVED_ONLY, control=with_rows(FIRST)),
    node("page", control=with_rows(FIRST)),
    node("sessions", control=with_rows(FIRST)),
    node("cluster-a", {**AXL_ONLY, "cluster": "eft"}, control=with_rows(FIRST)),
    node("cluster-b", {**AXL_ONLY, "cluster": "eft"}, control=with_rows(FIRST)),
    node("alone", {**AXL_ONLY, "cluster": "other"}, control=with_rows(SECOND)),
    node("query", {**AXL_ONLY, "notifications": {"page": None, "query": "select * from made_up"}},
         control={"axl": {"queries": {"select * from made_up": []}}}),
]


class Scene(contextlib.ExitStack):
    """Nodes, and an agent that looks at them each second."""

    def __init__(self, lab, folder):
        super().__init__()
        self.folder = folder
        self.stage = self.enter_context(Stage(lab, folder, NODES))
        self.servers = self.stage.servers
        self.agent = None
        self.start()

    def start(self):
        """Starts the agent, in a folder of its own; the state_dir is always the same."""
        folder = tempfile.mkdtemp(prefix="agent-", dir=self.folder)
        self.agent = Agent(folder, self.stage.write_config, interval="1s",
                           state_dir=os.path.join(self.folder, "state"))
        self.agent.first_round_done()

    def stop(self):
        """Ends the agent."""
        self.agent.stop()

    def checks(self, name):
        """{check: [state, reason]} of a node."""
        return imp_checks(self.agent.scrape(), f"{name}.{DOMAIN}")

    def derived(self, name):
        """What the third source says: 1, 0, or None where it cannot tell."""
        return self.agent.scrape().one("fedhealth_imp_xcp_restart_pending", node=f"{name}.{DOMAIN}", source="derived")

    def next_rounds(self, name, count=2):
        """Waits for so many more rounds to end, so that at least one began after this."""
        runs = imp_runs(self.agent.scrape(), f"{name}.{DOMAIN}")
        wait_for("more rounds", lambda: imp_runs(self.agent.scrape(), f"{name}.{DOMAIN}") >= runs + count)

    def change(self, name, *changes):
        """Changes a node, and waits until that has been seen."""
        self.stage.change(name, *changes)
        self.next_rounds(name)


@pytest.fixture(scope="module", name="scene")
def _scene(lab, tmp_path_factory):
    with Scene(lab, str(tmp_path_factory.mktemp("scene"))) as scene:
        try:
            yield scene
        finally:
            scene.stop()


@pytest.mark.produces("xcp_restart_unknown", "rows that have always been there say nothing of the router")
def test_first_sight_is_unknown(scene):
    """Rows that have always been there say nothing of the router."""
    assert scene.checks("first-sight")["xcp_restart"] == ["unknown", "xcp_restart_unknown"]
    assert scene.derived("first-sight") is None
    assert scene.agent.scrape().one("fedhealth_imp_s2s_nodes_last_change_timestamp_seconds",
                                    node=f"first-sight.{DOMAIN}") is None


def test_router_older_than_the_change(scene):
    """Pending, until it is restarted; and still after a restart of the agent."""
    scene.change("old-router", with_rows(FIRST, SECOND))
    assert scene.checks("old-router")["xcp_restart"] == ["critical", "xcp_restart_pending"]
    assert scene.derived("old-router") == 1
    assert abs(scene.agent.scrape().one("fedhealth_imp_s2s_nodes_last_change_timestamp_seconds",
                                        node=f"old-router.{DOMAIN}") - time.time()) < 60
    scene.stop()
    scene.start()
    assert scene.checks("old-router")["xcp_restart"] == ["critical", "xcp_restart_pending"]
    found = imp_json(check_imp(scene.agent.config, f"old-router.{DOMAIN}").stdout, f"old-router.{DOMAIN}")
    assert json_checks(found)["xcp_restart"] == ["critical", "xcp_restart_pending"]  # it knows what the agent saw
    time.sleep(3)  # UpTime is in whole seconds: nearer to the change the start would be unknown
    scene.change("old-router", {"control_center": {"started": time.time()}})
    assert scene.checks("old-router")["xcp_restart"] == ["ok", "ok"]
    assert scene.derived("old-router") == 0


def test_router_restarted_after_the_change(scene):
    """The rows change, the router is restarted later: not pending."""
    scene.change("new-router", with_rows())
    time.sleep(3)
    scene.change("new-router", {"control_center": {"started": time.time()}})
    assert scene.checks("new-router")["xcp_restart"] == ["ok", "ok"]
    assert scene.derived("new-router") == 0


def test_router_restarted_between(scene):
    """Both inside one interval, which of them first cannot be told: no false alarm."""
    scene.stage.change("between", {**with_rows(SECOND), "control_center": {"started": time.time()}})
    scene.next_rounds("between")
    assert scene.checks("between")["xcp_restart"] == ["unknown", "xcp_restart_unknown"]
    assert scene.derived("between") is None


def test_router_that_stops(scene):
    scene.change("first-sight", {"control_center": {"status": "Stopped"}})
    assert scene.checks("first-sight")["xcp_router"] == ["critical", "xcp_router_stopped"]
    scene.change("first-sight", {"control_center": {"status": "Started"}})
    assert scene.checks("first-sight")["xcp_router"] == ["ok", "ok"]


def test_notification_comes_and_goes(scene):
    """On the page: pending, and no longer once it is gone. It is read anew with the same session."""
    name = f"page.{DOMAIN}"
    assert scene.checks("page")["xcp_restart"] == ["ok", "ok"]
    scene.change("page", {"page": {"rows": [restart_row(name)]}})
    assert scene.checks("page")["xcp_restart"] == ["critical", "xcp_restart_pending"]
    cause = imp_json(scene.agent.request("/api/v1/status")[1], name)["cause"]
    assert f"restart the xcp router on {name}" in cause.lower()
    assert len(imp_table(walk(scene.agent.snmp_port, scene.folder), 7, 2, name)) == 1
    scene.change("page", {"page": {"rows": []}})
    assert scene.checks("page")["xcp_restart"] == ["ok", "ok"]
    assert len(scene.stage.server.logins(node=name, service="page")) <= 2  # one a start of the agent


def test_notification_on_the_page_of_another(scene):
    """It is about the node that it names, which needs no page of its own; and that is told where it was seen."""
    name = f"alone.{DOMAIN}"
    scene.change("page", {"page": {"rows": [restart_row(name)]}})
    scene.next_rounds("alone")
    assert scene.checks("page")["xcp_restart"] == ["ok", "ok"]
    assert scene.checks("alone")["xcp_restart"] == ["critical", "xcp_restart_pending"]
    assert scene.agent.scrape().one("fedhealth_imp_xcp_restart_pending", node=name, source="page") == 1
    found = imp_json(scene.agent.request("/api/v1/status")[1], name)
    assert f"seen at page.{DOMAIN}" in found["checks"]["xcp_restart"]["detail"]
    assert found["xcp_sources"] == {"page": {"pending": 1}}
    scene.change("page", {"page": {"rows": []}})
    scene.next_rounds("alone")
    assert scene.checks("alone")["xcp_restart"] == ["unknown", "not_configured"]
    assert scene.agent.scrape().one("fedhealth_imp_xcp_restart_pending", node=name, source="page") is None


def test_link_in_a_notification(scene):
    """The description's link is markup on some pages, text on others (which snmpwalk quotes)."""
    row = restart_row(f"page.{DOMAIN}")
    for escaped, shown in ((False, "here . Once"), (True, r'<a href=\"#\">here</a> . Once')):
        scene.change("page", {"page": {"rows": [{**row, "escaped": escaped}]}})
        (description,) = imp_table(walk(scene.agent.snmp_port, scene.folder), 7, 2, f"page.{DOMAIN}")
        assert f"restart this service {shown}" in description
    scene.change("page", {"page": {"rows": []}})


def test_query_of_an_operator(scene):
    """Its columns are found by name."""
    assert scene.checks("query")["xcp_restart"] == ["ok", "ok"]
    row = restart_row(f"query.{DOMAIN}")
    scene.change("query", {"axl": {"queries": {"select * from made_up": [row]}}})
    assert scene.checks("query")["xcp_restart"] == ["critical", "xcp_restart_pending"]
    assert scene.agent.scrape().one("fedhealth_imp_xcp_restart_pending", node=f"query.{DOMAIN}", source="query") == 1
    scene.change("query", {"axl": {"fault": {"code": -201, "message": "A syntax error has occurred."}}})
    scene.change("query", {"axl": {"fault": None, "queries": None}})
    assert scene.checks("query")["axl"] == ["ok", "ok"]
    assert scene.checks("query")["xcp_restart"] == ["unknown", "xcp_source_failed"]


def test_sessions_are_lost(scene):
    """Tomcat is restarted: the next round logs in again, on both pages, and nothing is amiss."""
    name = f"sessions.{DOMAIN}"
    scene.next_rounds("sessions", 5)
    before = len(scene.stage.server.logins(node=name, service="axl"))
    assert before <= 2
    scene.change("sessions", {"session_epoch": 7})
    assert set(map(tuple, scene.checks("sessions").values())) == {("ok", "ok")}
    assert len(scene.stage.server.logins(node=name, service="axl")) == before + 1
    assert all(each["accepted"] for each in scene.stage.server.logins(node=name))


def test_axl_comes_and_goes(scene):
    """Each trouble shows while it lasts. What was read before is not shown as if it were there."""
    for canned, reason in (({"status": 503}, "axl_throttled"), ({"status": 404}, "axl_not_found"),
                           ({"status": 403}, "axl_forbidden"),
                           ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, "axl_redirect")):
        scene.change("sessions", {"axl": {"canned": canned}})
        assert scene.checks("sessions")["axl"][1] == reason
        assert scene.checks("sessions")["s2snode"] == ["unknown", "not_reached"]
        scene.change("sessions", {"axl": {"canned": None}})
        assert scene.checks("sessions")["axl"] == ["ok", "ok"]
        assert scene.checks("sessions")["s2snode"] == ["ok", "ok"]


def test_role_that_is_missing(scene):
    """A good login without the role is no bad login: it is not held."""
    scene.change("sessions", {"accounts": {"fedhealth": {"without": ["axl"]}}, "session_epoch": 8})
    assert scene.checks("sessions")["axl"] == ["critical", "axl_forbidden"]
    scene.change("sessions", {"accounts": {"fedhealth": {"without": []}}})
    assert scene.checks("sessions")["axl"] == ["ok", "ok"]


@pytest.mark.produces("s2snode_differs", "two nodes of a cluster have different rows")
def test_nodes_of_a_cluster_differ(scene):
    assert scene.checks("cluster-a")["s2snode"] == ["ok", "ok"]
    assert scene.checks("cluster-b")["s2snode"] == ["ok", "ok"]
    scene.change("cluster-b", with_rows(FIRST, SECOND))
    scene.next_rounds("cluster-a")
    for name in ("cluster-a", "cluster-b"):
        assert scene.checks(name)["s2snode"] == ["warning", "s2snode_differs"]
    assert scene.checks("alone")["s2snode"] == ["ok", "ok"]
    scene.change("cluster-b", with_rows(FIRST))
    scene.next_rounds("cluster-a")
    assert scene.checks("cluster-a")["s2snode"] == ["ok", "ok"]


def test_indexes_stay(scene):
    """A row's index is its cp_id's, and outlives the agent."""
    def indexes():
        walked = walk(scene.agent.snmp_port, scene.folder)
        return {oid: value for oid, value in walked.items() if oid.startswith(("1.5.1.2.", "1.6.1.2."))}

    before = indexes()
    assert imp_walked(walk(scene.agent.snmp_port, scene.folder), f"alone.{DOMAIN}")[0] == "ok"
    scene.stop()
    scene.start()
    assert indexes() == before
