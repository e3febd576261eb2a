"""A sender, a composer of small issues, one recipient's values, and Python's own parser as the judge."""

from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.slots import Slot
from mailer.keys import KeyRing
from mailer.message.compiled import RecipientValues, Sender
from mailer.rendering.pages import Pages

LEAVE = Slot.UNSUBSCRIBE_URL.token


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    return KeyRing((b"sixteen bytes or more",))


@pytest.fixture(scope="session")
def sender() -> Sender:
    return Sender(
        name="Nyhetsbrev for helsefellesskap",
        address="redaksjon@nyhetsbrev.example",
        list_name="Nyhetsbrev for helsefellesskap",
        list_id="helsefellesskap.nyhetsbrev.example",
        pages=Pages("https://nyhetsbrev.example"),
        return_path="b@nyhetsbrev.example",
    )


@pytest.fixture(scope="session")
def values() -> RecipientValues:
    return RecipientValues(
        address="ola@kommune.example",
        unsubscribe_token="leave-token",
        preferences_token="change-token",
        message_id="<abc@nyhetsbrev.example>",
        date=datetime(2023, 12, 14, 8, 0, tzinfo=UTC),
    )


@pytest.fixture(scope="session")
def compose() -> Callable[..., ComposedIssue]:
    """Compose texts around the link to leave that every mail must have."""

    def compose(
        *,
        subject: str = "Prøvebrev",
        text: str = "",
        html: str = "",
        slots: frozenset[Slot] = frozenset({Slot.UNSUBSCRIBE_URL}),
    ) -> ComposedIssue:
        return ComposedIssue(
            key=VariantKey(),
            subject=subject,
            preheader="",
            html=f'<!DOCTYPE html><html><body class="x"><p>{html}</p><a href="{LEAVE}">Meld deg av</a></body></html>',
            text=f"{text}\nMeld deg av: <{LEAVE}>\n",
            mjml="",
            lang="nb",
            slots=slots,
        )

    return compose


@pytest.fixture(scope="session")
def parse() -> Callable[[bytes], EmailMessage]:
    def parse(payload: bytes) -> EmailMessage:
        message = message_from_bytes(payload, policy=default)
        assert isinstance(message, EmailMessage)
        assert not message.defects
        return message

    return parse


@pytest.fixture(scope="session")
def body() -> Callable[[EmailMessage, str], str]:
    """The decoded text of one part, line ends as \\n."""

    def body(message: EmailMessage, subtype: str) -> str:
        part = message.get_body((subtype,))
        assert part is not None
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode("utf-8").replace("\r\n", "\n")

    return body
