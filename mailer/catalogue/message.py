"""A sentence as a value: its id and what stands in it, to be written in a language where somebody reads it."""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, Self, TypeAlias

from mailer.catalogue.language import SOURCE, Lang
from mailer.catalogue.texts import find_text
from mailer.catalogue.values import write_date, write_duration, write_number

# A message is a str, and a datetime a date.
Value: TypeAlias = "str | int | float | Path | date | time | timedelta | tuple[Value, ...]"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Message(str):
    """The English text, for logs, tests and tools; beside it what any other language is written from.

    Frozen. `id` names the sentence in the catalogues; `values` are what stands in it.
    """

    __slots__ = ("_id", "_values")
    _id: str
    _values: dict[str, Value]

    def __new__(cls, id_: str, values: Mapping[str, Value]) -> Self:
        """Write it in English."""
        self = super().__new__(cls, _written(id_, values, SOURCE))
        self._id, self._values = id_, dict(values)
        return self

    @property
    def id(self) -> str:
        """Return the id in the catalogues, as `sending.is-paused`."""
        return self._id

    @property
    def values(self) -> dict[str, Value]:
        """Return the values by the names of the placeholders."""
        return dict(self._values)

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, Value]]]:
        return type(self), (self._id, self._values)


def msg(id_: str, /, **values: Value) -> Message:
    """Make a sentence of the catalogues. An int `count` chooses its plural form.

    An int is a number of something; a thing only called by a number (a port, a year, a line) is a str.
    """
    return Message(id_, values)


def either(values: tuple[Value, ...]) -> Value:
    """Name several to choose from: `nb, nn or en`."""
    return (
        values[0] if len(values) == 1 else msg("output.list-or", rest=", ".join(map(str, values[:-1])), last=values[-1])
    )


def render(text: str, lang: Lang) -> str:
    """Write a message in a language; any other text is as it is."""
    return _written(text.id, text.values, lang) if isinstance(text, Message) else text


def _written(id_: str, values: Mapping[str, Value], lang: Lang) -> str:
    """Fill in the text once: a value that holds braces is not filled in; what has no value stays as it stands."""
    text = find_text(id_, lang, count=values.get("count"))
    return _PLACEHOLDER.sub(lambda name: _write(values[name[1]], lang) if name[1] in values else name[0], text)


def _write(value: Value, lang: Lang) -> str:
    match value:
        case Message():
            return render(value, lang)
        case tuple():
            return _write_list([_write(each, lang) for each in value], lang)
        case timedelta():
            return _write_duration(value, lang)
        case date() | time():
            return write_date(value, lang)
        case int() | float():
            return write_number(value, lang)
        case _:
            return str(value)


def _write_list(words: list[str], lang: Lang) -> str:
    if len(words) < 2:
        return "".join(words)
    return _written("output.list-and", {"rest": ", ".join(words[:-1]), "last": words[-1]}, lang)


def _write_duration(value: timedelta, lang: Lang) -> str:
    is_short = value < timedelta(seconds=1)
    return _written("output.less-than-a-second", {}, lang) if is_short else write_duration(value, lang)


def as_json(*, message: str, hint: str) -> dict[str, Any]:
    """Return ids and values for tools, in no language: of the fault and of the hint; none of any other text."""
    shown: dict[str, Any] = {}
    for begins, text in (("", message), ("hint_", hint)):
        if isinstance(text, Message):
            values = {name: _plain(value) for name, value in text.values.items()}
            shown |= {f"{begins}id": text.id, f"{begins}values": values}
    return shown


def _plain(value: Value) -> Any:
    match value:
        case Message():
            return as_json(message=value, hint="")
        case tuple():
            return [_plain(each) for each in value]
        case timedelta():
            return value.total_seconds()
        case date() | time():
            return value.isoformat()
        case Path():
            return value.as_posix()
        case _:
            return value
