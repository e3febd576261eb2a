"""Senders as processes of their own, so that nothing that a sender waits for keeps the worker waiting."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from mailer.work.threads import in_thread

PROGRAM = (sys.executable, "-m", "mailer")

# On Windows only a group of its own can be asked to end; anywhere else a terminal asks all of its processes itself.
_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_ASK_TO_END = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)


class SenderProcess:
    """`mailer send SLUG --due` at work: it starts the mailing when it is due, or joins it, and clears no pause.

    `ended` is its exit code, as soon as it has one; a signal that ended it counts below zero.
    """

    def __init__(self, slug: str, *, options: Sequence[str] = ()) -> None:
        self.slug = slug
        self._process = subprocess.Popen(  # noqa: S603 our own program
            [*PROGRAM, *options, "send", slug, "--due"],
            stdin=subprocess.DEVNULL,
            env=os.environ | {"TTY_COMPATIBLE": "0"},  # several would draw over one another
            creationflags=_GROUP,
        )
        self.ended = in_thread(self._process.wait)

    @property
    def code(self) -> int | None:
        """Return the exit code, None while it is at work."""
        return self.ended.result() if self.ended.done() else None

    def ask_to_end(self) -> None:
        """Have it finish the messages in hand and end."""
        if not self.ended.done():
            self._process.send_signal(_ASK_TO_END)
