"""Addresses go on the wire as servers want them, and what is no address never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.message.addresses import WireAddressError, needs_smtputf8, wire_address


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("Ola.Nordmann+brev@Kommune.example", "Ola.Nordmann+brev@Kommune.example"),
        ("post@bodø.example", "post@xn--bod-2na.example"),
        ("post@Kárášjohka.example", "post@xn--krjohka-hwab49j.example"),
        ("åse@kommune.example", "åse@kommune.example"),
        ("o'hara=a&b@x-y.example", "o'hara=a&b@x-y.example"),
    ],
)
def test_the_domain_goes_as_a_labels_and_the_rest_as_given(address: str, wire: str) -> None:
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ola",
        "@kommune.example",
        "ola@",
        "ola@@kommune.example",
        ".ola@kommune.example",
        "ola..n@kommune.example",
        "o la@kommune.example",
        "ola@kommune.example\r\nBcc: x",
        "ola\n@kommune.example",
        "<ola>@kommune.example",
        '"ola n"@kommune.example',
        "ola@[127.0.0.1]",
        "ola@kommune..example",
        "ola@-kommune.example",
        "ola@kom mune.example",
        "ola@bodø-.example",
        "ol\u202ea@kommune.example",
        "ol\x85a@kommune.example",
        "ol\ud800a@kommune.example",
        "ola@kommune.example\n",
        f"{'o' * 65}@kommune.example",
        f"ola@{'.'.join(['kommune'] * 40)}",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(WireAddressError):
        wire_address(address)


@given(st.text())
def test_no_text_gets_white_space_or_brackets_onto_the_wire(text: str) -> None:
    try:
        wire = wire_address(text)
    except WireAddressError:
        return
    assert not set(wire) & set(' \t\r\n<>,;:"()')
    assert wire.count("@") == 1


@given(st.emails())
def test_every_address_with_plain_parts_is_taken_as_it_is(address: str) -> None:
    assert wire_address(address) == address
    assert not needs_smtputf8(address)


def test_only_letters_before_the_at_sign_need_smtputf8() -> None:
    assert needs_smtputf8("åse@kommune.example")
    assert not needs_smtputf8("ase@bodø.example")
