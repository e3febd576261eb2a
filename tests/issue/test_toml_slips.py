"""Slips in the facts (`items`, `fields`, `places`): quotation marks, names before addresses, a space before +++."""

from collections.abc import Callable

import pytest

from mailer.issue.model import Severity
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
ANGLE = 'Write «…» within a text, as in title = "Rapporten «Sammen» er ute".'
DOUBLE = 'Put the whole text into "…", where \' may stand.'
STRAIGHT = 'Write straight quotation marks, as in title = "…"; Word makes the others.'
NOT_TOML = 'Texts stand in quotes (title = "…"), lists in brackets, dates without quotes (2024-02-01).'
INNER = "the inner quotation mark {} ends the text, and more stands behind it"
OF_WORD = "the quotation mark {} is none that a text in TOML can stand in"


@pytest.mark.parametrize(
    ("facts", "column", "mark", "message", "hint"),
    [
        ('title = "Rapporten "Sammen" er ute"', 20, '"', INNER, ANGLE),
        ('title = "Han sa "ja""', 17, '"', INNER, ANGLE),
        ('title = ""Ja" sa han"', 10, '"', INNER, ANGLE),
        ('title = "Rapporten" Sammen', 19, '"', INNER, ANGLE),
        ("title = 'Kari's dag'", 14, "'", INNER, DOUBLE),
        ('dates = [{ title = "Rapporten "Sammen" er ute" }]', 31, '"', INNER, ANGLE),
        ('contacts = ["Kari "K" N"]', 19, '"', INNER, ANGLE),
        ("title = ”Prøve”", 9, "”", OF_WORD, STRAIGHT),
        ('title = "Prøve”', 15, "”", OF_WORD, STRAIGHT),
        ("contacts = [“a@b.example”]", 13, "“", OF_WORD, STRAIGHT),
    ],
)
def test_a_slip_of_quotation_marks_is_named_in_words_at_its_place(
    read_files: ReadFiles, *, facts: str, column: int, mark: str, message: str, hint: str
) -> None:
    (finding,) = read_files({"items/010-mote.md": f"+++\n{facts}\n+++\nTekst.\n"}).findings
    assert (finding.rule, finding.severity, finding.line) == ("toml", Severity.ERROR, 2)
    assert (finding.column, finding.words) == (column, mark)
    assert (finding.message, finding.hint) == (message.format(mark), hint)


@pytest.mark.parametrize(
    "facts",
    [
        'contacts = ["a@b.example" "c@d.example"]',
        'title = "A" slug = "a"',
        'dates = [{ kind = "event" date = 2024-03-01 }]',
        'contacts = ["a@b.example"}',
        'title = "A" "B"',
    ],
)
def test_a_missing_comma_is_no_inner_quotation_mark(read_files: ReadFiles, facts: str) -> None:
    (finding,) = read_files({"items/010-mote.md": f"+++\n{facts}\n+++\nTekst.\n"}).findings
    assert finding.message.startswith("this is not valid TOML: ")
    assert finding.hint == NOT_TOML


@pytest.mark.parametrize(
    ("written", "name", "email"),
    [
        ("Kari Nordmann <kari@a.example>", "Kari Nordmann", "kari@a.example"),
        ("  Kari   Nordmann<kari@a.example>", "Kari Nordmann", "kari@a.example"),
        ("Nordmann, Kari <kari@a.example>", "Nordmann, Kari", "kari@a.example"),
        ("'Kari Nordmann' <kari@a.example>", "Kari Nordmann", "kari@a.example"),
        ("<kari@a.example>", "", "kari@a.example"),
        ("mailto:kari@a.example", "", "kari@a.example"),
        ("Kari <mailto:kari@a.example>", "Kari", "kari@a.example"),
        ("kari@a.example", "", "kari@a.example"),
    ],
)
def test_a_contact_is_taken_as_mail_programs_write_it(
    read_files: ReadFiles, written: str, name: str, email: str
) -> None:
    for facts in (f'contacts = ["{written}"]', f'contacts = [{{ email = "{written}" }}]'):
        reading = read_files({"items/010-mote.md": f"+++\n{facts}\n+++\nTekst.\n"})
        assert reading.issue is not None
        (contact,) = reading.issue.items[0].contacts
        assert (contact.name, contact.email) == (name, email)


def test_a_name_of_its_own_comes_before_that_in_the_address(read_files: ReadFiles) -> None:
    facts = 'contacts = [{ email = "Post <post@a.example>", name = "Kari" }]'
    issue = read_files({"items/010-mote.md": f"+++\n{facts}\n+++\nTekst.\n"}).issue
    assert issue is not None
    assert issue.items[0].contacts[0].name == "Kari"


@pytest.mark.parametrize(
    "written",
    [
        "Kari Nordmann",
        "a@b.example; c@d.example",
        "Kari <a@b.example>; Ola <c@d.example>",
        "Kari <a@b",
        "Kari a@b.example",
    ],
)
def test_what_is_no_contact_is_an_error_that_says_how_to_write_one(read_files: ReadFiles, written: str) -> None:
    (finding,) = read_files({"items/010-mote.md": f'+++\ncontacts = ["{written}"]\n+++\nTekst.\n'}).findings
    assert (finding.rule, finding.line, finding.column, finding.words) == ("email", 2, 14, written)
    assert finding.message == f'"{written}" is not an e-mail address'
    assert finding.hint == (
        'Write "kari@kommune.no" or "Kari Nordmann <kari@kommune.no>", each of its own: contacts = ["…", "…"].'
    )


def test_spaces_before_the_lines_around_the_facts_do_no_harm(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": ' +++\ntitle = "A"\n   +++ \nTekst <b>.\n'})
    (finding,) = reading.findings
    assert (finding.rule, finding.line, finding.column) == ("html", 4, 7)
    assert reading.readable is not None
    assert reading.readable.items[0].title == "A"
    assert [each.rule for each in read_files({"items/010-mote.md": "    +++\n+++\nTekst.\n"}).findings] == [
        "front-matter"
    ]
