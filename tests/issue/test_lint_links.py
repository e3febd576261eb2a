"""The rules about `links` of `mailer/issue/lint`, and the wrapped addresses in every file of an issue."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.lint import lint
from mailer.issue.model import Severity, plain_text
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]

HEAD = 'title = "A"\ndate = "2024-02"\n'
WRAPPED = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2Fx&data=05"


@pytest.fixture
def inside(read_files: ReadFiles) -> Callable[..., list[tuple[str, int, int, str]]]:
    def find(
        text: str = "Tekst.", *, facts: str = "", frame: str = "", own: tuple[str, ...] = ()
    ) -> list[tuple[str, int, int, str]]:
        reading = read_files({"issue.toml": HEAD + frame, "items/010-mote.md": f"+++\n{facts}\n+++\n{text}\n"})
        assert reading.issue is not None, reading.findings
        found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources, inside=own)
        return [(each.file, each.line, each.column, each.words) for each in found if each.rule == "inside-link"]

    return find


InsideLinks = Callable[..., list[tuple[str, int, int, str]]]
ITEM = "items/010-mote.md"
DOCUMENT = "https://k.sharepoint.com/:w:/r/sites/_x_/Doc.aspx"


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        (f"Se [rutinen]({DOCUMENT}).", 14, DOCUMENT),
        (f"Se {DOCUMENT}.", 4, DOCUMENT),
        ("Se **[a](https://a.example/) [b](https://sak/1)**.", 34, "https://sak/1"),
        ("Se https://sak/1_2_.", 4, "https://sak/1_2"),
        ("Se http://localhost:8000/x, eller", 4, "http://localhost:8000/x"),
        ("Se K:\\felles\\_a_.docx.", 4, "K:\\felles\\_a_.docx"),
        ("Se «\\\\server\\felles\\x.docx».", 5, "\\\\server\\felles\\x.docx"),
        ("Se file:///K:/a.docx", 4, "file:///K:/a.docx"),
        ("- > Se [x](https://k.sharepoint.com/?a=1&fbclid=2)", 12, "https://k.sharepoint.com/?a=1&fbclid=2"),
    ],
)
def test_what_only_colleagues_can_open_is_told_at_its_place(
    inside: InsideLinks, text: str, column: int, words: str
) -> None:
    assert inside(text) == [(ITEM, 4, column, words)]


def test_every_rule_about_a_wrapped_link_tells_it_as_it_is_written(read_files: ReadFiles) -> None:
    http = WRAPPED.replace("https%3A", "http%3A")
    text = f"Se {http} og {http}, [her]({http})."
    reading = read_files({"issue.toml": HEAD, ITEM: f"+++\n+++\n{text}\n"})
    assert reading.issue is not None
    found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    first, second, third = (each.start() + 1 for each in re.finditer("https://eur01", text))
    told = [(each.rule, each.line, each.column) for each in found if each.words == http]
    hints = {each.hint for each in found if each.rule == "bare-url"}
    assert hints == {"Write [what it leads to](http://a.example/x)."}
    assert told == [
        *(("bare-url", 3, column) for column in (first, second)),
        *(("http-link", 3, column) for column in (first, second, third)),
        *(("duplicate-link", 3, column) for column in (second, third)),
    ]


def test_words_that_are_an_address_are_told_and_not_the_address_they_lead_to(read_files: ReadFiles) -> None:
    reading = read_files({"issue.toml": HEAD, ITEM: "+++\n+++\nSe [https://a.example/x](https://a.example/y).\n"})
    assert reading.issue is not None
    found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    assert [(each.column, each.words) for each in found if each.rule == "bare-url"] == [(5, "https://a.example/x")]


def test_a_wrapped_address_is_told_as_it_is_written(inside: InsideLinks) -> None:
    wrapped = WRAPPED.replace("a.example", "k.sharepoint.com")
    assert inside(f"Se [x]({wrapped}) her.") == [(ITEM, 4, 8, wrapped)]


def test_each_address_in_a_paragraph_is_told_at_its_own_place(inside: InsideLinks) -> None:
    assert inside("[a](https://sak/1) [b](https://sak/1)\nhttps://sak/1 og https://a.example/") == [
        (ITEM, 4, 5, "https://sak/1"),
        (ITEM, 4, 24, "https://sak/1"),
        (ITEM, 5, 1, "https://sak/1"),
    ]


def test_facts_dates_and_link_groups_are_looked_at_too(inside: InsideLinks) -> None:
    frame = (
        'intro = "Se https://sak/1"\n[[important_dates]]\ndate = 2024-03-01\ntext = "[x](https://sak/2)"\n'
        'place = "https://sak/3"\nsignup = "https://sak/5"\n[[link_groups]]\ntitle = "N"\nentries = ["[x](https://sak/4)"]\n'
    )
    assert inside(frame=frame) == [
        ("issue.toml", 8, 11, "https://sak/5"),
        ("issue.toml", 3, 13, "https://sak/1"),
        ("issue.toml", 6, 13, "https://sak/2"),
        ("issue.toml", 11, 17, "https://sak/4"),
        ("issue.toml", 7, 10, "https://sak/3"),
    ]
    facts = 'dates = [{ date = 2024-03-01, title = "K:\\\\x", place = "https://sak/3", signup = "https://sak/6" }]'
    assert [words for *_, words in inside(facts=facts)] == ["https://sak/6", "K:\\x", "https://sak/3"]


def test_hosts_of_the_editors_own_list_are_told_with_all_below_them(inside: InsideLinks) -> None:
    text = "[a](https://kvalitet.example/1) [b](https://x.kvalitet.example/2) [c](https://a.example/)"
    assert inside(text) == []
    assert [words for *_, words in inside(text, own=("kvalitet.example",))] == [
        "https://kvalitet.example/1",
        "https://x.kvalitet.example/2",
    ]


def test_a_meeting_in_teams_is_open_to_readers(inside: InsideLinks) -> None:
    assert inside("[Bli med](https://teams.microsoft.com/l/meetup-join/19%3ameeting_x/0)") == []


def test_the_words_say_what_is_inside_and_what_to_do(read_files: ReadFiles) -> None:
    text = f"[a](https://sak/1) [b]({DOCUMENT}) [c](https://teams.microsoft.com/l/channel/1) K:\\x [d](https://own.example/)"
    reading = read_files({"issue.toml": HEAD, ITEM: f"+++\n+++\n{text}\n"})
    assert reading.issue is not None
    found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources, inside=["own.example"])
    private = "Open it in a private window. Does it ask for a login? Then put the document on a public web page."
    public = "Write the address that people outside your network use."
    web = "Put the document on a public web page, and write its https:// address."
    assert [(each.severity, each.message, each.hint) for each in found if each.rule == "inside-link"] == [
        (Severity.WARNING, "sak is a name or number that only your own network knows", public),
        (Severity.WARNING, "this address is in SharePoint or OneDrive, where readers may have to log in", private),
        (Severity.WARNING, "this address is in Teams, where only those who may log in get further", private),
        (Severity.WARNING, "own.example is on your list of hosts that only colleagues can open", public),
        (Severity.WARNING, "this path leads to a file that only colleagues can open", web),
    ]


def test_a_wrapped_address_is_unwrapped_in_text_facts_dates_and_link_groups(read_files: ReadFiles) -> None:
    frame = (
        f'preheader = "{WRAPPED}"\nintro = "[x]({WRAPPED})"\nreader_note = "Se {WRAPPED}."\n'
        f'[[important_dates]]\ndate = 2024-03-01\ntext = "{WRAPPED}"\nplace = "{WRAPPED}"\n'
        f'[[link_groups]]\ntitle = "N"\nentries = ["[x]({WRAPPED})", {{ text = "{WRAPPED}" }}]\n'
    )
    item = f'+++\ntitle = "{WRAPPED}"\ndates = [{{ date = 2024-03-01, place = "{WRAPPED}" }}]\n+++\n[x]({WRAPPED})\n'
    reading = read_files({"issue.toml": HEAD + frame, ITEM: item})
    issue = reading.issue
    assert issue is not None
    assert "safelinks" not in repr(issue)
    assert (issue.reader_note, issue.important_dates[0].place) == ("Se https://a.example/x.", "https://a.example/x")
    assert plain_text(issue.important_dates[0].text) == "https://a.example/x"
    assert issue.items[0].dates[0].place == "https://a.example/x"
    told = [(each.file, each.line, each.words) for each in reading.findings if each.rule == "tracking"]
    assert sorted(told) == sorted(
        [
            *(("issue.toml", line, WRAPPED) for line in (3, 4, 5, 8, 9, 12, 12)),
            *((ITEM, line, WRAPPED) for line in (2, 3, 5)),
        ]
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Kom, og meld deg på her.", "meld deg på her"),
        ("Les hele saken her.", "Les hele saken her"),
        ("Vi er her. Finn skjemaet her: Fristen er nå.", "Finn skjemaet her"),
        ("Se hva som skjer her i kommunen.", None),
        ("Mange vil se det her.", None),
        ("Meld dykk på kurset her!", "Meld dykk på kurset her"),
        ("Klikk her for mer.", "Klikk her"),
        ("Klikk her for å melde deg på.", "Klikk her"),
        ("Les meir i sluttrapporten (PDF, 2,4 MB).", "(PDF, 2,4 MB)"),
        ("Last ned malen (Word).", "(Word)"),
        ("- Klikk her", "Klikk her"),
        ("Meld deg på kurset innen fredag. Her blir det kaffe.", None),
        ("Les mer hermetikk.", None),
        ("Klikk eller trykk her for å skrive inn tekst.", None),
        ("Les mer i [rapporten](https://a.example/) (PDF), eller [meld deg på her](https://a.example/b).", None),
    ],
)
def test_words_that_lost_their_link_in_copying_are_named(read_files: ReadFiles, text: str, words: str | None) -> None:
    reading = read_files({"issue.toml": HEAD, ITEM: f"+++\n+++\n{text}\n"})
    assert reading.issue is not None
    found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    told = [(each.column, each.words, each.hint) for each in found if each.rule == "link-words"]
    hint = "Copying may have lost it. Write [what it leads to](https://…)."
    assert told == ([(text.index(words) + 1, words, hint)] if words else [])


@pytest.mark.parametrize(
    ("text", "goes_on"),
    [
        ("Se https://a.example/x]/y her.", True),
        ("Se https://a.example/x[y her.", True),
        ("[Se https://a.example/x]. [Se https://a.example/y] her.", False),
    ],
)
def test_an_address_that_a_bracket_ends_is_told_with_how_brackets_are_written(
    read_files: ReadFiles, text: str, *, goes_on: bool
) -> None:
    reading = read_files({"issue.toml": HEAD, ITEM: f"+++\n+++\n{text}\n"})
    assert reading.issue is not None
    found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    hint = "Write %5B and %5D for square brackets, or a space before this one."
    told = [(each.column, each.message) for each in found if each.hint == hint]
    assert told == ([(4, "an address ends before a bracket that may be part of it")] if goes_on else [])
