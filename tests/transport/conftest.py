"""A server that says and does exactly what a test wants, and certificates for it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest

Script = Callable[["Peer"], None]


@dataclass
class Peer:
    """The server's end of one connection."""

    sock: socket.socket
    heard: list[bytes]
    _buffer: bytes = b""

    def say(self, *lines: str) -> None:
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> bytes:
        """Return one line, without its end; empty when the client has gone."""
        while b"\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        self.heard.append(line.rstrip(b"\r"))
        return line.rstrip(b"\r")

    def hear_body(self) -> bytes:
        """Read up to the final dot."""
        lines = []
        while (line := self.hear()) != b".":
            if line == b"" and not self._buffer and not self._still_there():
                break
            lines.append(line)
        return b"\r\n".join(lines)

    def _still_there(self) -> bool:
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        finally:
            self.sock.setblocking(True)

    def greet(self, *extensions: str) -> None:
        self.say("220 raw.example ESMTP")
        self.hear()
        offered = ["raw.example", *extensions]
        self.say(*(f"250-{each}" for each in offered[:-1]), f"250 {offered[-1]}")

    def take_envelope(self) -> None:
        """Answer MAIL, RCPT and DATA with yes."""
        for answer in ("250 ok", "250 ok", "354 go ahead"):
            self.hear()
            self.say(answer)


@dataclass
class RawServer:
    """Plays one script a connection; the last one again and again."""

    scripts: list[Script]
    heard: list[list[bytes]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        number = 0
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.heard.append([])
            script = self.scripts[min(number, len(self.scripts) - 1)]
            number += 1
            with sock:
                try:
                    script(Peer(sock, self.heard[-1]))
                except OSError:
                    pass  # the client left
                except Exception as error:  # noqa: BLE001 raised again in `close`
                    self.errors.append(error)

    def close(self) -> None:
        if self.thread.is_alive():
            with suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.thread.join(5)
        for error in self.errors:
            raise error


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    with ExitStack() as stack:

        def start(*scripts: Script) -> RawServer:
            server = RawServer(list(scripts))
            stack.callback(server.close)
            return server

        yield start
