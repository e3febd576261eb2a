"""Open a connection to a server by its name, within a time that includes looking the name up."""

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread


def _allow_all(_addresses: Sequence[str]) -> None:
    """Refuse no address."""


def open_connection(
    host: str,
    port: int,
    *,
    seconds: float,
    latest: float,
    check: Callable[[Sequence[str]], None] = _allow_all,
) -> socket.socket:
    """Connect to the first of the host's addresses that answers; raises `OSError`, `TimeoutError` among them.

    So many seconds are given to the look-up, and to each of the addresses; none is tried after `latest` on the
    monotonic clock. `check` is given the very addresses that are tried, and may raise.
    """
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
    addresses = _addresses(host, port, seconds=seconds)
    check(addresses)
    for address in addresses:
        left = latest - time.monotonic()
        if left <= 0:
            raise TimeoutError from failure
        try:
            return socket.create_connection((address, port), min(seconds, left))
        except OSError as error:
            failure = error
    raise failure


def _addresses(host: str, port: int, *, seconds: float) -> list[str]:
    """Return the addresses of the name; a look-up that takes too long is left to its thread."""
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result([str(place[0]) for *_, place in answers])
        except UnicodeError:  # a label of none or of more than 63 signs (RFC 1035 §2.3.4)
            found.set_exception(socket.gaierror(socket.EAI_NONAME, "that cannot be a name"))
        except Exception as error:  # noqa: BLE001 whoever waits for it is told
            found.set_exception(error)

    try:
        Thread(target=look_up, name="looking up", daemon=True).start()
    except RuntimeError:  # the system gives us no further thread: the resolver's own patience must do
        look_up()
    return found.result(timeout=seconds)
