"""The reasons why a line is refused or left out, kept by id and values so that any language can say them later."""

import json
from functools import lru_cache
from typing import Any

from mailer.catalogue import Message, Value
from mailer.catalogue.message import as_json


def pack(reason: str) -> str:
    """Return a reason as a temporary table holds it."""
    if isinstance(reason, Message):
        return json.dumps(as_json(message=reason, hint=""))
    return json.dumps(reason) if reason else ""


@lru_cache(maxsize=1_000)
def unpack(packed: str) -> str:
    """Return the reason that `pack` was given; only dates and paths in it are text by now. Many lines have the same."""
    if not packed:
        return ""
    found = json.loads(packed)
    return _message(found) if isinstance(found, dict) else str(found)


def _message(found: dict[str, Any]) -> Message:
    return Message(found["id"], {name: _value(value) for name, value in found["values"].items()})


def _value(found: Any) -> Value:
    match found:
        case dict():
            return _message(found)
        case list():
            return tuple(map(_value, found))
        case str() | int() | float():
            return found
        case _:
            raise TypeError(found)


def reason_as_json(reason: str) -> dict[str, Any]:
    """Return id and values of a reason, which stand beside its English text in JSON; none of any other text."""
    return {f"reason_{key}": value for key, value in as_json(message=reason, hint="").items()}
