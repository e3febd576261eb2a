"""A message compiled once for everybody: per recipient a few values are put in and bytes are joined.

Whatever must not change while a mailing is on its way (sender, addresses of the pages, return path) is frozen in
the compiled message, which is stored with the mailing.
"""

import html
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime

from mailer.compose.slots import Slot
from mailer.keys import KeyRing
from mailer.message import headers
from mailer.message.addresses import AddressError, needs_smtputf8, wire_address
from mailer.message.envelope import Envelope
from mailer.message.errors import MessageError
from mailer.message.quoted_printable import encode_value
from mailer.message.verp import make_return_path
from mailer.rendering.pages import Pages

VERSION = 1
TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,200}")
MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")

# Names of the places where values go; a body's slots are named `text.<slot>` and `html.<slot>`.
TO, DATE, MESSAGE_IDENTITY, ONE_CLICK = "to", "date", "message_id", "one_click"
MAXIMUM_VALUE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientValues:
    """What differs from one recipient to the next. `address` is as the subscriber gave it."""

    address: str
    unsubscribe_token: str
    preferences_token: str
    message_id: str
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMessage:
    """A message with places for values: `segments` are the bytes around them, one more than `places`."""

    segments: tuple[bytes, ...]
    places: tuple[str, ...]
    base_url: str
    return_path: str
    verp: bool
    domain: str

    @property
    def size(self) -> int:
        """The most bytes that a personalised message can have, for SIZE (RFC 1870)."""
        return sum(map(len, self.segments)) + len(self.places) * MAXIMUM_VALUE

    def personalise(self, values: RecipientValues, *, smtputf8: bool = False) -> bytes:
        """Return the message to one recipient: CRLF line ends, no line beginning with a dot.

        Raises `AddressError`, also for an address that needs a server with SMTPUTF8 when this one has none.
        """
        if not smtputf8 and needs_smtputf8(values.address):
            raise AddressError("the mail server cannot take addresses with letters outside a-z before the @ (5.6.7)")
        filled = self._filled(values)
        pieces = [self.segments[0]]
        for place, segment in zip(self.places, self.segments[1:], strict=True):
            pieces += (filled[place], segment)
        return b"".join(pieces)

    def envelope(self, address: str, *, keys: KeyRing, mailing_id: int, delivery_id: int) -> Envelope:
        """Return path and recipient of one delivery. Raises `AddressError`."""
        return_path = self.return_path
        if self.verp:
            return_path = make_return_path(keys, base=return_path, mailing_id=mailing_id, delivery_id=delivery_id)
        return Envelope(return_path, wire_address(address))

    def to_bytes(self) -> bytes:
        """Return the message as it is stored; the same message always gives the same bytes."""
        stored = asdict(self) | {"version": VERSION, "segments": [each.decode("ascii") for each in self.segments]}
        return json.dumps(stored, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, stored: bytes) -> "CompiledMessage":
        """Read what `to_bytes` gave. Raises `MessageError` for a form that this version does not know."""
        values = json.loads(stored)
        if values.pop("version", None) != VERSION:
            raise MessageError(
                "a stored message was made by another version of mailer",
                hint="Use that version to finish the mailing, or cancel it and send anew.",
            )
        segments = tuple(each.encode("ascii") for each in values.pop("segments"))
        return cls(segments=segments, places=tuple(values.pop("places")), **values)

    def _filled(self, values: RecipientValues) -> dict[str, bytes]:
        if not (TOKEN.fullmatch(values.unsubscribe_token) and TOKEN.fullmatch(values.preferences_token)):
            raise ValueError("a token has other characters than letters, digits and ._~-")
        if not MESSAGE_ID.fullmatch(values.message_id):
            raise ValueError("the Message-ID is not <…@…>")
        pages = Pages(self.base_url)
        slots = {
            Slot.EMAIL: values.address,
            Slot.UNSUBSCRIBE_URL: pages.leave(values.unsubscribe_token),
            Slot.PREFERENCES_URL: pages.preferences(values.preferences_token),
        }
        return {
            TO: wire_address(values.address).encode(),
            DATE: headers.date(values.date).encode("ascii"),
            MESSAGE_IDENTITY: values.message_id.encode("ascii"),
            ONE_CLICK: pages.one_click(values.unsubscribe_token).encode("ascii"),
            **{f"text.{slot}": encode_value(value).encode("ascii") for slot, value in slots.items()},
            **{f"html.{slot}": encode_value(html.escape(value)).encode("ascii") for slot, value in slots.items()},
        }
