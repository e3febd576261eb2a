"""Each finding of `lint` with all that it says: place, weight, rule, words, message and hint, and where each begins.

The rules stand in `completeness`, `dates`, `guessing`, `language`, `links`, `prose` and `wording`.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mailer.issue.lint import lint
from mailer.issue.lint.completeness import old_introduction
from mailer.issue.lint.guessing import guess_language
from mailer.issue.lint.language import share_findings
from mailer.issue.model import Finding, Issue
from mailer.issue.source import IssueReading, read_issue

ReadFiles = Callable[..., IssueReading]
WriteIssue = Callable[..., Path]
Told = Callable[..., list[str]]

TODAY = date(2024, 2, 5)  # a Monday
FRAME = 'title = "Brev"\ndate = "2024-02"\npreheader = "Det beste"\n'
KARI = 'contacts = ["kari@a.example"]\n'
LINE = 'contacts = [{ email = "ola@a.example", placement = "line" }]\n'
INLINE = 'contacts = [{ email = "ola@a.example", placement = "inline" }]\n'
BOKMAL = (
    "Vi ser at dette er noe som kommunene ikke allerede kjenner til og som hver av dem selv må ta stilling til "
    "før våren."
)


def _said(finding: Finding) -> str:
    file = finding.file.rpartition("/")[2]
    what = f"{file}:{finding.line}:{finding.column} {finding.severity} {finding.rule}"
    return f"{what} [{finding.words}] {finding.message} | {finding.hint}"


@pytest.fixture
def told(read_files: ReadFiles) -> Told:
    """What is said of an issue with one item: its text begins on line 4, after two lines of facts."""

    def check(text: str = "Tekst.", *, facts: str = KARI, frame: str = FRAME, today: date = TODAY) -> list[str]:
        reading = read_files({"issue.toml": frame, "items/010-mote.md": f"+++\n{facts}+++\n{text}\n"})
        assert reading.issue is not None, reading.findings
        found = lint(reading.issue, today=today, sources=reading.sources)
        return [_said(each) for each in found if each.rule != "late-deadline"]  # about the preheader, not the item

    return check


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            "Se https://a.example/x?b=1.",
            "4 warning bare-url [https://a.example/x?b=1]",
            "a link shows its address instead of words",
            "Write [what it leads to](https://a.example/x?b=1).",
        ),
        (
            "Her [... her](https://a.example/) og her",
            "10 warning link-words [her]",
            "link words do not say where the link leads",
            "Let the link stand on its title.",
        ),
        (
            "her [... her](https://a.example/)",
            "10 warning link-words [her]",
            "link words do not say where the link leads",
            "Let the link stand on its title.",
        ),
        (
            "[Veileder](http://a.example/)",
            "12 warning http-link [http://a.example/]",
            "a link is not encrypted",
            "Most sites answer to https:// as well.",
        ),
        (
            "[A](https://a.example/) [B](https://a.example/)",
            "29 warning duplicate-link [https://a.example/]",
            "the same link stands twice",
            "Remove one, or correct its address.",
        ),
        (
            "[A](https://a.example/?utm_id=z&b=1) [B](https://a.example/?utm_id=z&b=1)",
            "42 warning duplicate-link [https://a.example/?utm_id=z&b=1]",
            "the same link stands twice",
            "Remove one, or correct its address.",
        ),
        ("ord  to", "1 warning doubled-space [ord  to]", "two spaces between words", "Leave one."),
        (
            "Menn    41,2   40,8\nKvinner 44,1   39,9",
            "1 warning doubled-space [Menn    41,2]",
            "two spaces between words",
            (
                "Leave one. If the spaces part columns, write | between them, with a line of dashes below the first "
                "row: they fall together otherwise."
            ),
        ),
        (
            "bl\u00c3\u00a5tt",
            "3 warning character [\u00c3\u00a5]",
            "letters were read in the wrong way here",
            "Write å in its place.",
        ),
        (
            "Ja \u00f0\u0178\u02dc\u20ac!",
            "4 warning character [\u00f0\u0178]",
            "letters were read in the wrong way here",
            "Write it anew.",
        ),
        ("bl\ufffdbær", "3 warning character [\ufffd]", "a letter was lost here", "Write it anew."),
        (
            "(25.–26. oktober )",
            "10 warning space-inside [oktober )]",
            "a space inside brackets or quotation marks",
            "Remove it.",
        ),
        (
            "Vi møtes ,og snakker.",
            "4 warning space-before-mark [møtes ,]",
            "a space before the mark",
            "Put it after the mark.",
        ),
        (
            "i registeret| er",
            "3 warning stray-bar [registeret|]",
            "a stray |",
            (
                "Remove it, or write a comma. In a table a line of dashes stands below the first row, "
                "and no empty line between rows."
            ),
        ),
        (
            "på helse - og omsorgsfeltet",
            "4 warning hanging-hyphen [helse - og omsorgsfeltet]",
            "a space too many at a hyphen",
            "Write helse- og …, and 12–25 for a range.",
        ),
        ("herunder (Helsami er", "10 warning unbalanced [(Helsami]", "( and ) do not match", "One is missing."),
        ("herunder Helsami) er", "10 warning unbalanced [Helsami)]", "( and ) do not match", "One is missing."),
        ("sa ja» da", "4 warning unbalanced [ja»]", "« and » do not match", "One is missing."),
        ("sa „ja“ og „nei", "12 warning unbalanced [„nei]", "„ and “ do not match", "One is missing."),
        ("sa ja“ og „nei“", "4 warning unbalanced [ja“]", "“ and ” do not match", "One is missing."),
        ("sa “ja” og nei” no “så”", "12 warning unbalanced [nei”]", "“ and ” do not match", "One is missing."),
        ("sa “ja“ no", "4 warning unbalanced [“ja“]", "“ and ” do not match", "One is missing."),
        ("sa [ja da", "4 warning unbalanced [[ja]", "[ and ] do not match", "One is missing."),
        (
            'sa "ja" og "nei.',
            '12 warning unbalanced ["nei.]',
            'an odd number of "',
            "One is missing; in Norwegian write « and ».",
        ),
        (
            'Rapporten «A» og "B" er ute.\n\n"C" og "D" også.',
            '18 warning mixed-quotes ["B"]',
            'the issue has both « » and " as quotation marks',
            "Write « and » here too.",
        ),
        (
            "Den fredag 30. februar 2024",
            "5 warning weekday [fredag 30. februar 2024]",
            "this date is in no calendar",
            "",
        ),
        (
            "Den torsdag 06.04.22",
            "5 warning weekday [torsdag 06.04.22]",
            "weekday and date do not agree",
            "2022-04-06 is a Wednesday.",
        ),
        (
            "Den fredag 31.12.99",
            "5 warning weekday [fredag 31.12.99]",
            "weekday and date do not agree",
            "2099-12-31 is a Thursday.",
        ),
        (
            "Den torsdag 01.01.0100",
            "5 warning weekday [torsdag 01.01.0100]",
            "weekday and date do not agree",
            "0100-01-01 is a Friday.",
        ),
        (
            "Vi møtes i Bodø for å snakke sammen",
            "23 warning no-end-mark [snakke sammen]",
            "the paragraph has no mark at its end",
            "End it with a full stop.",
        ),
        (
            "Vi møtes i Bodø for å gi 5",
            "23 warning no-end-mark [gi 5]",
            "the paragraph has no mark at its end",
            "End it with a full stop.",
        ),
        ("Vi vil vil møtes.", "4 warning repeated-word [vil vil]", "the same word twice", "Leave one."),
        (
            "Deltakerne var leger fra Oslo. Deltakerne var leger fra mange kommuner.",
            "32 warning repeated-sentence [Deltakerne var leger fra]",
            "this sentence begins as the one before it: is it the same one, written anew?",
            "Keep one of them.",
        ),
        (
            "Spør HOD.\n\nHelsedepartementet (HOD) svarer.",
            "6 warning abbreviation [HOD]",
            "the abbreviation is explained only further down",
            "Spell it out here: … (HOD).",
        ),
        ("Det er noko.", "8 warning written-form [noko]", "a form of nynorsk in a text that is bokmål", "Bokmål: noe."),
        (
            "Det er nyheita.",
            "8 warning written-form [nyheita]",
            "a form of nynorsk in a text that is bokmål",
            "Bokmål ends the word in another way; look it up.",
        ),
        (
            "Det kan visast til.",
            "5 warning written-form [kan visast]",
            "a form of nynorsk in a text that is bokmål",
            "Bokmål writes the passive with -es.",
        ),
    ],
)
def test_a_slip_in_a_text_is_told_with_all_that_helps(
    text: str, place: str, message: str, hint: str, told: Told
) -> None:
    assert told(text) == [f"010-mote.md:4:{place} {message} | {hint}"]


def test_spaces_behind_the_marks_of_points_set_no_columns(told: Told) -> None:
    said = "two spaces between words | Leave one."
    assert told("a)   Mål er\n10.   Tid") == [
        f"010-mote.md:4:1 warning doubled-space [a)   Mål] {said}",
        f"010-mote.md:5:1 warning doubled-space [10.   Tid] {said}",
    ]
    (columns,) = told("Menn    41,2\nKvinner    44,1")
    assert "If the spaces part columns" in columns
    assert told("Vi  er her  nå.") == [
        f"010-mote.md:4:1 warning doubled-space [Vi  er] {said}",
        f"010-mote.md:4:8 warning doubled-space [her  nå.] {said}",
    ]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("Det er noe.", "8 warning written-form [noe]", "a form of bokmål in a text that is nynorsk", "Nynorsk: noko."),
        (
            "Det er nyheten.",
            "8 warning written-form [nyheten]",
            "a form of bokmål in a text that is nynorsk",
            "Nynorsk ends the word in another way; look it up.",
        ),
        (
            "Det kan vises til.",
            "5 warning written-form [kan vises]",
            "a form of bokmål in a text that is nynorsk",
            "Nynorsk writes the passive with -ast.",
        ),
    ],
)
def test_bokmal_in_nynorsk_is_told_with_the_form_to_write(
    text: str, place: str, message: str, hint: str, told: Told
) -> None:
    assert told(text, frame=FRAME + 'lang = "nn"\n') == [f"010-mote.md:4:{place} {message} | {hint}"]


@pytest.mark.parametrize(
    ("facts", "place", "message", "hint"),
    [
        (
            'title = "Møte"\n',
            "2:10 note no-contact [Møte]",
            "the item names nobody to ask",
            'Add contacts = ["…"] to its facts.',
        ),
        (
            INLINE,
            "2:24 warning contact-in-text [ola@a.example]",
            "the contact is not in the text and so is not printed",
            'Leave placement = "inline" out, or put the address into the text.',
        ),
        (
            'title = "Eksempel: skriv tittelen her"\n' + KARI,
            "2:10 warning example [Eksempel: skriv tittelen her]",
            "this is still the example",
            "Write your own item over it, or delete items/010-mote.md.",
        ),
    ],
)
def test_what_an_items_facts_lack_is_told(facts: str, place: str, message: str, hint: str, told: Told) -> None:
    assert told(facts=facts) == [f"010-mote.md:{place} {message} | {hint}"]


def test_a_contact_that_is_printed_twice_is_told_at_the_contact(told: Told) -> None:
    ola = "Spør [Ola](mailto:Ola@a.example?subject=x)."
    (said,) = told(ola, facts=LINE)
    place, hint = (
        "010-mote.md:2:24 warning contact-in-text [ola@a.example]",
        'Write it as { email = "…", placement = "inline" }.',
    )
    assert said == f"{place} the contact stands in the text and is printed again below it | {hint}"
    assert told(ola, facts=INLINE) == told(facts=LINE) == []


def test_the_text_of_the_example_is_told_once(told: Told) -> None:
    (said,) = told("Skriv teksten her, med [ord som lenke](https://example.org/).\n\nTekst.")
    place = "010-mote.md:4:1 warning example [Skriv teksten her, med ord som lenke.]"
    assert said == f"{place} this is still the example | Write your own item over it, or delete items/010-mote.md."


def test_an_item_in_another_language_than_marked_is_told_at_its_title(told: Told) -> None:
    first, *others = told(BOKMAL, facts=f'lang = "nn"\ntitle = "Møte"\n{KARI}')
    assert first == (
        '010-mote.md:3:10 warning language [Møte] the item is marked nynorsk and looks like bokmål | lang = "nb"?'
    )
    assert {each.split()[2] for each in others} == set()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("next_issue = 2024-02-05\n", ["4:14 warning promise [2024-02-05] the next issue lies before this one | "]),
        ("next_issue = 2024-02-06\n", []),
        ('next_issue = "2024-01"\n', ["4:15 warning promise [2024-01] the next issue lies before this one | "]),
        ('next_issue = "2024-02"\n', []),
        (
            "contribution_deadline = 2024-02-04\n",
            ["4:25 warning promise [2024-02-04] the deadline for contributions is over | "],
        ),
        ("contribution_deadline = 2024-02-05\n", []),
        ("next_issue = 2024-04-03\ncontribution_deadline = 2024-04-03\n", []),
        (
            "next_issue = 2024-04-03\ncontribution_deadline = 2024-04-04\n",
            ["5:25 warning promise [2024-04-04] the deadline for contributions lies after the next issue | "],
        ),
        (
            "[[important_dates]]\ndate = 2024-02-04\ntext = 'x'\n",
            ["5:8 warning past-date [2024-02-04] this date is over when readers get the issue (2024-02-05) | "],
        ),
        ("[[important_dates]]\ndate = 2024-02-05\ntext = 'x'\n", []),
    ],
)
def test_what_the_frame_promises_is_told_at_its_date(more: str, said: list[str], told: Told) -> None:
    assert told(frame=FRAME + more) == [f"issue.toml:{each}" for each in said]


def test_what_the_inbox_shows_is_told_at_the_preheader(told: Told) -> None:
    (said,) = told(frame='title = "N"\ndate = "2024-02"\n')
    place, hint = "issue.toml:1:0 warning no-preheader []", 'Add preheader = "…": the best of this issue in one line.'
    assert said == f"{place} the issue has no preheader | {hint}"
    long = "Det beste " * 12
    (said,) = told(frame=f'title = "N"\ndate = "2024-02"\npreheader = "{long}x"\n')
    place, hint = (
        f"issue.toml:3:14 warning long-preheader [{long[:40]}]",
        "Say the most important first, in 120 characters.",
    )
    assert said == f"{place} the preheader has 121 characters and will be cut | {hint}"


@pytest.mark.parametrize(
    ("deadline", "read", "days"),
    [
        ("2024-02-04", "2024-02-05", None),
        ("2024-02-05", "2024-02-05", 0),
        ("2024-02-06", "2024-02-05", 1),
        ("2024-02-09", "2024-02-05", 4),
        ("2024-02-11", "2024-02-05", 4),  # a Sunday
        ("2024-02-12", "2024-02-05", 5),
        ("2024-02-16", "2024-02-05", 9),
        ('"2024-11"', "2024-11-30", 0),
        ('"2024-11"', "2024-12-01", None),
        ('"2024-12"', "2024-12-31", 0),
        ('"2024-12"', "2025-01-01", None),
        ('"2024-02"', "2024-02-29", 0),
        ('"2024-autumn"', "2024-11-30", 0),
        ('"2024-autumn"', "2024-12-01", None),
        ('"2024"', "2024-12-31", 0),
        ('"2024"', "2025-01-01", None),
    ],
)
def test_working_days_are_counted_to_the_last_day_that_a_deadline_names(
    deadline: str, read: str, days: int | None, told: Told
) -> None:
    (said,) = told(
        facts=f'{KARI}dates = [{{ kind = "deadline", date = {deadline} }}]\n', frame=FRAME.replace('"2024-02"', read)
    )
    written = deadline.strip('"')
    words = written if len(written) > 4 and written[-1].isdigit() else ""  # a season and a year are no words of a month
    column = (39 if '"' in deadline else 38) if words else 0
    wanted = (
        f"past-date [{words}] this date is over when readers get the issue ({read}) | "
        if days is None
        else f"short-notice [{words}] readers have {days} working day{'' if days == 1 else 's'} until this deadline"
        " | Name it in the preheader, or tell those concerned today."
    )
    assert said == f"010-mote.md:3:{column} warning {wanted}"


@pytest.mark.parametrize(
    "text",
    [
        "Vi møtes i Bodø for å snakke",  # of seven words
        "Vi er her nå. Vi er her ikke.",
        "Helsedepartementet (HOD) svarer.\n\nHelsedepartementet (HOD) svarer.",
    ],
)
def test_what_is_just_short_of_a_slip_is_none(text: str, told: Told) -> None:
    assert told(text) == []


def test_paragraphs_that_follow_each_other_are_each_to_be_ended(told: Told) -> None:
    text = "Vi møtes i Bodø for å snakke sammen"
    assert [each.partition(" ")[0] for each in told(f"{text}\n\n{text}")] == ["010-mote.md:4:23", "010-mote.md:6:23"]


def test_two_quotation_marks_in_one_paragraph_are_a_quotation_and_one_in_each_of_two_is_none(told: Told) -> None:
    rules = [each.split()[2] for each in told('«A» og "B.\n\nOg "C" er ute.')]
    assert rules == ["unbalanced", "mixed-quotes"]
    assert [each.split()[2] for each in told('«A» og "B.\n\nOg "C er ute.')] == ["unbalanced", "unbalanced"]


def test_no_more_than_a_hundred_findings_of_a_rule_are_told(told: Told) -> None:
    found = told("ord  to, " * 101 + "vil vil")
    assert [sum(f" {rule} " in each for each in found) for rule in ("doubled-space", "repeated-word")] == [100, 1]


# --- The language -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bokmal", "english", "others", "guessed"),
    [
        (3, 0, 22, "nb"),
        (3, 0, 21, None),  # of 24 words
        (2, 0, 23, None),
        (3, 1, 21, "nb"),
        (6, 2, 17, "nb"),
        (5, 2, 18, None),
        (1, 3, 21, "en"),
    ],
)
def test_a_language_needs_three_signs_among_25_words_and_three_times_those_of_the_next(
    bokmal: int, english: int, others: int, guessed: str | None
) -> None:
    assert guess_language("ikke " * bokmal + "the " * english + "Bodø " * others) == guessed


@pytest.fixture
def of_words(write_issue: WriteIssue) -> Callable[..., Issue]:
    """An issue in bokmål with items of so many words in each language, and a title of one word."""

    def write(slug: str, **words: int) -> Issue:
        frame: dict[str, str | None] = {"issue.toml": FRAME.replace("Det beste", ""), "items/010-mote.md": None}
        for lang, number in words.items():
            frame[f"items/{lang}.md"] = f'+++\ntitle = "Tittel"\nlang = "{lang}"\n+++\n{"ord " * (number - 1)}\n'
        issue = read_issue(write_issue(frame, slug=slug), helsefellesskap=[], publisher="x").issue
        assert issue is not None
        return issue

    return write


def test_the_share_of_each_norwegian_is_told_until_it_has_a_quarter(of_words: Callable[..., Issue]) -> None:
    first, second = of_words("2024-02", nb=5, se=50), of_words("2024-03", nb=69, nn=24)
    (finding,) = share_findings(first, [first, second])  # 76 of bokmål, two of them titles of the issues
    assert _said(finding) == (
        "issue.toml:0:0 note language-share [] words of 2024 so far, in 2 issues: bokmål 76 %, nynorsk 24 %; "
        "the law asks for 25 % of each | Write the next issue, or some items here, in the other."
    )
    assert share_findings(first, [of_words("2024-04", nb=74, nn=25)]) == ()
    assert share_findings(first, [of_words("2024-05", nb=25, nn=78)]) == ()
    (finding,) = share_findings(first, [of_words("2024-06", nb=20, nn=79)])
    assert "bokmål 21 %, nynorsk 79 %" in finding.message
    (finding,) = share_findings(first, [])
    assert "in 0 issues: bokmål 0 %, nynorsk 0 %" in finding.message


def test_the_old_introduction_is_told_with_the_issue_it_is_from(read_files: ReadFiles) -> None:
    frame = f'{FRAME}\nintro = """\n\nTre nyheter."""\n'
    issue = read_files({"issue.toml": frame}).issue
    assert issue is not None
    (finding,) = old_introduction(issue, frame=frame, last='intro = "Tre  nyheter."', last_slug="2024-01")
    assert _said(finding) == "issue.toml:7:0 warning old-introduction [] the introduction is still that of 2024-01 | "
    assert [*old_introduction(issue, frame=frame, last='intro = "Fire nyheter."', last_slug="2024-01")] == []


@pytest.mark.parametrize(
    ("letters", "letter"),
    [
        ("\u00c3\u02dc", "Ø"),
        ("\u00e2\u20ac\u0153", "“"),
        ("\u00e2\u20ac", "”"),
        ("\u00e2\u20ac\u201c", "–"),
        ("\u00c5\u00a1", "š"),
    ],
)
def test_letters_that_were_read_wrongly_are_named_with_what_they_were(told: Told, letters: str, letter: str) -> None:
    (said,) = told(f"Det {letters} her.")
    assert said.endswith(f"[{letters}] letters were read in the wrong way here | Write {letter} in its place.")


@pytest.mark.parametrize(
    "text",
    [
        "Vi bur på «Å», på Å… og i BLÅ”.".replace("”", "»").replace("BLÅ", "«BLÅ"),
        "Han sa „ja“, „nei” og ”kanskje”, og “ho sa „ja“ då”.",
        "Ålesund, Ærø, Ähtäri, âne, Ãngel og ðan.",
        "“Den „ho sa ”ja” no“ er” her.",
    ],
)
def test_letters_and_quotation_marks_of_other_languages_are_left_alone(told: Told, text: str) -> None:
    assert told(text) == []
