"""Fixtures: the lab and one agent for the whole session, and folders for what a test starts by itself."""

import os
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import imp_versions  # noqa: E402 (needs the path above)
from agent import FEDHEALTH, FEDHEALTHD, PATIENCE, Agent  # noqa: E402
from imp_nodes import Stage  # noqa: E402
from lab import Lab  # noqa: E402
from lab.server import tail  # noqa: E402


@pytest.fixture(scope="session", name="lab")
def _lab():
    with Lab() as lab:
        yield lab


@pytest.fixture(name="folder")
def _folder():
    """A folder with a short path: the path of a unix socket in it must stay below 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        yield folder


@pytest.fixture(scope="session", name="agent")
def _agent(lab):
    """An agent on the lab, in SNMP master mode, after its first round of checks. None is repeated."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        agent = Agent(folder, lab.write_config, interval="1h", confirm=1, timeout=PATIENCE)
        try:
            agent.first_round_done()
            yield agent
        finally:
            agent.stop()


@pytest.fixture(scope="session", name="versions")
def _versions(lab):
    """IM and Presence nodes of every SOAP library, version and behaviour."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        with Stage(lab, folder, [case.node() for case in imp_versions.CASES]) as stage:
            yield stage


@pytest.fixture(scope="session", name="versions_agent")
def _versions_agent(versions):
    """An agent on these, after its first round of checks."""
    with tempfile.TemporaryDirectory(prefix="fedhealth-") as folder:
        agent = Agent(folder, versions.write_config, timeout=PATIENCE)
        try:
            agent.first_round_done()
            yield agent
        finally:
            agent.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failure shows the last log lines of every server that the test had."""
    report = (yield).get_result()
    if report.failed:
        for value in item.funcargs.values():
            for server in getattr(value, "servers", [value]):
                if hasattr(server, "log"):
                    report.sections.append((f"log of {server.name}", tail(server.log, 8)))


def pytest_collection_modifyitems(items):
    """What waits longest begins first, so that not all the rest is done when it begins."""
    items.sort(key=lambda item: item.path.name != "test_readme.py")


def pytest_configure(config):
    """The mark of a test that is a row of docs/verdicts.md by itself."""
    config.addinivalue_line("markers", "produces(reason, why): the test makes the agent come to this reason")


def pytest_sessionstart():
    """Without programs there is nothing to test."""
    for program in (FEDHEALTHD, FEDHEALTH):
        if not os.access(program, os.X_OK):
            pytest.exit(f"{program} is missing: build it, or name the build's folder in FEDHEALTH_BUILD", 1)


def pytest_sessionfinish(session):
    """Where CI is set, a skipped test is a failure: nothing may go untested unnoticed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and os.environ.get("CI") and reporter.stats.get("skipped"):  # of several processes only one has it
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
