"""What personalising one message costs: joining bytes, beside building an `EmailMessage` per recipient.

Run it as `python benchmarks/personalise.py`; it exits 1 when an 80 kB message costs more than 40 µs.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.slots import Slot
from mailer.message.compiled import RecipientValues, Sender, compile_message
from mailer.rendering.pages import Pages

TARGET_MICROSECONDS = 40.0
MILLISECOND = timedelta(milliseconds=1)
PAGES = Pages("https://nyhetsbrev.example")
SENDER = Sender(
    name="Nyhetsbrev for helsefellesskap",
    address="redaksjon@nyhetsbrev.example",
    list_name="Nyhetsbrev for helsefellesskap",
    list_id="helsefellesskap.nyhetsbrev.example",
    pages=PAGES,
    return_path="b@nyhetsbrev.example",
)
PARAGRAPH = (
    '<p style="margin:0;color:#14252A">Helsefellesskapene møtes i desember, og fristen for å søke om tilskudd er '
    '15. januar. <a href="https://nyhetsbrev.example/2023-12">Les meir her</a></p>\n'
)
LINE = "Helsefellesskapene møtes i desember, og fristen for å søke er 15. januar.\n"


def composed() -> ComposedIssue:
    unsubscribe, preferences, email = (each.token for each in (Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL, Slot.EMAIL))
    return ComposedIssue(
        key=VariantKey(),
        subject="Nyhetsbrev for helsefellesskap – desember 2023",
        preheader="",
        html=f'<!DOCTYPE html><html><body>{PARAGRAPH * 270}<p>Til {email}. <a href="{preferences}">Endre</a> '
        f'<a href="{unsubscribe}">Meld deg av</a></p></body></html>',
        text=f"{LINE * 210}\nTil {email}. Endre: {preferences}\nMeld deg av: {unsubscribe}\n",
        mjml="",
        lang="nb",
        slots=frozenset(Slot),
    )


VALUES = RecipientValues(
    address="kari.nordmann@kommune.example",
    unsubscribe_token="l.1a2b3c.4d5e6f7g8h9i0jklmnop",
    preferences_token="p.1a2b3c.4d5e6f7g8h9i0jklmnop",
    message_id="<abcdefghijklmnopqrstuvwxyz@nyhetsbrev.example>",
    date=datetime(2023, 12, 14, 8, 0, tzinfo=UTC),
)


def with_email_message(issue: ComposedIssue, values: RecipientValues) -> bytes:
    filled = {
        Slot.EMAIL.token: values.address,
        Slot.UNSUBSCRIBE_URL.token: PAGES.leave(values.unsubscribe_token),
        Slot.PREFERENCES_URL.token: PAGES.preferences(values.preferences_token),
    }
    text, html = issue.text, issue.html
    for token, value in filled.items():
        text, html = text.replace(token, value), html.replace(token, value)
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{SENDER.name} <{SENDER.address}>"
    message["To"] = values.address
    message["Subject"] = issue.subject
    message["Message-ID"] = values.message_id
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def microseconds(call: Callable[[RecipientValues], bytes], *, times: int) -> float:
    """The median of five rounds."""
    recipients = [
        replace(VALUES, address=f"kari.nordmann{number}@kommune.example", date=VALUES.date + number * MILLISECOND)
        for number in range(times)
    ]
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for each in recipients:
            call(each)
        rounds.append((time.perf_counter() - start) / times * 1e6)
    return statistics.median(rounds)


def main() -> int:
    issue = composed()
    compiled = compile_message(issue, sender=SENDER, slug="2023-12")
    ours = microseconds(compiled.personalise, times=5000)
    theirs = microseconds(lambda values: with_email_message(issue, values), times=20)
    compiling = microseconds(lambda _: compile_message(issue, sender=SENDER).segments[0], times=20)
    print(f"message                     {len(compiled.personalise(VALUES)) / 1000:8.1f} kB")
    print(f"compile, once per variant   {compiling:8.0f} µs")
    print(f"personalise, per recipient  {ours:8.1f} µs   (target {TARGET_MICROSECONDS:.0f})")
    print(f"EmailMessage per recipient  {theirs:8.0f} µs   ({theirs / ours:.0f} × as long)")
    return 0 if ours <= TARGET_MICROSECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
