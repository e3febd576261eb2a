from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.config.hosts import is_loopback

OF_THIS_MACHINE = st.integers(0x7F000000, 0x7FFFFFFF).map(IPv4Address)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_known_however_it_is_written(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.example", "relay.example", "127.0.0.1.example", "::ffff:192.0.2.1", "0.0.0.0", "[localhost"]
)
def test_another_machine_is_not_this_one(host: str) -> None:
    assert not is_loopback(host)


@given(OF_THIS_MACHINE)
def test_the_whole_block_127_is_this_machine_inside_ipv6_too(address: IPv4Address) -> None:
    assert all(map(is_loopback, (str(address), f"::ffff:{address}", f"[::ffff:{address}]", f"[::FFFF:{address}]")))


@given(st.ip_addresses())
def test_every_other_address_is_not(address: IPv4Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert is_loopback(str(address)) == (mapped or ip_address(str(address))).is_loopback


@given(st.text(max_size=30))
def test_any_text_is_answered(host: str) -> None:
    assert is_loopback(host) in {True, False}
