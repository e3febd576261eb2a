"""Handle the signals that ask a process to end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# SIGHUP: the terminal or the ssh connection was closed. SIGBREAK: Ctrl-Break on Windows, and the
# window of a console there, after which the system may not wait for what a handler in Python does.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

OnSignal = Callable[[int, FrameType | None], Any]


def find_signals() -> list[signal.Signals]:
    """Return the signals that ask this process to end; SIGHUP is none where it is ignored, as by `nohup`."""
    known = [signal.Signals(getattr(signal, name)) for name in _NAMES if hasattr(signal, name)]
    return [each for each in known if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN]


@contextmanager
def handling_signals(call: OnSignal) -> Iterator[None]:
    """Call a function at each of these signals while the context lasts."""
    before = {each: signal.signal(each, call) for each in find_signals()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def end_as_by_ctrl_c() -> None:
    """Have each of these signals end the process as Ctrl-C does, with all that is to be cleaned up."""
    for each in find_signals():
        if each is not signal.SIGINT:
            signal.signal(each, _interrupt)


def _interrupt(*_: object) -> None:
    end_undisturbed()
    raise KeyboardInterrupt


def end_undisturbed() -> None:
    """Let no further signal break off the cleaning up of a command: systemd and ssh send several."""
    if any(signal.getsignal(each) is _interrupt for each in find_signals()):
        for each in find_signals():
            signal.signal(each, signal.SIG_IGN)  # a handler of ours would be gone while the interpreter ends
