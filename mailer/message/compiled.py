"""A message compiled once for everybody: per recipient a few values are put in and bytes are joined.

Whatever must not change while a mailing is on its way (sender, addresses of the pages, return path) is frozen in
the compiled message, which is stored with the mailing.
"""

import html
import json
import re
from base64 import encodebytes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from mailer.catalogue import msg
from mailer.compose.composed import ComposedIssue
from mailer.compose.pictures.picture import Picture
from mailer.compose.slots import Slot
from mailer.keys import KeyRing
from mailer.message import headers
from mailer.message.addresses import WireAddressError, needs_smtputf8, wire_address
from mailer.message.envelope import Envelope
from mailer.message.parts import MessageError, cut, slots_in, stuffed
from mailer.message.quoted_printable import encode_value
from mailer.message.verp import make_return_path
from mailer.rendering.pages import Pages

FORM = 2  # of a stored message; another one must leave this readable, for mailings that are under way then
TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,200}")
MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")

# Names of the places where values go.
TO, DATE, MESSAGE_IDENTITY, ONE_CLICK = "to", "date", "message_id", "one_click"
IN_TEXT = {slot: f"text.{slot}" for slot in Slot}
IN_HTML = {slot: f"html.{slot}" for slot in Slot}
MAXIMUM_VALUE = 4096

BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
SENDER_ID_LENGTH = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSlot:
    """A place for a recipient's value."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The newsletter's sender, and where answers, returns and clicks go. `owner` and `reply_to` may be empty."""

    name: str
    address: str
    list_id: str
    list_name: str
    pages: Pages
    return_path: str
    verp: bool = True
    reply_to: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientValues:
    """The values that differ between recipients. `address` is as the subscriber gave it."""

    address: str
    unsubscribe_token: str
    preferences_token: str
    message_id: str
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMessage:
    """A message with places for values: `segments` are the bytes around them, one more than `places`.

    `form` is how it is stored; deliveries of form 1 are named by their numbers alone.
    """

    segments: tuple[bytes, ...]
    places: tuple[str, ...]
    base_url: str
    return_path: str
    verp: bool
    domain: str
    form: int = FORM

    def named_by(self, planned_at: datetime) -> datetime | None:
        """Return the moment that names deliveries beside their numbers, of a mailing planned then."""
        return planned_at if self.form > 1 else None

    @property
    def size(self) -> int:
        """The most bytes that a personalised message can have, for SIZE (RFC 1870)."""
        return sum(map(len, self.segments)) + len(self.places) * MAXIMUM_VALUE

    def personalise(self, values: RecipientValues, *, smtputf8: bool = False) -> bytes:
        """Return the message to one recipient: CRLF line ends, no line beginning with a dot.

        Raises `WireAddressError`, also for an address that needs a server with SMTPUTF8 when this one has none.
        """
        if not smtputf8 and needs_smtputf8(values.address):
            raise WireAddressError(msg("sending.letters-outside"), hint=msg("sending.use-plain-letters"))
        filled = self._filled(values)
        pieces = [self.segments[0]]
        for place, segment in zip(self.places, self.segments[1:], strict=True):
            pieces += (filled[place], segment)
        return b"".join(pieces)

    def envelope(
        self, address: str, *, keys: KeyRing, mailing_id: int, delivery_id: int, planned_at: datetime | None
    ) -> Envelope:
        """Return path and recipient of one delivery. Raises `WireAddressError`."""
        return_path = self.return_path
        if self.verp:
            return_path = make_return_path(
                keys, base=return_path, mailing_id=mailing_id, delivery_id=delivery_id, planned_at=planned_at
            )
        return Envelope(return_path, wire_address(address))

    def to_bytes(self) -> bytes:
        """Return the message as it is stored; the same message always gives the same bytes."""
        stored = asdict(self) | {"segments": [each.decode("ascii") for each in self.segments]}
        stored["version"] = stored.pop("form")
        return json.dumps(stored, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, stored: bytes) -> "CompiledMessage":
        """Read what `to_bytes` gave, in this version or the one before. Raises `MessageError` for any other form."""
        try:
            values = json.loads(stored)
            form = values.pop("version")
        except (ValueError, LookupError, AttributeError, TypeError):
            values, form = {}, None
        if isinstance(form, int) and form > FORM:
            raise MessageError(
                msg("sending.newer-form", form=str(form), known=str(FORM)), hint=msg("sending.use-newer-version")
            )
        if form not in _FORMS:
            raise MessageError(
                msg("sending.other-version"),
                hint=msg("sending.use-that-version"),
            )
        return _FORMS[form](values | {"form": form})

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
        filled = {
            TO: wire_address(values.address).encode(),
            DATE: headers.date(values.date.replace(microsecond=0)).encode("ascii"),
            MESSAGE_IDENTITY: values.message_id.encode("ascii"),
            ONE_CLICK: pages.one_click(values.unsubscribe_token).encode("ascii"),
        }
        for slot, value in slots.items():
            escaped = html.escape(value)
            encoded = filled[IN_TEXT[slot]] = encode_value(value).encode("ascii")
            filled[IN_HTML[slot]] = encoded if escaped == value else encode_value(escaped).encode("ascii")
        return filled


def _read_stored(values: dict[str, Any]) -> CompiledMessage:
    segments = tuple(each.encode("ascii") for each in values.pop("segments"))
    return CompiledMessage(segments=segments, places=tuple(values.pop("places")), **values)


_FORMS = {1: _read_stored, 2: _read_stored}


def compile_message(
    composed: ComposedIssue, *, sender: Sender, slug: str = "", test_label: str = ""
) -> CompiledMessage:
    """Compile one variant of an issue. With `test_label` it is a test-send: marked, and without one-click.

    Raises `MessageError` when the slots found are not the slots declared, `HeaderError` for a harmful header.
    """
    if test_label:
        composed = _marked(composed, test_label)
    found = slots_in(composed.text) | slots_in(composed.html)
    if found != composed.slots:
        names = ", ".join(sorted(found ^ composed.slots))
        raise MessageError(msg("sending.other-slots", names=names), hint=msg("sending.mend-template"))
    segments, places = _joined([*_head(composed, sender, slug, one_click=not test_label), *_bodies(composed)])
    return CompiledMessage(
        segments=segments,
        places=places,
        base_url=sender.pages.base_url,
        return_path=sender.return_path,
        verp=sender.verp,
        domain=sender.address.rpartition("@")[2],
    )


def _marked(composed: ComposedIssue, label: str) -> ComposedIssue:
    banner = f'<div role="note" style="padding:8px;background:#F3BE4B;color:#14252A">{html.escape(label)}</div>'
    marked, found = BODY.subn(lambda body: body[0] + banner, composed.html, count=1)
    if not found:
        raise MessageError(msg("sending.no-body"), hint=msg("sending.mend-template"))
    return replace(composed, subject=f"TEST: {composed.subject}", text=f"{label}\n\n{composed.text}", html=marked)


def _head(composed: ComposedIssue, sender: Sender, slug: str, *, one_click: bool) -> Iterator[str | ValueSlot]:
    fields = (
        headers.mailbox("From", sender.address, display_name=sender.name),
        *([headers.mailbox("Reply-To", sender.reply_to)] if sender.reply_to else []),
        headers.unstructured("Subject", composed.subject),
        *_list_fields(sender),
        headers.unstructured("Feedback-ID", f"{slug}:{composed.lang}:newsletter:{_sender_id(sender)}"),
        headers.unstructured("X-Auto-Response-Suppress", "OOF, AutoReply"),
        headers.unstructured("Content-Language", composed.lang),
        "MIME-Version: 1.0",
        *(["List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if one_click else []),
    )
    yield from (f"{field}\r\n" for field in fields)
    yield "List-Unsubscribe: <"
    yield ValueSlot(name=ONE_CLICK)
    yield ">\r\nTo: "
    yield ValueSlot(name=TO)
    yield "\r\nDate: "
    yield ValueSlot(name=DATE)
    yield "\r\nMessage-ID: "
    yield ValueSlot(name=MESSAGE_IDENTITY)
    yield "\r\n"


def _list_fields(sender: Sender) -> list[str]:
    owner = quote(sender.owner or sender.address, safe="@")
    return [
        headers.mailbox("List-Id", sender.list_id, display_name=sender.list_name),
        headers.uri("List-Help", sender.pages.privacy),
        headers.uri("List-Subscribe", sender.pages.subscribe),
        headers.uri("List-Archive", sender.pages.archive),
        headers.uri("List-Owner", f"mailto:{owner}"),
    ]


def _sender_id(sender: Sender) -> str:
    """Return what identifies the sender to Gmail's feedback loop: 5 to 15 characters, always the same."""
    return sender.list_id.partition(".")[0][:SENDER_ID_LENGTH].ljust(5, "0")


def _bodies(composed: ComposedIssue) -> Iterator[str | ValueSlot]:
    """Yield the bodies, plain text first: the last alternative is the one preferred (RFC 2046 §5.1.4)."""
    # "=_" cannot occur in quoted-printable or base64 lines, so no line of a body can be taken for the boundary.
    boundary = "=_" + sha256(f"{composed.subject}\0{composed.text}\0{composed.html}".encode()).hexdigest()[:32]
    yield f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
    yield f"--{boundary}\r\n"
    yield from _text_part(stuffed(composed.text), "plain; format=flowed; delsp=no", IN_TEXT)
    yield f"--{boundary}\r\n"
    html = _text_part(composed.html, "html", IN_HTML)
    yield from _related(html, composed.images, boundary=f"{boundary}.r") if composed.images else html
    yield f"--{boundary}--\r\n"


def _text_part(text: str, subtype: str, names: Mapping[Slot, str]) -> Iterator[str | ValueSlot]:
    yield f"Content-Type: text/{subtype}; charset=utf-8\r\n"
    yield "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    yield from (ValueSlot(name=names[each]) if isinstance(each, Slot) else each for each in cut(text))
    yield "\r\n"


def _related(
    html: Iterator[str | ValueSlot], pictures: Sequence[Picture], *, boundary: str
) -> Iterator[str | ValueSlot]:
    """The HTML together with the pictures that it shows (RFC 2387)."""
    yield f'Content-Type: multipart/related; type="text/html";\r\n boundary="{boundary}"\r\n\r\n'
    yield f"--{boundary}\r\n"
    yield from html
    for number, picture in enumerate(pictures, 1):
        name = f"picture-{number}.{picture.suffix}"
        yield f"--{boundary}\r\nContent-Type: {picture.media_type}\r\n"
        yield f'Content-ID: <{picture.cid}>\r\nContent-Disposition: inline; filename="{name}"\r\n'
        yield "Content-Transfer-Encoding: base64\r\n\r\n"
        yield encodebytes(picture.data).decode("ascii").replace("\n", "\r\n")
    yield f"--{boundary}--\r\n"


def _joined(pieces: list[str | ValueSlot]) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Join the texts between the places."""
    segments, places = [""], []
    for piece in pieces:
        if isinstance(piece, ValueSlot):
            places.append(piece.name)
            segments.append("")
        else:
            segments[-1] += piece
    return tuple(each.encode("ascii") for each in segments), tuple(places)
