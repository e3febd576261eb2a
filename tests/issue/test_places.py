"""Every finding points at its own place: the third *ikkje* of a paragraph at the third.

Rules look at the runs of words in `passages`.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.issue.lint import lint
from mailer.issue.lint.passages import PlaceFinder
from mailer.issue.model import Finding
from mailer.issue.places import LETTERS_WITH_MARKS, Places, occurrences
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
Spot = tuple[int, int]

FRAME = 'title = "Nyhetsbrev"\ndate = "2024-02"\nlang = "nb"\npreheader = "Det beste"\n'
FACTS = '+++\ntitle = "Møte"\ncontacts = ["kari@a.example"]\n+++\n'
TODAY = date(2024, 2, 5)

# What is written, the words that are found in it (the first of them where a line may end between), and what holds the
# same words without being found.
SLIPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "written-form": ("ikkje", "ikkje", ("«ikkje»", "[ikkje](https://b.example/ikkje)")),
    "link-words": ("[her](https://c.example/a)", "her", ("her", "[hit](https://b.example/her)")),
    "bare-url": ("<https://a.example/x>", "https://a.example/x", ("[hit](https://a.example/x)",)),
    "http-link": ("[hit](http://a.example/x)", "http://a.example/x", ("[hit](https://b.example/)",)),
    "doubled-space": ("ord  to", "ord  to", ("ord to",)),
    "space-inside": ("( i", "( i", ("(i",)),
    "space-before-mark": ("møtes , så", "møtes ,", ("møtes, så",)),
    "stray-bar": ("ord|", "ord|", ("ord",)),
    "hanging-hyphen": ("helse - og omsorg", "helse - og omsorg", ("helse- og omsorg",)),
    "repeated-word": ("vil vil", "vil vil", ("vil",)),
    "weekday": ("torsdag 06.04.22", "torsdag 06.04.22", ("onsdag 06.04.22",)),
    "no-address": ("[Veileder]()", "Veileder", ("Veileder",)),
    "tracking": (
        "[hit](https://a.example/?fbclid=1)",
        "https://a.example/?fbclid=1",
        ("[hit](https://a.example/)",),
    ),
    "inside-link": (
        "[hit](https://sak/1)",
        "https://sak/1",
        ("[hit](https://a.example/)", "[sak/1](https://b.example)"),
    ),
    "wrapped-link": ("[hit](https://a.mjt.lu/x)", "https://a.mjt.lu/x", ("[hit](https://a.example/)",)),
    "link": ("[hit](htps://a.example/)", "htps://a.example/", ()),
    "html": ("ord <font>", "<font>", ()),
}
ONE_OF_EACH = st.lists(st.sampled_from(("slip", "slip", "decoy", "filler")), min_size=1, max_size=9)
SEPARATORS = st.sampled_from((" og ", "\n", " og\n", "\n\n", "\n\n- ", "\n\n> ", "  \n"))


def findings_of(reading: IssueReading) -> tuple[Finding, ...]:
    linted = lint(reading.issue, today=TODAY, sources=reading.sources) if reading.issue else ()
    return (*reading.findings, *linted)


def spots(findings: Iterable[Finding], rule: str) -> list[Spot]:
    return [(each.line, each.column) for each in findings if each.rule == rule]


def spot(text: str, at: int) -> Spot:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


@pytest.mark.parametrize("rule", SLIPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=8)
@given(kinds=ONE_OF_EACH, data=st.data())
def test_each_of_several_equal_slips_is_found_at_its_own_place(
    rule: str, kinds: list[str], data: st.DataObject, read_files: ReadFiles
) -> None:
    slip, words, decoys = SLIPS[rule]
    text, wanted = FACTS, []
    for number, kind in enumerate(kinds):
        if kind == "slip":
            wanted.append(spot(text, len(text) + slip.index(words)))
        decoy = decoys[number % len(decoys)] if decoys else "tekst"
        text += {"slip": slip, "decoy": decoy, "filler": "tekst"}[kind] + data.draw(SEPARATORS) + "så\n"
    reading = read_files({"issue.toml": FRAME, "items/010-mote.md": text})
    assert spots(findings_of(reading), rule) == wanted


@pytest.mark.parametrize("end", ["\n", "  \n", "\\\n", "\n> "])
def test_words_with_the_end_of_a_line_between_them_are_found_where_they_begin(end: str, read_files: ReadFiles) -> None:
    quote = "> " if end == "\n> " else ""
    text = f"{FACTS}{quote}Vi vil{end}vil og vil{end}vil møtes."
    findings = findings_of(read_files({"issue.toml": FRAME, "items/010-mote.md": text}))
    first = text.index("vil")
    assert spots(findings, "repeated-word") == [spot(text, first), spot(text, text.index("og vil") + 3)]


def test_values_of_facts_on_one_line_have_places_of_their_own(read_files: ReadFiles) -> None:
    title = 'title = "title  og title  og"'
    entries = '[[link_groups]]\ntitle = "Nettsider"\nentries = ["ord|", "ord| og [Veileder]()", "[Veileder]() ord|"]\n'
    dates = '[[important_dates]]\ndate = 2024-03-01\ntext = "[Veileder]()"\n'
    frame = FRAME.replace('title = "Nyhetsbrev"', title) + dates + entries
    findings = findings_of(read_files({"issue.toml": frame}))
    assert spots(findings, "doubled-space") == [(1, title.index("title  ") + 1), (1, title.rindex("title  ") + 1)]
    line = entries.split("\n")[2]
    number = frame.split("\n").index(line) + 1
    bars = [found.start() + 1 for found in re.finditer("ord", line)]
    assert spots(findings, "stray-bar") == [(number, column) for column in bars]
    guides = [(number, found.start() + 1) for found in re.finditer("Veileder", line)]
    assert spots(findings, "no-address") == [(number - 3, 10), *guides]


def test_dates_that_are_past_twice_are_found_twice(read_files: ReadFiles) -> None:
    dates = 'dates = [{ kind = "deadline", date = 2024-01-10 }, { kind = "deadline", date = 2024-01-10 }]\n'
    text = f"+++\n{dates}+++\nTekst."
    found = spots(findings_of(read_files({"issue.toml": FRAME, "items/010-mote.md": text})), "past-date")
    assert found == [(2, dates.index("2024") + 1), (2, dates.rindex("2024") + 1)]


def test_a_link_that_stands_twice_is_found_where_it_stands_again(read_files: ReadFiles) -> None:
    text = f"{FACTS}[A](https://a.example/) [B](https://a.example/)\n[C](https://a.example/)"
    found = spots(findings_of(read_files({"issue.toml": FRAME, "items/010-mote.md": text})), "duplicate-link")
    assert found == [spot(text, text.index("https", text.index("[B"))), spot(text, text.rindex("https"))]


@pytest.mark.parametrize(("first", "second"), [("", "?utm_source=q"), ("?utm_source=q", ""), ("/b", ""), ("", "?id=1")])
def test_an_address_that_stands_again_with_tracking_is_found_where_it_stands_again(
    read_files: ReadFiles, first: str, second: str
) -> None:
    text = f"{FACTS}[A](https://a.example/a{first}) [B](https://a.example/a{second})"
    found = spots(findings_of(read_files({"issue.toml": FRAME, "items/010-mote.md": text})), "duplicate-link")
    is_same = "utm" in first + second
    assert found == ([spot(text, text.rindex("https"))] if is_same else [])


WORDS = st.text(alphabet="ab -|\n>(", min_size=1, max_size=4)


@given(text=st.text(alphabet="ab -|\n>(#=+[]", max_size=60), words=WORDS, near=st.integers(0, 9), nth=st.integers(0, 5))
def test_a_place_is_where_the_words_begin_or_nowhere(text: str, words: str, near: int, nth: int) -> None:
    finder = PlaceFinder({"a.md": text}, passages=())
    for line, column in (
        Places(text).of(words, near=near, nth=nth),
        Places(text).of_read(words, near=near, nth=nth),
        finder.in_file(words, "a.md", near=near, nth=nth),
    ):
        if line:
            rest = "\n".join([text.split("\n")[line - 1][column - 1 :], *text.split("\n")[line:]])
            assert "".join(rest.split()).replace(">", "").startswith("".join(words.split()).replace(">", ""))
        else:
            assert column == 0
            assert not words.strip() or words.strip() not in text or words != words.strip()


@given(text=st.text("ab*_[\\ \n"), line=st.integers(1, 4), nth=st.integers(0, 3))
@settings(max_examples=50)
def test_words_without_marks_are_found_between_the_marks_of_a_text_in_their_order(
    text: str, line: int, nth: int
) -> None:
    lines = text.split("\n")
    expected = [
        (number, column)
        for number, words in enumerate(lines, start=1)
        for column, letter in enumerate(words, start=1)
        if letter == "a" and number >= line
    ]
    if nth < len(expected):
        assert Places(text).of_read("a", near=line, nth=nth) == expected[nth]


def test_letters_stand_together_whatever_marks_are_between_and_before_them() -> None:
    places = Places("x\n**a**b c\n[ab](https://b.example/ab) *c")
    assert places.of_read("ab c", near=1, nth=0) == (2, 3)
    assert places.of_read("ab c", near=1, nth=1) == (3, 2)
    assert places.of_read("ab c", near=3, nth=0) == (3, 2)
    assert places.of_read("ab c", near=1, nth=0) == (2, 3)


def test_words_that_hold_a_mark_themselves_are_found_by_it_and_by_their_beginning() -> None:
    assert Places("ab a_b ab a_b").of_read("a_b", near=1, nth=1) == (1, 11)
    long = "a_" * (LETTERS_WITH_MARKS // 2)
    assert Places(f"a {long}b").of_read(f"{long}c", near=1, nth=0) == (1, 3)
    assert Places(f"a {long[1:]}b").of_read(f"{long}c", near=1, nth=0) == (0, 0)


def test_places_are_counted_and_given_in_any_order() -> None:
    found = occurrences("a b a b a", "a")
    assert (found.nth(1), found.nth(0), found.nth(3)) == (4, 0, None)
    assert [found.before(at) for at in (0, 1, 4, 5, 9)] == [0, 1, 1, 2, 3]
    assert occurrences("a b a", "a").before(3) == 1
