"""Signals that ask a process to end."""

import signal
import subprocess
import sys

import pytest

from mailer.stopping import find_signals, handling_signals

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP on this system")

CLEANS_UP = """
import time
from mailer.stopping import end_as_by_ctrl_c
end_as_by_ctrl_c()
try:
    print("begun", flush=True)
    for _ in range(600):
        time.sleep(0.1)  # a signal just before a sleep does not end it
except KeyboardInterrupt:
    print("interrupted", flush=True)
    time.sleep(1)
    print("cleaned up", flush=True)
"""


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_process_as_ctrl_c_does_and_a_second_one_disturbs_nothing(which: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", CLEANS_UP], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(which)
        assert process.stdout.readline() == "interrupted\n"
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.send_signal(each)
        assert process.stdout.read() == "cleaned up\n"
    assert process.returncode == 0


def test_only_sighup_can_be_ignored_and_the_handlers_from_before_come_back() -> None:
    heard: list[int] = []
    before = {each: signal.getsignal(each) for each in find_signals()}
    with handling_signals(lambda number, _: heard.append(number)):
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.raise_signal(each)
    assert heard == [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
    assert {each: signal.getsignal(each) for each in find_signals()} == before
    hup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert find_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, hup)
