"""Notes of why a mailing was stopped: as an error says it, and as the database keeps it for readers of any language."""

import json
from contextlib import suppress

from mailer.catalogue import Message, msg
from mailer.catalogue.stored import from_stored, to_stored
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
    return json.dumps({"text": str(note), **to_stored(note)})


def read_note(stored: str) -> str:
    """Read a note that was stored; in the English of then when its id is no longer known."""
    if not stored.startswith('{"text": '):
        return stored
    with suppress(ValueError):  # it may only look as if
        match json.loads(stored):
            case {"text": str(text), "id": str(id_), "values": dict()} as read:
                note = from_stored(read)
                return note if isinstance(note, Message) and note != id_ else text
            case _:
                return stored
    return stored
