"""Signals: an orderly end, however often it is asked for, and a word on what is not supported."""

import signal

import pytest

from agent import Agent, wait_for


def start(lab, folder):
    return Agent(folder, lab.write_config, interval="1h")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_order(lab, folder, number):
    agent = start(lab, folder)
    agent.process.send_signal(number)
    assert agent.process.wait(20) == 0


def test_further_signals_break_nothing_off(lab, folder):
    agent = start(lab, folder)
    for _ in range(500):
        agent.process.send_signal(signal.SIGTERM)
        agent.process.poll()
    assert agent.process.wait(20) == 0


def test_hangup_is_answered_in_the_log(lab, folder):
    agent = start(lab, folder)

    def told():
        with open(agent.log, encoding="utf-8") as log:
            return "cannot reload" in log.read()

    agent.process.send_signal(signal.SIGHUP)
    wait_for("a word in the log", told)
    agent.stop()
