"""Addresses: the quick way gives what the validator gives, and each refusal has its reason."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from mailer.message.addresses import wire_address
from mailer.subscribers.facts.address import AddressError, as_stored, normalise, parse_address


@pytest.mark.parametrize(
    ("written", "normalised", "as_given"),
    [
        ("Ola@Kommune.Example", "ola@kommune.example", "Ola@Kommune.Example"),
        (" ola@example.org\n", "ola@example.org", "ola@example.org"),
        ("Ola@BLÅBÆR.example", "ola@xn--blbr-roah.example", "Ola@BLÅBÆR.example"),
        ("ola@xn--blbr-roah.example", "ola@xn--blbr-roah.example", "ola@xn--blbr-roah.example"),
        ("ÅSE@kommune.example", "åse@kommune.example", "ÅSE@kommune.example"),
        ("A\u030ase@kommune.example", "åse@kommune.example", "Åse@kommune.example"),
    ],
)
def test_an_address_has_one_form_for_matching_and_one_for_sending(written: str, normalised: str, as_given: str) -> None:
    address = parse_address(written)
    assert (address.normalised, address.as_given) == (normalised, as_given)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "must have an @-sign"),
        ("ola", "must have an @-sign"),
        ("@x.example", "something before the @-sign"),
        ("ola@", "something after the @-sign"),
        ("ola@x.invalid", "special-use or reserved"),
        ("ola@localhost", "is no e-mail address"),
        ('"ola n"@x.example', "Quoting"),
        ("ola@[127.0.0.1]", "bracketed IP address"),
        ("ola..n@x.example", "two periods in a row"),
        ("ola@x..example", "two periods in a row"),
        ("Ola <ola@x.example>", "is no e-mail address"),
        ("a@b.example,c@d.example", "is no e-mail address"),
        ("ola\r\nBcc:b@x.example", "is no e-mail address"),
        ("ｏla@x.example", "full-width"),
        ("ola@ｘ.example", "full-width"),
        (f"{'a' * 65}@x.example", "too long"),
        (f"{'å' * 33}@x.example", "too long"),
        (f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example", "too long"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(written: str, reason: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse_address(written)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("local", "domain", "fits"),
    [
        ("a" * 64, "x.example", True),
        ("a" * 65, "x.example", False),
        ("å" * 32, "x.example", True),
        ("å" * 31 + "aaa", "x.example", False),
        ("a" * 64, f"{'b' * 60}.{'c' * 60}.{'d' * 59}.example", True),  # 254 signs in all
        ("a" * 64, f"{'b' * 60}.{'c' * 60}.{'d' * 60}.example", False),
    ],
)
def test_an_address_is_as_long_as_mail_servers_take_it_and_no_longer(local: str, domain: str, *, fits: bool) -> None:
    address = f"{local}@{domain}"
    if fits:
        assert parse_address(address).as_given == address
        return
    with pytest.raises(AddressError) as refused:
        parse_address(address)
    assert refused.value.what == f"'{address[:80]}' is too long"


def test_no_more_than_80_signs_of_what_is_refused_are_shown() -> None:
    for written, what in (
        ("a" * 81, "is no e-mail address: "),
        ("ａ" * 81, "has full-width or other look-alike letters"),
    ):
        with pytest.raises(AddressError) as refused:
            parse_address(written)
        assert refused.value.what.startswith(f"'{written[:80]}' {what}")


@pytest.mark.parametrize(
    ("typed", "normalised", "beginning"),
    [
        (" Åse@BLÅBÆR.example", "åse@xn--blbr-roah.example", " åse@xn--blbr-roah.example"),
        ("Ola@", "Ola@", "ola@"),
        ("A\u030aSE", "A\u030aSE", "åse"),
        ("@BLÅBÆR.ex", "@BLÅBÆR.ex", "@xn--blbr-roah.ex"),
        ("Ola@Kommune", "Ola@Kommune", "ola@kommune"),
        ("ola@å..X", "ola@å..X", "ola@xn--5ca..x"),
        ("ola@\u2603\u200d.x", "ola@\u2603\u200d.x", "ola@\u2603\u200d.x"),
    ],
)
def test_what_is_looked_for_is_written_as_it_is_stored(typed: str, normalised: str, beginning: str) -> None:
    assert (normalise(typed), as_stored(typed)) == (normalised, beginning)


_local = st.text("abCD09.+-_'æ\" ", min_size=1, max_size=12)
_domain = st.text("abX0-.øÅ", min_size=1, max_size=12).map(lambda text: f"{text}.example")


@given(address=st.builds("{}@{}".format, _local, _domain))
def test_the_quick_way_agrees_with_the_validator(address: str) -> None:
    try:
        valid = validate_email(address.strip(), check_deliverability=False, strict=True)
    except EmailNotValidError:
        with pytest.raises(AddressError):
            parse_address(address)
    else:
        expected = f"{valid.local_part.casefold()}@{valid.ascii_domain}"
        assert parse_address(address).normalised == expected


@given(address=st.builds("{}@{}".format, _local, _domain))
def test_the_form_for_matching_is_its_own(address: str) -> None:
    try:
        once = parse_address(address).normalised
    except AddressError:
        return
    assert parse_address(once).normalised == once
    assert parse_address(address.upper()).normalised == once


@given(address=st.builds("{}@{}".format, _local | st.text(min_size=1, max_size=40), _domain))
def test_mail_can_be_sent_to_whatever_is_accepted(address: str) -> None:
    try:
        parsed = parse_address(address)
    except AddressError:
        return
    assert wire_address(parsed.as_given).rpartition("@")[2].casefold() == parsed.normalised.rpartition("@")[2]
    assert wire_address(parsed.normalised) == parsed.normalised
