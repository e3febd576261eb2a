"""Each word of a text with stray marks and line ends reaches readers once, or a finding names its place."""

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.compose.publication import Publication
from mailer.compose.text.plaintext import blocks_text
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Blocks, Finding, Issue
from mailer.rendering.templates import Templates
from tests.compose.test_numbers import Read, with_body

pytestmark = pytest.mark.usefixtures("socket_disabled")

WORD = re.compile(r"w\d+w")
MARKS = (
    "** __ * _ ` ~~ ``` ]( ][ ![ [ ] ( ) [^ {lang=nn} \\ | # ## === --- - *Punkt • ! {{ }} == :::",
    "&nbsp; &amp;amp; &#11; <o:p>",
)
PIECES = (
    *(mark for marks in MARKS for mark in marks.split()),
    *(
        "•\t",
        "o ",
        "o\t",
        "▪ ",
        "– ",
        "§ ",
        "·\u00a0",
        "\u00a0",
        "\u2003",
        "ü\t",
        "a) ",
        "1. ",
        "1.",
        "2. ",
        "> ",
        "  - ",
        "10.00 ",
        "Navn: ",
    ),
    *("\t", "  ", ": ", ". ", ", ", "<!--", "-->", "<b>", '[ord](https://a.example/ "', '")', "](https://a.example/)"),
    *("]: https://a.example/", "(https://a.example/)", "https://a.example/_x_"),
)
PLAIN_MARKS = ("](", "~~", "`", "{lang", "&nbsp;", "&amp;", "<o:p>", "{{", "[^")
LINE = st.lists(st.sampled_from(PIECES) | st.just("W") | st.just(" W "), min_size=1, max_size=6).map("".join)
TEXT = st.lists(LINE | st.sampled_from(["", "W W W", "W " * 20, "\u00a0", "\t\u202f"]), max_size=8).map("\n".join)


def numbered(text: str) -> str:
    """The text with a word of its own for each W."""
    parts = text.split("W")
    return "".join(f"{part}w{number}w" for number, part in enumerate(parts[:-1])) + parts[-1]


def unsaid(text: str) -> tuple[Blocks, list[str]]:
    """The blocks of a text, and the words that come out none or several times without a finding on their lines."""
    blocks, findings = parse_blocks(text, file="items/x.md", lang="nb")
    return blocks, unsaid_of(text, blocks_text(blocks), findings)


def unsaid_of(text: str, read: str, findings: tuple[Finding, ...]) -> list[str]:
    named = {each.line for each in findings}
    lines = text.split("\n")
    counts = Counter(WORD.findall(read))
    wrong = [(number, word) for number, line in enumerate(lines, 1) for word in WORD.findall(line) if counts[word] != 1]
    return [word for number, word in wrong if not any(_reaches(line, number, lines) for line in named)]


def _reaches(line: int, to: int, lines: list[str]) -> bool:
    """Return whether a finding on a line is about what stands there too: HTML and comments go on below."""
    return line <= to and not any(not each.strip() for each in lines[line - 1 : to - 1] if "<" not in lines[line - 1])


@given(text=TEXT.map(numbered))
@settings(max_examples=60, derandomize=True, database=None, deadline=None)
def test_every_word_stands_in_the_text_once_or_is_named(text: str) -> None:
    assert unsaid(text)[1] == []


@given(text=TEXT.map(numbered).filter(lambda text: "\\" not in text))
@settings(max_examples=60, derandomize=True, database=None, deadline=None)
def test_no_plain_mark_reaches_readers_unnamed(text: str) -> None:
    blocks, findings = parse_blocks(text, file="items/x.md", lang="nb")
    read = blocks_text(blocks)
    if any(mark in read for mark in PLAIN_MARKS):
        assert {each.rule for each in findings} & {"left-over-mark", "link", "html", "image", "footnote"}


@pytest.mark.slow
@given(text=TEXT.map(numbered))
@settings(max_examples=3000, deadline=None)
def test_every_word_of_3000_texts_stands_there_once_or_is_named(text: str) -> None:
    assert unsaid(text)[1] == []


@given(text=TEXT.map(numbered))
@settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # an issue does not change
)
def test_every_word_stands_on_the_page_once_or_is_named(
    templates: Templates, publication: Publication, small_issue: Issue, text: str
) -> None:
    blocks, findings = parse_blocks(text, file="items/x.md", lang="nb")
    issue = with_body(small_issue, blocks)
    page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
    assert unsaid_of(text, " ".join(Read(page).words), findings) == []
