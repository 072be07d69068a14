"""state_dir: indexes, since-times and transitions outlive kill -9; whatever is wrong with it, the agent runs and
says so."""

import json
import os

import pytest

from agent import Agent, wait_for
from lab import CASES
from snmp import domain_indexes, walk

NAMES = [case["domain"] for case in CASES]
KILLS = 10  # of a whole agent; tests/unit/test_state_kill has the hundred


class Starter:
    """Starts agents, one after the other, all with the same state_dir."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.folder = folder
        self.state_dir = os.path.join(folder, "state")
        self.file = os.path.join(self.state_dir, "state.jsonl")
        self.servers = []

    def start(self, **config):
        """An agent in a folder of its own."""
        folder = os.path.join(self.folder, str(len(self.servers)))
        os.mkdir(folder)
        settings = {"interval": "1h", "confirm": 1, "state_dir": self.state_dir, **config}
        agent = Agent(folder, self.lab.write_config, **settings)
        self.servers.append(agent)
        return agent

    def records(self):
        """The lines of the state file that are about domains, by name."""
        with open(self.file, encoding="utf-8") as text:
            lines = [json.loads(line) for line in text]
        return {line["name"]: line for line in lines if "name" in line}

    def put(self, text):
        """Leaves this in the place of the state file."""
        os.mkdir(self.state_dir)
        with open(self.file, "w", encoding="utf-8") as out:
            out.write(text)

    def wait_until_saved(self, agent):
        """Waits until the file has all transitions that the agent shows."""
        shown = {name: len(domain["transitions"]) for name, domain in status(agent).items()}
        assert sum(shown.values()) > 0
        wait_for("the state on disk", lambda: shown.items() <= {
            name: len(record.get("transitions", ())) for name, record in self.records().items()}.items())


@pytest.fixture(name="starter")
def _starter(lab, folder):
    starter = Starter(lab, folder)
    yield starter
    for agent in starter.servers:
        if agent.process.poll() is None:
            agent.stop()


def status(agent):
    """The domains of /api/v1/status, by name."""
    return {domain["name"]: domain for domain in json.loads(agent.request("/api/v1/status")[1])["domains"]}


def kill(agent):
    """Ends the agent as a power cut would."""
    agent.process.kill()
    agent.process.wait()


def kept(agent):
    """What a restart must not change: since-times and transitions of every domain and check."""
    return {name: (domain.get("since"), domain["transitions"],
                   {check: facts.get("last_change") for check, facts in domain["checks"].items()})
            for name, domain in status(agent).items()}


def saved(agent):
    """The metric."""
    return agent.scrape().one("fedhealth_state_last_save_successful")


def test_everything_outlives_a_kill(starter):
    agent = starter.start()
    agent.first_round_done()
    before, indexes = kept(agent), domain_indexes(walk(agent.snmp_port, starter.folder))
    starter.wait_until_saved(agent)
    assert saved(agent) == 1
    kill(agent)
    agent = starter.start()
    assert {name: transitions for name, (_, transitions, _) in kept(agent).items()} == {
        name: transitions for name, (_, transitions, _) in before.items()}
    agent.first_round_done()
    assert kept(agent) == before
    assert domain_indexes(walk(agent.snmp_port, starter.folder)) == indexes


def test_indexes_stay_whatever_is_configured(starter):
    seen = {}
    for names in (NAMES[:4], NAMES[3:6], NAMES[5:0:-1], ["new.lab.test"], NAMES[:2]):
        agent = starter.start(domains=names)
        indexes = domain_indexes(walk(agent.snmp_port, starter.folder))
        assert set(indexes) == set(names)
        assert {**indexes, **seen}.items() >= indexes.items(), "an index has changed"
        seen.update(indexes)
        assert len(set(seen.values())) == len(seen), "an index was given twice"
        kill(agent)


def test_the_file_is_whole_whenever_the_agent_is_killed(starter):
    saved_before = 0
    for _ in range(KILLS):
        agent = starter.start(interval="1s")
        assert "set aside" not in agent.logged()
        records = starter.records()
        assert set(records) == set(NAMES)
        assert sum(len(record.get("transitions", ())) for record in records.values()) >= saved_before
        agent.first_round_done()
        saved_before = sum(len(record.get("transitions", ())) for record in starter.records().values())
        kill(agent)


@pytest.mark.parametrize("text", ["", "precious\n", '{"format":"fedhealth-state","version":2}\n'])
def test_what_cannot_be_used_is_set_aside(starter, text):
    starter.put(text)
    agent = starter.start(domains=NAMES[:1])
    assert "cannot be used and is set aside" in agent.logged()
    assert saved(agent) == 1
    aside = [name for name in os.listdir(starter.state_dir) if name.startswith("state.jsonl.damaged-")]
    assert len(aside) == 1
    with open(os.path.join(starter.state_dir, aside[0]), encoding="utf-8") as left:
        assert left.read() == text
    agent.stop()
    agent = starter.start(domains=NAMES[:1])
    assert "set aside" not in agent.logged()


@pytest.mark.parametrize("place", ["/proc/fedhealth", "agent.yaml", "agent.yaml/below"])
def test_without_a_folder_the_agent_runs_and_says_so(starter, place):
    agent = starter.start(domains=NAMES[:1], state_dir=os.path.join(starter.folder, "0", place))
    assert "state is not kept" in agent.logged()
    assert saved(agent) == 0
    agent.first_round_done()
    agent.stop()


def test_a_second_agent_keeps_nothing(starter):
    first = starter.start(domains=NAMES[:2])
    second = starter.start(domains=NAMES[1::-1])
    assert "another agent uses this folder" in second.logged()
    assert (saved(first), saved(second)) == (1, 0)
    second.first_round_done()
    second.stop()
    first.stop()
    assert {name: record["index"] for name, record in starter.records().items()} == {NAMES[0]: 1, NAMES[1]: 2}
