"""From a composed issue to a compiled message: headers, multipart/alternative, slots checked."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import quote

from mailer.compose.composed import ComposedIssue
from mailer.compose.slots import Slot
from mailer.message import headers
from mailer.message.compiled import DATE, MESSAGE_IDENTITY, ONE_CLICK, TO, CompiledMessage
from mailer.message.errors import MessageError
from mailer.message.parts import cut, slots_in
from mailer.rendering.pages import Pages

BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
SENDER_ID_LENGTH = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place for a recipient's value."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose newsletter it is and where answers, returns and clicks go. `owner` and `reply_to` may be empty."""

    newsletter: str
    from_name: str
    from_address: str
    list_id: str
    pages: Pages
    return_path: str
    verp: bool = True
    reply_to: str = ""
    owner: str = ""


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
        raise MessageError(f"the slots in the composed texts are not the ones declared: {names}")
    segments, places = _joined([*_head(composed, sender, slug, one_click=not test_label), *_bodies(composed)])
    return CompiledMessage(
        segments=segments,
        places=places,
        base_url=sender.pages.base_url,
        return_path=sender.return_path,
        verp=sender.verp,
        domain=sender.from_address.rpartition("@")[2],
    )


def _marked(composed: ComposedIssue, label: str) -> ComposedIssue:
    banner = f'<div role="note" style="padding:8px;background:#F3BE4B;color:#14252A">{html.escape(label)}</div>'
    marked, found = BODY.subn(lambda body: body[0] + banner, composed.html, count=1)
    if not found:
        raise MessageError("the composed HTML has no <body>")
    return replace(composed, subject=f"TEST: {composed.subject}", text=f"{label}\n\n{composed.text}", html=marked)


def _head(composed: ComposedIssue, sender: Sender, slug: str, *, one_click: bool) -> Iterator[str | Place]:
    yield from _lines(
        headers.mailbox("From", sender.from_address, display_name=sender.from_name or sender.newsletter),
        *([headers.mailbox("Reply-To", sender.reply_to)] if sender.reply_to else []),
        headers.unstructured("Subject", composed.subject),
        *_list_fields(sender),
        headers.unstructured("Feedback-ID", f"{slug}:{composed.lang}:newsletter:{_sender_id(sender)}"),
        headers.unstructured("X-Auto-Response-Suppress", "OOF, AutoReply"),
        headers.unstructured("Content-Language", composed.lang),
        "MIME-Version: 1.0",
        *(["List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if one_click else []),
    )
    yield "List-Unsubscribe: <"
    yield Place(name=ONE_CLICK)
    yield ">\r\nTo: "
    yield Place(name=TO)
    yield "\r\nDate: "
    yield Place(name=DATE)
    yield "\r\nMessage-ID: "
    yield Place(name=MESSAGE_IDENTITY)
    yield "\r\n"


def _list_fields(sender: Sender) -> list[str]:
    owner = quote(sender.owner or sender.from_address, safe="@")
    return [
        headers.mailbox("List-Id", sender.list_id, display_name=sender.newsletter),
        headers.uri("List-Help", sender.pages.privacy),
        headers.uri("List-Subscribe", sender.pages.subscribe),
        headers.uri("List-Archive", sender.pages.archive),
        headers.uri("List-Owner", f"mailto:{owner}"),
    ]


def _sender_id(sender: Sender) -> str:
    """Return what identifies the sender to Gmail's feedback loop: 5 to 15 characters, always the same."""
    return sender.list_id.partition(".")[0][:SENDER_ID_LENGTH].ljust(5, "0")


def _bodies(composed: ComposedIssue) -> Iterator[str | Place]:
    """Plain text first: the last alternative is the one preferred (RFC 2046 §5.1.4)."""
    # "=_" cannot occur in quoted-printable, so no line of a body can be taken for the boundary.
    boundary = "=_" + sha256(f"{composed.subject}\0{composed.text}\0{composed.html}".encode()).hexdigest()[:32]
    yield f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    for name, subtype, text in (("text", "plain", composed.text), ("html", "html", composed.html)):
        yield f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        yield "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        yield from (Place(name=f"{name}.{each}") if isinstance(each, Slot) else each for each in cut(text))
        yield "\r\n"
    yield f"--{boundary}--\r\n"


def _lines(*fields: str) -> Iterator[str]:
    return (f"{field}\r\n" for field in fields)


def _joined(pieces: list[str | Place]) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Join the texts between the places."""
    segments, places = [""], []
    for piece in pieces:
        if isinstance(piece, Place):
            places.append(piece.name)
            segments.append("")
        else:
            segments[-1] += piece
    return tuple(each.encode("ascii") for each in segments), tuple(places)
