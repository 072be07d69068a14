"""fhAxlCredentialsRejected as a NOC gets it: through a real snmpd, at a real snmptrapd."""

import os

from agent import Agent, wait_for
from imp_nodes import AXL_ONLY, Stage, imp_runs, node
from lab.imp import DOMAIN
from snmp import ROOT, Snmpd, Snmptrapd, walk

NAMES = [f"{name}.{DOMAIN}" for name in ("one", "two")]
WRONG = {"axl": {"password": "wrong"}, **AXL_ONLY}  # the same account and password at both


def folder_in(folder, name):
    path = os.path.join(folder, name)
    os.mkdir(path)
    return path


def test_one_rejected_login_is_one_notification(lab, folder):
    """Two nodes share a wrong password: one of them is asked, once, and one notification says so."""
    receiver = Snmptrapd(folder_in(folder, "snmptrapd"))
    servers = [receiver]
    try:
        master = Snmpd(folder_in(folder, "snmpd"), os.path.join(folder, "agentx"),
                       more=f"trap2sink 127.0.0.1:{receiver.port} public")
        servers.append(master)
        with Stage(lab, folder, [node(name.split(".", 1)[0], WRONG) for name in NAMES]) as stage:
            agent = Agent(folder_in(folder, "agent"), stage.write_config, agentx_socket=os.path.join(folder, "agentx"),
                          interval="1s")
            servers.append(agent)
            agent.first_round_done()
            wait_for("the notification", receiver.of_fedhealth)
            runs = imp_runs(agent.scrape(), NAMES[0])
            wait_for("further rounds", lambda: imp_runs(agent.scrape(), NAMES[0]) >= runs + 3)
            (sent,) = receiver.of_fedhealth()
            assert len(stage.server.logins()) == 1
        trap_oid = [value for oid, value in sent.items() if oid.endswith("1.3.6.1.6.3.1.1.4.1.0")]
        assert trap_oid == [f".{ROOT}.0.4"]
        assert {value for oid, value in sent.items() if oid.startswith("1.5.1.2.")} < set(NAMES)
        (detail,) = [value for oid, value in sent.items() if oid.startswith("1.5.1.5.")]
        assert "our account at AXL was rejected" in detail
        index = next(oid.rsplit(".", 1)[1] for oid in sent if oid.startswith("1.5.1.2."))
        assert sent[f"1.5.1.3.{index}"] == "3"
        assert [value for oid, value in sent.items() if oid.startswith("1.9.")] == ["4", "1"], sent
        assert walk(master.port, folder)[f"1.5.1.4.{index}"].startswith("axl_")
    finally:
        for server in reversed(servers):
            server.stop()
