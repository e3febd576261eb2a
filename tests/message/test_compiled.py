"""A composed issue becomes one compiled message, and one message per recipient by joining bytes."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.slots import Slot
from mailer.message.compiled import CompiledMessage, RecipientValues, Sender, compile_message
from mailer.message.errors import MessageError
from mailer.rendering.pages import Pages

SENDER = Sender(
    name="Nyhetsbrev for helsefellesskap",
    list_name="Nyhetsbrev for helsefellesskap",
    address="redaksjon@nyhetsbrev.example",
    list_id="helsefellesskap.nyhetsbrev.example",
    pages=Pages("https://nyhetsbrev.example"),
    return_path="b@nyhetsbrev.example",
)


def composed(
    *, subject: str = "Prøvebrev", text: str = "", html: str = "", slots: frozenset[Slot] | None = None
) -> ComposedIssue:
    leave = Slot.UNSUBSCRIBE_URL.token
    return ComposedIssue(
        key=VariantKey(),
        subject=subject,
        preheader="",
        html=f'<!DOCTYPE html><html><body><p>{html}</p><a href="{leave}">Meld deg av</a></body></html>',
        text=f"{text}\nMeld deg av: <{leave}>\n",
        mjml="",
        lang="nb",
        slots=slots or frozenset({Slot.UNSUBSCRIBE_URL}),
    )


VALUES = RecipientValues(
    address="ola@kommune.example",
    unsubscribe_token="leave-token",
    preferences_token="change-token",
    message_id="<abc@nyhetsbrev.example>",
    date=datetime(2023, 12, 14, 8, 0, tzinfo=UTC),
)


def parsed(payload: bytes) -> EmailMessage:
    message = message_from_bytes(payload, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_message_parses_to_what_went_in() -> None:
    message = parsed(compile_message(composed(text="Hei, æøå", html="Hei"), sender=SENDER).personalise(VALUES))
    assert message["Subject"] == "Prøvebrev"
    assert message["To"] == "ola@kommune.example"
    assert message["List-Unsubscribe"] == "<https://nyhetsbrev.example/one-click/leave-token>"
    text = message.get_body(("plain",))
    assert text is not None
    assert (
        text.get_content().replace("\r\n", "\n")
        == "Hei, æøå\nMeld deg av: <https://nyhetsbrev.example/leave/leave-token>\n"
    )


def test_a_slot_that_was_not_declared_is_refused() -> None:
    with pytest.raises(MessageError, match="email"):
        compile_message(composed(text=Slot.EMAIL.token), sender=SENDER)


def test_what_is_stored_is_what_comes_back() -> None:
    compiled = compile_message(composed(), sender=SENDER)
    assert CompiledMessage.from_bytes(compiled.to_bytes()) == compiled
