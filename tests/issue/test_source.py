"""An issue is read from its folder into the model, or what is wrong is told with file, line and what to do.

The values come from `fields`, the issue from `frame`, `items` and `assembly`, an hour that no clock shows from
`clock`, days and hours are those of `moment`.
"""

import unicodedata
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.errors import MailerError
from mailer.issue.files.fields import parse_date
from mailer.issue.model import (
    CalendarDate,
    DateKind,
    Hours,
    Image,
    Issue,
    Link,
    Paragraph,
    Placement,
    Precision,
    Severity,
    Text,
    plain_text,
)
from mailer.issue.source import PIECES_AT_MOST, IssueReading, find_issue, is_slug, issue_slugs, read_issue

ReadFiles = Callable[..., IssueReading]
WriteIssue = Callable[..., Path]

FRAME = 'title = "Nyheitsbrev"\ndate = "2024-02"\nlang = "nn"\n'
SECTION = '\n[[sections]]\nid = "{id}"\ntitle = "Nytt frå {id}"\n'


def item(facts: str = "", text: str = "Tekst.") -> str:
    return f"+++\n{facts}\n+++\n\n{text}\n"


def good(reading: IssueReading) -> Issue:
    assert [each for each in reading.findings if each.severity is Severity.ERROR] == []
    assert reading.issue is not None
    return reading.issue


# --- What is wrong, where, and what to do next ---

BAD = {
    "broken TOML": (
        {"issue.toml": FRAME + 'intro = "no end\n'},
        ("issue.toml", 4, "toml", "not valid TOML", "Texts stand in quotes"),
    ),
    "quotation marks of Word": (
        {"issue.toml": FRAME + "preheader = “Sak”\n"},
        ("issue.toml", 4, "toml", "the quotation mark “ is none", "Write straight quotation marks"),
    ),
    "a quotation mark of Word at the end": (
        {"issue.toml": FRAME + 'preheader = "Sak”\n'},
        ("issue.toml", 4, "toml", "the quotation mark ” is none", "Write straight quotation marks"),
    ),
    "quotation marks of Word in a list": (
        {"items/010-a.md": item('title = "a"\ncontacts = ["a@a.example", «b@a.example»]')},
        ("items/010-a.md", 3, "toml", "the quotation mark « is none", "Write straight quotation marks"),
    ),
    "a no-break space before the sign": (
        {"issue.toml": FRAME + 'preheader\u00a0= "Sak"\n'},
        ("issue.toml", 4, "toml", "U+00A0 no-break space", "Write an ordinary space"),
    ),
    "a no-break space after the sign": (
        {"issue.toml": FRAME + 'preheader =\u202f"Sak"\n'},
        ("issue.toml", 4, "toml", "U+202F narrow no-break space", "Write an ordinary space"),
    ),
    "broken TOML in an item": (
        {"items/010-a.md": item('title = "a"\ncontacts = [')},
        ("items/010-a.md", 3, "toml", "not valid TOML", "Texts stand in quotes"),
    ),
    "unknown key": (
        {"issue.toml": FRAME + 'preheder = "x"\n'},
        ("issue.toml", 4, "unknown-key", '"preheder" is unknown', "Did you mean preheader?"),
    ),
    "unknown key in an item": (
        {"items/010-a.md": item('title = "a"\n\nkontakt = "x"')},
        ("items/010-a.md", 4, "unknown-key", '"kontakt" is unknown', "Did you mean contacts?"),
    ),
    "unknown section": (
        {
            "issue.toml": FRAME + SECTION.format(id="ks"),
            "items/010-a.md": item('title = "a"\nsection = "ks2"'),
            "items/020-b.md": item('section = "ks"'),
        },
        ("items/010-a.md", 3, "unknown-section", 'no section "ks2"', "Did you mean ks?"),
    ),
    "unknown parent": (
        {"issue.toml": FRAME + SECTION.format(id="midt") + 'parent = "rhf"\n'},
        ("issue.toml", 8, "unknown-section", 'no section above has the id "rhf"', "The parent must stand above"),
    ),
    "unknown language": (
        {"issue.toml": FRAME.replace('"nn"', '"dk"')},
        ("issue.toml", 3, "lang", '"dk" is none of ours', "nb, nn, se, en"),
    ),
    "unknown language of an item": (
        {"items/010-a.md": item('lang = "no"')},
        ("items/010-a.md", 2, "lang", '"no" is none of ours', "nb, nn, se, en"),
    ),
    "not UTF-8": (
        {"items/010-a.md": item('title = "a"', "blåbær").encode("cp1252")},
        ("items/010-a.md", 5, "unreadable", "not saved as UTF-8", "encoding UTF-8"),
    ),
    "missing items": (
        {"items/010-mote.md": None},
        ("items", 0, "unreadable", "the issue has no items", "Add items/010-"),
    ),
    "missing frame": (
        {"issue.toml": None},
        ("issue.toml", 0, "unreadable", "the file is missing", "mailer new"),
    ),
    "duplicate slug": (
        {"items/020-mote.md": item('title = "b"')},
        ("items/020-mote.md", 2, "duplicate", "items/010-mote.md and this one", "Rename one"),
    ),
    "no front matter": (
        {"items/010-a.md": "Tekst.\n"},
        ("items/010-a.md", 1, "front-matter", "no facts between two lines +++", "Begin the file with a line +++"),
    ),
    "missing title": (
        {"issue.toml": 'date = "2024-02"\n'},
        ("issue.toml", 1, "missing", '"title" is missing', "Add title = "),
    ),
    "missing date": (
        {"issue.toml": 'title = "x"\n'},
        ("issue.toml", 1, "missing", '"date" is missing', "Write a day as 2024-02-01"),
    ),
    "bad date": (
        {"issue.toml": FRAME.replace("2024-02", "februar 2024")},
        ("issue.toml", 2, "date", '"date" is not a date: februar 2024', "Write a day as 2024-02-01"),
    ),
    "a day that is no day": (
        {"issue.toml": FRAME + 'contribution_deadline = "2024-02"\n'},
        ("issue.toml", 4, "date", "is not a day", "without quotes"),
    ),
    "end before start": (
        {"items/010-a.md": item("dates = [{ date = 2024-02-02, end = 2024-02-01 }]")},
        ("items/010-a.md", 2, "date", "lies before the date it ends", ""),
    ),
    "wrong type": (
        {"issue.toml": FRAME + "preheader = 3\n"},
        ("issue.toml", 4, "wrong-type", '"preheader" must be text in quotes', ""),
    ),
    "wrong number": (
        {"issue.toml": FRAME + 'number = "1"\n'},
        ("issue.toml", 4, "wrong-type", '"number" must be a whole number', ""),
    ),
    "wrong flag": (
        {"issue.toml": FRAME + '[[link_groups]]\ntitle = "x"\npast = "no"\n'},
        ("issue.toml", 6, "wrong-type", '"past" must be true or false', ""),
    ),
    "wrong list": (
        {"items/010-a.md": item("helsefellesskap = [1]")},
        ("items/010-a.md", 2, "wrong-type", '"helsefellesskap" must be a list of texts', ""),
    ),
    "wrong table": (
        {"issue.toml": FRAME + 'sections = ["ks"]\n'},
        ("issue.toml", 4, "wrong-type", '"sections" must be a list of tables', ""),
    ),
    "unknown kind of date": (
        {"items/010-a.md": item('dates = [\n  { kind = "meting", date = 2024-03-01 },\n]')},
        ("items/010-a.md", 3, "unknown-value", '"kind" cannot be "meting"', "Did you mean meeting?"),
    ),
    "kind of date that is nothing like any": (
        {"items/010-a.md": item('dates = [{ kind = "kø", date = 2024-03-01 }]')},
        (
            *("items/010-a.md", 2, "unknown-value", '"kind" cannot be "kø"'),
            (
                "Write one of application_deadline (søknadsfrist), consultation_deadline (høringsfrist), "
                "contribution_deadline (frist for innspill), registration_deadline (påmeldingsfrist), "
                "deadline (frist), call_expected (utlysning), in_force (ikrafttredelse), launch (lansering), "
                "publication (publisering), event (arrangement), meeting (møte), conference (konferanse)."
            ),
        ),
    ),
    "kind of date with a slip": (
        {"items/010-a.md": item('dates = [{ kind = "påmeldinsfrist", date = 2024-03-01 }]')},
        ("items/010-a.md", 2, "unknown-value", '"kind" cannot be "påmeldinsfrist"', "Did you mean påmeldingsfrist?"),
    ),
    "no e-mail address": (
        {"items/010-a.md": item('contacts = [\n  "kari@a.example",\n  "Ola Nordmann",\n]')},
        ("items/010-a.md", 4, "email", '"Ola Nordmann" is not an e-mail address', ""),
    ),
    "day that is in no calendar": (
        {"items/010-a.md": item('title = "a"\ndates = [{ kind = "conference", date = 2026-13-01 }]')},
        (
            "items/010-a.md",
            3,
            "date",
            "there is no 2026-13-01 in the calendar",
            "2024-02-01",
        ),
    ),
    "day that its month has not": (
        {"issue.toml": FRAME + "contribution_deadline = 2026-02-30\n"},
        ("issue.toml", 4, "date", "there is no 2026-02-30 in the calendar", "Write a day as"),
    ),
    "day as it is written in letters": (
        {"issue.toml": FRAME + "contribution_deadline = 01.03.2026\n"},
        ("issue.toml", 4, "date", "a date is not written as 01.03.2026", "Write a day as"),
    ),
    "month without quotes": (
        {"issue.toml": FRAME + "next_issue = 2026-12\n"},
        ("issue.toml", 4, "date", "a date is not written as 2026-12", 'a month as "2024-02"'),
    ),
    "address to sign up at that leads nowhere": (
        {"items/010-a.md": item('dates = [{ date = 2024-03-07, signup = "ring Kari" }]')},
        ("items/010-a.md", 2, "link", "an address that does not begin with https://", ""),
    ),
    "address to sign up at that is a file": (
        {"items/010-a.md": item("dates = [{ date = 2024-03-07, signup = 'K:\\felles\\a.docx' }]")},
        ("items/010-a.md", 2, "inside-link", "a link leads to a file on a machine", "Put the document on a public"),
    ),
    "two dates of an item with one name": (
        {"items/010-a.md": item('dates = [\n{ date = 2024-03-07, id = "a" },\n{ date = 2024-03-08, id = "a" }]')},
        ("items/010-a.md", 4, "duplicate", 'two dates have the id "a"', ""),
    ),
    "two important dates with one name": (
        {"issue.toml": FRAME + '[[important_dates]]\ndate = 2024-03-07\ntext = "Møte"\nid = "a"\n' * 2},
        ("issue.toml", 11, "duplicate", 'two dates have the id "a"', ""),
    ),
    "missing comma after a day": (
        {"items/010-a.md": item('dates = [{ date = 2026-03-01 kind = "conference" }]')},
        ("items/010-a.md", 2, "toml", "Unclosed inline table", ""),
    ),
    "section twice": (
        {"issue.toml": FRAME + SECTION.format(id="ks") + SECTION.format(id="ks")},
        ("issue.toml", 10, "duplicate", 'two sections have the id "ks"', ""),
    ),
    "listed item that does not exist": (
        {"issue.toml": FRAME + SECTION.format(id="ks") + 'items = ["mte"]\n'},
        ("issue.toml", 8, "unknown-item", 'no item "mte"', "Did you mean mote?"),
    ),
    "item listed twice": (
        {"issue.toml": FRAME + SECTION.format(id="ks") + 'items = [\n"mote",\n"mote"]\n'},
        ("issue.toml", 9, "placed-twice", '"mote" is placed twice', ""),
    ),
    "item in one section and listed in another": (
        {
            "issue.toml": FRAME + SECTION.format(id="ks") + SECTION.format(id="rhf") + 'items = ["mote"]\n',
            "items/010-mote.md": item('section = "ks"'),
        },
        ("items/010-mote.md", 2, "placed-twice", 'here in "ks", in issue.toml in "rhf"', ""),
    ),
    "important date about no item": (
        {"issue.toml": FRAME + '[[important_dates]]\ndate = 2024-03-01\ntext = "x"\nitem = "mot"\n'},
        ("issue.toml", 7, "unknown-item", 'no item "mot"', "Did you mean mote?"),
    ),
    "HTML": (
        {"items/010-a.md": item('title = "a"', "Tekst\n<br>")},
        ("items/010-a.md", 6, "html", "HTML is not allowed", "Use Markdown"),
    ),
    "HTML in a text of the frame": (
        {"issue.toml": FRAME + 'intro = """\nHei.\n\n<br>\n"""\n'},
        ("issue.toml", 7, "html", "HTML is not allowed", "Use Markdown"),
    ),
    "image without alt text": (
        {"items/010-a.md": item("", "![](images/a.png)"), "images/a.png": b"x"},
        ("items/010-a.md", 5, "image-alt", "an image without alt text", 'alt = ""'),
    ),
    "item's image without alt text": (
        {"items/010-a.md": item('image = "a.png"'), "images/a.png": b"x"},
        ("items/010-a.md", 2, "image-alt", "an image without alt text", 'alt = ""'),
    ),
    "time that is none": (
        {"items/010-a.md": item('dates = [{ date = 2024-03-07, time = "25.00" }]')},
        ("items/010-a.md", 2, "time", '"time" is not a time of day: 25.00', '"10.00–15.00"'),
    ),
    "time that ends before it begins": (
        {"issue.toml": FRAME + '[[important_dates]]\ndate = 2024-03-07\ntime = "15.00-9.30"\ntext = "Møte"\n'},
        ("issue.toml", 6, "time", '"time" ends before it begins', "how long it lasts"),
    ),
    "time that ends before it begins, on one day called two": (
        {"items/010-a.md": item('dates = [{ date = 2024-03-07, end = 2024-03-07, time = "15.00-9.30" }]')},
        ("items/010-a.md", 2, "time", '"time" ends before it begins', "how long it lasts"),
    ),
    "time past midnight": (
        {"items/010-a.md": item('dates = [{ date = 2027-06-10, time = "23.00–01.00" }]')},
        ("items/010-a.md", 2, "time", '"time" ends before it begins', "end = 2027-06-11"),
    ),
    "hour that is left out in spring": (
        {"issue.toml": FRAME + '[[important_dates]]\ndate = 2027-03-28\ntime = "02.30"\ntext = "Møte"\n'},
        ("issue.toml", 6, "time", "on 2027-03-28 there is no 02.30", "Write the time after the change"),
    ),
    "end in the hour that is left out in spring": (
        {"items/010-a.md": item('dates = [{ date = 2027-03-27, end = 2027-03-28, time = "23.00–02.00" }]')},
        ("items/010-a.md", 2, "time", "on 2027-03-28 there is no 02.00", "Write the time after the change"),
    ),
    "time without a day": (
        {"items/010-a.md": item('dates = [{ date = "2024-03", time = 10:00:00 }]')},
        ("items/010-a.md", 2, "time", "a time needs a day", "2024-02-01"),
    ),
    "image that is not there": (
        {"items/010-a.md": item('image = { file = "a.png", alt = "x" }')},
        ("items/010-a.md", 2, "image", "an image is not there", "images folder"),
    ),
    "slug with a blank": (
        {"items/010-a.md": item('slug = "møte i Bodø"')},
        ("items/010-a.md", 2, "slug", '"møte i Bodø" cannot name an item', 'slug = "'),
    ),
    "file name without letters": (
        {"items/010-.md": item('title = "a"')},
        ("items/010-.md", 2, "slug", '"" cannot name an item', 'slug = "'),
    ),
    "unprintable character written as an escape": (
        {"issue.toml": FRAME + 'preheader = "a\\u202eb"\n'},
        ("issue.toml", 4, "character", '"preheader" holds an unprintable character', "Delete it."),
    ),
    "sub-section away from its parent": (
        {"issue.toml": FRAME + "".join(SECTION.format(id=each) for each in ("rhf", "ks", "midt")) + 'parent = "rhf"\n'},
        ("issue.toml", 16, "section-order", "does not stand directly below its parent", 'section "rhf"'),
    ),
    "file too large": (
        {"items/010-a.md": item("", "x" * 250_001)},
        ("items/010-a.md", 0, "unreadable", "larger than 250 kB", ""),
    ),
    "key of many parts": (
        {"items/010-a.md": item('title = "A"\n ' + "a." * 100_000 + "a = 1")},
        (
            "items/010-a.md",
            3,
            "toml",
            "a key of 50 parts or a number of 1000 digits stands here",
            "Texts stand in quotes",
        ),
    ),
    "number of many digits": (
        {"issue.toml": FRAME + f"a = {'9' * 200_000}"},
        ("issue.toml", 4, "toml", "a key of 50 parts or a number of 1000 digits stands here", "Texts stand"),
    ),
    "picture too large": (
        {"items/010-a.md": item("", "![a](images/a.png)"), "images/a.png": b"x" * 10_000_001},
        ("images/a.png", 0, "unreadable", "larger than 10\N{NO-BREAK SPACE}000 kB", ""),
    ),
    "too many items": (
        {f"items/{number:03}-n{number}.md": item() for number in range(201)},
        ("items", 0, "unreadable", "202 items; 200 are the most", ""),
    ),
}


AS_MANY_PIECES_AS_MAY_BE = '+++\ntitle = "A"\n+++\n' + "ord\n" * (PIECES_AT_MOST - 5) + "a | b"


def test_a_text_may_have_as_many_pieces_as_are_the_most(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-a.md": AS_MANY_PIECES_AS_MAY_BE})
    assert "unreadable" not in {each.rule for each in reading.findings}
    assert "items/010-a.md" in reading.sources


@pytest.mark.parametrize("beyond", ["|", "\t", "://", "www.", "mailto:", "\n", "`"])
def test_a_text_of_too_many_pieces_is_refused_at_the_first_too_many(beyond: str, read_files: ReadFiles) -> None:
    reading = read_files({"items/010-a.md": f"{AS_MANY_PIECES_AS_MAY_BE} {beyond}c"})
    (error,) = (each for each in reading.findings if each.file == "items/010-a.md")
    assert (error.severity, error.rule, error.line, error.column) == (
        Severity.ERROR,
        "unreadable",
        PIECES_AT_MOST - 1,
        7,
    )
    assert error.message == "the file has more than 6\N{NO-BREAK SPACE}000 lines, tabs, marks of Markdown and addresses"
    assert error.hint == "Part it, or put the long list or table on the web and link to it."
    assert "items/010-a.md" not in reading.sources


@pytest.mark.parametrize(("files", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_an_error_that_says_what_is_wrong_where_and_what_to_do(
    files: dict[str, str | bytes | None], expected: tuple[str, int, str, str, str], read_files: ReadFiles
) -> None:
    reading = read_files(files)
    file, line, rule, message, hint = expected
    assert reading.issue is None
    (error,) = [each for each in reading.findings if each.severity is Severity.ERROR]
    assert (error.file, error.line, error.rule) == (file, line, rule)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_is_no_utf_8_is_found_at_its_column(mark: bytes, read_files: ReadFiles) -> None:
    reading = read_files({"items/010-a.md": mark + '+++\ntitle = "a"\n+++\n\nBlå '.encode() + b"b\xe6r\n"})
    assert [(each.line, each.column) for each in reading.findings if each.rule == "unreadable"] == [(5, 6)]


def test_all_errors_of_all_files_are_told_at_once(read_files: ReadFiles) -> None:
    reading = read_files(
        {"issue.toml": FRAME + "nummer = 1\n", "items/010-a.md": item('lang = "x"', "<b>"), "items/020-b.md": "x"}
    )
    assert [(each.file, each.rule) for each in reading.findings] == [
        ("issue.toml", "unknown-key"),
        ("items/010-a.md", "lang"),
        ("items/010-a.md", "html"),
        ("items/020-b.md", "front-matter"),
    ]


def test_an_unknown_helsefellesskap_is_a_warning_with_the_nearest_and_left_out(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": item('helsefellesskap = ["vestviken", "oslo", "oslo"]')})
    (finding,) = reading.findings
    assert (finding.severity, finding.line, finding.words) == (Severity.WARNING, 2, "vestviken")
    assert finding.hint == "Did you mean vest-viken?"
    assert good(reading).items[0].helsefellesskap == ("oslo",)


def test_a_file_that_is_no_item_is_left_out_with_a_warning(read_files: ReadFiles) -> None:
    reading = read_files({"items/notat.docx": b"PK", "items/.hidden": b"", "items/~lock.md": b"\xff"})
    assert [(each.severity, each.file) for each in reading.findings] == [(Severity.WARNING, "items/notat.docx")]
    assert len(good(reading).items) == 1


def test_an_unprintable_character_is_left_out_with_a_warning(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": "\ufeff" + item("", "Tele\u200bfon\x0bog \uf0b7 kulepunkt\u0007.")})
    assert [(each.severity, each.rule, each.line, each.column) for each in reading.findings] == [
        (Severity.WARNING, "character", 5, 9),
        (Severity.WARNING, "character", 5, 5),
    ]
    assert "U+000B" in reading.findings[0].message
    assert "U+200B" in reading.findings[1].message
    assert "2 more" in reading.findings[1].message
    assert good(reading).items[0].body == (Paragraph((Text("Telefon og kulepunkt."),), line=5),)


def test_a_line_break_of_word_is_a_space_and_the_hint_says_to_press_enter(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": item("", "Til 2029.\x0bOpsjon på\u2028to år.")})
    (finding,) = reading.findings
    assert (finding.rule, finding.line, finding.column) == ("character", 5, 10)
    assert finding.message.startswith("a line break of Word's (U+000B")
    assert finding.message.endswith("is printed as a space, and 1 more are")
    assert finding.hint == "Put the cursor there, delete it, and press Enter."
    assert good(reading).items[0].body == (Paragraph((Text("Til 2029. Opsjon på to år."),), line=5),)


def test_an_item_without_text_is_a_warning(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": '+++\ntitle = "a"\n+++'})
    assert [(each.severity, each.rule) for each in reading.findings] == [(Severity.WARNING, "no-text")]


# --- How a folder is read ---


@pytest.mark.parametrize("encode", [
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.replace("\n", "\r\n").encode(),
    lambda text: unicodedata.normalize("NFD", text).encode(),
], ids=["BOM", "CRLF", "NFD"])  # fmt: skip
def test_files_from_any_editor_read_the_same(encode: Callable[[str], bytes], read_files: ReadFiles) -> None:
    text = item('title = "Åpent møte"', "Å være\nhøring.")
    read = good(
        read_files({"issue.toml": encode(FRAME + 'intro = """\nÆrleg\n"""\n'), "items/010-mote.md": encode(text)})
    )
    assert read.items[0].title == "Åpent møte"
    assert read.items[0].body == (Paragraph((Text("Å være høring."),), line=5),)
    assert read.intro == (Paragraph((Text("Ærleg"),), line=5),)


def test_items_stand_in_the_order_of_their_files_unless_a_section_lists_them(read_files: ReadFiles) -> None:
    files = {f"items/0{number}0-{slug}.md": item('section = "ks"') for number, slug in enumerate("abcd", 1)}
    listed = FRAME + SECTION.format(id="ks") + 'items = ["c", "mote", "a"]\n'
    issue = good(read_files({"issue.toml": listed, **files}))
    assert [(each.number, each.slug) for each in issue.items] == [(1, "c"), (2, "mote"), (3, "a"), (4, "b"), (5, "d")]


def test_files_sort_by_their_number_and_their_names_make_the_slugs(read_files: ReadFiles) -> None:
    names = ["10-b.md", "2 Møte på Åsgårdstrand (æ).MD", "1-a.md", "uten-nummer.md", "020_c.md"]
    files: dict[str, str | None] = {f"items/{name}": item() for name in names}
    issue = good(read_files({"items/010-mote.md": None, **files}))
    assert [each.slug for each in issue.items] == ["a", "mote-pa-asgardstrand-ae", "b", "c", "uten-nummer"]


def test_items_of_no_section_stand_first_under_no_title(read_files: ReadFiles) -> None:
    issue = good(
        read_files(
            {
                "issue.toml": FRAME + SECTION.format(id="ks"),
                "items/005-a.md": item('section = "ks"'),
                "items/020-b.md": item(),
            }
        )
    )
    assert [(section.id, [each.slug for each in section.items]) for section in issue.sections] == [
        ("", ["mote", "b"]),
        ("ks", ["a"]),
    ]


def test_a_section_with_only_a_sub_section_is_kept_and_an_empty_one_left_out_with_a_note(read_files: ReadFiles) -> None:
    sections = SECTION.format(id="rhf") + SECTION.format(id="midt") + 'parent = "rhf"\n' + SECTION.format(id="ks")
    reading = read_files({"issue.toml": FRAME + sections, "items/010-mote.md": item('section = "midt"')})
    assert [(each.id, each.parent) for each in good(reading).sections] == [("rhf", ""), ("midt", "rhf")]
    assert good(reading).sections[0].items == ()
    assert [(each.severity, each.rule, each.words) for each in reading.findings] == [
        (Severity.NOTE, "empty-section", "Nytt frå ks")
    ]


def test_every_key_of_an_item_comes_into_the_model(read_files: ReadFiles) -> None:
    facts = """\
slug = "annan"
title = "Tittel"
section = "ks"
lang = "nb"
contacts = ["ola@a.example", { email = "kari@a.example", name = "Kari", placement = "inline" }]
helsefellesskap = "oslo"
image = { file = "a.png", alt = "", caption = "Foto: KS" }
[[dates]]
kind = "application_deadline"
date = 2024-03-01
[[dates]]
kind = "call_expected"
date = "2024-autumn"
approximate = true
title = "Utlysing"
place = "Oslo"
signup = "https://a.example/paa?utm_source=x"
id = "haust"
[[dates]]
date = 2024-03-07
time = "9.30–15:00"
"""
    frame = FRAME + SECTION.format(id="ks")
    issue = good(
        read_files(
            {"issue.toml": frame, "items/010-mote.md": item(facts), "images/a.png": b"png", "images/b.png": b"other"}
        )
    )
    (read,) = issue.items
    assert (read.slug, read.title, read.lang, read.number, read.line) == ("annan", "Tittel", "nb", 1, 3)
    assert [(each.email, each.name, each.placement) for each in read.contacts] == [
        ("ola@a.example", "", Placement.LINE),
        ("kari@a.example", "Kari", Placement.INLINE),
    ]
    assert [each.email for each in read.line_contacts] == ["ola@a.example"]
    assert read.helsefellesskap == ("oslo",)
    assert read.image == Image(path="images/a.png", alt="", caption="Foto: KS", line=8)
    assert issue.images == {"images/a.png": b"png"}
    deadline, call, meeting = read.dates
    assert (deadline.hours, meeting.hours) == (None, Hours(start=time(9, 30), end=time(15)))
    assert (deadline.kind, deadline.when, deadline.line) == (
        DateKind.APPLICATION_DEADLINE,
        CalendarDate(start=date(2024, 3, 1)),
        9,
    )
    assert read.deadlines == (deadline,)
    assert call.when == CalendarDate(start=date(2024, 9, 1), precision=Precision.SEASON, approximate=True)
    assert (call.title, call.place, call.signup, call.id) == ("Utlysing", "Oslo", "https://a.example/paa", "haust")


def test_every_key_of_the_frame_comes_into_the_model(read_files: ReadFiles) -> None:
    frame = """\
title = "Nyheitsbrev"
masthead = "Nyheitsbrev desember"
number = 7
date = 2023-12-06
lang = "nn"
preheader = "Det beste"
intro = "Ei *lita* innleiing til ola@a.example"
reader_note = "Nynorskmånad"
next_issue = "2024-02"
contribution_deadline = 2024-02-01
contact = "kari@a.example"

[[sections]]
id = "ks"
title = "Nytt frå KS"
organisations = ["KS", "Helsedirektoratet"]
items = ["mote"]

[[important_dates]]
date = 2024-03-07
end = 2024-03-08
time = 10:00:00
place = "Oslo"
text = "Helsekonferansen. [Påmelding](https://a.example/)"
kind = "conference"
item = "mote"
helsefellesskap = ["oslo"]
signup = "https://a.example/"
id = "konferanse"

[[link_groups]]
title = "Nettsider"
entries = ["[Ein](https://a.example/) med ord", { text = "[To](https://b.example/)", lang = "nb" }]

[[link_groups.groups]]
title = "Gjekk du glipp av:"
past = true
entries = [{ text = "Opptak", date = 2023-11-07, end = 2023-11-08 }]
"""
    issue = good(read_files({"issue.toml": frame}))
    assert (issue.slug, issue.title, issue.masthead, issue.number) == (
        "2024-02",
        "Nyheitsbrev",
        "Nyheitsbrev desember",
        7,
    )
    assert (issue.published, issue.lang, issue.publisher) == (
        CalendarDate(start=date(2023, 12, 6)),
        "nn",
        "Helsedirektoratet",
    )
    assert (issue.preheader, issue.reader_note) == ("Det beste", "Nynorskmånad")
    assert isinstance(issue.intro[0], Paragraph)
    assert issue.intro[0].inlines[-1] == Link((Text("ola@a.example"),), "mailto:ola@a.example")
    assert issue.next_issue == CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH)
    assert issue.contribution_deadline == date(2024, 2, 1)
    assert issue.contact is not None
    assert issue.contact.email == "kari@a.example"
    assert issue.sections[0].organisations == ("KS", "Helsedirektoratet")
    (important,) = issue.important_dates
    assert important.when == CalendarDate(start=date(2024, 3, 7), end=date(2024, 3, 8))
    assert (important.hours, important.place) == (Hours(start=time(10)), "Oslo")
    assert (important.kind, important.item, important.line) == (DateKind.CONFERENCE, "mote", 19)
    assert (important.signup, important.id) == ("https://a.example/", "konferanse")
    assert issue.helsefellesskap == {"oslo"}
    (group,) = issue.link_groups
    assert [(plain_text(each.text), each.lang, each.line) for each in group.entries] == [
        ("Ein med ord", None, 33),
        ("To", "nb", 33),
    ]
    (missed,) = group.groups
    assert (missed.title, missed.past, missed.line) == ("Gjekk du glipp av:", True, 35)
    assert missed.entries[0].when == CalendarDate(start=date(2023, 11, 7), end=date(2023, 11, 8))


def test_the_introduction_may_show_a_picture(read_files: ReadFiles) -> None:
    frame = 'title = "x"\ndate = "2024-02"\nintro = "![Kart](images/a.png)"\n'
    issue = read_files({"issue.toml": frame, "items/010-mote.md": item(), "images/a.png": b"png"}).issue
    assert issue is not None
    assert issue.intro == (Image(path="images/a.png", alt="Kart", line=3),)
    assert issue.images == {"images/a.png": b"png"}


def test_a_picture_that_is_a_link_to_a_file_elsewhere_does_not_count(write_issue: WriteIssue) -> None:
    folder = write_issue({"items/010-mote.md": item("", "![a](images/a.png)"), "images/b.png": b"x"})
    (folder / "secret").write_bytes(b"secret")
    try:
        (folder / "images" / "a.png").symlink_to(folder / "secret")
    except OSError:
        pytest.skip("this system lets us make no symbolic links")
    reading = read_issue(folder, helsefellesskap=[], publisher="x")
    assert [(each.rule, each.message) for each in reading.findings] == [
        ("image", "an image is not there, or is only a link to a file elsewhere")
    ]


def test_a_folder_in_the_place_of_a_file_is_an_error_and_no_traceback(write_issue: WriteIssue) -> None:
    folder = write_issue({"issue.toml": None, "issue.toml/x": "y"})
    reading = read_issue(folder, helsefellesskap=[], publisher="x")
    assert reading.issue is None
    assert [each.message.split(":")[0] for each in reading.findings] == ["the file cannot be read"]


def test_the_sources_are_kept_for_those_who_look_for_words(read_files: ReadFiles) -> None:
    assert set(read_files().sources) == {"issue.toml", "items/010-mote.md"}


# --- Dates ---


@pytest.mark.parametrize(
    ("written", "parsed"),
    [
        (date(2024, 2, 1), (date(2024, 2, 1), Precision.DAY)),
        ("2024-02-01", (date(2024, 2, 1), Precision.DAY)),
        ("2024-02", (date(2024, 2, 1), Precision.MONTH)),
        ("2024", (date(2024, 1, 1), Precision.YEAR)),
        (2024, (date(2024, 1, 1), Precision.YEAR)),
        ("2022-winter", (date(2022, 1, 1), Precision.SEASON)),
        ("2022-spring", (date(2022, 3, 1), Precision.SEASON)),
        ("2022-summer", (date(2022, 6, 1), Precision.SEASON)),
        ("2022-autumn", (date(2022, 9, 1), Precision.SEASON)),
        ("2024-02-30", None),
        ("2024-13", None),
        ("1.2.2024", None),
        ("9999", None),
        (date(200, 1, 1), None),
        (True, None),
        ([], None),
    ],
)
def test_a_date_is_a_day_month_season_or_year(written: object, parsed: tuple[date, Precision] | None) -> None:
    assert parse_date(written) == parsed


# --- Finding an issue ---


def test_an_issue_is_found_by_its_slug(write_issue: WriteIssue) -> None:
    folder = write_issue()
    write_issue(slug="2023-12")
    assert find_issue(folder.parent, "2024-02") == folder
    assert issue_slugs(folder.parent) == ["2023-12", "2024-02"]


@pytest.mark.parametrize(
    ("slug", "hint"), [("2023-21", "Did you mean 2023-12?"), ("x", "There are: 2023-12."), ("../2023-12", "2023-12")]
)
def test_an_unknown_slug_is_refused_with_the_nearest(slug: str, hint: str, write_issue: WriteIssue) -> None:
    issues = write_issue(slug="2023-12").parent
    with pytest.raises(MailerError) as caught:
        find_issue(issues, slug)
    assert f'there is no issue "{slug}"' in str(caught.value)
    assert hint in str(caught.value)


def test_without_any_issue_the_hint_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(MailerError, match="mailer new"):
        find_issue(tmp_path / "issues", "2024-02")


@pytest.mark.parametrize("slug", ["", "..", "a/b", "a\\b", "A", "-a", "å", "a" * 65, "2024-02\n"])
def test_a_slug_is_never_a_path(slug: str) -> None:
    assert not is_slug(slug)


# --- Whatever stands in the files ---


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frame=st.one_of(st.binary(), st.text().map(str.encode)),
    text=st.one_of(st.binary(), st.text().map(lambda x: item("", x).encode())),
)
def test_no_bytes_in_the_files_raise(frame: bytes, text: bytes, read_files: ReadFiles) -> None:
    reading = read_files({"issue.toml": frame, "items/010-mote.md": text})
    assert reading.issue is None or not any(each.severity is Severity.ERROR for each in reading.findings)
    for finding in reading.findings:
        lines = reading.sources.get(finding.file, "").split("\n")
        assert finding.line <= max(len(lines), frame.count(b"\n") + 1, text.count(b"\n") + 1)
        assert not finding.words or finding.words in lines[finding.line - 1]


def test_a_title_on_two_lines_is_refused_where_it_stands(read_files: ReadFiles) -> None:
    reading = read_files(
        {"issue.toml": 'date = "2024-02"\ntitle = "Hei\\r\\nBcc: a@b.example"\n', "items/010-a.md": "+++\n+++\nA.\n"}
    )
    assert reading.issue is None
    (finding,) = reading.findings
    assert (finding.file, finding.line, finding.message) == ("issue.toml", 2, '"title" must stand on one line')


def test_an_issue_without_its_frame_is_not_called_unknown(tmp_path: Path) -> None:
    (tmp_path / "2024-02").mkdir()
    with pytest.raises(MailerError, match=r"issue\.toml is missing"):
        find_issue(tmp_path, "2024-02")


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", " \t"])
def test_a_space_after_the_lines_around_the_facts_is_none_of_them(space: str, read_files: ReadFiles) -> None:
    text = f"+++{space}\ntitle = 'Sak'\n+++{space}\nTekst.\n"
    reading = read_files({"issue.toml": FRAME, "items/010-a.md": text})
    assert [each.title for each in good(reading).items][:1] == ["Sak"]


@pytest.mark.parametrize(
    "line", ["preheader = “Sak”", 'preheader = "Sak”', 'preheader\u00a0= "Sak"', "preheader = Sak"]
)
def test_what_is_not_valid_toml_has_its_column(line: str, read_files: ReadFiles) -> None:
    (finding,) = read_files({"issue.toml": f"{FRAME}{line}\n"}).findings
    assert line[finding.column - 1] == finding.words
    assert finding.column > 9
