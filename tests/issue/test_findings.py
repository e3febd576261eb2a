"""The collector of `findings` about one file: how each is told, and where."""

from dataclasses import replace

from mailer.issue.findings import FindingCollector
from mailer.issue.model import Finding, Severity
from mailer.issue.places import Places

TEXT = "en to\ntre to\nfire to to\n"


def _collector(text: str = TEXT, *, first_line: int = 1) -> FindingCollector:
    return FindingCollector(file="a.md", text=text, first_line=first_line)


def test_a_finding_has_the_weight_it_was_noted_with_and_all_that_was_said() -> None:
    notes = _collector()
    notes.error("one", "wrong", line=2, words="to", hint="Mend it.")
    notes.warning("two", "odd", line=2, words="to", hint="Look.")
    notes.note("three", "known", line=2, words="to", hint="Nothing.")
    one, two, three = notes.findings
    assert one == Finding(
        severity=Severity.ERROR, rule="one", message="wrong", file="a.md", line=2, column=5, words="to", hint="Mend it."
    )
    assert two == replace(one, severity=Severity.WARNING, rule="two", message="odd", hint="Look.")
    assert three == replace(one, severity=Severity.NOTE, rule="three", message="known", hint="Nothing.")


def _places(notes: FindingCollector) -> list[tuple[int, int, str]]:
    return [(each.line, each.column, each.words) for each in notes.findings]


def test_findings_of_one_rule_about_the_same_words_are_about_one_occurrence_after_the_other() -> None:
    notes = _collector()
    for _ in range(3):
        notes.warning("one", "odd", line=3, words="to")
    notes.warning("two", "odd", line=3, words="to")
    notes.warning("one", "odd", line=2, words="to")
    notes.warning("one", "odd", line=3, words="fire")
    assert _places(notes) == [(3, 6, "to"), (3, 9, "to"), (3, 6, "to"), (3, 6, "to"), (2, 5, "to"), (3, 1, "fire")]


def test_findings_that_say_different_things_of_the_same_words_are_about_one_occurrence() -> None:
    notes = _collector()
    notes.note("one", "printed as a table", line=1, words="to")
    notes.warning("one", "has no header", line=1, words="to")
    assert _places(notes) == [(1, 4, "to"), (1, 4, "to")]


def test_words_that_are_not_there_are_not_quoted_and_a_known_column_needs_none() -> None:
    notes = _collector()
    notes.error("one", "wrong", line=2, words="fem")
    notes.error("two", "wrong", line=2, column=7)
    notes.note("three", "known", line=0)
    assert _places(notes) == [(2, 0, ""), (2, 7, ""), (0, 0, "")]


def test_words_may_be_looked_for_behind_others() -> None:
    notes = _collector()
    notes.warning("one", "odd", line=1, words="to", after="fire ")
    assert _places(notes) == [(3, 6, "to")]


def test_a_line_is_that_of_the_words_from_another_on_also_in_a_part_of_a_file() -> None:
    notes = _collector(first_line=11)
    assert [notes.line_of("to", near=near) for near in (0, 11, 12, 13)] == [11, 11, 12, 13]
    assert notes.line_of("fem", near=0) == 0
    notes.warning("one", "odd", line=12, words="to")
    assert _places(notes) == [(12, 5, "to")]


def test_what_was_told_of_a_file_is_told_also_where_a_value_of_it_is_read() -> None:
    places = Places(TEXT)
    first, second = (FindingCollector(file="a.md", text="to", places=places) for _ in range(2))
    first.warning("one", "odd", line=3, words="to")
    second.warning("one", "odd", line=3, words="to")
    first.take(second.findings)
    assert _places(first) == [(3, 6, "to"), (3, 9, "to")]


def test_the_hundredth_finding_of_a_rule_is_the_last() -> None:
    notes = _collector()
    for number in range(101):
        notes.warning("one", str(number), line=1)
    notes.warning("two", "odd", line=1)
    assert [each.message for each in notes.findings[98:]] == ["98", "99", "odd"]
