"""Whatever an editor writes and whatever a person is called: what a server gets is clean, and what was meant."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.compose.composed import ComposedIssue
from mailer.keys import KeyRing
from mailer.message.compiled import RecipientValues, Sender, compile_message
from mailer.transport.base import Ready, Reply
from mailer.transport.catcher import CatchingServer
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

# Lines that begin with dots, that are long, that hold other writing, and a few that look like commands.
LINES = st.lists(
    st.one_of(
        st.sampled_from([".", "..", ".\u00e6", "QUIT", "From x", "x" * 3000, "\u010d\u00e1h\u0161\u0161"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120),
    ),
    max_size=12,
)
ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=200)


@pytest.fixture(scope="module")
def deliver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., bytes]]:
    """Send one payload over a real connection; give what the server has kept of it."""
    caught: list[Path] = []
    folder = tmp_path_factory.mktemp("caught")
    with CatchingServer(folder, on_caught=lambda _, file: caught.append(file)) as server:
        options = SmtpOptions(host="127.0.0.1", port=server.address[1], security=Security.NONE)
        session = SmtpTransport(options).connect()

        def send(envelope: Any, payload: bytes) -> bytes:
            assert isinstance(run_to_end(session.begin(envelope)), Ready)
            assert run_to_end(session.stream(payload)) is None
            answer = run_to_end(session.finish())
            assert isinstance(answer, Reply)
            assert answer.is_accepted
            return caught[-1].read_bytes().split(b"\r\n", 2)[2]

        yield send
        run_to_end(session.close())


@settings(max_examples=EXAMPLES * 3 // 5, suppress_health_check=[HealthCheck.too_slow])
@given(subject=ONE_LINE, lines=LINES)
def test_what_arrives_is_what_was_written(
    *,
    subject: str,
    lines: list[str],
    compose: Callable[..., ComposedIssue],
    sender: Sender,
    values: RecipientValues,
    keys: KeyRing,
    parse: Callable[[bytes], EmailMessage],
    body: Callable[[EmailMessage, str], str],
    deliver: Callable[..., bytes],
) -> None:
    text = "\n".join(lines)
    composed = replace(compose(text=text), subject=" ".join(subject.split()) or "x")
    compiled = compile_message(composed, sender=sender, slug="2023-12")
    payload = compiled.personalise(values)
    envelope = compiled.envelope(values.address, keys=keys, mailing_id=1, delivery_id=2, planned_at=values.date)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", payload), "a bare CR or LF"
    assert all(len(line) <= 998 for line in payload.split(b"\r\n"))
    assert b"\r\n.\r\n" not in payload, "the message ends itself"
    arrived = deliver(envelope, payload)
    message = parse(arrived)
    assert message["Subject"] == composed.subject
    unstuffed = "\n".join(line.removeprefix(" ") for line in body(message, "plain").split("\n"))  # RFC 3676 section 4.4
    assert unstuffed.startswith(text)
    assert set(message.keys()) == set(parse(payload).keys()), "a header that nobody wrote"
