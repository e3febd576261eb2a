"""What composing costs: `python benchmarks/compose_speed.py` prints times and sizes for the newsletter of 2023-12.

Beside them stand npm's mjml on the same layout, where `npm install --no-package-lock --prefix build/npm mjml@4.18.0`
has put it, and Python's `EmailMessage` built for each recipient. Processes run as those of an installed mailer do:
Python may keep the modules it has compiled, and mailer its templates, so the first run is not counted.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from statistics import median

from mailer.compose.calendar.icalendar import build_calendar
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Helsefellesskap, Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.model import Issue, Item, Paragraph, Text
from mailer.issue.source import read_issue
from mailer.rendering.pages import Pages
from mailer.rendering.templates import Templates

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 40
PROCESSES = 9
NOW = datetime(2023, 12, 1, tzinfo=UTC)
FURTHER = "Partene møttes i mai og ble enige om tre felles mål for neste år, og en rapport kommer nå til høsten. " * 8
NODE = """
const mjml = require(process.argv[1]); const source = require('fs').readFileSync(process.argv[2], 'utf8');
(async () => {
  const times = [];
  for (let round = 0; round < 20; round++) {
    const start = process.hrtime.bigint();
    await mjml(source);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  const [cold] = times; times.sort((a, b) => a - b); console.log(cold, times[10]);
})();
"""


def measure(what: str, action: Callable[[], object], *, rounds: int = ROUNDS, limit: float | None = None) -> None:
    """Print how many milliseconds an action takes, and what part that is of those it may take."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    of_limit = f"  {median(times) / limit:.2f} of {limit:.0f} ms" if limit else ""
    print(f"{what:<58}{median(times):8.1f} ms  (least {min(times):.1f}){of_limit}")


def measure_process(*arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "mailer", *arguments]
    run = partial(subprocess.run, command, check=True, capture_output=True, cwd=REPOSITORY, env=environment)
    run()
    before = os.times()
    measure(f"mailer {' '.join(arguments[:2])} as a process", run, rounds=PROCESSES, limit=1500)
    spent = os.times()
    user, system = spent.children_user - before.children_user, spent.children_system - before.children_system
    print(f"{'  of which the processor worked':<58}{(user + system) * 1000 / PROCESSES:8.1f} ms")


def kilobytes(text: str) -> float:
    return len(text.encode()) / 1000


def read(slug: str, publication: Publication) -> Issue:
    known = [place.slug for place in publication.places]
    reading = read_issue(REPOSITORY / "issues" / slug, helsefellesskap=known, publisher=publication.publisher)
    assert reading.issue is not None
    return reading.issue


def with_one_item_more(issue: Issue) -> Issue:
    """The issue with a further item of 150 words in its last section."""
    *others, last = issue.sections
    words = " ".join(FURTHER.split()[:150])
    half = words.rindex(" ", 0, len(words) // 2)
    body = (Paragraph((Text(words[:half]),)), Paragraph((Text(words[half:]),)))
    item = Item(slug="nytt", number=len(issue.items) + 1, lang=issue.lang, title="Ei sak til", body=body)
    return replace(issue, sections=(*others, replace(last, items=(*last.items, item))))


def measure_npm(mjml: str) -> None:
    package, node = REPOSITORY / "build" / "npm" / "node_modules" / "mjml", shutil.which("node")
    if node is None or not package.is_dir():
        print("npm mjml: not installed (npm install --no-package-lock --prefix build/npm mjml@4.18.0)")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".mjml", encoding="utf-8") as file:
        file.write(mjml)
        file.flush()
        command = [node, "-e", NODE, str(package), file.name]
        cold, warm = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    print(f"{'npm mjml on the same layout: cold, warm':<58}{float(cold):8.1f} ms, {float(warm):.1f} ms")


def build_message(html: str, text: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "a@a.example", "b@b.example", "Nyheitsbrev"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def main() -> None:
    register = tomllib.loads((REPOSITORY / "subscribers" / "helsefellesskap.toml").read_text("utf-8"))
    places = tuple(
        Helsefellesskap(slug=each["slug"], short=each["short"], region=each["region"])
        for each in register["helsefellesskap"]
    )
    publication = Publication(
        name="Nyhetsbrev for helsefellesskap",
        publisher="Helsedirektoratet",
        places=places,
        pages=Pages("https://nyhetsbrev.example"),
    )
    issue = read("2023-12", publication)
    templates = Templates()
    theme = Theme()

    def build_composer() -> Composer:
        """A composer that remembers nothing yet."""
        return Composer(templates, theme=theme, publication=publication)

    composer = build_composer()
    one = composer.variant_key(issue, ["vest-viken"], lang="nn")
    measure("first compose", lambda: build_composer().compose(issue, one), rounds=1)
    measure("warm compose, HTML and text", lambda: build_composer().compose(issue, one), limit=30)
    keys = {composer.variant_key(issue, [place.slug], lang=lang) for place in places for lang in ("nb", "nn")}
    measure(
        f"all {len(keys)} distinct variants in two languages",
        lambda: [build_composer().compose(issue, key) for key in keys],
        rounds=3,
        limit=1000,
    )
    web = partial(compose_webpage, issue, templates=templates, theme=theme, publication=publication)
    measure("web version", web)
    pdf = partial(print_pdf, issue, templates=templates, theme=theme, publication=publication, timestamp=NOW)
    measure("PDF", pdf, rounds=5)
    measure(
        "calendar",
        lambda: build_calendar(issue, labels=templates.labels, publication=publication, timestamp=NOW),
        rounds=5,
    )
    composed = composer.compose(issue, one)
    measure_npm(composed.mjml)
    measure("EmailMessage for one recipient", lambda: build_message(composed.html, composed.text))
    with tempfile.TemporaryDirectory() as folder:
        for arguments in (("check", "2023-12"), ("compose", "2023-12", "-o", folder)):
            measure_process(*arguments)
    more = composer.compose(with_one_item_more(issue), one)
    february = read("2022-02", publication)
    widest = composer.compose(february, composer.variant_key(february, february.helsefellesskap, lang="nb"))
    print(f"2023-12: HTML {kilobytes(composed.html):.1f} kB, text {kilobytes(composed.text):.1f} kB")
    print(f"2022-02: HTML {kilobytes(widest.html):.1f} kB, text {kilobytes(widest.text):.1f} kB")
    print(f"a further item of 150 words: {kilobytes(more.html) - kilobytes(composed.html):.2f} kB of HTML")
    if hasattr(os, "getloadavg"):
        print(f"load of the machine meanwhile: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
