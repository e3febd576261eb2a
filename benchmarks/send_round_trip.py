"""Messages per second and connection when the server is 20 ms away, beside a plain smtplib loop over the same way.

python benchmarks/send_round_trip.py [MESSAGES] [ROUNDS]

A proxy of our own stands between: it hands on what it reads 10 ms later, in both directions. One round trip for each
message would be 50 a second. The medians of several rounds count: a disk that is slow for a moment is not the way's.
"""

import selectors
import smtplib
import socket
import statistics
import sys
import time
from collections import deque
from contextlib import suppress
from threading import Thread

from rehearsal import RECIPIENT, RETURN_PATH, Content, add_people, dispatcher, plan, require_all_accepted, sink, sqlite

ONE_WAY_SECONDS = 0.010
TARGET = 38


class Delay(Thread):
    """A TCP proxy on loopback: what comes in goes out ONE_WAY_SECONDS later, in order."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._late: deque[tuple[float, socket.socket, bytes]] = deque()
        self._peers: dict[socket.socket, socket.socket] = {}

    def run(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            patience = self._late[0][0] - time.monotonic() if self._late else None
            for key, _ in self._selector.select(None if patience is None else max(0.0, patience)):
                self._accept() if key.fileobj is self._listener else self._take(key.fileobj)
            while self._late and self._late[0][0] <= time.monotonic():
                _, sock, data = self._late.popleft()
                self._hand_on(sock, data)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._target))
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _take(self, sock: object) -> None:
        assert isinstance(sock, socket.socket)
        data = sock.recv(1 << 20)
        if not data:
            self._selector.unregister(sock)
        self._late.append((time.monotonic() + ONE_WAY_SECONDS, self._peers[sock], data))

    def _hand_on(self, sock: socket.socket, data: bytes) -> None:
        with suppress(OSError):  # the other side may have gone
            sock.sendall(data) if data else sock.shutdown(socket.SHUT_WR)


def ours(content: Content, port: int, messages: int, *, connections: int) -> float:
    with sqlite() as database:
        add_people(database, messages)
        mailing = plan(database, content)
        began = time.perf_counter()
        ended = dispatcher(database, port, connections=connections).run(mailing)
        seconds = time.perf_counter() - began
        require_all_accepted(ended.counts, messages)
    return messages / seconds / connections


def with_smtplib(content: Content, port: int, messages: int) -> float:
    payload = b"x" * 70 + b"\r\n"
    payload *= content.size // len(payload)
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, "localhost") as smtp:
        for _ in range(messages):
            smtp.sendmail(RETURN_PATH, RECIPIENT, payload)
    return messages / (time.perf_counter() - began)


def main(messages: int = 300, rounds: int = 5) -> int:
    content = Content()
    print(f"20 ms round trip, {content.size / 1000:.0f} kB; messages per second and connection, connecting included:")
    print("round  1 connection  10 connections  smtplib, 1 connection")
    one, ten, plain = [], [], []
    with sink() as port:
        delay = Delay(port)
        delay.start()
        for number in range(1, rounds + 1):
            one.append(ours(content, delay.port, messages, connections=1))
            ten.append(ours(content, delay.port, messages * 4, connections=10))
            plain.append(with_smtplib(content, delay.port, messages // 5))
            print(f"{number:5}  {one[-1]:12.1f}  {ten[-1]:14.1f}  {plain[-1]:21.1f}")
    median = statistics.median(one)
    print(f"median {median:.1f} with one connection (must reach {TARGET}; one round trip each would be 50)")
    print(f"{median / statistics.median(plain):.1f} times as many as a plain smtplib loop")
    return 0 if median >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
