"""Header values come out as they went in, folded and in ASCII, and can never begin a header of their own."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader, DateHeader
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.message import headers
from mailer.message.headers import BIDI_CONTROLS, HeaderError

Parse = Callable[[bytes], EmailMessage]

FORBIDDEN = "".join(map(chr, [*range(32), 127, *range(128, 160), 0x2028, 0x2029])) + BIDI_CONTROLS
readable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=BIDI_CONTROLS))
NAMES = ["", "Helsedirektoratet", "Kåre Čeaŋui", 'Ola "O" N.', "a, b <c@d>; e:", "=?utf-8?q?x?="]
SUBJECTS = [
    "Nyhetsbrev – desember",
    "a  b",
    "=?utf-8?q?hei?=",
    "x" * 200,
    "Buorre beaivi, čáppa máilbmi! 🎉" * 9,
    "æ" * 40,
]


def is_wire_clean(lines: str) -> bool:
    folded = lines.split("\r\n")
    continued = all(line.startswith(" ") and line.strip() for line in folded[1:])
    return lines.isascii() and continued and all(len(line) <= 998 and not set("\r\n") & set(line) for line in folded)


@given(readable)
@example("=?UTF-8?Q?=41?=")
def test_any_subject_parses_to_itself(parse: Parse, text: str) -> None:
    field = headers.unstructured("Subject", text)
    assert is_wire_clean(field)
    assert max(map(len, field.split("\r\n"))) <= headers.LINE_LENGTH
    assert parse(f"{field}\r\nTo: x@y.example\r\n\r\n".encode())["Subject"] == text.strip(" ")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_subjects_that_editors_write_parse_to_themselves(parse: Parse, subject: str) -> None:
    field = headers.unstructured("Subject", subject)
    assert parse(f"{field}\r\n\r\n".encode())["Subject"] == subject


@given(readable)
def test_any_display_name_parses_to_itself(name: str) -> None:
    field = headers.mailbox("From", "redaksjon@brev.example", display_name=name)
    assert is_wire_clean(field)
    phrase, address = parseaddr(field.removeprefix("From: ").replace("\r\n", ""))
    assert address == "redaksjon@brev.example"
    assert str(make_header(decode_header(phrase))) == re.sub(" +", " ", name.strip(" "))


@pytest.mark.parametrize("name", NAMES)
def test_names_that_people_have_parse_to_themselves(parse: Parse, name: str) -> None:
    field = headers.mailbox("From", "redaksjon@brev.example", display_name=name)
    parsed = parse(f"{field}\r\n\r\n".encode())["From"]
    assert isinstance(parsed, AddressHeader)
    assert (parsed.addresses[0].display_name, parsed.addresses[0].addr_spec) == (name, "redaksjon@brev.example")


def test_a_very_long_name_becomes_several_encoded_words() -> None:
    lines = headers.mailbox("From", "x@y.example", display_name="å" * 40).split("\r\n")
    assert lines[0].startswith("From: =?utf-8?q?=C3=A5")
    assert lines[-1] == " <x@y.example>"
    assert max(map(len, lines)) <= headers.LINE_LENGTH


@given(readable, st.sampled_from(FORBIDDEN), readable)
def test_no_control_character_goes_into_a_header(before: str, forbidden: str, after: str) -> None:
    with pytest.raises(HeaderError):
        headers.unstructured("Subject", f"{before}{forbidden}{after}")
    with pytest.raises(HeaderError):
        headers.mailbox("From", "x@y.example", display_name=f"{before}{forbidden}{after}")


@pytest.mark.parametrize(
    "value",
    [
        "=?UTF-8?Q?=0A?=Bcc: alle@kommune.example",
        "Hei =?utf-8?b?DQpCY2M6IHg=?= du",
        "=?utf-8?q?=E2=80=AE?=",
        "=?utf-8?q?=E2=80=A8?=",
        "=?iso-8859-1?q?=85?=",
        "=?us-ascii*en?q?=0A?=",
        "=?UTF-8?Q?a?= =?UTF-8?Q?=0D?=",
        "=?UTF-8?Q?a?==?UTF-8?Q?=0D?=",
        "=?nonsense?q?=0A?=",
        "=?utf-8?q?a?b=0A?=",
        "=?utf-8?b?!?= =?utf-8?b?Cg?=",
        "=?utf-7?q?+AAo-?=",
        "=?idna?q?a=0A..?=",
        "Emne\n",
        "Emne\r\nBcc: x",
        "\ud800",
    ],
)
def test_what_decodes_to_a_line_end_is_refused(value: str) -> None:
    with pytest.raises(HeaderError, match="Subject"):
        headers.guard("Subject", value)


def test_an_encoded_word_that_cannot_be_decoded_is_only_text(parse: Parse) -> None:
    text = "=?nonsense?q?=41?= =?utf-8?b?!?= =?utf-8?x?=0A?="
    assert parse(f"{headers.unstructured('Subject', text)}\r\n\r\n".encode())["Subject"] == text


def test_a_list_field_holds_its_addresses_in_angle_brackets() -> None:
    assert headers.uri("List-Help", "https://a.example/", "mailto:b@c.example") == (
        "List-Help: <https://a.example/>,\r\n <mailto:b@c.example>"
    )


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.timezones()))
def test_a_date_parses_to_the_same_second(parse: Parse, moment: datetime) -> None:
    parsed = parse(f"Date: {headers.date(moment)}\r\n\r\n".encode())["Date"]
    assert isinstance(parsed, DateHeader)
    assert parsed.datetime == moment.astimezone(UTC).replace(microsecond=0)


def test_a_date_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="time zone"):
        headers.date(datetime(2023, 12, 14))
