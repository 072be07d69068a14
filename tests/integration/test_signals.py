"""Signals: an orderly end, however often it is asked for. What SIGHUP does is in test_reload.py."""

import signal

import pytest

from agent import Agent


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
