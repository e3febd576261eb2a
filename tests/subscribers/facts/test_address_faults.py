"""What the validator says is known to the catalogues; where it changes a sentence, this says so."""

import pytest

from mailer.catalogue import Message
from mailer.subscribers.facts.address import AddressError, parse_address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kari",
        "@x.example.com",
        "kari@",
        "ka ri@kommune.no",
        "ka(ri@kommune.no",
        ".kari@kommune.no",
        "kari.@kommune.no",
        "k..a@kommune.no",
        "kari@.no",
        "kari@-kommune.no",
        "kari@kommune.no.",
        "kari@kommune.no-",
        "kari@kommune-.no",
        "kari@ab--c.no",
        "kari@kom_mune.no",
        "kari@kommune.no; ola@kommune.no",
        "kari@komm\N{ZERO WIDTH SPACE}une.no",
        '"kari"@kommune.no',
        "Kari <kari@kommune.no>",
        "kari@[192.0.2.1]",
        "kari@kommune",
        "kari@kommune.1",
        "kari@kommune.invalid",
        "kari@xn--a.no",
        f"{'ø' * 70}@kommune.no",
        f"kari@{'x' * 70}.no",
        f"kari@{'x.' * 150}no",
    ],
)
def test_what_is_wrong_with_an_address_is_said_in_every_language(text: str) -> None:
    with pytest.raises(AddressError) as raised:
        parse_address(text)
    what = raised.value.what
    assert isinstance(what, Message)
    assert isinstance(what.values["reason"], Message)
