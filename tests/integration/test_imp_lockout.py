"""A wrong password never locks an account: one login attempt reaches the servers, whichever of them, however often the
agent is started and killed; and a corrected password file is enough to go on."""

import fcntl
import os
import random
import subprocess
import time

import pytest

from agent import FEDHEALTH, FEDHEALTHD, Agent, wait_for
from imp_nodes import Stage, check_imp, imp_checks, imp_json, imp_runs, json_checks, node
from lab.imp import ACCOUNT, DOMAIN, PASSWORD, write_secret

STARTS = 200
FRESH_STARTS = 40  # each with a state_dir of its own, killed about when the first login is under way
WRONG = "the wrong one"
NODES = ("one", "two")
NAMES = [f"{name}.{DOMAIN}" for name in NODES]


@pytest.fixture(name="stage")
def _stage(lab, folder):
    """Two nodes; all services of both, and verify_accounts, share one credential, in one password file."""
    with SharedStage(lab, folder) as stage:
        stage.set_password(WRONG)
        yield stage


class SharedStage(Stage):
    """With one password file for everything."""

    def __init__(self, lab, folder):
        super().__init__(lab, folder, [node(name) for name in NODES])
        self.folder = folder
        self.password_file = os.path.join(self.secrets, "shared")

    def set_password(self, password):
        """What stands in the file from now on."""
        write_secret(self.password_file, password)

    def configs(self):
        entries = super().configs()
        for entry in entries:
            entry["axl"]["password_file"] = self.password_file
            entry["axl"]["verify_accounts"] = [{"name": "the-same", "username": ACCOUNT, "interval": "1m",
                                                "password_file": self.password_file}]
            for service in (entry["control_center"], entry["notifications"]["page"]):
                service.update(username=ACCOUNT, password_file=self.password_file)
        return entries

    def start(self, config):
        """A daemon that will not be let end."""
        log = os.path.join(self.folder, "killed.log")
        with open(log, "ab") as out:
            return subprocess.Popen([FEDHEALTHD, "--config.file", config, "--web.listen-address", "127.0.0.1:0"],
                                    stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def attempts(self):
        """How many logins reached the servers."""
        return len(self.server.logins())


def kill(process):
    """Ends a process as a power cut would."""
    process.kill()
    process.wait()


@pytest.mark.produces("axl_login_held", "a login was rejected; until the password is another no other one is made")
def test_one_attempt(stage, folder):
    """Started and killed 200 times, at random moments; and now and then the command line is about the same."""
    config = stage.write_config(os.path.join(folder, "agent.yaml"), interval="1s")
    chance = random.Random(5269)
    for start in range(STARTS):
        process = stage.start(config)
        try:
            if start == 0:
                wait_for("the first attempt", stage.attempts)
            elif start % 20 == 0:
                found = imp_json(check_imp(config, NAMES[start // 20 % 2]).stdout, NAMES[start // 20 % 2])
                assert json_checks(found)["axl"] == ["critical", "axl_login_held"]
            time.sleep(chance.uniform(0, 0.6))
            assert process.poll() is None
        finally:
            kill(process)
    assert stage.attempts() == 1
    corrected(stage, folder)


def corrected(stage, folder):
    """An agent on the same state_dir: held, until the password file has the right one; there is no reload."""
    def checks():
        samples = agent.scrape()
        return [imp_checks(samples, name) for name in NAMES]

    agent = Agent(folder, stage.write_config, interval="1s")
    try:
        agent.first_round_done()
        assert [each["axl"] for each in checks()] == [["critical", "axl_login_held"]] * 2
        assert agent.scrape().one("fedhealth_imp_axl_login_hold_until_timestamp_seconds", node=NAMES[0]) > \
            time.time() + 25 * 60
        stage.set_password(PASSWORD)
        wait_for("a good login", lambda: all(set(map(tuple, each.values())) == {("ok", "ok")} for each in checks()))
        assert [each["accepted"] for each in stage.server.logins()].count(False) == 1
        assert agent.scrape().one("fedhealth_imp_axl_login_hold_until_timestamp_seconds", node=NAMES[0]) is None
        for name in NAMES:
            assert agent.scrape().one("fedhealth_imp_axl_account_valid", node=name, account="the-same") == 1
    finally:
        agent.stop()


def test_killed_while_logging_in(stage, folder):
    """Killed about when the first login is sent, before, during or after it: never a second one with that state_dir."""
    chance = random.Random(1)
    for name in NODES:
        stage.change(name, {"delay_ms": 300})  # from the attempt to the reply
    for start in range(FRESH_STARTS):
        before = stage.attempts()
        config = stage.write_config(os.path.join(folder, "agent.yaml"), interval="1s",
                                    state_dir=os.path.join(folder, f"state-{start}"))
        for _ in range(3):
            process = stage.start(config)
            try:
                time.sleep(chance.uniform(0, 0.4))
            finally:
                kill(process)
        process = stage.start(config)
        try:
            time.sleep(0.5)
        finally:
            kill(process)
        assert stage.attempts() - before <= 1, start
    assert stage.attempts() > FRESH_STARTS // 4  # of most, one arrived


def test_many_at_once(stage, folder):
    """The agent and ten command lines start at the same time."""
    config = stage.write_config(os.path.join(folder, "agent.yaml"), interval="1s")
    processes = [stage.start(config)]
    try:
        for number in range(10):
            processes.append(subprocess.Popen(
                [FEDHEALTH, "check", "--config.file", config, "--json", f"--imp={NAMES[number % 2]}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for process in processes[1:]:
            assert process.wait(60) == 2
        wait_for("the attempt", stage.attempts)
        time.sleep(1)
        assert stage.attempts() == 1
    finally:
        for process in processes:
            kill(process)


def test_password_changed_behind_our_back(stage, folder):
    """A password that was right, and is changed on the server: fewer than three see it, or the account is locked."""
    stage.set_password(PASSWORD)
    agent = Agent(folder, stage.write_config, interval="1s")
    try:
        agent.first_round_done()
        for name in NODES:
            stage.change(name, {"accounts": {ACCOUNT: {"password": "a new one"}}, "session_epoch": 1})
        wait_for("it to be seen", lambda: any(not each["accepted"] for each in stage.server.logins()))
        wait_for("both to be held", lambda: all(
            imp_checks(agent.scrape(), name)["axl"][1] == "axl_login_held" for name in NAMES))
        runs = [imp_runs(agent.scrape(), name) for name in NAMES]
        wait_for("further rounds", lambda: all(
            imp_runs(agent.scrape(), name) >= before + 3 for name, before in zip(NAMES, runs)))
        assert [each["accepted"] for each in stage.server.logins()].count(False) < 3
    finally:
        agent.stop()


def test_end_while_the_file_is_locked(stage, folder):
    """Another process that holds the lock of the logins, and does not let go, does not keep the agent from ending."""
    stage.set_password(PASSWORD)
    state_dir = os.path.join(folder, "locked")
    agent = Agent(folder, stage.write_config, interval="1s", state_dir=state_dir)
    try:
        agent.first_round_done()
        with open(os.path.join(state_dir, "logins.lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            wait_for("rounds that wait", lambda: agent.scrape().one("fedhealth_checks_running"))
            agent.process.terminate()
            assert agent.process.wait(30) == 0
    finally:
        agent.stop()


def test_without_state_dir(stage, folder):
    """Where nothing can be recorded, no login is made."""
    state_dir = os.path.join(folder, "file")
    with open(state_dir, "w", encoding="ascii"):
        pass
    config = stage.write_config(os.path.join(folder, "agent.yaml"), state_dir=state_dir)
    found = imp_json(check_imp(config, NAMES[0]).stdout, NAMES[0])
    assert json_checks(found)["axl"][1] == "local_error"
    assert stage.attempts() == 0
