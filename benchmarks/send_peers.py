"""Messages per second beside what people write or install otherwise, into the same smtp-sink.

python benchmarks/send_peers.py [MAILMERGE]

A plain loop: `EmailMessage` built for each recipient, sent by `smtplib` over one connection. And the command of
mailmerge, when the path of its program is given:

    python -m venv /tmp/mailmerge && /tmp/mailmerge/bin/pip install mailmerge
    python benchmarks/send_peers.py /tmp/mailmerge/bin/mailmerge
"""

import re
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from rehearsal import (
    RETURN_PATH,
    Content,
    add_people,
    dispatcher,
    others,
    plan,
    require_all_accepted,
    sink,
    sqlite,
)

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.slots import Slot

TARGETS = {"smtplib + EmailMessage": 5, "mailmerge": 10}
ROUNDS = 5


def ours(content: Content, port: int, messages: int) -> float:
    with sqlite() as database:
        add_people(database, messages)
        mailing = plan(database, content)
        began = time.perf_counter()
        require_all_accepted(dispatcher(database, port).run(mailing).counts, messages)
        return messages / (time.perf_counter() - began)


def filled(text: str, number: int) -> str:
    for slot in Slot:
        text = text.replace(slot.token, f"https://nyhetsbrev.example/{slot}/{number}" if slot.is_url else to(number))
    return text


def to(number: int) -> str:
    return f"person.{number}@kommune.example"


def with_email_message(issue: ComposedIssue, port: int, messages: int) -> float:
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, "localhost") as smtp:
        for number in range(messages):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = RETURN_PATH, to(number), issue.subject
            message.set_content(filled(issue.text, number))
            message.add_alternative(filled(issue.html, number), subtype="html")
            smtp.send_message(message)
    return messages / (time.perf_counter() - began)


def with_mailmerge(program: str, issue: ComposedIssue, port: int, messages: int) -> float:
    with tempfile.TemporaryDirectory() as inside:
        folder = Path(inside)
        # A template of mailmerge is Jinja2; braces of the issue's style sheet must not be taken for its own.
        html = re.sub(r"\{([{%#])", r"{ \1", issue.html)
        head = f"TO: {{{{email}}}}\nSUBJECT: {issue.subject}\nFROM: {RETURN_PATH}\n"
        head += "Content-Type: text/html; charset=utf-8\n"
        (folder / "mailmerge_template.txt").write_text(f"{head}\n{html}", encoding="utf-8")
        rows = "".join(f"{to(number)}\n" for number in range(messages))
        (folder / "mailmerge_database.csv").write_text(f"email\n{rows}", encoding="utf-8")
        (folder / "mailmerge_server.conf").write_text(
            f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n", encoding="utf-8"
        )
        began = time.perf_counter()
        command = [program, "--no-dry-run", "--no-limit"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return messages / (time.perf_counter() - began)


def main(mailmerge: str = "") -> int:
    content = Content()
    issue = content.services.composer.compose(content.issue, VariantKey(own=(), lang="nb"))
    ways: dict[str, Callable[[int], float]] = {
        "smtplib + EmailMessage": lambda port: with_email_message(issue, port, 100),
    }
    if mailmerge:
        ways["mailmerge"] = lambda port: with_mailmerge(mailmerge, issue, port, 100)
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    with sink() as port:
        for number in range(1, ROUNDS + 1):
            before, rate = others(), ours(content, port, 2000)
            rates = {name: way(port) for name, way in ways.items()}
            for name, peer in rates.items():
                ratios[name].append(rate / peer)
            theirs = ", ".join(f"{name} {peer:.0f}" for name, peer in rates.items())
            print(f"round {number}: mailer {rate:.0f}, {theirs} messages per second; busy before: {before}")
    medians = {name: statistics.median(found) for name, found in ratios.items()}
    for name, median in medians.items():
        print(f"{median:.1f} times as many as {name} (must reach {TARGETS[name]})")
    return 0 if all(median >= TARGETS[name] for name, median in medians.items()) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
