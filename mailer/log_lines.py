"""Write the log of this process as JSON for tools, one object a line; Python itself writes warnings as text.

A log goes to standard error. It holds ids, never an address: text in the form of one is left out, also of what
libraries say.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

IDS = ("mailing", "delivery", "run", "code")

# A quoted local part (RFC 5321, 4.1.2) may hold spaces.
_ADDRESS = re.compile(r'"(?:[^"\\]|\\.)*"@\S*|\S*@\S*')
_BEGINNING = re.compile(r"[A-Za-z][A-Za-z' -]*?(?=\s+\w+=|\s*[:;%\n]|$)")


class JsonFormatter(logging.Formatter):
    """Writes `ts`, `level`, `logger`, `event`, `message`, the ids that the record has, and the kind of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; an error is told by its kind and its place, since its words may name anybody."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event_of(record),
            "message": record.getMessage(),
            **{each: getattr(record, each) for each in IDS if hasattr(record, each)},
            **_error_of(record),
        }
        shown = {key: without_addresses(value) if isinstance(value, str) else value for key, value in line.items()}
        return json.dumps(shown, ensure_ascii=False, default=str)


def without_addresses(text: str) -> str:
    """Return a text with … in the place of each address, and of what only looks like one."""
    return _ADDRESS.sub("…", text)


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes the log of the process as JSON."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(JsonFormatter())


@contextmanager
def logging_as_json() -> Iterator[None]:
    """Log everything from warnings on, and what mailer itself does, as JSON while the context lasts."""
    handler, ours = JsonHandler(), logging.getLogger("mailer")
    before = ours.level
    logging.getLogger().addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        ours.setLevel(before)
        logging.getLogger().removeHandler(handler)


@contextmanager
def logging_through(handler: logging.Handler) -> Iterator[None]:
    """Let a handler write the log while the context lasts, as JSON where that was asked for."""
    root = logging.getLogger()
    replaced = [each for each in root.handlers if isinstance(each, JsonHandler)]
    for each in replaced:
        handler.setFormatter(each.formatter)
        root.removeHandler(each)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for each in replaced:
            root.addHandler(each)


def _event_of(record: logging.LogRecord) -> str:
    """Return the name of an event: the one it was given, or the first words that are the same each time."""
    words = _BEGINNING.match(str(record.msg))
    return str(getattr(record, "event", None) or (words[0].strip().replace(" ", "-").lower() if words else "log"))


def _error_of(record: logging.LogRecord) -> dict[str, str]:
    if record.exc_info is None or record.exc_info[0] is None:
        return {}
    kind, _, trace = record.exc_info
    places = [f"{Path(each.filename).name}:{each.lineno}" for each in traceback.extract_tb(trace)]
    return {"error": kind.__name__, "at": " ".join(places)}
