"""Finding a server by its name: what cannot be a name, and a name with more addresses than there is time for."""

import socket
import time

import pytest

from mailer.transport.base import TransportError
from mailer.transport.connecting import open_connection
from mailer.transport.smtp import SmtpOptions, SmtpTransport


@pytest.mark.parametrize("host", [f"{'a' * 64}.example", "relay..example"])
def test_a_host_that_cannot_be_a_name_is_a_mistake_in_the_settings(host: str) -> None:
    with pytest.raises(TransportError) as caught:
        SmtpTransport(SmtpOptions(host=host)).connect()
    assert caught.value.is_lasting
    assert f"the name {host} is not known" in str(caught.value)


def test_of_many_addresses_that_say_nothing_only_some_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def say_nothing(place: tuple[str, int], seconds: float) -> None:
        tried.append(place)
        time.sleep(seconds)
        raise TimeoutError

    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"127.0.0.{each}", 25)) for each in range(100)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", say_nothing)
    with pytest.raises(TimeoutError):
        open_connection("relay.example", 25, seconds=0.1, latest=time.monotonic() + 0.25)
    assert len(tried) < 10
