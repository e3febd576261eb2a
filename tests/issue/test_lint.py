"""The `rules` for an issue's words: each finds its slip and leaves what is right alone.

They stand in `wording`, `dates` and `completeness`, and read what `reading` gives them; `example` is what a new issue
begins with.
"""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.catalogue import render
from mailer.issue.lint import RULES, lint
from mailer.issue.model import Finding, Severity
from mailer.issue.source import IssueReading, read_issue
from mailer.languages import LANGS

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

ReadFiles = Callable[..., IssueReading]

TODAY = date(2024, 2, 5)
FRAME = 'title = "Brev"\ndate = "2024-02"\npreheader = "Det beste"\n'


@pytest.fixture
def findings_of(read_files: ReadFiles) -> Callable[..., tuple[Finding, ...]]:
    """Lint an issue with one item whose text is `text` and whose facts are `facts`."""

    def check(text: str = "Tekst.", *, facts: str = "", frame: str = FRAME, today: date = TODAY) -> tuple[Finding, ...]:
        item = f'+++\ncontacts = ["kari@a.example"]\n{facts}\n+++\n{text}\n'
        reading = read_files({"issue.toml": frame, "items/010-mote.md": item})
        assert reading.issue is not None, reading.findings
        found = lint(reading.issue, today=today, sources=reading.sources)
        return tuple(each for each in found if each.rule != "late-deadline")  # about the preheader, not about the item

    return check


LintText = Callable[..., tuple[Finding, ...]]


def test_an_issue_in_good_order_has_no_findings(findings_of: LintText) -> None:
    assert findings_of("Helse- og omsorg (KS) «skal», 12–25 år, til [Veileder](https://a.example/) 1) og 2).") == ()


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("Se https://a.example/x.", "bare-url", "https://a.example/x"),
        ("Se WWW.a.example/x_y.", "bare-url", "WWW.a.example/x_y"),
        ("Les mer [her](https://a.example/).", "link-words", "her"),
        ("[Les meir her](https://a.example/)", "link-words", "Les meir her"),
        ("**[Klikk her:](https://a.example/)**", "link-words", "Klikk her"),
        ("[Veileder](http://a.example/)", "http-link", "http://a.example/"),
        ("[A](https://a.example/)\n\n- [B](https://a.example/)", "duplicate-link", "https://a.example/"),
        ("ord  to", "doubled-space", "ord  to"),
        ("bl\ufffdbær", "character", "\ufffd"),
        ("(25.–26. oktober )", "space-inside", "oktober )"),
        ("i « Vurdering» av", "space-inside", "« Vurdering»"),
        ("registeret| er", "stray-bar", "registeret|"),
        ("på helse - og omsorgsfeltet", "hanging-hyphen", "helse - og omsorgsfeltet"),
        ("mellom 12- 25 år", "hanging-hyphen", "12- 25"),
        ("for fort- setter", "hanging-hyphen", "fort- setter"),
        ("i Nord- Norge", "hanging-hyphen", "Nord- Norge"),
        ("Se også : dette", "space-before-mark", "også :"),
        ("Hva nå ? Vi", "space-before-mark", "nå ?"),
        ("herunder Helsami) er", "unbalanced", "Helsami)"),
        ("herunder (Helsami er", "unbalanced", "(Helsami"),
        ("sa «ja.", "unbalanced", "«ja."),
        ('sa "ja.', "unbalanced", '"ja.'),
        ("- torsdag 06.04.22", "weekday", "torsdag 06.04.22"),
        ("> Måndag 6. februar 2024", "weekday", "Måndag 6. februar 2024"),
        ("fredag den 30. februar", "weekday", "fredag den 30. februar"),
        ("#### fredag 7. mars", "weekday", "fredag 7. mars"),
    ],
)
def test_a_slip_is_found_with_the_line_and_the_words(text: str, rule: str, words: str, findings_of: LintText) -> None:
    (finding,) = findings_of(f"Tekst.\n\n{text}")
    assert (finding.rule, finding.severity, finding.words) == (rule, Severity.WARNING, words)
    assert finding.file == "items/010-mote.md"
    assert finding.line in {7, 9} if rule == "duplicate-link" else finding.line == 7


@pytest.mark.parametrize(
    "text",
    [
        "onsdag 06.04.22",
        "onsdag 6. april 2022",
        "tysdag 6. februar",
        "laurdag den 2. mars",
        "skriv til ola@a.example",
        "[her finner du veilederen](https://a.example/)",
        "[a](https://a.example/) [b](https://b.example/)",
        "a) først, b) så (og c)",
        "Pris*) og frakt **) her",
        "før- under- og etter, inn- og ut, kort- eller langtid, mor-barn, e-post og - ja.",
        "pre- and post-, dearvvašvuođa- ja sosiála-",
        "forholdet 1 : 3",
        'Rapporten heter "A" og "B"',
    ],
)
def test_what_is_right_is_left_alone(text: str, findings_of: LintText) -> None:
    assert findings_of(text) == ()


@pytest.mark.parametrize(
    ("day", "name"), list(enumerate(["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"], start=5))
)
def test_the_weekday_that_a_date_has_is_named(day: int, name: str, findings_of: LintText) -> None:
    wrong = "mandag" if name != "mandag" else "tirsdag"
    (finding,) = findings_of(f"{wrong} {day}. februar 2024")
    assert render(finding.hint, "nb") == f"{day}. februar 2024 er en {name}."


def test_an_entity_that_is_no_character_is_found_on_its_line(findings_of: LintText) -> None:
    (finding,) = findings_of("Tekst.\n\nOrd&#11;ord.")
    assert (finding.rule, finding.line, finding.column) == ("character", 7, 0)


def test_slips_in_the_frame_are_found_too(findings_of: LintText) -> None:
    frame = FRAME + (
        'intro = """\nVi sender onsdag 05.02.24.\n"""\nreader_note = "to  ord"\n'
        '[[important_dates]]\ndate = 2024-03-07\ntext = "Møte (Oslo"\n'
        '[[link_groups]]\ntitle = "Nettsider"\nentries = [\n  "[her](https://a.example/)",\n]\n'
        '[[link_groups.groups]]\ntitle = "Annet |"\n'
    )
    found = {(each.rule, each.file, each.line) for each in findings_of(frame=frame)}
    assert found == {
        ("weekday", "issue.toml", 5),
        ("doubled-space", "issue.toml", 7),
        ("unbalanced", "issue.toml", 10),
        ("link-words", "issue.toml", 14),
        ("stray-bar", "issue.toml", 17),
    }


@pytest.mark.parametrize(
    ("deadline", "rules"),
    [
        ("2024-02-02", ["past-date"]),
        ("2024-02-05", ["short-notice"]),
        ("2024-02-16", ["short-notice"]),
        ("2024-02-19", []),
        ('"2024-01"', ["past-date"]),
        ('"2024-02"', []),
        ('"2023-autumn"', ["past-date"]),
        ('"2023"', ["past-date"]),
    ],
)
def test_readers_need_ten_working_days_before_a_deadline(
    deadline: str, rules: list[str], findings_of: LintText
) -> None:
    findings = findings_of(facts=f'dates = [\n  {{ kind = "deadline", date = {deadline} }},\n]')
    assert [each.rule for each in findings] == rules
    assert all((each.file, each.line) == ("items/010-mote.md", 4) for each in findings)


def test_a_meeting_that_was_is_news_and_no_slip(findings_of: LintText) -> None:
    assert findings_of(facts='dates = [{ kind = "meeting", date = 2023-11-22 }]') == ()


def test_an_important_date_that_was_is_a_slip_until_the_last_day_of_a_range(findings_of: LintText) -> None:
    entry = "[[important_dates]]\ndate = 2024-02-01\nend = 2024-02-{day}\ntext = 'x'\n"
    assert [each.rule for each in findings_of(frame=FRAME + entry.format(day="04"))] == ["past-date"]
    assert findings_of(frame=FRAME + entry.format(day="05")) == ()


def test_dates_are_compared_with_the_day_of_publication(findings_of: LintText) -> None:
    facts = "dates = [{ kind = 'deadline', date = 2024-02-16 }]"
    dated = FRAME.replace('"2024-02"', "2024-02-19")
    assert [each.rule for each in findings_of(facts=facts, frame=dated)] == ["past-date"]
    long_ago = findings_of(facts=facts, today=date(2030, 1, 1))
    assert long_ago == ()


@pytest.mark.parametrize(
    ("frame", "message", "line"),
    [
        ("next_issue = 2024-01-31\n", "the next issue lies before this one", 4),
        ("contribution_deadline = 2024-02-01\n", "the deadline for contributions is over", 4),
        ("next_issue = 2024-04-03\ncontribution_deadline = 2024-04-04\n", "lies after the next issue", 5),
        ("next_issue = 2024-02-02\n# 2024-02-02\n", "the next issue lies before this one", 4),
        ("# 2024-02-01\ncontribution_deadline = 2024-02-01\n", "the deadline for contributions is over", 5),
    ],
)
def test_what_the_issue_promises_must_lie_ahead(frame: str, message: str, line: int, findings_of: LintText) -> None:
    (finding,) = findings_of(frame=FRAME + frame)
    assert finding.rule == "promise"
    assert message in finding.message
    assert finding.line == line


@pytest.mark.parametrize(
    ("today", "text", "right"),
    [
        (date(2023, 12, 20), "mandag 8. januar", True),  # of 2024
        (date(2023, 12, 20), "søndag 8. januar", False),  # as it was in 2023
        (date(2023, 12, 20), "onsdag 8. januar", False),  # as it will be in 2025
        (date(2024, 1, 10), "fredag 29. desember", True),  # of 2023
        (date(2024, 1, 10), "søndag 29. desember", False),  # as it will be in 2024
        (date(2024, 1, 10), "torsdag 29. desember", False),  # as it was in 2022
    ],
)
def test_a_date_without_a_year_is_the_nearest_one_across_new_year(
    today: date, text: str, *, right: bool, findings_of: LintText
) -> None:
    frame = FRAME.replace("2024-02", f"{today:%Y-%m}")
    assert [each.rule for each in findings_of(text, frame=frame, today=today)] == ([] if right else ["weekday"])


def test_the_example_of_a_new_issue_is_a_warning_until_it_is_written_over(findings_of: LintText) -> None:
    title = 'title = "Eksempel: skriv tittelen her"'
    words = "Skriv teksten her, med [ord som lenke](https://example.org/)."
    for text, facts in (("Tekst.", title), (words, 'title = "Møte i Bodø"'), (words, title)):
        (finding,) = findings_of(text, facts=facts)
        assert (finding.rule, finding.severity) == ("example", Severity.WARNING)
    assert findings_of(facts='title = "Møte i Bodø"') == ()


def test_a_very_long_word_costs_no_more_than_its_length(findings_of: LintText) -> None:
    """The square of this length would be 40,000 million steps, and the test would be stopped."""
    assert findings_of(f"Ord {'x' * 200_000}.") == ()


def test_a_missing_preheader_is_a_warning_and_a_missing_contact_a_note(read_files: ReadFiles) -> None:
    item = "+++\ntitle = 'a'\n+++\nTekst.\n"
    reading = read_files({"issue.toml": FRAME.replace("preheader", "masthead"), "items/010-mote.md": item})
    assert reading.issue is not None
    findings = lint(reading.issue, today=TODAY, sources=reading.sources)
    assert [(each.rule, each.severity, each.line) for each in findings] == [
        ("no-preheader", Severity.WARNING, 1),
        ("no-contact", Severity.NOTE, 2),
    ]


@pytest.mark.parametrize(
    ("placement", "text", "message"),
    [
        ("line", "Spør Ola@a.example.", "printed again below it"),
        ("inline", "Spør oss.", "not in the text and so is not printed"),
    ],
)
def test_a_contact_is_printed_once(placement: str, text: str, message: str, read_files: ReadFiles) -> None:
    item = f'+++\ncontacts = [{{ email = "ola@a.example", placement = "{placement}" }}]\n+++\n{text}\n'
    reading = read_files({"issue.toml": FRAME, "items/010-mote.md": item})
    assert reading.issue is not None
    (finding,) = lint(reading.issue, today=TODAY, sources=reading.sources)
    assert (finding.rule, finding.severity, finding.line) == ("contact-in-text", Severity.WARNING, 2)
    assert message in finding.message


def test_an_address_inside_the_text_is_a_contact(read_files: ReadFiles) -> None:
    reading = read_files({"issue.toml": FRAME, "items/010-mote.md": "+++\n+++\nSpør <ola@a.example>.\n"})
    assert reading.issue is not None
    assert lint(reading.issue, today=TODAY, sources=reading.sources) == ()


def test_every_rule_has_an_id_of_its_own_and_says_what_it_is_for() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.check.__doc__ for rule in RULES)


@pytest.mark.parametrize(
    ("slug", "slips"),
    [
        (
            "2022-02",
            {
                "« Vurdering",
                "Helsami)»",
                "12- 25",
                "HOD",
                '"Felles sekretariatsfunksjon for kommunene i helsefellesskap"',
            },
        ),
        (
            "2023-12",
            {
                "oktober )",
                ")|",
                "helse - og omsorgsfeltet",
                "2023-12-14",
                "I Noreg",
                "Deltakarane var fastlegar som",
                "må vises",
                "samhandlingskoordinatorer",
                "pasienter",
                "et",
                "en",
            },
        ),
    ],
)
def test_slips_of_the_real_newsletters_are_found(
    slug: str, slips: set[str], repository: Path, helsefellesskap: list[str]
) -> None:
    reading = read_issue(repository / "issues" / slug, helsefellesskap=helsefellesskap, publisher="x")
    assert reading.issue is not None
    findings = lint(reading.issue, today=date(2026, 1, 1), sources=reading.sources)
    warned = {each.words for each in findings if each.severity is Severity.WARNING and each.rule != "bare-url"}
    assert warned == slips


MARKS = ["(", ")", "«", "»", '"', " ", "  ", "|", "- ", "\n", "\n\n", "> ", "### ", "**ord**", "e\u0301"]
WORDS = ["ord", "og", "12-", "25", "her", "onsdag 31.04.22", "fredag 30. februar", "https://a.example/(x)"]
TEXTS = st.lists(st.sampled_from([*MARKS, *WORDS, "[her](http://a.example/)"])).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(TEXTS, st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<"))))
def test_no_text_makes_a_rule_raise_and_lines_hold_the_words_quoted(text: str, read_files: ReadFiles) -> None:
    reading = read_files({"issue.toml": FRAME, "items/010-mote.md": f"+++\n+++\n{text}\n"})
    if reading.issue is None:
        return
    for finding in lint(reading.issue, today=TODAY, sources=reading.sources):
        assert finding.line >= 1
        assert_place(finding, reading.sources[finding.file])


NORWEGIAN = [
    "jeg",
    "eg",
    "ikkje",
    "ikke",
    "pasienter",
    "kan vises",
    "HOD",
    "(HOD)",
    "Departementet (HOD)",
    ".",
    ",",
    "«",
    "»",
]
PROSE = st.lists(st.sampled_from([*MARKS, *WORDS, *NORWEGIAN]), max_size=40).map(" ".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=EXAMPLES * 3 // 5)
@given(first=PROSE, second=PROSE, preheader=st.text(alphabet="aæ «»|(", max_size=130), lang=st.sampled_from(LANGS))
def test_no_issue_makes_a_rule_raise(first: str, second: str, preheader: str, lang: str, read_files: ReadFiles) -> None:
    frame = f'title = "Nyhetsbrev |"\ndate = "2024-02"\nlang = "{lang}"\npreheader = "{preheader}"\n'
    facts = "+++\ntitle = 'Møte  i Bodø'\ndates = [{ kind = 'deadline', date = 2024-01-01 }]\n+++\n"
    files = {"issue.toml": frame, "items/010-mote.md": facts + first, "items/020-nytt.md": facts + second}
    reading = read_files(files)
    if reading.issue is None:
        return
    for finding in (*reading.findings, *lint(reading.issue, today=TODAY, sources=reading.sources)):
        assert_place(finding, reading.sources[finding.file])


def assert_place(finding: Finding, source: str) -> None:
    """The words of a finding begin where it says, and may go on on the next line."""
    lines = source.split("\n")
    assert finding.line <= len(lines)
    rest = "".join([lines[finding.line - 1][finding.column - 1 :], "\n", *lines[finding.line :][:2]])
    assert _SEEN.sub("", rest).startswith(_SEEN.sub("", finding.words))


_SEEN = re.compile(r"(?<=\])\([^()\s]*\)|[\s<>\\*_`~\[\]]")
