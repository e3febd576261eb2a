"""Opening a connection to a server by its name, within a time that holds for looking the name up too."""

import socket
from concurrent.futures import Future
from threading import Thread


def open_connection(host: str, port: int, *, seconds: float) -> socket.socket:
    """Connect to the first of the host's addresses that answers; raises `OSError`, `TimeoutError` among them.

    So many seconds are given to the look-up, and to each of the addresses.
    """
    *others, last = _addresses(host, port, seconds=seconds)
    for address in others:
        try:
            return socket.create_connection((address, port), seconds)
        except OSError:
            continue
    return socket.create_connection((last, port), seconds)


def _addresses(host: str, port: int, *, seconds: float) -> list[str]:
    """What the name stands for; the operating system may take as long as it likes, and its thread is left then."""
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result([str(place[0]) for *_, place in answers])
        except Exception as error:  # noqa: BLE001 whoever waits for it is told
            found.set_exception(error)

    Thread(target=look_up, name="looking up", daemon=True).start()
    return found.result(timeout=seconds)
