"""Notes come back from the database as they were written, in each language."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.catalogue import LANGS, msg, render
from mailer.delivery.notes import note_of, read_note, write_note
from mailer.errors import MailerError


@given(words=st.text(), number=st.integers(0, 10**9))
def test_a_note_comes_back_in_each_language(words: str, number: int) -> None:
    note = msg("sending.many-doubts", count=number, dots=number, why=msg("sending.login-refused", words=words))
    back = read_note(write_note(note))
    assert [render(back, lang) for lang in LANGS] == [render(note, lang) for lang in LANGS]


@given(note=st.text())
def test_other_text_stays_as_it_is(note: str) -> None:
    assert read_note(write_note(note)) == note


@pytest.mark.parametrize("stored", ['{"text": ', '{"text": 1}', '{"text": "x", "id": 3, "values": {}}'])
def test_what_only_looks_like_a_kept_message_is_text(stored: str) -> None:
    assert read_note(stored) == stored


def test_a_moment_comes_back_as_each_language_writes_it() -> None:
    since = datetime(2023, 12, 1, 8, 5).astimezone()
    back = read_note(write_note(msg("sending.everybody-put-off-since", since=since, words="452 no room")))
    assert render(back, "nb") == "serveren har utsatt alle siden 1. desember 2023 kl. 08.05: «452 no room»"
    assert render(back, "en").startswith("the server has put everybody off since 01.12.2023 08:05 ")


def test_an_id_that_is_gone_leaves_the_english_of_then() -> None:
    assert read_note('{"text": "as it was", "id": "sending.gone-by-now", "values": {}}') == "as it was"


def test_lists_and_durations_come_back_as_what_they_say() -> None:
    several = msg("output.value", value=("a", "b", msg("sending.no-answer")))
    assert render(read_note(write_note(several)), "nn") == "a, b og ikkje noko svar i tide"
    assert read_note(write_note(msg("output.value", value=timedelta(minutes=3)))) == "3 min"


@pytest.mark.parametrize(
    ("where", "hint"), [("[smtp]", "Look there."), ("[smtp]", ""), ("", "Look there."), ("", "")], ids=str
)
def test_a_note_says_all_that_an_error_says(where: str, hint: str) -> None:
    error = MailerError(msg("sending.no-answer"), where=where, hint=hint)
    assert note_of(error) == str(error)
    assert "ikke noe svar i tide" in render(note_of(error), "nb")
