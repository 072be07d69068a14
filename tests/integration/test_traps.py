"""Every notification as a NOC gets it, at a real snmptrapd: through a real snmpd, and from the agent itself. The tests
with the same scene go on where the ones before left it."""

import datetime
import json
import os
import ssl
import tempfile

import pytest

from agent import LONG_WAIT, Agent, folder_in, wait_for
from cases_stream import GOOD, START
from imp_nodes import AXL_ONLY, Stage, imp_runs, node, with_rows
from lab.imp import DOMAIN
from peers import DIALBACK, HEADER, PROCEED, Peers, close, features, tls
from snmp import ROOT, Snmpd, Snmptrapd, walk

MODES = ["agentx", "master"]
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
SENT, SUPPRESSED, LAST_SEQUENCE = ("1.1.12.0", "1.1.13.0", "1.1.14.0")
OK, WARNING, CRITICAL, UNKNOWN = "1", "2", "3", "4"
FIRST, SECOND = "cm-2_s2scp-1.expe1-lab-test", "cm-3_s2scp-1.expe2-lab-test"
PEER, OTHER = "peer.lab.test", "other.lab.test"
NODE = f"changing.{DOMAIN}"
WRONG = {"axl": {"password": "wrong"}, **AXL_ONLY}  # the same account and password at both
NODES = [node("changing", {"notifications": None}, control=with_rows(FIRST)), node("one", WRONG), node("two", WRONG)]
SOON = [*START, PROCEED, tls("soon"), GOOD[-2], HEADER + features(DIALBACK)]
GONE = [close]
DAYS = {"good": 365, "soon": 10}


class Trap:
    """A notification that was received."""

    def __init__(self, varbinds):
        self.kind = int(varbinds[TRAP_OID].rsplit(".", 1)[1])
        table = "2" if self.kind in (1, 3) else "5"
        self.index = next(oid.split(".")[4] for oid in varbinds if oid.startswith(f"1.{table}.1.2."))
        self.name, self.state, self.reason, self.detail = (varbinds[f"1.{table}.1.{column}.{self.index}"]
                                                           for column in (2, 3, 4, 5))
        self.previous, self.sequence = varbinds["1.9.1.0"], int(varbinds["1.9.2.0"])
        self.endpoint = {oid.split(".")[3]: value for oid, value in varbinds.items()
                         if oid.startswith("1.4.1.") and oid.split(".")[4] == self.index}
        assert len(varbinds) == 8 + len(self.endpoint), varbinds  # sysUpTime and snmpTrapOID beside the six

    @property
    def change(self):
        """What the manager's alarm list needs."""
        return (self.previous, self.state, self.reason)


class Scene:
    """A receiver, snmpd, peers and nodes, and an agent that looks at them each second."""

    def __init__(self, lab, folder, mode):
        self.lab, self.folder, self.mode = lab, folder, mode
        self.socket = os.path.join(folder, "agentx")
        self.servers = []
        self.master = None
        self.receiver = self._add(Snmptrapd(folder_in(folder, "snmptrapd")))
        if mode == "agentx":
            self.start_master()
        self.contexts = {name: self._context(name, days) for name, days in DAYS.items()}
        self.peers = Peers(lambda name, **_: self.contexts[name])
        self.scripts = {PEER: list(GOOD), OTHER: list(GOOD)}
        self.domains = [json.dumps({"name": name, "targets": [f"127.0.0.1:{self.peers.listen(script)}"]})
                        for name, script in self.scripts.items()]
        self.peers.start()
        self.stage = Stage(lab, folder, NODES)
        self.start_agent()

    def _add(self, server):
        self.servers.append(server)
        return server

    def _context(self, name, days):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.lab.authority.issue_host(f"trap-{name}", [PEER, OTHER], (-30, days)))
        return context

    def _write(self, path, **snmp):
        self.stage.write_config(path, domains=self.domains, interval="1s", confirm=2,
                                state_dir=os.path.join(self.folder, "state"), **snmp)
        with open(path, encoding="utf-8") as config:
            text = config.read()
        notify = f'notify: [{{address: "udp:127.0.0.1:{self.receiver.port}", community: public}}]'
        with open(path, "w", encoding="utf-8") as config:
            config.write(text.replace("  mode: master\n", f"  mode: master\n  {notify}\n"))
        return path

    def start_master(self):
        """Starts snmpd."""
        self.master = Snmpd(tempfile.mkdtemp(prefix="snmpd-", dir=self.folder), self.socket,
                            more=f"trap2sink 127.0.0.1:{self.receiver.port} public")

    def start_agent(self):
        """Starts the agent, in a folder of its own; the state_dir is always the same."""
        self.agent = self._add(Agent(tempfile.mkdtemp(prefix="agent-", dir=self.folder), self._write,
                                     flags=["--web.enable-lifecycle"],
                                     agentx_socket=self.socket if self.mode == "agentx" else None))
        self.agent.first_round_done()

    def stop_agent(self):
        """Ends it."""
        self.servers.remove(self.agent)
        self.agent.stop()

    def stop(self):
        """Ends everything."""
        for server in reversed(self.servers):
            server.stop()
        if self.master:
            self.master.stop()
        self.stage.__exit__()
        self.peers.close()

    def traps(self, *kinds, name=None):
        """What was received so far of these kinds, about this name."""
        return [each for each in map(Trap, self.receiver.of_fedhealth())
                if each.kind in kinds and name in (None, each.name)]

    def next_trap(self, kind, name, known):
        """The first that comes after those known."""
        return wait_for(f"notification {kind} about {name}", lambda: self.traps(kind, name=name)[len(known):])[0]

    def plays(self, name, script, kind=1):
        """The peer follows this script from now on; the notification of that."""
        known = self.traps(kind, name=name)
        self.scripts[name][:] = script
        return self.next_trap(kind, name, known)

    def walk(self):
        """All of FEDHEALTH-MIB."""
        return walk(self.master.port if self.master else self.agent.snmp_port, self.folder)


@pytest.fixture(scope="module", name="scene", params=MODES)
def _scene(lab, request):
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        scene = Scene(lab, folder, request.param)
        try:
            yield scene
        finally:
            scene.stop()


def test_one_rejected_login_is_one_notification(scene):
    """Two nodes share a wrong password: one of them is asked, once, and one notification says so."""
    sent = wait_for("the notification", lambda: scene.traps(4))[0]
    runs = imp_runs(scene.agent.scrape(), NODE)
    wait_for("further rounds", lambda: imp_runs(scene.agent.scrape(), NODE) >= runs + 3)
    assert len(scene.traps(4)) == 1
    assert sent.name in (f"one.{DOMAIN}", f"two.{DOMAIN}")
    assert sent.change == (UNKNOWN, CRITICAL, "axl_unauthorized")
    assert "our account at AXL was rejected" in sent.detail
    assert len(scene.stage.server.logins(node=f"one.{DOMAIN}") + scene.stage.server.logins(node=f"two.{DOMAIN}")) == 1


def test_first_states(scene):
    """The first state is told unless it is ok; and not again with each round."""
    for name in (f"one.{DOMAIN}", f"two.{DOMAIN}"):
        (first,) = wait_for(f"the state of {name}", lambda name=name: scene.traps(2, name=name))
        assert (first.previous, first.state) == (UNKNOWN, CRITICAL)
    assert not scene.traps(1) and not scene.traps(2, name=NODE)


def test_domain_goes_and_returns(scene):
    gone = scene.plays(PEER, GONE)
    assert gone.change == (OK, CRITICAL, "stream_closed")
    values = scene.walk()
    assert (values[f"1.2.1.2.{gone.index}"], values[f"1.2.1.3.{gone.index}"]) == (PEER, gone.state)
    assert (values[f"1.2.1.4.{gone.index}"], values.get(f"1.2.1.5.{gone.index}", "")) == (gone.reason, gone.detail)
    assert scene.plays(PEER, GOOD).change == (CRITICAL, OK, "ok")


def test_certificate_expires(scene):
    """Once for the certificate, beside the state that changes with it; its endpoint is a row of the table."""
    expiring = scene.plays(OTHER, SOON, kind=3)
    assert expiring.reason == "cert_expires_soon"
    assert "the certificate of 127.0.0.1 at 127.0.0.1:" in expiring.detail and "in 9 days" in expiring.detail
    assert (expiring.endpoint["2"], expiring.endpoint["7"]) == ("127.0.0.1", "127.0.0.1")
    octets = [int(each, 16) for each in expiring.endpoint["15"].split()]
    end = datetime.datetime(octets[0] * 256 + octets[1], *octets[2:7], tzinfo=datetime.timezone.utc)
    assert abs(end - datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=10)).seconds < 3600
    (state,) = wait_for("the state", lambda: scene.traps(1, name=OTHER))
    assert state.change == (OK, WARNING, "cert_expires_soon")
    assert scene.plays(OTHER, GOOD).change == (WARNING, OK, "ok")
    assert len(scene.traps(3)) == 1


def test_rows_change_and_the_router_waits(scene):
    scene.stage.change("changing", with_rows(SECOND))
    changed = scene.next_trap(5, NODE, [])
    assert changed.detail == f"came: {SECOND}; went: {FIRST}"
    pending = scene.next_trap(6, NODE, [])
    assert pending.change == (OK, CRITICAL, "xcp_restart_pending")
    assert "derived: pending" in pending.detail
    state = scene.next_trap(2, NODE, [])
    assert state.change == (OK, CRITICAL, "xcp_restart_pending")
    assert f"restart the xcp router on {NODE}" in state.detail.lower()
    assert len(scene.traps(5)) == len(scene.traps(6)) == 1


def test_numbers(scene):
    """Every one was sent, in the order of their numbers."""
    received = [each.sequence for each in scene.traps(*range(1, 7))]
    assert received == list(range(1, len(received) + 1))
    values = scene.walk()
    assert [int(values[each]) for each in (SENT, SUPPRESSED, LAST_SEQUENCE)] == [len(received), 0, len(received)]
    samples = scene.agent.scrape()
    assert samples.one("fedhealth_snmp_notifications_sent_total") == len(received)
    assert samples.one("fedhealth_snmp_notifications_suppressed_total") == 0


@pytest.mark.parametrize("scene", ["agentx"], indirect=True)
def test_master_returns(scene):
    """snmpd comes back: what is not ok is told again, and so is what has ended meanwhile."""
    assert scene.plays(PEER, GONE).state == CRITICAL
    assert scene.plays(OTHER, GONE).state == CRITICAL
    before = {name: len(scene.traps(1, 2, name=name)) for name in (PEER, OTHER, NODE)}
    scene.master.process.kill()
    scene.master.stop()
    wait_for("the loss to be seen", lambda: scene.agent.scrape().one("fedhealth_snmp_agentx_connected") == 0,
             LONG_WAIT)
    scene.scripts[OTHER][:] = GOOD
    wait_for("the other's recovery", lambda: scene.agent.scrape().one(
        "fedhealth_domain_state", domain=OTHER, fedhealth_domain_state="ok") == 1)
    scene.start_master()

    def told():
        news = {name: scene.traps(1, 2, name=name)[count:] for name, count in before.items()}
        return all(news.values()) and {name: [each.change for each in traps] for name, traps in news.items()}
    assert wait_for("what stands", told, LONG_WAIT) == {
        PEER: [(CRITICAL, CRITICAL, "stream_closed")], OTHER: [(CRITICAL, OK, "ok")],
        NODE: [(CRITICAL, CRITICAL, "xcp_restart_pending")]}


def test_agent_starts_anew(scene):
    """What is as it was before is told again, as no transition; what has ended meanwhile is one. The numbers begin
    anew."""
    for name in (PEER, OTHER):
        if scene.traps(1, name=name)[-1].state != CRITICAL:
            scene.plays(name, GONE)
    known = len(scene.traps(*range(1, 7)))
    scene.stop_agent()
    scene.scripts[OTHER][:] = GOOD
    scene.start_agent()

    def told():
        news = {(each.kind, each.name): each.change for each in scene.traps(*range(1, 7))[known:]}
        return {(1, PEER), (1, OTHER), (2, NODE)} <= set(news) and news
    news = wait_for("what stands", told)
    assert news[1, PEER] == (CRITICAL, CRITICAL, "stream_closed")
    assert news[1, OTHER] == (CRITICAL, OK, "ok")
    assert news[2, NODE] == (CRITICAL, CRITICAL, "xcp_restart_pending")
    assert not [kind for kind, _ in news if kind > 3]  # no login is tried again, no row has changed
    assert [each.sequence for each in scene.traps(*range(1, 7))[known:]][:3] == [1, 2, 3]


def test_recovers_while_nobody_listens(scene):
    """And the agent starts anew before the manager could be told: it is told all the same."""
    if scene.mode != "agentx":
        return
    if scene.traps(1, name=OTHER)[-1].state != CRITICAL:
        scene.plays(OTHER, GONE)
    scene.master.process.kill()
    scene.master.stop()
    wait_for("the loss to be seen", lambda: scene.agent.scrape().one("fedhealth_snmp_agentx_connected") == 0)

    def recoveries():
        with open(scene.agent.log, encoding="utf-8") as log:
            return log.read().count(f"{OTHER} is now ok")
    before = recoveries()
    scene.scripts[OTHER][:] = GOOD
    wait_for("the recovery", lambda: recoveries() > before)
    known = scene.traps(1, name=OTHER)
    scene.stop_agent()
    scene.start_master()
    scene.start_agent()
    assert scene.next_trap(1, OTHER, known).change == (OK, OK, "ok")


def test_domain_goes_while_the_agent_is_down(scene):
    """Its alarm goes with it."""
    if scene.traps(1, name=OTHER)[-1].state != CRITICAL:
        scene.plays(OTHER, GONE)
    known = scene.traps(1, name=OTHER)
    scene.stop_agent()
    (domain,) = [each for each in scene.domains if OTHER in each]
    scene.domains.remove(domain)
    scene.start_agent()
    assert scene.next_trap(1, OTHER, known).change == (CRITICAL, UNKNOWN, "not_configured")
    known = scene.traps(1, name=OTHER)
    scene.stop_agent()
    scene.domains.append(domain)
    scene.start_agent()
    assert scene.next_trap(1, OTHER, known).change == (UNKNOWN, CRITICAL, "stream_closed")
    scene.plays(OTHER, GOOD)


def test_domain_that_is_configured_no_more(scene):
    """Its alarm goes with it; one that is ok goes in silence."""
    if scene.traps(1, name=PEER)[-1].state != CRITICAL:
        scene.plays(PEER, GONE)
    known = {name: scene.traps(1, name=name) for name in (PEER, OTHER)}
    del scene.domains[:]
    scene.domains.append("healthy.lab.test")
    with open(scene.agent.config, encoding="utf-8") as config:
        old = config.read()
    head, rest = old.split("domains:\n", 1)
    with open(scene.agent.config, "w", encoding="utf-8") as config:
        config.write(head + "domains:\n  - healthy.lab.test\nsnmp:\n" + rest.split("snmp:\n", 1)[1])
    assert scene.agent.request("/-/reload", "POST")[0].status == 200
    assert scene.next_trap(1, PEER, known[PEER]).change == (CRITICAL, UNKNOWN, "not_configured")
    assert len(scene.traps(1, name=OTHER)) == len(known[OTHER])


def test_more_than_may_go_at_once(lab, folder):
    """Hundreds of domains fail together: some are told at once, the others little by little, and none is left out."""
    count = 250
    receiver = Snmptrapd(folder_in(folder, "snmptrapd"))
    servers = [receiver]
    try:
        socket = os.path.join(folder, "agentx")
        master = Snmpd(folder_in(folder, "snmpd"), socket, more=f"trap2sink 127.0.0.1:{receiver.port} public")
        servers.append(master)
        peers = Peers(None)
        domains = [json.dumps({"name": f"d{number}.lab.test", "targets": [f"127.0.0.1:{peers.refuse()}"]})
                   for number in range(count)]
        agent = Agent(folder_in(folder, "agent"), lab.write_config, domains=domains, interval="5s", confirm=1,
                      agentx_socket=socket)
        servers.append(agent)

        def all_told():
            states = {each.name: each.state for each in map(Trap, receiver.of_fedhealth())}
            return len(states) == count and set(states.values()) == {CRITICAL}
        wait_for("every domain to be told", all_told, LONG_WAIT)  # ten a second
        sequences = [each.sequence for each in map(Trap, receiver.of_fedhealth())]
        assert sequences == sorted(set(sequences)) and len(sequences) == count
        sent, suppressed, last = (int(walk(master.port, folder)[each]) for each in (SENT, SUPPRESSED, LAST_SEQUENCE))
        assert (sent, sent + suppressed) == (count, last)
        assert suppressed > 0 and sequences[-1] == last
    finally:
        for server in reversed(servers):
            server.stop()
