"""A local SMTP server that keeps every mail in a Maildir and passes nothing on."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.catalogue import msg
from mailer.errors import ExitCode, MailerError, explain_os_error, reason_of
from mailer.private import make_private_folder, write_private

MAXIMUM_MESSAGE_BYTES = 50_000_000


class CatcherError(MailerError):
    """The catching server cannot be started."""

    exit_code = ExitCode.INPUT_OUTPUT


class SmtpServerThread:
    """An SMTP server in a thread of its own, on loopback; `with` starts and stops it. Port 0 takes any free one.

    `protocol` makes the server's side of a connection, in the server's loop.
    """

    def __init__(self, protocol: Callable[[], SMTP], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._protocol = protocol
        self._host = host
        self._port = port
        self._thread: Thread | None = None
        self._open: WeakSet[SMTP] = WeakSet()
        self._stop: Callable[[], object]

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port it listens on, once started."""
        return self._host, self._port

    def start(self) -> None:
        """Listen; raises `CatcherError` when the port is taken."""
        started: Future[int] = Future()
        thread = Thread(target=asyncio.run, args=(self._serve(started),), name="smtp-server", daemon=True)
        thread.start()
        try:
            self._port = started.result()
        except OSError as error:
            raise CatcherError(
                msg("sending.port-unusable", number=str(self._port)),
                where=f"{self._host}:{self._port}",
                hint=msg("sending.another-catcher"),
            ) from error
        self._thread = thread

    def stop(self) -> None:
        """Stop listening and drop the open connections."""
        if self._thread is not None:
            self._stop()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _serve(self, started: Future[int]) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._stop = partial(loop.call_soon_threadsafe, stopped.set)
        try:
            server = await loop.create_server(self._accept, self._host, self._port)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(server.sockets[0].getsockname()[1])
        await stopped.wait()
        server.close()
        for protocol in self._open:
            if protocol.transport:
                protocol.transport.close()
        await asyncio.sleep(0)  # the transports close their sockets on the next turn of the loop

    def _accept(self) -> SMTP:
        protocol = self._protocol()
        self._open.add(protocol)
        return protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Deliberate faults, so that people and tests can see what comes of them.

    `reject` and `defer` are patterns of recipients, for example `*@oslo.example`; `slow` is in seconds before the
    answer to a message; after each `cut`th message the connection is cut without an answer, though the mail is kept.
    """

    reject: str = ""
    defer: str = ""
    slow: float = 0.0
    cut: int = 0


NO_FAULTS = Faults()


class CatchingServer(SmtpServerThread):
    """A server that keeps every mail in a Maildir: a mail answered 250 is already a file under `folder/new`.

    The file begins with the envelope (Return-Path, Delivered-To). `on_caught` is called with each recipient and
    file, from the server's thread.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        on_caught: Callable[[str, Path], None] | None = None,
        faults: Faults = NO_FAULTS,
    ) -> None:
        super().__init__(partial(_new_protocol, _Maildir(folder, on_caught, faults)), host=host, port=port)
        self.folder = folder


def _new_protocol(handler: object) -> SMTP:
    return SMTP(
        handler,
        enable_SMTPUTF8=True,
        hostname="catcher.example",
        ident="mailer catch",
        data_size_limit=MAXIMUM_MESSAGE_BYTES,
        loop=asyncio.get_running_loop(),
    )


class _Maildir:
    """Writes each message to `tmp` and moves it to `new` (https://cr.yp.to/proto/maildir.html)."""

    def __init__(self, folder: Path, on_caught: Callable[[str, Path], None] | None, faults: Faults) -> None:
        self._folder = folder
        self._on_caught = on_caught
        self._faults = faults
        self._taken = 0
        self._numbers = count(1)
        self._make()

    def _make(self) -> None:
        """Have the folder take a mail before the first one comes, and shut others out; raises `CatcherError`."""
        try:
            make_private_folder(self._folder.parent)
            make_private_folder(self._folder)
            self._folder.chmod(0o700)  # one that was made before may be open
            for name in ("tmp", "new", "cur"):
                make_private_folder(self._folder / name)
            self._write(b"Is there room?\r\n").unlink()
        except OSError as error:
            found = explain_os_error(error)
            raise CatcherError(
                msg("sending.mail-not-kept", reason=found.what), where=str(self._folder), hint=found.hint
            ) from error

    async def handle_EHLO(  # noqa: N802 aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 aiosmtpd's signature
        session: Session,
        envelope: Envelope,  # noqa: ARG002 aiosmtpd's signature
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 aiosmtpd's signature
        session: Session,  # noqa: ARG002 aiosmtpd's signature
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self._faults.reject and fnmatch(address, self._faults.reject):
            return "550 5.1.1 rejected, as this server was told to"
        if self._faults.defer and fnmatch(address, self._faults.defer):
            return "451 4.3.0 deferred, as this server was told to"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 aiosmtpd's
        for recipient in envelope.rcpt_tos:
            try:
                path = self._keep(recipient, envelope)
            except OSError as error:  # a disk that fills up is nobody's fault: the mail may come again
                return f"452 4.3.1 not kept: {reason_of(error)}"
            if self._on_caught:
                self._on_caught(recipient, path)
        if self._faults.slow:
            await asyncio.sleep(self._faults.slow)
        self._taken += 1
        if self._faults.cut and self._taken % self._faults.cut == 0 and server.transport is not None:
            server.transport.close()
        return "250 2.0.0 kept"

    def _keep(self, recipient: str, envelope: Envelope) -> Path:
        assert isinstance(envelope.content, bytes)  # noqa: S101 aiosmtpd gives text only where it was asked to decode
        lines = f"Return-Path: <{envelope.mail_from}>\r\nDelivered-To: {recipient}\r\n"
        return self._write(lines.encode() + envelope.content)

    def _write(self, mail: bytes) -> Path:
        name = f"{time.time_ns()}.P{os.getpid()}Q{next(self._numbers)}.catcher"
        unfinished = self._folder / "tmp" / name
        write_private(unfinished, mail)
        return unfinished.replace(self._folder / "new" / name)
