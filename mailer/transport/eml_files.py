"""A transport that writes each message into a folder as .eml, for people who want to look before they send."""

import os
import re
from itertools import count
from pathlib import Path

from mailer.message.envelope import Envelope
from mailer.private import make_private_folder, write_private
from mailer.transport.base import Ready, Reply, Stage
from mailer.transport.waiting import Steps

_UNSAFE = re.compile(r"[^\w.@+-]")


class EmlFilesTransport:
    """Opens sessions that write into `folder`, one file a message: number, recipient, `.eml`."""

    is_loopback = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    @property
    def address(self) -> str:
        """Return the folder."""
        return str(self._folder)

    def connect(self) -> "EmlFilesSession":
        """Make the folder where it is missing."""
        make_private_folder(self._folder)
        return EmlFilesSession(self._folder, self._numbers)


class EmlFilesSession:
    """Writes one message after the other."""

    def __init__(self, folder: Path, numbers: "count[int]") -> None:
        self._folder = folder
        self._numbers = numbers
        self._envelope = Envelope("", "")
        self._payload = b""
        self.is_usable = True

    def is_left(self) -> bool:
        """Return false: no connection can be closed."""
        return False

    def begin(self, envelope: Envelope) -> Steps[Ready]:
        """Remember whom the message is for."""
        yield from ()
        self._envelope = envelope
        return Ready()

    def stream(self, payload: bytes) -> Steps[None]:
        """Take the body."""
        yield from ()
        self._payload = payload

    def finish(self, *, following: Envelope | None = None) -> Steps[Reply]:  # noqa: ARG002 nothing is gained by going ahead
        """Write the file, whole or not at all."""
        yield from ()
        name = f"{next(self._numbers):06d}-{_UNSAFE.sub('_', self._envelope.recipient)[:120]}.eml"
        unfinished = self._folder / f"{name}.part"
        try:
            write_private(unfinished, without_stuffed_dots(self._payload))
            unfinished.replace(self._folder / name)
        except OSError as error:
            return Reply(code=452, enhanced="4.3.1", text=os.strerror(error.errno or 0), stage=Stage.DOT, is_local=True)
        return Reply(code=250, enhanced="2.0.0", text=name)

    def withdraw(self) -> None:
        """Forget the message."""
        self.is_usable = False

    def close(self) -> Steps[None]:
        """Mark the session as closed; no connection is open."""
        yield from ()
        self.is_usable = False


def without_stuffed_dots(payload: bytes) -> bytes:
    """Undo the dot-stuffing of RFC 5321 §4.5.2."""
    unstuffed = payload.replace(b"\r\n..", b"\r\n.")
    return unstuffed[1:] if unstuffed.startswith(b"..") else unstuffed
