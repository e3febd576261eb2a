"""Bodies larger than what the network takes at once, over clear and encrypted connections."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.message.envelope import Envelope as OurEnvelope
from mailer.transport.base import Ready, Reply
from mailer.transport.catcher import SmtpServerThread
from mailer.transport.session import Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end

CERTIFICATES = Path(__file__).parent / "certificates"
LINES = b"".join(b"%07d %s\r\n" % (number, b"x" * 90) for number in range(120_000))  # 12 MB


class Keeping:
    """Keeps what it takes."""

    def __init__(self) -> None:
        self.content: bytes | str | None = None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's
        self.content = envelope.content
        return "250 2.0.0 kept"


@pytest.fixture
def server() -> Iterator[Callable[[bool], tuple[Keeping, int]]]:
    with ExitStack() as stack:

        def start(is_encrypted: bool) -> tuple[Keeping, int]:  # noqa: FBT001 one question
            keeping, context = Keeping(), None
            if is_encrypted:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATES / "localhost.pem")

            def protocol() -> SMTP:
                loop = asyncio.get_running_loop()
                return SMTP(keeping, hostname="s.example", tls_context=context, loop=loop, data_size_limit=10**8)

            return keeping, stack.enter_context(SmtpServerThread(protocol)).address[1]

        yield start


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_large_body_arrives_whole(
    server: Callable[[bool], tuple[Keeping, int]],
    is_encrypted: bool,  # noqa: FBT001 drawn by pytest
) -> None:
    keeping, port = server(is_encrypted)
    options = SmtpOptions(
        host="localhost" if is_encrypted else "127.0.0.1",
        port=port,
        security=Security.STARTTLS if is_encrypted else Security.NONE,
        ca_file=str(CERTIFICATES / "ca.pem") if is_encrypted else "",
        timeouts=Timeouts(connect=5, command=30, data=30, body=60, dot=30),
    )
    session = SmtpTransport(options).connect()
    assert isinstance(run_to_end(session.begin(OurEnvelope("a@a.example", "b@b.example"))), Ready)
    assert run_to_end(session.stream(LINES)) is None
    assert run_to_end(session.finish()) == Reply(code=250, enhanced="2.0.0", text="kept")
    run_to_end(session.close())
    assert keeping.content == LINES
