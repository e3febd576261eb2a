"""Findings that an editor has answered: `silencing` by a comment, or by a rule switched off."""

import pytest

from mailer.issue.lint.silencing import without_answered
from mailer.issue.model import Finding, Severity

RULES = {"bare-url", "doubled-space"}


def finding(rule: str = "bare-url", *, line: int, severity: Severity = Severity.WARNING, file: str = "a.md") -> Finding:
    return Finding(severity=severity, rule=rule, message="x", file=file, line=line)


def kept(findings: list[Finding], text: str, **off: str) -> list[tuple[str, int]]:
    left = without_answered(findings, sources={"a.md": text}, off=off, known=RULES)
    return [(each.rule, each.line) for each in left]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- check off: bare-url, det er adressen vi skriver om -->\n\nTo\nTre\n\nFire\n",
        "# check off: bare-url, fordi\nEn\nTo\nTre\n\nFire\n",
        "  <!--check off: bare-url , fordi -->\nEn\nTo\nTre\n\nFire",
    ],
)
def test_a_comment_answers_the_paragraph_below_it_and_no_other(text: str) -> None:
    findings = [finding(line=3), finding(line=4), finding(line=6), finding("doubled-space", line=3)]
    assert kept(findings, text) == [("bare-url", 6), ("doubled-space", 3)]


def test_a_comment_in_another_file_answers_nothing() -> None:
    text = "# check off: bare-url, fordi\nEn\n"
    assert kept([finding(line=2, file="b.md")], text) == [("bare-url", 2)]


def test_what_is_found_about_a_whole_file_is_answered_anywhere_in_it() -> None:
    text = "En\n\nTo\n# check off: bare-url, fordi\nTre\n"
    assert kept([finding(line=0), finding("doubled-space", line=0)], text) == [("doubled-space", 0)]
    assert kept([finding(line=0, file="b.md")], text) == [("bare-url", 0)]


def test_an_error_cannot_be_answered() -> None:
    text = "# check off: bare-url, fordi\nEn\n"
    assert kept([finding(line=2, severity=Severity.ERROR)], text) == [("bare-url", 2)]
    assert kept([finding(line=2, severity=Severity.ERROR)], "", **{"bare-url": "x"}) == [("bare-url", 2)]


def test_a_rule_switched_off_is_off_everywhere() -> None:
    assert kept([finding(line=2), finding("doubled-space", line=3)], "", **{"bare-url": "x"}) == [("doubled-space", 3)]


def test_a_comment_counts_from_its_own_line_to_the_end_of_the_paragraph_or_file() -> None:
    text = "En\n# check off: bare-url, fordi\n\nTo\nTre"
    assert kept([finding(line=number) for number in range(7)], text) == [
        *(("bare-url", 1), ("bare-url", 6)),
    ]
    assert kept([finding(line=2), finding(line=4)], "En\n# check off: bare-url, fordi\n\n") == []


@pytest.mark.parametrize(
    ("comment", "message", "hint"),
    [
        ("# check off: bare-ulr, fordi", 'there is no rule "bare-ulr"', "Did you mean bare-url?"),
        ("# check off: bare-url", "the comment gives no reason", "Write it after a comma: check off: rule, reason."),
        ("# check off:", 'there is no rule ""', ""),
    ],
)
def test_a_comment_that_means_nothing_is_found(comment: str, message: str, hint: str) -> None:
    found = without_answered([], sources={"a.md": f"En\n{comment}\n"}, off={}, known=RULES)
    severity = Severity.WARNING
    assert found == (Finding(severity=severity, rule="check-off", message=message, file="a.md", line=2, hint=hint),)
