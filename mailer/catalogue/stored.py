"""Messages as JSON holds them, by id and values, to be written in any language when they are read again."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from mailer.catalogue.message import Message, Value

_TIMES: Mapping[str, type[date | time]] = {"moment": datetime, "day": date, "time": time}  # a datetime is a date, too


def to_stored(value: Value) -> Any:
    """Return a message, or a value in one, as JSON can hold it; a path becomes a text."""
    match value:
        case Message():
            return {"id": value.id, "values": {name: to_stored(each) for name, each in value.values.items()}}
        case tuple():
            return [to_stored(each) for each in value]
        case timedelta():
            return {"seconds": value.total_seconds()}
        case date() | time():
            name = next(name for name, kind in _TIMES.items() if isinstance(value, kind))
            return {name: value.isoformat()}
        case int() | float():
            return value
        case _:
            return str(value)


def from_stored(stored: Any) -> Value:
    """Return what `to_stored` was given; raises `ValueError` for other JSON."""
    match stored:
        case {"id": str(id_), "values": dict(values)}:
            return Message(id_, {name: from_stored(each) for name, each in values.items()})
        case {"seconds": int() | float() as seconds}:
            return timedelta(seconds=seconds)
        case {"moment": str(text)} | {"day": str(text)} | {"time": str(text)}:
            kind = next(kind for name, kind in _TIMES.items() if name in stored)
            return kind.fromisoformat(text)
        case list():
            return tuple(from_stored(each) for each in stored)
        case str() | int() | float():
            return stored
        case _:
            raise ValueError(stored)
