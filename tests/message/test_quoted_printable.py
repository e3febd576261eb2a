"""Quoted-printable pieces join to what was written, on short ASCII lines that nothing on the way needs to change."""

import quopri
import re

from hypothesis import example, given
from hypothesis import strategies as st

from mailer.message.quoted_printable import encode_before_slot, encode_text, encode_value

texts = st.text(st.one_of(st.sampled_from(" .=\t\nFrom æ🎉x"), st.characters(exclude_categories=["Cs"])))
long_texts = st.lists(st.sampled_from(["....", "From ", "ord ", "æøå", "čđŋšŧž", "=", " ", "\t", "\n", "🎉"])).map(
    lambda words: "".join(words) * 9
)


def with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_clean(encoded: str) -> bool:
    lines = encoded.split("\r\n")
    return encoded.isascii() and all(
        len(line) <= 76
        and not line.startswith((".", "From "))
        and not line.endswith((" ", "\t"))
        and not re.search(r"[\r\n]", line)
        for line in lines
    )


@given(texts | long_texts)
@example("." * 200)
@example("From " * 40)
@example("a" * 74 + "." * 80)
@example(" ")
@example("\n\n.\n")
def test_text_decodes_to_itself(text: str) -> None:
    encoded = encode_text(text)
    assert is_clean(encoded)
    assert quopri.decodestring(encoded.encode()).decode().replace("\r\n", "\n") == with_lf(text)


@given(texts | long_texts, texts, texts | long_texts)
@example("", "", "")
@example("Hei ", ".", ".\n")
@example("Hei\n", "From oss", " ")
def test_text_around_a_value_decodes_to_the_whole(before: str, value: str, after: str) -> None:
    before, value, after = with_lf(before), with_lf(value), with_lf(after)
    encoded = encode_before_slot(before) + encode_value(value) + encode_text(after)
    assert is_clean(encoded)
    assert quopri.decodestring(encoded.encode()).decode().replace("\r\n", "\n") == before + value + after


def test_a_plain_value_stands_on_a_line_of_its_own() -> None:
    assert encode_before_slot("Hei ") + encode_value("ola@kommune.example") == "Hei =\r\nola@kommune.example=\r\n"
