"""Marks left over are named at their place: found by `marks` in a `residue`, in facts by `leftovers`; `debris` tells.

So is what readers would not get: titles of links, comments, empty points.
"""

from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.findings import OF_EACH_RULE
from mailer.issue.lint import lint
from mailer.issue.lint.passages import passages_in
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Finding, List, Paragraph, Severity, Text
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
FRAME = 'title = "A"\ndate = "2024-02"\nlang = "nb"\n'


def told(text: str, *, first_line: int = 1, rule: str = "left-over-mark") -> list[Finding]:
    _, findings = parse_blocks(text, file="items/x.md", lang="nb", first_line=first_line, images=("images/a.png",))
    return [each for each in findings if each.rule == rule]


def places(text: str) -> list[tuple[int, int, str]]:
    """Line, column and mark of each finding."""
    return [(each.line, each.column, each.message.split("”")[0].lstrip("“")) for each in told(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Les [rapporten] (https://a.example/r.pdf)", [(1, 15, "]")]),
        ("Les [rapporten](se her)", [(1, 15, "](")]),
        ("[rapporten][1]\n\n[1]: https://a.example/r", [(1, 11, "]["), (3, 3, "]:")]),
        ("Se ![kart] her", [(1, 4, "![")]),
        ("Se [[side]]", [(1, 4, "[["), (1, 10, "]]")]),
        ("Se [] her", [(1, 4, "[]")]),
        ("[c[^1]](https://a.example/)\n\n[^1]: Note", [(1, 7, "](")]),
        ("| A | B |\n|---|---|\n| - | x **y |", [(3, 9, "**")]),
        ("**Frist:**15. januar", [(1, 1, "**"), (1, 9, "**")]),
        ("Det er ** viktig ** nå", [(1, 8, "**"), (1, 18, "**")]),
        ("**«Rapporten»**s", [(1, 1, "**"), (1, 14, "**")]),
        ("**a** og **«b»**s", [(1, 10, "**"), (1, 15, "**")]),
        ("Vi har **tre ting", [(1, 8, "**")]),
        ("Vi har __tre ting", [(1, 8, "__")]),
        ("Vi _mener dette", [(1, 4, "_")]),
        ("Vi mener dette_ her", [(1, 15, "_")]),
        ("Vi mener *dette", [(1, 10, "*")]),
        ("Vi mener dette* her", [(1, 15, "*")]),
        ("Det er * viktig * nå", [(1, 8, "*"), (1, 17, "*")]),
        ("[r](https://a.example/) {lang=nn}", [(1, 25, "{lang")]),
        ("[Rapport]{lang=nb}", [(1, 10, "{lang")]),
        ("Rapport{.stor}", [(1, 8, "{")]),
        ("Se note [^ 1]", [(1, 9, "[^")]),
        ("Vi bruker `helse` her", [(1, 11, "`")]),
        ("```\nkode\n```", [(1, 1, "```"), (3, 1, "```")]),
        ("Det er ~~avlyst~~ utsatt", [(1, 8, "~~")]),
        ("Det er ==viktig== nå", [(1, 8, "==")]),
        ("#Overskrift", [(1, 1, "#")]),
        ("#Overskrift med flere ord", [(1, 1, "#")]),
        ("##Overskrift.", [(1, 1, "##")]),
        ("Program\n===", [(2, 1, "===")]),
        ("Program\n--", [(2, 1, "--")]),
        ("Program\n•", [(2, 1, "•")]),
        ("-Punkt en\n-Punkt to", [(1, 1, "-"), (2, 1, "-")]),
        ("-punkt en", [(1, 1, "-")]),
        ("Vi har:\n-en\n-to", [(2, 1, "-"), (3, 1, "-")]),
        ("Vi har:\n-Punkt", [(2, 1, "-")]),
        ("*Punkt en\n*Punkt to", [(1, 1, "*"), (2, 1, "*")]),
        ("1.Punkt\n2.Punkt", [(1, 1, "1."), (2, 1, "2.")]),
        ("- [ ] oppgave\n- [x] gjort", [(1, 3, "[ ]"), (2, 3, "[x]")]),
        ("A &amp;nbsp; B og &ukjent;", [(1, 7, "&nbsp;"), (1, 19, "&ukjent;")]),
        ("A &amp;#11; B", [(1, 7, "&#11;")]),
        ("A &nbsp B", [(1, 3, "&nbsp")]),
        ("<o:p>ord</o:p>", [(1, 1, "<o:p>"), (1, 9, "</o:p>")]),
        ("og\\eller", [(1, 3, "\\")]),
        ("Skriv til unge_voss_ nå", [(1, 20, "_")]),
        ("linje\nslutt\\", [(2, 6, "\\")]),
        ("Hei {{ navn }}", [(1, 5, "{{"), (1, 13, "}}")]),
        ("::: boks\nord\n:::", [(1, 1, ":::"), (3, 1, ":::")]),
        ("> - sitat **x", [(1, 11, "**")]),
        ("## Om **x", [(1, 7, "**")]),
        ("a **b** `\nc d** e", [(1, 9, "`"), (2, 4, "**")]),
    ],
)
def test_a_mark_that_readers_would_see_is_named_at_its_place(text: str, found: list[tuple[int, int, str]]) -> None:
    assert places(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "2*3*4 er 24, 5 * 3 er 15, og 2**3 er 8; a * b",
        "C# og 1 #2, #helse og #Norge",
        "Følg oss på @unge_voss_ og @_vi_ her",
        "#Helse er viktig for oss.",
        "#NorskHelse #Helse",
        "#helse",
        "Pris: 1 500,- kr; 10–12 kr; -5 grader; +47 12 34 56 78; ± 3",
        r"C:\felles\_x\y.docx, K:\Felles mappe\x og \\server\felles\_x",
        r"felles\mappe\fil_1.docx, /var/log/_x_/y_, _mal.docx",
        "kari_nordmann@a.example, _kari_@a.example og https://a.example/_x_/*y*/z",
        "Navn: ____ og dato: __________ *** Hotell ***",
        "medarbeider*en, «helse*» og snake_case",
        "§ 5, jf. § 3-2 [1], (a), [2020] og R&D, AT&T; Q&A",
        "Pris* og frakt**\n\n*Uten frakt\n\n**Med avgift",
        "Pris* er 100 kr\n\n* Uten frakt",
        "Merk: *) gjelder ikke private.",
        "Pris*) er 100 kr, frakt **)\n\n*) Uten frakt\n\n**) Med avgift",
        r"\*stjerne\* \_strek\_ \[x\](y) \`a\` \#Hei",
        "&lt;b&gt; og 5 < 3 > 2",
        "– Vi er glade. -- Det er bra",
        "**a** *b* __c__ _d_ [e](https://a.example/_f_){lang=nn} ![",
        "10.00 Velkommen\n10.15 Kaffe",
        "3.klasse er med",
        "ord som slutter på -sjoner eller\n-torar i nynorsk",
        "[r](tel:+4712345678)",
    ],
)
def test_what_means_itself_is_not_named(text: str) -> None:
    assert places(text.removesuffix(" ![")) == []


def test_a_star_that_leads_to_no_note_is_named() -> None:
    assert places("Pris* er 100 kr\n\n**Uten frakt") == [(1, 5, "*"), (3, 1, "**")]
    assert places("Det er *viktig*.\n\n* Punkt") == []


def test_the_star_of_a_note_stays_where_another_one_stands_before_a_bracket() -> None:
    text = "Merk: *) gjelder ikke private.\nMål\tTall\nVentetid*\t30\n* Median."
    blocks, findings = parse_blocks(text, file="x.md", lang="nb")
    assert blocks[-1] == Paragraph((Text("* Median."),), line=4)
    assert {each.rule for each in findings} == {"table"}


def test_a_note_that_begins_with_a_star_and_a_space_is_no_list() -> None:
    blocks, _ = parse_blocks("Pris* er 100 kr\n\n* Uten frakt", file="x.md", lang="nb")
    assert [each.words for each in passages_in(blocks, "x.md")] == ["Pris* er 100 kr", "* Uten frakt"]
    blocks, _ = parse_blocks("Pris* er 100 kr\n\n* Uten frakt\n* Med", file="x.md", lang="nb")
    assert [each.words for each in passages_in(blocks, "x.md")] == ["Pris* er 100 kr", "Uten frakt", "Med"]


def test_the_finding_says_what_to_write() -> None:
    (finding,) = told("Tekst.\n\nDet er **viktig nå.", first_line=10)
    assert (finding.severity, finding.line, finding.column, finding.words) == (Severity.WARNING, 12, 8, "**viktig")
    assert finding.message == "“**” is left over: readers would see it as it stands"
    assert finding.hint.startswith("Write **words** with no space inside")
    hints = {
        each.hint
        for text in ("#Overskrift", "-Punkt", "`x`", "~~x~~", "a\\b", "&xy;", "[^", "](", "![")
        for each in told(text)
    }
    assert len(hints) == 9
    assert [each.hint for each in told("[x]{lang=nn}")] == [
        "It must stand right behind a link: [words](https://…){lang=nn}."
    ]


def test_for_a_box_a_sign_is_named_that_says_whether_it_is_ticked() -> None:
    hint = "Write ☐ for a box and ☒ for one that is ticked: readers see the sign."
    assert [(each.line, each.words, each.hint) for each in told("[ ] Ja\n[x] Nei")] == [
        (1, "[ ]", hint),
        (2, "[x]", hint),
    ]


def test_of_many_marks_a_hundred_are_told() -> None:
    assert len(told("**a " * 2 * OF_EACH_RULE)) == OF_EACH_RULE


# --- What readers would not get ---


def test_the_title_of_a_link_is_named() -> None:
    (finding,) = told('Les\n[rapporten](https://a.example/r.pdf "PDF, 2 MB,\npå engelsk") nå.', rule="link-title")
    assert (finding.severity, finding.line, finding.column) == (Severity.WARNING, 2, 38)
    assert finding.words == "PDF, 2 MB, på engelsk"
    assert told("[rapporten](https://a.example/r.pdf)", rule="link-title") == []
    _, findings = parse_blocks('[x](https://a.example/ "en" "to")', file="x.md", lang="nb")
    assert findings


def test_a_link_in_the_words_about_a_picture_is_named() -> None:
    text = "Ord.\n\n![Kart [nord](https://a.example/x) her](images/kart.png)"
    (finding,) = told(text, rule="link")
    assert (finding.line, finding.column, finding.words) == (3, 15, "https://a.example/x")
    assert finding.message == "the words about a picture hold a link: no reader can follow it"
    assert finding.hint == "Write the link in the text below the picture."


def test_a_comment_is_noted_unless_it_answers_a_finding() -> None:
    text = "Ord <!-- spør Kari --> meir.\n\n<!-- check off: bare-url, med vilje -->\n\n<!--\nOm\nto --><!-- tre -->"
    assert [(each.line, each.column, each.words) for each in told(text, rule="comment")] == [
        (1, 10, "spør Kari"),
        (6, 1, "Om"),
        (7, 12, "tre"),
    ]


def test_an_empty_point_is_left_out_and_named_and_one_with_a_number_is_named() -> None:
    blocks, findings = parse_blocks("- \n- Punkt to\n-\n\n- -", file="x.md", lang="nb")
    assert [each.words for each in passages_in(blocks, "x.md")] == ["Punkt to"]
    assert [(each.rule, each.line, each.column) for each in findings] == [
        ("empty-point", 1, 1),
        ("empty-point", 3, 1),
        ("empty-point", 5, 1),
    ]
    assert parse_blocks("-", file="x.md", lang="nb")[0] == ()
    assert [each.line for each in told("1. A\n2.\n3. C", rule="empty-point")] == [2]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1. A\n  - under\n2. B", ["A", "under"]),
        ("1. A\n   - x\n   * y\n   + z\n2. B", ["A", "x", "y", "z"]),
        ("1. A\n   a. x\n   b. y\n2. B", ["A\na. x\nb. y"]),
    ],
)
def test_what_stands_below_a_point_belongs_to_it_line_by_line(text: str, read: list[str]) -> None:
    (block,), _ = parse_blocks(text, file="x.md", lang="nb")
    assert isinstance(block, List)
    assert [each.words for each in passages_in(block.points[0], "x.md")] == read


# --- Facts ---


def test_marks_in_facts_are_named_where_no_markdown_counts(read_files: ReadFiles) -> None:
    frame = FRAME.replace('"A"', '"Ny **utgave**"') + 'preheader = "# Hei"\n[[sections]]\ntitle = "Nytt &nbsp;"\n'
    item = '+++\ntitle = "**Møte** <b>nå</b>"\ncontacts = [{ email = "a@a.example", name = "_Kari" }]\n'
    more = 'dates = [{ date = 2024-03-01, title = "`Kurs`", place = "~~Oslo~~" }]\n+++\nTekst.\n'
    reading = read_files({"issue.toml": frame, "items/010-a.md": item + more})
    assert reading.readable is not None
    findings = lint(reading.readable, today=date(2024, 2, 5), sources=reading.sources)
    assert [(each.file, each.line, each.column, each.words) for each in findings if each.rule == "left-over-mark"] == [
        ("issue.toml", 1, 13, "**utgave**"),
        ("issue.toml", 1, 21, "**"),
        ("issue.toml", 4, 14, "# Hei"),
        ("issue.toml", 6, 15, "&nbsp;"),
        ("items/010-a.md", 2, 10, "**Møte**"),
        ("items/010-a.md", 2, 16, "**"),
        ("items/010-a.md", 2, 19, "<b>nå</b>"),
        ("items/010-a.md", 2, 24, "</b>"),
        ("items/010-a.md", 3, 46, "_Kari"),
        ("items/010-a.md", 4, 40, "`Kurs`"),
        ("items/010-a.md", 4, 58, "~~Oslo~~"),
    ]


def test_marks_in_texts_of_issue_toml_stand_at_their_place(read_files: ReadFiles) -> None:
    frame = f'{FRAME}intro = """\nHei **du\n"""\n[[important_dates]]\ndate = 2024-03-01\ntext = "Frist **nå"\n'
    reading = read_files({"issue.toml": frame})
    found = [(each.line, each.column, each.words) for each in reading.findings if each.rule == "left-over-mark"]
    assert found == [(5, 5, "**du"), (9, 15, "**nå")]


def test_marks_of_notes_right_behind_each_other_are_none_of_a_link() -> None:
    assert places("Se under.[MT2][KN3R1] Og her.[1][12][3] Der[a][b]") == []
    assert places("[rapporten][MT2]") == [(1, 11, "][")]


def test_a_bullet_alone_on_its_line_wants_the_words_of_its_point() -> None:
    (finding,) = told("Tekst.\n\n•\nPunkt")
    assert finding.hint == "Write the words of the point behind it, on the same line."


def test_the_line_above_a_signature_goes_with_it() -> None:
    (finding,) = told("Tekst.\n\n--\nKari Nordmann")
    assert (finding.line, finding.column, finding.words) == (3, 1, "--")
    hint = "Remove the line, with the signature if one stands below it"
    assert finding.hint == f"{hint}; write ## Heading where the words above it are a heading."
    (finding,) = told("Tekst\n---x\n===\nKari")
    assert finding.hint.startswith("Remove the line; write")
