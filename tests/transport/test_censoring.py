"""A password is cut out of a server's words, in whatever form the server repeats it."""

import urllib.parse
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.transport.censoring import Censor

SECRET = "Hemmelig-Påssord-123?~"

FORMS = {
    "as it is": SECRET.encode(),
    "in latin-1": SECRET.encode("latin-1"),
    "in capitals": SECRET.encode().upper(),
    "base64": b64encode(SECRET.encode()),
    "base64 without padding": b64encode(SECRET.encode()).rstrip(b"="),
    "base64 for addresses": urlsafe_b64encode(SECRET.encode()),
    "with a name before it": b"a\0" + SECRET.encode(),
    "PLAIN's response": b64encode(b"\0avsender\0" + SECRET.encode()),
    "another name in base64": b64encode(b"x:" + SECRET.encode() + b":y"),
    "percent-encoded": urllib.parse.quote(SECRET).encode(),
    "percent-encoded base64": urllib.parse.quote(b64encode(SECRET.encode())).encode(),
    "every sign percent-encoded": "".join(f"%{each:02X}" for each in SECRET.encode()).encode(),
    "hex": SECRET.encode().hex().encode(),
}


def pieces_of(form: bytes, size: int = 8) -> set[bytes]:
    return {form[at : at + size] for at in range(len(form) - size + 1)}


@pytest.fixture
def censor() -> Censor:
    made = Censor()
    made.hide(SECRET.encode())
    made.hide(b"\0avsender\0" + SECRET.encode(), is_bare=False)
    return made


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_cut_out_and_the_rest_stays(censor: Censor, form: bytes) -> None:
    cleaned = censor.clean(b"5.7.8 bad credentials <" + form + b"> for avsender, go away")
    assert cleaned.startswith(b"5.7.8 bad credentials <")
    assert cleaned.endswith(b"> for avsender, go away")
    assert b"***" in cleaned
    assert not pieces_of(form) & pieces_of(cleaned)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("between", [b"\n", b"\n5.7.8 ", b" ", b"\r\n\t"])
def test_what_is_split_over_lines_is_cut_out(censor: Censor, form: bytes, between: bytes) -> None:
    # An escape is not torn apart: then it is none.
    at = 9 if b"%" in form else 10
    cleaned = censor.clean(b"5.7.8 no " + form[:at] + between + form[at:])
    assert cleaned.startswith(b"5.7.8 no ")
    left = cleaned.removeprefix(b"5.7.8 no ")
    assert not pieces_of(form, 6) & pieces_of(left, 6), left


def test_a_part_of_what_was_sent_is_cut_out(censor: Censor) -> None:
    sent = b64encode(b"\0avsender\0" + SECRET.encode())
    assert sent[12:20] not in censor.clean(b"5.5.2 line too long: AUTH PLAIN " + sent[:20] + b"...")


def test_a_short_password_is_cut_out_where_it_stands_alone() -> None:
    censor = Censor()
    censor.hide(b"x")
    assert censor.clean(b"wrong: x (eA==), try six") == b"wrong: *** (***==), try six"


def test_who_does_not_log_in_has_nothing_cut_out() -> None:
    assert Censor().clean(b"2.0.0 ok *** %41") == b"2.0.0 ok *** %41"


@given(st.text(min_size=8, max_size=40, alphabet=st.characters(exclude_categories=["Cs", "Z", "Cc"])), st.binary())
def test_no_password_is_left_in_any_answer(password: str, around: bytes) -> None:
    censor, secret = Censor(), password.encode()
    censor.hide(secret)
    for form in (secret, b64encode(secret), b64encode(around[:2] + secret), urllib.parse.quote(password).encode()):
        cleaned = censor.clean(around + form + around)
        assert form not in cleaned
