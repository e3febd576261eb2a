import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from subprocess import run

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Blocks, Issue, Item, Section
from mailer.rendering.templates import Templates

pytestmark = pytest.mark.usefixtures("socket_disabled")

NUMBER = st.sampled_from(["1. ", "2. ", "3. ", "1) ", "2) ", "21. ", "4. ", "01. ", "2024. ", "+ 47 ", "10.15 ", ""])
LINE = st.builds(
    lambda indent, within, number, words: indent + within + number + words,
    st.sampled_from(["", "  ", "   ", "    "]),
    st.sampled_from(["", "", "- ", "> ", "1. ", "* "]),
    NUMBER,
    st.sampled_from(["okt: kurs", "trinn i uke 3.", "– 22. mai", "**nov** 2*3*4", "kl. 9"]),
)
LINES = st.lists(LINE | st.just(""), max_size=8).map("\n".join)
TOKEN = re.compile(r"\d+|[^\W\d_]+")
FEW = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # an issue does not change
)


class Read(HTMLParser):
    """The words of a page with the numbers that a browser puts before points."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.lists: list[int | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        match tag, self.lists:
            case (("ol" | "ul"), _):
                assert "start" not in dict(attrs)
                self.lists.append(0 if tag == "ol" else None)
            case "li", [*_, int(number)]:
                self.lists[-1] = number + 1
                self.words.append(f"{number + 1}.")
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ol", "ul"}:
            self.lists.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def between(text: str) -> list[str]:
    """The numbers and words of the item's text."""
    return TOKEN.findall(text.partition("begynnelse")[2].partition("avslutning")[0])


def written(issue: Issue, text: str) -> Issue:
    return with_body(issue, parse_blocks(f"begynnelse\n\n{text}\n\navslutning", file="x.md", lang="nb")[0])


def with_body(issue: Issue, body: Blocks) -> Issue:
    item = Item(slug="sak", number=1, lang="nb", body=body, title="Kurs")
    return replace(issue, sections=(Section(id="", items=(item,)),))


@given(text=LINES)
@FEW
def test_the_numbers_that_are_written_stand_in_mail_plain_text_and_page(
    composer: Composer,
    templates: Templates,
    publication: Publication,
    small_issue: Issue,
    text: str,
) -> None:
    issue = written(small_issue, text)
    composed = composer.compose(issue, VariantKey(lang="nn"))
    page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
    numbers = TOKEN.findall(text)
    assert between(" ".join(Read(composed.html).words)) == numbers
    assert between(composed.text) == numbers
    assert between(" ".join(Read(page).words)) == numbers


@pytest.mark.slow
@pytest.mark.skipif(not which("pdftotext"), reason="no pdftotext (poppler-utils)")
@given(text=LINES)
@settings(FEW, max_examples=40, phases=[Phase.generate])
def test_the_numbers_that_are_written_stand_in_the_pdf(
    templates: Templates,
    publication: Publication,
    small_issue: Issue,
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
) -> None:
    issue = written(small_issue, text)
    now = datetime(2023, 12, 1, tzinfo=UTC)
    printed = print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=now)
    file: Path = tmp_path_factory.mktemp("pdf") / "x.pdf"
    file.write_bytes(printed)
    read = run(["pdftotext", "-raw", "-enc", "UTF-8", file, "-"], capture_output=True, check=True).stdout.decode()
    assert between(read) == TOKEN.findall(text)
