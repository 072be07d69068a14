"""The embedded master with SNMPv3 users and receivers of its own: net-snmp's programs ask it and are told."""

import os
import random
import re
import select
import signal
import socket
import threading
from socket import SOCK_DGRAM

import pytest

from agent import FEDHEALTHD, Agent, folder_in, run, wait_for
from imp_nodes import AXL_ONLY, Stage, node
from lab.imp import DOMAIN
from lab.server import free_port
from snmp import ROOT, Snmptrapd, environment, walk

ENGINE = "80001f880501020304050607"
BOOTS = 100
ENGINE_FILE = "fedhealth-snmp-engine 1\nid {id}\nboots {boots}\nend\n"
SNMP_ENGINE = "1.3.6.1.6.3.10.2.1"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
NAME = "healthy.lab.test"
AUTH, PRIV = "for authentication \"x\"", "for privacy, \\ 2"
USERS = [("noc", "SHA-256", "AES"), ("sha1", "SHA", "AES-192"), ("sha224", "SHA-224", "AES"),
         ("sha384", "SHA-384", "AES-256"), ("sha512", "SHA-512", "AES-256"), ("small", "SHA", "AES-256")]


class Master:
    """Agents in master mode, one after the other, with the same files: a configuration with USERS, without a community
    unless `more` lines of the key snmp have one."""

    def __init__(self, folder, write_config, more="", state=ENGINE_FILE.format(id=ENGINE, boots=BOOTS), **config):
        self.folder, self.write_config, self.config = folder, write_config, config
        self.port = free_port(SOCK_DGRAM)
        self.servers = []
        self.engine_file = os.path.join(folder, "state", "snmp-engine")
        os.mkdir(os.path.dirname(self.engine_file))
        if state:
            with open(self.engine_file, "w", encoding="ascii") as out:
                out.write(state)
        self.passwords = {key: os.path.join(folder, key) for key in ("auth", "priv")}
        self.put("auth", AUTH)
        self.put("priv", PRIV)
        users = [f"{{name: {name}, auth: {auth}, priv: {priv}, auth_password_file: {self.passwords['auth']}, "
                 f"priv_password_file: {self.passwords['priv']}}}" for name, auth, priv in USERS]
        self.snmp = f"  users:\n{''.join(f'    - {user}' + chr(10) for user in users)}{more}"

    def put(self, key, password):
        """Another password, not yet in force."""
        with open(self.passwords[key], "w", encoding="utf-8") as out:
            out.write(password + "\n")
        os.chmod(self.passwords[key], 0o600)

    def _write(self, path, snmp_port):
        self.write_config(path, snmp_port=self.port, state_dir=os.path.dirname(self.engine_file), **self.config)
        with open(path, encoding="utf-8") as text:
            lines = text.read()
        with open(path, "w", encoding="utf-8") as out:
            out.write(re.sub(r"(?m)^(  listen: .*\n?)", lambda found: found[0].rstrip("\n") + "\n" + self.snmp, lines))
        return path

    def start(self, flags=()):
        """One more agent."""
        agent = Agent(folder_in(self.folder, f"agent-{len(self.servers)}"), self._write, flags=flags)
        self.servers.append(agent)
        return agent

    def kill(self):
        """Ends the latest agent without a chance to do anything."""
        process = self.servers[-1].process
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self):
        """Ends the agents that run."""
        for agent in self.servers:
            if agent.process.poll() is None:
                agent.stop()

    def ask(self, *oids, program="snmpget", user="noc", level="authPriv", auth=AUTH, priv=PRIV, port=None,
            more=("-t", "5")):
        """One request; passwords are in a file of the manager, as they are on a machine of a NOC."""
        protocols = {name: each for name, *each in USERS}.get(user, ("SHA-256", "AES"))
        folder = os.path.join(self.folder, "manager")
        env = environment(folder)
        def quoted(text):
            return text.replace("\\", "\\\\").replace('"', '\\"')
        with open(os.path.join(folder, "snmp.conf"), "w", encoding="utf-8") as out:
            out.write(f'defVersion 3\ndefSecurityName {user}\ndefSecurityLevel {level}\ndefAuthType {protocols[0]}\n'
                      f'defPrivType {protocols[1]}\ndefAuthPassphrase "{quoted(auth)}"\n'
                      f'defPrivPassphrase "{quoted(priv)}"\n')
        return run(program, "-On", "-Oq", *more, f"127.0.0.1:{port or self.port}", *oids, env=env)

    def engine(self, **who):
        """The engine's id, boots and time as a manager reads them."""
        done = self.ask(f"{SNMP_ENGINE}.1.0", f"{SNMP_ENGINE}.2.0", f"{SNMP_ENGINE}.3.0", **who)
        assert done.returncode == 0, done.stderr
        values = dict(re.findall(rf'^\.{re.escape(SNMP_ENGINE)}\.(\d)\.0 ([^.]*)$', done.stdout, re.MULTILINE))
        return "".join(values["1"].strip('"').split()).lower(), int(values["2"]), int(values["3"])

    def engine_text(self):
        """The file."""
        with open(self.engine_file, encoding="ascii") as text:
            return text.read()


@pytest.fixture(name="master")
def _master(lab, folder):
    master = Master(folder, lab.write_config, domains=[NAME], interval="1h", confirm=1)
    yield master
    master.stop()


def test_users_read_with_every_protocol(master):
    agent = master.start()
    for user, *_ in USERS:
        done = master.ask(ROOT, program="snmpwalk", user=user)
        assert done.returncode == 0 and f'.{ROOT}.1.2.1.2.1 "{NAME}"' in done.stdout, (user, done.stderr)
    text = agent.logged()
    assert AUTH not in text and PRIV not in text


def test_whoever_else_is_refused(master):
    agent = master.start()
    for _ in range(15):  # net-snmp has something to say of each packet; that must not push out what it warns of
        assert master.ask(SYS_NAME).returncode == 0
    refused = [
        ({"auth": "another password"}, "Authentication failure"),
        ({"priv": "another password", "more": ("-t", "1", "-r", "0")}, "Timeout"),
        ({"level": "authNoPriv"}, "authorizationError"),
        ({"level": "noAuthNoPriv"}, "authorizationError"),
        ({"user": "nobody"}, "Unknown user name"),
        ({"program": "snmpset"}, "noAccess"),
        ({"more": ("-v2c", "-c", "public", "-t", "1", "-r", "0")}, "Timeout"),
    ]
    for how, told in refused:
        setting = ("s", "changed") if "program" in how else ()
        done = master.ask(SYS_NAME, *setting, **how)
        assert done.returncode != 0 and told in done.stdout + done.stderr, (how, done.stdout, done.stderr)
    assert master.engine()[0] == ENGINE
    text = agent.logged()
    assert "Authentication failed for noc" in text
    assert "much to say" not in text


def test_a_community_beside_users(lab, folder):
    master = Master(folder, lab.write_config, more="  community: public\n", domains=[NAME], interval="1h")
    try:
        master.start()
        assert walk(master.port, folder)["1.2.1.2.1"] == NAME
        assert master.engine()[0] == ENGINE
    finally:
        master.stop()


def test_boots_grow_at_each_start(master):
    agent = master.start(flags=["--web.enable-lifecycle"])
    assert master.engine()[:2] == (ENGINE, BOOTS + 1)
    agent.stop()
    master.start()
    assert master.engine()[:2] == (ENGINE, BOOTS + 2)
    master.kill()
    agent = master.start(flags=["--web.enable-lifecycle"])
    assert master.engine()[:2] == (ENGINE, BOOTS + 3)
    assert master.engine_text() == ENGINE_FILE.format(id=ENGINE, boots=BOOTS + 3)

    def reload():
        response, body = agent.request("/-/reload", "POST")
        return response.status, body.decode()
    assert reload() == (200, "")
    assert master.engine()[1] == BOOTS + 3, "SNMP was started anew for nothing"
    wait_for("a second to pass at the engine", lambda: master.engine()[2] >= 1)  # then its time goes back
    master.put("priv", "another password")
    assert reload() == (200, "")
    assert master.engine(priv="another password")[:2] == (ENGINE, BOOTS + 4)
    assert master.ask(SYS_NAME, more=("-t", "1", "-r", "0")).returncode != 0
    master.put("priv", "shorter")
    status, body = reload()
    assert status == 500 and re.search(r"agent\.yaml:\d+: snmp\.users\[0\]\.priv_password_file: .*priv: its first line "
                                       r"has fewer than 8 bytes", body) and "shorter" not in body
    assert master.engine(priv="another password")[:2] == (ENGINE, BOOTS + 4)
    check = run(FEDHEALTHD, "--config.file", agent.config, "--config.check")
    assert check.returncode == 2 and check.stderr.count("has fewer than 8 bytes") == len(USERS)


@pytest.mark.parametrize("state", ["", "rubbish", ENGINE_FILE.format(id=ENGINE, boots=2**31 - 1)])
def test_a_new_engine(lab, folder, state):
    """Without a file, or with one that is of no more use, another id begins."""
    master = Master(folder, lab.write_config, state=state, domains=[NAME], interval="1h")
    try:
        master.start()
        engine, boots, _ = master.engine()
        assert engine != ENGINE and boots == 1
        assert master.engine_text() == ENGINE_FILE.format(id=engine, boots=1)
    finally:
        master.stop()


def test_two_agents_are_two_engines(master, lab, folder):
    """A second agent with the same folder must not speak for the first one's engine."""
    master.start()
    second = Master(folder_in(folder, "other"), lab.write_config, state="", domains=[NAME], interval="1h")
    second.engine_file = master.engine_file
    try:
        agent = second.start()
        engine, boots, _ = second.engine()
        assert engine != ENGINE and boots == 1
        assert "another agent uses it" in agent.logged()
        assert master.engine()[:2] == (ENGINE, BOOTS + 1)
    finally:
        second.stop()


def expect_rejection(sent, name):
    """fhAxlCredentialsRejected, with every object that the module gives it."""
    assert [value for oid, value in sent.items() if oid.endswith("1.3.6.1.6.3.1.1.4.1.0")] == [f".{ROOT}.0.4"]
    assert any(oid.endswith("1.3.6.1.2.1.1.3.0") for oid in sent), "sysUpTime"
    index = next(oid.rsplit(".", 1)[1] for oid in sent if oid.startswith("1.5.1.2."))
    assert sent[f"1.5.1.2.{index}"] == name
    assert sent[f"1.5.1.3.{index}"] == "3"
    assert sent[f"1.5.1.4.{index}"] == "axl_unauthorized"
    assert "was rejected" in sent[f"1.5.1.5.{index}"]
    assert {"1.9.1.0", "1.9.2.0"} <= set(sent)


def test_receivers_are_told(lab, folder):
    """By v2c and by v3; a receiver that knows the engine listens to it after a restart too."""
    folders = [folder_in(folder, name) for name in ("v2c", "v3")]
    v3 = (f'createUser -e 0x{ENGINE} noc SHA-256 "{AUTH.replace(chr(34), chr(92) + chr(34))}" '
          f'AES "{PRIV.replace(chr(92), 2 * chr(92))}"\nauthUser log noc priv\n')
    receivers = [Snmptrapd(folders[0]), Snmptrapd(folders[1], more=v3)]
    notify = (f"  notify:\n    - {{address: \"udp:127.0.0.1:{receivers[0].port}\", community: public}}\n"
              f"    - {{address: \"udp:127.0.0.1:{receivers[1].port}\", user: noc}}\n")
    name = f"one.{DOMAIN}"
    servers = list(receivers)
    try:
        with Stage(lab, folder, [node("one", {**AXL_ONLY}, axl={"password": "right"})]) as stage:
            (entry,) = stage.configs()

            def guess(password):
                with open(entry["axl"]["password_file"], "w", encoding="utf-8") as out:
                    out.write(password)

            def rejections():
                return [[each for each in receiver.of_fedhealth() if f".{ROOT}.0.4" in each.values()]
                        for receiver in receivers]
            master = Master(folder, lab.write_config, more=notify, domains=[NAME], imp_nodes=[entry], interval="1h",
                            confirm=1)
            servers.append(master)
            guess("wrong")
            master.start()
            wait_for("one notification at both", lambda: all(len(each) == 1 for each in rejections()))
            guess("as wrong")
            master.kill()
            master.start()
            wait_for("another at both", lambda: all(len(each) == 2 for each in rejections()))
            wait_for("the same at both", lambda: receivers[0].of_fedhealth() == receivers[1].of_fedhealth())
            for sent in sum(rejections(), []):
                expect_rejection(sent, name)
            assert master.engine()[:2] == (ENGINE, BOOTS + 2)
    finally:
        for server in reversed(servers):
            server.stop()


class Relay:
    """Hands datagrams on between a manager and the agent, and keeps what the manager sent."""

    def __init__(self, to):
        self.manager = socket.socket(socket.AF_INET, SOCK_DGRAM)
        self.manager.bind(("127.0.0.1", 0))
        self.port = self.manager.getsockname()[1]
        self.agent = socket.socket(socket.AF_INET, SOCK_DGRAM)
        self.agent.connect(("127.0.0.1", to))
        self.sent = []
        self.ending, self.thread = False, threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        peer = None
        while not self.ending:
            for ready in select.select([self.manager, self.agent], [], [], 0.1)[0]:
                if ready is self.manager:
                    packet, peer = self.manager.recvfrom(65536)
                    self.sent.append(packet)
                    self.agent.send(packet)
                else:
                    self.manager.sendto(self.agent.recv(65536), peer)

    def stop(self):
        """Ends it."""
        self.ending = True
        self.thread.join()
        self.manager.close()
        self.agent.close()


def mutants(packets, count):
    """Damaged forms of these packets."""
    choose = random.Random(5269)
    for _ in range(count):
        packet = bytearray(choose.choice(packets))
        for _ in range(choose.randrange(1, 4)):
            at, kind = choose.randrange(len(packet)), choose.randrange(4)
            if kind == 0:
                packet[at] = choose.randrange(256)
            elif kind == 1:
                packet[at] ^= 1 << choose.randrange(8)
            elif kind == 2:
                del packet[at + 1:]
            else:
                packet[at:at] = choose.randbytes(choose.choice([1, 4, 300]))
        yield bytes(packet)


def test_damaged_and_replayed_packets(master):
    """Whatever arrives, the agent goes on; a message of an earlier start gets no answer but a report."""
    agent = master.start()
    relay = Relay(master.port)
    try:
        assert master.ask(f"{ROOT}.1.1.2.0", port=relay.port).returncode == 0
    finally:
        relay.stop()
    assert len(relay.sent) == 2, "a discovery and the request"
    with socket.socket(socket.AF_INET, SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", master.port))
        for packet in [*mutants(relay.sent, 2000), b"", b"\x30", os.urandom(65507), b"\x30\x84" + b"\xff" * 1000]:
            sender.send(packet)
        wait_for("an answer", lambda: master.ask(SYS_NAME).returncode == 0)
    assert agent.logged().count("net-snmp: ") <= 20
    agent.stop()
    master.start()
    with socket.socket(socket.AF_INET, SOCK_DGRAM) as sender:
        sender.settimeout(10)
        sender.connect(("127.0.0.1", master.port))
        sender.send(relay.sent[1])
        report = sender.recv(65536)
    assert bytes.fromhex("2b06010603 0f01010200") in report, "usmStatsNotInTimeWindows"
