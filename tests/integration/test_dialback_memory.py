"""What the agent remembers of dialback: over rounds, reloads and /probe, seen by how often keys were verified."""

import json

import pytest

from agent import PATIENCE, Agent, wait_for

NAME = "healthy.lab.test"


class Remembering:
    """An agent that verifies keys with one domain, and has a round of it each second."""

    def __init__(self, lab, folder):
        self.lab, self.snmp, self.dialback = lab, {}, {"enabled": True}
        self.agent = Agent(folder, self._write, flags=["--web.enable-lifecycle"])
        self.log, self.name = self.agent.log, self.agent.name

    def _write(self, path, **snmp):
        self.snmp = snmp or self.snmp
        return self.lab.write_config(path, interval="1s", timeout=PATIENCE, confirm=1, **self.snmp,
                                     domains=[json.dumps({"name": NAME, "dialback": self.dialback})])

    def reload(self, **dialback):
        """With these settings of dialback."""
        self.dialback = {"enabled": True, **dialback}
        self._write(self.agent.config)
        assert self.agent.request("/-/reload", "POST")[0].status == 200

    def runs(self, check):
        """How often it was run, and its reason."""
        samples = self.agent.scrape()
        return (samples.one("fedhealth_check_runs_total", domain=NAME, check=check),
                samples.labels("fedhealth_check_reason_info", domain=NAME, check=check)["reason"])

    def verified(self, more=2):
        """How often keys were verified, once so many more rounds are over in which they might have been."""
        before = self.runs("auth")[0]
        wait_for(f"{more} rounds", lambda: self.runs("auth")[0] >= before + more)
        return self.runs("dialback")


@pytest.fixture(name="scene")
def _scene(lab, folder):
    scene = Remembering(lab, folder)
    yield scene
    scene.agent.stop()


def test_rounds_reloads_and_probes(scene):
    """A reload that leaves it as it is verifies nothing anew; another `from` does, and so does a shorter interval."""
    wait_for("the first verification", lambda: scene.runs("dialback") == (1, "ok"))
    assert scene.verified() == (1, "ok")
    scene.reload(interval="1h")
    assert scene.verified() == (1, "ok")
    for _ in range(2):  # reads what is known, and leaves no trace
        body = scene.agent.request(f"/probe?target={NAME}&module=s2s")[1].decode()
        assert 'check="dialback",status="ok",reason="ok"' in body
    assert scene.verified() == (1, "ok")
    scene.reload(**{"from": "elsewhere.lab.test"})
    wait_for("another verification", lambda: scene.runs("dialback")[0] == 2)
    assert scene.verified() == (2, "ok")
    scene.reload(**{"from": "elsewhere.lab.test", "interval": "1s"})
    wait_for("more verifications", lambda: scene.runs("dialback")[0] > 4)
    scene.reload(enabled=False)
    wait_for("none any more", lambda: scene.runs("dialback")[1] == "not_configured")
