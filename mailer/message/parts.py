"""The two bodies of a message, encoded and cut at their slots."""

import re
from collections.abc import Iterator

from mailer.catalogue import msg
from mailer.compose.slots import REQUIRED, Slot
from mailer.errors import MailerError
from mailer.message.quoted_printable import encode_before_slot, encode_text

SLOTS_BY_TOKEN = {slot.token: slot for slot in Slot}
TOKEN = re.compile("(" + "|".join(re.escape(token) for token in SLOTS_BY_TOKEN) + ")")
_TO_STUFF = re.compile(r"^(?=[ >]|From )", re.MULTILINE)
MARK = Slot.EMAIL.token.partition(Slot.EMAIL.value)[0]


class MessageError(MailerError):
    """The composed issue, or a stored message, is not as it must be."""


def slots_in(text: str) -> frozenset[Slot]:
    """Return the slots that stand in a text. Raises `MessageError` for a damaged one or a missing way to leave."""
    if MARK in TOKEN.sub("", text).lower():
        raise MessageError(msg("sending.damaged-slot"), hint=msg("sending.write-whole-token"))
    slots = frozenset(SLOTS_BY_TOKEN[token] for token in TOKEN.findall(text))
    if missing := REQUIRED - slots:
        what = msg("sending.slots-missing", names=", ".join(sorted(missing)))
        raise MessageError(what, hint=msg("sending.mend-template"))
    return slots


def stuffed(text: str) -> str:
    """Put a space before each line that readers of flowing text would take for another kind (RFC 3676 §4.4)."""
    return _TO_STUFF.sub(" ", text)


def cut(text: str) -> Iterator[str | Slot]:
    """Give quoted-printable text and slots in turn; each slot is to begin on a line of its own."""
    *pairs, last = TOKEN.split(text)
    for before, token in zip(pairs[::2], pairs[1::2], strict=True):
        yield encode_before_slot(before)
        yield SLOTS_BY_TOKEN[token]
    yield encode_text(last)
