"""A message is English text for tools, and itself in any language of the interface."""

import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.catalogue import LANGS, Lang, Message, Value, either, msg, render
from mailer.catalogue.message import as_json


def test_a_message_is_its_english_text() -> None:
    message = msg("sending.is-paused", slug="2024-01")
    assert message == "2024-01 is paused"
    assert json.dumps([message]) == '["2024-01 is paused"]'
    assert render(message, "nn") == "2024-01 er sett på pause"
    assert render("any other text", "nn") == "any other text"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_knows_its_languages(copied: object) -> None:
    assert callable(copied)
    assert render(copied(msg("sending.is-paused", slug="a")), "nb") == "a er satt på pause"


@pytest.mark.parametrize(
    ("count", "lang", "text"),
    [
        (1, "en", "1 warning"),
        (2, "en", "2 warnings"),
        (0, "nb", "0 advarsler"),
        (1, "nb", "1 advarsel"),
        (1, "nn", "1 åtvaring"),
        (12_345, "nn", "12\N{NO-BREAK SPACE}345 åtvaringar"),
    ],
)
def test_a_count_chooses_the_plural(count: int, lang: Lang, text: str) -> None:
    assert render(msg("findings.count-warnings", count=count), lang) == text


@pytest.mark.parametrize(
    ("value", "english", "nb", "nn"),
    [
        (1234, "1\N{NO-BREAK SPACE}234", "1234", "1234"),
        (-12345, "-12\N{NO-BREAK SPACE}345", "-12\N{NO-BREAK SPACE}345", "-12\N{NO-BREAK SPACE}345"),
        (2.5, "2.5", "2,5", "2,5"),
        (Path("a/b.md"), "a/b.md", "a/b.md", "a/b.md"),
        (date(2024, 5, 17), "2024-05-17", "17. mai 2024", "17. mai 2024"),
        (timedelta(minutes=80), "1 h 20 min", "1 t 20 min", "1 t 20 min"),
        (timedelta(0), "less than a second", "under ett sekund", "under eitt sekund"),
        ((), "", "", ""),
        (("a",), "a", "a", "a"),
        (
            ("a", "b", 10_000),
            "a, b and 10\N{NO-BREAK SPACE}000",
            "a, b og 10\N{NO-BREAK SPACE}000",
            "a, b og 10\N{NO-BREAK SPACE}000",
        ),
        (either(("a",)), "a", "a", "a"),
        (either(("a", "b", "c")), "a, b or c", "a, b eller c", "a, b eller c"),
        (msg("errors.is-a-folder"), "is a directory", "dette er en mappe", "dette er ei mappe"),
    ],
)
def test_values_are_written_as_the_language_writes_them(value: Value, english: str, nb: str, nn: str) -> None:
    message = msg("output.value", value=value)
    assert (str(message), render(message, "nb"), render(message, "nn")) == (english, nb, nn)


def test_a_moment_is_written_by_the_readers_clock() -> None:
    moment = datetime(2024, 5, 17, 8, 5, tzinfo=UTC)
    local = moment.astimezone()
    assert render(msg("output.value", value=moment), "nb") == f"{local.day}. mai 2024 kl. {local:%H.%M}"
    assert msg("output.value", value=moment) == f"{local:%d.%m.%Y %H:%M %Z}"


@given(st.text(), st.sampled_from(LANGS))
def test_a_value_is_text_whatever_it_holds(value: str, lang: Lang) -> None:
    assert render(msg("sending.is-paused", slug=value), lang).startswith(value)
    assert render(msg("output.value", value=f"{{value}}{value}"), lang) == f"{{value}}{value}"


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_missing_is_no_reason_to_fail(lang: Lang) -> None:
    assert render(Message("no.such-sentence", {"count": 3}), lang) == "no.such-sentence"
    assert "{slug}" in render(Message("sending.is-paused", {}), lang)


def test_tools_get_ids_and_values_in_no_language() -> None:
    inner = msg("findings.count-notes", count=1)
    message = msg("output.value", value=(1, Path("a"), date(2024, 5, 17), timedelta(seconds=2), inner))
    plain = [1, "a", "2024-05-17", 2.0, {"id": "findings.count-notes", "values": {"count": 1}}]
    assert as_json(message=message, hint="x") == {"id": "output.value", "values": {"value": plain}}
    assert as_json(message="x", hint=inner) == {"hint_id": "findings.count-notes", "hint_values": {"count": 1}}
