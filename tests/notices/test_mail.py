"""A notice is a plain mail that no machine answers, and the same mail at each try."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from hypothesis import given
from hypothesis import strategies as st

from mailer.message.headers import FORBIDDEN_CATEGORIES
from mailer.notices.mail import NoticeMail

AT = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=90)


def mail(*, subject: str = "2026-06 er på pause", text: str = "Hei.\n.dot\nFrom æ") -> NoticeMail:
    return NoticeMail(
        name="abc",
        sender="redaksjon@brev.example",
        sender_name="Helsedirektoratet",
        return_path="retur@brev.example",
        recipient="redaktor@brev.example",
        subject=subject,
        text=text,
        written_at=AT,
    )


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=SMTP)
    assert isinstance(found, EmailMessage)
    return found


def test_a_notice_is_a_plain_mail_that_asks_for_no_answer() -> None:
    raw = mail().to_bytes()
    found = read(raw)
    assert dict(found.items()) == {
        "From": "Helsedirektoratet <redaksjon@brev.example>",
        "To": "redaktor@brev.example",
        "Subject": "2026-06 er på pause",
        "Date": "Tue, 01 Dec 2026 07:00:00 +0000",
        "Message-ID": "<abc@brev.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }
    assert found.get_content() == "Hei.\r\n.dot\r\nFrom æ\r\n"
    assert raw.endswith(b"\r\n")
    assert raw == mail().to_bytes()


def test_its_envelope_has_the_return_path_and_the_size() -> None:
    raw = mail().to_bytes()
    envelope = mail().envelope_of(raw)
    assert (envelope.return_path, envelope.recipient) == ("retur@brev.example", "redaktor@brev.example")
    assert envelope.size == len(raw)


@given(st.lists(LINES, min_size=1, max_size=4))
def test_any_text_arrives_whole_and_no_line_begins_with_a_dot(lines: list[str]) -> None:
    assert "Cc" in FORBIDDEN_CATEGORIES
    raw = mail(text="\n".join(lines)).to_bytes()
    assert read(raw).get_payload(decode=True) == ("\r\n".join(lines) + "\r\n").encode()
    assert not any(line.startswith(b".") or len(line) > 78 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
