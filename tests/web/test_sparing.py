"""A log that nobody floods: five lines a minute of a kind, then their number."""

import io
import logging
from collections.abc import Iterator

import pytest

from mailer.web.sparing import MOST_KINDS, SparingHandler, sparing_log


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def moments() -> list[float]:
    return [0.0]


@pytest.fixture
def log(written: io.StringIO, moments: list[float]) -> Iterator[logging.Logger]:
    handler = SparingHandler(stream=written, now=lambda: moments[-1])
    logger = logging.getLogger("tests.web.sparing")
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def test_of_a_kind_five_lines_a_minute_are_written_then_their_number(
    log: logging.Logger, written: io.StringIO, moments: list[float]
) -> None:
    for number in range(1000):
        log.warning("no room for %d", number)
    log.warning("something else")
    log.info("nothing of note")
    assert written.getvalue().splitlines() == [*(f"no room for {each}" for each in range(5)), "something else"]
    moments.append(59.9)
    log.warning("no room for %d", 1)
    assert len(written.getvalue().splitlines()) == 6
    moments.append(60)
    log.warning("no room for %d", 2)
    assert written.getvalue().splitlines()[6:] == ["996 more lines of this kind: no room for %d", "no room for 2"]


def test_exceptions_of_one_kind_are_written_with_five_tracebacks(log: logging.Logger, written: io.StringIO) -> None:
    for error in [KeyError("a")] * 50 + [ValueError("b")]:
        try:
            raise error
        except (KeyError, ValueError):
            log.exception("page-failed")
    assert (written.getvalue().count("Traceback"), written.getvalue().count("ValueError: b")) == (6, 1)


def test_kinds_beyond_a_number_count_as_one(log: logging.Logger, written: io.StringIO) -> None:
    for number in range(1000):
        log.warning(f"kind {number}")  # noqa: G004 words that somebody else chose
    assert len(written.getvalue().splitlines()) == MOST_KINDS + 5


def test_while_serving_what_any_library_logs_goes_through_it(capsys: pytest.CaptureFixture[str]) -> None:
    with sparing_log():
        for _ in range(7):
            logging.getLogger("asyncio").error("socket.accept() out of system resource")
    written = capsys.readouterr().err.splitlines()
    assert written[4:] == [
        "socket.accept() out of system resource",
        "2 more lines of this kind: socket.accept() out of system resource",
    ]
