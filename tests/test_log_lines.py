import io
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.log_lines import JsonFormatter, logging_as_json, logging_through

ADDRESSES = st.one_of(
    st.emails(),
    st.builds("{}@a.example".format, st.text("abcæøå.+'_-%", min_size=1)),
    st.sampled_from(["kari@[192.0.2.1]", "kari@blåbær.example", '"kari \\"n"@a.example', '"kari nord"@a.example']),
)


def line_of(message: str, *values: object, **extra: object) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "x", "levelno": 30, "levelname": "WARNING", "msg": message, "args": values})
    record.__dict__.update(extra)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


@given(ADDRESSES, st.sampled_from(["%s", "<%s>", "no such user: %s!", "to=%s,", "a %s b"]))
def test_no_address_is_written_whoever_logs_it(address: str, words: str) -> None:
    local, _, domain = address.rpartition("@")
    for line in (line_of(words, address), line_of(words.replace("%s", address))):
        written = json.dumps(line, ensure_ascii=False)
        assert "@" not in written
        assert domain not in written
        assert len(local) < 4 or local.strip('"') not in written


@pytest.mark.parametrize(
    ("words", "values", "event"),
    [
        ("run begins", (), "run-begins"),
        ("run ended: %s", ("finished",), "run-ended"),
        ("left subscriber=%d lists=%d", (3, 1), "left"),
        ("one-click subscriber=%d lists=%s", (3, 1), "one-click"),
        ("not paused: nothing was left to send", (), "not-paused"),
        ("Task was destroyed; it was pending", (), "task-was-destroyed"),
        ("%s", ("anything",), "log"),
        ("", (), "log"),
    ],
)
def test_an_event_is_named_by_the_words_that_stay_the_same(words: str, values: tuple[object, ...], event: str) -> None:
    assert line_of(words, *values)["event"] == event


def test_a_line_has_these_keys_and_the_numbers_that_are_known() -> None:
    before = datetime.now(UTC)
    line = line_of("%s: %s", "deferred", "450 4.2.2", event="deferred", mailing=7, delivery=9, run=2, code=450, other=1)
    assert before <= datetime.fromisoformat(line.pop("ts")) <= datetime.now(UTC)
    assert list(line.items()) == [
        ("level", "warning"),
        ("logger", "x"),
        ("event", "deferred"),
        ("message", "deferred: 450 4.2.2"),
        ("mailing", 7),
        ("delivery", 9),
        ("run", 2),
        ("code", 450),
    ]


def test_an_error_is_told_by_its_kind_and_place_alone() -> None:
    try:
        int("kari@agder.example is not there, says Kari")
    except ValueError:
        line = line_of("page-failed", exc_info=sys.exc_info())
    assert line["error"] == "ValueError"
    assert line["at"].startswith("test_log_lines.py:")
    assert "Kari" not in json.dumps(line)


def test_mailer_says_what_it_does_and_others_what_is_wrong_while_it_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    ours, others = logging.getLogger("mailer.delivery"), logging.getLogger("somebody")
    with logging_as_json():
        ours.info("run begins")
        others.info("hello")
        others.warning("careful")
    ours.info("over")
    written = [json.loads(each)["event"] for each in capsys.readouterr().err.splitlines()]
    assert written == ["run-begins", "careful"]
    assert not ours.isEnabledFor(logging.INFO)


def test_a_handler_that_writes_the_log_meanwhile_writes_it_once_in_the_same_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = io.StringIO()
    handler, log = logging.StreamHandler(written), logging.getLogger("somebody")
    with logging_as_json():
        with logging_through(handler):
            log.warning("careful")
        log.warning("again")
    with logging_through(logging.StreamHandler(written)):
        log.warning("as text")
    first, second = written.getvalue().splitlines()
    assert (json.loads(first)["event"], second) == ("careful", "as text")
    assert [json.loads(each)["event"] for each in capsys.readouterr().err.splitlines()] == ["again"]
