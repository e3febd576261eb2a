"""Notes of why a mailing was stopped: as an error says it, and as the database keeps it for readers of any language."""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

from mailer.catalogue import Message, Value, msg
from mailer.errors import MailerError


def note_of(error: MailerError) -> str:
    """Return all that an error says, as `str(error)` and in any language."""
    if error.where and error.hint:
        return msg("sending.note-place-hint", where=error.where, what=error.what, hint=error.hint)
    if error.where:
        return msg("sending.note-place", where=error.where, what=error.what)
    return msg("sending.note-hint", what=error.what, hint=error.hint) if error.hint else error.what


def write_note(note: str) -> str:
    """Write a note as it is stored: a message as JSON with its English text, any other text as it is."""
    if not isinstance(note, Message):
        return note
    return json.dumps({"text": str(note), **_as_json(note)}, ensure_ascii=False)


def read_note(stored: str) -> str:
    """Read a note that was stored; in the English of then when its id is no longer known."""
    if not stored.startswith('{"text": '):
        return stored
    with suppress(ValueError):  # it may only look as if
        match json.loads(stored):
            case {"text": str(text), "id": str(id_), "values": dict()} as read:
                note: str = _from_json(read)
                return text if note == id_ else note
            case _:
                return stored
    return stored


def _as_json(note: Message) -> dict[str, Any]:
    return {"id": note.id, "values": {name: _plain(value) for name, value in note.values.items()}}


def _plain(value: Value) -> Any:
    match value:
        case Message():
            return _as_json(value)
        case tuple():
            return [_plain(each) for each in value]
        case int() | float():
            return value
        case datetime():
            return {"moment": value.isoformat()}
        case _:
            return str(msg("output.value", value=value))


def _from_json(value: Any) -> Any:
    match value:
        case {"id": str(id_), "values": dict(values)}:
            return Message(id_, {name: _from_json(each) for name, each in values.items()})
        case {"moment": str(moment)}:
            return datetime.fromisoformat(moment)
        case list():
            return tuple(_from_json(each) for each in value)
        case _:
            return value
