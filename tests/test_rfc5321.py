"""Names that may follow EHLO."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rfc5321 import is_ehlo_name

LABEL = "a" * 63


@pytest.mark.parametrize(
    "name",
    [
        "pc.helse.example",
        "localhost",
        "1a-b.example",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "[ipv6:::ffff:192.0.2.1]",
        f"{LABEL}.{LABEL}.{LABEL}.{LABEL}",
        f"{LABEL}.example",
    ],
)
def test_a_domain_or_an_address_in_brackets_may_follow(name: str) -> None:
    assert is_ehlo_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "192.0.2.1",
        "2001:db8::1",
        "[2001:db8::1]",
        "[192.0.2.256]",
        "[IPv6:fe80::1%eth0]",
        "[IPv6:192.0.2.1]",
        "-a.example",
        "a-.example",
        "a..example",
        ".a",
        "a.",
        "a_b.example",
        "blå.example",
        "a b",
        "a\n",
        "[a.example]",
        f"{LABEL}a.example",
        f"{LABEL}.{LABEL}.{LABEL}.{LABEL}.a",
        "[192.0.2.1",
        "[]",
        "١.example",
    ],
)
def test_anything_else_may_not(name: str) -> None:
    assert not is_ehlo_name(name)


@given(st.text(max_size=40))
def test_what_may_follow_cannot_end_the_command(name: str) -> None:
    if is_ehlo_name(name):
        assert name.isascii()
        assert not set(name) & set(" \r\n\0<>")
