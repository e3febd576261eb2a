"""Markdown as an item may have it: what `blocks` and the `parser` make of each mark, and what it refuses and where.

So of `brackets` that stand open and of what is `emptied`. Of the same fault `findings` tells a hundred times.
"""

import string
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.issue.links.urls import clean_url
from mailer.issue.markdown.blocks import parse_blocks, parse_inlines
from mailer.issue.markdown.characters import UNPRINTABLE, printable
from mailer.issue.markdown.marks import left_over
from mailer.issue.markdown.parser import NESTING_AT_MOST
from mailer.issue.model import (
    Block,
    Blocks,
    Emphasis,
    Finding,
    Footnotes,
    Heading,
    Image,
    Inline,
    Inlines,
    LineBreak,
    Link,
    List,
    Paragraph,
    Quote,
    Severity,
    Strong,
    Table,
    Text,
    plain_text,
)

WORDS = (
    "ord",
    "22. november 2023 blei",
    "1. og 2. mars",
    "[ord](https://a.example/)",
    "[ord](){lang=nb}",
    "[**ord**](https://a.example/?fbclid=1){lang=xx}",
    "[](https://a.example/)",
    "<ola@a.example>",
    "kari@b.example,",
    "https://a.example/(x).",
    "![alt](images/a.png)",
    "![](images/a.png)",
    "[x](javascript:1)",
    "<b>",
    "<!-- note -->",
    "*a **b",
    "c** d*",
    "\\",
    "`x`",
    "| a |",
    "&nbsp;",
    "#",
    "###",
    "-",
    "1.",
    ">",
    "---",
    "===",
    "    ",
    "  \n",
    "\n",
    "\n\n",
    "\u202f",
    "e\u0301",
)
MARKDOWN = st.one_of(
    st.text(),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS)).map("\n".join),
)


def parse(text: str, *, images: tuple[str, ...] = ()) -> tuple[Blocks, tuple[Finding, ...]]:
    return parse_blocks(text, file="items/x.md", lang="nn", images=images)


def only_paragraph(text: str) -> Inlines:
    (block,), _ = parse(text)
    assert isinstance(block, Paragraph)
    return block.inlines


def words_of(blocks: Blocks) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(inlines) | Heading(inlines=inlines):
                yield plain_text(inlines)
            case List(points):
                for point in points:
                    yield from words_of(point)
            case Quote(quoted):
                yield from words_of(quoted)
            case Image(alt=alt):
                yield alt
            case Table():
                yield from (plain_text(cell.inlines) for row in block.all_rows for cell in row)
            case Footnotes(notes):
                yield from (words for note in notes for words in words_of(note.blocks))


def inlines_of(blocks: Blocks) -> Iterator[Inline]:
    for block in blocks:
        match block:
            case Paragraph(inlines) | Heading(inlines=inlines):
                yield from deep(inlines)
            case List(points):
                for point in points:
                    yield from inlines_of(point)
            case Quote(quoted):
                yield from inlines_of(quoted)
            case Table():
                yield from (each for row in block.all_rows for cell in row for each in deep(cell.inlines))
            case Footnotes(notes):
                yield from (each for note in notes for each in inlines_of(note.blocks))
            case Image():
                pass


def deep(inlines: Inlines) -> Iterator[Inline]:
    for inline in inlines:
        yield inline
        if isinstance(inline, Strong | Emphasis | Link):
            yield from deep(inline.children)


def rules(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


# --- Words ---


def test_letters_are_composed_and_a_narrow_no_break_space_is_kept() -> None:
    inlines = only_paragraph("Ba\u030abord,\u202f25\u00a0000 e&#x301;")
    assert inlines == (Text("Båbord,\u202f25\u00a0000 é"),)


def test_strong_emphasis_and_a_hard_break_become_inlines() -> None:
    assert only_paragraph("*a* **b**\\\nc") == (
        Emphasis((Text("a"),)),
        Text(" "),
        Strong((Text("b"),)),
        LineBreak(),
        Text("c"),
    )


def test_code_rules_and_underlines_of_markdown_stay_words() -> None:
    blocks, findings = parse("    innrykk\n\n`x`\n\n```\nkode\n```\n\nTittel\n===\n\n[a]: https://a.example")
    assert [*words_of(blocks)] == ["innrykk", "`x`", "```\nkode\n```", "Tittel\n===", "[a]: https://a.example"]
    assert {each.rule for each in findings} == {"left-over-mark"}


def test_number_signs_close_a_heading_only_as_many_as_open_it() -> None:
    blocks, _ = parse("## Om C #\n\n## Om ##\n\n# Om C# #")
    assert [*words_of(blocks)] == ["Om C #", "Om", "Om C#"]


@pytest.mark.parametrize(
    "text",
    ["2*3*4 er 24, 10**6*2**3", r"Lagt i \\server\felles\_x_ og C:\_a\_b.docx.", "-5 grader, +47 12 34", "#1 i Norge"],
)
def test_what_looks_like_a_mark_in_numbers_and_paths_stays(text: str) -> None:
    assert only_paragraph(text) == (Text(text),)


STARRED = "kolleg*er og lærar*ar, 4*a*b"


@pytest.mark.parametrize(
    "text",
    [
        STARRED,
        f"- {STARRED}\n- b",
        f"> {STARRED}",
        f"## {STARRED}",
        f"|{STARRED}|b|\n|---|---|\n|c|d|",
        f"a[^1]\n\n[^1]: {STARRED}",
    ],
)
def test_stars_inside_words_stay_as_written_and_are_not_told(text: str) -> None:
    blocks, findings = parse(text)
    assert STARRED in [*words_of(blocks)]
    assert findings == ()


def test_stars_inside_words_stay_in_a_title_in_the_words_of_a_link_and_in_those_about_a_picture() -> None:
    assert only_paragraph(f"[{STARRED}](https://a.example/)") == (Link((Text(STARRED),), "https://a.example/"),)
    assert left_over(STARRED, is_fact=True) == []
    blocks, _ = parse(f"![{STARRED}](images/a.png)", images=("images/a.png",))
    assert blocks == (Image(path="images/a.png", alt=STARRED, line=1),)


def test_words_with_stars_may_be_emphasized_and_marks_beside_them_are_told() -> None:
    assert only_paragraph("*kolleg*er og lærar*ar* **a*b og c*d**") == (
        Emphasis((Text("kolleg*er og lærar*ar"),)),
        Text(" "),
        Strong((Text("a*b og c*d"),)),
    )
    for text in ("lærar**ar og kolleg**er", "**helse**føretak", "kolleg*er*"):
        blocks, findings = parse(text)
        assert [*words_of(blocks)] == [text]
        assert {each.rule for each in findings} == {"left-over-mark"}


def test_a_path_may_be_bold_and_a_backslash_before_a_mark_is_still_none() -> None:
    assert only_paragraph(r"**\\s\_x** \*a\* 21\. \\\\s\\x") == (
        Strong((Text(r"\\s\_x"),)),
        Text(r" *a* 21. \\s\x"),
    )


def test_headings_begin_at_level_4_and_skip_none() -> None:
    blocks, _ = parse("## a\n\n#### b\n\n##### c\n\n###### d\n\n# e\n\n## f")
    assert [block.level for block in blocks if isinstance(block, Heading)] == [4, 5, 6, 6, 4, 5]


# --- Links ---


def test_the_language_of_link_words_stands_behind_the_link() -> None:
    assert only_paragraph("Sjå [ord](https://a.example/){lang=nb}, [to](https://b.example/){lang=nn}.") == (
        Text("Sjå "),
        Link((Text("ord"),), "https://a.example/", "nb"),
        Text(", "),
        Link((Text("to"),), "https://b.example/"),
        Text("."),
    )


def test_an_unknown_language_of_a_link_is_an_error_that_lists_the_known() -> None:
    blocks, (finding,) = parse("hei\n[ord](https://a.example/){lang=dk}")
    assert (finding.severity, finding.rule, finding.line, finding.words) == (Severity.ERROR, "lang", 2, "{lang=dk}")
    assert "nb, nn, se, en" in finding.hint
    assert [*words_of(blocks)] == ["hei ord"]


def test_words_without_an_address_are_a_link_to_nowhere_and_a_warning() -> None:
    blocks, (finding,) = parse("Sjå\n[Etablering og organisering](){lang=nb}")
    assert Link((Text("Etablering og organisering"),), "", "nb") in [*inlines_of(blocks)]
    assert (finding.severity, finding.rule, finding.line) == (Severity.WARNING, "no-address", 2)
    assert finding.words == "Etablering og organisering"


def test_a_link_without_words_shows_its_address_and_is_a_warning() -> None:
    blocks, (finding,) = parse("[](https://a.example/)")
    assert [*words_of(blocks)] == ["https://a.example/"]
    assert finding.rule == "no-words"


def test_bare_addresses_in_running_text_become_links_but_never_inside_a_link() -> None:
    assert only_paragraph("Skriv til ola@a.example. [**https://b.example**](https://c.example/)") == (
        Text("Skriv til "),
        Link((Text("ola@a.example"),), "mailto:ola@a.example"),
        Text(". "),
        Link((Strong((Text("https://b.example"),)),), "https://c.example/"),
    )


SHAREPOINT = (
    "https://kommune.sharepoint.com/:w:/r/sites/Helse_/_layouts/15/Doc.aspx?sourcedoc=%7BA%7D&file=a_b_.docx&x=*y*"
)


def link(url: str) -> Link:
    return Link((Text(url),), url)


@pytest.mark.parametrize(
    ("text", "inlines"),
    [
        (f"Se {SHAREPOINT} her_.", (Text("Se "), link(SHAREPOINT), Text(" her_."))),
        (f"<{SHAREPOINT}>", (link(SHAREPOINT),)),
        (f"**{SHAREPOINT}_**", (Strong((link(SHAREPOINT + "_"),)),)),
        ("_https://a.example/x_y_z_", (Emphasis((link("https://a.example/x_y_z"),)),)),
        ("*se https://a.example/*foo*bar*", (Emphasis((Text("se "), link("https://a.example/*foo*bar"))),)),
        ("***https://a.example/x_***.", (Emphasis((Strong((link("https://a.example/x_"),)),)), Text("."))),
        ("**Frist:** https://a.example/_x_", (Strong((Text("Frist:"),)), Text(" "), link("https://a.example/_x_"))),
        (
            "**Se** *https://a.example/x*, *ja*",
            (
                Strong((Text("Se"),)),
                Text(" "),
                Emphasis((link("https://a.example/x"),)),
                Text(", "),
                Emphasis((Text("ja"),)),
            ),
        ),
        (r"https://a.example/\_x\_?a=1&amp;b=2", (link("https://a.example/_x_?a=1&b=2"),)),
        ("https://a.example/{lang=nb}", (Link((Text("https://a.example/"),), "https://a.example/", "nb"),)),
        (
            "(HTTPS://a.example/_x_(y)_)",
            (Text("("), Link((Text("HTTPS://a.example/_x_(y)_"),), "https://a.example/_x_(y)_"), Text(")")),
        ),
        (
            "[se https://a.example/_x_](https://b.example/)",
            (Link((Text("se https://a.example/_x_"),), "https://b.example/"),),
        ),
        ("[x] (https://a.example/_x_)", (Text("[x] ("), link("https://a.example/_x_"), Text(")"))),
        (
            "Skriv til _per_hansen@k.example_",
            (Text("Skriv til "), Emphasis((Link((Text("per_hansen@k.example"),), "mailto:per_hansen@k.example"),))),
        ),
        ("https://localhost/_x_ og https://…", (Text("https://localhost/_x_ og https://…"),)),
    ],
)
def test_a_bare_address_is_whole_whatever_marks_it_holds(text: str, inlines: Inlines) -> None:
    assert only_paragraph(text) == inlines
    assert parse_inlines(text, file="issue.toml", lang="nn")[0] == inlines


PIECES = (
    "_",
    "*",
    "__",
    "**",
    "a",
    "B1",
    "~a",
    ".",
    ",",
    "/",
    "(c)",
    "[1]",
    "(_d_)",
    "-",
    "=",
    "&x=",
    "#",
    "%20",
    "é",
    "…",
    "@",
)
ADDRESS = st.lists(st.sampled_from(PIECES), max_size=10).map(
    lambda rest: "https://a.example/" + "".join(rest).rstrip(".,…")
)


@given(ADDRESS, st.sampled_from([" ", ", ", ". ", "– ", "… ", ") ", "] ", "» "]))
@example("https://a.example/_foo_/bar_", ". ")
def test_a_bare_address_leads_where_it_is_written_and_leaves_the_words_around_it(url: str, after: str) -> None:
    assert only_paragraph(f"Les_ *mer*: {url}{after}eller_ *ring*") == (
        Text("Les_ "),
        Emphasis((Text("mer"),)),
        Text(": "),
        Link((Text(url),), clean_url(url).url),
        Text(f"{after}eller_ "),
        Emphasis((Text("ring"),)),
    )


def test_a_refused_bare_address_is_told_once_and_stays_words() -> None:
    blocks, (finding,) = parse("Se https://kari:pw@a.example/_x_ her.")
    assert [*words_of(blocks)] == ["Se https://kari:pw@a.example/_x_ her."]
    assert (finding.rule, finding.words) == ("link", "https://kari:pw@a.example/_x_")


def email(address: str) -> Link:
    return Link((Text(address),), f"mailto:{address}")


@pytest.mark.parametrize(
    ("text", "inlines"),
    [
        ("per~x@a.example", (email("per~x@a.example"),)),
        ("**Spør kari=n@a.example**", (Strong((Text("Spør "), email("kari=n@a.example"))),)),
        ("ola*n@a.example og *ja*", (email("ola*n@a.example"), Text(" og "), Emphasis((Text("ja"),)))),
        (r"per\_x@a.example", (email("per_x@a.example"),)),
        ("kari&ola@a.example", (email("kari&ola@a.example"),)),
        ("o'brien+nyhet=b@a.example", (email("o'brien+nyhet=b@a.example"),)),
        ("_post_@a.example", (email("_post_@a.example"),)),
        ("_a_b_@a.example, c_d@a.example", (email("_a_b_@a.example"), Text(", "), email("c_d@a.example"))),
        ("_kari@a.example_", (Emphasis((email("kari@a.example"),)),)),
        (
            "**kari@a.example og ola@a.example**",
            (Strong((email("kari@a.example"), Text(" og "), email("ola@a.example"))),),
        ),
        (
            "www.a.example/_layouts_/15/x_y",
            (Link((Text("www.a.example/_layouts_/15/x_y"),), "https://www.a.example/_layouts_/15/x_y"),),
        ),
        ("helsedir.example/_x_/y*z*w.", (Text("helsedir.example/_x_/y*z*w."),)),
        ("*helsedir.example/_x_*", (Emphasis((Text("helsedir.example/_x_"),)),)),
        ("sftp://a.example/_x_ og *ja*", (Text("sftp://a.example/_x_ og "), Emphasis((Text("ja"),)))),
        (
            "mailto:kari@a.example?subject=Hei_du_",
            (Link((Text("mailto:kari@a.example?subject=Hei_du_"),), "mailto:kari@a.example?subject=Hei_du_"),),
        ),
        ("mailto:kari@a.example.", (email("kari@a.example"), Text("."))),
        (
            "https://a.example/x;https://a.example/y",
            (link("https://a.example/x"), Text(";"), link("https://a.example/y")),
        ),
    ],
)
def test_any_other_bare_address_is_whole_too(text: str, inlines: Inlines) -> None:
    assert only_paragraph(text) == inlines
    assert parse(text)[1] == ()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[Veileder](https://a.example/a b.pdf)", "https://a.example/a b.pdf"),
        ("[Veileder](https://a.example/Tillegg (PDF).pdf)", "https://a.example/Tillegg (PDF).pdf"),
        ("**[Veileder]( Https://a.example/a b c )**", "Https://a.example/a b c"),
        ("<https://a.example/x y>", "https://a.example/x y"),
        ('[Veileder](https://a.example/a b.pdf "Tittel")', "https://a.example/a b.pdf"),
        ("[x](a.example/Tillegg 1.pdf)", "a.example/Tillegg 1.pdf"),
        ("[Ring](tel:+47 22 eller 33)", "tel:+47 22 eller 33"),
        ("[x](www.a.example/a b)", "www.a.example/a b"),
        ("[a [b](https://a.example/a b) c](https://b.example)", "https://a.example/a b"),
        ("![kart](images/mitt kart.png)", "images/mitt kart.png"),
        ('![kart](images/mitt kart.png "Kart: Nord")', "images/mitt kart.png"),
    ],
)
def test_a_space_in_an_address_is_an_error_that_names_it(text: str, address: str) -> None:
    (finding,) = parse(f"Hei.\nSe {text}")[1]
    assert (finding.severity, finding.line, finding.words) == (Severity.ERROR, 2, address)
    assert finding.rule == ("image" if address.startswith("images/") else "link")
    assert finding.message == "there is a space in an address"
    assert finding.hint == "Write %20 for each space, or angle brackets around the address: [words](<https://…>)."


@pytest.mark.parametrize(
    ("text", "rule", "address"),
    [
        ("<https://x.example/lang/sti/med/\nlinjeskift>", "link", "https://x.example/lang/sti/med/"),
        ("[x](https://a.example/a\nb.pdf)", "link", "https://a.example/a"),
        ("![kart](images/mitt\nkart.png)", "image", "images/mitt"),
    ],
)
def test_a_line_end_in_an_address_is_an_error_that_names_it(text: str, rule: str, address: str) -> None:
    (finding,) = parse(f"Hei.\nSe {text}")[1]
    assert (finding.severity, finding.line, finding.rule, finding.words) == (Severity.ERROR, 2, rule, address)
    assert finding.message == "there is a line end in an address"
    assert finding.hint == "Write the whole address on one line, without a space."


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("tel:+47 12 34 56 78", "tel:+4712345678"),
        ("Tel:12\u00a034\u202f56", "tel:123456"),
        ("tel:+47 (0)12-34.56", "tel:+47(0)12-34.56"),
        (
            "mailto:a@b.example?subject=Påmelding til møte",
            "mailto:a@b.example?subject=P%C3%A5melding%20til%20m%C3%B8te",
        ),
    ],
)
def test_a_telephone_number_and_the_subject_of_a_mail_may_have_spaces(written: str, url: str) -> None:
    assert parse(f"**[Ring]( {written} ) nå**") == (
        (Paragraph(inlines=(Strong((Link((Text("Ring"),), url), Text(" nå"))),), line=1),),
        (),
    )


def test_a_telephone_link_may_stand_in_parentheses() -> None:
    assert only_paragraph("(ring [oss](tel:12 34))") == (
        Text("(ring "),
        Link((Text("oss"),), "tel:1234"),
        Text(")"),
    )


def test_a_telephone_number_in_angle_brackets_is_a_link_on_itself() -> None:
    assert only_paragraph("<tel:+47 12 34> <Tel:+4756>") == (
        Link((Text("+47 12 34"),), "tel:+471234"),
        Text(" "),
        Link((Text("+4756"),), "tel:+4756"),
    )


def test_an_address_that_begins_with_www_may_stand_in_angle_brackets() -> None:
    assert only_paragraph("Se <www.a.example/_x_y_> og [<www.b.example>](https://c.example)") == (
        Text("Se "),
        Link((Text("www.a.example/_x_y_"),), "https://www.a.example/_x_y_"),
        Text(" og "),
        Link((Text("<www.b.example>"),), "https://c.example"),
    )


@pytest.mark.parametrize(
    "written",
    [
        "https:/a.example/x_y",
        "https:a.example",
        "https//a.example",
        "http;//a.example",
        "https ://a.example/x",
        "https: //a.example/x",
        "https:// a.example/x",
        "Htttps://a.example",
        "htps://a.example",
        "htpps://a.example/x?y=1",
        "hhtp://a.example",
        "https://[a.example/x",
        "https://a.exa[mple/x",
        "https://a.exa]mple/x",
        "https://a.exampl>e?a=9",
        "www.a.exam^ple/x",
        "www.a.exa[mple/x",
    ],
)
def test_a_mistyped_beginning_of_an_address_is_named_at_its_place(written: str) -> None:
    (finding,) = parse(f"Hei.\n\nSe **på** {written}, og https://b.example/ https://")[1]
    assert (finding.rule, finding.severity, finding.line, finding.column) == ("link", Severity.WARNING, 3, 11)
    assert finding.words == written
    assert finding.message == "this looks like a web address, but does not begin as one"
    assert finding.hint == "Addresses begin with https://, http://, mailto: or tel:."


@pytest.mark.parametrize(
    "text",
    [
        "http: en protokoll",
        "https://a.example:80/x",
        "https og http.",
        "has: //a",
        "hps:x.no",
        "[se https://a.example] [www.a.example].",
        "www.a.example[1]",
        "https://a.example/x[y",
    ],
)
def test_other_words_are_no_mistyped_address(text: str) -> None:
    assert parse(text)[1] == ()


@pytest.mark.parametrize("form", ["Se {}", "[x]({})", "<{}>"])
def test_a_beginning_that_stands_twice_is_an_error(form: str) -> None:
    (finding,) = parse(form.format("https://https://a.example/x"))[1]
    assert (finding.rule, finding.severity, finding.words) == ("link", Severity.ERROR, "https://https://a.example/x")
    assert finding.message == "a link has an address without a web site's name"


@pytest.mark.parametrize("written", ["https://www..example/x", "https://.a.example/"])
def test_a_host_with_a_dot_too_many_is_an_error(written: str) -> None:
    (finding,) = parse(f"Se {written}")[1]
    assert (finding.rule, finding.severity, finding.words) == ("link", Severity.ERROR, written)
    assert finding.message == "a link has an address without a web site's name"


@pytest.mark.parametrize("text", ["www.f.examp1e/3", "www.a.example2", "www.a.example_2"])
def test_a_name_with_a_digit_at_its_end_is_not_cut_to_an_address(text: str) -> None:
    assert parse(text)[0] == (Paragraph((Text(text),), 1),)


@pytest.mark.parametrize(
    "path",
    [
        "K:\\felles\\_a_.docx",
        "\\\\server\\_x_\\a.docx",
        "\\\\server\\a b.docx",
        "file:///K:/a.docx",
        "file://server/a b.docx",
    ],
)
def test_a_link_to_a_file_that_only_colleagues_have_is_an_error_at_its_place(path: str) -> None:
    (finding,) = parse(f"Hei.\nSe [rutinen]({path}).")[1]
    assert (finding.rule, finding.severity, finding.line, finding.column) == ("inside-link", Severity.ERROR, 2, 14)
    assert finding.words == path
    assert finding.message == "a link leads to a file on a machine or network of your own"
    assert finding.hint == "Put the document on a public web page, and write its https:// address."


def test_an_address_that_begins_with_www_may_be_the_target_of_a_link() -> None:
    assert only_paragraph("[x](www.a.example/_x_) [y](<WWW.b.example>)") == (
        Link((Text("x"),), "https://www.a.example/_x_"),
        Text(" "),
        Link((Text("y"),), "https://WWW.b.example"),
    )


@pytest.mark.parametrize("form", ["{}", "[x]({})", "[x](<{}>)", "<{}>"])
def test_an_address_has_no_names_of_signs_but_the_ampersand(form: str) -> None:
    url = "https://a.example/?a=1&copy;b&lt;c&copy=2"
    assert [each.url for each in only_paragraph(form.format(url)) if isinstance(each, Link)] == [url]


WRAPPED = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2Fb_c_&data=05%7C_x_"


@pytest.mark.parametrize("form", ["Se {}.", "**Se <{}>**", "[x]({})", "[x](<{}>)"])
def test_a_wrapped_address_leads_to_what_is_in_it_and_a_note_says_so(form: str) -> None:
    blocks, (finding,) = parse(form.format(WRAPPED))
    (link,) = [each for each in inlines_of(blocks) if isinstance(each, Link)]
    assert link.url == "https://a.example/b_c_"
    assert link.written == WRAPPED
    assert not any("safelinks" in words for words in words_of(blocks))
    assert (finding.rule, finding.severity, finding.words) == ("tracking", Severity.NOTE, WRAPPED)
    assert (finding.message, finding.column) == ("taken off a link: SafeLinks", form.index("{") + 1)


@pytest.mark.parametrize("form", ["Se {}.", "**Se <{}>**", "[x]({})", "[x](<{}>)"])
def test_an_address_from_the_source_of_a_web_page_is_told_as_it_is_written(form: str) -> None:
    written = "https://a.example/?a=1&amp;fbclid=2&amp;b=3"
    blocks, (finding,) = parse(form.format(written))
    (link,) = [each for each in inlines_of(blocks) if isinstance(each, Link)]
    assert (link.url, link.written) == ("https://a.example/?a=1&b=3", written)
    assert (finding.rule, finding.words, finding.column) == ("tracking", written, form.index("{") + 1)
    assert "amp;" not in "".join(words_of(blocks))


def test_a_wrapped_address_that_begins_with_www_comes_off_too() -> None:
    written = "www.google.com/url?q=https%3A%2F%2Fa.example%2Fx_"
    blocks, (finding,) = parse(f"Se {written}, ja.")
    (paragraph,) = blocks
    assert isinstance(paragraph, Paragraph)
    assert paragraph.inlines == (
        Text("Se "),
        Link((Text("https://a.example/x_"),), "https://a.example/x_"),
        Text(", ja."),
    )
    assert [each.written for each in paragraph.inlines if isinstance(each, Link)] == [written]
    assert (finding.rule, finding.message, finding.words) == ("tracking", "taken off a link: Google", written)


def test_a_wrapper_that_does_not_say_where_it_leads_is_a_warning_with_what_to_do() -> None:
    url = "https://protect-eu.mimecast.com/s/AbC?domain=a.example"
    blocks, (finding,) = parse(f"Hei.\n\nSe [x]({url}).")
    assert [each.url for each in inlines_of(blocks) if isinstance(each, Link)] == [url]
    assert (finding.rule, finding.severity, finding.line, finding.column) == ("wrapped-link", Severity.WARNING, 3, 8)
    assert finding.words == url
    assert finding.message == "a link goes through Mimecast, which does not say where it leads"
    assert finding.hint == "Open the link, and write the address that the browser shows in the end."


@pytest.mark.parametrize(
    "text",
    [
        '[x](https://a.example/ "Tittel")',
        "[x](<https://a.example/a b>)",
        "[1](se side 2)",
        "[x] (https://a.example/ b)",
    ],
)
def test_a_space_outside_an_address_is_none_in_it(text: str) -> None:
    assert {each.rule for each in parse(text)[1]} <= {"link-title", "left-over-mark"}


@pytest.mark.parametrize("sign", ["’", "/", "|", "?", "!", "#"])
def test_an_e_mail_address_that_may_be_cut_is_no_link_and_an_error_that_names_the_sign(sign: str) -> None:
    blocks, (finding,) = parse(f"Hei,\nskriv til d{sign}angelo@a.example i dag.")
    assert [*words_of(blocks)] == [f"Hei, skriv til d{sign}angelo@a.example i dag."]
    assert (finding.rule, finding.severity, finding.line) == ("link", Severity.ERROR, 2)
    assert finding.words == f"d{sign}angelo@a.example"
    assert f"has a {sign} in" in finding.message


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("[ord](Https://a.example/X_y)", Link((Text("ord"),), "https://a.example/X_y")),
        ("HTTP://a.example/x_y_z", Link((Text("HTTP://a.example/x_y_z"),), "http://a.example/x_y_z")),
        ("[Kari](MAILTO:kari@a.example)", Link((Text("Kari"),), "mailto:kari@a.example")),
        ("<Mailto:kari@a.example>", Link((Text("kari@a.example"),), "mailto:kari@a.example")),
        ("[Ring](TEL:+4722)", Link((Text("Ring"),), "tel:+4722")),
    ],
)
def test_the_scheme_of_an_address_may_begin_with_a_capital_as_phones_write_it(text: str, link: Link) -> None:
    assert only_paragraph(text) == (link,)


@pytest.mark.parametrize(
    "text",
    [
        "https://" * 12_000,
        "https://a.no[" * 5 + "https://a.no]" * 6_000,
        "*a https://b.no/x_ " * 5_000,
        "a_" * 24_000,
        "_a@b.no " * 5_000,
    ],
)
@pytest.mark.timeout(20)
def test_very_many_addresses_are_read_at_once(text: str) -> None:
    """The square of these addresses would be a minute or more, and the test would be stopped."""
    assert len(parse(text)[0]) == 1


def test_an_address_in_angle_brackets_becomes_a_mailto_link() -> None:
    assert only_paragraph("<Turid.Moseid@a.example>") == (
        Link((Text("Turid.Moseid@a.example"),), "mailto:Turid.Moseid@a.example"),
    )


@pytest.mark.parametrize("inner", ["https://b.example/", "kari@b.example"])
def test_an_address_among_the_words_of_a_link_is_words(inner: str) -> None:
    (link,) = only_paragraph(f"[Les <{inner}>](https://a.example/)")
    assert isinstance(link, Link)
    assert (link.url, plain_text(link.children)) == ("https://a.example/", f"Les {inner}")
    assert not any(isinstance(each, Link) for each in link.children)


def test_an_address_with_parentheses_and_spaces_stands_in_angle_brackets() -> None:
    (link,) = only_paragraph("[ord](<https://a.example/Tillegg (PDF).PDF>)")
    assert link == Link((Text("ord"),), "https://a.example/Tillegg%20(PDF).PDF")


def test_tracking_is_taken_off_and_told_also_where_the_address_is_shown() -> None:
    blocks, findings = parse("[ord](https://a.example/?fbclid=1),\nhttps://b.example/?utm_source=x&y=2.")
    assert [*words_of(blocks)] == ["ord, https://b.example/?y=2."]
    assert [(each.severity, each.rule, each.line) for each in findings] == [
        (Severity.NOTE, "tracking", 1),
        (Severity.NOTE, "tracking", 2),
    ]
    assert findings[1].words == "https://b.example/?utm_source=x&y=2"


def test_a_refused_address_leaves_the_words_and_is_an_error_with_its_line() -> None:
    blocks, (finding,) = parse("en\nto [ord](javascript:alert(1))")
    assert [*inlines_of(blocks)] == [Text("en to ord")]
    assert (finding.severity, finding.rule, finding.line) == (Severity.ERROR, "link", 2)
    assert finding.words == "javascript:alert(1)"


@pytest.mark.parametrize("nothing", ["<!-- notat -->", "---", "#", "[^1]: Noten.", "> <!-- notat -->", "- <!-- x -->"])
def test_a_point_or_a_quotation_in_which_nothing_is_left_is_left_out(nothing: str) -> None:
    for text in (f"- {nothing}", f"> {nothing}"):
        assert [each for each in parse(text)[0] if not isinstance(each, Footnotes)] == []
    points = [each for each in parse(f"- En\n- {nothing}\n- To")[0] if isinstance(each, List)]
    assert [len(point) for each in points for point in each.points] == [1, 1]


def test_a_point_with_a_number_keeps_its_place_though_nothing_is_left_in_it() -> None:
    (points,), _ = parse("1. En\n2. <!-- notat -->\n3. Tre")
    assert isinstance(points, List)
    assert [len(point) for point in points.points] == [1, 0, 1]


# --- HTML, images, nesting ---


@pytest.mark.parametrize("html", ["<b>feit</b>", "<div>\nx\n</div>", "<script>alert(1)</script>", "<!-- a --> <i>"])
def test_html_is_an_error_on_its_line(html: str) -> None:
    _, findings = parse(f"ord\n\nmeir\n{html}" if html.startswith("<b") else f"ord\n\n\n{html}")
    assert findings
    assert {(each.severity, each.rule, each.line) for each in findings} == {(Severity.ERROR, "html", 4)}


def test_a_comment_that_stands_alone_is_left_out() -> None:
    blocks, findings = parse("<!-- spør Kari -->\n\nord <!-- her --> meir")
    assert [*words_of(blocks)] == ["ord  meir"]
    assert [(each.severity, each.rule, each.line, each.words) for each in findings] == [
        (Severity.NOTE, "comment", 1, "spør Kari"),
        (Severity.NOTE, "comment", 3, "her"),
    ]


def test_a_picture_from_the_images_folder_is_a_block_with_alt_text_and_caption() -> None:
    blocks, findings = parse('![Kart over *Finnmark*](images/kart.png "Kart: KS")', images=("images/kart.png",))
    assert blocks == (Image(path="images/kart.png", alt="Kart over Finnmark", caption="Kart: KS", line=1),)
    assert findings == ()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("![](images/kart.png)", "image-alt"),
        ("![kart](images/anna.png)", "image"),
        ("![kart](anna.png)", "image"),
        ("![kart](images/../kart.png)", "image"),
        ("![kart](images/kart.svg)", "image"),
        ("![kart](https://a.example/kart.png)", "image"),
        ("sjå ![kart](images/kart.png) her", "image"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_an_error(text: str, rule: str) -> None:
    blocks, (finding,) = parse(text, images=("images/kart.png", "images/kart.svg", "kart.png"))
    assert (finding.severity, finding.rule, finding.line) == (Severity.ERROR, rule, 1)
    assert not any(isinstance(block, Image) for block in blocks)


@pytest.mark.parametrize(
    "text",
    [
        ">" * 60 + " x",
        "- " * 60 + "x",
        ">" * 5000 + " x",
        "*a **b " * 60 + "x" + "** c*" * 60,
        "\n".join(f"{' ' * at * 3}*   a" for at in range(25)),
    ],
    ids=["quotes", "lists", "very deep", "marks", "columns"],
)
def test_nesting_beyond_the_limit_is_an_error(text: str) -> None:
    _, findings = parse(text)
    assert [(each.severity, each.rule) for each in findings] == [(Severity.ERROR, "nesting")]


@pytest.mark.parametrize("text", ["[" * 240_000, "![" * 120_000, "[ []" * 60_000, "[a]\n[" * 60_000])
def test_brackets_that_nobody_closes_are_an_error_on_their_line(text: str) -> None:
    """To the parser each begins a link: it would look at this text for minutes, and the test would be stopped."""
    blocks, (finding,) = parse(text)
    assert blocks == ()
    assert (finding.severity, finding.rule) == (Severity.ERROR, "nesting")
    assert finding.line == (11 if "\n" in text else 1)


def test_brackets_of_one_paragraph_are_counted_and_escaped_ones_are_not() -> None:
    assert parse("Se [1 og [2.\n\n" * 30)[1] == ()
    assert parse("\\[" * 30)[1] == ()


@pytest.mark.slow
def test_a_paragraph_of_very_many_lines_is_read_line_by_line() -> None:
    """The square of these lines would be 2,500 million steps, and the test would be stopped."""
    (paragraph,), findings = parse("a\n" * 50_000)
    assert isinstance(paragraph, Paragraph)
    assert paragraph.inlines == (Text("a " * 49_999 + "a"),)
    assert findings == ()


def test_of_a_fault_that_stands_everywhere_the_first_hundred_are_told() -> None:
    assert len(parse("<b>x</b> " * 3_000)[1]) == 100


def test_a_line_across_is_left_out_with_a_warning() -> None:
    blocks, (finding,) = parse("a\n\n---\n\nb")
    assert [*words_of(blocks)] == ["a", "b"]
    assert (finding.rule, finding.line) == ("rule", 3)


def test_lines_count_from_the_first_line_of_the_file() -> None:
    blocks, (finding,) = parse_blocks("a\n\nb [x]()", file="x.md", lang="nb", first_line=10)
    assert [getattr(block, "line", 0) for block in blocks] == [10, 12]
    assert finding.line == 12


# --- Whatever is written ---


def depth(blocks: tuple[Block, ...]) -> int:
    inner = [
        depth(each)
        for block in blocks
        for each in (block.points if isinstance(block, List) else [block.blocks] if isinstance(block, Quote) else [])
    ]
    return 1 + max(inner, default=0)


@given(MARKDOWN)
@example("[a]()\r\n\r[b]()")
@example("\x00")
@example("[x\ny](javascript:1) <b\n>")
def test_no_text_raises_and_all_that_comes_out_is_in_order(text: str) -> None:
    blocks, findings = parse(text, images=("images/a.png",))
    assert depth(blocks) <= NESTING_AT_MOST
    lines = printable(text).split("\n")
    for finding in findings:
        assert 1 <= finding.line <= len(lines)
        assert finding.words in lines[finding.line - 1]
    for inline in inlines_of(blocks):
        match inline:
            case Link(children, url):
                assert not url or clean_url(url).url == url
                assert not any(isinstance(each, Link) for each in deep(children))
                assert children
            case Text(words):
                assert words
                assert not UNPRINTABLE.search(words)
                assert unicodedata.is_normalized("NFC", words)
            case _:
                pass


@given(st.text())
def test_no_line_of_toml_text_raises(text: str) -> None:
    inlines, _ = parse_inlines(text, file="issue.toml", lang="nb")
    assert all(inline != Text("") for inline in inlines)


@given(st.lists(st.text(alphabet=string.ascii_letters + "æøåÆØÅ", min_size=1), min_size=1))
def test_plain_words_come_through_unchanged(words: list[str]) -> None:
    text = " ".join(words)
    assert plain_text(only_paragraph(text)) == text
    assert plain_text(parse_inlines(text, file="x", lang="nb")[0]) == text
